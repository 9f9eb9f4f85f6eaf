"""Files that members sent as answers."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

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
    ending: str
    sha256: str
    sent_at: datetime


def sent_file(token: str, *, member_id: int | None = None) -> SentFile:
    """A file; with `member_id` only when this member sent it. Raises NotThere."""
    row = db.session().get(AnswerFile, token)
    if row is None or (member_id is not None and row.member_id != member_id):
        raise NotThere
    return _seen(row)


def sent_files(tokens: Iterable[str]) -> dict[str, SentFile]:
    """The files of these tokens, by token; what is not known is left out."""
    rows = db.session().scalars(select(AnswerFile).where(AnswerFile.token.in_(set(tokens))))
    return {row.token: _seen(row) for row in rows}


def _seen(row: AnswerFile) -> SentFile:
    return SentFile(
        *(row.token, row.member_id, row.name, row.size, row.ending, row.sha256, row.created_at)
    )


def sent_tokens() -> set[str]:
    """The tokens of all files."""
    return set(db.session().scalars(select(AnswerFile.token)))
