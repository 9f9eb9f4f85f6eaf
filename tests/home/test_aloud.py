"""Read aloud in the easy mode: a voice that stands in for the browser’s says block by block."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from tests.learning.lessons import make_course
from tests.live import PHONE, Site, Window

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("live")]

# Machines without a sound card have no voices. This one says what it is told when it is asked to.
VOICE = """
const said = [];
Object.defineProperty(window, "speechSynthesis", {value: {
  said,
  speak(words) { said.push(words); document.documentElement.dataset.said = said.length; },
  cancel() {},
  finish() { said.at(-1).onend(); },
}});
"""
SAID = "() => speechSynthesis.said.map(words => [words.text, words.lang])"


def test_a_page_is_read_aloud_block_by_block(window: Callable[..., Window], site: Site) -> None:
    people = site.people
    make_course(site.app, people.member(role="trainer"), title="识别网络钓鱼", language="zh_Hans")
    phone = window(viewport=PHONE, locale="zh-CN")
    phone.page.add_init_script(VOICE)
    phone.sign_in(people.member("王奶奶", language="zh_Hans"))
    page = phone.page
    page.goto("/")
    expect(page.locator("[data-aloud]")).to_have_count(0)
    page.goto("/me")
    page.get_by_role("button", name="开启长辈模式").click()
    page.wait_for_url("**/")
    expect(page.locator(".easy-button")).to_have_count(3)

    button = page.locator("[data-aloud]")
    expect(button).to_be_visible()
    begin = button.inner_text()
    button.click()
    expect(button).to_have_attribute("aria-pressed", "true")
    expect(button).not_to_have_text(begin)
    expect(page.locator("h1.being-read")).to_be_visible()
    count = page.locator("html")
    expect(count).to_have_attribute("data-said", "1")
    for number in (2, 3, 4):
        page.evaluate("speechSynthesis.finish()")
        expect(count).to_have_attribute("data-said", str(number))
    said = page.evaluate(SAID)
    assert "王奶奶" in said[0][0]
    assert any("识别网络钓鱼" in text for text, _ in said)
    assert {language for _, language in said} == {"zh-CN"}
    expect(page.locator(".being-read")).to_have_count(1)

    button.click()
    expect(button).to_have_attribute("aria-pressed", "false")
    expect(page.locator(".being-read")).to_have_count(0)
    page.evaluate("speechSynthesis.finish()")  # a voice that stops late goes on with nothing
    assert len(page.evaluate(SAID)) == len(said)

    button.click()
    for _ in range(60):  # to the end of the page
        page.evaluate("speechSynthesis.finish()")
        if button.get_attribute("aria-pressed") == "false":
            break
    expect(button).to_have_text(begin)
    assert phone.problems == []
