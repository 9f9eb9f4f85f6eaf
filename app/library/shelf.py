"""The folder of the library: files come in through a side room and stand under their document."""

from __future__ import annotations

import hashlib
import secrets
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from werkzeug.exceptions import ClientDisconnected, RequestEntityTooLarge

from app.core import clock
from app.core.i18n import file_size
from app.library.rules import DiskFull, Interrupted, Kind, TooLarge

CHUNK = 1024 * 1024
ARRIVING = ".arriving"  # the side room; what stays there belongs to an upload that died


@dataclass(frozen=True)
class Arrived:
    """A file that came in whole: where it is, its length in bytes, its SHA-256 in hex."""

    path: Path
    bytes: int
    sha256: str


class Shelf:
    """The files of all documents: <folder>/<first two>/<uuid>/<number>.<kind>."""

    def __init__(self, folder: Path, *, reserve: int) -> None:
        self.folder = folder
        self.reserve = reserve  # bytes of the disk that uploads leave free

    def receive(self, stream: BinaryIO, *, length: int | None, most: int) -> Arrived:
        """Write a stream to the disk. Raises TooLarge, DiskFull or Interrupted, and leaves nothing.

        `length` is what the sender announced, in bytes; `most` the largest that is taken.
        """
        if length is not None and length > most:
            raise TooLarge(most=file_size(most))
        room = self.folder / ARRIVING
        room.mkdir(parents=True, exist_ok=True)
        if shutil.disk_usage(room).free - (length or 0) < self.reserve:
            raise DiskFull
        path = room / secrets.token_hex(16)
        digest, size = hashlib.sha256(), 0
        try:
            with path.open("xb") as file:
                for chunk in _chunks(stream):
                    size += len(chunk)
                    if size > most:
                        raise TooLarge(most=file_size(most))
                    digest.update(chunk)
                    file.write(chunk)
            if length is not None and size != length:
                raise Interrupted
        except RequestEntityTooLarge:
            path.unlink(missing_ok=True)
            raise TooLarge(most=file_size(most)) from None
        except ClientDisconnected:
            path.unlink(missing_ok=True)
            raise Interrupted from None
        except BaseException:
            path.unlink(missing_ok=True)
            raise
        return Arrived(path, size, digest.hexdigest())

    def keep(self, arrived: Arrived, uuid: str, number: int, kind: Kind) -> None:
        """Put a file in its place; nothing refers to it until a row does."""
        path = self.path(uuid, number, kind)
        path.parent.mkdir(parents=True, exist_ok=True)
        arrived.path.replace(path)

    def path(self, uuid: str, number: int, kind: Kind | str) -> Path:
        """Where a version of a document stands."""
        return self._home(uuid) / f"{number}.{Kind(kind).value}"

    def keep_cover(self, document: Path, picture: bytes) -> None:
        """Put the picture of a first page beside its document."""
        path = self.cover(document)
        fresh = path.with_name(f".{path.name}")
        fresh.write_bytes(picture)
        fresh.replace(path)

    @staticmethod
    def cover(document: Path) -> Path:
        """Where the picture of a document's first page stands."""
        return document.with_name(f"{document.stem}.cover.jpg")

    def discard(self, uuid: str, number: int | None = None) -> None:
        """Delete a version, or all of a document."""
        if number is None:
            shutil.rmtree(self._home(uuid), ignore_errors=True)
            return
        for path in self._home(uuid).glob(f"{number}.*"):
            path.unlink(missing_ok=True)

    def sweep(self, *, older_than: float, is_known: Callable[[str, int], bool]) -> list[Path]:
        """Delete files that no row knows and that are older than so many seconds.

        An upload whose commit failed leaves such files. Returns what was deleted.
        """
        before = clock.epoch() - older_than
        gone = []
        for path in self.folder.glob("*/*") if self.folder.is_dir() else ():
            files = [path] if path.is_file() else sorted(path.glob("*.*"))
            for file in files:
                known = file.parent.name != ARRIVING and is_known(path.name, _number(file))
                if not known and file.stat().st_mtime < before:
                    file.unlink(missing_ok=True)
                    gone.append(file)
            if path.is_dir() and not any(path.iterdir()):
                path.rmdir()
        return gone

    def _home(self, uuid: str) -> Path:
        if len(uuid) != 32 or not uuid.isalnum():
            raise ValueError("not a document's uuid")
        return self.folder / uuid[:2] / uuid


def _number(file: Path) -> int:
    number = file.name.partition(".")[0]  # 3.pdf, 3.cover.jpg
    return int(number) if number.isdecimal() and len(number) < 10 else 0


def _chunks(stream: BinaryIO) -> Iterator[bytes]:
    while chunk := stream.read(CHUNK):
        yield chunk
