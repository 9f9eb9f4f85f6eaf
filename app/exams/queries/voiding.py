"""Why an attempt does not count, as its member is told."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from app.core.db import db
from app.exams.models import Attempt, Exam, ExamEvent
from app.exams.queries.attempts import AttemptView, view


@dataclass(frozen=True)
class Voided:
    """Since when an attempt does not count, by whom as a role, and why.

    `goes_on` is the attempt that took over its paper and its answers, when it was reopened.
    """

    at: datetime
    by_author: bool
    reason: str
    goes_on: AttemptView | None = None


def voided(attempt_id: int) -> Voided | None:
    """Why an attempt is void; None when it is not."""
    session = db.session()
    attempt = session.get(Attempt, attempt_id)
    if attempt is None or attempt.state != "void":
        return None
    next_one = session.scalar(
        select(Attempt)
        .where(Attempt.goes_on_from == attempt_id)
        .order_by(Attempt.id.desc())
        .limit(1)
    )
    # To reopen an attempt is written down at the one that goes on.
    where = next_one.id if next_one is not None else attempt_id
    act = session.scalar(
        select(ExamEvent)
        .where(ExamEvent.attempt_id == where)
        .where(ExamEvent.act == ("reopen" if next_one is not None else "void"))
        .order_by(ExamEvent.id.desc())
        .limit(1)
    )
    if act is None:
        return None
    exam = session.get_one(Exam, act.exam_id)
    return Voided(
        at=act.at,
        by_author=act.actor_id == exam.author_id,
        reason=str(act.facts.get("reason", "")),
        goes_on=None if next_one is None else view(next_one),
    )
