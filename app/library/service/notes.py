"""Notes of one's own, and reading lists."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from sqlalchemy import delete, func, insert, select

from app.core import clock
from app.core.db import db
from app.core.refusals import NotThere
from app.library import rules
from app.library.models import ListBranch, ListItem, Note, ReadingList
from app.library.rules import reading
from app.library.rules.reading import ListLabel, ShownTo
from app.members.models import Branch


def write_note(
    member_id: int, document_id: int, *, anchor: str, quote: str = "", text: str = ""
) -> int:
    """Keep a note of a member at a place of a document; returns its id.

    Raises EmptyNote, TooManyNotes, NotThere for a place that cannot be.
    """
    session = db.session()
    quote, text = _clean(quote)[: reading.LONGEST_QUOTE], _clean(text)[: reading.LONGEST_NOTE]
    if not (quote or text):
        raise reading.EmptyNote
    if not rules.is_anchor(anchor):
        raise NotThere
    count = session.scalar(
        select(func.count()).where(Note.member_id == member_id, Note.document_id == document_id)
    )
    if (count or 0) >= reading.MOST_NOTES:
        raise reading.TooManyNotes(most=reading.MOST_NOTES)
    row = Note(
        member_id=member_id,
        document_id=document_id,
        anchor=anchor,
        quote=quote,
        text=text,
        created_at=clock.now(),
    )
    session.add(row)
    session.flush()
    return row.id


def change_note(member_id: int, note_id: int, text: str) -> None:
    """Write something else in a note; raises NotThere, EmptyNote."""
    row = _note(member_id, note_id)
    text = _clean(text)[: reading.LONGEST_NOTE]
    if not (row.quote or text):
        raise reading.EmptyNote
    row.text = text


def delete_note(member_id: int, note_id: int) -> None:
    """Delete a note; raises NotThere."""
    db.session().delete(_note(member_id, note_id))


def _note(member_id: int, note_id: int) -> Note:
    row = db.session().get(Note, note_id)
    if row is None or row.member_id != member_id:
        raise NotThere
    return row


def _clean(text: str) -> str:
    return text.replace("\x00", " ").encode("utf-8", "replace").decode().strip()


# Reading lists


def make_list(owner_id: int, label: ListLabel, *, due: date | None = None) -> int:
    """Make a reading list; returns its id. One that is called like another of the same member gets
    a number. Raises NoTitle, NobodyChosen, NotThere."""
    session = db.session()
    row = ReadingList(owner_id=owner_id, created_at=clock.now(), title="", about="")
    session.add(row)
    session.flush()
    _label(row, label, due)
    return row.id


def own_list_called(owner_id: int, title: str) -> int:
    """The member's own list of this title, else a new one; returns its id. Raises NoTitle."""
    wanted = rules.clean_title(title)[: reading.LONGEST_LIST_TITLE]
    rows = db.session().execute(
        select(ReadingList.id, ReadingList.title)
        .where(ReadingList.owner_id == owner_id)
        .order_by(ReadingList.id)
    )
    same = (number for number, name in rows if name.casefold() == wanted.casefold())
    label = ListLabel(wanted, "", ShownTo.ME, frozenset(), is_required=False)
    return next(same, None) or make_list(owner_id, label)


def change_list(list_id: int, label: ListLabel, *, due: date | None = None) -> None:
    """Change what is written on a list and whom it is for; raises as make_list."""
    _label(db.session().get_one(ReadingList, list_id), label, due)


def _label(row: ReadingList, label: ListLabel, due: date | None) -> None:
    session = db.session()
    others = select(ReadingList.title).where(
        ReadingList.owner_id == row.owner_id, ReadingList.id != row.id
    )
    row.title = reading.told_apart(rules.clean_title(label.title), session.scalars(others).all())
    row.about = _clean(label.about)[: reading.LONGEST_ABOUT]
    row.shown_to = label.shown_to.value
    is_shared = label.shown_to is not ShownTo.ME
    row.is_required, row.due = is_shared and label.is_required, due
    branches = sorted(label.branches) if label.shown_to is ShownTo.BRANCHES else []
    if label.shown_to is ShownTo.BRANCHES:
        rules.check_audience(frozenset(branches))
    session.flush()
    known = session.scalar(select(func.count()).where(Branch.id.in_(branches)))
    if known != len(branches):
        raise NotThere
    session.execute(delete(ListBranch).where(ListBranch.list_id == row.id))
    if branches:
        session.execute(
            insert(ListBranch), [{"list_id": row.id, "branch_id": branch} for branch in branches]
        )


def delete_list(list_id: int) -> None:
    """Delete a reading list; its documents stay."""
    session = db.session()
    for table in (ListItem, ListBranch):
        session.execute(delete(table).where(table.list_id == list_id))
    session.execute(delete(ReadingList).where(ReadingList.id == list_id))


def put_on_list(list_id: int, document_id: int) -> None:
    """Put a document at the end of a list; the same again changes nothing. Raises FullList."""
    session = db.session()
    if session.get(ListItem, (list_id, document_id)) is not None:
        return
    places = list(session.scalars(select(ListItem.position).where(ListItem.list_id == list_id)))
    if len(places) >= reading.MOST_ITEMS:
        raise reading.FullList(most=reading.MOST_ITEMS)
    session.add(
        ListItem(list_id=list_id, document_id=document_id, position=max(places, default=0) + 1)
    )


def take_off_list(list_id: int, document_id: int) -> None:
    """Take a document off a list."""
    db.session().execute(
        delete(ListItem).where(ListItem.list_id == list_id, ListItem.document_id == document_id)
    )


def _order(list_id: int, document_ids: Iterable[int]) -> None:
    """Put the documents of a list in an order; those that are not named keep to the end."""
    session = db.session()
    wanted = {number: place for place, number in enumerate(document_ids)}
    rows = session.scalars(
        select(ListItem).where(ListItem.list_id == list_id).order_by(ListItem.position)
    ).all()
    rows = sorted(rows, key=lambda row: wanted.get(row.document_id, len(wanted)))
    for position, row in enumerate(rows, 1):
        row.position = position


def move_on_list(list_id: int, document_id: int, *, step: int) -> None:
    """Move a document one place up (-1) or down (1) on a list."""
    session = db.session()
    order = list(
        session.scalars(
            select(ListItem.document_id)
            .where(ListItem.list_id == list_id)
            .order_by(ListItem.position)
        )
    )
    if document_id not in order:
        raise NotThere
    at = order.index(document_id)
    to = min(max(at + step, 0), len(order) - 1)
    order.insert(to, order.pop(at))
    _order(list_id, order)
