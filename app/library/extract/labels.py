"""What a file says of itself: its title, who wrote it, and so on, as far as its kind has a place.

Only text is taken, and little of it; what of that can be believed is decided elsewhere.
"""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import Any

from .markup import book_of, each, xml
from .packages import check_package, entry
from .printing import MIB

LONGEST = 1_000  # characters of each; the parent reads lines of 64 KiB
LARGEST = 2 * MIB  # bytes of the part that says it
# How the names inside files are called here.
CORE = {"title": "title", "creator": "authors", "language": "language", "keywords": "tags"}
META = {**CORE, "initial-creator": "authors", "keyword": "tags"}
BOOK = {
    "title": "title",
    "creator": "authors",
    "publisher": "publisher",
    "language": "language",
    "date": "dated",
    "subject": "tags",
    "description": "summary",
}
MANY = frozenset({"authors", "tags"})  # named one after another
PDF = {"Title": "title", "Author": "authors", "Keywords": "tags"}


def about(path: Path, kind: str) -> dict[str, str]:
    """What a file says of itself, by the names of the label's fields; nothing for other kinds."""
    if kind == "pdf":
        return _of_pdf(path)
    if kind not in {"docx", "pptx", "xlsx", "odt", "odp", "ods", "epub"}:
        return {}
    check_package(path)
    with zipfile.ZipFile(path) as package:
        if kind == "epub":
            return _named(next(each(book_of(package)[1], "metadata"), ()), BOOK)
        name, names = ("meta.xml", META) if kind[0] == "o" else ("docProps/core.xml", CORE)
        if name not in package.NameToInfo or package.getinfo(name).file_size > LARGEST:
            return {}
        return _named(xml(entry(package, name)), names)


def _named(element: Any, names: dict[str, str]) -> dict[str, str]:
    found: dict[str, list[str]] = {}
    for inner in element.iter() if element is not None and len(element) else ():
        name = names.get(str(inner.tag).rpartition("}")[2])
        text = " ".join("".join(inner.itertext()).split())
        if name and text and text not in found.setdefault(name, []):
            found[name].append(text[:LONGEST])
    return {
        name: "; ".join(texts)[:LONGEST] if name in MANY else texts[0]
        for name, texts in found.items()
        if texts
    }


def _of_pdf(path: Path) -> dict[str, str]:
    import pypdfium2

    document = pypdfium2.PdfDocument(str(path))
    said = document.get_metadata_dict(skip_empty=True)
    return {name: str(said[key])[:LONGEST] for key, name in PDF.items() if key in said}
