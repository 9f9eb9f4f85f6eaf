"""What a table is, how large it may be, and why one is refused."""

from __future__ import annotations

from typing import NamedTuple

from flask_babel import lazy_gettext as _l

from app.core.refusals import Refusal, TooMuch

MIB = 1024 * 1024
MOST_BYTES = 10 * MIB
MOST_ROWS = 20_000
MOST_COLUMNS = 100
LONGEST_CELL = 32_767  # characters; what Excel can hold


class Table(NamedTuple):
    """A sheet as text. Row n of `rows` is row n + 2 of the file; blank rows are empty lists."""

    header: list[str]
    rows: list[list[str]]


class NoTable(Refusal):
    sentence = _l("This file is no table that we can read. Save it as CSV or XLSX and try again.")


class OldExcelFile(NoTable):
    sentence = _l("This is an Excel file of the old kind. Save it as XLSX and try again.")


class BloatedTable(NoTable):
    sentence = _l(
        "This file holds far more than it shows, perhaps empty rows with colours. "
        "Copy the filled cells into a new file and try again."
    )


class EmptyTable(NoTable):
    sentence = _l("The table is empty. The first row must name the columns.")


class ProtectedTable(NoTable):
    sentence = _l("This file is protected by a password. Save it without one and try again.")


class TableTooLarge(TooMuch):
    sentence = _l("The table has more than %(most)s rows. Split it into several files.")


class TableTooWide(TooMuch):
    sentence = _l("The table has more than %(most)s columns.")


class FileTooLarge(TooMuch):
    sentence = _l("The file is larger than %(most)s MB.")


class CellTooLong(TooMuch):
    sentence = _l("A cell in row %(row)s has more than %(most)s characters.")
