"""The parts of a Word document under one set of names, whichever program wrote it."""

from __future__ import annotations

import posixpath
import re
import zipfile
from collections.abc import Callable
from xml.etree.ElementTree import Element

from app.questions.formats import archive
from app.questions.formats.facts import Paper
from app.questions.formats.word.numbering import W

R = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}"
_MC = "{http://schemas.openxmlformats.org/markup-compatibility/2006}"
_TRANSITIONAL = b"http://schemas.openxmlformats.org/"
# The strict form of the standard has names of its own for the same things.
_STRICT = (
    (b"http://purl.oclc.org/ooxml/officeDocument/", _TRANSITIONAL + b"officeDocument/2006/"),
    (b"http://purl.oclc.org/ooxml/wordprocessingml/", _TRANSITIONAL + b"wordprocessingml/2006/"),
    (b"http://purl.oclc.org/ooxml/drawingml/", _TRANSITIONAL + b"drawingml/2006/"),
)
_WORDLESS = re.compile(r"[^\w ，。-]")
_DRAWN = (".png", ".jpg", ".jpeg", ".webp")


class Package:
    """A document: its main part, and what belongs to it by the kind of its relation."""

    def __init__(self, data: bytes) -> None:
        self.package = archive.opened(data)
        main = next(iter(self._related("")[0].values()), "word/document.xml")
        document = archive.entry(self.package, main)
        self.main = main if document is not None else "word/document.xml"
        self.by_kind, self.targets = self._related(self.main)

    def _related(self, part: str) -> tuple[dict[str, str], dict[str, str]]:
        """(kind → part, id → part) of what a part names, or the package itself ("")."""
        folder, name = posixpath.split(part)
        data = archive.entry(self.package, posixpath.join(folder, "_rels", f"{name}.rels"))
        kinds, ids = dict[str, str](), dict[str, str]()
        for each in _parsed(data) if data else ():
            target, kind = each.get("Target", ""), each.get("Type", "").rpartition("/")[2]
            if each.get("TargetMode") == "External" or not (part or kind == "officeDocument"):
                continue
            path = target.lstrip("/") if target.startswith("/") else posixpath.join(folder, target)
            ids[each.get("Id", "")] = path = posixpath.normpath(path)
            kinds.setdefault(kind, path)
        return kinds, ids

    def document(self) -> Element | None:
        data = archive.entry(self.package, self.main)
        return None if data is None else _parsed(data)

    def part(self, kind: str) -> Element | None:
        """“numbering”, “styles”, “comments”, “footnotes” …; None when there is none."""
        default = posixpath.join(posixpath.dirname(self.main), f"{kind}.xml")
        data = archive.entry(self.package, self.by_kind.get(kind, default))
        return None if data is None else _parsed(data)


def _parsed(data: bytes) -> Element:
    for strict, name in _STRICT:
        data = data.replace(strict, name)
    return archive.xml(data)


class Pictures:
    """The pictures of a document, by the names that its text has for them."""

    def __init__(self, paper: Paper, package: Package) -> None:
        self.paper = paper
        self.package: zipfile.ZipFile = package.package
        self.targets = package.targets

    def _shown(self, drawn: Element) -> list[tuple[str, bytes]] | None:
        """Name and bytes of every picture in a drawing; None when one of them cannot be shown."""
        ids = [
            value
            for each in drawn.iter()
            for key, value in each.attrib.items()
            if archive.local(each) in {"blip", "imagedata"} and key in {f"{R}embed", f"{R}id"}
        ]
        found = []
        for name in (self.targets.get(each, "") for each in ids):
            is_drawn = name.lower().endswith(_DRAWN)
            data = archive.entry(self.package, name) if is_drawn else None
            if data is None:
                return None
            found.append((posixpath.basename(name), data))
        return found

    def can_show(self, drawn: Element) -> bool:
        return bool(self._shown(drawn))

    def line(self, drawn: Element) -> str:
        """A drawing as Markdown; "" for what is no picture that we can show."""
        words = next((e.get("descr", "") for e in drawn.iter() if archive.local(e) == "docPr"), "")
        shown = [
            f"![{_WORDLESS.sub(' ', words)[:100].strip()}]({self.paper.enclose(name, data)})"
            for name, data in self._shown(drawn) or ()
        ]
        return " ".join(shown)


def settle(element: Element, can_show: Callable[[Element], bool]) -> None:
    """Put what is shown in the place of what programs write twice: for themselves, and for others.

    The first form is taken when it has words or a picture that we can show.
    """
    for at in range(len(element) - 1, -1, -1):
        child = element[at]
        if child.tag != f"{_MC}AlternateContent":
            settle(child, can_show)
            continue
        forms = [each for each in child if each.tag in {f"{_MC}Choice", f"{_MC}Fallback"}]
        says = (form for form in forms if _has_words(form) or can_show(form))
        form = next(says, forms[0] if forms else None)
        if form is not None:
            settle(form, can_show)
        element[at : at + 1] = list(form) if form is not None else []


def _has_words(form: Element) -> bool:
    return any(
        (each.tag == f"{W}t" and (each.text or "").strip()) or archive.local(each) == "oMath"
        for each in form.iter()
    )
