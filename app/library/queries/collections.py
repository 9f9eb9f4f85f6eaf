"""The tree of collections."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import aliased

from app.core.db import db
from app.core.refusals import NotThere
from app.library.models import Collection, Document
from app.library.queries.documents import seen_by
from app.members.rules import Reader


@dataclass(frozen=True)
class CollectionLine:
    """A collection in the tree, with how many documents the reader sees in it and below."""

    id: int
    name: str
    depth: int  # from 0
    path: str
    parent_id: int | None
    documents: int


def collections_for(reader: Reader, *, empty: bool = False) -> list[CollectionLine]:
    """The tree of collections, those without a document for the reader only when `empty` says so.

    An empty one is left out for readers because its name alone could tell what is hidden in it.
    """
    session = db.session()
    counted = session.execute(
        select(Document.collection_id, func.count())
        .where(seen_by(reader), Document.collection_id.is_not(None))
        .group_by(Document.collection_id)
    )
    counts = {row[0]: row[1] for row in counted}
    rows = session.scalars(select(Collection).order_by(Collection.position, Collection.name)).all()
    below: dict[int, int] = {
        row.id: sum(counts.get(other.id, 0) for other in rows if other.path.startswith(row.path))
        for row in rows
    }
    lines: list[CollectionLine] = []

    def walk(parent: int | None, depth: int) -> None:
        for row in rows:
            if row.parent_id == parent and (empty or below[row.id]):
                lines.append(
                    CollectionLine(row.id, row.name, depth, row.path, parent, below[row.id])
                )
                walk(row.id, depth + 1)

    walk(None, 0)
    return lines


def collection_for(reader: Reader, collection_id: int) -> CollectionLine:
    """A collection that the reader may know of; raises NotThere."""
    found = next((c for c in collections_for(reader, empty=True) if c.id == collection_id), None)
    is_editor = reader.is_author or reader.is_organizer
    if found is None or not (found.documents or is_editor):
        raise NotThere
    return found


def collection_choices() -> list[tuple[int, str]]:
    """All collections for a form, names indented by their depth, in the order of the tree."""
    rows = db.session().scalars(select(Collection)).all()
    by_id = {row.id: row for row in rows}

    def place(row: Collection) -> list[tuple[int, str]]:
        above = [by_id[int(part)] for part in row.path.split("/") if part]
        return [(each.position, each.name) for each in above]

    return [
        (row.id, "\u2003" * (row.path.count("/") - 2) + row.name) for row in sorted(rows, key=place)
    ]


def collection_trail(collection_id: int | None) -> list[tuple[int, str]]:
    """A collection and those above it, from the top: (id, name)."""
    if collection_id is None:
        return []
    above = aliased(Collection)
    rows = db.session().execute(
        select(above.id, above.name)
        .join(Collection, Collection.path.startswith(above.path))
        .where(Collection.id == collection_id)
        .order_by(func.length(above.path))
    )
    return [(number, name) for number, name in rows]
