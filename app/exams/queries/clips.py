"""Whether a paper, a result or a marking desk shows a reader a picture or a sound."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import exists, or_, select

from app.core.db import db
from app.exams import rules
from app.exams.models import Attempt, AttemptItem, Exam, ExamSection, ExamSlot
from app.exams.queries.attempts import quiz_state_for, view
from app.exams.queries.exams import exam_for, may_manage, standing_still
from app.exams.queries.marking import is_asked
from app.exams.queries.sealing import sealed_attempts, sealed_for
from app.exams.queries.standings import standing_for
from app.members.rules import Reader
from app.questions.queries import Showing


def shows_clip(reader: Reader, showing: Showing, now: datetime) -> bool:
    """Whether the reader may see now what these versions of questions show."""
    return bool(showing) and (
        _is_asked(reader.id, showing, now)
        or _is_told(reader, showing, now)
        or _is_marked(reader, showing)
    )


def _is_asked(member_id: int, showing: Showing, now: datetime) -> bool:
    """In an attempt that is going on; of a paper of single pages, as far as it was opened."""
    rows = db.session().execute(
        select(AttemptItem.position, Attempt, Exam)
        .join(Attempt, Attempt.id == AttemptItem.attempt_id)
        .outerjoin(Exam, Exam.id == Attempt.exam_id)
        .where(
            Attempt.member_id == member_id,
            Attempt.state == "open",
            AttemptItem.version_id.in_(showing.asked),
        )
    )
    return any(
        exam is None
        or (
            not rules.is_over(
                standing_still(exam.paused_at, now), attempt.deadline_at, exam.grace_s
            )
            and not (exam.no_going_back and position != attempt.reached)
        )
        for position, attempt, exam in rows
    )


def _is_told(reader: Reader, showing: Showing, now: datetime) -> bool:
    """In a result whose answers are released to the member, and that no other exam seals."""
    rows = db.session().scalars(
        select(Attempt).where(
            Attempt.member_id == reader.id,
            Attempt.state == "submitted",
            exists().where(
                AttemptItem.attempt_id == Attempt.id, AttemptItem.version_id.in_(showing.explained)
            ),
        )
    )
    return any(_shows_answers(reader, row, now) for row in rows)


def _shows_answers(reader: Reader, row: Attempt, now: datetime) -> bool:
    attempt = view(row)
    if sealed_attempts(sealed_for(reader.id, now, but=attempt.exam_id), [attempt.id]):
        return False
    if attempt.exam_id is None:
        state = quiz_state_for(reader.id, attempt.course_id or 0, now)
        return state is None or state.open_attempt is None
    standing = standing_for(reader, exam_for(reader, attempt.exam_id, now), now)
    return standing.open_attempt is None and standing.shows("answers")


def _is_marked(reader: Reader, showing: Showing) -> bool:
    """In an exam that the reader looks after, or is asked to mark."""
    if not reader.is_organizer:
        return False
    given = select(Attempt.exam_id).join(AttemptItem, AttemptItem.attempt_id == Attempt.id)
    fixed = select(ExamSection.exam_id).join(ExamSlot, ExamSlot.section_id == ExamSection.id)
    rows = db.session().scalars(
        select(Exam).where(
            or_(
                Exam.id.in_(given.where(AttemptItem.version_id.in_(showing.explained))),
                Exam.id.in_(fixed.where(ExamSlot.question_id.in_(showing.questions))),
            )
        )
    )
    return any(may_manage(reader, row) or is_asked(reader, row.id) for row in rows)
