"""A language that nobody speaks: what stands on a page without its brackets was never translated.

Every message is put in brackets and made a third longer. English outside of brackets was forgotten;
what no longer fits would not fit in a longer language either.
"""

from __future__ import annotations

import re
import shutil
import threading
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from flask import Flask
from playwright.sync_api import Browser
from werkzeug.serving import make_server

from app import create_app
from app.core.db import db, unit_of_work
from app.courses.models import Lesson, Theme
from app.members.service import make_root
from tests.conftest import make_config
from tests.factories import People
from tests.learning.lessons import MINUTE, make_course, single
from tests.live import PHONE, Site, Window, free_port

MOST_PAGES = 200
# Names that are the same in every language: of products, formats, languages, and examples.
NAMES = re.compile(
    r"\b(Weike|English|Chrome|Linux|Firefox|Safari|HeadlessChrome|PDF|CSV|XLSX|Excel|Word|"
    r"PowerPoint|Markdown|GIFT|Aiken|Moodle XML|QTI|YAML|TXT|"
    r"WebVTT|SRT|MP4|WebM|HTML|EPUB|JPEG|PNG|WebP|"
    r"(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) \d+, \d{4}|"
    r"(?:January|February|March|April|May|June|July|August|September|October|November|December)"
    r" \d{4}|(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day|"
    r"[a-z]+://\S+|\S+@\S+|user\d+|[A-Z][a-z]+/[A-Z][A-Za-z_]+|UTC)\b|%|/"
)
# What the pages below show on purpose as it is typed or as it is called in a file.
AS_IT_IS = ("code", "kbd", "pre", "script", "style", "template", "option", "[lang]", "textarea")


def pseudo(text: str) -> str:
    """The message in brackets, a third longer; placeholders stay."""
    longer = (
        " ".join(["~" * 6] * (len(text) // 18 + 1)) if len(text) > 8 else "~" * (len(text) // 3)
    )
    return f"⟦{text}{longer}⟧"


class Texts(HTMLParser):
    """The words of a page and of its labels, without what is shown as it is."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []
        self.silent: list[str] = []

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        given = dict(attributes)
        void = tag in {"meta", "link", "input", "img", "br", "hr", "use", "circle", "path"}
        if not void and (self.silent or tag in AS_IT_IS or (tag != "html" and "lang" in given)):
            self.silent.append(tag)
        if not self.silent:
            for name in ("aria-label", "placeholder", "title", "alt"):
                if given.get(name):
                    self.found.append(str(given[name]))

    def handle_endtag(self, tag: str) -> None:
        if self.silent and self.silent[-1] == tag:
            self.silent.pop()

    def handle_data(self, data: str) -> None:
        if not self.silent and data.strip():
            self.found.append(data.strip())


def forgotten(html: str) -> list[str]:
    """English on a page that did not come through gettext."""
    texts = Texts()
    texts.feed(html)
    inside = re.compile(r"⟦[^⟦⟧]*(?:⟦[^⟦⟧]*⟧[^⟦⟧]*)*⟧")
    # A text with Chinese in it is data, or the name of a column in both languages.
    plain = [inside.sub("", text) for text in texts.found if not re.search(r"[一-鿿]", text)]
    return sorted({text for text in plain if re.search(r"[A-Za-z]{3,}", NAMES.sub("", text))})


def speak_pseudo(app: Flask) -> None:
    app.extensions["settings"].renamers["en"] = pseudo


def furnish(app: Flask, people: People) -> dict[str, int]:
    """An organisation with Chinese names only, so that English on its pages is ours."""
    with app.app_context(), unit_of_work():
        make_root("总部")
    ids = {
        "administrator": people.member("赵管理", role="administrator"),
        "trainer": people.member("李老师", role="trainer"),
        "organizer": people.member("张书记", organizes=people.branch("第一支部")),
    }
    quiz = [
        {**single("收到可疑邮件先做什么？", "打电话核实", ("马上回复",)), "explanation": "因为"}
    ]
    kinds = {"title": "识别网络钓鱼", "summary": "十分钟学会。", "language": "zh_Hans"}
    make_course(app, ids["trainer"], [("reading", 2 * MINUTE)] * 2, quiz, **kinds)
    make_course(
        app, ids["trainer"], [("reading", MINUTE)], state="draft", published_at=None, **kinds
    )
    with app.app_context(), unit_of_work() as session:
        for lesson in session.query(Lesson):
            lesson.title, lesson.body = "怎样看发件人", "先看清楚"
        for theme in session.query(Theme):
            theme.title, theme.description = "安全", ""
        session.flush()
    return ids


@pytest.mark.parametrize("role", ["visitor", "trainer", "organizer", "administrator"])
def test_everything_on_a_page_can_be_translated(app: Flask, people: People, role: str) -> None:
    ids = furnish(app, people)
    client = people.client(ids.get(role))
    client.get("/sign-in")
    speak_pseudo(app)
    waiting, seen = ["/" if role in ids else "/sign-in"], set()
    wrong = {}
    while waiting and len(seen) < MOST_PAGES:
        path = waiting.pop(0)
        answer = client.get(path)
        if answer.mimetype != "text/html" or answer.status_code != 200:
            continue
        html = answer.get_data(as_text=True)
        if lines := forgotten(html):
            wrong[path] = lines
        for link in re.findall(r'<a [^>]*href="(/[^"#]*)"', html):
            shape = re.sub(r"\d+|=[^&]*", "#", link)  # a filter is another page, its value is not
            # The guides are written in each language; files and other languages are no pages.
            if shape in seen or re.match(r"/help|.*(\.\w+$|lang=|export|download)", link):
                continue
            seen.add(shape)
            waiting.append(link.replace("&amp;", "&"))
    assert waiting == []
    assert wrong == {}


@pytest.fixture(scope="module")
def longer(tmp_path_factory: pytest.TempPathFactory, migrated: Path) -> Iterator[tuple[Site, int]]:
    """A site in this process that speaks the longer language, and its trainer."""
    config = make_config(
        tmp_path_factory.mktemp("longer"), base_url=f"http://127.0.0.1:{free_port()}"
    )
    config.instance_dir.mkdir()
    shutil.copy(migrated, config.instance_dir / "weike.sqlite")
    app = create_app(config)
    site = Site(config, app)
    ids = furnish(app, site.people)
    server = make_server("127.0.0.1", urlsplit(config.base_url).port or 0, app, threaded=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    speak_pseudo(app)
    yield site, ids["administrator"]
    server.shutdown()
    server.server_close()
    with app.app_context():
        db.session.remove()
        db.engine.dispose()


CLIPPED = """() => [...document.querySelectorAll(
  "main .btn, main h1, main h2, main .chip, main label, main legend, main .form-label, main th")]
  .filter(e => e.checkVisibility() && !e.closest(".visually-hidden") && e.clientWidth > 0
    && e.scrollWidth > e.clientWidth + 1 && getComputedStyle(e).overflowX !== "visible")
  .map(e => e.outerHTML.slice(0, 120))"""


@pytest.mark.browser
@pytest.mark.slow
@pytest.mark.xdist_group("live")
def test_longer_words_fit_on_a_phone(chrome: Browser, longer: tuple[Site, int]) -> None:
    site, administrator = longer
    window = Window(chrome, site, viewport=PHONE)
    window.sign_in(administrator)
    wrong = {}
    for path in (
        *("/", "/courses", "/points", "/library", "/me", "/desk", "/organizer"),
        *("/admin/members", "/admin/organisation", "/admin/setup", "/welcome"),
    ):
        window.page.goto(path)
        found = window.page.evaluate(CLIPPED)
        if window.scrolls_sideways():
            found.append("scrolls sideways")
        if found:
            wrong[path] = found
    window.close()
    assert wrong == {}
