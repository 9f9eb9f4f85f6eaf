"""What the worker does for the bank: compare it with itself, and tidy the drawer of answers."""

from __future__ import annotations

import logging

from flask import Flask
from huey import crontab

from app.core import jobs
from app.core.db import reading, unit_of_work
from app.questions import queries, rules, service

log = logging.getLogger(__name__)


@jobs.handler(service.TWINS_JOB, long=True)
def twins(lease: jobs.Lease) -> None:
    """Compare the bank with itself until nothing has changed meanwhile.

    Reads, then thinks, then writes: nobody waits for the thinking.
    """
    is_changed = True
    while is_changed:
        with reading():
            newest = queries.newest_version()
            said = queries.sayings_of_bank()
        found = rules.alike(said)
        lease.check()
        with unit_of_work():
            service.keep_twins(found)
            is_changed = queries.newest_version() != newest


@jobs.handler(service.SEARCH_JOB)
def search(lease: jobs.Lease, ids: list[int]) -> None:
    """Tell search of many questions, some at a time, so that nobody waits for the database."""
    for start in range(0, len(ids), service.AT_ONCE):
        lease.check()
        with unit_of_work():
            service.tell_search(ids[start : start + service.AT_ONCE])


@jobs.handler("questions.sweep")
def sweep(_lease: jobs.Lease) -> None:
    """Files that were sent as answers and belong to nothing."""
    with reading():
        service.sweep_answers()


def init_app(app: Flask) -> None:
    huey = app.extensions["huey"]

    @huey.periodic_task(crontab(hour="18", minute="23"), name="tidy_questions")  # type: ignore[untyped-decorator]
    def nightly() -> None:
        # In the small hours of the morning in China.
        try:
            with app.app_context(), unit_of_work():
                jobs.enqueue(service.TWINS_JOB, key=service.TWINS_JOB)
                jobs.enqueue("questions.sweep", key="questions.sweep")
        except Exception:
            log.exception("the nightly round of the bank could not be asked for")
