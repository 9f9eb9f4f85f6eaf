"""Pages of quizzes and exams: taking them, making them, looking after them."""

from flask import Blueprint

bp = Blueprint("exams", __name__, template_folder="../templates")

from app.exams.views import (  # noqa: E402
    desk,  # noqa: F401
    exams,  # noqa: F401
    marking,  # noqa: F401
    printing,  # noqa: F401
    quiz,  # noqa: F401
    requizzing,  # noqa: F401
    results,  # noqa: F401
    supervising,  # noqa: F401
    taking,  # noqa: F401
)
