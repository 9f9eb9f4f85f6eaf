"""Reads for pages about several rooms: courses together with how far their reader is."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from pathlib import Path

from sqlalchemy import ColumnElement, and_, exists, func, not_, or_, select, true

from app.certificates.rules import Kind
from app.core import clock, settings
from app.core.db import db
from app.core.paging import Page, window
from app.courses import queries as courses
from app.courses.models import Course
from app.courses.queries import CourseCard, CourseView
from app.courses.queries.cards import card_rows, cards_of
from app.courses.queries.seeing import seen_by
from app.exams import queries as exams
from app.exams.models import Exam
from app.exams.queries import QuizState, quiz_state_for
from app.home.rules import LessonState, NextStep, SetUp, Task, next_step
from app.learning.models import CourseProgress as CourseRow
from app.learning.models import LearningPath
from app.learning.models import LessonProgress as LessonRow
from app.learning.queries import (
    CourseProgress,
    LessonProgress,
    course_progress_for,
    lesson_progress_for,
)
from app.learning.rules import CourseState
from app.library.models import Document
from app.media import queries as media
from app.members.models import Branch, Member
from app.members.rules import Reader
from app.points.models import RuleBook
from app.practice import queries as practice
from app.questions import queries as bank

SHOWN_NEW = 6


class Mine(StrEnum):
    """Which courses, by how far the reader is."""

    ALL = ""
    BEGUN = "begun"
    FRESH = "new"
    DONE = "done"


@dataclass(frozen=True)
class CourseItem:
    """A course of the catalogue with the reader's progress."""

    card: CourseCard
    progress: CourseProgress

    @property
    def is_done(self) -> bool:
        return self.progress.state is CourseState.DONE

    @property
    def is_new(self) -> bool:
        return self.progress.state is CourseState.NEW


@dataclass(frozen=True)
class CourseSheet:
    """All that a course page shows of its reader."""

    progress: CourseProgress
    lessons: dict[int, LessonProgress]
    quiz: QuizState | None
    next: NextStep


def catalogue(
    reader: Reader,
    *,
    theme: int | None = None,
    language: str = "",
    mine: Mine = Mine.ALL,
    page: int = 1,
) -> Page[CourseItem]:
    """Courses that the reader may see, the newest first; `theme` is an id."""
    wanted = card_rows().where(seen_by(reader), _as_far(reader.id, mine))
    if theme is not None:
        wanted = wanted.where(Course.theme_id == theme)
    if language:
        wanted = wanted.where(Course.language == language)
    total = db.session().scalar(select(func.count()).select_from(wanted.subquery())) or 0
    offset, limit = window(page)
    ordered = wanted.order_by(Course.published_at.desc(), Course.id.desc())
    return Page(
        _with_progress(reader.id, cards_of(ordered.offset(offset).limit(limit))),
        max(1, page),
        total,
    )


def newest(reader: Reader, limit: int = SHOWN_NEW) -> list[CourseItem]:
    """The newest courses that the reader has not begun."""
    wanted = (
        card_rows()
        .where(seen_by(reader), _as_far(reader.id, Mine.FRESH))
        .order_by(Course.published_at.desc(), Course.id.desc())
        .limit(limit)
    )
    return _with_progress(reader.id, cards_of(wanted))


def counts(reader: Reader, theme: int | None = None) -> dict[Mine, int]:
    """How many courses the reader may see (in one theme): in all, begun, done, and not begun."""
    begun, done = _as_far(reader.id, Mine.BEGUN), _as_far(reader.id, Mine.DONE)
    row = (
        db.session()
        .execute(
            select(
                func.count(),
                func.count().filter(begun),
                func.count().filter(done),
            )
            .select_from(Course)
            .where(seen_by(reader), Course.theme_id == theme if theme is not None else true())
        )
        .one()
    )
    return {
        Mine.ALL: row[0],
        Mine.BEGUN: row[1],
        Mine.FRESH: row[0] - row[1] - row[2],
        Mine.DONE: row[2],
    }


def languages(reader: Reader) -> list[str]:
    """The languages in which there are courses for this reader."""
    found = db.session().scalars(
        select(Course.language).where(seen_by(reader)).distinct().order_by(Course.language)
    )
    return list(found)


def course_sheet(reader: Reader, course: CourseView) -> CourseSheet:
    """How far the reader is in a course, and what to do next."""
    progress = course_progress_for(reader.id, [course.id])[course.id]
    lessons = lesson_progress_for(reader.id, [lesson.id for lesson in course.lessons])
    quiz = quiz_state_for(reader.id, course.id, clock.now()) if course.has_quiz else None
    states = [
        LessonState(
            id=lesson.id,
            is_ready=lesson.is_ready,
            is_done=lesson.id in lessons and lessons[lesson.id].is_complete,
            heard=lessons[lesson.id].heard_at.timestamp() if lesson.id in lessons else 0.0,
        )
        for lesson in course.lessons
    ]
    step = next_step(
        states,
        done=progress.state is CourseState.DONE,
        has_quiz=quiz is not None,
        passed=progress.quiz_passed_at is not None,
        tried=quiz is not None and bool(quiz.submitted),
        may_try=quiz is None or quiz.may_start or quiz.open_attempt is not None,
    )
    return CourseSheet(progress, lessons, quiz, step)


def _with_progress(member_id: int, cards: Sequence[CourseCard]) -> list[CourseItem]:
    progress = course_progress_for(member_id, [card.id for card in cards])
    return [CourseItem(card, progress[card.id]) for card in cards]


def _as_far(member_id: int, mine: Mine) -> ColumnElement[bool]:
    """SQL: courses in which this member is as far as wanted."""
    done = exists().where(
        CourseRow.course_id == Course.id,
        CourseRow.member_id == member_id,
        CourseRow.completed_at.is_not(None),
    )
    touched = or_(
        exists().where(LessonRow.course_id == Course.id, LessonRow.member_id == member_id),
        exists().where(CourseRow.course_id == Course.id, CourseRow.member_id == member_id),
    )
    match mine:
        case Mine.BEGUN:
            return and_(touched, not_(done))
        case Mine.FRESH:
            return not_(touched)
        case Mine.DONE:
            return done
    return true()


SET_UP = "set up"
DEMO = "demo.json"  # in the instance's folder: what the demo brought, by scripts/demo


def set_up(instance: Path) -> SetUp:
    """How far the organisation is set up: seen from what is there, and from what was skipped."""
    own = settings.organisation()
    noted = settings.stored(SET_UP)
    session = db.session()
    demo = demo_members(instance)
    branches = session.scalar(select(func.count()).select_from(Branch)) or 0
    people = (
        session.scalar(select(func.count()).select_from(Member).where(Member.id.not_in(demo))) or 0
    )
    done = {
        Task.LOOK: bool(own.name),
        Task.WORDS: bool(own.words),
        Task.BRANCHES: branches > 1,
        Task.MEMBERS: people > 1,
        Task.POINTS: bool(
            session.scalar(select(func.count()).where(RuleBook.author_id.is_not(None)))
        ),
        Task.DEMO: bool(noted.get("demo")),
    }
    offered = [task for task in Task if task is not Task.DEMO or demo]
    return SetUp(
        done=frozenset(task for task, is_done in done.items() if is_done),
        skipped=frozenset(Task(name) for name in noted.get("skipped", []) if name in set(Task)),
        offered=tuple(offered),
    )


def demo_members(instance: Path) -> list[int]:
    """The ids of the members whom the demo brought; [] on an instance without a demo."""
    try:
        ids = json.loads((instance / DEMO).read_text(encoding="utf-8"))["ids"]
    except (OSError, ValueError, KeyError):
        return []
    return [int(i) for i in ids.values()]


def demo_courses(members: Sequence[int]) -> list[int]:
    """Courses of the demo's members that are published."""
    found = db.session().scalars(
        select(Course.id).where(Course.author_id.in_(members), Course.state == "published")
    )
    return list(found)


def demo_exams(members: Sequence[int]) -> list[int]:
    """Exams of the demo's members that are published."""
    found = db.session().scalars(
        select(Exam.id).where(Exam.author_id.in_(members), Exam.state == "published")
    )
    return list(found)


def demo_documents(members: Sequence[int]) -> list[int]:
    """Documents of the demo's members."""
    return list(db.session().scalars(select(Document.id).where(Document.owner_id.in_(members))))


@dataclass(frozen=True)
class Certifiable:
    """A course, exam or learning path that may be certified."""

    kind: Kind
    id: int
    title: str


def certifiable(*, all_: bool = False) -> list[Certifiable]:
    """What may be certified: all that is published; with `all_` whatever there ever was."""
    found = []
    for kind, table in ((Kind.COURSE, Course), (Kind.EXAM, Exam), (Kind.PATH, LearningPath)):
        called = table.title if kind is Kind.EXAM else courses.title_here(table)
        rows = select(table.id, called).order_by(called, table.id)
        if not all_:
            rows = rows.where(table.state == "published")
        found += [Certifiable(kind, id_, title) for id_, title in db.session().execute(rows)]
    return found


def may_see_clip(reader: Reader, uuid: str) -> bool:
    """Whether a text that the reader may see now shows a picture or a sound.

    Those of questions are as free as the questions: to authors, who read the whole bank; to who
    takes a paper that holds one, or has a result that tells it; in practice and inside recordings.
    """
    if reader.is_author or media.owns_clip(reader.id, uuid):
        return True
    showing = bank.showing(uuid)
    now = clock.now()
    return (
        exams.shows_clip(reader, showing, now)
        or practice.shows_clip(reader, showing, now)
        or courses.asks_inside(reader, _told_inside(reader, showing, now))
        or courses.reading_shows(reader, uuid)
    )


def _told_inside(reader: Reader, showing: bank.Showing, now: datetime) -> frozenset[int]:
    """The questions that show a picture inside recordings: what only explains one that an exam
    seals is not among them."""
    if showing.asked or not showing.questions:
        return showing.questions
    return showing.questions - exams.sealed_for(reader.id, now).keys()
