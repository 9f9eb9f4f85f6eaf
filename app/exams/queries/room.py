"""Reads for invigilators: who is writing, how far they are, and what was done."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, case, exists, func, or_, select, true
from sqlalchemy.orm import aliased

from app.core.db import db
from app.core.paging import Page, window
from app.core.refusals import NotThere
from app.exams import rules
from app.exams.models import (
    Accommodation,
    Attempt,
    AttemptItem,
    Evidence,
    Exam,
    ExamEvent,
    ExamSeat,
)
from app.exams.queries.attempts import AttemptView, view
from app.exams.queries.exams import ExamView, standing_still
from app.exams.queries.seats import places_by_member
from app.members.models import Branch, Member

SILENT_S = 45  # three saves missed
SEATS = 100  # on one page of the list
ACTS = 30  # on one page of what happened
OF_TAKERS = ("start", "submit", "time_over", "device", "moved")  # what happens by itself


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
class Absent:
    """Somebody on the list of an exam who has not begun."""

    name: str
    branch: str
    place: str


@dataclass(frozen=True)
class Room:
    """One page of the live list, those who write first; and how many there are of each."""

    page: Page[Seat] | Page[Absent]
    only: str  # one of SHOWN
    text: str
    counts: Mapping[str, int]  # by what SHOWN says


# Which takers the list shows; "absent" are those on the list of an exam who have not begun.
SHOWN = ("", "writing", "silent", "submitted", "kept", "absent")


def room_of(
    exam: ExamView, now: datetime, *, only: str = "", text: str = "", page: int = 1
) -> Room:
    """Those who have begun, with how far they are; `text` is looked for in their names."""
    only = only if only in SHOWN else ""
    state, quiet = Attempt.state, _is_quiet(now)
    kept = Attempt.id.in_(select(Evidence.attempt_id))
    which = {
        "": true(),
        "writing": state == "open",
        "silent": and_(state == "open", quiet),
        "submitted": state == "submitted",
        "kept": kept,
    }
    named = _called(text)
    absent = _absent(exam.id, named)
    session = db.session()
    row = session.execute(
        select(*(func.coalesce(func.sum(case((each, 1), else_=0)), 0) for each in which.values()))
        .join(Member, Member.id == Attempt.member_id)
        .where(Attempt.exam_id == exam.id, named)
    ).one()
    counts = dict(zip(which, (int(n) for n in row), strict=True))
    counts["absent"] = session.scalar(select(func.count()).select_from(absent.subquery())) or 0
    total = counts[only]
    offset, limit = window(min(page, Page((), 1, total, SEATS).last), SEATS)
    number = offset // SEATS + 1
    if only == "absent":
        wanted = absent.order_by(ExamSeat.place, Member.sorted_name).offset(offset).limit(limit)
        missing = [Absent(*each) for each in session.execute(wanted)]
        return Room(Page(missing, number, total, SEATS), only, text, counts)
    seats = _seats(exam, now, which[only], named, offset=offset, limit=limit)
    return Room(Page(seats, number, total, SEATS), only, text, counts)


def _is_quiet(now: datetime) -> ColumnElement[bool]:
    since = now - timedelta(seconds=SILENT_S)
    return or_(Attempt.heard_at.is_(None), Attempt.heard_at < since)


def _called(text: str) -> ColumnElement[bool]:
    said = text.strip()[:100]
    if not said:
        return true()
    return or_(
        Member.name.icontains(said, autoescape=True),
        Member.username.icontains(said, autoescape=True),
    )


def _absent(exam_id: int, named: ColumnElement[bool]) -> Select[str, str, str]:
    begun = exists().where(Attempt.exam_id == exam_id, Attempt.member_id == Member.id)
    return (
        select(Member.name, Branch.name, ExamSeat.place)
        .join(Member, Member.id == ExamSeat.member_id)
        .join(Branch, Branch.id == Member.branch_id)
        .where(ExamSeat.exam_id == exam_id, Member.is_active, ~begun, named)
    )


def _seats(
    exam: ExamView, now: datetime, *which: ColumnElement[bool], offset: int = 0, limit: int = 1
) -> list[Seat]:
    answered = (
        select(func.count())
        .where(AttemptItem.attempt_id == Attempt.id, AttemptItem.saved > 0)
        .scalar_subquery()
    )
    kept = exists().where(Evidence.attempt_id == Attempt.id)
    rows = db.session().execute(
        select(Attempt, Member.name, Branch.name, answered, kept, _is_quiet(now))
        .join(Member, Member.id == Attempt.member_id)
        .join(Branch, Branch.id == Member.branch_id)
        .where(Attempt.exam_id == exam.id, *which)
        .order_by(Attempt.state != "open", Member.sorted_name, Attempt.number)
        .offset(offset)
        .limit(limit)
    )
    still = standing_still(exam.paused_at, now)
    places = places_by_member(exam.id)
    return [
        Seat(
            attempt=view(row),
            name=name,
            branch=branch,
            answered=count,
            heard_at=row.heard_at,
            left=row.left,
            added_s=row.added_s,
            remaining_ms=(
                rules.remaining_ms(still, row.deadline_at) if row.state == "open" else None
            ),
            is_silent=row.state == "open" and quiet,
            has_evidence=has_kept,
            place=places.get(row.member_id, ""),
            address=row.address,
        )
        for row, name, branch, count, has_kept, quiet in rows
    ]


def seat_of(exam: ExamView, attempt_id: int, now: datetime) -> Seat:
    """One seat of the room. Raises NotThere."""
    found = _seats(exam, now, Attempt.id == attempt_id)
    if not found:
        raise NotThere
    return found[0]


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
    """One line of what happened in an exam; `taker` is whom it was done to."""

    at: datetime
    act: str
    actor: str | None
    taker: str | None
    facts: dict[str, Any]


def happenings(exam_id: int, *, page: int = 1, everything: bool = False) -> Page[Happening]:
    """The acts in an exam, newest first: those of people in charge, or everything."""
    which = [ExamEvent.exam_id == exam_id]
    if not everything:
        which.append(ExamEvent.act.not_in(OF_TAKERS))
        # What one attempt caught up with at its end was decided for all of them before.
        which.append(or_(ExamEvent.act != "regrade", ExamEvent.attempt_id.is_(None)))
    session = db.session()
    total = session.scalar(select(func.count()).where(*which)) or 0
    offset, limit = window(min(page, Page((), 1, total, ACTS).last), ACTS)
    actor, taker = aliased(Member), aliased(Member)
    rows = session.execute(
        select(ExamEvent, actor.name, taker.name)
        .outerjoin(actor, actor.id == ExamEvent.actor_id)
        .outerjoin(Attempt, Attempt.id == ExamEvent.attempt_id)
        .outerjoin(taker, taker.id == Attempt.member_id)
        .where(*which)
        .order_by(ExamEvent.id.desc())
        .offset(offset)
        .limit(limit)
    ).all()
    # Who is granted more has no attempt yet.
    granted = {row.facts["member"] for row, _, _ in rows if "member" in row.facts}
    names = dict(
        session.execute(select(Member.id, Member.name).where(Member.id.in_(granted))).all()
    )
    found = [
        Happening(row.at, row.act, who, whom or names.get(row.facts.get("member", 0)), row.facts)
        for row, who, whom in rows
    ]
    return Page(found, offset // ACTS + 1, total, ACTS)


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
