"""Reads of the library: what a reader may see of it, and what the worker needs."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from markupsafe import Markup
from sqlalchemy import ColumnElement, func, or_, select, true
from sqlalchemy.orm import aliased

from app.core.db import db
from app.core.paging import Page, window
from app.core.refusals import NotThere
from app.library import rules
from app.library.models import Collection, Document, DocumentBranch, DocumentFile, DocumentPart
from app.library.rules import PARTS_SHOWN, UNFINISHED, Kind, Reason, State
from app.members.models import Branch
from app.members.rules import Reader, path_text
from app.search import folding, snippets
from app.search.snippets import Sought

PAGE_SIZE = 20
MOST_HITS = 50


@dataclass(frozen=True)
class FileView:
    """One version of a document's file."""

    id: int
    number: int
    filename: str
    kind: Kind
    bytes: int
    state: State
    reason: Reason | None
    pages: int
    language: str
    is_truncated: bool
    uploaded_at: datetime

    @property
    def is_unfinished(self) -> bool:
        return self.state in UNFINISHED


@dataclass(frozen=True)
class DocumentLine:
    """A document as lists show it."""

    id: int
    uuid: str
    title: str
    collection_id: int | None
    collection: str
    file: FileView
    open_to_all: bool
    changed_at: datetime


@dataclass(frozen=True)
class DocumentView:
    """A document as its own page shows it to one reader."""

    id: int
    uuid: str
    title: str
    collection_id: int | None
    owner_id: int
    branches: frozenset[int] | None  # None is everybody
    file: FileView
    may_change: bool
    changed_at: datetime


@dataclass(frozen=True)
class CollectionLine:
    """A collection in the tree, with how many documents the reader sees in it and below."""

    id: int
    name: str
    depth: int  # from 0
    path: str
    parent_id: int | None
    documents: int


# Who may see what


def _seen_by(reader: Reader) -> ColumnElement[bool]:
    """The documents that a reader may see; the same as rules.may_see, for the database."""
    if reader.is_administrator:
        return true()
    own = select(DocumentBranch.document_id).where(DocumentBranch.branch_id.in_(reader.branch_path))
    ways = [Document.open_to_all, Document.owner_id == reader.id, Document.id.in_(own)]
    if reader.organizes:
        beneath = or_(*(Branch.path.startswith(path_text(top)) for top in reader.organizes))
        foreign = (
            select(DocumentBranch.document_id)
            .join(Branch, Branch.id == DocumentBranch.branch_id)
            .where(~beneath)
        )
        ways.append(~Document.open_to_all & Document.id.not_in(foreign))
    return or_(*ways)


def document_for(reader: Reader, uuid: str) -> DocumentView:
    """A document that the reader may see; raises NotThere for all others."""
    session = db.session()
    row = session.execute(
        select(Document, DocumentFile)
        .join(DocumentFile, _newest())
        .where(Document.uuid == uuid, _seen_by(reader))
    ).first()
    if row is None:
        raise NotThere
    document, file = row
    branches = branches_of(document)
    return DocumentView(
        id=document.id,
        uuid=document.uuid,
        title=document.title,
        collection_id=document.collection_id,
        owner_id=document.owner_id,
        branches=branches,
        file=_file(file),
        may_change=rules.may_change(reader, document.owner_id, _paths(branches)),
        changed_at=document.changed_at,
    )


def changeable_for(reader: Reader, uuid: str) -> DocumentView:
    """A document that the reader may change; raises NotThere or NotYours."""
    found = document_for(reader, uuid)
    if not found.may_change:
        raise rules.NotYours
    return found


def branches_of(document: Document) -> frozenset[int] | None:
    """Whom a document is for: None is everybody."""
    if document.open_to_all:
        return None
    return frozenset(
        db.session().scalars(
            select(DocumentBranch.branch_id).where(DocumentBranch.document_id == document.id)
        )
    )


def _paths(branches: frozenset[int] | None) -> list[tuple[int, ...]] | None:
    if branches is None:
        return None
    rows = db.session().scalars(select(Branch).where(Branch.id.in_(branches)))
    return [branch.path_ids for branch in rows]


def branch_names(branches: Iterable[int]) -> list[str]:
    """Names of branches, in the order of the tree."""
    return list(
        db.session().scalars(
            select(Branch.name).where(Branch.id.in_(list(branches))).order_by(Branch.path)
        )
    )


# Lists


def documents_for(
    reader: Reader, *, collection_id: int | None = None, kind: Kind | None = None, page: int = 1
) -> Page[DocumentLine]:
    """The documents that a reader may see, newest first; of a collection with all below it."""
    wanted = (
        select(Document, DocumentFile, Collection.name)
        .join(DocumentFile, _newest())
        .outerjoin(Collection, Collection.id == Document.collection_id)
        .where(_seen_by(reader))
    )
    if collection_id is not None:
        path = _path(collection_id)
        wanted = wanted.where(Collection.path.startswith(path))
    if kind is not None:
        wanted = wanted.where(DocumentFile.kind == kind.value)
    session = db.session()
    total = session.scalar(select(func.count()).select_from(wanted.subquery())) or 0
    offset, limit = window(page, PAGE_SIZE)
    rows = session.execute(
        wanted.order_by(Document.changed_at.desc(), Document.id.desc()).offset(offset).limit(limit)
    )
    lines = [
        DocumentLine(
            id=document.id,
            uuid=document.uuid,
            title=document.title,
            collection_id=document.collection_id,
            collection=name or "",
            file=_file(file),
            open_to_all=document.open_to_all,
            changed_at=document.changed_at,
        )
        for document, file, name in rows
    ]
    return Page(lines, max(1, page), total, PAGE_SIZE)


def kinds_for(reader: Reader) -> list[Kind]:
    """The kinds of documents that there are for a reader."""
    found = set(
        db.session().scalars(
            select(DocumentFile.kind).distinct().join(Document, _newest()).where(_seen_by(reader))
        )
    )
    return [kind for kind in Kind if kind in found]


def collections_for(reader: Reader, *, empty: bool = False) -> list[CollectionLine]:
    """The tree of collections, those without a document for the reader only when `empty` says so.

    An empty one is left out for readers because its name alone could tell what is hidden in it.
    """
    session = db.session()
    counted = session.execute(
        select(Document.collection_id, func.count())
        .where(_seen_by(reader), Document.collection_id.is_not(None))
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


def _path(collection_id: int) -> str:
    return db.session().scalar(select(Collection.path).where(Collection.id == collection_id)) or "?"


# One document's files and text


def versions(document_id: int) -> list[FileView]:
    """All versions of a document, newest first."""
    rows = db.session().scalars(
        select(DocumentFile)
        .where(DocumentFile.document_id == document_id)
        .order_by(DocumentFile.number.desc())
    )
    return [_file(row) for row in rows]


def version(document: DocumentView, number: int | None) -> FileView:
    """A version to download: the newest, or an older one for who may change the document."""
    if number is None or number == document.file.number:
        return document.file
    found = next((each for each in versions(document.id) if each.number == number), None)
    if found is None or not document.may_change:
        raise NotThere
    return found


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
    wanted = len(sought.units)
    found: list[Hit] = []
    for part in all_parts(file_id) if wanted else ():
        whole = f"{part.label}\n{part.text}" if part.label else part.text
        if len({number for _, _, number in sought.spans(whole)}) < wanted:
            continue
        html, _ = snippets.excerpt(whole, sought)
        page = page_of(part.position)
        found.append(Hit(part.anchor, part.label, page, html))
        if len(found) == MOST_HITS:
            break
    return found


def sought_for(text: str) -> Sought:
    """What to mark for a query, whatever signs it has."""
    return Sought(folding.units(text))


def page_of(position: int) -> int:
    """The page of the preview that a part stands on."""
    return position // PARTS_SHOWN + 1


def document_with(sha256: str, reader: Reader) -> DocumentLine | None:
    """A document that the reader may see whose newest file is exactly this one."""
    row = (
        db.session()
        .execute(
            select(Document, DocumentFile)
            .join(DocumentFile, _newest())
            .where(DocumentFile.sha256 == sha256, _seen_by(reader))
            .limit(1)
        )
        .first()
    )
    if row is None:
        return None
    document, file = row
    return DocumentLine(
        document.id,
        document.uuid,
        document.title,
        document.collection_id,
        "",
        _file(file),
        document.open_to_all,
        document.changed_at,
    )


def all_documents() -> list[int]:
    """The ids of all documents."""
    return list(db.session().scalars(select(Document.id).order_by(Document.id)))


def is_known(uuid: str, number: int) -> bool:
    """Whether a row refers to a version of a document."""
    return (
        db.session().scalar(
            select(DocumentFile.id)
            .join(Document, Document.id == DocumentFile.document_id)
            .where(Document.uuid == uuid, DocumentFile.number == number)
        )
        is not None
    )


def _newest() -> ColumnElement[bool]:
    return (DocumentFile.document_id == Document.id) & (DocumentFile.number == Document.number)


def _file(row: DocumentFile) -> FileView:
    return FileView(
        id=row.id,
        number=row.number,
        filename=row.filename,
        kind=Kind(row.kind),
        bytes=row.bytes,
        state=State(row.state),
        reason=Reason(row.reason) if row.reason else None,
        pages=row.pages,
        language=row.language,
        is_truncated=row.is_truncated,
        uploaded_at=row.uploaded_at,
    )
