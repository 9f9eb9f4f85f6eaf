"""Pages of the web, and books made of them. Nothing is run and nothing is fetched."""

from __future__ import annotations

import posixpath
import re
import zipfile
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from .packages import check_package, entry
from .plain import decoded
from .printing import MOST_TEXT, Budget, Enough, Failed, Printer


class Sections(HTMLParser):
    """Cuts a page into (heading, lines). Nothing is run and nothing is fetched."""

    SILENT = frozenset(["script", "style", "noscript", "template", "svg", "math", "head", "iframe"])
    BULLET = "• "
    BLOCKS = frozenset(
        ["p", "div", "li", "tr", "br", "hr", "section", "article", "blockquote", "pre", "table"]
    ) | {"ul", "ol", "dt", "dd", "figcaption", "header", "footer", "aside", "main", "caption"}

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.sections: list[tuple[str, list[str]]] = [("", [])]
        self.words: list[str] = []
        self.heading = ""
        self.silent: list[str] = []

    def handle_starttag(self, tag: str, attrs: object) -> None:
        if tag in self.SILENT:
            self.silent.append(tag)
        elif re.fullmatch(r"h[1-6]", tag):
            self.line()
            self.heading = tag
        elif tag in self.BLOCKS:
            self.line()
            if tag == "li":
                self.words = [self.BULLET]
        elif tag in {"td", "th"}:
            self.words.append(" | " if self.words else "")

    def handle_startendtag(self, tag: str, attrs: object) -> None:
        if tag not in self.SILENT:
            self.handle_starttag(tag, attrs)

    def handle_endtag(self, tag: str) -> None:
        if tag in self.silent:
            while self.silent and self.silent.pop() != tag:
                pass
        elif tag == self.heading:
            self.heading = ""
            label = " ".join("".join(self.words).split())
            self.words = []
            if label:
                self.sections.append((label, []))
        elif tag in self.BLOCKS:
            self.line()
            if tag == "li":
                self.words = []

    def handle_data(self, data: str) -> None:
        if not self.silent:
            self.words.append(data)

    def line(self) -> None:
        text = " ".join("".join(self.words).split())
        if text == self.BULLET.strip():  # a paragraph begins inside the point of a list
            return
        self.words = []
        if text:
            self.sections[-1][1].append(text)


AT_ONCE = 64 * 1024  # characters between two looks at the clock


def sections_of(page: str, budget: Budget) -> tuple[list[tuple[str, str]], bool]:
    """The sections of a page, and whether time was over before its end."""
    parser = Sections()
    is_whole = True
    try:
        for start in range(0, len(page), AT_ONCE):
            budget.spend()
            parser.feed(page[start : start + AT_ONCE])
        parser.close()
    except Enough:
        is_whole = False
    parser.line()
    found = [(label, "\n".join(lines)) for label, lines in parser.sections if label or lines]
    return found, is_whole


CHARSET = re.compile(rb"charset\s*=\s*[\"']?([\w-]+)", re.IGNORECASE)


def page_text(data: bytes) -> str:
    """A page in the encoding that it names, or in the one that it seems to have."""
    named = CHARSET.search(data[:4096])
    if named and not data.startswith((b"\xff\xfe", b"\xfe\xff")):
        name = named[1].decode("ascii", "replace").lower()
        try:
            return data.decode({"gb2312": "gb18030", "gbk": "gb18030"}.get(name, name), "replace")
        except LookupError:
            pass
    return decoded(data)


def read_html(path: Path, out: Printer) -> int:
    page = page_text(path.read_bytes()[: 4 * MOST_TEXT])
    found, is_whole = sections_of(page, out.budget)
    for number, (label, text) in enumerate(found, 1):
        out.part(f"h{number}", label, text, is_late=not is_whole)
    if not is_whole:
        raise Enough(1)
    return 1


def xml(data: bytes) -> Any:
    from defusedxml import ElementTree
    from defusedxml.common import DefusedXmlException

    try:
        return ElementTree.fromstring(data, forbid_dtd=True)
    except DefusedXmlException:
        raise Failed("unsafe") from None
    except ElementTree.ParseError:
        raise Failed("damaged") from None


def each(element: Any, *names: str) -> Iterator[Any]:
    """What stands inside an element under one of these names, of whatever namespace."""
    for inner in element.iter():
        if isinstance(inner.tag, str) and inner.tag.rpartition("}")[2] in names:
            yield inner


def book_of(package: zipfile.ZipFile) -> tuple[str, Any]:
    """Where a book says what it is made of, and that."""
    roots = each(xml(entry(package, "META-INF/container.xml")), "rootfile")
    name = next((root.get("full-path", "") for root in roots), "")
    return name, xml(entry(package, name))


def beside(name: str, href: str) -> str:
    """The name of an entry that another one refers to."""
    return posixpath.normpath(posixpath.join(posixpath.dirname(name), unquote(href)))


def cover_name(package: zipfile.ZipFile) -> str:
    """The picture that a book calls its cover, as EPUB 3 or as EPUB 2 says it; "" for none."""
    name, opf = book_of(package)
    items = list(each(opf, "item"))
    named = {meta.get("content") for meta in each(opf, "meta") if meta.get("name") == "cover"}
    for item in items:
        if "cover-image" in item.get("properties", "").split() or item.get("id") in named:
            return beside(name, item.get("href", ""))
    return ""


# Books hide their fonts in these ways, which keeps nobody from reading.
OPEN = ("http://www.idpf.org/2008/embedding", "http://ns.adobe.com/pdf/enc#RC")


def is_locked(package: zipfile.ZipFile) -> bool:
    """Whether the text of a book is for holders of a key (DRM)."""
    if "META-INF/encryption.xml" not in package.NameToInfo:
        return False
    ways = each(xml(entry(package, "META-INF/encryption.xml")), "EncryptionMethod")
    return any(way.get("Algorithm") not in OPEN for way in ways)


def read_epub(path: Path, out: Printer) -> int:
    check_package(path)
    number = 0
    with zipfile.ZipFile(path) as package:
        names = set(package.namelist())
        if is_locked(package):
            raise Failed("password")
        book, opf = book_of(package)
        items = {item.get("id"): item for item in each(opf, "item")}
        for ref in each(opf, "itemref"):
            out.budget.spend()
            item = items.get(ref.get("idref"))
            if item is None or "html" not in item.get("media-type", ""):
                continue
            name = beside(book, item.get("href", ""))
            if name not in names:
                continue
            found, is_whole = sections_of(page_text(entry(package, name)), out.budget)
            for label, text in found:
                number += 1
                out.part(f"h{number}", label, text, is_late=not is_whole)
            if not is_whole:
                raise Enough
    return 0
