"""More like this: things that share the words which say most about a thing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select

from app.core.db import db
from app.members.rules import Reader
from app.search import folding
from app.search.index import Unusable, opened
from app.search.models import SearchPassage, SearchThing
from app.search.queries.naming import note_of, title_of
from app.search.queries.seeing import branches_of, may_see
from app.search.queries.words import thesaurus
from app.search.rules import Kind
from app.search.units import STOP_WORDS

MOST = 4  # things that are shown
# Words (their stems) that searching must find and that say nothing of what a text is about.
_IDLE = """about after all also ani been befor but can could each even everi first get had has have
here her him his if into its just like make mani may more most much must need never new no not now
on one onli other our out over own page part second should so some than their them then these they
third thing those through time two up us use veri was way were where which while will would your
第一 第二 第三 进行 没有 不要 就是 不是 自己 已经 一些 时候 这样 那样 这些 那些"""
SAYING_NOTHING = STOP_WORDS | frozenset(_IDLE.split())
MOST_READ = 40  # passages of the thing itself
TELLING = 12  # words that stand for it
NEAR = 0.35  # share of the best score that a thing needs
LEAST_SHARED = 2  # of them; one word alone is chance


@dataclass(frozen=True)
class Alike:
    """A thing like another one, and the words that both have."""

    kind: Kind
    title: str
    url: str
    note: str
    words: tuple[str, ...]


def alike(reader: Reader, kind: Kind, ref: str) -> list[Alike]:
    """At most four things like a thing that the reader may see; a course is shown once.

    Nothing when the thing is not there, is not for this reader, or the index cannot be used.
    """
    session = db.session()
    thing = session.scalar(
        select(SearchThing).where(SearchThing.kind == kind.value, SearchThing.ref == ref)
    )
    if thing is None or not may_see(reader, thing):
        return []
    thesaurus()
    texts = session.scalars(
        select(SearchPassage.text)
        .where(SearchPassage.thing_id == thing.id)
        .order_by(SearchPassage.position)
        .limit(MOST_READ)
    ).all()
    counts = Counter(
        word
        for text in (thing.title, thing.title, *texts)
        for word in folding.words(text)
        if len(word) > 1 and word not in SAYING_NOTHING and not word.isdecimal()
    )
    try:
        snapshot = opened().snapshot()
        found = snapshot.alike(snapshot.rare(counts, TELLING), branches_of(reader), thing.id)
    except Unusable:
        return []
    order = sorted(found, key=lambda number: -found[number][0])[: 8 * MOST]
    order = [number for number in order if found[number][0] > NEAR * found[order[0]][0]]
    rows = {
        row.id: row
        for row in session.scalars(select(SearchThing).where(SearchThing.id.in_(order)))
        if may_see(reader, row)
    }
    written = _as_it_stands((thing.title, *texts))
    own = folding.squeezed(thing.title)
    lines: dict[str, Alike] = {}
    for number in order:
        row, words = rows.get(number), found[number][1]
        if row is None or len(words) < LEAST_SHARED or _home(row.url) == _home(thing.url):
            continue
        if folding.squeezed(row.title) != own and _home(row.url) not in lines:
            title = title_of(row)
            said = tuple(
                written.get(word) or folding.as_written(word, like=title) for word in words[:3]
            )
            lines[_home(row.url)] = Alike(Kind(row.kind), title, row.url, note_of(row), said)
        if len(lines) == MOST:
            break
    return list(lines.values())


def _as_it_stands(texts: Sequence[str]) -> dict[str, str]:
    """Stem → the word as it stands most often in the texts, in small letters when as often."""
    counts = Counter(pair for text in texts for pair in folding.spellings(text))
    often = sorted(counts, key=lambda pair: (counts[pair], pair[1].islower()))
    return dict(often)


def _home(url: str) -> str:
    """The course or document that an address belongs to."""
    return "/".join(url.partition("?")[0].partition("#")[0].split("/")[:3])
