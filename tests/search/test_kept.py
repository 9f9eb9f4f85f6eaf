"""Searches that members keep, what is new in them, what nobody found, and narrowing by label."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app.core.jobs import run_pending
from tests.factories import People, csrf
from tests.search.things import put


def page(client: FlaskClient, address: str, **query: object) -> str:
    answer = client.get(address, query_string=query)
    assert answer.status_code == 200
    return answer.get_data(as_text=True).replace("<mark>", "").replace("</mark>", "")


def post(client: FlaskClient, address: str, **fields: object):
    return client.post(address, data=fields, headers=csrf(client))


def kept(client: FlaskClient) -> list[int]:
    return [int(n) for n in re.findall(r'/search/kept/(\d+)"', page(client, "/search"))]


def test_a_kept_search_tells_what_is_new_until_it_is_looked_at(app: Flask, people: People) -> None:
    me, other = people.client(people.member()), people.client(people.member())
    put(app, "old", "Old ladder")
    run_pending(app)
    assert post(me, "/search/kept", q="ladder").status_code == 302
    assert "You keep this search" in page(me, "/search", q="ladder")
    assert "1 new" not in page(me, "/search")
    put(app, "new", "New ladder")
    put(app, "hose", "New hose")
    put(app, "north", "Northern ladder", audience=frozenset({people.branch("North")}))
    run_pending(app)
    text = page(me, "/search")
    assert "1 new" in text
    assert "New ladder" in text
    assert "Old ladder" not in text
    assert "Northern" not in text
    assert "New ladder" not in page(other, "/search")
    [number] = kept(me)
    answer = post(me, f"/search/kept/{number}", q="ladder " * 2000)
    assert len(answer.headers["Location"]) < 1000  # no proxy takes a header of any length
    assert "sort=newest" in answer.headers["Location"]
    assert "1 new" not in page(me, "/search")


def test_kept_searches_are_nobody_elses(app: Flask, people: People) -> None:
    me, other = people.client(people.member()), people.client(people.member())
    post(me, "/search/kept", q="ladder", kind="document")
    post(me, "/search/kept", q="  ladder ", kind="document")  # the same is kept once
    [number] = kept(me)
    assert post(other, f"/search/kept/{number}").status_code == 404
    assert post(other, f"/search/kept/{number}/delete").status_code == 404
    assert kept(other) == []
    assert post(me, f"/search/kept/{number}/delete").status_code == 302
    assert kept(me) == []
    assert post(me, "/search/kept", q=' "" ').status_code == 422
    for count in range(12):
        assert post(me, "/search/kept", q=f"word{count}").status_code == 302
    assert post(me, "/search/kept", q="one too many").status_code == 422


def test_librarians_see_what_was_not_found_and_not_by_whom(app: Flask, people: People) -> None:
    put(app, "a", "Ladder")
    run_pending(app)
    me = people.client(people.member(name="Somebody Special"))
    trainer = people.client(people.member(role="trainer"))
    assert 'hx-post="/search/missed"' in page(me, "/search", q="zeppelin")
    assert 'hx-post="/search/missed"' not in page(me, "/search", q="ladder")
    for query in ("Zeppelin", "zeppelin ", "once only", "ladder", "ladder", "", "???", "\x00"):
        assert post(me, "/search/missed", q=query).status_code == 204
    text = page(trainer, "/search/missed")
    assert "zeppelin" in text
    assert "2 times" in text
    assert "once only" not in text  # what only one person asked may say who it was
    assert "ladder" not in text
    assert "Somebody Special" not in text


@pytest.mark.parametrize("damaged", [False, True], ids=["index", "without index"])
def test_results_are_narrowed_by_collection_and_branch(
    app: Flask, people: People, damaged: bool, lose_index: Callable[[], None]
) -> None:
    north = people.branch("North")
    south = people.branch("South")
    put(app, "a", "Ladder one", shelf="Theory › Classics")
    put(app, "b", "Ladder two", shelf="Rules", audience=frozenset({north}))
    put(app, "c", "Ladder three", shelf="Rules", audience=frozenset({south}))
    put(app, "d", "Ladder four", shelf="Rules", audience=frozenset({north, south}))
    run_pending(app)
    if damaged:
        lose_index()
    me = people.client(people.member(branch=north))
    text = page(me, "/search", q="ladder")
    assert "Theory › Classics · 1" in text
    assert "Rules · 2" in text
    assert "North · 1" in text
    assert "For everybody · 1" in text
    assert "For several branches · 1" in text
    assert "South" not in text

    def titles(**narrowed: object) -> set[str]:
        shown = page(me, "/search", q="ladder", **narrowed)
        return {ref for ref in "abcd" if f'href="/library/{ref}"' in shown}

    assert titles(collection="Rules") == {"b", "d"}
    assert titles(collection="Theory › Classics") == {"a"}
    assert titles(collection="Nowhere") == set()
    assert titles(branch=north) == {"b"}
    assert titles(branch=0) == {"a"}
    assert titles(branch=south) == set()
    assert titles(branch=-5) == titles(branch=2**32 + 5) == set()
