"""The boxes of MP4 and MOV files, for two questions that ffprobe does not answer."""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

MOST_BOXES = 100_000  # of the top level; a file with more is left to ffprobe
MOST_HEADER = 64 * 1024 * 1024  # bytes of a moov box that are looked through
_PROTECTION = re.compile(rb"sinf....frma", re.DOTALL)  # a sample entry whose true format is inside


def _boxes(file: BinaryIO, size: int) -> Iterator[tuple[bytes, int, int]]:
    """(kind, start, end) of the top-level boxes; `end` may lie behind the end of the file.

    Yields nothing for a file of another kind, and stops where the bytes make no sense.
    """
    if file.read(12)[4:8] != b"ftyp":
        return
    at = 0
    for _ in range(MOST_BOXES):
        file.seek(at)
        head = file.read(16)
        if len(head) < 8:
            return
        length = int(struct.unpack(">I", head[:4])[0])
        if length == 1 and len(head) == 16:
            length = int(struct.unpack(">Q", head[8:])[0])
        elif length == 0:
            length = size - at  # to the end of the file, wherever that is
        if length < 8:
            return
        yield head[4:8], at, at + length
        at += length
        if at >= size:
            return


def cut_off(path: Path) -> bool:
    """Whether the file ends before its last box does: the end of a copy is missing.

    ffprobe says nothing of it when the header stands in front and promises everything.
    """
    size = path.stat().st_size
    with path.open("rb") as file:
        return any(
            end > size and kind in {b"mdat", b"moov", b"moof"}
            for kind, _, end in _boxes(file, size)
        )


def protected(path: Path) -> bool:
    """Whether a track is encrypted; ffprobe shows such a track as an ordinary one."""
    size = path.stat().st_size
    with path.open("rb") as file:
        for kind, start, end in list(_boxes(file, size)):
            if kind == b"moov":
                file.seek(start)
                if _PROTECTION.search(file.read(min(end - start, MOST_HEADER))):
                    return True
    return False
