"""Rewards: off as Weike comes, never more spent than there is, and nobody loses a place by it."""

from __future__ import annotations

import re
import secrets
from concurrent.futures import ThreadPoolExecutor

import pytest
from flask import Flask

from app.core.db import db, unit_of_work
from app.core.refusals import Refusal
from app.points import queries, service
from app.points.models import Reward, RewardOrder
from app.points.rules import IsAReward, Period, checked_offer, ledger_key, span_of
from tests.factories import People, csrf
from tests.points.ledger import SHANGHAI, Ledger, shanghai
from tests.points.test_pages import words

EVER = span_of(Period.ALL, shanghai(2026, 1, 1).date())


class Shop:
    """A branch whose organizer offers a cup for 20 points, and Ann of that branch with 40."""

    def __init__(self, app: Flask, people: People, ledger: Ledger) -> None:
        self.app, self.people, self.ledger = app, people, ledger
        self.branch = people.branch("North")
        self.root = people.member(organizes=people.root)
        self.olga = people.member(branch=self.branch, organizes=self.branch)
        self.ann = people.member("Ann", branch=self.branch)
        for _ in range(4):
            ledger.earn(self.ann, when=shanghai(2026, 3, 1 + _))
        self.post(self.root, "/organizer/rewards/open", open="yes")

    def post(self, member: int, url: str, **data: object):
        client = self.people.client(member)
        return client.post(url, data=data, headers=csrf(client))

    def offer(self, *, by: int | None = None, **data: object) -> int:
        form = {"title": "Cup", "note": "Room 3", "price": 20, "stock": 5, "most_each": 0}
        form |= {"branch": self.branch, **data}
        answer = self.post(by or self.olga, "/organizer/rewards/new", **form)
        assert answer.status_code == 303, words(answer)
        return self.rows(Reward)[-1].id

    def order(self, reward: int, member: int | None = None, key: str | None = None):
        with self.app.app_context():
            price = db.session.get_one(Reward, reward).price
            db.session.remove()
        url = f"/points/rewards/{reward}/order"
        return self.post(member or self.ann, url, key=key or secrets.token_hex(16), price=price)

    def rows(self, model: type) -> list:
        with self.app.app_context():
            found = db.session.query(model).order_by(model.id).all()
            db.session.expunge_all()
            db.session.rollback()
        return found

    def balance(self, member: int | None = None) -> int:
        with self.app.app_context():
            found = queries.balance(member or self.ann)
            db.session.rollback()
        return found

    def whole(self) -> list:
        with self.app.app_context():
            key = ledger_key(self.app.extensions["weike"].secret_key)
            found = queries.prove(key, SHANGHAI).breaks
            db.session.remove()
        return found


@pytest.fixture
def shop(app: Flask, people: People, ledger: Ledger) -> Shop:
    return Shop(app, people, ledger)


def test_as_weike_comes_there_are_no_rewards(people: People) -> None:
    member = people.member()
    assert people.client(member).get("/points/rewards").status_code == 404
    assert "Rewards" not in words(people.client(member).get("/points"))


def test_a_reward_is_ordered_picked_up_and_stands_in_the_ledger(shop: Shop) -> None:
    cup = shop.offer()
    assert "Cup Room 3 20 points 5 left" in words(
        shop.people.client(shop.ann).get("/points/rewards")
    )
    assert shop.order(cup).status_code == 303
    assert shop.balance() == 20
    entry = shop.ledger.entries(shop.ann)[-1]
    assert (entry.reason, entry.amount, entry.note) == ("reward", -20, "Cup")
    desk = words(shop.people.client(shop.olga).get("/organizer/rewards"))
    assert "Ann North Cup" in desk
    order = shop.rows(RewardOrder)[0]
    shop.post(shop.olga, f"/organizer/orders/{order.id}/hand-over")
    assert shop.rows(RewardOrder)[0].state == "handed"
    assert shop.rows(Reward)[0].stock == 4
    assert "Picked up" in words(shop.people.client(shop.ann).get("/points/rewards"))
    assert shop.whole() == []


def test_spending_costs_no_place_and_no_points_of_a_day(shop: Shop) -> None:
    bob = shop.people.member("Bob", branch=shop.branch)
    for day in (1, 2, 3):
        shop.ledger.earn(bob, when=shanghai(2026, 3, day))
    assert shop.order(shop.offer()).status_code == 303
    with shop.app.app_context():
        board = queries.member_board(shop.branch, shop.ann, EVER)
        assert [(place.name, place.points) for place in board.top] == [("Ann", 40), ("Bob", 30)]
        assert queries.total(shop.ann) == 40
        assert queries.today(shop.ann, SHANGHAI).earned == 0
        db.session.rollback()
        with unit_of_work():
            service.rebuild(SHANGHAI)
    assert shop.whole() == []


def test_fifty_orders_at_once_never_spend_more_than_there_is(shop: Shop) -> None:
    cup = shop.offer(stock=50)

    def spend(_: int) -> bool:
        with shop.app.app_context(), unit_of_work():
            try:
                service.order(cup, member_id=shop.ann, key=secrets.token_hex(16), price=20)
            except Refusal:
                return False
            return True

    with ThreadPoolExecutor(10) as pool:
        done = list(pool.map(spend, range(50)))
    assert sum(done) == 2
    assert shop.balance() == 0
    assert shop.rows(Reward)[0].stock == 48
    assert shop.whole() == []


def test_the_last_one_goes_to_one_of_many(shop: Shop) -> None:
    cup = shop.offer(stock=1)
    members = [shop.people.member(branch=shop.branch) for _ in range(8)]
    for member in members:
        shop.ledger.earn(member, when=shanghai(2026, 3, 1))
        shop.ledger.earn(member, when=shanghai(2026, 3, 2))

    def spend(member: int) -> bool:
        with shop.app.app_context(), unit_of_work():
            try:
                service.order(cup, member_id=member, key=secrets.token_hex(16), price=20)
            except Refusal:
                return False
            return True

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(spend, members)) == 1
    assert shop.rows(Reward)[0].stock == 0
    assert sorted(shop.balance(member) for member in members) == [0, *[20] * 7]
    assert "Nothing is left of “Cup”." in words(shop.order(cup))


def test_pressing_twice_orders_once(shop: Shop) -> None:
    cup, key = shop.offer(), secrets.token_hex(16)
    for _ in range(3):
        assert shop.order(cup, key=key).status_code == 303
    assert len(shop.rows(RewardOrder)) == 1
    assert shop.order(cup, key="again").status_code == 404


def test_what_was_ordered_while_a_form_was_open_stays_taken(shop: Shop) -> None:
    cup = shop.offer()
    url = f"/organizer/rewards/{cup}"
    page = shop.people.client(shop.olga).get(url).get_data(as_text=True)
    tag = re.search(r'<input[^>]*name="stock_was"[^>]*>', page)
    assert tag is not None
    assert 'value="5"' in tag[0]
    shop.order(cup)
    form = {"title": "Cup", "note": "Room 4", "price": 20, "branch": shop.branch, "most_each": 0}
    answer = shop.post(shop.olga, url, **form, stock=5, stock_was=5)
    assert answer.status_code == 303
    assert (shop.rows(Reward)[0].stock, shop.rows(Reward)[0].note) == (4, "Room 4")
    shop.post(shop.olga, url, **form, stock=14, stock_was=4)  # ten more came
    assert shop.rows(Reward)[0].stock == 14
    shop.order(cup)
    shop.post(shop.olga, url, **form, stock=0, stock_was=14)  # never below nothing
    assert shop.rows(Reward)[0].stock == 0


def test_nobody_pays_more_than_the_price_they_saw(shop: Shop) -> None:
    cup, key = shop.offer(price=10), secrets.token_hex(16)
    page = shop.people.client(shop.ann).get("/points/rewards").get_data(as_text=True)
    assert re.search(r'name="price" value="10"', page)
    form = {"title": "Cup", "price": 30, "stock": 5, "most_each": 0, "branch": shop.branch}
    shop.post(shop.olga, f"/organizer/rewards/{cup}", **form, stock_was=5)
    answer = shop.post(shop.ann, f"/points/rewards/{cup}/order", key=key, price=10)
    assert answer.status_code == 409
    assert "“Cup” takes 30 points by now. Nothing was ordered." in words(answer)
    assert shop.balance() == 40
    assert shop.post(shop.ann, f"/points/rewards/{cup}/order", key=key).status_code == 404
    assert shop.post(shop.ann, f"/points/rewards/{cup}/order", key=key, price=30).status_code == 303
    assert shop.balance() == 10


def test_too_few_points_and_more_than_one_may_have_are_refused(shop: Shop) -> None:
    dear, one = shop.offer(price=41), shop.offer(title="Book", price=10, most_each=1)
    answer = shop.order(dear)
    assert answer.status_code == 422
    assert "That takes 41 points; you have 40 to spend." in words(answer)
    assert shop.order(one).status_code == 303
    assert "Every member can have 1 of “Book”." in words(shop.order(one))
    assert shop.balance() == 30


def test_a_cancelled_order_gives_the_points_back_once(shop: Shop) -> None:
    cup = shop.offer()
    shop.order(cup)
    order = shop.rows(RewardOrder)[0]
    stranger = shop.people.member(branch=shop.branch)
    assert shop.post(stranger, f"/points/orders/{order.id}/cancel").status_code == 404
    assert shop.post(shop.ann, f"/points/orders/{order.id}/cancel").status_code == 303
    assert shop.post(shop.ann, f"/points/orders/{order.id}/cancel").status_code == 409
    assert shop.balance() == 40
    assert shop.rows(Reward)[0].stock == 5
    shop.order(cup)
    order = shop.rows(RewardOrder)[1]
    url = f"/organizer/orders/{order.id}"
    assert shop.post(shop.olga, url, reason="").status_code == 422
    assert shop.post(shop.olga, url, reason="They broke").status_code == 303
    assert shop.ledger.entries(shop.ann)[-1].note == "Cup · They broke"
    assert "They broke" in words(shop.people.client(shop.ann).get("/points/rewards"))
    assert shop.whole() == []


def test_only_the_branch_sees_it_and_only_its_organizer_handles_it(shop: Shop) -> None:
    cup = shop.offer()
    shop.order(cup)
    order = shop.rows(RewardOrder)[0]
    south = shop.people.branch("South")
    zoe = shop.people.member(branch=south)
    shop.ledger.earn(zoe, when=shanghai(2026, 3, 1))
    shop.ledger.earn(zoe, when=shanghai(2026, 3, 2))
    assert "Cup" not in words(shop.people.client(zoe).get("/points/rewards"))
    assert shop.order(cup, zoe).status_code == 404
    sam = shop.people.member(organizes=south)
    for url in (f"/organizer/rewards/{cup}", f"/organizer/orders/{order.id}"):
        assert shop.people.client(sam).get(url).status_code == 404
        assert shop.post(sam, url, reason="x", title="x").status_code == 404
    assert shop.post(sam, f"/organizer/orders/{order.id}/hand-over").status_code == 404
    assert shop.post(sam, f"/organizer/rewards/{cup}/withdraw").status_code == 404
    assert shop.post(sam, "/organizer/rewards/open", open="no").status_code == 404
    assert "Cup" not in words(shop.people.client(sam).get("/organizer/rewards"))
    wrong = {"title": "Cup", "price": 1, "stock": 1, "branch": shop.branch}
    assert shop.post(sam, "/organizer/rewards/new", **wrong).status_code == 422


def test_what_is_closed_or_withdrawn_cannot_be_ordered(shop: Shop) -> None:
    cup = shop.offer()
    shop.order(cup)
    shop.post(shop.root, "/organizer/rewards/open", open="no")
    assert shop.order(cup).status_code == 404
    page = words(shop.people.client(shop.ann).get("/points/rewards"))
    assert "No rewards can be ordered at the moment." in page
    shop.post(shop.root, "/organizer/rewards/open", open="yes")
    shop.post(shop.olga, f"/organizer/rewards/{cup}/withdraw")
    assert shop.order(cup).status_code == 404


def test_what_is_no_longer_offered_is_offered_again_with_one_press(shop: Shop) -> None:
    cup = shop.offer(stock=3)
    again = f"/organizer/rewards/{cup}/again"
    assert shop.post(shop.olga, again).status_code == 404  # it is offered
    client = shop.people.client(shop.olga)
    gone = client.post(f"/organizer/rewards/{cup}/withdraw", headers=csrf(client))
    page = client.get(gone.headers["Location"]).get_data(as_text=True)
    assert re.search(rf'notice-undo"[^>]*action="{again}"', page)
    stranger = shop.people.member(organizes=shop.people.branch("South"))
    assert shop.post(stranger, again).status_code == 404
    assert shop.post(shop.ann, again).status_code == 404
    assert shop.post(shop.olga, again).status_code == 303
    assert shop.order(cup).status_code == 303
    assert shop.rows(Reward)[0].stock == 2


def test_a_correction_after_spending_leaves_a_debt_and_a_whole_ledger(shop: Shop) -> None:
    shop.order(shop.offer(price=40))
    entries = shop.ledger.entries(shop.ann)
    shop.ledger.correct(entries[0].id, -10, author=shop.olga)
    assert shop.balance() == -10
    assert shop.whole() == []
    assert shop.order(shop.offer(price=1)).status_code == 422
    with pytest.raises(IsAReward):
        shop.ledger.correct(entries[-1].id, 5, author=shop.olga)


@pytest.mark.parametrize(
    "wrong",
    [
        {"price": 0},
        {"price": 10_001},
        {"stock": -1},
        {"title": " "},
        {"most_each": -1},
        {"price": "x"},
    ],
)
def test_an_odd_reward_is_refused_and_a_good_one_after_it_is_taken(shop: Shop, wrong: dict) -> None:
    form = {"title": "Cup", "price": 20, "stock": 5, "most_each": 0, "branch": shop.branch}
    answer = shop.post(shop.olga, "/organizer/rewards/new", **(form | wrong))
    assert answer.status_code == 422
    assert shop.rows(Reward) == []
    assert shop.post(shop.olga, "/organizer/rewards/new", **form).status_code == 303


def test_numbers_are_checked_by_the_rules_themselves() -> None:
    good = {"title": " A  cup ", "note": "", "price": 1, "stock": 0, "most_each": 0}
    assert checked_offer(**good).title == "A cup"
