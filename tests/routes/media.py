"""Who may upload, look after and fetch recordings and pictures."""

MATRIX = {
    "media.upload": "author",
    "media.tus_options": "author or organizer",
    "media.tus_begin": "author or organizer",
    "media.tus_offset": "author or organizer",
    "media.tus_continue": "author or organizer",
    "media.tus_end": "author or organizer",
    "media.tus_override": "author or organizer",
    "media.tus_finish": "author",
    "media.upload_image": "author",
    "media.state": "author or organizer",
    "media.retry": "author or organizer",
    "media.delivered": "signed in",
    "media.image": "signed in",
    "media.upload_sound": "author",
    "media.sound": "signed in",
}
