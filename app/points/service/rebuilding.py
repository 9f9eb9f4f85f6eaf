"""Making all standings anew from the ledger, in a few statements over whole tables.

The days of entries are looked up in a table of the days' beginnings, so that both databases agree
with Python about a time zone. The triggers that count steps and ties would run once for every row;
they are set aside and what they count is counted once at the end.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    Integer,
    MetaData,
    Table,
    delete,
    func,
    insert,
    select,
    text,
)

from app.core import clock
from app.core.db import UtcDateTime, db
from app.points.models import (
    BranchShare,
    BranchStanding,
    Entry,
    Standing,
    StandingStep,
    StandingTie,
)
from app.points.models.standings import SQLITE
from app.points.queries.branches import SPREAD
from app.points.queries.sums import standing_for
from app.points.rules import CORRECTION, SPENDING, STEP, TIE, Period, height, span_of
from app.points.service.standings import queue_up

_SPANS = {period: f"span_{period.value}" for period in Period}
_DAYS = Table(
    "rebuild_day",
    MetaData(),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("starts", UtcDateTime, nullable=False),
    *(Column(name, Integer, nullable=False) for name in _SPANS.values()),
    prefixes=["TEMPORARY"],
)
# What entries stand for that do not simply stand for themselves: few, of those with corrections.
_INSTEAD = Table(
    "rebuild_instead",
    MetaData(),
    Column("id", BigInteger, primary_key=True, autoincrement=False),
    Column("member_reached", BigInteger, nullable=False),
    Column("branch_reached", BigInteger, nullable=False),
    prefixes=["TEMPORARY"],
)
# The number of the day on which a moment e.occurred_at is.
_DAY = {
    "sqlite": """(SELECT d.number FROM rebuild_day AS d WHERE d.starts <= e.occurred_at
      ORDER BY d.starts DESC LIMIT 1)""",
    "postgresql": """width_bucket(e.occurred_at,
      (SELECT array_agg(starts ORDER BY starts) FROM rebuild_day))""",
}
_SPENT = ", ".join(f"'{reason}'" for reason in SPENDING)
_EARNED = """
CREATE TEMPORARY TABLE rebuild_earned AS
SELECT member_id, branch_id, theme_id, day, CAST(sum(amount) AS INTEGER) AS points,
       max(member_reached) AS last, max(branch_reached) AS moved
FROM (
  SELECT e.member_id, e.branch_id, e.theme_id, e.amount, {day} AS day,
         coalesce(i.member_reached, e.id) AS member_reached,
         coalesce(i.branch_reached, e.id) AS branch_reached
  FROM ledger_entry AS e LEFT JOIN rebuild_instead AS i ON i.id = e.id
  WHERE e.amount <> 0 AND e.reason NOT IN ({spent})
) AS dated
GROUP BY member_id, branch_id, theme_id, day
"""
_POINT = height(1, 0) - height(0, 0)
_HEIGHT = f"sum(e.points) * {_POINT} + {height(0, 0)} - max(e.last)"
_OWN = f"""
INSERT INTO standing (member_id, span, theme_id, points, height, shown)
SELECT g.member_id, g.span, g.theme_id, g.points, g.height, m.is_active AND m.in_rankings
FROM (
  SELECT e.member_id, d.{{span}} AS span, {{theme}} AS theme_id,
         sum(e.points) AS points, {_HEIGHT} AS height
  FROM rebuild_earned AS e JOIN rebuild_day AS d ON d.number = e.day {{rest}}
) AS g JOIN member AS m ON m.id = g.member_id
"""  # noqa: S608 - constants only
_THEMES = (
    ("0", "GROUP BY e.member_id, d.{span}"),
    ("e.theme_id", "WHERE e.theme_id <> 0 GROUP BY e.member_id, d.{span}, e.theme_id"),
)
_SHARES = """
INSERT INTO branch_share (span, branch_id, member_id, points)
SELECT d.{span}, e.branch_id, e.member_id, sum(e.points)
FROM rebuild_earned AS e JOIN rebuild_day AS d ON d.number = e.day
GROUP BY d.{span}, e.branch_id, e.member_id
"""
_REACHED = " UNION ALL ".join(
    f"SELECT d.{span} AS span, e.branch_id, max(e.moved) AS reached "  # noqa: S608 - constants only
    f"FROM rebuild_earned AS e JOIN rebuild_day AS d ON d.number = e.day "
    f"GROUP BY d.{span}, e.branch_id"
    for span in _SPANS.values()
)
_STEPS = f"""
INSERT INTO standing_step (span, theme_id, step, members)
SELECT span, theme_id, points / {STEP}, count(*) FROM standing
WHERE shown AND points > 0 GROUP BY span, theme_id, points / {STEP}
"""  # noqa: S608 - constants only
_TIES = f"""
INSERT INTO standing_tie (span, theme_id, tie, members)
SELECT span, theme_id, height / {TIE}, count(*) FROM standing
WHERE shown AND points > 0 GROUP BY span, theme_id, height / {TIE}
"""  # noqa: S608 - constants only
# A branch without takers has a row all the same: it becomes stale when somebody comes back.
_BRANCHES = f"""
INSERT INTO branch_standing
  (span, branch_id, takers, movers, points, median2, low, reached, stale)
SELECT r.span, r.branch_id, coalesce(s.takers, 0), coalesce(s.movers, 0),
       coalesce(s.points, 0), coalesce(s.median2, 0), coalesce(s.low, 0), r.reached, :stale
FROM ({_REACHED}) AS r LEFT JOIN ({SPREAD.format(where="1 = 1")}) AS s
  ON s.span = r.span AND s.branch_id = r.branch_id
"""  # noqa: S608 - constants only


def rebuild(zone: ZoneInfo) -> int:
    """Throw all standings away and make them from the ledger; returns how many rows there are.

    Needed after the organisation has moved to another time zone, and never else. Readers see the
    old ones until it is done.
    """
    queue_up()
    connection = db.session().connection()
    dialect = connection.dialect.name
    with _counted_afterwards(connection):
        for table in (Standing, StandingStep, StandingTie, BranchShare, BranchStanding):
            connection.execute(delete(table))
        _DAYS.create(connection)
        days = _days(connection, zone)
        if days:
            connection.execute(insert(_DAYS), days)
        if dialect == "sqlite":
            connection.execute(text("CREATE INDEX rebuild_day_starts ON rebuild_day (starts)"))
        _INSTEAD.create(connection)
        instead = _instead()
        if instead:
            connection.execute(insert(_INSTEAD), instead)
        connection.execute(text(_EARNED.format(day=_DAY[dialect], spent=_SPENT)))
        if dialect == "postgresql":
            connection.execute(text("ANALYZE rebuild_earned"))
        rows = 0
        for span in _SPANS.values():
            for theme, rest in _THEMES:
                own = _OWN.format(span=span, theme=theme, rest=rest.format(span=span))
                rows += connection.execute(text(own)).rowcount
            connection.execute(text(_SHARES.format(span=span)))
        connection.execute(text(_STEPS))
        connection.execute(text(_TIES))
        connection.execute(text(_BRANCHES), {"stale": False})
        connection.execute(text("DROP TABLE rebuild_earned"))
        _INSTEAD.drop(connection)
        _DAYS.drop(connection)
    return rows


def _instead() -> list[dict[str, int]]:
    corrected = select(Entry.member_id).where(Entry.reason == CORRECTION).distinct()
    return [
        {"id": entry_id, "member_reached": stands.member, "branch_reached": stands.branch}
        for member_id in db.session().scalars(corrected).all()
        for entry_id, stands in standing_for(member_id).items()
    ]


def _days(connection: Connection, zone: ZoneInfo) -> list[dict[str, Any]]:
    """Every day from that of the first entry to that of the last, with the keys of its periods."""
    first = connection.scalar(select(func.min(Entry.occurred_at)))
    last = connection.scalar(select(func.max(Entry.occurred_at)))
    if first is None or last is None:
        return []
    day, until = first.astimezone(zone).date(), last.astimezone(zone).date()
    return [
        {
            "number": number + 1,
            "starts": clock.day_bounds(day + timedelta(days=number), zone)[0],
            **{
                name: span_of(period, day + timedelta(days=number))
                for period, name in _SPANS.items()
            },
        }
        for number in range((until - day).days + 1)
    ]


@contextmanager
def _counted_afterwards(connection: Connection) -> Iterator[None]:
    """Set the triggers of standings aside; an error rolls that back with everything else."""
    if connection.dialect.name == "postgresql":
        connection.execute(text("ALTER TABLE standing DISABLE TRIGGER standing_step"))
        yield
        connection.execute(text("ALTER TABLE standing ENABLE TRIGGER standing_step"))
        return
    ours = [each for each in SQLITE if re.match(r"CREATE TRIGGER standing_\w+ AFTER", each)]
    for statement in ours:
        connection.execute(text(f"DROP TRIGGER {statement.split()[2]}"))
    yield
    for statement in ours:
        connection.exec_driver_sql(statement)
