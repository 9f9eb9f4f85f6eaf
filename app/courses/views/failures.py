"""Recordings that could not be prepared: why, for whom to know, and another try."""

from __future__ import annotations

from contextlib import suppress

from flask import flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import ngettext

from app.core.access import access
from app.courses import queries
from app.courses.views import bp
from app.media import queries as media_queries
from app.media import service as media_service
from app.media.rules import NothingToRetry
from app.members.access import EDITOR, reader

MOST_ROWS = 100


@bp.get("/recordings/failed")
@access(EDITOR)
def failures() -> str:
    """Trainers see their own, organizers those of their members, administrators all."""
    found = media_queries.failures(reader(), limit=MOST_ROWS)
    return render_template(
        "courses/failures.html",
        failures=found,
        uses=queries.uses_of([one.recording.id for one in found]),
    )


@bp.post("/recordings/failed/retry")
@access(EDITOR)
def retry_failures() -> ResponseReturnValue:
    """All that the page shows: what filled the disk, for example, has been cleared away."""
    count = 0
    for one in media_queries.failures(reader(), limit=MOST_ROWS):
        with suppress(NothingToRetry):
            media_service.retry(one.recording.id)
            count += 1
    flash(
        ngettext(
            "%(num)s recording is prepared again.", "%(num)s recordings are prepared again.", count
        )
    )
    return redirect(url_for("courses.failures"))
