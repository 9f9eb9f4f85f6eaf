"""The main job, end to end, in a real browser against the real server and worker."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from app.core.db import unit_of_work
from app.members.rules import Role
from app.points.rules import Ranking
from app.points.service import choose_ranking
from tests.journeys.recordings import street
from tests.live import DESKTOP, PHONE, Site, Window

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.xdist_group("live")]

ARTICLE = (
    "黨建信息化的實踐\n\n各支部以微課程組織學習，每節不超過二十分鐘。"
    "街道安全員每月巡查消防通道，並把記錄存入文庫。\n"
)
# The focused thing, its label, the card around it or the layer it spreads over that card.
FOCUS_SHOWS = """() => {
  const e = document.activeElement;
  const near = [e, e.closest("label"), e.parentElement, e.closest("article, li, .card")];
  const styles = [...near.filter(Boolean).map((n) => getComputedStyle(n)),
                  getComputedStyle(e, "::after"), getComputedStyle(e, "::before")];
  return styles.some((s) => s.outlineStyle !== "none" || s.boxShadow !== "none");
}"""
PATIENT = 120_000  # ms; a transcode on a busy machine


def make_course(page: Page, recording: Path) -> int:
    """As a trainer: a course with one video and a quiz of three questions, published."""
    page.goto("/desk")
    page.get_by_role("link", name="New course").first.click()
    page.get_by_role("textbox", name="Title", exact=True).fill("街道安全巡查")
    page.locator("select[name=theme_id]").select_option(label="A new theme …")
    page.get_by_label("Title of the new theme").fill("社区安全")
    page.get_by_label("Language").select_option("zh_Hans")
    page.get_by_role("button", name="Make the draft").click()
    page.wait_for_url("**/desk/courses/*")
    course = int(re.search(r"/desk/courses/(\d+)", page.url).group(1))
    page.get_by_role("link", name=re.compile("Video or recording")).click()
    page.wait_for_load_state("load")
    page.locator("input[type=file]").set_input_files(str(recording))
    expect(page.locator("[data-upload-id]")).not_to_have_value("", timeout=PATIENT)
    page.get_by_role("textbox", name="Title", exact=True).fill("看懂路口")
    page.get_by_role("button", name="Add the lesson").click()
    page.wait_for_url(re.compile(rf"/desk/courses/{course}"))
    write_question(
        page, course, "single", "看到消防通道被占用，先做什么？", ["拍照并联系占用人", "视而不见"]
    )
    write_question(
        page, course, "multiple", "巡查记录要写哪些？", ["时间", "地点", "心情"], right=(0, 1)
    )
    page.goto(f"/desk/courses/{course}/quiz")
    page.get_by_role("link", name="True or false").click()
    page.get_by_label("Question", exact=True).fill("每节微课不超过二十分钟。")
    page.get_by_label("True", exact=True).check()
    page.get_by_role("button", name="Add to the quiz").click()
    page.get_by_role("link", name="About and audience").click()
    page.get_by_label("Summary", exact=True).fill("路口、通道、记录：一次巡查怎么做。")
    page.get_by_role("button", name="Save").first.click()
    page.goto(f"/desk/courses/{course}")
    expect(page.get_by_text("Ready to publish?")).to_be_visible()
    page.get_by_role("button", name="Publish").click()
    expect(page.get_by_role("heading", name="Published")).to_be_visible()
    # The worker may still be preparing the video; the page shows how far it is.
    expect(page.locator(".lesson [data-media-state]:not([data-media-state=ready])")).to_have_count(
        0, timeout=PATIENT
    )
    return course


def write_question(
    page: Page, course: int, kind: str, stem: str, options: list[str], right: tuple = (0,)
) -> None:
    page.goto(f"/desk/courses/{course}/quiz")
    name = {
        "single": re.compile("One right answer|Single", re.IGNORECASE),
        "multiple": re.compile("Several|Multiple", re.IGNORECASE),
    }
    page.locator("#add").get_by_role("link", name=name[kind]).click()
    page.get_by_label("Question", exact=True).fill(stem)
    for number, text in enumerate(options, 1):
        page.get_by_label(f"Answer {number}", exact=True).first.fill(text)
    for index in right:
        page.get_by_label(f"Answer {index + 1} is right").check()
    page.get_by_role("button", name="Add to the quiz").click()
    page.wait_for_url(re.compile(r"/quiz(#|$|\?)"))


def upload_document(page: Page, folder: Path) -> None:
    path = folder / "党建信息化.txt"
    path.write_text(ARTICLE, encoding="utf-8")
    page.goto("/library")
    page.get_by_role("link", name=re.compile("Upload")).first.click()
    page.locator("#files").set_input_files(str(path))
    link = page.locator("[data-list] a").first
    expect(link).to_be_visible(timeout=PATIENT)


def wait_for_video(page: Page) -> None:
    """Until the player knows the length (our policy forbids Playwright's own way to wait)."""
    for _ in range(120):
        if page.evaluate("(document.querySelector('#player video') || {}).duration > 5"):
            return
        page.wait_for_timeout(500)
    raise AssertionError("the video did not load")


def answer_all(page: Page) -> None:
    """Answer the three questions of `make_course` rightly, one screen each, and submit."""
    for _ in range(3):
        question = page.locator("fieldset.question:visible")
        expect(question).to_have_count(1)  # the script shows them one by one
        text = question.inner_text()
        if "先做什么" in text:
            question.get_by_label("拍照并联系占用人").check()
        elif "哪些" in text:
            question.get_by_label("时间").check()
            question.get_by_label("地点").check()
        else:
            question.get_by_label("True").check()
        if page.locator("#next").is_visible():
            page.locator("#next").click()
    page.locator("#submit").click()
    page.get_by_role("alertdialog").get_by_role("button", name="Submit").click()


@pytest.fixture(scope="module")
def story(site: Site, chrome, tmp_path_factory: pytest.TempPathFactory) -> dict:
    """A trainer has made, in the browser, a published course and a document."""
    folder = tmp_path_factory.mktemp("story")
    with site.app.app_context(), unit_of_work():
        choose_ranking(Ranking.EVERYONE, author_id=None)  # as it comes, only branches are compared
    trainer = site.people.member("林讲师", role=Role.TRAINER)
    window = Window(chrome, site, viewport=DESKTOP)
    window.sign_in(trainer)
    course = make_course(window.page, street(folder))
    upload_document(window.page, folder)
    slug = window.page.goto(f"/desk/courses/{course}") and (
        window.page.get_by_role("link", name="See it as a member").get_attribute("href")
    )
    problems = window.problems
    window.close()
    assert problems == []
    return {"course": course, "url": slug, "trainer": trainer}


def test_the_main_job_on_a_phone(story: dict, site: Site, chrome) -> None:
    member = site.people.member("王小明")
    window = Window(chrome, site, viewport=PHONE, has_touch=True)
    window.sign_in(member)
    page = window.page
    page.goto("/")
    assert not window.scrolls_sideways()
    page.goto("/courses")
    page.get_by_role("link", name=re.compile("街道安全巡查")).first.click()
    assert not window.scrolls_sideways()
    page.get_by_role("link", name="Start", exact=True).click()

    # Dragging to the end is not watching.
    page.wait_for_selector("#player video")
    wait_for_video(page)
    page.evaluate(
        """() => { const v = document.querySelector('#player video'); v.muted = true;
        v.currentTime = v.duration - 0.4; return v.play() }"""
    )
    page.wait_for_timeout(2500)
    expect(page.locator("#lesson-next[data-complete]")).to_have_count(0)

    # Watching it, at double speed, is.
    page.evaluate(
        """() => { const v = document.querySelector('#player video'); v.playbackRate = 2;
        v.currentTime = 0; return v.play() }"""
    )
    expect(page.locator("#seen-text")).to_contain_text("Complete", timeout=90_000)
    assert not window.scrolls_sideways()
    page.get_by_role("link", name="To the quiz").click()

    page.get_by_role("button", name=re.compile("Start|Begin")).click()
    answer_all(page)
    expect(page.locator("main")).to_contain_text(re.compile("passed", re.IGNORECASE))
    assert not window.scrolls_sideways()

    page.goto("/points")
    expect(page.locator("main")).to_contain_text("看懂路口")
    assert not window.scrolls_sideways()
    page.goto("/points/leaderboard")
    expect(page.locator("main")).to_contain_text("王小明")

    # The worker indexes within seconds; what the search finds is what was published.
    for _ in range(20):
        page.goto("/search?q=微课程")
        if page.get_by_role("link", name=re.compile("党建信息化")).count():
            break
        page.wait_for_timeout(1000)
    expect(page.locator("main")).to_contain_text("微課程")
    page.goto("/search?q=街道安全")
    expect(page.get_by_role("link", name="街道安全巡查").first).to_be_visible()
    assert not window.scrolls_sideways()

    page.goto(story["url"])
    expect(page.locator("main")).to_contain_text("Done")
    assert window.problems == []
    window.close()


def test_the_main_job_by_keyboard_alone(story: dict, site: Site, chrome) -> None:
    member = site.people.member("陈键盘")
    window = Window(chrome, site, viewport=DESKTOP)
    window.sign_in(member)
    page = window.page

    def tab_to(name: str, most: int = 80) -> None:
        """Press Tab until the focus is on what is called `name`; it must be visible there."""
        for _ in range(most):
            page.keyboard.press("Tab")
            words = page.evaluate(
                """() => { const e = document.activeElement; return [e.getAttribute('aria-label'),
                e.innerText, e.value, ...[...(e.labels || [])].map(l => l.innerText)].join(' ') }"""
            )
            if name in words:
                outline = page.evaluate(FOCUS_SHOWS)
                assert outline, f"the focus on “{name}” cannot be seen"
                return
        raise AssertionError(f"“{name}” cannot be reached by keyboard")

    page.goto("/courses")
    tab_to("街道安全巡查")
    page.keyboard.press("Enter")
    page.wait_for_url("**/courses/*")
    tab_to("Start")
    page.keyboard.press("Enter")
    page.wait_for_url("**/lessons/*")
    page.wait_for_selector(".plyr")
    wait_for_video(page)
    tab_to("Play")
    page.keyboard.press("Space")
    page.keyboard.press("m")
    for _ in range(4):
        page.keyboard.press(">")
    expect(page.locator("#seen-text")).to_contain_text("Complete", timeout=90_000)
    tab_to("To the quiz")
    page.keyboard.press("Enter")
    page.wait_for_url("**/quiz")
    tab_to("Start")
    page.keyboard.press("Enter")
    label = "[...(document.activeElement.labels || [])].map(l => l.innerText).join()"
    for _ in range(3):
        question = page.locator("fieldset.question:visible")
        expect(question).to_have_count(1)
        text = question.inner_text()
        if "哪些" in text:
            wanted = {"时间", "地点"}
            for _ in range(40):
                page.keyboard.press("Tab")
                if page.evaluate(label) in wanted:
                    wanted.remove(page.evaluate(label))
                    page.keyboard.press("Space")
                if not wanted:
                    break
            if wanted:  # the boxes stand in mixed order; one of them is behind us
                for _ in range(6):
                    page.keyboard.press("Shift+Tab")
                    if page.evaluate(label) in wanted:
                        page.keyboard.press("Space")
                        break
        else:
            right = "拍照并联系占用人" if "先做什么" in text else "True"
            for _ in range(40):
                page.keyboard.press("Tab")
                if page.evaluate("document.activeElement.type === 'radio'"):
                    break
            for _ in range(3):
                page.keyboard.press("ArrowDown")
                if page.evaluate(label) == right:
                    break
        if page.locator("#next").is_visible():
            tab_to("Next question")
            page.keyboard.press("Enter")
    tab_to("Submit")
    page.keyboard.press("Enter")
    expect(page.get_by_role("alertdialog")).to_be_visible()
    tab_to("Submit", most=3)  # the focus begins on “Cancel”
    page.keyboard.press("Enter")
    expect(page.locator("main")).to_contain_text(re.compile("passed", re.IGNORECASE))
    page.keyboard.press("/")
    page.keyboard.type("微课程")
    page.keyboard.press("Enter")
    expect(page.locator("main")).to_contain_text("微課程")
    assert window.problems == []
    window.close()
