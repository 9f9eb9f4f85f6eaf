"""Short words for tests that earn and correct points."""

from __future__ import annotations

from datetime import datetime
from itertools import count
from zoneinfo import ZoneInfo

from flask import Flask
from sqlalchemy import select

from app.core import clock
from app.core.db import db, unit_of_work
from app.points import queries, service
from app.points.models import Entry
from app.points.rules import Ranking

SHANGHAI = ZoneInfo("Asia/Shanghai")
_sources = count(1)


def shanghai(year: int, month: int, day: int, hour: int = 12, minute: int = 0, second: int = 0):
    """A moment by the clock on the wall in Shanghai."""
    return datetime(year, month, day, hour, minute, second, tzinfo=SHANGHAI)


def at(moment: datetime):
    """Let it be this moment for the time of a `with` block."""
    return clock.use(lambda: moment)


class Ledger:
    """The ledger of one application."""

    def __init__(self, app: Flask) -> None:
        self.app = app

    def rank(self, ranking: Ranking) -> None:
        """Decide who sees members compared."""
        with self.app.app_context(), unit_of_work():
            service.choose_ranking(ranking, author_id=None)

    def earn(
        self,
        member: int,
        reason: str = "lesson",
        source: str | None = None,
        *,
        when: datetime | None = None,
        note: str = "",
        theme: tuple[int, str] | None = None,
    ) -> int:
        """Credit once, for a new source when none is given; `when` is what the clock says."""
        source = source or f"{reason}:{next(_sources)}"
        with self.app.app_context(), at(when or clock.now()), unit_of_work():
            return service.credit(
                member_id=member, reason=reason, source=source, note=note, theme=theme
            )

    def correct(self, entry: int, amount: object, *, author: int, reason: str = "wrong") -> int:
        with self.app.app_context(), unit_of_work():
            return service.correct(entry, amount=amount, author_id=author, reason=reason)

    def entries(self, member: int) -> list[Entry]:
        with self.app.app_context():
            rows = db.session().scalars(
                select(Entry).where(Entry.member_id == member).order_by(Entry.seq)
            )
            found = list(rows)
            db.session.remove()
            return found

    def amounts(self, member: int) -> list[int]:
        return [entry.amount for entry in self.entries(member)]

    def total(self, member: int) -> int:
        with self.app.app_context():
            found = queries.total(member)
            db.session.remove()
            return found
