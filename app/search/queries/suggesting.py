"""Suggestions while somebody types: titles that begin or sound so, and words that go on so."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass

from markupsafe import Markup
from sqlalchemy import select

from app.core.db import db
from app.members.rules import Reader
from app.search import folding, pinyin, snippets
from app.search.index import KINDS, Ask, Unusable, View, opened
from app.search.models import SearchThing
from app.search.queries.naming import note_of, title_of
from app.search.queries.scanning import audience
from app.search.queries.seeing import branches_of, hidden_kinds, may_see
from app.search.queries.words import thesaurus
from app.search.rules import KIND_SHARE, Kind
from app.search.snippets import Sought
from app.search.units import Unit, units

MOST_TITLES = 6
MOST_TERMS = 4
MOST_RECENT = 6  # searches of late, before anything is typed
MOST_BEGUN = 2  # the same, of those that go on as typed
MOST_COMPARED = 60  # titles that are put in order
MOST_EXPANDED = 200  # terms that what was typed may go on as
LONGEST = 60  # characters; longer texts are no beginnings


@dataclass(frozen=True)
class Suggestion:
    """One line below the search box: a thing to go to, or (without a kind) words to search for."""

    text: str
    html: Markup
    url: str = ""
    kind: Kind | None = None
    note: str = ""
    is_recent: bool = False


def suggest(reader: Reader, text: str) -> list[Suggestion]:
    """At most ten suggestions for what was typed so far, words before titles."""
    text = " ".join(text.split())
    if not text or len(text) > LONGEST or not any(map(str.isalnum, text)):
        return []
    thesaurus()
    try:
        snapshot = opened().snapshot()
        typed = _typed(text)
        found = _titles(snapshot, reader, typed)
        terms = _terms(snapshot, reader, text)
    except Unusable:
        typed, terms = _typed(text), []
        found = _titles_in_database(reader, typed)
    return [*terms, *found]


def waking(reader: Reader) -> Callable[[], None]:
    """What makes the first suggestion of a process as quick as the others (half a second of
    dictionaries, and the reader's part of the index): to be called once an answer is sent.

    Processes that nobody searches in do without, see folding and pinyin. Asks no database itself.
    """
    thesaurus()
    index, branches = opened(), branches_of(reader)

    def wake() -> None:
        folding.cut("微课")
        pinyin.syllables()
        with suppress(Unusable, OSError):
            index.snapshot().beginning_with("grams", "a", branches, 1)

    return wake


def recalled(text: str, recent: Sequence[str]) -> list[Suggestion]:
    """What a reader searched for of late (the browser knows, nobody else), as far as it goes on
    as what was typed does; the latest first."""
    begun = folding.squeezed(text)
    sought = Sought(_typed(text)) if begun else Sought(())
    found: dict[str, Suggestion] = {}
    for each in recent:
        said, key = " ".join(each.split())[:LONGEST], folding.squeezed(each)
        if key and key != begun and key.startswith(begun):
            found.setdefault(key, Suggestion(said, snippets.marked(said, sought), is_recent=True))
    return list(found.values())[: MOST_BEGUN if begun else MOST_RECENT]


def _typed(text: str) -> tuple[Unit, ...]:
    """The words typed so far; the last one is only begun."""
    return units(*[*text.split(" ")[:-1], f"{text.rsplit(' ', maxsplit=1)[-1]}*"], loose=False)


def _titles(snapshot: View, reader: Reader, typed: tuple[Unit, ...]) -> list[Suggestion]:
    branches = branches_of(reader)
    spelt = tuple(_spelling(unit) for unit in typed)
    hits = snapshot.scan(
        Ask(wanted=(), in_title=spelt, hidden=hidden_kinds(), branches=branches, titles_only=True)
    ).hits
    best: dict[int, float] = {}
    for hit in hits:
        worth = hit.score * KIND_SHARE[KINDS[hit.kind]]
        best[hit.thing] = max(best.get(hit.thing, 0.0), worth)
    order = sorted(best, key=lambda thing: -best[thing])[:MOST_COMPARED]
    rows = {
        row.id: row
        for row in db.session().scalars(select(SearchThing).where(SearchThing.id.in_(order)))
        if may_see(reader, row)
    }
    return _lines([rows[number] for number in order if number in rows], typed)


def _spelling(unit: Unit) -> Unit:
    """A word in letters as pinyin that is only begun: w, we, weik and wk are all 微课."""
    if unit.is_cjk or not unit.text.isascii() or not unit.text.isalpha() or len(unit.text) < 2:
        return unit
    return Unit(
        unit.text, unit.grams, unit.words, is_prefix=unit.is_prefix, sound=unit.text, initials=""
    )


def _titles_in_database(reader: Reader, typed: tuple[Unit, ...]) -> list[Suggestion]:
    rows = db.session().scalars(
        select(SearchThing)
        .where(*(SearchThing.search_title.contains(unit.text, autoescape=True) for unit in typed))
        .where(audience(branches_of(reader)))
        .limit(MOST_COMPARED)
    )
    return _lines([row for row in rows if may_see(reader, row)], typed)


def _lines(rows: list[SearchThing], typed: tuple[Unit, ...]) -> list[Suggestion]:
    """Things as lines, those that begin as typed first; of equal titles the best kind only."""
    whole = "".join(unit.text for unit in typed)
    rows.sort(key=lambda row: not folding.squeezed(title_of(row)).startswith(whole))
    sought = Sought(typed)
    found: dict[str, Suggestion] = {}
    for row in rows:
        title = title_of(row)
        key = folding.squeezed(title)
        if key not in found:
            found[key] = Suggestion(
                title, snippets.marked(title, sought), row.url, Kind(row.kind), note_of(row)
            )
        if len(found) == MOST_TITLES:
            break
    return list(found.values())


def _terms(snapshot: View, reader: Reader, text: str) -> list[Suggestion]:
    """What the last word may become, by how often that stands in what the reader may see."""
    head, _, _ = text.rpartition(" ")
    runs = list(folding.runs(text))
    last, is_cjk = runs[-1] if runs else ("", False)
    if not last or (not is_cjk and len(last) < 2):
        return []
    branches = branches_of(reader)
    if is_cjk:
        # The last word of the run, as far as it goes: 学习微 → 微, which may become 微课.
        stem = folding.cut(last)[-1]
        before = last[: len(last) - len(stem)]
        found = snapshot.beginning_with("words", stem, branches, MOST_EXPANDED)
    else:
        stem, before = last, ""
        found = snapshot.beginning_with("grams", stem, branches, MOST_EXPANDED)
    begun = [
        (term, count)
        for term, count in found.most_common(MOST_TERMS * 4)
        if term != stem and len(term) > 1 and folding.is_chinese(term) == is_cjk
    ]
    lead = f"{head} " if head else ""
    lines = []
    for term, _count in begun[:MOST_TERMS]:
        whole = folding.as_written(f"{before}{term}", like=text)
        said = f"{lead}{whole}"
        lines.append(Suggestion(said, snippets.marked(said, Sought(_typed(text)))))
    return lines
