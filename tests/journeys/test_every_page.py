"""Every page that a person can reach by links, as each role: accessible, translated, never wide."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Page

from app.core.db import unit_of_work
from app.courses.models import Lesson
from app.members.rules import Reading
from app.members.service import choose_reading
from app.points import service as points
from tests.learning.lessons import MINUTE, make_course, multiple, single, truefalse
from tests.live import DESKTOP, PHONE, Site, Window

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.xdist_group("live")]

NARROW = {"width": 320, "height": 640}
TWO_FRAMES = """() => new Promise(then =>
  requestAnimationFrame(() => requestAnimationFrame(() => then(true))))"""
HTML_LIMIT = 60 * 1024
PAGE_LIMIT = 150 * 1024  # bytes over the wire of all that a normal page needs, first visit
MOST_PAGES = 200
LINKS = "a[href]:not([download])"
TEXT = "## 先看清楚\n\n收到邮件先停三秒，看一看**发件地址**。\n\n1. 域名对不对\n2. 链接去哪里\n"
# Three English words in a row on a Chinese page were forgotten in a template.
ENGLISH = """() => {
  const found = [];
  const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walk.nextNode()) {
    // The name of a product is the same in every language.
    const text = walk.currentNode.data.replaceAll("Safe Exam Browser", "SEB").trim();
    const of = walk.currentNode.parentElement;
    if (of.closest("script, style, template, noscript, code, [lang=en]")) continue;
    if (/[A-Za-z]{2,}( [A-Za-z]{2,}){2,}/.test(text)) found.push("English: " + text.slice(0, 80));
  }
  return found;
}"""


def shape(url: str) -> str:
    """A page's address without its numbers and values: /courses/#?page."""
    parts = urlsplit(url)
    path = re.sub(r"/(?:\d+|[0-9a-f]{32})(?=/|$)", "/#", parts.path)
    return path + "?" + "&".join(sorted(p.split("=")[0] for p in parts.query.split("&")))


@pytest.fixture(scope="module")
def people_ids(site: Site) -> dict[str, int]:
    """A branch with somebody of each role, courses in every state, some points."""
    people = site.people
    branch = people.branch("第一支部")
    ids = {
        "member": people.member("王小明", branch=branch),
        "elder": people.member("孙奶奶", branch=branch),
        "trainer": people.member("李老师", branch=branch, role="trainer"),
        "organizer": people.member("张书记", branch=branch, organizes=branch),
        "administrator": people.member("赵管理", role="administrator"),
    }
    quiz = [
        single("收到可疑邮件先做什么？", "打电话核实", ("马上回复",)),
        multiple("哪些是好密码？", {"很长": "0.5", "不重复": "0.5", "写在纸上": "-0.5"}),
        truefalse("银行会用邮件索要密码。", False),
    ]
    course = {"title": "识别网络钓鱼", "summary": "十分钟学会认出假邮件。", "language": "zh_Hans"}
    reading = ("reading", 2 * MINUTE)
    trainer = ids["trainer"]
    made = make_course(site.app, trainer, [reading, reading], quiz, **course)
    make_course(site.app, trainer, [("video", 9 * MINUTE)], ready=False, **course)
    make_course(site.app, trainer, [reading], quiz, state="draft", published_at=None, **course)
    make_course(site.app, trainer, [reading], state="withdrawn", **course)
    with site.app.app_context(), unit_of_work() as session:
        for lesson in session.query(Lesson):
            lesson.title = "怎样看发件人"
            if lesson.kind == "reading":
                lesson.body = TEXT
        choose_reading(ids["elder"], Reading.EASY)
        points.credit(member_id=ids["member"], reason="lesson", source=f"lesson:{made.lesson}")
    return ids


def faults(window: Window, status: int, *, chinese: bool) -> list[str]:
    """What is wrong with the page that a window shows."""
    page = window.page
    found = [*window.problems]
    if status != 200:
        found.append(f"status {status}")
    if len(page.content().encode()) > HTML_LIMIT:
        found.append("more than 60 KB of HTML")
    found += window.axe()
    if chinese:
        found += page.evaluate(ENGLISH)
    # The other colours, too: light where the walk is dark, dark where it is light.
    dark = page.evaluate("matchMedia('(prefers-color-scheme: dark)').matches")
    other = "light" if dark else "dark"
    page.emulate_media(color_scheme=other, reduced_motion="reduce")
    # Buttons fade from one colour to the other; halfway through nothing can be said of them.
    page.wait_for_function("other => document.documentElement.dataset.bsTheme === other", arg=other)
    page.wait_for_function(TWO_FRAMES)
    page.wait_for_function(
        "() => !document.getAnimations().some(each => each instanceof CSSTransition)"
    )
    found += [f"{line} (in the other colours)" for line in window.axe("color-contrast")]
    page.emulate_media(color_scheme="dark" if dark else "light", reduced_motion="no-preference")
    wide = page.viewport_size
    for size in (wide, NARROW):
        page.set_viewport_size(size)
        if window.scrolls_sideways():
            found.append(f"scrolls sideways at {size['width']} px")
    page.set_viewport_size(wide)
    return found


@dataclass(frozen=True)
class Dress:
    """In which size, language and colours a page is looked at."""

    size: dict[str, int]
    locale: str
    look: str

    def put_on(self, page: Page) -> None:
        page.set_viewport_size(self.size)
        page.set_extra_http_headers({"Accept-Language": self.locale})
        page.emulate_media(color_scheme=self.look)

    def __str__(self) -> str:
        return f"{self.size['width']} px, {self.locale}, {self.look}"


DRESSES = [
    Dress(size, locale, look)
    for size in (PHONE, DESKTOP)
    for locale in ("zh-CN", "en-US")
    for look in ("light", "dark")
]
ROLES = ("visitor", "member", "trainer", "organizer", "administrator")


def looked_at(visitor: Window, path: str, dress: Dress) -> tuple[list[str], list[str]]:
    """What is wrong with a page in a dress, and its links."""
    page = visitor.page
    visitor.problems.clear()
    dress.put_on(page)
    answer = page.goto(path)
    page.wait_for_function("() => !document.querySelector('.htmx-request')")
    links = page.eval_on_selector_all(LINKS, "all => all.map(a => a.href.split('#')[0])")
    chinese = dress.locale == "zh-CN" and "lang=" not in path
    return [f"{line} ({dress})" for line in faults(visitor, answer.status, chinese=chinese)], links


Look = Callable[[int, str], tuple[list[str], list[str]]]


def walk(site: Site, first: str, look: Look) -> dict[str, list[str]]:
    """Every kind of page that links lead to, with what `look` (number, path) finds wrong with it;
    it returns the page's links, too."""
    walked: dict[str, list[str]] = {}
    waiting, seen = [first], set()
    while waiting:
        assert len(walked) < MOST_PAGES
        path = waiting.pop(0)
        walked[path], links = look(len(walked), path)
        for link in links:
            # Files and other people's sites are no pages of ours.
            if not link.startswith(site.url) or re.search(r"\.[a-z0-9]{2,4}($|\?)", link):
                continue
            if re.search(r"/(export|download|template)", link) or shape(link) in seen:
                continue
            seen.add(shape(link))
            waiting.append(link.removeprefix(site.url))
    return walked


@pytest.mark.parametrize("role", ROLES)
def test_every_page_of_a_role(role: str, window, site: Site, people_ids: dict[str, int]) -> None:
    """Each page once, in the next of the eight dresses; every role sees every dress."""
    visitor = window()
    if role in people_ids:
        visitor.sign_in(people_ids[role])
    first = ROLES.index(role)  # what two roles see, they see in different dresses

    def look(number: int, path: str) -> tuple[list[str], list[str]]:
        return looked_at(visitor, path, DRESSES[(first + number) % len(DRESSES)])

    walked = walk(site, "/" if role in people_ids else "/sign-in", look)
    assert len(walked) > 3
    # Who has fewer pages than there are dresses sees the first ones again in the others.
    for number in range(len(walked), len(DRESSES)):
        path = list(walked)[number % len(walked)]
        again, _ = look(number, path)
        walked[path] = [*walked[path], *again]
    assert {path: lines for path, lines in walked.items() if lines} == {}


# What is wider than its box, and cut off there: words that nobody can read.
CUT_OFF = """() => [...document.querySelectorAll("body *")]
  .filter(e => e.checkVisibility()
    && !e.closest(".visually-hidden, .skip-link, svg, video, thead, .aloud")
    && e.clientWidth > 0 && e.scrollWidth > e.clientWidth + 1
    && ["hidden", "clip"].includes(getComputedStyle(e).overflowX))
  .map(e => "cut off: " + e.outerHTML.slice(0, 120))"""


@pytest.mark.parametrize("locale", ["zh-CN", "en-US"])
def test_the_easy_mode_can_be_zoomed_to_the_double(
    locale: str, window, site: Site, people_ids: dict[str, int]
) -> None:
    """At 200 % half as many pixels remain for the large type: nothing is wider than that."""
    half = {"width": PHONE["width"] // 2, "height": PHONE["height"] // 2}
    visitor = window(viewport=half, locale=locale)
    page = visitor.page
    visitor.sign_in(people_ids["elder"])

    def look(_number: int, path: str) -> tuple[list[str], list[str]]:
        page.goto(path)
        page.wait_for_function("() => !document.querySelector('.htmx-request')")
        found = page.evaluate(CUT_OFF)
        if visitor.scrolls_sideways():
            found.append("scrolls sideways")
        return found, page.eval_on_selector_all(LINKS, "all => all.map(a => a.href.split('#')[0])")

    walked = walk(site, "/", look)
    assert len(walked) > 20
    assert {path: lines for path, lines in walked.items() if lines} == {}


@pytest.mark.parametrize("path", ["/", "/courses", "/points", "/sign-in"])
def test_a_normal_page_is_light(path: str, window, people_ids: dict[str, int]) -> None:
    """Style sheets, scripts, icons and the page itself, as they come over the wire."""
    first = window()
    if path != "/sign-in":
        first.sign_in(people_ids["member"])
    sizes: dict[str, int] = {}
    first.page.on(
        "requestfinished",
        lambda request: sizes.update({request.url: request.sizes()["responseBodySize"]}),
    )
    first.page.goto(path)
    first.page.wait_for_load_state("networkidle")
    assert sum(sizes.values()) < PAGE_LIMIT, sizes
