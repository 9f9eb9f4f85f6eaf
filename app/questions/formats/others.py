"""Files whose kind is known and not read here: what they are, and what to do with them."""

from __future__ import annotations

import re
import zipfile
from io import BytesIO
from pathlib import PurePath
from typing import Any

from flask_babel import lazy_gettext as _l

from app.questions.formats.facts import NotThisFormat

_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_ODF = b"mimetypeapplication/vnd.oasis.opendocument."
_TO_WORD = _l("Open it in Word or WPS, choose “Save as”, take DOCX, and send that file.")
_TO_EXCEL = _l("Open it in Excel or WPS, choose “Save as”, take XLSX, and send that file.")
_PASTE = _l("Copy its text and paste it below, or send the Word file from which it was made.")
_UNPACK = _l("Unpack it and send the files one by one.")
_OLD_WORD = (_l("a Word or WPS document of the old kind (DOC, WPS)"), _TO_WORD)
_OLD_EXCEL = (_l("an Excel or WPS table of the old kind (XLS, ET)"), _TO_EXCEL)
_SLIDES = (_l("a presentation"), _PASTE)
_OPEN_TEXT = (_l("an OpenDocument text"), _TO_WORD)
_OPEN_TABLE = (_l("an OpenDocument table"), _TO_EXCEL)
_PACKED = (_l("an archive"), _UNPACK)
_PICTURE = (_l("a picture"), _l("Type the questions, or let another program read the text in it."))
_BEGINNINGS: tuple[tuple[bytes, tuple[Any, Any]], ...] = (
    (b"%PDF-", (_l("a PDF"), _PASTE)),
    (b"{\\rtf", (_l("an RTF text"), _TO_WORD)),
    (b"Rar!\x1a", _PACKED),
    (b"7z\xbc\xaf\x27\x1c", _PACKED),
    (b"\x1f\x8b", _PACKED),
    (b"\x89PNG", _PICTURE),
    (b"\xff\xd8\xff", _PICTURE),
    (b"GIF8", _PICTURE),
    (b"II*\0", _PICTURE),
)
# Streams of an old compound file, by which its program is told.
_STREAMS: tuple[tuple[str, tuple[Any, Any]], ...] = (
    ("WordDocument", _OLD_WORD),
    ("Workbook", _OLD_EXCEL),
    ("Book", _OLD_EXCEL),
    ("PowerPoint Document", _SLIDES),
)
_ENDINGS = {".xls": _OLD_EXCEL, ".et": _OLD_EXCEL, ".ett": _OLD_EXCEL, ".ppt": _SLIDES}
_PAPERS = re.compile(r"\.(?:docx?|xlsx?|wps|et|txt|pdf)$", re.IGNORECASE)


class OtherFile(NotThisFormat):
    """A file of a program whose files are not read here."""

    sentence = _l("“%(name)s” cannot be read: it is %(what)s. %(mend)s")


class LockedFile(NotThisFormat):
    sentence = _l(
        "“%(name)s” cannot be read: it is protected by a password. Open it, save it without one, "
        "and send that file."
    )


def refuse(data: bytes, filename: str) -> None:
    """Raise OtherFile or LockedFile for a file whose kind is known and not read here."""
    name = PurePath(filename).name[:80]
    if data.startswith(_OLE) and _named("EncryptedPackage") in data:
        raise LockedFile(name=name)
    found = _known(data, PurePath(filename).suffix.lower())
    if found is not None:
        raise OtherFile(name=name, what=str(found[0]), mend=str(found[1]))


def _known(data: bytes, ending: str) -> tuple[Any, Any] | None:
    if data.startswith(_OLE):
        streams = (what for stream, what in _STREAMS if _named(stream) in data)
        return next(streams, _ENDINGS.get(ending, _OLD_WORD))
    if data.startswith(b"PK"):
        return _packed(data)
    begin = data[:2000].lstrip(b"\xef\xbb\xbf \r\n\t")
    if b'progid="Word.Document"' in begin or (ending in {".doc", ".wps"} and begin[:1] == b"<"):
        return _OLD_WORD
    return next((what for start, what in _BEGINNINGS if data.startswith(start)), None)


def _packed(data: bytes) -> tuple[Any, Any] | None:
    if _ODF in data[:200]:
        return _OPEN_TABLE if _ODF + b"spreadsheet" in data[:200] else _OPEN_TEXT
    try:
        names = zipfile.ZipFile(BytesIO(data)).namelist()
    except (zipfile.BadZipFile, ValueError, OSError, NotImplementedError):
        return None
    if "ppt/presentation.xml" in names:
        return _SLIDES
    has_own = any(name.endswith((".xml", ".yaml", ".yml")) for name in names)
    return _PACKED if not has_own and any(map(_PAPERS.search, names)) else None


def _named(stream: str) -> bytes:
    return stream.encode("utf-16-le")


__all__ = ["LockedFile", "OtherFile", "refuse"]
