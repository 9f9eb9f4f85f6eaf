"""Reads of the questions that are asked inside recordings."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import select

from app.core.db import db
from app.courses.models import Checkpoint, Course, Lesson
from app.courses.queries.seeing import seen_by
from app.courses.rules import CHECKPOINT_KINDS
from app.members.rules import Reader
from app.questions.queries import Question, bank_for, questions

LAST_MS = 300  # before the end: a moment that the player still reaches


@dataclass(frozen=True)
class CheckpointView:
    """One question inside a recording; `at_ms` lies within the recording as it is now."""

    id: int
    lesson_id: int
    question_id: int
    at_ms: int
    counts: bool


def checkpoints_of(lesson_id: int) -> list[CheckpointView]:
    """The questions inside a lesson, in the order of their moments."""
    rows = db.session().execute(
        select(Checkpoint, Lesson.length_ms)
        .join(Lesson, Lesson.id == Checkpoint.lesson_id)
        .where(Checkpoint.lesson_id == lesson_id)
        .order_by(Checkpoint.at_ms, Checkpoint.id)
    )
    return [_shown(row, length) for row, length in rows]


def checkpoint(checkpoint_id: int) -> tuple[str, CheckpointView] | None:
    """A question inside a lesson that is not removed, and the slug of its course."""
    found = (
        db.session()
        .execute(
            select(Checkpoint, Lesson.length_ms, Course.slug)
            .join(Lesson, Lesson.id == Checkpoint.lesson_id)
            .join(Course, Course.id == Lesson.course_id)
            .where(Checkpoint.id == checkpoint_id, Lesson.removed_at.is_(None))
        )
        .one_or_none()
    )
    return None if found is None else (found[2], _shown(found[0], found[1]))


def _shown(row: Checkpoint, length_ms: int) -> CheckpointView:
    at = min(row.at_ms, max(0, length_ms - LAST_MS))
    return CheckpointView(row.id, row.lesson_id, row.question_id, at, row.counts)


def askable(reader: Reader, quiz: tuple[int, ...]) -> list[Question]:
    """Questions that an author can ask inside a recording: of the course's quiz, and own ones."""
    own = bank_for(reader, mine=True).rows
    asked = questions(quiz)
    found = {one.id: one for one in [*(asked[i] for i in quiz if i in asked), *own]}
    return [one for one in found.values() if one.kind in CHECKPOINT_KINDS]


def asks_inside(reader: Reader, question_ids: Collection[int]) -> bool:
    """Whether a recording that the reader may watch asks one of these questions."""
    return bool(question_ids) and bool(
        db.session().scalar(
            select(Checkpoint.id)
            .join(Lesson, Lesson.id == Checkpoint.lesson_id)
            .join(Course, Course.id == Lesson.course_id)
            .where(
                Checkpoint.question_id.in_(question_ids),
                Lesson.removed_at.is_(None),
                seen_by(reader),
            )
            .limit(1)
        )
    )


def reading_shows(reader: Reader, uuid: str) -> bool:
    """Whether the text of a lesson that the reader may see shows a picture by its public name."""
    return bool(
        db.session().scalar(
            select(Lesson.id)
            .join(Course, Course.id == Lesson.course_id)
            .where(
                Lesson.body.contains(f"/media/images/{uuid}/", autoescape=True),
                Lesson.removed_at.is_(None),
                seen_by(reader),
            )
            .limit(1)
        )
    )
