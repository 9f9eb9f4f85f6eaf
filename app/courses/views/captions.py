"""Captions of a lesson: add a file, correct them, have them written, remove them."""

from __future__ import annotations

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from app.core.access import access
from app.core.limits import limited
from app.core.refusals import NotThere, Refusal
from app.courses import queries, service
from app.courses.forms import CaptionsForm
from app.courses.rules import CAPTION_LANGUAGES
from app.courses.views import bp
from app.courses.views.lessons import recording_page, title_form
from app.media import queries as media_queries
from app.media import service as media_service
from app.members.access import AUTHOR, reader


@bp.post("/lessons/<int:lesson_id>/captions")
@access(AUTHOR)
def add_captions(lesson_id: int) -> ResponseReturnValue:
    course, found = queries.own_lesson(reader(), lesson_id)
    if found.media_id is None:
        raise NotThere
    form = CaptionsForm()
    if request.form.get("write") and form.language.validate(form):
        language = form.language.data
        return redirect(url_for("courses.captions", lesson_id=lesson_id, language=language))
    if form.validate():
        language = form.language.data
        try:
            bad = media_service.attach_captions(
                found.media_id,
                language=language,
                label=CAPTION_LANGUAGES[language],
                data=form.file.data.read(),
            )
        except Refusal as refusal:
            form.file.errors = [*form.file.errors, str(refusal)]
        else:
            service.captions_changed(lesson_id)
            flash(_("The captions are saved."))
            if bad:
                lines = ", ".join(str(line) for line in bad[:10] if line)
                lines += " …" if len(bad) > 10 else ""
                flash(
                    _("These lines could not be read and were left out: %(lines)s", lines=lines),
                    "warn",
                )
            return redirect(url_for("courses.lesson", lesson_id=lesson_id) + "#captions")
    titles = title_form(found)
    return recording_page(course, found, titles, captions_form=form), 422


@bp.get("/lessons/<int:lesson_id>/captions/<language>")
@access(AUTHOR)
def captions(lesson_id: int, language: str) -> str:
    course, found = queries.own_lesson(reader(), lesson_id)
    text = media_service.captions_text(media_queries.cues(found.media_id or 0, language=language))
    return _captions_page(course, found, language, text)


@bp.post("/lessons/<int:lesson_id>/captions/<language>")
@access(AUTHOR)
def save_captions(lesson_id: int, language: str) -> ResponseReturnValue:
    course, found = queries.own_lesson(reader(), lesson_id)
    text = request.form.get("text", "")
    try:
        media_service.write_captions(
            found.media_id or 0,
            language=language,
            label=CAPTION_LANGUAGES.get(language, ""),
            text=text,
            seen=request.form.get("seen"),
        )
    except NotThere:
        raise
    except Refusal as refusal:
        return _captions_page(course, found, language, text, str(refusal)), 422
    service.captions_changed(lesson_id)
    flash(_("The captions are saved."))
    return redirect(url_for("courses.captions", lesson_id=lesson_id, language=language))


def _captions_page(
    course: queries.CourseView,
    found: queries.LessonView,
    language: str,
    text: str,
    error: str = "",
) -> str:
    recording = media_queries.recording(found.media_id or 0)
    links = None
    if recording is not None and recording.is_playable:
        links = media_service.play_links(recording.id, member_id=reader().id)
    track = next(
        (t for t in media_queries.caption_tracks(found.media_id or 0) if t.language == language),
        None,
    )
    if recording is None or (track is None and language not in CAPTION_LANGUAGES):
        raise NotThere
    return render_template(
        "courses/captions.html",
        course=course,
        lesson=found,
        recording=recording,
        track=track,
        language=language,
        label=track.label if track else CAPTION_LANGUAGES[language],
        text=text,
        seen=media_service.captions_mark(media_queries.cues(recording.id, language=language)),
        error=error,
        links=links,
    )


@bp.post("/lessons/<int:lesson_id>/captions/<language>/make")
@access(AUTHOR)
def translate_captions(lesson_id: int, language: str) -> ResponseReturnValue:
    _course, found = queries.own_lesson(reader(), lesson_id)
    media_service.translate_captions(
        found.media_id or 0, language=language, label=CAPTION_LANGUAGES.get(language, language)
    )
    service.captions_changed(lesson_id)
    flash(_("The captions are made. Please read through them."))
    return redirect(url_for("courses.captions", lesson_id=lesson_id, language=language))


@bp.post("/lessons/<int:lesson_id>/captions/<language>/remove")
@access(AUTHOR)
def drop_captions(lesson_id: int, language: str) -> ResponseReturnValue:
    _course, found = queries.own_lesson(reader(), lesson_id)
    if found.media_id is None:
        raise NotThere
    media_service.drop_captions(found.media_id, language=language)
    service.captions_changed(lesson_id)
    flash(_("The captions are removed."))
    return redirect(url_for("courses.lesson", lesson_id=lesson_id) + "#captions")


@bp.post("/lessons/<int:lesson_id>/captions/<language>/hear")
@access(AUTHOR)
@limited("captions written by the machine", most=20, seconds=3600, burst=10)
def hear_captions(lesson_id: int, language: str) -> ResponseReturnValue:
    queries.own_lesson(reader(), lesson_id)
    service.hear_captions(lesson_id, language=language)
    return redirect(url_for("courses.lesson", lesson_id=lesson_id) + "#captions")


@bp.get("/lessons/<int:lesson_id>/captions/hearing")
@access(AUTHOR)
def hearing(lesson_id: int) -> ResponseReturnValue:
    """How far the machine is; when it is done, the page is asked to show what it wrote."""
    _course, found = queries.own_lesson(reader(), lesson_id)
    state = media_queries.hearing(found.media_id or 0)
    if state is None:
        raise NotThere
    page = render_template("courses/_hearing.html", lesson=found, hearing=state)
    return page, {"HX-Refresh": "true"} if state.is_over else {}
