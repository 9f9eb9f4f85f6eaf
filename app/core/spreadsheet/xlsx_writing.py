"""An XLSX file with one sheet."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import date, datetime
from decimal import Decimal
from io import BytesIO
from typing import Any

from app.core.spreadsheet.formulas import is_formula
from app.core.spreadsheet.tables import LONGEST_CELL

NARROWEST, WIDEST = 8, 40  # columns, in characters; a Chinese one is two wide


def write_xlsx(
    header: Sequence[str], rows: Iterable[Sequence[Any]], *, title: str = "Sheet 1"
) -> bytes:
    """An XLSX file with one sheet. Texts are stored as texts, so none of them is ever computed.

    Dates and times are written as they are: give them in the reader's time zone.
    """
    import xlsxwriter

    out = BytesIO()
    book = xlsxwriter.Workbook(
        out,
        {
            "constant_memory": True,
            "strings_to_formulas": False,
            "strings_to_urls": False,
            "strings_to_numbers": False,
        },
    )
    sheet = book.add_worksheet(_sheet_name(title))
    formats = {
        "head": book.add_format({"bold": True, "bottom": 1, "text_wrap": True, "valign": "top"}),
        "tame": book.add_format({"quote_prefix": True}),
        "day": book.add_format({"num_format": "yyyy-mm-dd"}),
        "moment": book.add_format({"num_format": "yyyy-mm-dd hh:mm"}),
    }
    widths = [NARROWEST] * len(header)
    sheet.freeze_panes(1, 0)
    for column, name in enumerate(header):
        sheet.write_string(0, column, str(name)[:LONGEST_CELL], formats["head"])
        widths[column] = _fitting(name, widths[column])
    last = 0
    for last, row in enumerate(rows, start=1):
        for column, value in enumerate(row):
            _write(sheet, last, column, value, formats)
            if column < len(widths):
                widths[column] = _fitting(value, widths[column])
    for column, width in enumerate(widths):
        sheet.set_column(column, column, width)
    if last and header:
        sheet.autofilter(0, 0, last, len(header) - 1)
    book.close()
    return out.getvalue()


def _fitting(value: Any, width: int) -> int:
    """The width of a column in characters, so that one more cell can be read in it."""
    if isinstance(value, datetime):
        needed = len("2026-01-01 00:00")
    elif isinstance(value, date):
        needed = len("2026-01-01")
    elif value is None:
        return width
    else:
        needed = _width(str(value)[:WIDEST])
    return max(width, min(WIDEST, needed + 2))


def _write(sheet: Any, row: int, column: int, value: Any, formats: dict[str, Any]) -> None:
    if value is None or value == "":
        return
    if isinstance(value, bool):
        sheet.write_boolean(row, column, value)
    elif isinstance(value, int | float | Decimal):
        sheet.write_number(row, column, value)
    elif isinstance(value, datetime):
        sheet.write_datetime(row, column, value.replace(tzinfo=None), formats["moment"])
    elif isinstance(value, date):
        sheet.write_datetime(row, column, value, formats["day"])
    else:
        text = str(value).replace("\0", "")[:LONGEST_CELL]
        sheet.write_string(row, column, text, formats["tame"] if is_formula(text) else None)


def _sheet_name(title: str) -> str:
    """Excel allows 31 characters and none of []:*?/\\ ."""
    return re.sub(r"[\[\]:*?/\\\x00-\x1f]", " ", title).strip(" '")[:31] or "Sheet 1"


def _width(text: str) -> int:
    return sum(2 if ord(sign) > 0x2E80 else 1 for sign in text)
