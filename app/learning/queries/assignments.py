"""What has to be done by when: of one member, of a branch, and who is behind."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, Select, func, or_, select

from app.core import clock
from app.core.db import db
from app.courses.models import Course, Theme
from app.courses.queries import CourseCard, Words, title_here, words_in
from app.courses.queries.cards import card_rows, cards_of
from app.courses.rules import State
from app.courses.rules.titles import said
from app.learning.models import Assignment, LearningPath, PathStep, Relief
from app.learning.models import CourseProgress as CourseRow
from app.learning.queries.paths import path_courses
from app.learning.queries.progress import chosen, parts
from app.learning.rules import Duty, asked, duty, reminder
from app.members.models import Branch, Member
from app.members.rules import Reader, path_of


@dataclass(frozen=True)
class Wish:
    """One assignment as it stands."""

    id: int
    title: str  # of the course, the theme or the learning path
    course_id: int | None
    theme_id: int | None
    path_id: int | None
    branch_id: int
    branch_name: str
    branch_path: tuple[int, ...]
    due_on: date
    note: str
    author: str
    created_at: datetime
    own_title: str = ""
    titles: Mapping[str, Mapping[str, str]] = field(default_factory=dict, compare=False)

    def title_in(self, language: str) -> str:
        """What it is called in a language; see courses.rules.titles."""
        return said(self.own_title, "title", self.titles, language)


@dataclass(frozen=True)
class Case:
    """How one member stands with one assignment; `due_on` is this member's last day."""

    wish: Wish
    member_id: int
    member: str
    branch: str
    due_on: date
    duty: Duty
    courses: tuple[int, ...]
    done: int
    done_on: date | None
    reason: str  # of an exemption, or of another day
    days_left: int  # negative when it is over

    @property
    def total(self) -> int:
        return len(self.courses)

    @property
    def is_made_up(self) -> bool:
        """Whether this member has another last day than the others."""
        return self.due_on != self.wish.due_on

    @property
    def reminder(self) -> int | None:
        return reminder(self.days_left) if self.duty is Duty.DUE else None


@dataclass(frozen=True)
class ToDo:
    """What a member has to do, with the course to go on with."""

    case: Case
    course: CourseCard


def wishes(where: ColumnElement[bool]) -> list[Wish]:
    """Assignments that are not withdrawn, the nearest day first."""
    author = select(Member.name).where(Member.id == Assignment.author_id).scalar_subquery()
    rows = db.session().execute(
        select(
            *(Assignment, Branch.name, Branch.path, author),
            func.coalesce(Course.title, Theme.title, LearningPath.title, ""),
            func.coalesce(Course.titles, Theme.titles, LearningPath.titles),
        )
        .join(Branch, Branch.id == Assignment.branch_id)
        .outerjoin(Course, Course.id == Assignment.course_id)
        .outerjoin(Theme, Theme.id == Assignment.theme_id)
        .outerjoin(LearningPath, LearningPath.id == Assignment.path_id)
        .where(Assignment.withdrawn_at.is_(None), where)
        .order_by(Assignment.due_on, Assignment.id)
    )
    return [
        Wish(
            id=row.id,
            title=words_in(Words(own), titles or {}).title,
            own_title=own,
            titles=titles or {},
            course_id=row.course_id,
            theme_id=row.theme_id,
            path_id=row.path_id,
            branch_id=row.branch_id,
            branch_name=branch,
            branch_path=path_of(place),
            due_on=row.due_on,
            note=row.note,
            author=name or "",
            created_at=row.created_at,
        )
        for row, branch, place, name, own, titles in rows
    ]


def for_branches(branch_ids: Iterable[int]) -> ColumnElement[bool]:
    """SQL: assignments of one of these branches itself."""
    return Assignment.branch_id.in_(list(branch_ids))


def wish_by_id(assignment_id: int) -> Wish | None:
    """One assignment that is not withdrawn."""
    found = wishes(Assignment.id == assignment_id)
    return found[0] if found else None


def cases(
    wanted: Sequence[Wish], members: Select[int] | Sequence[int], zone: ZoneInfo
) -> list[Case]:
    """How these members stand with assignments, in their order and then by branch and name.

    Whoever joined after the last day is not asked; nor is anybody asked for a course that is not
    published, or not for them. The number of queries does not grow with the members.
    """
    if not wanted:
        return []
    today = clock.today(zone)
    steps = path_courses((w.path_id for w in wanted if w.path_id is not None), published_only=True)
    offered = _offered(wanted, steps)
    people, done, granted = _facts(wanted, members, offered, zone)
    found: list[Case] = []
    for wish in wanted:
        cards = _asked_by(wish, offered, steps)
        for member_id, name, branch, path, joined_at in people:
            if wish.branch_id not in path or joined_at.astimezone(zone).date() > wish.due_on:
                continue
            what = asked(
                (c.id for c in cards if c.audience is None or not c.audience.isdisjoint(path)),
                done.get(member_id, {}),
            )
            if not what.courses:
                continue
            relief = granted.get((wish.id, member_id))
            due_on = relief.due_on if relief and relief.due_on else wish.due_on
            found.append(
                Case(
                    wish=wish,
                    member_id=member_id,
                    member=name,
                    branch=branch,
                    due_on=due_on,
                    duty=duty(
                        due_on=due_on,
                        done_on=what.done_on,
                        exempt=relief is not None and relief.due_on is None,
                        today=today,
                    ),
                    courses=what.courses,
                    done=what.done,
                    done_on=what.done_on,
                    reason=relief.reason if relief else "",
                    days_left=(due_on - today).days,
                )
            )
    return found


def _asked_by(
    wish: Wish, offered: Sequence[CourseCard], steps: Mapping[int, Sequence[int]]
) -> list[CourseCard]:
    """The courses that one assignment asks for: those of a path in its order."""
    if wish.path_id is not None:
        order = steps.get(wish.path_id, ())
        found = [card for card in offered if card.id in order]
        return sorted(found, key=lambda card: order.index(card.id))
    return [c for c in offered if c.id == wish.course_id or c.theme_id == wish.theme_id]


def _offered(wanted: Sequence[Wish], steps: Mapping[int, Sequence[int]]) -> list[CourseCard]:
    """The published courses that are asked for, by title."""
    named = {w.course_id for w in wanted if w.course_id is not None}
    named |= {course for courses in steps.values() for course in courses}
    return cards_of(
        card_rows()
        .where(
            Course.state == State.PUBLISHED,
            or_(
                Course.id.in_(named),
                Course.theme_id.in_([w.theme_id for w in wanted if w.theme_id is not None]),
            ),
        )
        .order_by(title_here(Course), Course.id)
    )


def _facts(
    wanted: Sequence[Wish],
    members: Select[int] | Sequence[int],
    offered: Sequence[CourseCard],
    zone: ZoneInfo,
) -> tuple[list[Any], dict[int, dict[int, date]], dict[tuple[int, int], Relief]]:
    """The members with their branches, when they did which course, and what was granted to whom."""
    session = db.session()
    people: list[Any] = []
    done: dict[int, dict[int, date]] = {}
    granted: dict[tuple[int, int], Relief] = {}
    for who in chosen(members):
        people += [
            (row[0], row[1], row[2], path_of(row[3]), row[4])
            for row in session.execute(
                select(Member.id, Member.name, Branch.name, Branch.path, Member.created_at)
                .join(Branch, Branch.id == Member.branch_id)
                .where(Member.id.in_(who))
                .order_by(Branch.path, Member.sorted_name, Member.id)
            )
        ]
        for part in parts([card.id for card in offered]):
            for member, course, at in session.execute(
                select(CourseRow.member_id, CourseRow.course_id, CourseRow.completed_at).where(
                    CourseRow.course_id.in_(part),
                    CourseRow.member_id.in_(who),
                    CourseRow.completed_at.is_not(None),
                )
            ):
                if at is not None:
                    done.setdefault(member, {})[course] = at.astimezone(zone).date()
        for relief in session.scalars(
            select(Relief).where(
                Relief.assignment_id.in_([w.id for w in wanted]),
                Relief.member_id.in_(who),
                Relief.ended_at.is_(None),
            )
        ):
            granted[relief.assignment_id, relief.member_id] = relief
    return people, done, granted


def to_do_for(reader: Reader, zone: ZoneInfo) -> list[ToDo]:
    """What a reader has to do, the most pressing first; what is done or exempt is left out."""
    wanted = wishes(for_branches(reader.branch_path))
    open_cases = [case for case in cases(wanted, [reader.id], zone) if case.duty.is_open]
    if not open_cases:
        return []
    session = db.session()
    ids = {course for case in open_cases for course in case.courses}
    finished = set(
        session.scalars(
            select(CourseRow.course_id).where(
                CourseRow.member_id == reader.id,
                CourseRow.course_id.in_(ids),
                CourseRow.completed_at.is_not(None),
            )
        )
    )
    cards = {c.id: c for c in cards_of(card_rows().where(Course.id.in_(ids - finished)))}
    found: list[ToDo] = []
    shown: set[int] = set()
    for case in sorted(open_cases, key=lambda case: (case.due_on, case.wish.id)):
        course = next((c for c in case.courses if c in cards), None)
        # The same course asked for twice is one thing to do, by the earlier day.
        if course is None or (case.total == 1 and course in shown):
            continue
        shown.add(course)
        found.append(ToDo(case, cards[course]))
    return found


def case_of(reader: Reader, course_id: int, zone: ZoneInfo) -> Case | None:
    """The most pressing assignment that asks this reader for a course; None when there is none."""
    theme = select(Course.theme_id).where(Course.id == course_id).scalar_subquery()
    paths = select(PathStep.path_id).where(PathStep.course_id == course_id)
    wanted = wishes(
        for_branches(reader.branch_path)
        & or_(
            Assignment.course_id == course_id,
            Assignment.theme_id == theme,
            Assignment.path_id.in_(paths),
        )
    )
    found = [c for c in cases(wanted, [reader.id], zone) if course_id in c.courses]
    return min(found, key=lambda c: (not c.duty.is_open, c.due_on), default=None)
