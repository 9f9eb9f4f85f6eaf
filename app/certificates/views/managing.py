"""What organizers see of certificates that were issued."""

from __future__ import annotations

from flask import render_template, request

from app.certificates import queries, rules
from app.certificates.views.door import bp
from app.core import clock, letters
from app.core.access import access
from app.members.access import ORGANIZER, reader


@bp.get("/organizer/certificates")
@access(ORGANIZER)
def issued() -> str:
    words = request.args.get("q", "")[:100]
    return render_template(
        "certificates/issued.html",
        page=queries.certificates_for(
            reader(), clock.now(), words=words, page=request.args.get("page", 1, type=int)
        ),
        words=words,
        unprintable=letters.unprintable,
        standings=rules.STANDING_NAMES,
    )


@bp.get("/organizer/certificates/<int:certificate_id>")
@access(ORGANIZER)
def one(certificate_id: int, problem: str = "") -> str:
    """Ending it is a door of a room above, which also tells its member."""
    found = queries.managed(reader(), certificate_id, clock.now())
    return render_template(
        "certificates/one.html",
        found=found,
        lost=letters.unprintable(found.holder + found.title),
        problem=problem,
        kinds=rules.KIND_NAMES,
        standings=rules.STANDING_NAMES,
        most=rules.LONGEST_REASON,
    )
