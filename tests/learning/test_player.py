"""The lesson page in a real browser: a real video, watched, jumped about in, and read."""

from __future__ import annotations

import random
import re
import secrets
import subprocess
import time
from contextlib import suppress
from datetime import timedelta
from pathlib import Path

import pytest
from flask import Flask
from playwright.sync_api import Error, Route, expect

from app.core import clock
from app.core.db import db, unit_of_work
from app.courses import service as courses
from app.courses.models import Course, Lesson
from app.learning import queries, service
from app.learning.models import Visit
from app.media import hls
from app.media import service as media
from app.media.models import Media, MediaSecret
from tests.learning.lessons import Made, make_course, single

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.xdist_group("site")]
SECONDS = 12
PAUSED_EARLY = """() => {
    const video = document.querySelector("video");
    return video.paused && !video.seeking && video.currentTime < 4.6;
}"""


@pytest.fixture(scope="module")
def clip(site, tmp_path_factory: pytest.TempPathFactory) -> int:
    """A short video with captions, prepared by the worker of the site; its media id."""
    path = filmed(tmp_path_factory.mktemp("clip") / "clip.mp4")
    trainer = site.people.member(role="trainer")
    media_id = prepared(site, path, trainer)
    with site.app.app_context(), unit_of_work():
        for language, label, words in (("en", "English", "Hello"), ("zh-Hans", "简体中文", "你好")):
            media.attach_captions(
                media_id,
                language=language,
                label=label,
                data=f"WEBVTT\n\n00:00.000 --> 00:11.000\n{words}\n".encode(),
            )
    return media_id


def filmed(path: Path, seconds: int = SECONDS) -> Path:
    subprocess.run(
        [
            *("ffmpeg", "-v", "error", "-f", "lavfi"),
            *("-i", f"testsrc2=s=320x180:r=12:d={seconds}"),
            *("-f", "lavfi", "-i", f"sine=d={seconds}", "-shortest"),
            *("-c:v", "libx264", "-preset", "ultrafast", "-g", "24", "-c:a", "aac", str(path)),
        ],
        check=True,
    )
    return path


def prepared(site, path: Path, trainer: int) -> int:
    """Upload a recording and wait until the worker of the site has prepared it; its media id."""
    with path.open("rb") as stream, site.app.app_context():
        stored = media.store(filename=path.name, stream=stream, length=path.stat().st_size)
    with site.app.app_context(), unit_of_work():
        media_id = media.register(stored, owner_id=trainer)
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        with site.app.app_context():
            found = media_queries(media_id)
            db.session.rollback()
        if found.is_ready:
            return media_id
        assert found.state != "failed", found.detail
        time.sleep(0.3)
    raise AssertionError("the worker did not prepare the clip")


def media_queries(media_id: int):
    from app.media.queries import recording

    found = recording(media_id)
    assert found is not None
    return found


@pytest.fixture
def course(site, clip: int) -> Made:
    """A video, a text and a quiz."""
    trainer = site.people.member(role="trainer")
    made = make_course(
        site.app,
        trainer,
        [("video", media_length(site.app, clip)), ("reading", 8_000)],
        [single("Which?", "this", ("that",))],
    )
    with site.app.app_context(), unit_of_work() as session:
        session.get_one(Lesson, made.lessons[0]).media_id = clip
        session.get_one(Lesson, made.lessons[1]).body = "\n\n".join(["A paragraph to read."] * 80)
    return made


def media_length(app: Flask, media_id: int) -> int:
    with app.app_context():
        length = media_queries(media_id).duration_ms
        db.session.rollback()
    return length


def progress(site, member: int, lesson: int):
    with site.app.app_context():
        found = queries.lesson_progress_for(member, [lesson]).get(lesson)
        db.session.rollback()
    return found


def opened(window, site, course: Made, *, lesson: int = 0, query: str = "", **settings: object):
    member = settings.pop("member", None) or site.people.member()
    win = window(**settings)
    win.sign_in(member)
    win.page.goto(f"/courses/{course.slug}/lessons/{course.lessons[lesson]}{query}")
    if lesson == 0:
        win.page.wait_for_selector("#player[data-ready]")
    return win, member


def play(win, speed: float = 2) -> None:
    win.page.evaluate(
        "speed => { const v = document.querySelector('video'); v.muted = true;"
        " v.playbackRate = speed; return v.play(); }",
        speed,
    )


def test_watching_to_the_end_completes_the_lesson(window, site, course: Made) -> None:
    win, member = opened(window, site, course)
    page = win.page
    assert "complete at 90 %" in page.inner_text("#seen-text")
    assert page.locator(".plyr__captions").count() == 1
    play(win)
    page.wait_for_selector(".seen-text .icon", timeout=30_000)
    assert page.inner_text("#seen-text").strip() == "Complete"
    assert "10 points for you" in page.inner_text("#lesson-live")
    assert page.locator("#lesson-next .btn-primary").inner_text().startswith("Next lesson")
    assert "% of the course" in page.inner_text("#course-progress")
    assert not page.inner_text("#course-progress").strip().startswith("0 %")
    assert progress(site, member, course.lesson).is_complete
    assert not win.scrolls_sideways()
    assert win.axe() == []
    assert win.problems == []


def test_captions_are_on_in_the_language_of_the_reader_and_stay_off_when_switched_off(
    window, site, course: Made
) -> None:
    win, _ = opened(window, site, course)
    page = win.page
    play(win, 0.5)
    page.wait_for_selector(".plyr__caption")
    assert page.inner_text(".plyr__caption") == "Hello"
    page.focus(".plyr")
    page.keyboard.press("c")
    page.wait_for_selector(".plyr__caption", state="hidden")
    page.reload()
    page.wait_for_selector("#player[data-ready]")
    play(win, 0.5)
    page.wait_for_timeout(700)
    assert not page.locator(".plyr__caption").is_visible()
    assert win.problems == []


def test_a_question_inside_stops_the_player_until_it_is_answered(
    window, site, course: Made
) -> None:
    with site.app.app_context(), unit_of_work():
        courses.add_checkpoint(
            course.lesson, question_id=course.questions[0], at_ms=4_000, counts=True
        )
    win, member = opened(window, site, course)
    page = win.page
    play(win)
    box = page.locator("#checkpoint")
    box.get_by_text("Which?").wait_for(timeout=30_000)
    video = page.locator("video")
    assert video.evaluate("v => v.paused")
    assert 3.5 < video.evaluate("v => v.currentTime") < 4.6
    assert win.axe() == []
    assert not win.scrolls_sideways()
    video.evaluate("v => { v.currentTime = 11; return v.play().catch(() => 0); }")
    page.wait_for_function(PAUSED_EARLY)
    box.get_by_label("that").check()
    box.get_by_role("button", name="Send the answer").click()
    box.get_by_text("Not right yet").wait_for()
    box.get_by_label("this").check()
    box.get_by_role("button", name="Send the answer").click()
    box.get_by_text("Right.", exact=True).wait_for()
    box.get_by_role("button", name="Go on").click()
    page.wait_for_selector("#seen-text .icon", timeout=30_000)
    assert box.is_hidden()
    assert progress(site, member, course.lesson).is_complete
    assert win.problems == []


def test_jumping_to_the_end_is_not_watching_and_one_press_plays_what_is_missing(
    window, site, course: Made
) -> None:
    win, member = opened(window, site, course)
    page = win.page
    play(win)
    page.wait_for_function("() => document.querySelector('video').currentTime > 3")
    page.evaluate("document.querySelector('video').currentTime = 11")
    page.wait_for_function("() => document.querySelector('video').ended", timeout=15_000)
    page.wait_for_selector("#play-gaps:not([hidden])")
    assert "Still missing" in page.inner_text("#seen-text")
    assert not progress(site, member, course.lesson).is_complete
    page.click("#why summary")
    assert "more of what is missing" in page.inner_text("#why-short")
    assert page.locator("#gaps button").count() >= 1
    assert page.locator(".plyr__progress .seen-seek rect").count() >= 2
    assert win.axe() == []
    page.click("#gaps button")
    page.wait_for_selector(".seen-text .icon", timeout=30_000)
    assert progress(site, member, course.lesson).is_complete
    assert win.problems == []


def test_another_device_goes_on_where_this_one_stopped(window, site, course: Made) -> None:
    win, member = opened(window, site, course)
    play(win)
    win.page.wait_for_function("() => document.querySelector('video').currentTime > 6.5")
    win.page.evaluate("document.querySelector('video').pause()")
    deadline = time.monotonic() + 10
    while (found := progress(site, member, course.lesson)) is None or found.position_ms < 6_000:
        assert time.monotonic() < deadline
        time.sleep(0.1)
    other, _ = opened(window, site, course, member=member, viewport={"width": 1440, "height": 900})
    other.page.wait_for_selector("#resumed:not([hidden])")
    assert "You stopped at 0:0" in other.page.inner_text("#resumed")
    other.page.wait_for_function("() => document.querySelector('video').currentTime > 5.9")
    at = other.page.evaluate("document.querySelector('video').currentTime")
    assert abs(at - found.position_ms / 1000) < 0.5
    other.page.click("#resumed button")
    other.page.wait_for_function("() => document.querySelector('video').currentTime < 5")
    assert other.problems == []


def test_whoever_watches_a_recording_that_is_replaced_goes_on_in_the_new_one(
    window, site, course: Made, tmp_path: Path
) -> None:
    longer = filmed(tmp_path / "new.mp4", SECONDS + 4)
    new = prepared(site, longer, site.people.member(role="trainer"))
    win, _ = opened(window, site, course)
    page = win.page
    held: list[Route] = []  # else all pieces may be there before the old one goes

    def hold(route: Route) -> None:
        held.append(route)

    page.route(re.compile(r"-0000[1-9]\.m4s"), hold)
    page.reload()
    page.wait_for_function("() => document.querySelector('video').readyState > 2")
    with site.app.app_context(), unit_of_work() as session:
        lesson = session.get_one(Lesson, course.lesson)
        lesson.media_id, lesson.length_ms = new, (SECONDS + 4) * 1000
    page.unroute(re.compile(r"-0000[1-9]\.m4s"))
    with page.expect_event("domcontentloaded"):  # pieces of the old one are not given any more
        for each in held:
            each.continue_()
        play(win, 1)
    page.wait_for_selector("#player[data-ready]")
    expect(page.get_by_text("The recording has been renewed.")).to_be_visible()
    second = int(page.url.partition("?t=")[2])
    assert 0 <= second <= SECONDS
    page.wait_for_function("at => document.querySelector('video').currentTime >= at", arg=second)
    # Of the same length (a first version that the whole one replaces), it goes on without a word.
    with site.app.app_context(), unit_of_work() as session:
        row = session.get_one(Media, new)
        row.uuid, moved = secrets.token_hex(16), row.uuid
        folder = site.config.media_dir / "renditions"
        (folder / moved).rename(folder / row.uuid)
    page.evaluate("() => { window.here = true; }")
    play(win)
    page.wait_for_function("() => document.querySelector('video').ended", timeout=60_000)
    assert page.evaluate("() => window.here")


def test_an_address_can_name_a_second(window, site, course: Made) -> None:
    win, _ = opened(window, site, course, query="?t=5")
    win.page.wait_for_function(
        "() => Math.abs(document.querySelector('video').currentTime - 5) < 0.5"
    )
    assert not win.page.locator("#resumed").is_visible()


def test_the_keyboard_moves_the_player(window, site, course: Made) -> None:
    win, _ = opened(window, site, course)
    page = win.page
    video = "document.querySelector('video')"
    page.focus(".plyr")
    page.keyboard.press("Space")
    page.wait_for_function(f"() => !{video}.paused && {video}.currentTime > 0.1")
    page.keyboard.press(">")
    page.wait_for_function(f"() => {video}.playbackRate === 1.25")
    page.keyboard.press("<")
    page.keyboard.press("<")
    page.wait_for_function(f"() => {video}.playbackRate === 0.75")
    page.keyboard.press("m")
    page.wait_for_function(f"() => {video}.muted")
    page.keyboard.press("ArrowRight")
    page.wait_for_function(f"() => {video}.currentTime > 9")
    page.keyboard.press("Space")
    page.wait_for_function(f"() => {video}.paused")
    page.keyboard.press("f")
    page.wait_for_function("() => document.fullscreenElement !== null")
    assert win.problems == []


def test_no_speed_above_two_is_played(window, site, course: Made) -> None:
    win, _ = opened(window, site, course)
    play(win, 4)
    win.page.wait_for_function("() => document.querySelector('video').playbackRate === 2")


def test_reports_that_get_lost_are_sent_again(window, site, course: Made) -> None:
    """One in three never arrives, one in three arrives and its answer is lost."""
    win, member = opened(window, site, course)
    chance = random.Random(4)
    fates: list[str] = []

    def meddle(route) -> None:
        fate = chance.choice(["good", "lost", "answer lost"]) if len(fates) < 6 else "good"
        fates.append(fate)
        if fate == "lost":
            route.abort()
        elif fate == "answer lost":
            route.fetch()
            route.abort()
        else:
            route.continue_()

    win.page.route("**/spans", meddle)
    play(win, 1)
    for _ in range(4):
        win.page.wait_for_timeout(1_500)
        win.page.evaluate("document.querySelector('video').pause()")
        win.page.wait_for_timeout(2_300)
        win.page.evaluate("document.querySelector('video').play()")
    win.page.wait_for_selector(".seen-text .icon", timeout=60_000)
    assert progress(site, member, course.lesson).is_complete
    assert {"lost", "answer lost"} <= set(fates)


def test_the_first_report_after_an_outage_brings_all_of_it(window, site, course: Made) -> None:
    """A second one would come too soon to be believed."""
    win, member = opened(window, site, course)
    sent: list[dict] = []
    lost: list[dict] = []

    def meddle(route) -> None:
        if win.page.evaluate("window.away !== false"):
            lost.append(route.request.post_data_json)
            route.abort()
        else:
            sent.append(route.request.post_data_json)
            route.continue_()

    win.page.route("**/spans", meddle)
    play(win, 1)
    win.page.wait_for_function("() => document.querySelector('video').currentTime > 9")
    for _ in range(200):  # an outage is one when something was lost in it
        if lost:
            break
        win.page.wait_for_timeout(100)
    win.page.evaluate("window.away = false; dispatchEvent(new Event('online'))")
    win.page.wait_for_selector(".seen-text .icon", timeout=30_000)
    assert sent[0]["kept"] is True
    assert len(sent[0]["spans"]) == 1
    assert sent[0]["spans"][0][1] >= 9_000
    assert progress(site, member, course.lesson).is_complete


def test_closing_the_page_sends_what_was_seen(window, site, course: Made) -> None:
    win, member = opened(window, site, course)
    play(win, 1)
    win.page.wait_for_function("() => document.querySelector('video').currentTime > 2.5")
    win.page.goto("/me")
    deadline = time.monotonic() + 10
    while (found := progress(site, member, course.lesson)) is None or found.seen_ms < 2_000:
        assert time.monotonic() < deadline
        time.sleep(0.1)


def test_what_was_watched_offline_is_counted_though_the_page_was_closed(
    window, site, course: Made
) -> None:
    """The connection was gone until after the page was; any page of ours brings it later."""
    win, member = opened(window, site, course, service_workers="block")
    play(win, 1)
    win.page.wait_for_function("() => document.querySelector('video').buffered.end(0) > 11")
    with site.unplugged(win.context):
        before = progress(site, member, course.lesson).seen_ms
        win.page.wait_for_function("() => document.querySelector('video').currentTime > 5")
        with suppress(Error):  # there is no page to show
            win.page.goto("/me")
        assert progress(site, member, course.lesson).seen_ms == before
    win.page.goto("/courses")
    kept = "Object.keys(localStorage).filter(key => key.startsWith('weike-unsent:')).length"
    win.page.wait_for_function(f"() => {kept} === 0")
    deadline = time.monotonic() + 10
    while progress(site, member, course.lesson).seen_ms < 4_500:
        assert time.monotonic() < deadline
        time.sleep(0.1)


def test_a_strict_course_is_watched_in_order_and_asks_who_is_there(
    window, site, course: Made
) -> None:
    with site.app.app_context(), unit_of_work():
        service.set_watching(course.id, in_order=True, presence=True, alone=False)
    win, member = opened(window, site, course, query="?t=9")
    page, video = win.page, "document.querySelector('video')"
    assert page.evaluate(f"{video}.currentTime") < 1
    page.evaluate(f"{video}.currentTime = 9")
    page.wait_for_function(f"() => !{video}.seeking && {video}.currentTime < 3")
    assert "watched in order" in page.inner_text("#notices")
    play(win, 1)
    page.wait_for_function(f"() => {video}.currentTime > 1")
    with site.app.app_context(), unit_of_work() as session:
        visit = session.query(Visit).filter_by(member_id=member).one()
        visit.check_at = visit.started_at
    page.evaluate(f"{video}.pause()")
    page.wait_for_selector("#presence[open]")
    assert win.axe() == []
    with page.expect_response("**/present") as answer:
        page.click("#presence .btn-primary")
    assert answer.value.status == 204
    with site.app.app_context():
        assert db.session.query(Visit).filter_by(member_id=member).one().asked_at is None
        db.session.rollback()
    page.evaluate(f"{video}.play()")
    page.wait_for_function(f"() => {video}.currentTime > 3")
    page.evaluate(f"{video}.currentTime = 1")
    page.wait_for_function(f"() => !{video}.seeking && {video}.currentTime < 3")


def test_a_text_is_complete_after_its_time_and_its_end(window, site, course: Made) -> None:
    win, member = opened(window, site, course, lesson=1)
    page = win.page
    page.wait_for_function(
        "() => document.getElementById('seen-text').textContent.includes('to the end')"
    )
    assert not progress(site, member, course.lessons[1]).is_complete
    page.evaluate("document.getElementById('reading-end').scrollIntoView()")
    page.wait_for_selector(".seen-text .icon", timeout=20_000)
    assert progress(site, member, course.lessons[1]).is_complete
    assert page.locator("#lesson-next .btn-primary").inner_text().startswith("To the quiz")
    assert not win.scrolls_sideways()
    assert win.axe() == []
    assert win.problems == []


def test_a_text_whose_clock_stopped_goes_on_after_the_answer(window, site, course: Made) -> None:
    with site.app.app_context(), unit_of_work():
        service.set_watching(course.id, in_order=False, presence=True, alone=False)
    win, member = window(), site.people.member()
    win.sign_in(member)
    page = win.page
    with page.expect_response("**/learning/visits"):
        page.goto(f"/courses/{course.slug}/lessons/{course.lessons[1]}")
    with site.app.app_context(), unit_of_work() as session:
        visit = session.query(Visit).filter_by(member_id=member).order_by(Visit.id.desc()).first()
        visit.asked_at = visit.started_at - timedelta(minutes=2)  # the minute is over
    page.evaluate("document.getElementById('reading-end').scrollIntoView()")
    page.wait_for_selector("#presence[open]")
    page.wait_for_timeout(300)
    with page.expect_response("**/present"):
        page.click("#presence .btn-primary")
    page.wait_for_selector(".seen-text .icon", timeout=20_000)
    assert progress(site, member, course.lessons[1]).is_complete
    assert win.problems == []


def test_pages_of_a_lesson_are_accessible_in_the_dark_and_on_a_desk(
    window, site, course: Made
) -> None:
    for lesson in (0, 1):
        win, _ = opened(
            window,
            site,
            course,
            lesson=lesson,
            viewport={"width": 1440, "height": 900},
            color_scheme="dark",
        )
        assert win.axe() == []
        assert not win.scrolls_sideways()


def until(is_so) -> None:
    """Wait for something that the server will know soon."""
    deadline = time.monotonic() + 60
    while not is_so():
        assert time.monotonic() < deadline
        time.sleep(0.2)


def ready(page) -> None:
    """Wait until the service worker is in charge of the page."""
    page.wait_for_function("() => navigator.serviceWorker.ready.then(() => true)")
    page.reload()
    page.wait_for_function("() => navigator.serviceWorker.controller")


def kept_files(page) -> list[str]:
    return page.evaluate("""async () => {
      const found = [];
      for (const name of await caches.keys()) if (name.startsWith("media-"))
        for (const each of await (await caches.open(name)).keys())
          found.push(new URL(each.url).pathname);
      return found.filter(path => path !== "/device");
    }""")


def test_a_kept_course_plays_without_a_connection_and_counts_afterwards(
    window, site, course: Made
) -> None:
    member = site.people.member()
    win = window()
    win.sign_in(member)
    page, context = win.page, win.context
    page.goto(f"/courses/{course.slug}")
    ready(page)
    page.get_by_role("button", name="Keep on this device").click()
    page.get_by_label("Small picture").check()
    assert win.axe() == []
    page.get_by_role("button", name="Keep", exact=True).click()
    page.get_by_role("button", name="On this device (").wait_for()
    page.goto("/device")
    page.locator("#kept-list li", has_text="Small picture").wait_for()
    assert win.axe() == []
    with site.unplugged(context):
        page.goto(f"/courses/{course.slug}/lessons/{course.lesson}")
        page.wait_for_selector("#player[data-ready]")
        play(win)
        page.wait_for_function("() => document.querySelector('video').ended")
        page.goto("/device")
        page.locator("#kept-list li").wait_for()
        assert progress(site, member, course.lesson).seen_ms == 0
    page.goto("/")
    until(lambda: (found := progress(site, member, course.lesson)) and found.is_complete)


def encrypted(site, media_id: int) -> None:
    """As the worker does it where WEIKE_ENCRYPT is on."""
    secret = bytes(range(32))
    with site.app.app_context(), unit_of_work() as session:
        row = session.get_one(Media, media_id)
        session.add(MediaSecret(media_id=media_id, secret=secret, made_at=clock.now()))
        folder = media.media_folder().version(row.uuid, row.version)
        for one in row.renditions:
            hls.encrypt(folder, hls.read(folder, f"{one['name']}.m3u8"), secret)


def test_an_encrypted_recording_plays_with_a_connection_and_kept_without(
    window, site, course: Made, tmp_path: Path
) -> None:
    clip = prepared(site, filmed(tmp_path / "clip.mp4"), site.people.member(role="trainer"))
    encrypted(site, clip)
    with site.app.app_context(), unit_of_work() as session:
        session.get_one(Lesson, course.lesson).media_id = clip
    member = site.people.member()
    win = window()
    win.sign_in(member)
    page, context = win.page, win.context
    with page.expect_response(lambda answer: answer.url.endswith(".key")) as key:
        page.goto(f"/courses/{course.slug}/lessons/{course.lesson}")
        page.wait_for_selector("#player[data-ready]")
        play(win)
    assert key.value.status == 200
    page.wait_for_function("() => document.querySelector('video').currentTime > 1")
    page.goto(f"/courses/{course.slug}")
    ready(page)
    page.get_by_role("button", name="Keep on this device").click()
    page.get_by_label("Small picture").check()
    page.get_by_role("button", name="Keep", exact=True).click()
    page.get_by_role("button", name="On this device (").wait_for()
    with site.unplugged(context):
        page.goto(f"/courses/{course.slug}/lessons/{course.lesson}")
        page.wait_for_selector("#player[data-ready]")
        play(win)
        page.wait_for_function("() => document.querySelector('video').ended")


def test_what_a_member_may_not_see_any_more_leaves_the_device(window, site, course: Made) -> None:
    win = window()
    win.sign_in(site.people.member())
    page = win.page
    page.goto(f"/courses/{course.slug}")
    ready(page)
    page.get_by_role("button", name="Keep on this device").click()
    page.get_by_label("Sound").check()
    page.get_by_role("button", name="Keep", exact=True).click()
    page.get_by_role("button", name="On this device (").wait_for()
    assert any(path.endswith(".m4s") for path in kept_files(page))
    with site.app.app_context(), unit_of_work() as session:
        session.get_one(Course, course.id).state = "withdrawn"
    # As if a minute had gone by: that often the pages ask.
    page.evaluate("""async () => {
      const { keptCourses, lookAfter } = await import("weike/keeping");
      const now = Date.now;
      Date.now = () => now() + 120_000;
      await lookAfter(document.querySelector("meta[name=csrf-token]").content);
    }""")
    assert kept_files(page) == []
    win.problems.clear()  # the 404 is what it learnt it from
