"""Finding: from a query and a reader to pages of things with their best passages.

The index says which passages answer; texts, titles and the last word on who may see what come from
the database. When the index cannot be used, the database answers alone, worse and slower.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from markupsafe import Markup
from sqlalchemy import ColumnElement, func, or_, select, tuple_

from app.core.db import db
from app.core.paging import Page, window
from app.members.rules import Reader
from app.search import folding, snippets
from app.search.folding import Unit
from app.search.index import KINDS, Ask, Entry, Hit, Scan, Unusable, opened
from app.search.models import SearchChange, SearchPassage, SearchThing
from app.search.rules import Kind, Passage, Wish, audience_of, parse
from app.search.snippets import Sought

PAGE_SIZE = 10
EXCERPTS = 3  # passages shown of one thing
LOOKED_AT = 60  # best things that are looked at more closely
MOST_CHECKED = 3_000  # best passages in which an exact phrase is looked for
MOST_SCANNED = 300  # things that the database alone answers with

# A course is more likely what was meant than one of its captions.
KIND_SHARE = {
    Kind.COURSE: 1.25,
    Kind.THEME: 1.2,
    Kind.LESSON: 1.15,
    Kind.DOCUMENT: 1.0,
    Kind.CAPTION: 0.9,
}
IS_TITLE, IN_TITLE, IN_TEXT = 3.0, 1.8, 1.4  # when the whole query stands there as it was typed


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
    excerpts: list[Excerpt]
    passages: int  # that answer, in all


@dataclass(frozen=True)
class Results:
    """What a search found for a reader. Counts are of things, by kind, whatever kind is shown."""

    text: str
    wish: Wish
    page: Page[Found]
    counts: dict[Kind, int] = field(default_factory=dict)
    relaxed: bool = False  # nothing has all words; these have at least half of them
    degraded: bool = False  # the index could not be used

    @property
    def total(self) -> int:
        return sum(self.counts.values())


class ThingRow(NamedTuple):
    """Which thing, and in which revision."""

    number: int
    kind: str
    ref: str
    revision: int

    @property
    def key(self) -> str:
        return f"{self.kind}:{self.ref}"


@dataclass
class _Group:
    """The passages of one thing that answer."""

    thing: int
    kind: Kind
    score: float = 0.0
    hits: list[Hit] = field(default_factory=list)


def find(reader: Reader, text: str, *, kind: Kind | None = None, page: int = 1) -> Results:
    """Things that answer `text` and that `reader` may see, best first, ten to a page."""
    wish = parse(text)
    if not wish:
        return Results(text, wish, Page([], 1, 0, PAGE_SIZE))
    ask = _ask(wish, reader)
    sought = Sought((*ask.wanted, *ask.in_title), wish.phrases)
    if not (ask.wanted or ask.in_title):
        return Results(text, wish, Page([], 1, 0, PAGE_SIZE))
    degraded = False
    try:
        scan = opened().scan(ask)
    except Unusable:
        scan, degraded = _scan_database(ask), True
    if wish.phrases:
        scan = Scan(_with_phrases(scan.hits, sought), scan.relaxed)
    groups = _grouped(scan.hits)
    counts = Counter(group.kind for group in groups)
    chosen = [group for group in groups if kind is None or group.kind is kind]
    _look_closely(chosen, wish, ask)
    offset, limit = window(page, PAGE_SIZE)
    rows = _shown(chosen[offset : offset + limit], sought, reader)
    return Results(
        text,
        wish,
        Page(rows, max(1, page), len(chosen), PAGE_SIZE),
        {k: counts[k] for k in Kind if counts[k]},
        relaxed=scan.relaxed,
        degraded=degraded,
    )


def _ask(wish: Wish, reader: Reader) -> Ask:
    phrases = folding.units(*wish.phrases, exact=True)
    return Ask(
        wanted=tuple(dict.fromkeys((*folding.units(*wish.words), *phrases))),
        in_title=folding.units(*wish.in_title, exact=True),
        without=folding.units(*wish.without, exact=True),
        branches=branches_of(reader),
        must_have_all=bool(phrases),
    )


def branches_of(reader: Reader) -> frozenset[int] | None:
    """The branches whose things a reader finds; None for administrators, who find everything."""
    return None if reader.is_administrator else frozenset(reader.branch_path)


def _grouped(hits: Iterable[Hit]) -> list[_Group]:
    """Hits by thing, best thing first, and within a thing best passage first."""
    groups: dict[int, _Group] = {}
    for hit in hits:
        group = groups.get(hit.thing)
        if group is None:
            group = groups[hit.thing] = _Group(hit.thing, KINDS[hit.kind])
        group.hits.append(hit)
    for group in groups.values():
        group.hits.sort(key=lambda hit: (-hit.score, hit.position))
        group.score = group.hits[0].score * KIND_SHARE[group.kind]
    return sorted(groups.values(), key=lambda group: (-group.score, group.thing))


def _look_closely(groups: list[_Group], wish: Wish, ask: Ask) -> None:
    """Raise those of the best that have the query as it was typed, in place."""
    whole = folding.squeezed("".join((*wish.words, *wish.phrases, *wish.in_title)))
    best = groups[:LOOKED_AT]
    if len(whole) < 2 or len(best) < 2:
        return
    session = db.session()
    title = func.replace(SearchThing.search_title, " ", "")
    in_titles = dict(
        session.execute(
            select(SearchThing.id, title == whole).where(
                SearchThing.id.in_([group.thing for group in best]),
                title.contains(whole, autoescape=True),
            )
        ).all()
    )
    places = [(group.thing, group.hits[0].position) for group in best]
    is_plain = sum(len(unit.grams) for unit in (*ask.wanted, *ask.in_title)) == 1
    # A single pair or word stands as typed wherever it was found at all.
    in_texts = (
        set()
        if is_plain
        else set(
            session.scalars(
                select(SearchPassage.thing_id).where(
                    tuple_(SearchPassage.thing_id, SearchPassage.position).in_(places),
                    func.replace(SearchPassage.search_text, " ", "").contains(
                        whole, autoescape=True
                    ),
                )
            )
        )
    )
    for group in best:
        if group.thing in in_titles:
            group.score *= IS_TITLE if in_titles[group.thing] else IN_TITLE
        if group.thing in in_texts:
            group.score *= IN_TEXT
    groups[:LOOKED_AT] = sorted(best, key=lambda group: (-group.score, group.thing))


def _with_phrases(hits: Sequence[Hit], sought: Sought) -> list[Hit]:
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
            .where(tuple_(SearchPassage.thing_id, SearchPassage.position).in_(places))
        )
        kept.update(
            (thing, position)
            for thing, position, text, title in rows
            if snippets.has_phrases(sought, f"{title}\n{text}")
        )
    return [hit for hit in best if (hit.thing, hit.position) in kept]


def _shown(groups: Sequence[_Group], sought: Sought, reader: Reader) -> list[Found]:
    """The groups as results, without what is gone or barred since the index was last written."""
    session = db.session()
    things = {
        thing.id: thing
        for thing in session.scalars(
            select(SearchThing).where(SearchThing.id.in_([group.thing for group in groups]))
        )
    }
    places = [(hit.thing, hit.position) for group in groups for hit in group.hits[: EXCERPTS + 1]]
    row = SearchPassage
    passages = {
        (number, position): Passage(anchor, label, text, url)
        for number, position, anchor, label, text, url in session.execute(
            select(row.thing_id, row.position, row.anchor, row.label, row.text, row.url).where(
                tuple_(row.thing_id, row.position).in_(places)
            )
        )
    }
    found = []
    for group in groups:
        thing = things.get(group.thing)
        if thing is None or not _may_see(reader, thing):
            continue
        rows = [passages.get((hit.thing, hit.position)) for hit in group.hits[: EXCERPTS + 1]]
        found.append(
            Found(
                kind=group.kind,
                ref=thing.ref,
                title=snippets.marked(thing.title, sought),
                note=thing.note,
                url=thing.url,
                language=thing.language,
                excerpts=_excerpts([row for row in rows if row is not None], sought),
                passages=len(group.hits),
            )
        )
    return found


def _may_see(reader: Reader, thing: SearchThing) -> bool:
    return branches_of(reader) is None or reader.may_see(audience_of(thing.audience))


def _excerpts(passages: Sequence[Passage], sought: Sought) -> list[Excerpt]:
    """The best passage, and others when words are to be seen in them (not only in the title)."""
    shown: list[Excerpt] = []
    for passage in passages:
        html, distinct = snippets.excerpt(passage.text, sought)
        if html and (not shown or distinct) and len(shown) < EXCERPTS:
            shown.append(Excerpt(passage.anchor, passage.label, passage.url, html))
    return shown


# Without the index


def _scan_database(ask: Ask) -> Scan:
    """Look for the words in the stored texts one by one: no ranking to speak of, but an answer."""
    bare = func.replace(SearchPassage.search_text, " ", "")
    title = func.replace(SearchThing.search_title, " ", "")

    def has(unit: Unit, *places: ColumnElement[str]) -> ColumnElement[bool]:
        return or_(*(place.contains(unit.text, autoescape=True) for place in places))

    # Nothing is known of how rare a word is; one in the title counts more than one in the text.
    marks = [has(unit, title).label(f"m{number}") for number, unit in enumerate(ask.wanted)]
    statement = (
        select(SearchThing.id, SearchPassage.position, SearchThing.kind, *marks)
        .join(SearchPassage, SearchPassage.thing_id == SearchThing.id)
        .where(*(has(unit, bare, title) for unit in ask.wanted))
        .where(*(has(unit, title) for unit in ask.in_title))
        .where(*(~has(unit, bare, title) for unit in ask.without))
        .where(_audience(ask.branches))
        .order_by(SearchThing.changed_at.desc(), SearchThing.id, SearchPassage.position)
        .limit(MOST_SCANNED * 10)
    )
    return Scan(
        [
            Hit(thing, position, KINDS.index(Kind(kind)), float(1 + sum(map(bool, titled))))
            for thing, position, kind, *titled in db.session().execute(statement)
        ]
    )


def _audience(branches: frozenset[int] | None) -> ColumnElement[bool]:
    if branches is None:
        return SearchThing.id.is_not(None)
    return or_(
        SearchThing.audience == "all",
        *(SearchThing.audience.contains(f"|{branch}|") for branch in sorted(branches)),
    )


# What the worker reads


def thing_count() -> int:
    """How many things can be found."""
    return db.session().scalar(select(func.count()).select_from(SearchThing)) or 0


def passage_count() -> int:
    """How many passages can be found."""
    return db.session().scalar(select(func.count()).select_from(SearchPassage)) or 0


def change_count() -> int:
    """How many lines wait in the outbox."""
    return db.session().scalar(select(func.count()).select_from(SearchChange)) or 0


def things_after(number: int, limit: int | None) -> list[ThingRow]:
    """Things by number, from the one after `number`; all of them for None."""
    rows = db.session().execute(
        select(SearchThing.id, SearchThing.kind, SearchThing.ref, SearchThing.revision)
        .where(SearchThing.id > number)
        .order_by(SearchThing.id)
        .limit(limit)
    )
    return [ThingRow(*row) for row in rows]


def entries(things: Iterable[tuple[str, str]]) -> dict[str, list[Entry]]:
    """What the index should hold of things, by "kind:ref"; nothing of those that are gone."""
    wanted = list(dict.fromkeys(things))
    found: dict[str, list[Entry]] = {f"{kind}:{ref}": [] for kind, ref in wanted}
    for start in range(0, len(wanted), 200):
        rows = db.session().execute(
            select(SearchThing, SearchPassage.position, SearchPassage.search_text)
            .join(SearchPassage, SearchPassage.thing_id == SearchThing.id)
            .where(tuple_(SearchThing.kind, SearchThing.ref).in_(wanted[start : start + 200]))
            .order_by(SearchThing.id, SearchPassage.position)
        )
        for thing, position, text in rows:
            found[f"{thing.kind}:{thing.ref}"].append(
                Entry(
                    thing=thing.id,
                    revision=thing.revision,
                    position=position,
                    kind=thing.kind,
                    title=thing.search_title,
                    body=text,
                    audience=audience_of(thing.audience),
                )
            )
    return found
