"""Marking by hand: what only people can mark, without knowing whose it is."""

from __future__ import annotations

from decimal import Decimal

from app.core import clock
from app.core.db import db
from app.core.refusals import NotThere
from app.exams import rules
from app.exams.models import Attempt, AttemptItem
from app.exams.queries import items_of
from app.exams.service.rewarding import reward, take_back
from app.exams.service.taking import note, settle
from app.exams.service.telling import tell_marked
from app.questions import types
from app.questions.queries import versions


def give(exam_id: int, item_id: int, *, points: Decimal, comment: str, marker_id: int) -> None:
    """Give points (0 to the question's greatest mark) for one answer; the last mark counts.

    When nothing waits any more the attempt is passed or not, with all that follows. Raises
    NotThere, OverTheMost, OwnAnswer.
    """
    session = db.session()
    item = session.get(AttemptItem, item_id)
    if item is None:
        raise NotThere
    attempt = session.get(Attempt, item.attempt_id, with_for_update=True, populate_existing=True)
    if attempt is None or attempt.exam_id != exam_id or attempt.state != "submitted":
        raise NotThere
    question = versions([item.version_id])[item.version_id]
    if not types.of(question.kind).BY_HAND or not item.response:
        raise NotThere
    if attempt.member_id == marker_id:
        raise rules.OwnAnswer
    if not points.is_finite() or not 0 <= points <= item.max_mark:
        raise rules.OverTheMost(most=item.max_mark)
    was_passed, items = bool(attempt.passed), items_of(attempt.id)
    had_result, score = attempt.waiting == 0, attempt.score
    if item.mark is None:
        attempt.waiting -= 1
    item.mark = rules.as_mark(points, item.max_mark) if item.max_mark else Decimal(0)
    item.comment = comment.strip()[:2000]
    item.marked_by, item.marked_at = marker_id, clock.now()
    settle(attempt, items)
    session.flush()
    note(
        *(exam_id, "mark"),
        attempt_id=attempt.id,
        actor_id=marker_id,
        item=item_id,
        given=str(points),
    )
    if attempt.passed and not was_passed:
        reward(attempt)
    elif was_passed and not attempt.passed:
        take_back(attempt, actor_id=marker_id, reason=comment or "marked anew")
    if not had_result or attempt.score != score:
        tell_marked(attempt, was_known=had_result)
