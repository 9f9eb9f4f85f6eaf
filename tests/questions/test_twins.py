"""Questions that look alike are found by the worker, and merged or told apart by people."""

from __future__ import annotations

import random
from itertools import combinations

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app.core import jobs
from app.core.db import unit_of_work
from app.core.jobs import run_pending
from app.members import queries as members
from app.questions import queries, rules, service
from tests.factories import People, csrf

STEM = "发生火灾时，首先应当拨打的报警电话号码是多少？请选择最合适的一项。"


def statement(stem: str) -> dict:
    return {"stem": stem, "answer": True}


class Bank:
    """A bank in which one trainer works."""

    def __init__(self, app: Flask, people: People) -> None:
        self.app, self.people = app, people
        self.trainer = people.member("Trainer One", role="trainer")
        self.client: FlaskClient = people.client(self.trainer)
        self.headers = csrf(self.client)

    def write(self, *stems: str, author: int | None = None) -> list[int]:
        with self.app.app_context(), unit_of_work():
            return [
                service.create(
                    kind="truefalse", body=statement(s), author_id=author or self.trainer
                )
                for s in stems
            ]

    def revise(self, question: int, stem: str) -> None:
        with self.app.app_context(), unit_of_work():
            service.revise(question, statement(stem), self.trainer)

    def look(self) -> None:
        with self.app.app_context(), unit_of_work():
            jobs.enqueue(service.TWINS_JOB)
        run_pending(self.app)

    def page(self, query: str = "", client: FlaskClient | None = None) -> str:
        answer = (client or self.client).get(f"/desk/questions/twins{query}")
        assert answer.status_code == 200
        return answer.get_data(as_text=True)

    def decide(self, **fields: object):
        return self.client.post("/desk/questions/twins", data=fields, headers=self.headers)

    def states(self, *ids: int) -> list[str]:
        with self.app.app_context():
            found = queries.questions(ids)
            return [found[i].state for i in ids]


@pytest.fixture
def bank(app: Flask, people: People) -> Bank:
    return Bank(app, people)


def test_the_page_shows_both_and_the_bank_leads_to_it(bank: Bank) -> None:
    one, other, _third = bank.write(STEM, STEM.replace("号码", ""), "乘坐电梯逃生。")
    assert "No two questions look alike" in bank.page()
    bank.look()
    page = bank.page()
    assert f"/desk/questions/{one}" in page
    assert f"/desk/questions/{other}" in page
    assert "1 pair" in page
    assert "Look alike (1)" in bank.client.get("/desk/questions").get_data(as_text=True)
    assert "Questions that look alike" in bank.client.get(f"/desk/questions/{one}").get_data(
        as_text=True
    )


def test_a_change_is_looked_at_by_itself_and_many_only_once(app: Flask, bank: Bank) -> None:
    bank.write(*(f"{STEM}{n}" for n in range(5)))
    with app.app_context():
        waiting = jobs.latest(service.TWINS_JOB)
        assert waiting is not None
        assert waiting.state == "queued"
        assert waiting.id == 1


def test_one_is_kept_and_the_other_retired(app: Flask, bank: Bank) -> None:
    one, other = bank.write(STEM, STEM)
    with app.app_context(), unit_of_work():
        service.sort([other], by=bank.trainer, add_tags=["消防"])
    bank.look()
    assert bank.decide(one=one, other=other, keep=one).status_code == 303
    assert bank.states(one, other) == ["ready", "retired"]
    with app.app_context():
        assert queries.tags_of([one])[one] == ["消防"]
        assert [change.what for change in queries.changes(other)] == [
            {"state": ["ready", "retired"]},
            {"tags": [[], ["消防"]]},
        ]
    assert "No two questions look alike" in bank.page()
    bank.look()
    assert "No two questions look alike" in bank.page()


def test_told_apart_they_are_not_shown_again_unless_they_grow_more_alike(bank: Bank) -> None:
    one, other = bank.write(STEM, STEM.replace("号码", ""))
    bank.look()
    bank.decide(one=one, other=other)
    assert "No two questions look alike" in bank.page()
    bank.look()
    assert "No two questions look alike" in bank.page()
    bank.revise(other, STEM)
    bank.look()
    assert "The same words" in bank.page()
    bank.revise(other, "完全不同的另外一道题目。")
    bank.look()
    assert "No two questions look alike" in bank.page()


def test_questions_of_other_trainers_are_theirs_to_retire(
    app: Flask, people: People, bank: Bank
) -> None:
    stranger = people.member("Trainer Two", role="trainer")
    mine, theirs = bank.write(STEM)[0], bank.write(STEM, author=stranger)[0]
    others = bank.write("走廊里不得堆放杂物。", "走廊里不得堆放杂物。", author=stranger)
    bank.look()
    page = bank.page()
    assert "2 pairs" in page
    assert "Both belong to other trainers" in page
    assert "1 pair" in bank.page("?mine=1")
    assert bank.decide(one=mine, other=theirs, keep=mine).status_code == 404
    assert bank.decide(one=others[0], other=others[1]).status_code == 404
    assert bank.decide(one=others[0], other=others[1], keep=others[0]).status_code == 404
    assert bank.decide(one=mine, other=theirs, keep=theirs).status_code == 303
    assert bank.states(mine, theirs) == ["retired", "ready"]
    with app.app_context():
        reader = members.reader_for(people.member("Admin", role="administrator"))
        assert queries.pairs_for(reader).total == 1


@pytest.mark.parametrize(
    "fields",
    [{}, {"one": 1, "other": 1}, {"one": 1, "other": 99, "keep": 1}, {"one": "x", "other": "y"}],
)
def test_what_is_no_pair_is_not_there(bank: Bank, fields: dict[str, object]) -> None:
    bank.write("一。", "二。")
    assert bank.decide(**fields).status_code == 404
    assert bank.states(1, 2) == ["ready", "ready"]


def test_alike_finds_what_comparing_all_with_all_finds() -> None:
    chance = random.Random(7)
    words = [f"词{n}组" for n in range(40)]
    texts: dict[int, str] = {}
    for key in range(120):
        base = texts[chance.randrange(key)] if key and chance.random() < 0.6 else ""
        said = base.split() or [chance.choice(words) for _ in range(chance.randrange(1, 14))]
        said[chance.randrange(len(said))] = chance.choice(words)
        texts[key] = " ".join(said)
    slow = {}
    sets = {key: rules.pieces(text) for key, text in texts.items()}
    for one, other in combinations(texts, 2):
        share = rules.likeness(sets[one], sets[other])
        if share >= rules.NEAR:
            slow[one, other] = int(share * 100)
    fast = rules.alike(texts)
    copies = {pair for pair, percent in slow.items() if percent == 100}
    near = {pair: percent for pair, percent in slow.items() if percent < 100}
    firsts = {min(k for k in texts if sets[k] == sets[key]) for key in texts}
    assert {p: v for p, v in fast.items() if v < 100} == {
        p: v for p, v in near.items() if set(p) <= firsts
    }
    assert {p for p, v in fast.items() if v == 100} == {p for p in copies if p[0] in firsts}
    assert len(near) > 20


def test_a_hundred_copies_give_ninety_nine_pairs() -> None:
    assert len(rules.alike(dict.fromkeys(range(100), STEM))) == 99
