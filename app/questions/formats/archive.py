"""Packages (zip) and XML from outside: read with limits, and with nothing fetched from anywhere."""

from __future__ import annotations

import lzma
import zipfile
import zlib
from collections.abc import Mapping
from io import BytesIO
from typing import Any
from xml.etree.ElementTree import Element, ParseError, TreeBuilder

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import DefusedXMLParser
from flask_babel import gettext as _

from app.questions.formats.facts import NotThisFormat

MOST_ENTRIES = 2_000
UNPACKED = 100 * 1024 * 1024
RATIO = 100  # unpacked : packed, of the whole package
LARGEST_XML = 20 * 1024 * 1024
MOST_ELEMENTS = 1_000_000  # each takes some hundred bytes; 2 000 questions of Word have fewer
DEEPEST = 200  # elements in one another; what reads them calls itself for each
# Each way of packing has an error of its own for what it cannot unpack.
_BROKEN = (
    *(zipfile.BadZipFile, zlib.error, lzma.LZMAError, EOFError, NotImplementedError),
    *(OSError, RuntimeError, ValueError),
)


def opened(data: bytes) -> zipfile.ZipFile:
    """A package whose size was looked at before anything is unpacked. Raises NotThisFormat.

    Python reads at most what an entry declares, so the declared sum is a safe bound.
    """
    try:
        package = zipfile.ZipFile(BytesIO(data))
        entries = package.infolist()
    except (zipfile.BadZipFile, ValueError, OSError, NotImplementedError) as error:
        raise NotThisFormat(why=_("the package is broken.")) from error
    unpacked = sum(entry.file_size for entry in entries)
    if len(entries) > MOST_ENTRIES or unpacked > min(
        UNPACKED, max(2 * 1024 * 1024, len(data) * RATIO)
    ):
        raise NotThisFormat(why=_("it unpacks to far more than it should."))
    if any(entry.flag_bits & 1 for entry in entries):
        raise NotThisFormat(why=_("it is protected by a password."))
    return package


def entry(package: zipfile.ZipFile, name: str) -> bytes | None:
    """The content of an entry of that very name; None when there is none."""
    try:
        return package.read(name)
    except KeyError:
        return None
    except _BROKEN as error:
        raise NotThisFormat(why=_("the package is broken.")) from error


def packed(files: Mapping[str, bytes]) -> bytes:
    """A package without times, so that the same files give the same bytes."""
    out = BytesIO()
    with zipfile.ZipFile(out, "w") as package:
        for name, data in files.items():
            about = zipfile.ZipInfo(name, (2026, 1, 1, 0, 0, 0))
            about.compress_type = zipfile.ZIP_DEFLATED
            package.writestr(about, data)
    return out.getvalue()


class TooIntricate(Exception):
    """More elements, or deeper ones, than a file of questions has."""


class Placed(Element):
    """An element that knows where it begins."""

    __slots__ = ("line",)  # no dictionary each: there may be a million of them


class _Builder(TreeBuilder):
    """Gives every element the line that its parser is at."""

    expat: Any = None
    count = depth = 0

    def start(self, tag: Any, attrs: Any, /) -> Element:
        self.count += 1
        self.depth += 1
        if self.count > MOST_ELEMENTS or self.depth > DEEPEST:
            raise TooIntricate
        element = super().start(tag, attrs)
        element.line = self.expat.CurrentLineNumber  # type: ignore[attr-defined]
        return element

    def end(self, tag: Any, /) -> Element:
        self.depth -= 1
        return super().end(tag)


def line_of(element: Element | None) -> int:
    """The line in which an element of `xml` begins, from 1; 0 for none."""
    return int(getattr(element, "line", 0))


def xml(data: bytes) -> Element:
    """A parsed document without document type, entities or anything from outside."""
    if len(data) > LARGEST_XML:
        raise NotThisFormat(why=_("it unpacks to far more than it should."))
    try:
        builder = _Builder(element_factory=Placed)
        parser = DefusedXMLParser(target=builder, forbid_dtd=True)
        builder.expat = parser.parser
        parser.feed(data)
        root: Any = parser.close()
    except DefusedXmlException as error:
        raise NotThisFormat(why=_("it declares entities, which may do harm.")) from error
    except TooIntricate as error:
        raise NotThisFormat(why=_("it unpacks to far more than it should.")) from error
    except (ParseError, ValueError, LookupError, RecursionError) as error:
        raise NotThisFormat(
            why=_("its XML is broken (%(error)s).", error=str(error)[:80])
        ) from error
    return root  # type: ignore[no-any-return]


def local(element: Element) -> str:
    """The name of an element without its namespace."""
    return str(element.tag).rpartition("}")[2]
