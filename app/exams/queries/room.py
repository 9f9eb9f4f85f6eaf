"""Reads for invigilators: who is writing, how far they are, and what was done."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, select

from app.core.db import db
from app.core.refusals import NotThere
from app.exams import rules
from app.exams.models import (
    Accommodation,
    Attempt,
    AttemptItem,
    Evidence,
    Exam,
    ExamEvent,
)
from app.exams.queries.attempts import AttemptView, view
from app.exams.queries.exams import ExamView
from app.exams.queries.seats import places_by_member
from app.members.models import Branch, Member

SILENT_S = 45  # three saves missed


@dataclass(frozen=True)
class Seat:
    """One attempt as the invigilator sees it."""

    attempt: AttemptView
    name: str
    branch: str
    answered: int
    heard_at: datetime | None
    left: int
    added_s: int
    remaining_ms: int | None
    is_silent: bool
    has_evidence: bool
    place: str = ""  # where the taker sits
    address: str = ""

    @property
    def minutes_left(self) -> int | None:
        return None if self.remaining_ms is None else -(-self.remaining_ms // 60_000)


@dataclass(frozen=True)
class Room:
    """The live list, those who write first."""

    exam: ExamView
    seats: tuple[Seat, ...]
    now: datetime

    @property
    def writing(self) -> int:
        return sum(seat.attempt.is_open for seat in self.seats)

    @property
    def submitted(self) -> int:
        return sum(seat.attempt.is_submitted for seat in self.seats)

    @property
    def silent(self) -> int:
        return sum(seat.is_silent for seat in self.seats)


def room_of(exam: ExamView, now: datetime) -> Room:
    """Everybody who has begun, with how far they are."""
    answered = (
        select(AttemptItem.attempt_id, func.count().label("answered"))
        .join(Attempt, Attempt.id == AttemptItem.attempt_id)
        .where(Attempt.exam_id == exam.id, AttemptItem.saved > 0)
        .group_by(AttemptItem.attempt_id)
        .subquery()
    )
    late = select(Evidence.attempt_id).distinct().subquery()
    rows = db.session().execute(
        select(Attempt, Member.name, Branch.name, answered.c.answered, late.c.attempt_id)
        .join(Member, Member.id == Attempt.member_id)
        .join(Branch, Branch.id == Member.branch_id)
        .outerjoin(answered, answered.c.attempt_id == Attempt.id)
        .outerjoin(late, late.c.attempt_id == Attempt.id)
        .where(Attempt.exam_id == exam.id)
        .order_by(Attempt.state != "open", Member.sorted_name, Attempt.number)
    )
    still = now if exam.paused_at is None else min(now, exam.paused_at)
    seats = []
    places = places_by_member(exam.id)
    for row, name, branch, count, evidence in rows:
        is_open = row.state == "open"
        quiet = row.heard_at is None or (now - row.heard_at).total_seconds() > SILENT_S
        seats.append(
            Seat(
                attempt=view(row),
                name=name,
                branch=branch,
                answered=count or 0,
                heard_at=row.heard_at,
                left=row.left,
                added_s=row.added_s,
                remaining_ms=rules.remaining_ms(still, row.deadline_at) if is_open else None,
                is_silent=is_open and quiet,
                has_evidence=evidence is not None,
                place=places.get(row.member_id, ""),
                address=row.address,
            )
        )
    return Room(exam, tuple(seats), now)


def seat_of(exam: ExamView, attempt_id: int, now: datetime) -> Seat:
    """One seat of the room. Raises NotThere."""
    found = next((s for s in room_of(exam, now).seats if s.attempt.id == attempt_id), None)
    if found is None:
        raise NotThere
    return found


@dataclass(frozen=True)
class Late:
    """Answers that arrived and did not count; the texts by question number."""

    id: int
    kind: str
    received_at: datetime
    answers: tuple[tuple[int, str], ...]
    is_intact: bool = False  # the seal of a sealed package
    left_s: int | None = None  # when it was given, as the device counted
    counted_at: datetime | None = None


def evidence_of(attempt_id: int) -> list[Late]:
    """What was sent too late, or from a window that was behind, by an attempt."""
    positions = dict(
        db.session()
        .execute(
            select(AttemptItem.id, AttemptItem.position).where(AttemptItem.attempt_id == attempt_id)
        )
        .all()
    )
    names = {
        name: number
        for item in db.session().scalars(
            select(AttemptItem).where(AttemptItem.attempt_id == attempt_id)
        )
        for number, (name, _) in enumerate(item.options, 1)
    }
    return [
        Late(
            row.id,
            row.kind,
            row.received_at,
            tuple(
                sorted(
                    (
                        positions.get(int(item), 0),
                        "; ".join(f"#{names[t]}" if t in names else t for t in texts) or "–",
                    )
                    for item, texts in row.answers.items()
                )
            ),
            bool(row.told.get("intact")),
            None if row.told.get("left_ms") is None else int(row.told["left_ms"] / 1000),
            row.counted_at,
        )
        for row in db.session().scalars(
            select(Evidence).where(Evidence.attempt_id == attempt_id).order_by(Evidence.id)
        )
    ]


@dataclass(frozen=True)
class Happening:
    """One line of what happened in an exam."""

    at: datetime
    act: str
    actor: str | None
    taker: str | None
    facts: dict[str, Any]


def happenings(exam_id: int, *, most: int = 100) -> list[Happening]:
    """The newest acts in an exam, newest first."""
    actor, taker = Member.__table__.alias("actor"), Member.__table__.alias("taker")
    rows = db.session().execute(
        select(ExamEvent, actor.c.name, taker.c.name)
        .outerjoin(actor, actor.c.id == ExamEvent.actor_id)
        .outerjoin(Attempt, Attempt.id == ExamEvent.attempt_id)
        .outerjoin(taker, taker.c.id == Attempt.member_id)
        .where(ExamEvent.exam_id == exam_id)
        .order_by(ExamEvent.id.desc())
        .limit(most)
    )
    return [Happening(row.at, row.act, who, whom, row.facts) for row, who, whom in rows]


@dataclass(frozen=True)
class Grant:
    """What one member gets besides."""

    member_id: int
    name: str
    exam: str | None
    extra_percent: int
    extra_attempts: int
    large_type: bool
    reason: str


def grants(exam_id: int | None = None) -> list[Grant]:
    """Everybody who gets more time or attempts, in all exams or in this one."""
    rows = db.session().execute(
        select(Accommodation, Member.name, Exam.title)
        .join(Member, Member.id == Accommodation.member_id)
        .outerjoin(Exam, Exam.id == Accommodation.exam_id)
        .where((Accommodation.exam_id.is_(None)) | (Accommodation.exam_id == exam_id))
        .where(
            (Accommodation.extra_percent > 0)
            | (Accommodation.extra_attempts > 0)
            | Accommodation.large_type
        )
        .order_by(Member.sorted_name)
    )
    return [
        Grant(
            row.member_id,
            name,
            title,
            row.extra_percent,
            row.extra_attempts,
            row.large_type,
            row.reason,
        )
        for row, name, title in rows
    ]


def member_by_username(username: str) -> tuple[int, tuple[int, ...]] | None:
    """The id of an active member by user name, and the path of the branch."""
    member = db.session().scalar(
        select(Member).where(Member.username == username.strip().casefold(), Member.is_active)
    )
    return None if member is None else (member.id, member.branch.path_ids)
