"""What can be done with a quiz: start an attempt, save answers, submit it once."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError

from app.core import clock
from app.core.db import db
from app.core.refusals import NotThere
from app.courses.models import Course
from app.courses.queries import quiz_of
from app.exams import rules
from app.exams.models import Attempt, AttemptItem
from app.exams.queries import items_of
from app.learning import service as learning
from app.points import service as points
from app.questions import types
from app.questions.queries import Question, questions, versions
from app.questions.rules import NotAnAnswer

Answers = Mapping[int, Sequence[str]]  # item id → names of the ticked options; [] takes it back
Seen = Mapping[int, int]  # item id → how often the answer had been changed when the page read it


@dataclass(frozen=True)
class Submitted:
    """The end of an attempt. `points` and `course_done` only from the call that submitted it."""

    attempt_id: int
    receipt: str
    passed: bool
    points: int = 0
    course_done: bool = False


def start(*, member_id: int, course_id: int) -> int:
    """The id of the member's open attempt; a new one when there is none.

    However often and from wherever this is called, there is one open attempt with one paper.
    Raises NoQuiz, NoAttemptsLeft.
    """
    session = db.session()
    paper = quiz_of(course_id)
    asked = questions(paper.question_ids) if paper else {}
    if paper is None or not asked:
        raise rules.NoQuiz
    open_id = _open_attempt(member_id, course_id)
    if open_id is not None:
        return open_id
    used = session.scalar(
        select(func.max(Attempt.number)).where(
            Attempt.member_id == member_id, Attempt.course_id == course_id
        )
    )
    number = (used or 0) + 1
    if rules.attempts_left(paper.attempts_allowed, used or 0) == 0:
        raise rules.NoAttemptsLeft(allowed=paper.attempts_allowed)
    try:
        with session.begin_nested():
            attempt = Attempt(
                member_id=member_id,
                course_id=course_id,
                number=number,
                state="open",
                seed=secrets.randbits(62),
                pass_percent=paper.pass_percent,
                questions=len(asked),
                out_of=Decimal(len(asked)),
                started_at=clock.now(),
            )
            session.add(attempt)
    except IntegrityError:
        # PostgreSQL lets two starts come this far; the other one has won.
        open_id = _open_attempt(member_id, course_id)
        if open_id is None:
            raise
        return open_id
    ordered = [asked[i] for i in paper.question_ids if i in asked]
    for position, question in enumerate(ordered, 1):
        order = rules.shuffled(
            attempt.seed, position, types.of(question.kind).options(question.body)
        )
        session.add(
            AttemptItem(
                attempt_id=attempt.id,
                position=position,
                version_id=question.version_id,
                options=[list(pair) for pair in order],
                response=None,
                saved=0,
            )
        )
    session.flush()
    return attempt.id


def save(
    attempt_id: int, *, member_id: int, answers: Answers, seen: Seen | None = None
) -> dict[int, int]:
    """Keep answers of an open attempt; returns how often each of these was changed by now.

    Only what is named is touched: an empty payload erases nothing. Raises NotThere,
    AlreadySubmitted, NotOfThisPaper, and SavedElsewhere when `seen` is older than what is kept
    and the answers differ.
    """
    attempt = _locked(attempt_id, member_id)
    if attempt.state != "open":
        raise rules.AlreadySubmitted
    rows = {item.id: item for item in items_of(attempt_id)}
    _keep(rows, _bodies(rows), answers, seen or {}, clock.now())
    db.session().flush()
    return {item_id: rows[item_id].saved for item_id in answers}


def submit(
    attempt_id: int, *, member_id: int, answers: Answers, seen: Seen | None = None
) -> Submitted:
    """Take the last answers, mark the paper, and close the attempt for good.

    Asked again, it changes nothing and gives the same receipt. Raises NotThere, NotOfThisPaper,
    SavedElsewhere.
    """
    session = db.session()
    attempt = _locked(attempt_id, member_id)
    if attempt.state == "submitted":
        return _ended(attempt)
    rows = {item.id: item for item in items_of(attempt_id)}
    bodies = _bodies(rows)
    now = clock.now()
    _keep(rows, bodies, answers, seen or {}, now)
    marks = []
    for item in rows.values():
        question = bodies[item.version_id]
        item.mark = types.of(question.kind).mark(question.body, list(item.response or ()))
        marks.append(item.mark)
    attempt.score = rules.total(marks)
    attempt.passed = rules.is_passed(attempt.score, attempt.questions, attempt.pass_percent)
    attempt.submitted_at = now
    attempt.receipt = rules.receipt(secrets.randbits(50))
    attempt.state, attempt.ended_by = "submitted", "member"
    session.flush()
    if not attempt.passed:
        return _ended(attempt)
    # In the order in which a report of watching locks them too: first the facts, then the ledger.
    done = learning.quiz_passed(member_id=member_id, course_id=attempt.course_id, at=now)
    title = session.scalar(select(Course.title).where(Course.id == attempt.course_id))
    earned = points.credit(
        member_id=member_id,
        reason="quiz",
        source=f"quiz:{attempt.course_id}",
        occurred_at=now,
        note=title or "",
    )
    return _ended(attempt, points=earned, course_done=done)


def _ended(attempt: Attempt, *, points: int = 0, course_done: bool = False) -> Submitted:
    return Submitted(
        attempt_id=attempt.id,
        receipt=attempt.receipt or "",
        passed=bool(attempt.passed),
        points=points,
        course_done=course_done,
    )


def _keep(
    rows: dict[int, AttemptItem],
    bodies: dict[int, Question],
    answers: Answers,
    seen: Seen,
    now: datetime,
) -> None:
    if not set(seen) <= set(rows):
        raise rules.NotOfThisPaper
    changed = []
    for item_id, names in answers.items():
        item = rows.get(item_id)
        if item is None:
            raise rules.NotOfThisPaper
        response = _understood(item, bodies[item.version_id], names)
        if response == (item.response or []):
            continue
        if item_id in seen and seen[item_id] != item.saved:
            raise rules.SavedElsewhere
        changed.append((item, response))
    # Only now, so that one bad answer leaves all of them as they were.
    for item, response in changed:
        item.response, item.saved, item.saved_at = response, item.saved + 1, now


def _understood(item: AttemptItem, question: Question, names: Sequence[str]) -> list[str]:
    ids: dict[str, str] = dict(item.options)
    if len(set(names)) != len(names) or not set(names) <= set(ids):
        raise rules.NotOfThisPaper
    try:
        return types.of(question.kind).understood(question.body, [ids[name] for name in names])
    except NotAnAnswer:
        raise rules.NotOfThisPaper from None


def _bodies(rows: Mapping[int, AttemptItem]) -> dict[int, Question]:
    return versions(item.version_id for item in rows.values())


def _open_attempt(member_id: int, course_id: int) -> int | None:
    return db.session().scalar(
        select(Attempt.id).where(
            Attempt.member_id == member_id,
            Attempt.course_id == course_id,
            Attempt.state == "open",
        )
    )


def _locked(attempt_id: int, member_id: int) -> Attempt:
    attempt = db.session().get(Attempt, attempt_id, with_for_update=True, populate_existing=True)
    if attempt is None or attempt.member_id != member_id:
        raise NotThere
    return attempt
