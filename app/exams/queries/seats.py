"""Reads of who is invited to an exam by name, where they sit, and who has not passed it yet."""

from __future__ import annotations

from sqlalchemy import ColumnElement, exists, or_, select

from app.core.db import db
from app.core.refusals import NotThere
from app.exams.models import Attempt, Exam, ExamBranch, ExamSeat
from app.members.models import Branch, Member


def seats_of(exam_id: int) -> list[tuple[str, str]]:
    """(user name, place) of those who are invited by name."""
    rows = db.session().execute(
        select(Member.username, ExamSeat.place)
        .join(Member, Member.id == ExamSeat.member_id)
        .where(ExamSeat.exam_id == exam_id)
        .order_by(ExamSeat.place, Member.username)
    )
    return [(username, place) for username, place in rows]


def places_by_member(exam_id: int) -> dict[int, str]:
    """Where members sit who have a place."""
    rows = db.session().execute(
        select(ExamSeat.member_id, ExamSeat.place).where(ExamSeat.exam_id == exam_id)
    )
    return {member_id: place for member_id, place in rows if place}


def not_passed(exam_id: int) -> list[int]:
    """Active members who were invited to an exam and have not passed it, by id."""
    row = db.session().get(Exam, exam_id)
    if row is None:
        raise NotThere
    passed = exists().where(
        Attempt.exam_id == exam_id, Attempt.member_id == Member.id, Attempt.passed.is_(True)
    )
    passed = passed.where(Attempt.state == "submitted")
    seated = exists().where(ExamSeat.exam_id == exam_id, ExamSeat.member_id == Member.id)
    begun = exists().where(Attempt.exam_id == exam_id, Attempt.member_id == Member.id)
    invited: list[ColumnElement[bool]] = [seated, begun]
    if row.open_to_all and not row.for_role:
        invited.append(Member.id.is_not(None))
    elif not row.for_role:
        paths = db.session().scalars(
            select(Branch.path)
            .join(ExamBranch, ExamBranch.branch_id == Branch.id)
            .where(ExamBranch.exam_id == exam_id)
        )
        below = [Branch.path.startswith(path) for path in paths]
        if below:
            invited.append(Member.branch_id.in_(select(Branch.id).where(or_(*below))))
    return list(
        db.session().scalars(
            select(Member.id)
            .where(Member.is_active, ~passed, or_(*invited), Member.id != row.author_id)
            .order_by(Member.id)
        )
    )
