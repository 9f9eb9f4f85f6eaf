"""Courses for tests of watching and of quizzes, straight into the tables that others own."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import count

from flask import Flask
from flask.testing import FlaskClient

from app.core import clock
from app.core.db import unit_of_work
from app.courses.models import Course, CourseBranch, CourseQuestion, Lesson, Theme
from app.media.models import Media
from app.questions import service as questions
from tests.factories import csrf

_numbers = count(1)
MINUTE = 60_000


@dataclass(frozen=True)
class Made:
    """A course in the database. `key` holds, per question, the texts of its right options."""

    id: int
    slug: str
    lessons: list[int]
    questions: list[int]

    @property
    def lesson(self) -> int:
        return self.lessons[0]


def single(stem: str = "Which?", right: str = "this", wrong: Sequence[str] = ("that",)) -> dict:
    options = [{"text": right, "fraction": "1"}, *({"text": w, "fraction": "0"} for w in wrong)]
    return {"kind": "single", "stem": stem, "explanation": "Because.", "options": options}


def multiple(stem: str, fractions: dict[str, str], explanation: str = "Because.") -> dict:
    options = [{"text": text, "fraction": f} for text, f in fractions.items()]
    return {"kind": "multiple", "stem": stem, "explanation": explanation, "options": options}


def truefalse(stem: str, answer: bool) -> dict:
    return {"kind": "truefalse", "stem": stem, "explanation": "Because.", "answer": answer}


def make_course(
    app: Flask,
    author_id: int,
    lessons: Sequence[tuple[str, int]] = (("video", MINUTE),),
    quiz: Sequence[dict] = (),
    *,
    branch: int | None = None,
    ready: bool = True,
    **columns: object,
) -> Made:
    """A published course of (kind, length in ms) lessons and a quiz of question bodies."""
    number = next(_numbers)
    now = datetime(2026, 1, 1, tzinfo=UTC)
    with app.app_context(), unit_of_work() as session:
        theme = Theme(slug=f"theme-{number}", title=f"Theme {number}")
        session.add(theme)
        session.flush()
        course = Course(
            **{
                "slug": f"course-{number}",
                "theme_id": theme.id,
                "author_id": author_id,
                "title": f"Course {number}",
                "summary": "What it is about.",
                "language": "en",
                "state": "published",
                "length_ms": sum(length for _, length in lessons),
                "open_to_all": branch is None,
                "created_at": now,
                "changed_at": now,
                "published_at": now,
                **columns,
            }
        )
        session.add(course)
        session.flush()
        if branch is not None:
            session.add(CourseBranch(course_id=course.id, branch_id=branch))
        ids = []
        for position, (kind, length) in enumerate(lessons, 1):
            media_id = None
            if kind != "reading":
                media = Media(
                    uuid=secrets.token_hex(16),
                    owner_id=author_id,
                    filename="clip.mp4",
                    kind=kind,
                    sha256=secrets.token_hex(32),
                    size=1000,
                    duration_ms=length,
                    facts={},
                    state="ready" if ready else "queued",
                    attempt=1,
                    version=1 if ready else 0,
                    renditions=[],
                    created_at=now,
                )
                session.add(media)
                session.flush()
                media_id = media.id
            row = Lesson(
                course_id=course.id,
                kind=kind,
                title=f"Lesson {position}",
                body="Some words to read." if kind == "reading" else "",
                media_id=media_id,
                length_ms=length,
                position=position,
            )
            session.add(row)
            session.flush()
            ids.append(row.id)
        asked = []
        for position, question in enumerate(quiz, 1):
            body = {k: v for k, v in question.items() if k != "kind"}
            question_id = questions.create(kind=question["kind"], body=body, author_id=author_id)
            session.add(
                CourseQuestion(course_id=course.id, question_id=question_id, position=position)
            )
            asked.append(question_id)
        return Made(course.id, course.slug, ids, asked)


class Time:
    """A clock that tests move; put it in place with `core.clock.use(time)`."""

    def __init__(self) -> None:
        self.moment = datetime(2026, 3, 2, 2, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.moment

    def go_on(self, seconds: float) -> None:
        self.moment += timedelta(seconds=seconds)


class Player:
    """What the page of a lesson does: opens a visit and reports spans. Times in seconds."""

    def __init__(self, client: FlaskClient, course: Made, lesson: int | None = None) -> None:
        self.client = client
        self.headers = {**csrf(client), "Accept": "application/json"}
        self.course = course
        self.lesson = lesson or course.lesson
        self.state: dict = {}

    def open(self, status: int = 201, **more: object) -> dict:
        answer = self.client.post(
            "/learning/visits",
            json={"course": self.course.slug, "lesson": self.lesson, **more},
            headers=self.headers,
        )
        assert answer.status_code == status, answer.get_data(as_text=True)
        if status == 201:
            self.state = answer.get_json()
        return answer.get_json()

    def body(self, *spans: tuple[float, float], rate: float = 1, **fields: object) -> dict:
        """A report as it would be sent now."""
        return {
            "token": self.state["token"],
            "seq": self.state["seq"],
            "spans": [[round(a * 1000), round(b * 1000), rate] for a, b in spans],
            "position": round(spans[-1][1] * 1000) if spans else 0,
            **fields,
        }

    def send(self, body: object, visit: int | None = None):
        return self.client.post(
            f"/learning/visits/{visit or self.state['visit']}/spans",
            json=body,
            headers=self.headers,
        )

    def report(self, *spans: tuple[float, float], rate: float = 1, **fields: object) -> dict:
        answer = self.send(self.body(*spans, rate=rate, **fields))
        assert answer.status_code == 200, answer.get_data(as_text=True)
        self.state = answer.get_json()
        return self.state

    def seen(self) -> float:
        """Seconds known to be seen after the last answer."""
        return sum(b - a for a, b in self.state["seen"]) / 1000


def watch(player: Player, time: Time, start: float, end: float, rate: float = 1) -> None:
    """Watch from `start` to `end` like an honest player: a report every ten seconds."""
    if not player.state:
        player.open()
    at = start
    while at < end:
        step = min(10 * rate, end - at)
        time.go_on(step / rate)
        player.report((at, at + step), rate=rate)
        at += step


__all__ = [
    "MINUTE",
    "Made",
    "Player",
    "Time",
    "clock",
    "make_course",
    "multiple",
    "single",
    "truefalse",
    "watch",
]
