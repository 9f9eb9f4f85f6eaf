"""Documents, collections, and the text inside them."""
