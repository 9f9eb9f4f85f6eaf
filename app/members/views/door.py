"""The blueprint of this room, and what its pages share."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from flask import Blueprint, Response, current_app, request
from wtforms import Field

from app.core.limits import address_key
from app.core.refusals import Refusal
from app.members.access import READING_COOKIE, READINGS, keep_reading
from app.members.queries import Credentials
from app.members.rules import Reading
from app.members.rules.passwords import words_of

bp = Blueprint("members", "app.members", template_folder="templates")


@bp.app_context_processor
def frame() -> dict[str, Any]:
    """What base.html asks for below the pages of visitors."""
    return {
        "reading_url": lambda reading: "?" + urlencode({**request.args, READING_COOKIE: reading}),
    }


@bp.after_app_request
def remember_reading(response: Response) -> Response:
    """Below the sign-in page all is made large and plain: ?reading=easy, kept in a cookie."""
    asked = request.args.get(READING_COOKIE)
    return keep_reading(response, Reading(asked)) if asked in READINGS else response


def here() -> str:
    """The address that a try at a password is counted for."""
    return address_key(request.remote_addr)


def typed(field: Field) -> str:
    """What was typed into a field; "" for nothing."""
    return str(field.data or "")


def show_at(field: Field, refusal: Refusal) -> None:
    """Show a refusal beside a field of a form that has been validated."""
    field.errors = [*field.errors, str(refusal)]


def known_words(member: Credentials) -> list[str]:
    """What everybody knows about a member; no password is built from it."""
    config = current_app.extensions["weike"]
    return [
        member.username,
        *words_of(member.name),
        *words_of(config.organisation),
        *([member.phone, member.phone.removeprefix("+86")] if member.phone else []),
    ]
