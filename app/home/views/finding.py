"""What the search page shows besides its results: the reader's own notices."""

from __future__ import annotations

from flask import render_template, request

from app.core.access import access
from app.core.limits import limited
from app.home.views.frame import bp
from app.members.access import SIGNED_IN, reader
from app.notices import queries as notices
from app.search import queries as search
from app.search.rules import LONGEST_QUERY

MOST_LOOKED_THROUGH = 300  # notices, the latest
MOST_SHOWN = 30


@bp.get("/search/notices")
@access(SIGNED_IN)
@limited("search-notices", most=30, seconds=60)
def found_in_notices() -> str:
    """The reader's notices that answer a query, as a part of the search page; nothing for none."""
    text = request.args.get("q", "").strip()[:LONGEST_QUERY]
    lines = {line.id: line for line in notices.latest_of(reader().id, MOST_LOOKED_THROUGH)}
    texts = [(line.id, line.title, line.body) for line in lines.values()]
    found = search.look_through(text, texts)
    return render_template(
        "home/_found_in_notices.html",
        rows=[(lines[each.key], each) for each in found[:MOST_SHOWN]],
    )
