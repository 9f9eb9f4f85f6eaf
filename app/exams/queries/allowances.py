"""What somebody is allowed besides: more time, more attempts, large type."""

from __future__ import annotations

from collections.abc import Collection, Sequence
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
    return _granted([member_id], exam_ids)[member_id]


def allowances_in(exam_id: int, member_ids: Collection[int]) -> dict[int, Allowance]:
    """What several members get besides in one exam, by the id of each."""
    return {i: of[exam_id] for i, of in _granted(member_ids, [exam_id]).items()}


def _granted(
    member_ids: Collection[int], exam_ids: Sequence[int]
) -> dict[int, dict[int, Allowance]]:
    rows = db.session().scalars(
        select(Accommodation).where(
            Accommodation.member_id.in_(member_ids),
            or_(Accommodation.exam_id.is_(None), Accommodation.exam_id.in_(exam_ids)),
        )
    )
    # What was taken back in one exam leaves what is granted in all.
    found = {
        (row.member_id, row.exam_id): Allowance(
            row.extra_percent, row.extra_attempts, row.large_type
        )
        for row in rows
        if row.extra_percent or row.extra_attempts or row.large_type
    }
    return {
        m: {i: found.get((m, i)) or found.get((m, None)) or Allowance() for i in exam_ids}
        for m in member_ids
    }
