"""How the lessons of a course are watched: the curve of viewers, and who is stuck."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, select

from app.core import clock
from app.core.db import db
from app.courses.queries import CourseView, LessonView
from app.learning.models import LessonProgress as LessonRow
from app.learning.models import Visit
from app.learning.rules import STUCK_DAYS, Part, Span, curve, most_repeated, percent_seen, steepest
from app.members.models import Branch, Member

STUCK_SHOWN = 50


@dataclass(frozen=True)
class LessonFigures:
    """One lesson in the list of a course."""

    lesson: LessonView
    viewers: int  # who opened it
    done: int

    @property
    def done_percent(self) -> int:
        return self.done * 100 // self.viewers if self.viewers else 0


@dataclass(frozen=True)
class Stuck:
    """A member who began a lesson and has not finished it."""

    member_id: int
    member: str
    branch: str
    percent: int
    position_ms: int
    visits: int
    heard_at: datetime


@dataclass(frozen=True)
class Retention:
    """How one lesson is watched."""

    viewers: int
    done: int
    parts: list[Part]
    lost_at: Part | None  # the part before which most stopped
    repeated: list[Span]
    stuck: list[Stuck]
    stuck_in_all: int


def lesson_figures(course: CourseView) -> list[LessonFigures]:
    """The lessons of a course with how many opened and finished each."""
    found = {
        lesson_id: (viewers, done)
        for lesson_id, viewers, done in db.session().execute(
            select(LessonRow.lesson_id, func.count(), func.count(LessonRow.completed_at))
            .where(LessonRow.course_id == course.id)
            .group_by(LessonRow.lesson_id)
        )
    }
    return [LessonFigures(each, *found.get(each.id, (0, 0))) for each in course.lessons]


def retention(lesson: LessonView) -> Retention:
    """The curve of one lesson, and who began it and did not come back for STUCK_DAYS."""
    session = db.session()
    rows = session.execute(
        select(LessonRow.spans, LessonRow.again, LessonRow.length_ms, LessonRow.completed_at).where(
            LessonRow.lesson_id == lesson.id
        )
    ).all()
    # A recording that was replaced: who watched the old one says nothing about the new one.
    length = rows[0].length_ms if lesson.kind == "reading" and rows else lesson.length_ms
    same = [row for row in rows if row.length_ms == length]
    parts = curve(length, (row.spans for row in same), (row.again or [] for row in same))
    left_alone = clock.now() - timedelta(days=STUCK_DAYS)
    waiting = (
        LessonRow.lesson_id == lesson.id,
        LessonRow.completed_at.is_(None),
        LessonRow.heard_at < left_alone,
        Member.is_active,
    )
    visits = (
        select(func.count())
        .where(Visit.member_id == LessonRow.member_id, Visit.lesson_id == LessonRow.lesson_id)
        .scalar_subquery()
    )
    stuck = session.execute(
        select(LessonRow, Member.name, Branch.name, visits)
        .join(Member, Member.id == LessonRow.member_id)
        .join(Branch, Branch.id == Member.branch_id)
        .where(*waiting)
        .order_by(LessonRow.heard_at.desc(), LessonRow.id)
        .limit(STUCK_SHOWN)
    )
    in_all = session.scalar(
        select(func.count())
        .select_from(LessonRow)
        .join(Member, Member.id == LessonRow.member_id)
        .where(*waiting)
    )
    return Retention(
        viewers=len(rows),
        done=sum(row.completed_at is not None for row in rows),
        parts=parts,
        lost_at=steepest(parts),
        repeated=most_repeated(parts),
        stuck=[
            Stuck(
                member_id=row.member_id,
                member=name,
                branch=branch,
                percent=percent_seen(row.seen_ms, row.length_ms, complete=False),
                position_ms=row.position_ms,
                visits=number,
                heard_at=row.heard_at,
            )
            for row, name, branch, number in stuck
        ],
        stuck_in_all=in_all or 0,
    )
