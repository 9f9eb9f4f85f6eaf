"""A paper as PDF, by fpdf2 with our Chinese font embedded."""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from app.core import letters
from app.exams.sheets import flowing
from app.exams.sheets.block import INDENT, Block, on_paper

if TYPE_CHECKING:
    # 20 MB with cryptography and lxml: loaded when a paper is printed.
    from fpdf import FPDF

EDGE = 18.0  # mm


def pdf(
    title: str,
    language: str,
    blocks: Sequence[Block],
    report: Callable[[float], None] = lambda _share: None,
) -> bytes:
    """An A4 document; pages are numbered, and a question begins a new page rather than breaks.

    `report` is told again and again which share of it is written.
    """
    page = _paper()
    page.set_title(title)
    page.set_lang(language.replace("_", "-"))
    page.set_margins(EDGE, EDGE, EDGE)
    page.set_auto_page_break(auto=True, margin=EDGE + 6)
    page.add_page()
    for number, block in enumerate(blocks):
        report(number / len(blocks))
        if block.kind in {"section", "question"}:
            page.ln(3 if block.kind == "question" else 5)
            if page.will_page_break(_room(page, blocks[number:])):
                page.add_page()
        indent = INDENT if block.kind == "option" else 0.0
        if block.text:
            flowing.write(
                page,
                block.text,
                left=EDGE + indent,
                width=page.epw - indent,
                size=block.size,
                plain=block.kind == "title",
                centred=block.kind == "title",
            )
        if block.table:
            page.ln(1)
            is_headed = block.kind != "grid"
            flowing.table(page, block.table, left=EDGE, width=page.epw, is_headed=is_headed)
            page.ln(1)
        if block.picture:
            _draw(page, block.picture)
        for _ in range(block.lines):
            if page.will_page_break(9):
                page.add_page()
            page.ln(9)
            page.set_draw_color(160)
            page.line(EDGE, page.get_y(), EDGE + page.epw, page.get_y())
    return bytes(page.output())


def _draw(page: FPDF, data: bytes) -> None:
    """A picture below what was written last, on the next page when it does not fit."""
    from PIL import Image

    picture = Image.open(io.BytesIO(data))
    width, height = on_paper(picture.width, picture.height)
    if page.will_page_break(height + 2):
        page.add_page()
    page.image(picture, x=EDGE + 8, y=page.get_y() + 1, w=width, h=height)
    page.set_y(page.get_y() + height + 2)


def _paper() -> FPDF:
    """Empty A4, upright, with the page's number at the foot of each page."""
    from fpdf import FPDF

    class Paper(FPDF):
        def footer(self) -> None:
            self.set_y(-14)
            letters.choose(self, letters.OURS, 9)
            self.cell(0, 8, f"{self.page_no()}", align="C")

    return Paper(orientation="portrait", unit="mm", format="A4")


def _room(page: FPDF, blocks: Sequence[Block]) -> float:
    """About how high a question is with its options; at most a third of a page is asked for."""
    height = 0.0
    for number, block in enumerate(blocks):
        if number and block.kind in {"question", "section", "title"}:
            break
        rows = 1 + sum(2 if ord(c) > 0x2E80 else 1 for c in block.text) // 88
        height += rows * 6 + block.lines * 9 + 7 * len(block.table) + (40 if block.picture else 0)
    return float(min(height, page.eph / 3))
