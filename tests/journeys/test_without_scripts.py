"""Weike without JavaScript: every page reads and every form submits, save player, uploads, charts.

The pages are read as they come from the server, and each form is sent as a browser without scripts
sends it: with what stands in its fields and the button that was pressed. What comes back must be a
page for people: no error of ours, no fragment for a script, no JSON.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser
from urllib.parse import urljoin, urlsplit

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from app.core.db import unit_of_work
from app.courses.models import Lesson
from tests.exams.examiner import make_exam
from tests.factories import People
from tests.learning.lessons import MINUTE, make_course, multiple, single, truefalse
from tests.library.conftest import Librarian

MOST_PAGES = 160
VOID = {"input", "img", "br", "hr", "meta", "link", "source", "track", "wbr", "col"}
# What needs a script by its nature: files on their way, the device's own store, recording.
SCRIPTED = re.compile(r"upload|/media/|/replace|/device|/record")
LAST = re.compile(r"delete|remove|withdraw|sign-out|sign_out|close|end|leave|disable|merge|all")


@dataclass
class Form:
    """A form as it stands on a page; `buttons` are (name, value, where it goes instead)."""

    page: str
    action: str
    method: str
    id: str = ""
    script: str = ""  # how a script is told of it
    fields: list[tuple[str, str]] = field(default_factory=list)
    buttons: list[tuple[str, str, str]] = field(default_factory=list)
    is_live: bool = False  # somebody can do something in it
    texts: int = 0  # one-line fields: Enter in the only one sends the form

    @property
    def shape(self) -> str:
        return f"{self.method} {re.sub(r'[0-9a-f]{32}|[0-9]+', '#', urlsplit(self.action).path)}"


class PageReader(HTMLParser):
    """The forms and links of a page as a browser without scripts has them."""

    def __init__(self, url: str) -> None:
        super().__init__()
        self.url = url
        self.links: list[str] = []
        self.forms: list[Form] = []
        self.open: list[tuple[str, bool]] = []
        self.form: Form | None = None
        self.select: tuple[str, list[str], str | None] | None = None
        self.area: str | None = None
        self.outside: list[tuple[str, str, dict[str, str]]] = []

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attributes}
        hidden = (
            (bool(self.open) and self.open[-1][1])
            or "hidden" in given
            or tag in {"template", "dialog"}
            or (tag == "fieldset" and "disabled" in given)
        )
        if tag not in VOID:
            self.open.append((tag, hidden))
        if tag == "a" and given.get("href") and not hidden:
            self.links.append(urljoin(self.url, given["href"]))
        if tag == "form" and not hidden:
            self.form = Form(
                self.url,
                urljoin(self.url, given.get("action") or self.url),
                given.get("method", "get").lower(),
                given.get("id", ""),
                " ".join(name for name in given if name.startswith(("data-", "hx-"))),
            )
            self.forms.append(self.form)
        if tag in {"input", "button", "select", "textarea"} and "disabled" not in given:
            self._control(tag, given, hidden)
        if tag == "option" and self.select is not None:
            chosen, selected = given.get("value"), "selected" in given
            name, options, picked = self.select
            if chosen is not None and "disabled" not in given:
                options.append(chosen)
                self.select = (name, options, chosen if selected else picked)

    def _control(self, tag: str, given: dict[str, str], hidden: bool) -> None:
        form, name, kind = self._of(given), given.get("name", ""), given.get("type", "")
        if form is None:
            return
        form.is_live = form.is_live or not (hidden or kind == "hidden")
        if tag == "button" and kind in {"", "submit"} and not hidden:
            form.buttons.append((name, given.get("value", ""), given.get("formaction", "")))
        elif tag == "input" and kind == "submit" and not hidden:
            form.buttons.append((name, given.get("value", ""), ""))
        elif tag == "input" and name and kind in {"checkbox", "radio"}:
            if "checked" in given:
                form.fields.append((name, given.get("value", "on")))
        elif tag == "input" and name and kind not in {"file", "button", "image"}:
            form.fields.append((name, given.get("value", "")))
            form.texts += kind != "hidden"
        elif tag == "select" and name:
            self.select = (name, [], None)
        elif tag == "textarea" and name:
            self.area = name
            form.fields.append((name, ""))

    def _of(self, given: dict[str, str]) -> Form | None:
        if "form" not in given:
            return self.form
        return next((form for form in self.forms if form.id == given["form"]), None)

    def handle_data(self, data: str) -> None:
        if self.area is not None and self.form is not None:
            name, before = self.form.fields[-1]
            self.form.fields[-1] = (name, before + data)

    def handle_endtag(self, tag: str) -> None:
        if tag == "select" and self.select is not None and self.form is not None:
            name, options, picked = self.select
            if options:
                self.form.fields.append((name, options[0] if picked is None else picked))
            self.select = None
        if tag == "textarea":
            self.area = None
        if tag == "form":
            self.form = None
        while self.open and self.open.pop()[0] != tag:
            pass


def shape_of(url: str) -> str:
    parts = urlsplit(url)
    names = "&".join(sorted(part.split("=")[0] for part in parts.query.split("&")))
    return re.sub(r"/(?:[0-9a-f]{32}|[0-9]+)(?=/|$)", "/#", parts.path) + "?" + names


def pages(
    client: FlaskClient, first: str, without: str = " "
) -> Iterator[tuple[str, TestResponse, PageReader]]:
    """Every kind of page that can be reached by links from the first one."""
    waiting, seen = [first], {first}
    read = 0
    while waiting and read < MOST_PAGES:
        url = waiting.pop(0)
        answer = client.get(url)
        if answer.mimetype != "text/html":
            answer.close()
            continue
        read += 1
        page = PageReader(url)
        page.feed(answer.get_data(as_text=True))
        yield url, answer, page
        for link in (each.split("#")[0] for each in page.links):
            if (
                not link.startswith("/")
                or link.startswith(without)
                or "lang=" in link
                or shape_of(link) in seen
            ):
                continue
            seen.add(shape_of(link))
            waiting.append(link)


def send(client: FlaskClient, form: Form, button: tuple[str, str, str]) -> TestResponse:
    name, value, elsewhere = button
    fields = [*form.fields, *([(name, value)] if name else [])]
    action = urljoin(form.page, elsewhere) if elsewhere else form.action
    data: dict[str, list[str]] = {}
    for key, text in fields:
        data.setdefault(key, []).append(text)
    if form.method == "get":
        return client.get(urlsplit(action).path, query_string=data, follow_redirects=True)
    return client.post(
        action, data=data, headers={"Sec-Fetch-Site": "same-origin"}, follow_redirects=True
    )


def _how_late(form: Form) -> int:
    """What takes things away comes after the rest, and signing out at the end."""
    return 2 if "sign-out" in form.shape else int(LAST.search(form.shape) is not None)


@pytest.fixture
def world(app: Flask, people: People) -> dict[str, int]:
    """A branch with somebody of each role, courses, a quiz, an exam, a document."""
    branch = people.branch("First branch")
    ids = {
        "member": people.member("Wang", branch=branch),
        "trainer": people.member("Li", branch=branch, role="trainer"),
        "organizer": people.member("Zhang", branch=branch, organizes=branch),
        "administrator": people.member("Zhao", role="administrator"),
    }
    quiz = [
        single("What comes first?", "call for help"),
        multiple("What is good?", {"long": "0.5", "unique": "0.5", "on paper": "-0.5"}),
        truefalse("Banks ask for passwords.", False),
    ]
    reading = ("reading", 2 * MINUTE)
    for author in ("trainer", "administrator"):
        make_course(app, ids[author], [reading, reading], quiz)
        make_course(app, ids[author], [reading], quiz, state="draft", published_at=None)
        make_course(app, ids[author], [reading], state="withdrawn")
        make_exam(app, ids[author])
        make_exam(app, ids[author], publish=False)
    with app.app_context(), unit_of_work() as session:
        for lesson in session.query(Lesson):
            lesson.body = "## Look\n\nWait for three seconds."
    Librarian(app, people).upload(b"What to do in a fire.\n\nGo out.", "fire.txt")
    return ids


ROLES = ("visitor", "member", "trainer", "organizer", "administrator")


@pytest.mark.parametrize("role", ROLES)
def test_every_form_is_sent_and_answered_with_a_page(
    app: Flask, people: People, world: dict[str, int], role: str
) -> None:
    client = people.client(world.get(role))
    client.get("/sign-in")
    wrong: list[str] = []
    forms: dict[tuple[str, tuple[str, str]], tuple[Form, tuple[str, str, str]]] = {}
    first = "/" if role in world else "/sign-in"
    # The desk is the trainer's and, for administrators, the same.
    without = "/desk" if role == "administrator" else " "
    for url, answer, page in pages(client, first, without):
        if answer.status_code >= 400:
            wrong.append(f"{url}: status {answer.status_code}")
        for form in page.forms:
            if SCRIPTED.search(form.action) or "data-uploads" in form.script:
                continue
            if form.is_live and not form.buttons and form.texts != 1:
                wrong.append(f"{url}: nothing sends {form.shape} ({form.script})")
            if form.method == "post" and "csrf_token" not in dict(form.fields):
                wrong.append(f"{url}: no token in {form.shape}")
            for button in form.buttons:
                forms.setdefault((form.shape, button[:2]), (form, button))
    order = sorted(forms.values(), key=lambda pair: _how_late(pair[0]))
    for form, button in order:
        answer = send(client, form, button)
        body = answer.get_data(as_text=True) if answer.mimetype == "text/html" else ""
        what = f"{form.page}: {form.shape} {button[0]}={button[1]}"
        answer.close()
        if "Content-Disposition" in answer.headers:
            continue
        gone = answer.status_code == 404 and (LAST.search(form.shape) or "</html>" in body)
        if answer.status_code >= 500 or (
            answer.status_code in {400, 401, 403, 404, 405, 415} and not gone
        ):
            wrong.append(f"{what}: status {answer.status_code}")
        elif "</html>" not in body:
            wrong.append(f"{what}: a part of a page, or none ({answer.mimetype})")
    assert wrong == []
    assert len(forms) > (1 if role == "visitor" else 8)
