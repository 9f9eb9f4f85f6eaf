"""Where things stand in a TOML file: tomllib forgets the lines, and people need them."""

from __future__ import annotations

import re

Place = tuple[str | int, ...]  # ("lesson", 0, "captions", 1, "file")

_HEADER = re.compile(r"\s*(\[\[?)\s*([A-Za-z0-9_.\-]+)\s*\]\]?\s*(#.*)?$")
_KEY = re.compile(r"\s*([A-Za-z0-9_\-]+)\s*=")
_LONG = re.compile(r'"""|\'\'\'')


class Lines:
    """The lines (from 1) of tables and keys, found by their look.

    Dotted keys and inline tables are not taken apart: what is inside them has the line of the
    table around it.
    """

    def __init__(self, text: str) -> None:
        self._found: dict[Place, int] = {}
        counts: dict[Place, int] = {}
        here: Place = ()
        quote = ""
        for number, line in enumerate(text.splitlines(), 1):
            inside = bool(quote)
            for mark in _LONG.findall(line):
                if not quote:
                    quote = mark
                elif quote == mark:
                    quote = ""
            if inside:
                continue
            header, key = _HEADER.match(line), _KEY.match(line)
            if header:
                here = self._place(header[2].split("."), counts, is_list=header[1] == "[[")
                self._found.setdefault(here, number)
            elif key:
                self._found.setdefault((*here, key[1]), number)

    @staticmethod
    def _place(names: list[str], counts: dict[Place, int], *, is_list: bool) -> Place:
        place: Place = ()
        for depth, name in enumerate(names, 1):
            place = (*place, name)
            if depth == len(names) and is_list:
                counts[place] = counts.get(place, -1) + 1
            if place in counts:
                place = (*place, counts[place])
        return place

    def of(self, *place: str | int) -> int:
        """The line of a place, or of the nearest one around it; 0 when there is none."""
        for end in range(len(place), 0, -1):
            if place[:end] in self._found:
                return self._found[place[:end]]
        return 0
