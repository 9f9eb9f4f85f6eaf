"""The trainer's desk: pages where courses, their quizzes and themes are made."""

from flask import Blueprint

bp = Blueprint("courses", __name__, template_folder="../templates", url_prefix="/desk")

from app.courses.views import (  # noqa: E402
    captions,  # noqa: F401
    desk,  # noqa: F401
    editor,  # noqa: F401
    failures,  # noqa: F401
    lessons,  # noqa: F401
    posters,  # noqa: F401
    quiz,  # noqa: F401
    recorded,  # noqa: F401
    recordings,  # noqa: F401
    themes,  # noqa: F401
)
