"""What there is to learn, as readers may see it. "Not yours" looks like "not there"."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    Select,
    and_,
    bindparam,
    case,
    exists,
    false,
    func,
    or_,
    select,
)

from app.core.db import db
from app.core.paging import SIZE, Page, window
from app.core.refusals import NotThere
from app.courses.models import Course, CourseBranch, CourseQuestion, Lesson, Theme
from app.courses.queries.saying import own_words, title_here, words_of
from app.courses.rules import State
from app.media.models import Media
from app.media.queries import PLAYABLE, Picture, pictures, shown_state
from app.members.models import Member
from app.members.rules import Reader


@dataclass(frozen=True)
class CourseCard:
    """A course as lists show it. Lengths in ms; `audience` None is for everybody."""

    id: int
    slug: str
    title: str
    summary: str
    language: str
    state: str
    length_ms: int
    theme_id: int
    theme_slug: str
    theme_title: str
    author_id: int
    author: str
    cover: Picture | None  # of the course, else of its theme
    lessons: int
    waiting: int  # lessons whose media is not ready to be played
    questions: int
    audience: frozenset[int] | None
    published_at: datetime | None
    changed_at: datetime

    @property
    def is_ready(self) -> bool:
        """Whether every lesson can be used now."""
        return not self.waiting

    @property
    def has_quiz(self) -> bool:
        return self.questions > 0


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


@dataclass(frozen=True)
class QuizPaper:
    """The quiz of a course: which questions, in which order, and its rules."""

    course_id: int
    question_ids: tuple[int, ...]
    pass_percent: int
    attempts_allowed: int


@dataclass(frozen=True)
class ThemeView:
    """A theme with the number and length (ms) of the courses that the reader may see in it."""

    id: int
    slug: str
    title: str
    description: str
    cover: Picture | None
    courses: int
    length_ms: int


def seen_by(reader: Reader) -> ColumnElement[bool]:
    """SQL: published, and for this reader's branch or for everybody."""
    return _seen_from(reader.branch_path)


def _seen_from(branch_path: Sequence[int] | BindParameter[Any]) -> ColumnElement[bool]:
    for_branch = exists().where(
        CourseBranch.course_id == Course.id, CourseBranch.branch_id.in_(branch_path)
    )
    return and_(Course.state == State.PUBLISHED, or_(Course.open_to_all, for_branch))


def visible_courses_for(
    reader: Reader,
    *,
    theme: int | None = None,
    language: str = "",
    page: int = 1,
    size: int = SIZE,
) -> Page[CourseCard]:
    """Published courses for this reader, the newest first; `theme` is an id."""
    wanted = card_rows().where(seen_by(reader))
    if theme is not None:
        wanted = wanted.where(Course.theme_id == theme)
    if language:
        wanted = wanted.where(Course.language == language)
    total = db.session().scalar(select(func.count()).select_from(wanted.subquery())) or 0
    offset, limit = window(page, size)
    ordered = wanted.order_by(Course.published_at.desc(), Course.id.desc())
    return Page(cards_of(ordered.offset(offset).limit(limit)), max(1, page), total, size)


def cards_for(reader: Reader, course_ids: Iterable[int]) -> dict[int, CourseCard]:
    """Courses by id, without those that the reader may not see."""
    return {c.id: c for c in cards_of(card_rows().where(seen_by(reader), _among(course_ids)))}


def cards(course_ids: Iterable[int]) -> dict[int, CourseCard]:
    """Courses by id, whoever may see them; removed ones are left out."""
    wanted = card_rows().where(Course.state != State.REMOVED, _among(course_ids))
    return {c.id: c for c in cards_of(wanted)}


def published_courses(*, theme: int | None = None) -> list[CourseCard]:
    """Every published course by title, whoever may see it; each says its audience."""
    wanted = card_rows().where(Course.state == State.PUBLISHED)
    if theme is not None:
        wanted = wanted.where(Course.theme_id == theme)
    return cards_of(wanted.order_by(title_here(Course), Course.id))


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


def lessons_showing(reader: Reader, media_ids: Iterable[int]) -> dict[int, tuple[str, int]]:
    """(slug of the course, lesson) in which a reader can watch each recording; of several the
    oldest course. Recordings that the reader cannot watch are left out."""
    rows = (
        select(Lesson.media_id, Course.slug, Lesson.id)
        .join(Course, Course.id == Lesson.course_id)
        .where(Lesson.media_id.in_(set(media_ids)), Lesson.removed_at.is_(None), seen_by(reader))
        .order_by(Course.id.desc(), Lesson.id.desc())
    )
    return {int(m): (slug, lesson) for m, slug, lesson in db.session().execute(rows) if m}


def _watched(course: ColumnElement[bool], mine: ColumnElement[bool]) -> Select[Any]:
    shown = exists().where(
        Lesson.media_id == Media.id,
        Lesson.removed_at.is_(None),
        Course.id == Lesson.course_id,
        course,
    )
    return select(Media.id).where(Media.uuid == bindparam("uuid"), or_(mine, shown))


# Built once: it is asked for with every segment that anybody plays.
_PATH: BindParameter[Any] = bindparam("path", expanding=True)
_WATCHED_BY_MEMBERS = _watched(_seen_from(_PATH), false())
_WATCHED_BY_AUTHORS = _watched(
    or_(
        _seen_from(_PATH),
        and_(Course.author_id == bindparam("reader"), Course.state != State.REMOVED),
    ),
    Media.owner_id == bindparam("reader"),
)


def may_watch(reader: Reader, uuid: str) -> bool:
    """Whether a recording is shown to a reader now, by a lesson of a course that they may see or
    edit; authors watch their own recordings too, used or not. One query, asked for every file."""
    if reader.is_administrator:
        return True
    wanted = _WATCHED_BY_AUTHORS if reader.is_author else _WATCHED_BY_MEMBERS
    facts = {"uuid": uuid, "path": reader.branch_path, "reader": reader.id}
    return db.session().execute(wanted, facts).first() is not None


def may_edit(reader: Reader, course: CourseView | CourseCard) -> bool:
    """Authors edit their own courses, administrators all."""
    return reader.is_administrator or (reader.is_author and course.author_id == reader.id)


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
        audience=_audiences([course]).get(course.id),
        published_at=course.published_at,
        changed_at=course.changed_at,
        revision=course.revision,
        questions=_count_questions(course.id),
        lessons=tuple(_lessons_of(course)),
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


def themes_for(reader: Reader) -> list[ThemeView]:
    """The themes in their order in which this reader may see at least one course."""
    return _themes(seen_by(reader))


def theme_for(reader: Reader, slug: str) -> ThemeView:
    """A theme; raises NotThere when the reader may see no course in it. Authors see all."""
    found = next((t for t in _themes(seen_by(reader)) if t.slug == slug), None)
    if found is None and reader.is_author:
        row = db.session().scalar(select(Theme).where(Theme.slug == slug))
        if row is not None:
            cover = pictures([row.cover_image_id]).get(row.cover_image_id or 0)
            return ThemeView(row.id, row.slug, *words_of(row), cover, 0, 0)
    if found is None:
        raise NotThere
    return found


def _themes(seen: ColumnElement[bool]) -> list[ThemeView]:
    rows = (
        db.session()
        .execute(
            select(Theme, func.count(Course.id), func.sum(Course.length_ms))
            .join(Course, Course.theme_id == Theme.id)
            .where(seen)
            .group_by(Theme.id)
            .order_by(Theme.position, Theme.id)
        )
        .all()
    )
    covers = pictures([theme.cover_image_id for theme, _, _ in rows])
    return [
        ThemeView(
            id=theme.id,
            slug=theme.slug,
            title=words_of(theme).title,
            description=words_of(theme).text,
            cover=covers.get(theme.cover_image_id or 0),
            courses=number,
            length_ms=int(length or 0),
        )
        for theme, number, length in rows
    ]


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
        title=row.title,
        body=row.body,
        media_id=row.media_id,
        length_ms=row.length_ms,
        position=row.position,
        number=number,
        completion_percent=course.completion_percent,
        state=state or "ready",
        revision=row.revision,
    )


# --- cards ----------------------------------------------------------------------------------------

_CardRows = Select[Course, Theme, str]


def _among(course_ids: Iterable[int]) -> ColumnElement[bool]:
    return Course.id.in_(list(course_ids))


def card_rows() -> _CardRows:
    return (
        select(Course, Theme, Member.name)
        .join(Theme, Theme.id == Course.theme_id)
        .join(Member, Member.id == Course.author_id)
    )


def cards_of(wanted: _CardRows) -> list[CourseCard]:
    rows = db.session().execute(wanted).all()
    ids = [course.id for course, _, _ in rows]
    if not ids:
        return []
    counted = {
        course_id: (number, waiting)
        for course_id, number, waiting in db.session().execute(
            select(
                Lesson.course_id,
                func.count(),
                func.sum(case((shown_state().not_in(("ready", PLAYABLE)), 1), else_=0)),
            )
            .outerjoin(Media, Media.id == Lesson.media_id)
            .where(Lesson.course_id.in_(ids), Lesson.removed_at.is_(None))
            .group_by(Lesson.course_id)
        )
    }
    asked: dict[int, int] = dict(
        db.session()
        .execute(
            select(CourseQuestion.course_id, func.count())
            .where(CourseQuestion.course_id.in_(ids))
            .group_by(CourseQuestion.course_id)
        )
        .all()
    )
    audiences = _audiences([course for course, _, _ in rows])
    covers = pictures(i for c, t, _ in rows for i in (c.cover_image_id, t.cover_image_id))
    return [
        CourseCard(
            id=course.id,
            slug=course.slug,
            title=words_of(course).title,
            summary=words_of(course).text,
            language=course.language,
            state=course.state,
            length_ms=course.length_ms,
            theme_id=theme.id,
            theme_slug=theme.slug,
            theme_title=words_of(theme).title,
            author_id=course.author_id,
            author=author,
            cover=covers.get(course.cover_image_id or 0) or covers.get(theme.cover_image_id or 0),
            lessons=counted.get(course.id, (0, 0))[0],
            waiting=int(counted.get(course.id, (0, 0))[1] or 0),
            questions=asked.get(course.id, 0),
            audience=audiences.get(course.id),
            published_at=course.published_at,
            changed_at=course.changed_at,
        )
        for course, theme, author in rows
    ]


def _audiences(courses: Sequence[Course]) -> dict[int, frozenset[int]]:
    """Branch ids by course id; courses for everybody are left out."""
    closed = [course.id for course in courses if not course.open_to_all]
    if not closed:
        return {}
    found: dict[int, set[int]] = {course_id: set() for course_id in closed}
    for course_id, branch_id in db.session().execute(
        select(CourseBranch.course_id, CourseBranch.branch_id).where(
            CourseBranch.course_id.in_(closed)
        )
    ):
        found[course_id].add(branch_id)
    return {course_id: frozenset(branches) for course_id, branches in found.items()}
