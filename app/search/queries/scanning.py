"""Searching without the index: the database looks for the words one by one."""

from __future__ import annotations

from datetime import date

from sqlalchemy import ColumnElement, and_, func, or_, select
from sqlalchemy.orm import InstrumentedAttribute

from app.core.db import db
from app.search.index import KINDS, LANGUAGES, Ask, Hit, Scan, branch_code, tally
from app.search.models import SearchPassage, SearchThing
from app.search.rules import (
    AUTHORS,
    ONLY_AUTHORS,
    SEVERAL,
    Kind,
    audience_of,
    audience_tokens,
    shelf_code,
)
from app.search.units import Unit

MOST_SCANNED = 3_000  # passages that the database alone answers with


def scan_database(ask: Ask) -> Scan:
    """Look for the words in the stored texts one by one: no ranking to speak of, but an answer."""
    bare = func.replace(SearchPassage.search_text, " ", "")
    title = func.replace(SearchThing.search_title, " ", "")

    def has(unit: Unit, *places: ColumnElement[str]) -> ColumnElement[bool]:
        ways = [(unit,)] if unit.grams else []
        return or_(
            *(
                and_(*(place.contains(each.text, autoescape=True) for each in way))
                for way in (*ways, *unit.others)
                for place in places
            )
        )

    def labelled(unit: Unit, place: InstrumentedAttribute[str]) -> ColumnElement[bool]:
        return func.lower(place).contains(unit.text, autoescape=True)

    # Nothing is known of how rare a word is; one in the title counts more than one in the text.
    marks = [has(unit, title).label(f"m{number}") for number, unit in enumerate(ask.wanted)]
    thing = SearchThing
    statement = (
        select(
            thing.id,
            SearchPassage.position,
            thing.kind,
            thing.language,
            thing.dated,
            thing.shelf,
            thing.audience,
            *marks,
        )
        .join(SearchPassage, SearchPassage.thing_id == thing.id)
        .where(*(has(unit, bare, title) for unit in ask.wanted))
        .where(*(has(unit, title) for unit in ask.in_title))
        .where(*(~has(unit, bare, title) for unit in ask.without))
        .where(*(labelled(unit, thing.authors) for unit in ask.authors))
        .where(*(labelled(unit, thing.shelf) for unit in ask.shelves))
        .where(audience(ask.branches))
        .order_by(thing.changed_at.desc(), thing.id, SearchPassage.position)
        .limit(MOST_SCANNED)
    )
    if ask.since:
        statement = statement.where(thing.dated >= date.fromordinal(ask.since))
    if ask.until:
        statement = statement.where(thing.dated <= date.fromordinal(ask.until))
    if ask.kinds is not None or ask.forms:
        kinds = [KINDS[number].value for number in ask.kinds or ()]
        statement = statement.where(or_(thing.kind.in_(kinds), thing.form.in_(ask.forms)))
    if ask.hidden:
        hidden = [KINDS[number].value for number in ask.hidden]
        statement = statement.where(thing.kind.not_in(hidden))
    if ask.languages is not None:
        statement = statement.where(
            thing.language.in_([LANGUAGES[number] for number in ask.languages])
        )
    if ask.branch is not None:
        code = AUTHORS if ask.branch == ONLY_AUTHORS else ask.branch
        one = None if ask.branch == 0 else frozenset((code,))
        several = ask.branch == SEVERAL
        statement = statement.where(
            thing.audience.like("|%|%|") if several else thing.audience == audience_tokens(one)
        )
    rows = db.session().execute(statement)
    hits = [
        Hit(
            number,
            position,
            KINDS.index(Kind(kind)),
            float(1 + sum(map(bool, titled))),
            LANGUAGES.index(language) if language in LANGUAGES else 0,
            dated.toordinal() if dated else 0,
            shelf_code(shelf),
            branch_code(audience_of(seen_by)),
        )
        for number, position, kind, language, dated, shelf, seen_by, *titled in rows
        if not ask.shelf or shelf_code(shelf) == ask.shelf
    ]
    return Scan(hits, tally(hits))


def audience(branches: frozenset[int] | None) -> ColumnElement[bool]:
    """The things that readers of these branches may see."""
    if branches is None:
        return SearchThing.id.is_not(None)
    return or_(
        SearchThing.audience == "all",
        *(SearchThing.audience.contains(f"|{branch}|") for branch in sorted(branches)),
    )
