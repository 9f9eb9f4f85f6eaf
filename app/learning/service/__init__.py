"""What can be done about learning: open a visit, report what was seen, note a passed quiz."""

from app.learning.service.facts import quiz_passed
from app.learning.service.reporting import report_spans
from app.learning.service.visiting import VisitState, open_visit

__all__ = ["VisitState", "open_visit", "quiz_passed", "report_spans"]
