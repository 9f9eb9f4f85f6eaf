"""How learning goes over time, how members and courses cross, and who needs help."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from enum import StrEnum
from itertools import pairwise
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, and_, case, exists, func, or_, select

from app.core import clock
from app.core.db import db
from app.core.paging import Page, window
from app.courses.models import Course
from app.courses.queries import CourseCard, published_courses, title_here
from app.courses.rules import State
from app.learning.models import CourseProgress as CourseRow
from app.learning.models import LessonProgress as LessonRow
from app.learning.queries import CourseProgress, completion_table
from app.members.models import Branch, BranchPast, Member, MemberPast
from app.members.rules import Reader, path_of
from app.organisation.queries.assignments import overdue_by_members
from app.organisation.queries.past import within
from app.organisation.queries.tables import members_of
from app.organisation.rules import Step, begins_of

MATRIX_ROWS = 30
MATRIX_COLUMNS = 12
STALLED_DAYS = 14
HELP_SHOWN = 100


@dataclass(frozen=True)
class Period:
    """One week or month: what the members of then finished in it."""

    begins: date
    courses: int
    lessons: int
    learners: int  # members who finished at least one lesson


@dataclass(frozen=True)
class Trend:
    """Periods, the oldest first; the last one is not over yet."""

    periods: Sequence[Period]

    @property
    def top(self) -> int:
        return max((period.courses for period in self.periods), default=0)

    @property
    def now(self) -> Period:
        return self.periods[-1]

    @property
    def before(self) -> Period:
        """The last one that is over."""
        return self.periods[-2]


def trend(reader: Reader, step: Step, zone: ZoneInfo, branch_id: int | None = None) -> Trend:
    """What was finished, period by period, by those who belonged to the branch at that moment.

    Who has left since still counts for the past, and who came does not. Raises NotThere.
    """
    starts = begins_of(step, clock.today(zone))
    edges = [clock.day_bounds(start, zone)[0] for start in starts] + [clock.now() + timedelta(1)]
    scope = within(reader, branch_id)
    courses = _counted(CourseRow, edges, scope, distinct=False)
    lessons = _counted(LessonRow, edges, scope, distinct=False)
    learners = _counted(LessonRow, edges, scope, distinct=True)
    return Trend([Period(*each) for each in zip(starts, courses, lessons, learners, strict=True)])


def _counted(
    model: type[CourseRow | LessonRow],
    edges: Sequence[datetime],
    scope: ColumnElement[bool],
    *,
    distinct: bool,
) -> list[int]:
    """How many rows of a table were completed between each two edges; or how many members."""
    moment = model.completed_at
    columns: list[ColumnElement[int]] = []
    for begin, end in pairwise(edges):
        inside = and_(moment >= begin, moment < end)
        if distinct:
            columns.append(func.count(case((inside, model.member_id)).distinct()))
        else:
            columns.append(func.count().filter(inside))
    then = and_(
        MemberPast.member_id == model.member_id,
        MemberPast.since <= moment,
        or_(MemberPast.until.is_(None), MemberPast.until > moment),
    )
    place = and_(
        BranchPast.branch_id == MemberPast.branch_id,
        BranchPast.since <= moment,
        or_(BranchPast.until.is_(None), BranchPast.until > moment),
    )
    row = db.session().execute(
        select(*columns)
        .select_from(model)
        .join(MemberPast, then)
        .join(BranchPast, place)
        .where(moment >= edges[0], scope)
    )
    return [int(number or 0) for number in row.one()]


# --- members across courses -----------------------------------------------------------------------


@dataclass(frozen=True)
class MatrixRow:
    """One member with a cell per course; None: the course is not meant for this member."""

    member_id: int
    member: str
    branch: str
    cells: Sequence[CourseProgress | None]
    meant: Sequence[bool]

    @property
    def done(self) -> int:
        return sum(cell is not None and cell.completed_at is not None for cell in self.cells)


@dataclass(frozen=True)
class Matrix:
    """A page of members against a page of courses."""

    courses: Sequence[CourseCard]
    page: Page[MatrixRow]
    column: int  # which page of courses, from 1
    columns: int


def matrix(
    reader: Reader,
    *,
    branch_id: int | None = None,
    theme_id: int | None = None,
    page: int = 1,
    column: int = 1,
) -> Matrix:
    """Members by branch and name, published courses by title. Raises NotThere."""
    wanted = members_of(reader, branch_id)
    session = db.session()
    total = session.scalar(select(func.count()).select_from(wanted.subquery())) or 0
    offset, limit = window(page, MATRIX_ROWS)
    people = session.execute(
        select(Member.id, Member.name, Branch.name, Branch.path)
        .join(Branch, Branch.id == Member.branch_id)
        .where(Member.id.in_(wanted))
        .order_by(Branch.path, Member.sorted_name, Member.id)
        .offset(offset)
        .limit(limit)
    ).all()
    cards = published_courses(theme=theme_id)
    columns = max(1, -(-len(cards) // MATRIX_COLUMNS))
    column = min(max(1, column), columns)
    shown = cards[(column - 1) * MATRIX_COLUMNS : column * MATRIX_COLUMNS]
    known = completion_table([person[0] for person in people], [card.id for card in shown])
    rows = []
    for member_id, name, branch, path in people:
        places = path_of(path)
        rows.append(
            MatrixRow(
                member_id,
                name,
                branch,
                [known.get((member_id, card.id)) for card in shown],
                [card.audience is None or not card.audience.isdisjoint(places) for card in shown],
            )
        )
    return Matrix(shown, Page(rows, max(1, page), total, MATRIX_ROWS), column, columns)


# --- who needs help -------------------------------------------------------------------------------


class Why(StrEnum):
    """Why a member may need help."""

    OVERDUE = "overdue"
    STALLED = "stalled"  # stopped in the middle of a course
    NEVER = "never"  # has not begun anything


@dataclass
class Need:
    """One member who may need help, and everything that speaks for it."""

    member_id: int
    member: str
    branch: str
    overdue: list[str] = field(default_factory=list)  # titles
    stalled: list[tuple[str, datetime]] = field(default_factory=list)  # titles and when
    never_since: datetime | None = None

    @property
    def weight(self) -> int:
        return 3 * len(self.overdue) + len(self.stalled) + (self.never_since is not None)


def needs_help(reader: Reader, zone: ZoneInfo, branch_id: int | None = None) -> list[Need]:
    """Members who are overdue, who stopped in the middle, or who never began; the worst first."""
    members = members_of(reader, branch_id)
    session = db.session()
    found: dict[int, Need] = {}
    since = clock.now() - timedelta(days=STALLED_DAYS)
    done = exists().where(
        CourseRow.member_id == LessonRow.member_id,
        CourseRow.course_id == LessonRow.course_id,
        CourseRow.completed_at.is_not(None),
    )
    last = func.max(LessonRow.heard_at)
    for member_id, name, branch, title, heard in session.execute(
        select(Member.id, Member.name, Branch.name, title_here(Course), last)
        .join(LessonRow, LessonRow.member_id == Member.id)
        .join(Course, Course.id == LessonRow.course_id)
        .join(Branch, Branch.id == Member.branch_id)
        .where(Member.id.in_(members), Course.state == State.PUBLISHED, ~done)
        .group_by(Member.id, Member.name, Branch.name, Course.id, Course.title)
        .having(last < since)
        .order_by(last)
        .limit(10 * HELP_SHOWN)
    ):
        need = found.setdefault(member_id, Need(member_id, name, branch))
        need.stalled.append((title, heard))
    for member_id, name, branch, joined in session.execute(
        select(Member.id, Member.name, Branch.name, Member.created_at)
        .join(Branch, Branch.id == Member.branch_id)
        .where(
            Member.id.in_(members),
            Member.created_at < since,
            ~exists().where(LessonRow.member_id == Member.id),
        )
        .order_by(Member.created_at)
        .limit(HELP_SHOWN)
    ):
        need = found.setdefault(member_id, Need(member_id, name, branch))
        need.never_since = joined
    worst: list[Need] = []
    for part in overdue_by_members(reader, zone, branch_id):
        late: dict[int, Need] = {}
        for one in part:
            who = one.member_id
            if who not in late:
                late[who] = found.pop(who) if who in found else Need(who, one.member, one.branch)
            late[who].overdue.append(one.wish.title)
        worst = _worst([*worst, *late.values()])
    return _worst([*worst, *found.values()])


def _worst(needs: Iterable[Need]) -> list[Need]:
    return sorted(needs, key=lambda n: (-n.weight, n.branch, n.member))[:HELP_SHOWN]
