"""Tables that remember what a row said on any day, so that a report about a day stays as it was.

A past has one row per version: from the moment `since` until the moment `until`, which is None for
what holds now. It is written whenever a row is stored through the session, whoever stores it.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, cast

from sqlalchemy import ColumnElement, Connection, Table, and_, event, insert, or_, update
from sqlalchemy.orm import Mapper

from app.core import clock

ONE_ACT = timedelta(seconds=1)  # what is stored in several steps is one change


def keep_past(model: type[Any], past: type[Any], key: str, columns: Sequence[str]) -> None:
    """Keep the past of some columns of `model` in `past`, whose column `key` holds the row's id."""
    table = cast("Table", past.__table__)

    def note(mapper: Mapper[Any], connection: Connection, row: Any) -> None:
        values = {name: getattr(row, name) for name in columns}
        now = clock.now()
        mine = and_(table.c[key] == row.id, table.c.until.is_(None))
        fresh = and_(mine, table.c.since > now - ONE_ACT)
        if connection.execute(update(table).where(fresh).values(values)).rowcount:
            return
        same = and_(mine, *(table.c[name] == value for name, value in values.items()))
        if connection.execute(update(table).where(same).values({key: row.id})).rowcount:
            return  # another column has changed
        connection.execute(update(table).where(mine).values(until=now))
        connection.execute(insert(table).values({key: row.id, **values, "since": now}))

    event.listen(model, "after_insert", note)
    event.listen(model, "after_update", note)


def at(past: type[Any], moment: datetime | ColumnElement[datetime]) -> ColumnElement[bool]:
    """SQL: the version that held just before a moment."""
    return and_(past.since < moment, or_(past.until.is_(None), past.until >= moment))
