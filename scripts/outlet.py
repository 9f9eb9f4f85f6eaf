"""What an answer is written into: as much as the other end takes at once, the rest kept for later.

A thread writes an answer and goes; scripts/patient.py sends what is left from its loop, when the
other end has room for it. Answers without a length (streams, exports that are made while they are
sent) are written as gunicorn does: their thread waits.
"""

from __future__ import annotations

import os
import socket
from collections import deque
from typing import Any, BinaryIO

AT_ONCE = 256 * 1024  # bytes that one turn of the loop sends of one answer
MOST_BY_THREAD = 4 * AT_ONCE  # sent by the thread before the loop goes on
MOST_HELD = 1024 * 1024  # bytes in memory of one answer; a thread that has more waits


class Part:
    """A part of a file that waits to be sent, with a descriptor of its own."""

    def __init__(self, file: BinaryIO, offset: int, count: int) -> None:
        self.file, self.offset, self.left = os.dup(file.fileno()), offset, count

    def send(self, sock: socket.socket) -> int:
        sent = os.sendfile(sock.fileno(), self.file, self.offset, min(self.left, AT_ONCE))
        if not sent:
            raise ConnectionAbortedError  # the file is shorter than was said
        self.offset += sent
        self.left -= sent
        return sent

    def close(self) -> None:
        os.close(self.file)


class Words:
    """Bytes that wait to be sent."""

    def __init__(self, data: bytes) -> None:
        self.data = memoryview(data)

    @property
    def left(self) -> int:
        return len(self.data)

    def send(self, sock: socket.socket) -> int:
        sent = sock.send(self.data[:AT_ONCE])
        self.data = self.data[sent:]
        return sent

    def close(self) -> None:
        self.data.release()


class Outlet:
    """A socket for who writes an answer; everything but writing is the socket's own."""

    def __init__(self, sock: socket.socket) -> None:
        self.sock = sock
        self.waiting: deque[Part | Words] = deque()
        self.has_length: bool | None = None  # not known before the head is written

    def __getattr__(self, name: str) -> Any:
        return getattr(self.sock, name)

    def sendall(self, data: bytes) -> None:
        held = sum(piece.left for piece in self.waiting if isinstance(piece, Words))
        is_head = self.has_length is None
        if is_head:
            self.has_length = b"\r\ncontent-length:" in data.lower()
        elif not self.has_length or held + len(data) > MOST_HELD:
            self.finish()
            self.sock.sendall(data)
            return
        self.waiting.append(Words(data))
        self.begin()

    def sendfile(self, file: BinaryIO, offset: int = 0, count: int | None = None) -> None:
        size = os.fstat(file.fileno()).st_size - offset if count is None else count
        self.waiting.append(Part(file, offset, size))
        self.begin()

    def begin(self) -> None:
        """What the other end takes at once; called by the thread, which never waits here."""
        patience = self.sock.gettimeout()
        self.sock.setblocking(False)
        try:
            left = MOST_BY_THREAD
            while left > 0 and self.waiting and (sent := self.push()):
                left -= sent
        finally:
            self.sock.settimeout(patience)

    def finish(self) -> None:
        """Wait until all is sent; called by the thread."""
        while self.waiting:
            self.push()

    def push(self) -> int:
        """Send some, without waiting where the socket does not; 0 when there is no room now."""
        piece = self.waiting[0]
        try:
            sent = piece.send(self.sock) if piece.left else 0
        except BlockingIOError:
            return 0
        if not piece.left:
            self.waiting.popleft().close()
        return max(sent, 1)

    def drop(self) -> None:
        """Nobody takes the rest any more."""
        while self.waiting:
            self.waiting.popleft().close()
