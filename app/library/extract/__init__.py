"""Reading the text of one document, as a program of its own that imports nothing of the site."""
