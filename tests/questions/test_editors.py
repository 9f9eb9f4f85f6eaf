"""The editors of all kinds, through URLs: written, stored, shown again as they were written."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app.questions import queries, types
from tests.factories import People, csrf

FORMS: dict[str, tuple[dict[str, str], dict[str, Any]]] = {
    "short": (
        {
            "answers-0-text": "Beijing",
            "answers-1-text": "Peking",
            "answers-1-worth": "50 %",
            "answers-1-feedback": "An old name.",
            "typos": "1",
        },
        {
            "answers": [
                {"text": "Beijing", "fraction": "1"},
                {"text": "Peking", "fraction": "0.5", "feedback": "An old name."},
            ],
            "case": False,
            "typos": 1,
        },
    ),
    "numeric": (
        {
            "answers-0-text": "1.5 ± 0.1",
            "answers-1-text": "1..2",
            "answers-1-worth": "50",
            "units": "kg\ng = 0.001",
            "unit_required": "y",
        },
        {
            "answers": [
                {"value": "1.5", "tolerance": "0.1", "fraction": "1"},
                {"low": "1", "high": "2", "fraction": "0.5"},
            ],
            "units": [{"text": "kg", "factor": "1"}, {"text": "g", "factor": "0.001"}],
            "unit_required": True,
        },
    ),
    "blanks": (
        {"stem": "The capital is [[Beijing|Peking]].", "any_order": "y"},
        {
            "stem": "The capital is [[Beijing|Peking]].",
            "case": False,
            "typos": 0,
            "any_order": True,
        },
    ),
    "cloze": (
        {"stem": "Either [[=this|that]] or [[it]].", "case": "y"},
        {"stem": "Either [[=this|that]] or [[it]].", "case": True, "typos": 0},
    ),
    "matching": (
        {
            "pairs-0-left": "cat",
            "pairs-0-right": "mammal",
            "pairs-1-left": "cod",
            "pairs-1-right": "fish",
            "extra": "bird\n\n",
        },
        {
            "pairs": [{"left": "cat", "right": "mammal"}, {"left": "cod", "right": "fish"}],
            "extra": ["bird"],
        },
    ),
    "ordering": (
        {"items": "one\ntwo\nthree", "marking": "neighbours"},
        {"items": ["one", "two", "three"], "marking": "neighbours"},
    ),
    "essay": (
        {
            "answer": "It says why.",
            "rubric-0-text": "clear",
            "rubric-0-share": "25",
            "rubric-1-text": "true",
            "rubric-1-share": "75",
        },
        {
            "answer": "It says why.",
            "rubric": [{"text": "clear", "share": "0.25"}, {"text": "true", "share": "0.75"}],
        },
    ),
    "hotspot": (
        {
            "picture": f"/media/images/{'a' * 32}/640.webp",
            "alt": "A plan of the house",
            "find": "1",
            "areas-0-shape": "rect",
            "areas-0-coords": "10, 20, 30, 40",
            "areas-0-text": "the exit",
            "areas-1-shape": "ellipse",
            "areas-1-coords": "50 50 5 5",
            "areas-0-worth": "100",
            "areas-1-worth": "50",
            "areas-1-feedback": "Nearly.",
        },
        {
            "picture": f"/media/images/{'a' * 32}/640.webp",
            "alt": "A plan of the house",
            "find": 1,
            "areas": [
                {"shape": "rect", "coords": "10,20,30,40", "fraction": "1", "text": "the exit"},
                {
                    "shape": "ellipse",
                    "coords": "50,50,5,5",
                    "fraction": "0.5",
                    "feedback": "Nearly.",
                },
            ],
        },
    ),
    "file": (
        {"answer": "It says why.", "endings": "pdf xlsx", "rubric-0-text": "clear"},
        {
            "answer": "It says why.",
            "rubric": [{"text": "clear", "share": "1"}],
            "endings": ["pdf", "xlsx"],
        },
    ),
}
TEXTS = {"stem": "What is it?", "explanation": "So it is.", "material": "Read this first."}


@pytest.fixture
def client(people: People) -> FlaskClient:
    return people.client(people.member("Trainer One", role="trainer"))


@pytest.mark.parametrize("kind", FORMS)
def test_a_question_of_every_kind_is_written_in_the_page(
    app: Flask, client: FlaskClient, kind: str
) -> None:
    sent, stored = FORMS[kind]
    headers = csrf(client)
    answer = client.post(f"/desk/questions/new/{kind}", data=TEXTS | sent, headers=headers)
    assert answer.status_code == 302, answer.get_data(as_text=True)
    with app.app_context():
        found = queries.question(1)
        assert found is not None
        assert found.plain == TEXTS | stored
    page = client.get("/desk/questions/1").get_data(as_text=True)
    assert "Read this first." in page
    # What the page shows, sent again, changes nothing.
    again = client.post("/desk/questions/1", data=TEXTS | sent | {"seen": "1"}, headers=headers)
    assert again.status_code == 302
    with app.app_context():
        assert len(queries.history(1)) == 1
    other = client.get("/desk/questions?q=Beijing" if kind == "short" else "/desk/questions")
    assert 'href="/desk/questions/1"' in other.get_data(as_text=True)


@pytest.mark.parametrize("kind", types.TYPES)
def test_an_empty_editor_comes_back_with_a_sentence(client: FlaskClient, kind: str) -> None:
    assert client.get(f"/desk/questions/new/{kind}").status_code == 200
    data = {"stem": "So?", "typos": "²\n"}  # a choice that no page offers
    answer = client.post(f"/desk/questions/new/{kind}", data=data, headers=csrf(client))
    if kind in {"essay", "file"}:  # need nothing but its question
        assert answer.status_code == 302
        return
    assert answer.status_code == 422
    assert "field-error" in answer.get_data(as_text=True)


@pytest.mark.parametrize(
    ("kind", "row"),
    [("short", "answers-3-text"), ("matching", "pairs-4-left"), ("essay", "rubric-3-text")],
)
def test_more_rows_come_without_a_script(client: FlaskClient, kind: str, row: str) -> None:
    data = TEXTS | FORMS[kind][0] | {"more": "1"}
    answer = client.post(f"/desk/questions/new/{kind}", data=data, headers=csrf(client))
    assert f'name="{row}"' in answer.get_data(as_text=True)


def test_a_gap_is_never_put_into_a_tag(client: FlaskClient) -> None:
    stem = '![[[1]]](https://example.org/x.png "[[1]]") [[onerror=alert(1)]]'
    client.post("/desk/questions/new/blanks", data={"stem": stem}, headers=csrf(client))
    page = client.get("/desk/questions/1").get_data(as_text=True)
    assert 'alt="<' not in page
    assert 'title="<' not in page
