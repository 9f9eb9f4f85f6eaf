"""The easy mode and the first minute."""

from __future__ import annotations

import re

import pytest
from flask import Flask

from tests.factories import People, csrf
from tests.home.progress import seen
from tests.learning.lessons import MINUTE, make_course, single


def reads(client, reading: str, back: str = ""):
    data = {"reading": reading, "back": back}
    return client.post("/me/reading", data=data, headers=csrf(client))


def test_one_switch_makes_home_three_large_buttons(app: Flask, people: People) -> None:
    author = people.member(role="trainer")
    course = make_course(app, author, [("video", 10 * MINUTE)], title="识别网络钓鱼")
    member = people.member()
    client = people.client(member)
    assert "data-easy" not in client.get("/").get_data(as_text=True)
    assert reads(client, "easy", "/").headers["Location"] == "/"
    page = client.get("/").get_data(as_text=True)
    assert 'data-type="large" data-easy' in page
    assert "data-aloud" in page
    buttons = re.findall(r'class="easy-button[^"]*" href="([^"]+)"', page)
    assert buttons == [f"/courses/{course.slug}", "/courses", "/points"]
    seen(app, member, course, 1, 50)
    page = client.get("/").get_data(as_text=True)
    assert f'href="/courses/{course.slug}/lessons/{course.lesson}"' in page
    bar = page[page.index('class="bottombar"') :]
    assert re.findall(r'<a href="([^"]+)"', bar) == ["/", "/courses", "/exams", "/me"]


def test_the_easy_mode_offers_no_game_against_the_clock(app: Flask, people: People) -> None:
    quiz = [single(f"Question {number}?") for number in range(12)]
    make_course(app, people.member(role="trainer"), quiz=quiz)
    client = people.client(people.member())
    page = client.get("/practice").get_data(as_text=True)
    assert {"Challenge", "Sprint", "Duel"} <= set(re.findall(r"<h3>([^<]+)</h3>", page))
    reads(client, "easy")
    page = client.get("/practice").get_data(as_text=True)
    games = set(re.findall(r"<h3>([^<]+)</h3>", page))
    assert "Challenge" in games  # it waits as long as one likes
    assert not games & {"Sprint", "Duel"}
    assert 'value="sprint"' not in page
    assert "/practice/duels" not in page


def test_leaving_the_easy_mode_brings_everything_back(people: People) -> None:
    client = people.client(people.member())
    reads(client, "easy")
    reads(client, "normal")
    page = client.get("/").get_data(as_text=True)
    assert "data-easy" not in page
    assert "data-type" not in page


@pytest.mark.parametrize("back", ["https://evil.example", "//evil.example", "/\\\\evil"])
def test_the_switch_leads_nowhere_else(people: People, back: str) -> None:
    client = people.client(people.member())
    assert reads(client, "large", back).headers["Location"] == "/me"
    assert reads(client, "huge").status_code == 422


def test_the_first_minute_can_be_left_at_every_step(people: People) -> None:
    client = people.client(people.member())
    titles = set()
    for step in range(1, 6):
        page = client.get(f"/welcome?step={step}").get_data(as_text=True)
        titles.add(re.search(r'id="tour-title">([^<]+)', page).group(1))
        main = page[page.index("<main") : page.index("</main>")]
        assert 'href="/"' in main
    assert len(titles) == 5
    assert client.get("/welcome?step=99").status_code == 200


def test_the_first_step_changes_the_whole_site(people: People) -> None:
    client = people.client(people.member())
    assert reads(client, "large", "/welcome").headers["Location"] == "/welcome"
    page = client.get("/welcome").get_data(as_text=True)
    assert 'data-type="large"' in page
    assert re.search(r'value="large" aria-pressed="true"', page)


def test_the_first_step_asks_for_the_language(people: People) -> None:
    client = people.client(people.member())
    sent = {"language": "zh_Hant", "back": "/welcome"}
    answer = client.post("/me/language", data=sent, headers=csrf(client))
    assert answer.headers["Location"] == "/welcome"
    page = client.get("/welcome").get_data(as_text=True)
    assert 'lang="zh-Hant"' in page.partition(">")[2][:200]
    assert re.search(r'value="zh_Hant"[^>]* aria-pressed="true"', page)
    for wrong in ("fr", "", "../en"):
        answer = client.post("/me/language", data={"language": wrong}, headers=csrf(client))
        assert answer.status_code == 422
