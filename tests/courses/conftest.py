"""What tests of courses share: a trainer, a theme, drafts, and recordings of any length."""

from __future__ import annotations

import secrets
from collections.abc import Callable

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app.core import clock
from app.core.db import unit_of_work
from app.courses import service
from app.media.models import Media
from tests.factories import People, csrf


class Desk:
    """A trainer with a browser, and short ways to what a test starts from."""

    def __init__(self, app: Flask, people: People, role: str = "trainer") -> None:
        self.app = app
        self.id = people.member("Trainer Tan", role=role)
        self.client: FlaskClient = people.client(self.id)
        self.headers = csrf(self.client)

    def post(self, url: str, **data: object):
        return self.client.post(url, data=data, headers=self.headers)

    def page(self, url: str) -> str:
        answer = self.client.get(url)
        assert answer.status_code == 200, (url, answer.status_code)
        return answer.get_data(as_text=True)

    def theme(self, title: str = "Safety") -> int:
        with self.app.app_context(), unit_of_work():
            return service.create_theme(title=title)

    def draft(self, title: str = "Fire safety", *, summary: str = "Know the way out.") -> int:
        theme_id = self.theme()
        with self.app.app_context(), unit_of_work():
            return service.create_course(
                author_id=self.id, title=title, theme_id=theme_id, language="en", summary=summary
            )

    def recording(self, duration_ms: int, *, state: str = "ready", kind: str = "video") -> int:
        """A recording as media registers it after probing; no file behind it."""
        with self.app.app_context(), unit_of_work() as session:
            row = Media(
                uuid=secrets.token_hex(16),
                owner_id=self.id,
                filename="clip.mp4",
                kind=kind,
                sha256=secrets.token_hex(32),
                size=1000,
                duration_ms=duration_ms,
                facts={},
                renditions=[],
                posters=[],
                state=state,
                attempt=1,
                version=1 if state == "ready" else 0,
                created_at=clock.now(),
            )
            session.add(row)
            session.flush()
            return row.id

    def video(self, course_id: int, duration_ms: int, title: str = "Video") -> int:
        media_id = self.recording(duration_ms)
        with self.app.app_context(), unit_of_work():
            return service.add_recording(course_id, title=title, media_id=media_id)

    def text(self, course_id: int, body: str = "Some words.", title: str = "Text") -> int:
        with self.app.app_context(), unit_of_work():
            return service.add_reading(course_id, title=title, body=body)

    def published(self, title: str = "Fire safety", body: str = "Some words.") -> int:
        course_id = self.draft(title)
        self.text(course_id, body)
        with self.app.app_context(), unit_of_work():
            service.publish(course_id)
        return course_id


@pytest.fixture
def desk(app: Flask, people: People) -> Desk:
    return Desk(app, people)


@pytest.fixture
def other_desk(app: Flask, people: People) -> Desk:
    """Another trainer."""
    return Desk(app, people)


@pytest.fixture
def admin_desk(app: Flask, people: People) -> Desk:
    return Desk(app, people, role="administrator")


@pytest.fixture
def look(app: Flask) -> Callable:
    """Read something in the application's context: look(queries.course_by_id, 1)."""

    def run(function: Callable, *arguments: object, **named: object):
        with app.app_context():
            return function(*arguments, **named)

    return run
