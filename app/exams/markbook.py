"""A table of marks from outside: attempts in rows, slots in columns, as CSV.

The shapes that people really have are understood:

* bare numbers, one line per attempt;
* a first line of headings; a first column that names the attempts;
* a line of greatest marks, first or below the headings, whose first cell says so (max, maximum,
  max mark, out of, 满分 …);
* greatest marks inside the headings, as Moodle exports them (“Q. 1 /2.00”).

Columns of totals (grade, total, sum, 总分 …) and Moodle's line of averages are left out.
"""

from __future__ import annotations

import csv
import re
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from io import StringIO

from flask_babel import lazy_gettext as _l

from app.core.refusals import Refusal
from app.core.spreadsheet import decoded

_MAX = re.compile(
    r"\s*(max(imum|imal)?([ _-]?(marks?|points?|grades?|scores?))?|out[ _-]?of|满分|最高分|分值)"
    r"\s*[:：]?\s*",
    re.IGNORECASE,
)
_TOTAL = re.compile(
    r"\s*(grade|total|sum|score|marks?|result|总分|合计|成绩|得分)\b.*", re.IGNORECASE
)
_AVERAGE = re.compile(r"\s*(overall )?(average|mean)\s*|\s*平均分?\s*", re.IGNORECASE)
_WORTH = re.compile(r"(.*?)\s*/\s*(\d+(?:\.\d+)?)\s*")
_SLOT = re.compile(
    r"\s*((q(uestion)?|slot|item|题|第)?[ ._#-]*\d+\s*题?|q\.? ?\d+.*)\s*", re.IGNORECASE
)
_SEPARATOR = re.compile(r"sep=(.)", re.IGNORECASE)
_BLANK = {"", "-", "–", "—"}


class NoMarks(Refusal):
    sentence = _l("There are no marks in this table.")


class NotAMark(Refusal):
    sentence = _l("Line %(line)s, column %(column)s: “%(text)s” is no mark.")


class UnevenLine(Refusal):
    sentence = _l("Line %(line)s has %(cells)s cells; the lines above have %(wanted)s.")


class BrokenLine(Refusal):
    sentence = _l(
        "Line %(line)s cannot be read: a quotation mark without its other half, or a cell that is "
        "too long."
    )


class OverTheMost(Refusal):
    sentence = _l("Line %(line)s, column %(column)s: %(mark)s is more than the maximum %(most)s.")


@dataclass(frozen=True)
class MarkBook:
    """Marks of attempts (rows) in slots (columns); a greatest mark may be unknown."""

    slots: tuple[str, ...]
    max_marks: tuple[Decimal | None, ...]
    marks: tuple[tuple[Decimal, ...], ...]


def read(data: bytes) -> MarkBook:
    """Understand a CSV file. Raises a refusal that names the line and column of what is wrong.

    Without a line of greatest marks every slot has 1, if no mark in the file is above 1; else
    they are unknown.
    """
    lines = _lines(data)
    if not lines:
        raise NoMarks
    header: list[str] | None = None
    if _is_header(lines[0][1]):
        header = lines.pop(0)[1]
    most: tuple[int, list[str]] | None = None
    if lines and _MAX.fullmatch(lines[0][1][0]):
        most = lines.pop(0)
    lines = [line for line in lines if not _AVERAGE.fullmatch(line[1][0])]
    if not lines:
        raise NoMarks
    columns = _columns(header, most, [cells for _, cells in lines])
    if not columns:
        raise NoMarks
    names = [_name(header, column, number) for number, column in enumerate(columns, 1)]
    marks = tuple(
        tuple(_mark(cells[column], number, column) for column in columns) for number, cells in lines
    )
    max_marks = _max_marks(header, most, columns, marks)
    for (number, _), row in zip(lines, marks, strict=True):
        for column, mark, top in zip(columns, row, max_marks, strict=True):
            if top is not None and mark > top:
                raise OverTheMost(line=number, column=column + 1, mark=mark, most=top)
    return MarkBook(tuple(names), max_marks, marks)


def _lines(data: bytes) -> list[tuple[int, list[str]]]:
    """The lines that are not blank, with the numbers on which they begin; all equally long.

    Excel's first line “sep=;” is obeyed, and columns at the end that are blank all the way down,
    their headings too, as it leaves them, are not there.
    """
    text = decoded(data).replace("\r\n", "\n").replace("\r", "\n")
    first = next((line for line in text.split("\n") if line.strip()), "")
    told = _SEPARATOR.fullmatch(first) or _SEPARATOR.fullmatch(first.strip())
    delimiter = told.group(1) if told else max((",", ";", "\t"), key=first.count)
    lines, number = [], 1
    rows = csv.reader(StringIO(text), delimiter=delimiter, strict=True)
    try:
        for cells in rows:
            lines.append((number, [cell.strip() for cell in cells]))
            number = rows.line_num + 1
    except csv.Error:
        raise BrokenLine(line=number) from None
    lines = [line for line in lines if any(line[1])][bool(told) :]
    # Among bare numbers a blank column at the end may be a question that nobody has answered.
    is_bare = not lines or all(_number(cell) is not None for cell in lines[0][1])
    widths = [max(i for i, cell in enumerate(cells, 1) if cell or is_bare) for _, cells in lines]
    for (number, cells), width in zip(lines, widths, strict=True):
        wanted = len(lines[0][1]) if width > len(lines[0][1]) else max(widths)
        if not width <= wanted <= len(cells):
            raise UnevenLine(line=number, cells=len(cells), wanted=wanted)
    return [(number, cells[: max(widths)]) for number, cells in lines]


def _is_header(cells: list[str]) -> bool:
    """Words beyond the first column, or slot numbers below a word that names no attempt."""
    if _MAX.fullmatch(cells[0]):
        return False
    said = [cell for cell in cells[1:] if cell]
    if said and all(_number(cell) is None for cell in said):
        return True
    if _number(cells[0]) is not None:
        return False
    # “attempt,1,2,3,total” counts the slots; “anna,1,0,1” is the first attempt.
    numbers = [number for cell in said if (number := _number(cell)) is not None]
    return numbers == list(range(1, len(numbers) + 1))


def _columns(header: list[str] | None, most: object, rows: list[list[str]]) -> list[int]:
    """Which columns hold marks of slots."""
    width = len(rows[0])
    if header is not None and any(_WORTH.fullmatch(cell) for cell in header):
        found = [i for i in range(width) if _WORTH.fullmatch(header[i])]
    else:
        labelled = most is not None or any(_number(cells[0]) is None for cells in rows)
        if header is not None:
            labelled = labelled or not _SLOT.fullmatch(header[0])
        found = list(range(1 if labelled and width > 1 else 0, width))
    if header is not None:
        found = [i for i in found if not _TOTAL.fullmatch(header[i])]
    return found


def _name(header: list[str] | None, column: int, number: int) -> str:
    if header is None:
        return str(number)
    worth = _WORTH.fullmatch(header[column])
    return (worth.group(1) if worth else header[column]) or str(number)


def _max_marks(
    header: list[str] | None,
    most: tuple[int, list[str]] | None,
    columns: list[int],
    marks: tuple[tuple[Decimal, ...], ...],
) -> tuple[Decimal | None, ...]:
    if most is not None:
        number, cells = most
        return tuple(_mark(cells[column], number, column) for column in columns)
    if header is not None and (worth := [_WORTH.fullmatch(header[i]) for i in columns]):
        found = [Decimal(one.group(2)) for one in worth if one]
        if len(found) == len(columns):
            return tuple(found)
    known = all(mark <= 1 for row in marks for mark in row)
    return tuple(Decimal(1) if known else None for _ in columns)


def _number(text: str) -> Decimal | None:
    """A mark, 0 for a blank cell, or None for words; a comma may stand for the point."""
    if text in _BLANK:
        return Decimal(0)
    try:
        number = Decimal(text.replace(",", ".") if text.count(",") == 1 else text)
    except InvalidOperation:
        return None
    return number if number.is_finite() else None


def _mark(text: str, line: int, column: int) -> Decimal:
    number = _number(text)
    if number is None or abs(number) > 1_000_000 or _digits(number) > 15:
        raise NotAMark(line=line, column=column + 1, text=text[:40])
    return number


def _digits(number: Decimal) -> int:
    exponent = number.as_tuple().exponent
    return -exponent if isinstance(exponent, int) else 0
