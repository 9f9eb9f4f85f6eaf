"""Senders that never finish, readers that hardly take: the site goes on for everybody else."""

from __future__ import annotations

import http.client
import selectors
import socket
import time
import urllib.request
from concurrent.futures import Future
from contextlib import ExitStack, suppress
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from app.core.bodies import MOST_SLOW, PATIENCE_SECONDS, SLOW_SECONDS, _Body, overdue
from config import ROOT
from scripts.outlet import Outlet, Words
from scripts.patient import MOST_WAITING, SMALL, UPLOADS, Connection, Worker
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


def test_who_was_given_up_within_a_turn_of_the_loop_is_not_looked_at_again_in_it() -> None:
    """Two events of one turn: a thread has ended, which is one reader too many, and there is room
    at the one that is dropped for it. It ended the whole process."""
    worker = Worker.__new__(Worker)
    worker.poller, worker.alive, worker.nr_conns = selectors.DefaultSelector(), True, 2
    worker.coming, worker.taking, worker.lingering = {}, {}, {}
    worker.most_taking = 1
    with ExitStack() as opened:

        def reader() -> tuple[Connection, socket.socket]:
            ours, theirs = map(opened.enter_context, socket.socketpair())
            ours.setblocking(False)
            theirs.setblocking(False)
            with suppress(BlockingIOError):
                while True:
                    ours.send(bytes(65536))
            conn = Connection.__new__(Connection)
            conn.sock, conn.worker, conn.outlet = ours, worker, Outlet(ours)
            conn.outlet.waiting.append(Words(bytes(1000)))
            return conn, theirs

        done: Future[bool] = Future()
        done.set_result(True)
        (first, there), (second, _) = reader(), reader()
        worker.finish_request(first, done)
        ended, end = map(opened.enter_context, socket.socketpair())
        # Events of one turn come in the order in which they became true.
        worker.poller.register(
            ended, selectors.EVENT_READ, lambda _sock: worker.finish_request(second, done)
        )
        end.send(b"!")
        with suppress(BlockingIOError):
            while there.recv(1 << 20):
                pass
        worker.wait_for_and_dispatch_events(5.0)
    assert list(worker.taking) == [second]


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


LARGE = "/static/vendor/noto-sans-sc.ttf"  # more than the kernel keeps for a connection
HEAD = f"GET {LARGE} HTTP/1.1\r\nHost: 127.0.0.1\r\n"


def _held_by(site: Site) -> int:
    """How many connections, and descriptors of that file, the web processes have."""
    master = site.processes["web"].pid
    held = 0
    for worker in Path(f"/proc/{master}/task/{master}/children").read_text().split():
        for one in Path(f"/proc/{worker}/fd").iterdir():
            with suppress(OSError):  # closed in this moment
                where = str(one.readlink())
                held += where.startswith("socket:") or where.endswith(LARGE)
    return held


@pytest.mark.slow
@pytest.mark.xdist_group("live")
def test_readers_that_hardly_take_hold_no_page_and_get_all_of_it_in_the_end(site: Site) -> None:
    address = urlsplit(site.url)
    whole = (ROOT / "app" / LARGE[1:]).read_bytes()
    with urllib.request.urlopen(site.url + LARGE, timeout=30) as answer:
        assert answer.read() == whole
    before = _held_by(site)
    with ExitStack() as held:
        readers = []
        for _ in range(40):  # more than all threads
            reader = held.enter_context(socket.socket())
            reader.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            reader.settimeout(60)
            reader.connect((address.hostname, address.port))
            # The second question, asked before the first is answered, is no way to hold a thread.
            reader.sendall(f"{HEAD}\r\nGET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode())
            assert reader.recv(12) == b"HTTP/1.1 200"
            readers.append(reader)
        # They would have held every thread for as long as they like.
        for path in ("/healthz", "/sign-in"):
            with urllib.request.urlopen(f"{site.url}{path}", timeout=30) as answer:
                assert answer.status == 200
        patient = readers[0].makefile("rb")
        while patient.readline().strip():
            continue
        assert patient.read(len(whole)) == whole
        assert patient.readline() == b"HTTP/1.1 200 OK\r\n"  # and the answer to the second
        patient.close()
    end = time.monotonic() + 60
    while _held_by(site) > before:  # of all who have gone nothing is left
        assert time.monotonic() < end
        time.sleep(0.1)


@pytest.mark.slow
@pytest.mark.xdist_group("live")
def test_a_part_of_a_file_is_sent_as_a_part_over_a_connection_that_stays(site: Site) -> None:
    picture = ROOT / "docs/pictures/home-desktop-en.webp"
    whole, page = picture.read_bytes(), f"/help/pictures/{picture.name}"
    cookie = site.people.client(site.people.member()).get_cookie("sid")
    assert cookie is not None
    link = http.client.HTTPConnection(urlsplit(site.url).netloc, timeout=30)
    for part, expected in (
        ("bytes=100-199", whole[100:200]),
        ("bytes=-7", whole[-7:]),
        (f"bytes={len(whole) - 3}-", whole[-3:]),
        ("bytes=0-", whole),
    ):
        link.request("GET", page, headers={"Cookie": f"sid={cookie.value}", "Range": part})
        answer = link.getresponse()
        assert (answer.status, answer.read()) == (206, expected), part
    link.request("HEAD", page, headers={"Cookie": f"sid={cookie.value}"})
    answer = link.getresponse()
    assert (answer.status, answer.read()) == (200, b"")
    link.close()
