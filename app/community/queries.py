"""Reads of discussions. Who does not see a lesson sees nothing of what is said below it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, and_, case, exists, false, func, or_, select, true
from sqlalchemy.orm import aliased

from app.community.models import Post, PostReport
from app.core import settings
from app.core.db import db
from app.core.paging import Page, window
from app.core.refusals import NotThere
from app.courses.models import Course, Lesson
from app.courses.queries import (
    CourseView,
    LessonView,
    course_for,
    lesson_by_id,
    may_edit,
    title_here,
)
from app.learning.models import LessonProgress
from app.learning.queries import open_needs
from app.members.models import Branch, Member
from app.members.rules import Reader, path_of, path_text

SIZE = 20


@dataclass(frozen=True)
class Place:
    """A lesson whose discussion the reader sees."""

    course: CourseView
    lesson: LessonView
    teaches: bool  # the reader made the course, or may change all of them


@dataclass(frozen=True)
class Shown:
    """A post as one reader sees it."""

    id: int
    lesson_id: int
    question_id: int | None
    author_id: int
    author: str
    body: str
    quote: str
    source: str
    created_at: datetime
    hidden_why: str  # not empty only for those who may see that it is hidden
    is_helpful: bool
    answers: int
    has_helpful: bool  # one of its answers helped
    is_own: bool
    by_trainer: bool
    may_hide: bool
    may_mark: bool


def place_for(reader: Reader, lesson_id: int) -> Place:
    """Where a lesson is discussed. Raises NotThere when discussions are switched off, and for a
    lesson that the reader does not see or may not begin yet."""
    if not settings.organisation().discussions:
        raise NotThere
    found = lesson_by_id(lesson_id)
    if found is None:
        raise NotThere
    course = course_for(reader, found.course_slug)
    teaches = may_edit(reader, course)
    if not course.is_published or (not teaches and open_needs(reader, course.id)):
        raise NotThere
    return Place(course, course.lesson(lesson_id), teaches)


def place_of(reader: Reader, post_id: int) -> tuple[Place, Shown]:
    """A post and where it stands. Raises NotThere for one that the reader does not see."""
    lesson_id = db.session().scalar(select(Post.lesson_id).where(Post.id == post_id))
    if lesson_id is None:
        raise NotThere
    place = place_for(reader, lesson_id)
    found = _shown(reader, place, Post.id == post_id)
    if not found:
        raise NotThere
    if found[0].question_id is not None:
        place_of(reader, found[0].question_id)  # what is said to a hidden question is hidden, too
    return place, found[0]


def questions(reader: Reader, place: Place, number: int = 1, size: int = SIZE) -> Page[Shown]:
    """The questions below a lesson, the newest first."""
    where = and_(Post.lesson_id == place.lesson.id, Post.question_id.is_(None))
    return _page(reader, place, where, order=(Post.id.desc(),), number=number, size=size)


def answers(reader: Reader, place: Place, question_id: int, number: int = 1) -> Page[Shown]:
    """The answers to a question: those that helped first, then in the order in which they came."""
    order = (case((Post.helpful_at.is_(None), 1), else_=0), Post.id)
    return _page(reader, place, Post.question_id == question_id, order=order, number=number)


def _page(
    reader: Reader,
    place: Place,
    where: ColumnElement[bool],
    *,
    order: tuple[Any, ...],
    number: int,
    size: int = SIZE,
) -> Page[Shown]:
    offset, limit = window(number, size)
    rows = _shown(reader, place, where, order=order, offset=offset, limit=limit)
    count = (
        select(func.count())
        .select_from(Post)
        .join(Member, Member.id == Post.author_id)
        .join(Branch, Branch.id == Member.branch_id)
        .where(where, _seen(reader, teaches=place.teaches))
    )
    return Page(rows, max(1, number), db.session().scalar(count) or 0, size)


def _seen(reader: Reader, *, teaches: bool) -> ColumnElement[bool]:
    """The posts that a reader of the lesson sees: what is not withdrawn, and not hidden from
    everybody but its author and those who could hide it."""
    if teaches:
        return Post.withdrawn_at.is_(None)
    return and_(
        Post.withdrawn_at.is_(None),
        or_(Post.hidden_at.is_(None), Post.author_id == reader.id, _organized(reader)),
    )


def _organized(reader: Reader) -> ColumnElement[bool]:
    """Whether the post's author is in a branch that the reader organizes. Needs Branch."""
    if reader.is_administrator:
        return true()
    tops = [path_text(path) for path in reader.organizes]
    return or_(false(), *(Branch.path.startswith(top, autoescape=True) for top in tops))


def _shown(
    reader: Reader,
    place: Place,
    where: ColumnElement[bool],
    *,
    order: tuple[Any, ...] = (Post.id,),
    offset: int = 0,
    limit: int = 1,
) -> list[Shown]:
    answer, asked = aliased(Post), aliased(Post)
    open_answer = and_(
        answer.question_id == Post.id, answer.withdrawn_at.is_(None), answer.hidden_at.is_(None)
    )
    rows = db.session().execute(
        select(
            Post,
            Member.name,
            Branch.path,
            asked.author_id.label("asker_id"),
            select(func.count()).where(open_answer).scalar_subquery().label("answers"),
            exists().where(open_answer, answer.helpful_at.is_not(None)).label("has_helpful"),
        )
        .join(Member, Member.id == Post.author_id)
        .join(Branch, Branch.id == Member.branch_id)
        .outerjoin(asked, asked.id == Post.question_id)
        .where(where, _seen(reader, teaches=place.teaches))
        .order_by(*order)
        .offset(offset)
        .limit(limit)
    )
    found = []
    for post, author, path, asker_id, many, has_helpful in rows:
        own = post.author_id == reader.id
        found.append(
            Shown(
                id=post.id,
                lesson_id=post.lesson_id,
                question_id=post.question_id,
                author_id=post.author_id,
                author=author,
                body=post.body,
                quote=post.quote,
                source=post.source,
                created_at=post.created_at,
                hidden_why=post.hidden_why if post.hidden_at else "",
                is_helpful=post.helpful_at is not None,
                answers=many,
                has_helpful=bool(has_helpful),
                is_own=own,
                by_trainer=post.author_id == place.course.author_id,
                may_hide=place.teaches or reader.may_organize(path_of(path)),
                may_mark=post.question_id is not None
                and post.helpful_at is None
                and post.hidden_at is None
                and not own
                and (place.teaches or asker_id == reader.id),
            )
        )
    return found


@dataclass(frozen=True)
class Reported:
    """A post that somebody wants looked at, or that is hidden."""

    post_id: int
    thread_id: int
    author: str
    body: str
    lesson: str
    course: str
    reports: int
    reasons: tuple[str, ...]
    hidden_why: str


def reported_for(reader: Reader, number: int = 1) -> Page[Reported]:
    """What the reader may hide and somebody has reported, the newest first; then what is hidden."""
    if not settings.organisation().discussions:
        raise NotThere
    mine = _may_hide(reader)
    waits = exists().where(PostReport.post_id == Post.id, PostReport.settled_at.is_(None))
    rows = (
        select(Post, Member.name, title_here(Lesson), title_here(Course))
        .join(Member, Member.id == Post.author_id)
        .join(Branch, Branch.id == Member.branch_id)
        .join(Lesson, Lesson.id == Post.lesson_id)
        .join(Course, Course.id == Lesson.course_id)
        .where(Post.withdrawn_at.is_(None), or_(waits, Post.hidden_at.is_not(None)), mine)
    )
    offset, limit = window(number, SIZE)
    session = db.session()
    total = session.scalar(select(func.count()).select_from(rows.subquery())) or 0
    found = session.execute(
        rows.order_by(case((waits, 0), else_=1), Post.id.desc()).offset(offset).limit(limit)
    ).all()
    why = _reasons([row[0].id for row in found])
    return Page(
        [
            Reported(
                post_id=post.id,
                thread_id=post.question_id or post.id,
                author=author,
                body=post.body,
                lesson=lesson,
                course=course,
                reports=len(why.get(post.id, ())),
                reasons=tuple(reason for reason in why.get(post.id, ()) if reason),
                hidden_why=post.hidden_why if post.hidden_at else "",
            )
            for post, author, lesson, course in found
        ],
        max(1, number),
        total,
        SIZE,
    )


def may_hide(reader: Reader, post_id: int) -> bool:
    """Whether the reader is to decide about a post: its author's organizer, or the trainer."""
    if not settings.organisation().discussions:
        return False
    found = db.session().scalar(
        select(Post.id)
        .join(Member, Member.id == Post.author_id)
        .join(Branch, Branch.id == Member.branch_id)
        .join(Lesson, Lesson.id == Post.lesson_id)
        .join(Course, Course.id == Lesson.course_id)
        .where(Post.id == post_id, Post.withdrawn_at.is_(None), _may_hide(reader))
    )
    return found is not None


def _may_hide(reader: Reader) -> ColumnElement[bool]:
    return or_(
        _organized(reader) if reader.is_organizer else false(),
        Course.author_id == reader.id if reader.is_trainer else false(),
    )


def _reasons(post_ids: Iterable[int]) -> dict[int, list[str]]:
    found: dict[int, list[str]] = {}
    for post_id, reason in db.session().execute(
        select(PostReport.post_id, PostReport.reason)
        .where(PostReport.post_id.in_(list(post_ids)), PostReport.settled_at.is_(None))
        .order_by(PostReport.id)
    ):
        found.setdefault(post_id, []).append(reason)
    return found


def recent_lessons(reader: Reader, most: int = 12) -> list[tuple[int, str]]:
    """(id, title) of lessons that the reader opened lately and may discuss."""
    ids = db.session().scalars(
        select(LessonProgress.lesson_id)
        .where(LessonProgress.member_id == reader.id)
        .order_by(LessonProgress.heard_at.desc())
        .limit(most)
    )
    found = []
    for lesson_id in ids:
        try:
            place = place_for(reader, lesson_id)
        except NotThere:
            continue
        found.append((lesson_id, f"{place.course.title} · {place.lesson.title}"))
    return found


def taking_part(question_id: int, most: int) -> list[int]:
    """Who asked or answered; of many those who wrote last, and always who asked."""
    session = db.session()
    writers = session.scalars(
        select(Post.author_id)
        .where(or_(Post.id == question_id, Post.question_id == question_id))
        .where(Post.withdrawn_at.is_(None), Post.hidden_at.is_(None))
        .group_by(Post.author_id)
        .order_by(func.max(Post.id).desc())
        .limit(most)
    )
    asker = session.scalar(select(Post.author_id).where(Post.id == question_id))
    return list({*writers, *([asker] if asker else [])})
