"""Who may use the pages of search."""

MATRIX = {
    "search.results": "signed in",
    "search.suggest": "signed in",
    "search.words": "organizer",
    "search.add_words": "organizer",
    "search.change_words": "organizer",
    "search.remove_words": "organizer",
}
