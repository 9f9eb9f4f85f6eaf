"""Questions of the bank are found by those who write some, and betrayed to nobody else."""

from __future__ import annotations

import io
from collections.abc import Callable

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app.core.jobs import run_pending
from tests.factories import People, csrf

STEM = "Where does the zeppelin 飞艇 land?"
PLACES = (
    "/search?q=zeppelin",
    "/search?q=飛艇",
    "/search?q=zeplin",  # corrected
    "/search?q=kind:question",
    "/search/suggest?q=zepp",
    "/search/suggest?q=feiting",
    "/search/like/question/1",
)


@pytest.fixture
def writer(app: Flask, people: People) -> FlaskClient:
    client = people.client(people.member(role="trainer"))
    form = {"stem": STEM, "answers-0-text": "On the mast"}
    answer = client.post("/desk/questions/new/short", data=form, headers=csrf(client))
    assert answer.status_code == 302
    run_pending(app)
    return client


def page(client: FlaskClient, path: str) -> str:
    answer = client.get(path)
    assert answer.status_code == 200
    return answer.get_data(as_text=True)


def test_a_question_is_found_by_whoever_writes_questions(
    app: Flask, people: People, writer: FlaskClient
) -> None:
    boss = people.client(people.member(role="administrator"))
    another = people.client(people.member(role="trainer", branch=people.branch()))
    for client in (writer, another, boss):
        assert "/desk/questions/1" in page(client, "/search?q=飛艇")
        assert "/desk/questions/1" in page(client, "/search?q=mast")
    assert "zeppelin" in page(another, "/search/suggest?q=zepp")


@pytest.mark.parametrize("path", PLACES)
@pytest.mark.parametrize("damaged", [False, True], ids=["index", "without index"])
def test_nobody_else_learns_that_there_is_one(
    people: People,
    writer: FlaskClient,
    lose_index: Callable[[], None],
    path: str,
    damaged: bool,
) -> None:
    if damaged:
        lose_index()
    organizes = people.branch()
    for member in (people.member(), people.member(branch=organizes, organizes=organizes)):
        text = page(people.client(member), path).replace(path.rsplit("=", maxsplit=1)[-1], "")
        shown = text.partition("<main")[2] or text
        for betrayed in ("/desk/questions", "zeppelin", "飞艇", "飛艇", "Questions"):
            assert betrayed not in shown


def test_a_question_follows_its_versions_its_category_and_its_end(
    app: Flask, people: People, writer: FlaskClient
) -> None:
    def does(path: str, **data: str) -> None:
        answer = writer.post(path, data=data, headers=csrf(writer))
        assert answer.status_code in {302, 303}, answer.get_data(as_text=True)
        run_pending(app)

    does("/desk/questions/1", **{"stem": "Where does the balloon land?", "answers-0-text": "Here"})
    assert "/desk/questions/1" not in page(writer, "/search?q=zeppelin")
    does("/desk/questions/categories", name="Airships")
    does("/desk/questions/1/sort", category="1", state="ready")
    assert "/desk/questions/1" in page(writer, "/search?q=collection:airships")
    does("/desk/questions/categories/1", name="Balloons")
    assert "/desk/questions/1" in page(writer, "/search?q=collection:balloons")
    does("/desk/questions/1/sort", category="1", state="retired")
    assert "/desk/questions/1" not in page(writer, "/search?q=balloon")
    said = app.test_cli_runner().invoke(args=["questions", "reindex"]).output
    assert said.startswith("1 questions")


def test_questions_from_a_file_are_found(app: Flask, people: People, writer: FlaskClient) -> None:
    paper = "::Gondola:: What hangs below? {=A gondola ~An anchor}"
    file = (io.BytesIO(paper.encode()), "paper.gift")
    opened = writer.post("/desk/questions/import", data={"file": file}, headers=csrf(writer))
    address = opened.headers["Location"]
    taken = writer.post(f"{address}/take", data={}, headers=csrf(writer))
    assert taken.status_code in {302, 303}
    run_pending(app)
    assert "/desk/questions/2" in page(writer, "/search?q=gondola")
