"""Reads of what members have watched and finished."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, case, exists, func, select

from app.core.db import db
from app.courses.models import Course, CourseQuestion, Lesson
from app.courses.queries.cards import CourseCard, cards_for
from app.courses.queries.saying import title_here, words_of
from app.courses.queries.seeing import seen_by
from app.learning.models import CourseProgress as CourseRow
from app.learning.models import LessonProgress as LessonRow
from app.learning.models import TrimmedReport, Visit
from app.learning.rules import (
    CourseState,
    course_percent,
    course_state,
    percent_seen,
    resume_at,
)
from app.members.models import Member
from app.members.rules import Reader

IDS_AT_ONCE = 500  # in one IN (…): SQLite knows a limit on variables


@dataclass(frozen=True)
class LessonProgress:
    """What a member has seen of a lesson; times in ms, `percent` 100 only when it is complete."""

    lesson_id: int
    percent: int
    seen_ms: int
    length_ms: int  # what `seen_ms` is a part of; for a text less than the reading time
    position_ms: int
    resume_ms: int  # where to go on; 0 is the beginning
    completed_at: datetime | None
    heard_at: datetime
    spans: list[list[int]]  # [[from, to], …] in order, merged
    end_reached: bool  # of a text

    @property
    def is_complete(self) -> bool:
        return self.completed_at is not None


@dataclass(frozen=True)
class CourseProgress:
    """How far a member is in a course; `percent` 100 only when it is done."""

    course_id: int
    percent: int
    lessons_done: int
    lessons: int
    has_quiz: bool
    quiz_passed_at: datetime | None
    completed_at: datetime | None
    heard_at: datetime | None  # when a lesson was last open; None for courses never opened
    state: CourseState


@dataclass(frozen=True)
class ToContinue:
    """A course that a reader has begun, and where to go on: a lesson, or the quiz if it is None."""

    course: CourseCard
    lesson_id: int | None
    lesson_title: str
    lesson_kind: str
    lesson_percent: int
    resume_ms: int
    length_ms: int
    progress: CourseProgress
    heard_at: datetime


@dataclass(frozen=True)
class Flag:
    """A visit whose reports claimed more than the clock allows, three times in a row."""

    visit_id: int
    member_id: int
    member_name: str
    lesson_id: int
    lesson_title: str
    course_slug: str
    flagged_at: datetime
    trims: int
    trimmed_ms: int


def lesson_progress_for(member_id: int, lesson_ids: Iterable[int]) -> dict[int, LessonProgress]:
    """Progress by lesson id; lessons that the member never opened are left out."""
    ids = list(lesson_ids)
    if not ids:
        return {}
    rows = db.session().scalars(
        select(LessonRow).where(LessonRow.member_id == member_id, LessonRow.lesson_id.in_(ids))
    )
    return {row.lesson_id: _lesson(row) for row in rows}


def _lesson(row: LessonRow) -> LessonProgress:
    complete = row.completed_at is not None
    return LessonProgress(
        lesson_id=row.lesson_id,
        percent=percent_seen(row.seen_ms, row.length_ms, complete=complete),
        seen_ms=row.seen_ms,
        length_ms=row.length_ms,
        position_ms=row.position_ms,
        resume_ms=resume_at(row.position_ms, row.spans, row.length_ms, complete=complete),
        completed_at=row.completed_at,
        heard_at=row.heard_at,
        spans=row.spans,
        end_reached=row.end_reached,
    )


def course_progress_for(member_id: int, course_ids: Iterable[int]) -> dict[int, CourseProgress]:
    """Progress by course id, for every course asked for (also when it was never opened)."""
    courses = list(course_ids)
    outlines = _outlines(courses)
    found = _cells([member_id], outlines)
    return {
        course: found.get((member_id, course)) or _progress(outlines[course], None, None)
        for course in courses
    }


def completion_table(
    member_ids: Sequence[int] | Select[int], course_ids: Iterable[int]
) -> dict[tuple[int, int], CourseProgress]:
    """How far members are in courses: (member id, course id) → CourseProgress.

    A member who never opened a course has no cell for it. `member_ids` may be a select of ids, for
    whole branches: the number of queries does not grow with the number of members.
    """
    return _cells(member_ids, _outlines(list(course_ids)))


@dataclass(frozen=True)
class _Outline:
    """What a course asks for: how many lessons, of which length together, and a quiz or none."""

    course_id: int
    lessons: int
    weight: int
    has_quiz: bool


def _outlines(courses: Sequence[int]) -> dict[int, _Outline]:
    session = db.session()
    found: dict[int, tuple[int, int]] = {}
    quizzes: set[int] = set()
    for part in parts(courses):
        for course, number, weight in session.execute(
            select(Lesson.course_id, func.count(), func.sum(_weight()))
            .where(Lesson.course_id.in_(part), Lesson.removed_at.is_(None))
            .group_by(Lesson.course_id)
        ):
            found[course] = (number, int(weight))
        quizzes |= set(
            session.scalars(
                select(CourseQuestion.course_id)
                .where(CourseQuestion.course_id.in_(part))
                .distinct()
            )
        )
    return {c: _Outline(c, *found.get(c, (0, 0)), has_quiz=c in quizzes) for c in courses}


def _cells(
    member_ids: Sequence[int] | Select[int], outlines: dict[int, _Outline]
) -> dict[tuple[int, int], CourseProgress]:
    session = db.session()
    seen: dict[tuple[int, int], Any] = {}
    facts: dict[tuple[int, int], CourseRow] = {}
    percent = case(
        (LessonRow.completed_at.is_not(None), 100),
        (LessonRow.seen_ms >= LessonRow.length_ms, 99),
        else_=LessonRow.seen_ms * 100 // LessonRow.length_ms,
    )
    for who in chosen(member_ids):
        for part in parts(list(outlines)):
            for row in session.execute(
                select(
                    LessonRow.member_id,
                    LessonRow.course_id,
                    func.sum(percent * _weight()).label("sum"),
                    func.count(LessonRow.completed_at).label("done"),
                    func.max(LessonRow.heard_at).label("heard_at"),
                )
                .join(Lesson, Lesson.id == LessonRow.lesson_id)
                .where(LessonRow.course_id.in_(part), LessonRow.member_id.in_(who))
                .where(Lesson.removed_at.is_(None))
                .group_by(LessonRow.member_id, LessonRow.course_id)
            ):
                seen[(row.member_id, row.course_id)] = row
            for fact in session.scalars(
                select(CourseRow).where(CourseRow.course_id.in_(part), CourseRow.member_id.in_(who))
            ):
                facts[(fact.member_id, fact.course_id)] = fact
    return {
        key: _progress(outlines[key[1]], seen.get(key), facts.get(key))
        for key in sorted({*seen, *facts})
    }


def _progress(outline: _Outline, seen: Any, fact: CourseRow | None) -> CourseProgress:
    done = seen.done if seen else 0
    passed_at = fact.quiz_passed_at if fact else None
    completed_at = fact.completed_at if fact else None
    return CourseProgress(
        course_id=outline.course_id,
        percent=course_percent(
            int(seen.sum) if seen else 0, outline.weight, done=completed_at is not None
        ),
        lessons_done=done,
        lessons=outline.lessons,
        has_quiz=outline.has_quiz,
        quiz_passed_at=passed_at,
        completed_at=completed_at,
        heard_at=seen.heard_at if seen else None,
        state=course_state(
            started=fact is not None or seen is not None,
            lessons=outline.lessons,
            lessons_done=done,
            has_quiz=outline.has_quiz,
            passed=passed_at is not None,
            done=completed_at is not None,
        ),
    )


def _weight() -> ColumnElement[int]:
    return case((Lesson.length_ms > 0, Lesson.length_ms), else_=1)


def to_continue(reader: Reader, limit: int = 6) -> list[ToContinue]:
    """Courses that the reader has begun and not finished, the last one touched first."""
    session = db.session()
    last = func.max(LessonRow.heard_at).label("last")
    begun = session.execute(
        select(LessonRow.course_id, last)
        .join(Course, Course.id == LessonRow.course_id)
        .where(LessonRow.member_id == reader.id, seen_by(reader))
        .where(
            ~exists().where(
                CourseRow.course_id == LessonRow.course_id,
                CourseRow.member_id == reader.id,
                CourseRow.completed_at.is_not(None),
            )
        )
        .group_by(LessonRow.course_id)
        .order_by(last.desc(), LessonRow.course_id.desc())
        .limit(limit)
    ).all()
    ids = [course_id for course_id, _ in begun]
    if not ids:
        return []
    cards = cards_for(reader, ids)
    progress = course_progress_for(reader.id, ids)
    lessons: dict[int, list[Lesson]] = {i: [] for i in ids}
    for lesson in session.scalars(
        select(Lesson)
        .where(Lesson.course_id.in_(ids), Lesson.removed_at.is_(None))
        .order_by(Lesson.position, Lesson.id)
    ):
        lessons[lesson.course_id].append(lesson)
    seen = lesson_progress_for(reader.id, [one.id for each in lessons.values() for one in each])
    return [
        _go_on(cards[course_id], progress[course_id], lessons[course_id], seen, heard_at)
        for course_id, heard_at in begun
    ]


def _go_on(
    course: CourseCard,
    progress: CourseProgress,
    lessons: list[Lesson],
    seen: dict[int, LessonProgress],
    heard_at: datetime,
) -> ToContinue:
    open_lessons = [one for one in lessons if one.id not in seen or not seen[one.id].is_complete]
    touched = [one for one in open_lessons if one.id in seen]
    lesson = max(touched, key=lambda one: seen[one.id].heard_at, default=None)
    if lesson is None and open_lessons:
        lesson = open_lessons[0]
    at = seen.get(lesson.id) if lesson else None
    return ToContinue(
        course=course,
        lesson_id=lesson.id if lesson else None,
        lesson_title=words_of(lesson).title if lesson else "",
        lesson_kind=lesson.kind if lesson else "",
        lesson_percent=at.percent if at else 0,
        resume_ms=at.resume_ms if at else 0,
        length_ms=lesson.length_ms if lesson else 0,
        progress=progress,
        heard_at=heard_at,
    )


def flags(members: Select[int] | Sequence[int], limit: int = 100) -> list[Flag]:
    """Flagged visits of these members, the newest first; for an organizer to look at."""
    trimmed = (
        select(func.sum(TrimmedReport.claimed_ms - TrimmedReport.credited_ms))
        .where(TrimmedReport.visit_id == Visit.id)
        .scalar_subquery()
    )
    rows = db.session().execute(
        select(Visit, Member.name, title_here(Lesson), Course.slug, trimmed)
        .join(Member, Member.id == Visit.member_id)
        .join(Lesson, Lesson.id == Visit.lesson_id)
        .join(Course, Course.id == Visit.course_id)
        .where(Visit.flagged_at.is_not(None), Visit.member_id.in_(members))
        .order_by(Visit.flagged_at.desc())
        .limit(limit)
    )
    return [
        Flag(
            visit_id=visit.id,
            member_id=visit.member_id,
            member_name=name,
            lesson_id=visit.lesson_id,
            lesson_title=title,
            course_slug=slug,
            flagged_at=visit.flagged_at,
            trims=visit.trims,
            trimmed_ms=int(lost or 0),
        )
        for visit, name, title, slug, lost in rows
        if visit.flagged_at is not None
    ]


def chosen(members: Sequence[int] | Select[int]) -> list[Any]:
    """What to put into `.in_(…)`, one after the other."""
    return [members] if isinstance(members, Select) else list(parts(list(members)))


def parts(ids: Sequence[int]) -> Iterable[Sequence[int]]:
    """Ids in portions that SQLite can take."""
    return (ids[at : at + IDS_AT_ONCE] for at in range(0, len(ids), IDS_AT_ONCE))
