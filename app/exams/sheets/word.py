"""A paper as a Word document, to be changed by hand; by python-docx."""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence
from typing import Any
from xml.etree.ElementTree import tostring

from app.core import markdown
from app.core.typed import seen
from app.exams.sheets import formulas, omml
from app.exams.sheets.block import Block, columns, png

LATIN, CHINESE = "Calibri", {"zh_Hans": "宋体", "zh_Hant": "新細明體", "en": "宋体"}
TAGS = {"zh_Hans": "zh-CN", "zh_Hant": "zh-TW", "en": "en-GB"}
EDGE = 1.8  # cm
MOST_COLUMNS = 24  # of a table that can be read on A4


def docx(
    title: str,
    language: str,
    blocks: Sequence[Block],
    report: Callable[[float], None] = lambda _share: None,
) -> bytes:
    """The same as a Word document, to be changed by hand; `report` as for the PDF."""
    from docx import Document
    from docx.enum.text import WD_ALIGN_PARAGRAPH
    from docx.shared import Cm, Pt

    document = Document()
    document.core_properties.title = seen(title)[:255]
    document.core_properties.author = ""
    _shape_pages(document, language)
    for number, block in enumerate(blocks):
        report(number / len(blocks))
        if block.text or block.picture or not (block.table or block.lines):
            paragraph = document.add_paragraph()
            words = _write(paragraph, block)
            shape = paragraph.paragraph_format
            shape.space_before = Pt(8 if block.kind in {"question", "section"} else 0)
            if block.kind == "title":
                paragraph.alignment = WD_ALIGN_PARAGRAPH.CENTER
            if block.kind == "option":
                shape.left_indent = Cm(0.8)
                shape.keep_together = True
            # A question is not torn from its options, nor these from each other.
            is_followed = [after.kind for after in blocks[number + 1 : number + 2]] == ["option"]
            shape.keep_with_next = block.kind in {"section", "question"} or is_followed
            if block.picture:
                shape.left_indent = Cm(0.8)
                drawn, size = png(block.picture)
                words.add_picture(drawn, width=Cm(size[0] / 10), height=Cm(size[1] / 10))
        if block.table:
            _table(document, block.table, is_headed=block.kind != "grid")
        for _ in range(block.lines):
            _ruled(document.add_paragraph())
    out = io.BytesIO()
    document.save(out)
    return out.getvalue()


def _shape_pages(document: Any, language: str) -> None:
    """A4 with the page's number at its foot; fonts and language for Chinese."""
    from docx.enum.text import WD_ALIGN_PARAGRAPH
    from docx.oxml.ns import qn
    from docx.shared import Cm, Pt

    section = document.sections[0]
    section.page_width, section.page_height = Cm(21), Cm(29.7)
    section.left_margin = section.right_margin = section.top_margin = Cm(EDGE)
    section.bottom_margin = Cm(EDGE + 0.4)
    normal = document.styles["Normal"]
    normal.font.name = LATIN
    normal.font.size = Pt(11)
    normal.paragraph_format.space_after = Pt(2)
    fonts = normal.element.rPr.rFonts
    fonts.set(qn("w:eastAsia"), CHINESE.get(language, CHINESE["en"]))
    said = _element(
        "w:lang", val=TAGS.get(language, TAGS["en"]), eastAsia=TAGS.get(language, "zh-CN")
    )
    normal.element.rPr.append(said)
    foot = section.footer.paragraphs[0]
    foot.alignment = WD_ALIGN_PARAGRAPH.CENTER
    foot._p.append(_element("w:fldSimple", instr="PAGE"))  # noqa: SLF001 - python-docx knows no fields


def _element(name: str, **values: str) -> Any:
    from docx.oxml import OxmlElement
    from docx.oxml.ns import qn

    found = OxmlElement(name)
    for key, value in values.items():
        found.set(qn(f"w:{key}"), value)
    return found


def _ruled(paragraph: Any) -> None:
    """A line to write on, as wide as the page."""
    from docx.shared import Mm

    border = _element("w:bottom", val="single", sz="4", space="1", color="999999")
    between = _element("w:between", val="single", sz="4", space="1", color="999999")
    borders = _element("w:pBdr")
    borders.append(border)
    borders.append(between)
    paragraph._p.get_or_add_pPr().append(borders)  # noqa: SLF001 - python-docx knows no borders
    paragraph.paragraph_format.space_after = 0
    paragraph.paragraph_format.line_spacing = Mm(9)


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


def _table(document: Any, rows: Sequence[Sequence[str]], *, is_headed: bool) -> None:
    """A table with its head on every page; what has too many columns to be read is lines of cells.

    Small letters where there are many columns, and as much room for each as its words need.
    """
    from docx.shared import Cm

    across = max(len(cells) for cells in rows)
    if across > MOST_COLUMNS:
        for cells in rows:
            _write(document.add_paragraph(), Block("cell", " | ".join(cells)))
        return
    table = document.add_table(rows=len(rows), cols=across)
    table.style = "Table Grid"
    table.autofit = False
    kind = "cell" if across <= 8 else "note"
    size = Block(kind).size * 0.0353 / 2  # cm, of half a Chinese sign
    needed = [1.0] * across
    for cells in rows:
        for at, cell in enumerate(cells):
            signs = max(sum(2 if ord(c) > 0x2E80 else 1 for c in x) for x in cell.split("\n"))
            needed[at] = max(needed[at], signs * size * 1.1 + 0.5)
    wide = columns(needed, 21 - 2 * EDGE)
    for column, width in zip(table.columns, wide, strict=True):
        column.width = Cm(width)
    for number, (row, cells) in enumerate(zip(table.rows, rows, strict=True)):
        if is_headed and number == 0 and len(rows) > 1:
            row._tr.get_or_add_trPr().append(_element("w:tblHeader"))  # noqa: SLF001 - no such property
        places = row.cells
        for place, width in zip(places, wide, strict=True):
            place.width = Cm(width)
        for place, cell in zip(places, cells, strict=False):
            _write(place.paragraphs[0], Block(kind, cell))
    document.add_paragraph().paragraph_format.space_after = 0
