"""In which language a thing is called: the one place where the reader's is looked up."""

from __future__ import annotations

from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, func

from app.core.i18n import HTML_TAGS, reader_language
from app.courses.models import Course, Lesson, Theme
from app.courses.rules.titles import Titles, said


class Words(NamedTuple):
    """A title, and the summary or description with it."""

    title: str
    text: str = ""


def own_words(row: Course | Theme | Lesson) -> Words:
    """What a theme, course or lesson is called in its own language."""
    if isinstance(row, Lesson):
        return Words(row.title)
    return Words(row.title, row.summary if isinstance(row, Course) else row.description)


def words_of(row: Course | Theme | Lesson, language: str | None = None) -> Words:
    """What it is called in the reader's language, or in this one."""
    return words_in(own_words(row), row.titles, language)


def words_in(own: Words, titles: Titles, language: str | None = None) -> Words:
    """The same of a thing of another room, of its own words and those in other languages."""
    language = language or reader_language()
    return Words(
        said(own.title, "title", titles, language), said(own.text, "text", titles, language)
    )


def tongues_of(row: Course | Lesson, language: str) -> Words:
    """The language of each of its `words_of`, as HTML names it; "" where it is the page's own.

    `language` is that of the course.
    """
    tag = "" if language == reader_language() else HTML_TAGS.get(language, "")
    here, own = words_of(row), own_words(row)
    return Words(*(tag if said == first else "" for said, first in zip(here, own, strict=True)))


def title_here(of: type[Any]) -> ColumnElement[str]:
    """SQL: the title in the reader's language, of a table with `title` and `titles`."""
    language = reader_language()
    own: ColumnElement[str] = of.title.expression
    if language is None:
        return own
    return func.coalesce(of.titles[(language, "title")].as_string(), own)
