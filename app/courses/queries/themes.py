"""Themes, as readers may see them. "Not yours" looks like "not there"."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import (
    ColumnElement,
    func,
    select,
)

from app.core.db import db
from app.core.refusals import NotThere
from app.courses.models import Course, Theme
from app.courses.queries.saying import words_of
from app.courses.queries.seeing import seen_by
from app.media.queries import Picture, pictures
from app.members.rules import Reader


@dataclass(frozen=True)
class ThemeView:
    """A theme with the number and length (ms) of the courses that the reader may see in it."""

    id: int
    slug: str
    title: str
    description: str
    cover: Picture | None
    courses: int
    length_ms: int


def themes_for(reader: Reader) -> list[ThemeView]:
    """The themes in their order in which this reader may see at least one course."""
    return _themes(seen_by(reader))


def theme_for(reader: Reader, slug: str) -> ThemeView:
    """A theme; raises NotThere when the reader may see no course in it. Authors see all."""
    found = next((t for t in _themes(seen_by(reader)) if t.slug == slug), None)
    if found is None and reader.is_author:
        row = db.session().scalar(select(Theme).where(Theme.slug == slug))
        if row is not None:
            cover = pictures([row.cover_image_id]).get(row.cover_image_id or 0)
            return ThemeView(row.id, row.slug, *words_of(row), cover, 0, 0)
    if found is None:
        raise NotThere
    return found


def _themes(seen: ColumnElement[bool]) -> list[ThemeView]:
    rows = (
        db.session()
        .execute(
            select(Theme, func.count(Course.id), func.sum(Course.length_ms))
            .join(Course, Course.theme_id == Theme.id)
            .where(seen)
            .group_by(Theme.id)
            .order_by(Theme.position, Theme.id)
        )
        .all()
    )
    covers = pictures([theme.cover_image_id for theme, _, _ in rows])
    return [
        ThemeView(
            id=theme.id,
            slug=theme.slug,
            title=words_of(theme).title,
            description=words_of(theme).text,
            cover=covers.get(theme.cover_image_id or 0),
            courses=number,
            length_ms=int(length or 0),
        )
        for theme, number, length in rows
    ]
