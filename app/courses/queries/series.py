"""Which courses were made of the parts of a recording."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from app.core.db import db
from app.courses.models import Course, Lesson
from app.courses.queries.saying import title_here
from app.courses.rules import State
from app.media.models import Media
from app.media.rules import part_digest


@dataclass(frozen=True)
class PartCourse:
    """A course with a part of a recording, from and until in ms of that recording."""

    id: int
    title: str
    state: str
    made_at: datetime
    start_ms: int
    end_ms: int


@dataclass(frozen=True)
class Series:
    """Courses of one recording's parts, the newest first; never none."""

    courses: tuple[PartCourse, ...]

    @property
    def made_at(self) -> datetime:
        return self.courses[0].made_at

    @property
    def names(self) -> str:
        """The titles of the newest, in the order of the recording; of many the ends."""
        day = self.made_at.date()
        newest = sorted(
            (one for one in self.courses if one.made_at.date() == day),
            key=lambda one: (one.start_ms, one.id),
        )
        shown = [f"“{one.title}”" for one in newest]
        return ", ".join(shown if len(shown) <= 3 else [shown[0], "…", shown[-1]])

    @property
    def only_drafts(self) -> bool:
        return all(one.state == State.DRAFT for one in self.courses)

    def with_parts(self, parts: Sequence[tuple[int, int]]) -> Series | None:
        """Of each part its newest course; None where one of the parts has none."""
        newest = {(one.start_ms, one.end_ms): one for one in reversed(self.courses)}
        if any(part not in newest for part in parts):
            return None
        return Series(tuple(newest[part] for part in parts))


def series_of(media_id: int) -> Series | None:
    """What was made of the parts of a recording, also of another upload of the same file.

    A part is known by its digest, so nothing else has to be kept about where it came from.
    """
    source = db.session().get(Media, media_id)
    if source is None:
        return None
    offset = source.facts.get("start_ms", 0)
    rows = db.session().execute(
        select(
            Course.id,
            title_here(Course),
            Course.state,
            Course.created_at,
            Media.sha256,
            Media.facts["start_ms"].as_integer(),
            Media.duration_ms,
        )
        .join(Lesson, Lesson.course_id == Course.id)
        .join(Media, Media.id == Lesson.media_id)
        .where(
            Media.owner_id == source.owner_id,
            Lesson.removed_at.is_(None),
            Course.state != State.REMOVED,
        )
        .order_by(Course.id.desc())
    )
    found = tuple(
        PartCourse(course_id, title, state, made_at, first - offset, first - offset + length)
        for course_id, title, state, made_at, digest, first, length in rows
        if first is not None
        and digest == part_digest(source.sha256, first_ms=first, length_ms=length)
    )
    return Series(found) if found else None
