"""What somebody is allowed besides: more time, more attempts, large type."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import or_, select

from app.core.db import db
from app.exams.models import Accommodation


@dataclass(frozen=True)
class Allowance:
    """What one member gets besides in one exam."""

    extra_percent: int = 0
    extra_attempts: int = 0
    large_type: bool = False


def allowance_of(member_id: int, exam_id: int) -> Allowance:
    """What a member gets besides in an exam: what is set for this exam, else for all exams."""
    return allowances(member_id, [exam_id])[exam_id]


def large_type_of(member_id: int) -> bool:
    """Whether a member is granted large type everywhere: in the quizzes of courses, too."""
    return allowances(member_id, [0])[0].large_type


def allowances(member_id: int, exam_ids: Sequence[int]) -> dict[int, Allowance]:
    """The same of several exams, by the id of each."""
    rows = db.session().scalars(
        select(Accommodation).where(
            Accommodation.member_id == member_id,
            or_(Accommodation.exam_id.is_(None), Accommodation.exam_id.in_(exam_ids)),
        )
    )
    # What was taken back in one exam leaves what is granted in all.
    found = {
        row.exam_id: Allowance(row.extra_percent, row.extra_attempts, row.large_type)
        for row in rows
        if row.extra_percent or row.extra_attempts or row.large_type
    }
    return {i: found.get(i) or found.get(None) or Allowance() for i in exam_ids}
