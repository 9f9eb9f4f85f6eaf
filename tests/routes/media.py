"""Who may upload, look after and fetch recordings and pictures."""

MATRIX = {
    "media.upload": "author",
    "media.upload_image": "author",
    "media.state": "author",
    "media.retry": "author",
    "media.delivered": "signed in",
    "media.image": "signed in",
}
