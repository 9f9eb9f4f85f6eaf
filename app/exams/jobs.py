"""What the worker does for exams: hand in what is due, whether or not anybody is there; print."""

from __future__ import annotations

import logging
from typing import Any

from flask import Flask
from huey import crontab

from app.core import given_up, jobs
from app.core.db import reading, unit_of_work
from app.core.jobs import Lease, handler
from app.exams import queries, service
from app.exams.queries.attempts import title_of_attempt
from app.exams.queries.exams import title_of
from app.exams.service import (
    finish_due,
    follow_later,
    follow_mark_later,
    go_on,
    plan_open,
    regrade_step,
    reward_due,
    reward_later,
    tell_later,
    tell_results,
)

log = logging.getLogger(__name__)


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


@handler("exams.reward_quiz")  # as earlier versions asked for it
@handler("exams.reward")
def reward_waiting(_lease: Lease, attempt_id: int) -> None:
    """Give what an attempt brings once no exam seals its outcome any more, and tell the result."""
    with unit_of_work():
        reward_later(attempt_id)
        tell_later(attempt_id)


@handler("exams.follow")
def follow_waiting(
    _lease: Lease, attempt_id: int, regrade_id: int, passed: bool, score: str, out_of: str
) -> None:
    """Give, take back and tell what a regrade changed once no exam seals it any more."""
    with unit_of_work():
        follow_later(attempt_id, regrade_id=regrade_id, passed=passed, score=score, out_of=out_of)


@handler("exams.follow_mark")
def follow_mark_waiting(_lease: Lease, attempt_id: int, **facts: Any) -> None:
    """Give or take back what a mark given by hand changed once no exam seals it any more."""
    with unit_of_work():
        follow_mark_later(attempt_id, **facts)


@handler("exams.regrade")
def regrade(lease: Lease, regrade_id: int) -> None:
    """Mark a quiz anew, or undo that, some attempts at a time."""
    share: int | None = 0
    while share is not None:
        with unit_of_work():
            share = regrade_step(regrade_id)
        lease.check()
        if share is not None:
            lease.report(share)


@given_up.name_of("exams.reward_quiz", "exams.reward", "exams.follow", "exams.follow_mark")
def named_attempt(*, attempt_id: int, **_facts: object) -> str:
    return title_of_attempt(attempt_id)


@given_up.name_of("exams.regrade")
def named_regrade(*, regrade_id: int) -> str:
    return queries.title_of_regrade(regrade_id)


@given_up.name_of("exams.finish")
def named(*, exam_id: int) -> str:
    return title_of(exam_id)


@handler("exams.print")
def print_paper(lease: Lease, printout_id: int) -> None:
    """Make a file of a paper: reads, then draws, then says that it is there."""
    with reading():
        order = queries.order_of(printout_id)
    if order is None:
        return
    size = service.printed(order, lambda share: lease.report(int(99 * share)))
    lease.check()
    with unit_of_work():
        service.keep_printed(printout_id, size=size)


@given_up.name_of("exams.print")
def printed_for(*, printout_id: int) -> str:
    return queries.exam_of_printout(printout_id)


@handler("exams.tidy")
def tidy(_lease: Lease) -> None:
    with unit_of_work():
        service.sweep_printed()
    with unit_of_work():
        go_on()


def init_app(app: Flask) -> None:
    huey = app.extensions["huey"]

    @huey.periodic_task(crontab(minute="41"), name="tidy_exams")  # type: ignore[untyped-decorator]
    def hourly() -> None:
        try:
            with app.app_context(), unit_of_work():
                jobs.enqueue("exams.tidy", key="exams.tidy")
        except Exception:
            log.exception("the hourly round of the exams could not be asked for")
