"""The bank and its editor, through URLs."""

from __future__ import annotations

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app.core.db import unit_of_work
from app.questions import queries, service
from tests.factories import People, csrf

SINGLE = {
    "stem": "Which colour is a fire extinguisher?",
    "explanation": "Red is seen first.",
    "options-0-text": "Red",
    "options-1-text": "Green",
    "options-2-text": "",
    "right": "0",
}
MULTIPLE = {
    "stem": "What helps against phishing?",
    "options-0-text": "Looking at the sender",
    "options-0-right": "y",
    "options-1-text": "Calling back",
    "options-1-right": "y",
    "options-2-text": "Clicking quickly",
    "wrong": "all",
}


def body_of(app: Flask, question_id: int) -> dict:
    with app.app_context():
        found = queries.question(question_id)
        assert found is not None
        return found.plain


@pytest.fixture
def trainer(people: People) -> int:
    return people.member("Trainer One", role="trainer")


@pytest.fixture
def client(people: People, trainer: int) -> FlaskClient:
    return people.client(trainer)


def test_an_empty_bank_says_what_to_do(client: FlaskClient) -> None:
    text = client.get("/desk/questions").get_data(as_text=True)
    assert "No questions yet" in text
    assert "/desk/questions/new/single" in text


def test_a_single_choice_question_is_written_in_the_page(app: Flask, client: FlaskClient) -> None:
    answer = client.post("/desk/questions/new/single", data=SINGLE, headers=csrf(client))
    assert answer.status_code == 302
    assert body_of(app, 1) == {
        "stem": "Which colour is a fire extinguisher?",
        "explanation": "Red is seen first.",
        "options": [{"text": "Red", "fraction": "1"}, {"text": "Green", "fraction": "0"}],
    }
    assert "fire extinguisher" in client.get("/desk/questions").get_data(as_text=True)


def test_ticks_become_fractions(app: Flask, client: FlaskClient) -> None:
    client.post("/desk/questions/new/multiple", data=MULTIPLE, headers=csrf(client))
    fractions = [o["fraction"] for o in body_of(app, 1)["options"]]
    assert fractions == ["0.5", "0.5", "-1"]


def test_a_wrong_tick_can_cost_as_much_as_a_right_one_gives(
    app: Flask, client: FlaskClient
) -> None:
    data = {**MULTIPLE, "wrong": "share"}
    client.post("/desk/questions/new/multiple", data=data, headers=csrf(client))
    assert [o["fraction"] for o in body_of(app, 1)["options"]] == ["0.5", "0.5", "-0.5"]


def test_worths_set_by_hand_are_kept_and_shown_again(app: Flask, client: FlaskClient) -> None:
    worths = {"options-0-worth": "75", "options-1-worth": "25 %", "options-2-worth": "−10"}
    client.post("/desk/questions/new/multiple", data=MULTIPLE | worths, headers=csrf(client))
    assert [o["fraction"] for o in body_of(app, 1)["options"]] == ["0.75", "0.25", "-0.1"]
    text = client.get("/desk/questions/1").get_data(as_text=True)
    assert 'value="75"' in text
    assert 'value="-10"' in text


def test_a_statement_is_true_or_false(app: Flask, client: FlaskClient) -> None:
    data = {"stem": "Water puts out burning oil.", "answer": "false"}
    client.post("/desk/questions/new/truefalse", data=data, headers=csrf(client))
    assert body_of(app, 1)["answer"] is False


@pytest.mark.parametrize(
    ("kind", "data", "sentence"),
    [
        ("single", SINGLE | {"right": ""}, "Mark exactly one answer as right; 0 are marked."),
        ("single", SINGLE | {"right": "2"}, "Mark exactly one answer as right; 0 are marked."),
        ("single", SINGLE | {"options-1-text": ""}, "Give at least 2 answers"),
        ("single", SINGLE | {"options-1-text": "Red"}, "Two answers say the same: “Red”."),
        ("single", SINGLE | {"stem": " "}, "Write the question itself."),
        ("single", SINGLE | {"stem": ""}, "This field is required."),
        ("multiple", {**MULTIPLE, "options-0-worth": "90"}, "worth 90 % together"),
        ("multiple", {**MULTIPLE, "options-0-worth": "1e999"}, "is no share of the mark"),
        ("multiple", {**MULTIPLE, "options-0-worth": "NaN"}, "is no share of the mark"),
        ("multiple", {**MULTIPLE, "options-0-worth": "half"}, "is no share of the mark"),
        ("truefalse", {"stem": "So?"}, "Say whether the statement is true or false."),
        ("truefalse", {"stem": "x" * 4001, "answer": "true"}, "has 4001 characters"),
    ],
)
def test_what_cannot_be_asked_comes_back_with_a_sentence(
    app: Flask, client: FlaskClient, kind: str, data: dict, sentence: str
) -> None:
    answer = client.post(f"/desk/questions/new/{kind}", data=data, headers=csrf(client))
    assert answer.status_code == 422
    assert sentence in answer.get_data(as_text=True)
    with app.app_context():
        assert queries.question(1) is None


def test_more_rows_come_without_a_script(client: FlaskClient) -> None:
    answer = client.post(
        "/desk/questions/new/single", data=SINGLE | {"more": "1"}, headers=csrf(client)
    )
    text = answer.get_data(as_text=True)
    assert 'name="options-4-text"' in text
    assert 'value="Green"' in text


def test_an_edit_makes_a_new_version_and_keeps_the_old(app: Flask, client: FlaskClient) -> None:
    client.post("/desk/questions/new/single", data=SINGLE, headers=csrf(client))
    data = SINGLE | {"stem": "Which colour?", "seen": "1"}
    assert client.post("/desk/questions/1", data=data, headers=csrf(client)).status_code == 302
    with app.app_context():
        versions = queries.history(1)
        assert [v.number for v in versions] == [2, 1]
        assert versions[1].stem == SINGLE["stem"]
        ids = [{o["id"] for o in v.body["options"]} for v in versions]
        assert ids[0].isdisjoint(ids[1])


def test_saving_without_a_change_makes_no_version(app: Flask, client: FlaskClient) -> None:
    client.post("/desk/questions/new/single", data=SINGLE, headers=csrf(client))
    client.post("/desk/questions/1", data=SINGLE | {"seen": "1"}, headers=csrf(client))
    with app.app_context():
        assert len(queries.history(1)) == 1


def test_a_second_window_does_not_overwrite(client: FlaskClient) -> None:
    client.post("/desk/questions/new/single", data=SINGLE, headers=csrf(client))
    first = SINGLE | {"stem": "First window?", "seen": "1"}
    second = SINGLE | {"stem": "Second window?", "seen": "1"}
    assert client.post("/desk/questions/1", data=first, headers=csrf(client)).status_code == 302
    assert client.post("/desk/questions/1", data=second, headers=csrf(client)).status_code == 409


def test_another_trainer_reads_and_copies_but_does_not_edit(
    app: Flask, people: People, client: FlaskClient
) -> None:
    client.post("/desk/questions/new/single", data=SINGLE, headers=csrf(client))
    other_id = people.member("Trainer Two", role="trainer")
    other = people.client(other_id)
    assert "Make my own copy" in other.get("/desk/questions/1").get_data(as_text=True)
    data = SINGLE | {"stem": "Mine now?", "seen": "1"}
    assert other.post("/desk/questions/1", data=data, headers=csrf(other)).status_code == 404
    assert other.post("/desk/questions/1/copy", headers=csrf(other)).status_code == 302
    assert other.post("/desk/questions/2", data=data, headers=csrf(other)).status_code == 302
    with app.app_context():
        found = queries.questions([1, 2])
        assert found[1].stem == SINGLE["stem"]
        assert (found[2].stem, found[2].author_id) == ("Mine now?", other_id)


def test_an_administrator_edits_every_question(people: People, client: FlaskClient) -> None:
    client.post("/desk/questions/new/single", data=SINGLE, headers=csrf(client))
    admin = people.client(people.member(role="administrator"))
    data = SINGLE | {"stem": "Better?", "seen": "1"}
    assert admin.post("/desk/questions/1", data=data, headers=csrf(admin)).status_code == 302


def test_the_author_cannot_be_sent_along(app: Flask, people: People, client: FlaskClient) -> None:
    other = people.member(role="trainer")
    data = SINGLE | {"author_id": str(other), "id": "77", "kind": "multiple"}
    client.post("/desk/questions/new/single", data=data, headers=csrf(client))
    with app.app_context():
        found = queries.question(1)
        assert found is not None
        assert found.author_id != other
        assert found.kind == "single"


@pytest.fixture
def filled(app: Flask, people: People, trainer: int) -> None:
    other = people.member("Trainer Two", role="trainer")
    with app.app_context(), unit_of_work():
        for author, stem in (
            (trainer, "消防器材放在哪里？"),
            (trainer, "50% off_all"),
            (other, "Fire?"),
        ):
            service.create(kind="truefalse", body={"stem": stem, "answer": True}, author_id=author)
        service.create(
            kind="single",
            author_id=other,
            body={
                "stem": "Fire again?",
                "options": [{"text": "yes", "fraction": 1}, {"text": "no"}],
            },
        )


@pytest.mark.parametrize(
    ("query", "stems"),
    [
        ("q=消防", ["消防器材放在哪里？"]),
        ("q=消防器材 哪裡", ["消防器材放在哪里？"]),
        ("q=FIRE", ["Fire again?", "Fire?"]),
        ("q=fire&kind=single", ["Fire again?"]),
        ("q=fire&mine=1", []),
        ("q=0%25", ["50% off_all"]),
        ("q=%25", ["50% off_all"]),
        ("q=f_a", ["50% off_all"]),
        ("kind=nonsense", ["Fire again?", "Fire?", "50% off_all", "消防器材放在哪里？"]),
        ("page=-4&mine=1", ["50% off_all", "消防器材放在哪里？"]),
    ],
)
@pytest.mark.usefixtures("filled")
def test_the_bank_is_filtered(client: FlaskClient, query: str, stems: list[str]) -> None:
    text = client.get(f"/desk/questions?{query}").get_data(as_text=True)
    shown = [
        s for s in ("Fire again?", "Fire?", "50% off_all", "消防器材放在哪里？") if f">{s}<" in text
    ]
    assert shown == stems


def test_script_in_a_question_stays_text(client: FlaskClient) -> None:
    evil = "<script>alert(1)</script><img src=x onerror=alert(1)> [x](javascript:alert(1))"
    data = SINGLE | {"stem": evil, "options-0-text": evil, "explanation": evil}
    client.post("/desk/questions/new/single", data=data, headers=csrf(client))
    for address in ("/desk/questions", "/desk/questions/1"):
        text = client.get(address).get_data(as_text=True)
        assert "alert(1)" in text
        assert "<script>alert" not in text
        assert "<img src=x" not in text
        assert 'href="javascript' not in text


def test_members_have_no_bank(people: People, client: FlaskClient) -> None:
    client.post("/desk/questions/new/single", data=SINGLE, headers=csrf(client))
    member = people.client(people.member())
    for address in ("/desk/questions", "/desk/questions/1", "/desk/questions/new/single"):
        assert member.get(address).status_code == 404
