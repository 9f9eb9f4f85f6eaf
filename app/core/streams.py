"""Files that are sent while they are made: the first byte at once, never all of it in memory."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from flask import Response, stream_with_context

from app.core.spreadsheet import csv_lines

LEAST = 64 * 1024  # bytes sent at once; smaller pieces wait for each other


def streamed(pieces: Iterable[bytes], *, kind: str, name: str) -> Response:
    """A file to take away, of pieces that are made while it is sent.

    What they are made of is read part by part, each in a transaction of its own (core.db.reading):
    who takes the file slowly holds nothing. May the reader have it? Ask before calling this.
    """
    response = Response(stream_with_context(_gathered(pieces)), content_type=kind)
    response.headers.set("Content-Disposition", "attachment", filename=name)
    return response


def streamed_csv(name: str, header: Sequence[str], rows: Iterable[Sequence[Any]]) -> Response:
    """A table as a CSV file."""
    return streamed(csv_lines(header, rows), kind="text/csv; charset=utf-8", name=name)


def _gathered(pieces: Iterable[bytes]) -> Iterator[bytes]:
    waiting = bytearray()
    is_first = True
    for piece in pieces:
        waiting += piece
        if len(waiting) >= LEAST or (is_first and waiting):
            is_first = False
            yield bytes(waiting)
            waiting.clear()
    if waiting:
        yield bytes(waiting)
