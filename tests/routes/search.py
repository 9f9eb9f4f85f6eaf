"""Who may use the search page."""

MATRIX = {"search.results": "signed in"}
