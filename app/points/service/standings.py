"""Keeping the standings beside the ledger: every entry is added to them at once."""

from __future__ import annotations

from datetime import date
from typing import Any

from sqlalchemy import delete, text

from app.core.db import db
from app.points.models import BranchStanding
from app.points.queries.branches import SPREAD
from app.points.rules import height, spans_of

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


def _spread_into(spans: str, where: str, rest: str = "") -> Any:
    return text(
        "INSERT INTO branch_standing "  # noqa: S608 - constants only
        "(span, branch_id, takers, movers, points, median2, reached, stale) "
        "SELECT span, branch_id, takers, movers, points, median2, :reached, :stale "
        f"FROM ({SPREAD.format(where=f'{spans} AND {where}')}) AS spread{rest}"
    )


# A branch without takers has a row all the same: it becomes stale when somebody comes back.
_NOBODY = text(
    """INSERT INTO branch_standing
      (span, branch_id, takers, movers, points, median2, reached, stale)
    VALUES (:span, :branch, 0, 0, 0, 0, :reached, :stale)
    ON CONFLICT (span, branch_id) DO NOTHING"""
)
# Whoever has just earned is among the takers, so every row is there and none has to go.
_RISEN = """ WHERE true ON CONFLICT (span, branch_id) DO UPDATE SET
  takers = excluded.takers, movers = excluded.movers, points = excluded.points,
  median2 = excluded.median2, reached = excluded.reached, stale = excluded.stale"""
_SPANS = "s.span IN (:s0, :s1, :s2, :s3, :s4, :s5)"
_BRANCH = _spread_into(_SPANS, "s.branch_id = :branch")
_BRANCH_RISEN = _spread_into(_SPANS, "s.branch_id = :branch", _RISEN)


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
    is_active: bool,
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
    keys = {f"s{place}": span for place, span in enumerate(spans)}
    row = {"branch": branch_id, "reached": entry_id, "stale": False}
    if amount > 0 and is_active:
        connection.execute(_BRANCH_RISEN, {**keys, **row})
        return
    connection.execute(
        delete(BranchStanding).where(
            BranchStanding.branch_id == branch_id, BranchStanding.span.in_(spans)
        )
    )
    connection.execute(_BRANCH, {**keys, **row})
    connection.execute(_NOBODY, [{"span": span, **row} for span in spans])
