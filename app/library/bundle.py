"""Zip files of documents: what is in them, read one after another within bounds."""

from __future__ import annotations

import stat
import zipfile
import zlib
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path, PurePosixPath
from typing import BinaryIO, cast

from app.library.rules import Damaged, TooMany

MOST_FILES = 200
MOST_BYTES = 2 * 1024**3  # unpacked, all together
MOST_RATIO = 100  # unpacked to packed
SMALL = 1024 * 1024  # bytes below which a high ratio is harmless
# What zipfile raises at files that are not what they say; RuntimeError for encrypted ones.
BROKEN = (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError)
UTF8 = 0x800  # flag of names in UTF-8


def files_in(path: Path) -> Iterator[tuple[PurePosixPath, int, Callable[[], BinaryIO]]]:
    """(path inside, size in bytes, what opens it) of each file, in order of the names.

    What systems put beside files of people is left out. Raises Damaged for what is no zip file,
    TooMany for too many files or for one that unpacks to too much. Opening or reading a file that
    is damaged or encrypted raises one of BROKEN; the others are not harmed by it.
    """
    try:
        with zipfile.ZipFile(path) as package:
            entries = [entry for entry in package.infolist() if _is_wanted(entry)]
            if len(entries) > MOST_FILES or sum(e.file_size for e in entries) > MOST_BYTES:
                raise TooMany(most=MOST_FILES)
            for entry in sorted(entries, key=lambda entry: entry.filename):
                if entry.file_size > max(SMALL, MOST_RATIO * entry.compress_size):
                    raise TooMany(most=MOST_FILES)
                unpack = cast("Callable[[], BinaryIO]", partial(package.open, entry))
                yield _inside(_name(entry)), entry.file_size, unpack
    except (*BROKEN, OSError):
        raise Damaged from None


def _is_wanted(entry: zipfile.ZipInfo) -> bool:
    name = PurePosixPath(entry.filename)
    is_link = stat.S_ISLNK(entry.external_attr >> 16)
    hidden = any(part.startswith(".") or part == "__MACOSX" for part in name.parts)
    return not (entry.is_dir() or is_link or hidden or name.name in {"Thumbs.db", "desktop.ini"})


def _inside(name: str) -> PurePosixPath:
    """A path that leads nowhere but downwards, whatever stands in the package."""
    parts = PurePosixPath(name.replace("\\", "/")).parts
    return PurePosixPath(*(part for part in parts if part not in {"/", "..", "."}))


def _name(entry: zipfile.ZipInfo) -> str:
    """The name as people wrote it: Windows writes Chinese names in GBK and says nothing of it."""
    if entry.flag_bits & UTF8:
        return entry.filename
    try:
        return entry.filename.encode("cp437").decode("gb18030")
    except UnicodeError:
        return entry.filename
