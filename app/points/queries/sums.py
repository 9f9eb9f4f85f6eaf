"""What a member's entries add up to, as the standings must say."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from functools import lru_cache
from zoneinfo import ZoneInfo

from app.points.rules import spans_of


@dataclass
class Sums:
    """What one member's entries add up to: (points, last entry) by (span, theme), and points by
    (span, branch). Entries are added in the order of their ids."""

    own: dict[tuple[int, int], tuple[int, int]] = field(default_factory=dict)
    shares: dict[tuple[int, int], int] = field(default_factory=dict)

    def add(self, *, entry_id: int, amount: int, branch_id: int, theme_id: int, day: date) -> None:
        own, shares = self.own, self.shares
        for span in spans_of(day):
            key = span, 0
            had = own.get(key)
            own[key] = (had[0] + amount, entry_id) if had else (amount, entry_id)
            if theme_id:
                key = span, theme_id
                had = own.get(key)
                own[key] = (had[0] + amount, entry_id) if had else (amount, entry_id)
            key = span, branch_id
            shares[key] = shares.get(key, 0) + amount


@lru_cache(maxsize=100_000)
def _day_of_hour(hour: str, zone: ZoneInfo) -> date | None:
    """The date in a zone of an hour "2026-03-08 15" in UTC; None when it has two."""
    start = datetime.fromisoformat(f"{hour}:00:00+00:00").astimezone(zone)
    end = datetime.fromisoformat(f"{hour}:59:59.999999+00:00").astimezone(zone)
    return start.date() if start.date() == end.date() else None


def day_of_moment(moment: datetime | str, zone: ZoneInfo) -> date:
    """The date in a zone of a stored moment: text in UTC on SQLite, a datetime elsewhere."""
    if isinstance(moment, str):
        day = _day_of_hour(moment[:13], zone)
        if day is not None:
            return day
        moment = datetime.fromisoformat(moment).replace(tzinfo=UTC)
    return moment.astimezone(zone).date()
