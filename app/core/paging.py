"""Long lists in pages of a fixed size."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil
from typing import Generic, TypeVar

T = TypeVar("T")
SIZE = 24


@dataclass(frozen=True)
class Page(Generic[T]):
    """One page: its rows, its number (from 1), and how many rows there are in all."""

    rows: Sequence[T]
    number: int
    total: int
    size: int = SIZE

    @property
    def last(self) -> int:
        return max(1, ceil(self.total / self.size))


def window(number: int, size: int = SIZE) -> tuple[int, int]:
    """The (offset, limit) of a page number; anything below 1 is the first page."""
    number = min(max(1, number), 1_000_000)
    return (number - 1) * size, size
