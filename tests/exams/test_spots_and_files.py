"""Places on pictures and files as answers: without a script, forged, marked by a person."""

from __future__ import annotations

import re
from decimal import Decimal
from io import BytesIO
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app.core.db import db
from app.core.refusals import NoRoom
from app.exams.models import AttemptItem
from app.questions.drawer import Drawer
from app.questions.rules import LARGEST_FILE, AnswerFileTooLarge
from tests.exams.examiner import Candidate, make_exam
from tests.factories import People, csrf

HOTSPOT = {
    "kind": "hotspot",
    "stem": "Where is the exit?",
    "picture": f"/media/images/{'a' * 32}/640.webp",
    "alt": "A plan",
    "areas": [{"coords": "61.3,10,72.9,30", "text": "CANARY-EXIT", "feedback": "CANARY-YES"}],
}
FILE = {"kind": "file", "stem": "Send your plan.", "answer": "CANARY-PLAN", "endings": ["pdf"]}
PDF = b"%PDF-1.7 the plan of the house"


@pytest.fixture
def taker(app: Flask, people: People, trainer: int) -> Candidate:
    return Candidate(people, make_exam(app, trainer, [HOTSPOT, FILE]))


def paper(taker: Candidate) -> tuple[str, str, int, str, int]:
    """(page, address of the attempt, hot spot's item, name of its point, file's item)."""
    answer = taker.start()
    address = re.sub(r"https?://[^/]+", "", answer.headers["Location"]).split("?")[0]
    page = taker.client.get(address).get_data(as_text=True)
    spot = re.search(r'name="q(\d+)\.(\w+)"', page)
    sent = re.search(r'type="file" name="q(\d+)"', page)
    assert spot is not None
    assert sent is not None
    attempt = re.search(r'data-save="([^"]+)/answers"', page)
    assert attempt is not None
    return page, attempt.group(1), int(spot.group(1)), spot.group(2), int(sent.group(1))


def stored(app: Flask, item: int) -> AttemptItem:
    with app.app_context():
        row = db.session().get_one(AttemptItem, item)
        db.session().expunge(row)
        return row


def send(client: FlaskClient, data: bytes, name: str) -> str:
    answer = client.post(
        "/answers/files",
        data={"file": (BytesIO(data), name)},
        headers=csrf(client) | {"Accept": "application/json"},
        content_type="multipart/form-data",
    )
    assert answer.status_code == 200, answer.get_data(as_text=True)
    return str(answer.json["answer"])


def test_a_paper_tells_nothing_of_the_areas(taker: Candidate) -> None:
    page, *_ = paper(taker)
    assert "CANARY" not in page
    assert "61.3" not in page
    assert 'enctype="multipart/form-data"' in page


def test_both_are_answered_with_a_plain_form_and_a_person_marks_the_file(
    app: Flask, people: People, taker: Candidate, trainer: int
) -> None:
    _, attempt, spot, point, file = paper(taker)
    answer = taker.client.post(
        f"{attempt}/submit",
        data={
            f"q{spot}": "",
            f"q{spot}.{point}": "70, 20",
            f"q{file}": ["", (BytesIO(PDF), "方案 Li Lei.pdf")],
        },
        headers=taker.headers,
        content_type="multipart/form-data",
    )
    assert answer.status_code == 303, answer.get_data(as_text=True)
    assert stored(app, spot).mark == 1
    kept = stored(app, file)
    assert kept.mark is None
    assert kept.response is not None
    token = kept.response[0][:32]
    with taker.client.get(f"/answers/files/{token}") as own:
        assert own.data == PDF
        assert own.headers["Content-Disposition"].startswith("attachment")
        assert own.mimetype == "application/octet-stream"

    marker = people.client(trainer)
    exam = taker.exam
    page = marker.get(f"/desk/exams/{exam.id}/marking/{exam.questions[1]}").get_data(as_text=True)
    address = re.search(r'href="(/desk/exams/\d+/answers/\d+/file)"', page)
    assert address is not None
    assert "Li Lei" not in page
    with marker.get(address.group(1)) as got:
        assert got.data == PDF
        assert "Li" not in got.headers["Content-Disposition"]
    other = people.client(people.member("Trainer Two", role="trainer"))
    assert other.get(address.group(1)).status_code == 404
    assert other.get(f"/answers/files/{token}").status_code == 404
    assert people.client(people.member("Nobody")).get(address.group(1)).status_code in {403, 404}


def test_a_file_that_was_sent_before_is_the_answer(app: Flask, taker: Candidate) -> None:
    _, attempt, spot, point, file = paper(taker)
    said = send(taker.client, PDF, "plan.pdf")
    data = {f"q{file}": ["", said], f"q{spot}.{point}": "0,0"}
    assert taker.client.post(
        f"{attempt}/answers", data=data, headers=taker.headers | {"Accept": "application/json"}
    ).status_code == 200  # fmt: skip
    assert stored(app, file).response == [said]
    again = {f"q{file}": ""}
    taker.client.post(f"{attempt}/answers", data=again, headers=taker.headers)
    assert not stored(app, file).response


def test_the_file_of_another_member_is_no_answer(
    app: Flask, people: People, taker: Candidate
) -> None:
    _, attempt, _, _, file = paper(taker)
    theirs = send(people.client(people.member("Han Meimei")), PDF, "plan.pdf")
    for forged in (theirs, f"{'0' * 32}.pdf plan.pdf", "../../etc/passwd"):
        answer = taker.client.post(
            f"{attempt}/answers", data={f"q{file}": forged}, headers=taker.headers
        )
        assert answer.status_code in {400, 422}
        assert not stored(app, file).response


@pytest.mark.parametrize(
    ("data", "name", "status"),
    [
        (b"", "x.pdf", 422),
        (b"MZ\x90", "x.exe", 422),
        (b"<script>alert(1)</script>", "x.pdf", 422),
        (b"%PDF-1", "../../../x.pdf", 200),
        (b"%PDF-1", "\u202ex" * 300 + ".pdf", 200),
    ],
)
def test_what_is_no_file_of_a_known_kind_is_refused(
    people: People, data: bytes, name: str, status: int
) -> None:
    client = people.client(people.member("Li Lei"))
    answer = client.post(
        "/answers/files",
        data={"file": (BytesIO(data), name)},
        headers=csrf(client) | {"Accept": "application/json"},
        content_type="multipart/form-data",
    )
    assert answer.status_code == status, answer.get_data(as_text=True)[:300]
    if status == 200:
        assert "/" not in answer.json["name"]
        assert answer.json["name"].endswith("pdf")


def test_of_a_form_that_is_refused_no_file_is_left(
    app: Flask, people: People, taker: Candidate
) -> None:
    """Neither of one for the paper of another member, nor of one with a second file that is bad."""
    _, attempt, _, _, file = paper(taker)
    drawer = Drawer(app.extensions["weike"].instance_dir / "answers", reserve=0)

    def post(client: FlaskClient, **files: bytes) -> int:
        sent = {f"q{file}": (BytesIO(PDF), "a.pdf"), f"f{file}": "1"}
        more = {name: (BytesIO(data), "a.pdf") for name, data in files.items()}
        return client.post(
            f"{attempt}/answers",
            data=sent | more,
            headers=csrf(client) | {"Accept": "application/json"},
            content_type="multipart/form-data",
        ).status_code

    assert post(people.client(people.member())) == 404
    assert post(taker.client, q999=b"MZ") == 422
    assert drawer.tokens() == []
    assert post(taker.client) == 200
    assert len(drawer.tokens()) == 1


def test_a_press_beside_the_area_gives_nothing(app: Flask, taker: Candidate) -> None:
    _, attempt, spot, point, _ = paper(taker)
    taker.client.post(f"{attempt}/submit", data={f"q{spot}.{point}": "1, 1"}, headers=taker.headers)
    assert stored(app, spot).mark == Decimal(0)


def test_a_file_that_is_too_large_leaves_nothing_behind(app: Flask, tmp_path: Path) -> None:
    drawer = Drawer(tmp_path, reserve=0)
    with app.app_context(), pytest.raises(AnswerFileTooLarge):
        drawer.put(BytesIO(b"%PDF-" + b"0" * LARGEST_FILE), "x.pdf")
    with app.app_context(), pytest.raises(NoRoom):
        Drawer(tmp_path, reserve=2**62).put(BytesIO(PDF), "x.pdf")
    assert drawer.tokens() == []
