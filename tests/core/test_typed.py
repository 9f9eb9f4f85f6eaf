"""Signs that nobody sees, in whatever is typed or sent: gone before anything is kept."""

from __future__ import annotations

import io

import pytest
from docx import Document
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import update

from app.core.db import unit_of_work
from app.questions import queries
from app.questions.models import QuestionTag
from tests.factories import People, csrf

UNSEEN = "\x00\x01\x08\x0b\x0c\x1f\x7f\ufdd0\ufffe\uffff"


@pytest.fixture
def client(people: People) -> FlaskClient:
    client = people.client(people.member(role="trainer"))
    client.environ_base.update(
        {f"HTTP_{k.upper().replace('-', '_')}": v for k, v in csrf(client).items()}
    )
    return client


def test_a_typed_name_has_no_sign_that_nobody_sees(app: Flask, client: FlaskClient) -> None:
    path = "/desk/questions/categories"
    assert client.post(path, data={"name": UNSEEN}).status_code == 422
    client.post(path, data={"name": f"Fire{UNSEEN}exits\t\u202e😀"})
    with app.app_context():
        (made,) = queries.categories()
    assert made.name == "Fire exits \u202e😀"


@pytest.mark.parametrize(
    "path", ["/answers/files/a%00b", "/courses/%00", "/search/like/course/%01", "/%EF%BF%BF"]
)
def test_no_address_has_one(client: FlaskClient, path: str) -> None:
    assert client.get(path).status_code == 404


def test_what_is_asked_for_in_an_address_has_none(client: FlaskClient) -> None:
    assert client.get("/search?q=%00%01fire%EF%BF%BE").status_code == 200


YAML = r"""# weike-questions: 1
questions:
  - kind: single
    stem: "Fire\x00\uFFFE?\uD800"
    options: [{text: "Water\x01", fraction: 1}, {text: "\x1fSand", fraction: 0}]
    tags: ["a\x00b"]
    category: "Safety\x0b/Fire\x0c"
    source: "Page\x02 3"
"""


def test_a_question_from_a_file_has_none_and_goes_into_word(
    app: Flask, client: FlaskClient
) -> None:
    sent = {"file": (io.BytesIO(YAML.encode()), "odd\x01.yaml")}
    answer = client.post("/desk/questions/import", data=sent)
    assert answer.status_code == 303
    assert client.post(f"{answer.location}/take").status_code == 303
    with app.app_context():
        (question,) = queries.questions([1]).values()
        facts = queries.facts([question])[1]
    assert question.body["stem"] == "Fire  ?"
    assert facts["tags"] == ["a b"]
    assert facts["category"] == "Safety/Fire"
    export = client.get("/desk/questions/export/word?sure=1")
    words = [p.text for p in Document(io.BytesIO(export.data)).paragraphs]
    assert any("Fire" in line for line in words)
    # Rows from before may still have some.
    with app.app_context(), unit_of_work() as session:
        session.execute(update(QuestionTag).values(tag="old\x01"))
    assert client.get("/desk/questions/export/word?sure=1").status_code == 200
