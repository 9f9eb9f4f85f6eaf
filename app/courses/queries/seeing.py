"""Who may see, edit and watch what: courses and their recordings, as SQL and as facts."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Protocol

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    Select,
    and_,
    bindparam,
    exists,
    false,
    or_,
    select,
)

from app.core.db import db
from app.courses.models import Course, CourseBranch, Lesson
from app.courses.rules import State
from app.media.models import Media
from app.members.rules import Reader


class Owned(Protocol):
    """Whatever has an author."""

    @property
    def author_id(self) -> int: ...


def seen_by(reader: Reader) -> ColumnElement[bool]:
    """SQL: published, and for this reader's branch or for everybody."""
    return _seen_from(reader.branch_path)


def _seen_from(branch_path: Sequence[int] | BindParameter[Any]) -> ColumnElement[bool]:
    for_branch = exists().where(
        CourseBranch.course_id == Course.id, CourseBranch.branch_id.in_(branch_path)
    )
    return and_(Course.state == State.PUBLISHED, or_(Course.open_to_all, for_branch))


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


def may_edit(reader: Reader, course: Owned) -> bool:
    """Authors edit their own courses, administrators all."""
    return reader.is_administrator or (reader.is_author and course.author_id == reader.id)
