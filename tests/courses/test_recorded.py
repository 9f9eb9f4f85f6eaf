"""From a phone's video to a published course with a quiz: one page, and at most eight decisions."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Locator, expect

from app.courses import queries
from app.courses.rules import LONGEST_COURSE_MS
from tests.courses.conftest import Desk
from tests.factories import People
from tests.journeys.recordings import street
from tests.learning.lessons import make_course
from tests.live import PHONE, Site, Window

URL = "/desk/courses/from-video"
MOST_DECISIONS = 8
MINUTE = 60_000


def filled(desk: Desk, **other: object) -> dict[str, object]:
    """What a trainer sends; a theme is there already."""
    return {
        "media_id": desk.recording(MINUTE),
        "title": "Extinguishers",
        "question": "Where does one aim?",
        "right": "At the foot of the fire",
        "wrong": "At the smoke",
        "theme": "Safety",
        "language": "en",
        **other,
    }


def test_one_page_makes_a_published_course_with_a_quiz(desk: Desk, people: People, look) -> None:
    desk.theme()
    answer = desk.post(URL, **filled(desk))
    assert answer.status_code == 302
    [course_id] = map(int, re.findall(r"/desk/courses/(\d+)$", answer.headers["Location"]))
    made = look(queries.course_by_id, course_id)
    assert (made.state, made.questions, len(made.lessons)) == ("published", 1, 1)
    assert made.own_summary == "Where does one aim?"
    member = people.client(people.member())
    assert member.get(f"/courses/{made.slug}").status_code == 200
    assert member.get(f"/courses/{made.slug}/quiz").status_code == 200


def test_it_can_stay_a_draft_and_begin_a_theme(desk: Desk, look) -> None:
    answer = desk.post(URL, **filled(desk, theme="Fire", draft="1"))
    made = look(queries.course_by_id, int(answer.headers["Location"].rsplit("/", 1)[1]))
    assert (made.state, made.theme_title) == ("draft", "Fire")
    # The next one is of the same theme until another is chosen.
    desk.theme("Water")
    page = desk.page(URL)
    assert 'value="Fire"' in re.search(r'<input[^>]*name="theme"[^>]*>', page).group()
    assert re.findall(r'<option value="([^"]+)"></option>', page) == ["Fire", "Water"]


def test_a_theme_is_known_in_whichever_language_and_case_it_is_typed(desk: Desk, look) -> None:
    """One field chooses a theme and begins a new one; the same title is no second theme."""
    desk.theme("Safety")
    words = {"title": "Safety", "description": "", "title_zh_Hans": "安全"}
    assert desk.post("/desk/themes/1", **words).status_code == 302
    for typed in ("Safety", " safety ", "安全"):
        assert desk.post(URL, **filled(desk, theme=typed)).status_code == 302, typed
    assert len(look(queries.all_themes)) == 1
    made = [look(queries.course_by_id, number) for number in look(queries.all_course_ids)]
    assert {course.theme_title for course in made} == {"Safety"}


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"title": " "}, "Give it a title"),
        ({"question": ""}, "This field is required"),
        ({"wrong": "At the foot of the fire"}, "say the same"),
        ({"theme": ""}, "This field is required"),
        ({"theme": "a" * 121}, "at most 120"),
        ({"media_id": ""}, "Upload a file first"),
        ({"media_id": 99}, "recording"),
    ],
)
def test_what_is_refused_leaves_nothing_behind(
    desk: Desk, look, wrong: dict[str, object], says: str
) -> None:
    desk.theme()
    answer = desk.post(URL, **filled(desk, **wrong))
    assert answer.status_code == 422
    page = answer.get_data(as_text=True)
    assert says in page
    assert "At the smoke" in page or "wrong" in wrong  # what was typed is still there
    assert look(queries.all_course_ids) == []
    assert len(look(queries.all_themes)) == 1
    assert desk.post(URL, **filled(desk)).status_code == 302


def test_neither_another_ones_recording_nor_a_long_one(
    desk: Desk, other_desk: Desk, people: People, look
) -> None:
    desk.theme()
    for media_id in (other_desk.recording(MINUTE), desk.recording(LONGEST_COURSE_MS + 1000)):
        assert desk.post(URL, **filled(desk, media_id=media_id)).status_code == 422
    member = people.client(people.member())
    assert member.get(URL).status_code == 404
    assert look(queries.all_course_ids) == []


@pytest.mark.browser
@pytest.mark.xdist_group("live")
@pytest.mark.parametrize("theme", ["", "路口安全"], ids=["a theme is there", "a new theme"])
def test_from_home_on_a_phone_it_takes_at_most_eight_decisions(
    window: Callable[..., Window], site: Site, tmp_path: Path, theme: str
) -> None:
    """A decision is whatever a finger does: a link, a file, a field, a button."""
    trainer = site.people.member("林讲师", role="trainer")
    course = make_course(site.app, trainer, title="一门旧课") if not theme else None
    phone = window(viewport=PHONE, has_touch=True)
    phone.sign_in(trainer)
    page = phone.page
    decisions: list[str] = []

    def decide(what: Locator, text: str = "") -> None:
        decisions.append(text or what.inner_text())
        what.fill(text) if text else what.click()

    page.goto("/")
    decide(page.get_by_role("link", name="Course from a video"))
    page.wait_for_url(f"**{URL}")
    phone.loaded()
    decisions.append("the video")
    page.locator("input[type=file]").set_input_files(str(street(tmp_path)))
    decide(page.get_by_label("A question about it"), "看到消防通道被占用，先做什么？")
    decide(page.get_by_label("The right answer"), "拍照并联系占用人")
    decide(page.get_by_label("A wrong answer"), "视而不见")
    if theme:
        decide(page.get_by_label("Theme", exact=True), theme)
    expect(page.locator("[data-upload-id]")).not_to_have_value("", timeout=120_000)
    title = page.get_by_role("textbox", name="Title", exact=True)
    expect(title).not_to_have_value("")  # the name of the file, until it gets a better one
    decide(title, "看懂路口")
    assert not phone.scrolls_sideways()
    decide(page.get_by_role("button", name="Publish"))
    page.wait_for_url(re.compile(r"/desk/courses/\d+$"))
    expect(page.get_by_role("heading", name="Published")).to_be_visible()
    assert course is None or int(page.url.rsplit("/", 1)[1]) != course.id
    assert len(decisions) == (MOST_DECISIONS if theme else MOST_DECISIONS - 1), decisions
    assert phone.problems == []
