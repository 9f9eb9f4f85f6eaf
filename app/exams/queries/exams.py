"""Reads of exams: what is on, who may, where a member stands, and what somebody is allowed."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal

from sqlalchemy import ColumnElement, and_, exists, func, or_, select

from app.core.db import db
from app.core.refusals import NotThere
from app.courses.queries import CourseCard, cards
from app.exams import rules
from app.exams.models import (
    Attempt,
    Exam,
    ExamBranch,
    ExamCourse,
    ExamSeat,
    ExamSection,
    ExamSlot,
)
from app.exams.queries.allowances import Allowance, allowance_of, allowances
from app.exams.queries.attempts import AttemptView, view
from app.exams.queries.sealing import sealed_attempts, sealed_for
from app.learning.queries import course_progress_for
from app.members.models import Branch
from app.members.rules import Reader

SOON = timedelta(days=7)  # before an exam opens, home tells of it


def title_of(exam_id: int) -> str:
    """What an exam is called; "" when it is gone."""
    return db.session().scalar(select(Exam.title).where(Exam.id == exam_id)) or ""


@dataclass(frozen=True)
class ExamView:
    """One exam with its settings."""

    id: int
    author_id: int
    title: str
    instructions: str
    state: str
    phase: rules.Phase
    opens_at: datetime | None
    last_start_at: datetime | None
    closes_at: datetime | None
    duration_s: int | None
    grace_s: int
    attempts_allowed: int
    delay_s: int
    counting: str
    pass_percent: int
    shuffle_sections: bool
    shuffle_questions: bool
    shuffle_options: bool
    one_by_one: bool
    no_going_back: bool
    show_score: str
    show_answers: str
    show_explanations: str
    password: str
    open_to_all: bool
    for_role: str
    networks: str
    safe_keys: str
    full_screen: bool
    seals: bool
    watermark: bool
    makes_up_for: int | None
    second_marking: bool
    apart_percent: int
    appeal_days: int
    paused_at: datetime | None
    revision: int

    @property
    def is_published(self) -> bool:
        return self.state == rules.State.PUBLISHED

    @property
    def minutes(self) -> int | None:
        return None if self.duration_s is None else self.duration_s // 60


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
        return rules.is_released(
            release,
            now=self.still,
            closes_at=self.shown_at,
            ended=self.left == 0 and self.open_attempt is None,
        )


def standing_still(paused_at: datetime | None, now: datetime) -> datetime:
    """The moment that counts for clocks: now, or when they were stopped."""
    return now if paused_at is None else min(now, paused_at)


def exam_view(row: Exam, now: datetime) -> ExamView:
    """A row as everybody else sees it."""
    names = (name for name in ExamView.__dataclass_fields__ if name != "phase")
    phase = rules.phase(
        standing_still(row.paused_at, now),
        opens_at=row.opens_at,
        last_start_at=row.last_start_at,
        closes_at=row.closes_at,
    )
    return ExamView(phase=phase, **{name: getattr(row, name) for name in names})


# --- who may --------------------------------------------------------------------------------------


def _invited(reader: Reader) -> ColumnElement[bool]:
    """SQL: an exam for everybody or this reader's branch, and role; or for the reader by name."""
    for_branch = exists().where(
        ExamBranch.exam_id == Exam.id, ExamBranch.branch_id.in_(reader.branch_path)
    )
    seated = exists().where(ExamSeat.exam_id == Exam.id, ExamSeat.member_id == reader.id)
    roles = ["", *(["trainer"] if reader.is_trainer else [])]
    if reader.is_organizer:
        roles.append("organizer")
    return or_(and_(or_(Exam.open_to_all, for_branch), Exam.for_role.in_(roles)), seated)


def exam_for(reader: Reader, exam_id: int, now: datetime) -> ExamView:
    """An exam that a member may see: published and meant for them, or begun by them. NotThere."""
    begun = exists().where(Attempt.exam_id == Exam.id, Attempt.member_id == reader.id)
    row = db.session().scalar(
        select(Exam).where(
            Exam.id == exam_id,
            or_(and_(Exam.state == "published", _invited(reader)), begun),
        )
    )
    if row is None:
        raise NotThere
    return exam_view(row, now)


def is_invited(reader: Reader, exam_id: int) -> bool:
    """Whether an exam is meant for the reader today; who has begun sees it even when not."""
    found = select(Exam.id).where(Exam.id == exam_id, _invited(reader))
    return db.session().scalar(found) is not None


def may_manage(reader: Reader, row: Exam) -> bool:
    """Whether an exam is the reader's to change and to invigilate.

    Its author, administrators, and organizers of every branch that it is for.
    """
    if reader.is_administrator or row.author_id == reader.id:
        return reader.is_author or reader.is_organizer
    if not reader.organizes:
        return False
    branches = db.session().scalars(
        select(Branch).where(
            Branch.parent_id.is_(None)
            if row.open_to_all
            else Branch.id.in_(select(ExamBranch.branch_id).where(ExamBranch.exam_id == row.id))
        )
    )
    paths = [branch.path_ids for branch in branches]
    return bool(paths) and all(reader.may_organize(path) for path in paths)


def managed_exam(reader: Reader, exam_id: int, now: datetime) -> ExamView:
    """An exam that the reader may change. Raises NotThere."""
    row = db.session().get(Exam, exam_id)
    if row is None or not may_manage(reader, row):
        raise NotThere
    return exam_view(row, now)


def managed_exams(reader: Reader, now: datetime) -> list[ExamView]:
    """All exams that the reader may change, those that end last first."""
    rows = db.session().scalars(
        select(Exam).order_by(
            Exam.state == "withdrawn",
            func.coalesce(Exam.opens_at, Exam.created_at).desc(),
            Exam.id.desc(),
        )
    )
    return [exam_view(row, now) for row in rows if may_manage(reader, row)]


def takers(exam_ids: Iterable[int]) -> dict[int, tuple[int, int]]:
    """Per exam how many attempts are open and how many were submitted."""
    ids = list(exam_ids)
    rows = db.session().execute(
        select(Attempt.exam_id, Attempt.state, func.count())
        .where(Attempt.exam_id.in_(ids))
        .group_by(Attempt.exam_id, Attempt.state)
    )
    found: dict[int, dict[str, int]] = {}
    for exam_id, state, number in rows:
        found.setdefault(int(exam_id or 0), {})[state] = number
    return {i: (found.get(i, {}).get("open", 0), found.get(i, {}).get("submitted", 0)) for i in ids}


# --- a member and exams ---------------------------------------------------------------------------


def exams_for(reader: Reader, now: datetime, *, until: datetime | None = None) -> list[Standing]:
    """Every exam that a member may see, with where they stand; the next to open first.

    With `until`, only what is being written, or is open at some time from now to then.
    """
    begun = exists().where(Attempt.exam_id == Exam.id, Attempt.member_id == reader.id)
    wanted = and_(Exam.state == "published", _invited(reader))
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
    sizes = _sizes(ids)
    # Of those that were begun, some may not be meant for the member any more.
    meant = set(ids) - set(attempts)
    probed: Collection[int] = ()
    if attempts:
        begun_ids = select(Exam.id).where(Exam.id.in_(attempts), _invited(reader))
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
    questions, out_of = _sizes([exam.id]).get(exam.id, (0, Decimal(0)))
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


def _is_written(exam: ExamView, now: datetime) -> bool:
    """Whether somebody still writes an exam that is closed: extra or added time, a pause, grace."""
    if exam.phase is not rules.Phase.CLOSED:
        return False
    going_on = select(Attempt.id).where(Attempt.exam_id == exam.id, Attempt.state == "open")
    if exam.paused_at is None:  # what nobody has finished yet is over all the same
        since = now - timedelta(seconds=exam.grace_s)
        going_on = going_on.where(Attempt.deadline_at >= since)
    return db.session().scalar(going_on.limit(1)) is not None


def required_courses(exam_id: int) -> list[CourseCard]:
    """The courses to be finished before an exam."""
    ids = list(
        db.session().scalars(select(ExamCourse.course_id).where(ExamCourse.exam_id == exam_id))
    )
    found = cards(ids) if ids else {}
    return [found[i] for i in ids if i in found]


def missing_courses(exam_id: int, member_id: int) -> list[CourseCard]:
    """Those of them that a member has not finished."""
    needed = required_courses(exam_id)
    if not needed:
        return []
    done = course_progress_for(member_id, [course.id for course in needed])
    return [course for course in needed if done[course.id].completed_at is None]


def branches_of(exam_id: int) -> list[int]:
    """The branches (each with all below it) that an exam is for."""
    return list(
        db.session().scalars(select(ExamBranch.branch_id).where(ExamBranch.exam_id == exam_id))
    )


# --- the paper ------------------------------------------------------------------------------------


def _sizes(exam_ids: Sequence[int]) -> dict[int, tuple[int, Decimal]]:
    """How many questions a paper has, and the marks that can be had."""
    rows = db.session().execute(
        select(ExamSection.exam_id, ExamSlot.number, ExamSlot.mark)
        .join(ExamSlot, ExamSlot.section_id == ExamSection.id)
        .where(ExamSection.exam_id.in_(exam_ids))
    )
    found: dict[int, tuple[int, Decimal]] = {}
    for exam_id, number, mark in rows:
        questions, marks = found.get(exam_id, (0, Decimal(0)))
        found[exam_id] = questions + number, marks + mark * number
    return found
