"""How long a lesson of 720p takes to its first picture on a phone with 1.6 Mbit/s and 150 ms.

A site of its own prepares a film of 30 seconds. Then a member opens the lesson, and play is pressed
as soon as something can be pressed; the browser itself says when the first frame stood there.
Thrice: with nothing in the browser's cache; coming from the page of the course, as people do, which
has fetched the player meanwhile but nothing of the film; and from the press to the picture, on a
page that has been open for a while.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import tempfile
import time
from pathlib import Path

from playwright.sync_api import Browser, BrowserContext, Page

from app.core.db import db, unit_of_work
from app.courses.models import Lesson
from app.media import queries, service
from bench.pages import NETWORK, empty_database
from tests.conftest import make_config
from tests.learning.lessons import make_course
from tests.live import PHONE, Site, browser, free_port, running_site

ROUNDS = 3
GOAL = 1500
SECONDS = 30
AT_THE_COURSE = 4000  # ms that somebody looks at the page of the course
# When a frame stood there for the first time, in ms since the page was asked for; and one press.
WATCH = """
window.first = 0;
new MutationObserver((changes, observer) => {
  const video = document.querySelector("video");
  if (!video) return;
  observer.disconnect();
  video.addEventListener("playing", () => {
    video.requestVideoFrameCallback((now) => { window.first ||= now; });
  });
}).observe(document, {childList: true, subtree: true});
"""
RESOURCES = """() => performance.getEntriesByType("resource").map((e) => [
  e.startTime, e.responseEnd, e.transferSize, e.name.replace(/.*\\/(static|media)/, "")].map(
  (one) => typeof one === "number" ? Math.round(one) : one).join(" ")).join("\\n")"""
DETAILS = "DETAILS" in os.environ
PRESS = "() => { window.pressed = performance.now(); document.querySelector('video').play(); }"


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        empty = empty_database(Path(folder) / "empty")
        config = make_config(
            Path(folder) / "site", base_url=f"http://127.0.0.1:{free_port()}", testing=False
        )
        with running_site(config, empty) as site, browser() as chrome:
            lessons = [_lesson(site, Path(folder) / "film.mp4", each) for each in (2, SECONDS)]
            found = [_visit(chrome, site, lessons) for _round in range(ROUNDS + 1)][1:]
    cold, later, press = (statistics.median(times) for times in zip(*found, strict=True))
    load = os.getloadavg()[0]
    print(f"cold {cold:.0f} ms, later {later:.0f} ms, press {press:.0f} ms (load {load:.1f})")
    rows = [
        {"what": "first frame of 720p, from the press", "ours": f"{press:.0f} ms"},
        {"what": "first frame of 720p, from the page of the course", "ours": f"{later:.0f} ms"},
        {"what": "first frame of 720p, from an address, nothing cached", "ours": f"{cold:.0f} ms"},
    ]
    rows = [{**row, "goal": f"≤ {GOAL} ms"} for row in rows]
    print(json.dumps({"name": "first_frame", "rows": rows}, ensure_ascii=False))


def _lesson(site: Site, path: Path, seconds: int) -> str:
    """A film that moves and has some grain, uploaded and prepared; the address of its lesson."""
    picture = f"testsrc2=size=1280x720:rate=25:duration={seconds},noise=alls=8:allf=t"
    subprocess.run(
        [
            *("ffmpeg", "-v", "error", "-nostdin", "-y", "-f", "lavfi", "-i", picture),
            *("-f", "lavfi", "-i", f"sine=duration={seconds}", "-c:v", "libx264"),
            *("-preset", "ultrafast", "-pix_fmt", "yuv420p", "-crf", "20"),
            *("-c:a", "aac", str(path)),
        ],
        check=True,
    )
    trainer = site.people.member(role="trainer")
    with site.app.app_context(), unit_of_work():
        media_id = service.import_file(path, owner_id=trainer, filename=path.name)
    while not _is_ready(site, media_id):
        time.sleep(0.5)
    made = make_course(site.app, trainer, [("video", seconds * 1000)])
    with site.app.app_context(), unit_of_work() as session:
        session.get_one(Lesson, made.lesson).media_id = media_id
    return f"/courses/{made.slug}/lessons/{made.lesson}"


def _is_ready(site: Site, media_id: int) -> bool:
    with site.app.app_context():
        found = queries.recording(media_id)
        db.session.rollback()
    assert found is not None
    assert found.state != "failed", found.detail
    return found.is_ready


def _visit(chrome: Browser, site: Site, lessons: list[str]) -> tuple[float, float, float]:
    short, film = lessons
    context = _member(chrome, site)
    try:
        cold = _opened(context, film)
    finally:
        context.close()
    context = _member(chrome, site)
    try:
        page = _page(context)
        page.goto(short.partition("/lessons/")[0], wait_until="load")
        page.wait_for_timeout(AT_THE_COURSE)
        page.close()
        following = _opened(context, film)
    finally:
        context.close()
    context = _member(chrome, site)
    try:
        page = _page(context)
        _settled(page, film)
        press = _pressed(page)
    finally:
        context.close()
    return cold, following, press


def _opened(context: BrowserContext, lesson: str) -> float:
    """From the wish for the page to the first frame, with play pressed as early as possible."""
    page = _page(context)
    page.goto(lesson, wait_until="commit")
    page.wait_for_selector("#player:is([data-begun], [data-ready])", state="attached")
    _pressed(page)
    if DETAILS:
        print(page.evaluate(RESOURCES))
    return float(page.evaluate("first"))


def _settled(page: Page, lesson: str) -> None:
    """Open a lesson and wait until what is loaded before somebody plays is there."""
    page.goto(lesson, wait_until="load")
    page.wait_for_selector("#player[data-ready]")
    page.wait_for_function("() => document.querySelector('video').readyState > 2")


def _pressed(page: Page) -> float:
    """From the press to the first frame of the film that goes on."""
    page.evaluate(PRESS)
    page.wait_for_function("() => first > 0")
    return float(page.evaluate("first - pressed"))


def _member(chrome: Browser, site: Site) -> BrowserContext:
    member = site.people.member("王小明", language="zh_Hans")
    cookie = site.people.client(member).get_cookie("sid")
    assert cookie is not None
    # The service worker would fetch past the slow network, which only pages are put behind.
    context = chrome.new_context(
        base_url=site.url, viewport=PHONE, locale="zh-CN", service_workers="block"
    )
    context.add_cookies([{"name": "sid", "value": cookie.value, "url": site.url}])
    return context


def _page(context: BrowserContext) -> Page:
    page = context.new_page()
    session = context.new_cdp_session(page)
    session.send("Network.enable")
    session.send("Network.emulateNetworkConditions", {"offline": False, **NETWORK})
    page.add_init_script(WATCH)
    return page


if __name__ == "__main__":
    main()
