"""Accounts with a password, a clock that is put forward by hand, and browsers that sign in."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from functools import cache

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from app.core import clock
from app.members import service
from tests.factories import People, csrf

PASSWORD = "four quiet words 四个词"


@cache
def stored_hash() -> str:
    """The hash of PASSWORD, computed once: it takes its time on purpose."""
    return service.password_hash(PASSWORD)


class Hand:
    """A clock that stands still until it is put forward."""

    def __init__(self) -> None:
        self.time = datetime(2026, 11, 2, 8, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.time

    def pass_by(self, **span: float) -> None:
        self.time += timedelta(**span)


@pytest.fixture
def hand() -> Iterator[Hand]:
    hand = Hand()
    with clock.use(hand):
        yield hand


@pytest.fixture
def account(people: People) -> Callable[..., int]:
    """Makes a member who can sign in with PASSWORD: account(username="anna", role=…)."""

    def make(**columns: object) -> int:
        columns.setdefault("password_hash", stored_hash())
        username = columns.pop("username", None)
        member_id = people.member(**columns)
        if username is not None:
            rename(people.app, member_id, str(username))
        return member_id

    return make


def rename(app: Flask, member_id: int, username: str) -> None:
    from app.core.db import unit_of_work
    from app.members.models import Member

    with app.app_context(), unit_of_work() as session:
        session.get_one(Member, member_id).username = username


def sign_in(
    client: FlaskClient,
    login: str,
    password: str = PASSWORD,
    *,
    address: str = "198.51.100.1",
    wanted: str | None = None,
) -> TestResponse:
    """Fill in the sign-in page as a browser at `address` would."""
    return client.post(
        "/sign-in",
        query_string={"next": wanted} if wanted else None,
        data={"login": login, "password": password},
        headers=csrf(client),
        environ_base={"REMOTE_ADDR": address},
    )


def is_in(client: FlaskClient) -> bool:
    """Whether the browser is signed in."""
    return client.get("/me").status_code == 200


def session_of(client: FlaskClient) -> dict:
    with client.session_transaction() as session:
        return dict(session)
