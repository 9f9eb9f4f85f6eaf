"""A printed code opens an account once, and is worth nothing afterwards."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from app.core.db import unit_of_work
from app.members import service
from app.members.models import ActivationCode, Member
from app.members.rules import codes
from app.members.service import signing
from tests.factories import People, csrf
from tests.members.conftest import PASSWORD, Hand, is_in, rename, sign_in

Account = Callable[..., int]
NOT_GOOD = "This code is not good"


def code_for(app: Flask, member_id: int) -> str:
    with app.app_context(), unit_of_work():
        return codes.on_paper(service.issue_codes([member_id])[member_id])


def activate(client: FlaskClient, code: str, password: str = PASSWORD, **form: str) -> TestResponse:
    chosen = {"language": "zh_Hans", "reading": "normal", **form}
    data = {"code": code, "password": password, "repeat": password, **chosen}
    return client.post("/activate", data=data, headers=csrf(client))


@pytest.fixture
def anna(people: People) -> int:
    """A member who has never signed in."""
    member_id = people.member("Anna")
    rename(people.app, member_id, "anna")
    return member_id


def test_a_code_sets_the_first_password_and_signs_in(people: People, anna: int) -> None:
    code = code_for(people.app, anna)
    client = people.client()
    answer = activate(client, code.lower(), reading="large")
    assert (answer.status_code, answer.headers["Location"]) == (303, "/welcome")
    page = client.get("/me").get_data(as_text=True)
    assert 'lang="zh-Hans"' in page
    assert 'data-type="large"' in page
    assert sign_in(people.client(), "anna").status_code == 303


def test_the_link_of_the_picture_fills_in_the_code(people: People, anna: int) -> None:
    code = code_for(people.app, anna)
    page = people.client().get(f"/activate?code={codes.read_back(code)}").get_data(as_text=True)
    assert f'value="{code}"' in page
    hostile = people.client().get("/activate?code=%3Cscript%3E").get_data(as_text=True)
    assert "<script>" not in hostile.replace("<script nonce", "")


def test_a_code_is_good_once(people: People, anna: int) -> None:
    code = code_for(people.app, anna)
    assert activate(people.client(), code).status_code == 303
    again = activate(people.client(), code, "another quiet sentence 7")
    assert again.status_code == 422
    assert NOT_GOOD in again.get_data(as_text=True)
    assert sign_in(people.client(), "anna").status_code == 303


def test_a_code_is_good_for_fourteen_days(people: People, anna: int, hand: Hand) -> None:
    code = code_for(people.app, anna)
    hand.pass_by(days=14)
    assert activate(people.client(), code).status_code == 422
    hand.pass_by(seconds=-1)
    assert activate(people.client(), code).status_code == 303


def test_a_new_code_makes_the_old_one_worthless(people: People, anna: int) -> None:
    old, new = code_for(people.app, anna), code_for(people.app, anna)
    assert activate(people.client(), old).status_code == 422
    assert activate(people.client(), new).status_code == 303


def test_a_disabled_member_cannot_open_the_account(people: People, anna: int) -> None:
    code = code_for(people.app, anna)
    with people.app.app_context(), unit_of_work() as session:
        session.get_one(Member, anna).is_active = False
    assert activate(people.client(), code).status_code == 422
    with people.app.app_context(), unit_of_work() as session:
        session.get_one(Member, anna).is_active = True
    assert activate(people.client(), code).status_code == 303


def test_unknown_used_and_disabled_codes_are_answered_alike(people: People, anna: int) -> None:
    used = code_for(people.app, anna)
    activate(people.client(), used)
    for code in ("AAAA-BBBB-CCCC", "short", "0000-1111-OOOO", used, "' or 1=1 --"):
        answer = activate(people.client(), code)
        assert answer.status_code == 422
        assert NOT_GOOD in answer.get_data(as_text=True)


def test_a_bad_password_does_not_use_up_the_code(people: People, anna: int) -> None:
    code = code_for(people.app, anna)
    client = people.client()
    for bad in ("short", "password123", "anna12345!"):
        answer = activate(client, code, bad)
        assert answer.status_code == 422
        assert 'id="password-error"' in answer.get_data(as_text=True)
    assert activate(client, code, repeat="something else").status_code == 422
    assert activate(client, code).status_code == 303


def test_a_code_replaces_a_forgotten_password_and_ends_every_sign_in(
    people: People, account: Account
) -> None:
    boris = account(username="boris")
    elsewhere = people.client(boris)
    code = code_for(people.app, boris)
    assert sign_in(people.client(), "boris").status_code == 303  # the old one is good until then
    assert activate(people.client(), code, "another quiet sentence 7").status_code == 303
    assert not is_in(elsewhere)
    assert sign_in(people.client(), "boris").status_code == 422
    assert sign_in(people.client(), "boris", "another quiet sentence 7").status_code == 303


def test_changing_the_password_makes_open_codes_worthless(people: People, account: Account) -> None:
    boris = account(username="boris")
    code = code_for(people.app, boris)
    client = people.client(boris)
    new = "another quiet sentence 7"
    form = {"present": PASSWORD, "password": new, "repeat": new}
    assert client.post("/me/password", data=form, headers=csrf(client)).status_code == 303
    assert activate(people.client(), code).status_code == 422


def test_guessing_codes_is_slowed_down_and_the_right_one_still_works(
    people: People, anna: int, hand: Hand
) -> None:
    code = code_for(people.app, anna)
    found = [activate(people.client(), "AAAA-BBBB-CCCC").status_code for _ in range(12)]
    assert found == [422] * 10 + [429] * 2
    refused = activate(people.client(), code)
    assert (refused.status_code, refused.headers["Retry-After"]) == (429, "1")
    hand.pass_by(seconds=1)
    assert activate(people.client(), code).status_code == 303


def test_only_a_hash_of_a_code_is_stored_and_no_password_is_hashed_for_it(
    people: People, anna: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(signing, "_hasher", None)  # would fail if it were asked
    code = code_for(people.app, anna)
    with people.app.app_context(), unit_of_work() as session:
        row = session.query(ActivationCode).one()
        assert row.code_hash == service.token_hash(codes.read_back(code))
        assert session.get_one(Member, anna).password_hash is None
    monkeypatch.undo()
    assert activate(people.client(), code).status_code == 303


def test_activating_takes_nothing_that_the_page_does_not_ask_for(people: People, anna: int) -> None:
    code = code_for(people.app, anna)
    client = people.client()
    extra = {"role": "administrator", "is_active": "0", "username": "root", "member_id": "1"}
    assert activate(client, code, **extra).status_code == 303
    assert client.get("/admin/members").status_code == 404
    assert sign_in(people.client(), "anna").status_code == 303
