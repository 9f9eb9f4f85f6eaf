"""The picture of a video: a moment that its trainer chooses."""

from __future__ import annotations

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from app.core.access import access
from app.core.db import reading
from app.core.errors import status_of
from app.core.limits import limited
from app.core.refusals import NotThere, Refusal
from app.courses import queries
from app.courses.views import bp
from app.media import queries as media_queries
from app.media import service as media_service
from app.media.rules import time_of, time_text
from app.members.access import AUTHOR, reader

OURS, OTHER = "ours", "other"  # what a form says instead of a moment


@bp.get("/lessons/<int:lesson_id>/picture")
@access(AUTHOR)
def poster(lesson_id: int) -> str:
    return _page(lesson_id)


@bp.post("/lessons/<int:lesson_id>/picture")
@access(AUTHOR)
@limited("posters", most=120, seconds=3600, burst=30)
def choose_poster(lesson_id: int) -> ResponseReturnValue:
    with reading():
        media_id = _media_id(lesson_id)
    choice, moment = request.form.get("at", ""), request.form.get("moment", "")
    try:
        if choice == OURS:
            media_service.forget_poster(media_id)
        else:
            by_hand = choice == OTHER or not choice.isdecimal() or len(choice) > 9
            at_ms = time_of(moment) if by_hand else int(choice)
            names = media_service.draw_poster(media_id, at_ms)  # before the transaction
            media_service.choose_poster(media_id, at_ms, names)
    except Refusal as refusal:
        if isinstance(refusal, NotThere):
            raise
        return _page(lesson_id, str(refusal), moment), status_of(refusal)
    flash(_("The picture is chosen."))
    return redirect(url_for("courses.poster", lesson_id=lesson_id))


def _media_id(lesson_id: int) -> int:
    _course, lesson = queries.own_lesson(reader(), lesson_id)
    if lesson.media_id is None:
        raise NotThere
    return lesson.media_id


def _page(lesson_id: int, error: str = "", moment: str = "") -> str:
    course, lesson = queries.own_lesson(reader(), lesson_id)
    recording = media_queries.recording(lesson.media_id or 0)
    links = None
    if recording is not None and recording.is_playable:
        links = media_service.play_links(recording.id, member_id=reader().id)
    found = media_service.posters(lesson.media_id or 0, member_id=reader().id, links=links)
    scenes = found.scenes if found else ()
    at_ms = found.at_ms if found else None
    by_hand = at_ms is not None and at_ms not in {one.at_ms for one in scenes}
    return render_template(
        "courses/poster.html",
        course=course,
        lesson=lesson,
        recording=recording,
        links=links,
        posters=found,
        by_hand=by_hand or bool(error),
        moment=moment or (time_text(at_ms) if by_hand and at_ms is not None else ""),
        error=error,
    )
