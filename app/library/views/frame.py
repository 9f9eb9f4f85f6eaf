"""The blueprint of the library."""

from __future__ import annotations

from flask import Blueprint

bp = Blueprint("library", "app.library", template_folder="templates", url_prefix="/library")
