"""The blueprint that all pages about points hang on."""

from __future__ import annotations

from flask import Blueprint

bp = Blueprint("points", __name__, template_folder="../templates")
