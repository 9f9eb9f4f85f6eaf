"""Questions as one person is asked them: in a language that they read; names of options that tell
nothing, in a random order."""

from __future__ import annotations

import secrets
from collections.abc import Iterable

from app.exams.rules import shuffled
from app.questions import types
from app.questions.queries import Question, languages_of
from app.questions.rules import language_fits


def written_in(language: str, question_ids: Iterable[int]) -> set[int]:
    """Those of the questions that a reader of a language (zh_Hant, en) understands."""
    spoken = languages_of(question_ids)
    return {number for number, each in spoken.items() if language_fits(each, language)}


def options_of(question: Question) -> list[list[str]]:
    """[[name, id], …] for one asking of a question."""
    ids = types.of(question.kind).options(question.body)
    return [list(pair) for pair in shuffled(secrets.randbits(62), 1, ids)]
