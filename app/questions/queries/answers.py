"""Files that members sent as answers."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import select

from app.core.db import db
from app.core.refusals import NotThere
from app.questions.models import AnswerFile


@dataclass(frozen=True)
class SentFile:
    """One file as it was sent."""

    token: str
    member_id: int
    name: str
    size: int  # bytes


def sent_file(token: str, *, member_id: int | None = None) -> SentFile:
    """A file; with `member_id` only when this member sent it. Raises NotThere."""
    row = db.session().get(AnswerFile, token)
    if row is None or (member_id is not None and row.member_id != member_id):
        raise NotThere
    return SentFile(row.token, row.member_id, row.name, row.size)


def sent_tokens() -> set[str]:
    """The tokens of all files."""
    return set(db.session().scalars(select(AnswerFile.token)))
