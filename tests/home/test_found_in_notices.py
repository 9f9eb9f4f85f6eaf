"""The search page answers from the reader's own notices, and from nobody else's."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app.core.db import unit_of_work
from app.notices import service as notices
from app.search import service as search
from tests.factories import People, csrf


@pytest.fixture
def tell(app: Flask) -> Callable[..., None]:
    def telling(member: int, title: str, body: str = "", kind: str = "exam") -> None:
        with app.app_context(), unit_of_work():
            notices.tell(
                [member], kind=kind, title=title, body=body, address="/exams", once_key=title
            )

    return telling


def found(client: FlaskClient, text: str) -> str:
    answer = client.get("/search/notices", query_string={"q": text})
    assert answer.status_code == 200
    return answer.get_data(as_text=True).replace("<mark>", "").replace("</mark>", "")


ANSWERS = {
    "消防考试": True,
    "消防考試": True,
    "考": True,
    "ladders": True,  # by its stem
    "ladd*": True,
    "title:消防": True,
    "title:ladder": False,
    '"use the ladder"': True,
    '"the ladder use"': False,
    "消防 -ladder": False,
    "消防 潜水": False,
    "消防 kind:course": False,
    "测验": True,  # as the organisation says it
    "": False,
    '"': False,
    "%": False,
    "x" * 10_000: False,
}


def test_a_notice_is_found_as_other_things_are(
    app: Flask, people: People, tell: Callable[..., None]
) -> None:
    member = people.member()
    tell(member, "消防考试的成绩出来了", "You may use the ladder <b>now</b>.")
    with app.app_context(), unit_of_work():
        search.keep_words("考试 = 测验", by=member)
    client = people.client(member)
    for query, answers in ANSWERS.items():
        text = found(client, query)
        assert ("消防考试" in text) == answers, query
        assert "<b>" not in text


def test_nobody_else_finds_a_notice_not_even_an_administrator(
    people: People, tell: Callable[..., None]
) -> None:
    member = people.member()
    tell(member, "Your secret mark")
    assert "secret" in found(people.client(member), "secret")
    for other in (people.member(), people.member(role="administrator")):
        client = people.client(other)
        assert found(client, "secret").strip() == ""
        for path in ("/search?q=secret", "/search/suggest?q=secr"):
            assert "mark" not in client.get(path).get_data(as_text=True).partition("<main")[2]


def test_the_page_asks_for_them_and_opening_one_marks_it_read(
    people: People, tell: Callable[..., None]
) -> None:
    member = people.member()
    for number in range(5):
        tell(
            member,
            f"Ladder {number}",
            kind=("exam", "points", "search", "community", "report")[number],
        )
    client = people.client(member)
    assert "/search/notices?q=ladder" in client.get("/search?q=ladder").get_data(as_text=True)
    text = found(client, "ladder")
    assert text.count("<form") == 5
    assert "2 more" in text
    path = text.partition('action="')[2].partition('"')[0]
    opened = client.post(path, headers=csrf(client))
    assert (opened.status_code, opened.headers["Location"]) == (303, "/exams")
