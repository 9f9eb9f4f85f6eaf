"""Questions inside a recording: which question of the bank is asked at which moment."""

from __future__ import annotations

from sqlalchemy import select

from app.core.db import db
from app.core.i18n import clock_time
from app.core.refusals import NotThere
from app.courses import rules
from app.courses.models import Checkpoint, Lesson
from app.courses.rules import LessonKind
from app.courses.service.publishing import locked, touch
from app.questions import queries as bank


def add_checkpoint(lesson_id: int, *, question_id: int, at_ms: int, counts: bool) -> None:
    """Ask a question at a moment of a recording; one that is asked there already moves.

    Raises WrongCheckpoint, OutsideTheRecording, TooManyCheckpoints, NotThere.
    """
    session = db.session()
    lesson = session.get(Lesson, lesson_id)
    question = bank.question(question_id)
    if lesson is None or question is None or lesson.kind == LessonKind.READING:
        raise NotThere
    if question.kind not in rules.CHECKPOINT_KINDS:
        raise rules.WrongCheckpoint
    if not 0 <= at_ms < lesson.length_ms:
        raise rules.OutsideTheRecording(end=clock_time(lesson.length_ms))
    course = locked(lesson.course_id)
    rows = session.scalars(select(Checkpoint).where(Checkpoint.lesson_id == lesson_id)).all()
    known = next((row for row in rows if row.question_id == question_id), None)
    if known is not None:
        known.at_ms, known.counts = at_ms, counts
    elif len(rows) >= rules.MOST_CHECKPOINTS:
        raise rules.TooManyCheckpoints(most=rules.MOST_CHECKPOINTS)
    else:
        session.add(
            Checkpoint(lesson_id=lesson_id, question_id=question_id, at_ms=at_ms, counts=counts)
        )
    touch(course)


def stop_asking(lesson_id: int, checkpoint_id: int) -> None:
    """Ask a question inside a recording no more; what was answered stays. Raises NotThere."""
    session = db.session()
    row = session.get(Checkpoint, checkpoint_id)
    lesson = session.get(Lesson, lesson_id)
    if row is None or lesson is None or row.lesson_id != lesson_id:
        raise NotThere
    course = locked(lesson.course_id)
    session.delete(row)
    touch(course)
