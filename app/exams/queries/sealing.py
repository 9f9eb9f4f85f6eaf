"""The seal: what is right in the questions of an exam that goes on is told nowhere else.

Not in practice, not in quizzes of courses and inside recordings, not in results of other attempts.
All of them ask here.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, and_, exists, func, or_, select
from sqlalchemy.orm import aliased

from app.core.db import db
from app.exams.models import Attempt, AttemptItem, Exam, ExamSection, ExamSlot
from app.questions.models import QuestionVersion


@dataclass(frozen=True)
class Seal:
    """Why a key is not told: since when, and until when as far as that is known."""

    since: datetime
    until: datetime | None
    is_mine: bool  # the member is taking such an exam

    def with_(self, other: Seal | None) -> Seal:
        """Both at once."""
        if other is None:
            return self
        ends = (self.until, other.until)
        return Seal(
            since=min(self.since, other.since),
            until=None if None in ends else max(filter(None, ends)),
            is_mine=self.is_mine or other.is_mine,
        )


Sealed = Mapping[int, Seal]  # by question
_BEGINS = func.coalesce(Exam.opens_at, Exam.published_at)


def sealed_for(member_id: int, now: datetime, *, but: int | None = None) -> Sealed:
    """What is not told to a member now: the questions of exams that they are taking, and for
    everybody those of exams that are open and seal them (`but` one, whose own results ask).

    One short read where no exam goes on, and at most two more.
    """
    is_open = _seals_now(now, but=but)
    mine = aliased(Attempt)
    is_mine = and_(mine.exam_id == Exam.id, mine.member_id == member_id, mine.state == "open")
    rows = (
        db.session()
        .execute(
            select(Exam, _BEGINS, is_open, mine)
            .outerjoin(mine, is_mine)
            .where(or_(mine.id.is_not(None), is_open))
        )
        .all()
    )
    found: dict[int, Seal] = {}
    own = {attempt.id: attempt for _exam, _since, _open, attempt in rows if attempt is not None}
    for attempt_id, question_id in _asked(own):
        row = own[attempt_id]
        seal = Seal(row.started_at, row.deadline_at, is_mine=True)
        found[question_id] = seal.with_(found.get(question_id))
    seals = {
        exam.id: Seal(since, _end(exam, now), is_mine=False)
        for exam, since, is_open_now, _attempt in rows
        if is_open_now
    }
    for exam_id, question_id in _pooled(seals):
        found[question_id] = seals[exam_id].with_(found.get(question_id))
    return found


def _seals_now(now: datetime, *, but: int | None = None) -> ColumnElement[bool]:
    """Whether an exam is open, and seals its questions for everybody."""
    # Within its window, or with takers who have more time than the others.
    goes_on = exists().where(Attempt.exam_id == Exam.id, Attempt.state == "open")
    return and_(
        Exam.state == "published",
        Exam.seals,
        now >= _BEGINS,
        Exam.closes_at.is_not(None),
        # Paused before its close, it goes on later: the close moves by the pause.
        or_(Exam.closes_at > now, Exam.closes_at > Exam.paused_at, goes_on.correlate(Exam)),
        Exam.id != (but or 0),
    )


def sealed_by_all(now: datetime) -> Sealed:
    """What is told to nobody now: the questions of exams that are open and seal them."""
    rows = db.session().execute(select(Exam, _BEGINS).where(_seals_now(now))).all()
    seals = {exam.id: Seal(since, _end(exam, now), is_mine=False) for exam, since in rows}
    found: dict[int, Seal] = {}
    for exam_id, question_id in _pooled(seals):
        found[question_id] = seals[exam_id].with_(found.get(question_id))
    return found


def sealed_by_own(member_ids: Collection[int]) -> dict[int, Sealed]:
    """By member what is not told to them: the questions of exams that they are taking."""
    rows = db.session().execute(
        select(Attempt.id, Attempt.member_id, Attempt.started_at, Attempt.deadline_at).where(
            Attempt.member_id.in_(member_ids),
            Attempt.exam_id.is_not(None),
            Attempt.state == "open",
        )
    )
    taking = {row.id: row for row in rows}
    found: dict[int, dict[int, Seal]] = {}
    for attempt_id, question_id in _asked(taking):
        row = taking[attempt_id]
        own = found.setdefault(row.member_id, {})
        seal = Seal(row.started_at, row.deadline_at, is_mine=True)
        own[question_id] = seal.with_(own.get(question_id))
    return dict(found)


def _asked(attempt_ids: Collection[int]) -> list[tuple[int, int]]:
    """(attempt, question) of all that attempts ask."""
    if not attempt_ids:
        return []
    rows = db.session().execute(
        select(AttemptItem.attempt_id, QuestionVersion.question_id)
        .join(QuestionVersion, QuestionVersion.id == AttemptItem.version_id)
        .where(AttemptItem.attempt_id.in_(attempt_ids))
    )
    return [(attempt_id, question_id) for attempt_id, question_id in rows]


def _pooled(exam_ids: Collection[int]) -> list[tuple[int, int]]:
    """(exam, question) of all that exams may draw, as it was frozen when they were published."""
    if not exam_ids:
        return []
    rows = db.session().execute(
        select(ExamSection.exam_id, ExamSlot.pool)
        .join(ExamSlot, ExamSlot.section_id == ExamSection.id)
        .where(ExamSection.exam_id.in_(exam_ids))
    )
    return [(exam_id, int(question)) for exam_id, pool in rows for question, *_ in pool]


def _end(exam: Exam, now: datetime) -> datetime | None:
    """When a seal ends, as far as that is known."""
    if exam.closes_at is None or exam.closes_at <= now or exam.paused_at is not None:
        return None
    return exam.closes_at


def seal_over(sealed: Sealed, question_ids: Iterable[int]) -> Seal | None:
    """The seal on any of these questions."""
    found = None
    for question_id in question_ids:
        if question_id in sealed:
            found = sealed[question_id].with_(found)
    return found


def sealed_versions(sealed: Sealed, version_ids: Collection[int]) -> set[int]:
    """Those of the versions whose question is sealed."""
    if not sealed or not version_ids:
        return set()
    rows = db.session().execute(
        select(QuestionVersion.id, QuestionVersion.question_id).where(
            QuestionVersion.id.in_(version_ids)
        )
    )
    return {version for version, question in rows if question in sealed}


def sealed_attempts(sealed: Sealed, attempt_ids: Collection[int]) -> dict[int, Seal]:
    """By attempt the seal on its questions, for those that have one."""
    if not sealed or not attempt_ids:
        return {}
    found: dict[int, Seal] = {}
    for attempt_id, question_id in _asked(attempt_ids):
        if question_id in sealed:
            found[attempt_id] = sealed[question_id].with_(found.get(attempt_id))
    return found


def sealed_each(sealed: Mapping[int, Sealed], attempts: Mapping[int, int]) -> dict[int, Seal]:
    """The same of several members' attempts (attempt → member), each by what is sealed for them."""
    theirs = {attempt: member for attempt, member in attempts.items() if sealed.get(member)}
    found: dict[int, Seal] = {}
    for attempt_id, question_id in _asked(theirs):
        seal = sealed[theirs[attempt_id]].get(question_id)
        if seal is not None:
            found[attempt_id] = seal.with_(found.get(attempt_id))
    return found


def outcome_seal(attempt: Attempt, now: datetime) -> Seal | None:
    """The seal on what came out of an attempt.

    Of a quiz: who could see its score, of one question or of one answer changed at a time, could
    try out its key. What was known before stays known, unless a regrade has changed it since.
    Of an exam only who is taking another one with its questions waits, as for its score.
    """
    return known_past(attempt, outcome_seals([attempt], now).get(attempt.id))


def outcome_seals(attempts: Collection[Attempt], now: datetime) -> dict[int, Seal]:
    """By attempt the seal on its questions now, for those of some that have one; a few reads for
    all of them. Whether it covers what is known already is said by `known_past`."""
    own = sealed_by_own({each.member_id for each in attempts})
    found = sealed_each(own, {each.id: each.member_id for each in attempts})
    quizzes = [each.id for each in attempts if each.exam_id is None]
    for attempt_id, seal in sealed_attempts(sealed_by_all(now) if quizzes else {}, quizzes).items():
        found[attempt_id] = seal.with_(found.get(attempt_id))
    return found


def known_past(attempt: Attempt, seal: Seal | None) -> Seal | None:
    """A seal on an attempt, unless what came out of it was known before the seal began."""
    if seal is None or attempt.submitted_at is None or attempt.exam_id is not None:
        return seal if attempt.submitted_at is not None else None
    known_at = max(attempt.submitted_at, attempt.changed_at or attempt.submitted_at)
    return seal if seal.since <= known_at else None
