"""The life of a course: publish, withdraw, remove; and what search knows of it."""

from __future__ import annotations

from collections.abc import Callable

from sqlalchemy import func, select

from app.core import clock, markdown
from app.core.addresses import address
from app.core.db import db
from app.core.i18n import HTML_TAGS
from app.core.refusals import NotThere
from app.courses import queries
from app.courses.models import Course, CourseBranch, Lesson, Theme
from app.courses.rules import (
    Check,
    LessonKind,
    NotReady,
    State,
    caption_windows,
    checklist,
    exact,
    first_free,
    moved,
    reading_ms,
    sections,
    whole_length,
)
from app.courses.rules.titles import Titles, said, titles_of
from app.media import queries as media
from app.media.models import Media
from app.media.opencc import converted
from app.members import service as members
from app.members.rules.audit import Act
from app.search import service as search
from app.search.rules import Passage, in_language

ACTS = {
    "publish": Act.COURSE_PUBLISHED,
    "withdraw": Act.COURSE_WITHDRAWN,
    "remove": Act.COURSE_REMOVED,
    "restore": Act.COURSE_RESTORED,
}


def locked(course_id: int, *, removed: bool = False) -> Course:
    """The row of a course, held until the end of the transaction. Raises NotThere.

    `removed` finds a draft that was thrown away, and only such a one.

    SQLite has one writer at a time anyway; PostgreSQL locks the row, so that two who add a lesson
    at once are counted one after the other.
    """
    row = db.session().scalar(
        select(Course)
        .where(Course.id == course_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    if row is None or (row.state == State.REMOVED) != removed:
        raise NotThere
    return row


def touch(course: Course) -> None:
    """Note that something of a course changed, and tell search when members can see it."""
    course.changed_at = clock.now()
    db.session().flush()
    if course.state == State.PUBLISHED:
        refresh_search(course.id)


def publish(course_id: int) -> None:
    """Show a course to its audience. Raises NotNow, NotReady, CourseTooLong, NotThere."""
    course = locked(course_id)
    _move(course, "publish")


def withdraw(course_id: int) -> None:
    """Hide a published course; what members did in it is kept. Raises NotNow, NotThere."""
    _move(locked(course_id), "withdraw")


def remove_course(course_id: int) -> None:
    """Throw a draft away. Raises NotNow when it was ever published, NotThere."""
    _move(locked(course_id), "remove")


def restore_course(course_id: int) -> None:
    """Put a draft back that was thrown away. Raises NotThere."""
    _move(locked(course_id, removed=True), "restore")


def _move(course: Course, verb: str) -> None:
    """The one function that changes the state of a course; see rules.MOVES."""
    state = moved(course.state, verb)
    if state is State.PUBLISHED:
        count_again(course)
        missing = [c for c in publish_checks(course.id) if c.required and not c.done]
        if missing:
            raise NotReady(missing=missing)
        course.published_at = course.published_at or clock.now()
    if state is State.REMOVED:
        course.slug = f"{course.slug}~{course.id}"  # its name is free again
    if verb == "restore":
        taken = db.session().scalars(select(Course.slug)).all()
        course.slug = first_free(course.slug.split("~")[0], taken)
    course.state = state.value
    course.changed_at = clock.now()
    db.session().flush()
    members.record(
        ACTS[verb], thing=("course", course.id), name=course.title, owner_id=course.author_id
    )
    refresh_search(course.id)


def publish_checks(course_id: int) -> list[Check]:
    """What a course still needs, line by line. Raises NotThere."""
    course = queries.course_by_id(course_id)
    if course is None:
        raise NotThere
    return checklist(
        title=course.own_title,
        summary=course.own_summary,
        lessons=[lesson.state for lesson in course.lessons],
        questions=course.questions,
        nobody=course.audience is not None and not course.audience,
    )


def count_again(course: Course) -> bool:
    """Rebuild the lengths of a course from its facts: recordings and texts.

    Returns whether anything was different. Raises CourseTooLong, and then changes nothing.
    """
    rows = list(
        db.session().execute(
            select(Lesson, Media.duration_ms)
            .outerjoin(Media, Media.id == Lesson.media_id)
            .where(Lesson.course_id == course.id, Lesson.removed_at.is_(None))
        )
    )
    lengths = [
        (lesson, duration if duration is not None else reading_ms(markdown.plain(lesson.body)))
        for lesson, duration in rows
    ]
    length = whole_length((lesson.title, ms) for lesson, ms in lengths)
    different = length != course.length_ms
    for lesson, ms in lengths:
        different = different or lesson.length_ms != ms
        lesson.length_ms = ms
    course.length_ms = length
    db.session().flush()
    return different


def other_titles(given: Titles, *, own: str, language: str = "") -> dict[str, dict[str, str]]:
    """Titles in other languages as they are kept; see rules.titles."""
    return titles_of(
        given,
        own=own,
        language=language,
        convert=lambda text, script: converted([text], to=HTML_TAGS[script])[0],
    )


# --- search ---------------------------------------------------------------------------------------


def reindex_all() -> int:
    """Tell search of everything again; returns how many courses are published."""
    ids = list(db.session().scalars(select(Course.id).order_by(Course.id)))
    for course_id in ids:
        refresh_search(course_id, with_theme=False)
    for theme_id in db.session().scalars(select(Theme.id)).all():
        refresh_theme(theme_id)
    published = select(func.count()).where(Course.state == State.PUBLISHED)
    return db.session().scalar(published) or 0


def refresh_search(course_id: int, *, with_theme: bool = True) -> None:
    """Put what members may find of a course, and take out what they may not find any more."""
    session = db.session()
    course = queries.course_by_id(course_id)
    theme = session.get(Theme, course.theme_id) if course else None
    live = course is not None and course.is_published
    if course is None or not live:
        search.remove(kind="course", ref=str(course_id))
    else:
        search.put(
            kind="course",
            ref=str(course.id),
            title=course.own_title,
            url=address("course", slug=course.slug),
            passages=search_texts(course.own_summary, course.titles),
            audience=course.audience,
            language=course.language,
            note=theme.title if theme else "",
            others=search_titles(
                title=(course.own_title, course.titles),
                note=(theme.title, theme.titles) if theme else ("", {}),
            ),
        )
    shown = {lesson.id: lesson for lesson in course.lessons} if course and live else {}
    for lesson_id in session.scalars(select(Lesson.id).where(Lesson.course_id == course_id)).all():
        if course is None or lesson_id not in shown:
            search.remove(kind="lesson", ref=str(lesson_id))
            search.remove(kind="caption", ref=str(lesson_id))
        else:
            _put_lesson(course, shown[lesson_id])
    theme_id = session.scalar(select(Course.theme_id).where(Course.id == course_id))
    if with_theme and theme_id is not None:
        refresh_theme(theme_id)


def search_texts(own: str, titles: Titles, *, plain: Callable[[str], str] = str) -> list[Passage]:
    """A summary in its own language and in all others, each shown to its readers."""
    texts = [("", own), *((in_language(code), one.get("text", "")) for code, one in titles.items())]
    return [Passage(anchor, "", plain(text)) for anchor, text in texts if text]


def search_titles(**parts: tuple[str, Titles]) -> dict[str, dict[str, str]]:
    """Titles and notes of a found thing in other languages than its own, as search wants them."""
    languages = {language for _, titles in parts.values() for language in titles}
    return {
        language: {
            part: words
            for part, (own, titles) in parts.items()
            if (words := said(own, "title", titles, language)) != own
        }
        for language in sorted(languages)
    }


def _put_lesson(course: queries.CourseView, lesson: queries.LessonView) -> None:
    url = address("lesson", slug=course.slug, lesson=lesson.id)
    others = search_titles(
        title=(lesson.own_title, lesson.titles), note=(course.own_title, course.titles)
    )
    parts = sections(lesson.body) if lesson.kind == LessonKind.READING else []
    passages = [
        Passage(
            f"s{number}",
            heading,
            markdown.plain(text),
            f"{url}#{markdown.heading_place(heading)}" if heading else "",
        )
        for number, (heading, text) in enumerate(parts)
    ]
    search.put(
        kind="lesson",
        ref=str(lesson.id),
        title=lesson.own_title,
        url=url,
        passages=passages,
        audience=course.audience,
        language=course.language,
        note=course.own_title,
        others=others,
        form=lesson.kind,
    )
    spoken: list[Passage] = []
    if lesson.media_id is not None:
        by_language: dict[str, list[tuple[int, int, str]]] = {}
        for cue in media.cues(lesson.media_id):
            by_language.setdefault(cue.language, []).append((cue.start_ms, cue.end_ms, cue.text))
        for language, cues in sorted(by_language.items()):
            for window in caption_windows(cues):
                seconds = [start_ms // 1000 for start_ms, _ in window]
                places = [(exact(second * 1000), f"{url}?t={second}") for second in seconds]
                text, (label, opens) = "\n".join(line for _, line in window), places[0]
                anchor = f"t{seconds[0]}-{language}"
                spoken.append(Passage(anchor, label, text, opens, tuple(places)))
    if spoken:
        search.put(
            kind="caption",
            ref=str(lesson.id),
            title=lesson.own_title,
            url=url,
            passages=spoken,
            audience=course.audience,
            language=course.language,
            note=course.own_title,
            others=others,
            form=lesson.kind,
        )
    else:
        search.remove(kind="caption", ref=str(lesson.id))


def refresh_theme(theme_id: int) -> None:
    """Put a theme for everybody who may see a course in it; take it out when nobody may."""
    session = db.session()
    theme = session.get(Theme, theme_id)
    live = session.execute(
        select(Course.id, Course.open_to_all).where(
            Course.theme_id == theme_id, Course.state == State.PUBLISHED
        )
    ).all()
    if theme is None or not live:
        search.remove(kind="theme", ref=str(theme_id))
        return
    audience: frozenset[int] | None = None
    if not any(open_to_all for _, open_to_all in live):
        audience = frozenset(
            session.scalars(
                select(CourseBranch.branch_id).where(
                    CourseBranch.course_id.in_([course_id for course_id, _ in live])
                )
            )
        )
    search.put(
        kind="theme",
        ref=str(theme_id),
        title=theme.title,
        url=address("theme", slug=theme.slug),
        passages=search_texts(theme.description, theme.titles, plain=markdown.plain),
        audience=audience,
        others=search_titles(title=(theme.title, theme.titles)),
    )
