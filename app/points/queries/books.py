"""Which book of rules holds at a moment, and who is ranked."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import cast

from sqlalchemy import Table, bindparam, select

from app.core import clock
from app.core.db import db
from app.members.models import Member
from app.points.models import RankingChoice, RuleBook, RuleDraft
from app.points.rules import GENTLE, Book, Ranking, from_json

_book = cast("Table", RuleBook.__table__)
_BOOK = (
    select(_book.c.number, _book.c.body)
    .where(_book.c.valid_from <= bindparam("moment"))
    .order_by(_book.c.valid_from.desc(), _book.c.number.desc())
    .limit(1)
)


def book_at(moment: datetime) -> Book:
    """The book that holds at a moment; the one that Weike comes with before the first."""
    row = db.session().execute(_BOOK, {"moment": moment}).one_or_none()
    return from_json(row.number, row.body) if row else GENTLE


def ranking() -> Ranking:
    """Who sees members compared; off until somebody has decided."""
    chosen = db.session().scalar(
        select(RankingChoice.ranking).order_by(RankingChoice.id.desc()).limit(1)
    )
    return Ranking(chosen) if chosen else Ranking.OFF


def all_books() -> dict[int, Book]:
    """Every book there was, by its number."""
    rows = db.session().execute(select(RuleBook.number, RuleBook.body))
    return {GENTLE.number: GENTLE} | {row.number: from_json(row.number, row.body) for row in rows}


def draft() -> tuple[Book, int]:
    """The draft of the next book and its revision; what holds now and 0 when there is none."""
    row = db.session().get(RuleDraft, 1)
    if row is None:
        return book_at(clock.now()), 0
    return from_json(0, row.body), row.revision


@dataclass(frozen=True)
class Edition:
    """One published book in the list of all."""

    number: int
    valid_from: datetime | None  # None for the one that Weike comes with
    note: str
    author: str


def editions() -> list[Edition]:
    """All books, the newest first."""
    rows = db.session().execute(
        select(RuleBook.number, RuleBook.valid_from, RuleBook.note, Member.name)
        .outerjoin(Member, Member.id == RuleBook.author_id)
        .order_by(RuleBook.number.desc())
    )
    return [Edition(*row) for row in rows] + [Edition(GENTLE.number, None, "", "")]
