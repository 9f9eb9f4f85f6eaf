"""Zip files made to harm are met here, before any reader opens them."""

from __future__ import annotations

import stat
import zipfile
from pathlib import Path

from .printing import MIB, Failed

MOST_UNPACKED = 200 * MIB  # bytes of all files inside an Office document
MOST_RATIO = 100  # unpacked to packed; honest documents stay below 30
MOST_ENTRIES = 2_000
SMALL_ENTRY = 1 * MIB  # below this a high ratio is harmless (a sheet of equal cells)


def check_package(path: Path) -> None:
    """Refuse zip files made to harm; raises Failed. Nothing is unpacked to the disk, ever.

    Python reads at most as much of an entry as its header says, so the sum of the headers is a
    bound that holds.
    """
    try:
        package = zipfile.ZipFile(path)
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError):
        raise Failed("damaged") from None
    with package:
        entries = package.infolist()
        if len(entries) > MOST_ENTRIES or sum(e.file_size for e in entries) > MOST_UNPACKED:
            raise Failed("bomb")
        for entry in entries:
            check_entry(entry)
        for entry in entries:
            if entry.filename.lower().endswith((".xml", ".rels", ".vml")):
                check_xml(package, entry)


def check_entry(entry: zipfile.ZipInfo) -> None:
    if entry.flag_bits & 0x1:
        raise Failed("password")
    if entry.file_size > SMALL_ENTRY and entry.file_size > MOST_RATIO * max(1, entry.compress_size):
        raise Failed("bomb")
    name = entry.filename.replace("\\", "/")
    if name.startswith("/") or ".." in name.split("/") or ":" in name.split("/")[0]:
        raise Failed("unsafe")
    if stat.S_ISLNK(entry.external_attr >> 16):
        raise Failed("unsafe")


def check_xml(package: zipfile.ZipFile, entry: zipfile.ZipInfo) -> None:
    """No document type and no entities: Office never writes them, attackers do."""
    before = b""
    try:
        with package.open(entry) as part:
            while chunk := part.read(MIB):
                # In UTF-16 every other byte is zero; without them both spellings are one.
                seen = (before + chunk).replace(b"\x00", b"").upper()
                if b"<!DOCTYPE" in seen or b"<!ENTITY" in seen:
                    raise Failed("unsafe")
                before = chunk[-32:]
    except (zipfile.BadZipFile, OSError, EOFError, NotImplementedError):
        raise Failed("damaged") from None
    except Exception as error:
        if type(error).__module__ in {"zlib", "lzma", "bz2"}:
            raise Failed("damaged") from None
        raise


def entry(package: zipfile.ZipFile, name: str) -> bytes:
    """One file of a package; raises Failed when it is not there or damaged."""
    try:
        return package.read(name)
    except (KeyError, zipfile.BadZipFile, OSError, EOFError, NotImplementedError):
        raise Failed("damaged") from None
