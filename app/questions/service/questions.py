"""What can be done with questions: make one, make its next version, copy one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import func, select

from app.core import clock
from app.core.db import db
from app.core.refusals import Conflict, NotThere
from app.questions import queries, types
from app.questions.formats.clips import shown_clips
from app.questions.models import Question, QuestionClip, QuestionVersion
from app.questions.rules import language_of
from app.questions.service.finding import refresh_search
from app.questions.service.twins import look_for_twins
from app.search.folding import fold


def create(*, kind: str, body: dict[str, Any], author_id: int) -> int:
    """Add a question to the bank and return its id. Raises BadQuestion."""
    row = add([(kind, body)], author_id=author_id)[0]
    changed([row.id])
    return row.id


def add(wanted: Sequence[tuple[str, dict[str, Any]]], *, author_id: int) -> list[Question]:
    """Add questions (kind, body) to the bank, in their order. Raises BadQuestion.

    Who adds them says `changed` when they are sorted, too.
    """
    if any(kind not in types.TYPES for kind, _body in wanted):
        raise NotThere
    clean = [types.of(kind).clean(body) for kind, body in wanted]
    rows = [
        Question(kind=kind, author_id=author_id, created_at=clock.now()) for kind, _body in wanted
    ]
    session = db.session()
    session.add_all(rows)
    session.flush()
    _add_versions([(row, 1, body) for row, body in zip(rows, clean, strict=True)], author_id)
    return rows


def changed(question_ids: Sequence[int]) -> None:
    """Have questions that say something new found by search, and compared with the bank."""
    look_for_twins()
    refresh_search(question_ids)


def revise(
    question_id: int, body: dict[str, Any], author_id: int, *, seen: int | None = None
) -> int:
    """Make the next version and return its number; attempts under way keep theirs.

    Nothing happens when the body says what the newest version says. `seen` is the number of the
    version that the editor showed; Conflict when there is a newer one. Raises BadQuestion,
    NotThere.
    """
    session = db.session()
    # Locks the question on PostgreSQL; on SQLite the whole transaction is the only writer.
    row = session.scalar(select(Question).where(Question.id == question_id).with_for_update())
    if row is None:
        raise NotThere
    number = session.scalar(
        select(func.max(QuestionVersion.number)).where(QuestionVersion.question_id == question_id)
    )
    newest = number or 0
    if seen is not None and seen != newest:
        raise Conflict
    kind = types.of(row.kind)
    clean = kind.clean(body)
    now = queries.question(question_id)
    if now is not None and now.plain == kind.plain(clean):
        return newest
    _add_versions([(row, newest + 1, clean)], author_id)
    changed([question_id])
    return newest + 1


def pass_on(question_ids: Sequence[int], material: str, author_id: int) -> int:
    """Give questions the text that another one shares with them; returns how many changed."""
    found = queries.questions(question_ids)
    numbers = {
        i: revise(i, {**each.plain, "material": material}, author_id) for i, each in found.items()
    }
    return sum(number > found[i].number for i, number in numbers.items())


def copy(question_id: int, *, author_id: int) -> int:
    """Make a question of one's own out of another; returns the new id. Raises NotThere."""
    found = queries.question(question_id)
    if found is None:
        raise NotThere
    return create(kind=found.kind, body=found.plain, author_id=author_id)


def _add_versions(wanted: Sequence[tuple[Question, int, dict[str, Any]]], author_id: int) -> None:
    session = db.session()
    made = []
    for row, number, body in wanted:
        said = " ".join(types.of(row.kind).said(body))
        if not row.language_told:
            row.language = language_of(str(body.get("stem", "")), said)
        version = QuestionVersion(
            question_id=row.id,
            number=number,
            body=body,
            said=fold(said),
            author_id=author_id,
            created_at=clock.now(),
        )
        made.append(version)
    session.add_all(made)
    session.flush()
    session.add_all(
        QuestionClip(uuid=uuid, version_id=version.id, after=after)
        for version in made
        for uuid, after in shown_clips(version.body).items()
    )
