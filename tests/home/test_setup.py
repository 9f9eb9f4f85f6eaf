"""Setting an organisation up: in any order, left out, come back to."""

from __future__ import annotations

import json
import re

import pytest
from flask import Flask

from app.core.db import unit_of_work
from app.courses.models import Course
from app.members.models import Member
from app.members.rules import outline
from tests.factories import People, csrf
from tests.learning.lessons import make_course


@pytest.fixture
def boss(people: People):
    return people.client(people.member("Anna", role="administrator"))


def left(client) -> str:
    """How many steps home says are left; "" when it says nothing."""
    found = re.search(r"(\d+) steps? (?:is|are) left", client.get("/").get_data(as_text=True))
    return found.group(1) if found else ""


def test_home_leads_the_administrator_through_what_is_left(people: People, boss) -> None:
    assert left(boss) == "5"  # look, words, branches, members, points
    assert left(people.client(people.member())) == ""  # and there are two members now
    people.branch("第一支部")
    assert left(boss) == "3"
    for task in ("look", "words", "points"):
        boss.post("/admin/setup/skip", data={"task": task}, headers=csrf(boss))
    assert left(boss) == ""
    page = boss.get("/admin/setup").get_data(as_text=True)
    assert "Everything is set up." in page
    assert 'href="/admin/organisation"' in page  # what was skipped can be done all the same


def test_there_is_no_other_step(boss) -> None:
    answer = boss.post("/admin/setup/skip", data={"task": "everything"}, headers=csrf(boss))
    assert answer.status_code == 422


@pytest.fixture
def demo(app: Flask, people: People) -> dict[str, int]:
    """An instance that the demo has been loaded into."""
    ids = {"trainer": people.member(role="trainer"), "member": people.member()}
    make_course(app, ids["trainer"], title="Demo")
    path = app.extensions["weike"].instance_dir / "demo.json"
    path.write_text(json.dumps({"done": ["people"], "ids": ids}), encoding="utf-8")
    return ids


def active(app: Flask, ids: dict[str, int]) -> list[bool]:
    with app.app_context(), unit_of_work() as session:
        return [session.get_one(Member, i).is_active for i in ids.values()]


def test_the_demo_can_be_put_away(app: Flask, people: People, boss, demo) -> None:
    mine = make_course(app, people.member(role="trainer"), title="Our own")
    boss.post("/admin/setup/demo", data={"demo": "away"}, headers=csrf(boss))
    assert active(app, demo) == [False, False]
    with app.app_context(), unit_of_work() as session:
        states = {row.slug: row.state for row in session.query(Course)}
    assert states.pop(mine.slug) == "published"
    assert set(states.values()) == {"withdrawn"}
    assert "Put it away" not in boss.get("/admin/setup").get_data(as_text=True)


def test_the_demo_can_be_kept(app: Flask, boss, demo) -> None:
    boss.post("/admin/setup/demo", data={"demo": "keep"}, headers=csrf(boss))
    assert active(app, demo) == [True, True]
    assert "Put it away" not in boss.get("/admin/setup").get_data(as_text=True)


@pytest.mark.parametrize(
    ("text", "paths"),
    [
        ("A\n  B\n  C\n    D\nE", ["A", "A/B", "A/C", "A/C/D", "E"]),
        ("A\n\tB\n\t\tC\n\tD", ["A", "A/B", "A/B/C", "A/D"]),
        ("总部/第一支部\n总部／第二支部", ["总部/第一支部", "总部/第二支部"]),
        ("- A\n  - B\n\n　　• C", ["A", "A/B", "A/B/C"]),
        ("  \n/\n", []),
    ],
)
def test_an_outline_is_read_as_people_write_it(text: str, paths: list[str]) -> None:
    assert ["/".join(path) for path in outline(text)] == paths


def test_branches_are_pasted_at_once_and_what_is_there_stays(people: People, boss) -> None:
    people.branch("第一支部")
    text = "第一支部\n  第一小组\n第二支部"
    answer = boss.post("/admin/branches/paste", data={"outline": text}, headers=csrf(boss))
    assert answer.status_code == 303
    page = boss.get("/admin/branches").get_data(as_text=True)
    assert "2 branches are added." in page
    assert page.count("<strong>第一支部</strong>") == 1
    assert "第一小组" in page
    again = boss.post("/admin/branches/paste", data={"outline": text}, headers=csrf(boss))
    assert again.status_code == 303


def test_a_bad_line_refuses_the_whole_list(people: People, boss) -> None:
    text = "好支部\n" + "长" * 200
    answer = boss.post("/admin/branches/paste", data={"outline": text}, headers=csrf(boss))
    assert answer.status_code == 422
    assert "<strong>好支部</strong>" not in boss.get("/admin/branches").get_data(as_text=True)
