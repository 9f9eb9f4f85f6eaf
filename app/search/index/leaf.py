"""One segment of the index, decoded as it is asked for and kept in memory within bounds."""

from __future__ import annotations

import sys
from array import array
from collections import OrderedDict
from threading import Lock
from typing import Any

from app.search.index.asking import K1, TITLE_HALF, B
from app.search.index.schema import LANGUAGES
from app.search.index.writing import decoded

MOST_POSTINGS = 400_000  # kept decoded per segment, about 40 MB at the worst
MOST_MASKS = 128
EVERYTHING = -(2**32)  # no branch: stands for a reader who may see all

Part = dict[int, float]  # document number → its share of the score, before the term's rarity
_NOTHING: Part = {}


class Kept:
    """What is decoded of a segment. It never changes, so later snapshots take it over."""

    def __init__(self, reader: Any) -> None:
        self.things = _column(reader, "thing", "I")
        self.revisions = _column(reader, "revision", "I")
        self.positions = _column(reader, "position", "H")
        self.kinds = _column(reader, "kind", "B")
        self.languages = _column(reader, "language", "B")
        self.shelves = _column(reader, "shelf", "I")
        self.branches = _column(reader, "branch", "I")
        self.days = _column(reader, "day", "I")
        self.sizes = _column(reader, "size", "H")
        self.classes = bytes(
            kind * len(LANGUAGES) + language
            for kind, language in zip(self.kinds, self.languages, strict=True)
        )
        self.parts: OrderedDict[tuple[str, str], Part] = OrderedDict()
        self.postings = 0
        self.audiences: OrderedDict[frozenset[int], bytes] = OrderedDict()
        self.lock = Lock()


class Leaf:
    """A segment as one snapshot sees it: what is decoded of it, less the deleted passages."""

    def __init__(self, reader: Any, kept: Kept | None) -> None:
        self.reader = reader
        self.kept = kept or Kept(reader)
        self.count = int(reader.doc_count_all())
        self.deleted = frozenset(int(d) for d in reader.segment().deleted_docs())
        self._live: dict[frozenset[int], bytes] = {}

    def beginning_with(self, field: str, prefix: str, most: int) -> list[str]:
        """The first terms that begin with `prefix`, at most `most`."""
        found = []
        with self.kept.lock:
            for term in self.reader.expand_prefix(field, prefix.encode()):
                found.append(term.decode())
                if len(found) == most:
                    break
        return found

    def part(self, field: str, term: str, mean_size: float) -> Part:
        """A term's passages, each with its share of the score; deleted ones may be among them."""
        kept, key = self.kept, (field, term)
        with kept.lock:
            part = kept.parts.get(key)
            if part is not None:
                kept.parts.move_to_end(key)
                return part
            ids, weights = decoded(self.reader, field, term.encode())
            if not ids:
                return _NOTHING
            if field == "title":
                part = {d: w / (w + TITLE_HALF) for d, w in zip(ids, weights, strict=True)}
            else:
                sizes, flat, slope = kept.sizes, K1 * (1 - B), K1 * B / mean_size
                part = {
                    d: w * (K1 + 1) / (w + flat + slope * sizes[d])
                    for d, w in zip(ids, weights, strict=True)
                }
            kept.parts[key] = part
            kept.postings += len(part)
            while kept.postings > MOST_POSTINGS and len(kept.parts) > 1:
                kept.postings -= len(kept.parts.popitem(last=False)[1])
            return part

    def seen_by(self, branches: frozenset[int] | None) -> bytes:
        """A byte for every passage: 1 when it is there and for a reader of these branches.

        None stands for a reader who may see everything.
        """
        key = branches if branches is not None else frozenset((EVERYTHING,))
        live = self._live.get(key)
        if live is None:
            mask = bytearray(self._audience(branches))
            for number in self.deleted:
                mask[number] = 0
            live = bytes(mask)
            if len(self._live) > MOST_MASKS:
                self._live.clear()
            self._live[key] = live
        return live

    def _audience(self, branches: frozenset[int] | None) -> bytes:
        if branches is None:
            return b"\x01" * self.count
        kept = self.kept
        with kept.lock:
            mask = kept.audiences.get(branches)
            if mask is None:
                fresh = bytearray(self.count)
                for term in ("all", *(str(branch) for branch in branches)):
                    for number in decoded(self.reader, "audience", term.encode())[0]:
                        fresh[number] = 1
                mask = kept.audiences[branches] = bytes(fresh)
                while len(kept.audiences) > MOST_MASKS:
                    kept.audiences.popitem(last=False)
            return mask


def _column(reader: Any, name: str, code: str) -> array[int]:
    """A column as an array: its bytes as they are, trailing zeros added, big end turned round."""
    count = int(reader.doc_count_all())
    values = array(code)
    if reader.has_column(name):
        column = reader.column_reader(name, translate=False)
        raw = column._dbfile.get(column._basepos, column._count * values.itemsize)  # noqa: SLF001
        values.frombytes(bytes(raw))
        if sys.byteorder == "little":
            values.byteswap()
    values.extend([0] * (count - len(values)))
    return values
