"""The threads of a worker beside those of huey: for long jobs, and for what a dead worker left."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

from flask import Flask

from app.core import jobs

log = logging.getLogger(__name__)

SWEEP_SECONDS = 1.0
LOOK_SECONDS = 1.0  # between two looks for a long job while there is none


def init_app(app: Flask) -> None:
    """Start them with a worker, as many for long jobs as the operator says (decision 0034)."""
    huey = app.extensions["huey"]

    @huey.on_startup(name="lanes")  # type: ignore[untyped-decorator]
    def start() -> None:
        # Called once in every thread of huey; the first of them starts ours.
        ending = threading.Event()
        if app.extensions.setdefault("lanes", ending) is not ending:
            return

        def sweep() -> bool:
            jobs.sweep(app)
            return False  # a pause after each

        _thread(sweep, ending, SWEEP_SECONDS)
        for _ in range(app.extensions["weike"].worker_threads):
            _thread(lambda: jobs.do_next(app, long=True), ending, LOOK_SECONDS)

    @huey.on_shutdown(name="lanes")  # type: ignore[untyped-decorator]
    def end() -> None:
        # Nothing new begins; what is being done is given back when the process ends.
        app.extensions["lanes"].set()


def _thread(step: Callable[[], bool], ending: threading.Event, pause: float) -> None:
    """Take a step again and again, with a pause after each that found nothing to do."""

    def go_on() -> None:
        while not ending.is_set():
            try:
                was_busy = step()
            except Exception:
                log.exception("a thread of the worker failed and goes on")
                was_busy = False
            if not was_busy:
                ending.wait(pause)

    threading.Thread(target=go_on, daemon=True).start()
