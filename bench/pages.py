"""How pages feel on a cheap phone behind a weak network, as Chromium's own observers see it.

A site of its own is started; each page is opened for the first time (nothing cached) with the CPU
slowed down four times and 1.6 Mbit/s with 150 ms for each round trip, as a slow 4G is imitated. The
browser says when the largest thing stood there (LCP), how much moved meanwhile (CLS), and how long
the answer to a press took (the longest of a few, from the event until the next picture).
"""

from __future__ import annotations

import json
import os
import statistics
import tempfile
from pathlib import Path
from typing import Any

from flask_migrate import upgrade
from playwright.sync_api import Browser, Page

from app import create_app
from app.core.db import db, unit_of_work
from app.courses.models import Lesson
from tests.conftest import make_config
from tests.learning.lessons import MINUTE, make_course, single
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


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        empty = empty_database(Path(folder) / "empty")
        config = make_config(
            Path(folder) / "site", base_url=f"http://127.0.0.1:{free_port()}", testing=False
        )
        with running_site(config, empty) as site, browser() as chrome:
            pages = _fill(site)
            _measure(chrome, site, *pages[0])  # a site that has just started is no site in use
            rows = [row for name, path in pages for row in _rows(chrome, site, name, path)]
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


def _fill(site: Site) -> list[tuple[str, str]]:
    """A dozen courses; returns the pages to look at."""
    trainer = site.people.member("李老师", role="trainer")
    quiz = [single("收到可疑邮件先做什么？", "打电话核实", ("马上回复",))]
    made = [
        make_course(
            site.app,
            trainer,
            [("reading", 2 * MINUTE)] * 3,
            quiz,
            title=f"识别网络钓鱼 {number}",
            summary="十分钟学会认出假邮件。",
            language="zh_Hans",
        )
        for number in range(12)
    ]
    with site.app.app_context(), unit_of_work() as session:
        for lesson in session.query(Lesson):
            lesson.title, lesson.body = "怎样看发件人", TEXT
    slug = made[0].slug
    return [
        ("home", "/"),
        ("catalogue", "/courses"),
        ("course", f"/courses/{slug}"),
        ("reading", f"/courses/{slug}/lessons/{made[0].lesson}"),
        ("points", "/points"),
    ]


def _rows(chrome: Browser, site: Site, name: str, path: str) -> list[dict[str, Any]]:
    found = [_measure(chrome, site, name, path) for _round in range(ROUNDS)]
    lcp, cls, press = (statistics.median(values) for values in zip(*found, strict=True))
    load = os.getloadavg()[0]
    print(f"{name}: LCP {lcp:.0f} ms, CLS {cls:.3f}, press {press:.0f} ms (load {load:.1f})")
    return [
        {"what": f"{name}: largest paint", "ours": f"{lcp:.0f} ms", "goal": f"≤ {LCP_GOAL} ms"},
        {"what": f"{name}: layout shift", "ours": f"{cls:.3f}", "goal": f"< {CLS_GOAL}"},
        {"what": f"{name}: press", "ours": f"{press:.0f} ms", "goal": f"≤ {PRESS_GOAL} ms"},
    ]


def _measure(chrome: Browser, site: Site, name: str, path: str) -> tuple[float, float, float]:
    """LCP in ms, CLS, and the longest answer to a press in ms, of one first visit."""
    member = site.people.member("王小明", language="zh_Hans")
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
        _press(page)
        page.wait_for_timeout(500)
        return _read(page)
    finally:
        context.close()


def _press(page: Page) -> None:
    """What people do on any page, nothing of which leaves it."""
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    heading = page.locator("main h1").first
    heading.click()


def _read(page: Page) -> tuple[float, float, float]:
    found = page.evaluate("window.measured")
    return found["lcp"], found["cls"], found["press"]


if __name__ == "__main__":
    main()
