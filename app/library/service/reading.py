"""Reading the text of a file: called by the worker, step by step."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from sqlalchemy import delete, func, insert, select

from app.core import clock, jobs
from app.core.db import db
from app.core.opencc import in_one_script
from app.library import queries, rules
from app.library.child import Part, Text, page_of
from app.library.models import (
    Document,
    DocumentFile,
    DocumentPart,
    DocumentPlace,
    DocumentReading,
)
from app.library.rules import Kind, Reason, State, proposing, reading
from app.library.service.documents import publish, shelf
from app.search import folding


def start_reading(file_id: int) -> tuple[Path, Kind] | None:
    """Mark a file as being read; None when there is nothing (more) to read."""
    file = db.session().get(DocumentFile, file_id)
    if file is None or file.state not in rules.UNFINISHED:
        return None
    file.state = rules.move(file.state, State.READING)
    return _source(file)


def source_of(file_id: int) -> tuple[Path, Kind] | None:
    """Where a file stands that has been read, and what it is; None when it is gone."""
    file = db.session().get(DocumentFile, file_id)
    return None if file is None or file.state in rules.UNFINISHED else _source(file)


def _source(file: DocumentFile) -> tuple[Path, Kind]:
    uuid = db.session().get_one(Document, file.document_id).uuid
    return shelf().path(uuid, file.number, file.kind), Kind(file.kind)


def finish_reading(file_id: int, text: Text, *, will_recognise: bool = False) -> None:
    """Keep what was read and make it findable, or keep the reason why there is nothing.

    `will_recognise`: pages that are pictures come later, by `add_recognised`.
    """
    session = db.session()
    file = session.get(DocumentFile, file_id)
    if file is None or file.state not in rules.UNFINISHED:
        return  # deleted meanwhile
    session.execute(delete(DocumentPart).where(DocumentPart.file_id == file.id))
    file.about = proposing.believable(text.about, file.filename)
    if text.reason is not None:
        file.state, file.reason = rules.move(file.state, State.UNSEARCHABLE), text.reason.value
        return
    parts = _in_one_script(text.parts) if text.is_recognised else text.parts
    _keep_parts(file.id, parts)
    file.state, file.reason = rules.move(file.state, State.SEARCHABLE), ""
    file.pages, file.is_truncated = text.pages, text.is_truncated
    file.is_recognised = text.is_recognised
    file.unread_pages = 0 if will_recognise else len(text.bare)
    file.language = folding.language_of("\n".join(part.text for part in parts[:20]))
    session.flush()
    publish(file.document_id)


def add_recognised(file_id: int, text: Text, pages: Sequence[int]) -> None:
    """Put what was recognised on `pages` between the other pages of a file that has been read."""
    session = db.session()
    file = session.get(DocumentFile, file_id, with_for_update=True)
    if file is None or file.state != State.SEARCHABLE:
        return  # deleted, or about to be read again
    known = [Part(part.anchor, part.label, part.text) for part in queries.all_parts(file.id)]
    there = {page_of(part) for part in known}
    more = [part for part in text.parts if page_of(part) not in there]
    file.unread_pages = len(set(pages) - there - {page_of(part) for part in more})
    if not more:
        return
    file.is_recognised = True
    session.execute(delete(DocumentPart).where(DocumentPart.file_id == file.id))
    more = _in_one_script(more, beside=known)
    _keep_parts(file.id, sorted((*known, *more), key=page_of))
    session.flush()
    publish(file.document_id)


def _in_one_script(parts: Sequence[Part], *, beside: Sequence[Part] = ()) -> list[Part]:
    texts = in_one_script(
        [part.text for part in parts], beside="\n".join(part.text for part in beside)
    )
    return [replace(part, text=text) for part, text in zip(parts, texts, strict=True)]


def _keep_parts(file_id: int, parts: Sequence[Part]) -> None:
    db.session().execute(
        insert(DocumentPart),
        [
            {
                "file_id": file_id,
                "position": position,
                "anchor": part.anchor[:20],
                "label": part.label[:200],
                "text": part.text,
            }
            for position, part in enumerate(parts)
        ],
    )


def keep_cover(file_id: int) -> None:
    """Remember that there is a picture of a file's first page now."""
    file = db.session().get(DocumentFile, file_id)
    if file is not None:
        file.has_cover = True


def give_up_reading(file_id: int) -> None:
    """For a file whose worker died on every try."""
    file = db.session().get(DocumentFile, file_id)
    if file is not None and file.state in rules.UNFINISHED:
        file.state, file.reason = State.UNSEARCHABLE.value, Reason.DAMAGED.value


def wait_for_reading(file_id: int) -> None:
    """Put a file that has been read, or given up, where reading begins; unless that is so."""
    file = db.session().get(DocumentFile, file_id)
    if file is not None and file.state not in rules.UNFINISHED:
        file.state, file.reason = rules.move(file.state, State.WAITING), ""


def read_again(file_id: int) -> None:
    """Have a file read once more."""
    file = db.session().get_one(DocumentFile, file_id)
    file.state, file.reason = rules.move(file.state, State.WAITING), ""
    jobs.enqueue("library.extract", key=f"library:{file.id}", file_id=file.id)


def report_reading(member_id: int, document_id: int, anchors: Sequence[str]) -> None:
    """Remember where a member is in a document, and count what was on the screen since before.

    The seconds are ours: those since the member's last report from any document, so that two
    windows are not two readers.
    """
    seen = [anchor for anchor in anchors if rules.is_anchor(anchor)]
    if not seen:
        return
    keep_place(member_id, document_id, seen[0])
    session, now = db.session(), clock.now()
    last = session.scalar(
        select(func.max(DocumentReading.reported_at)).where(DocumentReading.member_id == member_id)
    )
    number = session.scalar(select(Document.number).where(Document.id == document_id))
    row = session.get(DocumentReading, (member_id, document_id), with_for_update=True)
    if row is None:
        row = DocumentReading(
            member_id=member_id, document_id=document_id, number=number, seconds={}, share=0
        )
        row.reported_at = now
        session.add(row)
    if row.number != number:
        row.number, row.seconds, row.share = number or 1, {}, 0
    needs = queries.needs(document_id)
    elapsed = (now - last).total_seconds() if last else 0.0
    row.seconds = reading.credited(row.seconds, seen, needs, elapsed)
    row.share, row.reported_at = reading.share_read(row.seconds, needs), now
    if row.share >= reading.ENOUGH and row.finished_at is None:
        row.finished_at = now


def keep_place(member_id: int, document_id: int, anchor: str) -> None:
    """Remember where a member is in a document; what is no anchor is not kept."""
    if not rules.is_anchor(anchor):
        return
    session = db.session()
    place = session.get(DocumentPlace, (member_id, document_id))
    if place is None:
        place = DocumentPlace(member_id=member_id, document_id=document_id)
        session.add(place)
    place.anchor, place.changed_at = anchor, clock.now()
