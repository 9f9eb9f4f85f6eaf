"""A member's own certificates, as paper and as badges; and the page where anybody checks one."""

from __future__ import annotations

from flask import Response, current_app, jsonify, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from app.certificates import openbadges, queries, rules
from app.certificates.sheet import pdf
from app.certificates.views.door import bp, sheet_of
from app.core import clock
from app.core.access import PUBLIC, access
from app.core.i18n import current_language
from app.core.limits import limited
from app.core.refusals import NotThere
from app.members.access import SIGNED_IN, reader


@bp.get("/certificates")
@access(SIGNED_IN)
def mine() -> str:
    return render_template(
        "certificates/mine.html",
        certificates=queries.certificates_of(reader().id, clock.now()),
        kinds=rules.KIND_NAMES,
        standings=rules.STANDING_NAMES,
    )


@bp.get("/certificates/<number>.pdf")
@access(SIGNED_IN)
@limited("printed certificates", most=60, seconds=60)
def paper(number: str) -> Response:
    found = queries.certificate_for(reader(), number, clock.now())
    response = Response(pdf(sheet_of(found, current_language())), mimetype="application/pdf")
    response.headers.set("Content-Disposition", "inline", filename=f"{found.number}.pdf")
    return response


@bp.get("/certificates/<number>.jwt")
@access(SIGNED_IN)
@limited("badges", most=60, seconds=60)
def badge(number: str) -> Response:
    """The Open Badge; what does not hold any more gets none."""
    found = queries.certificate_for(reader(), number, clock.now())
    if not found.is_live:
        raise NotThere
    config = current_app.extensions["weike"]
    sheet = sheet_of(found, current_language())
    signed = openbadges.sign(
        openbadges.Earned(
            number=found.number,
            holder=found.holder,
            title=found.title,
            what=sheet.title,
            narrative=" ".join(sheet.text.split()),
            earned_at=found.earned_at,
            issued_at=found.issued_at,
            expires_at=found.expires_at,
            achievement=f"{found.kind}/{found.subject_id}",
            organisation=config.organisation,
            base_url=config.base_url.rstrip("/"),
        ),
        openbadges.key_in(config.instance_dir),
    )
    response = Response(signed, mimetype="application/jwt")
    response.headers.set("Content-Disposition", "attachment", filename=f"{found.number}.jwt")
    return response


@bp.get("/verify")
@access(PUBLIC)
def ask() -> ResponseReturnValue:
    typed = rules.as_number(request.args.get("number", "")[:60])
    if typed:
        return redirect(url_for("certificates.verify", number=typed))
    return render_template("certificates/verify.html", found=None, number="")


@bp.get("/verify/<number>")
@access(PUBLIC)
@limited("checked certificates", most=60, seconds=60)
def verify(number: str) -> ResponseReturnValue:
    """What was earned, by whom, and whether it holds; whoever has the number may know that."""
    try:
        found = queries.by_number(rules.as_number(number), clock.now())
    except NotThere:
        return render_template("certificates/verify.html", found=None, number=number[:40]), 404
    return render_template(
        "certificates/verify.html",
        found=found,
        number=found.number,
        kinds=rules.KIND_NAMES,
        standings=rules.STANDING_NAMES,
    )


@bp.get("/verify/revoked.json")
@access(PUBLIC)
@limited("revocation lists", most=30, seconds=60)
def revoked() -> Response:
    """The 1EdTechRevocationList that badges name: only numbers, which tell nobody's name."""
    config = current_app.extensions["weike"]
    base = config.base_url.rstrip("/")
    return jsonify(
        {
            "id": f"{base}/verify/revoked.json",
            "type": "1EdTechRevocationList",
            "issuer": openbadges.did_of(openbadges.key_in(config.instance_dir).public_key()),
            "revokedCredential": [
                {"id": f"{base}/verify/{number}", "revoked": True, "date": at.isoformat()}
                for number, at in queries.revoked_numbers()
            ],
        }
    )
