"""Marking by hand: what only people can mark, without knowing whose it is.

Every mark that somebody gives is kept (GivenMark). Where an exam wants two people for an answer,
neither sees the other's mark before both are given; what they differ by is settled by a person.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import TypeAlias

from sqlalchemy import select

from app.core import clock
from app.core.db import db
from app.core.refusals import NotThere
from app.exams import rules
from app.exams.models import Attempt, AttemptItem, Exam, GivenMark
from app.exams.queries import items_of, standing_marks
from app.exams.service.finishing import settle
from app.exams.service.following import follow_mark, known_of
from app.exams.service.noting import note
from app.exams.service.telling import tell_marked
from app.questions import types
from app.questions.queries import versions

Parts: TypeAlias = list[str] | None  # points for each criterion
Points: TypeAlias = Decimal | Sequence[Decimal]  # for the whole answer, or for each criterion
Rubric: TypeAlias = Sequence[Mapping[str, str]]  # {text, share}


def give(
    exam_id: int,
    item_id: int,
    *,
    points: Points,
    comment: str,
    marker_id: int,
    is_first: bool = False,
) -> None:
    """Give points (0 to the question's greatest mark) for one answer, or for each of its criteria.

    With one marker the last mark counts. With two, the first waits for the second; their mean
    counts when they are near enough, else somebody settles them, see `settle_apart`. When nothing
    waits any more the attempt is passed or not, with all that follows. `is_first` is for an answer
    that still waited when it was read: a mark that was given meanwhile is not replaced, and the
    same one once more, from a second window, is no second one. Raises NotThere, OverTheMost,
    PartOverTheMost, OtherCriteria, OwnAnswer, MarkedByYou, MarksApart, MarkedMeanwhile.
    """
    attempt, item, rubric = _handed_in(exam_id, item_id)
    if is_first and item.mark is not None:
        if _is_sent_twice(item, rubric, points, comment, marker_id):
            return
        raise rules.MarkedMeanwhile(
            points=rules.shown(rules.points(item.mark, item.max_mark)),
            most=rules.shown(item.max_mark),
        )
    mark, parts = _mark(attempt, item, rubric, points, marker_id)
    exam = db.session().get_one(Exam, exam_id)
    if item.mark is not None:
        keep_mark(item, mark, parts, kind=rules.Given.AGAIN, comment=comment, marker_id=marker_id)
        count_mark(attempt, item, mark, parts, comment=comment, marker_id=marker_id)
        return
    if not exam.second_marking:
        keep_mark(item, mark, parts, kind=rules.Given.FIRST, comment=comment, marker_id=marker_id)
        count_mark(attempt, item, mark, parts, comment=comment, marker_id=marker_id)
        return
    before = standing_marks(item)
    if len(before) > 1:
        raise rules.MarksApart
    if not before:
        keep_mark(item, mark, parts, kind=rules.Given.FIRST, comment=comment, marker_id=marker_id)
        # How many points is not written where the second marker may look.
        _note(attempt, item, marker_id, "first")
        return
    first = before[0]
    if first.marker_id == marker_id:
        raise rules.MarkedByYou
    keep_mark(item, mark, parts, kind=rules.Given.SECOND, comment=comment, marker_id=marker_id)
    agreed = rules.settled(first.mark, mark, exam.apart_percent)
    if agreed is None:
        _note(attempt, item, marker_id, "apart")
    else:
        said = rules.joined([first.comment, comment])
        mean = rules.mean_of(first.parts, parts)
        count_mark(attempt, item, agreed, mean, comment=said, marker_id=marker_id)


def settle_apart(
    exam_id: int, item_id: int, *, points: Points, comment: str, marker_id: int
) -> None:
    """Settle two marks that are too far apart: one of the two gives the mark that they agreed on,
    or a third person theirs. Raises NotApart, and as `give`."""
    attempt, item, rubric = _handed_in(exam_id, item_id)
    mark, parts = _mark(attempt, item, rubric, points, marker_id)
    before = standing_marks(item)
    if item.mark is not None or len(before) != 2:
        raise rules.NotApart
    is_one_of_them = marker_id in {given.marker_id for given in before}
    kind = rules.Given.AGREED if is_one_of_them else rules.Given.THIRD
    keep_mark(item, mark, parts, kind=kind, comment=comment, marker_id=marker_id)
    said = comment if comment.strip() else rules.joined([given.comment for given in before])
    count_mark(attempt, item, mark, parts, comment=said, marker_id=marker_id)


def keep_mark(
    item: AttemptItem,
    mark: Decimal,
    parts: Parts = None,
    *,
    kind: rules.Given,
    comment: str,
    marker_id: int,
) -> None:
    """Write a mark into the history of an answer."""
    db.session().add(
        GivenMark(
            item_id=item.id,
            marker_id=marker_id,
            kind=kind.value,
            mark=mark,
            parts=parts,
            comment=comment.strip()[: rules.LONGEST_COMMENT],
            saved=item.saved,
            at=clock.now(),
        )
    )


def count_mark(
    attempt: Attempt,
    item: AttemptItem,
    mark: Decimal,
    parts: Parts = None,
    *,
    comment: str,
    marker_id: int,
    reason: str = "",
    is_told: bool = True,
) -> None:
    """Let a mark count, with all that follows for its attempt; the caller holds its lock."""
    known, items = known_of(attempt), items_of(attempt.id)
    had_result, score = attempt.waiting == 0, attempt.score
    if item.mark is None:
        attempt.waiting -= 1
    item.mark, item.parts = mark, parts
    item.comment = comment.strip()[: rules.LONGEST_COMMENT]
    item.marked_by, item.marked_at = marker_id, clock.now()
    settle(attempt, items)
    db.session().flush()
    _note(attempt, item, marker_id, str(rules.points(mark, item.max_mark)))
    follow_mark(attempt, known, actor_id=marker_id, reason=reason, note=reason or comment)
    if is_told and (not had_result or attempt.score != score):
        tell_marked(attempt, was_known=had_result)


def locked_item(exam_id: int, item_id: int) -> tuple[Attempt, AttemptItem]:
    """An answer of a handed-in paper, with its attempt locked. Raises NotThere."""
    session = db.session()
    attempt_id = session.scalar(select(AttemptItem.attempt_id).where(AttemptItem.id == item_id))
    if attempt_id is None:
        raise NotThere
    attempt = session.get(Attempt, attempt_id, with_for_update=True, populate_existing=True)
    if attempt is None or attempt.exam_id != exam_id or attempt.state != "submitted":
        raise NotThere
    return attempt, session.get_one(AttemptItem, item_id, populate_existing=True)


def _handed_in(exam_id: int, item_id: int) -> tuple[Attempt, AttemptItem, Rubric]:
    """With the criteria by which the answer is marked, if there are any."""
    attempt, item = locked_item(exam_id, item_id)
    question = versions([item.version_id])[item.version_id]
    if not types.of(question.kind).BY_HAND or not item.response:
        raise NotThere
    return attempt, item, question.body.get("rubric") or ()


def _is_sent_twice(
    item: AttemptItem, rubric: Rubric, points: Points, comment: str, marker_id: int
) -> bool:
    if not isinstance(points, Decimal):
        points, _parts = rules.whole_of(points, rubric, item.max_mark)
    said = comment.strip()[: rules.LONGEST_COMMENT]
    kept = (item.marked_by, rules.points(item.mark, item.max_mark), item.comment)
    return kept == (marker_id, points, said)


def _mark(
    attempt: Attempt, item: AttemptItem, rubric: Rubric, points: Points, marker_id: int
) -> tuple[Decimal, Parts]:
    if attempt.member_id == marker_id:
        raise rules.OwnAnswer
    parts = None
    if not isinstance(points, Decimal):
        points, parts = rules.whole_of(points, rubric, item.max_mark)
    if not points.is_finite() or not 0 <= points <= item.max_mark:
        raise rules.OverTheMost(most=item.max_mark)
    return (rules.as_mark(points, item.max_mark) if item.max_mark else Decimal(0)), parts


def _note(attempt: Attempt, item: AttemptItem, marker_id: int, given: str) -> None:
    note(
        *(attempt.exam_id or 0, "mark"),
        attempt_id=attempt.id,
        actor_id=marker_id,
        item=item.id,
        given=given,
    )
