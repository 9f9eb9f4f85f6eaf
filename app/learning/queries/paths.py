"""Learning paths: as their members see them, and as those who make them do."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, exists, func, select

from app.core.db import db
from app.core.refusals import NotThere
from app.courses.models import Course
from app.courses.queries import CourseCard, Words, cards, cards_for, seen_by, title_here, words_in
from app.courses.rules import State
from app.learning.models import CourseProgress as CourseRow
from app.learning.models import LearningPath, PathDone, PathStep
from app.learning.queries.progress import CourseProgress, course_progress_for
from app.learning.rules import PathState
from app.members.models import Branch, Member
from app.members.queries import branch_ids_below
from app.members.rules import Reader, path_of


@dataclass(frozen=True)
class Step:
    """One course of a path, and how far the reader is in it."""

    course: CourseCard
    progress: CourseProgress

    @property
    def is_done(self) -> bool:
        return self.progress.completed_at is not None


@dataclass(frozen=True)
class PathView:
    """A path as a member sees it: only the courses that the member may see."""

    id: int
    title: str
    summary: str
    steps: Sequence[Step]
    done_at: datetime | None

    @property
    def done(self) -> int:
        return sum(step.is_done for step in self.steps)

    @property
    def next(self) -> Step | None:
        """Where to go on; None when everything is done."""
        return next((step for step in self.steps if not step.is_done), None)

    @property
    def length_ms(self) -> int:
        return sum(step.course.length_ms for step in self.steps)


@dataclass(frozen=True)
class DeskPath:
    """A path as those who make it see it."""

    id: int
    title: str
    own_title: str  # as they edit it
    own_summary: str
    titles: Mapping[str, Mapping[str, str]]  # see courses.rules.titles
    state: PathState
    branch_id: int
    branch: str
    branch_path: tuple[int, ...]
    author_id: int
    author: str
    changed_at: datetime
    courses: Sequence[CourseCard]
    meant: int  # active members of the branch and below
    begun: int  # of those: at least one of its courses
    done: int

    @property
    def is_published(self) -> bool:
        return self.state is PathState.PUBLISHED


def path_courses(path_ids: Iterable[int], *, published_only: bool = False) -> dict[int, list[int]]:
    """The ids of the courses of paths, in order, by path id."""
    wanted = (
        select(PathStep.path_id, PathStep.course_id)
        .where(PathStep.path_id.in_(list(path_ids)))
        .order_by(PathStep.path_id, PathStep.position, PathStep.course_id)
    )
    if published_only:
        published = select(LearningPath.id).where(LearningPath.state == PathState.PUBLISHED)
        wanted = wanted.where(PathStep.path_id.in_(published))
    found: dict[int, list[int]] = {}
    for path_id, course_id in db.session().execute(wanted):
        found.setdefault(path_id, []).append(course_id)
    return found


def path_readers(branch_id: int, course_ids: Iterable[int]) -> frozenset[int]:
    """The branches (each with all below it) whose members see a path of a branch: those who may see
    one of its courses at least."""
    shown = [card for card in cards(course_ids).values() if card.state == State.PUBLISHED]
    above = frozenset(path_of(db.session().get_one(Branch, branch_id).path))
    some: frozenset[int] = frozenset()
    for card in shown:
        if card.audience is None or card.audience & above:
            return frozenset((branch_id,))
        some |= card.audience
    return some & frozenset(branch_ids_below(branch_id))


def _meant_for(reader: Reader) -> ColumnElement[bool]:
    return (LearningPath.state == PathState.PUBLISHED) & LearningPath.branch_id.in_(
        reader.branch_path
    )


def has_paths(reader: Reader) -> bool:
    """Whether there is any path for this reader."""
    return bool(
        db.session().scalar(
            select(
                exists().where(
                    _meant_for(reader),
                    PathStep.path_id == LearningPath.id,
                    Course.id == PathStep.course_id,
                    seen_by(reader),
                )
            )
        )
    )


def paths_for(reader: Reader) -> list[PathView]:
    """The published paths of the reader's branch and those above it; what is open comes first."""
    found = _views(reader, _meant_for(reader))
    return sorted(found, key=lambda path: (path.next is None, not path.done, path.title, path.id))


def path_for(reader: Reader, path_id: int) -> PathView:
    """One of them; administrators see those of every branch. Raises NotThere."""
    published = LearningPath.state == PathState.PUBLISHED
    whose = published if reader.is_administrator else _meant_for(reader)
    found = _views(reader, whose & (LearningPath.id == path_id))
    if not found:
        raise NotThere
    return found[0]


def _views(reader: Reader, where: ColumnElement[bool]) -> list[PathView]:
    session = db.session()
    rows = session.execute(
        select(LearningPath, PathDone.done_at)
        .outerjoin(
            PathDone, (PathDone.path_id == LearningPath.id) & (PathDone.member_id == reader.id)
        )
        .where(where)
    ).all()
    order = path_courses(row.id for row, _done in rows)
    ids = {course for courses in order.values() for course in courses}
    shown = cards_for(reader, ids)
    progress = course_progress_for(reader.id, shown)
    views = [
        PathView(
            id=row.id,
            title=_words(row).title,
            summary=_words(row).text,
            steps=[Step(shown[c], progress[c]) for c in order.get(row.id, ()) if c in shown],
            done_at=done_at,
        )
        for row, done_at in rows
    ]
    return [view for view in views if view.steps]


def _words(row: LearningPath) -> Words:
    return words_in(Words(row.title, row.summary), row.titles)


def published_paths() -> list[tuple[int, str, tuple[int, ...]]]:
    """Ids, titles and the branches (as paths) of all published paths, by title."""
    return [
        (path_id, title, path_of(branch))
        for path_id, title, branch in db.session().execute(
            select(LearningPath.id, title_here(LearningPath), Branch.path)
            .join(Branch, Branch.id == LearningPath.branch_id)
            .where(LearningPath.state == PathState.PUBLISHED)
            .order_by(title_here(LearningPath), LearningPath.id)
        )
    ]


# --- the desk -------------------------------------------------------------------------------------


def desk_paths(reader: Reader) -> list[DeskPath]:
    """The paths that the reader may change, the last changed first."""
    rows = db.session().execute(_desk_rows().order_by(LearningPath.changed_at.desc())).all()
    mine = [row for row in rows if _may_change(reader, row)]
    return [_desk_path(row) for row in mine]


def own_path(reader: Reader, path_id: int) -> DeskPath:
    """A path that the reader may change. Raises NotThere."""
    row = db.session().execute(_desk_rows().where(LearningPath.id == path_id)).one_or_none()
    if row is None or not _may_change(reader, row):
        raise NotThere
    return _desk_path(row)


def _desk_rows() -> Select[LearningPath, str, str, str]:
    return (
        select(
            LearningPath,
            Branch.name.label("branch"),
            Branch.path.label("branch_path"),
            Member.name.label("author"),
        )
        .join(Branch, Branch.id == LearningPath.branch_id)
        .join(Member, Member.id == LearningPath.author_id)
    )


def _may_change(reader: Reader, row: Any) -> bool:
    """Who made it, and the organizers of its branch."""
    mine = row.LearningPath.author_id == reader.id
    return mine or reader.may_organize(path_of(row.branch_path))


def _desk_path(row: Any) -> DeskPath:
    path = row.LearningPath
    order = path_courses([path.id]).get(path.id, [])
    known = cards(order)
    session = db.session()
    people = (
        select(Member.id)
        .join(Branch, Branch.id == Member.branch_id)
        .where(Branch.path.startswith(row.branch_path, autoescape=True), Member.is_active)
    )
    counted = session.execute(
        select(
            select(func.count()).select_from(people.subquery()).scalar_subquery(),
            select(func.count(func.distinct(CourseRow.member_id)))
            .where(CourseRow.course_id.in_(order), CourseRow.member_id.in_(people))
            .scalar_subquery(),
            select(func.count())
            .where(PathDone.path_id == path.id, PathDone.member_id.in_(people))
            .scalar_subquery(),
        )
    ).one()
    return DeskPath(
        id=path.id,
        title=_words(path).title,
        own_title=path.title,
        own_summary=path.summary,
        titles=path.titles,
        state=PathState(path.state),
        branch_id=path.branch_id,
        branch=row.branch,
        branch_path=path_of(row.branch_path),
        author_id=path.author_id,
        author=row.author,
        changed_at=path.changed_at,
        courses=[known[course] for course in order if course in known],
        meant=counted[0] or 0,
        begun=counted[1] or 0,
        done=counted[2] or 0,
    )


def open_steps(reader: Reader, path_id: int) -> bool:
    """Whether a course of the path that the reader may see is not done yet, or there is none."""
    done = exists().where(
        CourseRow.course_id == Course.id,
        CourseRow.member_id == reader.id,
        CourseRow.completed_at.is_not(None),
    )
    seen = (
        select(func.count(), func.count().filter(~done))
        .select_from(Course)
        .join(PathStep, PathStep.course_id == Course.id)
        .where(PathStep.path_id == path_id, seen_by(reader))
    )
    there, left = db.session().execute(seen).one()
    return there == 0 or left > 0


def paths_with(course_id: int, branch_path: Sequence[int]) -> list[tuple[int, str]]:
    """Published paths with a course, for a branch or those above it: ids and titles."""
    rows = db.session().execute(
        select(LearningPath.id, title_here(LearningPath))
        .join(PathStep, PathStep.path_id == LearningPath.id)
        .where(
            PathStep.course_id == course_id,
            LearningPath.state == PathState.PUBLISHED,
            LearningPath.branch_id.in_(list(branch_path)),
        )
        .order_by(title_here(LearningPath), LearningPath.id)
    )
    return [(path_id, title) for path_id, title in rows]


def may_be_done(path_id: int) -> list[int]:
    """Ids of active members who have done a course of a path and are not noted as done: those
    whom it is worth to look at."""
    session = db.session()
    done = (
        select(CourseRow.member_id)
        .join(PathStep, PathStep.course_id == CourseRow.course_id)
        .join(Course, Course.id == CourseRow.course_id)
        .where(
            PathStep.path_id == path_id,
            CourseRow.completed_at.is_not(None),
            Course.state == State.PUBLISHED,
        )
        .distinct()
    )
    noted = select(PathDone.member_id).where(PathDone.path_id == path_id)
    return list(
        session.scalars(
            select(Member.id).where(Member.is_active, Member.id.in_(done), Member.id.not_in(noted))
        )
    )
