"""The seal: what is right in the questions of an exam that goes on is told nowhere else.

Not in practice, not in quizzes of courses and inside recordings, not in results of other attempts.
All of them ask here.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import exists, func, or_, select

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


def sealed_for(member_id: int, now: datetime, *, but: int | None = None) -> Sealed:
    """What is not told to a member now: the questions of exams that they are taking, and for
    everybody those of exams that are open and seal them (`but` one, whose own results ask)."""
    found: dict[int, Seal] = {}
    for questions, seal in (*_own(member_id), *_open(now, but)):
        for question_id in questions:
            found[question_id] = seal.with_(found.get(question_id))
    return found


def is_sealed(member_id: int, question_id: int, now: datetime) -> bool:
    """Whether what is right in a question is not told to a member now."""
    return question_id in sealed_for(member_id, now)


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
    rows = db.session().execute(
        select(AttemptItem.attempt_id, QuestionVersion.question_id)
        .join(QuestionVersion, QuestionVersion.id == AttemptItem.version_id)
        .where(AttemptItem.attempt_id.in_(attempt_ids))
    )
    found: dict[int, Seal] = {}
    for attempt_id, question_id in rows:
        if question_id in sealed:
            found[attempt_id] = sealed[question_id].with_(found.get(attempt_id))
    return found


def outcome_seal(attempt: Attempt, now: datetime) -> Seal | None:
    """The seal on what came out of a quiz: who could see the score of a quiz of one question, or of
    one answer changed at a time, could try out its key. What was known before stays known."""
    if attempt.course_id is None or attempt.submitted_at is None:
        return None
    seal = sealed_attempts(sealed_for(attempt.member_id, now), [attempt.id]).get(attempt.id)
    return seal if seal is not None and seal.since <= attempt.submitted_at else None


def _own(member_id: int) -> list[tuple[list[int], Seal]]:
    rows = db.session().execute(
        select(QuestionVersion.question_id, Attempt.started_at, Attempt.deadline_at)
        .join(AttemptItem, AttemptItem.version_id == QuestionVersion.id)
        .join(Attempt, Attempt.id == AttemptItem.attempt_id)
        .where(
            Attempt.member_id == member_id,
            Attempt.state == "open",
            Attempt.exam_id.is_not(None),
        )
    )
    return [([question], Seal(since, until, is_mine=True)) for question, since, until in rows]


def _open(now: datetime, but: int | None) -> list[tuple[list[int], Seal]]:
    """Exams within their window, or with takers who have more time than the others."""
    begins = func.coalesce(Exam.opens_at, Exam.published_at)
    goes_on = exists().where(Attempt.exam_id == Exam.id, Attempt.state == "open")
    rows = (
        db.session()
        .execute(
            select(Exam.id, begins, Exam.closes_at, Exam.paused_at).where(
                Exam.state == "published",
                Exam.seals,
                Exam.closes_at.is_not(None),
                begins <= now,
                or_(Exam.closes_at > now, goes_on),
                Exam.id != (but or 0),
            )
        )
        .all()
    )
    if not rows:
        return []
    asked: dict[int, list[int]] = {}
    pools = db.session().execute(
        select(ExamSection.exam_id, ExamSlot.pool)
        .join(ExamSlot, ExamSlot.section_id == ExamSection.id)
        .where(ExamSection.exam_id.in_([row.id for row in rows]))
    )
    for exam_id, pool in pools:
        asked.setdefault(exam_id, []).extend(int(question) for question, _ in pool)
    return [
        (
            asked.get(exam_id, []),
            Seal(
                since,
                closes_at if closes_at and closes_at > now and not paused_at else None,
                is_mine=False,
            ),
        )
        for exam_id, since, closes_at, paused_at in rows
    ]
