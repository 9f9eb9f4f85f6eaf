"""Documents: who may see which, lists of them, and their versions."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from sqlalchemy import ColumnElement, and_, func, or_, select, true

from app.core.db import db
from app.core.paging import Page, window
from app.core.refusals import NotThere
from app.core.settings import today
from app.courses.models import Course
from app.courses.queries import seeing, title_here
from app.library import rules
from app.library.models import (
    Collection,
    Document,
    DocumentBranch,
    DocumentCourse,
    DocumentFile,
)
from app.library.rules import UNFINISHED, Kind, Label, Reason, State
from app.library.rules.proposing import unused
from app.members.models import Branch
from app.members.rules import Reader, path_text

PAGE_SIZE = 20
MOST_COURSES = 300  # offered in a form


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
    has_cover: bool = False
    is_recognised: bool = False
    unread_pages: int = 0
    about: Mapping[str, str] = field(default_factory=dict)  # what it says of itself

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
    label: Label


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
    label: Label
    is_valid: bool  # readers see it today

    @property
    def proposed(self) -> dict[str, str]:
        """What the file says of itself that is not on the label, for those who may change it."""
        if not self.may_change:
            return {}
        return unused(self.file.about, self.title, self.label, self.file.filename)

    @property
    def may_download(self) -> bool:
        return self.label.may_download or self.may_change


def seen_by(reader: Reader) -> ColumnElement[bool]:
    """The documents that a reader may see; the same as rules.may_see, for the database."""
    if reader.is_administrator:
        return true()
    own = select(DocumentBranch.document_id).where(DocumentBranch.branch_id.in_(reader.branch_path))
    day = today()
    valid = and_(
        or_(Document.valid_from.is_(None), Document.valid_from <= day),
        or_(Document.valid_until.is_(None), Document.valid_until >= day),
    )
    ways = [
        and_(valid, or_(Document.open_to_all, Document.id.in_(own))),
        Document.owner_id == reader.id,
    ]
    if reader.organizes:
        beneath = or_(*(Branch.path.startswith(path_text(top)) for top in reader.organizes))
        of = select(DocumentBranch.document_id).join(Branch, Branch.id == DocumentBranch.branch_id)
        ways.append(
            and_(
                ~Document.open_to_all,
                Document.id.in_(of.where(beneath)),
                Document.id.not_in(of.where(~beneath)),
            )
        )
    return or_(*ways)


def label_of(row: Document) -> Label:
    """What is written on a document."""
    return Label(
        title=row.title,
        authors=row.authors,
        publisher=row.publisher,
        dated=row.dated,
        issue=row.issue,
        source=row.source,
        language=row.language,
        tags=rules.tags_of(row.tags),
        summary=row.summary,
        is_pinned=row.is_pinned,
        may_download=row.may_download,
        valid_from=row.valid_from,
        valid_until=row.valid_until,
    )


def document_for(reader: Reader, uuid: str) -> DocumentView:
    """A document that the reader may see; raises NotThere for all others."""
    session = db.session()
    row = session.execute(
        select(Document, DocumentFile)
        .join(DocumentFile, newest())
        .where(Document.uuid == uuid, seen_by(reader))
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
        label=label_of(document),
        is_valid=label_of(document).is_valid_on(today()),
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
    return list(paths_of(branches).values())


def paths_of(branches: Iterable[int]) -> dict[int, tuple[int, ...]]:
    """The paths of branches, by id."""
    rows = db.session().scalars(select(Branch).where(Branch.id.in_(list(branches))))
    return {branch.id: branch.path_ids for branch in rows}


def branch_names(branches: Iterable[int]) -> list[str]:
    """Names of branches, in the order of the tree."""
    return list(
        db.session().scalars(
            select(Branch.name).where(Branch.id.in_(list(branches))).order_by(Branch.path)
        )
    )


def documents_for(
    reader: Reader,
    *,
    collection_id: int | None = None,
    kind: Kind | None = None,
    year: int | None = None,
    page: int = 1,
) -> Page[DocumentLine]:
    """The documents that a reader may see, pinned ones and then the newest first.

    Of a collection with all below it; of a year by what they are dated, the latest issue first.
    """
    wanted = (
        select(Document, DocumentFile, Collection.name)
        .join(DocumentFile, newest())
        .outerjoin(Collection, Collection.id == Document.collection_id)
        .where(seen_by(reader))
    )
    if collection_id is not None:
        path = _path(collection_id)
        wanted = wanted.where(Collection.path.startswith(path))
    if kind is not None:
        wanted = wanted.where(DocumentFile.kind == kind.value)
    order: list[ColumnElement[Any]] = [Document.is_pinned.desc(), Document.changed_at.desc()]
    if year is not None:
        wanted = wanted.where(Document.dated.between(date(year, 1, 1), date(year, 12, 31)))
        # Issues of one date in the order of their numbers: 第10期 is above 第9期.
        order = [
            Document.dated.desc(),
            func.length(Document.issue).desc(),
            Document.issue.desc(),
        ]
    session = db.session()
    total = session.scalar(select(func.count()).select_from(wanted.subquery())) or 0
    offset, limit = window(page, PAGE_SIZE)
    rows = session.execute(wanted.order_by(*order, Document.id.desc()).offset(offset).limit(limit))
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
            label=label_of(document),
        )
        for document, file, name in rows
    ]
    return Page(lines, max(1, page), total, PAGE_SIZE)


def kinds_for(reader: Reader) -> list[Kind]:
    """The kinds of documents that there are for a reader."""
    found = set(
        db.session().scalars(
            select(DocumentFile.kind).distinct().join(Document, newest()).where(seen_by(reader))
        )
    )
    return [kind for kind in Kind if kind in found]


def years_for(reader: Reader, *, collection_id: int | None = None) -> list[int]:
    """The years that documents of a collection, and all below it, are dated; the latest first."""
    wanted = select(Document.dated).where(seen_by(reader), Document.dated.is_not(None)).distinct()
    if collection_id is not None:
        wanted = wanted.join(Collection, Collection.id == Document.collection_id).where(
            Collection.path.startswith(_path(collection_id))
        )
    return sorted({day.year for day in db.session().scalars(wanted) if day}, reverse=True)


def related_courses(reader: Reader, document_id: int) -> list[tuple[str, str]]:
    """Courses that belong with a document and that the reader may see: (slug, title)."""
    rows = db.session().execute(
        select(Course.slug, title_here(Course))
        .join(DocumentCourse, DocumentCourse.course_id == Course.id)
        .where(DocumentCourse.document_id == document_id, seeing.seen_by(reader))
        .order_by(title_here(Course))
    )
    return [(slug, title) for slug, title in rows]


def course_ids(document_id: int) -> list[int]:
    """The ids of all courses that belong with a document."""
    return list(
        db.session().scalars(
            select(DocumentCourse.course_id).where(DocumentCourse.document_id == document_id)
        )
    )


def course_choices(reader: Reader) -> list[tuple[int, str]]:
    """Courses that a document may belong with: those that the reader sees."""
    rows = db.session().execute(
        select(Course.id, title_here(Course))
        .where(seeing.seen_by(reader))
        .order_by(title_here(Course))
        .limit(MOST_COURSES)
    )
    return [(number, title) for number, title in rows]


def bounded_documents() -> list[int]:
    """The ids of documents that are to be seen from or until some day only."""
    return list(
        db.session().scalars(
            select(Document.id).where(
                or_(Document.valid_from.is_not(None), Document.valid_until.is_not(None))
            )
        )
    )


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


def own_uuid(reader: Reader, uuid: str) -> str | None:
    """The uuid of a document that the reader owns; None when there is none."""
    return db.session().scalar(
        select(Document.uuid).where(Document.uuid == uuid, Document.owner_id == reader.id)
    )


def document_with(sha256: str, reader: Reader) -> DocumentLine | None:
    """A document that the reader may see whose newest file is exactly this one."""
    row = (
        db.session()
        .execute(
            select(Document, DocumentFile)
            .join(DocumentFile, newest())
            .where(DocumentFile.sha256 == sha256, seen_by(reader))
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
        label_of(document),
    )


def all_documents() -> list[int]:
    """The ids of all documents."""
    return list(db.session().scalars(select(Document.id).order_by(Document.id)))


def title_of_file(file_id: int) -> str:
    """The title of the document that a file belongs to; "" when it is gone."""
    file = db.session().get(DocumentFile, file_id)
    return db.session().get_one(Document, file.document_id).title if file else ""


def newest_files(kind: Kind | None = None) -> list[int]:
    """The ids of the newest file of each document, of one kind or of all, that has been read."""
    wanted = (
        select(DocumentFile.id)
        .join(Document, newest())
        .where(DocumentFile.state.not_in([state.value for state in UNFINISHED]))
        .order_by(DocumentFile.id)
    )
    if kind is not None:
        wanted = wanted.where(DocumentFile.kind == kind.value)
    return list(db.session().scalars(wanted))


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


def _path(collection_id: int) -> str:
    return db.session().scalar(select(Collection.path).where(Collection.id == collection_id)) or "?"


def newest() -> ColumnElement[bool]:
    """Joins a document to its newest file."""
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
        has_cover=row.has_cover,
        is_recognised=row.is_recognised,
        unread_pages=row.unread_pages,
        about=row.about,
    )
