"""What organizers are sent: the report of a month on its first days after, the seal of each day."""

from __future__ import annotations

import logging

from flask import Flask, current_app
from huey import crontab

from app.core import clock, jobs
from app.core.db import reading, unit_of_work
from app.organisation import service

log = logging.getLogger(__name__)
DAYS, HOUR = range(1, 6), 8  # the later days for a worker that was away


@jobs.handler("organisation.month")
def month(lease: jobs.Lease) -> None:
    with reading():
        due = service.month_reports(current_app.extensions["weike"].zone)
    for one in due:
        lease.check()
        with unit_of_work():
            service.send(one)


@jobs.handler("organisation.seal")
def seal(lease: jobs.Lease) -> None:
    with unit_of_work():
        service.send_seal()


def init_app(app: Flask) -> None:
    huey = app.extensions["huey"]

    @huey.periodic_task(crontab(minute="20"), name="monthly_report")  # type: ignore[untyped-decorator]
    def hourly() -> None:
        here = clock.now().astimezone(app.extensions["weike"].zone)
        if here.hour != HOUR:
            return
        due = ["organisation.seal"]
        if here.day in DAYS:
            due.append("organisation.month")
        try:
            with app.app_context(), unit_of_work():
                for kind in due:
                    jobs.enqueue(kind, key=kind)
        except Exception:
            log.exception("what organizers are sent in the morning could not be asked for")
