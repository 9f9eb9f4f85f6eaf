"""Senders that never finish: the site goes on for everybody else."""

from __future__ import annotations

import socket
import time
import urllib.request
from contextlib import ExitStack, suppress
from urllib.parse import urlsplit

import pytest

from app.core.bodies import MOST_SLOW, PATIENCE_SECONDS, SLOW_SECONDS, _Body, overdue
from scripts.patient import MOST_WAITING, SMALL, UPLOADS
from tests.live import Site


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


# What a hundred connections begin with, and never end.
BEGINNINGS = {
    "nothing at all": b"",
    "half a head": b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\nX-",
    "a form": b"POST /sign-in HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 900\r\n\r\nlogin=",
    "a question, and half of the next": b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\nGET /he",
    "a long body": (
        b"POST /sign-in HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 900000\r\n"
        b"Content-Type: application/x-www-form-urlencoded\r\n\r\nlogin=" + b"x" * SMALL
    ),
    "pieces without a length": (
        b"POST /sign-in HTTP/1.1\r\nHost: 127.0.0.1\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nlo"
    ),
}


@pytest.mark.slow
@pytest.mark.xdist_group("live")
def test_a_hundred_senders_that_never_end_do_not_stop_the_site(site: Site) -> None:
    address = urlsplit(site.url)
    answers: dict[str, list[bytes]] = {}
    with ExitStack() as held:
        for name, beginning in BEGINNINGS.items():
            senders = []
            for _ in range(100):
                sender = socket.create_connection((address.hostname, address.port), timeout=30)
                held.enter_context(sender)
                with suppress(OSError):  # turned away already
                    sender.sendall(beginning)
                senders.append(sender)
            # All of them hold on meanwhile. gunicorn's own threads would answer after minutes.
            for path in ("/healthz", "/sign-in"):
                with urllib.request.urlopen(f"{site.url}{path}", timeout=30) as answer:
                    assert answer.status == 200, name
            answers[name] = [_heard(sender) for sender in senders]
        # Who sends a long body has one of a few threads, or is told to come back; so is everybody
        # who is in the line when the threads are taken.
        turned_away = [one for one in answers["a long body"] if one.startswith(b"HTTP/1.1 503")]
        assert len(turned_away) >= 100 - UPLOADS - MOST_WAITING
        assert b"\r\nRetry-After: 5\r\n" in turned_away[0]
        # Of those who have a thread the slowest are cut off, so that the others get theirs.
        end = time.monotonic() + 60
        while site.log("web").count("a body was cut off") < UPLOADS - MOST_SLOW:
            assert time.monotonic() < end
            time.sleep(0.2)


def _heard(sender: socket.socket) -> bytes:
    """What has come back until now, without waiting."""
    sender.setblocking(False)
    with suppress(OSError):
        return sender.recv(300)
    return b""
