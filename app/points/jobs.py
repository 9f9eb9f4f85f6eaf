"""The nightly seal: a minute after midnight where the organisation is, and at every start."""

from __future__ import annotations

import logging

from flask import Flask
from huey import crontab

from app.core import jobs
from app.core.db import unit_of_work
from app.points import service

log = logging.getLogger(__name__)


@jobs.handler("points.seal")
def seal(lease: jobs.Lease) -> None:
    with unit_of_work():
        service.seal_days()


def init_app(app: Flask) -> None:
    """Let the worker seal what is over. It looks every hour, because midnight is not at the same
    hour of the worker's clock everywhere; a day that is sealed already costs one short query."""
    huey = app.extensions["huey"]

    def enqueue() -> None:
        try:
            with app.app_context(), unit_of_work():
                jobs.enqueue("points.seal", key="points.seal")
        except Exception:
            # The database may be busy, or not made yet; the worker must start nevertheless.
            log.exception("the sealing of days could not be asked for")

    @huey.periodic_task(crontab(minute="1"), name="seal_points")  # type: ignore[untyped-decorator]
    def hourly() -> None:
        enqueue()

    @huey.on_startup(name="seal_points_at_start")  # type: ignore[untyped-decorator]
    def at_start() -> None:
        # Called in every worker thread; the key keeps it one job.
        enqueue()
