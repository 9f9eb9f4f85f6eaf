"""The media folder: where every file of this room lies, and how it gets there and away again.

partial/<uuid>/              what is still arriving; see tus.py
uploads/<uuid>/source        what the owner sent, under a neutral name
uploads/<uuid>/levels        how loud it is all along, one byte for 50 ms
work/<uuid>-<token>/         one try of one encode; nobody reads it but that try
renditions/<uuid>/v<N>/      finished files of one version: playlists, segments, posters
images/<uuid>/<width>.webp   pictures, written by us
sounds/<uuid>/sound.m4a      short sounds, written by us
"""

from __future__ import annotations

import contextlib
import ctypes
import errno
import hashlib
import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from app.core.i18n import file_size
from app.core.refusals import NoRoom
from app.media.rules import UUID, EmptyFile, FileTooLarge, Interrupted

CHUNK = 1024 * 1024
LOOK_EVERY = 32 * CHUNK  # bytes between two looks at the free space
SYNC_FILE_RANGE_WRITE = 2
BRIM = 4 * CHUNK  # bytes; programs stop within their last block, or remove what they had begun
FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}  # of the disk, of our share of it, of one file
FULL_SAID = "No space left on device"  # by programs that write for us
_libc = ctypes.CDLL(None, use_errno=True)


@dataclass(frozen=True)
class Saved:
    """A file on disk, flushed: its SHA-256 and its bytes."""

    sha256: str
    size: int


class MediaFolder:
    """The one who opens paths below config.media_dir."""

    def __init__(self, root: Path, *, reserve: int) -> None:
        self.root = root
        self.reserve = reserve

    def source(self, uuid: str) -> Path:
        return self.root / "uploads" / _known(uuid) / "source"

    def work(self, uuid: str, token: str) -> Path:
        return self.root / "work" / f"{_known(uuid)}-{_known(token)}"

    def version(self, uuid: str, version: int) -> Path:
        return self.root / "renditions" / _known(uuid) / f"v{version}"

    def image(self, uuid: str, width: int) -> Path:
        return self.root / "images" / _known(uuid) / f"{width}.webp"

    def sound(self, uuid: str) -> Path:
        return self.root / "sounds" / _known(uuid) / "sound.m4a"

    # --- in ---------------------------------------------------------------------------------

    def look_for_room(self, wanted: int = 0) -> None:
        """Raise NoRoom when `wanted` more bytes would eat into the reserve."""
        self.root.mkdir(parents=True, exist_ok=True)
        if shutil.disk_usage(self.root).free - wanted < self.reserve:
            raise NoRoom

    def is_brimful(self) -> bool:
        """Whether so little room is left that what was being written has broken off."""
        return shutil.disk_usage(self.root).free < BRIM

    def save(self, stream: BinaryIO, uuid: str, *, length: int | None, limit: int) -> Saved:
        """Write a stream as the source of `uuid` and flush it to the disk.

        Raises FileTooLarge, EmptyFile, Interrupted (fewer bytes than `length`) and NoRoom; nothing
        stays behind then, nor after any other error.
        """
        if length is not None and length > limit:
            raise FileTooLarge(limit=file_size(limit))
        if length == 0:
            raise EmptyFile
        self.look_for_room(length or 0)
        target = self.source(uuid)
        target.parent.mkdir(parents=True)
        try:
            with target.open("xb") as out:
                saved = self._copy(stream, out, limit)
                _flush(out)
            if saved.size == 0:
                raise EmptyFile
            if length is not None and saved.size < length:
                raise Interrupted
            _flush_folder(target.parent)
            _flush_folder(target.parent.parent)
        except OSError as error:
            self.drop_upload(uuid)
            if error.errno in FULL:
                raise NoRoom from error
            raise
        except BaseException:
            self.drop_upload(uuid)
            raise
        return saved

    def adopt(self, uuid: str, path: Path) -> None:
        """Make a file that lies in the media folder already the source of `uuid` as well.

        One file with two names; where the file system knows no such thing, a copy. Never moved:
        until the row is committed, the first name is the one that counts.
        """
        target = self.source(uuid)
        target.parent.mkdir(parents=True, exist_ok=True)
        if not target.exists():
            try:
                os.link(path, target)
            except OSError:
                self._copied(path, target)
        _flush_folder(target.parent)
        _flush_folder(target.parent.parent)

    def _copied(self, path: Path, target: Path) -> None:
        """A copy, flushed, that has its name only when it is whole. Raises NoRoom."""
        self.look_for_room(path.stat().st_size)
        fresh = target.with_name(f".{target.name}")
        try:
            with path.open("rb") as source, fresh.open("wb") as out:
                shutil.copyfileobj(source, out, CHUNK)
                _flush(out)
            fresh.replace(target)
        except OSError as error:
            fresh.unlink(missing_ok=True)
            if error.errno in FULL:
                raise NoRoom from error
            raise

    def _copy(self, stream: BinaryIO, out: BinaryIO, limit: int) -> Saved:
        digest = hashlib.sha256()
        size = looked = 0
        while chunk := stream.read(CHUNK):
            size += len(chunk)
            if size > limit:
                raise FileTooLarge(limit=file_size(limit))
            if size - looked >= LOOK_EVERY:
                looked = size
                self.look_for_room()
            digest.update(chunk)
            out.write(chunk)
        return Saved(digest.hexdigest(), size)

    def begin_work(self, uuid: str, token: str) -> Path:
        """An empty folder for one try; what earlier tries of the same recording left is removed."""
        for name in self._names("work"):
            if name.startswith(f"{_known(uuid)}-"):
                _remove(self.root / "work" / name)
        folder = self.work(uuid, token)
        folder.mkdir(parents=True)
        return folder

    def publish(self, work: Path, uuid: str, version: int) -> None:
        """Make a work folder version N, in one step; its bytes are on the disk afterwards."""
        target = self.version(uuid, version)
        target.parent.mkdir(parents=True, exist_ok=True)
        sync(work)
        os.replace(work, target)  # noqa: PTH105 - the name says that it is atomic
        _flush_folder(target.parent)

    def share(self, path: Path, target: Path) -> None:
        """Give a finished file a second place; a copy where the file system cannot do better."""
        try:
            os.link(path, target)
        except OSError:
            shutil.copyfile(path, target)

    def note(self, uuid: str, name: str, data: bytes) -> None:
        """Keep something that was found out about a source beside it, as long as there is one."""
        path = self.source(uuid).with_name(name)
        fresh = path.with_name(f".{name}")
        # A recording that is discarded meanwhile takes its folder along.
        with contextlib.suppress(FileNotFoundError):
            fresh.write_bytes(data)
            fresh.replace(path)

    def noted(self, uuid: str, name: str) -> bytes | None:
        """What `note` kept; None when it is not there."""
        try:
            return self.source(uuid).with_name(name).read_bytes()
        except FileNotFoundError:
            return None

    # --- out --------------------------------------------------------------------------------

    def drop_upload(self, uuid: str) -> None:
        _remove(self.source(uuid).parent)

    def drop_work(self, work: Path) -> None:
        _remove(work)

    def drop_version(self, uuid: str, version: int) -> None:
        _remove(self.version(uuid, version))
        with contextlib.suppress(OSError):  # not empty: another version is there
            self.version(uuid, version).parent.rmdir()

    def drop_older_versions(self, uuid: str, version: int, *, keep: int = 0) -> None:
        """Remove what tries before `version` published and never came to serve, except `keep`."""
        for name in self._names("renditions", _known(uuid)):
            if name[1:].isdigit() and int(name[1:]) < version and int(name[1:]) != keep:
                _remove(self.root / "renditions" / uuid / name)

    def drop(self, uuid: str) -> None:
        """Remove everything that there is of a recording."""
        _remove(self.root / "renditions" / _known(uuid))
        self.drop_upload(uuid)

    def drop_image(self, uuid: str) -> None:
        _remove(self.root / "images" / _known(uuid))

    def drop_sound(self, uuid: str) -> None:
        _remove(self.root / "sounds" / _known(uuid))

    # --- what lies about ----------------------------------------------------------------------

    def uploads(self) -> list[str]:
        return [n for n in self._names("uploads") if UUID.fullmatch(n)]

    def images(self) -> list[str]:
        return [n for n in self._names("images") if UUID.fullmatch(n)]

    def sounds(self) -> list[str]:
        return [n for n in self._names("sounds") if UUID.fullmatch(n)]

    def versions(self) -> Iterator[tuple[str, int]]:
        """(uuid, version) of every rendition folder."""
        for uuid in self._names("renditions"):
            for name in self._names("renditions", uuid):
                if UUID.fullmatch(uuid) and name[:1] == "v" and name[1:].isdigit():
                    yield uuid, int(name[1:])

    def works(self) -> list[tuple[str, Path]]:
        """(uuid, folder) of every try that is running or was left behind."""
        return [(n.partition("-")[0], self.root / "work" / n) for n in self._names("work")]

    def touched(self, path: Path) -> float:
        """When something in this folder last changed, in seconds since 1970; 0 if it is gone."""
        latest = 0.0
        with contextlib.suppress(FileNotFoundError):
            latest = path.stat().st_mtime
            for inner in path.iterdir():
                latest = max(latest, inner.stat().st_mtime)
        return latest

    def _names(self, *parts: str) -> list[str]:
        try:
            return sorted(p.name for p in self.root.joinpath(*parts).iterdir() if p.is_dir())
        except FileNotFoundError:
            return []


def _known(name: str) -> str:
    """The name, which must be 32 hexadecimal digits: nothing else becomes part of a path."""
    if not UUID.fullmatch(name):
        raise ValueError(f"{name!r} is no name of ours")
    return name


def _remove(folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)


def _flush(out: BinaryIO) -> None:
    out.flush()
    os.fsync(out.fileno())


def _flush_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def is_full(error: Exception) -> bool:
    """Whether something failed because there is no room, whoever was writing."""
    return (
        isinstance(error, NoRoom)
        or (isinstance(error, OSError) and error.errno in FULL)
        or FULL_SAID in str(error)
    )


def begin_flush(handle: int, at: int, length: int) -> None:
    """Let the kernel begin to write these bytes to the disk, without waiting for it.

    Half of what a flush of them would wait for later is done by then. Promises nothing.
    """
    with contextlib.suppress(AttributeError):  # only Linux has it
        _libc.sync_file_range(
            handle, ctypes.c_int64(at), ctypes.c_int64(length), SYNC_FILE_RANGE_WRITE
        )


def sync(folder: Path) -> None:
    """Flush all of the folder's file system: one call instead of an fsync per segment."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        if _libc.syncfs(handle) != 0:
            os.sync()
    finally:
        os.close(handle)
