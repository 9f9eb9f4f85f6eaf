"""What kind of document a file is, by what stands in it; its name only tells texts apart.

Runs in the web process on a file from anybody, so it reads little: the beginning, and of zip files
a list of bounded length and one small part.
"""

from __future__ import annotations

import os
import re
import struct
import zipfile
import zlib
from pathlib import Path

from app.library.rules import (
    Damaged,
    EmptyFile,
    HasMacros,
    Kind,
    LockedFile,
    NotADocument,
    OldOffice,
)

HEAD = 64 * 1024
LONGEST_LIST = 2 * 1024 * 1024  # bytes of a zip file's list of entries
LONGEST_TYPES = 1024 * 1024  # bytes of [Content_Types].xml
OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
MARKS = {
    b"{\\rtf": Kind.RTF,
    b"\xff\xd8\xff": Kind.JPEG,
    b"\x89PNG\r\n\x1a\n": Kind.PNG,
}
END_OF_ZIP = b"PK\x05\x06"
MAIN_PARTS = {
    b"wordprocessingml.document.main": Kind.DOCX,
    b"wordprocessingml.template.main": Kind.DOCX,
    b"presentationml.presentation.main": Kind.PPTX,
    b"presentationml.slideshow.main": Kind.PPTX,
    b"spreadsheetml.sheet.main": Kind.XLSX,
    b"spreadsheetml.template.main": Kind.XLSX,
}
# Streams inside old Office files; the first that is there says what it is.
OLD = {
    "worddocument": Kind.DOC,
    "powerpoint document": Kind.PPT,
    "workbook": Kind.XLS,
    "book": Kind.XLS,  # before 1997
}
# Where old Office files keep programs: any of these means that there are some.
MACROS = frozenset({"macros", "_vba_project", "_vba_project_cur"})
OLE_END = 0xFFFFFFFA  # from here on numbers of sectors are signs
MOST_SECTORS = 2_000  # of a list of entries
# The first entry of other packages says their type in plain letters.
OTHERS = {
    b"application/epub+zip": Kind.EPUB,
    b"application/vnd.oasis.opendocument.text": Kind.ODT,
    b"application/vnd.oasis.opendocument.presentation": Kind.ODP,
    b"application/vnd.oasis.opendocument.spreadsheet": Kind.ODS,
}
# What browsers would take for a page or a picture with scripts, whatever it is called.
_MARKUP = re.compile(
    rb"<(?:!doctype|\?xml|html|head|body|script|svg|iframe|meta|title|style|\?php|mime-version)",
    re.IGNORECASE,
)
# How a page can begin, XHTML and pieces of pages too.
_PAGE = re.compile(
    rb"(?:<!--.*?-->\s*|<\?xml[^>]*>\s*)*"
    rb"<(?:!doctype html|(?:html|head|body|meta|title|h[1-6]|p|div|table|section|article|main)\b)",
    re.IGNORECASE | re.DOTALL,
)
# Web archives (.mht), whoever saved them: some lines of a letter's head, and one that says so.
_MIME = re.compile(
    rb"(?:[\w-]+:[^\n]*\n(?:[ \t][^\n]*\n)*){0,40}?(?:mime-version:|content-type:\s*\w+/)",
    re.IGNORECASE,
)


def kind_of(path: Path, name: str, *, can_convert: bool = False) -> Kind:
    """The kind of a file, or a refusal that says what to do.

    Old Office files are taken only when there is a program that can convert them.
    """
    with path.open("rb") as file:
        head = file.read(HEAD)
    if not head:
        raise EmptyFile
    if head.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"%PDF-"):
        return Kind.PDF
    if head.startswith(b"PK\x03\x04"):
        return _office_kind(path)
    if head.startswith(OLE):
        # A new document with a password is such a container too, and so says the list inside it.
        own, inside = _streams(path)
        if "encryptedpackage" in own:
            raise LockedFile
        if MACROS & (own | inside):
            raise HasMacros
        old = next((k for name, k in OLD.items() if name in own), None)
        if old is None or not can_convert:
            raise OldOffice
        return old
    for mark, kind in MARKS.items():
        if head.startswith(mark):
            return kind
    return _text_kind(head, name)


def _streams(path: Path) -> tuple[set[str], set[str]]:
    """The names in an old Office file, small: its own, and those in folders and files inside it.

    It is a container of streams. Its list of entries is a chain of sectors, here of bounded length,
    and where it is broken it ends; entries side by side form a tree.
    """
    entries: list[bytes] = []
    with path.open("rb") as file:
        head = file.read(512).ljust(512, b"\xff")
        size = 1 << min(struct.unpack_from("<H", head, 30)[0], 12)
        (sector,) = struct.unpack_from("<I", head, 48)
        tables = struct.unpack_from("<109I", head, 76)  # sectors that say which sector is next
        for _ in range(MOST_SECTORS):
            if sector >= OLE_END:
                break
            file.seek((sector + 1) * size)
            block = file.read(size)
            entries += [block[at : at + 128] for at in range(0, len(block) - 127, 128)]
            table, place = divmod(sector, max(1, size // 4))
            if len(block) < size or table >= len(tables) or tables[table] >= OLE_END:
                break
            file.seek((tables[table] + 1) * size + 4 * place)
            (sector,) = struct.unpack("<I", file.read(4).ljust(4, b"\xff"))
    own: set[int] = set()
    ahead = list(struct.unpack_from("<I", entries[0], 76)) if entries else []
    while ahead:
        number = ahead.pop()
        if number < len(entries) and number not in own:
            own.add(number)
            ahead += struct.unpack_from("<2I", entries[number], 68)
    names = [_name_of(entry) for entry in entries]
    return {names[n] for n in own}, {name for n, name in enumerate(names) if n not in own}


def _name_of(entry: bytes) -> str:
    length = min(max(0, struct.unpack_from("<H", entry, 64)[0] - 2), 62)
    return entry[:length].decode("utf-16-le", "replace").lower()


def _office_kind(path: Path) -> Kind:
    if _list_length(path) > LONGEST_LIST:
        raise NotADocument
    try:
        with zipfile.ZipFile(path) as package:
            names = set(package.namelist())
            if "mimetype" in names:
                with package.open("mimetype") as part:
                    kind = OTHERS.get(part.read(100).strip())
                if any(each.startswith(("Basic/", "Scripts/")) for each in names):
                    raise HasMacros
                if kind is not None:
                    return kind
            with package.open("[Content_Types].xml") as part:
                types = part.read(LONGEST_TYPES)
    except KeyError:
        raise NotADocument from None
    except (zipfile.BadZipFile, zlib.error, OSError, ValueError, EOFError, NotImplementedError):
        raise Damaged from None
    except RuntimeError:  # the part itself is encrypted
        raise LockedFile from None
    if b"macroEnabled" in types or b"vbaProject" in types:
        raise HasMacros
    for mark, kind in MAIN_PARTS.items():
        if mark in types:
            return kind
    raise NotADocument


def _list_length(path: Path) -> int:
    """How long a zip file says that its list of entries is, in bytes; raises Damaged."""
    size = path.stat().st_size
    with path.open("rb") as file:
        file.seek(max(0, size - HEAD - 22))
        tail = file.read()
    at = tail.rfind(END_OF_ZIP)
    if at < 0 or len(tail) - at < 22:
        raise Damaged
    (length,) = struct.unpack_from("<I", tail, at + 12)
    return int(length)


def _text_kind(head: bytes, name: str) -> Kind:
    plain = head
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        plain = head.decode("utf-16", "replace").encode("utf-8", "replace")
    begin = plain.lstrip(b"\xef\xbb\xbf \t\r\n")
    if b"\x00" in plain or sum(byte < 9 or 13 < byte < 32 for byte in plain[:4096]) > 8:
        raise NotADocument
    ending = os.path.splitext(name.lower())[1]  # noqa: PTH122 - a name, not a path
    if _PAGE.match(begin) and ending in {".html", ".htm"}:
        return Kind.HTML
    if _MARKUP.match(begin) or _MIME.match(begin):
        raise NotADocument
    return Kind.MARKDOWN if ending in {".md", ".markdown"} else Kind.TEXT
