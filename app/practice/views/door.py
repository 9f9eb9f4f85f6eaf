"""The blueprint of this room, and how an answer is read from a form."""

from __future__ import annotations

from flask import Blueprint, request

from app.practice.rules import NotYourTurn
from app.questions import types

bp = Blueprint("practice", "app.practice", template_folder="templates")
MOST_FIELDS = 200


def sent(number: int) -> list[str]:
    """The answer in the field q<number> and its parts q<number>.<name>, as types.read takes it."""
    if len(request.form) > MOST_FIELDS:
        raise NotYourTurn
    whole, part = f"q{number}", f"q{number}."
    found = [value for value in request.form.getlist(whole) if value]
    for name, values in request.form.lists():
        if name.startswith(part):
            found += [types.raw_part(name.removeprefix(part), value) for value in values if value]
    return found
