"""Whose turn it is to write: a fair queue before SQLite's one writer.

SQLite lets one transaction write at a time, and who finds it busy sleeps and looks again: under a
crowd the luckiest are served and some wait for ever. Here everybody stands in line. In a process
the line is a row of locks, each handed on by the one before; between processes it is one lock of
the kernel on a file beside the database, which goes away with the process that held it.
"""

from __future__ import annotations

import fcntl
import os
import threading
from collections import deque
from pathlib import Path

from app.core import clock


class NoTurn(Exception):
    """The line did not come to its end in time."""


class Turns:
    """The line of one database; one object per process."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._guard = threading.Lock()
        self._line: deque[threading.Lock] = deque()
        self._is_taken = False
        self._file = -1
        self._process = 0
        self._asking: threading.Event | None = None  # set when the kernel has given us its lock
        self._is_awaited = False  # somebody still waits for it

    def take(self, seconds: float) -> None:
        """Wait for the turn, at most so long; whoever has it must `give_back`. Raises NoTurn."""
        until = clock.monotonic() + seconds
        mine = None
        with self._guard:
            if self._process != os.getpid():
                self._begin_anew()
            if self._is_taken:
                mine = threading.Lock()
                mine.acquire()
                self._line.append(mine)
            self._is_taken = True
        if mine is not None and not mine.acquire(timeout=seconds):
            with self._guard:
                if mine in self._line:
                    self._line.remove(mine)
                    raise NoTurn
            # It was handed to us in this very moment.
        try:
            self._take_file(until)
        except BaseException:
            self._next()
            raise
        if clock.monotonic() > until:
            self.give_back()
            raise NoTurn

    def _take_file(self, until: float) -> None:
        """The lock between processes, or NoTurn.

        Waiting in the kernel cannot be given up, waiting for a thread can: while another process
        has the lock (it may be stopped, and never give it back) one thread of ours stays there.
        """
        with self._guard:
            if self._asking is None:
                try:
                    fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                except BlockingIOError:
                    self._asking = threading.Event()
                    args = (self._file, self._asking)
                    threading.Thread(target=self._stay_for_file, args=args, daemon=True).start()
                else:
                    return
            given = self._asking
            self._is_awaited = True
        if given.wait(max(0.0, until - clock.monotonic())):
            return
        with self._guard:
            if not given.is_set():
                self._is_awaited = False
                raise NoTurn

    def _stay_for_file(self, file: int, given: threading.Event) -> None:
        fcntl.flock(file, fcntl.LOCK_EX)
        with self._guard:
            if self._asking is not given:
                return  # closed meanwhile: the lock went with the file
            self._asking = None
            if self._is_awaited:
                self._is_awaited = False
                given.set()
            else:
                fcntl.flock(file, fcntl.LOCK_UN)

    def give_back(self) -> None:
        """Let the next one write."""
        try:
            fcntl.flock(self._file, fcntl.LOCK_UN)
        finally:
            self._next()

    def _next(self) -> None:
        with self._guard:
            if self._line:
                self._line.popleft().release()
            else:
                self._is_taken = False

    def _begin_anew(self) -> None:
        """A line of our own after a fork: a lock on a file is shared by all who inherit it."""
        if self._file >= 0:
            os.close(self._file)
        self._file = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        self._process = os.getpid()
        self._line.clear()
        self._is_taken = False
        self._asking = None

    def close(self) -> None:
        with self._guard:
            if self._file >= 0 and self._process == os.getpid():
                os.close(self._file)
                self._file = -1
                self._process = 0
                self._asking = None

    def __del__(self) -> None:
        self.close()
