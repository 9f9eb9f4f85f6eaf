"""The write-ahead log of SQLite is emptied beside the requests, by a thread."""

from __future__ import annotations

import sqlite3
import threading
import time
from contextlib import closing
from pathlib import Path

from flask import Flask

from app.core import clock
from app.core.checkpoints import EVERY, LONGEST_LOG, Checkpoints
from app.core.db import db, unit_of_work
from app.core.models import Setting


def reached(path: Path) -> set[str]:
    """The settings in the file of the database itself, without its log."""
    address = f"{path.as_uri()}?mode=ro&immutable=1"
    try:
        with closing(sqlite3.connect(address, uri=True)) as link:
            return {key for (key,) in link.execute("SELECT key FROM setting")}
    except sqlite3.DatabaseError:  # it is being written to
        return set()


def write(count: int) -> None:
    for number in range(count):
        with unit_of_work() as session:
            session.add(Setting(key=f"key{number}", value={}, changed_at=clock.now()))
        db.session.remove()


def test_what_was_committed_reaches_the_file_while_its_log_is_short(app: Flask) -> None:
    with app.app_context():
        path = Path(str(db.engine.url.database))
        write(EVERY)
        until = time.monotonic() + 60
        while f"key{EVERY - 1}" not in reached(path):
            assert time.monotonic() < until
            time.sleep(0.02)
        with db.engine.connect() as link:
            assert link.exec_driver_sql("PRAGMA wal_autocheckpoint").scalar() == LONGEST_LOG
            assert link.exec_driver_sql("PRAGMA synchronous").scalar() == 2  # FULL


def test_a_database_that_was_taken_away_is_not_made_again(tmp_path: Path) -> None:
    checkpoints = Checkpoints(tmp_path / "gone.sqlite")
    for _ in range(EVERY * 3):
        checkpoints.written()
    for thread in threading.enumerate():
        if thread.name == "checkpoint":
            thread.join(60)
    assert not list(tmp_path.iterdir())
