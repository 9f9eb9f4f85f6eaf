"""Pages of quizzes and exams: taking them, making them, looking after them."""

from flask import Blueprint

bp = Blueprint("exams", __name__, template_folder="../templates")

from app.exams.views import desk, exams, quiz, results, supervising, taking  # noqa: E402, F401
