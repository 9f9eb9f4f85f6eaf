"""Two periods side by side, for the branches right below one and all that is below each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from sqlalchemy import and_, case, func, or_, select

from app.core import clock
from app.core.db import db
from app.learning.models import CourseProgress as CourseRow
from app.learning.models import LessonProgress as LessonRow
from app.members.models import BranchPast, MemberPast
from app.members.queries import branches
from app.members.rules import Reader, path_of
from app.organisation.queries.past import within
from app.organisation.rules import Step, begins_of

SHOWN = 200  # branches


@dataclass(frozen=True)
class Figures:
    """What the members of then finished in one period."""

    courses: int = 0
    learners: int = 0


class Counted(NamedTuple):
    """How many in both periods, of those who belonged to one branch (by its path of then)."""

    path: tuple[int, ...]
    one: int
    other: int


@dataclass(frozen=True)
class BranchChange:
    """One branch with all below it, in both periods."""

    branch_id: int
    name: str
    is_itself: bool  # the branch asked for, without those below
    one: Figures
    other: Figures


def period_of(begin: date, starts: Sequence[date], today: date) -> tuple[date, date]:
    """The first day of a period, and of the one after it; the last one ends today."""
    place = starts.index(begin)
    following = (
        starts[place + 1] if place + 1 < len(starts) else date.fromordinal(today.toordinal() + 1)
    )
    return begin, following


def comparison(
    reader: Reader,
    step: Step,
    zone: ZoneInfo,
    *,
    one: date,
    other: date,
    branch_id: int | None = None,
) -> list[BranchChange]:
    """Both periods by branch, in the order of the tree; `one` and `other` are first days of two of
    the periods of a trend. Raises NotThere for a branch of somebody else."""
    today = clock.today(zone)
    starts = begins_of(step, today)
    spans = []
    for begin in (one, other):
        first, following = period_of(begin, starts, today)
        spans.append((clock.day_bounds(first, zone)[0], clock.day_bounds(following, zone)[0]))
    scope = within(reader, branch_id)
    courses = _by_path(CourseRow, spans, scope, learners=False)
    learners = _by_path(LessonRow, spans, scope, learners=True)
    found = []
    for branch, is_itself in _lines(reader, branch_id):
        done = _sum(courses, branch.id, alone=is_itself)
        learned = _sum(learners, branch.id, alone=is_itself)
        one_figures, other_figures = (Figures(*each) for each in zip(done, learned, strict=True))
        found.append(BranchChange(branch.id, branch.name, is_itself, one_figures, other_figures))
    return found[:SHOWN]


def _lines(reader: Reader, branch_id: int | None) -> list[tuple[Any, bool]]:
    """The branches to show: the one asked for (or the reader's own tops) and those right below."""
    every = branches()
    mine = [branch for branch in every if reader.may_organize(branch.path_ids)]
    if branch_id is not None:
        tops = [branch for branch in mine if branch.id == branch_id]
    else:
        ids = {branch.id for branch in mine}
        tops = [branch for branch in mine if not ids.intersection(branch.path_ids[:-1])]
    found = []
    for top in tops:
        found.append((top, True))
        found += [
            (branch, False)
            for branch in every
            if len(branch.path_ids) > 1 and branch.path_ids[:-1] == top.path_ids
        ]
    return found


def _by_path(
    model: type[CourseRow | LessonRow],
    spans: Sequence[tuple[datetime, datetime]],
    scope: Any,
    *,
    learners: bool,
) -> list[Counted]:
    """By branch, how many finished something in each of two spans while they belonged to it."""
    moment = model.completed_at
    columns = []
    for begin, end in spans:
        inside = and_(moment >= begin, moment < end)
        columns.append(
            func.count(case((inside, model.member_id)).distinct())
            if learners
            else func.count().filter(inside)
        )
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
    rows = db.session().execute(
        select(BranchPast.path, *columns)
        .select_from(model)
        .join(MemberPast, then)
        .join(BranchPast, place)
        .where(moment >= min(begin for begin, _end in spans), scope)
        .group_by(BranchPast.path)
    )
    return [Counted(path_of(row[0]), int(row[1] or 0), int(row[2] or 0)) for row in rows]


def _sum(rows: Sequence[Counted], branch_id: int, *, alone: bool) -> tuple[int, int]:
    """Both periods of a branch and all below it, or of it alone. By its id, so that a branch that
    was moved since counts where it stood."""
    mine = [row for row in rows if (row.path[-1] == branch_id if alone else branch_id in row.path)]
    return sum(row.one for row in mine), sum(row.other for row in mine)
