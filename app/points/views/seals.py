"""The daily seals, to be printed or taken along: outside the house nobody can change one."""

from __future__ import annotations

from flask import Response, render_template

from app.core import settings
from app.core.access import access
from app.core.limits import limited
from app.core.streams import streamed_csv
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
    rows = (
        [
            *(each.day.isoformat(), each.until.isoformat(timespec="seconds")),
            *(each.entries, each.root, each.seal),
        ]
        for each in queries.seals()
    )
    return streamed_csv("seals.csv", ["day", "until", "entries", "root", "seal"], rows)
