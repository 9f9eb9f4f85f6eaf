"""Who may use home, the catalogue and the course pages."""

MATRIX = {
    "home.index": "signed in",
    "home.courses": "signed in",
    "home.theme": "signed in",
    "home.course": "signed in",
    "home.health": "public",
}
