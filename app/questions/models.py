"""Tables of the question bank: a question, its versions that never change, and how it is sorted."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import (
    DDL,
    CheckConstraint,
    ForeignKey,
    String,
    Text,
    UniqueConstraint,
    event,
    false,
)
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base


class Question(Base):
    """One question of the bank; what it says stands in its newest version."""

    __tablename__ = "question"
    __table_args__ = (
        CheckConstraint(
            "kind in ('single', 'multiple', 'truefalse', 'short', 'numeric', 'blanks', 'cloze',"
            " 'matching', 'ordering', 'essay', 'hotspot', 'file')",
            name="kind",
        ),
        CheckConstraint("state in ('draft', 'review', 'ready', 'retired')", name="state"),
        CheckConstraint("difficulty between 1 and 5", name="difficulty"),
        CheckConstraint("language in ('zh', 'en', 'any')", name="language"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(String(12))
    author_id: Mapped[int] = mapped_column(ForeignKey("member.id"), index=True)
    created_at: Mapped[datetime]
    category_id: Mapped[int | None] = mapped_column(ForeignKey("question_category.id"), index=True)
    difficulty: Mapped[int | None]  # 1 (easy) to 5 (hard), as the author sees it
    source: Mapped[str] = mapped_column(String(500), default="", server_default="")
    state: Mapped[str] = mapped_column(String(8), default="ready", server_default="ready")
    import_id: Mapped[int | None] = mapped_column(ForeignKey("question_import.id"), index=True)
    language: Mapped[str] = mapped_column(String(3), default="any", server_default="any")
    # Whether somebody chose the language; else each new version shows it anew.
    language_told: Mapped[bool] = mapped_column(default=False, server_default=false())


class Category(Base):
    """One folder of the bank; `path` is "/1/4/" with the ids from the top down to its own."""

    __tablename__ = "question_category"
    __table_args__ = (UniqueConstraint("parent_id", "name"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    parent_id: Mapped[int | None] = mapped_column(ForeignKey("question_category.id"))
    name: Mapped[str] = mapped_column(String(80))
    path: Mapped[str] = mapped_column(String(200), index=True)


class QuestionTag(Base):
    """One word that a question is tagged with."""

    __tablename__ = "question_tag"

    question_id: Mapped[int] = mapped_column(
        ForeignKey("question.id", ondelete="CASCADE"), primary_key=True
    )
    tag: Mapped[str] = mapped_column(String(40), primary_key=True, index=True)


class QuestionPlace(Base):
    """Where what a question asks is taught: a span of a recording, or a place in a document.

    Documents live on a floor above: they are known here by their uuid alone.
    """

    __tablename__ = "question_place"
    __table_args__ = (
        CheckConstraint("kind in ('recording', 'document')", name="kind"),
        CheckConstraint("start >= 0 and (finish is null or finish >= start)", name="span"),
    )

    question_id: Mapped[int] = mapped_column(
        ForeignKey("question.id", ondelete="CASCADE"), primary_key=True
    )
    kind: Mapped[str] = mapped_column(String(9), primary_key=True)
    ref: Mapped[str] = mapped_column(String(32))  # id of the recording, uuid of the document
    start: Mapped[int] = mapped_column(default=0)  # milliseconds
    finish: Mapped[int | None]
    anchor: Mapped[str] = mapped_column(String(20), default="")  # of the document: p7 is page 7


class QuestionTwins(Base):
    """Two questions that say nearly the same; `one` is the older. Found anew by a job.

    `apart_by` is who has looked at both and said that they are two questions.
    """

    __tablename__ = "question_twins"
    __table_args__ = (CheckConstraint("one_id < other_id", name="order"),)

    one_id: Mapped[int] = mapped_column(
        ForeignKey("question.id", ondelete="CASCADE"), primary_key=True
    )
    other_id: Mapped[int] = mapped_column(
        ForeignKey("question.id", ondelete="CASCADE"), primary_key=True, index=True
    )
    percent: Mapped[int]  # 100: the same words
    apart_by: Mapped[int | None] = mapped_column(ForeignKey("member.id"))


class AnswerFile(Base):
    """One file that a member sent as an answer; it lies in the folder `answers` by its token."""

    __tablename__ = "answer_file"

    token: Mapped[str] = mapped_column(String(32), primary_key=True)
    member_id: Mapped[int] = mapped_column(ForeignKey("member.id"), index=True)
    name: Mapped[str] = mapped_column(String(200))
    ending: Mapped[str] = mapped_column(String(8))
    size: Mapped[int]  # bytes
    sha256: Mapped[str] = mapped_column(String(64))
    created_at: Mapped[datetime]


class QuestionChange(Base):
    """Who changed how a question is sorted, and when; what it says changes by versions.

    `what` is {fact: [before, after]} for category, tags, difficulty, source, state and
    language.
    """

    __tablename__ = "question_change"

    id: Mapped[int] = mapped_column(primary_key=True)
    question_id: Mapped[int] = mapped_column(
        ForeignKey("question.id", ondelete="CASCADE"), index=True
    )
    member_id: Mapped[int] = mapped_column(ForeignKey("member.id"))
    changed_at: Mapped[datetime]
    what: Mapped[dict[str, Any]]


class QuestionImport(Base):
    """One file on its way into the bank: read, looked over, taken in whole or not, taken back.

    `items` are what was read: [{place, kind, body, facts, problems}, …]; `notes` is what the file
    said that we cannot keep: [{place, what, mend}, …].
    """

    __tablename__ = "question_import"
    __table_args__ = (
        CheckConstraint("state in ('open', 'done', 'undone', 'dropped')", name="state"),
        CheckConstraint("(state in ('done', 'undone')) = (finished_at is not null)", name="final"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    author_id: Mapped[int] = mapped_column(ForeignKey("member.id"), index=True)
    filename: Mapped[str] = mapped_column(String(200))
    format: Mapped[str] = mapped_column(String(20))
    state: Mapped[str] = mapped_column(String(8), default="open")
    items: Mapped[list[Any]]
    notes: Mapped[list[Any]]
    revision: Mapped[int] = mapped_column(default=0)  # counts edits, so that no window overwrites
    created_at: Mapped[datetime]
    finished_at: Mapped[datetime | None]


class QuestionVersion(Base):
    """What a question said from one moment on; attempts point here, so a row never changes."""

    __tablename__ = "question_version"
    __table_args__ = (
        UniqueConstraint("question_id", "number"),
        CheckConstraint("number >= 1", name="number"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    question_id: Mapped[int] = mapped_column(ForeignKey("question.id"))
    number: Mapped[int]  # 1, 2, 3 … within the question
    body: Mapped[dict[str, Any]]  # as the type's clean() returns it
    said: Mapped[str] = mapped_column(Text)  # stem and options, folded, for finding it
    author_id: Mapped[int] = mapped_column(ForeignKey("member.id"))
    created_at: Mapped[datetime]


class QuestionClip(Base):
    """One picture or sound that a version of a question shows, by its public name.

    `after` is true when only the explanation shows it: it may tell the key.
    """

    __tablename__ = "question_clip"

    uuid: Mapped[str] = mapped_column(String(32), primary_key=True)
    version_id: Mapped[int] = mapped_column(
        ForeignKey("question_version.id"), primary_key=True, index=True
    )
    after: Mapped[bool] = mapped_column(default=False)


_REFUSE_SQLITE = """
CREATE TRIGGER question_version_keeps_{verb} BEFORE {verb} ON question_version
BEGIN SELECT RAISE(ABORT, 'a version of a question never changes'); END
"""
_REFUSE_POSTGRESQL = (
    """
CREATE OR REPLACE FUNCTION question_version_keeps() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN RAISE EXCEPTION 'a version of a question never changes'; END $$
""",
    """
CREATE TRIGGER question_version_keeps BEFORE UPDATE OR DELETE ON question_version
FOR EACH ROW EXECUTE FUNCTION question_version_keeps()
""",
)
for _verb in ("UPDATE", "DELETE"):
    event.listen(
        QuestionVersion.__table__,
        "after_create",
        DDL(_REFUSE_SQLITE.format(verb=_verb)).execute_if(  # type: ignore[no-untyped-call]
            dialect="sqlite"
        ),
    )
for _statement in _REFUSE_POSTGRESQL:
    event.listen(
        QuestionVersion.__table__,
        "after_create",
        DDL(_statement).execute_if(dialect="postgresql"),  # type: ignore[no-untyped-call]
    )
