"""Pages where members learn, and where trainers look at how it goes."""

from flask import Blueprint

bp = Blueprint("learning", __name__, template_folder="../templates")

from app.learning.views import desk, lessons, paths  # noqa: E402, F401
