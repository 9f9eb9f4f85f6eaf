"""Ask a branch for a course or a theme by a day, and grant a member an exception."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from sqlalchemy import select, update

from app.core import clock
from app.core.db import db
from app.core.refusals import NotThere
from app.learning import rules
from app.learning.models import Assignment, Relief


def assign(
    *,
    branch_id: int,
    due_on: date,
    today: date,
    author_id: int,
    course_id: int | None = None,
    theme_id: int | None = None,
    path_id: int | None = None,
    note: str = "",
) -> int:
    """Ask a branch, with all below it, for one course, theme or learning path; returns the id.

    The same thing asked of the same branch again only moves the day. Raises NothingToAssign,
    BadDay.
    """
    if [course_id, theme_id, path_id].count(None) != 2:
        raise rules.NothingToAssign
    rules.checked_day(due_on, today)
    session = db.session()
    row = session.scalar(
        select(Assignment).where(
            Assignment.branch_id == branch_id,
            Assignment.course_id.is_not_distinct_from(course_id),
            Assignment.theme_id.is_not_distinct_from(theme_id),
            Assignment.path_id.is_not_distinct_from(path_id),
            Assignment.withdrawn_at.is_(None),
        )
    )
    if row is None:
        row = Assignment(
            branch_id=branch_id,
            course_id=course_id,
            theme_id=theme_id,
            path_id=path_id,
            author_id=author_id,
            created_at=clock.now(),
        )
        session.add(row)
    row.due_on, row.note = due_on, " ".join(note.split())[: rules.LONGEST_REASON]
    session.flush()
    return row.id


def change(assignment_id: int, *, due_on: date, today: date, note: str) -> None:
    """Another last day or note. A day that stays may lie in the past. Raises BadDay, NotThere."""
    row = _open(assignment_id)
    if due_on != row.due_on:
        row.due_on = rules.checked_day(due_on, today)
    row.note = " ".join(note.split())[: rules.LONGEST_REASON]


def withdraw(assignment_id: int) -> None:
    """Ask for it no longer. What members have done stays. Raises NotThere."""
    _open(assignment_id).withdrawn_at = clock.now()


def ask_again(assignment_id: int) -> None:
    """Ask again for what was asked for no longer, as it was. Raises NotThere."""
    row = db.session().get(Assignment, assignment_id, with_for_update=True)
    if row is None or row.withdrawn_at is None:
        raise NotThere
    same = [Assignment.course_id, Assignment.theme_id, Assignment.path_id, Assignment.branch_id]
    since = select(Assignment.id).where(
        *(column.is_not_distinct_from(getattr(row, column.key)) for column in same),
        Assignment.withdrawn_at.is_(None),
    )
    if db.session().scalar(since):  # asked for anew meanwhile
        raise NotThere
    row.withdrawn_at = None


def relieve(
    assignment_id: int,
    member_ids: Iterable[int],
    *,
    reason: str,
    author_id: int,
    today: date,
    due_on: date | None = None,
) -> None:
    """Exempt members from an assignment, or give them until another day to make it up.

    What was granted before is replaced. Raises NeedsAWhy, BadDay, NotThere.
    """
    row = _open(assignment_id)
    reason = rules.checked_reason(reason)
    if due_on is not None:
        rules.checked_day(due_on, today)
    now = clock.now()
    for member_id in member_ids:
        restore(row.id, member_id)
        db.session().add(
            Relief(
                assignment_id=row.id,
                member_id=member_id,
                due_on=due_on,
                reason=reason,
                author_id=author_id,
                created_at=now,
            )
        )
    db.session().flush()


def restore(assignment_id: int, member_id: int) -> None:
    """Take back what a member was granted; nothing happens when there was nothing."""
    db.session().execute(
        update(Relief)
        .where(
            Relief.assignment_id == assignment_id,
            Relief.member_id == member_id,
            Relief.ended_at.is_(None),
        )
        .values(ended_at=clock.now())
    )


def _open(assignment_id: int) -> Assignment:
    row = db.session().get(Assignment, assignment_id, with_for_update=True)
    if row is None or row.withdrawn_at is not None:
        raise NotThere
    return row
