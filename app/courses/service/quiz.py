"""The quiz at the end of a course: which questions of the bank, in which order."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sqlalchemy import select

from app.core.db import db
from app.core.refusals import NotThere
from app.courses import rules
from app.courses.models import CourseQuestion
from app.courses.service.publishing import locked, touch
from app.questions import queries as bank
from app.questions import service as questions


def add_question(course_id: int, question_id: int) -> None:
    """Ask a question of the bank at the end of the quiz; nothing happens when it is there.

    Raises TooManyQuestions, NotThere.
    """
    course = locked(course_id)
    if bank.question(question_id) is None:
        raise NotThere
    rows = _in_order(course_id)
    if any(row.question_id == question_id for row in rows):
        return
    if len(rows) >= rules.MOST_QUESTIONS:
        raise rules.TooManyQuestions(most=rules.MOST_QUESTIONS)
    position = rows[-1].position + 1 if rows else 1
    db.session().add(
        CourseQuestion(course_id=course_id, question_id=question_id, position=position)
    )
    touch(course)


def add_questions(course_id: int, question_ids: Iterable[int]) -> None:
    """Ask several at the end, in their order: all or none. Raises TooManyQuestions, NotThere."""
    for question_id in question_ids:
        add_question(course_id, question_id)


def write_question(course_id: int, *, kind: str, body: dict[str, Any], author_id: int) -> int:
    """Write a new question into the bank and ask it; returns its id. Raises BadQuestion."""
    question_id = questions.create(kind=kind, body=body, author_id=author_id)
    add_question(course_id, question_id)
    return question_id


def remove_question(course_id: int, question_id: int) -> None:
    """Ask a question no more; the bank keeps it. Attempts under way keep their paper."""
    course = locked(course_id)
    row = db.session().get(CourseQuestion, (course_id, question_id))
    if row is None:
        raise NotThere
    db.session().delete(row)
    touch(course)


def move_question(course_id: int, question_id: int, *, by: int) -> None:
    """Move a question up (by=-1) or down (by=1) one place; at the end nothing happens."""
    course = locked(course_id)
    rows = _in_order(course_id)
    at = next((n for n, row in enumerate(rows) if row.question_id == question_id), None)
    if at is None:
        raise NotThere
    to = at + (1 if by > 0 else -1)
    if 0 <= to < len(rows):
        rows.insert(to, rows.pop(at))
        for position, row in enumerate(rows, 1):
            row.position = position
        touch(course)


def _in_order(course_id: int) -> list[CourseQuestion]:
    return list(
        db.session().scalars(
            select(CourseQuestion)
            .where(CourseQuestion.course_id == course_id)
            .order_by(CourseQuestion.position, CourseQuestion.question_id)
        )
    )
