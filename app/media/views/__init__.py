"""Uploading, the state of a recording, and the files that players and pages fetch."""

from __future__ import annotations

from flask import Blueprint, Flask

bp = Blueprint("media", __name__, template_folder="../templates", url_prefix="/media")

from app.media.views import delivering, tus, uploading  # noqa: E402, F401 - they hang their routes on `bp`


def init_app(app: Flask) -> None:
    """Let uploads check the token themselves, in the header: to look for it among form fields,
    as is done elsewhere, would read the whole body before the view runs.
    """
    for view in (*uploading.WITH_BODIES, *tus.WITH_BODIES):
        app.extensions["csrf"].exempt(view)
    config = app.extensions["weike"]
    app.jinja_env.globals.update(upload_limit=config.upload_limit, image_limit=config.image_limit)
