"""How the text of a part is laid out for reading: paragraphs, lists and tables.

What is stored has a line for each paragraph, "• " before the points of a list, and " | " between
the cells of a table. Marks may reach over lines and cells; each piece gets its own.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import groupby

from markupsafe import Markup

from app.library.rules import Kind

# Of these kinds a line is where the page was broken, not a paragraph.
BROKEN_LINES = frozenset({Kind.PDF, Kind.TEXT, Kind.JPEG, Kind.PNG})
SHEETS = frozenset({Kind.XLSX, Kind.XLS, Kind.ODS})
BETWEEN_CELLS = " | "
_MARK = re.compile(r"<(/?)mark[^>]*>")
_POINT = re.compile(r"^((?:<mark[^>]*>)*)[•·▪◦‣][ \t]*")


def laid_out(html: Markup, kind: Kind) -> Markup:
    """Escaped text with marks as paragraphs, lists and tables; as it is where lines are broken."""
    if kind in BROKEN_LINES:
        return html
    lines = [line for line in _pieces(str(html), "\n") if _MARK.sub("", line).strip()]
    blocks: list[str] = []
    for name, some in groupby(lines, key=_block_of):
        rows = list(some)
        if name == "table" and (len(rows) > 1 or kind in SHEETS):
            blocks.append(_table(rows))
        elif name == "list":
            points = (_POINT.sub(r"\1", row) for row in rows)
            blocks.append(f"<ul>{''.join(f'<li>{point}</li>' for point in points)}</ul>")
        else:
            blocks.extend(f"<p>{row}</p>" for row in rows)
    return Markup("".join(blocks))  # noqa: S704 - all text in it came escaped


def _block_of(line: str) -> str:
    if _POINT.match(line):
        return "list"
    return "table" if BETWEEN_CELLS in line else "text"


def _table(rows: Sequence[str]) -> str:
    cells = ("".join(f"<td>{cell}</td>" for cell in _pieces(row, BETWEEN_CELLS)) for row in rows)
    inner = "".join(f"<tr>{each}</tr>" for each in cells)
    return f'<div class="document-table" tabindex="0"><table>{inner}</table></div>'


def _pieces(html: str, separator: str) -> Iterator[str]:
    """The pieces of a text with marks, each with its own ends of those that reach over it."""
    opened: list[str] = []
    for piece in html.split(separator):
        before = "".join(opened)
        for mark in _MARK.finditer(piece):
            if mark[1]:
                opened.pop()
            else:
                opened.append(mark.group())
        yield f"{before}{piece}{'</mark>' * len(opened)}"
