"""Reads of the pictures and sounds of questions: which versions show one."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import select

from app.core.db import db
from app.questions.models import QuestionClip, QuestionVersion


@dataclass(frozen=True)
class Showing:
    """What shows one picture or sound: versions while they are asked, and once explained."""

    asked: frozenset[int]  # ids of versions
    explained: frozenset[int]  # these, too
    questions: frozenset[int]  # of which they are the versions

    def __bool__(self) -> bool:
        return bool(self.explained)


def showing(uuid: str) -> Showing:
    """Which versions of which questions show a picture or a sound."""
    rows = (
        db.session()
        .execute(
            select(QuestionClip.version_id, QuestionClip.after, QuestionVersion.question_id)
            .join(QuestionVersion, QuestionVersion.id == QuestionClip.version_id)
            .where(QuestionClip.uuid == uuid)
        )
        .all()
    )
    return Showing(
        asked=frozenset(version for version, after, _question in rows if not after),
        explained=frozenset(version for version, _after, _question in rows),
        questions=frozenset(question for _version, _after, question in rows),
    )
