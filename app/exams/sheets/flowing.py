"""Lines of text with formulas among the words, and tables of them, on pages of fpdf2.

Nothing is ever lost below the foot of a page or beyond its edge: words are cut, formulas are torn
at their signs or made smaller, rows of tables go on on the next page.
"""

from __future__ import annotations

import io
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from app.core import letters, markdown
from app.exams.sheets import formulas
from app.exams.sheets.block import columns
from app.exams.sheets.formulas import Drawing

if TYPE_CHECKING:
    from fpdf import FPDF

# Lines end at spaces, between Chinese letters, and behind the dots between Tibetan syllables.
_TOKEN = re.compile(
    r"\n|[^\S\n\xa0]+|[\u0f00-\u0f0a\u0f0e-\u0fff]+[\u0f0b-\u0f0d]*|[\u2e80-\uffef]"
    r"|(?:[^\s\u0f00-\u0fff\u2e80-\uffef]|\xa0)+|[\u0f0b-\u0f0d]+"
)
_AIR = 0.4  # mm, on both sides of a formula
_SMALLEST = 0.7  # of its size, below which a formula is torn rather than made smaller
_NOT_FIRST = set("，。、；：？！）》」』】〕…％,.;:?!)]}%")
_NOT_LAST = set("（《「『【〔([{\xa0")
TABLE_SIZES = (10, 8, 6, 5)  # pt, until the columns are wide enough


@dataclass
class _Piece:
    """A word, a sign, a space, or a formula; `glued` to what stands before it."""

    text: str
    width: float
    drawing: Drawing | None = None
    glued: bool = False


@dataclass
class Line:
    """One line of pieces, so many mm above and below what the letters stand on."""

    pieces: list[_Piece]
    above: float
    below: float

    @property
    def height(self) -> float:
        return self.above + self.below

    @property
    def width(self) -> float:
        return sum(piece.width for piece in self.pieces)


def laid(page: FPDF, text: str, *, width: float, size: int, plain: bool = False) -> list[Line]:
    """A text in lines that are as high as the formulas in them; a `plain` one has none."""
    height = size * 0.53
    found = []
    for paragraph in _paragraphs(page, text, width, size, plain=plain):
        for pieces in _lines(paragraph, width):
            drawn = [piece.drawing for piece in pieces if piece.drawing]
            above = max([height * 0.74, *(each.above + 0.6 for each in drawn)])
            below = max([height * 0.26, *(each.below + 0.6 for each in drawn)])
            found.append(Line(pieces, above, below))
    return found


def put(page: FPDF, line: Line, x: float, top: float, size: int) -> None:
    base = top + line.above
    waiting, begin = "", x
    for piece in line.pieces:
        if piece.drawing:
            _say(page, waiting, begin, base, size)
            page.image(
                io.BytesIO(piece.drawing.svg),
                x=x + _AIR,
                y=base - piece.drawing.above,
                w=piece.drawing.width,
                h=piece.drawing.above + piece.drawing.below,
            )
            waiting, begin = "", x + piece.width
        waiting += piece.text
        x += piece.width
    _say(page, waiting, begin, base, size)


def _say(page: FPDF, text: str, x: float, base: float, size: int) -> None:
    """Letters on the line; those of the same font at once, all of them where some join."""
    text = text.rstrip()
    if letters.is_joined(text):
        letters.put_joined(page, letters.known(text), x, base, size)
        return
    for font, part in letters.runs(text):
        letters.choose(page, font, size)
        page.text(x, base, part)
        x += letters.width(page, part, size)


def write(
    page: FPDF,
    text: str,
    *,
    left: float,
    width: float,
    size: int,
    plain: bool = False,
    centred: bool = False,
) -> None:
    """Write a text from the page's height on."""
    for line in laid(page, text, width=width, size=size, plain=plain):
        if page.will_page_break(line.height):
            page.add_page()
        top = page.get_y()
        put(page, line, left + (max(0.0, width - line.width) / 2 if centred else 0), top, size)
        page.set_y(top + line.height)


# --- tables ---------------------------------------------------------------------------------------


def table(
    page: FPDF,
    rows: Sequence[Sequence[str]],
    *,
    left: float,
    width: float,
    is_headed: bool = True,
) -> None:
    """Draw a table; a row stays on one page when it can, and its head is said on every page.

    With more columns than can be read, each row is a line of its cells.
    """
    across = max(len(cells) for cells in rows)
    size = next((s for s in TABLE_SIZES if width / across >= _narrowest(s)), 0)
    if not size:
        for cells in rows:
            write(page, " | ".join(cells), left=left, width=width, size=TABLE_SIZES[0])
        return
    page.set_draw_color(120)
    wide = _widths(page, rows, across, width, size)
    air = _table_air(size)
    laid_rows = [
        [
            laid(page, cell, width=room - 2 * air, size=size)
            for cell, room in zip([*cells, *[""] * (across - len(cells))], wide, strict=True)
        ]
        for cells in rows
    ]
    is_short = len(rows) > 1 and _height(laid_rows[0]) < page.eph / 4
    head = laid_rows[0] if is_headed and is_short else []
    for number, inside in enumerate(laid_rows):
        if page.will_page_break(_height(inside) + 2 * air):
            if page.get_y() > page.t_margin + page.eph / 3:
                page.add_page()
                if number and head:
                    _row(page, head, wide, left, size)
            elif head is inside:
                head = []
        rest = inside
        while rest := _row(page, rest, wide, left, size):
            page.add_page()
            if number and head:
                _row(page, head, wide, left, size)


def _table_air(size: int) -> float:
    return size * 0.12


def _narrowest(size: int) -> float:
    """Mm of a column into which three signs go."""
    return 2 * _table_air(size) + 3 * size * letters.MM


def _height(cells: Sequence[Sequence[Line]]) -> float:
    return max((sum(line.height for line in lines) for lines in cells), default=0.0)


def _widths(
    page: FPDF, rows: Sequence[Sequence[str]], number: int, width: float, size: int
) -> list[float]:
    needed = [2 * _table_air(size) + size * letters.MM] * number
    for cells in rows:
        for at, cell in enumerate(cells):
            lines = laid(page, cell, width=width, size=size)
            wide = max((line.width for line in lines), default=0.0)
            needed[at] = max(needed[at], wide + 2 * _table_air(size) + 0.1)
    return columns(needed, width)


def _row(
    page: FPDF, cells: Sequence[Sequence[Line]], wide: Sequence[float], left: float, size: int
) -> list[list[Line]]:
    """Draw as much of a row as the page has room for; returns what is left for the next page."""
    air, top = _table_air(size), page.get_y()
    room = page.page_break_trigger - top - 2 * air
    here, later = [], []
    for lines in cells:
        used, count = 0.0, 0
        while count < len(lines) and used + lines[count].height <= room:
            used += lines[count].height
            count += 1
        here.append(lines[:count])
        later.append(list(lines[count:]))
    if not any(here) and any(later):
        return [list(lines) for lines in cells]  # not one line fits: all of it on the next page
    height, x = _height(here) + 2 * air, left
    for lines, across in zip(here, wide, strict=True):
        y = top + air
        page.rect(x, top, across, height)
        for line in lines:
            put(page, line, x + air, y, size)
            y += line.height
        x += across
    page.set_y(top + height)
    return later if any(later) else []


# --- pieces ---------------------------------------------------------------------------------------


def _paragraphs(
    page: FPDF, text: str, width: float, size: int, *, plain: bool
) -> list[list[_Piece]]:
    found: list[list[_Piece]] = [[]]
    for part, is_formula in [(text, False)] if plain else markdown.pieces(text):
        drawn = _drawn(page, part, width, size) if is_formula else []
        if drawn:
            found[-1] += [_Piece("", each.width + 2 * _AIR, each) for each in drawn]
            continue
        for word in _TOKEN.findall(letters.known(part)):
            if word == "\n":
                found.append([])
                continue
            for cut in _narrow(page, word, width, size):
                before = found[-1][-1].text[-1:] if found[-1] else ""
                glued = cut[0] in _NOT_FIRST or before in _NOT_LAST
                found[-1].append(_Piece(cut, letters.width(page, cut, size), glued=glued))
    return found


def _drawn(page: FPDF, part: str, width: float, size: int) -> list[Drawing]:
    """A formula that fits into a line; in several drawings when it would be too small in one."""
    block = part.startswith("$$")
    tex = part.strip("$").strip()
    whole = formulas.drawing(tex, size, block=block)
    if whole is None:
        return []
    room, high = width - 2 * _AIR, page.eph - 2
    if whole.width * _SMALLEST > room:
        parts = [formulas.drawing(each, size, block=block) for each in formulas.torn(tex)]
        known = [each for each in parts if each is not None]
        if len(known) == len(parts) > 1:
            return [_fitting(each, room, high) for each in known]
    return [_fitting(whole, room, high)]


def _fitting(drawing: Drawing, width: float, height: float) -> Drawing:
    shrunk = min(1.0, width / drawing.width, height / (drawing.above + drawing.below))
    return replace(
        drawing,
        width=drawing.width * shrunk,
        above=drawing.above * shrunk,
        below=drawing.below * shrunk,
    )


def _narrow(page: FPDF, word: str, width: float, size: int) -> list[str]:
    """A word in pieces that fit into a line."""
    if letters.width(page, word, size) <= width:
        return [word]
    found, used = [""], 0.0
    for letter in letters.clusters(word):
        wide = letters.width(page, letter, size)
        if found[-1] and used + wide > width:
            found.append("")
            used = 0.0
        found[-1] += letter
        used += wide
    return found


def _lines(pieces: list[_Piece], width: float) -> list[list[_Piece]]:
    """Pieces in lines; what is glued goes on with what it is glued to, if there is room at all."""
    lines: list[list[_Piece]] = [[]]
    used = 0.0
    groups: list[list[_Piece]] = []
    wide = 0.0
    for piece in pieces:
        if piece.glued and groups and wide + piece.width <= width:
            groups[-1].append(piece)
            wide += piece.width
        else:
            groups.append([piece])
            wide = piece.width
    for group in groups:
        wide = sum(piece.width for piece in group)
        if lines[-1] and used + wide > width:
            lines.append([])
            used = 0.0
            if not group[0].drawing and not group[0].text.strip():
                continue
        lines[-1] += group
        used += wide
    return lines
