"""Who may use home, the catalogue and the course pages."""

MATRIX = {
    "home.index": "signed in",
    "home.courses": "signed in",
    "home.theme": "signed in",
    "home.course": "signed in",
    "home.health": "public",
    "home.welcome": "signed in",
    "home.help": "signed in",
    "home.help_picture": "signed in",
    "home.manifest": "public",
    "home.service_worker": "public",
    "home.offline": "public",
    "home.organisation": "administrator",
    "home.choose_look": "administrator",
    "home.choose_words": "administrator",
    "home.colour": "administrator",
    "home.brand_style": "public",
    "home.logo": "public",
    "home.logo_icon": "public",
}
