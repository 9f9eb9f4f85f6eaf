"""What the worker does for the log of acts: every night what has been kept long enough goes."""

from __future__ import annotations

import logging
from datetime import timedelta

from flask import Flask, current_app
from huey import crontab

from app.core import clock, jobs
from app.core.db import unit_of_work
from app.members import service

log = logging.getLogger(__name__)
SHORTEN = "members.shorten_log"


@jobs.handler(SHORTEN)
def shorten(lease: jobs.Lease) -> None:
    """Delete lines older than the operator keeps them, some thousands at a time."""
    kept = timedelta(days=366 * current_app.extensions["weike"].audit_years)
    is_more = True
    while is_more:
        lease.check()
        with unit_of_work():
            is_more = service.forget_before(clock.now() - kept) > 0


def init_app(app: Flask) -> None:
    huey = app.extensions["huey"]

    @huey.periodic_task(crontab(hour="18", minute="41"), name="shorten_log")  # type: ignore[untyped-decorator]
    def nightly() -> None:
        # In the small hours of the morning in China.
        try:
            with app.app_context(), unit_of_work():
                jobs.enqueue(SHORTEN, key=SHORTEN)
        except Exception:
            log.exception("old lines of the log of acts could not be asked to go")
