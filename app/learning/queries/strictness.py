"""How strictly courses are watched, and which courses come before others."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import exists, select

from app.core.db import db
from app.courses.queries import CourseCard, cards_for
from app.learning.models import CourseNeed, Watching
from app.learning.models import CourseProgress as CourseRow
from app.learning.rules import NeedsOthers
from app.members.rules import Reader


@dataclass(frozen=True)
class Strictness:
    """What a course asks of whoever watches it."""

    in_order: bool = False  # no jump ahead before a lesson is complete
    presence: bool = False  # asks at random moments whether somebody is there
    alone: bool = False  # counts only what was opened last, on all devices


def strictness_of(course_id: int) -> Strictness:
    """How strictly a course is watched."""
    row = db.session().get(Watching, course_id)
    return Strictness(row.in_order, row.presence, row.alone) if row else Strictness()


def needs_of(course_id: int) -> list[int]:
    """The ids of the courses that come before a course."""
    return list(
        db.session().scalars(
            select(CourseNeed.needs_id)
            .where(CourseNeed.course_id == course_id)
            .order_by(CourseNeed.needs_id)
        )
    )


def open_needs(reader: Reader, course_id: int) -> list[CourseCard]:
    """The courses that this reader has to finish before beginning a course, by title.

    None for a course that was begun before it needed another one, and none that the reader cannot
    see: nobody is asked for what was withdrawn.
    """
    session = db.session()
    ids = session.scalars(
        select(CourseNeed.needs_id).where(
            CourseNeed.course_id == course_id,
            ~exists().where(
                CourseRow.course_id == CourseNeed.needs_id,
                CourseRow.member_id == reader.id,
                CourseRow.completed_at.is_not(None),
            ),
            ~exists().where(
                CourseRow.course_id == CourseNeed.course_id, CourseRow.member_id == reader.id
            ),
        )
    ).all()
    if not ids:
        return []
    return sorted(cards_for(reader, ids).values(), key=lambda card: card.title)


def refuse_before_needs(reader: Reader, course_id: int) -> None:
    """Raises NeedsOthers when the reader has to finish another course before beginning this one."""
    needed = open_needs(reader, course_id)
    if needed:
        raise NeedsOthers(title=needed[0].title)
