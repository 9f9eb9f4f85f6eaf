"""Lines of text with formulas among the words, on a page of fpdf2."""

from __future__ import annotations

import io
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from app.core import markdown
from app.exams.sheets import formulas
from app.exams.sheets.formulas import Drawing

if TYPE_CHECKING:
    from fpdf import FPDF

_TOKEN = re.compile(r"\n|[^\S\n\xa0]+|[\u2e80-\uffef]|(?:[^\s\u2e80-\uffef]|\xa0)+")
_AIR = 0.4  # mm, on both sides of a formula
_NOT_FIRST = set("，。、；：？！）》」』】〕…％,.;:?!)]}%")
_NOT_LAST = set("（《「『【〔([{\xa0")


@dataclass
class _Piece:
    """A word, a sign, a space, or a formula; `glued` to what stands before it."""

    text: str
    width: float
    drawing: Drawing | None = None
    glued: bool = False


def has_formulas(text: str) -> bool:
    return any(is_formula for _part, is_formula in markdown.pieces(text))


@dataclass
class Line:
    """One line of pieces, so many mm above and below what the letters stand on."""

    pieces: list[_Piece]
    above: float
    below: float

    @property
    def height(self) -> float:
        return self.above + self.below


def laid(page: FPDF, text: str, *, width: float, size: int) -> list[Line]:
    """A text in lines that are as high as the formulas in them."""
    height = size * 0.53
    found = []
    for paragraph in _paragraphs(page, text, width, size):
        for pieces in _lines(paragraph, width):
            drawn = [piece.drawing for piece in pieces if piece.drawing]
            above = max([height * 0.74, *(each.above + 0.6 for each in drawn)])
            below = max([height * 0.26, *(each.below + 0.6 for each in drawn)])
            found.append(Line(pieces, above, below))
    return found


def put(page: FPDF, line: Line, x: float, top: float) -> None:
    base = top + line.above
    for piece in line.pieces:
        if piece.drawing:
            _draw(page, piece.drawing, piece.width, x, base)
        elif piece.text.strip():
            page.text(x, base, piece.text)
        x += piece.width


def write(page: FPDF, text: str, *, left: float, width: float, size: int) -> None:
    """Write a text from the page's height on."""
    for line in laid(page, text, width=width, size=size):
        if page.will_page_break(line.height):
            page.add_page()
        top = page.get_y()
        put(page, line, left, top)
        page.set_y(top + line.height)


def table(page: FPDF, rows: Sequence[Sequence[str]], *, left: float, width: float) -> None:
    """Draw a table of columns that are equally wide; a row stays on one page when it can."""
    size, air = 10, 1.2
    page.set_font("Noto", size=size)
    page.set_draw_color(120)
    wide = width / max(len(cells) for cells in rows)
    for cells in rows:
        inside = [laid(page, cell, width=wide - 2 * air, size=size) for cell in cells]
        height = 2 * air + max((sum(line.height for line in each) for each in inside), default=0)
        if page.will_page_break(height):
            page.add_page()
        top = page.get_y()
        for at, lines in enumerate(inside):
            x, y = left + at * wide, top + air
            page.rect(x, top, wide, height)
            for line in lines:
                put(page, line, x + air, y)
                y += line.height
        page.set_y(top + height)


def _draw(page: FPDF, drawing: Drawing, width: float, x: float, base: float) -> None:
    shrunk = (width - 2 * _AIR) / drawing.width
    page.image(
        io.BytesIO(drawing.svg),
        x=x + _AIR,
        y=base - drawing.above * shrunk,
        w=drawing.width * shrunk,
        h=(drawing.above + drawing.below) * shrunk,
    )


def _paragraphs(page: FPDF, text: str, width: float, size: int) -> list[list[_Piece]]:
    found: list[list[_Piece]] = [[]]
    for part, is_formula in markdown.pieces(text):
        if is_formula:
            block = part.startswith("$$")
            drawing = formulas.drawing(part.strip("$").strip(), size, block=block)
            if drawing is not None:
                found[-1].append(_Piece("", min(width, drawing.width + 2 * _AIR), drawing))
                continue
        for word in _TOKEN.findall(part):
            if word == "\n":
                found.append([])
                continue
            for cut in _narrow(page, word, width):
                before = found[-1][-1].text[-1:] if found[-1] else ""
                glued = cut[0] in _NOT_FIRST or before in _NOT_LAST
                found[-1].append(_Piece(cut, page.get_string_width(cut), glued=glued))
    return found


def _narrow(page: FPDF, word: str, width: float) -> list[str]:
    """A word in pieces that fit into a line."""
    if page.get_string_width(word) <= width:
        return [word]
    step = max(1, int(len(word) * width / page.get_string_width(word) * 0.8))
    return [word[at : at + step] for at in range(0, len(word), step)]


def _lines(pieces: list[_Piece], width: float) -> list[list[_Piece]]:
    """Pieces in lines; what is glued goes on with what it is glued to."""
    lines: list[list[_Piece]] = [[]]
    used = 0.0
    groups: list[list[_Piece]] = []
    for piece in pieces:
        if piece.glued and groups:
            groups[-1].append(piece)
        else:
            groups.append([piece])
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
