"""Reads of appeals: until when one can be made, what became of them, what waits for a marker."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import func, select

from app.core.db import db
from app.core.refusals import NotThere
from app.exams import rules
from app.exams.models import Appeal, Attempt, AttemptItem
from app.exams.queries.attempts import AttemptView
from app.exams.queries.explained import explained_item
from app.exams.queries.marking import GivenView, given_for, markers_of_answer
from app.exams.queries.standings import Standing
from app.questions.queries import versions


def appeal_end(standing: Standing, attempt: AttemptView) -> datetime | None:
    """Until when the member may appeal against marks of an attempt; None when that cannot be now:
    not before all marks are known and shown, and never in an exam without appeals."""
    if not attempt.is_submitted or attempt.submitted_at is None or attempt.waiting:
        return None
    if standing.open_attempt or not (standing.shows("score") and standing.shows("answers")):
        return None
    exam = standing.exam
    is_late = rules.Release.AFTER_CLOSE in {exam.show_score, exam.show_answers}
    marked_at = db.session().scalar(
        select(func.max(AttemptItem.marked_at)).where(AttemptItem.attempt_id == attempt.id)
    )
    return rules.appeal_until(
        exam.appeal_days,
        submitted_at=attempt.submitted_at,
        marked_at=marked_at,
        shown_at=standing.shown_at if is_late else None,
    )


@dataclass(frozen=True)
class OwnAppeal:
    """An appeal as its member sees it."""

    text: str
    made_at: datetime
    state: str
    answer: str
    answered_at: datetime | None
    before: Decimal  # points
    after: Decimal | None


def appeals_of(attempt_id: int) -> dict[int, OwnAppeal]:
    """The appeals of an attempt's member, by the position of the question."""
    rows = db.session().execute(
        select(Appeal, AttemptItem)
        .join(AttemptItem, AttemptItem.id == Appeal.item_id)
        .where(AttemptItem.attempt_id == attempt_id)
    )
    return {
        item.position: OwnAppeal(
            text=row.text,
            made_at=row.made_at,
            state=row.state,
            answer=row.answer,
            answered_at=row.answered_at,
            before=rules.points(row.mark_before, item.max_mark),
            after=None if row.mark_after is None else rules.points(row.mark_after, item.max_mark),
        )
        for row, item in rows
    }


@dataclass(frozen=True)
class AppealLine:
    """One appeal in the markers' list; nobody's name."""

    id: int
    stem: str
    text: str
    made_at: datetime
    state: str
    is_yours: bool  # the reader marked the answer or wrote it, so somebody else must answer


def appeals_in(exam_id: int, *, marker_id: int) -> list[AppealLine]:
    """The appeals of an exam, open ones first, the oldest first; void attempts are left out."""
    rows = (
        db.session()
        .execute(
            select(Appeal, AttemptItem, Attempt.member_id)
            .join(AttemptItem, AttemptItem.id == Appeal.item_id)
            .join(Attempt, Attempt.id == AttemptItem.attempt_id)
            .where(Appeal.exam_id == exam_id, Attempt.state == "submitted")
            .order_by(Appeal.state != "open", Appeal.made_at, Appeal.id)
            .limit(500)
        )
        .all()
    )
    bodies = versions({item.version_id for _, item, _ in rows})
    return [
        AppealLine(
            id=row.id,
            stem=bodies[item.version_id].stem,
            text=row.text,
            made_at=row.made_at,
            state=row.state,
            is_yours=member_id == marker_id or marker_id in markers_of_answer(item),
        )
        for row, item, member_id in rows
    ]


def open_appeals(exam_id: int) -> int:
    """How many appeals wait for an answer."""
    return (
        db.session().scalar(
            select(func.count(Appeal.id))
            .join(AttemptItem, AttemptItem.id == Appeal.item_id)
            .join(Attempt, Attempt.id == AttemptItem.attempt_id)
            .where(Appeal.exam_id == exam_id, Appeal.state == "open")
            .where(Attempt.state == "submitted")
        )
        or 0
    )


@dataclass(frozen=True)
class AppealView:
    """One appeal with the answer, the marks so far, and what is right."""

    id: int
    item_id: int
    question_id: int
    explained: dict[str, Any]
    order: tuple[str, ...]
    text: str
    made_at: datetime
    state: str
    answer: str
    points: Decimal
    max_mark: Decimal
    comment: str
    marks: tuple[GivenView, ...]
    is_yours: bool


def appeal_in(exam_id: int, appeal_id: int, *, marker_id: int) -> AppealView:
    """One appeal of an exam. Raises NotThere."""
    found = (
        db.session()
        .execute(
            select(Appeal, AttemptItem, Attempt.member_id)
            .join(AttemptItem, AttemptItem.id == Appeal.item_id)
            .join(Attempt, Attempt.id == AttemptItem.attempt_id)
            .where(Appeal.id == appeal_id, Appeal.exam_id == exam_id)
            .where(Attempt.state == "submitted")
        )
        .first()
    )
    if found is None:
        raise NotThere
    row, item, member_id = found
    question = versions([item.version_id])[item.version_id]
    return AppealView(
        id=row.id,
        item_id=item.id,
        question_id=question.id,
        explained=explained_item(item, question),
        order=tuple(option_id for _, option_id in item.options),
        text=row.text,
        made_at=row.made_at,
        state=row.state,
        answer=row.answer,
        points=rules.points(item.mark, item.max_mark),
        max_mark=item.max_mark,
        comment=item.comment,
        marks=tuple(given_for(item)),
        is_yours=member_id == marker_id or marker_id in markers_of_answer(item),
    )
