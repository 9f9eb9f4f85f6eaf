"""Facts of a course as a whole: title, theme, audience, cover, rules, length."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import delete, select

from app.core import clock
from app.core.db import db
from app.core.i18n import LANGUAGES
from app.core.refusals import Conflict, NotThere
from app.courses import rules
from app.courses.models import Course, CourseBranch, Lesson, Theme
from app.courses.rules.titles import Titles, typed
from app.courses.service.publishing import (
    count_again,
    locked,
    other_titles,
    refresh_theme,
    touch,
)
from app.members.models import Branch

DESCRIBED = ("title", "summary", "theme_id", "language", "titles")


def create_course(
    *,
    author_id: int,
    title: str,
    theme_id: int,
    language: str,
    slug: str = "",
    summary: str = "",
    titles: Titles | None = None,
) -> int:
    """Begin a draft and return its id. Raises BadTitle, BadSlug, BadLanguage, NotThere."""
    title = rules.title_of(title)
    session = db.session()
    if session.get(Theme, theme_id) is None:
        raise NotThere
    if slug and not rules.is_slug(slug):
        raise rules.BadSlug(slug=slug)
    if not slug:
        taken = session.scalars(select(Course.slug)).all()
        slug = rules.first_free(rules.slug_of(title) or "course", taken)
    now, language = clock.now(), _language(language)
    row = Course(
        slug=slug,
        theme_id=theme_id,
        author_id=author_id,
        title=title,
        summary=rules.summary_of(summary),
        language=language,
        titles=other_titles(titles or {}, own=title, language=language),
        created_at=now,
        changed_at=now,
    )
    session.add(row)
    session.flush()
    return row.id


def describe(
    course_id: int,
    *,
    title: str,
    summary: str,
    theme_id: int,
    language: str,
    titles: Titles | None = None,
    seen: int | None = None,
) -> None:
    """Change what a course says of itself; `titles` None leaves those in other languages.

    `seen` is the revision that the editor showed; Conflict when there is a newer one. Raises
    BadTitle, BadSummary, BadLanguage, NotThere, and NotReady for a published one without summary.
    """
    course = locked(course_id)
    if seen is not None and seen != course.revision:
        raise Conflict
    title, summary = rules.title_of(title), rules.summary_of(summary)
    language = _language(language)
    if db.session().get(Theme, theme_id) is None:
        raise NotThere
    if course.state == rules.State.PUBLISHED and not summary:
        missing = rules.checklist(title=title, summary="", lessons=["ready"], questions=1)
        raise rules.NotReady(missing=[c for c in missing if not c.done])
    others = typed(course.titles) if titles is None else titles
    others = other_titles(others, own=title, language=language)
    before, facts = course.theme_id, (title, summary, theme_id, language, others)
    if facts == tuple(getattr(course, name) for name in DESCRIBED):
        return
    for name, value in zip(DESCRIBED, facts, strict=True):
        setattr(course, name, value)
    _name_lessons(course)
    course.revision += 1
    touch(course)
    if before != theme_id:
        refresh_theme(before)


def _name_lessons(course: Course) -> None:
    """Lessons have no other title in the language of their course, which may be another now."""
    for row in db.session().scalars(select(Lesson).where(Lesson.course_id == course.id)):
        if row.titles:
            given = typed(row.titles)
            row.titles = other_titles(given, own=row.title, language=course.language)


def set_rules(
    course_id: int, *, completion_percent: int, pass_percent: int, attempts_allowed: int
) -> None:
    """How much must be watched, what passes the quiz, how often it may be tried (0: no limit).

    Raises BadNumber.
    """
    course = locked(course_id)
    course.completion_percent = rules.number_in(
        completion_percent, rules.COMPLETION_RANGE, where="completion_percent"
    )
    course.pass_percent = rules.number_in(pass_percent, rules.PASS_RANGE, where="pass_percent")
    course.attempts_allowed = rules.number_in(
        attempts_allowed, (0, rules.MOST_ATTEMPTS), where="attempts_allowed"
    )
    touch(course)


def set_audience(course_id: int, branch_ids: Iterable[int] | None) -> None:
    """Who may see the course: None is everybody, else members of these branches and below.

    Raises NobodyChosen, and NotThere for a branch that does not exist.
    """
    course = locked(course_id)
    session = db.session()
    chosen = set(branch_ids) if branch_ids is not None else set()
    if branch_ids is not None:
        if not chosen:
            raise rules.NobodyChosen
        known = set(session.scalars(select(Branch.id).where(Branch.id.in_(chosen))))
        if known != chosen:
            raise NotThere
    course.open_to_all = branch_ids is None
    session.execute(delete(CourseBranch).where(CourseBranch.course_id == course_id))
    session.add_all(CourseBranch(course_id=course_id, branch_id=b) for b in sorted(chosen))
    touch(course)


def set_cover(course_id: int, image_id: int | None) -> None:
    """The picture of a course; None takes it away, and the theme's is shown."""
    course = locked(course_id)
    course.cover_image_id = image_id
    touch(course)


def recount(course_id: int) -> bool:
    """Rebuild the kept lengths of a course; returns whether they were wrong."""
    return count_again(locked(course_id))


def _language(language: str) -> str:
    if language not in LANGUAGES:
        raise rules.BadLanguage
    return language
