"""Weike as gunicorn serves it, with faults that a test can order by a file in the instance folder.

* `crash-at`: the name of the point of submitting where the process kills itself (kill -9), once;
* `drop`: the share of answers that never reach the browser, though the server did its work;
* `full`: the database file cannot grow, as on a full disk;
* `jump`: seconds by which the clock on the wall is wrong.
"""

from __future__ import annotations

import os
import random
import signal
import socket
import time
from collections.abc import Callable, Iterable, Iterator
from functools import wraps
from pathlib import Path
from typing import Any

from flask import Flask, request
from sqlalchemy import event
from sqlalchemy.orm import Session

from app import create_app
from app.core import clock
from app.core import db as core_db
from app.core.db import db
from app.exams.models import Attempt
from app.exams.service import finishing, rewarding, taking
from app.points import service as points
from app.questions.types import single

POINTS = (
    *("arrived", "transaction begun", "attempt locked", "clock asked", "answers kept"),
    *("half marked", "added up", "final state written", "written down", "points due"),
    *("points credited", "before commit", "committed", "answer made", "answer half sent"),
)
_folder = Path()


def _order(name: str) -> str:
    try:
        return (_folder / name).read_text().strip()
    except OSError:
        return ""


def crash(point: str) -> None:
    """Die here if a test has ordered it; only once, so that the next process lives."""
    if _order("crash-at") == point:
        (_folder / "crash-at").unlink()
        os.kill(os.getpid(), signal.SIGKILL)


def _before(module: Any, name: str, point: str) -> None:
    done = getattr(module, name)

    @wraps(done)
    def instead(*args: Any, **kwargs: Any) -> Any:
        crash(point)
        return done(*args, **kwargs)

    setattr(module, name, instead)


def _after(module: Any, name: str, point: str) -> None:
    done = getattr(module, name)

    @wraps(done)
    def instead(*args: Any, **kwargs: Any) -> Any:
        found = done(*args, **kwargs)
        crash(point)
        return found

    setattr(module, name, instead)


def _arm(app: Flask) -> None:
    app.before_request_funcs.setdefault(None, []).insert(
        0, lambda: crash("arrived") if request.path.endswith("/submit") else None
    )
    _after(taking, "locked", "attempt locked")
    _after(taking, "_must_be_running", "clock asked")
    _after(taking, "_keep", "answers kept")
    _after(single, "mark", "half marked")
    _after(finishing, "settle", "added up")
    _after(finishing, "note", "written down")
    _before(points, "credit", "points due")
    _after(points, "credit", "points credited")
    assert rewarding.points is points

    @event.listens_for(Session, "after_flush")
    def flushed(session: Session, _: object) -> None:
        if any(isinstance(row, Attempt) and row.state == "submitted" for row in session.dirty):
            crash("final state written")

    @event.listens_for(Session, "before_commit")
    def committing(_: Session) -> None:
        crash("before commit")

    @event.listens_for(Session, "after_commit")
    def committed(_: Session) -> None:
        crash("committed")

    @event.listens_for(db.engine, "begin")
    def begun(connection: Any) -> None:
        if core_db._writing.get():
            crash("transaction begun")
        if connection.dialect.name == "sqlite":
            # SQLite never lowers this below what there is: 1 stands for “not a page more”.
            pages = 1 if _order("full") else 1_073_741_823
            connection.exec_driver_sql(f"PRAGMA max_page_count={pages}")


class _Faulty:
    def __init__(self, app: Callable[..., Iterable[bytes]]) -> None:
        self.app = app

    def __call__(self, environ: dict[str, Any], start: Any) -> Iterable[bytes]:
        body = self.app(environ, start)
        if environ["REQUEST_METHOD"] == "POST":
            if environ["PATH_INFO"].endswith("/submit"):
                crash("answer made")
                if _order("crash-at") == "answer half sent":
                    return _half(b"".join(body))
            if random.random() < float(_order("drop") or 0):
                environ["gunicorn.socket"].shutdown(socket.SHUT_RDWR)
        return body


def _half(body: bytes) -> Iterator[bytes]:
    yield body[: len(body) // 2]
    crash("answer half sent")


def _wall() -> float:
    return time.time() + float(_order("jump") or 0)


def serve() -> Flask:
    """The application, for `gunicorn --preload`; nothing is open when workers are forked."""
    global _folder  # noqa: PLW0603 - one server in the process
    clock.wall = _wall
    app = create_app()
    _folder = Path(app.extensions["weike"].instance_dir)
    with app.app_context():
        _arm(app)
        db.session.remove()
        db.engine.dispose()
    app.wsgi_app = _Faulty(app.wsgi_app)  # type: ignore[method-assign]
    return app
