"""The page of the member: who I am, how I want to read, where I am signed in."""

from __future__ import annotations

from typing import Any

from flask import abort, flash, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from app.core import clock
from app.core.access import access
from app.core.db import reading
from app.core.i18n import LANGUAGES
from app.core.refusals import Conflict, Refusal, TooOften
from app.members import queries, service
from app.members.access import (
    SIGNED_IN,
    hold,
    is_known_to,
    keep_reading,
    own_token,
    reader,
    remember_browser,
)
from app.members.forms import AUTOMATIC, ROLE_LABELS, PasswordForm, SettingsForm
from app.members.queries import Card
from app.members.rules import Reading, passwords
from app.members.rules.names import device, local_path
from app.members.rules.refusals import WrongPassword
from app.members.views.door import bp, here, known_words, show_at, typed


@bp.get("/me")
@access(SIGNED_IN)
def profile() -> str:
    return _profile(None)


def _profile(form: SettingsForm | None) -> str:
    me = reader()
    card = queries.card_of(me.id)
    return render_template(
        "members/profile.html",
        form=form or SettingsForm(formdata=None, **_chosen(card)),
        role_labels=ROLE_LABELS,
        card=card,
        me=me,
        sign_ins=queries.sign_ins(me.id, clock.now(), this=service.token_hash(own_token())),
    )


def _chosen(card: Card) -> dict[str, Any]:
    return {
        "language": card.language or AUTOMATIC,
        "appearance": card.appearance,
        "reading": card.reading.value,
    }


@bp.post("/me/settings")
@access(SIGNED_IN)
def choose_settings() -> ResponseReturnValue:
    form = SettingsForm()
    if not form.validate():
        return _profile(form), 422
    service.choose_settings(
        reader().id,
        language="" if form.language.data == AUTOMATIC else typed(form.language),
        reading=Reading(form.reading.data),
        appearance=form.appearance.data,
    )
    back = redirect(url_for("members.profile", saved=1), 303)
    return keep_reading(make_response(back), Reading(form.reading.data))


@bp.post("/me/reading")
@access(SIGNED_IN)
def choose_reading() -> ResponseReturnValue:
    """The one switch of the easy mode, and the sizes of the first steps."""
    try:
        reading = Reading(request.form.get("reading", ""))
    except ValueError:
        abort(422)
    service.choose_reading(reader().id, reading)
    back = redirect(local_path(request.form.get("back")) or url_for("members.profile"), 303)
    return keep_reading(make_response(back), reading)


@bp.post("/me/language")
@access(SIGNED_IN)
def choose_language() -> ResponseReturnValue:
    """The language as the first steps ask for it."""
    language = request.form.get("language", "")
    if language not in LANGUAGES:
        abort(422)
    service.choose_language(reader().id, language)
    return redirect(local_path(request.form.get("back")) or url_for("members.profile"), 303)


@bp.post("/me/listed")
@access(SIGNED_IN)
def choose_listed() -> ResponseReturnValue:
    service.be_listed(reader().id, listed=request.form.get("listed") == "yes")
    return redirect(url_for("members.profile", saved=1), 303)


@bp.get("/me/password")
@access(SIGNED_IN)
def password() -> str:
    return _password_page(PasswordForm())


def _password_page(form: PasswordForm) -> str:
    # The hidden user name tells password managers whose password this is.
    return render_template(
        "members/password.html", form=form, username=queries.card_of(reader().id).username
    )


@bp.post("/me/password")
@access(SIGNED_IN)
def change_password() -> ResponseReturnValue:
    form = PasswordForm()
    if not form.validate():
        return _password_page(form), 422
    me = reader()
    with reading():
        found = queries.credentials_of(me.id)
    try:
        if found is None or found.password_hash is None:
            raise Conflict
        guess = service.may_guess(
            found.username, address=here(), known_to=me.id if is_known_to(me.id) else None
        )
        if not service.password_fits(found.password_hash, typed(form.present)):
            raise WrongPassword
        guess.succeeded()
        passwords.check(typed(form.password), context=known_words(found))
        new_hash = service.password_hash(typed(form.password))
        service.change_password(me.id, checked_hash=found.password_hash, new_hash=new_hash)
        fresh, token = service.sign_in(
            me.id, checked_hash=new_hash, device=device(request.user_agent.string)
        )
    except Refusal as refusal:
        new_is_bad = isinstance(refusal, passwords.BadPassword)
        show_at(form.password if new_is_bad else form.present, refusal)
        status = 429 if isinstance(refusal, TooOften) else 422
        return _password_page(form), status
    hold(fresh, token)
    flash(_("Your password is changed. Every other device is signed out."), "good")
    response = make_response(redirect(url_for("members.profile"), 303))
    remember_browser(response, me.id)
    return response


@bp.post("/me/sign-ins/<int:sign_in_id>/end")
@access(SIGNED_IN)
def end_sign_in(sign_in_id: int) -> ResponseReturnValue:
    service.end_sign_in(sign_in_id, member_id=reader().id)
    return redirect(url_for("members.profile", _anchor="devices"), 303)


@bp.post("/me/sign-ins/end-others")
@access(SIGNED_IN)
def end_other_sign_ins() -> ResponseReturnValue:
    service.end_sign_ins(reader().id, besides=own_token())
    flash(_("Every other device is signed out."), "good")
    return redirect(url_for("members.profile", _anchor="devices"), 303)
