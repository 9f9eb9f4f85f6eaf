"""The templates of certificates: a list, and an editor that shows the paper before it is saved."""

from __future__ import annotations

import base64
from typing import Any

from flask import flash, redirect, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from werkzeug.datastructures import FileStorage

from app.certificates import queries, rules, service
from app.certificates.forms import TemplateForm
from app.certificates.sheet import pdf, picture_of, png
from app.certificates.views.door import bp, sample
from app.core import letters
from app.core.access import access
from app.core.addresses import address
from app.core.i18n import current_language
from app.core.limits import limited
from app.core.refusals import Refusal
from app.members.access import ADMINISTRATOR

# A picture chosen now, beside one that came back with the page, a third larger as text.
MOST_BYTES = 3 * rules.LARGEST_PICTURE


@bp.url_value_preprocessor
def _room_for_a_picture(endpoint: str | None, _values: dict[str, Any] | None) -> None:
    """Before the form is read for the first time: for the token that keeps it from being forged."""
    if endpoint == "certificates.save_template":
        request.max_content_length = request.max_form_memory_size = MOST_BYTES


@bp.get("/admin/certificates/templates/new")
@access(ADMINISTRATOR)
def new_template() -> str:
    form = TemplateForm.showing(_("Certificate"), rules.FIRST)
    return _editor(None, form, rules.FIRST, None)


@bp.get("/admin/certificates/templates/<int:template_id>")
@access(ADMINISTRATOR)
def template(template_id: int) -> str:
    found = queries.template(template_id)
    form = TemplateForm.showing(found.name, found.design)
    return _editor(found, form, found.design, queries.picture(found.design.picture))


@bp.post("/admin/certificates/templates", defaults={"template_id": 0})
@bp.post("/admin/certificates/templates/<int:template_id>")
@access(ADMINISTRATOR)
@limited("certificate templates", most=60, seconds=300)
def save_template(template_id: int) -> ResponseReturnValue:
    """Save it, or only show it, as the button says; a picture that was sent comes back with the
    page, so that it need not be chosen again."""
    found = queries.template(template_id) if template_id else None
    form = TemplateForm()
    old = found.design.picture if found else ""
    picture, digest, kept = None, "", b""
    try:
        if not form.drop_picture.data:
            kept = _sent(form)
            picture, digest = (kept, "") if kept else (queries.picture(old), old)
        if not form.validate():
            return _editor(found, form, None, picture, kept=kept), 422
        design = rules.checked(form.design(digest))
        if "look" in request.form:
            return _editor(found, form, design, picture, kept=kept)
        if kept:
            design = form.design(service.keep_picture(kept))
        service.save_template(template_id or None, name=form.name.data or "", design=design)
    except Refusal as refusal:
        return _editor(found, form, None, picture, kept=kept, problem=str(refusal)), 422
    flash(_("Saved. Certificates that were issued before stay as they are."), "good")
    return redirect(address("admin_certificates"), 303)


def _sent(form: TemplateForm) -> bytes:
    """The picture that was chosen now, else the one that came back with the page; a PNG."""
    sent = form.picture.data
    if isinstance(sent, FileStorage) and sent.filename:
        return picture_of(sent.stream.read(rules.LARGEST_PICTURE + 1))
    if not form.kept.data:
        return b""
    try:
        return picture_of(base64.b64decode(form.kept.data, validate=True))
    except ValueError:
        raise rules.BadPicture from None


@bp.post("/admin/certificates/templates/<int:template_id>/drop")
@access(ADMINISTRATOR)
def drop_template(template_id: int) -> ResponseReturnValue:
    service.drop_template(template_id)
    flash(_("The template is gone."), "good")
    return redirect(address("admin_certificates"), 303)


def _editor(
    found: queries.TemplateView | None,
    form: TemplateForm,
    design: rules.Design | None,
    picture: bytes | None,
    *,
    kept: bytes = b"",
    problem: str = "",
) -> str:
    """The editor; `design` is what the picture of the paper shows, None for none."""
    language = request.values.get("show", current_language())
    form.kept.data = base64.b64encode(kept).decode()
    form.kept.raw_data = None
    shown = lost = ""
    if design is not None and language in {*rules.LANGUAGES, "zh_Hant"}:
        paper = sample(design, language, picture)
        shown = base64.b64encode(png(pdf(paper))).decode()
        lost = letters.unprintable(paper.title + paper.text + paper.signature)
    return render_template(
        "certificates/template.html",
        found=found,
        form=form,
        shown=shown,
        lost=lost,
        language=language,
        has_picture=picture is not None,
        fillings=rules.PLACES,
        problem=problem,
    )
