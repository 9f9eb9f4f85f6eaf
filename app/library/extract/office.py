"""Word, PowerPoint and Excel."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from .packages import check_package
from .printing import MOST_PAGES, ROWS_AT_ONCE, Enough, Printer

NUMBERS = re.compile(r"[‹<](?:#|number|编号)[›>]")  # where a program writes the slide's number


def read_docx(path: Path, out: Printer) -> int:
    import docx
    from docx.table import Table

    check_package(path)
    document = docx.Document(str(path))
    label, lines, number = "", list[str](), 0

    def finish(*, is_late: bool = False) -> None:
        nonlocal number
        if label or any(lines):
            number += 1
            out.part(f"h{number}", label, "\n".join(lines), is_late=is_late)

    try:
        for block in document.iter_inner_content():
            out.budget.spend()
            if isinstance(block, Table):
                for line in table_lines(block):
                    out.budget.spend()
                    lines.append(line)
                continue
            text = block.text.strip()
            if text and is_heading(block):
                finish()
                label, lines = text, []
            elif text:
                lines.append(f"• {text}" if style_of(block).startswith("list") else text)
    except Enough:
        finish(is_late=True)
        raise
    finish()
    return number


def style_of(paragraph: Any) -> str:
    return str(paragraph.style.name or "").lower() if paragraph.style is not None else ""


def is_heading(paragraph: Any) -> bool:
    return style_of(paragraph).startswith(("heading", "title", "标题", "標題"))


def table_lines(table: Any) -> Iterator[str]:
    for row in table.rows:
        seen: set[int] = set()
        cells = []
        for cell in row.cells:
            # A merged cell comes once for each place that it covers.
            place = id(cell._tc)  # noqa: SLF001 - nothing public tells that two cells are one
            if place not in seen:
                seen.add(place)
                cells.append(" ".join(cell.text.split()))
        if any(cells):
            yield " | ".join(cells)


def read_pptx(path: Path, out: Printer) -> int:
    import pptx

    check_package(path)
    deck = pptx.Presentation(str(path))
    number = 0
    for number, slide in enumerate(deck.slides, 1):
        if number > MOST_PAGES:
            raise Enough
        out.budget.spend()
        title = slide.shapes.title
        heading = title.text_frame.text if title is not None and title.has_text_frame else ""
        lines = [line for shape in slide.shapes for line in shape_lines(shape, title)]
        if slide.has_notes_slide and slide.notes_slide.notes_text_frame is not None:
            lines.append(slide.notes_slide.notes_text_frame.text)
        out.part(f"s{number}", heading, "\n".join(line for line in lines if line.strip()))
    return number


def shape_lines(shape: Any, title: Any, depth: int = 0) -> Iterator[str]:
    if title is not None and shape.shape_id == title.shape_id:
        return
    if getattr(shape, "has_text_frame", False) and shape.has_text_frame:
        text = shape.text_frame.text
        if not NUMBERS.fullmatch(text.strip()):
            yield text
    if getattr(shape, "has_table", False) and shape.has_table:
        for row in shape.table.rows:
            yield " | ".join(cell.text for cell in row.cells)
    if hasattr(shape, "shapes") and depth < 5:
        for inner in shape.shapes:
            yield from shape_lines(inner, title, depth + 1)


def read_xlsx(path: Path, out: Printer) -> int:
    import openpyxl

    check_package(path)
    book = openpyxl.load_workbook(str(path), read_only=True, data_only=True, keep_links=False)
    number = 0
    for number, sheet in enumerate(book.worksheets, 1):
        sheet.reset_dimensions()
        lines: list[str] = []
        for row in sheet.iter_rows(values_only=True):
            out.budget.spend()
            cells = [str(value).strip() for value in row if value is not None]
            if any(cells):
                lines.append(" | ".join(cells))
            if len(lines) == ROWS_AT_ONCE:
                out.part(f"x{number}", sheet.title, "\n".join(lines))
                lines = []
        if lines:
            out.part(f"x{number}", sheet.title, "\n".join(lines))
    return number
