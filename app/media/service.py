"""What can be done with recordings, captions and pictures."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from app.media.rules import Facts


@dataclass(frozen=True)
class Stored:
    """A file that lies in the media folder and has been looked into, but has no row yet."""

    uuid: str
    filename: str
    sha256: str
    size: int
    facts: Facts


def store(*, filename: str, stream: BinaryIO, length: int | None) -> Stored:
    """Write a stream to disk and probe it. Touches no database: call it before the first query."""
    raise NotImplementedError


def register(stored: Stored, *, owner_id: int) -> int:
    """Make the row of a stored file and the job that prepares it; returns the media id."""
    raise NotImplementedError


def receive(*, owner_id: int, filename: str, stream: BinaryIO, length: int | None) -> int:
    """Store and register an upload; returns the media id."""
    return register(store(filename=filename, stream=stream, length=length), owner_id=owner_id)


def import_file(path: Path, *, owner_id: int, filename: str) -> int:
    """Take over a file of a course package; the same content gives the same id."""
    raise NotImplementedError


def retry(media_id: int) -> None:
    """Prepare a failed recording again."""
    raise NotImplementedError


def discard(media_id: int) -> None:
    """Remove a recording with its captions and files. It must not be used by a lesson any more."""
    raise NotImplementedError


def attach_captions(media_id: int, *, language: str, label: str, data: bytes) -> None:
    """Read WebVTT or SRT into plain cues; replaces the track of the same language."""
    raise NotImplementedError


@dataclass(frozen=True)
class PlayLinks:
    """Signed addresses for one member: they expire, and work in this member's browser only.

    `captions` holds (language, label, address).
    """

    master: str
    poster: str
    captions: list[tuple[str, str, str]]
    duration_ms: int


def play_links(media_id: int, *, member_id: int) -> PlayLinks:
    """Addresses to play a recording; raises NotReady or NotThere."""
    raise NotImplementedError


def receive_image(*, owner_id: int, stream: BinaryIO) -> int:
    """Keep a picture as WebP in two widths; returns the image id."""
    raise NotImplementedError
