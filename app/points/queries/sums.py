"""What a member's entries add up to, as the standings must say."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from functools import lru_cache
from typing import cast
from zoneinfo import ZoneInfo

from sqlalchemy import Table, select

from app.core.db import db
from app.points.models import Entry
from app.points.rules import SPENDING, Counted, Line, counted, spans_of

_entry = cast("Table", Entry.__table__)
_LINES = tuple(_entry.c[name] for name in Line._fields)


@dataclass
class Sums:
    """What one member's entries add up to: (points, the entry that reached them) by (span, theme),
    and points by (span, branch)."""

    own: dict[tuple[int, int], tuple[int, int]] = field(default_factory=dict)
    shares: dict[tuple[int, int], int] = field(default_factory=dict)

    def add(self, *, reached: int, amount: int, branch_id: int, theme_id: int, day: date) -> None:
        """One entry; `reached` is the entry that it stands for (rules.counted)."""
        own, shares = self.own, self.shares
        for span in spans_of(day):
            key = span, 0
            had = own.get(key)
            own[key] = (had[0] + amount, max(had[1], reached)) if had else (amount, reached)
            if theme_id:
                key = span, theme_id
                had = own.get(key)
                own[key] = (had[0] + amount, max(had[1], reached)) if had else (amount, reached)
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


def standing_for(member_id: int) -> dict[int, Counted]:
    """What entries of a member stand for that do not simply stand for themselves."""
    rows = db.session().execute(
        select(*_LINES).where(_entry.c.member_id == member_id).order_by(_entry.c.seq)
    )
    return counted(Line(*row) for row in rows)


def reached_in(
    member_id: int, spans: Sequence[int], theme_id: int, zone: ZoneInfo
) -> dict[tuple[int, int], int]:
    """The entry that reached a member's points, by (span, theme), of all themes (0) and of one."""
    found = {(span, theme): 0 for span in spans for theme in (0, theme_id)}
    instead = standing_for(member_id)
    rows = db.session().execute(
        select(_entry.c.id, _entry.c.theme_id, _entry.c.occurred_at)
        .where(_entry.c.member_id == member_id, _entry.c.amount != 0)
        .where(_entry.c.reason.not_in(SPENDING))
    )
    for row in rows:
        reached = instead[row.id].member if row.id in instead else row.id
        themes = {0, row.theme_id} & {0, theme_id}
        for span in spans_of(row.occurred_at.astimezone(zone).date()):
            for theme in themes:
                if reached > found.get((span, theme), reached):
                    found[span, theme] = reached
    return found
