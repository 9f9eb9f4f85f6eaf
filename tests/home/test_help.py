"""The guides as pages: every page has a part that explains it, in every language."""

from __future__ import annotations

import re

import click
import pytest
from flask import Flask

from app.home.rules import EXPLAINED, GUIDES, explained_at, parts_of
from config import ROOT
from tests.factories import People

GUIDE = ROOT / "docs" / "guide"


def parts(name: str, language: str):
    return parts_of((GUIDE / f"{name}.{language}.md").read_text(encoding="utf-8"))[1]


@pytest.mark.parametrize("name", GUIDES)
def test_a_guide_has_the_same_parts_in_both_languages(name: str) -> None:
    english, chinese = parts(name, "en"), parts(name, "zh")
    assert len(english) == len(chinese)
    assert all(part.text for part in (*english, *chinese))


@pytest.mark.parametrize("path", sorted(EXPLAINED))
def test_every_page_is_explained_by_a_part_that_exists(path: str) -> None:
    guide, title = explained_at(path)
    assert title in {part.title for part in parts(guide, "en")}


def test_the_longest_path_wins_and_lessons_are_no_courses() -> None:
    assert explained_at("/desk/questions/12") == ("trainer", "Question bank")
    assert explained_at("/courses/fire-safety") == ("member", "Courses")
    assert explained_at("/courses/fire-safety/lessons/3") == ("member", "A lesson")
    assert explained_at("/courses/fire-safety/quiz") == ("member", "The quiz")
    assert explained_at("/somewhere/new") == ("member", "Home")


@pytest.mark.parametrize("name", GUIDES)
@pytest.mark.parametrize("language", ["en", "zh"])
def test_every_picture_of_a_guide_is_there(name: str, language: str) -> None:
    text = (GUIDE / f"{name}.{language}.md").read_text(encoding="utf-8")
    for found in re.findall(r"\]\(\.\./pictures/([^)]+)\)", text):
        assert (GUIDE.parent / "pictures" / found).is_file(), found


def test_every_command_that_operators_are_told_exists(app: Flask) -> None:
    text = (GUIDE / "operator.en.md").read_text(encoding="utf-8")
    told = re.findall(r"`(\w+) ([a-z|-]+)`", text.split("## Commands")[1].split("## ")[0])
    groups = {group: names.split("|") for group, names in told if group not in {"make", "db"}}
    assert len(groups) > 8
    context = click.Context(app.cli)
    for group, names in groups.items():
        command = app.cli.commands[group]
        assert isinstance(command, click.Group)
        assert set(names) <= set(command.list_commands(context)), group


def test_the_question_mark_opens_the_part_about_this_page(people: People) -> None:
    client = people.client(people.member())
    page = client.get("/points").get_data(as_text=True)
    number = next(part.number for part in parts("member", "en") if part.title == "Points")
    assert f'href="/help/member#part-{number}"' in page
    answer = client.get("/help/member")
    assert answer.status_code == 200
    text = answer.get_data(as_text=True)
    assert re.search(rf'id="part-{number}"[^>]*>\s*<h2 id="part-{number}-title">Points<', text)
    picture = re.search(r'src="(/help/pictures/[^"]+)"', text).group(1)
    with client.get(picture) as shown:
        assert (shown.status_code, shown.mimetype) == (200, "image/webp")


def test_members_find_only_the_guides_about_what_they_may_do(people: People) -> None:
    client = people.client(people.member())
    assert client.get("/help/organizer").status_code == 404
    assert client.get("/help/nothing").status_code == 404
    boss = people.client(people.member(role="administrator"))
    for guide in GUIDES:
        assert boss.get(f"/help/{guide}").status_code == 200
    traditional = boss.get("/help?lang=zh_Hant").get_data(as_text=True)
    assert "成員指南" in traditional
    assert "「我的 → 登出」" in traditional  # as the pages call it, and with quotes of its own


@pytest.mark.parametrize("name", ["..%2f..%2fconfig", "x", "UPPER"])
def test_a_picture_is_a_picture_of_ours(people: People, name: str) -> None:
    client = people.client(people.member())
    assert client.get(f"/help/pictures/{name}.webp").status_code == 404
