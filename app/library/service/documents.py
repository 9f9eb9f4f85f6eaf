"""Uploading, editing, replacing and deleting documents, and telling the search room of them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import BinaryIO
from uuid import uuid4

from flask import current_app
from sqlalchemy import delete, func, insert, select

from app.core import clock, jobs
from app.core.addresses import address
from app.core.db import after_commit, db
from app.core.refusals import NotThere, Refusal
from app.core.settings import today
from app.library import bundle, libreoffice, queries, rules, sniff
from app.library.models import (
    Collection,
    Document,
    DocumentBranch,
    DocumentCourse,
    DocumentFile,
    DocumentPart,
    DocumentPlace,
    DocumentReading,
    ListItem,
    Note,
)
from app.library.rules import Kind, Label, State
from app.library.shelf import Arrived, Shelf
from app.members import service as members
from app.members.models import Branch
from app.members.rules import Reader
from app.members.rules.audit import Act, facts
from app.questions import service as questions
from app.search import service as search
from app.search.rules import Passage


def shelf() -> Shelf:
    """The library's folder."""
    config = current_app.extensions["weike"]
    return Shelf(config.library_dir, reserve=config.disk_reserve)


def receive(stream: BinaryIO, *, length: int | None, filename: str) -> tuple[Arrived, Kind]:
    """Write an upload to the disk and see what it is. Touches no database.

    Raises TooLarge, DiskFull, Interrupted and the refusals of sniff; leaves nothing then.
    """
    most = current_app.extensions["weike"].document_limit
    arrived = shelf().receive(stream, length=length, most=most)
    try:
        office = current_app.extensions["weike"].libreoffice
        kind = sniff.kind_of(arrived.path, filename, can_convert=libreoffice.is_there(office))
        return arrived, kind
    except BaseException:
        arrived.path.unlink(missing_ok=True)
        raise


@dataclass(frozen=True)
class Unpacked:
    """One file out of a package: what arrived of it, or why it was refused."""

    name: str
    folders: tuple[str, ...] = ()  # that it stands in, from the outermost
    arrived: Arrived | None = None
    kind: Kind | None = None
    refusal: Refusal | None = None


def receive_many(stream: BinaryIO, *, length: int | None) -> list[Unpacked]:
    """Take a zip file apart into documents; each is received or refused alone. No database.

    Raises Damaged, TooMany, TooLarge and what receiving a file raises, and leaves nothing then.
    """
    most = current_app.extensions["weike"].document_limit
    place = shelf()
    package = place.receive(stream, length=length, most=most)
    found: list[Unpacked] = []
    try:
        for path, size, unpack in bundle.files_in(package.path):
            name, folders = path.name, path.parts[:-1]
            try:
                with unpack() as inner:
                    arrived, kind = receive(inner, length=size, filename=name)
                found.append(Unpacked(name, folders, arrived, kind))
            except Refusal as refusal:
                found.append(Unpacked(name, folders, refusal=refusal))
            except bundle.BROKEN:
                found.append(Unpacked(name, folders, refusal=rules.Damaged()))
    except BaseException:
        for each in found:
            if each.arrived is not None:
                each.arrived.path.unlink(missing_ok=True)
        raise
    finally:
        package.path.unlink(missing_ok=True)
    return found


def add(
    arrived: Arrived,
    kind: Kind,
    *,
    owner: Reader,
    filename: str,
    collection_id: int | None = None,
    branches: frozenset[int] | None = None,
    title: str = "",
    uuid: str = "",
) -> str:
    """Make a document of a received file and have it read; returns its uuid.

    `uuid` is what it will be known by, when its sender knows that already. `branches` None shows it
    to everybody. Raises AlreadyThere, NobodyChosen, NotThere.
    """
    try:
        same = queries.document_with(arrived.sha256, owner)
        if same is not None:
            raise rules.AlreadyThere(title=same.title, uuid=same.uuid)
        rules.check_audience(branches)
        name = rules.display_name(filename, kind)
        session = db.session()
        document = Document(
            uuid=uuid or uuid4().hex,
            title=rules.clean_title(title or rules.title_of(name)),
            collection_id=_collection(collection_id),
            owner_id=owner.id,
            open_to_all=branches is None,
            created_at=clock.now(),
            changed_at=clock.now(),
        )
        session.add(document)
        session.flush()
        _show_to(document, branches)
        _put_file(document, arrived, kind, name, owner.id)
    finally:
        arrived.path.unlink(missing_ok=True)
    return document.uuid


def replace(arrived: Arrived, kind: Kind, *, document_id: int, by: Reader, filename: str) -> None:
    """Give a document a new version; the older ones stay for who may change it."""
    try:
        session = db.session()
        document = session.get_one(Document, document_id, with_for_update=True)
        newest = session.scalar(
            select(DocumentFile.sha256).where(
                DocumentFile.document_id == document.id, DocumentFile.number == document.number
            )
        )
        if newest == arrived.sha256:
            raise rules.AlreadyThere(title=document.title, uuid=document.uuid)
        document.number += 1
        document.changed_at = clock.now()
        _put_file(document, arrived, kind, rules.display_name(filename, kind), by.id)
        _record(Act.DOCUMENT_REPLACED, document)
    finally:
        arrived.path.unlink(missing_ok=True)


def _record(act: Act, document: Document) -> None:
    members.record(
        act,
        thing=("document", document.uuid),
        name=document.title,
        owner_id=document.owner_id,
        changes=facts(number=document.number),
    )


def _put_file(
    document: Document, arrived: Arrived, kind: Kind, filename: str, uploaded_by: int
) -> None:
    session = db.session()
    file = DocumentFile(
        document_id=document.id,
        number=document.number,
        filename=filename,
        kind=kind.value,
        bytes=arrived.bytes,
        sha256=arrived.sha256,
        state=State.WAITING.value,
        uploaded_by=uploaded_by,
        uploaded_at=clock.now(),
    )
    session.add(file)
    session.flush()
    # Before the commit, since a job may start right after it; without the commit it is swept.
    shelf().keep(arrived, document.uuid, file.number, kind)
    _publish(document)
    jobs.enqueue("library.extract", key=f"library:{file.id}", file_id=file.id)


def edit(
    document_id: int,
    label: Label,
    *,
    collection_id: int | None,
    branches: frozenset[int] | None,
    courses: Iterable[int] = (),
) -> None:
    """Change what is written on a document, where it stands and who sees it; the index follows.

    Raises NoTitle, NobodyChosen, EndsTooSoon, NotThere.
    """
    rules.check_audience(branches)
    if label.valid_from and label.valid_until and label.valid_until < label.valid_from:
        raise rules.EndsTooSoon
    session = db.session()
    document = session.get_one(Document, document_id)
    document.title = rules.clean_title(label.title)
    document.authors, document.publisher = label.authors.strip(), label.publisher.strip()
    document.dated, document.issue = label.dated, label.issue.strip()
    document.source, document.language = label.source, label.language
    document.tags = ", ".join(label.tags)[:300]
    document.summary = label.summary.strip()[: rules.LONGEST_SUMMARY]
    document.is_pinned, document.may_download = label.is_pinned, label.may_download
    document.valid_from, document.valid_until = label.valid_from, label.valid_until
    document.collection_id = _collection(collection_id)
    document.open_to_all = branches is None
    document.changed_at = clock.now()
    _show_to(document, branches)
    session.execute(delete(DocumentCourse).where(DocumentCourse.document_id == document.id))
    session.add_all(
        DocumentCourse(document_id=document.id, course_id=course) for course in sorted(set(courses))
    )
    _publish(document)


def remove(document_id: int) -> None:
    """Delete a document with all its versions, from the index and from the disk."""
    session = db.session()
    document = session.get_one(Document, document_id)
    uuid = document.uuid
    search.remove(kind="document", ref=uuid)
    files = select(DocumentFile.id).where(DocumentFile.document_id == document.id)
    session.execute(delete(DocumentPart).where(DocumentPart.file_id.in_(files)))
    session.execute(delete(DocumentFile).where(DocumentFile.document_id == document.id))
    for table in (DocumentBranch, DocumentCourse, DocumentPlace, DocumentReading, ListItem, Note):
        session.execute(delete(table).where(table.document_id == document.id))
    questions.forget_document(uuid)
    _record(Act.DOCUMENT_REMOVED, document)
    session.execute(delete(Document).where(Document.id == document.id))
    place = shelf()
    after_commit(lambda: place.discard(uuid))


def publish(document_id: int) -> None:
    """Tell the search room what there is of a document."""
    document = db.session().get(Document, document_id)
    if document is not None:
        _publish(document)


def _show_to(document: Document, branches: frozenset[int] | None) -> None:
    session = db.session()
    session.execute(delete(DocumentBranch).where(DocumentBranch.document_id == document.id))
    wanted = sorted(branches or ())
    if not wanted:
        return
    known = session.scalar(select(func.count()).where(Branch.id.in_(wanted)))
    if known != len(wanted):
        raise NotThere
    session.execute(
        insert(DocumentBranch),
        [{"document_id": document.id, "branch_id": branch} for branch in wanted],
    )


def _collection(collection_id: int | None) -> int | None:
    if collection_id is not None and db.session().get(Collection, collection_id) is None:
        raise NotThere
    return collection_id


def _publish(document: Document) -> None:
    """Tell the search room what there is; before the text is read, the label alone."""
    session = db.session()
    session.flush()
    label = queries.label_of(document)
    if not label.is_valid_on(today()):
        search.remove(kind="document", ref=document.uuid)
        return
    file = session.scalars(
        select(DocumentFile).where(
            DocumentFile.document_id == document.id, DocumentFile.number == document.number
        )
    ).one()
    url = address("document", document=document.uuid)
    trail = [name for _, name in queries.collection_trail(document.collection_id)]
    written = (label.summary, " · ".join(label.tags), label.publisher, label.issue)
    about = "\n".join(filter(None, written))
    search.put(
        kind="document",
        ref=document.uuid,
        title=document.title,
        url=url,
        passages=[
            *([Passage("", "", about)] if about else []),
            *(
                Passage(
                    part.anchor,
                    part.label,
                    part.text,
                    f"{url}/read#{part.anchor}"
                    if file.kind == Kind.PDF.value
                    else f"{url}?page={queries.page_of(part.position)}#{part.anchor}",
                )
                for part in queries.all_parts(file.id)
            ),
        ],
        audience=queries.branches_of(document),
        language=label.language or file.language,
        note=trail[-1] if trail else "",
        authors=label.authors,
        shelf=" › ".join(trail),
        dated=label.dated,
        until=label.valid_until,
        form=file.kind,
    )
