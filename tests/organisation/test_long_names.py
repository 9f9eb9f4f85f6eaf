"""Names and titles without a single gap make no page wider than a phone."""

from __future__ import annotations

from secrets import token_hex

import pytest

from app.core.jobs import run_pending
from tests.learning.lessons import make_course
from tests.live import Site
from tests.search.things import put

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("live")]

LONG = "Unbroken" * 8


def test_long_names_break_on_a_phone(site: Site, window) -> None:
    people = site.people
    word = token_hex(4)  # another in a second try, on the same site
    branch = people.branch(LONG + word)
    organizer = people.member(LONG + word, branch=branch, organizes=branch)
    people.member("A" + LONG + word, branch=branch)
    other = people.branch("Other" + LONG + word, parent=branch)
    people.member("B" + LONG + word, branch=other)
    for number in range(4):
        make_course(site.app, organizer, title=LONG, branch=other if number % 2 else None)
    put(site.app, word, f"hydrants{LONG}", f"hydrants {LONG}")
    run_pending(site.app)
    here = window()
    here.sign_in(organizer)
    for path in ("/search?q=hydrants*", "/organizer/reports/matrix"):
        for _ in range(60):  # the worker may be just about to index it
            here.page.goto(path)
            if "UnbrokenUnbroken" in here.page.locator("main").inner_text():
                break
            here.page.wait_for_timeout(500)
        else:
            pytest.fail(f"{path}: {here.page.locator('main').inner_text()}")
        assert not here.scrolls_sideways(), path
