"""Reads for organizers: what branches and members have done. Only what the reader may organize."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Select, false, func, or_, select, true

from app.core.db import db, reading
from app.core.paging import Page, window
from app.core.refusals import NotThere
from app.courses.queries import CourseCard, DeskTheme, all_themes, published_courses
from app.learning.models import CourseProgress as CourseRow
from app.learning.queries import CourseProgress, Flag, completion_table, flags
from app.learning.rules import CourseState
from app.members.models import Branch, Member
from app.members.queries import Person, branches, people_for, person_for
from app.members.rules import Reader, path_text
from app.organisation.rules import MOST_ROWS, Counts, TooManyRows, percent, rolled_up
from app.points.models import Entry
from app.points.queries import totals
from app.points.rules import SPENDING

ROWS_PER_PAGE = 50
MEMBERS_AT_ONCE = 500  # of a file
FLAGS_SHOWN = 10


@dataclass(frozen=True)
class BranchLine:
    """One branch that the reader organizes, with all below it; `depth` counts from the top one."""

    id: int
    name: str
    depth: int
    counts: Counts


@dataclass(frozen=True)
class Desk:
    """All branches of an organizer, and what they add up to."""

    total: Counts
    lines: Sequence[BranchLine]


@dataclass(frozen=True)
class Cell:
    """How far one member is in one course; percent 0 and no dates when it was never opened."""

    member_id: int
    member: str
    username: str
    branch: str
    course: CourseCard
    progress: CourseProgress | None

    @property
    def percent(self) -> int:
        return self.progress.percent if self.progress else 0

    @property
    def state(self) -> CourseState:
        return self.progress.state if self.progress else CourseState.NEW

    @property
    def completed_at(self) -> datetime | None:
        return self.progress.completed_at if self.progress else None

    @property
    def heard_at(self) -> datetime | None:
        return self.progress.heard_at if self.progress else None


@dataclass(frozen=True)
class CourseLine:
    """One course of a completion table: for how many members it is, and how far they are."""

    course: CourseCard
    states: dict[CourseState, int]

    @property
    def members(self) -> int:
        return sum(self.states.values())

    @property
    def done(self) -> int:
        return self.states[CourseState.DONE]

    @property
    def done_percent(self) -> int:
        return percent(self.done, self.members)

    @property
    def fresh(self) -> int:
        """How many have not begun."""
        return self.states[CourseState.NEW]


@dataclass(frozen=True)
class Completion:
    """A completion table: the rows that were asked for, and each course with all its members."""

    cells: Sequence[Cell]
    courses: Sequence[CourseLine]

    @property
    def states(self) -> dict[CourseState, int]:
        """How many rows there are per state, whichever state was asked for."""
        return {state: sum(line.states[state] for line in self.courses) for state in CourseState}

    @property
    def all(self) -> int:
        return sum(self.states.values())

    def page(self, number: int) -> Page[Cell]:
        offset, limit = window(number, ROWS_PER_PAGE)
        rows = self.cells[offset : offset + limit]
        return Page(rows, max(1, number), len(self.cells), ROWS_PER_PAGE)


@dataclass(frozen=True)
class MemberLine:
    """One member in the list of an organizer."""

    person: Person
    done: int  # courses
    points: int
    last_seen: datetime | None  # of the last entry in the ledger


def organized(reader: Reader, branch_id: int | None = None) -> ColumnElement[bool]:
    """SQL: branches that the reader organizes, or one of them with all below.

    Raises NotThere for a branch that is somebody else's.
    """
    if branch_id is not None:
        top = db.session().get(Branch, branch_id)
        if top is None or not reader.may_organize(top.path_ids):
            raise NotThere
        return Branch.path.startswith(top.path)
    if reader.is_administrator:
        return true()
    return or_(false(), *(Branch.path.startswith(path_text(top)) for top in reader.organizes))


def members_of(reader: Reader, branch_id: int | None = None) -> Select[int]:
    """The ids of active members in what the reader organizes, as a select."""
    return (
        select(Member.id)
        .join(Branch, Branch.id == Member.branch_id)
        .where(Member.is_active, organized(reader, branch_id))
    )


def desk(reader: Reader, week: datetime) -> Desk:
    """Every branch that the reader organizes, in the order of the tree; `week` is its begin."""
    mine = [branch for branch in branches() if reader.may_organize(branch.path_ids)]
    own = _own_counts(organized(reader), week)
    below = rolled_up(own, [branch.path_ids for branch in mine])
    tops = {branch.id: len(branch.path_ids) for branch in mine}
    lines = []
    for branch in mine:
        first = next(i for i in branch.path_ids if i in tops)
        depth = len(branch.path_ids) - tops[first]
        lines.append(BranchLine(branch.id, branch.name, depth, below[branch.id]))
    return Desk(sum(own.values(), Counts()), lines)


def _own_counts(mine: ColumnElement[bool], week: datetime) -> dict[int, Counts]:
    """Counts by branch, of its own active members only."""
    session = db.session()
    people = (
        select(Member.branch_id, func.count())
        .join(Branch, Branch.id == Member.branch_id)
        .where(Member.is_active, mine)
        .group_by(Member.branch_id)
    )
    earned = (
        select(
            Member.branch_id,
            func.count(Entry.member_id.distinct()),
            func.coalesce(func.sum(Entry.amount), 0),
        )
        .join(Entry, Entry.member_id == Member.id)
        .join(Branch, Branch.id == Member.branch_id)
        .where(Member.is_active, mine, Entry.occurred_at >= week)
        .where(Entry.reason.not_in(SPENDING))
        .group_by(Member.branch_id)
    )
    done = (
        select(
            Member.branch_id,
            func.count(),
            func.count().filter(CourseRow.completed_at >= week),
        )
        .join(CourseRow, CourseRow.member_id == Member.id)
        .join(Branch, Branch.id == Member.branch_id)
        .where(Member.is_active, mine, CourseRow.completed_at.is_not(None))
        .group_by(Member.branch_id)
    )
    found: dict[int, Counts] = {}
    for branch_id, number in session.execute(people):
        found[branch_id] = Counts(members=number)
    for branch_id, active, points in session.execute(earned):
        found[branch_id] += Counts(active=active, points_week=int(points))
    for branch_id, all_time, this_week in session.execute(done):
        found[branch_id] += Counts(done=all_time, done_week=this_week)
    return found


def suspicious(reader: Reader) -> list[Flag]:
    """Visits that claimed to have watched faster than time passes, the newest first."""
    return flags(members_of(reader), limit=FLAGS_SHOWN)


def themes() -> list[DeskTheme]:
    """Themes to choose from."""
    return all_themes()


def courses_in(theme_id: int | None) -> list[CourseCard]:
    """Published courses to choose from, by title."""
    return published_courses(theme=theme_id)


def completion(
    reader: Reader,
    *,
    branch_id: int | None = None,
    theme_id: int | None = None,
    course_id: int | None = None,
    state: CourseState | None = None,
) -> Completion:
    """How far members are in the courses that are meant for them, by course and then by name.

    A member who has begun a course that is no longer for their branch stays in. Raises NotThere
    for a branch of somebody else, and TooManyRows above MOST_ROWS.
    """
    courses = [card for card in courses_in(theme_id) if course_id is None or card.id == course_id]
    wanted = members_of(reader, branch_id)
    people = db.session().execute(
        select(Member.id, Member.name, Member.username, Branch.name, Branch.path)
        .join(Branch, Branch.id == Member.branch_id)
        .where(Member.id.in_(wanted))
        .order_by(Branch.path, Member.sorted_name, Member.id)
    )
    rows = [(*row[:4], frozenset(int(i) for i in row[4].split("/") if i)) for row in people]
    if len(rows) * len(courses) > MOST_ROWS:
        raise TooManyRows(rows=len(rows) * len(courses))
    known = completion_table(wanted, [card.id for card in courses])
    cells: list[Cell] = []
    lines: list[CourseLine] = []
    for card in courses:
        states = dict.fromkeys(CourseState, 0)
        for member_id, name, username, branch, path in rows:
            progress = known.get((member_id, card.id))
            meant = card.audience is None or not card.audience.isdisjoint(path)
            if progress is None and not meant:
                continue
            cell = Cell(member_id, name, username, branch, card, progress)
            states[cell.state] += 1
            if state is None or cell.state is state:
                cells.append(cell)
        lines.append(CourseLine(card, states))
    return Completion(cells, lines)


def completion_in_parts(
    reader: Reader,
    *,
    branch_id: int | None = None,
    theme_id: int | None = None,
    course_id: int | None = None,
    state: CourseState | None = None,
) -> Iterator[Cell]:
    """The rows of `completion`, as many as there are, read part by part while a file is sent.

    Raises NotThere for a branch of somebody else.
    """
    courses = [card for card in courses_in(theme_id) if course_id is None or card.id == course_id]
    return _cells_in_parts(courses, ids_by_name(reader, branch_id), state)


def ids_by_name(reader: Reader, branch_id: int | None = None) -> list[int]:
    """The ids of `members_of`, by branch and name. Raises NotThere."""
    return list(
        db.session().scalars(
            select(Member.id)
            .join(Branch, Branch.id == Member.branch_id)
            .where(Member.id.in_(members_of(reader, branch_id)))
            .order_by(Branch.path, Member.sorted_name, Member.id)
        )
    )


def parts(ids: Sequence[int]) -> Iterator[Sequence[int]]:
    """Members of whom a file reads at once."""
    return (ids[at : at + MEMBERS_AT_ONCE] for at in range(0, len(ids), MEMBERS_AT_ONCE))


def _cells_in_parts(
    courses: Sequence[CourseCard], member_ids: Sequence[int], state: CourseState | None
) -> Iterator[Cell]:
    for card in courses:
        for part in parts(member_ids):
            with reading() as session:
                people = session.execute(
                    select(Member.id, Member.name, Member.username, Branch.name, Branch.path)
                    .join(Branch, Branch.id == Member.branch_id)
                    .where(Member.id.in_(part))
                    .order_by(Branch.path, Member.sorted_name, Member.id)
                ).all()
                known = completion_table(part, [card.id])
            for member_id, name, username, branch, path in people:
                progress = known.get((member_id, card.id))
                above = (int(i) for i in path.split("/") if i)
                meant = card.audience is None or not card.audience.isdisjoint(above)
                cell = Cell(member_id, name, username, branch, card, progress)
                if (progress is not None or meant) and (state is None or cell.state is state):
                    yield cell


def member_page(
    reader: Reader, *, text: str = "", branch_id: int | None = None, page: int = 1
) -> Page[MemberLine]:
    """The members that the reader organizes, by name, with what they have done."""
    if branch_id is not None:
        organized(reader, branch_id)  # raises NotThere
    found = people_for(reader, text=text, branch_id=branch_id, page=page)
    ids = [person.id for person in found.rows]
    session = db.session()
    done: dict[int, int] = dict(
        session.execute(
            select(CourseRow.member_id, func.count())
            .where(CourseRow.member_id.in_(ids), CourseRow.completed_at.is_not(None))
            .group_by(CourseRow.member_id)
        ).all()
    )
    seen: dict[int, datetime] = dict(
        session.execute(
            select(Entry.member_id, func.max(Entry.recorded_at))
            .where(Entry.member_id.in_(ids), Entry.author_id.is_(None))
            .group_by(Entry.member_id)
        ).all()
    )
    points = totals(ids)
    return Page(
        [MemberLine(p, done.get(p.id, 0), points.get(p.id, 0), seen.get(p.id)) for p in found.rows],
        found.number,
        found.total,
        found.size,
    )


def member_for(reader: Reader, member_id: int) -> Person:
    """A member that the reader organizes. Raises NotThere."""
    return person_for(reader, member_id)


def courses_of(person: Person) -> list[Cell]:
    """The courses meant for a member, and those begun, the furthest first."""
    cards = published_courses()
    known = completion_table([person.id], [card.id for card in cards])
    cells = [
        Cell(
            person.id,
            person.name,
            person.username,
            person.branch_name,
            card,
            known.get((person.id, card.id)),
        )
        for card in cards
        if (person.id, card.id) in known
        or card.audience is None
        or not card.audience.isdisjoint(person.branch_path)
    ]
    return sorted(cells, key=lambda cell: -cell.percent)


def flags_of(member_id: int) -> list[Flag]:
    """Flagged visits of one member."""
    return flags([member_id], limit=FLAGS_SHOWN)
