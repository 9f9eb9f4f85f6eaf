"""The daily seals, to be printed or taken along: outside the house nobody can change one."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from flask import Response, render_template

from app.core import settings
from app.core.access import access
from app.core.limits import limited
from app.core.spreadsheet import write_csv
from app.members.access import ORGANIZER
from app.points import queries
from app.points.views.door import bp

SHOWN = 31  # days


@bp.get("/points/seals")
@access(ORGANIZER)
def seals() -> str:
    every = queries.seals()
    return render_template(
        "points/seals.html", seals=every[::-1][:SHOWN], total=len(every), today=settings.today()
    )


@bp.get("/points/seals/export")
@access(ORGANIZER)
@limited("exports", most=5, seconds=3600)
def export_seals() -> Response:
    # The names of columns are what `points verify --against` reads, so they are not translated.
    content = write_csv(["day", "until", "entries", "root", "seal"], _rows())
    response = Response(content, content_type="text/csv; charset=utf-8")
    response.headers.set("Content-Disposition", "attachment", filename="seals.csv")
    return response


def _rows() -> Iterator[list[Any]]:
    for each in queries.seals():
        until = each.until.isoformat(timespec="seconds")
        yield [each.day.isoformat(), until, each.entries, each.root, each.seal]
