"""What plays before the player is there, on a link that is slow."""
# ruff: noqa: F811 - a fixture of a neighbour

from __future__ import annotations

import threading
from dataclasses import replace

import pytest
from playwright.sync_api import Route, expect

from app.core.db import unit_of_work
from app.courses.models import Lesson
from tests.learning.lessons import Made, make_course
from tests.learning.test_controls import SECONDS as FILM_SECONDS
from tests.learning.test_controls import choose_quality, course  # noqa: F401 - a fixture
from tests.learning.test_player import play, progress

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.xdist_group("site")]
SLOW_LINK = "sessionStorage.setItem('weike-link-speed', '900000')"
PLAYS = """() => {
  const video = document.querySelector("video");
  return !video.paused && video.readyState > 2 && video.currentTime > 0.2;
}"""
# Every time at which the film stopped or jumped, from the first moment on.
FOLLOW = """
window.breaks = [];
for (const name of ["pause", "seeking", "emptied", "error"]) {
  addEventListener(name, ({target}) => {
    if (target instanceof HTMLVideoElement) breaks.push([name, target.currentTime]);
  }, true);
}
"""


def on_a_slow_link(window, site):
    win = window()
    member = site.people.member()
    win.page.add_init_script(SLOW_LINK)
    win.page.add_init_script(FOLLOW)
    win.sign_in(member)
    return win, member


def test_the_film_plays_before_the_player_is_there_and_on_when_it_comes(
    window,
    site,
    course: Made,
) -> None:
    win, member = on_a_slow_link(window, site)
    page = win.page
    names: list[str] = []
    page.on("request", lambda request: names.append(request.url.rpartition("/")[2]))
    held: list[Route] = []

    def hold(route: Route) -> None:
        held.append(route)  # the player is still on its way

    page.route("**/vendor/plyr.*.js", hold)
    page.goto(f"/courses/{course.slug}/lessons/{course.lesson}")
    page.wait_for_selector("#player[data-begun]")
    play(win, 1)
    page.wait_for_function(PLAYS)
    expect(page.locator(".plyr")).to_have_count(0)
    page.wait_for_function("() => document.querySelector('video').currentTime > 1")
    while not held:
        page.wait_for_timeout(50)
    held.pop().continue_()
    page.wait_for_selector("#player[data-ready]")
    page.evaluate("document.querySelector('video').playbackRate = 2")
    page.wait_for_function("() => document.querySelector('video').ended", timeout=60_000)
    # Neither the player nor hls.js stopped it; and the part before them is counted.
    breaks = page.evaluate("breaks")
    assert [one for one in breaks if one[1] < FILM_SECONDS - 1] == []
    page.wait_for_selector(".seen-text .icon")
    spans = progress(site, member, course.lesson).spans
    assert spans[0][0] == 0
    assert spans[0][1] > 10_000
    assert names.count("240p-00000.m4s") <= 2  # asked for again, it lies in the cache
    assert win.problems == []


def test_other_qualities_are_there_after_a_quick_beginning(
    window,
    site,
    course: Made,
) -> None:
    win, _member = on_a_slow_link(window, site)
    page = win.page
    page.goto(f"/courses/{course.slug}/lessons/{course.lesson}")
    page.wait_for_selector("#player[data-begun][data-ready]")
    choose_quality(page, "Sound only")
    play(win, 1)
    page.wait_for_function("() => document.querySelector('.plyr.sound-only')")
    page.wait_for_function(PLAYS)
    page.evaluate("() => document.querySelector('video').pause()")
    choose_quality(page, "360p")
    play(win, 1)
    page.wait_for_function(
        "() => !document.querySelector('.plyr.sound-only')"
        " && document.querySelector('video').videoHeight === 360"
    )
    page.wait_for_function(PLAYS)
    assert win.problems == []


@pytest.mark.parametrize("lost", ["240p-init.mp4", "240p-00000.m4s"])
def test_where_the_beginning_does_not_come_the_player_plays(
    window,
    site,
    course: Made,
    lost: str,
) -> None:
    win, _member = on_a_slow_link(window, site)
    page = win.page
    first = threading.Event()

    def once(route: Route) -> None:
        if first.is_set():
            route.continue_()
        else:
            first.set()
            route.abort()

    page.route(f"**/{lost}", once)
    page.goto(f"/courses/{course.slug}/lessons/{course.lesson}")
    page.wait_for_selector("#player[data-ready]")
    play(win, 1)
    page.wait_for_function(PLAYS)
    assert first.is_set()


def test_whoever_goes_on_somewhere_else_waits_for_nothing_of_the_beginning(
    site,
    course: Made,
) -> None:
    """Neither with a second in the address, nor in Safari, which plays by itself."""
    client = site.people.client(site.people.member())
    address = f"/courses/{course.slug}/lessons/{course.lesson}"
    chrome = {"User-Agent": "Mozilla/5.0 Chrome/140.0 Safari/537.36"}

    def quick(query: str = "", **headers: str) -> bool:
        page = client.get(address + query, headers=chrome | headers).get_data(as_text=True)
        return 'id="begin"' in page

    assert quick()
    assert quick("?t=0")
    assert not quick("?t=9")
    assert not quick(**{"User-Agent": "Mozilla/5.0 Version/18.0 Safari/605.1.15"})


def test_a_lesson_in_order_knows_what_was_seen_before_the_player_came(
    window,
    site,
    course: Made,
) -> None:
    from app.learning import service

    trainer = site.people.member(role="trainer")
    strict = make_course(site.app, trainer, [("video", FILM_SECONDS * 1000)])
    with site.app.app_context(), unit_of_work() as session:
        film = session.get_one(Lesson, course.lesson).media_id
        session.get_one(Lesson, strict.lesson).media_id = film
        service.set_watching(strict.id, in_order=True, presence=False, alone=False)
    win, _member = on_a_slow_link(window, site)
    page = win.page
    page.goto(f"/courses/{strict.slug}/lessons/{strict.lesson}")
    page.wait_for_selector("#player[data-begun]")
    play(win, 1)
    page.wait_for_function("() => document.querySelector('video').currentTime > 3.5")
    page.wait_for_selector("#player[data-ready]")
    page.evaluate(
        "() => { const v = document.querySelector('video'); v.pause(); v.currentTime = 3; }"
    )
    page.wait_for_function("() => !document.querySelector('video').seeking")
    assert page.evaluate("document.querySelector('video').currentTime") == 3


def test_a_film_that_bears_the_viewers_name_does_not_begin_without_it(
    site, course: Made, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = site.people.client(site.people.member(name="Wang CANARY"))
    address = f"/courses/{course.slug}/lessons/{course.lesson}"
    browser = {"User-Agent": "Mozilla/5.0 Chrome/140.0"}
    assert 'id="begin"' in client.get(address, headers=browser).get_data(as_text=True)
    settings = replace(site.app.extensions["weike"], watermark=True)
    monkeypatch.setitem(site.app.extensions, "weike", settings)
    named = client.get(address, headers=browser).get_data(as_text=True)
    assert 'id="begin"' not in named
    assert '"watermark": "Wang CANARY"' in named
