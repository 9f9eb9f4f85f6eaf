"""Requests are counted, failures slow down, and nobody is locked out for good."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from flask import Flask

from app import create_app
from app.core import clock
from app.core.access import PUBLIC, access
from app.core.limits import Counters, Limit, Patience, Watch, address_key, limited, unlimited
from app.core.refusals import TooOften
from tests.conftest import make_config

SLOW = Patience("tries", free=5, seconds=900)


class Hand:
    """A clock that is put forward by hand."""

    def __init__(self) -> None:
        self.time = datetime(2026, 11, 2, 8, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.time

    def pass_by(self, seconds: float) -> None:
        self.time += timedelta(seconds=seconds)


@pytest.fixture
def hand() -> Iterator[Hand]:
    hand = Hand()
    with clock.use(hand):
        yield hand


@pytest.fixture
def counters(tmp_path: Path) -> Counters:
    return Counters(tmp_path / "limits.sqlite", "s" * 40)


def wait_of(counters: Counters, *watches: Watch) -> int:
    """Seconds that one more failing try must wait; 0 when it was let through."""
    try:
        counters.attempt(watches)
    except TooOften as refusal:
        return int(refusal.wait)
    return 0


def test_a_bucket_lets_its_number_pass_and_fills_up_evenly(counters: Counters, hand: Hand) -> None:
    limit = Limit("search", 30, 60)
    assert [counters.take(limit, "anna") for _ in range(30)] == [0] * 30
    assert counters.take(limit, "anna") == 2
    assert counters.take(limit, "boris") == 0
    hand.pass_by(2)
    assert counters.take(limit, "anna") == 0
    assert counters.take(limit, "anna") > 0
    hand.pass_by(60)
    assert [counters.take(limit, "anna") for _ in range(30)] == [0] * 30


def test_a_burst_can_be_smaller_than_the_rate(counters: Counters, hand: Hand) -> None:
    limit = Limit("heartbeat", 60, 480, burst=3)
    assert [counters.take(limit, "visit") for _ in range(4)] == [0, 0, 0, 8]


def test_a_clock_put_back_locks_nobody_out(counters: Counters, hand: Hand) -> None:
    limit = Limit("export", 5, 3600)
    for _ in range(6):
        counters.take(limit, "anna")
    hand.pass_by(-7200)
    assert counters.take(limit, "anna") <= 720


def test_five_failures_are_free_and_then_waits_grow_to_42_seconds(
    counters: Counters, hand: Hand
) -> None:
    watch = Watch(SLOW, "anna")
    assert [wait_of(counters, watch) for _ in range(5)] == [0] * 5
    waits = []
    for _ in range(8):
        waits.append(wait_of(counters, watch))
        hand.pass_by(waits[-1])
        assert wait_of(counters, watch) == 0
    assert waits == [1, 2, 4, 8, 16, 32, 42, 42]


def test_a_refused_try_costs_nothing(counters: Counters, hand: Hand) -> None:
    watch = Watch(SLOW, "anna")
    for _ in range(8):
        wait_of(counters, watch)
        hand.pass_by(5)
    assert {wait_of(counters, watch) for _ in range(50)} == {wait_of(counters, watch)}


def test_after_the_window_everything_is_forgotten(counters: Counters, hand: Hand) -> None:
    watch = Watch(SLOW, "anna")
    for _ in range(6):
        wait_of(counters, watch)
    hand.pass_by(901)
    assert [wait_of(counters, watch) for _ in range(5)] == [0] * 5


def test_success_is_not_counted_and_forgives_only_what_is_meant_to_be_forgiven(
    counters: Counters, hand: Hand
) -> None:
    own = Watch(SLOW, "anna here", forgiving=True)
    wide = Watch(Patience("wide", free=5, seconds=900), "anna")
    for _ in range(4):
        counters.attempt([own, wide])
    for _ in range(20):
        counters.attempt([own, wide]).succeeded()
    assert wait_of(counters, own, wide) == 0
    assert wait_of(counters, own) == 0
    assert wait_of(counters, wide) == 1


def test_who_was_told_to_wait_is_let_in_then_whatever_others_do(
    counters: Counters, hand: Hand
) -> None:
    wide = Patience("wide", free=3, seconds=3600)

    def by(who: str) -> int:
        return wait_of(counters, Watch(wide, "anna", queue=who))

    for number in range(12):
        by(f"guesser {number}")
    told = by("anna herself")
    assert 0 < told <= 42
    for _ in range(told):
        hand.pass_by(1)
        for number in range(50):
            by(f"guesser {number}")
    assert by("anna herself") == 0


def test_tries_at_the_same_moment_cannot_all_be_the_first(tmp_path: Path) -> None:
    path = tmp_path / "limits.sqlite"
    passed = []

    def hammer() -> None:
        own = Counters(path, "s" * 40)  # as another process would
        waits = [wait_of(own, Watch(SLOW, "anna")) for _ in range(10)]
        passed.extend(wait for wait in waits if wait == 0)

    threads = [threading.Thread(target=hammer) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(passed) in {5, 6}  # a second may have passed


def test_many_processes_may_be_the_first_to_open_the_file(tmp_path: Path) -> None:
    limit = Limit("search", 8, 3600)
    for number in range(60):  # without waiting for each other about one in ten of these failed
        path = tmp_path / f"{number}.sqlite"
        together = threading.Barrier(8)

        def first(path: Path = path, together: threading.Barrier = together) -> int:
            own = Counters(path, "s" * 40)
            together.wait(10)
            return own.take(limit, "anna")

        with ThreadPoolExecutor(8) as pool:
            assert [each.result(10) for each in [pool.submit(first) for _ in range(8)]] == [0] * 8


@pytest.mark.parametrize("rubbish", [b"", b"no database at all" * 500])
def test_a_broken_file_is_made_again(counters: Counters, rubbish: bytes) -> None:
    limit = Limit("search", 2, 60)
    counters.take(limit, "anna")
    counters.close()
    counters.path.write_bytes(rubbish)
    assert [counters.take(limit, "anna") for _ in range(2)] == [0, 0]
    assert counters.take(limit, "anna") > 0


def test_a_file_made_again_by_one_process_is_used_by_the_others(counters: Counters) -> None:
    limit = Limit("search", 2, 60)
    other = Counters(counters.path, "s" * 40)
    counters.take(limit, "anna")
    other.take(limit, "anna")
    for ending in ("", "-wal", "-shm"):
        counters.path.with_name(counters.path.name + ending).unlink(missing_ok=True)
    assert counters.take(limit, "anna") == other.take(limit, "anna") == 0
    assert counters.take(limit, "anna") > 0


def test_neither_names_nor_addresses_are_stored(counters: Counters) -> None:
    wait_of(counters, Watch(SLOW, "anna@example.org 203.0.113.7", queue="203.0.113.7"))
    counters.close()
    stored = counters.path.read_bytes()
    assert b"anna" not in stored
    assert b"203.0.113" not in stored


@pytest.mark.parametrize(
    ("address", "key"),
    [
        ("203.0.113.7", "203.0.113.7"),
        ("::ffff:203.0.113.7", "203.0.113.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("unix:", "unix:"),
        (None, ""),
    ],
)
def test_one_home_is_one_address(address: str | None, key: str) -> None:
    assert address_key(address) == key


# --- in requests ----------------------------------------------------------------------------------


@pytest.fixture
def counting(tmp_path: Path) -> Flask:
    """An application that counts, with a page that has its own limit and one without any."""
    app = create_app(make_config(tmp_path, limits=True))

    @app.get("/narrow")
    @access(PUBLIC)
    @limited("narrow", most=3, seconds=60)
    def narrow() -> str:
        return "in"

    @app.get("/free")
    @access(PUBLIC)
    @unlimited
    def free() -> str:
        return "in"

    @app.get("/plain")
    @access(PUBLIC)
    def plain() -> str:
        return "in"

    return app


def test_a_limit_answers_429_and_says_when_to_come_back(counting: Flask, hand: Hand) -> None:
    client = counting.test_client()
    assert [client.get("/narrow").status_code for _ in range(4)] == [200, 200, 200, 429]
    refused = client.get("/narrow")
    assert refused.headers["Retry-After"] == "20"
    elsewhere = client.get("/narrow", environ_base={"REMOTE_ADDR": "198.51.100.9"})
    assert elsewhere.status_code == 200
    hand.pass_by(20)
    assert client.get("/narrow").status_code == 200


def test_everything_else_has_one_limit_together(counting: Flask, hand: Hand) -> None:
    client = counting.test_client()
    statuses = [client.get("/plain").status_code for _ in range(1001)]
    assert statuses == [200] * 1000 + [429]
    assert client.get("/free").status_code == 200


def test_a_forwarded_address_is_not_believed_without_a_proxy(counting: Flask, hand: Hand) -> None:
    client = counting.test_client()
    statuses = [
        client.get("/narrow", headers={"X-Forwarded-For": f"198.51.100.{n}"}).status_code
        for n in range(4)
    ]
    assert statuses == [200, 200, 200, 429]


def test_requests_pass_when_they_cannot_be_counted(counting: Flask, hand: Hand) -> None:
    counters = counting.extensions["counters"]
    counters.close()
    counters.path.unlink(missing_ok=True)
    counters.path.mkdir()
    assert counting.test_client().get("/narrow").status_code == 200
    with counting.test_request_context(), pytest.raises(sqlite3.OperationalError):
        counters.attempt([Watch(SLOW, "anna")])
