"""The face of an index: what the rest of the room asks of the engine that keeps it.

Two engines have it: Whoosh files in the search folder (`store`), and PostgreSQL (`postgresql`).
Reading is safe from every thread; only the worker and the commands write.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any, Protocol

from app.search.index.asking import Ask, Scan
from app.search.index.schema import Entry
from app.search.units import Thesaurus

Branches = frozenset[int] | None  # None: a reader who may see everything
Changes = Mapping[str, Sequence[Entry]]  # "kind:ref" → all passages of the thing; none removes it


class Unusable(Exception):
    """There is no index, or it is damaged or out of reach, or another version of Weike wrote it."""


class Busy(Exception):
    """Another process is writing."""


class View(Protocol):
    """The index as it is now."""

    def scan(self, ask: Ask) -> Scan:
        """The best passages with every wanted unit; failing that, of those with half of them."""

    def counts(self, terms: Collection[str], field_name: str, branches: Branches) -> dict[str, int]:
        """How many passages that a reader may see have each term; a great number may be cut."""

    def raw_terms(self, field_name: str, prefix: str, most: int) -> set[str]:
        """Terms with a prefix, whoever may see them: only to be compared, never to be shown."""

    def near(self, word: str, most: int) -> Collection[str]:
        """English words spelt like this one, whoever may see them; most of them by chance."""

    def sounding(self, spellings: Collection[str], branches: Branches) -> dict[str, int]:
        """How many titles that a reader may see sound so, from one of their characters on."""

    def beginning_with(
        self, field_name: str, prefix: str, branches: Branches, most: int
    ) -> Counter[str]:
        """Terms with a prefix that stand in passages which a reader may see, with how many."""

    def rare(self, words: Mapping[str, int], most: int) -> list[str]:
        """Of words with how often they stand in a text, those that say most about it."""

    def alike(
        self, words: Sequence[str], branches: Branches, without: int
    ) -> dict[int, tuple[float, list[str]]]:
        """Things with some of these words that a reader may see: score, and the words they share.

        Of each thing its best passage counts; the thing `without` is left out.
        """


class Building(Protocol):
    """An index in the making, beside the live one."""

    def add(self, things: Changes) -> None:
        """Add things that are not in the new index yet."""

    def last_changes(self) -> AbstractContextManager[Callable[[Changes], None]]:
        """Hold all other writers off, and take changes before going live."""

    def go_live(self) -> None:
        """Make the new index the live one, in one step."""


class Engine(Protocol):
    """Keeps the index; one per process. Whatever fails while reading is raised as Unusable."""

    # The organisation's words as this process last read them, with what they were read at.
    words: tuple[object, Thesaurus]

    def scan(self, ask: Ask) -> Scan:
        """What View.scan says of the newest state; damage leaves a mark for the worker."""

    def snapshot(self) -> View:
        """The newest state of the index."""

    def is_usable(self) -> bool:
        """Whether the live index can be read and nobody reported damage."""

    def is_damaged(self) -> bool:
        """Whether somebody met damage that no rebuild has mended yet."""

    def revisions(self) -> dict[int, int]:
        """Which things stand in the index (by number), and in which revision."""

    def figures(self) -> dict[str, Any]:
        """Name, passages, segments and bytes of the live index."""

    def writing(self) -> AbstractContextManager[Callable[[Changes], None]]:
        """Keep all other writers off and give a function that replaces the passages of things.

        Each call is one commit and safely on disk when it returns. Raises Busy after ten seconds.
        """

    def rebuilding(self) -> AbstractContextManager[Building]:
        """Build a new index beside the live one; it goes live, or is deleted.

        Raises Busy when another process is rebuilding.
        """

    def close(self) -> None:
        """Let go of what is open."""
