"""What the tests of the library share: somebody who uploads, and a way to read what was put in."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from app.core.jobs import run_pending
from tests.factories import People, csrf


class Librarian:
    """A trainer with a browser."""

    def __init__(self, app: Flask, people: People, **member: object) -> None:
        self.app = app
        self.id = people.member(**{"role": "trainer", **member})
        self.client: FlaskClient = people.client(self.id)
        self.headers = csrf(self.client) | {"Accept": "application/json"}

    def use(self, **settings: object) -> None:
        """Other settings from now on."""
        self.app.extensions["weike"] = replace(self.app.extensions["weike"], **settings)

    def send(
        self, data: bytes, name: str = "a.txt", *, to: str = "/library/upload", **query: object
    ) -> TestResponse:
        return self.client.post(
            to,
            query_string={"filename": name, **query},
            data=data,
            headers=self.headers,
            content_type="application/octet-stream",
        )

    def upload(self, data: bytes, name: str = "a.txt", **query: object) -> str:
        """Upload, have everything read and indexed, and return the document's address."""
        answer = self.send(data, name, **query)
        assert answer.status_code == 200, answer.get_data(as_text=True)
        run_pending(self.app)
        return str(answer.json["url"])

    def post(self, address: str, **fields: object) -> TestResponse:
        return self.client.post(
            address, data=fields, headers=self.headers | {"Accept": "text/html"}
        )


@pytest.fixture
def librarian(app: Flask, people: People) -> Librarian:
    return Librarian(app, people)


@pytest.fixture
def another(app: Flask, people: People) -> Callable[..., Librarian]:
    """More people who upload."""
    return lambda **member: Librarian(app, people, **member)


@pytest.fixture
def member(people: People) -> FlaskClient:
    """The browser of a member of the head office."""
    return people.client(people.member())
