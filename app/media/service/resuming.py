"""Resumable uploads: begin, go on, and take over what has arrived."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import BinaryIO

from app.core import clock
from app.core.db import after_commit, reading
from app.core.i18n import file_size
from app.core.refusals import NoRoom, Refusal
from app.media import ffmpeg, queries
from app.media.rules import (
    EmptyFile,
    FileTooLarge,
    NotComplete,
    clean_name,
)
from app.media.rules.uploads import Checksum
from app.media.service.folder import config, media_folder
from app.media.service.quota import look_for_quota, partials, take_turns
from app.media.service.recordings import Stored, register
from app.media.tus import Upload


def begin_upload(*, owner_id: int, filename: str, length: int, metadata: str) -> Upload:
    """Promise room for a file of `length` bytes; not one is written yet.

    Raises EmptyFile, FileTooLarge, QuotaFull, TooManyUploads and NoRoom.
    """
    limit = config().upload_limit
    if length > limit:
        raise FileTooLarge(limit=file_size(limit))
    if length == 0:
        raise EmptyFile
    shelf = partials()
    with shelf.turn():
        look_for_quota(owner_id, length)
        return shelf.begin(
            owner_id=owner_id,
            filename=clean_name(filename),
            length=length,
            metadata=metadata,
            now=clock.epoch(),
        )


def upload_of(uuid: str, *, owner_id: int) -> Upload:
    """The member's own unfinished upload. Raises NotThere, UploadExpired."""
    return partials().find(uuid, owner_id=owner_id, now=clock.epoch())


def continue_upload(
    uuid: str,
    *,
    owner_id: int,
    stream: BinaryIO,
    offset: int,
    length: int | None,
    checksum: Checksum | None,
) -> Upload:
    """Write one piece; see tus.Partials.receive. Touches no database."""
    upload_of(uuid, owner_id=owner_id)
    shelf = partials()
    shelf.receive(uuid, stream, offset=offset, length=length, checksum=checksum, now=clock.epoch())
    return upload_of(uuid, owner_id=owner_id)


def end_upload(uuid: str, *, owner_id: int) -> None:
    """Forget an unfinished upload. Raises NotThere."""
    upload_of(uuid, owner_id=owner_id)
    partials().drop(uuid)


def take_over(uuid: str, *, owner_id: int, length: int | None = None) -> int:
    """Make a recording of an upload that has arrived; returns the media id.

    `length` ends an upload earlier than it was promised: what a browser records while it sends has
    no length beforehand, so it promises the most that it can become.

    May be called again: it answers with the same id. Looks into the file before the first query.
    Raises NotThere, NotComplete, UploadBusy, and why a file is no recording; the bytes are removed
    then, because they would be refused again.
    """
    known = _taken_over(uuid, owner_id)
    if known is not None:
        partials().drop(uuid)
        return known
    try:
        return _take_over(uuid, owner_id, length)
    except (Refusal, FileNotFoundError):
        # Asked twice at once: what the other one has taken over has gone from here meanwhile.
        known = _taken_over(uuid, owner_id)
        if known is None:
            raise
        return known


def _taken_over(uuid: str, owner_id: int) -> int | None:
    with reading():
        return queries.media_id_of(uuid, owner_id=owner_id)


def _take_over(uuid: str, owner_id: int, length: int | None) -> int:
    shelf = partials()
    upload = upload_of(uuid, owner_id=owner_id)
    if length is not None and not upload.is_complete:
        shelf.shorten(uuid, length)
        upload = upload_of(uuid, owner_id=owner_id)
    if not upload.is_complete:
        raise NotComplete
    with shelf.held(uuid):
        path = shelf.data(uuid)
        try:
            facts = ffmpeg.probe(path)
        except Exception:
            shelf.drop(uuid)
            raise
        sha256 = shelf.sha256(uuid)
        # A second name for the same bytes: whatever dies from here on, they have one.
        media_folder().adopt(uuid, path)
    take_turns(owner_id)  # who asked at the same moment gets the same answer
    with_row = queries.media_id_of(uuid, owner_id=owner_id)
    if with_row is None:
        stored = Stored(uuid, upload.filename, sha256, upload.length, facts)
        with_row = register(stored, owner_id=owner_id)
    after_commit(lambda: shelf.drop(uuid))
    return with_row


@contextmanager
def arrived_file(uuid: str, *, owner_id: int) -> Iterator[tuple[Upload, BinaryIO]]:
    """An upload that has arrived, for another room that keeps a copy of its bytes.

    It is forgotten once the transaction is committed, and at once when the other room refuses the
    file, unless only the disk is full. Raises NotThere, NotComplete, UploadBusy.
    """
    shelf = partials()
    upload = upload_of(uuid, owner_id=owner_id)
    if not upload.is_complete:
        raise NotComplete
    with shelf.held(uuid), shelf.data(uuid).open("rb") as file:
        try:
            yield upload, file
        except NoRoom:
            raise
        except Refusal:
            shelf.drop(uuid)
            raise
    after_commit(lambda: shelf.drop(uuid))


def sweep_uploads() -> int:
    """Remove unfinished uploads that were left alone for too long; returns how many."""
    return partials().sweep(clock.epoch())
