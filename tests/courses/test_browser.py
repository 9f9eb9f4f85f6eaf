"""The editor in a real browser: moving by keyboard and by mouse, previewing, no barrier."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from app.core.db import unit_of_work
from app.courses import service
from tests.live import DESKTOP, PHONE, Site, Window

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.xdist_group("live")]


@pytest.fixture
def trainer(site: Site) -> int:
    return site.people.member("Trainer Tan", role="trainer")


@pytest.fixture
def course(site: Site, trainer: int) -> int:
    """A draft with three texts."""
    with site.app.app_context(), unit_of_work():
        theme_id = service.create_theme(title="Safety")
        course_id = service.create_course(
            author_id=trainer, title="Fire", theme_id=theme_id, language="en", summary="Get out."
        )
        for title in ("Alpha", "Beta", "Gamma"):
            service.add_reading(course_id, title=title, body=f"{title} has some words to read.")
        body = {"stem": "So?", "answer": True}
        service.write_question(course_id, kind="truefalse", body=body, author_id=trainer)
    return course_id


@pytest.fixture
def at(window: Callable[..., Window], trainer: int) -> Callable[..., Window]:
    """A window of the trainer at an address."""

    def go(url: str, viewport: dict = DESKTOP) -> Window:
        opened = window(viewport=viewport)
        opened.sign_in(trainer)
        opened.page.goto(url)
        return opened

    return go


def titles(window: Window) -> list[str]:
    return [
        text.split(". ")[1] for text in window.page.locator(".lesson-title a").all_inner_texts()
    ]


def test_lessons_move_by_keyboard_and_the_focus_stays(at: Callable, course: int) -> None:
    window = at(f"/desk/courses/{course}")
    page = window.page
    page.get_by_role("button", name="Move “Gamma” up").focus()
    page.keyboard.press("Enter")
    expect(page.locator(".lesson-title a").nth(1)).to_contain_text("Gamma")
    expect(page.get_by_role("button", name="Move “Gamma” up")).to_be_focused()
    expect(page.locator(".htmx-settling")).to_have_count(
        0
    )  # until then a press loads the page anew
    page.keyboard.press("Enter")
    expect(page.locator(".lesson-title a").nth(0)).to_contain_text("Gamma")
    expect(page.get_by_role("button", name="Move “Gamma” down")).to_be_focused()
    page.reload()
    assert titles(window) == ["Gamma", "Alpha", "Beta"]
    assert window.problems == []


def test_lessons_are_dragged(at: Callable, course: int) -> None:
    window = at(f"/desk/courses/{course}")
    page = window.page
    handles = page.locator("[data-drag]")
    expect(handles.first).to_be_visible()
    start, end = handles.nth(2).bounding_box(), handles.nth(0).bounding_box()
    page.emulate_media(reduced_motion="reduce")  # where the list moves, the mouse must follow it
    page.mouse.move(start["x"] + 8, start["y"] + 8)
    page.mouse.down()
    for up in (30, -10) * 10:  # a busy browser skips positions of the mouse
        page.mouse.move(end["x"] + 8, end["y"] + up, steps=8)
        if titles(window)[0] == "Gamma":
            break
    with page.expect_response("**/order") as answer:
        page.mouse.up()
    assert answer.value.status == 200
    expect(page.locator(".lesson-title a").nth(0)).to_contain_text("1. Gamma")
    page.reload()
    assert titles(window) == ["Gamma", "Alpha", "Beta"]
    assert window.problems == []


def test_a_text_is_seen_while_it_is_written(at: Callable, course: int) -> None:
    window = at(f"/desk/courses/{course}/lessons/text")
    page = window.page
    page.get_by_label("The text").fill("## Way out\n\n" + "字" * 300)
    preview = page.locator("#preview")
    expect(preview.get_by_role("heading", name="Way out")).to_be_visible()
    expect(preview).to_contain_text("Reading time 1:00")
    expect(page.get_by_label("The text")).to_be_focused()
    page.get_by_label("The text").fill("字" * 6100)
    expect(preview).to_contain_text("too long")
    assert window.problems == []


def test_a_question_gets_more_answers_and_keeps_the_right_one(at: Callable, course: int) -> None:
    window = at(f"/desk/courses/{course}/quiz/new/single", PHONE)
    page = window.page
    page.get_by_label("Question", exact=True).fill("Which?")
    page.get_by_role("button", name="More answers").click()
    expect(page.get_by_role("textbox", name="Answer 5", exact=True).first).to_be_focused()
    page.keyboard.type("The fifth")
    page.get_by_label("Answer 5 is right").check()
    page.get_by_role("textbox", name="Answer 1", exact=True).first.fill("The first")
    page.get_by_role("button", name="Add to the quiz", exact=True).click()
    page.get_by_text("Answers").nth(1).click()
    right = page.locator("#questions li .right")
    expect(right.last).to_contain_text("The fifth")
    assert window.problems == []


def test_fields_that_are_not_needed_are_not_shown(at: Callable, course: int, site: Site) -> None:
    for number in range(12):
        site.people.branch(f"Branch {number} {course}")
    window = at(f"/desk/courses/{course}/about", PHONE)
    page = window.page
    expect(page.get_by_label("Title of the new theme")).to_be_hidden()
    page.get_by_label("Theme", exact=True).select_option(label="A new theme …")
    expect(page.get_by_label("Title of the new theme")).to_be_visible()
    wanted = page.get_by_label(f"Branch 7 {course}")
    expect(wanted).to_be_hidden()
    page.get_by_label("Only these branches").check()
    page.get_by_label("Find a branch").fill(f"7 {course}")
    expect(wanted).to_be_visible()
    expect(page.get_by_label(f"Branch 8 {course}")).to_be_hidden()
    wanted.check()
    page.get_by_label("Theme", exact=True).select_option(label="Safety")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Saved.")).to_be_visible()
    expect(wanted).to_be_checked()
    assert window.problems == []


@pytest.mark.parametrize("viewport", [PHONE, DESKTOP], ids=["phone", "desktop"])
def test_the_desk_has_no_barrier(at: Callable, course: int, viewport: dict) -> None:
    window = at("/desk", viewport)
    for url in (
        "/desk",
        "/desk/courses/new",
        "/desk/courses/from-video",
        f"/desk/courses/{course}",
        f"/desk/courses/{course}/about",
        f"/desk/courses/{course}/quiz",
        f"/desk/courses/{course}/quiz/pick",
        f"/desk/courses/{course}/quiz/new/multiple",
        f"/desk/courses/{course}/lessons/text",
        f"/desk/courses/{course}/lessons/recording",
        f"/desk/courses/{course}/delete",
        "/desk/themes",
        "/desk/themes/1",
        "/desk/questions",
        "/desk/questions/1",
    ):
        window.page.goto(url)
        assert not window.scrolls_sideways(), url
        assert window.axe() == [], url
    assert window.problems == []


def test_what_was_typed_and_not_saved_comes_back(at: Callable, course: int, site: Site) -> None:
    window = at(f"/desk/courses/{course}/lessons/text")
    page = window.page
    page.get_by_label("Title", exact=True).press_sequentially("Delta")
    page.locator("#body").press_sequentially("Half a thought")
    expect(page.locator(".draft-state")).to_contain_text("not saved yet")
    page.goto("/desk")
    page.goto(f"/desk/courses/{course}/lessons/text")
    expect(page.get_by_label("Title", exact=True)).to_have_value("Delta")
    expect(page.locator("#body")).to_have_value("Half a thought")
    assert window.axe() == []
    page.get_by_role("button", name="Add the lesson").click()
    page.wait_for_url(f"**/desk/courses/{course}**")
    page.goto(f"/desk/courses/{course}/lessons/text")
    expect(page.get_by_label("Title", exact=True)).to_have_value("")
    # Thrown away, it does not come back.
    page.get_by_label("Title", exact=True).press_sequentially("Nothing")
    expect(page.locator(".draft-state")).to_contain_text("not saved yet")
    page.reload()
    page.get_by_role("button", name="Throw it away").click()
    expect(page.get_by_label("Title", exact=True)).to_have_value("")
    page.reload()
    expect(page.get_by_label("Title", exact=True)).to_have_value("")


def test_a_draft_never_overwrites_what_was_saved_elsewhere(
    at: Callable, course: int, site: Site
) -> None:
    window = at(f"/desk/courses/{course}")
    page = window.page
    page.locator(".lesson-title a").first.click()
    page.wait_for_url("**/desk/lessons/*")
    editor = page.url
    lesson_id = int(editor.rsplit("/", 1)[1])
    page.get_by_label("Title", exact=True).press("End")
    page.get_by_label("Title", exact=True).press_sequentially(" mine")
    expect(page.locator(".draft-state")).to_contain_text("not saved yet")
    with site.app.app_context(), unit_of_work():
        service.edit_reading(lesson_id, title="Alpha theirs", body="Other words to read.", seen=1)
    page.goto(editor)
    expect(page.get_by_label("Title", exact=True)).to_have_value("Alpha theirs")
    page.get_by_role("button", name="Take what I typed").click()
    expect(page.get_by_label("Title", exact=True)).to_have_value("Alpha mine")
