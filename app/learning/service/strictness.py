"""How strictly a course is watched, and which courses come before it."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import delete, select

from app.core.db import db
from app.courses.queries import cards
from app.learning import rules
from app.learning.models import CourseNeed, Watching


def set_watching(course_id: int, *, in_order: bool, presence: bool, alone: bool) -> None:
    """Say how strictly a course is watched; it holds for visits opened from now on."""
    session = db.session()
    row = session.get(Watching, course_id)
    if row is None:
        row = Watching(course_id=course_id)
        session.add(row)
    row.in_order, row.presence, row.alone = in_order, presence, alone
    session.flush()


def set_needs(course_id: int, needed: Iterable[int]) -> None:
    """Say which courses have to be done before this one is begun. Raises NotBefore."""
    session = db.session()
    wanted = sorted(set(needed))
    known: dict[int, list[int]] = {}
    for course, needs in session.execute(select(CourseNeed.course_id, CourseNeed.needs_id)):
        known.setdefault(course, []).append(needs)
    for one in wanted:
        if rules.comes_round(known, course_id, one):
            found = cards([one]).get(one)
            raise rules.NotBefore(title=found.title if found else "")
    session.execute(delete(CourseNeed).where(CourseNeed.course_id == course_id))
    session.add_all(CourseNeed(course_id=course_id, needs_id=one) for one in wanted)
    session.flush()
