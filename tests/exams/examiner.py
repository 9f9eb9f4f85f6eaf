"""Exams for tests, and members who take them through their pages."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from flask import Flask
from werkzeug.test import TestResponse

from app.core import clock
from app.core.db import db, unit_of_work
from app.exams import service
from app.exams.models import Attempt, AttemptItem, Exam, ExamSection
from app.questions import service as bank
from tests.exams.taker import Item, form_of, read_paper
from tests.factories import People, csrf
from tests.learning.lessons import single, truefalse

QUESTIONS = (
    single("What comes first?", "CANARY-CORRECT-call for help", ("take the lift", "open windows")),
    single("Which number?", "CANARY-CORRECT-112", ("000", "123")),
    truefalse("Boxes may stand on the stairs.", False),
)
WINDOW = timedelta(hours=2)


@dataclass(frozen=True)
class Set:
    """A published exam."""

    id: int
    questions: list[int]


def make_exam(
    app: Flask,
    author: int,
    questions: Sequence[dict | int] = QUESTIONS,
    *,
    marks: Sequence[str] = (),
    publish: bool = True,
    branches: Sequence[int] = (),
    courses: Sequence[int] = (),
    **settings: object,
) -> Set:
    """An exam that is open now for two hours, an hour long; `settings` change that."""
    with app.app_context(), unit_of_work() as session:
        now = clock.now()
        exam_id = service.create(author_id=author, title=str(settings.pop("title", "Fire safety")))
        section = session.query(ExamSection).filter_by(exam_id=exam_id).one().id
        ids = []
        for number, question in enumerate(questions):
            if isinstance(question, int):  # one of the bank
                ids.append(question)
            else:
                body = {k: v for k, v in question.items() if k != "kind"}
                ids.append(bank.create(kind=question["kind"], body=body, author_id=author))
            mark = Decimal(marks[number]) if marks else Decimal(1)
            service.add_question(exam_id, section, ids[-1], mark=mark)
        service.change(
            exam_id,
            actor_id=author,
            branches=branches,
            courses=courses,
            **{
                "opens_at": now - timedelta(minutes=1),
                "closes_at": now + WINDOW,
                "duration_s": 3600,
                "open_to_all": not branches,
                **settings,
            },
        )
        if publish:
            service.publish(exam_id, actor_id=author)
    return Set(exam_id, ids)


class Candidate:
    """A member who takes an exam."""

    def __init__(self, people: People, exam: Set, member: int | None = None) -> None:
        self.exam = exam
        self.app = people.app
        self.member = member or people.member()
        self.client = people.client(self.member)
        self.headers = csrf(self.client)

    @property
    def door(self) -> str:
        return f"/exams/{self.exam.id}"

    def start(self, **fields: str) -> TestResponse:
        return self.client.post(f"{self.door}/start", data=fields, headers=self.headers)

    @property
    def attempt(self) -> int:
        with self.app.app_context():
            found = (
                db.session.query(Attempt.id)
                .filter_by(member_id=self.member, exam_id=self.exam.id)
                .order_by(Attempt.number.desc())
                .first()
            )
            db.session.rollback()
        return found[0]

    def row(self, attempt: int | None = None) -> Attempt:
        with self.app.app_context():
            found = db.session.get(Attempt, attempt or self.attempt)
            db.session.expunge_all()
            db.session.rollback()
        return found

    def items(self) -> list[AttemptItem]:
        with self.app.app_context():
            found = (
                db.session.query(AttemptItem)
                .filter_by(attempt_id=self.attempt)
                .order_by(AttemptItem.position)
                .all()
            )
            db.session.expunge_all()
            db.session.rollback()
        return found

    def page(self) -> str:
        return self.client.get(f"/attempts/{self.attempt}/paper").get_data(as_text=True)

    def paper(self) -> list[Item]:
        return read_paper(self.page())

    def save(self, answers: dict[int, list[str]], **more: str) -> TestResponse:
        return self.client.post(
            f"/attempts/{self.attempt}/answers",
            data={**form_of(answers), **more},
            headers={**self.headers, "Accept": "application/json"},
        )

    def submit(self, answers: dict[int, list[str]] | None = None, **more: str) -> TestResponse:
        return self.client.post(
            f"/attempts/{self.attempt}/submit",
            data={**form_of(answers or {}), **more},
            headers=self.headers,
        )

    def right(self, number: int = 3) -> dict[int, list[str]]:
        """Right answers to the first `number` questions of the page."""
        found = {}
        for item in self.paper()[:number]:
            texts = [t for t in item.options if "CANARY-CORRECT" in t or t == "False"]
            found[item.id] = [item.options[text] for text in texts]
        return found

    def wrong(self) -> dict[int, list[str]]:
        found = {}
        for item in self.paper():
            texts = [t for t in item.options if "CANARY-CORRECT" not in t and t != "False"]
            found[item.id] = [item.options[texts[0]]]
        return found

    def result(self) -> str:
        return self.client.get(f"/attempts/{self.attempt}").get_data(as_text=True)


class Desk:
    """Somebody who makes and supervises exams."""

    def __init__(self, people: People, member: int) -> None:
        self.member = member
        self.client = people.client(member)
        self.headers = csrf(self.client)

    def post(self, path: str, **fields: object) -> TestResponse:
        return self.client.post(f"/desk/exams{path}", data=fields, headers=self.headers)

    def get(self, path: str = "") -> str:
        answer = self.client.get(f"/desk/exams{path}")
        assert answer.status_code == 200, (path, answer.status_code)
        return answer.get_data(as_text=True)


def exam_row(app: Flask, exam_id: int) -> Exam:
    with app.app_context():
        found = db.session.get(Exam, exam_id)
        db.session.expunge_all()
        db.session.rollback()
    return found


def receipt_of(page: str) -> str:
    return re.search(r"<code>(.*?)</code>", page).group(1)


def at(moment: datetime) -> str:
    return moment.isoformat()
