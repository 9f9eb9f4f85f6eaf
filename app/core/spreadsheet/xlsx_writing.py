"""An XLSX file, written piece by piece: ECMA-376 (Office Open XML), part 1, chapter 18."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime
from decimal import Decimal
from html import escape
from itertools import chain, islice
from typing import IO, Any, cast

from app.core.spreadsheet.formulas import is_formula
from app.core.spreadsheet.tables import LONGEST_CELL
from app.core.zips import ZipSink

NARROWEST, WIDEST = 8, 40  # columns, in characters; a Chinese one is two wide
MOST_ROWS = 1_048_575  # of a sheet, below its header; more go on in another sheet
LOOKED_AT = 500  # rows, for how wide a column should be
AT_ONCE = 200  # rows written in one piece

_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_OF = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
_XML = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
_KIND = "application/vnd.openxmlformats-officedocument.spreadsheetml"
_HEAD, _TAME, _DAY, _MOMENT = 1, 2, 3, 4  # places in cellXfs of the style sheet
_STYLES = (
    f'{_XML}<styleSheet xmlns="{_MAIN}"><numFmts count="2">'
    '<numFmt numFmtId="164" formatCode="yyyy\\-mm\\-dd"/>'
    '<numFmt numFmtId="165" formatCode="yyyy\\-mm\\-dd\\ hh:mm"/></numFmts>'
    '<fonts count="2"><font><sz val="11"/><name val="Calibri"/></font>'
    '<font><b/><sz val="11"/><name val="Calibri"/></font></fonts>'
    '<fills count="2"><fill><patternFill patternType="none"/></fill>'
    '<fill><patternFill patternType="gray125"/></fill></fills>'
    '<borders count="2"><border><left/><right/><top/><bottom/><diagonal/></border>'
    '<border><left/><right/><top/><bottom style="thin"/><diagonal/></border></borders>'
    '<cellStyleXfs count="1"><xf numFmtId="0" fontId="0" fillId="0" borderId="0"/></cellStyleXfs>'
    '<cellXfs count="5"><xf numFmtId="0" fontId="0" fillId="0" borderId="0" xfId="0"/>'
    '<xf numFmtId="0" fontId="1" fillId="0" borderId="1" xfId="0" applyFont="1" applyBorder="1"'
    ' applyAlignment="1"><alignment vertical="top" wrapText="1"/></xf>'
    '<xf numFmtId="0" fontId="0" fillId="0" borderId="0" xfId="0" quotePrefix="1"/>'
    '<xf numFmtId="164" fontId="0" fillId="0" borderId="0" xfId="0" applyNumberFormat="1"/>'
    '<xf numFmtId="165" fontId="0" fillId="0" borderId="0" xfId="0" applyNumberFormat="1"/>'
    '</cellXfs><cellStyles count="1"><cellStyle name="Normal" xfId="0" builtinId="0"/></cellStyles>'
    "</styleSheet>"
)
# What XML cannot hold is written as _x0001_, and a text that looks like that is kept from it.
_ODD = re.compile(r"[\x01-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]|_(?=x[0-9A-Fa-f]{4}_)")
_FIRST = datetime(1899, 12, 30)  # noqa: DTZ001 - day 0 of spreadsheets, which know no time zones


def write_xlsx(
    header: Sequence[str], rows: Iterable[Sequence[Any]], *, title: str = "Sheet 1"
) -> bytes:
    """`xlsx_pieces` in one piece."""
    return b"".join(xlsx_pieces(header, rows, title=title))


def xlsx_pieces(
    header: Sequence[str], rows: Iterable[Sequence[Any]], *, title: str = "Sheet 1"
) -> Iterator[bytes]:
    """An XLSX file in pieces. Texts are stored as texts, so none of them is ever computed.

    Dates and times are written as they are: give them in the reader's time zone.
    """
    out = ZipSink()
    coming = iter(rows)
    with zipfile.ZipFile(
        cast("IO[bytes]", out), "w", zipfile.ZIP_DEFLATED, compresslevel=4
    ) as book:
        sheets, first = 0, list(islice(coming, 1))
        while first or not sheets:
            sheets += 1
            part = chain(first, islice(coming, MOST_ROWS - len(first)))
            with book.open(f"xl/worksheets/sheet{sheets}.xml", "w", force_zip64=True) as sheet:
                for piece in _sheet(header, part):
                    sheet.write(piece.encode("utf-8", "replace"))
                    yield out.take()
            first = list(islice(coming, 1))
        for name, text in _around(_sheet_name(title), sheets):
            book.writestr(name, text)
    yield out.take()


def _sheet(header: Sequence[str], rows: Iterable[Sequence[Any]]) -> Iterator[str]:
    coming = iter(rows)
    looked_at = list(islice(coming, LOOKED_AT))
    widths = [_fitting(name, NARROWEST) for name in header]
    for row in looked_at:
        for column, value in enumerate(row[: len(widths)]):
            widths[column] = _fitting(value, widths[column])
    letters = [_letters(column) for column in range(len(header))]
    yield (
        f'{_XML}<worksheet xmlns="{_MAIN}"><sheetViews><sheetView workbookViewId="0">'
        '<pane ySplit="1" topLeftCell="A2" activePane="bottomLeft" state="frozen"/></sheetView>'
        "</sheetViews>"
    )
    if widths:
        columns = (
            f'<col min="{n}" max="{n}" width="{width + 0.7109375}" customWidth="1"/>'
            for n, width in enumerate(widths, 1)
        )
        yield f"<cols>{''.join(columns)}</cols>"
    head = "".join(
        _text(f"{at}1", str(name), _HEAD) for at, name in zip(letters, header, strict=True)
    )
    yield f'<sheetData><row r="1">{head}</row>'
    last, waiting = 1, []
    for last, row in enumerate(chain(looked_at, coming), start=2):
        while len(letters) < len(row):
            letters.append(_letters(len(letters)))
        cells = "".join(
            _cell(f"{at}{last}", value) for at, value in zip(letters, row, strict=False)
        )
        waiting.append(f'<row r="{last}">{cells}</row>')
        if len(waiting) == AT_ONCE:
            yield "".join(waiting)
            waiting.clear()
    yield "".join(waiting) + "</sheetData>"
    if last > 1 and header:
        yield f'<autoFilter ref="A1:{letters[len(header) - 1]}{last}"/>'
    yield "</worksheet>"


def _cell(at: str, value: Any) -> str:
    if value is None or value == "":
        return ""
    if isinstance(value, bool):
        return f'<c r="{at}" t="b"><v>{value:d}</v></c>'
    if isinstance(value, int | float | Decimal):
        return f'<c r="{at}"><v>{value:.16g}</v></c>'
    if isinstance(value, datetime):
        days = (value.replace(tzinfo=None) - _FIRST).total_seconds() / 86_400
        return f'<c r="{at}" s="{_MOMENT}"><v>{days:.16g}</v></c>'
    if isinstance(value, date):
        return f'<c r="{at}" s="{_DAY}"><v>{(value - _FIRST.date()).days}</v></c>'
    text = str(value).replace("\0", "")
    return _text(at, text, _TAME if is_formula(text) else 0)


def _text(at: str, text: str, style: int) -> str:
    said = _ODD.sub(lambda sign: f"_x{ord(sign[0]):04X}_", text[:LONGEST_CELL])
    said = escape(said, quote=False).replace("\r", "&#13;")
    styled = f' s="{style}"' if style else ""
    return f'<c r="{at}" t="inlineStr"{styled}><is><t xml:space="preserve">{said}</t></is></c>'


def _letters(column: int) -> str:
    """A, B … Z, AA …, from 0."""
    found = ""
    while column >= 0:
        column, rest = divmod(column, 26)
        found, column = chr(65 + rest) + found, column - 1
    return found


def _around(title: str, sheets: int) -> Iterator[tuple[str, str]]:
    """The other parts of the package, by name."""
    numbers = range(1, sheets + 1)
    titles = [title if n == 1 else f"{title[:26]} ({n})" for n in numbers]
    yield (
        "[Content_Types].xml",
        f'{_XML}<Types xmlns="{_PACKAGE}/content-types">'
        '<Default Extension="rels"'
        ' ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        f'<Override PartName="/xl/workbook.xml" ContentType="{_KIND}.sheet.main+xml"/>'
        f'<Override PartName="/xl/styles.xml" ContentType="{_KIND}.styles+xml"/>'
        + "".join(
            f'<Override PartName="/xl/worksheets/sheet{n}.xml"'
            f' ContentType="{_KIND}.worksheet+xml"/>'
            for n in numbers
        )
        + "</Types>",
    )
    yield (
        "_rels/.rels",
        (
            f'{_XML}<Relationships xmlns="{_PACKAGE}/relationships"><Relationship Id="rId1"'
            f' Type="{_OF}/officeDocument" Target="xl/workbook.xml"/></Relationships>'
        ),
    )
    yield (
        "xl/workbook.xml",
        f'{_XML}<workbook xmlns="{_MAIN}" xmlns:r="{_OF}"><sheets>'
        + "".join(
            f'<sheet name="{escape(name)}" sheetId="{n}" r:id="rId{n}"/>'
            for n, name in zip(numbers, titles, strict=True)
        )
        + "</sheets></workbook>",
    )
    yield (
        "xl/_rels/workbook.xml.rels",
        f'{_XML}<Relationships xmlns="{_PACKAGE}/relationships">'
        + "".join(
            f'<Relationship Id="rId{n}" Type="{_OF}/worksheet" Target="worksheets/sheet{n}.xml"/>'
            for n in numbers
        )
        + f'<Relationship Id="rId{sheets + 1}" Type="{_OF}/styles" Target="styles.xml"/>'
        "</Relationships>",
    )
    yield "xl/styles.xml", _STYLES


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


def _sheet_name(title: str) -> str:
    """Excel allows 31 characters and none of []:*?/\\ ."""
    return re.sub(r"[\[\]:*?/\\\x00-\x1f]", " ", title).strip(" '")[:31] or "Sheet 1"


def _width(text: str) -> int:
    return sum(2 if ord(sign) > 0x2E80 else 1 for sign in text)
