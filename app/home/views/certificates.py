"""What is certified, each with its template; and ending a certificate, which its member is told."""

from __future__ import annotations

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from app.certificates import queries as certificates
from app.certificates import rules as certificate_rules
from app.certificates.views.managing import one
from app.core import clock
from app.core.access import access
from app.core.limits import limited
from app.core.pages import offer_undo
from app.core.refusals import Refusal
from app.home import queries, service
from app.home.forms import OfferForm
from app.home.views.frame import bp
from app.learning import service as learning
from app.members.access import ADMINISTRATOR, ORGANIZER, reader


@bp.get("/admin/certificates")
@access(ADMINISTRATOR)
def certified() -> str:
    return _page(OfferForm(formdata=None))


@bp.post("/admin/certificates")
@access(ADMINISTRATOR)
@limited("certified things", most=60, seconds=60)
def certify() -> ResponseReturnValue:
    form = OfferForm()
    form.fill(queries.certifiable(), certificates.templates())
    if not form.validate():
        return _page(form), 422
    kind, subject_id = form.subject
    service.certify(
        kind=kind,
        subject_id=subject_id,
        template_id=int(form.template.data),
        months=form.months.data or None,
    )
    flash(
        _("From now on it is certified. Who has done it already gets a certificate, too."), "good"
    )
    return redirect(url_for("home.certified"), 303)


@bp.post("/admin/certificates/stop")
@access(ADMINISTRATOR)
def stop_certifying() -> ResponseReturnValue:
    kind, subject = request.form.get("kind", ""), request.form.get("subject", 0, type=int)
    held = {(o.kind, o.subject_id): o for o in certificates.offers()}.get((kind, subject))
    service.stop_certifying(kind=kind, subject_id=subject)
    said = _("It is certified no longer. Certificates that were given stay valid.")
    if held is None:
        flash(said, "good")
    else:
        offer_undo(
            said,
            url_for("home.certify"),
            what=f"{kind}:{subject}",
            template=str(held.template_id),
            months=str(held.months or ""),
        )
    return redirect(url_for("home.certified"), 303)


@bp.post("/organizer/certificates/<int:certificate_id>")
@access(ORGANIZER)
@limited("ended certificates", most=60, seconds=60)
def end_certificate(certificate_id: int) -> ResponseReturnValue:
    """Revoke, or issue anew, as the button says."""
    who = reader()
    found = certificates.managed(who, certificate_id, clock.now())
    reason = request.form.get("reason", "")
    try:
        if request.form.get("what") == "reissue":
            number = learning.reissue_certificate(found.id, actor_id=who.id, reason=reason)
            flash(_("Issued anew with the number %(number)s.", number=number), "good")
        else:
            learning.revoke_certificate(found.id, actor_id=who.id, reason=reason)
            flash(_("Revoked. Whoever checks its number sees that at once."), "good")
    except Refusal as refusal:
        return one(certificate_id, str(refusal)), 422
    return redirect(url_for("certificates.issued", q=found.number), 303)


def _page(form: OfferForm) -> str:
    things = queries.certifiable()
    templates = certificates.templates()
    form.fill(things, templates)
    return render_template(
        "home/certified.html",
        form=form,
        templates=templates,
        offers=certificates.offers(),
        titles={(thing.kind, thing.id): thing.title for thing in queries.certifiable(all_=True)},
        kinds=certificate_rules.KIND_NAMES,
    )
