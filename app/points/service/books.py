"""Writing the rules: the draft, publishing it as the next book, and who is ranked."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

from flask import current_app
from sqlalchemy import func, select

from app.core import clock
from app.core.db import db
from app.core.refusals import Conflict
from app.members import service as members
from app.members.rules.audit import Act, differences, facts
from app.points.models import Entry, RankingChoice, RuleBook, RuleDraft
from app.points.queries import draft
from app.points.queries import ranking as ranking_now
from app.points.rules import (
    FIRST,
    Book,
    Ranking,
    TooEarly,
    checked,
    one_line,
    to_json,
)

LONG_AGO = date(2000, 1, 1)  # before every ledger


def save_draft(book: Book, *, author_id: int | None, revision: int) -> int:
    """Keep the draft of the next book; returns its new revision.

    `revision` is what the author began with (0 when there was no draft); raises Conflict when
    somebody else has saved in between.
    """
    session = db.session()
    row = session.get(RuleDraft, 1, with_for_update=True)
    if (row.revision if row else 0) != revision:
        raise Conflict
    if row is None:
        row = RuleDraft(id=1, revision=0)
        session.add(row)
    row.body = to_json(book)
    row.revision += 1
    row.author_id, row.changed_at = author_id, clock.now()
    session.flush()
    return row.revision


def drop_draft() -> None:
    """Forget the draft."""
    row = db.session().get(RuleDraft, 1)
    if row is not None:
        db.session().delete(row)
        db.session().flush()


def publish(
    *, from_day: date, author_id: int | None, note: str = "", book: Book | None = None
) -> int:
    """Publish the draft (or the given book) from the beginning of a day on; returns its number.

    A day has one set of rules, so it must be a day on which nothing has been entered yet: tomorrow
    at the earliest where people learn. Raises BadRules, TooEarly.
    """
    session = db.session()
    zone = current_app.extensions["weike"].zone
    chosen = checked(book or draft()[0])
    earliest = first_free_day()
    if from_day < earliest:
        raise TooEarly(day=earliest.isoformat())
    number = (session.scalar(select(func.max(RuleBook.number))) or FIRST) + 1
    session.add(
        RuleBook(
            number=number,
            valid_from=clock.day_bounds(from_day, zone)[0],
            body=to_json(chosen),
            note=one_line(note),
            author_id=author_id,
            published_at=clock.now(),
        )
    )
    drop_draft()
    session.flush()
    members.record(
        Act.RULES_PUBLISHED,
        thing=("rules", number),
        name=one_line(note),
        changes=facts(number=number, from_day=from_day.isoformat()),
    )
    return number


def first_free_day() -> date:
    """The first day for which new rules can be published."""
    session = db.session()
    zone = current_app.extensions["weike"].zone
    latest = session.scalar(select(func.max(RuleBook.valid_from)))
    after: date = latest.astimezone(zone).date() if latest else LONG_AGO
    entered = session.scalar(select(func.max(Entry.occurred_at)))
    if entered is None:
        return after
    # What happens today may still be reported, whatever the ledger says.
    last: date = max(entered.astimezone(zone).date(), clock.today(zone))
    return max(after, last + timedelta(days=1))


def choose_ranking(ranking: Ranking, *, author_id: int | None) -> None:
    """Decide who sees members compared with one another; holds at once."""
    session = db.session()
    changes = differences({"ranking": ranking_now().value}, {"ranking": ranking.value})
    session.add(RankingChoice(ranking=ranking.value, author_id=author_id, chosen_at=clock.now()))
    session.flush()
    if changes:
        members.record(Act.RANKING_CHOSEN, changes=changes)


def with_calendar_of(preset: Book, held: Book) -> Book:
    """A preset with the holidays that the organisation has already written down."""
    return replace(
        preset, rest_days=held.rest_days, holidays=held.holidays, work_days=held.work_days
    )
