"""What is shown of what was found: titles and passages with the words marked, and facets."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

from markupsafe import Markup
from sqlalchemy import ColumnElement, and_, select

from app.core.db import db
from app.core.i18n import reader_language
from app.members.rules import Reader
from app.search import snippets
from app.search.index import Hit, Tally
from app.search.models import SearchPassage, SearchThing
from app.search.queries.naming import note_of, title_of
from app.search.queries.seeing import may_see
from app.search.rules import Kind, Passage, in_language
from app.search.snippets import Sought

EXCERPTS = 3  # passages shown of one thing
MOST_CHOICES = 20  # collections and branches that are offered
MOST_CHECKED = 3_000  # best passages in which an exact phrase is looked for


@dataclass(frozen=True)
class Excerpt:
    """One passage of a found thing, with the words marked."""

    anchor: str
    label: str
    url: str
    html: Markup


@dataclass(frozen=True)
class Found:
    """One found thing; its best passage comes first."""

    kind: Kind
    ref: str
    title: Markup
    note: str
    url: str
    language: str
    authors: str
    dated: date | None
    excerpts: list[Excerpt]
    passages: int  # that answer, in all


@dataclass
class Group:
    """The passages of one thing that answer."""

    thing: int
    kind: Kind
    day: int
    score: float = 0.0
    hits: list[Hit] = field(default_factory=list)


def shown(groups: Sequence[Group], sought: Sought, reader: Reader) -> list[Found]:
    """The groups as results, without what is gone or barred since the index was last written."""
    session = db.session()
    things = {
        thing.id: thing
        for thing in session.scalars(
            select(SearchThing).where(SearchThing.id.in_([group.thing for group in groups]))
        )
    }
    places = [(hit.thing, hit.position) for group in groups for hit in group.hits[: EXCERPTS + 1]]
    kept = SearchPassage
    passages = {
        (row.thing_id, row.position): Passage(
            *(row.anchor, row.label, row.text, row.url),
            tuple((label, url) for label, url in row.lines),
        )
        for row in session.execute(
            select(
                *(kept.thing_id, kept.position, kept.anchor, kept.label, kept.text),
                *(kept.url, kept.lines),
            ).where(among(places))
        )
    }
    found = []
    for group in groups:
        thing = things.get(group.thing)
        if thing is None or not may_see(reader, thing):
            continue
        rows = [passages.get((hit.thing, hit.position)) for hit in group.hits[: EXCERPTS + 1]]
        found.append(
            Found(
                kind=group.kind,
                ref=thing.ref,
                title=snippets.marked(title_of(thing), sought),
                note=note_of(thing),
                url=thing.url,
                language=thing.language,
                authors=thing.authors,
                dated=thing.dated,
                excerpts=_excerpts(_own_first(rows), sought),
                passages=len(group.hits),
            )
        )
    return found


def with_phrases(hits: Sequence[Hit], sought: Sought) -> list[Hit]:
    """The hits whose passage or title has every exact phrase; the best are looked at only."""
    best = sorted(hits, key=lambda hit: -hit.score)[:MOST_CHECKED]
    kept: set[tuple[int, int]] = set()
    for start in range(0, len(best), 300):
        places = [(hit.thing, hit.position) for hit in best[start : start + 300]]
        rows = db.session().execute(
            select(
                SearchPassage.thing_id,
                SearchPassage.position,
                SearchPassage.search_text,
                SearchThing.search_title,
            )
            .join(SearchThing, SearchThing.id == SearchPassage.thing_id)
            .where(among(places))
        )
        kept.update(
            (thing, position)
            for thing, position, text, title in rows
            if snippets.has_phrases(sought, f"{title}\n{text}")
        )
    return [hit for hit in best if (hit.thing, hit.position) in kept]


def among(places: Collection[tuple[int, int]]) -> ColumnElement[bool]:
    """The passages at these places, and some others of the same things.

    SQLite reads the whole table for (thing, position) in ((1, 2), …), so each is asked for apart.
    """
    return and_(
        SearchPassage.thing_id.in_({thing for thing, _ in places}),
        SearchPassage.position.in_({position for _, position in places}),
    )


def _own_first(rows: Iterable[Passage | None]) -> list[Passage]:
    """Passages that say the same in several languages begin with the reader's."""
    own = in_language(reader_language() or "")
    return sorted(filter(None, rows), key=lambda row: row.anchor != own)


def _excerpts(passages: Sequence[Passage], sought: Sought) -> list[Excerpt]:
    """The best passage, and others when words are to be seen in them (not only in the title)."""
    shown: list[Excerpt] = []
    for passage in passages:
        html, distinct, first = snippets.excerpt(passage.text, sought)
        if html and (not shown or distinct) and len(shown) < EXCERPTS:
            label, url = passage.at(first)
            shown.append(Excerpt(passage.anchor, label, url, html))
    return shown


def shelves(counted: Tally, chosen: str) -> dict[str, int]:
    """The collections with most of what was found, by the names that things on them say."""
    most = Counter({code: n for code, n in counted.shelves.items() if code})
    codes = {counted.standing[code]: n for code, n in most.most_common(MOST_CHOICES)}
    if not codes:
        return {}
    rows = db.session().execute(
        select(SearchThing.id, SearchThing.shelf).where(SearchThing.id.in_(codes))
    )
    named = {shelf: codes[number] for number, shelf in rows if shelf}
    return dict(sorted(named.items(), key=lambda pair: (pair[0] != chosen, -pair[1], pair[0])))


def years(days: Mapping[int, int]) -> dict[int, int]:
    years: Counter[int] = Counter()
    for day, count in days.items():
        if day:
            years[date.fromordinal(day).year] += count
    return dict(sorted(years.items(), reverse=True))
