"""What can be done about learning: watch, be asked for courses, say how strictly they count."""

from app.learning.service.assigning import assign, change, relieve, restore, withdraw
from app.learning.service.facts import quiz_passed, quiz_taken_back, title_and_theme
from app.learning.service.reporting import report_spans
from app.learning.service.strictness import set_needs, set_watching
from app.learning.service.visiting import VisitState, open_visit, present

__all__ = [
    "VisitState",
    "assign",
    "change",
    "open_visit",
    "present",
    "quiz_passed",
    "quiz_taken_back",
    "relieve",
    "report_spans",
    "restore",
    "set_needs",
    "set_watching",
    "title_and_theme",
    "withdraw",
]
