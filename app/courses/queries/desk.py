"""What authors see of their own work. Administrators see everybody's."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from sqlalchemy import func, select

from app.core.db import db
from app.core.paging import Page, window
from app.core.refusals import NotThere
from app.courses.models import Checkpoint, Course, CourseQuestion, Lesson, Theme
from app.courses.queries.cards import CourseCard, card_rows, cards_of
from app.courses.queries.courses import CourseView, LessonView, course_by_id, lesson_view
from app.courses.queries.saying import title_here, words_of
from app.courses.queries.seeing import may_edit
from app.courses.rules import State
from app.media.models import Image, Media
from app.media.queries import Picture, pictures, shown_state
from app.members.models import Member, RoleGrant
from app.members.rules import Reader, Role, names


@dataclass(frozen=True)
class DeskTheme:
    """A theme as authors see it; `courses` counts all that are not removed."""

    id: int
    slug: str
    title: str
    description: str
    position: int
    cover: Picture | None
    courses: int
    own_title: str  # as authors edit it
    own_description: str
    titles: Mapping[str, Mapping[str, str]]  # see rules.titles


def own_courses(
    reader: Reader, *, everybody: bool = False, state: str = "", page: int = 1
) -> Page[CourseCard]:
    """The reader's courses, the last changed first; `everybody` for administrators only."""
    if not reader.is_author:
        raise NotThere
    wanted = card_rows().where(Course.state != State.REMOVED)
    if not (everybody and reader.is_administrator):
        wanted = wanted.where(Course.author_id == reader.id)
    if state:
        wanted = wanted.where(Course.state == state)
    total = db.session().scalar(select(func.count()).select_from(wanted.subquery())) or 0
    offset, limit = window(page)
    ordered = wanted.order_by(Course.changed_at.desc(), Course.id.desc())
    return Page(cards_of(ordered.offset(offset).limit(limit)), max(1, page), total)


def own_course(reader: Reader, course_id: int) -> CourseView:
    """A course that the reader may edit, in any state but removed. Raises NotThere."""
    found = course_by_id(course_id)
    if found is None or not may_edit(reader, found):
        raise NotThere
    return found


def own_lesson(
    reader: Reader, lesson_id: int, *, removed: bool = False
) -> tuple[CourseView, LessonView]:
    """A lesson that the reader may edit, with its course. Raises NotThere.

    `removed` finds one that was removed instead, to put it back.
    """
    course_id = db.session().scalar(select(Lesson.course_id).where(Lesson.id == lesson_id))
    if course_id is None:
        raise NotThere
    course = own_course(reader, course_id)
    if removed:
        found = next((one for one in removed_lessons(course_id) if one.id == lesson_id), None)
        if found is None:
            raise NotThere
        return course, found
    return course, course.lesson(lesson_id)


def removed_lessons(course_id: int) -> list[LessonView]:
    """Lessons taken out of a course, the last removed first."""
    course = db.session().get(Course, course_id)
    if course is None:
        return []
    rows = db.session().execute(
        select(Lesson, shown_state())
        .outerjoin(Media, Media.id == Lesson.media_id)
        .where(Lesson.course_id == course_id, Lesson.removed_at.is_not(None))
        .order_by(Lesson.removed_at.desc(), Lesson.id.desc())
    )
    return [lesson_view(row, state, course, number) for number, (row, state) in enumerate(rows, 1)]


def course_id_of(slug: str) -> int | None:
    """The id of a course by its short name, in any state but removed."""
    return db.session().scalar(
        select(Course.id).where(Course.slug == slug, Course.state != State.REMOVED)
    )


def courses_with(question_ids: Iterable[int]) -> dict[int, int]:
    """How many courses ask each question; questions that none asks are left out."""
    return dict(
        db.session()
        .execute(
            select(CourseQuestion.question_id, func.count())
            .join(Course, Course.id == CourseQuestion.course_id)
            .where(CourseQuestion.question_id.in_(list(question_ids)))
            .where(Course.state != State.REMOVED)
            .group_by(CourseQuestion.question_id)
        )
        .all()
    )


def questions_told() -> set[int]:
    """The questions of published courses, in quizzes or inside recordings: members learn there
    what is right."""
    in_quizzes = (
        select(CourseQuestion.question_id)
        .join(Course, Course.id == CourseQuestion.course_id)
        .where(Course.state == State.PUBLISHED)
    )
    in_recordings = (
        select(Checkpoint.question_id)
        .join(Lesson, Lesson.id == Checkpoint.lesson_id)
        .join(Course, Course.id == Lesson.course_id)
        .where(Course.state == State.PUBLISHED, Lesson.removed_at.is_(None))
    )
    return set(db.session().scalars(in_quizzes.union(in_recordings)))


def all_themes() -> list[DeskTheme]:
    """Every theme in order."""
    rows = (
        db.session()
        .execute(
            select(Theme, func.count(Course.id))
            .outerjoin(Course, (Course.theme_id == Theme.id) & (Course.state != State.REMOVED))
            .group_by(Theme.id)
            .order_by(Theme.position, Theme.id)
        )
        .all()
    )
    covers = pictures([row.cover_image_id for row, _ in rows])
    return [
        DeskTheme(
            id=row.id,
            slug=row.slug,
            title=words_of(row).title,
            description=words_of(row).text,
            position=row.position,
            cover=covers.get(row.cover_image_id or 0),
            courses=number,
            own_title=row.title,
            own_description=row.description,
            titles=row.titles,
        )
        for row, number in rows
    ]


def theme(theme_id: int) -> DeskTheme:
    """One theme; raises NotThere."""
    found = next((one for one in all_themes() if one.id == theme_id), None)
    if found is None:
        raise NotThere
    return found


def own_image(reader: Reader, image_id: int | None) -> int | None:
    """The id of a picture that the reader uploaded; None for none. Raises NotThere."""
    if image_id is None:
        return None
    owner_id = db.session().scalar(select(Image.owner_id).where(Image.id == image_id))
    if owner_id is None or not (reader.is_administrator or owner_id == reader.id):
        raise NotThere
    return image_id


def removed_drafts(reader: Reader) -> list[tuple[int, str]]:
    """The reader's own drafts that were thrown away: (id, title), the last first."""
    rows = db.session().execute(
        select(Course.id, title_here(Course))
        .where(Course.state == State.REMOVED, Course.author_id == reader.id)
        .order_by(Course.changed_at.desc())
        .limit(20)
    )
    return [(course_id, title) for course_id, title in rows]


def own_removed_draft(reader: Reader, course_id: int) -> int:
    """The id of a draft that the reader threw away. Raises NotThere."""
    if course_id not in dict(removed_drafts(reader)):
        raise NotThere
    return course_id


def owner_for(username: str = "") -> int | None:
    """Who owns what a command makes: the named author, else the first administrator or trainer."""
    wanted = (
        select(Member.id)
        .join(RoleGrant, RoleGrant.member_id == Member.id)
        .where(Member.is_active, RoleGrant.role.in_((Role.ADMINISTRATOR, Role.TRAINER)))
        .order_by(RoleGrant.role, Member.id)  # "administrator" comes before "trainer"
    )
    if username:
        wanted = wanted.where(Member.username == names.username(username))
    return db.session().scalar(wanted.limit(1))


def all_course_ids() -> list[int]:
    """Every course that is not removed, the oldest first."""
    rows = select(Course.id).where(Course.state != State.REMOVED).order_by(Course.id)
    return list(db.session().scalars(rows))


def uses_of(media_ids: Iterable[int]) -> dict[int, list[tuple[int, str]]]:
    """The lessons (id, title of the course) that recordings are used in, removed ones too."""
    wanted = list(media_ids)
    if not wanted:
        return {}
    rows = db.session().execute(
        select(Lesson.media_id, Lesson.id, title_here(Course))
        .join(Course, Course.id == Lesson.course_id)
        .where(Lesson.media_id.in_(wanted))
        .order_by(Lesson.id)
    )
    found: dict[int, list[tuple[int, str]]] = {}
    for media_id, lesson_id, title in rows:
        found.setdefault(int(media_id or 0), []).append((lesson_id, title))
    return found
