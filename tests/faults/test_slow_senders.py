"""Senders that never finish: the site goes on for everybody else."""

from __future__ import annotations

import socket
import time
import urllib.request
from contextlib import ExitStack
from urllib.parse import urlsplit

import pytest

from app.core.bodies import MOST_SLOW, PATIENCE_SECONDS, SLOW_SECONDS, _Body, overdue
from tests.live import Site

THREADS = 16


def a_body(age: float, received: int, length: int = 900_000) -> _Body:
    with socket.socket() as unused:
        body = _Body(None, unused, length)
    body.began -= age
    body.deadline -= age
    body.bytes = received
    return body


def test_a_few_slow_senders_are_waited_for() -> None:
    bodies = [a_body(10, 40_000) for _ in range(MOST_SLOW)]
    assert overdue(bodies, time.monotonic()) == []


def test_of_too_many_slow_senders_those_who_send_least_are_cut_off() -> None:
    honest = [a_body(10, 40_000) for _ in range(MOST_SLOW)]
    trickling = [a_body(10, 3) for _ in range(4)]
    assert overdue(honest + trickling, time.monotonic()) == trickling


def test_what_has_arrived_or_just_begun_is_not_slow() -> None:
    arrived = [a_body(20, 900_000) for _ in range(30)]
    fresh = [a_body(SLOW_SECONDS / 2, 0) for _ in range(30)]
    assert overdue(arrived + fresh, time.monotonic()) == []


def test_a_body_past_its_deadline_is_cut_off_also_when_it_is_alone() -> None:
    assert overdue([a_body(PATIENCE_SECONDS - 5, 10, length=1000)], time.monotonic()) == []
    late = a_body(PATIENCE_SECONDS + 5, 10, length=1000)
    assert overdue([late], time.monotonic()) == [late]


@pytest.mark.slow
@pytest.mark.xdist_group("live")
def test_twenty_trickling_senders_do_not_stop_the_site(site: Site) -> None:
    address = urlsplit(site.url)
    head = (
        f"POST /sign-in HTTP/1.1\r\nHost: {address.netloc}\r\nContent-Length: 900000\r\n"
        "Content-Type: application/x-www-form-urlencoded\r\n\r\nlogin="
    )
    with ExitStack() as held:
        senders = []
        for _ in range(THREADS + 4):
            sender = socket.create_connection((address.hostname, address.port), timeout=30)
            held.enter_context(sender)
            sender.sendall(head.encode())
            senders.append(sender)
        for _ in range(3):
            time.sleep(SLOW_SECONDS)
            for sender in senders:
                try:
                    sender.sendall(b"x")
                except OSError:  # cut off, as it should be
                    continue
            # Without the limit no answer came for as long as the senders went on.
            with urllib.request.urlopen(f"{site.url}/healthz", timeout=60) as answer:
                assert answer.status == 200
    assert site.log("web").count("a body was cut off") >= THREADS + 4 - MOST_SLOW
