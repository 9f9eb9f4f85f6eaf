"""Exams at size: marking and statistics of 5 000 × 100 answers, and marking 5 000 attempts anew.

`python -m bench exams`. Works on a database of its own in a temporary folder.
"""

from __future__ import annotations

import json
import random
import tempfile
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

from flask_migrate import upgrade
from sqlalchemy import insert, update

from app import create_app
from app.core import clock
from app.core.db import db, unit_of_work
from app.core.jobs import run_pending
from app.exams import service
from app.exams.models import Attempt, AttemptItem, ExamSection
from app.exams.queries import book_of, quiz_seen
from app.exams.rules import Action
from app.exams.rules.statistics import statistics
from app.questions import service as bank
from app.questions import types
from app.questions.queries import questions
from tests.conftest import make_config
from tests.factories import People
from tests.learning.lessons import make_course

TAKERS = 5_000
QUESTIONS = 100
ASKED = 10  # questions of the exam that is marked anew


def row(what: str, seconds: float, goal: float) -> dict[str, object]:
    return {"what": what, "ours": round(seconds, 2), "other": None, "ratio": None, "goal": goal}


def single(number: int, right: str = "a") -> dict[str, object]:
    options = [{"text": t, "fraction": "1" if t == right else "0"} for t in "abcd"]
    return {"stem": f"Question {number}?", "explanation": "", "options": options}


def marking(chance: random.Random) -> tuple[list[list[Decimal]], float]:
    body = types.of("single").clean(single(1))
    tokens = types.of("single").options(body)
    answers = [[[chance.choice(tokens)] for _ in range(QUESTIONS)] for _ in range(TAKERS)]
    start = clock.monotonic()
    mark = types.of("single").mark
    marks = [[mark(body, answer) for answer in paper] for paper in answers]
    return marks, clock.monotonic() - start


def regrading(folder: Path) -> tuple[float, float, float]:
    """Seconds for the statistics page's book, and for marking one question of all anew: of an exam
    at once, of a quiz by the worker."""
    app = create_app(make_config(folder))
    with app.app_context():
        upgrade()
    people = People(app)
    author = people.member(role="trainer")
    chance = random.Random(3)
    with app.app_context(), unit_of_work() as session:
        exam_id = service.create(author_id=author, title="Large")
        section = session.query(ExamSection).filter_by(exam_id=exam_id).one().id
        ids = [bank.create(kind="single", body=single(n), author_id=author) for n in range(ASKED)]
        for question_id in ids:
            service.add_question(exam_id, section, question_id, mark=Decimal(1))
        service.publish(exam_id, actor_id=author)
        found = questions(ids)
        now = clock.now()
        from app.members.models import Member

        session.execute(
            insert(Member),
            [
                {
                    "username": f"taker{n}",
                    "name": f"Taker {n}",
                    "branch_id": people.root,
                    "is_active": True,
                    "language": "",
                    "large_type": False,
                    "appearance": "auto",
                    "created_at": now,
                }
                for n in range(TAKERS)
            ],
        )
        members = [
            m for (m,) in session.query(Member.id).filter(Member.username.like("taker%")).all()
        ]
        for number, member in enumerate(members):
            attempt = Attempt(
                member_id=member,
                exam_id=exam_id,
                number=1,
                state="open",
                seed=number,
                pass_percent=60,
                questions=ASKED,
                out_of=Decimal(ASKED),
                started_at=now - timedelta(hours=1),
            )
            session.add(attempt)
            session.flush()
            score = Decimal(0)
            for position, question_id in enumerate(ids, 1):
                question = found[question_id]
                token = chance.choice(types.of("single").options(question.body))
                mark = types.of("single").mark(question.body, [token])
                score += mark
                session.add(
                    AttemptItem(
                        attempt_id=attempt.id,
                        position=position,
                        version_id=question.version_id,
                        options=[[t, t] for t in types.of("single").options(question.body)],
                        response=[token],
                        saved=1,
                        max_mark=Decimal(1),
                        mark=mark,
                    )
                )
            attempt.score, attempt.passed = score, score >= 6
            attempt.submitted_at, attempt.receipt = now, f"R{number}"
            attempt.state, attempt.ended_by = "submitted", "member"
    with app.app_context():
        start = clock.monotonic()
        book_of(exam_id).statistics()
        figures = clock.monotonic() - start
        db.session.rollback()
    with app.app_context(), unit_of_work():
        bank.revise(ids[0], single(0, "b"), author)
    start = clock.monotonic()
    with app.app_context(), unit_of_work():
        service.regrade(exam_id, ids[0], Action.NEW_KEY, actor_id=author, reason="Wrong key")
    exam_s = clock.monotonic() - start
    course = make_course(app, author)
    with app.app_context(), unit_of_work() as session:
        session.execute(update(Attempt).values(exam_id=None, course_id=course.id))
        bank.revise(ids[0], single(0, "c"), author)
    start = clock.monotonic()
    with app.app_context(), unit_of_work():
        how = {"actor_id": author, "reason": "Wrong key"}
        seen = quiz_seen(course.id, questions(ids[:1])[ids[0]])
        service.regrade_quiz(course.id, ids[0], Action.NEW_KEY, seen=seen, **how)
    run_pending(app)
    return figures, exam_s, clock.monotonic() - start


def main() -> None:
    chance = random.Random(1)
    marks, seconds = marking(chance)
    rows = [row("marking 5 000 × 100 answers, s", seconds, 20)]
    start = clock.monotonic()
    statistics(marks, [Decimal(1)] * QUESTIONS)
    rows.append(row("statistics of 5 000 × 100 marks, s", clock.monotonic() - start, 20))
    with tempfile.TemporaryDirectory() as folder:
        figures, again, quiz = regrading(Path(folder))
    rows.append(row("statistics of an exam of 5 000 attempts from the database, s", figures, 20))
    rows.append(row("regrade of 5 000 attempts, s", again, 30))
    rows.append(row("regrade of 5 000 attempts at a quiz, by the worker, s", quiz, 30))
    for each in rows:
        print(f"{each['what']:<64} {each['ours']:>8}   goal {each['goal']}")
    print(json.dumps({"name": "exams", "rows": rows}, ensure_ascii=False))


if __name__ == "__main__":
    main()
