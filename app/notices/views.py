"""The bell, the list of notices, and how a member wants to be told."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from flask import Blueprint, abort, current_app, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import lazy_gettext as _l
from sqlalchemy.exc import SQLAlchemyError

from app.core.access import access
from app.members.access import SIGNED_IN, own_token, reader, reader_or_none
from app.members.service import token_hash
from app.notices import queries, service, webpush
from app.notices.rules import Kind

bp = Blueprint("notices", __name__, template_folder="templates")


@dataclass(frozen=True)
class Look:
    """How a kind of notices is shown."""

    label: Any
    icon: str
    hint: Any


KINDS = {
    Kind.ASSIGNMENT: Look(
        _l("Assignments"), icon="clipboard-check", hint=_l("What is due soon or overdue")
    ),
    Kind.EXAM: Look(
        _l("Exams"), icon="card-checklist", hint=_l("Results, changed marks, and messages")
    ),
    Kind.POINTS: Look(_l("Points"), icon="award", hint=_l("When points are corrected")),
    Kind.CERTIFICATE: Look(
        _l("Certificates"), icon="patch-check", hint=_l("When one is given or runs out")
    ),
    Kind.SEARCH: Look(_l("Kept searches"), icon="search", hint=_l("When something new is found")),
    Kind.COMMUNITY: Look(_l("Community"), icon="chat-dots", hint=_l("Answers to what you wrote")),
    Kind.REPORT: Look(
        _l("Reports"), icon="bar-chart", hint=_l("Monthly figures and daily seals, for organizers")
    ),
}


@bp.app_context_processor
def bell() -> dict[str, Any]:
    """What the header asks for: how many notices are unread."""
    return {"unread_notices": _unread}


def _unread() -> int:
    found = reader_or_none()
    if found is None:
        return 0
    try:
        return queries.unread(found.id)
    except SQLAlchemyError:  # the page that says so has a header, too
        return 0


@bp.get("/notices")
@access(SIGNED_IN)
def index() -> str:
    page = queries.notices_of(reader().id, page=request.args.get("page", 1, type=int))
    return render_template(
        "notices/index.html",
        page=page,
        kinds=KINDS,
        newest=max((line.id for line in page.rows), default=0),
        url=lambda number: url_for("notices.index", page=number),
    )


@bp.post("/notices/<int:notice_id>/read")
@access(SIGNED_IN)
def read(notice_id: int) -> ResponseReturnValue:
    return redirect(service.read(notice_id, member_id=reader().id), 303)


@bp.post("/notices/read")
@access(SIGNED_IN)
def read_all() -> ResponseReturnValue:
    service.read_all(reader().id, up_to=request.form.get("up_to", 0, type=int))
    return redirect(url_for("notices.index"), 303)


@bp.get("/me/notices")
@access(SIGNED_IN)
def choices() -> str:
    me, config = reader(), current_app.extensions["weike"]
    return render_template(
        "notices/choices.html",
        choices=queries.choices_of([me.id])[me.id],
        kinds=KINDS,
        mail=queries.mail_of(me.id),
        sends_mail=bool(config.smtp_host),
        push_key=webpush.public_key(config.vapid_path) if config.push_services else "",
        devices=len(queries.devices_of([me.id]).get(me.id, ())),
    )


@bp.post("/me/notices")
@access(SIGNED_IN)
def choose() -> ResponseReturnValue:
    """A box that is not ticked is not sent, so the form sends every kind or nothing changes."""
    mail, push = set(request.form.getlist("mail")), set(request.form.getlist("push"))
    service.choose(reader().id, {kind: (kind.value in mail, kind.value in push) for kind in Kind})
    return redirect(url_for("notices.choices", saved=1), 303)


@bp.post("/me/push")
@access(SIGNED_IN)
def wake_here() -> ResponseReturnValue:
    """A browser says where and how it can be woken (called by js/notices.js)."""
    endpoint, key, secret = (request.form.get(name, "") for name in ("endpoint", "key", "secret"))
    services = current_app.extensions["weike"].push_services
    if not webpush.is_known(endpoint, services) or not webpush.is_key(key, secret):
        abort(422)
    service.add_device(
        reader().id,
        endpoint=endpoint,
        key=key,
        secret=secret,
        sign_in_id=queries.sign_in_id(token_hash(own_token())),
    )
    return "", 204


@bp.post("/me/push/end")
@access(SIGNED_IN)
def let_sleep() -> ResponseReturnValue:
    service.drop_device(reader().id, endpoint=request.form.get("endpoint", ""))
    return "", 204
