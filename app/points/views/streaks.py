"""The page of one's streak and badges."""

from __future__ import annotations

from datetime import date, timedelta

from babel.dates import format_skeleton
from flask import current_app, render_template, request
from flask_babel import get_locale

from app.core import clock
from app.core.access import access
from app.members.access import SIGNED_IN, reader
from app.points import queries
from app.points.views.door import bp

EARLIEST = date(2000, 1, 1)


@bp.get("/points/streak")
@access(SIGNED_IN)
def streak() -> str:
    zone = current_app.extensions["weike"].zone
    this = clock.today(zone).replace(day=1)
    first = request.args.get("month", this, type=_month)
    first = min(max(first, EARLIEST), this)
    following = (first + timedelta(days=32)).replace(day=1)
    names = get_locale().days["stand-alone"]
    return render_template(
        "points/streak.html",
        diary=queries.diary(reader().id, zone, first),
        month_name=format_skeleton("yMMMM", first, locale=get_locale()),
        before=f"{first - timedelta(days=1):%Y-%m}",
        after=f"{following:%Y-%m}" if following <= this else None,
        weekdays=[(names["narrow"][n], names["wide"][n]) for n in range(7)],
    )


def _month(text: str) -> date:
    return date.fromisoformat(f"{text}-01")
