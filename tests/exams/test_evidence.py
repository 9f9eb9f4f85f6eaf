"""Answers that did not count: sealed packages of devices without a connection, and deciding."""

from __future__ import annotations

import hmac
import io
import json
from datetime import timedelta

import pytest
from flask import Flask

from app.core.db import db
from app.exams import rules
from app.exams.models import Evidence, ExamEvent
from app.points import queries as points
from tests.exams.examiner import Candidate, Desk, make_exam
from tests.factories import People
from tests.learning.lessons import Time


@pytest.fixture(autouse=True)
def _still(time: Time) -> None:
    """Every test has a clock that stands still until it is moved."""


@pytest.fixture
def desk(people: People, trainer: int) -> Desk:
    return Desk(people, trainer)


@pytest.fixture
def taker(app: Flask, people: People, trainer: int) -> Candidate:
    taker = Candidate(people, make_exam(app, trainer))
    taker.start()
    return taker


def package(taker: Candidate, answers: dict[int, list[str]], *, key: str = "") -> dict:
    """What js/exams/shelf.js makes."""
    key = key or rules.seal_key(taker.app.secret_key, taker.attempt, taker.row().seed)
    entries = []
    for item, names in answers.items():
        said = json.dumps(
            {
                "attempt": str(taker.attempt),
                "item": str(item),
                "entries": [[f"q{item}", name] for name in names],
                "left_ms": 42_000,
            }
        )
        mac = hmac.new(bytes.fromhex(key), said.encode(), "sha256").hexdigest()
        entries.append({"said": said, "mac": mac})
    return {"attempt": str(taker.attempt), "entries": entries}


def bring(taker: Candidate, sent: object):
    return taker.client.post(
        f"/attempts/{taker.attempt}/sealed",
        json=sent,
        headers={**taker.headers, "Accept": "application/json"},
    )


def end(taker: Candidate, time: Time) -> None:
    time.go_on(3720)
    taker.client.post(f"/attempts/{taker.attempt}/finish", headers=taker.headers)


def kept(app: Flask) -> list[Evidence]:
    with app.app_context():
        found = db.session.query(Evidence).all()
        db.session.expunge_all()
        db.session.rollback()
    return found


def test_a_sealed_package_is_kept_and_counts_only_when_somebody_decides_so(
    app: Flask, taker: Candidate, desk: Desk, time: Time
) -> None:
    sent = package(taker, taker.right())
    end(taker, time)
    assert taker.row().score == 0
    assert bring(taker, sent).json == {"kept": True}
    assert taker.row().score == 0
    page = desk.get(f"/{taker.exam.id}/room/{taker.attempt}")
    assert "The seal is whole." in page
    assert "42 seconds left" in page
    (row,) = kept(app)
    path = f"/{taker.exam.id}/room/{taker.attempt}/kept/{row.id}"
    desk.post(path, reason=" ")
    assert taker.row().score == 0
    desk.post(path, reason="The network of the room failed")
    after = taker.row()
    assert (after.score, after.passed, after.state) == (3, True, "submitted")
    with app.app_context():
        assert points.total(taker.member) == 10
        acts = [e.act for e in db.session.query(ExamEvent).order_by(ExamEvent.id)]
        db.session.rollback()
    assert acts[-2:] == ["brought", "count"]
    assert desk.post(path, reason="again").status_code == 404


def test_a_changed_package_is_kept_with_a_broken_seal(
    app: Flask, taker: Candidate, desk: Desk, time: Time
) -> None:
    sent = package(taker, taker.right(), key="00" * 32)
    end(taker, time)
    assert bring(taker, sent).status_code == 200
    assert "Without a whole seal" in desk.get(f"/{taker.exam.id}/room/{taker.attempt}")


def test_the_same_package_twice_is_kept_once_and_nothing_new_is_not_kept(
    app: Flask, taker: Candidate, time: Time
) -> None:
    right = taker.right()
    taker.save(right)
    same, new = package(taker, right), package(taker, taker.wrong())
    end(taker, time)
    assert bring(taker, same).json == {"kept": False}
    assert bring(taker, new).json == {"kept": True}
    assert bring(taker, new).json == {"kept": False}
    assert len(kept(app)) == 1


def test_an_open_attempt_takes_no_package_and_an_old_one_none_any_more(
    app: Flask, people: People, taker: Candidate, time: Time
) -> None:
    sent = package(taker, taker.right())
    assert bring(taker, sent).status_code == 409
    end(taker, time)
    time.go_on(8 * 86_400)
    taker = Candidate(people, taker.exam, taker.member)
    assert bring(taker, sent).status_code == 422
    assert kept(app) == []


@pytest.mark.parametrize(
    "sent",
    [
        None,
        [],
        {},
        {"entries": []},
        {"entries": [{"said": "{}", "mac": ""}]},
        {"entries": [{"said": "[" * 20_000, "mac": ""}]},
        {"entries": [{"said": 5, "mac": None}]},
        {"entries": [{"said": '{"attempt": "1", "item": "1e999", "entries": []}', "mac": "é"}]},
        {"entries": [{"said": "x" * 40_000, "mac": ""}]},
    ],
)
def test_what_is_no_package_is_refused(taker: Candidate, time: Time, sent: object) -> None:
    end(taker, time)
    assert bring(taker, sent).status_code == 422


@pytest.mark.parametrize(
    "text", ["", "{", "[" * 200_000, '{"entries":' * 50_000, "NaN", '"\\ud800"']
)
def test_what_is_no_json_is_refused(taker: Candidate, time: Time, text: str) -> None:
    end(taker, time)
    answer = taker.client.post(
        f"/attempts/{taker.attempt}/sealed",
        data=text,
        content_type="application/json",
        headers=taker.headers,
    )
    assert answer.status_code == 422


def test_half_a_character_in_an_answer_is_refused(app: Flask, taker: Candidate, time: Time) -> None:
    sent = package(taker, {next(iter(taker.right())): ["\ud800"]})
    endless = json.loads(json.dumps(sent))
    endless["entries"][0]["said"] = f'{{"attempt": {taker.attempt}, "item": 1e999, "entries": []}}'
    end(taker, time)
    assert bring(taker, sent).status_code == 422
    assert bring(taker, endless).status_code == 422
    assert kept(app) == []


def test_packages_and_decisions_of_others_are_not_there(
    app: Flask, people: People, taker: Candidate, desk: Desk, time: Time
) -> None:
    sent = package(taker, taker.right())
    other = Candidate(people, taker.exam)
    other.start()
    end(taker, time)
    path = f"/attempts/{taker.attempt}/sealed"
    headers = {**other.headers, "Accept": "application/json"}
    assert other.client.post(path, json=sent, headers=headers).status_code == 404
    # Another attempt's package is none of this one's.
    end(other, time)
    assert bring(other, sent).status_code == 422
    bring(taker, sent)
    (row,) = kept(app)
    wrong_seat = f"/{taker.exam.id}/room/{other.attempt}/kept/{row.id}"
    assert desk.post(wrong_seat, reason="x").status_code == 404
    assert taker.row().score == 0


def test_the_invigilator_brings_a_file(
    app: Flask, taker: Candidate, desk: Desk, time: Time
) -> None:
    sent = json.dumps(package(taker, taker.right())).encode()
    end(taker, time)
    path = f"/{taker.exam.id}/room/{taker.attempt}/sealed"
    desk.post(path, package=(io.BytesIO(b"\xff no file"), "x.json"))
    assert kept(app) == []
    desk.post(path, package=(io.BytesIO(sent), "answers.json"))
    assert len(kept(app)) == 1
    assert timedelta(milliseconds=kept(app)[0].told["left_ms"]) == timedelta(seconds=42)
