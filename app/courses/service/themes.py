"""Themes: create, edit, order. They belong to the organisation; every author may edit them."""

from __future__ import annotations

from sqlalchemy import func, select

from app.core.db import db
from app.core.refusals import NotThere
from app.courses import rules
from app.courses.models import Course, Theme
from app.courses.rules.titles import Titles, typed
from app.courses.service.publishing import other_titles, refresh_search, refresh_theme
from app.members import service as members
from app.members.rules.audit import Act
from app.points import service as points


def create_theme(
    *,
    title: str,
    description: str = "",
    slug: str = "",
    position: int | None = None,
    titles: Titles | None = None,
) -> int:
    """Add a theme, at the end unless told where, and return its id.

    Raises BadTitle, BadSummary, BadSlug.
    """
    title, description = rules.title_of(title), rules.summary_of(description)
    session = db.session()
    if slug and not rules.is_slug(slug):
        raise rules.BadSlug(slug=slug)
    if not slug:
        taken = session.scalars(select(Theme.slug)).all()
        slug = rules.first_free(rules.slug_of(title) or "theme", taken)
    last = session.scalar(select(func.max(Theme.position))) or 0
    row = Theme(
        slug=slug,
        title=title,
        description=description,
        titles=other_titles(titles or {}, own=title),
        position=last + 1 if position is None else position,
    )
    session.add(row)
    session.flush()
    _tell(row)
    return row.id


def theme_called(title: str) -> int:
    """The theme with a title, in whichever language and case it was typed; else a new one.

    Raises BadTitle.
    """
    wanted = rules.title_of(title).casefold()
    for row in db.session().scalars(select(Theme).order_by(Theme.position, Theme.id)):
        said = [row.title, *(one.get("title", "") for one in row.titles.values())]
        if wanted in (each.casefold() for each in said):
            return row.id
    return create_theme(title=title)


def edit_theme(
    theme_id: int, *, title: str, description: str, titles: Titles | None = None
) -> None:
    """Change what a theme says; `titles` None leaves those in other languages as they are.

    Raises BadTitle, BadSummary, NotThere.
    """
    row = _held(theme_id)
    row.title, row.description = rules.title_of(title), rules.summary_of(description)
    row.titles = other_titles(typed(row.titles) if titles is None else titles, own=row.title)
    db.session().flush()
    _tell(row)
    refresh_theme(theme_id)
    # Courses show the title of their theme in search results.
    for course_id in db.session().scalars(
        select(Course.id).where(Course.theme_id == theme_id, Course.state == rules.State.PUBLISHED)
    ):
        refresh_search(course_id, with_theme=False)


def _tell(row: Theme) -> None:
    """Boards of points by theme call it what it is called, in every language."""
    titles = {code: one["title"] for code, one in row.titles.items() if one.get("title")}
    points.name_theme(row.id, row.title, titles)


def move_theme(theme_id: int, *, by: int) -> None:
    """Move a theme up (by=-1) or down (by=1) one place; at the end nothing happens."""
    row = _held(theme_id)
    rows = list(db.session().scalars(select(Theme).order_by(Theme.position, Theme.id)))
    at = rows.index(row)
    to = at + (1 if by > 0 else -1)
    if 0 <= to < len(rows):
        rows.insert(to, rows.pop(at))
        for position, other in enumerate(rows, 1):
            other.position = position
        db.session().flush()


def set_theme_cover(theme_id: int, image_id: int | None) -> None:
    """The picture of a theme; None takes it away. Raises NotThere."""
    _held(theme_id).cover_image_id = image_id
    db.session().flush()


def remove_theme(theme_id: int) -> None:
    """Throw an empty theme away. Raises ThemeInUse, NotThere."""
    row = _held(theme_id)
    used = select(Course).where(Course.theme_id == theme_id)
    another = select(Theme.id).where(Theme.id != theme_id).order_by(Theme.position).limit(1)
    for course in db.session().scalars(used).all():
        other_id = db.session().scalar(another)
        if course.state != rules.State.REMOVED or other_id is None:
            raise rules.ThemeInUse
        course.theme_id = other_id  # a removed draft can still be put back
    db.session().flush()
    db.session().delete(row)
    db.session().flush()
    members.record(Act.THEME_REMOVED, thing=("theme", theme_id), name=row.title)
    refresh_theme(theme_id)


def _held(theme_id: int) -> Theme:
    row = db.session().scalar(
        select(Theme)
        .where(Theme.id == theme_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    if row is None:
        raise NotThere
    return row
