"""The editor of questions in a real browser: what was typed is not lost."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from tests.live import PHONE, Site, Window

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("live")]


def test_a_question_half_written_comes_back_with_all_its_rows(
    window: Callable[..., Window], site: Site
) -> None:
    phone = window(viewport=PHONE)
    phone.sign_in(site.people.member(role="trainer"))
    page = phone.page
    page.goto("/desk/questions/new/single")
    page.locator("#stem").press_sequentially("Where is the way out?")
    rows = page.locator("[data-option-rows] > li")
    before = rows.count()
    page.get_by_role("button", name="More answers").click()
    expect(rows).to_have_count(before + 1)
    last = page.locator("[data-option-rows] input[type=text]").last
    last.press_sequentially("Behind the stairs")
    rows.last.locator("input[type=radio]").check()
    expect(page.locator(".draft-state")).to_contain_text("not saved yet")
    assert not phone.scrolls_sideways()
    assert phone.axe() == []

    page.goto("/desk/questions")
    page.goto("/desk/questions/new/single")
    expect(page.locator("#stem")).to_have_value("Where is the way out?")
    expect(rows).to_have_count(before + 1)
    expect(last).to_have_value("Behind the stairs")
    expect(rows.last.locator("input[type=radio]")).to_be_checked()

    page.locator("[data-option-rows] input[type=text]").first.fill("Through the window")
    page.get_by_role("button", name="Add to the bank").click()
    page.wait_for_url("**/desk/questions")
    page.goto("/desk/questions/new/single")
    expect(page.locator("#stem")).to_have_value("")
    expect(rows).to_have_count(before)
    assert phone.problems == []


def test_what_is_put_in_stands_whole_and_a_new_area_is_its_own(
    window: Callable[..., Window], site: Site
) -> None:
    desktop = window()
    desktop.sign_in(site.people.member(role="trainer"))
    page = desktop.page
    page.goto("/desk/questions/new/hotspot")
    stem = page.locator("#stem")
    stem.fill("See ![a plan](/media/images/x.webp).")
    stem.evaluate("area => area.setSelectionRange(6, 12)")  # its words, as after putting it in
    page.get_by_role("button", name="Table").first.click()
    expect(stem).to_have_value(re.compile(r"See !\[a plan\]\(/media/images/x\.webp\)\s+\| "))
    rows = page.locator("[data-option-rows] > li")
    before = rows.count()
    page.get_by_role("button", name="More areas").click()
    expect(rows).to_have_count(before + 1)
    names = rows.last.locator("input, select").evaluate_all("all => all.map(e => e.name)")
    assert {name.split("-")[1] for name in names} == {str(before)}
    assert desktop.problems == []
