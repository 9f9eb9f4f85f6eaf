"""What the worker does for exams: hand in what is due, whether or not anybody is there."""

from __future__ import annotations

from app.core import given_up
from app.core.db import unit_of_work
from app.core.jobs import Lease, handler
from app.exams.queries.exams import title_of
from app.exams.service import finish_due, plan_open, reward_due, reward_quiz, tell_results


@handler("exams.finish")
def finish(lease: Lease, exam_id: int) -> None:
    """Finish the attempts at an exam whose time is over, some at a time; plan what is left.

    A deadline may have been moved since this was planned: only what is due now is finished.
    """
    while True:
        with unit_of_work():
            done = finish_due(exam_id)
        if not done:
            break
        lease.check()
    with unit_of_work():
        plan_open(exam_id)
    after: int | None = 0
    while after is not None:
        with unit_of_work():
            after = reward_due(exam_id, after=after)
        lease.check()
    after = 0
    while after is not None:
        with unit_of_work():
            after = tell_results(exam_id, after=after)
        lease.check()


@handler("exams.reward_quiz")
def reward_quiz_later(lease: Lease, attempt_id: int) -> None:
    """Give what the quiz of a course brings once no exam seals its outcome any more."""
    with unit_of_work():
        reward_quiz(attempt_id)


@given_up.name_of("exams.finish")
def named(*, exam_id: int) -> str:
    return title_of(exam_id)
