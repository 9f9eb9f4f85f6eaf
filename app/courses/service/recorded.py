"""A whole course in one go: one recording, one question, published or kept as a draft."""

from __future__ import annotations

from app.core.markdown import plain
from app.courses import queries, rules
from app.courses.service.editing import create_course
from app.courses.service.lessons import add_recording
from app.courses.service.publishing import publish
from app.courses.service.quiz import write_question
from app.media import service as media
from app.members import service as members
from app.members.rules.audit import Act


def make_from_recording(
    *,
    author_id: int,
    media_id: int,
    title: str,
    theme_id: int,
    language: str,
    question: str,
    right: str,
    wrong: str,
    publishes: bool,
) -> int:
    """A course of one lesson and a quiz of one question; returns its id.

    Its summary is what it asks: the question says what one will know. Raises BadTitle, BadSummary,
    BadLanguage, BadQuestion, WrongRecording, CourseTooLong, NotThere; then there is no course.
    """
    course_id = create_course(
        author_id=author_id,
        title=title,
        theme_id=theme_id,
        language=language,
        summary=" ".join(plain(question).split()),
    )
    add_recording(course_id, title=title, media_id=media_id)
    options = [{"text": right, "fraction": "1"}, {"text": wrong, "fraction": "0"}]
    write_question(
        course_id,
        kind="single",
        body={"stem": question, "options": options},
        author_id=author_id,
    )
    if publishes:
        publish(course_id)
    return course_id


def remove_recording(media_id: int, *, name: str, owner_id: int) -> None:
    """Remove a recording that no lesson uses, files and all. Raises RecordingInUse."""
    if queries.uses_of([media_id]):
        raise rules.RecordingInUse
    media.discard(media_id)
    members.record(
        Act.RECORDING_REMOVED, thing=("recording", media_id), name=name, owner_id=owner_id
    )
