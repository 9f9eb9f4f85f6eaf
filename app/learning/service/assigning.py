"""Ask a branch for a course or a theme by a day, and grant a member an exception."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Any

from sqlalchemy import select, update

from app.core import clock
from app.core.db import db
from app.core.refusals import NotThere
from app.courses.models import Course, Theme
from app.learning import rules
from app.learning.models import Assignment, LearningPath, Relief
from app.members import service as members
from app.members.rules.audit import Act, Changes, differences, facts


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
    was_due = row.due_on if row is not None else None
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
    act = Act.ASSIGNMENT_MADE if was_due is None else Act.ASSIGNMENT_CHANGED
    _record(act, row, differences({"due": _day(was_due)}, {"due": _day(due_on)}))
    return row.id


def _record(act: Act, row: Assignment, changes: Changes | None = None) -> None:
    members.record(
        act,
        thing=("assignment", row.id),
        name=_title(row),
        branch_id=row.branch_id,
        changes=changes,
    )


def _title(row: Assignment) -> str:
    asked: tuple[tuple[Any, int | None], ...] = (
        (Course, row.course_id),
        (Theme, row.theme_id),
        (LearningPath, row.path_id),
    )
    found = (db.session().get_one(table, key) for table, key in asked if key is not None)
    return str(next(found).title)


def _day(day: date | None) -> str | None:
    return day.isoformat() if day is not None else None


def change(assignment_id: int, *, due_on: date, today: date, note: str) -> None:
    """Another last day or note. A day that stays may lie in the past. Raises BadDay, NotThere."""
    row = _open(assignment_id)
    _record(
        Act.ASSIGNMENT_CHANGED, row, differences({"due": _day(row.due_on)}, {"due": _day(due_on)})
    )
    if due_on != row.due_on:
        row.due_on = rules.checked_day(due_on, today)
    row.note = " ".join(note.split())[: rules.LONGEST_REASON]


def withdraw(assignment_id: int) -> None:
    """Ask for it no longer. What members have done stays. Raises NotThere."""
    row = _open(assignment_id)
    row.withdrawn_at = clock.now()
    _record(Act.ASSIGNMENT_WITHDRAWN, row)


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
    _record(Act.ASSIGNMENT_AGAIN, row)


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
        _end_relief(row.id, member_id)
        members.record(
            Act.MEMBER_EXEMPTED if due_on is None else Act.MEMBER_GIVEN_TIME,
            member_id=member_id,
            thing=("assignment", row.id),
            changes=facts(assignment=_title(row), due=_day(due_on)),
        )
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
    if _end_relief(assignment_id, member_id):
        row = db.session().get_one(Assignment, assignment_id)
        members.record(
            Act.RELIEF_ENDED,
            member_id=member_id,
            thing=("assignment", row.id),
            changes=facts(assignment=_title(row)),
        )


def _end_relief(assignment_id: int, member_id: int) -> bool:
    """Whether there was anything to end."""
    ended = db.session().execute(
        update(Relief)
        .where(
            Relief.assignment_id == assignment_id,
            Relief.member_id == member_id,
            Relief.ended_at.is_(None),
        )
        .values(ended_at=clock.now())
    )
    return bool(ended.rowcount)  # type: ignore[attr-defined]


def _open(assignment_id: int) -> Assignment:
    row = db.session().get(Assignment, assignment_id, with_for_update=True)
    if row is None or row.withdrawn_at is not None:
        raise NotThere
    return row
