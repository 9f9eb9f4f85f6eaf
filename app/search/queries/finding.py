"""Finding: from a query and a reader to pages of things with their best passages.

The index says which passages answer; texts, titles and the last word on who may see what come from
the database. When the index cannot be used, the database answers alone, worse and slower.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import date, datetime

from sqlalchemy import func, literal, select

from app.core.db import db
from app.core.paging import Page, window
from app.members.rules import Reader
from app.search import folding
from app.search.index import (
    KINDS,
    LANGUAGES,
    Ask,
    Hit,
    Scan,
    Unusable,
    class_of,
    opened,
    tally,
)
from app.search.models import SearchPassage, SearchThing
from app.search.queries import scanning
from app.search.queries.seeing import branches_of, hidden_kinds, over
from app.search.queries.showing import (
    MOST_CHOICES,
    Found,
    Group,
    among,
    shelves,
    shown,
    with_phrases,
    years,
)
from app.search.queries.words import thesaurus
from app.search.rules import (
    KIND_SHARE,
    SEVERAL_TITLES,
    Kind,
    Order,
    Wish,
    parse,
    share_of,
    shelf_code,
)
from app.search.snippets import Sought
from app.search.spelling import corrections
from app.search.units import Thesaurus, units

PAGE_SIZE = 10
LOOKED_AT = 60  # best things that are looked at more closely

IS_TITLE, IN_TITLE, IN_TEXT = 3.0, 1.8, 1.4  # when the whole query stands there as it was typed


@dataclass(frozen=True)
class Results:
    """What a search found for a reader. Counts are of things, by kind, whatever kind is shown.

    `languages` and `years` count things of the kind that is shown; `meant` is another query with
    better answers, when this one has few.
    """

    text: str
    wish: Wish
    page: Page[Found]
    counts: dict[Kind, int] = field(default_factory=dict)
    languages: dict[str, int] = field(default_factory=dict)
    years: dict[int, int] = field(default_factory=dict)
    shelves: dict[str, int] = field(default_factory=dict)  # by the collection's name
    branches: dict[int, int] = field(default_factory=dict)  # by id; 0 all, SEVERAL more than one
    relaxed: bool = False  # nothing has all words; these have at least half of them
    degraded: bool = False  # the index could not be used
    meant: str = ""

    @property
    def total(self) -> int:
        return sum(self.counts.values())


def find(
    reader: Reader,
    text: str,
    *,
    kind: Kind | None = None,
    page: int = 1,
    order: Order = Order.BEST,
    language: str = "",
    year: int | None = None,
    shelf: str = "",
    branch: int | None = None,
    speaks: str = "",
    changed_after: datetime | None = None,
) -> Results:
    """Things that answer `text` and that `reader` may see, best first, ten to a page.

    `language`, `year`, `shelf` and `branch` narrow what is found, `changed_after` leaves out what
    is older; `speaks` is the language that the reader sees the site in, first among equals.
    """
    wish = parse(text)
    nothing = Results(text, wish, Page([], 1, 0, PAGE_SIZE))
    if not wish:
        return nothing
    known = thesaurus()
    ask = _ask(
        wish,
        reader,
        text,
        known,
        kind=kind,
        order=order,
        language=language,
        year=year,
        shelf=shelf,
        branch=branch,
        speaks=speaks,
    )
    sought = Sought((*ask.wanted, *ask.in_title), wish.phrases)
    if not (ask.wanted or ask.in_title or ask.is_narrowed):
        return nothing
    degraded = False
    try:
        scan = opened().scan(ask)
    except Unusable:
        scan, degraded = scanning.scan_database(ask), True
    scan = _of_today(scan)
    if wish.phrases:
        kept = with_phrases(scan.hits, sought)
        scan = Scan(kept, tally(kept), scan.relaxed)
    groups = _grouped(scan.hits)
    chosen = [group for group in groups if kind is None or group.kind is kind]
    if changed_after is not None:
        chosen = _changed(chosen, changed_after)
    elif order is Order.NEWEST:
        chosen.sort(key=lambda group: (-group.day, -group.score, group.thing))
    else:
        _look_closely(chosen, wish, ask)
    offset, limit = window(page, PAGE_SIZE)
    rows = shown(chosen[offset : offset + limit], sought, reader)
    counts = {KINDS[number]: count for number, count in scan.tally.kinds.items()}
    meant = ""
    if not degraded and (scan.relaxed or not counts):
        meant = _meant(reader, wish, text, ask)
    return Results(
        text,
        wish,
        Page(rows, max(1, page), len(chosen), PAGE_SIZE),
        {k: counts[k] for k in Kind if counts.get(k)},
        languages={LANGUAGES[number]: n for number, n in scan.tally.languages.items() if number},
        years=years(scan.tally.days),
        shelves=shelves(scan.tally, shelf),
        branches=dict(Counter(scan.tally.branches).most_common(MOST_CHOICES)),
        relaxed=scan.relaxed,
        degraded=degraded,
        meant=meant,
    )


def _of_today(scan: Scan) -> Scan:
    """Without things whose last day is over: the worker that takes them out may be late."""
    gone = over()
    kept = [hit for hit in scan.hits if hit.thing not in gone] if gone else scan.hits
    return scan if len(kept) == len(scan.hits) else Scan(kept, tally(kept), scan.relaxed)


def _changed(groups: Sequence[Group], after: datetime) -> list[Group]:
    """Those that changed after a moment, the latest first."""
    wanted = {group.thing: group for group in groups}
    rows = db.session().scalars(
        select(SearchThing.id)
        .where(SearchThing.changed_at > after)
        .order_by(SearchThing.changed_at.desc(), SearchThing.id)
    )
    return [wanted[number] for number in rows if number in wanted]


def _ask(
    wish: Wish,
    reader: Reader,
    text: str,
    known: Thesaurus,
    *,
    kind: Kind | None = None,
    order: Order = Order.BEST,
    language: str = "",
    year: int | None = None,
    shelf: str = "",
    branch: int | None = None,
    speaks: str = "",
) -> Ask:
    phrases = units(*wish.phrases, exact=True)
    words = units(*wish.words, thesaurus=known)
    since, until = (year, year) if year else (wish.since, wish.until)
    return Ask(
        wanted=tuple(dict.fromkeys((*words, *phrases))),
        in_title=units(*wish.in_title, exact=True),
        without=units(*wish.without, exact=True),
        authors=units(*wish.authors, exact=True),
        shelves=units(*wish.collections, exact=True),
        kinds=frozenset(KINDS.index(k) for k in wish.kinds) or None,
        forms=frozenset(wish.forms),
        hidden=hidden_kinds(),
        shown=KINDS.index(kind) if kind is not None else None,
        languages=frozenset((LANGUAGES.index(language),)) if language in LANGUAGES[1:] else None,
        since=date(max(1, since), 1, 1).toordinal() if since else 0,
        until=date(min(9999, max(1, until)), 12, 31).toordinal() if until else 0,
        shelf=shelf_code(shelf),
        branch=branch,
        branches=branches_of(reader),
        must_have_all=bool(phrases),
        by_day=order is Order.NEWEST or not wish.has_text,
        shares=_shares(text, speaks or reader.language),
    )


def _shares(text: str, speaks: str) -> tuple[float, ...]:
    """The weight of every class of things for a query: its kind, and its language."""
    is_chinese = folding.is_chinese(text)
    script = folding.script_of(text) if is_chinese else ""
    shares = [1.0] * (len(KINDS) * len(LANGUAGES))
    for kind_number, kind in enumerate(KINDS):
        for number, language in enumerate(LANGUAGES):
            share = share_of(language, is_chinese=is_chinese, script=script, speaks=speaks)
            shares[class_of(kind_number, number)] = KIND_SHARE[kind] * share
    return tuple(shares)


def _meant(reader: Reader, wish: Wish, text: str, ask: Ask) -> str:
    """A query that differs by little and that has answers for this reader; "" when none does."""
    with suppress(Unusable):
        snapshot = opened().snapshot()
        for changed in corrections(text, wish, snapshot, ask.branches):
            trial = _ask(parse(changed), reader, changed, thesaurus())
            scan = _of_today(snapshot.scan(trial))
            if scan.hits and not scan.relaxed:
                return changed
    return ""


def _grouped(hits: Iterable[Hit]) -> list[Group]:
    """Hits by thing, best thing first, and within a thing best passage first."""
    groups: dict[int, Group] = {}
    for hit in hits:
        group = groups.get(hit.thing)
        if group is None:
            group = groups[hit.thing] = Group(hit.thing, KINDS[hit.kind], hit.day)
        group.hits.append(hit)
    for group in groups.values():
        group.hits.sort(key=lambda hit: (-hit.score, hit.position))
        group.score = group.hits[0].score
    return sorted(groups.values(), key=lambda group: (-group.score, group.thing))


def _look_closely(groups: list[Group], wish: Wish, ask: Ask) -> None:
    """Raise those of the best that have the query as it was typed, in place."""
    whole = folding.squeezed("".join((*wish.words, *wish.phrases, *wish.in_title))).replace("*", "")
    best = groups[:LOOKED_AT]
    if len(whole) < 2 or len(best) < 2:
        return
    session = db.session()
    title = func.replace(SearchThing.search_title, " ", "")
    between = SEVERAL_TITLES.strip()
    is_title = (
        literal(between)
        .concat(title)
        .concat(between)
        .contains(f"{between}{whole}{between}", autoescape=True)
    )
    in_titles = dict(
        session.execute(
            select(SearchThing.id, is_title).where(
                SearchThing.id.in_([group.thing for group in best]),
                title.contains(whole, autoescape=True),
            )
        ).all()
    )
    places = {(group.thing, group.hits[0].position) for group in best}
    is_plain = sum(len(unit.grams) for unit in (*ask.wanted, *ask.in_title)) == 1
    # A single pair or word stands as typed wherever it was found at all.
    in_texts = (
        set()
        if is_plain
        else {
            thing
            for thing, position in session.execute(
                select(SearchPassage.thing_id, SearchPassage.position).where(
                    among(places),
                    func.replace(SearchPassage.search_text, " ", "").contains(
                        whole, autoescape=True
                    ),
                )
            )
            if (thing, position) in places
        }
    )
    for group in best:
        if group.thing in in_titles:
            group.score *= IS_TITLE if in_titles[group.thing] else IN_TITLE
        if group.thing in in_texts:
            group.score *= IN_TEXT
    groups[:LOOKED_AT] = sorted(best, key=lambda group: (-group.score, group.thing))


def sought_for(text: str) -> Sought:
    """What is to be marked in a text for a query."""
    wish = parse(text)
    found = units(*wish.words, *wish.in_title, thesaurus=thesaurus())
    return Sought(found, wish.phrases)
