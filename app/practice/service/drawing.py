"""A question as one person is asked it: names of options that tell nothing, in a random order."""

from __future__ import annotations

import secrets

from app.exams.rules import shuffled
from app.questions import types
from app.questions.queries import Question


def options_of(question: Question) -> list[list[str]]:
    """[[name, id], …] for one asking of a question."""
    ids = types.of(question.kind).options(question.body)
    return [list(pair) for pair in shuffled(secrets.randbits(62), 1, ids)]
