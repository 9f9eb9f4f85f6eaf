"""What versions of questions say, kept in memory: a thousand submissions mark the same paper."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from weakref import WeakKeyDictionary

from sqlalchemy import Engine, select

from app.core.db import db
from app.questions.models import Question, QuestionVersion

MOST_KEPT = 2_000  # versions for each database


@dataclass(frozen=True)
class Wording:
    """Kind and body of one version, with the key: to be read, never to be changed."""

    kind: str
    body: dict[str, Any]


_kept: WeakKeyDictionary[Engine, dict[int, Wording]] = WeakKeyDictionary()


def wordings(version_ids: Iterable[int]) -> dict[int, Wording]:
    """What versions say, by id. A version never changes (the database refuses it), so each is
    read once; only those that a committed attempt pins may be asked for, for an id of a
    transaction that is rolled back is given again."""
    kept = _kept.setdefault(db.engine, {})
    wanted = set(version_ids)
    found = {i: kept[i] for i in wanted if i in kept}
    missing = wanted - found.keys()
    if missing:
        rows = db.session().execute(
            select(QuestionVersion.id, Question.kind, QuestionVersion.body)
            .join(Question, Question.id == QuestionVersion.question_id)
            .where(QuestionVersion.id.in_(missing))
        )
        read = {number: Wording(kind, body) for number, kind, body in rows}
        if len(kept) + len(read) > MOST_KEPT:
            kept.clear()
        kept.update(read)
        found.update(read)
    return found
