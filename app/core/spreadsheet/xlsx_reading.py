"""The sheets of an XLSX file, read with limits."""

from __future__ import annotations

import re
import zipfile
import zlib
from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal
from io import BytesIO
from typing import Any

from app.core.refusals import Refusal
from app.core.spreadsheet.tables import (
    MIB,
    MOST_COLUMNS,
    BloatedTable,
    EmptyTable,
    NoTable,
    ProtectedTable,
    TableTooWide,
)

XLSX_UNPACKED = 40 * MIB
XLSX_RATIO = 100  # unpacked : packed, of each part; padding elsewhere excuses nothing
XLSX_TAGS = 1_500_000  # of all parts; 20 000 rows of ten cells have less, and each costs 10 µs
XLSX_ENTRIES = 2_000
BROKEN_PART = (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, OSError, ValueError)


def xlsx_sheets(data: bytes) -> tuple[list[str], list[str]]:
    """The titles of the visible sheets, and of the hidden ones."""
    _check_package(data)
    from openpyxl import load_workbook

    try:
        book = load_workbook(BytesIO(data), read_only=True, keep_links=False)
        shown = [s.title for s in book.worksheets if s.sheet_state == "visible"]
        return shown, [s.title for s in book.worksheets if s.sheet_state != "visible"]
    except Exception as error:
        raise NoTable from error


def xlsx_rows(data: bytes, at: int = 0) -> Iterator[list[str]]:
    """The rows of a visible sheet, by its place among them."""
    _check_package(data)
    from openpyxl import load_workbook

    try:
        book = load_workbook(BytesIO(data), read_only=True, keep_links=False)
        sheets = [s for s in book.worksheets if s.sheet_state == "visible"]
        if len(sheets) <= at:
            raise EmptyTable
        sheet = sheets[at]
        sheet.reset_dimensions()  # what the file says about its size may be a lie
        for row in sheet.iter_rows():
            if len(row) > MOST_COLUMNS and any(c.value is not None for c in row[MOST_COLUMNS:]):
                raise TableTooWide(most=MOST_COLUMNS)
            yield [_cell(cell) for cell in row[:MOST_COLUMNS]]
    except Refusal:
        raise
    except Exception as error:
        # Broken files end in any of a dozen errors inside openpyxl; to the owner they are one.
        raise NoTable from error


def _check_package(data: bytes) -> None:
    """Refuse bombs before anything is parsed. Python's zipfile reads no more than is declared."""
    try:
        package = zipfile.ZipFile(BytesIO(data))
        entries = package.infolist()
    except (zipfile.BadZipFile, ValueError, NotImplementedError) as error:
        raise NoTable from error
    if "xl/workbook.xml" not in package.namelist() or len(entries) > XLSX_ENTRIES:
        raise NoTable
    if sum(entry.file_size for entry in entries) > XLSX_UNPACKED or any(
        entry.file_size > max(2 * MIB, entry.compress_size * XLSX_RATIO) for entry in entries
    ):
        raise BloatedTable
    if any(entry.flag_bits & 1 for entry in entries):
        raise ProtectedTable
    tags = 0
    for entry in entries:
        if entry.filename.endswith((".xml", ".rels", ".vml")):
            tags += _tags(package, entry)
        if tags > XLSX_TAGS:
            raise BloatedTable


def _tags(package: zipfile.ZipFile, entry: zipfile.ZipInfo) -> int:
    """How many tags a part has. Refuses a document type: bombs and outside entities need one.

    No document that Excel writes has one.
    """
    tail, found = b"", 0
    try:
        with package.open(entry) as part:
            while chunk := part.read(MIB):
                found += chunk.count(b"<")
                # In UTF-16 the same signs stand with zero bytes between them.
                block = (tail + chunk).replace(b"\0", b"").upper()
                if b"<!DOCTYPE" in block or b"<!ENTITY" in block:
                    raise NoTable
                tail = chunk[-32:]
    except BROKEN_PART as error:
        raise NoTable from error
    return found


def _cell(cell: Any) -> str:
    value = cell.value
    if value is None:
        return ""
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, int | float | Decimal):
        return _number(value, cell.number_format or "")
    if isinstance(value, datetime):
        return value.date().isoformat() if value.time() == value.min.time() else str(value)
    return str(value)


def _number(value: float | Decimal, shape: str) -> str:
    """A number as text: 13800138000.0 → 13800138000; with the format 00000, 42 → 00042."""
    text = str(int(value)) if value == int(value) else repr(value)
    return text.zfill(len(shape)) if re.fullmatch("0+", shape) and shape != "0" else text
