"""The search page: any query is answered, nobody learns of what is not for them."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from urllib.parse import quote

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app import create_app
from app.core import clock
from app.core.db import db
from app.core.jobs import run_pending
from app.search.rules import Kind
from config import Config
from tests.factories import People
from tests.search.things import put
from tests.statements import counted

ODD = [
    '"',
    '""',
    "*",
    "新*",
    "?",
    "NEAR(",
    "AND",
    "a AND OR NOT b",
    "col:value",
    "title:",
    "-",
    "--",
    "-ladder",
    "- ladder",
    "(ladder",
    "ladder)",
    "[a TO b]",
    "ladder^2",
    "ladder~",
    "\\",
    "%",
    "_",
    "100%",
    "';drop table member;--",
    "{{7*7}}",
    "<script>alert(1)</script>",
    "\x00ladder",
    "😀",
    "👨‍👩‍👧",
    "微课程" * 50,
    "x" * 10_000,
    "ladder " * 2_000,
    "\u202eladder",
    "\ufeffladder",
    "i" + "\u0301" * 150,
    "的了和",
    "the of and",
    "  ",
    "“”",
    "「」",
    '"ladder',
    'title:"ladder',
    "-title:ladder",
    "-“ladder”",
]


@pytest.fixture
def ladder(app: Flask, people: People) -> FlaskClient:
    put(app, "a", "Ladder", "how to use a ladder")
    run_pending(app)
    return people.client(people.member())


def page(client: FlaskClient, text: str, **more: object) -> str:
    answer = client.get("/search", query_string={"q": text, **more})
    assert answer.status_code == 200, text
    return answer.get_data(as_text=True)


def test_no_query_is_an_error(ladder: FlaskClient) -> None:
    for text in ODD:
        assert "search-box" in page(ladder, text)


def test_half_characters_and_broken_addresses_are_answered(ladder: FlaskClient) -> None:
    for raw in (
        "q=%ed%a0%80",
        "q=%ff%fe",
        "q=%00",
        "q",
        "q=a&kind=nothing&page=-3",
        "page=99999999",
    ):
        assert ladder.get(f"/search?{raw}").status_code == 200


def test_signs_of_the_database_are_plain_text(app: Flask, ladder: FlaskClient) -> None:
    assert "/library/a" not in page(ladder, "%")
    assert "/library/a" not in page(ladder, "la_der")
    assert "/library/a" in page(ladder, "ladder%")


def test_the_query_is_shown_escaped(ladder: FlaskClient) -> None:
    text = page(ladder, '<script>alert(1)</script>"x')
    assert "<script>alert" not in text
    assert "&lt;script&gt;alert(1)&lt;/script&gt;&#34;x" in text


def test_stored_markup_is_shown_escaped(app: Flask, people: People) -> None:
    put(app, "a", "<b>Bold</b> ladder", "<script>alert('ladder')</script>")
    run_pending(app)
    text = page(people.client(people.member()), "ladder alert")
    assert "<script>alert" not in text
    assert "&lt;script&gt;<mark>alert</mark>(&#39;<mark>ladder</mark>&#39;)" in text
    assert "&lt;b&gt;Bold&lt;/b&gt; <mark>ladder</mark>" in text


def test_an_empty_page_says_how_to_search(ladder: FlaskClient) -> None:
    assert "Search finds the page and the second" in page(ladder, "")


def test_no_results_say_what_often_helps(ladder: FlaskClient) -> None:
    text = page(ladder, '"submarine" -whale')
    assert "Nothing found" in text
    assert "quotation marks" in text
    assert "minus" in text


def test_a_document_hit_carries_the_words_to_its_page(ladder: FlaskClient) -> None:
    assert 'href="/library/a?q=ladder#p1"' in page(ladder, "ladder")


def test_the_thirty_first_search_in_a_minute_must_wait(config: Config, people: People) -> None:
    counting = create_app(replace(config, limits=True))
    client = People(counting).client(people.member())
    moment = clock.now()
    with clock.use(lambda: moment):
        for _ in range(30):
            page(client, "ladder")
        answer = client.get("/search?q=ladder")
    assert answer.status_code == 429
    assert 0 < int(answer.headers["Retry-After"]) <= 60
    counting.extensions["search"].close()
    with counting.app_context():
        db.engine.dispose()


# --- who finds what ---------------------------------------------------------------------


@pytest.fixture
def branches(app: Flask, people: People) -> dict[str, int]:
    """Two neighbours, one with a branch below; things for some of them."""
    north, south = people.branch("North"), people.branch("South")
    below = people.branch("North, depot", parent=north)
    put(app, "everybody", "Ladders for all", "ladder of everybody")
    put(app, "north", "Ladders of the north", "ladder secret", audience=frozenset({north}))
    put(app, "both", "Ladders of two", "ladder shared", audience=frozenset({north, south}))
    put(app, "nobody", "Ladders of nobody", "ladder hidden", audience=frozenset())
    run_pending(app)
    return {"north": north, "south": south, "below": below, "root": people.root}


SEES = {
    "north": {"everybody", "north", "both"},
    "below": {"everybody", "north", "both"},
    "south": {"everybody", "both"},
    "root": {"everybody"},
}


@pytest.mark.parametrize("damaged", [False, True], ids=["index", "without index"])
def test_readers_find_what_is_for_their_branch(
    app: Flask,
    people: People,
    branches: dict[str, int],
    damaged: bool,
    lose_index: Callable[[], None],
) -> None:
    if damaged:
        lose_index()
    for where, sees in SEES.items():
        text = page(people.client(people.member(branch=branches[where])), "ladder")
        for thing in ("everybody", "north", "both", "nobody"):
            assert (f'href="/library/{thing}' in text) == (thing in sees), (where, thing)
        shown = len(sees)
        assert f'<span class="chip chip-neutral">{shown}</span>' in text  # counts tell no more


@pytest.mark.parametrize("damaged", [False, True], ids=["index", "without index"])
def test_neither_titles_nor_texts_nor_counts_of_neighbours_leak(
    app: Flask,
    people: People,
    branches: dict[str, int],
    damaged: bool,
    lose_index: Callable[[], None],
) -> None:
    if damaged:
        lose_index()
    south = people.client(people.member(branch=branches["south"]))
    north = people.client(people.member(branch=branches["north"]))
    for query in ("secret", "ladder secret", '"ladder secret"', "title:north", "north"):
        assert "Ladders of the north" in page(north, query).replace("<mark>", "").replace(
            "</mark>", ""
        ), query
        leaked = page(south, query).replace("<mark>", "").replace("</mark>", "")
        assert "of the north" not in leaked, query
        assert "/library/north" not in leaked, query
    assert "Nothing found" in page(south, "secret")
    # What is barred by a minus must not tell that it exists either.
    assert "/library/everybody" in page(south, "ladder -secret")


def test_a_thing_withdrawn_from_a_branch_is_gone_before_the_index_knows(
    app: Flask, people: People, branches: dict[str, int]
) -> None:
    south = people.client(people.member(branch=branches["south"]))
    assert "/library/both" in page(south, "ladder")
    put(app, "both", "Ladders of two", "ladder shared", audience=frozenset({branches["north"]}))
    assert "/library/both" not in page(south, "ladder")
    run_pending(app)
    assert "/library/both" not in page(south, "ladder")


def test_administrators_find_everything(
    app: Flask, people: People, branches: dict[str, int]
) -> None:
    text = page(people.client(people.member(role="administrator")), "ladder")
    assert "/library/nobody" in text


def test_more_results_are_not_more_questions_to_the_database(app: Flask, people: People) -> None:
    client = people.client(people.member())

    def asked(path: str) -> int:
        with counted(app) as statements:
            assert client.get(path).status_code == 200
        return len(statements)

    paths = ("/search?q=ladder", "/search/suggest?q=lad", "/search?q=laddder")
    for number in range(3):
        put(app, str(number), f"Ladder {number}", "use of the ladder")
    run_pending(app)
    before = [asked(path) for path in paths]
    for number in range(3, 12):
        put(app, str(number), f"Ladder {number}", "use of the ladder", "and of the ladder")
    run_pending(app)
    assert [asked(path) for path in paths] == before
    assert max(before) <= 12


@pytest.mark.parametrize("indexed", [True, False], ids=["index", "without index"])
def test_for_a_neighbour_everything_is_as_if_a_thing_were_not_there(
    app: Flask, people: People, indexed: bool, lose_index: Callable[[], None]
) -> None:
    """Results, tabs, facets, snippets, suggestions, corrections, what is alike: of every kind, the
    pages are the same, sign by sign, before and after a neighbour got something."""
    north, south = people.branch("North"), people.branch("South")
    words = "periscope torpedo ballast"
    for kind in Kind:
        put(app, f"all-{kind}", f"Ladder {kind} 梯子", f"{words} steps", kind=kind)
    there, here = (people.client(people.member(branch=branch)) for branch in (north, south))
    queries = ("潜望镜", "periscope", "submarine", "author:nemo", "collection:depths", "year:1954",
               "title:submarine", "submarime", "qianshuiting", "潜水挺", "kind:lesson")  # fmt: skip
    narrowings = (
        "",
        "year=1954",
        "collection=Depths",
        f"branch={north}",
        "language=en",
        "sort=newest",
    )
    paths = [f"/search?q={quote(query)}&{more}" for query in queries for more in narrowings]
    paths += [f"/search?q=periscope&kind={kind}" for kind in Kind]
    paths += [f"/search/suggest?q={quote(t)}" for t in ("subm", "peris", "潜", "qian", "qst", "ne")]
    alike = [f"/search/like/{kind}/{where}-{kind}" for kind in Kind for where in ("all", "n")]

    def seen_by(client: FlaskClient) -> dict[str, str]:
        found = {path: client.get(path).get_data(as_text=True) for path in paths}
        secrets = r'(nonce|content|value|hx-headers)=("[^"]*"|\'[^\']*\')'
        return {path: re.sub(secrets, "", text) for path, text in found.items()}

    def settle() -> None:
        run_pending(app)
        if not indexed:
            lose_index()

    settle()
    before = seen_by(here)
    for kind in Kind:
        put(app, f"n-{kind}", f"Submarine {kind} 潜水艇", f"{words} 潜望镜", kind=kind,
            audience=frozenset({north}), authors="Nemo", shelf="Depths", language="en",
            dated=date(1954, 1, 1))  # fmt: skip
    settle()
    after = seen_by(here)
    assert [path for path in paths if before[path] != after[path]] == []
    told = seen_by(there)
    assert sum(told[path] != after[path] for path in paths) > len(paths) // 2  # it is there
    # How rare a word is in all there is decides which words are named; nothing else is told.
    said = {path: here.get(path).get_data(as_text=True) for path in alike}
    assert [path for path in alike if re.search("ubmarine|潜", said[path])] == []
    assert not indexed or "ubmarine" in there.get(alike[1]).get_data(as_text=True)
