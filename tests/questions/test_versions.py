"""Versions of a question: facts that never change, which the database itself sees to."""

from __future__ import annotations

from threading import Barrier, Thread

import pytest
from flask import Flask
from sqlalchemy import text
from sqlalchemy.exc import DatabaseError

from app.core.db import unit_of_work
from app.core.refusals import Conflict
from app.questions import queries, service
from tests.factories import People, csrf

BODY = {"stem": "So?", "answer": True}


@pytest.fixture
def question_id(app: Flask, people: People) -> int:
    author = people.member(role="trainer")
    with app.app_context(), unit_of_work():
        return service.create(kind="truefalse", body=BODY, author_id=author)


@pytest.mark.parametrize(
    "statement",
    [
        "update question_version set body = '{}'",
        "update question_version set number = 2",
        "delete from question_version",
    ],
)
def test_the_database_refuses_to_change_a_version(
    app: Flask, question_id: int, statement: str
) -> None:
    with app.app_context():
        with pytest.raises(DatabaseError, match="never changes"), unit_of_work() as session:
            session.execute(text(statement))
        found = queries.question(question_id)
        assert found is not None
        assert found.stem == "So?"


def test_the_page_says_who_changed_what_and_what_was_said_before(
    app: Flask, people: People, question_id: int
) -> None:
    """Not only who wrote it first: an administrator may change the key of a trainer's question."""
    boss = people.member("The Boss", role="administrator")
    with app.app_context(), unit_of_work():
        service.revise(question_id, {"stem": "So??", "answer": False, "explanation": "No."}, boss)
    page = people.client(boss).get(f"/desk/questions/{question_id}").get_data(as_text=True)
    shown = page.split('id="versions"')[1]
    assert "<strong>The Boss</strong><span>Version 2: Question · Explanation · Answer key" in shown
    assert shown.count("The Boss") == 1
    assert '<div class="prose"><p>So?</p>' in shown


def test_an_attempt_finds_the_version_it_was_given(app: Flask, question_id: int) -> None:
    with app.app_context():
        first = queries.question(question_id)
        assert first is not None
        with unit_of_work():
            service.revise(question_id, {**BODY, "answer": False}, first.author_id)
        old = queries.version(first.version_id)
        new = queries.question(question_id)
        assert old == first
        assert new is not None
        assert (old.plain["answer"], new.plain["answer"]) == (True, False)


def test_two_edits_at_once_make_two_versions_or_one_conflict(app: Flask, question_id: int) -> None:
    start = Barrier(2)
    outcomes: list[object] = []

    def edit(stem: str) -> None:
        with app.app_context():
            start.wait()
            try:
                with unit_of_work():
                    made = service.revise(question_id, {**BODY, "stem": stem}, 1, seen=1)
                outcomes.append(made)
            except Conflict:
                outcomes.append("conflict")

    threads = [Thread(target=edit, args=(stem,)) for stem in ("One?", "Two?")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(map(str, outcomes)) == ["2", "conflict"]


def test_a_shared_text_is_corrected_in_all_questions_that_have_it(
    app: Flask, people: People
) -> None:
    author = people.member(role="trainer")
    with app.app_context(), unit_of_work():
        ids = [
            service.create(
                kind="truefalse",
                body={"stem": f"So {n}?", "answer": True, "material": text},
                author_id=author,
            )
            for n, text in enumerate(("Teh fire.", "Teh fire.", "Another."))
        ]
    client = people.client(author)
    page = client.get(f"/desk/questions/{ids[0]}").text
    assert "Change the shared text in 1 other question that has it, too" in page
    assert "everywhere" not in client.get(f"/desk/questions/{ids[2]}").text

    def texts() -> list[str]:
        with app.app_context():
            found = queries.questions(ids)
            return [found[i].plain["material"] for i in ids]

    form = {"stem": "So 0?", "answer": "true"}
    headers = csrf(client)
    client.post(
        f"/desk/questions/{ids[0]}", data={**form, "material": "Teh fire!"}, headers=headers
    )
    assert texts() == ["Teh fire!", "Teh fire.", "Another."], "one alone without the tick"
    client.post(
        f"/desk/questions/{ids[0]}", data={**form, "material": "Teh fire."}, headers=headers
    )
    ticked = {**form, "material": "The fire.", "everywhere": "1"}
    client.post(f"/desk/questions/{ids[0]}", data=ticked, headers=headers)
    assert texts() == ["The fire.", "The fire.", "Another."]
