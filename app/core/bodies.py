"""Patience with slow senders has an end: nobody holds all threads with bodies that trickle in.

A long body has a thread while it is read (short ones are waited for without: scripts/patient.py),
and the server has a limit only for silence. A dozen connections that send one byte every few
seconds would stop all uploads. So bodies that are still on their way after `SLOW_SECONDS` are
counted: only `MOST_SLOW` may be at once, those who send least are cut off first, and every body has
a deadline that its length allows. Whoever is cut off gets what a broken connection gets: the body
ends early.
"""

from __future__ import annotations

import contextlib
import logging
import socket
import threading
import time
from collections.abc import Callable, Iterable
from typing import Any

from app.core import clock

log = logging.getLogger(__name__)

SLOW_SECONDS = 2.0
MOST_SLOW = 8  # of the web process's 12 threads for uploads
PATIENCE_SECONDS = 30.0
SLOWEST = 4096  # bytes per second; a 2G telephone manages more
LOOK_EVERY = 0.5  # seconds

Environ = dict[str, Any]
WsgiApp = Callable[[Environ, Callable[..., Any]], Iterable[bytes]]


class _Body:
    """A body on its way; counts what has arrived, and can be cut off by another thread."""

    def __init__(self, stream: Any, connection: socket.socket, length: int | None) -> None:
        self._stream, self._connection = stream, connection
        self.began = clock.monotonic()
        self.bytes = 0
        self.length = length
        self.deadline = self.began + PATIENCE_SECONDS + (length or 0) / SLOWEST

    @property
    def rate(self) -> float:
        """Bytes per second so far."""
        return self.bytes / max(clock.monotonic() - self.began, 0.001)

    @property
    def is_here(self) -> bool:
        """Whether all of it has arrived, so that only the application is still at work."""
        return self.length is not None and self.bytes >= self.length

    def cut(self) -> None:
        """End it for the thread that waits; that one can still answer."""
        with contextlib.suppress(OSError):  # the connection is gone already
            self._connection.shutdown(socket.SHUT_RD)

    def _count(self, data: bytes) -> bytes:
        self.bytes += len(data)
        return data

    def read(self, size: int = -1) -> bytes:
        return self._count(
            self._stream.read() if size is None or size < 0 else self._stream.read(size)
        )

    def readline(self, size: int = -1) -> bytes:
        return self._count(
            self._stream.readline() if size is None or size < 0 else self._stream.readline(size)
        )

    def __iter__(self) -> _Body:
        return self

    def __next__(self) -> bytes:
        line = self.readline()
        if not line:
            raise StopIteration
        return line


class Bodies:
    """A WSGI layer that watches the bodies of all requests of this process, in one thread."""

    def __init__(self, app: WsgiApp) -> None:
        self._app = app
        self._open: set[_Body] = set()
        self._changed = threading.Condition()
        self._watching = False

    def __call__(self, environ: Environ, start_response: Callable[..., Any]) -> Iterable[bytes]:
        connection = environ.get("gunicorn.socket")
        length = environ.get("CONTENT_LENGTH") or ""
        # No length and no chunks: no body. Other servers than ours have no socket to watch.
        if connection is None or not (
            length.strip("0") or "chunked" in environ.get("HTTP_TRANSFER_ENCODING", "").lower()
        ):
            return self._app(environ, start_response)
        size = int(length) if length.isdecimal() and len(length) < 16 else None
        body = _Body(environ["wsgi.input"], connection, size)
        environ["wsgi.input"] = body
        with self._changed:
            self._open.add(body)
            if not self._watching:
                self._watching = True
                threading.Thread(target=self._watch, name="bodies", daemon=True).start()
            self._changed.notify()
        try:
            # Once there is an answer the body has been read, or nobody wants the rest of it.
            return self._app(environ, start_response)
        finally:
            with self._changed:
                self._open.discard(body)

    def _watch(self) -> None:
        while True:
            with self._changed:
                while not self._open:
                    self._changed.wait()
                condemned = overdue(self._open, clock.monotonic())
                self._open.difference_update(condemned)
            for body in condemned:
                log.warning(
                    "a body was cut off: %d bytes in %.0f s",
                    body.bytes,
                    clock.monotonic() - body.began,
                )
                body.cut()
            time.sleep(LOOK_EVERY)


def overdue(bodies: Iterable[_Body], now: float) -> list[_Body]:
    """Which bodies are to be cut off: past their deadline, and the slowest of too many."""
    coming = (b for b in bodies if now - b.began > SLOW_SECONDS and not b.is_here)
    slow = sorted(coming, key=lambda b: b.rate)
    late = [b for b in slow if now > b.deadline]
    left = [b for b in slow if now <= b.deadline]
    return late + left[: max(0, len(left) - MOST_SLOW)]
