"""Keeping the standings beside the ledger: adding an entry to them, and making them all anew."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date
from itertools import islice
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import delete, text

from app.core.db import db
from app.points.models import BranchShare, BranchStanding, Standing, StandingStep, StandingTie
from app.points.queries import Sums, standings_of_the_ledger
from app.points.queries.branches import SPREAD
from app.points.rules import height, spans_of

CHUNK = 5_000  # rows written at a time
# Any number; on PostgreSQL all who change standings queue here, because two who change the same
# rows in another order would wait for each other for ever. Triggers know it too.
ADVISORY_LOCK = 5701

_OWN = text(
    """INSERT INTO standing (member_id, span, theme_id, points, height, shown)
    VALUES (:member, :span, :theme, :amount, :height, :shown)
    ON CONFLICT (member_id, span, theme_id) DO UPDATE SET
      points = standing.points + excluded.points,
      height = standing.points * 68719476736 + excluded.height"""
)
_SHARE = text(
    """INSERT INTO branch_share (span, branch_id, member_id, points)
    VALUES (:span, :branch, :member, :amount)
    ON CONFLICT (span, branch_id, member_id) DO UPDATE SET
      points = branch_share.points + excluded.points"""
)


def _spread_into(spans: str, where: str) -> Any:
    return text(
        "INSERT INTO branch_standing "  # noqa: S608 - constants only
        "(span, branch_id, takers, movers, points, median2, reached, stale) "
        "SELECT span, branch_id, takers, movers, points, median2, :reached, :stale "
        f"FROM ({SPREAD.format(where=f'{spans} AND {where}')}) AS spread"
    )


# A branch without takers has a row all the same: it becomes stale when somebody comes back.
_NOBODY = text(
    """INSERT INTO branch_standing
      (span, branch_id, takers, movers, points, median2, reached, stale)
    VALUES (:span, :branch, 0, 0, 0, 0, :reached, :stale)
    ON CONFLICT (span, branch_id) DO NOTHING"""
)
_SPANS = "s.span IN (:s0, :s1, :s2, :s3, :s4, :s5)"
_BRANCH = _spread_into(_SPANS, "s.branch_id = :branch")


def queue_up() -> None:
    """Wait until nobody else changes standings; until the end of the transaction it is our turn.

    SQLite has one writer at a time anyway.
    """
    connection = db.session().connection()
    if connection.dialect.name == "postgresql":
        connection.execute(text(f"SELECT pg_advisory_xact_lock({ADVISORY_LOCK})"))


def add_up(
    *,
    member_id: int,
    branch_id: int,
    theme_id: int,
    amount: int,
    entry_id: int,
    day: date,
    shown: bool,
) -> None:
    """Add one entry to the standings of its day, week, month, quarter, year and of all time.

    The caller stands in the queue already, since before the entry got its id.
    """
    connection = db.session().connection()
    spans = spans_of(day)
    high = height(amount, entry_id)
    themes = {0, theme_id}
    connection.execute(
        _OWN,
        [
            {
                "member": member_id,
                "span": span,
                "theme": theme,
                "amount": amount,
                "height": high,
                "shown": shown,
            }
            for theme in sorted(themes)
            for span in spans
        ],
    )
    connection.execute(
        _SHARE,
        [
            {"span": span, "branch": branch_id, "member": member_id, "amount": amount}
            for span in spans
        ],
    )
    connection.execute(
        delete(BranchStanding).where(
            BranchStanding.branch_id == branch_id, BranchStanding.span.in_(spans)
        )
    )
    keys = {f"s{place}": span for place, span in enumerate(spans)}
    row = {"branch": branch_id, "reached": entry_id, "stale": False}
    connection.execute(_BRANCH, {**keys, **row})
    connection.execute(_NOBODY, [{"span": span, **row} for span in spans])


def rebuild(zone: ZoneInfo) -> int:
    """Throw all standings away and make them from the ledger; returns how many rows there are.

    Needed after the organisation has moved to another time zone, and never else.
    """
    queue_up()
    session = db.session()
    connection = session.connection()
    for table in (Standing, StandingStep, StandingTie, BranchShare, BranchStanding):
        session.execute(delete(table))
    reached: dict[tuple[int, int], int] = {}
    rows = 0
    for sums in _chunks(standings_of_the_ledger(zone)):
        own = [
            {
                "member": each.member_id,
                "span": span,
                "theme": theme,
                "amount": points,
                "height": height(points, last),
                "shown": each.shown,
            }
            for each in sums
            for (span, theme), (points, last) in each.own.items()
        ]
        shares = [
            {"span": span, "branch": branch, "member": each.member_id, "amount": points}
            for each in sums
            for (span, branch), (points, _) in each.shares.items()
        ]
        for each in sums:
            for key, (_, last) in each.shares.items():
                reached[key] = max(last, reached.get(key, 0))
        if own:
            connection.execute(_OWN, own)
            connection.execute(_SHARE, shares)
        rows += len(own)
    everything = _spread_into("s.span = :span", "s.branch_id = :branch")
    if reached:
        pairs = [
            {"span": span, "branch": branch, "reached": last, "stale": False}
            for (span, branch), last in reached.items()
        ]
        connection.execute(everything, pairs)
        connection.execute(_NOBODY, pairs)
    return rows


def _chunks(sums: Iterable[Sums]) -> Iterator[list[Sums]]:
    source = iter(sums)
    while chunk := list(islice(source, CHUNK)):
        yield chunk
