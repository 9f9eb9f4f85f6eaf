"""Counts what a page asks the database, so that a list cannot grow a query per row."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from flask import Flask
from sqlalchemy import event

from app.core.db import db


@contextmanager
def counted(app: Flask) -> Iterator[list[str]]:
    """The SQL statements of a `with` block (transactions' own words left out), in order."""
    seen: list[str] = []

    def note(connection, cursor, statement, parameters, context, executemany) -> None:
        # Every process looks at the settings every few seconds, whoever asks for what.
        if not statement.startswith(("BEGIN", "PRAGMA")) and "FROM setting" not in statement:
            seen.append(statement)

    with app.app_context():
        engine = db.engine
    event.listen(engine, "before_cursor_execute", note)
    try:
        yield seen
    finally:
        event.remove(engine, "before_cursor_execute", note)
