"""Reads of a member's mistakes: what is due, what comes again when, and to look them up."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select

from app.core.db import db
from app.core.paging import Page, window
from app.practice.models import NotebookEntry, PracticeItem, PracticeRun
from app.practice.queries.runs import ItemView
from app.questions import types
from app.questions.queries import questions

SIZE = 10  # mistakes on one page


@dataclass(frozen=True)
class Notebook:
    """A member's mistakes: how many are due, how many wait, when the next one is due."""

    due: tuple[int, ...]
    waiting: int
    mastered: int
    next_at: datetime | None

    @property
    def is_empty(self) -> bool:
        return not (self.due or self.waiting or self.mastered)


def notebook_of(member_id: int, now: datetime, *, among: set[int]) -> Notebook:
    """The notebook; questions that may not be practised any more rest."""
    entries = _entries(member_id, among)
    inside = [row for row in entries if not row.out]
    later = [row.due_at for row in inside if row.due_at > now]
    return Notebook(
        due=tuple(row.question_id for row in inside if row.due_at <= now),
        waiting=len(later),
        mastered=sum(row.out for row in entries),
        next_at=min(later, default=None),
    )


@dataclass(frozen=True)
class Mistake:
    """A question of the notebook, with what is right and how far it is on its way out."""

    item: ItemView
    wrong: int  # how often
    spaced: int  # right answers after a pause, of three
    due_at: datetime
    is_due: bool
    out: bool


def mistakes_of(member_id: int, now: datetime, *, among: set[int], number: int) -> Page[Mistake]:
    """A page of the notebook, what is due first and what is known by heart last.

    `among` is what the member may practise now: of anything else the key is not told.
    """
    entries = sorted(_entries(member_id, among), key=lambda row: row.out)
    total = len(entries)
    offset, limit = window(min(number, Page(entries, 1, total, SIZE).last), SIZE)
    rows = entries[offset : offset + limit]
    found = questions(row.question_id for row in rows)
    given = _last_wrong(member_id, [each.version_id for each in found.values()])
    mistakes = []
    for row in rows:
        question = found.get(row.question_id)
        if question is None:
            continue
        kind = types.of(question.kind)
        item = ItemView(
            id=question.id,
            position=0,
            asked=None,
            explained=kind.explained(question.body, given.get(question.version_id, [])),
            order=(),
            is_right=False,
            question_id=question.id,
        )
        is_due = not row.out and row.due_at <= now
        mistakes.append(Mistake(item, row.wrong, row.spaced, row.due_at, is_due, row.out))
    return Page(mistakes, offset // SIZE + 1, total, SIZE)


def entry_of(member_id: int, question_id: int) -> NotebookEntry | None:
    """Where one question stands in a member's notebook."""
    return db.session().get(NotebookEntry, (member_id, question_id))


def noted(member_id: int, question_ids: Collection[int]) -> set[int]:
    """Those of the questions that a member ever had wrong."""
    found = select(NotebookEntry.question_id).where(
        NotebookEntry.member_id == member_id, NotebookEntry.question_id.in_(question_ids)
    )
    return set(db.session().scalars(found))


def _entries(member_id: int, among: set[int]) -> list[NotebookEntry]:
    rows = db.session().scalars(
        select(NotebookEntry)
        .where(NotebookEntry.member_id == member_id)
        .order_by(NotebookEntry.due_at, NotebookEntry.question_id)
    )
    return [row for row in rows if row.question_id in among]


def _last_wrong(member_id: int, version_ids: Collection[int]) -> dict[int, list[str]]:
    """What the member last answered wrong in practice, by the version that was asked."""
    last = (
        select(func.max(PracticeItem.id))
        .join(PracticeRun, PracticeRun.id == PracticeItem.run_id)
        .where(PracticeRun.member_id == member_id, PracticeItem.version_id.in_(version_ids))
        .where(PracticeItem.mark < 100)
        .group_by(PracticeItem.version_id)
    )
    rows = db.session().scalars(select(PracticeItem).where(PracticeItem.id.in_(last)))
    return {row.version_id: list(row.response or ()) for row in rows}
