"""Reports of a day that is over: whoever runs them again later finds them as they were."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, Row, Select, and_, case, false, func, or_, select, true

from app.core import clock
from app.core.dated import at
from app.core.db import db, reading
from app.core.refusals import NotThere
from app.courses.models import CoursePast
from app.learning.models import CompletionUndone
from app.learning.models import CourseProgress as CourseRow
from app.learning.models import LessonProgress as LessonRow
from app.members.models import Branch, BranchPast, MemberPast
from app.members.rules import Reader, path_of
from app.organisation.queries.tables import parts
from app.organisation.rules import MOST_ROWS, TooManyRows, percent


@dataclass(frozen=True)
class PastRow:
    """One course that a member had begun by that day."""

    member_id: int
    member: str
    branch: str
    course_id: int
    course: str
    lessons_done: int
    begun_on: date
    done_on: date | None


@dataclass(frozen=True)
class PastBranch:
    """One branch as it was; with its own members only, not those below."""

    name: str
    depth: int
    members: int
    learned: int  # members who had done at least one course
    done: int  # courses

    @property
    def learned_percent(self) -> int:
        return percent(self.learned, self.members)


@dataclass(frozen=True)
class PastCourse:
    """One course with how many members had begun and done it."""

    course_id: int
    title: str
    begun: int
    done: int


@dataclass(frozen=True)
class PastReport:
    """What stood at the end of a day. `print` is the same whenever the report is the same."""

    day: date
    members: int
    rows: Sequence[PastRow]
    branches: Sequence[PastBranch]
    courses: Sequence[PastCourse]

    @property
    def done(self) -> int:
        return sum(row.done_on is not None for row in self.rows)

    @property
    def print(self) -> str:
        """A fingerprint of everything in the report, for putting it on paper."""
        text = repr((self.day, self.members, list(self.rows), list(self.branches)))
        return hashlib.sha256(text.encode()).hexdigest()[:16]


def within(reader: Reader, branch_id: int | None) -> ColumnElement[bool]:
    """SQL: branches of the past below what the reader organizes today, or below one of those.

    Raises NotThere for a branch of somebody else.
    """
    if branch_id is not None:
        if not _is_organized(reader, branch_id):
            raise NotThere
        tops = [branch_id]
    elif reader.is_administrator:
        return true()
    else:
        # Not every branch below: one that came from elsewhere since was not below on that day.
        tops = [path[-1] for path in reader.organizes]
    return or_(false(), *(BranchPast.path.contains(f"/{top}/") for top in tops))


def _is_organized(reader: Reader, branch_id: int) -> bool:
    """Whether a branch is the reader's; one that was removed is whose it was at last."""
    session = db.session()
    path = session.scalar(select(Branch.path).where(Branch.id == branch_id)) or session.scalar(
        select(BranchPast.path)
        .where(BranchPast.branch_id == branch_id)
        .order_by(BranchPast.id.desc())
        .limit(1)
    )
    return path is not None and reader.may_organize(path_of(path))


def as_of(reader: Reader, day: date, zone: ZoneInfo, branch_id: int | None = None) -> PastReport:
    """What the members of that day had begun and done by its end, as it was then.

    Members stand in the branch they belonged to, under the names of that day. Raises NotThere,
    and TooManyRows above MOST_ROWS.
    """
    end = clock.day_bounds(day, zone)[1]
    people = db.session().execute(_people(end).where(within(reader, branch_id))).all()
    chosen = _belonged(end).where(within(reader, branch_id)).order_by(None)
    rows = _rows(people, chosen, end, zone, _titles(end), most=MOST_ROWS)
    return PastReport(
        day=day,
        members=len(people),
        rows=rows,
        branches=_branches([(row.member_id, row.branch_id) for row in people], rows, end),
        courses=_courses(rows),
    )


def rows_in_parts(
    reader: Reader, day: date, zone: ZoneInfo, branch_id: int | None = None
) -> Iterator[PastRow]:
    """The rows of `as_of`, as many as there are: read part by part while a file is sent.

    Raises NotThere.
    """
    end = clock.day_bounds(day, zone)[1]
    member_ids = list(db.session().scalars(_belonged(end).where(within(reader, branch_id))))
    return _in_parts(member_ids, end, zone, _titles(end))


def _in_parts(
    member_ids: Sequence[int], end: datetime, zone: ZoneInfo, titles: Mapping[int, str]
) -> Iterator[PastRow]:
    for part in parts(member_ids):
        with reading() as session:
            people = session.execute(_people(end).where(MemberPast.member_id.in_(part))).all()
            rows = _rows(people, part, end, zone, titles)
        yield from rows


def _belonged(end: datetime) -> Select[int]:
    """SQL: ids of who was active at a moment, by the branch and the name of then."""
    return (
        select(MemberPast.member_id)
        .join(BranchPast, and_(BranchPast.branch_id == MemberPast.branch_id, at(BranchPast, end)))
        .where(at(MemberPast, end), MemberPast.is_active)
        .order_by(BranchPast.path, MemberPast.name, MemberPast.member_id)
    )


def _people(end: datetime) -> Select[Any]:
    """SQL: the same with names and branches."""
    return _belonged(end).add_columns(
        MemberPast.name, BranchPast.branch_id, BranchPast.name.label("branch")
    )


def _titles(end: datetime) -> dict[int, str]:
    """What courses were called at a moment."""
    return dict(
        db.session()
        .execute(select(CoursePast.course_id, CoursePast.title).where(at(CoursePast, end)))
        .all()
    )


def _rows(
    people: Sequence[Row[Any]],
    chosen: Select[int] | Sequence[int],
    end: datetime,
    zone: ZoneInfo,
    titles: Mapping[int, str],
    *,
    most: int | None = None,
) -> list[PastRow]:
    """What people had begun and done, in their order; `chosen` are their ids."""
    session = db.session()
    facts = session.execute(
        select(
            CourseRow.member_id,
            CourseRow.course_id,
            CourseRow.started_at,
            # What was written down after the day (an essay is marked later) did not stand then.
            case((_known(CourseRow) < end, CourseRow.completed_at)),
        ).where(CourseRow.member_id.in_(chosen), CourseRow.started_at < end)
    ).all()
    if most is not None and len(facts) > most:
        raise TooManyRows(rows=len(facts))
    lessons: dict[tuple[int, int], int] = {
        (member, course): number
        for member, course, number in session.execute(
            select(LessonRow.member_id, LessonRow.course_id, func.count())
            .where(LessonRow.member_id.in_(chosen), LessonRow.completed_at < end)
            .group_by(LessonRow.member_id, LessonRow.course_id)
        )
    }
    # What counted as done on that day, also when it was taken back since.
    undone: dict[tuple[int, int], datetime] = {
        (member, course): done_at
        for member, course, done_at in session.execute(
            select(
                CompletionUndone.member_id,
                CompletionUndone.course_id,
                CompletionUndone.completed_at,
            ).where(
                CompletionUndone.member_id.in_(chosen),
                CompletionUndone.completed_at < end,
                _known(CompletionUndone) < end,
                CompletionUndone.undone_at >= end,
            )
        )
    }
    named = {row.member_id: (row.name, row.branch) for row in people}
    rows = [
        PastRow(
            member_id=member,
            member=named[member][0],
            branch=named[member][1],
            course_id=course,
            course=titles.get(course, ""),
            lessons_done=lessons.get((member, course), 0),
            begun_on=_day(min(begun, done or begun), zone),
            done_on=_day(done, zone) if done is not None and done < end else None,
        )
        for member, course, begun, at_last in facts
        if member in named
        for done in (undone.get((member, course), at_last),)
    ]
    order = {row.member_id: number for number, row in enumerate(people)}
    return sorted(rows, key=lambda row: (order[row.member_id], row.course, row.course_id))


def _known(of: type[CourseRow | CompletionUndone]) -> ColumnElement[datetime]:
    return func.coalesce(of.known_at, of.completed_at)


def _day(moment: datetime, zone: ZoneInfo) -> date:
    return moment.astimezone(zone).date()


def _branches(
    people: Sequence[tuple[int, int]], rows: Sequence[PastRow], end: datetime
) -> list[PastBranch]:
    """The branches that had members, in the order of the tree of that day."""
    done: dict[int, int] = {}
    for row in rows:
        if row.done_on is not None:
            done[row.member_id] = done.get(row.member_id, 0) + 1
    members: dict[int, list[int]] = {}
    for member, branch in people:
        members.setdefault(branch, []).append(member)
    tree = db.session().execute(
        select(BranchPast.branch_id, BranchPast.name, BranchPast.path).where(at(BranchPast, end))
    )
    shown = sorted(
        (path_of(path), branch, name) for branch, name, path in tree if branch in members
    )
    top = min((len(path) for path, _branch, _name in shown), default=0)
    return [
        PastBranch(
            name=name,
            depth=len(path) - top,
            members=len(members[branch]),
            learned=sum(member in done for member in members[branch]),
            done=sum(done.get(member, 0) for member in members[branch]),
        )
        for path, branch, name in shown
    ]


def _courses(rows: Sequence[PastRow]) -> list[PastCourse]:
    found: dict[int, PastCourse] = {}
    for row in rows:
        before = found.get(row.course_id, PastCourse(row.course_id, row.course, 0, 0))
        found[row.course_id] = PastCourse(
            row.course_id,
            row.course,
            before.begun + 1,
            before.done + (row.done_on is not None),
        )
    return sorted(found.values(), key=lambda one: (one.title, one.course_id))
