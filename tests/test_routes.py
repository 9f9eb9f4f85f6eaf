"""Route × role: who may pass the guard of every route. A route without a row fails the build."""

from __future__ import annotations

import importlib
import pkgutil

import pytest
from flask import Flask
from werkzeug.routing import IntegerConverter

import tests.routes
from app.core.access import rule_of
from app.core.db import SAFE_METHODS, unit_of_work
from app.members.models import Member
from tests.audited import AUDITED, NOT_AUDITED, TAKEN_AWAY, WITHOUT_NAMES
from tests.factories import People, csrf

ROLES = ("visitor", "member", "trainer", "organizer", "administrator", "disabled")
ALLOWED = {
    "public": set(ROLES),
    "signed in": {"member", "trainer", "organizer", "administrator"},
    "author": {"trainer", "administrator"},
    "organizer": {"organizer", "administrator"},
    "author or organizer": {"trainer", "organizer", "administrator"},
    "administrator": {"administrator"},
    "debug": set(),
}
STAFF = {"administrator", "organizer", "author or organizer", "author"}
SAMPLE = {"int": "1", "string": "x", "default": "x", "path": "x/y", "uuid": "0" * 32}


def matrix() -> dict[str, str]:
    """Every room's rows together: endpoint → rule name."""
    rows = {"static": "public"}
    for module in pkgutil.iter_modules(tests.routes.__path__):
        rows |= importlib.import_module(f"tests.routes.{module.name}").MATRIX
    return rows


def test_every_route_has_its_row(app: Flask) -> None:
    found = {
        endpoint: rule.name for endpoint in app.view_functions if (rule := rule_of(app, endpoint))
    }
    assert found == matrix()


@pytest.fixture
def clients(people: People) -> dict:
    ids = {
        "member": people.member(),
        "trainer": people.member(role="trainer"),
        "organizer": people.member(organizes=people.branch()),
        "administrator": people.member(role="administrator"),
        "disabled": people.member(role="administrator"),
    }
    clients = {"visitor": people.client()} | {role: people.client(i) for role, i in ids.items()}
    tokens = {role: csrf(client) for role, client in clients.items()}
    with people.app.app_context(), unit_of_work() as session:
        session.get_one(Member, ids["disabled"]).is_active = False
    return {role: (clients[role], tokens[role]) for role in ROLES}


def test_the_guard_lets_exactly_the_right_people_through(app: Flask, clients: dict) -> None:
    """Views are replaced by one that says “reached”, so the answer shows the guard alone."""
    addresses = []
    for rule in app.url_map.iter_rules():
        if rule.endpoint == "static":
            continue
        values = {
            name: 1 if isinstance(converter, IntegerConverter) else "x"
            for name, converter in rule._converters.items()
        }
        # Converters of our own may refuse "x"; the adapter then says so.
        path = app.url_map.bind("localhost").build(rule.endpoint, values, method=None)
        addresses += [(rule.endpoint, m, path) for m in (rule.methods or ()) - {"HEAD", "OPTIONS"}]
        access = app.view_functions[rule.endpoint].__access__

        def reached(**_: object) -> str:
            return "reached"

        reached.__access__ = access
        app.view_functions[rule.endpoint] = reached
    rows = matrix()
    wrong = []
    for endpoint, method, path in addresses:
        for role, (client, headers) in clients.items():
            answer = client.open(path, method=method, headers=headers)
            passed = answer.status_code == 200 and answer.data == b"reached"
            may = role in ALLOWED[rows[endpoint]]
            sent_to_sign_in = answer.status_code == 401 or "/sign-in" in answer.headers.get(
                "Location", ""
            )
            stranger = role in {"visitor", "disabled"} and rows[endpoint] != "debug"
            denied_well = sent_to_sign_in if stranger else answer.status_code == 404
            if passed != may or (not may and not denied_well):
                wrong.append((role, method, path, answer.status_code))
    assert wrong == []


def test_an_unsafe_request_without_our_token_changes_nothing(app: Flask, clients: dict) -> None:
    """Every unsafe route refuses a request from another site and one without the token."""
    reached_anyway = []
    for rule in app.url_map.iter_rules():
        methods = (rule.methods or set()) & {"POST", "PUT", "PATCH", "DELETE"}
        if not methods:
            continue
        values = {
            name: 1 if isinstance(converter, IntegerConverter) else "x"
            for name, converter in rule._converters.items()
        }
        path = app.url_map.bind("localhost").build(rule.endpoint, values, method=None)
        client, headers = clients["administrator"]
        for bad in (
            {},
            {**headers, "Sec-Fetch-Site": "cross-site"},
            {"Origin": "https://evil.example", "X-CSRFToken": headers["X-CSRFToken"]},
        ):
            answer = client.open(path, method=min(methods), headers=bad)
            if answer.status_code not in {400, 403}:
                reached_anyway.append((path, bad, answer.status_code))
    assert reached_anyway == []


def routes_of_staff(app: Flask, *, writing: bool) -> set[str]:
    found = set()
    for rule in app.url_map.iter_rules():
        access = rule_of(app, rule.endpoint)
        writes = bool((rule.methods or set()) - SAFE_METHODS)
        if access is not None and access.name in STAFF and writes == writing:
            found.add(rule.endpoint)
    return found


def test_every_unsafe_route_of_staff_is_audited_or_has_a_reason_not_to_be(app: Flask) -> None:
    excused = [endpoint for group in NOT_AUDITED.values() for endpoint in group]
    assert len(excused) == len(set(excused))
    assert set(excused) & set(AUDITED) == set()
    found = routes_of_staff(app, writing=True)
    decided = set(AUDITED) | set(excused)
    assert found - decided == set(), "not decided: an act or a reason in tests/audited.py"
    assert decided - found == set(), "these routes are gone"


def test_every_table_of_staff_to_take_away_is_audited(app: Flask) -> None:
    found = {e for e in routes_of_staff(app, writing=False) if "export" in e or "archive" in e}
    assert found == TAKEN_AWAY | WITHOUT_NAMES
