"""Courses as lists show them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import (
    ColumnElement,
    Select,
    case,
    func,
    select,
)

from app.core.db import db
from app.core.paging import SIZE, Page, window
from app.courses.models import Course, CourseBranch, CourseQuestion, Lesson, Theme
from app.courses.queries.saying import Words, title_here, tongues_of, words_of
from app.courses.queries.seeing import seen_by
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
    tongues: Words  # the languages of title and summary, where they are not the page's

    @property
    def is_ready(self) -> bool:
        """Whether every lesson can be used now."""
        return not self.waiting

    @property
    def has_quiz(self) -> bool:
        return self.questions > 0


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
    allowed = audiences([course for course, _, _ in rows])
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
            audience=allowed.get(course.id),
            published_at=course.published_at,
            changed_at=course.changed_at,
            tongues=tongues_of(course, course.language),
        )
        for course, theme, author in rows
    ]


def audiences(courses: Sequence[Course]) -> dict[int, frozenset[int]]:
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
