"""The way back from a course to the list: the same filters, at the same place."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from app.core.db import unit_of_work
from app.courses.models import Course
from tests.learning.lessons import MINUTE, make_course
from tests.live import DESKTOP, PHONE, Site, Window

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.xdist_group("live")]

MANY = 14


@pytest.fixture(scope="module")
def member(site: Site) -> int:
    """Somebody who may see many short courses of one theme, and one of another."""
    trainer = site.people.member("Trainer", role="trainer")
    made = [
        make_course(site.app, trainer, [("reading", MINUTE)], title=f"Safety {number}")
        for number in range(MANY)
    ]
    make_course(site.app, trainer, [("reading", MINUTE)], title="Something else")
    with site.app.app_context(), unit_of_work() as session:
        first = session.get_one(Course, made[0].id).theme_id
        for course in made:
            session.get_one(Course, course.id).theme_id = first
    return site.people.member("Wang")


def filtered_and_scrolled(window, member: int, size: dict) -> tuple[Window, Page, str, float]:
    mine = window(viewport=size)
    mine.sign_in(member)
    page = mine.page
    page.goto("/courses")
    mine.loaded()
    with page.expect_response(lambda answer: "theme=" in answer.url):
        page.locator("#filter-theme").select_option(index=1)
    page.wait_for_url("**/courses?*theme=*")
    expect(page.locator("#catalogue .tile")).to_have_count(MANY)
    last = page.locator("#catalogue .tile").last
    last.scroll_into_view_if_needed()
    page.wait_for_function("() => scrollY > 300")
    url, place = page.url, page.evaluate("scrollY")
    last.locator("a").first.click()
    page.wait_for_url("**/courses/course-*")
    mine.loaded()
    return mine, page, url, place


def is_as_before(mine: Window, page: Page, url: str, place: float) -> None:
    page.wait_for_url(url)
    mine.loaded()
    expect(page.locator("#catalogue .tile")).to_have_count(MANY)
    assert page.locator("#filter-theme").evaluate("e => e.selectedIndex") == 1
    page.wait_for_function("place => Math.abs(scrollY - place) < 60", arg=place)


@pytest.mark.parametrize("size", [PHONE, DESKTOP], ids=["phone", "desktop"])
def test_back_finds_filters_and_place(window, member: int, size: dict) -> None:
    mine, page, url, place = filtered_and_scrolled(window, member, size)
    page.go_back()
    is_as_before(mine, page, url, place)


def test_the_crumb_to_the_list_finds_them_too(window, member: int) -> None:
    mine, page, url, place = filtered_and_scrolled(window, member, PHONE)
    page.locator(".crumbs a[href='/courses']").evaluate("e => e.click()")
    is_as_before(mine, page, url, place)


def test_a_crumb_is_a_link_for_who_came_from_elsewhere(window, member: int) -> None:
    mine, page, url, _ = filtered_and_scrolled(window, member, PHONE)
    page.goto(page.url)  # typed, so nobody came from the list
    mine.loaded()
    page.locator(".crumbs a[href='/courses']").evaluate("e => e.click()")
    page.wait_for_url("**/courses")
    assert page.url != url
