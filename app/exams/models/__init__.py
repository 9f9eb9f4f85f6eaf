"""Tables of exams: what is asked, who tries, what happened."""

from app.exams.models.attempts import Attempt, AttemptItem, Evidence, Exact
from app.exams.models.exams import (
    Accommodation,
    Exam,
    ExamBranch,
    ExamCourse,
    ExamEvent,
    ExamMessage,
    ExamSeat,
    ExamSection,
    ExamSlot,
)
from app.exams.models.marking import Appeal, ExamMarker, GivenMark
from app.exams.models.printing import Printout
from app.exams.models.regrades import Regrade, RegradeAttempt, RegradeItem

__all__ = [
    "Accommodation",
    "Appeal",
    "Attempt",
    "AttemptItem",
    "Evidence",
    "Exact",
    "Exam",
    "ExamBranch",
    "ExamCourse",
    "ExamEvent",
    "ExamMarker",
    "ExamMessage",
    "ExamSeat",
    "ExamSection",
    "ExamSlot",
    "GivenMark",
    "Printout",
    "Regrade",
    "RegradeAttempt",
    "RegradeItem",
]
