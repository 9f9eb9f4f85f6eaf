"""Resumable uploads: what tus 1.0.0 asks for in its headers, and when an upload is refused."""

from __future__ import annotations

import base64
import binascii
import re
from typing import NamedTuple

from flask_babel import lazy_gettext as _l

from app.core.refusals import Conflict, Refusal, TooMuch

VERSION = "1.0.0"
EXTENSIONS = "creation,creation-with-upload,checksum,termination,expiration"
CHECKSUMS = ("sha1", "sha256")
MOST_OPEN = 5  # unfinished uploads of one member
MOST_ARRIVING = 4  # pieces of one member's uploads that one process receives at once
UNTOUCHED_SECONDS = 3600  # an unfinished upload this old makes room for a new one
LIFE_SECONDS = 24 * 3600  # of an unfinished upload after its last byte
COMPLETE_LIFE_SECONDS = 7 * 24 * 3600  # of one that has arrived and that nobody has taken over
LONGEST_METADATA = 4096  # characters of the header
LARGEST_NUMBER = 2**63 - 1


class BadUpload(Refusal):
    """The request is not what tus 1.0.0 says; `what` names the header."""

    sentence = _l("The upload was not understood (%(what)s). Reload the page and try again.")


class WrongVersion(Refusal):
    sentence = _l("The upload was not understood (%(what)s). Reload the page and try again.")


class WrongOffset(Conflict):
    """The piece does not begin where the server's bytes end; `offset` says where that is."""

    sentence = _l("The upload has gone on elsewhere. It continues from there.")


class UploadBusy(Conflict):
    sentence = _l("This file is being uploaded already. Wait a moment and try again.")


class UploadExpired(Refusal):
    sentence = _l("This upload was left alone for more than a day and was removed. Begin it again.")


class ChecksumMismatch(Refusal):
    sentence = _l("A piece of the file arrived damaged. It is sent again.")


class NotComplete(Conflict):
    sentence = _l("The upload is not complete yet.")


class MoreThanPromised(TooMuch):
    sentence = _l("More was sent than the file is long. Begin the upload again.")


class TooManyUploads(TooMuch):
    sentence = _l(
        "You have %(most)s unfinished uploads. Finish or cancel one of them, "
        "or wait an hour; then begin this one."
    )


class TooManyPieces(Refusal):
    """More of one member's files arrive at once than one member may hold threads with."""

    sentence = _l(
        "%(most)s files of yours are arriving already. This one goes on by itself in a moment."
    )


class QuotaFull(TooMuch):
    sentence = _l(
        "Your recordings take %(used)s of the %(quota)s that you may keep, so this file does not "
        "fit. Remove recordings that you do not need, or ask an administrator."
    )


_NUMBER = re.compile(r"[0-9]{1,19}")


def number(text: str | None, what: str) -> int:
    """A header that must hold bytes; raises BadUpload."""
    if text is None or not _NUMBER.fullmatch(text) or int(text) > LARGEST_NUMBER:
        raise BadUpload(what=what)
    return int(text)


def metadata(text: str) -> dict[str, str]:
    """Upload-Metadata: pairs of a key and a value in base64, divided by commas."""
    if len(text) > LONGEST_METADATA:
        raise BadUpload(what="Upload-Metadata")
    found: dict[str, str] = {}
    for pair in text.split(","):
        if not pair.strip():
            continue
        key, _, value = pair.strip().partition(" ")
        try:
            found[key] = base64.b64decode(value.strip(), validate=True).decode("utf-8", "replace")
        except (binascii.Error, ValueError):
            raise BadUpload(what="Upload-Metadata") from None
    return found


class Checksum(NamedTuple):
    """What one piece must add up to."""

    algorithm: str
    digest: bytes


def checksum(text: str) -> Checksum | None:
    """Upload-Checksum: an algorithm and a digest in base64; None when the header is absent."""
    if not text:
        return None
    algorithm, _, value = text.strip().partition(" ")
    try:
        digest = base64.b64decode(value, validate=True)
    except (binascii.Error, ValueError):
        raise BadUpload(what="Upload-Checksum") from None
    if algorithm not in CHECKSUMS or not digest:
        raise BadUpload(what="Upload-Checksum")
    return Checksum(algorithm, digest)


def expires_at(touched: float, *, complete: bool) -> float:
    """When an upload is given up, in seconds since 1970; never while it is being touched."""
    return touched + (COMPLETE_LIFE_SECONDS if complete else LIFE_SECONDS)


def fits_quota(used: int, reserved: int, wanted: int, quota: int) -> bool:
    """Whether `wanted` more bytes are within the quota; 0 is no quota at all."""
    return not quota or used + reserved + wanted <= quota
