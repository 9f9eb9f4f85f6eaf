"""Papers on paper: PDF by fpdf2 with our Chinese font embedded, DOCX by python-docx.

Both are written from the same blocks, so that they say the same.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from app.core.typed import seen

if TYPE_CHECKING:
    # 20 MB with cryptography and lxml: loaded when a paper is printed.
    from fpdf import FPDF

FONT = Path(__file__).parent.parent / "static" / "vendor" / "noto-sans-sc.ttf"
EDGE = 18.0  # mm
_SIZES = {"title": 18, "section": 14, "question": 11, "option": 11, "note": 9, "row": 11}


@dataclass(frozen=True)
class Block:
    """One piece of a paper: title, section, question, option, note, row, picture, empty lines."""

    kind: str
    text: str = ""
    lines: int = 0  # of room to write in, below it
    picture: bytes = b""  # as the media folder has it


def pdf(title: str, language: str, blocks: Sequence[Block]) -> bytes:
    """An A4 document; pages are numbered, and a question begins a new page rather than breaks."""
    from fpdf.enums import XPos, YPos

    page = _paper()
    page.set_title(title)
    page.set_lang(language.replace("_", "-"))
    page.add_font("Noto", "", str(FONT))
    page.set_margins(EDGE, EDGE, EDGE)
    page.set_auto_page_break(auto=True, margin=EDGE + 6)
    page.add_page()
    for number, block in enumerate(blocks):
        size = _SIZES.get(block.kind, 11)
        page.set_font("Noto", size=size)
        height = size * 0.53
        if block.kind in {"section", "question"}:
            page.ln(3 if block.kind == "question" else 5)
            if page.will_page_break(_room(page, blocks[number:])):
                page.add_page()
        indent = 8.0 if block.kind == "option" else 0.0
        if block.text:
            page.set_x(EDGE + indent)
            page.multi_cell(
                page.epw - indent,
                height,
                block.text,
                align="C" if block.kind == "title" else "L",
                new_x=XPos.LMARGIN,
                new_y=YPos.NEXT,
            )
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
    width, height = _on_paper(picture.width, picture.height)
    if page.will_page_break(height + 2):
        page.add_page()
    page.image(picture, x=EDGE + 8, y=page.get_y() + 1, w=width, h=height)
    page.set_y(page.get_y() + height + 2)


def _on_paper(width: int, height: int) -> tuple[float, float]:
    """Size in mm of a picture of so many dots: 150 an inch, at most 120 × 90 mm."""
    shrunk = min(25.4 / 150, 120 / width, 90 / height)
    return width * shrunk, height * shrunk


def _paper() -> FPDF:
    """Empty A4, upright, with the page's number at the foot of each page."""
    from fpdf import FPDF

    class Paper(FPDF):
        def footer(self) -> None:
            self.set_y(-14)
            self.set_font("Noto", size=9)
            self.cell(0, 8, f"{self.page_no()}", align="C")

    return Paper(orientation="portrait", unit="mm", format="A4")


def _room(page: FPDF, blocks: Sequence[Block]) -> float:
    """About how high a question is with its options; at most a third of a page is asked for."""
    height = 0.0
    for number, block in enumerate(blocks):
        if number and block.kind in {"question", "section", "title"}:
            break
        rows = 1 + sum(2 if ord(c) > 0x2E80 else 1 for c in block.text) // 88
        height += rows * 6 + block.lines * 9 + (40 if block.picture else 0)
    return float(min(height, page.eph / 3))


def docx(title: str, blocks: Sequence[Block]) -> bytes:
    """The same as a Word document, to be changed by hand."""
    from docx import Document
    from docx.enum.text import WD_ALIGN_PARAGRAPH
    from docx.shared import Cm, Pt

    document = Document()
    document.core_properties.title = seen(title)[:255]
    document.core_properties.author = ""
    for block in blocks:
        paragraph = document.add_paragraph()
        words = paragraph.add_run(seen(block.text))
        words.font.size = Pt(_SIZES.get(block.kind, 11))
        words.bold = block.kind in {"title", "section"}
        shape = paragraph.paragraph_format
        shape.space_after = Pt(2)
        shape.space_before = Pt(8 if block.kind in {"question", "section"} else 0)
        if block.kind == "title":
            paragraph.alignment = WD_ALIGN_PARAGRAPH.CENTER
        if block.kind == "option":
            shape.left_indent = Cm(0.8)
        shape.keep_with_next = block.kind in {"section", "question"}
        if block.picture:
            shape.left_indent = Cm(0.8)
            png, size = _png(block.picture)
            words.add_picture(png, width=Cm(size[0] / 10))
        for _ in range(block.lines):
            document.add_paragraph("_" * 76)
    out = io.BytesIO()
    document.save(out)
    return out.getvalue()


def _png(data: bytes) -> tuple[io.BytesIO, tuple[float, float]]:
    """A picture as Word reads it, and its size on paper in mm."""
    from PIL import Image

    picture = Image.open(io.BytesIO(data))
    out = io.BytesIO()
    picture.save(out, "PNG")
    out.seek(0)
    return out, _on_paper(picture.width, picture.height)
