"""What the worker does for courses: put a new recording in when it is ready to be watched."""

from __future__ import annotations

from app.core import given_up, jobs, old_jobs
from app.core.db import unit_of_work
from app.courses import queries, service
from app.courses.rules import CAPTION_LANGUAGES
from app.media import service as media


@jobs.handler("courses.replace")
def replace(lease: jobs.Lease, lesson_id: int, media_id: int, turn: int) -> None:
    """Look whether the new recording can be watched; until then members have the old one."""
    lease.check()
    with unit_of_work():
        unused = service.replace_when_ready(
            lesson_id, media_id=media_id, turn=turn, job_id=lease.job_id
        )
        if unused is not None:
            media.discard(unused)


@jobs.handler("courses.hear", long=True)
def hear(lease: jobs.Lease, lesson_id: int, media_id: int, language: str) -> None:
    """Write the captions of a lesson from what is said in its recording."""

    def keep_going() -> bool:
        lease.check()
        return True

    cues = media.hear(media_id, language=language, report=lease.report, keep_going=keep_going)
    lease.check()
    with unit_of_work():
        label = CAPTION_LANGUAGES[language]
        if media.keep_heard(media_id, cues, language=language, label=label):
            service.captions_changed(lesson_id)


@given_up.name_of("courses.replace", "courses.hear")
def named(*, lesson_id: int, **_others: object) -> str:
    lesson = queries.lesson_by_id(lesson_id)
    return lesson.title if lesson else ""


@old_jobs.still_shown("courses.replace")
def newest_replacements() -> set[int]:
    """The page of a lesson tells of the last one, also when its recording failed."""
    return service.newest_replacements()
