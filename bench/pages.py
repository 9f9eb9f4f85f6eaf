"""How pages feel on a cheap phone behind a weak network, as Chromium's own observers see it.

A site of its own is started; each page is opened for the first time (nothing cached) with the CPU
slowed down four times and 1.6 Mbit/s with 150 ms for each round trip, as a slow 4G is imitated. The
browser says when the largest thing stood there (LCP), how much moved meanwhile (CLS), and how long
the answer to a press took (the longest of a few, from the event until the next picture): an answer
is ticked, a filter opened or chosen, a search typed; where there are only links, the focus moves.
"""

from __future__ import annotations

import json
import os
import re
import statistics
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from flask_migrate import upgrade
from playwright.sync_api import Browser, Page, expect

from app import create_app
from app.core.db import db, unit_of_work
from app.courses import service as courses
from app.courses.models import Lesson
from app.members.rules import Reading
from app.members.service import choose_reading
from tests.conftest import make_config
from tests.exams.examiner import Candidate, make_exam
from tests.exams.taker import Taker
from tests.learning.lessons import MINUTE, Made, make_course, single
from tests.live import PHONE, Site, browser, free_port, running_site

SLOWER = 4
NETWORK = {"latency": 150, "downloadThroughput": 1.6e6 / 8, "uploadThroughput": 0.75e6 / 8}
ROUNDS = 3
OBSERVE = """
window.measured = {lcp: 0, cls: 0, press: 0};
const see = (type, take, more) =>
  new PerformanceObserver((list) => list.getEntries().forEach(take))
    .observe({type, buffered: true, ...more});
see("largest-contentful-paint", (e) => { measured.lcp = e.startTime; });
see("layout-shift", (e) => { if (!e.hadRecentInput) measured.cls += e.value; });
see("event", (e) => { measured.press = Math.max(measured.press, e.duration); },
  {durationThreshold: 16});
"""
TEXT = "## 先看清楚\n\n" + "收到邮件先停三秒，看一看**发件地址**，再想一想链接去哪里。\n\n" * 12
LCP_GOAL, CLS_GOAL, PRESS_GOAL = 1800, 0.05, 100
COURSES, MEMBERS = 12, 40
WORDS = "网络钓鱼"


@dataclass(frozen=True)
class Sheet:
    """A page to look at: where, whom it is shown to, what is pressed there.

    `prepare` gets a new member of the page's kind, and says where the page is for them.
    """

    name: str
    press: Callable[[Page], None]
    prepare: Callable[[int], str]
    role: dict[str, Any]
    reading: Reading = Reading.NORMAL


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        empty = empty_database(Path(folder) / "empty")
        config = make_config(
            Path(folder) / "site", base_url=f"http://127.0.0.1:{free_port()}", testing=False
        )
        with running_site(config, empty) as site, browser() as chrome:
            pages = _pages(site)
            _measure(chrome, site, pages[0])  # a site that has just started is no site in use
            rows = [row for sheet in pages for row in _rows(chrome, site, sheet)]
    print(json.dumps({"name": "pages", "rows": rows}, ensure_ascii=False))


def empty_database(folder: Path) -> Path:
    """A migrated database without anybody, to be copied."""
    app = create_app(make_config(folder))
    with app.app_context():
        upgrade()
        db.session.remove()
        with db.engine.connect() as connection:
            connection.connection.driver_connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        db.engine.dispose()
    return folder / "instance" / "weike.sqlite"


def _pages(site: Site) -> list[Sheet]:
    """A dozen courses, an exam and some members; returns the pages to look at."""
    people = site.people
    trainer = people.member("李老师", role="trainer", language="zh_Hans")
    made = _courses(site, trainer)
    exam = make_exam(site.app, trainer, _quiz())
    for _number in range(MEMBERS):
        people.member()
    _wait_for_search(site)
    first = made[0]
    lesson = f"/courses/{first.slug}/lessons/{first.lesson}"

    def quiz(member: int) -> str:
        taker = Taker(people, first, member)
        assert taker.start().status_code in {302, 303}
        return taker.url

    def paper(member: int) -> str:
        candidate = Candidate(people, exam, member)
        candidate.start()
        return f"/attempts/{candidate.attempt}/paper"

    def desk(member: int) -> str:
        with site.app.app_context(), unit_of_work():
            for number in range(COURSES):
                title = f"草稿 {number}"
                draft = courses.create_course(
                    author_id=member, title=title, theme_id=1, language="zh_Hans"
                )
            courses.remove_course(draft)
        return "/desk"

    return [
        Sheet("home", _move_focus, lambda _: "/", {}),
        Sheet("catalogue", _begun, lambda _: "/courses", {}),
        Sheet("course", _move_focus, lambda _: f"/courses/{first.slug}", {}),
        Sheet("reading", _move_focus, lambda _: lesson, {}),
        Sheet("points", _move_focus, lambda _: "/points", {}),
        Sheet("quiz", _answer, quiz, {}),
        Sheet("search results", _search, lambda _: f"/search?q={WORDS}", {}),
        Sheet("trainer's desk", _open("#removed"), desk, {"role": "trainer"}),
        Sheet(
            "completion",
            _choose("state"),
            lambda _: "/organizer/completion",
            {"organizes": people.root},
        ),
        Sheet("exam paper", _answer, paper, {}),
        Sheet("home, easy mode", _move_focus, lambda _: "/", {}, Reading.EASY),
        Sheet(
            "course, easy mode", _move_focus, lambda _: f"/courses/{first.slug}", {}, Reading.EASY
        ),
        Sheet("quiz, easy mode", _answer, quiz, {}, Reading.EASY),
    ]


def _quiz() -> list[dict[str, Any]]:
    asked = ("收到可疑邮件先做什么？", "链接写着银行，先看什么？", "密码告诉谁？")
    return [single(stem, "先打电话核实", ("马上回复", "转给同事")) for stem in asked]


def _courses(site: Site, trainer: int) -> list[Made]:
    made = [
        make_course(
            site.app,
            trainer,
            [("reading", 2 * MINUTE)] * 3,
            _quiz(),
            title=f"识别{WORDS} {number}",
            summary="十分钟学会认出假邮件。",
            language="en" if number % 4 == 3 else "zh_Hans",
        )
        for number in range(COURSES)
    ]
    with site.app.app_context(), unit_of_work() as session:
        for lesson in session.query(Lesson):
            lesson.title, lesson.body = "怎样看发件人", TEXT
        courses.reindex_all()
    return made


def _wait_for_search(site: Site, seconds: float = 120) -> None:
    """The worker indexes by itself."""
    client = site.people.client(site.people.member())
    deadline = time.monotonic() + seconds
    while "search-choice" not in client.get(f"/search?q={WORDS}").get_data(as_text=True):
        assert time.monotonic() < deadline, "nothing is found"
        time.sleep(0.5)


def _rows(chrome: Browser, site: Site, sheet: Sheet) -> list[dict[str, Any]]:
    found = [_measure(chrome, site, sheet) for _round in range(ROUNDS)]
    lcp, cls, press = (statistics.median(values) for values in zip(*found, strict=True))
    name, load = sheet.name, os.getloadavg()[0]
    print(f"{name}: LCP {lcp:.0f} ms, CLS {cls:.3f}, press {press:.0f} ms (load {load:.1f})")
    return [
        {"what": f"{name}: largest paint", "ours": f"{lcp:.0f} ms", "goal": f"≤ {LCP_GOAL} ms"},
        {"what": f"{name}: layout shift", "ours": f"{cls:.3f}", "goal": f"< {CLS_GOAL}"},
        {"what": f"{name}: press", "ours": f"{press:.0f} ms", "goal": f"≤ {PRESS_GOAL} ms"},
    ]


def _measure(chrome: Browser, site: Site, sheet: Sheet) -> tuple[float, float, float]:
    """LCP in ms, CLS, and the longest answer to a press in ms, of one first visit."""
    member = site.people.member("王小明", language="zh_Hans", **sheet.role)
    with site.app.app_context(), unit_of_work():
        choose_reading(member, sheet.reading)
    path = sheet.prepare(member)
    cookie = site.people.client(member).get_cookie("sid")
    assert cookie is not None
    context = chrome.new_context(base_url=site.url, viewport=PHONE, locale="zh-CN")
    try:
        context.add_cookies([{"name": "sid", "value": cookie.value, "url": site.url}])
        page = context.new_page()
        session = context.new_cdp_session(page)
        session.send("Network.enable")
        session.send("Network.emulateNetworkConditions", {"offline": False, **NETWORK})
        session.send("Emulation.setCPUThrottlingRate", {"rate": SLOWER})
        page.add_init_script(OBSERVE)
        page.goto(path, wait_until="load", timeout=60_000)
        page.wait_for_function("() => measured.lcp > 0")
        page.wait_for_timeout(1500)
        sheet.press(page)
        page.wait_for_timeout(500)
        return _read(page)
    finally:
        context.close()


# --- what people do on a page, nothing of which leaves it -----------------------------------------


def _move_focus(page: Page) -> None:
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    page.locator("main h1").first.click()


def _answer(page: Page) -> None:
    """Tick an answer, which is saved, and go on to the next question where they come one by one."""
    page.locator("fieldset.question:visible .form-check-input").first.click()
    expect(page.locator("#status")).not_to_be_empty()
    if page.locator("#next").is_visible():
        page.locator("#next").click()


def _search(page: Page) -> None:
    """Type into the box until it suggests something, and open a filter."""
    page.locator("#search-box").click()
    page.keyboard.press("End")
    page.keyboard.type(" 1")
    page.wait_for_timeout(1000)
    page.keyboard.press("Escape")
    menu = page.locator(".search-choice").first
    menu.locator("summary").click()
    expect(menu).to_have_attribute("open", "")


def _open(details: str) -> Callable[[Page], None]:
    def press(page: Page) -> None:
        page.locator(f"{details} > summary").click()
        expect(page.locator(details)).to_have_attribute("open", "")

    return press


def _begun(page: Page) -> None:
    """Ask for the courses that are not begun."""
    page.locator(".course-mine label").nth(1).click()
    page.wait_for_url("**mine=new**")


def _choose(name: str) -> Callable[[Page], None]:
    """Choose another value of a filter, by keys: the list behind it is asked for again."""

    def press(page: Page) -> None:
        page.locator(f"select[name={name}]").focus()
        page.keyboard.press("ArrowDown")
        page.wait_for_url(re.compile(rf"[?&]{name}=\w"))

    return press


def _read(page: Page) -> tuple[float, float, float]:
    found = page.evaluate("window.measured")
    return found["lcp"], found["cls"], found["press"]


if __name__ == "__main__":
    main()
