"""How a table leaves the house: CSV or XLSX, typed, with today's date in its name.

However long it is: its rows are read while the file is sent.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from flask import Response, current_app

from app.core import clock
from app.core.spreadsheet import csv_lines, xlsx_pieces
from app.core.streams import streamed
from app.members import service as members
from app.members.access import reader
from app.organisation.rules import Format

TYPES = {
    Format.CSV: "text/csv; charset=utf-8",
    Format.XLSX: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}


def table_file(
    kind: Format,
    name: str,
    title: str,
    header: Sequence[str],
    rows: Iterable[Sequence[Any]],
    *,
    day: str = "",
) -> Response:
    """A table as a file to take away; `day` is the date it speaks of, today by itself.

    That it is taken is written into the log of acts before the first byte is sent. It ends the
    reading: rows are read afterwards in parts of their own, or complete by now.
    """
    members.taken_away(title, kind=kind.value, branch_id=reader().organized_id)
    pieces = (
        csv_lines(header, rows) if kind is Format.CSV else xlsx_pieces(header, rows, title=title)
    )
    day = day or clock.today(current_app.extensions["weike"].zone).isoformat()
    return streamed(pieces, kind=TYPES[kind], name=f"{name}-{day}.{kind.value}")


def here(moment: datetime | None) -> datetime | None:
    """A moment by the clock on the organisation's wall, without a zone, as spreadsheets want it."""
    if moment is None:
        return None
    zone = current_app.extensions["weike"].zone
    return moment.astimezone(zone).replace(tzinfo=None, microsecond=0)
