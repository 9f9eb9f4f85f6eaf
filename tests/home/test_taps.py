"""On a phone, whatever people do every day is at most two taps away from home."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests.exams.examiner import make_exam
from tests.factories import People, csrf
from tests.home.progress import seen
from tests.learning.lessons import MINUTE, make_course, single

MOST_TAPS = 2
NOT_ON_A_PHONE = {"topnav", "topsearch", "desktop-only", "middle-only", "visually-hidden"}
VOID = {"br", "hr", "img", "input", "link", "meta", "source", "track", "wbr"}

MEMBER = {
    "go on with a course": r"/courses/[\w-]+/lessons/\d+",
    "begin a course": r"/courses/[\w-]+",
    "all courses": r"/courses",
    "practise": r"/practice",
    "an exam that is open": r"/exams/\d+",
    "search": r"/search",
    "the library": r"/library",
    "my points": r"/points",
    "the board": r"/points/leaderboard",
    "my streak": r"/points/streak",
    "what reached me": r"/notices",
    "my certificates": r"/certificates",
    "courses on this device": r"/device",
    "larger type": r"/me",
    "help": r"/help/\w+",
}
TRAINER = {
    "a new course": r"/desk/courses/new",
    "a course from a video": r"/desk/courses/from-video",
    "a course of mine": r"/desk/courses/\d+",
    "my recordings": r"/desk/recordings",
    "the question bank": r"/desk/questions",
    "themes": r"/desk/themes",
    "learning paths": r"/desk/paths",
    "exams to set and to mark": r"/desk/exams",
}
ORGANIZER = {
    "how branches are doing": r"/organizer",
    "who has finished what": r"/organizer/completion",
    "assignments": r"/organizer/assignments",
    "members": r"/organizer/members",
    "reports": r"/organizer/reports",
    "who needs help": r"/organizer/reports/help",
    "activation codes": r"/admin/members",
    "rewards": r"/organizer/rewards",
}
ADMINISTRATOR = {
    "branches": r"/admin/branches",
    "the organisation": r"/admin/organisation",
    "what earns points": r"/points/rules",
}
DAILY = {
    "member": MEMBER,
    "elder": MEMBER,
    "trainer": MEMBER | TRAINER,
    "organizer": MEMBER | ORGANIZER,
    "administrator": MEMBER | TRAINER | ORGANIZER | ADMINISTRATOR,
}


class Phone(HTMLParser):
    """The links of a page that a phone shows without opening anything."""

    def __init__(self) -> None:
        super().__init__()
        self.links: list[str] = []
        self._open: list[tuple[str, bool]] = []  # each tag, and whether it hides what it holds

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        hides = (
            bool(NOT_ON_A_PHONE & set((found.get("class") or "").split()))
            or "hidden" in found
            or tag in {"template", "noscript"}
            or (tag == "details" and "open" not in found)
        )
        hidden = hides or any(hiding for _, hiding in self._open)
        if tag == "a" and not hidden and (found.get("href") or "").startswith("/"):
            self.links.append(found["href"])
        if tag not in VOID:
            self._open.append((tag, hides))

    def handle_endtag(self, tag: str) -> None:
        while self._open and self._open.pop()[0] != tag:
            pass


def links(client: FlaskClient, url: str) -> set[str]:
    """Where the links of a page lead to; nothing for what is no page."""
    answer = client.get(url)
    if answer.mimetype != "text/html" or answer.status_code != 200:
        return set()
    phone = Phone()
    phone.feed(answer.get_data(as_text=True))
    return {link.partition("#")[0] for link in phone.links}


def taps(client: FlaskClient) -> dict[str, int]:
    """How many taps each page is away from home, as far as two."""
    found = {"/": 0}
    near = ["/"]
    for distance in range(1, MOST_TAPS + 1):
        far = sorted({link for url in near for link in links(client, url)} - set(found))
        found |= dict.fromkeys(far, distance)
        near = far
    return found


@pytest.mark.parametrize("role", list(DAILY))
def test_everything_daily_is_two_taps_from_home(app: Flask, people: People, role: str) -> None:
    trainer = people.member(role="trainer")
    begun, _new = (
        make_course(app, trainer, [("video", 10 * MINUTE)], [single()], title=title)
        for title in ("Fire safety", "First aid")
    )
    make_exam(app, trainer)
    settings: dict = {
        "organizer": {"organizes": people.branch("North")},
        "administrator": {"role": "administrator"},
    }.get(role, {})
    member = trainer if role == "trainer" else people.member(**settings)
    seen(app, member, begun, 1, 50)
    if role == "administrator":  # an own course stands on an own desk
        make_course(app, member)
    client = people.client(member)
    if role == "elder":
        client.post("/me/reading", data={"reading": "easy"}, headers=csrf(client))
    found = taps(client)
    paths = {url.partition("?")[0] for url in found}
    missing = {
        act for act, path in DAILY[role].items() if not any(re.fullmatch(path, p) for p in paths)
    }
    assert missing == set()
    for path in DAILY[role].values():
        first = min((u for u in found if re.fullmatch(path, u.partition("?")[0])), key=found.get)
        assert client.get(first).status_code == 200, first


def test_where_a_member_stopped_is_one_tap_away(app: Flask, people: People) -> None:
    course = make_course(app, people.member(role="trainer"), [("video", 10 * MINUTE)])
    member = people.member()
    seen(app, member, course, 1, 50)
    lesson = f"/courses/{course.slug}/lessons/{course.lesson}"
    client = people.client(member)
    assert lesson in links(client, "/")
    client.post("/me/reading", data={"reading": "easy"}, headers=csrf(client))
    assert lesson in links(client, "/")
