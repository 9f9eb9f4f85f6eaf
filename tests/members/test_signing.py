"""Signing in and out: who gets in, how long it lasts, and what guessing costs."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace

import pytest
from flask import Flask

from app.core.db import unit_of_work
from app.members import service
from app.members.models import Member, RoleGrant, SignIn
from app.members.service import signing
from tests.factories import People, csrf
from tests.members.conftest import PASSWORD, Hand, is_in, session_of, sign_in

Account = Callable[..., int]
WRONG = "The name or the password is wrong"


def text(answer: object) -> str:
    return answer.get_data(as_text=True)


def changed(app: Flask, **settings: object) -> None:
    """Put other settings under a running application."""
    app.extensions["weike"] = replace(app.extensions["weike"], **settings)


# --- who gets in ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "login",
    ["anna", " ANNA ", "ａｎｎａ", "Anna@Example.org", "13800138000", "+86 138-0013-8000"],
)
def test_user_name_email_and_phone_all_sign_in(
    people: People, account: Account, login: str
) -> None:
    account(username="anna", email="anna@example.org", phone="+8613800138000")
    client = people.client()
    answer = sign_in(client, login)
    assert (answer.status_code, answer.headers["Location"]) == (303, "/")
    assert is_in(client)


def test_a_user_name_wins_over_the_phone_of_another_member(
    people: People, account: Account
) -> None:
    account(username="13800138000", name="Anna")
    account(username="boris", name="Boris", phone="+8613800138000")
    client = people.client()
    sign_in(client, "13800138000")
    assert "Anna" in text(client.get("/me"))


def test_the_home_page_after_signing_in_shows_no_message(people: People, account: Account) -> None:
    account(username="anna")
    client = people.client()
    sign_in(client, "anna")
    assert 'class="notice ' not in text(client.get("/me"))
    with client.session_transaction() as session:
        assert "_flashes" not in session


def refusals(people: People, account: Account) -> dict[str, tuple[str, str]]:
    """Login and password of everybody who must not get in, and of one who may."""
    account(username="anna")
    account(username="disabled", active=False)
    people.member(name="Waiting")  # has no password yet
    return {
        "wrong password": ("anna", PASSWORD + "x"),
        "unknown name": ("nobody", PASSWORD),
        "unknown e-mail": ("nobody@example.org", PASSWORD),
        "unknown phone": ("13900139000", PASSWORD),
        "disabled": ("disabled", PASSWORD),
        "too long": ("anna", PASSWORD * 200),
        "odd": ("\u202e", PASSWORD),
    }


def test_every_refusal_looks_the_same(people: People, account: Account) -> None:
    pages = set()
    for login, password in refusals(people, account).values():
        client = people.client()
        answer = sign_in(client, login, password, address=f"198.51.100.{len(login)}")
        assert answer.status_code == 422
        assert not is_in(client)
        page = text(answer)
        assert WRONG in page
        assert password not in page
        # What differs is what was typed, and random values of the page.
        pages.add(re.sub(r'(value|content|nonce|hx-headers)=("[^"]*"|\'[^\']*\')', "", page))
    assert len(pages) == 1
    assert sign_in(people.client(), "anna").status_code == 303


def test_every_refusal_costs_one_password_check(
    people: People, account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The work is what takes the time: one argon2 check whoever is named, so time tells nothing."""
    checks = []
    hasher = signing._hasher

    class Counting:
        def verify(self, stored: str, given: bytes) -> bool:
            checks.append(stored.split("$")[1:4])
            return hasher.verify(stored, given)

    refused = refusals(people, account)  # which makes accounts, with their hashes
    monkeypatch.setattr(signing, "_hasher", Counting())
    for kind, (login, password) in refused.items():
        checks.clear()
        sign_in(people.client(), login, password)
        assert checks == [["argon2id", "v=19", "m=19456,t=2,p=1"]], kind
    checks.clear()
    assert sign_in(people.client(), "anna").status_code == 303
    assert len(checks) == 1


def test_the_password_of_nobody_is_as_costly_as_any_other() -> None:
    assert signing._hasher.check_needs_rehash(signing._NOBODY) is False


def test_a_password_is_the_same_in_full_width_letters(people: People, account: Account) -> None:
    account(username="anna")
    wide = "".join(chr(ord(c) + 0xFEE0) if c.isascii() and c != " " else c for c in PASSWORD)
    assert sign_in(people.client(), "anna", wide).status_code == 303


def test_an_empty_form_comes_back(people: People) -> None:
    client = people.client()
    answer = client.post("/sign-in", data={}, headers=csrf(client))
    assert answer.status_code == 422
    assert "Please fill this in." in text(answer)


def test_signing_in_needs_the_token_of_the_page(people: People, account: Account) -> None:
    account(username="anna")
    client = people.client()
    form = {"login": "anna", "password": PASSWORD}
    assert client.post("/sign-in", data=form).status_code == 400
    headers = {**csrf(client), "Sec-Fetch-Site": "cross-site"}
    assert client.post("/sign-in", data=form, headers=headers).status_code == 403
    assert client.post("/sign-in", data=form, headers=csrf(client)).status_code == 303


# --- where to go ----------------------------------------------------------------------------------


def test_signing_in_leads_where_the_visitor_wanted_to_go(people: People, account: Account) -> None:
    account(username="anna")
    client = people.client()
    sent = client.get("/points?page=2")
    assert sent.headers["Location"] == "/sign-in?next=/points?page%3D2"
    assert "next=/points?page%3D2" in text(client.get(sent.headers["Location"]))
    answer = sign_in(client, "anna", wanted="/points?page=2")
    assert answer.headers["Location"] == "/points?page=2"
    assert client.get("/sign-in?next=/me").headers["Location"] == "/me"


@pytest.mark.parametrize(
    "wanted",
    ["//evil.example", "/\\evil.example", "/%0d%0aX: 1", "javascript:alert(1)", "https://evil.x"],
)
def test_signing_in_leads_nowhere_else(people: People, account: Account, wanted: str) -> None:
    account(username="anna")
    client = people.client()
    answer = sign_in(client, "anna", wanted=wanted)
    assert (answer.status_code, answer.headers["Location"]) == (303, "/")
    assert client.get("/sign-in", query_string={"next": wanted}).headers["Location"] == "/"


# --- the session ----------------------------------------------------------------------------------


def test_signing_in_makes_a_new_session(people: People, account: Account) -> None:
    account(username="anna")
    client = people.client()
    csrf(client)
    with client.session_transaction() as session:
        session["planted"] = "by an attacker"
        before = session["csrf_token"]
    sign_in(client, "anna")
    after = session_of(client)
    assert "planted" not in after
    assert after.get("csrf_token") != before


def test_signing_in_again_ends_the_sign_in_of_that_browser(
    people: People, account: Account
) -> None:
    anna, boris = account(username="anna"), account(username="boris")
    client, thief = people.client(), people.client()
    sign_in(client, "anna")
    stolen = session_of(client)["_user_id"]
    answer = client.post(
        "/sign-in", data={"login": "boris", "password": PASSWORD}, headers=csrf(client)
    )
    assert answer.status_code == 303
    with thief.session_transaction() as session:
        session["_user_id"], session["seen"] = stolen, 2_000_000_000
    assert not is_in(thief)
    assert open_sign_ins(people.app, anna) == 0
    assert open_sign_ins(people.app, boris) == 1


def open_sign_ins(app: Flask, member_id: int) -> int:
    with app.app_context(), unit_of_work() as session:
        return session.query(SignIn).filter_by(member_id=member_id, ended_at=None).count()


def test_only_a_hash_of_the_token_is_stored(people: People, account: Account) -> None:
    account(username="anna")
    client = people.client()
    sign_in(client, "anna")
    token = session_of(client)["_user_id"]
    with people.app.app_context(), unit_of_work() as session:
        row = session.query(SignIn).one()
        assert row.token_hash == service.token_hash(token)
        assert token not in row.token_hash
    assert len(token) >= 43  # 256 bits


def test_signing_out_ends_the_sign_in_on_the_server(people: People, account: Account) -> None:
    anna = account(username="anna")
    client, thief = people.client(), people.client()
    sign_in(client, "anna")
    with thief.session_transaction() as session:
        session.update(session_of(client))
    assert is_in(thief)
    answer = client.post("/sign-out", headers=csrf(client))
    assert (answer.status_code, answer.headers["Location"]) == (303, "/sign-in")
    assert answer.headers["Clear-Site-Data"] == '"cache", "storage"'
    assert not is_in(client)
    assert not is_in(thief)
    assert open_sign_ins(people.app, anna) == 0


def test_signing_out_is_no_link(people: People, account: Account) -> None:
    client = people.client(account(username="anna"))
    assert client.get("/sign-out").status_code == 405
    assert client.post("/sign-out").status_code == 400
    assert is_in(client)


def test_a_disabled_member_is_out_at_the_next_request(people: People, account: Account) -> None:
    anna = account(username="anna")
    client = people.client(anna)
    headers = csrf(client)
    assert is_in(client)
    with people.app.app_context(), unit_of_work() as session:
        session.get_one(Member, anna).is_active = False
    assert client.get("/me").headers["Location"] == "/sign-in?next=/me"
    assert client.get("/me", headers={"Accept": "application/json"}).status_code == 401
    assert client.get("/me", headers={"HX-Request": "true"}).status_code == 401
    assert client.post("/me/settings", headers=headers).status_code == 401


def test_a_role_that_is_taken_away_is_gone_at_the_next_request(
    people: People, account: Account
) -> None:
    anna = account(username="anna", role="administrator")
    client = people.client(anna)
    assert client.get("/admin/members").status_code == 200
    with people.app.app_context(), unit_of_work() as session:
        session.delete(session.query(RoleGrant).filter_by(member_id=anna).one())
    assert client.get("/admin/members").status_code == 404
    assert is_in(client)


def test_an_idle_member_must_sign_in_again(people: People, account: Account, hand: Hand) -> None:
    client = people.client(account(username="anna"))
    for _ in range(4):
        hand.pass_by(hours=7)
        assert is_in(client)
    hand.pass_by(hours=8, seconds=1)
    assert not is_in(client)
    hand.pass_by(hours=-5)
    assert is_in(client)  # the clock decides, not the order of requests


def test_staff_must_sign_in_again_after_an_hour(
    people: People, account: Account, hand: Hand
) -> None:
    client = people.client(account(role="administrator"))
    hand.pass_by(minutes=59)
    assert is_in(client)
    hand.pass_by(minutes=61)
    assert not is_in(client)


def test_the_cookie_is_written_at_most_every_five_minutes(
    people: People, account: Account, hand: Hand
) -> None:
    client = people.client(account())
    client.get("/me")  # the page puts its token into the session once
    hand.pass_by(minutes=4)
    assert "Set-Cookie" not in client.get("/me").headers
    hand.pass_by(minutes=1)
    assert "Set-Cookie" in client.get("/me").headers
    assert "Set-Cookie" not in client.get("/me").headers


@pytest.mark.parametrize("forged", [None, "soon", 10**20, True])
def test_a_session_that_does_not_say_when_is_no_session(
    people: People, account: Account, forged: object
) -> None:
    client = people.client(account())
    assert is_in(client)
    with client.session_transaction() as session:
        session["seen"] = forged
    if forged == 10**20:
        return  # only our own signature could say so; it means "seen just now"
    assert not is_in(client)


@pytest.mark.parametrize(("role", "hours"), [(None, 7 * 24), ("administrator", 12)])
def test_nobody_stays_signed_in_for_ever(
    people: People, account: Account, hand: Hand, role: str | None, hours: int
) -> None:
    account(username="anna", role=role)
    client = people.client()
    sign_in(client, "anna")
    for _ in range(hours * 2 - 1):
        hand.pass_by(minutes=30)
        if _ % 13 == 0 or role:
            assert is_in(client)
    hand.pass_by(minutes=30)
    assert not is_in(client)


def test_pages_behind_the_sign_in_are_kept_by_no_cache(people: People, account: Account) -> None:
    page = people.client(account()).get("/me")
    assert page.headers["Cache-Control"] == "no-store"
    assert "Cookie" in page.headers["Vary"]


def test_cookies_are_out_of_reach(people: People, account: Account) -> None:
    account(username="anna")
    answer = sign_in(people.client(), "anna")
    cookies = answer.headers.getlist("Set-Cookie")
    assert {c.split("=")[0] for c in cookies} == {"sid", "known"}
    for cookie in cookies:
        assert "HttpOnly" in cookie
        assert "SameSite=Lax" in cookie
        assert len(cookie) < 4096


def test_sign_ins_of_long_ago_are_forgotten(people: People, account: Account, hand: Hand) -> None:
    anna = account(username="anna")
    for _ in range(3):
        sign_in(people.client(), "anna")
        hand.pass_by(days=8)
    assert open_sign_ins(people.app, anna) == 3
    hand.pass_by(days=60)
    sign_in(people.client(), "anna")
    assert open_sign_ins(people.app, anna) == 1


# --- my devices -----------------------------------------------------------------------------------


def test_members_see_and_end_their_own_sign_ins(people: People, account: Account) -> None:
    anna = account(username="anna")
    here, there, stranger = people.client(anna), people.client(), people.client(account())
    there.environ_base["HTTP_USER_AGENT"] = "Mozilla/5.0 (Linux; Android 14) Chrome/120 Safari/537"
    sign_in(there, "anna")
    page = text(here.get("/me"))
    assert "Chrome, Android" in page
    assert page.count(">this device<") == 1
    with people.app.app_context(), unit_of_work() as session:
        other = session.query(SignIn).filter_by(device="Chrome, Android").one().id
    address = f"/me/sign-ins/{other}/end"
    assert stranger.post(address, headers=csrf(stranger)).status_code == 404
    assert is_in(there)
    assert here.post(address, headers=csrf(here)).status_code == 303
    assert not is_in(there)
    assert is_in(here)


def test_members_end_all_other_sign_ins_at_once(people: People, account: Account) -> None:
    anna = account(username="anna")
    here, others = people.client(anna), [people.client(anna) for _ in range(3)]
    assert here.post("/me/sign-ins/end-others", headers=csrf(here)).status_code == 303
    assert is_in(here)
    assert not any(is_in(client) for client in others)


# --- another password -----------------------------------------------------------------------------

NEW = "another quiet sentence 7"


def change(client: object, present: str = PASSWORD, new: str = NEW, repeat: str | None = None):
    form = {"present": present, "password": new, "repeat": new if repeat is None else repeat}
    return client.post("/me/password", data=form, headers=csrf(client))


def test_a_new_password_ends_every_other_sign_in_and_renews_this_one(
    people: People, account: Account
) -> None:
    anna = account(username="anna")
    here, other = people.client(anna), people.client(anna)
    before = session_of(here)["_user_id"]
    assert change(here).status_code == 303
    assert is_in(here)
    assert session_of(here)["_user_id"] != before
    assert not is_in(other)
    assert sign_in(people.client(), "anna").status_code == 422
    assert sign_in(people.client(), "anna", NEW).status_code == 303


@pytest.mark.parametrize(
    ("form", "sentence"),
    [
        ({"present": "wrong"}, "This is not your present password."),
        ({"new": "short"}, "at least 10 characters"),
        ({"new": "password123"}, "tried first"),
        ({"new": "x y z " * 30}, "at most 128 characters"),
        ({"new": "annabella1"}, "your own name"),
        ({"repeat": NEW + "x"}, "not the same"),
    ],
)
def test_a_bad_new_password_changes_nothing(
    people: People, account: Account, form: dict[str, str], sentence: str
) -> None:
    anna = account(username="annabella")
    here, other = people.client(anna), people.client(anna)
    answer = change(here, **form)
    assert answer.status_code == 422
    assert sentence in text(answer)
    assert is_in(other)
    assert sign_in(people.client(), "annabella").status_code == 303


def test_guessing_the_present_password_is_slowed_down_too(
    people: People, account: Account, hand: Hand
) -> None:
    client = people.client(account(username="anna"))
    statuses = [change(client, present=f"guess {n}").status_code for n in range(6)]
    assert statuses == [422] * 5 + [429]
    hand.pass_by(seconds=1)
    assert change(client).status_code == 303


# --- guessing -------------------------------------------------------------------------------------


def guess(people: People, login: str, address: str) -> int:
    """One wrong password from a fresh browser: 422 when it was tried, 429 when it has to wait."""
    return sign_in(people.client(), login, "a wrong password", address=address).status_code


def test_after_five_failures_the_next_tries_wait_from_1_to_42_seconds(
    people: People, account: Account, hand: Hand
) -> None:
    account(username="anna")
    assert [guess(people, "anna", "198.51.100.1") for _ in range(5)] == [422] * 5
    for wait in (1, 2, 4, 8, 16, 32, 42, 42):
        refused = sign_in(people.client(), "ANNA", address="198.51.100.1")
        assert (refused.status_code, refused.headers["Retry-After"]) == (429, str(wait))
        assert f"wait {wait} second{'s' if wait > 1 else ''} and" in text(refused)
        hand.pass_by(seconds=wait)
        assert guess(people, "anna", "198.51.100.1") == 422
    hand.pass_by(seconds=42)
    assert sign_in(people.client(), "anna", address="198.51.100.1").status_code == 303


def test_a_name_that_nobody_has_is_slowed_down_just_the_same(
    people: People, account: Account, hand: Hand
) -> None:
    account(username="anna")
    for login in ("anna", "nobody"):
        found = [guess(people, login, "198.51.100.1") for _ in range(8)]
        assert found == [422] * 5 + [429] * 3


def test_success_is_never_counted(people: People, account: Account, hand: Hand) -> None:
    account(username="anna")
    for _ in range(30):
        assert sign_in(people.client(), "anna").status_code == 303
    for _ in range(4):
        guess(people, "anna", "198.51.100.1")
    assert sign_in(people.client(), "anna").status_code == 303
    assert [guess(people, "anna", "198.51.100.1") for _ in range(5)] == [422] * 5


def test_a_hall_behind_one_address_signs_in(people: People, account: Account, hand: Hand) -> None:
    """Sixty members, every third of them wrong once at first."""
    for number in range(60):
        account(username=f"taker{number}")
        if number % 3 == 0:
            assert guess(people, f"taker{number}", "198.51.100.1") == 422
        assert sign_in(people.client(), f"taker{number}").status_code == 303


def test_one_password_with_every_name_is_slowed_down(
    people: People, account: Account, hand: Hand
) -> None:
    account(username="anna")
    with people.app.test_request_context():
        for number in range(300):
            service.may_guess(f"name{number}", address="198.51.100.1")
    assert guess(people, "one more", "198.51.100.1") == 429
    assert sign_in(people.client(), "anna", address="198.51.100.1").status_code == 429
    assert sign_in(people.client(), "anna", address="198.51.100.2").status_code == 303


def test_fifty_addresses_are_slowed_down_and_the_victim_still_gets_in(
    people: People, account: Account, hand: Hand
) -> None:
    account(username="anna")
    own = people.client()
    assert sign_in(own, "anna", address="203.0.113.1").status_code == 303
    own.post("/sign-out", headers=csrf(own))

    def attack() -> int:
        """How many of fifty strangers could try a password now."""
        return [guess(people, "anna", f"198.51.100.{n}") for n in range(50)].count(422)

    assert attack() == 20
    assert attack() == 0
    # In a browser of her own nobody's failures hold her up.
    assert sign_in(own, "anna", address="203.0.113.1").status_code == 303
    # In a new one she waits as long as she is told, and is then let in whatever others do.
    fresh = people.client()
    told = sign_in(fresh, "anna", address="203.0.113.9")
    assert told.status_code == 429
    hand.pass_by(seconds=int(told.headers["Retry-After"]))
    attack()
    assert sign_in(fresh, "anna", address="203.0.113.9").status_code == 303


def test_guessing_in_a_browser_of_another_member_is_guessing(
    people: People, account: Account, hand: Hand
) -> None:
    account(username="anna")
    account(username="mallory")
    client = people.client()
    sign_in(client, "mallory", address="198.51.100.1")
    client.post("/sign-out", headers=csrf(client))
    found = [
        sign_in(client, "anna", "wrong wrong", address="198.51.100.1").status_code for _ in range(6)
    ]
    assert found == [422] * 5 + [429]


def test_a_forged_cookie_makes_no_browser_known(
    people: People, account: Account, hand: Hand
) -> None:
    anna = account(username="anna")
    client = people.client()
    client.set_cookie("known", f"[{anna}].forged.signature")
    for _ in range(5):
        guess(people, "anna", "198.51.100.1")
    assert sign_in(client, "anna", address="198.51.100.1").status_code == 429


def test_nobody_gets_in_when_failures_cannot_be_counted(people: People, account: Account) -> None:
    account(username="anna")
    counters = people.app.extensions["counters"]
    counters.close()
    counters.path.unlink(missing_ok=True)
    counters.path.mkdir()
    assert sign_in(people.client(), "anna").status_code == 429
    counters.path.rmdir()
    assert sign_in(people.client(), "anna").status_code == 303


def test_the_password_is_checked_outside_of_any_transaction(
    people: People, account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    from app.core.db import db

    open_ones = []
    fits = signing._hasher.verify

    class Watching:
        def verify(self, *arguments: object) -> bool:
            open_ones.append(db.session().in_transaction())
            return fits(*arguments)

    account(username="anna")
    monkeypatch.setattr(signing, "_hasher", Watching())
    assert sign_in(people.client(), "anna").status_code == 303
    assert open_ones == [False]
