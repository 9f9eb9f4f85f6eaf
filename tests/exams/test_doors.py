"""Who may enter an exam: networks, the Safe Exam Browser, seats by name, roles; make-up exams."""

from __future__ import annotations

import hashlib

import pytest
from flask import Flask
from werkzeug.middleware.proxy_fix import ProxyFix

from app.core.db import db
from app.exams import rules
from app.exams.models import ExamEvent, ExamSeat
from app.members.models import Member
from tests.exams.examiner import Candidate, Desk, exam_row, make_exam
from tests.factories import People
from tests.learning.lessons import Time

KEY = "ab" * 32


@pytest.fixture(autouse=True)
def _still(time: Time) -> None:
    """Every test has a clock that stands still until it is moved."""


def username(app: Flask, member: int) -> str:
    with app.app_context():
        found = db.session.get_one(Member, member).username
        db.session.rollback()
    return found


def settings(desk: Desk, exam_id: int, **changed: object):
    fields = {
        "title": "Fire safety",
        "minutes": "60",
        "attempts_allowed": "1",
        "delay_minutes": "0",
        "apart_percent": "10",
        "wrong_costs": "0",
        "appeal_days": "7",
        "grace_s": "60",
        "counting": "highest",
        "pass_percent": "60",
        "show_score": "at_once",
        "show_answers": "never",
        "show_explanations": "never",
        "audience": "all",
        **changed,
    }
    return desk.post(f"/{exam_id}/settings", **fields)


def test_an_exam_starts_only_in_its_networks(app: Flask, people: People, trainer: int) -> None:
    exam = make_exam(app, trainer, networks="10.1.0.0/16\n127.0.0.1")
    outside = Candidate(people, exam)
    answer = outside.client.post(
        f"{outside.door}/start", headers=outside.headers, environ_base={"REMOTE_ADDR": "10.2.0.1"}
    )
    assert answer.status_code == 422
    assert "10.2.0.1" in answer.text
    assert outside.start().status_code == 303


@pytest.mark.parametrize(
    ("proxies", "forwarded", "starts"),
    [
        (0, "10.1.2.3", False),  # nobody stands in front: what a browser says of itself is nothing
        (1, "10.1.2.3", True),
        (1, "10.1.2.3, 10.2.0.1", False),  # only the last word is the proxy's
        (1, "10.2.0.1, 10.1.2.3", True),
        (2, "10.1.2.3, 192.0.2.1", True),
        (2, "10.1.2.3", False),  # too few words: the door asks who really knocks
        (1, "nonsense", False),
    ],
)
def test_behind_proxies_only_the_word_of_the_proxies_counts(
    app: Flask, people: People, trainer: int, proxies: int, forwarded: str, starts: bool
) -> None:
    exam = make_exam(app, trainer, networks="10.1.0.0/16")
    taker = Candidate(people, exam)
    if proxies:
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=proxies)  # as create_app does by its settings
    answer = taker.client.post(
        f"{taker.door}/start", headers={**taker.headers, "X-Forwarded-For": forwarded}
    )
    assert answer.status_code == (303 if starts else 422)


def test_going_on_from_another_network_is_written_down_and_not_stopped(
    app: Flask, people: People, trainer: int
) -> None:
    taker = Candidate(people, make_exam(app, trainer, networks="127.0.0.1"))
    taker.start()
    for _ in range(2):
        answer = taker.client.post(
            f"/attempts/{taker.attempt}/answers",
            data={"away": "0"},
            headers={**taker.headers, "Accept": "application/json"},
            environ_base={"REMOTE_ADDR": "10.9.9.9"},
        )
        assert answer.status_code == 200
    with app.app_context():
        moved = db.session.query(ExamEvent).filter_by(act="moved").all()
        assert [e.facts for e in moved] == [{"before": "127.0.0.1", "address": "10.9.9.9"}]
        db.session.rollback()


@pytest.mark.parametrize("header", ["ConfigKeyHash", "RequestHash"])
def test_the_safe_exam_browser_proves_its_key_for_the_address_it_asks(
    app: Flask, people: People, trainer: int, header: str
) -> None:
    exam = make_exam(app, trainer, safe_keys=KEY.upper())
    taker = Candidate(people, exam)
    base = app.extensions["weike"].base_url.rstrip("/")

    def proof(path: str, key: str = KEY) -> dict[str, str]:
        said = hashlib.sha256(f"{base}{path}{key}".encode()).hexdigest()
        return {**taker.headers, f"X-SafeExamBrowser-{header}": said}

    start = f"{taker.door}/start"
    for headers in (
        taker.headers,
        proof("/elsewhere"),
        proof(start, "cd" * 32),
        {**taker.headers, f"X-SafeExamBrowser-{header}": "é"},
    ):
        refused = taker.client.post(start, headers=headers)
        assert refused.status_code == 422
        assert "Safe Exam Browser" in refused.text
    assert taker.client.post(start, headers=proof(start)).status_code == 303
    page = f"/attempts/{taker.attempt}/paper"
    other = Candidate(people, exam, taker.member)  # another browser of theirs
    assert other.client.get(page).status_code == 422
    opened = other.client.get(page, headers=proof(page))
    assert opened.status_code == 200
    assert KEY not in opened.text


def test_a_safe_exam_browser_without_headers_proves_its_key_for_the_page(
    app: Flask, people: People, trainer: int
) -> None:
    exam = make_exam(app, trainer, safe_keys=KEY)
    taker = Candidate(people, exam)
    base = app.extensions["weike"].base_url.rstrip("/")

    def told(path: str, key: str = KEY) -> dict[str, str]:
        said = hashlib.sha256(f"{base}{path}{key}".encode()).hexdigest()
        return {"safe_page": f"{base}{path}", "safe_config": said, "safe_exam": ""}

    door = told(taker.door)
    assert "safe_page" in taker.client.get(taker.door).text
    for wrong in (
        told(taker.door, "cd" * 32),
        told("/elsewhere"),
        {**door, "safe_page": f"{base}/exams/{exam.id + 1}"},
        {**door, "safe_page": f"https://other.example{taker.door}"},
    ):
        assert taker.start(**wrong).status_code == 422
    assert taker.start(**door).status_code == 303
    right = taker.right()
    # Another browser of the same member neither sees the paper nor changes anything in it.
    other = Candidate(people, exam, taker.member)
    assert other.start().status_code == 422
    asks = other.client.get(f"/attempts/{taker.attempt}/paper")
    assert asks.status_code == 422
    assert 'id="paper"' not in asks.text
    assert other.save(right).status_code == 422
    assert other.submit(right).status_code == 422
    assert not any(item.response for item in taker.items())
    paper = told(f"/attempts/{taker.attempt}/paper")
    assert other.save(right, **paper).status_code == 200
    assert other.start(**paper).status_code == 303
    assert other.client.get(f"/attempts/{taker.attempt}/paper").status_code == 200
    assert other.submit(right).status_code == 303


def test_who_is_on_the_list_sees_the_exam_and_where_they_sit(
    app: Flask, people: People, trainer: int
) -> None:
    exam = make_exam(app, trainer, publish=False)
    desk = Desk(people, trainer)
    seated, other = Candidate(people, exam, people.member("Anna Li")), Candidate(people, exam)
    name = username(app, seated.member)
    saved = settings(desk, exam.id, audience="seats", seats=f"{name.upper()}  A12\n\n")
    assert saved.status_code == 302
    assert desk.post(f"/{exam.id}/publish").status_code == 303
    assert "A12" in seated.client.get(seated.door).text
    assert other.client.get(other.door).status_code == 404
    assert other.start().status_code == 404
    assert "Anna Li" not in desk.get(f"/{exam.id}/room/list")
    assert "Anna Li" in desk.get(f"/{exam.id}/room/list?only=absent")
    seated.start()
    assert "A12" in desk.get(f"/{exam.id}/room/list")
    assert "Anna Li" not in desk.get(f"/{exam.id}/room/list?only=absent")
    assert f"{name} A12" in desk.get(f"/{exam.id}/settings")


def test_a_list_with_an_unknown_name_changes_nothing(
    app: Flask, people: People, trainer: int
) -> None:
    exam = make_exam(app, trainer, publish=False)
    desk = Desk(people, trainer)
    refused = settings(desk, exam.id, audience="seats", seats="nobody.at.all A1")
    assert refused.status_code == 422
    assert "nobody.at.all" in refused.text
    with app.app_context():
        assert db.session.query(ExamSeat).count() == 0
        db.session.rollback()


@pytest.mark.parametrize(
    ("field", "value", "sentence"),
    [
        ("networks", "10.1.0.0/99", "is no network"),
        ("networks", "<script>", "is no network"),
        ("safe_keys", "short", "is no key"),
    ],
)
def test_bad_doors_are_named(
    app: Flask, people: People, trainer: int, field: str, value: str, sentence: str
) -> None:
    exam = make_exam(app, trainer, publish=False)
    answer = settings(Desk(people, trainer), exam.id, **{field: value})
    assert answer.status_code == 422
    assert sentence in answer.text
    assert "<script>“" not in answer.text


def test_an_exam_for_a_role_is_not_there_for_others(
    app: Flask, people: People, trainer: int
) -> None:
    exam = make_exam(app, people.member(role="administrator"), for_role="trainer")
    member = Candidate(people, exam)
    assert member.client.get(member.door).status_code == 404
    assert people.client(trainer).get(member.door).status_code == 200


def test_a_make_up_exam_is_for_those_who_missed_it_or_failed(
    app: Flask, people: People, trainer: int
) -> None:
    branch = people.branch()
    exam = make_exam(app, trainer, branches=[branch])
    passed, failed, missed = (
        Candidate(people, exam, people.member(branch=branch)) for _ in range(3)
    )
    passed.start()
    passed.submit(passed.right())
    failed.start()
    failed.submit()
    desk = Desk(people, trainer)
    made = desk.post(f"/{exam.id}/make-up")
    new = int(made.headers["Location"].split("/")[-2])
    assert exam_row(app, new).makes_up_for == exam.id
    with app.app_context():
        seats = {row.member_id for row in db.session.query(ExamSeat).filter_by(exam_id=new)}
        db.session.rollback()
    assert seats == {failed.member, missed.member}
    desk.post(f"/{new}/publish")
    assert missed.client.get(f"/exams/{new}").status_code == 200
    assert passed.client.get(f"/exams/{new}").status_code == 404


def test_large_type_watermark_and_full_screen_are_on_the_paper(
    app: Flask, people: People, trainer: int
) -> None:
    taker = Candidate(people, make_exam(app, trainer, watermark=True, full_screen=True))
    Desk(people, trainer).post(
        f"/{taker.exam.id}/room/accommodations",
        username=username(app, taker.member),
        large_type="1",
    )
    taker.start()
    page = taker.page()
    assert "paper-large" in page
    assert 'class="watermark"' in page
    assert "full-screen" in page


@pytest.mark.parametrize(
    ("address", "found"),
    [
        ("10.1.2.3", True),
        ("10.2.2.3", False),
        ("::ffff:10.1.2.3", True),
        ("fd00::1", True),
        ("not an address", False),
        ("", False),
    ],
)
def test_addresses_and_networks(address: str, found: bool) -> None:
    assert rules.is_inside(address, "10.1.0.0/16\nfd00::/8") is found
