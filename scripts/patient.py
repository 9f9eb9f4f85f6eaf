"""How gunicorn serves Weike: threads are for requests that are here, not for those on their way.

gunicorn's `gthread` gives a thread to every connection, whatever comes over it, so a few dozen
connections that send a byte now and then hold all of them. nginx in front waits for whole requests;
this worker does so itself: the one loop that waits for all connections collects what they send.
Whole requests go to the threads for pages. What is longer than `SMALL` goes to a few threads for
uploads, where app/core/bodies.py cuts off who sends least; when many wait for those threads, the
next one is told to come back, and clients of tus do. What is answered goes the other way: what the
other end does not take at once (scripts/outlet.py) the loop sends when there is room.
"""

from __future__ import annotations

import contextlib
import errno
import re
import resource
import selectors
import socket
import time
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

from gunicorn import http
from gunicorn.http2 import negotiation
from gunicorn.workers.gthread import TConn, ThreadWorker

from scripts.outlet import Outlet

UPLOADS = 12  # threads for long bodies, besides those for pages
MOST_WAITING = 16  # long bodies that wait for one of these threads
SMALL = 32 * 1024  # bytes of a body that are waited for without a thread
LONGEST_HEAD = 64 * 1024  # bytes; gunicorn's own limits are lower
MOST_COMING = 500  # connections without a whole request; the oldest of more than that is dropped
MOST_TAKING = 800  # connections that still take an answer; of more the one that stands longest goes
STILL_SECONDS = 60.0  # without taking a byte of an answer
MOST_FILES = 4096  # open in this process, where the system allows it
OTHER_FILES = 224  # than those of who takes an answer, each with a connection and a file
PATIENCE_SECONDS = 15.0  # for the head
SLOWEST = 2048  # bytes per second of a body, after the patience
LINGER_SECONDS = 2.0  # until somebody who was answered hangs up
LOOK_EVERY = 0.5  # seconds
PAUSE_SECONDS = 0.05

_LENGTH = re.compile(rb"\r\ncontent-length:[ \t]*([0-9]+)")
# What comes in chunks, or when it is asked for, can only be waited for by who reads it.
_ANNOUNCED = re.compile(rb"\r\n(transfer-encoding|expect):")
_TOO_SLOW = "408 Request Timeout"
_COME_BACK = "503 Service Unavailable\r\nRetry-After: 5"


class Connection(TConn):  # type: ignore[misc]
    """A connection, and what has come over it of the request that is next."""

    def __init__(self, worker: Worker, sock: socket.socket, client: Any, server: Any) -> None:
        super().__init__(worker.cfg, sock, client, server)
        self.worker = worker
        self.outlet: Outlet | None = None  # of the answer that is being given
        self.took = 0.0  # when the other end took something of it
        self.await_request(b"")

    def await_request(self, begun: bytes) -> None:
        """What comes from here on is a new request; `begun` came together with the last one."""
        self.held, self.began = bytearray(begun), time.monotonic()
        self.seen, self.body_at, self.length, self.is_announced = 0, -1, 0, False

    def close(self, graceful: bool = False) -> None:
        """gunicorn waits here, in its only loop, for the other end to hang up; ours goes on."""
        if graceful and self.worker.alive:
            self.worker.linger(self.sock)
        else:
            super().close(graceful)

    def is_complete(self) -> bool | None:
        """True for a whole request, False for what a thread must read on, None for neither."""
        if self.body_at < 0:
            at = self.held.find(b"\r\n\r\n", max(0, self.seen - 3))
            self.seen = len(self.held)
            if at < 0:
                return None
            self.body_at = at + 4
            fields = bytes(self.held[:at]).lower() + b"\r\n"
            length = _LENGTH.search(fields)
            self.length = int(length[1][:18]) if length else 0
            self.is_announced = bool(_ANNOUNCED.search(fields))
        if self.is_announced:
            return False
        came = len(self.held) - self.body_at
        if came >= self.length:
            return True
        return False if came >= SMALL else None

    def is_late(self, now: float) -> bool:
        most = PATIENCE_SECONDS + (SMALL / SLOWEST if self.body_at > 0 else 0)
        return now - self.began > most


class Worker(ThreadWorker):  # type: ignore[misc]
    """`--worker-class scripts.patient.Worker`"""

    def __init__(self, *args: Any, **more: Any) -> None:
        super().__init__(*args, **more)
        self.coming: dict[Connection, None] = {}  # the oldest first
        self.taking: dict[Connection, Any] = {}  # with what is to be done afterwards
        self.lingering: dict[socket.socket, float] = {}
        self.long_ones = 0
        self.looked = 0.0
        self.most_taking = MOST_TAKING
        self.uploads = ThreadPoolExecutor(UPLOADS, thread_name_prefix="upload")  # begun when needed

    def init_process(self) -> None:
        # A slow reader keeps its connection and its file open.
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        most = MOST_FILES if hard == resource.RLIM_INFINITY else min(MOST_FILES, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, most), hard))
        self.most_taking = min(MOST_TAKING, max(1, (max(soft, most) - OTHER_FILES) // 2))
        super().init_process()

    def load_wsgi(self) -> None:
        super().load_wsgi()
        self.wsgi = partial(_answered, self.wsgi)

    # --- coming in ------------------------------------------------------------------------------

    def accept(self, listener: socket.socket) -> None:
        if self.cfg.is_ssl or self.cfg.protocol != "http":
            super().accept(listener)
            return
        try:
            sock, client = listener.accept()
        except (BlockingIOError, ConnectionAbortedError):
            return
        except OSError as error:
            if error.errno not in {errno.EMFILE, errno.ENFILE}:
                raise
            # As many as the system allows. Whoever has asked for nothing yet makes room.
            if self.coming:
                self.drop(next(iter(self.coming)))
            else:
                time.sleep(PAUSE_SECONDS)
            return
        self.nr_conns += 1
        conn = Connection(self, sock, client, listener.getsockname())
        if negotiation.prior_knowledge_allowed(self.cfg, client):
            self.enqueue_req(conn)
        else:
            self.expect(conn)

    def on_client_socket_readable(self, conn: Any, client: Any) -> None:
        """The next request over a connection that was kept."""
        if not isinstance(conn, Connection) or conn.is_http2:
            super().on_client_socket_readable(conn, client)
            return
        self.poller.unregister(client)
        self.keepalived_conns.remove(conn)
        self.enqueue_req(conn)

    def expect(self, conn: Connection) -> None:
        """Collect a request, in this loop."""
        conn.sock.setblocking(False)
        self.poller.register(conn.sock, selectors.EVENT_READ, partial(self.collect, conn))
        self.coming[conn] = None
        if len(self.coming) > MOST_COMING:
            self.drop(next(iter(self.coming)))
        if conn.held:
            self.consider(conn)
        elif conn in self.coming:
            self.collect(conn, conn.sock)

    def collect(self, conn: Connection, _sock: Any) -> None:
        if conn not in self.coming:
            return  # dropped within the same turn of the loop
        try:
            data = conn.sock.recv(SMALL)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if data:
            conn.held += data
            self.consider(conn)
        else:
            self.drop(conn)

    def consider(self, conn: Connection) -> None:
        """Hand a request over to a thread when it is time to."""
        complete = conn.is_complete()
        if complete is None:
            if conn.body_at < 0 and len(conn.held) > LONGEST_HEAD:
                self.drop(conn)
            return
        self.forget(conn)
        if conn.parser is None:
            conn.initialized = True
            conn.parser = http.get_parser(self.cfg, conn.sock, conn.client)
        conn.parser.unreader.unread(bytes(conn.held))
        conn.held.clear()
        if complete:
            super().enqueue_req(conn)
        elif self.long_ones < UPLOADS + MOST_WAITING:
            self.long_ones += 1
            done = self.uploads.submit(self.handle, conn)
            done.add_done_callback(
                lambda made: self.method_queue.defer(self.finish_long, conn, made)
            )
        else:
            self.turn_away(conn, _COME_BACK)

    def enqueue_req(self, conn: Any) -> None:
        """gunicorn's own, for what came together with the request before it."""
        if isinstance(conn, Connection) and conn.parser is not None and not conn.is_http2:
            conn.await_request(conn.parser.unreader.take_buffered())
            self.expect(conn)
        else:
            super().enqueue_req(conn)

    def finish_long(self, conn: Connection, made: Any) -> None:
        self.long_ones -= 1
        self.finish_request(conn, made)

    # --- going out ------------------------------------------------------------------------------

    def handle_request(self, req: Any, conn: Any) -> Any:
        if not isinstance(conn, Connection):
            return super().handle_request(req, conn)
        sock = conn.sock
        conn.sock = conn.outlet = Outlet(sock)
        try:
            return super().handle_request(req, conn)
        finally:
            conn.sock = sock

    def finish_request(self, conn: Any, made: Any) -> None:
        """A thread has done its part; the next request waits until all of the answer is sent."""
        outlet = conn.outlet if isinstance(conn, Connection) else None
        if outlet is None or not outlet.waiting:
            super().finish_request(conn, made)
            return
        try:
            conn.sock.setblocking(False)
            self.poller.register(conn.sock, selectors.EVENT_WRITE, partial(self.hand_out, conn))
        except (OSError, ValueError, KeyError):
            self.give_up(conn)
            return
        conn.took = time.monotonic()
        self.taking[conn] = made
        if len(self.taking) > self.most_taking:
            self.give_up(min(self.taking, key=lambda one: one.took))

    def hand_out(self, conn: Connection, _sock: Any) -> None:
        """The other end has room."""
        if conn not in self.taking:
            return  # given up within the same turn of the loop
        assert conn.outlet is not None
        try:
            if conn.outlet.push():
                conn.took = time.monotonic()
        except OSError:
            self.give_up(conn)
            return
        if not conn.outlet.waiting:
            self.poller.unregister(conn.sock)
            super().finish_request(conn, self.taking.pop(conn))

    def give_up(self, conn: Connection) -> None:
        """Whoever takes nothing any more, or has gone."""
        self.taking.pop(conn, None)
        if conn.outlet is not None:
            conn.outlet.drop()
        self.drop(conn)

    # --- turned away ----------------------------------------------------------------------------

    def forget(self, conn: Connection) -> None:
        self.coming.pop(conn, None)
        with contextlib.suppress(OSError, KeyError, ValueError):
            self.poller.unregister(conn.sock)

    def drop(self, conn: Connection) -> None:
        self.forget(conn)
        self.nr_conns -= 1
        conn.close()

    def turn_away(self, conn: Connection, status: str) -> None:
        """Answer without a thread: the line is too long, or patience has an end."""
        self.forget(conn)
        self.nr_conns -= 1
        with contextlib.suppress(OSError):
            conn.sock.setblocking(False)
            conn.sock.send(
                f"HTTP/1.1 {status}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n".encode()
            )
        self.linger(conn.sock)

    def linger(self, sock: socket.socket) -> None:
        """Read on for a moment: who is cut off within its sending may not see the answer."""
        try:
            sock.setblocking(False)
            sock.shutdown(socket.SHUT_WR)
            self.poller.register(sock, selectors.EVENT_READ, self.hang_up)
        except (OSError, ValueError, KeyError):
            sock.close()
            return
        self.lingering[sock] = time.monotonic() + LINGER_SECONDS

    def hang_up(self, sock: socket.socket, *, now: bool = False) -> None:
        with contextlib.suppress(ConnectionError):
            try:
                if not now and sock.recv(SMALL):
                    return
            except BlockingIOError:
                return
        self.lingering.pop(sock, None)
        with contextlib.suppress(OSError, KeyError, ValueError):
            self.poller.unregister(sock)
        sock.close()

    def murder_pending(self) -> None:
        """Asked after every turn of the loop: whose patience is over."""
        super().murder_pending()
        now = time.monotonic()
        if now - self.looked < LOOK_EVERY and self.alive:
            return
        self.looked = now
        for conn in list(self.coming):
            if conn.is_late(now):
                self.turn_away(conn, _TOO_SLOW) if conn.held else self.drop(conn)
            elif not self.alive and not conn.held:
                self.drop(conn)  # a connection kept ready by a browser; nothing was asked yet
        for conn in [one for one in self.taking if now - one.took > STILL_SECONDS]:
            self.give_up(conn)
        for sock, end in list(self.lingering.items()):
            if now > end:
                self.hang_up(sock, now=True)

    # --- the end ---------------------------------------------------------------------------------

    def run(self) -> None:
        try:
            super().run()
        finally:
            self.uploads.shutdown(wait=False)


def _answered(app: Any, environ: Any, start_response: Any) -> Any:
    """What the application answers; a part of a file as a file, so that no thread has to read it.

    werkzeug would read all that stands before the part, too: gunicorn's wrapper cannot seek.
    """
    from werkzeug.wsgi import _RangeWrapper

    answer = app(environ, start_response)
    wrapper = environ["wsgi.file_wrapper"]
    if not isinstance(answer, _RangeWrapper) or not isinstance(answer.iterable, wrapper):
        return answer
    file = answer.iterable.filelike
    file.seek(answer.start_byte)
    return wrapper(file)  # as many bytes of it are sent as the head says
