"""How a table leaves the house: CSV or XLSX, typed, with today's date in its name."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from flask import Response, current_app

from app.core import clock
from app.core.spreadsheet import write_csv, write_xlsx
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
    """A table as a file to take away; `day` is the date it speaks of, today by itself."""
    content = (
        write_csv(header, rows) if kind is Format.CSV else write_xlsx(header, rows, title=title)
    )
    day = day or clock.today(current_app.extensions["weike"].zone).isoformat()
    response = Response(content, content_type=TYPES[kind])
    response.headers.set("Content-Disposition", "attachment", filename=f"{name}-{day}.{kind.value}")
    return response


def here(moment: datetime | None) -> datetime | None:
    """A moment by the clock on the organisation's wall, without a zone, as spreadsheets want it."""
    if moment is None:
        return None
    zone = current_app.extensions["weike"].zone
    return moment.astimezone(zone).replace(tzinfo=None, microsecond=0)
