"""What a passed attempt brings, and taking it back when the attempt turns out not to be passed."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import select

from app.core import clock, jobs
from app.core.db import db
from app.exams import rules
from app.exams.models import Attempt, Exam
from app.exams.queries import Seal, outcome_seal, released_to
from app.learning import service as learning
from app.points import service as points

REASON = "quiz"  # as the ledger calls both
LOOK_AGAIN = timedelta(minutes=5)  # where nobody can say when a seal ends
LOOK_AT_LEAST = timedelta(hours=1)


def reward(attempt: Attempt) -> tuple[int, bool]:
    """A step in its course, and points, each once: (points now, whether the course is done now).

    When the points were given before and taken back, they are given again. While the score is not
    released nothing is given, for that would tell it; see `reward_due`. Neither is it while an
    exam seals what came out: then it is tried again when the seal ends.
    """
    if not _is_known(attempt):
        return 0, False
    if not attempt.passed:
        attempt = _held_back(attempt) or attempt
    if not attempt.passed:
        return 0, False
    seal = outcome_seal(attempt, clock.now())
    if seal is not None:
        plan_later("exams.reward", attempt.id, seal)
        return 0, False
    session = db.session()
    at = attempt.submitted_at or clock.now()
    done = False
    theme: tuple[int, str] | None = None
    # In the order in which a report of watching locks them too: first the facts, then the ledger.
    if attempt.course_id is not None:
        done = learning.quiz_passed(member_id=attempt.member_id, course_id=attempt.course_id, at=at)
        title, theme = learning.title_and_theme(attempt.course_id)
    else:
        title = session.get_one(Exam, attempt.exam_id).title
        learning.give_certificate(
            member_id=attempt.member_id,
            kind="exam",
            subject_id=attempt.exam_id or 0,
            title=title,
            earned_at=at,
            facts=_facts(_percent(attempt)),
        )
    earned = points.credit(
        member_id=attempt.member_id,
        reason=REASON,
        source=_source(attempt),
        occurred_at=at,
        note=title,
        theme=theme,
        anew=True,
    )
    return earned, done


def reward_later(attempt_id: int) -> None:
    """Give what an attempt brings that was handed in under a seal, if it is gone by now."""
    attempt = db.session().get(Attempt, attempt_id, with_for_update=True, populate_existing=True)
    if attempt is not None and attempt.state == "submitted":
        reward(attempt)


def plan_later(kind: str, attempt_id: int, seal: Seal, **facts: Any) -> None:
    """Have the worker look at an attempt again when a seal ends; once for each end."""
    now, until = clock.now(), seal.until
    if until is None or until <= now:
        # Grace, a pause, more time, or an exam without an end that somebody has left: nobody can
        # say how long. What has lasted long is looked at less often.
        due = now + min(max(LOOK_AGAIN, (now - (until or seal.since)) / 60), LOOK_AT_LEAST)
    else:
        due = until + timedelta(seconds=1)
    jobs.enqueue(
        kind,
        key=f"{kind}:{attempt_id}:{int(due.timestamp())}",
        delay=due - now,
        attempt_id=attempt_id,
        **facts,
    )


def reward_due(exam_id: int, *, most: int = 100, after: int = 0) -> int | None:
    """Give what passing an exam brings once its scores may be known, to `most` attempts.

    Returns the id to go on `after`, None when there are no more. Giving twice gives once.
    """
    rows = (
        db.session()
        .scalars(
            select(Attempt)
            .where(Attempt.exam_id == exam_id, Attempt.state == "submitted")
            .where(Attempt.passed.is_(True), Attempt.id > after)
            .order_by(Attempt.id)
            .limit(most)
        )
        .all()
    )
    # Members in the order in which regrades take their locks, too.
    for row in sorted(rows, key=lambda each: (each.member_id, each.id)):
        reward(row)
    return rows[-1].id if len(rows) == most else None


def _is_known(attempt: Attempt) -> bool:
    """Whether the member may know the score by now."""
    if attempt.exam_id is None:
        return True
    exam = db.session().get_one(Exam, attempt.exam_id)
    return bool(released_to(exam, [attempt.member_id], clock.now()))


def _held_back(attempt: Attempt) -> Attempt | None:
    """The passed attempt whose reward waited for this one, the member's last at an exam."""
    if attempt.exam_id is None:
        return None
    session = db.session()
    exam = session.get_one(Exam, attempt.exam_id)
    is_late = exam.show_score == rules.Release.AFTER_CLOSE and exam.closes_at is None
    if not is_late:
        return None
    return session.scalar(
        select(Attempt)
        .where(Attempt.member_id == attempt.member_id, Attempt.exam_id == attempt.exam_id)
        .where(Attempt.state == "submitted", Attempt.passed.is_(True))
        .order_by(Attempt.score.desc(), Attempt.number)
        .limit(1)
    )


def renew(attempt: Attempt, *, score: Decimal | None, out_of: Decimal, reason: str) -> None:
    """Let the certificate of a passed attempt say its score of now, after `score` of `out_of`."""
    if attempt.exam_id is None or attempt.submitted_at is None:
        return
    if not renews(attempt, score, out_of):
        return
    was = rules.shown_percent(score or Decimal(0), out_of, attempt.pass_percent)
    learning.renew_certificate(
        member_id=attempt.member_id,
        kind="exam",
        subject_id=attempt.exam_id,
        title=db.session().get_one(Exam, attempt.exam_id).title,
        earned_at=attempt.submitted_at,
        before=_facts(was),
        facts=_facts(_percent(attempt)),
        reason=reason,
    )


def renews(attempt: Attempt, score: Decimal | None, out_of: Decimal) -> bool:
    """Whether the certificate of an attempt at an exam says another score now."""
    if attempt.exam_id is None or not attempt.passed:
        return False
    was = rules.shown_percent(score or Decimal(0), out_of, attempt.pass_percent)
    return was != _percent(attempt)


def take_back(attempt: Attempt, *, actor_id: int, reason: str) -> int:
    """Take back what an attempt brought, if no other attempt of the member is passed.

    Points go by a reversal entry with its reason, those of a course, a theme and a path that are
    not done any more among them; returns how many the attempt itself had brought.
    """
    session = db.session()
    what = (
        Attempt.course_id == attempt.course_id
        if attempt.course_id is not None
        else Attempt.exam_id == attempt.exam_id
    )
    other = session.scalar(
        select(Attempt.id)
        .where(Attempt.member_id == attempt.member_id, what, Attempt.id != attempt.id)
        .where(Attempt.state == "submitted", Attempt.passed.is_(True))
        .limit(1)
    )
    if other is not None:
        return 0
    if attempt.course_id is not None:
        learning.quiz_taken_back(
            member_id=attempt.member_id,
            course_id=attempt.course_id,
            actor_id=actor_id,
            reason=reason,
        )
    else:
        learning.take_certificate(
            member_id=attempt.member_id,
            kind="exam",
            subject_id=attempt.exam_id or 0,
            title=session.get_one(Exam, attempt.exam_id).title,
            reason=reason,
        )
    return points.take_back(
        member_id=attempt.member_id,
        reason=REASON,
        source=_source(attempt),
        author_id=actor_id,
        note=reason,
    )


def _percent(attempt: Attempt) -> int:
    score = attempt.score or Decimal(0)
    return rules.shown_percent(score, attempt.out_of, attempt.pass_percent)


def _facts(percent: int) -> dict[str, str]:
    return {"score": f"{percent} %"}


def _source(attempt: Attempt) -> str:
    if attempt.course_id is not None:
        return f"quiz:{attempt.course_id}"
    return f"exam:{attempt.exam_id}"
