"""Keeping the standings beside the ledger: every entry is added to them at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import delete, select, text

from app.core.db import db
from app.points.models import BranchStanding
from app.points.queries.branches import SPREAD
from app.points.queries.sums import reached_in, standing_for
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
# Both columns are named, because a trigger watches one of them.
_RAISE_EACH = text(
    """UPDATE standing
    SET points = points + :amount, height = (points + :amount) * 68719476736 + :low
    WHERE member_id = :member AND span = :span AND theme_id = :theme"""
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


_REACHED = text(
    "UPDATE branch_standing SET reached = :reached WHERE span = :span AND branch_id = :branch"
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
    zone: ZoneInfo,
    is_active: bool,
    shown: bool,
    is_new: bool,
) -> None:
    """Add one entry to the standings of its day, week, month, quarter, year and of all time.

    `is_new` says that it stands for itself: it corrects nothing and gives nothing back. The caller
    stands in the queue already, since before the entry got its id.
    """
    connection = db.session().connection()
    spans = spans_of(day)
    keys = _keys(spans)
    own = {"member": member_id, "amount": amount, "shown": shown}
    if is_new:
        themes, own["height"] = {0, theme_id}, height(amount, entry_id)
        raised = connection.execute(_RAISE, {**own, **keys, "theme": theme_id}).rowcount
        if raised < len(themes) * len(spans):
            connection.execute(
                _OWN,
                [
                    {**own, "span": span, "theme": theme}
                    for theme in sorted(themes)
                    for span in spans
                ],
            )
    else:
        _raise_each(own, reached_in(member_id, spans, theme_id, zone))
    share = {"branch": branch_id, "member": member_id, "amount": amount}
    if connection.execute(_RAISE_SHARE, {**share, **keys}).rowcount < len(spans):
        connection.execute(_SHARE, [{**share, "span": span} for span in spans])
    row = {"branch": branch_id, "reached": entry_id, "stale": False}
    if is_new and amount > 0 and is_active:
        done = set(connection.scalars(_BRANCH_RAISED, {**keys, **share, "reached": entry_id}))
        left = [span for span in spans if span not in done]
        if left:
            connection.execute(_BRANCH_RISEN, {**_keys(left), **row})
        return
    rows = (BranchStanding.branch_id == branch_id, BranchStanding.span.in_(spans))
    before = connection.execute(select(BranchStanding.span, BranchStanding.reached).where(*rows))
    reached = {row.span: row.reached for row in before}
    connection.execute(delete(BranchStanding).where(*rows))
    connection.execute(_BRANCH, {**keys, **row})
    connection.execute(_NOBODY, [{"span": span, **row} for span in spans])
    if not is_new:  # what is taken or given back moves a branch in no tie
        entry = standing_for(member_id)[entry_id].branch
        connection.execute(
            _REACHED,
            [
                {"span": span, "branch": branch_id, "reached": max(entry, reached.get(span, 0))}
                for span in spans
            ],
        )


def _raise_each(own: Mapping[str, Any], reached: Mapping[tuple[int, int], int]) -> None:
    """Move a member by an entry that does not stand for itself."""
    connection = db.session().connection()
    for (span, theme), entry in reached.items():
        row = {**own, "span": span, "theme": theme, "low": height(0, entry)}
        if connection.execute(_RAISE_EACH, row).rowcount == 0:
            connection.execute(_OWN, {**row, "height": height(own["amount"], entry)})


def _keys(spans: Sequence[int]) -> dict[str, int]:
    """One to six spans for the six places that statements have for them."""
    return {f"s{place}": spans[min(place, len(spans) - 1)] for place in range(len(Period))}
