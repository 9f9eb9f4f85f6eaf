"""What follows when the marks of an attempt change after it was handed in: points and the rest.

While an exam seals what came out of the attempt, a change would tell what is right in a question;
then all of it waits until the seal ends.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from decimal import Decimal
from typing import Any

from flask_babel import force_locale, gettext
from sqlalchemy import select

from app.core import clock
from app.core.db import db
from app.exams.models import Attempt, Regrade, RegradeAttempt
from app.exams.queries import known_past, outcome_seal, outcome_seals
from app.exams.service.anew import AT_ONCE, Change, Known, carry_out, put_back
from app.exams.service.rewarding import plan_later, renew, renews, reward, take_back
from app.exams.service.telling import tell_changed
from app.notices.service import languages_of


def write_all(regrade: Regrade, changes: Iterable[Change]) -> None:
    """Write what changes into its attempts, then do all that follows."""
    touched = (each for each in changes if each.is_changed or each.is_touched)
    _follow_all(regrade, [(each.attempt, carry_out(regrade.id, each)) for each in touched])


def put_all_back(regrade: Regrade, attempt_ids: Sequence[int]) -> None:
    """Put back what stood in attempts before a regrade, then do all that follows."""
    back: list[tuple[Attempt, Known]] = []
    for start in range(0, len(attempt_ids), AT_ONCE):
        back.extend(put_back(regrade.id, attempt_ids[start : start + AT_ONCE]))
    _follow_all(regrade, back)


def _follow_all(regrade: Regrade, changed: list[tuple[Attempt, Known]]) -> None:
    """What follows, when all of it is written: who passes by another attempt now loses nothing.

    Two regrades at the same moment take the members' locks in the same order.
    """
    changed.sort(key=lambda each: (each[0].member_id, each[0].id))
    for start in range(0, len(changed), AT_ONCE):
        follow(regrade, changed[start : start + AT_ONCE])


def follow(regrade: Regrade, changed: Collection[tuple[Attempt, Known]]) -> None:
    """Give or take back what passing brings, and tell the members, after a regrade or its undoing.

    `changed` are attempts that are another now, each with what it came to before; all attempts of
    their members are written already, for what one brings hangs on the others.
    """
    db.session().flush()
    attempts = [attempt for attempt, _known in changed]
    seals = outcome_seals(attempts, clock.now())
    languages = languages_of({each.member_id for each in attempts})
    told = []
    for attempt, known in changed:
        if attempt.state != "submitted":
            continue
        seal = known_past(attempt, seals.get(attempt.id))
        if seal is not None:
            plan_later(
                *("exams.follow", attempt.id, seal),
                regrade_id=regrade.id,
                **_as_facts(known),
            )
            continue
        if bool(attempt.passed) != known.passed or renews(attempt, known.score, known.out_of):
            with force_locale(languages[attempt.member_id]):
                _bring(attempt, known, regrade)
        if (attempt.score, attempt.out_of) != (known.score, known.out_of):
            told.append(attempt)
    db.session().flush()
    what = "regrade" if regrade.undone_at is None else "undone"
    tell_changed(told, once=f"{what}:{regrade.id}:{{}}", reason=lambda: _because(regrade))


def follow_later(
    attempt_id: int, *, regrade_id: int, passed: bool, score: str, out_of: str
) -> None:
    """What waited for the end of a seal, if it is gone by now.

    Of several regrades meanwhile the newest that stands says why.
    """
    session = db.session()
    attempt = session.get(Attempt, attempt_id, with_for_update=True, populate_existing=True)
    if attempt is None:
        return
    newest = session.scalar(
        select(Regrade)
        .join(RegradeAttempt, RegradeAttempt.regrade_id == Regrade.id)
        .where(RegradeAttempt.attempt_id == attempt_id, Regrade.id >= regrade_id)
        .where(Regrade.undone_at.is_(None))
        .order_by(Regrade.id.desc())
        .limit(1)
    )
    known = Known(passed, Decimal(score), Decimal(out_of))
    follow(newest or session.get_one(Regrade, regrade_id), [(attempt, known)])


def follow_mark(attempt: Attempt, known: Known, *, actor_id: int, reason: str, note: str) -> None:
    """Give, take back or renew what passing brings after a mark that somebody gave.

    A certificate issued anew says `reason`; what is taken back, `note`.
    """
    seal = outcome_seal(attempt, clock.now())
    if seal is not None:
        plan_later(
            *("exams.follow_mark", attempt.id, seal),
            actor_id=actor_id,
            reason=reason,
            note=note,
            **_as_facts(known),
        )
    elif attempt.passed and not known.passed:
        reward(attempt)
    elif known.passed and not attempt.passed:
        take_back(attempt, actor_id=actor_id, reason=note or "marked anew")
    elif attempt.passed:
        renew(attempt, score=known.score, out_of=known.out_of, reason=reason)


def follow_mark_later(
    attempt_id: int,
    *,
    actor_id: int,
    reason: str,
    note: str,
    passed: bool,
    score: str,
    out_of: str,
) -> None:
    """What waited for the end of a seal after a mark, if it is gone by now."""
    attempt = db.session().get(Attempt, attempt_id, with_for_update=True, populate_existing=True)
    if attempt is not None and attempt.state == "submitted":
        known = Known(passed, Decimal(score), Decimal(out_of))
        follow_mark(attempt, known, actor_id=actor_id, reason=reason, note=note)


def known_of(attempt: Attempt) -> Known:
    """What an attempt comes to now."""
    return Known(bool(attempt.passed), attempt.score or Decimal(0), attempt.out_of)


def _as_facts(known: Known) -> dict[str, Any]:
    return {
        "passed": known.passed,
        "score": format(known.score, "f"),
        "out_of": format(known.out_of, "f"),
    }


def _bring(attempt: Attempt, known: Known, regrade: Regrade) -> None:
    is_undone = regrade.undone_at is not None
    actor = regrade.undone_by if is_undone and regrade.undone_by else regrade.author_id
    if attempt.passed and not known.passed:
        db.session().flush()
        reward(attempt)
    elif known.passed and not attempt.passed:
        db.session().flush()
        take_back(attempt, actor_id=actor, reason=_because(regrade))
    else:
        renew(attempt, score=known.score, out_of=known.out_of, reason=_because(regrade))


def _because(row: Regrade) -> str:
    """What those affected read, in the language of the moment: why a question was marked anew, or
    that it was undone. What passing brought goes again then, not for the reason it was given for.
    """
    if row.undone_at is None:
        return row.reason
    said = gettext("A marking anew was undone: %(reason)s", reason=row.reason)
    return str(said)[:300]
