"""The text of documents: shown in pages, and searched inside one document."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from markupsafe import Markup
from sqlalchemy import func, select

from app.core.db import db
from app.core.paging import Page, window
from app.library.models import DocumentPart, DocumentPlace
from app.library.rules import PARTS_SHOWN
from app.search import snippets
from app.search.queries import sought_for
from app.search.rules import place_name
from app.search.snippets import Sought

MOST_HITS = 50
MOST_HEADINGS = 300
MOST_WORDS = 20  # spellings that a reader marks


def parts(file_id: int, page: int) -> Page[DocumentPart]:
    """The text of a file, ten parts to a page."""
    session = db.session()
    mine = DocumentPart.file_id == file_id
    total = session.scalar(select(func.count()).select_from(DocumentPart).where(mine)) or 0
    offset, limit = window(page, PARTS_SHOWN)
    rows = session.scalars(
        select(DocumentPart).where(mine).order_by(DocumentPart.position).offset(offset).limit(limit)
    ).all()
    return Page(rows, max(1, page), total, PARTS_SHOWN)


def all_parts(file_id: int) -> Sequence[DocumentPart]:
    """The whole text of a file."""
    return (
        db.session()
        .scalars(
            select(DocumentPart)
            .where(DocumentPart.file_id == file_id)
            .order_by(DocumentPart.position)
        )
        .all()
    )


class Heading(NamedTuple):
    """Where a part of a document begins that has a name."""

    anchor: str
    label: str
    page: int  # of the preview


def headings(file_id: int) -> list[Heading]:
    """The parts that have a name, in the order of the document, each once."""
    rows = db.session().execute(
        select(DocumentPart.anchor, DocumentPart.label, DocumentPart.position)
        .where(DocumentPart.file_id == file_id, DocumentPart.label != "")
        .order_by(DocumentPart.position)
        .limit(MOST_HEADINGS)
    )
    return [
        Heading(anchor, label, page_of(position))
        for anchor, label, position in rows
        if "-" not in anchor
    ]


@dataclass(frozen=True)
class Hit:
    """A part of a document in which all words stand."""

    anchor: str
    label: str
    page: int  # of the preview
    html: Markup


def hits(file_id: int, text: str) -> list[Hit]:
    """The parts of one document that have all words of `text`, in the order of the document."""
    sought = sought_for(text)
    wanted = len(sought.units) + len(sought.phrases)
    found: list[Hit] = []
    for part in all_parts(file_id) if wanted else ():
        whole = f"{part.label}\n{part.text}" if part.label else part.text
        if len({number for _, _, number in sought.spans(whole)}) < wanted:
            continue
        html, _, _ = snippets.excerpt(part.text, sought)
        page = page_of(part.position)
        found.append(Hit(part.anchor, part.label, page, html))
        if len(found) == MOST_HITS:
            break
    return found


def highlighted(text: str, quotes: Sequence[str], sought: Sought) -> Markup:
    """A text as safe HTML, with the sought words marked and the reader's own quotes highlighted."""
    spans: list[tuple[int, int]] = []
    for quote in quotes:
        signs = [re.escape(sign) for sign in quote if not sign.isspace()]
        # What is selected in a table has no signs between its cells.
        match = re.search(r"[\s|•]*".join(signs), text) if signs else None
        if match and not any(match.start() < end and start < match.end() for start, end in spans):
            spans.append(match.span())
    html, at = Markup(), 0
    for start, end in sorted(spans):
        html += snippets.marked(text[at:start], sought)
        html += Markup('<mark class="own">{}</mark>').format(
            snippets.marked(text[start:end], sought)
        )
        at = end
    return html + snippets.marked(text[at:], sought)


def words_in(file_id: int, sought: Sought) -> list[str]:
    """What the sought words look like in a document as it is written, the longest first."""
    found: dict[str, None] = {}
    for part in all_parts(file_id):
        for start, end, _ in sought.spans(part.text):
            found[" ".join(part.text[start:end].split())] = None
        if len(found) >= MOST_WORDS:
            break
    return sorted(found, key=len, reverse=True)[:MOST_WORDS]


def place_of(member_id: int, document_id: int) -> str:
    """The anchor at which a member stopped reading; "" for the beginning."""
    place = db.session().get(DocumentPlace, (member_id, document_id))
    return place.anchor if place else ""


def read_on_at(member_id: int, document_id: int, file_id: int) -> tuple[str, str]:
    """Where to read on: (anchor, what the place is called); empty at the beginning.

    Also where a newer version has no such place.
    """
    row = (
        db.session()
        .execute(
            select(DocumentPlace.anchor, DocumentPart.label, DocumentPart.position)
            .join(DocumentPart, DocumentPart.anchor == DocumentPlace.anchor)
            .where(
                DocumentPlace.member_id == member_id,
                DocumentPlace.document_id == document_id,
                DocumentPart.file_id == file_id,
            )
            .order_by(DocumentPart.position)
        )
        .first()
    )
    return (row.anchor, place_name(row.anchor, row.label)) if row and row.position else ("", "")


def page_with(file_id: int, anchor: str) -> int:
    """The page of the preview on which a part stands; the first when there is none."""
    position = db.session().scalar(
        select(DocumentPart.position).where(
            DocumentPart.file_id == file_id, DocumentPart.anchor == anchor
        )
    )
    return page_of(position or 0)


def page_of(position: int) -> int:
    """The page of the preview that a part stands on."""
    return position // PARTS_SHOWN + 1
