"""My recordings: upload several, cut a long one into parts, cut off a beginning or an end."""

from __future__ import annotations

from base64 import b64encode
from itertools import pairwise
from typing import Any

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import format_date, ngettext
from flask_babel import gettext as _

from app.core.access import access
from app.core.headers import allow_recording
from app.core.i18n import current_language
from app.core.limits import limited
from app.core.refusals import NotThere, Refusal
from app.courses import queries, rules, service
from app.courses.forms import SeriesForm, refuse
from app.courses.views import bp
from app.courses.views.desk import theme_of
from app.media import queries as media_queries
from app.media import service as media_service
from app.media.rules import NotReady, parts_of, time_of, time_text
from app.members.access import AUTHOR, reader

MOST_ROWS = 100


@bp.get("/recordings")
@access(AUTHOR)
def recordings() -> str:
    me = reader()
    mine = media_queries.recordings_of(me.id, limit=MOST_ROWS)
    allow_recording()
    return render_template(
        "courses/recordings.html",
        recordings=mine,
        uses=queries.uses_of([one.id for one in mine]),
        most_ms=rules.LONGEST_COURSE_MS,
        failed=media_queries.failure_count(me),
    )


@bp.post("/recordings/<int:media_id>/remove")
@access(AUTHOR)
def remove_recording(media_id: int) -> ResponseReturnValue:
    found = _own(media_id)
    service.remove_recording(media_id, name=found.filename, owner_id=found.owner_id)
    flash(_("“%(name)s” is removed.", name=found.filename))
    return redirect(url_for("courses.recordings"))


def _own(media_id: int) -> media_queries.Recording:
    found = media_queries.recording_for(reader(), media_id)
    if found is None:
        raise NotThere
    return found


def _sketch(found: media_queries.Recording) -> media_service.Sketch | None:
    try:
        return media_service.sketch(found.id)
    except NotReady:
        return None


def _shown(found: media_queries.Recording, sketch: media_service.Sketch | None) -> dict[str, Any]:
    """What the page's script draws and plays, and pictures from beginning to end to stand below
    the sound; none of them while it is prepared."""
    links = None
    if found.is_playable:
        links = media_service.play_links(found.id, member_id=reader().id)
    seen = media_service.posters(found.id, member_id=reader().id, links=links) if links else None
    return {"data": _data(sketch, links), "scenes": seen.scenes if seen else ()}


def _data(
    sketch: media_service.Sketch | None, links: media_service.PlayLinks | None
) -> dict[str, Any] | None:
    if sketch is None:
        return None
    return {
        "duration": sketch.duration_ms,
        "peaks": b64encode(sketch.peaks).decode(),
        "silences": sketch.silences,
        "keyframes": sketch.keyframes,
        "source": links.master if links else None,
        "poster": links.poster if links else "",
        "most": rules.LONGEST_COURSE_MS,
    }


# --- many parts -----------------------------------------------------------------------------------


@bp.get("/recordings/<int:media_id>/split")
@access(AUTHOR)
def split(media_id: int) -> str:
    found = _own(media_id)
    form = SeriesForm(formdata=None, language=current_language())
    form.offer_themes()
    sketch = _sketch(found)
    cuts = [one.at_ms for one in sketch.proposal.cuts] if sketch else []
    return _split_page(found, form, sketch, [time_text(cut) for cut in cuts], [])


@bp.post("/recordings/<int:media_id>/split")
@access(AUTHOR)
@limited("recordings split", most=30, seconds=3600, burst=10)
def make_parts(media_id: int) -> ResponseReturnValue:
    found = _own(media_id)
    form = SeriesForm()
    form.offer_themes()
    cuts = request.form.getlist("cut")[: media_service.MOST_PARTS]
    titles = request.form.getlist("part")[: media_service.MOST_PARTS]
    action = request.form.get("action", "")
    asks: queries.Series | None = None
    status = 422
    try:
        times = sorted(time_of(cut) for cut in cuts)
        if action:
            times, titles = _changed(action, times, titles, found.duration_ms)
            cuts, status = [time_text(time) for time in times], 200
        elif form.validate():
            made = service.split_recording(
                media_id,
                cuts=times,
                titles=titles,
                author_id=found.owner_id,
                theme=lambda: theme_of(form),
                language=form.language.data,
                again="again" in request.form,
            )
            if isinstance(made, queries.Series):
                return _made_before(made)
            flash(ngettext("%(num)s draft is made.", "%(num)s drafts are made.", len(made)))
            return redirect(url_for("courses.desk", state="draft"))
    except rules.PartsMade as refusal:
        asks, status = refusal.series, 409
    except Refusal as refusal:
        refuse(form, refusal)
        status = 422
    return _split_page(found, form, _sketch(found), cuts, titles, asks=asks), status


def _made_before(series: queries.Series) -> ResponseReturnValue:
    """To the courses that the same cuts have made: another window, or a second press."""
    on = format_date(series.made_at, "medium")
    words = _(
        "These parts are courses already, made on %(on)s: %(names)s. Nothing was made twice.",
        on=on,
        names=series.names,
    )
    flash(words, "warn")
    return redirect(url_for("courses.desk", state="draft" if series.only_drafts else None))


def _changed(
    action: str, cuts: list[int], titles: list[str], duration_ms: int
) -> tuple[list[int], list[str]]:
    """Cuts and titles after “add” (in the middle of the longest part) or “remove-3”."""
    verb, _dash, number = action.partition("-")
    at = int(number) if number.isdecimal() and len(number) < 10 else -1
    edges = [0, *cuts, duration_ms]
    if verb == "remove" and 0 <= at < len(cuts):
        return cuts[:at] + cuts[at + 1 :], titles[: at + 1] + titles[at + 2 :]
    if verb == "add":
        lengths = [end - start for start, end in pairwise(edges)]
        longest = lengths.index(max(lengths))
        middle = edges[longest] + lengths[longest] // 2
        return sorted({*cuts, middle}), [*titles[: longest + 1], "", *titles[longest + 1 :]]
    return cuts, titles


def _split_page(
    found: media_queries.Recording,
    form: SeriesForm,
    sketch: media_service.Sketch | None,
    cuts: list[str],
    titles: list[str],
    *,
    asks: queries.Series | None = None,
) -> str:
    stem = found.filename.rpartition(".")[0] or found.filename
    number = len(cuts) + 1
    names = [
        titles[at].strip()
        if at < len(titles) and titles[at].strip()
        else f"{stem[:100]} ({at + 1})"
        for at in range(number)
    ]
    return render_template(
        "courses/split.html",
        form=form,
        asks=asks,
        recording=found,
        sketch=sketch,
        reasons={one.at_ms: one.why.value for one in sketch.proposal.cuts} if sketch else {},
        **_shown(found, sketch),
        cuts=cuts,
        times=_times(cuts),
        names=names,
    )


def _times(cuts: list[str]) -> list[int | None]:
    """The cuts in ms; None where what was typed is no time."""
    found: list[int | None] = []
    for cut in cuts:
        try:
            found.append(time_of(cut))
        except Refusal:
            found.append(None)
    return found


# --- beginning and end ----------------------------------------------------------------------------


@bp.get("/lessons/<int:lesson_id>/trim")
@access(AUTHOR)
def trim(lesson_id: int) -> str:
    _course, lesson = queries.own_lesson(reader(), lesson_id)
    found = media_queries.recording(lesson.media_id or 0)
    if found is None:
        raise NotThere
    sketch = _sketch(found)
    start, end = media_service.trimmed(sketch) if sketch else (0, found.duration_ms)
    cuts = [time_text(start), time_text(end)]
    return _trim_page(lesson_id, found, sketch, cuts)


@bp.post("/lessons/<int:lesson_id>/trim")
@access(AUTHOR)
@limited("recordings split", most=30, seconds=3600, burst=10)
def make_trimmed(lesson_id: int) -> ResponseReturnValue:
    _course, lesson = queries.own_lesson(reader(), lesson_id)
    found = media_queries.recording(lesson.media_id or 0)
    if found is None:
        raise NotThere
    cuts = [*request.form.getlist("cut"), "", ""][:2]
    try:
        start, end = (time_of(cut) for cut in cuts)
        inner = [at for at in (start, end) if 0 < at < found.duration_ms]
        parts_of(found.duration_ms, inner, most=found.duration_ms, shortest=1)
        service.trim_recording(lesson_id, start_ms=start, end_ms=min(end, found.duration_ms))
    except Refusal as refusal:
        return _trim_page(lesson_id, found, _sketch(found), cuts, str(refusal)), 422
    flash(_("Members get the shorter one when it can be watched, and the old one until then."))
    return redirect(url_for("courses.lesson", lesson_id=lesson_id))


def _trim_page(
    lesson_id: int,
    found: media_queries.Recording,
    sketch: media_service.Sketch | None,
    cuts: list[str],
    error: str = "",
) -> str:
    course, lesson = queries.own_lesson(reader(), lesson_id)
    return render_template(
        "courses/trim.html",
        course=course,
        lesson=lesson,
        recording=found,
        sketch=sketch,
        **_shown(found, sketch),
        cuts=cuts,
        error=error,
    )
