"""The archive of an exam: a ZIP of CSV and HTML with a manifest of hashes, signed by Ed25519.

`manifest.json` names every file with its size and SHA-256, and the signer's public key;
`manifest.sig` is the signature of its bytes, 64 bytes as 128 digits. Nothing of ours is needed to
check it, and `check` does.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import PurePosixPath
from typing import IO, TYPE_CHECKING, BinaryIO, cast

from app.core.zips import ZipSink

if TYPE_CHECKING:
    # Loaded when something is signed or checked: it takes 6 MB.
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

MOST_FILES = 1_000_000
LARGEST_MANIFEST = 500_000_000  # bytes; the one file that is read as a whole
LARGEST_SIGNATURE = 1000
_AT_ONCE = 256 * 1024  # bytes of any other file that are in memory
# Made small already: to try again would only take time.
_PRESSED = {
    *(".pdf", ".docx", ".xlsx", ".pptx", ".odt", ".zip"),
    *(".jpg", ".jpeg", ".png", ".webp", ".heic", ".mp3", ".m4a", ".mp4"),
}
_MANIFEST, _SIGNATURE = "manifest.json", "manifest.sig"


class BadArchive(Exception):
    """Why an archive is not whole."""


@dataclass(frozen=True)
class Whole:
    """An archive that is as it was signed."""

    title: str
    made_at: str
    files: int
    key: str


def packed(
    files: Iterable[tuple[str, Iterable[bytes]]],
    *,
    title: str,
    made_at: datetime,
    key: Ed25519PrivateKey,
) -> Iterator[bytes]:
    """The archive in pieces, made while its files are read; the names of files are ours."""
    out, listed = ZipSink(), []
    stamp = made_at.timetuple()[:6]
    with zipfile.ZipFile(cast("IO[bytes]", out), "w", zipfile.ZIP_DEFLATED) as target:

        def put(name: str, pieces: Iterable[bytes]) -> Iterator[bytes]:
            info = zipfile.ZipInfo(name, stamp)
            is_pressed = PurePosixPath(name).suffix in _PRESSED
            info.compress_type = zipfile.ZIP_STORED if is_pressed else zipfile.ZIP_DEFLATED
            size, digest = 0, hashlib.sha256()
            with target.open(info, "w") as entry:
                for piece in pieces:
                    entry.write(piece)
                    size += len(piece)
                    digest.update(piece)
                    yield out.take()
            listed.append({"name": name, "bytes": size, "sha256": digest.hexdigest()})

        for name, pieces in files:
            yield from put(name, pieces)
        manifest = json.dumps(
            {
                "format": "weike exam archive 1",
                "title": title,
                "made_at": made_at.isoformat(),
                "ed25519": key.public_key().public_bytes_raw().hex(),
                "files": listed,
            },
            ensure_ascii=False,
            indent=1,
        ).encode()
        yield from put(_MANIFEST, [manifest])
        yield from put(_SIGNATURE, [key.sign(manifest).hex().encode()])
    yield out.take()


def check(data: BinaryIO, *, key: str = "") -> Whole:
    """Whether an archive is whole and signed by `key` (by the key that it names, if none is given).

    Reads piece by piece: it may be larger than the memory. Raises BadArchive with the first thing
    that is wrong.
    """
    try:
        with zipfile.ZipFile(data) as source:
            return _checked(source, key)
    except (
        *(zipfile.BadZipFile, zlib.error, EOFError),
        *(KeyError, ValueError, TypeError, NotImplementedError),
    ) as error:
        raise BadArchive(f"this is no archive of an exam ({error})") from error


def _checked(source: zipfile.ZipFile, key: str) -> Whole:
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    entries = source.infolist()
    if len(entries) > MOST_FILES:
        raise BadArchive("it is too large")
    for name, most in ((_MANIFEST, LARGEST_MANIFEST), (_SIGNATURE, LARGEST_SIGNATURE)):
        if source.getinfo(name).file_size > most:
            raise BadArchive("it is too large")
    raw = source.read(_MANIFEST)
    manifest = json.loads(raw)
    named = str(manifest["ed25519"])
    if key and not hmac.compare_digest(key.encode(), named.encode()):
        raise BadArchive("it was signed by another key")
    try:
        Ed25519PublicKey.from_public_bytes(bytes.fromhex(named)).verify(
            bytes.fromhex(source.read(_SIGNATURE).decode()), raw
        )
    except InvalidSignature:
        raise BadArchive("the manifest was changed after it was signed") from None
    listed = {str(file["name"]): file for file in manifest["files"]}
    there = [entry.filename for entry in entries]
    extra = sorted(set(there) - set(listed) - {_MANIFEST, _SIGNATURE})
    if extra or len(there) != len(set(there)):
        raise BadArchive(f"files were added: {', '.join(extra[:5]) or 'twice the same name'}")
    for name, file in listed.items():
        if name not in there:
            raise BadArchive(f"{name} is missing")
        if not _is_as_listed(source, name, int(file["bytes"]), str(file["sha256"])):
            raise BadArchive(f"{name} was changed")
    return Whole(str(manifest["title"]), str(manifest["made_at"]), len(listed), named)


def _is_as_listed(source: zipfile.ZipFile, name: str, size: int, sha256: str) -> bool:
    if source.getinfo(name).file_size != size:
        return False
    digest = hashlib.sha256()
    with source.open(name) as entry:
        while piece := entry.read(_AT_ONCE):
            digest.update(piece)
    return digest.hexdigest() == sha256
