"""Reads of what members have watched and finished, and of what they have to do."""

from app.learning.queries.assignments import (
    Case,
    ToDo,
    Wish,
    case_of,
    cases,
    for_branches,
    to_do_for,
    wish_by_id,
    wishes,
)
from app.learning.queries.progress import (
    CourseProgress,
    Flag,
    LessonProgress,
    ToContinue,
    completion_table,
    course_progress_for,
    flags,
    lesson_progress_for,
    to_continue,
)
from app.learning.queries.retention import (
    LessonFigures,
    Retention,
    Stuck,
    lesson_figures,
    retention,
)
from app.learning.queries.strictness import (
    Strictness,
    needs_of,
    open_needs,
    refuse_before_needs,
    strictness_of,
)

__all__ = [
    "Case",
    "CourseProgress",
    "Flag",
    "LessonFigures",
    "LessonProgress",
    "Retention",
    "Strictness",
    "Stuck",
    "ToContinue",
    "ToDo",
    "Wish",
    "case_of",
    "cases",
    "completion_table",
    "course_progress_for",
    "flags",
    "for_branches",
    "lesson_figures",
    "lesson_progress_for",
    "needs_of",
    "open_needs",
    "refuse_before_needs",
    "retention",
    "strictness_of",
    "to_continue",
    "to_do_for",
    "wish_by_id",
    "wishes",
]
