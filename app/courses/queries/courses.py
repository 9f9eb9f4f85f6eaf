"""A course with its lessons and its quiz. "Not yours" looks like "not there"."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from sqlalchemy import (
    func,
    select,
)

from app.core.db import db
from app.core.refusals import NotThere
from app.courses.models import Course, CourseQuestion, Lesson, Theme
from app.courses.queries.cards import audiences
from app.courses.queries.saying import Words, own_words, tongues_of, words_of
from app.courses.queries.seeing import may_edit
from app.courses.rules import State
from app.media.models import Media
from app.media.queries import PLAYABLE, Picture, pictures, shown_state
from app.members.models import Member
from app.members.rules import Reader


@dataclass(frozen=True)
class LessonView:
    """A lesson with what its page needs to know of its course. `number` counts from 1."""

    id: int
    course_id: int
    course_slug: str
    course_title: str
    course_state: str
    kind: str
    title: str
    body: str  # Markdown, of readings
    media_id: int | None
    length_ms: int
    position: int
    number: int
    completion_percent: int
    state: str  # of its media: see media.queries.Recording; readings are always ready
    revision: int
    tongue: str = ""  # the language of its title, where it is not the page's
    own_title: str = ""  # in the course's language, as its author edits it
    titles: Mapping[str, Mapping[str, str]] = field(default_factory=dict)  # see rules.titles
    is_preview: bool = False

    @property
    def is_ready(self) -> bool:
        """Whether it can be used now; of a video perhaps not yet in every quality."""
        return self.state in {"ready", PLAYABLE}


@dataclass(frozen=True)
class CourseView:
    """A course with its lessons in order."""

    id: int
    slug: str
    title: str
    summary: str
    language: str
    state: str
    length_ms: int
    completion_percent: int
    pass_percent: int
    attempts_allowed: int  # 0: no limit
    theme_id: int
    theme_slug: str
    theme_title: str
    author_id: int
    author: str
    cover_image_id: int | None
    cover: Picture | None
    audience: frozenset[int] | None
    published_at: datetime | None
    changed_at: datetime
    revision: int
    questions: int
    lessons: tuple[LessonView, ...]
    tongues: Words  # the languages of title and summary, where they are not the page's
    own_title: str = ""  # in the course's language, as its author edits it
    own_summary: str = ""
    titles: Mapping[str, Mapping[str, str]] = field(default_factory=dict)  # see rules.titles
    is_preview: bool = False  # the reader sees it only as its author or as administrator

    @property
    def is_published(self) -> bool:
        return self.state == State.PUBLISHED

    @property
    def is_ready(self) -> bool:
        return all(lesson.is_ready for lesson in self.lessons)

    @property
    def has_quiz(self) -> bool:
        return self.questions > 0

    def lesson(self, lesson_id: int) -> LessonView:
        """One of its lessons; raises NotThere."""
        for found in self.lessons:
            if found.id == lesson_id:
                return found
        raise NotThere

    def after(self, lesson_id: int) -> LessonView | None:
        """The lesson that follows; None after the last."""
        number = self.lesson(lesson_id).number
        return self.lessons[number] if number < len(self.lessons) else None

    def played_around(self, lesson_id: int) -> tuple[LessonView | None, LessonView | None]:
        """The nearest lessons before and after one that a player can play; None where none is."""
        here = self.lesson(lesson_id).number
        played = [one for one in self.lessons if one.media_id is not None and one.is_ready]
        before = [one for one in played if one.number < here]
        after = [one for one in played if one.number > here]
        return (before[-1] if before else None, after[0] if after else None)


@dataclass(frozen=True)
class QuizPaper:
    """The quiz of a course: which questions, in which order, and its rules."""

    course_id: int
    question_ids: tuple[int, ...]
    pass_percent: int
    attempts_allowed: int


def course_for(reader: Reader, slug: str) -> CourseView:
    """A course that the reader may see; authors preview their own. Raises NotThere."""
    course_id = db.session().scalar(select(Course.id).where(Course.slug == slug))
    found = course_by_id(course_id) if course_id is not None else None
    if found is None:
        raise NotThere
    if found.is_published and reader.may_see(found.audience):
        return found
    if may_edit(reader, found):
        return replace(
            found,
            is_preview=True,
            lessons=tuple(replace(lesson, is_preview=True) for lesson in found.lessons),
        )
    raise NotThere


def lesson_for(reader: Reader, slug: str, lesson_id: int) -> LessonView:
    """A lesson of a course that the reader may see. Raises NotThere."""
    return course_for(reader, slug).lesson(lesson_id)


def course_by_id(course_id: int) -> CourseView | None:
    """A course in any state but removed, without asking who reads."""
    row = (
        db.session()
        .execute(
            select(Course, Theme, Member.name)
            .join(Theme, Theme.id == Course.theme_id)
            .join(Member, Member.id == Course.author_id)
            .where(Course.id == course_id, Course.state != State.REMOVED)
        )
        .one_or_none()
    )
    if row is None:
        return None
    course, theme, author = row
    words, own = words_of(course), own_words(course)
    covers = pictures([course.cover_image_id, theme.cover_image_id])
    return CourseView(
        id=course.id,
        slug=course.slug,
        title=words.title,
        summary=words.text,
        language=course.language,
        state=course.state,
        length_ms=course.length_ms,
        completion_percent=course.completion_percent,
        pass_percent=course.pass_percent,
        attempts_allowed=course.attempts_allowed,
        theme_id=theme.id,
        theme_slug=theme.slug,
        theme_title=words_of(theme).title,
        author_id=course.author_id,
        author=author,
        cover_image_id=course.cover_image_id,
        cover=covers.get(course.cover_image_id or 0) or covers.get(theme.cover_image_id or 0),
        audience=audiences([course]).get(course.id),
        published_at=course.published_at,
        changed_at=course.changed_at,
        revision=course.revision,
        questions=_count_questions(course.id),
        lessons=tuple(_lessons_of(course)),
        tongues=tongues_of(course, course.language),
        own_title=own.title,
        own_summary=own.text,
        titles=course.titles,
    )


def lesson_by_id(lesson_id: int) -> LessonView | None:
    """A lesson that has not been removed, of a course in any state but removed."""
    course = db.session().scalar(
        select(Course)
        .join(Lesson, Lesson.course_id == Course.id)
        .where(Lesson.id == lesson_id, Course.state != State.REMOVED)
    )
    if course is None:
        return None
    return next((found for found in _lessons_of(course) if found.id == lesson_id), None)


def lessons(course_id: int) -> list[LessonView]:
    """The lessons of a course in order."""
    course = db.session().get(Course, course_id)
    return _lessons_of(course) if course is not None else []


def quiz_of(course_id: int) -> QuizPaper | None:
    """The quiz of a course; None when it has no questions."""
    course = db.session().get(Course, course_id)
    ids = db.session().scalars(
        select(CourseQuestion.question_id)
        .where(CourseQuestion.course_id == course_id)
        .order_by(CourseQuestion.position)
    )
    question_ids = tuple(ids)
    if course is None or not question_ids:
        return None
    return QuizPaper(course_id, question_ids, course.pass_percent, course.attempts_allowed)


def _count_questions(course_id: int) -> int:
    counted = select(func.count()).where(CourseQuestion.course_id == course_id)
    return db.session().scalar(counted) or 0


def _lessons_of(course: Course) -> list[LessonView]:
    rows = db.session().execute(
        select(Lesson, shown_state())
        .outerjoin(Media, Media.id == Lesson.media_id)
        .where(Lesson.course_id == course.id, Lesson.removed_at.is_(None))
        .order_by(Lesson.position, Lesson.id)
    )
    return [lesson_view(row, state, course, number) for number, (row, state) in enumerate(rows, 1)]


def lesson_view(row: Lesson, state: str | None, course: Course, number: int) -> LessonView:
    """A row of the lesson table as other rooms see it."""
    return LessonView(
        id=row.id,
        course_id=course.id,
        course_slug=course.slug,
        course_title=words_of(course).title,
        course_state=course.state,
        kind=row.kind,
        title=words_of(row).title,
        body=row.body,
        media_id=row.media_id,
        length_ms=row.length_ms,
        position=row.position,
        number=number,
        completion_percent=course.completion_percent,
        state=state or "ready",
        revision=row.revision,
        tongue=tongues_of(row, course.language).title,
        own_title=row.title,
        titles=row.titles,
    )
