"""Whose course it is, who may see it, and what cannot be sent along."""

from __future__ import annotations

from collections.abc import Callable
from html.parser import HTMLParser
from urllib.parse import urlsplit

import pytest
from flask import Flask

from app.core.db import unit_of_work
from app.core.refusals import NotThere
from app.courses import queries, service
from tests.courses.conftest import Desk
from tests.factories import People

READS = [
    "/desk/courses/1",
    "/desk/courses/1/about",
    "/desk/courses/1/quiz",
    "/desk/courses/1/quiz/pick",
    "/desk/courses/1/quiz/new/single",
    "/desk/courses/1/lessons/text",
    "/desk/courses/1/lessons/recording",
    "/desk/courses/1/delete",
    "/desk/lessons/1",
    "/desk/lessons/2",
]
ABOUT = {
    "title": "Stairs kept free",
    "summary": "x",
    "theme_id": "1",
    "language": "en",
    "audience": "all",
}
WRITES: list[tuple[str, dict]] = [
    ("/desk/courses/1/about", ABOUT),
    ("/desk/courses/1/cover", {"image_id": ""}),
    ("/desk/courses/1/publish", {}),
    ("/desk/courses/1/withdraw", {}),
    ("/desk/courses/1/delete", {}),
    ("/desk/courses/1/restore", {}),
    ("/desk/courses/1/preview", {"body": "x"}),
    ("/desk/courses/1/order", {"order": "2,1"}),
    ("/desk/courses/1/lessons/text", {"title": "x", "body": "x"}),
    ("/desk/courses/1/lessons/recording", {"title": "x", "media_id": "1"}),
    ("/desk/courses/1/quiz/rules", {"pass_percent": 1}),
    ("/desk/courses/1/quiz/pick", {"question": "1"}),
    ("/desk/courses/1/quiz/new/truefalse", {"stem": "x", "answer": "true"}),
    ("/desk/courses/1/quiz/1/move", {"to": "down"}),
    ("/desk/courses/1/quiz/1/remove", {}),
    ("/desk/lessons/1", {"title": "x", "body": "x"}),
    ("/desk/lessons/2", {"title": "x"}),
    ("/desk/lessons/1/move", {"to": "down"}),
    ("/desk/lessons/1/remove", {}),
    ("/desk/lessons/1/restore", {}),
    ("/desk/lessons/2/recording", {"media_id": "1"}),
    ("/desk/lessons/2/captions", {"language": "en"}),
    ("/desk/lessons/2/captions/en/remove", {}),
]


@pytest.fixture
def course(desk: Desk) -> int:
    """Course 1 with text 1, video 2 and question 1."""
    course_id = desk.draft()
    desk.text(course_id)
    desk.video(course_id, 60_000)
    desk.post("/desk/courses/1/quiz/new/truefalse", stem="So?", answer="true")
    return course_id


def everything(look: Callable) -> tuple:
    found = look(queries.course_by_id, 1)
    return found, look(queries.quiz_of, 1), look(queries.removed_lessons, 1)


@pytest.mark.usefixtures("course")
@pytest.mark.parametrize("url", READS)
def test_another_trainer_sees_nothing_of_it(desk: Desk, other_desk: Desk, url: str) -> None:
    assert desk.client.get(url).status_code == 200
    assert other_desk.client.get(url).status_code == 404


@pytest.mark.usefixtures("course")
@pytest.mark.parametrize(("url", "data"), WRITES, ids=lambda value: str(value)[:60])
def test_another_trainer_changes_nothing_of_it(
    other_desk: Desk, look: Callable, url: str, data: dict
) -> None:
    before = everything(look)
    assert other_desk.post(url, **data).status_code == 404
    assert everything(look) == before


@pytest.mark.usefixtures("course")
def test_an_administrator_edits_every_course(admin_desk: Desk, look: Callable) -> None:
    for url in READS:
        assert admin_desk.client.get(url).status_code == 200
    assert admin_desk.post("/desk/courses/1/about", **ABOUT).status_code == 302
    found = look(queries.course_by_id, 1)
    assert found.title == "Stairs kept free"
    assert found.author_id != admin_desk.id
    assert "Stairs kept free" not in admin_desk.page("/desk")
    assert "Stairs kept free" in admin_desk.page("/desk?of=all")


@pytest.mark.usefixtures("course")
def test_a_trainer_does_not_list_the_courses_of_all(other_desk: Desk) -> None:
    assert "Fire safety" not in other_desk.page("/desk?of=all")


def test_a_lesson_cannot_be_put_into_the_order_of_another_course(
    desk: Desk, other_desk: Desk, look: Callable
) -> None:
    mine, theirs = desk.draft(), other_desk.draft()
    desk.text(mine)
    other_desk.text(theirs)
    assert desk.post(f"/desk/courses/{mine}/order", order="2").status_code == 409
    assert desk.post(f"/desk/courses/{mine}/order", order="1,2").status_code == 409
    assert look(queries.lesson_by_id, 2).course_id == theirs


def test_nothing_but_the_fields_of_the_form_is_taken(
    desk: Desk, other_desk: Desk, look: Callable
) -> None:
    desk.theme()
    extra = {
        "author_id": other_desk.id,
        "state": "published",
        "length_ms": "0",
        "slug": "other",
        "published_at": "2020-01-01",
        "package_hash": "x",
        "cover_image_id": "1",
        "id": "77",
    }
    desk.post("/desk/courses/new", title="Fire", theme_id=1, language="en", **extra)
    desk.post("/desk/courses/1/lessons/text", title="T", body="字", length_ms="0", position="9")
    desk.post("/desk/courses/1/about", **ABOUT | extra)
    found = look(queries.course_by_id, 1)
    assert (found.author_id, found.state, found.slug) == (desk.id, "draft", "fire")
    assert (found.length_ms, found.published_at, found.cover_image_id) == (200, None, None)


# --- who sees what ------------------------------------------------------------------------------


def test_drafts_and_withdrawn_courses_are_not_there_for_members(
    app: Flask, desk: Desk, people: People, look: Callable
) -> None:
    course_id = desk.draft("Fire")
    desk.text(course_id)
    member = people.reader(people.member())
    organizer = people.reader(people.member(organizes=people.root))
    trainer = people.reader(people.member(role="trainer"))

    def sees(reader: object) -> bool:
        with app.app_context():
            listed = bool(queries.visible_courses_for(reader).total)
            try:
                queries.course_for(reader, "fire")
                queries.lesson_for(reader, "fire", 1)
            except NotThere:
                assert not listed
                assert not queries.themes_for(reader)
                assert not queries.cards_for(reader, [course_id])
                return False
            assert listed
            return True

    for verb, seen in ((None, False), ("publish", True), ("withdraw", False), ("publish", True)):
        if verb:
            assert desk.post(f"/desk/courses/{course_id}/{verb}").status_code == 302
        assert [sees(reader) for reader in (member, organizer, trainer)] == [seen] * 3
        preview = look(queries.course_for, people.reader(desk.id), "fire")
        assert preview.is_preview is not seen
        assert preview.lessons[0].is_preview is not seen


def test_a_course_is_for_its_branches_and_all_below(
    app: Flask, desk: Desk, people: People, look: Callable
) -> None:
    above = people.branch("Above")
    chosen = people.branch("Chosen", above)
    below = people.branch("Below", chosen)
    beside = people.branch("Beside", above)
    course_id = desk.published("Fire")
    with app.app_context(), unit_of_work():
        service.set_audience(course_id, [chosen])
    for branch, seen in ((people.root, 0), (above, 0), (chosen, 1), (below, 1), (beside, 0)):
        reader = people.reader(people.member(branch=branch))
        assert look(queries.visible_courses_for, reader).total == seen
        assert len(look(queries.themes_for, reader)) == seen
        if seen:
            assert look(queries.theme_for, reader, "safety").courses == 1
        else:
            with pytest.raises(NotThere):
                look(queries.course_for, reader, "fire")
            with pytest.raises(NotThere):
                look(queries.theme_for, reader, "safety")


def test_a_lesson_of_another_course_is_not_there(
    desk: Desk, people: People, look: Callable
) -> None:
    desk.published("One")
    desk.published("Two")
    reader = people.reader(people.member())
    assert look(queries.lesson_for, reader, "one", 1).number == 1
    with pytest.raises(NotThere):
        look(queries.lesson_for, reader, "one", 2)


def test_the_catalogue_is_paged_the_newest_first(
    desk: Desk, people: People, look: Callable
) -> None:
    ids = [desk.published(f"Course {n}") for n in range(5)]
    reader = people.reader(people.member())
    first = look(queries.visible_courses_for, reader, size=3)
    second = look(queries.visible_courses_for, reader, size=3, page=2)
    assert [c.id for c in [*first.rows, *second.rows]] == ids[::-1]
    assert (first.total, first.last) == (5, 2)


# --- script -------------------------------------------------------------------------------------

EVIL = "<script>alert(1)</script><img src=x onerror=alert(2)>\"'><svg onload=alert(3)>"
MARKDOWN = (
    f"{EVIL}\n\n[link](javascript:alert(4)) [data](data:text/html,x) ![i](javascript:alert(5))\n\n"
    "<div hx-get=/x hx-on:click=alert(6)>x</div> <a href=//evil onclick=alert(7)>y</a>\n\n# h\n"
)


def test_script_in_titles_and_texts_stays_text(desk: Desk, people: People) -> None:
    desk.post("/desk/themes", title=EVIL, description=EVIL)
    desk.post("/desk/courses/new", title=EVIL, theme_id=1, language="en")
    desk.post("/desk/courses/1/about", **ABOUT | {"title": EVIL, "summary": EVIL})
    desk.post("/desk/courses/1/lessons/text", title=EVIL, body=MARKDOWN)
    desk.post("/desk/courses/1/quiz/new/truefalse", stem=MARKDOWN, answer="true", explanation=EVIL)
    assert desk.post("/desk/courses/1/publish").status_code == 302
    preview = desk.post("/desk/courses/1/preview", body=MARKDOWN).get_data(as_text=True)
    member = people.client(people.member())
    urls = (
        *("/desk", "/desk/themes", "/desk/themes/1", "/desk/courses/1", "/desk/courses/1/about"),
        *("/desk/courses/1/quiz", "/desk/courses/1/quiz/pick", "/desk/lessons/1"),
        *("/desk/courses/1/delete", "/desk/questions", "/desk/questions/1"),
    )
    slug = "script-alert-1-script-img-src-x-onerror-alert-2"
    pages = [preview, *(desk.page(url) for url in urls)]
    pages += [
        member.get(url).get_data(as_text=True) for url in ("/courses", f"/courses/{slug}", "/")
    ]
    for page in pages:
        assert "alert(1)" in page
        assert dangers(page) == []


def dangers(page: str) -> list[str]:
    """What a browser would run, follow or fetch of it that is not ours."""
    found: list[str] = []

    class Browser(HTMLParser):
        def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
            given = {name: value or "" for name, value in attrs}
            if tag == "script" and "nonce" not in given and "/static/" not in given.get("src", ""):
                found.append(tag)
            if tag in {"iframe", "object", "embed", "base", "meta"} and "onload" in given:
                found.append(tag)
            for name, value in given.items():
                if name.startswith(("on", "hx-on")) or (name == "hx-get" and value == "/x"):
                    found.append(f"{tag} {name}")
                if name in {"href", "src"}:
                    if urlsplit(value).scheme not in {"", "http", "https"} or value[:2] == "//":
                        found.append(f"{tag} {value}")
                    if tag == "img" and value == "x":
                        found.append(f"{tag} {value}")

    Browser().feed(page)
    return found


def test_the_search_for_dangers_finds_them() -> None:
    assert len(dangers(EVIL + "<a href=javascript:x onclick=x>")) == 6
