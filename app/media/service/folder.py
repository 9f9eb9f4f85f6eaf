"""Where this application keeps its media."""

from __future__ import annotations

from flask import current_app

from app.media.disk import MediaFolder
from config import Config


def config() -> Config:
    """The settings of this application."""
    found: Config = current_app.extensions["weike"]
    return found


def media_folder() -> MediaFolder:
    """The media folder of this application."""
    return MediaFolder(config().media_dir, reserve=config().disk_reserve)
