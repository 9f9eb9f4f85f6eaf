"""What follows when the marks of an attempt change after it was handed in: points and the rest.

While an exam seals what came out of the attempt, a change would tell what is right in a question;
then all of it waits until the seal ends.
"""

from __future__ import annotations

from decimal import Decimal

from flask_babel import gettext

from app.core import clock
from app.core.db import db
from app.exams.models import Attempt, Regrade
from app.exams.queries import outcome_seal
from app.exams.service.anew import Known
from app.exams.service.rewarding import plan_later, renew, reward, take_back
from app.exams.service.telling import tell_changed


def follow(attempt: Attempt, known: Known, regrade: Regrade) -> None:
    """Give or take back what passing brings, and tell the member, after a regrade or its undoing.

    `known` is what the attempt came to before.
    """
    if attempt.state != "submitted":
        return
    seal = outcome_seal(attempt, clock.now())
    if seal is not None:
        plan_later(
            *("exams.follow", attempt.id, seal.until),
            regrade_id=regrade.id,
            passed=known.passed,
            score=format(known.score, "f"),
            out_of=format(known.out_of, "f"),
        )
        return
    is_undone = regrade.undone_at is not None
    # What passing brought then goes again: not for the reason that it was given for.
    reason = undone_because(regrade) if is_undone else regrade.reason
    actor = regrade.undone_by if is_undone and regrade.undone_by else regrade.author_id
    if attempt.passed and not known.passed:
        reward(attempt)
    elif known.passed and not attempt.passed:
        take_back(attempt, actor_id=actor, reason=reason)
    elif attempt.passed:
        renew(attempt, score=known.score, out_of=known.out_of, reason=reason)
    if (attempt.score, attempt.out_of) != (known.score, known.out_of):
        what = "undone" if is_undone else "regrade"
        tell_changed(attempt, once=f"{what}:{regrade.id}:{attempt.id}", reason=reason)


def follow_later(
    attempt_id: int, *, regrade_id: int, passed: bool, score: str, out_of: str
) -> None:
    """What waited for the end of a seal, if it is gone by now."""
    session = db.session()
    attempt = session.get(Attempt, attempt_id, with_for_update=True, populate_existing=True)
    if attempt is not None:
        known = Known(passed, Decimal(score), Decimal(out_of))
        follow(attempt, known, session.get_one(Regrade, regrade_id))


def undone_because(row: Regrade) -> str:
    """What those affected read when a regrade is undone."""
    said = gettext("A marking anew was undone: %(reason)s", reason=row.reason)
    return str(said)[:300]
