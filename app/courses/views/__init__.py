"""The trainer's desk: pages where courses, their quizzes and themes are made."""

from flask import Blueprint

bp = Blueprint("courses", __name__, template_folder="../templates", url_prefix="/desk")

from app.courses.views import captions, desk, editor, lessons, quiz, recordings, themes  # noqa: E402, F401
