"""A table out of a file whose kind its content tells."""

from __future__ import annotations

from collections.abc import Iterable
from io import BytesIO
from typing import BinaryIO, NamedTuple

from app.core.spreadsheet.csv_files import csv_rows
from app.core.spreadsheet.tables import (
    LONGEST_CELL,
    MIB,
    MOST_BYTES,
    MOST_COLUMNS,
    MOST_ROWS,
    CellTooLong,
    EmptyTable,
    FileTooLarge,
    OldExcelFile,
    ProtectedTable,
    Table,
    TableTooLarge,
    TableTooWide,
)
from app.core.spreadsheet.xlsx_beside import Beside
from app.core.spreadsheet.xlsx_reading import Book

MOST_SHEETS = 20
BLANK_ROWS = 1_000  # after so many blank rows a sheet is over, whatever its size says
_XLS = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"


def read_table(
    stream: BinaryIO, filename: str = "", *, rows: int = MOST_ROWS, size: int = MOST_BYTES
) -> Table:
    """The first visible sheet of a CSV or XLSX file; its kind is told by the content.

    Every cell is text: numbers as a person would write them, dates as 2026-11-02, formulas as
    they stand ("=A1+1"), so that the reader of the table can refuse them.
    `rows` and `size` (bytes) are the most that is accepted. Raises NoTable or TooMuch.
    """
    data = stream.read(size + 1)
    if len(data) > size:
        raise FileTooLarge(most=size // MIB)
    if data.startswith(_XLS):
        if "E\0n\0c\0r\0y\0p\0t".encode("latin-1") in data:
            raise ProtectedTable
        raise OldExcelFile
    lines = Book(data).rows() if data.startswith(b"PK") else csv_rows(data)
    return _table(lines, rows)


class Sheet(NamedTuple):
    """A sheet with its title; a CSV file is one without. Of more than `table` has, some may follow
    in row `last`, below very many blank ones; 0 when all was read."""

    title: str
    table: Table
    beside: Beside
    last: int = 0


def read_sheets(
    data: bytes, filename: str = "", *, rows: int = MOST_ROWS
) -> tuple[list[Sheet], list[str]]:
    """All visible sheets that are not empty, and the titles of hidden ones; see `read_table`.

    Cells are as Excel shows them (`Book.shown`). `rows` is the most of all sheets together.
    """
    if not data.startswith(b"PK"):
        return [Sheet("", read_table(BytesIO(data), filename, rows=rows), Beside())], []
    if len(data) > MOST_BYTES:
        raise FileTooLarge(most=MOST_BYTES // MIB)
    book = Book(data)
    found: list[Sheet] = []
    for at, title in enumerate(book.titles[:MOST_SHEETS]):
        beside = book.beside(at)
        try:
            table = _table(book.shown(at, beside), rows)
        except EmptyTable:
            continue
        rows -= len(table.rows)
        book.add_named(beside)
        below = beside.last > len(table.rows) + 1 + BLANK_ROWS
        found.append(Sheet(title, table, beside, beside.last if below else 0))
    if not found:
        raise EmptyTable
    return found, [*book.hidden, *book.titles[MOST_SHEETS:]]


def _table(lines: Iterable[list[str]], most: int) -> Table:
    read = iter(lines)
    header = [cell.strip() for cell in next(read, [])]
    while header and not header[-1]:
        header.pop()
    if not header:
        raise EmptyTable
    if len(header) > MOST_COLUMNS:
        raise TableTooWide(most=MOST_COLUMNS)
    rows: list[list[str]] = []
    blank = 0
    for number, line in enumerate(read, start=2):
        cells = [cell.strip() for cell in line]
        while cells and not cells[-1]:
            cells.pop()
        if not cells:
            blank += 1
            if blank > BLANK_ROWS:
                break
            continue
        if len(cells) > MOST_COLUMNS:
            raise TableTooWide(most=MOST_COLUMNS)
        if max(map(len, cells)) > LONGEST_CELL:
            raise CellTooLong(row=number, most=LONGEST_CELL)
        rows += [[] for _ in range(blank)]
        blank = 0
        rows.append(cells)
        if len(rows) > most:
            raise TableTooLarge(most=most)
    return Table(header, rows)
