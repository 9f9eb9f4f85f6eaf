"""Reads of exams: what an exam is, who may see it, and who may change it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
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
from app.members.models import Branch
from app.members.rules import Reader


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
    wrong_costs: Decimal
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


def invited(reader: Reader) -> ColumnElement[bool]:
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
            or_(and_(Exam.state == "published", invited(reader)), begun),
        )
    )
    if row is None:
        raise NotThere
    return exam_view(row, now)


def is_invited(reader: Reader, exam_id: int) -> bool:
    """Whether an exam is meant for the reader today; who has begun sees it even when not."""
    found = select(Exam.id).where(Exam.id == exam_id, invited(reader))
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


def required_courses(exam_id: int) -> list[CourseCard]:
    """The courses to be finished before an exam."""
    ids = list(
        db.session().scalars(select(ExamCourse.course_id).where(ExamCourse.exam_id == exam_id))
    )
    found = cards(ids) if ids else {}
    return [found[i] for i in ids if i in found]


def branches_of(exam_id: int) -> list[int]:
    """The branches (each with all below it) that an exam is for."""
    return list(
        db.session().scalars(select(ExamBranch.branch_id).where(ExamBranch.exam_id == exam_id))
    )


# --- the paper ------------------------------------------------------------------------------------


def sizes_of(exam_ids: Sequence[int]) -> dict[int, tuple[int, Decimal]]:
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
