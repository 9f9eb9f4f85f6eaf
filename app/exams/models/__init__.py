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
from app.exams.models.regrades import Regrade, RegradeAttempt, RegradeItem

__all__ = [
    "Accommodation",
    "Attempt",
    "AttemptItem",
    "Evidence",
    "Exact",
    "Exam",
    "ExamBranch",
    "ExamCourse",
    "ExamEvent",
    "ExamMessage",
    "ExamSeat",
    "ExamSection",
    "ExamSlot",
    "Regrade",
    "RegradeAttempt",
    "RegradeItem",
]
