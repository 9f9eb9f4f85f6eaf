"""Reminders of what has to be done, in the morning where the organisation is, and when asked;
every hour, what search knows of learning paths."""

from __future__ import annotations

import logging

from flask import Flask, current_app
from huey import crontab

from app.core import clock, jobs
from app.core.db import reading, unit_of_work
from app.learning import service

log = logging.getLogger(__name__)
HOURS = (8, 12, 17)  # on the organisation's clock; the later ones for a worker that was away


@jobs.handler("learning.remind")
def remind(lease: jobs.Lease, assignment_id: int | None = None) -> None:
    """Tell what there is to tell; reading it all is slow, so each assignment is written alone."""
    with reading():
        told = service.words_of_today(current_app.extensions["weike"].zone, assignment_id)
    for one in told:
        lease.check()
        with unit_of_work():
            service.tell(one)


@jobs.handler("learning.find_paths")
def find_paths(lease: jobs.Lease) -> None:
    """Tell search of every path again; what is as before is no change."""
    with unit_of_work():
        service.refresh_paths()


def init_app(app: Flask) -> None:
    huey = app.extensions["huey"]

    @huey.periodic_task(crontab(minute="35"), name="find_paths")  # type: ignore[untyped-decorator]
    def findable() -> None:
        try:
            with app.app_context(), unit_of_work():
                jobs.enqueue("learning.find_paths", key="learning.find_paths")
        except Exception:
            log.exception("paths could not be told to search")

    @huey.periodic_task(crontab(minute="5"), name="remind_of_assignments")  # type: ignore[untyped-decorator]
    def hourly() -> None:
        if clock.now().astimezone(app.extensions["weike"].zone).hour not in HOURS:
            return
        try:
            with app.app_context(), unit_of_work():
                jobs.enqueue("learning.remind", key="learning.remind")
        except Exception:
            log.exception("reminders could not be asked for")
