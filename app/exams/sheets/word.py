"""A paper as a Word document, to be changed by hand; by python-docx."""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import Any
from xml.etree.ElementTree import tostring

from app.core import markdown
from app.core.typed import seen
from app.exams.sheets import formulas, omml
from app.exams.sheets.block import Block, png


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
        words = _write(paragraph, block)
        shape = paragraph.paragraph_format
        shape.space_after = Pt(2)
        shape.space_before = Pt(8 if block.kind in {"question", "section"} else 0)
        if block.kind == "title":
            paragraph.alignment = WD_ALIGN_PARAGRAPH.CENTER
        if block.kind == "option":
            shape.left_indent = Cm(0.8)
        shape.keep_with_next = block.kind in {"section", "question"}
        if block.table:
            _table(document, block.table)
        if block.picture:
            shape.left_indent = Cm(0.8)
            drawn, size = png(block.picture)
            words.add_picture(drawn, width=Cm(size[0] / 10))
        for _ in range(block.lines):
            document.add_paragraph("_" * 76)
    out = io.BytesIO()
    document.save(out)
    return out.getvalue()


def _write(paragraph: Any, block: Block) -> Any:
    """Put words and formulas into a paragraph; returns a run of it, for a picture."""
    parts = [(block.text, False)] if block.kind == "title" else markdown.pieces(block.text)
    for part, is_formula in parts:
        drawn = formulas.tree(part.strip("$").strip()) if is_formula else None
        if drawn is not None:
            from docx.oxml import parse_xml

            equation = parse_xml(tostring(omml.equation(drawn)))
            paragraph._p.append(equation)  # noqa: SLF001 - python-docx knows no equations
        else:
            _run(paragraph, part, block)
    return _run(paragraph, "", block)


def _run(paragraph: Any, text: str, block: Block) -> Any:
    from docx.shared import Pt

    words = paragraph.add_run(seen(text))
    words.font.size = Pt(block.size)
    words.bold = block.kind in {"title", "section"}
    return words


def _table(document: Any, rows: Sequence[Sequence[str]]) -> None:
    table = document.add_table(rows=0, cols=max(len(cells) for cells in rows))
    table.style = "Table Grid"
    for cells in rows:
        row = table.add_row().cells
        for at, cell in enumerate(cells):
            paragraph = row[at].paragraphs[0]
            _write(paragraph, Block("cell", cell))
