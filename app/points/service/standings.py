"""Keeping the standings beside the ledger: every entry is added to them at once."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

from sqlalchemy import delete, text

from app.core.db import db
from app.points.models import BranchStanding
from app.points.queries.branches import SPREAD
from app.points.rules import Period, height, spans_of

# Any number; on PostgreSQL all who change standings queue here, because two who change the same
# rows in another order would wait for each other for ever. Triggers know it too.
ADVISORY_LOCK = 5701

_SPANS = "span IN (:s0, :s1, :s2, :s3, :s4, :s5)"
# Most rows are there already: they are raised all at once, and only what is missing is put in.
_RAISE = text(
    f"""UPDATE standing
    SET points = points + :amount, height = points * 68719476736 + :height
    WHERE member_id = :member AND theme_id IN (0, :theme) AND {_SPANS}"""  # noqa: S608 - constants
)
_OWN = text(
    """INSERT INTO standing (member_id, span, theme_id, points, height, shown)
    VALUES (:member, :span, :theme, :amount, :height, :shown)
    ON CONFLICT (member_id, span, theme_id) DO NOTHING"""
)
_RAISE_SHARE = text(
    f"""UPDATE branch_share SET points = points + :amount
    WHERE branch_id = :branch AND member_id = :member AND {_SPANS}"""  # noqa: S608 - constants
)
_SHARE = text(
    """INSERT INTO branch_share (span, branch_id, member_id, points)
    VALUES (:span, :branch, :member, :amount)
    ON CONFLICT (span, branch_id, member_id) DO NOTHING"""
)


def _spread_into(spans: str, where: str, rest: str = "") -> Any:
    return text(
        "INSERT INTO branch_standing "  # noqa: S608 - constants only
        "(span, branch_id, takers, movers, points, median2, low, reached, stale) "
        "SELECT span, branch_id, takers, movers, points, median2, low, :reached, :stale "
        f"FROM ({SPREAD.format(where=f'{spans} AND {where}')}) AS spread{rest}"
    )


# A branch without takers has a row all the same: it becomes stale when somebody comes back.
_NOBODY = text(
    """INSERT INTO branch_standing
      (span, branch_id, takers, movers, points, median2, low, reached, stale)
    VALUES (:span, :branch, 0, 0, 0, 0, 0, :reached, :stale)
    ON CONFLICT (span, branch_id) DO NOTHING"""
)
# Who was among the takers and rises within the upper half, or within the lower one, moves neither
# of the two in the middle: the points of the others need not be read.
_BRANCH_RAISED = text(
    f"""UPDATE branch_standing SET points = points + :amount, reached = :reached
    WHERE branch_id = :branch AND {_SPANS} AND NOT stale AND EXISTS (
      SELECT 1 FROM branch_share AS s
      WHERE s.span = branch_standing.span AND s.branch_id = :branch AND s.member_id = :member
        AND s.points > :amount
        AND (s.points - :amount > branch_standing.median2 - branch_standing.low
          OR s.points <= branch_standing.low))
    RETURNING span"""  # noqa: S608 - constants
)
# Whoever has just earned is among the takers, so every row is there and none has to go.
_RISEN = """ WHERE true ON CONFLICT (span, branch_id) DO UPDATE SET
  takers = excluded.takers, movers = excluded.movers, points = excluded.points,
  median2 = excluded.median2, low = excluded.low, reached = excluded.reached,
  stale = excluded.stale"""
_BRANCH = _spread_into(f"s.{_SPANS}", "s.branch_id = :branch")
_BRANCH_RISEN = _spread_into(f"s.{_SPANS}", "s.branch_id = :branch", _RISEN)


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
    keys = _keys(spans)
    own = {"member": member_id, "amount": amount, "height": high}
    themes = {0, theme_id}
    raised = connection.execute(_RAISE, {**own, **keys, "theme": theme_id}).rowcount
    if raised < len(themes) * len(spans):
        connection.execute(
            _OWN,
            [
                {**own, "span": span, "theme": theme, "shown": shown}
                for theme in sorted(themes)
                for span in spans
            ],
        )
    share = {"branch": branch_id, "member": member_id, "amount": amount}
    if connection.execute(_RAISE_SHARE, {**share, **keys}).rowcount < len(spans):
        connection.execute(_SHARE, [{**share, "span": span} for span in spans])
    row = {"branch": branch_id, "reached": entry_id, "stale": False}
    if amount > 0 and is_active:
        done = set(connection.scalars(_BRANCH_RAISED, {**keys, **share, "reached": entry_id}))
        left = [span for span in spans if span not in done]
        if left:
            connection.execute(_BRANCH_RISEN, {**_keys(left), **row})
        return
    connection.execute(
        delete(BranchStanding).where(
            BranchStanding.branch_id == branch_id, BranchStanding.span.in_(spans)
        )
    )
    connection.execute(_BRANCH, {**keys, **row})
    connection.execute(_NOBODY, [{"span": span, **row} for span in spans])


def _keys(spans: Sequence[int]) -> dict[str, int]:
    """One to six spans for the six places that statements have for them."""
    return {f"s{place}": spans[min(place, len(spans) - 1)] for place in range(len(Period))}
