"""One question or several, in the newest version or as an attempt was given it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, func, select

from app.core.db import db
from app.core.refusals import NotThere
from app.members.models import Member
from app.members.rules import Reader
from app.questions import models, types

Rows = Select[models.Question, models.QuestionVersion, str]


@dataclass(frozen=True)
class Question:
    """One version of a question. `body` holds the key: never give it to a page for members."""

    id: int
    version_id: int
    number: int  # of the version, from 1
    kind: str
    body: dict[str, Any]
    author_id: int
    author: str  # the name
    changed_at: datetime
    state: str = "ready"
    category_id: int | None = None
    difficulty: int | None = None
    source: str = ""
    language: str = "any"
    language_told: bool = False

    @property
    def stem(self) -> str:
        return str(self.body["stem"])

    @property
    def plain(self) -> dict[str, Any]:
        """The body without option ids, for comparing and exporting."""
        return types.of(self.kind).plain(self.body)


def question(question_id: int) -> Question | None:
    """A question in its newest version."""
    return questions([question_id]).get(question_id)


def questions(question_ids: Iterable[int]) -> dict[int, Question]:
    """Questions by id, each in its newest version; unknown ids are left out."""
    ids = list(question_ids)
    if not ids:
        return {}
    return {q.id: q for q in read(newest().where(models.Question.id.in_(ids)))}


def materials(question_ids: Sequence[int]) -> dict[int, str]:
    """The texts that questions share with others, by id; those without one are left out."""
    text = models.QuestionVersion.body["material"].as_string()
    found: dict[int, str] = {}
    for start in range(0, len(question_ids), 500):
        wanted = newest().where(models.Question.id.in_(question_ids[start : start + 500]))
        rows = db.session().execute(wanted.with_only_columns(models.Question.id, text))
        found.update((question_id, said) for question_id, said in rows if said)
    return found


def version(version_id: int) -> Question | None:
    """A question as one of its versions says it."""
    return versions([version_id]).get(version_id)


def versions(version_ids: Iterable[int]) -> dict[int, Question]:
    """Questions by version id; for attempts, which keep the version they were given."""
    ids = list(version_ids)
    if not ids:
        return {}
    found = read(all_versions().where(models.QuestionVersion.id.in_(ids)))
    return {q.version_id: q for q in found}


def history(question_id: int) -> list[Question]:
    """All versions of a question, the newest first."""
    number = models.QuestionVersion.number
    return read(all_versions().where(models.Question.id == question_id).order_by(number.desc()))


def writers(question_id: int) -> dict[int, str]:
    """Who wrote each version of a question, by its number."""
    version = models.QuestionVersion
    rows = (
        select(version.number, Member.name)
        .join(Member, Member.id == version.author_id)
        .where(version.question_id == question_id)
    )
    return {row.number: row.name for row in db.session().execute(rows)}


def question_for(reader: Reader, question_id: int) -> Question:
    """A question of the bank; every author may read it. Raises NotThere."""
    found = question(question_id) if reader.is_author else None
    if found is None:
        raise NotThere
    return found


def may_edit(reader: Reader, found: Question) -> bool:
    """Whether a question is the reader's own; administrators may edit all."""
    return reader.is_administrator or (reader.is_author and found.author_id == reader.id)


def own_question(reader: Reader, question_id: int) -> Question:
    """A question that the reader may edit. Raises NotThere."""
    found = question_for(reader, question_id)
    if not may_edit(reader, found):
        raise NotThere
    return found


def all_versions() -> Rows:
    """Every version of every question, to be narrowed down."""
    return (
        select(models.Question, models.QuestionVersion, Member.name)
        .join(models.QuestionVersion, models.QuestionVersion.question_id == models.Question.id)
        .join(Member, Member.id == models.Question.author_id)
    )


def same_words(question_id: int) -> list[int]:
    """The ids of other questions that say the very same words now, the oldest first."""
    mine = newest().where(models.Question.id == question_id)
    said = mine.with_only_columns(models.QuestionVersion.said).scalar_subquery()
    others = newest().where(
        models.QuestionVersion.said == said,
        models.Question.id != question_id,
        models.Question.state != "retired",
    )
    rows = others.with_only_columns(models.Question.id).order_by(models.Question.id)
    return list(db.session().scalars(rows))


def newest() -> Rows:
    """Every question in its newest version, to be narrowed down."""
    versions_ = models.QuestionVersion.__table__.alias("other")
    newest = (
        select(func.max(versions_.c.number))
        .where(versions_.c.question_id == models.Question.id)
        .scalar_subquery()
    )
    return all_versions().where(models.QuestionVersion.number == newest)


def read(wanted: Rows) -> list[Question]:
    """What one of the selections above finds."""
    return [
        Question(
            id=row.id,
            version_id=version.id,
            number=version.number,
            kind=row.kind,
            body=version.body,
            author_id=row.author_id,
            author=author,
            changed_at=version.created_at,
            state=row.state,
            category_id=row.category_id,
            difficulty=row.difficulty,
            source=row.source,
            language=row.language,
            language_told=row.language_told,
        )
        for row, version, author in db.session().execute(wanted)
    ]
