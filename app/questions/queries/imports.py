"""Files on their way into the bank."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, select

from app.core.db import db
from app.core.refusals import NotThere
from app.members.models import Member, RoleGrant
from app.members.rules import Reader, Role
from app.questions.models import Question, QuestionImport


@dataclass(frozen=True)
class ImportView:
    """One file: what was read of it, and what has become of it.

    `items`: [{number, line, file, kind, body, facts, problems, twins, copies, out}, …]; an item
    that is `out` is not taken. `problems`: [{what, mend, line, blocks, file}, …]; `twins` are
    [id, per cent] of the bank, `copies` [place, per cent] of this file, further up.
    """

    id: int
    author_id: int
    filename: str
    format: str
    state: str
    items: Sequence[dict[str, Any]]
    notes: Sequence[dict[str, Any]]
    revision: int
    created_at: datetime
    finished_at: datetime | None

    @property
    def taken(self) -> list[dict[str, Any]]:
        """The items that will be taken, or were."""
        return [item for item in self.items if not item.get("out")]

    @property
    def blocked(self) -> int:
        """How many questions must be mended, or left out, first."""
        return self.wrong + sum(bool(note["blocks"]) for note in self.notes)

    @property
    def wrong(self) -> int:
        """How many questions must be mended, but for what is wrong with the file itself."""
        return sum(any(p["blocks"] for p in item["problems"]) for item in self.taken)

    @property
    def alike(self) -> int:
        """How many look like a question of the bank, or like one further up in the file."""
        return sum(bool(i.get("twins") or copies_of(self.items, i)) for i in self.taken)


def copies_of(items: Sequence[dict[str, Any]], item: dict[str, Any]) -> list[tuple[int, int]]:
    """(place, per cent) of the items further up that look like one and are not left out."""
    return [(at, percent) for at, percent in item.get("copies", ()) if not items[at].get("out")]


def import_for(reader: Reader, import_id: int) -> ImportView:
    """An import of the reader's own; administrators see all. Raises NotThere."""
    row = db.session().get(QuestionImport, import_id)
    if row is None or not (reader.is_administrator or row.author_id == reader.id):
        raise NotThere
    return view(row)


@dataclass(frozen=True)
class ImportRow:
    """One file in a list of them: `read` questions stood in it, `made` are in the bank of it, as
    long as the file was not taken back."""

    id: int
    filename: str
    state: str
    created_at: datetime
    read: int
    made: int


def imports_for(reader: Reader, *, state: str | None = None, most: int = 20) -> list[ImportRow]:
    """The reader's last imports, the newest first; only those of a `state` when one is given.

    Counted by the database: what was read of twenty files may be many megabytes.
    """
    made = select(func.count(Question.id)).where(Question.import_id == QuestionImport.id)
    rows = (
        select(
            QuestionImport.id,
            QuestionImport.filename,
            QuestionImport.state,
            QuestionImport.created_at,
            func.json_array_length(QuestionImport.items).label("read"),
            made.scalar_subquery().label("made"),
        )
        .where(QuestionImport.author_id == reader.id, QuestionImport.state != "dropped")
        .order_by(QuestionImport.id.desc())
        .limit(most)
    )
    if state is not None:
        rows = rows.where(QuestionImport.state == state)
    return [ImportRow(**row) for row in db.session().execute(rows).mappings()]


def came_with(reader: Reader, found: ImportView) -> ImportView | None:
    """The reader's earlier import that brought all that a file says, word for word, if one did."""
    same = [
        next((twin for twin, percent in item.get("twins", ()) if percent == 100), None)
        for item in found.taken
    ]
    if not same or None in same or found.state != "open":
        return None
    rows = select(QuestionImport).where(
        QuestionImport.id.in_(select(Question.import_id).where(Question.id.in_(same))),
        QuestionImport.state == "done",
    )
    if not reader.is_administrator:
        rows = rows.where(QuestionImport.author_id == reader.id)
    row = db.session().scalar(rows.order_by(QuestionImport.id.desc()).limit(1))
    return None if row is None else view(row)


def question_ids_of(import_id: int) -> list[int]:
    """The questions that an import made, in the order of the file."""
    rows = select(Question.id).where(Question.import_id == import_id).order_by(Question.id)
    return list(db.session().scalars(rows))


def view(row: QuestionImport) -> ImportView:
    return ImportView(
        id=row.id,
        author_id=row.author_id,
        filename=row.filename,
        format=row.format,
        state=row.state,
        items=row.items,
        notes=row.notes,
        revision=row.revision,
        created_at=row.created_at,
        finished_at=row.finished_at,
    )


def trainer_named(username: str = "") -> int | None:
    """Who owns what a command brings in: the trainer or administrator of that user name, or the
    first administrator (then trainer) when none is given."""
    found = (
        select(Member.id)
        .join(RoleGrant, RoleGrant.member_id == Member.id)
        .where(Member.is_active.is_(True), RoleGrant.role.in_([Role.TRAINER, Role.ADMINISTRATOR]))
        .order_by(RoleGrant.role, Member.id)
        .limit(1)
    )
    if username:
        found = found.where(Member.username == username)
    return db.session().scalar(found)
