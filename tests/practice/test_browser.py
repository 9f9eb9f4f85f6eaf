"""A member practises on a phone, and plays against the practice partner."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from tests.learning.lessons import make_course, single
from tests.live import PHONE, Site, Window

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("live")]
QUIZ = [single(f"第 {n} 题：收到可疑邮件先做什么？", "打电话核实", ("马上回复",)) for n in range(8)]


def test_five_a_day_and_a_duel_on_a_phone(window: Callable[..., Window], site: Site) -> None:
    people = site.people
    make_course(site.app, people.member(role="trainer"), quiz=QUIZ, attempts_allowed=0)
    phone = window(viewport=PHONE, locale="zh-CN")
    phone.sign_in(people.member("王小明"))
    page = phone.page

    def look(name: str) -> None:
        assert not phone.scrolls_sideways(), name
        assert phone.axe() == [], name

    page.goto("/practice")
    look("what there is")
    page.locator(".practice-today button").click()
    for number in range(5):
        page.get_by_label("打电话核实" if number else "马上回复").check()
        if number == 0:
            look("a question")
        page.locator(".practice-bar button").click()
        onward = page.locator(".practice-bar a")
        expect(onward).to_be_focused()
        if number == 0:
            look("what was right")
        onward.click()
    expect(page.locator(".practice-score")).to_be_visible()
    look("how it went")

    page.goto("/practice")
    page.locator(".practice-sizes button").first.click()
    page.locator("[data-bot] button").click()
    # The question appears by itself when the clock of the server says so.
    expect(page.locator(".duel-players")).to_be_visible()
    choice = page.get_by_label("打电话核实")
    expect(choice).to_be_visible(timeout=60_000)
    look("a duel")
    choice.check()
    page.locator(".practice-bar button").click()
    expect(page.locator(".duel-mine [data-answered], .answer-options").first).to_be_visible(
        timeout=60_000
    )
    assert phone.problems == []


# Whoever waits long calls a partner; on a busy machine the fourth would then come too late.
ALONE = """addEventListener("submit", (event) => {
  if (event.target.matches("[data-bot]")) event.preventDefault();
}, true);"""
PLAYS = """setInterval(() => {
  const form = document.querySelector("form.practice-form");
  const label = [...(form?.querySelectorAll("label") ?? [])].find((l) =>
    l.innerText.includes("%s"));
  if (!label || form.dataset.sent) return;
  form.dataset.sent = "1";
  label.querySelector("input").checked = true;
  form.requestSubmit();
}, 150);"""


def test_four_play_on_phones_some_of_them_without_a_stream(
    window: Callable[..., Window], site: Site
) -> None:
    people = site.people
    make_course(site.app, people.member(role="trainer"), quiz=QUIZ, attempts_allowed=0)
    phones = []
    for number, name in enumerate(("安娜", "本", "陈晨", "丹")):
        phone = window(viewport=PHONE, locale="zh-CN")
        phone.sign_in(people.member(name))
        if number > 1:  # as when all streams of the site are taken: these two ask
            phone.page.route(
                "**/events", lambda route: route.fulfill(status=503, headers={"Retry-After": "2"})
            )
        phone.page.add_init_script(ALONE)
        # Nobody may be late, however busy the machine: the pages answer by themselves.
        phone.page.add_init_script(PLAYS % ("马上回复" if number == 3 else "打电话核实"))
        phones.append(phone)
    pages = [phone.page for phone in phones]
    for page in pages:
        page.goto("/practice")
        page.locator(".practice-sizes button").last.click()
        expect(page.locator(".duel-players")).to_be_visible()
    assert not phones[0].scrolls_sideways()
    assert len({page.url for page in pages}) == 1
    # The fourth began it; all of them come to the end by a stream or by asking.
    rights = []
    for phone in phones:
        expect(phone.page.locator(".practice-score")).to_be_visible(timeout=180_000)
        rights.append([each.inner_text() for each in phone.page.locator("[data-right]").all()])
        assert phone.axe() == []
        assert not phone.scrolls_sideways()
    assert rights == [rights[0]] * 4
    assert int(rights[0][0]) > 0
    assert rights[0][3] == "0"
    for phone in phones[:2]:
        # A stream that somebody has just left may be taken still: then this phone asks, too.
        assert [each for each in phone.problems if "503" not in each] == []
