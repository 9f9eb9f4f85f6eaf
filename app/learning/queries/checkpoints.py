"""Reads of the questions inside recordings: which are open, and how one is asked."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Integer, cast, func, or_, select

from app.core.db import db
from app.core.refusals import NotThere
from app.courses import queries as courses
from app.courses.models import Checkpoint
from app.courses.queries import CheckpointView
from app.learning.models import CheckpointAnswer
from app.learning.rules.checkpoints import is_settled, names_of
from app.members.rules import Reader
from app.questions import queries as bank
from app.questions import types


@dataclass(frozen=True)
class AskedInside:
    """A question inside a recording for one member. `question` holds the key: keep it in."""

    checkpoint: CheckpointView
    is_preview: bool
    language: str  # of the course
    question: bank.Question
    names: list[tuple[str, str]]
    asked: dict[str, Any]  # what templates may show, see questions.types.asked


def settled(member_id: int, lesson_id: int) -> dict[int, bool]:
    """Checkpoint id → whether the member may go on after it, for all of a lesson."""
    right = func.max(cast(or_(CheckpointAnswer.right, CheckpointAnswer.sealed), Integer))
    rows = db.session().execute(
        select(Checkpoint.id, Checkpoint.counts, func.count(CheckpointAnswer.id), right)
        .outerjoin(
            CheckpointAnswer,
            (CheckpointAnswer.checkpoint_id == Checkpoint.id)
            & (CheckpointAnswer.member_id == member_id),
        )
        .where(Checkpoint.lesson_id == lesson_id)
        .group_by(Checkpoint.id, Checkpoint.counts)
    )
    return {
        row_id: is_settled(counts=counts, answered=tries > 0, right=bool(best))
        for row_id, counts, tries, best in rows
    }


def told_nothing(member_id: int, lesson_id: int) -> dict[int, int]:
    """Checkpoint id → question, for those that a member has answered only under a seal.

    They let the member go on then, and are asked once more when the seal is gone.
    """
    known = func.min(cast(CheckpointAnswer.sealed, Integer))
    rows = db.session().execute(
        select(Checkpoint.id, Checkpoint.question_id)
        .join(CheckpointAnswer, CheckpointAnswer.checkpoint_id == Checkpoint.id)
        .where(Checkpoint.lesson_id == lesson_id, CheckpointAnswer.member_id == member_id)
        .group_by(Checkpoint.id, Checkpoint.question_id)
        .having(known == 1)
    )
    return {checkpoint_id: question_id for checkpoint_id, question_id in rows}  # noqa: C416


def wrong_tries(member_id: int, checkpoint_id: int) -> int:
    """How often a member has answered a question inside a recording wrong."""
    counted = select(func.count()).where(
        CheckpointAnswer.member_id == member_id,
        CheckpointAnswer.checkpoint_id == checkpoint_id,
        CheckpointAnswer.right.is_(False),
        CheckpointAnswer.sealed.is_(False),
    )
    return int(db.session().scalar(counted) or 0)


def asked_inside(reader: Reader, checkpoint_id: int, *, secret: str) -> AskedInside:
    """A question inside a recording that the reader may watch; named by `secret`; or NotThere."""
    found = courses.checkpoint(checkpoint_id)
    if found is None:
        raise NotThere
    slug, checkpoint = found
    course = courses.course_for(reader, slug)
    lesson = course.lesson(checkpoint.lesson_id)
    question = bank.question(checkpoint.question_id)
    if question is None:
        raise NotThere
    names = names_of(
        secret,
        reader.id,
        checkpoint.id,
        question.version_id,
        types.of(question.kind).options(question.body),
    )
    return AskedInside(
        checkpoint=checkpoint,
        is_preview=lesson.is_preview,
        language=course.language,
        question=question,
        names=names,
        asked=types.asked(question.kind, question.body, names, None),
    )
