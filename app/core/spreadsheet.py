"""Tables in and out: CSV in any encoding and XLSX, read with limits, written without formulas."""

from __future__ import annotations

import csv
import re
import zipfile
import zlib
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime
from decimal import Decimal
from io import BytesIO, StringIO
from itertools import chain
from typing import Any, BinaryIO, NamedTuple

from flask_babel import lazy_gettext as _l

from app.core.refusals import Refusal, TooMuch

MIB = 1024 * 1024
MOST_BYTES = 10 * MIB
MOST_ROWS = 20_000
MOST_COLUMNS = 100
LONGEST_CELL = 32_767  # characters; what Excel can hold
NARROWEST, WIDEST = 8, 40  # columns, in characters; a Chinese one is two wide
BLANK_ROWS = 1_000  # after so many blank rows a sheet is over, whatever its size says
XLSX_UNPACKED = 40 * MIB
XLSX_RATIO = 100  # unpacked : packed, of each part; padding elsewhere excuses nothing
XLSX_TAGS = 1_500_000  # of all parts; 20 000 rows of ten cells have less, and each costs 10 µs
XLSX_ENTRIES = 2_000
BROKEN_PART = (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, OSError, ValueError)
_XLS = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_DELIMITERS = (",", ";", "\t", "|")
# What spreadsheet programs take for a formula, with the wide forms of Chinese keyboards.
_FORMULA = (
    "=",
    "+",
    "-",
    "@",
    "\t",
    "\r",
    "\n",
    "\0",
    "＝",
    "＋",
    "－",
    "＠",
    "﹢",
    "﹣",
    "﹦",
    "﹫",
)


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
    lines = _xlsx_rows(data) if data.startswith(b"PK") else _csv_rows(data)
    return _table(lines, rows)


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


# --- CSV ------------------------------------------------------------------------------------------


def _csv_rows(data: bytes) -> Iterator[list[str]]:
    text = decoded(data)
    told = re.match(r"sep=(.)\r?\n", text, re.IGNORECASE)  # written by Excel for itself
    if told:
        text = text[told.end() :]
    if "\0" in text:
        raise NoTable
    delimiter = told[1] if told else _delimiter(text)
    reader = csv.reader(StringIO(text, newline=""), delimiter=delimiter)
    try:
        for row in reader:
            yield [_wild(cell) for cell in row]
    except csv.Error as error:
        raise NoTable from error


def _delimiter(text: str) -> str:
    """What stands most often in the first line, outside of quotes."""
    line, quoted = [], False
    for sign in text.lstrip("\r\n")[:10_000]:
        if sign == '"':
            quoted = not quoted
        elif not quoted:
            if sign in "\r\n":
                break
            line.append(sign)
    return max(_DELIMITERS, key=lambda d: (line.count(d), -_DELIMITERS.index(d)))


def decoded(data: bytes) -> str:
    """Text in UTF-8, UTF-16, GBK/GB18030, Big5 or, when nothing else fits, Windows-1252."""
    for mark, name in (
        (b"\xef\xbb\xbf", "utf-8-sig"),
        (b"\xff\xfe\0\0", "utf-32"),
        (b"\0\0\xfe\xff", "utf-32"),
        (b"\xff\xfe", "utf-16"),
        (b"\xfe\xff", "utf-16"),
    ):
        if data.startswith(mark):
            try:
                return data.decode(name)
            except UnicodeDecodeError as error:
                raise NoTable from error
    sample = data[:4096]
    if sample.count(0) > len(sample) // 8:
        # UTF-16 without a mark: ASCII signs have their zero byte behind or before them.
        name = "utf-16-le" if sample[1::2].count(0) >= sample[::2].count(0) else "utf-16-be"
    else:
        name = _eight_bit(data)
    try:
        return data.decode(name)
    except UnicodeDecodeError as error:
        raise NoTable from error


def _eight_bit(data: bytes) -> str:
    try:
        data.decode("utf-8")
        return "utf-8"
    except UnicodeDecodeError:
        pass
    shares = {name: _common_share(data, name) for name in ("gb18030", "big5")}
    best = max(shares, key=lambda name: shares[name])
    return best if shares[best] > 0.5 else "cp1252"


def _common_share(data: bytes, name: str) -> float:
    """How much of the Chinese in a text is everyday Chinese, when it is read in this encoding.

    GB 2312 and Big5 both keep frequent characters apart, in the rows compared here; text read in
    the wrong one of them falls mostly outside.
    """
    try:
        text = data.decode(name)
    except UnicodeDecodeError:
        return 0.0
    narrow, first, last = ("gb2312", 0xB0, 0xD7) if name == "gb18030" else ("big5", 0xA4, 0xC6)
    wide = [sign for sign in text if ord(sign) > 0x7F]
    common = 0
    for sign in wide:
        try:
            common += first <= sign.encode(narrow)[0] <= last or sign in "，。、；：（）“”《》　"
        except UnicodeEncodeError:
            continue
    return common / len(wide) if wide else 0.0


# --- XLSX -----------------------------------------------------------------------------------------


def _xlsx_rows(data: bytes) -> Iterator[list[str]]:
    _check_package(data)
    from openpyxl import load_workbook

    try:
        book = load_workbook(BytesIO(data), read_only=True, keep_links=False)
        sheets = [s for s in book.worksheets if s.sheet_state == "visible"]
        if not sheets:
            raise EmptyTable
        sheet = sheets[0]
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


# --- out ------------------------------------------------------------------------------------------


def is_formula(text: str) -> bool:
    """Whether a spreadsheet program could take a text for a formula."""
    return text.lstrip(" \u3000\u00a0").startswith(_FORMULA) or text.startswith(_FORMULA)


def csv_lines(header: Sequence[str], rows: Iterable[Sequence[Any]]) -> Iterator[bytes]:
    """A CSV file piece by piece: UTF-8 with its mark, so that Excel reads Chinese.

    Text that could be a formula gets an apostrophe in front and is quoted; numbers stay numbers.
    """
    buffer = StringIO()
    writer = csv.writer(buffer, quoting=csv.QUOTE_NONNUMERIC, lineterminator="\r\n")
    yield b"\xef\xbb\xbf"
    for number, row in enumerate(chain([header], rows)):
        writer.writerow([_tame(value) for value in row])
        if number % 500 == 499:
            yield buffer.getvalue().encode("utf-8", "replace")
            buffer.seek(0)
            buffer.truncate()
    yield buffer.getvalue().encode("utf-8", "replace")


def write_csv(header: Sequence[str], rows: Iterable[Sequence[Any]]) -> bytes:
    """`csv_lines` in one piece."""
    return b"".join(csv_lines(header, rows))


def _tame(value: Any) -> Any:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, int | float | Decimal):
        return value
    if isinstance(value, datetime):
        return value.isoformat(sep=" ", timespec="seconds")
    text = str(value).replace("\0", "")
    return f"'{text}" if is_formula(text.lstrip("'")) else text


def _wild(text: str) -> str:
    """The inverse of `_tame`: a text without the apostrophe that it was given."""
    return text[1:] if text.startswith("'") and is_formula(text.lstrip("'")) else text


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
