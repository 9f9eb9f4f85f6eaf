"""Who may upload, look after and fetch recordings and pictures."""

MATRIX = {
    "media.upload": "author",
    "media.tus_options": "author",
    "media.tus_begin": "author",
    "media.tus_offset": "author",
    "media.tus_continue": "author",
    "media.tus_end": "author",
    "media.tus_override": "author",
    "media.tus_finish": "author",
    "media.upload_image": "author",
    "media.state": "author",
    "media.retry": "author",
    "media.delivered": "signed in",
    "media.image": "signed in",
    "media.upload_sound": "author",
    "media.sound": "signed in",
}
