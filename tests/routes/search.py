"""Who may use the pages of search."""

MATRIX = {
    "search.results": "signed in",
    "search.suggest": "signed in",
    "search.like": "signed in",
    "search.keep": "signed in",
    "search.open_kept": "signed in",
    "search.drop": "signed in",
    "search.note_missed": "signed in",
    "search.missed": "author or organizer",
    "search.words": "organizer",
    "search.add_words": "organizer",
    "search.change_words": "organizer",
    "search.remove_words": "organizer",
}
