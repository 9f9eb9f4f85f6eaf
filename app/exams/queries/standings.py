"""Where a member stands with exams: attempts, what is left, what is missing, what is shown."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal

from sqlalchemy import and_, exists, or_, select

from app.core.db import db
from app.courses.queries import CourseCard
from app.exams import rules
from app.exams.models import Accommodation, Attempt, Exam
from app.exams.queries.allowances import Allowance, allowance_of, allowances, allowances_in
from app.exams.queries.attempts import AttemptView, view
from app.exams.queries.exams import (
    ExamView,
    exam_view,
    invited,
    is_invited,
    required_courses,
    sizes_of,
    standing_still,
)
from app.exams.queries.sealing import (
    sealed_attempts,
    sealed_by_own,
    sealed_each,
    sealed_for,
)
from app.learning.queries import course_progress_for
from app.members.rules import Reader

SOON = timedelta(days=7)  # before an exam opens, home tells of it


@dataclass(frozen=True)
class Standing:
    """Where a member stands with an exam; `left` None means without limit."""

    exam: ExamView
    now: datetime
    attempts: tuple[AttemptView, ...]  # the newest first, void ones too
    allowance: Allowance
    missing: tuple[CourseCard, ...] = ()  # courses to be finished first
    questions: int = 0
    out_of: Decimal = Decimal(0)
    is_invited: bool = True  # no more, when the branch, the role or the seat was taken away since
    is_written: bool = False  # the exam is closed, and somebody with more time still writes
    is_probing: bool = False  # the member is taking another exam that asks the same

    @property
    def still(self) -> datetime:
        """The moment that counts for clocks: now, or when they were stopped."""
        return standing_still(self.exam.paused_at, self.now)

    @property
    def open_attempt(self) -> AttemptView | None:
        return next((a for a in self.attempts if a.is_open), None)

    @property
    def submitted(self) -> tuple[AttemptView, ...]:
        return tuple(a for a in self.attempts if a.is_submitted)

    @property
    def ended(self) -> tuple[AttemptView, ...]:
        """Those that were handed in, and void ones."""
        return tuple(a for a in self.attempts if not a.is_open)

    @property
    def counting(self) -> AttemptView | None:
        """The attempt that counts."""
        return rules.counts(self.submitted, self.exam.counting)

    @property
    def allowed(self) -> int:
        """How many attempts; 0 for as many as one likes."""
        allowed = self.exam.attempts_allowed
        return allowed and allowed + self.allowance.extra_attempts

    @property
    def left(self) -> int | None:
        used = sum(not a.is_void for a in self.attempts)
        return rules.attempts_left(self.allowed, used)

    @property
    def allowed_s(self) -> int | None:
        """Seconds for one attempt, extra time included."""
        return rules.allowed_s(self.exam.duration_s, self.allowance.extra_percent)

    @property
    def remaining_s(self) -> int | None:
        """Seconds that an attempt begun now would have; less when the exam closes earlier."""
        ends = rules.deadline(
            self.still,
            duration_s=self.exam.duration_s,
            closes_at=self.exam.closes_at,
            extra_percent=self.allowance.extra_percent,
        )
        return None if ends is None else max(0, int((ends - self.still).total_seconds()))

    @property
    def is_cut_short(self) -> bool:
        """Whether the close comes before the time of an attempt begun now is over."""
        whole, left = self.allowed_s, self.remaining_s
        return whole is not None and left is not None and left < whole - 59

    @property
    def may_start(self) -> bool:
        return (
            self.exam.phase is rules.Phase.OPEN
            and self.open_attempt is None
            and self.left != 0
            and not self.missing
            and self.is_invited
        )

    @property
    def is_done(self) -> bool:
        """Whether nothing is left to do for this member."""
        return self.open_attempt is None and (
            self.left == 0 or (self.exam.phase is rules.Phase.CLOSED)
        )

    @property
    def shown_at(self) -> datetime | None:
        """When what is shown after the close is shown to this member."""
        closes_at = self.exam.closes_at
        if closes_at is not None and self.exam.duration_s is not None and self.allowed_s:
            # Not before those with extra time are through, of whom this member may be one.
            closes_at += rules.extra_time(self.exam.duration_s, self.allowance.extra_percent)
        return closes_at

    def shows(self, what: str) -> bool:
        """Whether "score", "answers" or "explanations" are released to the member now.

        What tells the key waits after the close for those who write longer, too; and nothing is
        told to who could try out answers of an exam that they are taking.
        """
        if self.is_probing:
            return False
        release = getattr(self.exam, f"show_{what}")
        if self.is_written and what != "score" and release == rules.Release.AFTER_CLOSE:
            return False
        # Without a last attempt nobody could wait for it: a score comes after each of them.
        is_endless = self.left is None and what == "score"
        return rules.is_released(
            release,
            now=self.still,
            closes_at=self.shown_at,
            ended=(self.left == 0 or is_endless) and self.open_attempt is None,
        )


def exams_for(reader: Reader, now: datetime, *, until: datetime | None = None) -> list[Standing]:
    """Every exam that a member may see, with where they stand; the next to open first.

    With `until`, only what is being written, or is open at some time from now to then.
    """
    begun = exists().where(Attempt.exam_id == Exam.id, Attempt.member_id == reader.id)
    wanted = and_(Exam.state == "published", invited(reader))
    if until is not None:
        begun = begun.where(Attempt.state == "open")
        late = or_(Exam.closes_at.is_(None), Exam.closes_at > now, Exam.paused_at.is_not(None))
        wanted = and_(wanted, late, or_(Exam.opens_at.is_(None), Exam.opens_at <= until))
    rows = list(
        db.session().scalars(
            select(Exam).where(or_(wanted, begun)).order_by(Exam.opens_at, Exam.id)
        )
    )
    if not rows:
        return []
    ids = [row.id for row in rows]
    attempts: dict[int, list[AttemptView]] = {}
    for attempt in db.session().scalars(
        select(Attempt)
        .where(Attempt.member_id == reader.id, Attempt.exam_id.in_(ids))
        .order_by(Attempt.number.desc())
    ):
        attempts.setdefault(attempt.exam_id or 0, []).append(view(attempt))
    granted = allowances(reader.id, ids)
    sizes = sizes_of(ids)
    # Of those that were begun, some may not be meant for the member any more.
    meant = set(ids) - set(attempts)
    probed: Collection[int] = ()
    if attempts:
        begun_ids = select(Exam.id).where(Exam.id.in_(attempts), invited(reader))
        meant |= set(db.session().scalars(begun_ids))
        own = [each for several in attempts.values() for each in several]
        probed = _probed(reader.id, own, now) if any(each.is_open for each in own) else ()
    return [
        Standing(
            exam=exam_view(row, now),
            now=now,
            attempts=tuple(attempts.get(row.id, ())),
            allowance=granted[row.id],
            questions=sizes.get(row.id, (0, Decimal(0)))[0],
            out_of=sizes.get(row.id, (0, Decimal(0)))[1],
            is_invited=row.id in meant,
            is_probing=any(each.id in probed for each in attempts.get(row.id, ())),
        )
        for row in rows
    ]


def to_sit(reader: Reader, now: datetime) -> list[Standing]:
    """What a member has before them: exams that they write, may begin, or will within SOON."""
    waits = {rules.Phase.OPEN, rules.Phase.UPCOMING}
    return [
        one
        for one in exams_for(reader, now, until=now + SOON)
        if one.open_attempt or (one.exam.phase in waits and not one.submitted and not one.is_done)
    ]


def standing_for(reader: Reader, exam: ExamView, now: datetime) -> Standing:
    """Where the reader stands with one exam, with the courses that are missing."""
    standing = standing_of(reader.id, exam, now)
    probed = _probed(reader.id, standing.attempts, now, but=exam.id) if standing.submitted else ()
    return replace(standing, is_invited=is_invited(reader, exam.id), is_probing=bool(probed))


def _probed(
    member_id: int, attempts: Sequence[AttemptView], now: datetime, *, but: int | None = None
) -> Collection[int]:
    """Those of a member's attempts that ask what they are asked elsewhere just now."""
    handed_in = [each.id for each in attempts if each.is_submitted]
    mine = {i: s for i, s in sealed_for(member_id, now, but=but).items() if s.is_mine}
    return sealed_attempts(mine, handed_in)


def standing_of(member_id: int, exam: ExamView, now: datetime) -> Standing:
    """Where a member stands with one exam, with the courses that are missing."""
    attempts = db.session().scalars(
        select(Attempt)
        .where(Attempt.member_id == member_id, Attempt.exam_id == exam.id)
        .order_by(Attempt.number.desc())
    )
    questions, out_of = sizes_of([exam.id]).get(exam.id, (0, Decimal(0)))
    return Standing(
        exam=exam,
        now=now,
        attempts=tuple(view(row) for row in attempts),
        allowance=allowance_of(member_id, exam.id),
        missing=tuple(missing_courses(exam.id, member_id)),
        questions=questions,
        out_of=out_of,
        is_written=_is_written(exam, now),
    )


def released_to(exam: Exam, member_ids: Collection[int], now: datetime) -> set[int]:
    """Those of some members who may know by now what came out of their attempts at an exam.

    By the very rule of the exam's page (`Standing.shows`), except that it does not ask whether they
    take another exam with these questions: see `probing`.
    """
    if exam.show_score == rules.Release.AT_ONCE:
        return set(member_ids)
    still = standing_still(exam.paused_at, now)
    is_open = exam.closes_at is not None and still < exam.closes_at
    if exam.show_score == rules.Release.NEVER or is_open or not member_ids:
        return set()
    attempts: dict[int, list[AttemptView]] = {}
    for row in db.session().scalars(
        select(Attempt).where(Attempt.exam_id == exam.id, Attempt.member_id.in_(member_ids))
    ):
        attempts.setdefault(row.member_id, []).append(view(row))
    seen = exam_view(exam, now)
    return {
        member_id
        for member_id, allowance in allowances_in(exam.id, member_ids).items()
        if Standing(
            exam=seen,
            now=now,
            attempts=tuple(attempts.get(member_id, ())),
            allowance=allowance,
        ).shows("score")
    }


def probing(exam_id: int, member_ids: Collection[int]) -> set[int]:
    """Those of some members who take another exam just now that asks what this one asked them."""
    writing = (
        select(Attempt.member_id)
        .where(Attempt.member_id.in_(member_ids), Attempt.state == "open")
        .where(Attempt.exam_id.is_not(None), Attempt.exam_id != exam_id)
    )
    found = set(db.session().scalars(writing))
    if not found:
        return found
    own = select(Attempt.id, Attempt.member_id).where(
        Attempt.member_id.in_(found), Attempt.exam_id == exam_id, Attempt.state == "submitted"
    )
    attempts = dict(db.session().execute(own).all())
    return {attempts[each] for each in sealed_each(sealed_by_own(found), attempts)}


def next_release(exam: Exam, now: datetime) -> datetime | None:
    """When somebody who has taken an exam will know their score next: after its close, and later
    those with extra time. None when that is no moment, or is over."""
    if exam.show_score != rules.Release.AFTER_CLOSE or exam.closes_at is None:
        return None
    takers = select(Attempt.member_id).where(Attempt.exam_id == exam.id)
    granted = db.session().scalars(
        select(Accommodation.extra_percent)
        .where(Accommodation.member_id.in_(takers))
        .where(or_(Accommodation.exam_id.is_(None), Accommodation.exam_id == exam.id))
        .distinct()
    )
    moments = (
        exam.closes_at + rules.extra_time(exam.duration_s or 0, percent)
        for percent in {0, *granted}
    )
    return min((moment for moment in moments if moment > now), default=None)


def _is_written(exam: ExamView, now: datetime) -> bool:
    """Whether somebody still writes an exam that is closed: extra or added time, a pause, grace."""
    if exam.phase is not rules.Phase.CLOSED:
        return False
    going_on = select(Attempt.id).where(Attempt.exam_id == exam.id, Attempt.state == "open")
    if exam.paused_at is None:  # what nobody has finished yet is over all the same
        since = now - timedelta(seconds=exam.grace_s)
        going_on = going_on.where(Attempt.deadline_at >= since)
    return db.session().scalar(going_on.limit(1)) is not None


def missing_courses(exam_id: int, member_id: int) -> list[CourseCard]:
    """Those of them that a member has not finished."""
    needed = required_courses(exam_id)
    if not needed:
        return []
    done = course_progress_for(member_id, [course.id for course in needed])
    return [course for course in needed if done[course.id].completed_at is None]
