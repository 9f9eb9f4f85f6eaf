"""Reads of the question bank: questions and their versions, the bank, twins, imports."""

from __future__ import annotations

from app.questions.queries.answers import SentFile, sent_file, sent_tokens
from app.questions.queries.bank import (
    CategoryView,
    Change,
    Place,
    Wanted,
    bank_for,
    categories,
    category_names,
    changes,
    facts,
    ids_for,
    places,
    pool,
    sayings,
    tag_counts,
    tags_of,
)
from app.questions.queries.imports import (
    ImportView,
    import_for,
    imports_for,
    question_ids_of,
    trainer_named,
)
from app.questions.queries.questions import (
    Question,
    history,
    may_edit,
    own_question,
    question,
    question_for,
    questions,
    version,
    versions,
)
from app.questions.queries.twins import Twin, twins, twins_of

__all__ = [
    "CategoryView",
    "Change",
    "ImportView",
    "Place",
    "Question",
    "SentFile",
    "Twin",
    "Wanted",
    "bank_for",
    "categories",
    "category_names",
    "changes",
    "facts",
    "history",
    "ids_for",
    "import_for",
    "imports_for",
    "may_edit",
    "own_question",
    "places",
    "pool",
    "question",
    "question_for",
    "question_ids_of",
    "questions",
    "sayings",
    "sent_file",
    "sent_tokens",
    "tag_counts",
    "tags_of",
    "trainer_named",
    "twins",
    "twins_of",
    "version",
    "versions",
]
