"""What a sheet has beside its words: merged cells, hidden rows, formulas and pictures."""

from __future__ import annotations

import posixpath
import re
import zipfile
from dataclasses import dataclass, field
from typing import Any

from defusedxml.ElementTree import fromstring

MOST_MERGED = 1_000  # of a sheet; each is looked at for each row that it spans
_OF = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}"
# Looked for before anything is parsed: bounded, and never over the beginning of another tag.
_ROW = re.compile(rb"<(?:\w+:)?row\b([^<>]{0,2000})>")
_MERGED = re.compile(
    rb"""<(?:\w+:)?mergeCell\s[^<>]{0,200}?ref=["']([A-Z]{1,3})(\d{1,7}):([A-Z]{1,3})(\d{1,7})["']"""
)
_FILLED = (b"<v>", b"<t>", b"<t ", b":v>", b":t>")
# How WPS keeps a picture in a cell: as a formula with its name in xl/cellimages.xml.
PICTURE = re.compile(r"DISPIMG\(\s*\"([^\"]+)\"", re.IGNORECASE)


@dataclass
class Beside:
    """Places are (row, column), from 1."""

    merged: list[tuple[int, int, int, int]] = field(default_factory=list)  # over several rows
    hidden: set[int] = field(default_factory=set)  # rows
    has_formulas: bool = False
    last: int = 0  # the last row with something in it
    unknown: dict[tuple[int, int], str] = field(default_factory=dict)  # a formula; or its error
    named: dict[tuple[int, int], str] = field(default_factory=dict)  # pictures by their name
    # name and bytes of pictures; no bytes when the file does not have them
    pictures: dict[tuple[int, int], list[tuple[str, bytes]]] = field(default_factory=dict)

    def top_of(self, row: int, column: int) -> int | None:
        """The row whose words a cell below it shares, when both are merged."""
        for first, left, last, right in self.merged:
            if first < row <= last and left <= column <= right:
                return first
        return None


def beside_of(package: zipfile.ZipFile, part: str, kept: dict[str, bytes]) -> Beside:
    """What the sheet in this part of a package has; its package was looked at before.

    `kept` has pictures by their part: one that lies over a thousand cells is read once.
    """
    text = package.read(part)
    found = Beside(has_formulas=b"<f" in text or b":f" in text)
    for row in _ROW.finditer(text):
        number = re.search(rb"""\br=["'](\d{1,7})["']""", row[1])
        if number and re.search(rb"""\bhidden=["'](?:1|true)["']""", row[1]):
            found.hidden.add(int(number[1]))
    for cells in _MERGED.finditer(text):
        first, last = int(cells[2]), int(cells[4])
        if last > first and len(found.merged) < MOST_MERGED:
            found.merged.append((first, _column(cells[1]), last, _column(cells[3])))
    at = max(text.rfind(sign) for sign in _FILLED)
    begins = text.rfind(b"<row ", 0, max(at, 0))
    number = re.match(rb"""<row [^>]*?\br=["'](\d{1,7})["']""", text[begins : begins + 500])
    found.last = int(number[1]) if begins >= 0 and number else 0
    _pictures(package, part, found, kept)
    return found


def settle_named(package: zipfile.ZipFile, found: Beside, kept: dict[str, bytes]) -> None:
    """The bytes of pictures that cells name, once the cells were read."""
    part = "xl/cellimages.xml"
    targets = _targets(package, part) if found.named else {}
    names: dict[str, str] = {}
    if part in package.namelist() and targets:
        for each in fromstring(package.read(part)).iter():
            if _local(each) == "pic":
                name = next((e.get("name", "") for e in each.iter() if _local(e) == "cNvPr"), "")
                names[name] = targets.get(_embedded(each), "")
    for place, name in found.named.items():
        found.pictures.setdefault(place, []).append(_file(package, names.get(name, ""), kept))


def _pictures(package: zipfile.ZipFile, part: str, found: Beside, kept: dict[str, bytes]) -> None:
    """Pictures that lie over cells, by the cell in which they begin."""
    for drawing in _targets(package, part).values():
        if not re.search(r"/drawing\d*\.xml$", drawing) or drawing not in package.namelist():
            continue
        targets = _targets(package, drawing)
        for anchor in fromstring(package.read(drawing)):
            begin = next((each for each in anchor if _local(each) == "from"), None)
            embedded = _embedded(anchor)
            if begin is None or not embedded:
                continue
            at = {_local(each): int(each.text or 0) for each in begin}
            place = (at.get("row", 0) + 1, at.get("col", 0) + 1)
            file = _file(package, targets.get(embedded, ""), kept)
            found.pictures.setdefault(place, []).append(file)


def _file(package: zipfile.ZipFile, name: str, kept: dict[str, bytes]) -> tuple[str, bytes]:
    if name not in kept:
        kept[name] = package.read(name) if name in package.namelist() else b""
    return posixpath.basename(name), kept[name]


def _targets(package: zipfile.ZipFile, part: str) -> dict[str, str]:
    """The parts that a part refers to, by the names that it has for them."""
    folder, name = posixpath.split(part)
    beside = f"{folder}/_rels/{name}.rels"
    if beside not in package.namelist():
        return {}
    return {
        each.get("Id", ""): posixpath.normpath(posixpath.join("/", folder, each.get("Target", "")))[
            1:
        ]
        for each in fromstring(package.read(beside))
        if each.get("TargetMode") != "External"
    }


def _embedded(element: Any) -> str:
    return next(
        (str(e.get(f"{_OF}embed")) for e in element.iter() if e.get(f"{_OF}embed")),
        "",
    )


def _local(element: Any) -> str:
    return str(element.tag).rpartition("}")[2]


def _column(letters: bytes) -> int:
    at = 0
    for letter in letters:
        at = at * 26 + letter - 64
    return at
