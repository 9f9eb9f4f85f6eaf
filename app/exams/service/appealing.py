"""Appeals: a member disagrees with a mark, and somebody who has not given it looks again."""

from __future__ import annotations

from decimal import Decimal

from sqlalchemy import select

from app.core import clock
from app.core.db import db
from app.core.refusals import NotThere
from app.exams import rules
from app.exams.models import Appeal, Attempt, Exam
from app.exams.queries import appeal_end, exam_view, markers_of_answer, standing_of, view
from app.exams.service.marking import count_mark, keep_mark, locked_item
from app.exams.service.noting import note
from app.exams.service.telling import tell_answered, tell_appeal


def appeal(attempt_id: int, item_id: int, *, member_id: int, text: str) -> int:
    """Say why a marked answer should be worth more; returns the appeal's id.

    Once for each answer, while it is shown, until the time to appeal is over. Raises NotThere,
    NothingToAppeal, AppealTooLate, AlreadyAppealed, EmptyAppeal.
    """
    session = db.session()
    attempt = session.get(Attempt, attempt_id, with_for_update=True, populate_existing=True)
    if attempt is None or attempt.member_id != member_id or attempt.exam_id is None:
        raise NotThere
    exam, now = session.get_one(Exam, attempt.exam_id), clock.now()
    standing = standing_of(member_id, exam_view(exam, now), now)
    until = appeal_end(standing, view(attempt))
    if until is None:
        raise rules.NothingToAppeal
    if now >= until:
        raise rules.AppealTooLate
    _same, item = locked_item(exam.id, item_id)
    if item.attempt_id != attempt_id:
        raise NotThere
    if item.mark is None or item.max_mark == 0 or item.mark >= 1:
        raise rules.NothingToAppeal
    if session.scalar(select(Appeal.id).where(Appeal.item_id == item_id)) is not None:
        raise rules.AlreadyAppealed
    text = text.strip()[: rules.LONGEST_APPEAL]
    if not text:
        raise rules.EmptyAppeal
    row = Appeal(exam_id=exam.id, item_id=item_id, text=text, made_at=now, mark_before=item.mark)
    session.add(row)
    session.flush()
    note(*(exam.id, "appeal"), attempt_id=attempt_id, actor_id=member_id, item=item_id)
    tell_appeal(exam, row.id, member_id=member_id)
    return row.id


def answer_appeal(
    exam_id: int, appeal_id: int, *, points: Decimal, answer: str, marker_id: int
) -> None:
    """Answer an appeal, with as many points as before or more; the result follows.

    Raises NotThere, AppealAnswered, OwnAnswer, NeedsAnotherMarker, EmptyAnswer, NeverLower,
    OverTheMost.
    """
    session = db.session()
    row = session.get(Appeal, appeal_id)
    if row is None or row.exam_id != exam_id:
        raise NotThere
    attempt, item = locked_item(exam_id, row.item_id)
    session.refresh(row)
    if row.state != "open":
        raise rules.AppealAnswered
    if attempt.member_id == marker_id:
        raise rules.OwnAnswer
    if marker_id in markers_of_answer(item):
        raise rules.NeedsAnotherMarker
    answer = answer.strip()[: rules.LONGEST_COMMENT]
    if not answer:
        raise rules.EmptyAnswer
    if not points.is_finite() or points > item.max_mark:
        raise rules.OverTheMost(most=item.max_mark)
    least = rules.points(item.mark, item.max_mark)
    if points < least:
        raise rules.NeverLower(least=least)
    is_more = points > least
    row.state = "upheld" if is_more else "kept"
    row.answer, row.answered_by, row.answered_at = answer, marker_id, clock.now()
    row.mark_after = rules.as_mark(points, item.max_mark) if is_more else item.mark
    session.flush()
    note(
        *(exam_id, "answer"),
        attempt_id=attempt.id,
        actor_id=marker_id,
        item=item.id,
        state=row.state,
        points=str(points),
    )
    if is_more and row.mark_after is not None:
        mark = row.mark_after
        keep_mark(item, mark, kind=rules.Given.APPEAL, comment=answer, marker_id=marker_id)
        count_mark(attempt, item, mark, comment=item.comment, marker_id=marker_id, is_told=False)
    tell_answered(attempt, row.id, number=item.position, answer=answer, is_more=is_more)
