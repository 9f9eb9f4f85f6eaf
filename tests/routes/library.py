"""Who may use the pages of the library."""

MATRIX = {
    "library.index": "signed in",
    "library.document": "signed in",
    "library.read": "signed in",
    "library.file": "signed in",
    "library.cover": "signed in",
    "library.keep_place": "signed in",
    "library.state": "signed in",
    "library.download": "signed in",
    "library.upload_page": "author or organizer",
    "library.upload": "author or organizer",
    "library.replace_page": "author or organizer",
    "library.replace": "author or organizer",
    "library.edit": "author or organizer",
    "library.delete": "author or organizer",
    "library.read_again": "author or organizer",
    "library.collections": "author or organizer",
    "library.collection": "author or organizer",
    "library.move_collection": "author or organizer",
    "library.delete_collection": "author or organizer",
}
