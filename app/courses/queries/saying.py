"""In which language a theme or course is called: the one place where the reader's is looked up."""

from __future__ import annotations

from typing import NamedTuple

from sqlalchemy import ColumnElement, func

from app.core.i18n import reader_language
from app.courses.models import Course, Theme
from app.courses.rules.titles import said


class Words(NamedTuple):
    """A title, and the summary or description with it."""

    title: str
    text: str


def own_words(row: Course | Theme) -> Words:
    """What a theme or course is called in its own language."""
    return Words(row.title, row.summary if isinstance(row, Course) else row.description)


def words_of(row: Course | Theme, language: str | None = None) -> Words:
    """What it is called in the reader's language, or in this one."""
    language, (title, text) = language or reader_language(), own_words(row)
    return Words(
        said(title, "title", row.titles, language), said(text, "text", row.titles, language)
    )


def title_here(of: type[Course | Theme]) -> ColumnElement[str]:
    """SQL: the title in the reader's language."""
    language = reader_language()
    own: ColumnElement[str] = of.title.expression
    if language is None:
        return own
    return func.coalesce(of.titles[(language, "title")].as_string(), own)
