"""What stands in the index for one passage. The index files name this module: keep its path.

Whoosh keeps terms, postings, columns and segments; words and scores are ours (see ranking).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from whoosh.codec.whoosh3 import W3Codec
from whoosh.columns import NumericColumn
from whoosh.fields import COLUMN, ID, FieldType, Schema
from whoosh.formats import Existence

from app.search import folding, pinyin
from app.search.rules import AUTHORS, ONLY_AUTHORS, SEVERAL, Kind, shelf_code

VERSION = 4  # grows with every change of the schema or of folding; older indexes are rebuilt
KINDS = tuple(Kind)  # a kind's number in the column; append only
# A language's number in the column; append only. "" is not known.
LANGUAGES = ("", "zh_Hans", "zh_Hant", "en")
AUTHOR, SHELF, FORM = "a", "c", "k"  # what terms of `facts` begin with
BLOCK = 1024  # postings that are read at once
BIGGEST_SIZE = 65_535
LONGEST_TERM = 60  # characters; longer "words" are noise and are cut


class Terms(FieldType):  # type: ignore[misc]
    """A field whose value is a list of terms; a posting's weight is how often the term occurs."""

    def __init__(self) -> None:
        super().__init__(format=Existence(), analyzer=None)

    def index(self, value: Sequence[str], **_: Any) -> Iterator[tuple[bytes, int, float, bytes]]:
        for term, times in Counter(value).items():
            yield term[:LONGEST_TERM].encode(), times, float(times), b""


SCHEMA = Schema(
    key=ID(),  # "kind:ref" of the thing, to delete its passages by
    grams=Terms(),  # every pair of Chinese characters, whole words elsewhere; title included
    words=Terms(),  # jieba's words and English stems; title included
    title=Terms(),  # the grams of the title alone
    sounds=Terms(),  # the title in pinyin; at the first passage of a thing only
    facts=Terms(),  # the grams of authors and collections, and the form
    audience=Terms(),  # "all" or branch ids
    thing=COLUMN(NumericColumn("I")),
    revision=COLUMN(NumericColumn("I")),
    position=COLUMN(NumericColumn("H")),
    kind=COLUMN(NumericColumn("B")),
    language=COLUMN(NumericColumn("B")),
    shelf=COLUMN(NumericColumn("I")),  # the collection, as shelf_code says it; 0 for none
    branch=COLUMN(NumericColumn("I")),  # 0 for all, SEVERAL, or the one that it is for
    day=COLUMN(NumericColumn("I")),  # of the thing, as date.toordinal says it; 0 for none
    size=COLUMN(NumericColumn("H")),  # how many grams, at most 65 535
)


class Writing(W3Codec):  # type: ignore[misc]
    """How segments are written. Readers need not know: the files say it themselves."""

    # Our passages keep their size in a column; Whoosh would ask the disk for it at every posting.
    length_stats = False

    def __init__(self) -> None:
        # We read whole lists, so large blocks; most are too small for compression to pay.
        super().__init__(blocklimit=BLOCK, compression=0)


def branch_code(audience: frozenset[int] | None) -> int:
    """Whom a thing is for, as one number: 0 for all, SEVERAL, ONLY_AUTHORS, or a branch's id."""
    if audience is None:
        return 0
    if audience == {AUTHORS}:
        return ONLY_AUTHORS
    return next(iter(audience)) if len(audience) == 1 else SEVERAL


@dataclass(frozen=True)
class Entry:
    """One passage as it goes into the index; `body` is the stored search_text."""

    thing: int
    revision: int
    position: int
    kind: str
    title: str
    body: str
    audience: frozenset[int] | None
    language: str = ""
    authors: str = ""
    shelf: str = ""
    day: int = 0
    form: str = ""  # what it comes as, see rules.FORM_WORDS


def terms_of(entry: Entry) -> dict[str, list[str]]:
    """All terms of a passage by field, each as often as it occurs."""
    title = folding.grams(entry.title)
    return {
        "grams": folding.grams(entry.body) + title,
        "words": folding.words(entry.body) + folding.words(entry.title),
        "title": title,
        "sounds": pinyin.terms(entry.title) if entry.position == 0 else [],
        "facts": [AUTHOR + gram for gram in folding.grams(entry.authors)]
        + [SHELF + gram for gram in folding.grams(entry.shelf)]
        + ([FORM + entry.form] if entry.form else []),
    }


def labels_of(entry: Entry, size: int) -> dict[str, int]:
    """The numbers that stand beside a passage's terms; `size` is how many grams it has."""
    return {
        "thing": entry.thing,
        "revision": entry.revision,
        "position": entry.position,
        "kind": KINDS.index(Kind(entry.kind)),
        "language": LANGUAGES.index(entry.language) if entry.language in LANGUAGES else 0,
        "shelf": shelf_code(entry.shelf),
        "branch": branch_code(entry.audience),
        "day": entry.day,
        "size": min(BIGGEST_SIZE, size),
    }
