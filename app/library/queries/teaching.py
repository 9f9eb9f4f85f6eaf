"""Documents as the source of questions: where to read again, and what questions are made from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import and_, func, or_, select

from app.core.db import db
from app.core.refusals import NotThere
from app.library.models import Document, DocumentFile, DocumentPart
from app.library.queries.documents import newest, seen_by
from app.members.rules import Reader
from app.questions.queries import PagePlace
from app.search.rules import place_name

MOST_FOUND = 40  # documents offered to choose from
_BEGINNING = 70  # characters of a part by which it is known again


@dataclass(frozen=True)
class Reference:
    """A place in a document that a reader may open; `place` is “Page 7”, or "" for the whole."""

    uuid: str
    title: str
    anchor: str
    place: str


def references_for(reader: Reader, places: Mapping[int, PagePlace]) -> dict[int, Reference]:
    """What a reader may read of the places given, by the same keys; the rest is left out."""
    uuids = {place.document for place in places.values()}
    if not uuids:
        return {}
    rows = db.session().execute(
        select(Document.uuid, Document.title, DocumentFile.id)
        .join(DocumentFile, newest())
        .where(Document.uuid.in_(uuids), seen_by(reader))
    )
    seen = {uuid: (title, file_id) for uuid, title, file_id in rows}
    known = [place for place in places.values() if place.document in seen]
    labels = _labels({(seen[place.document][1], place.anchor) for place in known})
    found = {}
    for key, place in places.items():
        if place.document in seen:
            title, file_id = seen[place.document]
            named = place_name(place.anchor, labels.get((file_id, place.anchor), ""))
            found[key] = Reference(place.document, title, place.anchor, named)
    return found


def _labels(wanted: set[tuple[int, str]]) -> dict[tuple[int, str], str]:
    if not wanted:
        return {}
    rows = select(DocumentPart).where(
        or_(
            *(
                and_(DocumentPart.file_id == file_id, DocumentPart.anchor == anchor)
                for file_id, anchor in wanted
            )
        )
    )
    return {(row.file_id, row.anchor): row.label for row in db.session().scalars(rows)}


@dataclass(frozen=True)
class PartLine:
    """One part of a document to choose from: what it is called and how it begins."""

    position: int
    anchor: str
    place: str
    begins: str


def part_lines(file_id: int) -> list[PartLine]:
    """The parts of a file in its order."""
    rows = db.session().execute(
        select(
            DocumentPart.position,
            DocumentPart.anchor,
            DocumentPart.label,
            func.substr(DocumentPart.text, 1, 2 * _BEGINNING),
        )
        .where(DocumentPart.file_id == file_id)
        .order_by(DocumentPart.position)
    )
    return [
        PartLine(position, anchor, place_name(anchor, label), " ".join(text.split())[:_BEGINNING])
        for position, anchor, label, text in rows
    ]


def part_called(file_id: int, anchor: str) -> str:
    """How a part of a file is called. Raises NotThere."""
    label = db.session().scalar(
        select(DocumentPart.label).where(
            DocumentPart.file_id == file_id, DocumentPart.anchor == anchor
        )
    )
    if label is None:
        raise NotThere
    return place_name(anchor, label)


def parts_between(file_id: int, first: int, last: int) -> Sequence[DocumentPart]:
    """The parts from one position to another, both included."""
    rows = select(DocumentPart).where(
        DocumentPart.file_id == file_id, DocumentPart.position.between(first, last)
    )
    return db.session().scalars(rows.order_by(DocumentPart.position)).all()


def documents_called(reader: Reader, text: str) -> list[tuple[str, str]]:
    """(uuid, title) of documents with a text that a reader may see and whose titles have all the
    words, the newest first."""
    found = (
        select(Document.uuid, Document.title)
        .join(DocumentFile, newest())
        .where(seen_by(reader), DocumentFile.state == "searchable")
    )
    for word in text.split()[:8]:
        found = found.where(Document.title.icontains(word, autoescape=True))
    rows = db.session().execute(found.order_by(Document.changed_at.desc()).limit(MOST_FOUND))
    return [(uuid, title) for uuid, title in rows]
