"""Default deny: every route names who may use it, and one guard asks before the view runs."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from flask import Flask, abort, current_app, redirect, request, url_for
from flask.typing import ResponseReturnValue
from werkzeug.routing import IntegerConverter, Map

from app.core.db import SAFE_METHODS
from app.core.errors import wants_json

log = logging.getLogger(__name__)
View = TypeVar("View", bound=Callable[..., Any])


class Id(IntegerConverter):
    """`<int:…>` in an address: an id that a row can have. Larger ones are no address of ours."""

    def __init__(self, url_map: Map) -> None:
        super().__init__(url_map, max=2**31 - 1)


@dataclass(frozen=True)
class Rule:
    """Who may use a route. `allows` is asked once per request, before the view."""

    name: str
    allows: Callable[[], bool]


PUBLIC = Rule("public", lambda: True)


def access(rule: Rule) -> Callable[[View], View]:
    """Mark a view with the rule of who may use it. Stands directly below the route line."""

    def mark(view: View) -> View:
        view.__access__ = rule  # type: ignore[attr-defined]
        return view

    return mark


def takes_json(view: View) -> View:
    """Mark a view that reads a body of JSON. Any other refuses one: forms would read it as their
    fields, with numbers and lists where they know only texts."""
    view.__takes_json__ = True  # type: ignore[attr-defined]
    return view


def rule_of(app: Flask, endpoint: str) -> Rule | None:
    """The rule of an endpoint; None means that nobody may use it."""
    if endpoint == "static":
        return PUBLIC
    return getattr(app.view_functions[endpoint], "__access__", None)


def _refuse_json() -> None:
    view = current_app.view_functions[request.endpoint or ""]
    if request.method not in SAFE_METHODS and not hasattr(view, "__takes_json__"):
        abort(415)


def init_app(app: Flask, *, is_signed_in: Callable[[], bool], sign_in_endpoint: str) -> None:
    """Guard every route. `is_signed_in` is asked only when a rule says no."""
    app.url_map.converters["int"] = Id

    @app.before_request
    def guard() -> ResponseReturnValue | None:
        if request.endpoint is None:
            return None  # no such address: 404 or 405 follows
        rule = rule_of(current_app, request.endpoint)
        if rule is None:
            log.error("the route %s has no access rule and is closed", request.endpoint)
            abort(404)
        if rule.allows():
            if request.is_json:
                _refuse_json()
            return None
        if is_signed_in():
            abort(404)  # "not yours" answers exactly like "not there"
        is_page = "HX-Request" not in request.headers and not wants_json()
        # A player or a script that is sent to a page can only stumble over it.
        is_page = is_page and request.headers.get("Sec-Fetch-Dest", "document") == "document"
        if request.method == "GET" and is_page:
            wanted = request.full_path.rstrip("?")
            return redirect(url_for(sign_in_endpoint, next=wanted))
        return abort(401)
