"""How heavy pages are over the wire at the first visit: HTML, style sheets, scripts they import."""

from __future__ import annotations

import json
import re
from urllib.parse import urljoin

import brotli
import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests.exams.examiner import Candidate, make_exam
from tests.exams.taker import Taker
from tests.factories import People, csrf
from tests.learning.lessons import MINUTE, make_course, single

HTML_LIMIT = 60 * 1024
PAGE_LIMIT = 150 * 1024  # of all that a normal page needs
LINKED = re.compile(
    r'<link rel="(?:stylesheet|modulepreload)" href="([^"]+)"|<script[^>]* src="([^"]+)"'
    r'|<(?:link rel="icon"|use) href="([^"#]+)'
)
IMPORTED = re.compile(r'^\s*(?:import|export)\b[^"\n(]*"([^"]+)"', re.MULTILINE)


def weight(client: FlaskClient, path: str) -> tuple[int, int]:
    """Bytes of a page's HTML as it is, and of the page with all that it names, compressed."""
    answer = client.get(path)
    assert answer.status_code == 200, path
    page = answer.get_data()
    text = page.decode()
    names = json.loads(re.search(r'<script type="importmap"[^>]*>(.*?)</script>', text)[1])[
        "imports"
    ]
    waiting = [next(filter(None, found)) for found in LINKED.findall(text)]
    seen: dict[str, int] = {}

    while waiting:
        url = waiting.pop()
        if url in seen or not url.startswith("/static/"):
            continue
        with client.get(url, headers={"Accept-Encoding": "br"}) as answer:
            body = answer.get_data()
        seen[url] = len(body)
        if url.endswith(".js"):
            imported = IMPORTED.findall(brotli.decompress(body).decode())
            waiting += [names.get(name, urljoin(url, name)) for name in imported]
    assert len(seen) > 5, path
    return len(page), len(brotli.compress(page, quality=4)) + sum(seen.values())


@pytest.fixture
def pages(app: Flask, people: People) -> dict[str, tuple[FlaskClient, list[str]]]:
    """The pages that are opened most, full of what there is, by who opens them."""
    trainer = people.member(role="trainer")
    quiz = [single(f"Question {number}?") for number in range(12)]
    first, *_rest = [
        make_course(app, trainer, [("reading", 2 * MINUTE)] * 5, quiz) for _number in range(15)
    ]
    exam = make_exam(app, trainer, quiz)
    member, elder = people.member(), people.member()
    taker, candidate = Taker(people, first, member), Candidate(people, exam, member)
    taker.start()
    candidate.start()
    mine = [
        *("/", "/courses", f"/courses/{first.slug}", "/points", "/exams", "/library", "/me"),
        *(f"/courses/{first.slug}/lessons/{first.lesson}", f"/courses/{first.slug}/quiz"),
        *("/search", "/search?q=course", "/notices", "/practice", "/device", "/certificates"),
        f"/attempts/{candidate.attempt}/paper",
    ]
    easy = people.client(elder)
    easy.post("/me/reading", data={"reading": "easy"}, headers=csrf(easy))
    boss = people.member(role="administrator")
    desk = f"/desk/courses/{first.id}"
    return {
        "visitor": (people.client(), ["/sign-in", "/activate", "/sign-in?reading=easy"]),
        "member": (people.client(member), mine),
        "elder": (easy, [path for path in mine if "/attempts" not in path]),
        "trainer": (
            people.client(trainer),
            [
                "/desk",
                "/desk/courses/new",
                desk,
                f"{desk}/quiz",
                f"{desk}/about",
                "/desk/questions",
            ],
        ),
        "organizer": (
            people.client(boss),
            ["/organizer", "/organizer/completion", "/admin/members", "/admin/organisation"],
        ),
    }


@pytest.mark.parametrize("who", ["visitor", "member", "elder", "trainer", "organizer"])
def test_a_normal_page_is_light_at_the_first_visit(
    pages: dict[str, tuple[FlaskClient, list[str]]], who: str
) -> None:
    client, paths = pages[who]
    weights = {path: weight(client, path) for path in paths}
    heavy = {
        path: found
        for path, found in weights.items()
        if found[0] > HTML_LIMIT or found[1] > PAGE_LIMIT
    }
    assert heavy == {}
    assert max(whole for _html, whole in weights.values()) > 40 * 1024  # something was weighed
