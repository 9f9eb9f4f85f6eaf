"""Installed on a phone, and without a connection: what is kept, for whom, and what never is."""

from __future__ import annotations

import re

import pytest

from app.core.db import unit_of_work
from app.home.views.offline import KEPT
from app.learning.models import Watching
from config import ROOT
from tests.factories import People, csrf
from tests.learning.lessons import MINUTE, make_course
from tests.live import Site, Window


def test_the_manifest_is_the_organisations(people: People) -> None:
    boss = people.client(people.member(role="administrator"))
    look = {"name": "春风集团", "colour": "#0b5cab", "time_zone": "Asia/Shanghai"}
    boss.post("/admin/organisation", data=look, headers=csrf(boss))
    found = people.client().get("/manifest.webmanifest")
    assert found.mimetype == "application/manifest+json"
    assert (found.json["name"], found.json["theme_color"]) == ("春风集团", "#0b5cab")
    assert {icon["sizes"] for icon in found.json["icons"]} == {"192x192", "512x512"}
    assert any(icon.get("purpose") == "maskable" for icon in found.json["icons"])


def test_the_worker_names_files_that_exist_and_changes_with_them(people: People) -> None:
    client = people.client()
    worker = client.get("/sw.js")
    assert worker.mimetype == "text/javascript"
    assert worker.headers["Cache-Control"] == "no-cache"
    text = worker.get_data(as_text=True)
    shell = re.findall(r'"(/[^"]+)"', re.search(r"const SHELL = (\[.*?\]);", text).group(1))
    assert "/offline" in shell
    for url in shell:
        with client.get(url) as found:
            assert found.status_code == 200, url


def test_only_pages_to_read_may_be_kept_and_only_by_their_reader(people: People) -> None:
    client = people.client(people.member(role="administrator"))
    mine = client.get("/courses").headers
    assert int(mine["Weike-Keep"]) > 0
    other = people.client(people.member()).get("/courses").headers
    assert mine["Weike-Reader"] != other["Weike-Reader"]
    for path in ("/admin/members", "/organizer", "/desk", "/me"):
        answer = client.get(path)
        assert answer.headers["Weike-Reader"] == mine["Weike-Reader"]
        assert "Weike-Keep" not in answer.headers
    door = people.client().get("/sign-in").headers
    assert door["Weike-Reader"] == ""
    assert "Weike-Keep" not in door


def test_what_may_be_kept_exists(app) -> None:
    assert KEPT - set(app.view_functions) == set()


def test_a_device_keeps_only_what_its_member_may_see(app, people: People) -> None:
    trainer = people.member(role="trainer")
    branch = people.branch("第一支部")
    course = make_course(app, trainer, [("reading", 2 * MINUTE)], branch=branch)
    mine = people.client(people.member(branch=branch)).get(f"/courses/{course.slug}/kept.json")
    assert [one["id"] for one in mine.json["lessons"]] == course.lessons
    assert mine.json["counts"]
    assert mine.headers["Cache-Control"] == "no-store"
    other = people.client(people.member(branch=people.branch("第二支部")))
    assert other.get(f"/courses/{course.slug}/kept.json").status_code == 404
    # Authors preview their drafts; what is not published is not kept either.
    draft = make_course(app, trainer, [("reading", MINUTE)], state="draft", published_at=None)
    preview = people.client(trainer).get(f"/courses/{draft.slug}/kept.json")
    assert preview.status_code == 404


def test_a_course_that_asks_who_is_there_says_that_it_does_not_count(app, people: People) -> None:
    trainer = people.member(role="trainer")
    course = make_course(app, trainer, [("reading", 2 * MINUTE)])
    with app.app_context(), unit_of_work() as session:
        session.add(Watching(course_id=course.id, presence=True))
    facts = people.client(people.member()).get(f"/courses/{course.slug}/kept.json").json
    assert facts["counts"] is False


def test_the_page_without_a_connection_knows_nobody(people: People) -> None:
    page = people.client().get("/offline")
    assert "Weike-Reader" not in page.headers
    assert "No connection" in page.get_data(as_text=True)


@pytest.fixture(scope="module")
def course(site: Site):
    trainer = site.people.member("李老师", role="trainer")
    return make_course(site.app, trainer, [("reading", 2 * MINUTE)], title="识别网络钓鱼")


def at_home(window, member: int) -> Window:
    """A window whose service worker is in charge."""
    mine = window()
    mine.sign_in(member)
    mine.page.goto("/")
    mine.page.wait_for_function("() => navigator.serviceWorker.ready.then(() => true)")
    mine.page.reload()
    mine.page.wait_for_function("() => navigator.serviceWorker.controller")
    return mine


def cached(page) -> list[str]:
    return page.evaluate("""async () => {
      const found = [];
      for (const name of await caches.keys()) if (name.startsWith("pages-"))
        for (const each of await (await caches.open(name)).keys())
          found.push(new URL(each.url).pathname);
      return found.sort();
    }""")


@pytest.mark.browser
@pytest.mark.slow
@pytest.mark.xdist_group("live")
def test_read_pages_are_there_without_a_connection(window, site: Site, course) -> None:
    mine = at_home(window, site.people.member("王小明"))
    page, context = mine.page, mine.context
    page.goto(f"/courses/{course.slug}")
    page.get_by_role("button", name="Keep on this device").click()
    page.get_by_label("Texts only").check()
    page.get_by_role("button", name="Keep", exact=True).click()
    page.get_by_role("button", name="On this device (").wait_for()
    with site.unplugged(context):
        page.goto("/")
        page.locator("#net", has_text="This page is a copy of").wait_for()
        assert mine.axe() == []
        page.goto(f"/courses/{course.slug}/lessons/{course.lesson}")
        assert page.locator("h1").count() == 1
        page.goto("/points/leaderboard")
        page.get_by_role("heading", name="No connection").wait_for()
    page.goto("/points/leaderboard")
    assert page.get_by_role("heading", name="No connection").count() == 0


@pytest.mark.browser
@pytest.mark.slow
@pytest.mark.xdist_group("live")
def test_nobody_finds_the_pages_of_the_person_before(window, site: Site, course) -> None:
    mine = at_home(window, site.people.member("王小明"))
    page = mine.page
    page.goto(f"/courses/{course.slug}")
    page.get_by_role("button", name="Keep on this device").click()
    page.get_by_label("Texts only").check()
    page.get_by_role("button", name="Keep", exact=True).click()
    page.get_by_role("button", name="On this device (").wait_for()
    page.goto("/courses")
    page.wait_for_function(
        "async () => (await caches.keys()).some(name => name.startsWith('pages-'))"
    )
    assert "/courses" in cached(page)
    mine.sign_in(site.people.member("李四"))  # another person on the same device
    page.goto("/")
    page.wait_for_function("() => document.body.innerText.includes('李四')")
    page.wait_for_function(
        "async () => (await caches.keys()).filter(name => name.startsWith('pages-')).length < 2"
    )
    page.wait_for_function(
        "async () => !(await caches.keys()).some(name => name.startsWith('media-'))"
    )
    assert "/courses" not in cached(page)
    with site.unplugged(mine.context):
        page.goto("/courses")
        page.get_by_role("heading", name="No connection").wait_for()
    page.goto("/me")
    page.get_by_role("button", name="Sign out", exact=True).last.click()
    page.wait_for_url("**/sign-in")
    assert cached(page) == []


def test_what_lessons_import_is_kept_with_a_course() -> None:
    """A module that is missing without a connection stops the whole player."""
    from app.home.views.keeping import PLAYING, PLAYING_MODULES
    from app.home.views.offline import SHELL

    static = ROOT / "app" / "static"
    modules = [path for folder in PLAYING_MODULES for path in (static / folder).glob("*.js")]
    asked = {
        f"js/{name}.js"
        for path in modules
        for name in re.findall(r'(?:from|import\()\s*"weike/([^"]+)"', path.read_text("utf-8"))
    }
    there = {str(path.relative_to(static)) for path in modules} | {*PLAYING, *SHELL}
    assert modules
    assert asked <= there
