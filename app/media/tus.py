"""Unfinished uploads by tus: they live on the disk alone, one folder each.

partial/<uuid>/facts.json    whose it is, how long it will be, how it is called
partial/<uuid>/data          the bytes; what lies behind the offset was never acknowledged
partial/<uuid>/offset        how many bytes are flushed, and when the last of them came

The offset is written only after the bytes before it are on the disk, so whatever dies in between,
what was acknowledged is there. No table knows of an unfinished upload: a request that is refused
is rolled back there, and bytes that have arrived cannot be rolled back.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import json
import os
import secrets
import shutil
import threading
from collections import Counter, OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from app.core.refusals import NoRoom, NotThere
from app.media.disk import FULL, begin_flush
from app.media.rules import (
    MOST_ARRIVING,
    MOST_OPEN,
    UNTOUCHED_SECONDS,
    UUID,
    ChecksumMismatch,
    Interrupted,
    MoreThanPromised,
    NotComplete,
    TooManyPieces,
    TooManyUploads,
    UploadBusy,
    UploadExpired,
    WrongOffset,
    expires_at,
)
from app.media.rules.uploads import Checksum

CHUNK = 1024 * 1024
FLUSH_EVERY = 8 * CHUNK  # bytes of one request between two offsets that are safe
LOOK_EVERY = 32 * CHUNK  # bytes between two looks at the free space
OFFSET_LINE = "{:020d} {:020d}\n"  # always as long, so that it is overwritten in place


@dataclass(frozen=True)
class Upload:
    """One unfinished upload. `touched` is in seconds since 1970."""

    uuid: str
    owner_id: int
    filename: str
    length: int
    metadata: str
    offset: int
    touched: float

    @property
    def is_complete(self) -> bool:
        return self.offset == self.length

    @property
    def expires(self) -> float:
        return expires_at(self.touched, complete=self.is_complete)


class Partials:
    """The one who opens paths below partial/."""

    def __init__(self, media_dir: Path, *, reserve: int) -> None:
        self.root = media_dir / "partial"
        self.reserve = reserve

    def data(self, uuid: str) -> Path:
        return self._folder(uuid) / "data"

    def _folder(self, uuid: str) -> Path:
        if not UUID.fullmatch(uuid):
            raise NotThere
        return self.root / uuid

    # --- looking ----------------------------------------------------------------------------

    def read(self, uuid: str) -> Upload | None:
        """An upload as the disk has it; None when it is not there (any more)."""
        folder = self._folder(uuid)
        try:
            facts = json.loads((folder / "facts.json").read_text(encoding="utf-8"))
            offset, touched = (folder / "offset").read_text(encoding="ascii").split()
        except (FileNotFoundError, NotADirectoryError, ValueError):
            return None
        return Upload(uuid, **facts, offset=int(offset), touched=int(touched) / 1000)

    def find(self, uuid: str, *, owner_id: int, now: float) -> Upload:
        """The member's own upload; raises NotThere, and UploadExpired when it is too old."""
        found = self.read(uuid)
        if found is None or found.owner_id != owner_id:
            raise NotThere
        if now >= found.expires:
            raise UploadExpired
        return found

    def all(self) -> list[Upload]:
        """Every unfinished upload."""
        try:
            names = sorted(path.name for path in self.root.iterdir())
        except FileNotFoundError:
            return []
        found = (self.read(name) for name in names if UUID.fullmatch(name))
        return [upload for upload in found if upload is not None]

    def promised(self) -> int:
        """Bytes that unfinished uploads may still bring."""
        return sum(upload.length - upload.offset for upload in self.all())

    # --- beginning and ending -----------------------------------------------------------------

    @contextlib.contextmanager
    def turn(self) -> Iterator[None]:
        """One beginning at a time: counting and making are one step."""
        self.root.mkdir(parents=True, exist_ok=True)
        with (self.root / ".turn").open("wb") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    def begin(
        self, *, owner_id: int, filename: str, length: int, metadata: str, now: float
    ) -> Upload:
        """An empty upload; call it within `turn`. Raises NoRoom and TooManyUploads."""
        mine = [one for one in self.all() if one.owner_id == owner_id]
        for old in sorted(mine, key=lambda one: one.touched):
            forgotten = not old.is_complete and old.touched < now - UNTOUCHED_SECONDS
            if now >= old.expires or (forgotten and len(mine) >= MOST_OPEN):
                self.drop(old.uuid)
                mine.remove(old)
        if len(mine) >= MOST_OPEN:
            raise TooManyUploads(most=MOST_OPEN)
        self._look_for_room(length + self.promised())
        uuid = secrets.token_hex(16)
        fresh = self.root / f".{uuid}"
        fresh.mkdir(parents=True)
        facts = {
            "owner_id": owner_id,
            "filename": filename,
            "length": length,
            "metadata": metadata,
        }
        _write(fresh / "facts.json", json.dumps(facts))
        _write(fresh / "offset", OFFSET_LINE.format(0, int(now * 1000)))
        _write(fresh / "data", "")
        fresh.rename(self.root / uuid)
        _flush_folder(self.root)
        return Upload(uuid, owner_id, filename, length, metadata, 0, now)

    def drop(self, uuid: str) -> None:
        """Forget an upload; a piece of it that is just arriving ends with NotThere."""
        gone = self.root / f".gone-{secrets.token_hex(8)}"
        with contextlib.suppress(FileNotFoundError):
            self._folder(uuid).rename(gone)
            shutil.rmtree(gone, ignore_errors=True)

    def sweep(self, now: float) -> int:
        """Remove what has expired and what was half made; returns how many uploads."""
        expired = [one.uuid for one in self.all() if now >= one.expires]
        for uuid in expired:
            with contextlib.suppress(UploadBusy), self.held(uuid):
                self.drop(uuid)
        for path in self.root.glob(".*") if self.root.is_dir() else ():
            if path.is_dir() and now - path.stat().st_mtime > UNTOUCHED_SECONDS:
                shutil.rmtree(path, ignore_errors=True)
        return len(expired)

    def _look_for_room(self, wanted: int) -> None:
        if shutil.disk_usage(self.root).free - wanted < self.reserve:
            raise NoRoom

    def shorten(self, uuid: str, length: int) -> None:
        """End an upload earlier than promised: what is being recorded has no length beforehand.

        Raises NotThere, UploadBusy, and NotComplete unless exactly `length` bytes have arrived.
        """
        with self.held(uuid):
            upload = self.read(uuid)
            if upload is None:
                raise NotThere
            if not 0 < length == upload.offset <= upload.length:
                raise NotComplete
            facts = {
                "owner_id": upload.owner_id,
                "filename": upload.filename,
                "length": length,
                "metadata": upload.metadata,
            }
            fresh = self._folder(uuid) / "facts.fresh"
            _write(fresh, json.dumps(facts))
            fresh.replace(self._folder(uuid) / "facts.json")

    def sha256(self, uuid: str) -> str:
        """SHA-256 of an upload that is complete; call it while it is held.

        What this process has received itself is known already; the rest is read from the disk.
        """
        digest, at = _known.take(self.data(uuid), None) or (hashlib.sha256(), 0)
        with self.data(uuid).open("rb") as file:
            file.seek(at)
            while chunk := file.read(CHUNK):
                digest.update(chunk)
        return digest.hexdigest()

    # --- bytes ----------------------------------------------------------------------------------

    @contextlib.contextmanager
    def held(self, uuid: str) -> Iterator[int]:
        """The only hand on an upload, across processes; raises UploadBusy and NotThere."""
        try:
            handle = os.open(self.data(uuid), os.O_RDWR)
        except FileNotFoundError:
            raise NotThere from None
        try:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise UploadBusy from None
            yield handle
        finally:
            os.close(handle)

    def receive(
        self,
        uuid: str,
        stream: BinaryIO,
        *,
        offset: int,
        length: int | None,
        checksum: Checksum | None,
        now: float,
    ) -> int:
        """Write one piece behind `offset`, flush it, and return the new offset.

        `length` is what the sender says of the piece, None when it says nothing. A piece that
        breaks off is kept as far as it came (Interrupted), unless it has a checksum: then all of
        it counts or nothing. Raises UploadBusy, WrongOffset, MoreThanPromised, ChecksumMismatch,
        TooManyPieces, NoRoom and NotThere.
        """
        with self.held(uuid) as handle:
            upload = self.read(uuid)
            if upload is None:
                raise NotThere
            if offset != upload.offset:
                raise WrongOffset(offset=upload.offset)
            left = upload.length - offset
            if length is not None and length > left:
                raise MoreThanPromised
            os.ftruncate(handle, offset)
            piece = _Piece(self, upload, handle, now, checksum)
            with _arriving.one_more(upload.owner_id):
                return piece.take(stream, left, length)

    def note(self, uuid: str, handle: int, offset: int, now: float) -> None:
        """Make an offset safe: first the bytes, then the number."""
        os.fdatasync(handle)
        try:
            numbers = os.open(self._folder(uuid) / "offset", os.O_WRONLY)
        except FileNotFoundError:
            raise NotThere from None  # ended by its owner in the meantime
        try:
            os.pwrite(numbers, OFFSET_LINE.format(offset, int(now * 1000)).encode(), 0)
            os.fdatasync(numbers)
        finally:
            os.close(numbers)


class _Arriving:
    """How many pieces this process receives of each member: one alone must not hold its threads."""

    def __init__(self) -> None:
        self.turn = threading.Lock()
        self.counts: Counter[int] = Counter()

    @contextlib.contextmanager
    def one_more(self, owner_id: int) -> Iterator[None]:
        """Raises TooManyPieces."""
        with self.turn:
            if self.counts[owner_id] >= MOST_ARRIVING:
                raise TooManyPieces(most=MOST_ARRIVING)
            self.counts[owner_id] += 1
        try:
            yield
        finally:
            with self.turn:
                self.counts[owner_id] -= 1
                if not self.counts[owner_id]:
                    del self.counts[owner_id]


_arriving = _Arriving()


class _Known:
    """Hashes of what has arrived so far, of the uploads that this process receives.

    Only a shortcut: an upload that another process has a part in, or that this one has forgotten,
    is read again. A hash is kept only for bytes that are flushed, and taken out while they grow.
    """

    MOST = 64

    def __init__(self) -> None:
        self.turn = threading.Lock()
        self.kept: OrderedDict[Path, tuple[hashlib._Hash, int]] = OrderedDict()

    def keep(self, path: Path, digest: hashlib._Hash, at: int) -> None:
        with self.turn:
            self.kept[path] = digest, at
            while len(self.kept) > self.MOST:
                self.kept.popitem(last=False)

    def take(self, path: Path, at: int | None) -> tuple[hashlib._Hash, int] | None:
        """The hash up to `at` (None: as far as it goes); a hash up to elsewhere is forgotten."""
        with self.turn:
            found = self.kept.pop(path, None)
        return found if found and at in {None, found[1]} else None


_known = _Known()


class _Piece:
    """One PATCH on its way to the disk."""

    def __init__(
        self, partials: Partials, upload: Upload, handle: int, now: float, checksum: Checksum | None
    ) -> None:
        self.partials = partials
        self.upload = upload
        self.handle = handle
        self.now = now
        self.checksum = checksum
        self.digest = hashlib.new(checksum.algorithm) if checksum else None
        self.at = self.safe = upload.offset
        self.looked = 0
        self.path = partials.data(upload.uuid)
        found = _known.take(self.path, self.at)
        self.whole = found[0] if found else (hashlib.sha256() if self.at == 0 else None)

    def take(self, stream: BinaryIO, left: int, length: int | None) -> int:
        start = self.at
        end = start + (length if length is not None else left)
        try:
            # One byte more than promised shows a sender that promised too little.
            while chunk := stream.read(min(CHUNK, end - self.at + (length is None))):
                if self.at + len(chunk) > end:
                    raise MoreThanPromised
                self._write(chunk)
        except (MoreThanPromised, NotThere):
            os.ftruncate(self.handle, self.safe)
            raise
        except NoRoom:
            self._keep()
            raise
        except OSError as error:
            self._keep()
            raise (NoRoom if error.errno in FULL else Interrupted) from error
        except Exception as error:
            self._keep()  # the other end has gone: its server says so in many ways
            raise Interrupted from error
        if length is not None and self.at < end:
            self._keep()
            raise Interrupted
        if self.checksum and self.digest and self.digest.digest() != self.checksum.digest:
            os.ftruncate(self.handle, self.safe)
            raise ChecksumMismatch
        self._note()
        self._remember()
        return self.at

    def _write(self, chunk: bytes) -> None:
        if self.at - self.looked >= LOOK_EVERY or self.at == self.upload.offset:
            self.looked = self.at
            if shutil.disk_usage(self.partials.root).free - len(chunk) < self.partials.reserve:
                raise NoRoom
        if self.digest:
            self.digest.update(chunk)
        view = memoryview(chunk)
        at = self.at
        while view:
            written = os.pwrite(self.handle, view, at)
            view = view[written:]
            at += written
        begin_flush(self.handle, self.at, len(chunk))
        self.at = at
        if self.whole:
            self.whole.update(chunk)
        if self.at - self.safe >= FLUSH_EVERY and not self.checksum:
            self._note()

    def _note(self) -> None:
        if self.at > self.safe or self.at == self.upload.offset:
            self.partials.note(self.upload.uuid, self.handle, self.at, self.now)
            self.safe = self.at

    def _keep(self) -> None:
        """Keep what has come of a piece that breaks off."""
        if self.checksum:
            os.ftruncate(self.handle, self.safe)
        else:
            self._note()
            self._remember()

    def _remember(self) -> None:
        if self.whole:
            _known.keep(self.path, self.whole, self.at)


def _write(path: Path, text: str) -> None:
    with path.open("w", encoding="utf-8") as out:
        out.write(text)
        out.flush()
        os.fsync(out.fileno())


def _flush_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
