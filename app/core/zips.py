"""A ZIP that is sent while it is written: nothing of it stays in memory."""

from __future__ import annotations


class ZipSink:
    """What a ZIP is written to: it is taken away piece by piece."""

    def __init__(self) -> None:
        self._pieces: list[bytes] = []

    def write(self, data: bytes) -> int:
        self._pieces.append(bytes(data))
        return len(data)

    def flush(self) -> None:
        pass

    def take(self) -> bytes:
        found = b"".join(self._pieces)
        self._pieces.clear()
        return found
