"""Courses as plain files: a package into the database, and a course out of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from flask_babel import lazy_gettext as _l
from sqlalchemy import delete, select

from app.core.db import db
from app.core.refusals import NotThere, Refusal
from app.courses import queries
from app.courses.models import Course, CourseQuestion, Theme
from app.courses.package import Asked, Caption, Package, PackageLesson, PackageTheme, Question
from app.courses.rules import LessonKind, State, slug_of
from app.courses.rules.titles import typed
from app.courses.service import checkpoints, editing, lessons, publishing, quiz, themes
from app.media import queries as media
from app.media import service as media_service
from app.media import webvtt
from app.media.models import Image
from app.media.rules import time_text
from app.members.queries import branches
from app.members.rules.names import branch_path
from app.members.service import branch_at
from app.questions import queries as bank
from app.questions import service as questions


class NoTheme(Refusal):
    """The package names a theme that does not exist and does not say what it is."""

    sentence = _l("There is no theme “%(slug)s”. Describe it in a [theme] table.")


class Outcome(StrEnum):
    CREATED = "created"
    UPDATED = "updated"
    UNCHANGED = "unchanged"


@dataclass(frozen=True)
class Loaded:
    course_id: int
    outcome: Outcome


def loaded_already(package: Package) -> int | None:
    """The course that exactly these files were loaded into before, if there is one."""
    return db.session().scalar(
        select(Course.id).where(
            Course.slug == package.slug,
            Course.state != State.REMOVED,
            Course.package_hash == package.hash,
        )
    )


def load_package(
    package: Package, *, author_id: int, files: Mapping[str, int], pictures: Mapping[str, int]
) -> Loaded:
    """Make the course say what its package says; the author stays who it is.

    `files` are the media ids of recordings, `pictures` the image ids of covers, both by name in
    the package. Loading the same files again changes nothing, not even what was edited in the
    pages since. Raises what the verbs raise: CourseTooLong, NotReady, UnknownBranch, NoTheme …
    """
    done = loaded_already(package)
    if done is not None:
        return Loaded(done, Outcome.UNCHANGED)
    theme_id = _theme(package, pictures)
    course_id = queries.course_id_of(package.slug)
    outcome = Outcome.UPDATED
    if course_id is None:
        outcome = Outcome.CREATED
        course_id = editing.create_course(
            author_id=author_id,
            title=package.title,
            theme_id=theme_id,
            language=package.language,
            slug=package.slug,
            summary=package.summary,
            titles=package.titles,
        )
    else:
        editing.describe(
            course_id,
            title=package.title,
            summary=package.summary,
            theme_id=theme_id,
            language=package.language,
            titles=package.titles,
        )
    editing.set_rules(
        course_id,
        completion_percent=package.completion_percent,
        pass_percent=package.pass_percent,
        attempts_allowed=package.attempts,
    )
    audience = package.audience
    ids = None if audience is None else [branch_at(branch_path(path)) for path in audience]
    editing.set_audience(course_id, ids)
    if package.cover:
        editing.set_cover(course_id, pictures[package.cover])
    _lessons(course_id, package, files)
    _inside(course_id, package, _quiz(course_id, package, author_id))
    course = publishing.locked(course_id)
    _move_to(course, State(package.state))
    course.package_hash = package.hash
    publishing.touch(course)
    return Loaded(course_id, outcome)


def _theme(package: Package, pictures: Mapping[str, int]) -> int:
    found = db.session().scalar(select(Theme.id).where(Theme.slug == package.theme))
    if found is not None:
        return found
    facts = package.theme_facts
    if facts is None:
        raise NoTheme(slug=package.theme)
    theme_id = themes.create_theme(
        title=facts.title,
        description=facts.description,
        slug=facts.slug,
        position=facts.order,
        titles=facts.titles,
    )
    if facts.cover:
        themes.set_theme_cover(theme_id, pictures[facts.cover])
    return theme_id


def _lessons(course_id: int, package: Package, files: Mapping[str, int]) -> None:
    wanted = []
    for lesson in package.lessons:
        if lesson.kind == LessonKind.READING:
            wanted.append(lessons.wanted_reading(lesson.title, lesson.text, titles=lesson.titles))
            continue
        media_id = files[lesson.file]
        wanted.append(lessons.wanted_recording(lesson.title, media_id, titles=lesson.titles))
        if lesson.chapters:
            media_service.set_chapters(media_id, text=lesson.chapters)
        for caption in lesson.captions:
            media_service.attach_captions(
                media_id,
                language=caption.language,
                label=caption.label,
                data=(package.folder / caption.file).read_bytes(),
                by_machine=caption.machine,
            )
    lessons.set_lessons(course_id, wanted)


def _quiz(course_id: int, package: Package, author_id: int) -> list[int]:
    """The questions of the package in their order; equal ones keep their place in the bank.

    Returns their ids, also of those that are asked only inside recordings.
    """
    session = db.session()
    known = _questions_of(course_id)
    asked = bank.questions(known)
    free = [asked[i] for i in known if i in asked]
    ids = []
    session.execute(delete(CourseQuestion).where(CourseQuestion.course_id == course_id))
    session.expire_all()
    for question in package.questions:
        same = next((q for q in free if (q.kind, q.plain) == (question.kind, question.body)), None)
        if same is None:
            stem = question.body["stem"]
            same = next((q for q in free if (q.kind, q.stem) == (question.kind, stem)), None)
            if same is not None:
                questions.revise(same.id, question.body, author_id)
        if same is not None:
            free.remove(same)
            question_id = same.id
        else:
            question_id = questions.create(
                kind=question.kind, body=question.body, author_id=author_id
            )
        if question.in_quiz:
            quiz.add_question(course_id, question_id)
        ids.append(question_id)
    return ids


def _questions_of(course_id: int) -> list[int]:
    """The questions of a course: those of its quiz, then those asked only inside recordings."""
    paper = queries.quiz_of(course_id)
    found = list(paper.question_ids if paper else ())
    course = queries.course_by_id(course_id)
    for lesson in course.lessons if course else ():
        found += [one.question_id for one in queries.checkpoints_of(lesson.id)]
    return list(dict.fromkeys(found))


def _inside(course_id: int, package: Package, question_ids: list[int]) -> None:
    """Ask inside the recordings what the package asks there, and nothing else."""
    course = queries.course_by_id(course_id)
    for lesson, said in zip(course.lessons if course else (), package.lessons, strict=True):
        wanted = {question_ids[one.question - 1]: one for one in said.asked}
        for row in queries.checkpoints_of(lesson.id):
            if row.question_id not in wanted:
                checkpoints.stop_asking(lesson.id, row.id)
        for question_id, one in wanted.items():
            checkpoints.add_checkpoint(
                lesson.id, question_id=question_id, at_ms=one.at_ms, counts=one.counts
            )


def _move_to(course: Course, wanted: State) -> None:
    """Bring a course into the state that its package says, by moves that are allowed."""
    if wanted is State.PUBLISHED and course.state != State.PUBLISHED:
        publishing.publish(course.id)
    elif wanted is not State.PUBLISHED and course.state == State.PUBLISHED:
        publishing.withdraw(course.id)
    elif wanted is State.WITHDRAWN and course.state == State.DRAFT:
        publishing.publish(course.id)
        publishing.withdraw(course.id)


# --- out ------------------------------------------------------------------------------------------


def package_of(course_id: int) -> tuple[Package, dict[str, bytes | Path]]:
    """A course as a package, and the files that belong to it. Raises NotThere.

    The same course gives the same bytes; recordings are the originals as they were uploaded.
    """
    course = queries.course_by_id(course_id)
    theme = db.session().get(Theme, course.theme_id) if course else None
    if course is None or theme is None:
        raise NotThere
    contents: dict[str, bytes | Path] = {}
    paper = queries.quiz_of(course_id)
    in_quiz = set(paper.question_ids if paper else ())
    found = bank.questions(_questions_of(course_id))
    asked = {i: found[i] for i in _questions_of(course_id) if i in found}
    numbers = {question_id: number for number, question_id in enumerate(asked, 1)}
    parts = [_lesson(lesson, contents, numbers) for lesson in course.lessons]
    package = Package(
        slug=course.slug,
        title=course.own_title,
        summary=course.own_summary,
        titles=typed(course.titles),
        language=course.language,
        theme=theme.slug,
        theme_facts=PackageTheme(
            slug=theme.slug,
            title=theme.title,
            description=theme.description,
            titles=typed(theme.titles),
            order=theme.position,
            cover=_picture(theme.cover_image_id, "theme.webp", contents),
        ),
        completion_percent=course.completion_percent,
        pass_percent=course.pass_percent,
        attempts=course.attempts_allowed,
        audience=_branch_paths(course.audience),
        state=course.state,
        cover=_picture(course.cover_image_id, "cover.webp", contents),
        lessons=tuple(parts),
        questions=tuple(
            Question(one.kind, one.plain, question_id in in_quiz)
            for question_id, one in asked.items()
        ),
    )
    return package, contents


def _lesson(
    lesson: queries.LessonView, contents: dict[str, bytes | Path], numbers: Mapping[int, int]
) -> PackageLesson:
    name = f"{lesson.number:02}-{slug_of(lesson.own_title) or lesson.kind}"
    if lesson.media_id is None:
        contents[f"{name}.md"] = f"{lesson.body}\n".encode()
        titles = typed(lesson.titles)
        return PackageLesson(lesson.kind, lesson.own_title, f"{name}.md", titles=titles)
    recording = media.recording(lesson.media_id)
    if recording is None:
        raise NotThere
    ending = Path(recording.filename).suffix.lower()
    plain = ending if ending[1:].isascii() and ending[1:].isalnum() else ""
    file = f"media/{name}{plain}"
    contents[file] = media_service.media_folder().source(recording.uuid)
    captions = []
    for track in media.caption_tracks(lesson.media_id):
        beside = f"media/{name}.{track.language}.vtt"
        cues = media.cues(lesson.media_id, language=track.language)
        contents[beside] = webvtt.write([(c.start_ms, c.end_ms, c.text) for c in cues]).encode()
        captions.append(Caption(track.language, track.label, beside, track.by_machine))
    return PackageLesson(
        lesson.kind,
        lesson.own_title,
        file,
        titles=typed(lesson.titles),
        captions=tuple(captions),
        chapters="\n".join(
            f"{time_text(at)} {title}" for at, title in media.own_chapters(lesson.media_id) or ()
        ),
        picture_ms=media.poster_moment(lesson.media_id),
        asked=tuple(
            Asked(one.at_ms, numbers[one.question_id], one.counts)
            for one in queries.checkpoints_of(lesson.id)
            if one.question_id in numbers
        ),
    )


def _picture(image_id: int | None, name: str, contents: dict[str, bytes | Path]) -> str:
    row = db.session().get(Image, image_id) if image_id is not None else None
    if row is None:
        return ""
    contents[name] = media_service.media_folder().image(row.uuid, row.widths[-1])
    return name


def _branch_paths(audience: frozenset[int] | None) -> tuple[str, ...] | None:
    """Branches as paths of names, which are the same on another instance."""
    if audience is None:
        return None
    tree = {branch.id: branch for branch in branches()}
    return tuple(
        "/".join(tree[part].name for part in branch.path_ids)
        for branch in tree.values()
        if branch.id in audience
    )
