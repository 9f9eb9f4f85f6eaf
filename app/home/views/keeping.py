"""Courses on the member's own device: what one needs to keep a course, and what is kept."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

from flask import Response, current_app, jsonify, render_template

from app.core.access import access
from app.core.addresses import address
from app.core.refusals import NotThere
from app.courses.queries import course_for
from app.courses.queries.courses import LessonView
from app.home.views.frame import bp
from app.learning.queries import open_needs, strictness_of
from app.media import service as media
from app.members.access import SIGNED_IN, reader

# What the pages of lessons load beside the shell; a lesson that was never open has none of it yet.
PLAYING = (
    "css/answers.css",
    "css/player.css",
    "css/media-player.css",
    "css/learning.css",
    "vendor/plyr.css",
    "vendor/plyr.js",
    "vendor/plyr.svg",
    "vendor/hls.js",
    "js/answers.js",
)
PLAYING_MODULES = ("js/player", "js/media")


@bp.get("/device")
@access(SIGNED_IN)
def device() -> str:
    """What this device keeps. The device alone knows, so the page asks it."""
    return render_template("home/device.html")


@bp.get("/courses/<slug>/kept.json")
@access(SIGNED_IN)
def keepable(slug: str) -> Response:
    """Everything that a device needs to keep a course; not there once the member may not see it."""
    me = reader()
    course = course_for(me, slug)
    if not course.is_published or course.is_preview or open_needs(me, course.id):
        raise NotThere
    strict = strictness_of(course.id)
    response = jsonify(
        slug=course.slug,
        title=course.title,
        page=address("course", slug=course.slug),
        counts=not (strict.presence or strict.alone),
        files=[current_app.extensions["fingerprints"].url(name) for name in _files()],
        lessons=[_lesson(me.id, slug, one) for one in course.lessons if one.is_ready],
    )
    response.headers["Cache-Control"] = "no-store"
    return response


@lru_cache(maxsize=1)
def _files() -> tuple[str, ...]:
    static = Path(current_app.root_path) / "static"
    modules = (path for top in PLAYING_MODULES for path in sorted((static / top).glob("*.js")))
    return (*PLAYING, *(path.relative_to(static).as_posix() for path in modules))


def _lesson(member_id: int, slug: str, lesson: LessonView) -> dict[str, object]:
    facts: dict[str, object] = {
        "id": lesson.id,
        "title": lesson.title,
        "page": address("lesson", slug=slug, lesson=lesson.id),
        "media": None,
    }
    if lesson.media_id is not None:
        found = media.keepable(lesson.media_id, member_id=member_id)
        facts["media"] = {
            "base": found.base,
            "key": found.key,
            "extras": found.extras,
            "choices": {
                name: {"playlist": playlist, "bytes": size}
                for name, (playlist, size) in found.choices.items()
            },
        }
    return facts
