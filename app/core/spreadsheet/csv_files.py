"""CSV in any encoding, in and out."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Iterator, Sequence
from io import StringIO
from itertools import chain
from typing import Any

from app.core.spreadsheet.formulas import tame, wild
from app.core.spreadsheet.tables import NoTable

_DELIMITERS = (",", ";", "\t", "|")


def csv_rows(data: bytes) -> Iterator[list[str]]:
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
            yield [wild(cell) for cell in row]
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


def csv_lines(header: Sequence[str], rows: Iterable[Sequence[Any]]) -> Iterator[bytes]:
    """A CSV file piece by piece: UTF-8 with its mark, so that Excel reads Chinese.

    Text that could be a formula gets an apostrophe in front and is quoted; numbers stay numbers.
    """
    buffer = StringIO()
    writer = csv.writer(buffer, quoting=csv.QUOTE_NONNUMERIC, lineterminator="\r\n")
    yield b"\xef\xbb\xbf"
    for number, row in enumerate(chain([header], rows)):
        writer.writerow([tame(value) for value in row])
        if number % 500 == 499:
            yield buffer.getvalue().encode("utf-8", "replace")
            buffer.seek(0)
            buffer.truncate()
    yield buffer.getvalue().encode("utf-8", "replace")


def write_csv(header: Sequence[str], rows: Iterable[Sequence[Any]]) -> bytes:
    """`csv_lines` in one piece."""
    return b"".join(csv_lines(header, rows))
