"""Marking an exam anew after a key was wrong: seen beforehand, done in one go, and undone."""

from __future__ import annotations

from sqlalchemy import select

from app.core import clock
from app.core.db import db
from app.core.refusals import Conflict, NotThere
from app.exams import rules
from app.exams.models import Attempt, Exam, Regrade, RegradeAttempt
from app.exams.queries import regrades_seen
from app.exams.service.anew import (
    Change,
    Preview,
    asked_in,
    hold_open,
    newest_of,
    plan,
    summary,
)
from app.exams.service.following import put_all_back, write_all
from app.exams.service.noting import note


def preview(exam_id: int, question_id: int, action: rules.Action) -> Preview:
    """What `regrade` would do, without doing it."""
    changes, unreadable = _plan(exam_id, question_id, action)
    return summary(Attempt.exam_id == exam_id, changes, unreadable)


def regrade(
    exam_id: int,
    question_id: int,
    action: rules.Action,
    *,
    actor_id: int,
    reason: str,
    seen: str | None = None,
) -> Preview:
    """Mark one question of an exam anew in every submitted attempt.

    Who passes by it gets what passing brings; from who fails by it, it is taken back by reversal
    entries that say why. `seen` is `regrades_seen` of when the preview was looked at. Of several
    who ask for the same at once, one does it. Raises NeedsAReason, NotThere, NothingWouldChange,
    MarkedAnewAlready, MarkedAnewMeanwhile.
    """
    reason = rules.a_reason(reason)
    session = db.session()
    _stand_in_line(exam_id)
    hold_open(Attempt.exam_id == exam_id)
    changes, unreadable = _plan(exam_id, question_id, action, hold=True)
    found = summary(Attempt.exam_id == exam_id, changes, unreadable)
    if not found.touched:
        done = select(Regrade.id).where(
            *(Regrade.exam_id == exam_id, Regrade.question_id == question_id),
            *(Regrade.action == action.value, Regrade.undone_at.is_(None)),
        )
        again = session.scalar(done.limit(1)) is not None
        raise rules.MarkedAnewAlready if again else rules.NothingWouldChange
    if seen is not None and seen != regrades_seen(exam_id):
        raise rules.MarkedAnewMeanwhile
    row = Regrade(
        exam_id=exam_id,
        question_id=question_id,
        version_id=newest_of(question_id).version_id,
        action=action.value,
        reason=reason,
        author_id=actor_id,
        done_at=clock.now(),
    )
    session.add(row)
    session.flush()
    write_all(row, changes)
    note(
        *(exam_id, "regrade"),
        actor_id=actor_id,
        question=question_id,
        action=action.value,
        reason=reason,
        changed=found.changed,
    )
    return found


def undo(exam_id: int, regrade_id: int, *, actor_id: int) -> int:
    """Put back the marks that stood before the newest regrade; returns how many attempts changed.

    Only the newest one that stands: an older one may be what it built upon. Raises Conflict.
    """
    session = db.session()
    _stand_in_line(exam_id)
    hold_open(Attempt.exam_id == exam_id)
    newest = session.scalar(
        select(Regrade)
        .where(Regrade.exam_id == exam_id, Regrade.undone_at.is_(None))
        .order_by(Regrade.id.desc())
        .limit(1)
    )
    if newest is None or newest.id != regrade_id:
        raise Conflict
    newest.undone_at, newest.undone_by, newest.state = clock.now(), actor_id, "undone"
    ids = session.scalars(
        select(RegradeAttempt.attempt_id)
        .where(RegradeAttempt.regrade_id == regrade_id)
        .order_by(RegradeAttempt.attempt_id)
    ).all()
    put_all_back(newest, ids)
    note(exam_id, "undo_regrade", actor_id=actor_id, question=newest.question_id)
    return len(ids)


def _stand_in_line(exam_id: int) -> None:
    """One regrade of an exam after the other: the next one sees what the one before has done."""
    held = {"key_share": True}  # members may begin meanwhile
    if db.session().get(Exam, exam_id, with_for_update=held, populate_existing=True) is None:
        raise NotThere


def _plan(
    exam_id: int, question_id: int, action: rules.Action, *, hold: bool = False
) -> tuple[list[Change], int]:
    """What would change in every submitted attempt that was asked the question."""
    newest = newest_of(question_id)
    asked = asked_in(Attempt.exam_id == exam_id, question_id)
    if not asked:
        raise NotThere
    return plan(asked, newest, action, hold=hold)
