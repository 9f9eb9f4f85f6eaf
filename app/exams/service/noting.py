"""Writing down what happens in an exam; there is no way to change it."""

from __future__ import annotations

from app.core import clock
from app.core.db import db
from app.exams.models import ExamEvent


def note(
    exam_id: int,
    act: str,
    *,
    attempt_id: int | None = None,
    actor_id: int | None = None,
    **facts: object,
) -> ExamEvent:
    """Write down one act in an exam; there is no way to change it."""
    row = ExamEvent(
        exam_id=exam_id,
        attempt_id=attempt_id,
        actor_id=actor_id,
        act=act,
        facts=facts,
        at=clock.now(),
    )
    db.session().add(row)
    return row
