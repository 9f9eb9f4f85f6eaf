"""How a document is cited: in Chinese writing, in English writing, and for programs."""

from __future__ import annotations

import re
from datetime import date

from app.library.rules import Kind, Label, date_said

# GB/T 7714-2015: what kind of source it is; /OL is for one that is read online.
_MARKS = {Kind.XLSX: "DB/OL", Kind.XLS: "DB/OL", Kind.ODS: "DB/OL", Kind.EPUB: "M/OL"}
_NAMES = re.compile(r"\s*[;；,，、]\s*|\s+and\s+")


def people(text: str) -> list[str]:
    """The names in a line of authors."""
    return [name for name in _NAMES.split(text.strip()) if name]


def gbt(label: Label, kind: Kind, url: str, day: date) -> str:
    """A citation by GB/T 7714-2015."""
    names = people(label.authors)
    shown = ", ".join(names[:3]) + (", 等" if len(names) > 3 else "")
    mark = "J/OL" if label.issue else _MARKS.get(kind, "EB/OL")
    source = ", ".join(filter(None, (label.publisher, _year(label), label.issue)))
    parts = [f"{shown}." if shown else "", f"{label.title}[{mark}]."]
    parts.append(f"{source}[{day.isoformat()}]." if source else f"[{day.isoformat()}].")
    return " ".join(filter(None, (*parts, f"{url}.")))


def apa(label: Label, url: str) -> str:
    """A citation by APA, seventh edition, as far as the label allows."""
    names = people(label.authors)
    shown = ", ".join(names[:-1]) + (", & " if len(names) > 1 else "") + (names[-1:] or [""])[0]
    when = f"({_year(label) or 'n.d.'})."
    issue = f" ({label.issue})" if label.issue else ""
    head = f"{shown} {when} {label.title}{issue}." if shown else f"{label.title}{issue}. {when}"
    return " ".join(filter(None, (head, f"{label.publisher}." if label.publisher else "", url)))


def bibtex(label: Label, uuid: str, url: str) -> str:
    """An entry for BibTeX, which Zotero and others read."""
    fields = {
        "title": f"{{{_plain(label.title)}}}",
        "author": " and ".join(map(_plain, people(label.authors))),
        "year": _year(label),
        "publisher": _plain(label.publisher),
        "number": _plain(label.issue),
        "url": url,
    }
    lines = [f"  {name} = {{{value}}}" for name, value in fields.items() if value]
    kind = "article" if label.issue else "misc"
    return f"@{kind}{{weike-{uuid[:8]},\n" + ",\n".join(lines) + "\n}"


def _plain(text: str) -> str:
    return re.sub(r"[{}\\]", " ", text)


def _year(label: Label) -> str:
    return date_said(label.dated)[:4]
