"""Signing in and out, and opening an account with a code."""

from __future__ import annotations

import logging

from flask import (
    Response,
    current_app,
    make_response,
    redirect,
    render_template,
    request,
    session,
    url_for,
)
from flask.typing import ResponseReturnValue
from flask_login import current_user

from app.core import acting, clock
from app.core.access import access
from app.core.addresses import address
from app.core.db import reading, unit_of_work
from app.core.i18n import current_language
from app.core.limits import unlimited
from app.core.refusals import Refusal, TooOften
from app.members import queries, service
from app.members.access import (
    PUBLIC,
    hold,
    is_known_to,
    own_token,
    reader_or_none,
    remember_browser,
)
from app.members.forms import ActivateForm, SignInForm
from app.members.rules import Reading, codes, passwords
from app.members.rules.names import device, local_path
from app.members.rules.refusals import WrongCode, WrongSignIn
from app.members.views.door import bp, here, known_words, show_at, typed

log = logging.getLogger(__name__)

# Signing in is not counted among all requests: a hall of a thousand people behind one address
# signs in within a minute. Wrong passwords and wrong codes have limits of their own.


@bp.get("/sign-in")
@access(PUBLIC)
@unlimited
def sign_in() -> ResponseReturnValue:
    if reader_or_none() is not None:
        return redirect(_wanted())
    return render_template("members/sign_in.html", form=SignInForm(), wanted=_wanted())


@bp.post("/sign-in")
@access(PUBLIC)
@unlimited
def enter() -> ResponseReturnValue:
    form = SignInForm()
    if not form.validate():
        return _sign_in_again(form, None)
    with reading():
        found = queries.credentials_for(typed(form.login))
    known = found is not None and is_known_to(found.member_id)
    try:
        guess = service.may_guess(
            typed(form.login), address=here(), known_to=found.member_id if found and known else None
        )
        stored = found.password_hash if found and found.is_active else None
        # The one slow step, for names that nobody has too; no transaction is open yet.
        if not service.password_fits(stored, typed(form.password)) or found is None:
            raise WrongSignIn
        guess.succeeded()
        reader, token = service.sign_in(
            found.member_id,
            checked_hash=stored,
            device=device(request.user_agent.string),
            instead_of=own_token(),
        )
    except Refusal as refusal:
        response = _sign_in_again(form, refusal)
        if isinstance(refusal, TooOften) and found is not None and found.is_active:
            _note_guessing(response, found.member_id)
        return response
    wanted = _wanted()
    hold(reader, token)
    response = make_response(redirect(wanted, 303))
    remember_browser(response, reader.id)
    return response


def _note_guessing(response: Response, member_id: int) -> None:
    """Write into the log of acts that this account is being guessed at.

    After the answer is sent: it must not take longer for names that somebody has.
    """
    app = current_app._get_current_object()  # type: ignore[attr-defined]  # noqa: SLF001
    who = acting.actor()

    def note() -> None:
        try:
            with app.app_context(), unit_of_work():
                service.sign_in_slowed(member_id, by=who)
        except Exception:
            log.exception("that an account is being guessed at could not be written down")

    response.call_on_close(note)


def _sign_in_again(form: SignInForm, refusal: Refusal | None) -> Response:
    response = make_response(
        render_template("members/sign_in.html", form=form, refusal=refusal, wanted=_wanted())
    )
    response.status_code = 422
    if isinstance(refusal, TooOften):
        response.status_code = 429
        response.headers["Retry-After"] = str(refusal.wait)
    return response


def _wanted() -> str:
    """Where the visitor wanted to go; never anywhere but on this site."""
    return local_path(request.args.get("next")) or address("home")


@bp.post("/sign-out")
@access(PUBLIC)
@unlimited
def sign_out() -> ResponseReturnValue:
    token = own_token()
    if token:
        service.sign_out(token)
    session.clear()
    response = make_response(redirect(url_for("members.sign_in"), 303))
    response.headers["Clear-Site-Data"] = '"cache", "storage"'
    return response


@bp.get("/activate")
@access(PUBLIC)
def activate() -> str:
    code = codes.read_back(request.args.get("code", ""))
    form = ActivateForm(
        formdata=None,
        code=codes.on_paper(code),
        language=current_language(),
        reading=current_user.reading.value,
    )
    return render_template("members/activate.html", form=form)


@bp.post("/activate")
@access(PUBLIC)
def open_account() -> ResponseReturnValue:
    form = ActivateForm()
    if not form.validate():
        return render_template("members/activate.html", form=form), 422
    code = codes.read_back(typed(form.code))
    try:
        guess = service.may_guess_code(address=here())
        with reading():
            found = queries.credentials_by_code(service.token_hash(code), clock.now())
        if found is None:
            raise WrongCode
        guess.succeeded()
        passwords.check(typed(form.password), context=known_words(found))
        new_hash = service.password_hash(typed(form.password))
        member_id = service.activate(
            code,
            new_hash=new_hash,
            language=typed(form.language),
            reading=Reading(form.reading.data),
        )
        reader, token = service.sign_in(
            member_id,
            checked_hash=new_hash,
            device=device(request.user_agent.string),
            instead_of=own_token(),
        )
    except Refusal as refusal:
        bad_password = isinstance(refusal, passwords.BadPassword)
        show_at(form.password if bad_password else form.code, refusal)
        response = make_response(render_template("members/activate.html", form=form), 422)
        if isinstance(refusal, TooOften):
            response.status_code = 429
            response.headers["Retry-After"] = str(refusal.wait)
        return response
    hold(reader, token)
    response = make_response(redirect(address("welcome"), 303))
    remember_browser(response, reader.id)
    return response
