"""The sheets of an XLSX file, read with limits."""

from __future__ import annotations

import re
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import date, datetime, time
from decimal import Decimal
from io import BytesIO
from typing import Any

from app.core.refusals import Refusal
from app.core.spreadsheet.shapes import EAST_ASIAN, shown_day, shown_number
from app.core.spreadsheet.tables import (
    MIB,
    MOST_COLUMNS,
    BloatedTable,
    EmptyTable,
    NoTable,
    ProtectedTable,
    TableTooWide,
)
from app.core.spreadsheet.xlsx_beside import PICTURE, Beside, beside_of, settle_named

XLSX_UNPACKED = 40 * MIB
XLSX_RATIO = 100  # unpacked : packed, of each part; padding elsewhere excuses nothing
XLSX_TAGS = 1_500_000  # of all parts; 20 000 rows of ten cells have less, and each costs 10 µs
XLSX_ENTRIES = 2_000
LONGEST_SHAPE = 255  # signs of the format of a number, as in Excel
_OF_PLACE = "mm-dd-yy"  # how the computer at hand writes a day; it is read as 2026-11-02
BROKEN_PART = (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, OSError, ValueError)


class Book:
    """A workbook that is read sheet by sheet, by their places among the visible ones."""

    def __init__(self, data: bytes) -> None:
        _check_package(data)
        self.data = data
        self.package = zipfile.ZipFile(BytesIO(data))
        self.visible, hidden = _sheets(data)
        self.titles = [sheet.title for sheet in self.visible]
        self.hidden = [sheet.title for sheet in hidden]
        self._outcomes: list[Any] | None = None
        self._kept: dict[str, bytes] = {}  # pictures by their part

    def rows(self, at: int = 0) -> Iterator[list[str]]:
        """The rows of a sheet as they are stored."""
        if len(self.visible) <= at:
            raise EmptyTable
        with _as_no_table():
            for row in _cells(self.visible[at]):
                yield [_cell(cell) for cell in row]

    def beside(self, at: int) -> Beside:
        """What a sheet has beside its words; pictures that cells name once it was read."""
        try:
            part = str(getattr(self.visible[at], "_worksheet_path", "")).lstrip("/")
            return beside_of(self.package, part, self._kept)
        except Exception as error:
            raise NoTable from error

    def add_named(self, beside: Beside) -> None:
        """Put the pictures that cells name into what was found beside them."""
        try:
            settle_named(self.package, beside, self._kept)
        except Exception as error:
            raise NoTable from error

    def shown(self, at: int, beside: Beside) -> Iterator[list[str]]:
        """The rows of a sheet as Excel shows them: 5%, 7月1日, the outcome of a formula.

        What a formula without an outcome and a broken cell stand for is not known; where they
        are is put into `beside`.
        """
        with _as_no_table():
            outcomes = _cells(self._with_outcomes()[at]) if beside.has_formulas else None
            for row in _cells(self.visible[at]):
                out = next(outcomes) if outcomes else row
                said = []
                for cell, shown in zip(row, out, strict=True):
                    formula = cell.data_type == "f"
                    picture = PICTURE.search(str(cell.value)) if formula else None
                    if picture:
                        beside.named[cell.row, cell.column] = picture[1]
                    elif formula and shown.value is None:
                        beside.unknown[cell.row, cell.column] = ""
                    elif shown.data_type == "e":
                        beside.unknown[cell.row, cell.column] = str(shown.value)
                    else:
                        said.append(_shown(shown))
                        continue
                    said.append("")
                yield said

    def _with_outcomes(self) -> list[Any]:
        if self._outcomes is None:
            self._outcomes = _sheets(self.data, outcomes=True)[0]
        return self._outcomes


def _sheets(data: bytes, *, outcomes: bool = False) -> tuple[list[Any], list[Any]]:
    """The visible sheets, and the hidden ones; `outcomes` are those of formulas in their place."""
    from openpyxl import load_workbook

    try:
        book = load_workbook(BytesIO(data), read_only=True, keep_links=False, data_only=outcomes)
        shown = [s for s in book.worksheets if s.sheet_state == "visible"]
        return shown, [s for s in book.worksheets if s.sheet_state != "visible"]
    except Exception as error:
        # Broken files end in any of a dozen errors inside openpyxl; to the owner they are one.
        raise NoTable from error


def _cells(sheet: Any) -> Iterator[Sequence[Any]]:
    sheet.reset_dimensions()  # what the file says about its size may be a lie
    for row in sheet.iter_rows():
        if len(row) > MOST_COLUMNS and any(c.value is not None for c in row[MOST_COLUMNS:]):
            raise TableTooWide(most=MOST_COLUMNS)
        yield row[:MOST_COLUMNS]


@contextmanager
def _as_no_table() -> Iterator[None]:
    """Rows and cells that cannot be read, for whatever reason, make a file that is no table."""
    try:
        yield
    except Refusal:
        raise
    except Exception as error:
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


def _shown(cell: Any) -> str:
    """What Excel shows in a cell; its plain value where its shape is not known."""
    value = cell.value
    if value is None or isinstance(value, bool | str):
        return _cell(cell)
    shape = cell.number_format or ""
    if len(shape) > LONGEST_SHAPE:
        return _cell(cell)
    number = cell.style_array.numFmtId if cell.has_style else 0
    if number in EAST_ASIAN:
        shape = EAST_ASIAN[number]
        if isinstance(value, int | float):
            from openpyxl.utils.datetime import from_excel

            try:
                value = from_excel(value, cell.parent.parent.epoch)
            except (OverflowError, ValueError):  # no day; Excel shows ####
                return _cell(cell)
    said = None
    if isinstance(value, int | float):
        said = shown_number(Decimal(f"{value:.15g}"), shape)
    elif isinstance(value, date | time) and shape != _OF_PLACE:
        said = shown_day(value, shape)
    return _cell(cell) if said is None else said


def _number(value: float | Decimal, shape: str) -> str:
    """A number as text: 13800138000.0 → 13800138000; with the format 00000, 42 → 00042."""
    text = str(int(value)) if value == int(value) else repr(value)
    return text.zfill(len(shape)) if re.fullmatch("0+", shape) and shape != "0" else text
