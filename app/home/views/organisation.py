"""How the organisation is seen: settings for administrators, and what pages take of them."""

from __future__ import annotations

import re

from flask import Response, abort, current_app, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from werkzeug.datastructures import FileStorage

from app.core import colours, settings
from app.core.access import access
from app.core.limits import limited, unlimited
from app.core.refusals import Refusal
from app.home import service
from app.home.forms import OrganisationForm, WaysForm, WordsForm
from app.home.rules import PRESETS
from app.home.views.frame import OUR_COLOUR, bp
from app.members.access import ADMINISTRATOR, PUBLIC

FOR_EVER = "public, max-age=31536000, immutable"


@bp.get("/admin/organisation")
@access(ADMINISTRATOR)
def organisation() -> str:
    return _page()


def _page(
    look: OrganisationForm | None = None,
    words: WordsForm | None = None,
    ways: WaysForm | None = None,
) -> str:
    own, config = settings.organisation(), current_app.extensions["weike"]
    if look is None:
        look = OrganisationForm(
            formdata=None,
            name=config.organisation,
            colour=own.colour or OUR_COLOUR,
            time_zone=config.time_zone,
        )
    look.offer_zones(config.time_zone)
    shown = colours.parsed(look.colour.data or "") or colours.parsed(OUR_COLOUR)
    return render_template(
        "home/organisation.html",
        look=look,
        words=words or WordsForm.showing(own.words),
        ways=ways
        or WaysForm(
            formdata=None,
            highest_speed=str(own.highest_speed),
            discussions=own.discussions,
            mail_seals=own.mail_seals,
        ),
        shown=colours.readable(shown) if shown else None,
        presets=PRESETS,
    )


@bp.post("/admin/organisation")
@access(ADMINISTRATOR)
@limited("settings: look", most=60, seconds=3600)
def choose_look() -> ResponseReturnValue:
    form = OrganisationForm()
    form.offer_zones(current_app.extensions["weike"].time_zone)
    if not form.validate():
        return _page(look=form), 422
    sent = form.logo.data
    try:
        is_sent = isinstance(sent, FileStorage) and bool(sent.filename)
        # The one slow step; no transaction is open yet.
        logo = service.look_at_logo(sent.stream) if is_sent else None
    except Refusal as refusal:
        form.logo.errors = [*form.logo.errors, str(refusal)]
        return _page(look=form), 422
    if "look" in request.form:
        return _page(look=form)
    corrected = service.choose_look(
        name=form.name.data or "",
        time_zone=form.time_zone.data,
        colour=form.colour.data or "",
        logo=logo,
        drop_logo=form.drop_logo.data,
    )
    if corrected:
        flash(
            _(
                "Saved. The colour was too light to read white words on it, so we took %(seed)s.",
                seed=corrected.seed,
            ),
            "good",
        )
    else:
        flash(_("Saved. Everybody sees it within a few seconds."), "good")
    return redirect(url_for("home.organisation"), 303)


@bp.post("/admin/organisation/words")
@access(ADMINISTRATOR)
@limited("settings: words", most=60, seconds=3600)
def choose_words() -> ResponseReturnValue:
    preset = PRESETS.get(request.form.get("preset", ""))
    if preset is not None:
        values: dict[str, str] = {}
        for name in ("branch", "member", "organizer"):
            chinese, one, many = getattr(preset, name)
            values |= {f"{name}_zh": chinese, f"{name}_en": one, f"{name}_many": many}
        return _page(words=WordsForm(formdata=None, **values))
    form = WordsForm()
    if not form.validate():
        return _page(words=form), 422
    service.choose_words(form.vocabulary())
    flash(_("Saved. These words stand on every page within a few seconds."), "good")
    return redirect(url_for("home.organisation", _anchor="words"), 303)


@bp.post("/admin/organisation/ways")
@access(ADMINISTRATOR)
@limited("settings: ways", most=60, seconds=3600)
def choose_ways() -> ResponseReturnValue:
    form = WaysForm()
    if not form.validate():
        return _page(ways=form), 422
    service.choose_ways(
        highest_speed=int(form.highest_speed.data),
        discussions=bool(form.discussions.data),
        mail_seals=bool(form.mail_seals.data),
    )
    flash(_("Saved. It holds from now on, everywhere within a few seconds."), "good")
    return redirect(url_for("home.organisation", _anchor="ways"), 303)


@bp.get("/admin/organisation/colour")
@access(ADMINISTRATOR)
def colour() -> str:
    """How a colour would look, as a fragment of the page."""
    found = colours.parsed(request.args.get("colour", ""))
    if found is None:
        abort(404)
    return render_template("home/_colour.html", shown=colours.readable(found))


@bp.get("/brand/<seed>.css")
@access(PUBLIC)
@unlimited
def brand_style(seed: str) -> Response:
    """The brand's colours; the address names the colour, so it never changes."""
    if not re.fullmatch(r"[0-9a-f]{6}", seed):
        abort(404)
    scoped = "preview" in request.args
    return _kept(colours.style_sheet(seed, preview=scoped).encode(), "text/css")


@bp.get("/brand/<digest>/logo.webp")
@access(PUBLIC)
@unlimited
def logo(digest: str) -> Response:
    found = service.stored_logo(digest)
    return _kept(found.mark, "image/webp") if found else abort(404)


@bp.get("/brand/<digest>/icon.png")
@access(PUBLIC)
@unlimited
def logo_icon(digest: str) -> Response:
    found = service.stored_logo(digest)
    return _kept(found.icon, "image/png") if found else abort(404)


def _kept(body: bytes, kind: str) -> Response:
    response = Response(body, mimetype=kind)
    response.headers["Cache-Control"] = FOR_EVER
    return response
