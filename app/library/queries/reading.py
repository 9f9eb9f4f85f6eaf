"""What members read: how far, their notes, and reading lists."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import ColumnElement, and_, func, or_, select, true

from app.core import clock
from app.core.db import db
from app.core.refusals import NotThere
from app.core.settings import today
from app.library import rules
from app.library.models import (
    Document,
    DocumentFile,
    DocumentPart,
    DocumentReading,
    ListBranch,
    ListItem,
    Note,
    ReadingList,
)
from app.library.queries.documents import newest, paths_of, seen_by
from app.library.rules import Kind, reading
from app.library.rules.reading import ShownTo
from app.members.models import Branch, Member
from app.members.rules import Reader

LATELY = timedelta(days=30)
LEAST_PEOPLE = 5
MOST_READ_HERE = 3
MOST_PAGES = 500  # of a PDF; what follows is never asked for


def needs(document_id: int) -> dict[str, float]:
    """Seconds that each part of the newest version needs, in the order of the document."""
    file = db.session().scalar(
        select(DocumentFile)
        .join(Document, Document.id == DocumentFile.document_id)
        .where(Document.id == document_id, newest())
    )
    if file is None:
        return {}
    characters: dict[str, int] = {}
    if file.kind == Kind.PDF.value:
        characters = {f"p{page}": 0 for page in range(1, min(file.pages, MOST_PAGES) + 1)}
    rows = db.session().execute(
        select(DocumentPart.anchor, func.length(DocumentPart.text))
        .where(DocumentPart.file_id == file.id)
        .order_by(DocumentPart.position)
    )
    for anchor, length in rows:
        part = reading.base(anchor)
        characters[part] = characters.get(part, 0) + length
    return {anchor: reading.needed(count) for anchor, count in characters.items()}


@dataclass(frozen=True)
class Progress:
    """How far a member has read a document; `finished` stays when a newer version comes."""

    share: int = 0  # per cent
    finished: datetime | None = None


def progress_of(member_id: int, document_ids: Sequence[int]) -> dict[int, Progress]:
    """How far a member has read each of some documents; those never opened are left out."""
    rows = db.session().scalars(
        select(DocumentReading).where(
            DocumentReading.member_id == member_id, DocumentReading.document_id.in_(document_ids)
        )
    )
    return {row.document_id: Progress(row.share, row.finished_at) for row in rows}


@dataclass(frozen=True)
class ReadHere:
    """A document that people of one branch have opened lately, and how many of them."""

    uuid: str
    title: str
    kind: Kind
    people: int


def read_in_branch(reader: Reader) -> list[ReadHere]:
    """What the reader's own branch reads, as far as the reader may see it.

    Only what at least five others have opened: fewer could be told by name.
    """
    people = func.count(DocumentReading.member_id)
    rows = db.session().execute(
        select(Document.uuid, Document.title, DocumentFile.kind, people)
        .join(Document, Document.id == DocumentReading.document_id)
        .join(DocumentFile, newest())
        .join(Member, Member.id == DocumentReading.member_id)
        .where(
            Member.branch_id == reader.branch_id,
            Member.id != reader.id,
            DocumentReading.reported_at >= clock.now() - LATELY,
            seen_by(reader),
        )
        .group_by(Document.id, Document.uuid, Document.title, DocumentFile.kind)
        .having(people >= LEAST_PEOPLE)
        .order_by(people.desc(), Document.id.desc())
        .limit(MOST_READ_HERE)
    )
    return [ReadHere(uuid, title, Kind(kind), count) for uuid, title, kind, count in rows]


# Notes


@dataclass(frozen=True)
class NoteLine:
    """A note, with where it stands."""

    id: int
    anchor: str
    quote: str
    text: str
    created_at: datetime
    uuid: str
    title: str
    kind: Kind
    label: str = ""  # of the part, where the newest version has it


def notes_in(member_id: int, document_id: int) -> list[NoteLine]:
    """A member's notes in one document, in the order in which they were made."""
    return _notes(Note.member_id == member_id, Note.document_id == document_id, by_document=False)


def notes_of(reader: Reader, text: str = "") -> list[NoteLine]:
    """All notes of a member in documents that they may still see; those with `text` only."""
    wanted: list[ColumnElement[bool]] = [Note.member_id == reader.id, seen_by(reader)]
    if text:
        wanted.append(
            or_(
                Note.text.icontains(text, autoescape=True),
                Note.quote.icontains(text, autoescape=True),
                Document.title.icontains(text, autoescape=True),
            )
        )
    return _notes(*wanted, by_document=True)


def _notes(*wanted: ColumnElement[bool], by_document: bool) -> list[NoteLine]:
    order = (Document.title, Document.id, Note.id) if by_document else (Note.id,)
    label = (
        select(DocumentPart.label)
        .where(DocumentPart.file_id == DocumentFile.id, DocumentPart.anchor == Note.anchor)
        .order_by(DocumentPart.position)
        .limit(1)
        .scalar_subquery()
    )
    rows = db.session().execute(
        select(Note, Document.uuid, Document.title, DocumentFile.kind, label)
        .join(Document, Document.id == Note.document_id)
        .join(DocumentFile, newest())
        .where(*wanted)
        .order_by(*order)
        .limit(2_000)
    )
    return [
        NoteLine(
            id=note.id,
            anchor=note.anchor,
            quote=note.quote,
            text=note.text,
            created_at=note.created_at,
            uuid=uuid,
            title=title,
            kind=Kind(kind),
            label=label or "",
        )
        for note, uuid, title, kind, label in rows
    ]


# Reading lists


@dataclass(frozen=True)
class ItemLine:
    """A document on a list, with how far the reader is."""

    document_id: int
    uuid: str
    title: str
    kind: Kind
    pages: int
    progress: Progress


@dataclass(frozen=True)
class ListView:
    """A reading list as one reader sees it."""

    id: int
    owner_id: int
    owner: str
    title: str
    about: str
    shown_to: ShownTo
    branches: frozenset[int]
    is_required: bool
    due: date | None
    documents: list[ItemLine]
    may_change: bool

    @property
    def read(self) -> int:
        return sum(item.progress.finished is not None for item in self.documents)

    @property
    def is_done(self) -> bool:
        return bool(self.documents) and self.read == len(self.documents)


def lists_for(reader: Reader) -> list[ListView]:
    """The lists that a reader sees: required ones that are not read first, then the newest."""
    rows = db.session().execute(
        select(ReadingList, Member.name)
        .join(Member, Member.id == ReadingList.owner_id)
        .where(_list_seen_by(reader))
        .order_by(ReadingList.id.desc())
    )
    found = _views(reader, [(row, name) for row, name in rows])
    last = date.max
    return sorted(
        found, key=lambda each: (not each.is_required or each.is_done, each.due or last, -each.id)
    )


def required_for(reader: Reader) -> list[ListView]:
    """Required lists that the reader has not read yet; what a list's own maker made is no duty."""
    found = lists_for(reader)
    return [
        each
        for each in found
        if each.is_required
        and each.documents
        and not each.is_done
        and reader.may_see(reading.list_audience(each.shown_to, each.branches))
    ]


def list_for(reader: Reader, list_id: int) -> ListView:
    """A list that the reader sees; raises NotThere."""
    row = (
        db.session()
        .execute(
            select(ReadingList, Member.name)
            .join(Member, Member.id == ReadingList.owner_id)
            .where(ReadingList.id == list_id, _list_seen_by(reader))
        )
        .first()
    )
    if row is None:
        raise NotThere
    return _views(reader, [(row[0], row[1])])[0]


def changeable_list_for(reader: Reader, list_id: int) -> ListView:
    """A list that the reader may change; raises NotThere or NotYours."""
    found = list_for(reader, list_id)
    if not found.may_change:
        raise rules.NotYours
    return found


def lists_to_fill(reader: Reader) -> list[tuple[int, str]]:
    """The lists that a reader may put documents on: (id, title)."""
    return [(each.id, each.title) for each in lists_for(reader) if each.may_change]


def _list_seen_by(reader: Reader) -> ColumnElement[bool]:
    mine = ReadingList.owner_id == reader.id
    if reader.is_administrator:
        return or_(mine, ReadingList.shown_to != ShownTo.ME.value)
    branches = select(ListBranch.list_id).where(ListBranch.branch_id.in_(reader.branch_path))
    ways = [
        mine,
        ReadingList.shown_to == ShownTo.ALL.value,
        and_(ReadingList.shown_to == ShownTo.BRANCHES.value, ReadingList.id.in_(branches)),
    ]
    if reader.organizes:
        every = select(ListBranch.list_id, Branch.path).join(
            Branch, Branch.id == ListBranch.branch_id
        )
        own = [
            number
            for number, path in db.session().execute(every)
            if reader.may_organize(tuple(int(part) for part in path.split("/") if part))
        ]
        ways.append(and_(ReadingList.shown_to == ShownTo.BRANCHES.value, ReadingList.id.in_(own)))
    return or_(*ways)


def _views(reader: Reader, rows: Sequence[tuple[ReadingList, str]]) -> list[ListView]:
    session = db.session()
    ids = [row.id for row, _ in rows]
    branches: dict[int, set[int]] = {number: set() for number in ids}
    for list_id, branch_id in session.execute(
        select(ListBranch.list_id, ListBranch.branch_id).where(ListBranch.list_id.in_(ids))
    ):
        branches[list_id].add(branch_id)
    paths = paths_of({branch for some in branches.values() for branch in some})
    listed = session.execute(
        select(
            ListItem.list_id,
            Document.id,
            Document.uuid,
            Document.title,
            DocumentFile.kind,
            DocumentFile.pages,
        )
        .join(Document, Document.id == ListItem.document_id)
        .join(DocumentFile, newest())
        .where(ListItem.list_id.in_(ids), seen_by(reader))
        .order_by(ListItem.position, Document.id)
    ).all()
    progress = progress_of(reader.id, [row[1] for row in listed])
    items: dict[int, list[ItemLine]] = {number: [] for number in ids}
    for list_id, document_id, uuid, title, kind, pages in listed:
        items[list_id].append(
            ItemLine(
                document_id, uuid, title, Kind(kind), pages, progress.get(document_id, Progress())
            )
        )
    return [
        ListView(
            id=row.id,
            owner_id=row.owner_id,
            owner=owner,
            title=row.title,
            about=row.about,
            shown_to=ShownTo(row.shown_to),
            branches=frozenset(branches[row.id]),
            is_required=row.is_required,
            due=row.due,
            documents=items[row.id],
            may_change=_may_change(reader, row, branches[row.id], paths),
        )
        for row, owner in rows
    ]


def _may_change(
    reader: Reader, row: ReadingList, branches: set[int], paths: Mapping[int, tuple[int, ...]]
) -> bool:
    if row.shown_to == ShownTo.BRANCHES.value:
        return rules.may_change(reader, row.owner_id, [paths[branch] for branch in branches])
    return reader.id == row.owner_id or (
        reader.is_administrator and row.shown_to == ShownTo.ALL.value
    )


@dataclass(frozen=True)
class ReaderLine:
    """How far one member is with a list."""

    name: str
    branch: str
    read: int  # documents


def readers_of(reader: Reader, found: ListView) -> list[ReaderLine]:
    """The members a list is for that the reader organizes, those with least first."""
    if found.shown_to is ShownTo.ME or not (reader.is_administrator or reader.organizes):
        return []
    beneath = (
        true()
        if reader.is_administrator
        else or_(*(Branch.path.startswith(_stored(top)) for top in reader.organizes))
    )
    audience: ColumnElement[bool] = true()
    if found.shown_to is ShownTo.BRANCHES:
        tops = paths_of(found.branches).values()
        audience = or_(*(Branch.path.startswith(_stored(top)) for top in tops))
    session = db.session()
    people = session.execute(
        select(Member.id, Member.name, Branch.name)
        .join(Branch, Branch.id == Member.branch_id)
        .where(Member.is_active, beneath, audience)
        .order_by(Branch.path, Member.sorted_name)
        .limit(2_000)
    ).all()
    documents = [item.document_id for item in found.documents]
    finished = session.execute(
        select(DocumentReading.member_id, func.count())
        .where(DocumentReading.document_id.in_(documents), DocumentReading.finished_at.is_not(None))
        .group_by(DocumentReading.member_id)
    )
    counts = {row[0]: row[1] for row in finished}
    lines = [ReaderLine(name, branch, counts.get(number, 0)) for number, name, branch in people]
    return sorted(lines, key=lambda line: line.read)


def _stored(path: tuple[int, ...]) -> str:
    return "/" + "".join(f"{number}/" for number in path)


def is_late(found: ListView) -> bool:
    """Whether the last day of a list has passed and the reader is not done."""
    return found.due is not None and found.due < today() and not found.is_done
