"""OpenDocument: texts, slides and tables."""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import Any

from .markup import each, xml
from .packages import check_package, entry
from .printing import MOST_PAGES, ROWS_AT_ONCE, Enough, Failed, Printer

OFFICE, TABLE = (
    f"{{urn:oasis:names:tc:opendocument:xmlns:{name}:1.0}}" for name in ("office", "table")
)


def read_odf(path: Path, out: Printer) -> Any:
    """The body of an OpenDocument file."""
    check_package(path)
    with zipfile.ZipFile(path) as package:
        if b"manifest:encryption-data" in entry(package, "META-INF/manifest.xml"):
            raise Failed("password")
        body = xml(entry(package, "content.xml")).find(f"{OFFICE}body")
    out.budget.spend()
    if body is None:
        raise Failed("damaged")
    return body


def said(element: Any) -> str:
    return " ".join("".join(element.itertext()).split())


def read_odt(path: Path, out: Printer) -> int:
    label, lines, number = "", list[str](), 0
    for element in each(read_odf(path, out), "h", "p"):
        text = said(element)
        if element.tag.endswith("}p"):
            lines.extend([text] if text else [])
            continue
        if label or lines:
            number += 1
            out.part(f"h{number}", label, "\n".join(lines))
        label, lines = text, []
    out.part(f"h{number + 1}", label, "\n".join(lines))
    return number + 1


def read_odp(path: Path, out: Printer) -> int:
    number = 0
    for number, page in enumerate(each(read_odf(path, out), "page"), 1):
        if number > MOST_PAGES:
            raise Enough
        lines = [text for line in each(page, "h", "p") if (text := said(line))]
        out.part(f"s{number}", lines[0] if lines else "", "\n".join(lines[1:]))
    return number


def read_ods(path: Path, out: Printer) -> int:
    number = 0
    for number, sheet in enumerate(each(read_odf(path, out), "table"), 1):
        name, lines = sheet.get(f"{TABLE}name", ""), list[str]()
        for row in each(sheet, "table-row"):
            cells = [text for cell in each(row, "table-cell") if (text := said(cell))]
            if cells:
                out.budget.spend()
                lines.append(" | ".join(cells))
            if len(lines) == ROWS_AT_ONCE:
                out.part(f"x{number}", name, "\n".join(lines))
                lines = []
        if lines:
            out.part(f"x{number}", name, "\n".join(lines))
    return number
