"""Answer a question inside a recording."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from app.core import clock
from app.core.db import db
from app.learning.models import CheckpointAnswer
from app.learning.queries import AskedInside, wrong_tries
from app.learning.rules.checkpoints import NothingAnswered, is_settled, tells_key
from app.questions import types


@dataclass(frozen=True)
class Judged:
    """What an answer was worth. `explained` is None while the key is not told."""

    right: bool | None  # None while an exam seals the question
    settled: bool  # the member may go on
    explained: dict[str, Any] | None


def answer(
    asked: AskedInside, *, member_id: int, raw: Sequence[str], is_sealed: bool = False
) -> Judged:
    """Mark an answer as the form has it, and keep it; of a preview nothing is kept.

    One that is sealed tells nothing, not even by letting only those go on who are right.

    Raises NotAnAnswer and NothingAnswered.
    """
    question = asked.question
    kind = types.of(question.kind)
    response = types.read(question.kind, question.body, asked.names, raw)
    if not response:
        raise NothingAnswered
    right = kind.mark(question.body, response) >= 1
    counts = asked.checkpoint.counts
    wrong = 0
    if not asked.is_preview:
        db.session().add(
            CheckpointAnswer(
                member_id=member_id,
                checkpoint_id=asked.checkpoint.id,
                version_id=question.version_id,
                response=list(response),
                right=right,
                sealed=is_sealed,
                answered_at=clock.now(),
            )
        )
        db.session().flush()
        wrong = wrong_tries(member_id, asked.checkpoint.id)
    if is_sealed:
        return Judged(right=None, settled=True, explained=None)
    told = tells_key(counts=counts, right=right, wrong_tries=wrong)
    return Judged(
        right=right,
        settled=is_settled(counts=counts, answered=True, right=right),
        explained=kind.explained(question.body, response) if told else None,
    )
