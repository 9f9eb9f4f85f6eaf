"""What can be done in the library: upload, edit, replace, delete, arrange, and read a text."""

from __future__ import annotations

from pathlib import Path
from typing import BinaryIO
from uuid import uuid4

from flask import current_app
from sqlalchemy import delete, func, insert, select

from app.core import clock, jobs
from app.core.addresses import address
from app.core.db import after_commit, db
from app.core.refusals import NotThere
from app.library import queries, rules, sniff
from app.library.child import Text
from app.library.models import Collection, Document, DocumentBranch, DocumentFile, DocumentPart
from app.library.rules import Kind, Reason, State
from app.library.shelf import Arrived, Shelf
from app.members.models import Branch
from app.members.rules import Reader
from app.search import folding
from app.search import service as search
from app.search.rules import Passage


def shelf() -> Shelf:
    """The library's folder."""
    config = current_app.extensions["weike"]
    return Shelf(config.library_dir, reserve=config.disk_reserve)


# Uploading: first the bytes, without a transaction; then the rows


def receive(stream: BinaryIO, *, length: int | None, filename: str) -> tuple[Arrived, Kind]:
    """Write an upload to the disk and see what it is. Touches no database.

    Raises TooLarge, DiskFull, Interrupted and the refusals of sniff; leaves nothing then.
    """
    most = current_app.extensions["weike"].document_limit
    arrived = shelf().receive(stream, length=length, most=most)
    try:
        return arrived, sniff.kind_of(arrived.path, filename)
    except BaseException:
        arrived.path.unlink(missing_ok=True)
        raise


def add(
    arrived: Arrived,
    kind: Kind,
    *,
    owner: Reader,
    filename: str,
    collection_id: int | None = None,
    branches: frozenset[int] | None = None,
    title: str = "",
) -> str:
    """Make a document of a received file and have it read; returns its uuid.

    `branches` None shows it to everybody. Raises AlreadyThere, NobodyChosen, NotThere.
    """
    try:
        same = queries.document_with(arrived.sha256, owner)
        if same is not None:
            raise rules.AlreadyThere(title=same.title, uuid=same.uuid)
        rules.check_audience(branches)
        name = rules.display_name(filename, kind)
        session = db.session()
        document = Document(
            uuid=uuid4().hex,
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
    finally:
        arrived.path.unlink(missing_ok=True)


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


# Changing


def edit(
    document_id: int,
    *,
    title: str,
    collection_id: int | None,
    branches: frozenset[int] | None,
) -> None:
    """Change what stands on the label of a document; the index follows."""
    rules.check_audience(branches)
    document = db.session().get_one(Document, document_id)
    document.title = rules.clean_title(title)
    document.collection_id = _collection(collection_id)
    document.open_to_all = branches is None
    document.changed_at = clock.now()
    _show_to(document, branches)
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
    session.execute(delete(DocumentBranch).where(DocumentBranch.document_id == document.id))
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
    """Tell the search room what there is; before the text is read, the title alone."""
    session = db.session()
    session.flush()
    file = session.scalars(
        select(DocumentFile).where(
            DocumentFile.document_id == document.id, DocumentFile.number == document.number
        )
    ).one()
    url = address("document", document=document.uuid)
    collection = session.get(Collection, document.collection_id or 0)
    search.put(
        kind="document",
        ref=document.uuid,
        title=document.title,
        url=url,
        passages=[
            Passage(
                part.anchor,
                part.label,
                part.text,
                f"{url}?page={queries.page_of(part.position)}#{part.anchor}",
            )
            for part in queries.all_parts(file.id)
        ],
        audience=queries.branches_of(document),
        language=file.language,
        note=collection.name if collection else "",
    )


# Reading the text: called by the worker, step by step


def start_reading(file_id: int) -> tuple[Path, Kind] | None:
    """Mark a file as being read; None when there is nothing (more) to read."""
    session = db.session()
    row = session.execute(
        select(DocumentFile, Document.uuid)
        .join(Document, Document.id == DocumentFile.document_id)
        .where(DocumentFile.id == file_id)
    ).first()
    if row is None or row[0].state not in rules.UNFINISHED:
        return None
    file, uuid = row
    file.state = rules.move(file.state, State.READING)
    return shelf().path(uuid, file.number, file.kind), Kind(file.kind)


def finish_reading(file_id: int, text: Text) -> None:
    """Keep what was read and make it findable, or keep the reason why there is nothing."""
    session = db.session()
    file = session.get(DocumentFile, file_id)
    if file is None or file.state not in rules.UNFINISHED:
        return  # deleted meanwhile
    session.execute(delete(DocumentPart).where(DocumentPart.file_id == file.id))
    if text.reason is not None:
        file.state, file.reason = rules.move(file.state, State.UNSEARCHABLE), text.reason.value
        return
    session.execute(
        insert(DocumentPart),
        [
            {
                "file_id": file.id,
                "position": position,
                "anchor": part.anchor[:20],
                "label": part.label[:200],
                "text": part.text,
            }
            for position, part in enumerate(text.parts)
        ],
    )
    file.state, file.reason = rules.move(file.state, State.SEARCHABLE), ""
    file.pages, file.is_truncated = text.pages, text.is_truncated
    file.language = folding.language_of("\n".join(part.text for part in text.parts[:20]))
    document = session.get_one(Document, file.document_id)
    if document.number == file.number:
        _publish(document)


def give_up_reading(file_id: int) -> None:
    """For a file whose worker died on every try."""
    file = db.session().get(DocumentFile, file_id)
    if file is not None and file.state in rules.UNFINISHED:
        file.state, file.reason = State.UNSEARCHABLE.value, Reason.DAMAGED.value


def read_again(file_id: int) -> None:
    """Have a file read once more."""
    file = db.session().get_one(DocumentFile, file_id)
    file.state, file.reason = rules.move(file.state, State.WAITING), ""
    jobs.enqueue("library.extract", key=f"library:{file.id}", file_id=file.id)


# Collections


def add_collection(name: str, *, parent_id: int | None = None) -> int:
    """Make a collection, at the end of its siblings; returns its id."""
    session = db.session()
    name = rules.clean_title(name)[: rules.LONGEST_COLLECTION]
    _refuse_double(name, parent_id)
    above = _path_of(parent_id)
    _refuse_too_deep(above.count("/"))
    last = session.scalar(select(func.max(Collection.position))) or 0
    row = Collection(parent_id=parent_id, name=name, path="", position=last + 1)
    session.add(row)
    session.flush()
    row.path = f"{above}{row.id}/"
    return row.id


def change_collection(collection_id: int, *, name: str, parent_id: int | None) -> None:
    """Rename a collection and hang it somewhere, with all below it."""
    session = db.session()
    row = session.get(Collection, collection_id)
    if row is None:
        raise NotThere
    name = rules.clean_title(name)[: rules.LONGEST_COLLECTION]
    _refuse_double(name, parent_id, besides=row.id)
    above, before = _path_of(parent_id), row.path
    if above.startswith(before):
        raise rules.TooDeep
    below = session.scalars(select(Collection).where(Collection.path.startswith(before))).all()
    _refuse_too_deep(
        above.count("/") + max(each.path.count("/") for each in below) - before.count("/")
    )
    renamed = row.name != name
    row.name, row.parent_id = name, parent_id
    for each in below:
        each.path = f"{above}{row.id}/" + each.path.removeprefix(before)
    if renamed:
        session.flush()
        for document in session.scalars(
            select(Document).where(Document.collection_id == row.id)
        ).all():
            _publish(document)  # results show the collection's name


def move_collection(collection_id: int, *, step: int) -> None:
    """Move a collection one place up (-1) or down (1) among its siblings."""
    session = db.session()
    row = session.get(Collection, collection_id)
    if row is None:
        raise NotThere
    siblings = list(
        session.scalars(
            select(Collection)
            .where(Collection.parent_id.is_not_distinct_from(row.parent_id))
            .order_by(Collection.position, Collection.name)
        )
    )
    at = siblings.index(row)
    to = min(max(at + step, 0), len(siblings) - 1)
    siblings.insert(to, siblings.pop(at))
    for position, each in enumerate(siblings, 1):
        each.position = position


def remove_collection(collection_id: int) -> None:
    """Delete a collection that has neither documents nor collections in it."""
    session = db.session()
    if session.get(Collection, collection_id) is None:
        raise NotThere
    inside = (
        select(Document.id).where(Document.collection_id == collection_id),
        select(Collection.id).where(Collection.parent_id == collection_id),
    )
    if any(session.scalar(each.limit(1)) is not None for each in inside):
        raise rules.NotEmpty
    session.execute(delete(Collection).where(Collection.id == collection_id))


def _path_of(collection_id: int | None) -> str:
    if collection_id is None:
        return "/"
    row = db.session().get(Collection, collection_id)
    if row is None:
        raise NotThere
    return row.path


def _refuse_double(name: str, parent_id: int | None, besides: int | None = None) -> None:
    # The constraint of the table does not see two equal names at the top, where parent is null.
    same = (
        select(Collection.id)
        .where(Collection.name == name, Collection.id != (besides or 0))
        .where(Collection.parent_id.is_not_distinct_from(parent_id))
    )
    if db.session().scalar(same) is not None:
        raise rules.NameTaken


def _refuse_too_deep(levels: int) -> None:
    if levels > rules.DEEPEST:
        raise rules.TooDeep
