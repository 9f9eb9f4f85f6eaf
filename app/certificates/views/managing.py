"""What organizers do with certificates that were issued: find, revoke, issue anew."""

from __future__ import annotations

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from app.certificates import queries, rules, service
from app.certificates.views.door import bp
from app.core import clock
from app.core.access import access
from app.core.limits import limited
from app.core.refusals import Refusal
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
        standings=rules.STANDING_NAMES,
    )


@bp.get("/organizer/certificates/<int:certificate_id>")
@access(ORGANIZER)
def one(certificate_id: int) -> str:
    return _one(certificate_id, "")


@bp.post("/organizer/certificates/<int:certificate_id>")
@access(ORGANIZER)
@limited("ended certificates", most=60, seconds=60)
def end(certificate_id: int) -> ResponseReturnValue:
    """Revoke, or issue anew, as the button says."""
    who = reader()
    found = queries.managed(who, certificate_id, clock.now())
    reason = request.form.get("reason", "")
    try:
        if request.form.get("what") == "reissue":
            number = service.reissue(found.id, actor_id=who.id, reason=reason)
            flash(_("Issued anew with the number %(number)s.", number=number), "good")
        else:
            service.revoke(found.id, actor_id=who.id, reason=reason)
            flash(_("Revoked. Whoever checks its number sees that at once."), "good")
    except Refusal as refusal:
        return _one(certificate_id, str(refusal)), 422
    return redirect(url_for("certificates.issued", q=found.number), 303)


def _one(certificate_id: int, problem: str) -> str:
    return render_template(
        "certificates/one.html",
        found=queries.managed(reader(), certificate_id, clock.now()),
        problem=problem,
        kinds=rules.KIND_NAMES,
        standings=rules.STANDING_NAMES,
        most=rules.LONGEST_REASON,
    )
