"""Searches that members keep, with what is new in them, and what nobody found."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select

from app.core.db import db
from app.members.rules import Reader
from app.search.models import SearchKept, SearchMissed, SearchThing
from app.search.queries.finding import find
from app.search.queries.showing import Found
from app.search.rules import Kind, Order

MOST_MISSED = 100
LEAST_TIMES = 2  # a query that was made once may say who made it


@dataclass(frozen=True)
class Kept:
    """A kept search with the newest of what is new in it, at most ten things."""

    id: int
    text: str
    kind: Kind | None
    new: list[Found]


@dataclass(frozen=True)
class Missed:
    """A query without an answer, and how often it was made."""

    text: str
    times: int
    last: str  # month, as 2024-06


def kept_by(reader: Reader) -> list[Kept]:
    """A member's kept searches, those with something new first."""
    rows = _rows(reader.id)
    found = [
        Kept(row.id, row.text, _kind(row), new_in(reader, row.text, _kind(row), row.seen_at))
        for row in rows
    ]
    return sorted(found, key=lambda kept: not kept.new)


def kept_id(reader: Reader, text: str, kind: Kind | None) -> int | None:
    """The id of a kept search with this text and kind."""
    plain = " ".join(text.split())
    return db.session().scalar(
        select(SearchKept.id).where(
            SearchKept.member_id == reader.id,
            SearchKept.text == plain,
            SearchKept.kind == (kind.value if kind else ""),
        )
    )


def tellers() -> Sequence[SearchKept]:
    """All kept searches whose members want to be told of what is new."""
    return (
        db.session()
        .scalars(
            select(SearchKept).where(SearchKept.tells).order_by(SearchKept.member_id, SearchKept.id)
        )
        .all()
    )


def new_in(reader: Reader, text: str, kind: Kind | None, since: datetime) -> list[Found]:
    """The newest things that answer a query with all its words and changed after `since`."""
    last = newest_change()
    if last is None or last <= since:
        return []
    found = find(reader, text, kind=kind, order=Order.NEWEST, changed_after=since)
    return [] if found.relaxed else list(found.page.rows)


def newest_change() -> datetime | None:
    """When anything that can be found changed last."""
    return db.session().scalar(select(func.max(SearchThing.changed_at)))


def missed() -> list[Missed]:
    """Queries without an answer that were made more than once, the most frequent first."""
    times = func.sum(SearchMissed.times)
    rows = db.session().execute(
        select(SearchMissed.text, times, func.max(SearchMissed.month))
        .group_by(SearchMissed.text)
        .having(times >= LEAST_TIMES)
        .order_by(times.desc(), SearchMissed.text)
        .limit(MOST_MISSED)
    )
    return [Missed(text, int(count), last) for text, count, last in rows]


def _rows(member_id: int) -> Sequence[SearchKept]:
    return (
        db.session()
        .scalars(
            select(SearchKept)
            .where(SearchKept.member_id == member_id)
            .order_by(SearchKept.id.desc())
        )
        .all()
    )


def _kind(row: SearchKept) -> Kind | None:
    return Kind(row.kind) if row.kind else None
