"""Lessons of a course: texts, recordings, captions, their order."""

from __future__ import annotations

from collections.abc import Sequence

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from app.core import markdown
from app.core.access import access
from app.core.db import reading
from app.core.errors import status_of
from app.core.headers import allow_recording
from app.core.refusals import NotThere, Refusal
from app.courses import queries, rules, service
from app.courses.forms import (
    CaptionsForm,
    ReadingForm,
    RecordingForm,
    ReplaceForm,
    TitleForm,
    refuse,
)
from app.courses.views import bp
from app.courses.views.editor import answer, sheet
from app.media import queries as media_queries
from app.media import service as media_service
from app.media.rules import Cue, time_of, time_text
from app.members.access import AUTHOR, reader
from app.questions import queries as bank
from app.questions import service as question_service
from app.questions.formats import proposing
from app.questions.rules import span_text

# --- new ones -------------------------------------------------------------------------------------


@bp.get("/courses/<int:course_id>/lessons/text")
@access(AUTHOR)
def new_reading(course_id: int) -> str:
    found = queries.own_course(reader(), course_id)
    return render_template("courses/reading.html", form=ReadingForm(), lesson=None, **sheet(found))


@bp.post("/courses/<int:course_id>/lessons/text")
@access(AUTHOR)
def add_reading(course_id: int) -> ResponseReturnValue:
    found = queries.own_course(reader(), course_id)
    form = ReadingForm()
    if form.validate() and "preview" not in request.form:
        try:
            service.add_reading(
                course_id,
                title=form.title.data or "",
                body=form.body.data or "",
                titles=form.others(),
            )
        except Refusal as refusal:
            refuse(form, refusal)
        else:
            flash(_("The lesson is added."))
            return redirect(url_for("courses.course", course_id=course_id))
    return _reading_again(form, found, None)


@bp.get("/courses/<int:course_id>/lessons/recording")
@access(AUTHOR)
def new_recording(course_id: int) -> str:
    found = queries.own_course(reader(), course_id)
    allow_recording()
    return render_template(
        "courses/recording.html", form=RecordingForm(), recording=None, **sheet(found)
    )


@bp.post("/courses/<int:course_id>/lessons/recording")
@access(AUTHOR)
def add_recording(course_id: int) -> ResponseReturnValue:
    me = reader()
    found = queries.own_course(me, course_id)
    form = RecordingForm()
    recording = media_queries.recording_for(me, form.media_id.data or 0)
    if form.validate():
        try:
            if recording is None:
                raise rules.WrongRecording
            service.add_recording(
                course_id,
                title=form.title.data or "",
                media_id=recording.id,
                titles=form.others(),
            )
        except Refusal as refusal:
            refuse(form, refusal)
        else:
            flash(_("The lesson is added. Members can watch it as soon as it is prepared."))
            return redirect(url_for("courses.course", course_id=course_id))
    allow_recording()
    page = render_template("courses/recording.html", form=form, recording=recording, **sheet(found))
    return page, 422


# --- editing --------------------------------------------------------------------------------------


@bp.get("/lessons/<int:lesson_id>")
@access(AUTHOR)
def lesson(lesson_id: int) -> str:
    course, found = queries.own_lesson(reader(), lesson_id)
    if found.kind == rules.LessonKind.READING:
        form = ReadingForm(
            title=found.own_title,
            **ReadingForm.shown(found.titles),
            body=found.body,
            seen=found.revision,
        )
        return render_template("courses/reading.html", form=form, lesson=found, **sheet(course))
    return recording_page(course, found, title_form(found))


def title_form(found: queries.LessonView) -> TitleForm:
    """What a lesson is called, as its author edits it."""
    return TitleForm(
        formdata=None,
        title=found.own_title,
        **TitleForm.shown(found.titles),
        seen=found.revision,
    )


@bp.post("/lessons/<int:lesson_id>")
@access(AUTHOR)
def save_lesson(lesson_id: int) -> ResponseReturnValue:
    course, found = queries.own_lesson(reader(), lesson_id)
    is_reading = found.kind == rules.LessonKind.READING
    form = ReadingForm() if is_reading else TitleForm()
    status = 422
    if form.validate() and "preview" not in request.form:
        title, titles, seen = form.title.data or "", form.others(), form.seen.data
        try:
            if is_reading:
                body = form.body.data or ""
                service.edit_reading(lesson_id, title=title, body=body, titles=titles, seen=seen)
            else:
                service.rename_lesson(lesson_id, title=title, titles=titles, seen=seen)
        except Refusal as refusal:
            # What was typed stays on the page, also when another window was first.
            refuse(form, refusal)
            status = status_of(refusal)
        else:
            flash(_("Saved."))
            return redirect(url_for("courses.course", course_id=course.id))
    if is_reading:
        return _reading_again(form, course, found, status)
    return recording_page(course, found, form), status


def _reading_again(
    form: ReadingForm,
    course: queries.CourseView,
    found: queries.LessonView | None,
    status: int = 422,
) -> ResponseReturnValue:
    """The form once more: for another look, or because it was refused."""
    looking = "preview" in request.form and not form.errors
    page = render_template(
        "courses/reading.html",
        form=form,
        lesson=found,
        preview=_preview(course, form.body.data or "", found.id if found else None),
        **sheet(course),
    )
    return page, 200 if looking else status


def recording_page(
    course: queries.CourseView,
    found: queries.LessonView,
    form: TitleForm,
    *,
    replace_form: ReplaceForm | None = None,
    captions_form: CaptionsForm | None = None,
    chapters: tuple[str, str] | None = None,
    inside: tuple[str, str] = ("", ""),
) -> str:
    allow_recording()
    media_id = found.media_id or 0
    if chapters is None:
        marks = media_queries.chapters(media_id)
        chapters = ("\n".join(f"{time_text(at)} {title}" for at, title in marks), "")
    paper = queries.quiz_of(course.id)
    tracks = media_queries.caption_tracks(media_id)
    there = {track.language for track in tracks}
    spoken = {"zh_Hans": "zh-Hans", "zh_Hant": "zh-Hant"}.get(course.language, course.language)
    recording = media_queries.recording(media_id)
    links = None
    if recording is not None and recording.is_playable:
        links = media_service.play_links(media_id, member_id=reader().id)
    return render_template(
        "courses/lesson.html",
        form=form,
        replace_form=replace_form or ReplaceForm(formdata=None),
        captions_form=captions_form or CaptionsForm(formdata=None, language=spoken),
        lesson=found,
        recording=recording,
        links=links,
        coming=media_queries.recording(service.planned_replacement(found.id) or 0),
        tracks=tracks,
        makeable=[
            (tag, rules.CAPTION_LANGUAGES[tag])
            for tag, source in media_service.OTHER_SCRIPT.items()
            if source in there and tag not in there
        ],
        asked_inside=_asked_inside(found.id),
        askable=queries.askable(reader(), paper.question_ids if paper else ()),
        inside_at=inside[0],
        inside_error=inside[1],
        chapters=chapters[0],
        chapters_error=chapters[1],
        hearing=media_queries.hearing(media_id),
        hearable=_hearable(recording, tracks, spoken),
        **sheet(course),
    )


def _hearable(
    recording: media_queries.Recording | None, tracks: Sequence[media_queries.Track], spoken: str
) -> tuple[str, str] | None:
    """The language (tag and name) in which the server could write the captions itself."""
    if recording is None or not media_service.can_hear():
        return None
    if any(t.language == spoken and not t.by_machine for t in tracks):
        return None
    return spoken, rules.CAPTION_LANGUAGES[spoken]


def _asked_inside(lesson_id: int) -> list[tuple[queries.CheckpointView, str]]:
    """The questions inside a recording, each with what it asks."""
    rows = queries.checkpoints_of(lesson_id)
    asked = bank.questions(row.question_id for row in rows)
    return [(row, asked[row.question_id].stem) for row in rows if row.question_id in asked]


@bp.post("/courses/<int:course_id>/preview")
@access(AUTHOR)
def preview(course_id: int) -> str:
    """A text as members will see it, with its reading time, while it is written."""
    with reading():
        course = queries.own_course(reader(), course_id)
    body = request.form.get("body", "")[: rules.LONGEST_READING]
    lesson_id = request.args.get("lesson", type=int)
    return render_template(
        "courses/_preview.html", fresh=True, preview=_preview(course, body, lesson_id)
    )


def _preview(course: queries.CourseView, body: str, lesson_id: int | None) -> dict[str, object]:
    others = sum(other.length_ms for other in course.lessons if other.id != lesson_id)
    length = rules.reading_ms(markdown.plain(body))
    left = rules.LONGEST_COURSE_MS - others - length
    return {"html": markdown.render(body), "length_ms": length, "left_ms": left}


@bp.post("/lessons/<int:lesson_id>/recording")
@access(AUTHOR)
def replace(lesson_id: int) -> ResponseReturnValue:
    me = reader()
    course, found = queries.own_lesson(me, lesson_id)
    form = ReplaceForm()
    if form.validate():
        try:
            recording = media_queries.recording_for(me, form.media_id.data or 0)
            if recording is None:
                raise rules.WrongRecording
            unused = service.plan_replacement(lesson_id, media_id=recording.id)
        except Refusal as refusal:
            refuse(form, refusal)
        else:
            if unused is not None:
                media_service.discard(unused)
            flash(_("Members get the new file when it can be watched, and the old one until then."))
            return redirect(url_for("courses.lesson", lesson_id=lesson_id))
    titles = title_form(found)
    return recording_page(course, found, titles, replace_form=form), 422


@bp.post("/lessons/<int:lesson_id>/propose")
@access(AUTHOR)
def propose(lesson_id: int) -> ResponseReturnValue:
    """Questions proposed from what is said in a lesson, to be looked over before they are kept."""
    _course, found = queries.own_lesson(reader(), lesson_id)
    tracks = media_queries.caption_tracks(found.media_id or 0)
    if not tracks:
        raise NotThere
    media_id = found.media_id or 0
    cues = media_queries.cues(media_id, language=tracks[0].language)
    paper = proposing.propose(spoken_passages(found.own_title, cues, media_id))
    if not paper.items:
        flash(_("No sentence in these captions defines something."), "info")
        return redirect(url_for("courses.lesson", lesson_id=lesson_id) + "#captions")
    import_id = question_service.open_import(paper, filename=found.own_title, author_id=reader().id)
    return redirect(url_for("questions.import_", import_id=import_id), 303)


def spoken_passages(title: str, cues: Sequence[Cue], media_id: int) -> list[proposing.Passage]:
    """What is said, with captions joined until a sentence ends, and where in the recording."""
    found: list[proposing.Passage] = []
    words, start, end = "", 0, 0
    for number, cue in enumerate(cues, 1):
        start, end = start if words else cue.start_ms, cue.end_ms
        words = f"{words} {cue.text}".strip()
        is_over = words.endswith(tuple(".!?。！？；")) or len(words) > 1_000
        if words and (is_over or number == len(cues)):
            place = {"kind": "recording", "ref": str(media_id), "start": start, "finish": end}
            found.append(proposing.Passage(f"{title} {span_text(start)}", words, place))
            words = ""
    return found


@bp.post("/lessons/<int:lesson_id>/questions")
@access(AUTHOR)
def ask_inside(lesson_id: int) -> ResponseReturnValue:
    me = reader()
    course, found = queries.own_lesson(me, lesson_id)
    given = request.form.get("at", "")[:20]
    try:
        question = bank.question_for(me, request.form.get("question", 0, type=int))
        service.add_checkpoint(
            lesson_id,
            question_id=question.id,
            at_ms=time_of(given),
            counts=request.form.get("counts") == "1",
        )
    except NotThere:
        raise
    except Refusal as refusal:
        titles = title_form(found)
        page = recording_page(course, found, titles, inside=(given, str(refusal)))
        return page, status_of(refusal)
    flash(_("The question is asked there."))
    return redirect(url_for("courses.lesson", lesson_id=lesson_id) + "#inside")


@bp.post("/lessons/<int:lesson_id>/questions/<int:checkpoint_id>/remove")
@access(AUTHOR)
def stop_asking(lesson_id: int, checkpoint_id: int) -> ResponseReturnValue:
    queries.own_lesson(reader(), lesson_id)
    service.stop_asking(lesson_id, checkpoint_id)
    flash(_("The question is not asked there any more. It stays in the bank."))
    return redirect(url_for("courses.lesson", lesson_id=lesson_id) + "#inside")


@bp.post("/lessons/<int:lesson_id>/chapters")
@access(AUTHOR)
def save_chapters(lesson_id: int) -> ResponseReturnValue:
    course, found = queries.own_lesson(reader(), lesson_id)
    text = request.form.get("chapters", "")[:20_000]
    try:
        media_service.set_chapters(found.media_id or 0, text=text)
    except Refusal as refusal:
        titles = title_form(found)
        page = recording_page(course, found, titles, chapters=(text, str(refusal)))
        return page, status_of(refusal)
    flash(_("The chapters are saved."))
    return redirect(url_for("courses.lesson", lesson_id=lesson_id) + "#chapters")


# --- order, removing ------------------------------------------------------------------------------


@bp.post("/courses/<int:course_id>/order")
@access(AUTHOR)
def order(course_id: int) -> ResponseReturnValue:
    queries.own_course(reader(), course_id)
    given = request.form.get("order", "").split(",")[: rules.MOST_LESSONS + 1]
    service.order_lessons(
        course_id, [int(part) if part.isdecimal() and len(part) < 10 else 0 for part in given]
    )
    return answer(course_id)


@bp.post("/lessons/<int:lesson_id>/move")
@access(AUTHOR)
def move_lesson(lesson_id: int) -> ResponseReturnValue:
    course, _found = queries.own_lesson(reader(), lesson_id)
    service.move_lesson(lesson_id, by=-1 if request.form.get("to") == "up" else 1)
    return answer(course.id)


@bp.post("/lessons/<int:lesson_id>/remove")
@access(AUTHOR)
def remove_lesson(lesson_id: int) -> ResponseReturnValue:
    course, found = queries.own_lesson(reader(), lesson_id)
    service.remove_lesson(lesson_id)
    flash(_("“%(title)s” is removed. You can put it back below.", title=found.title))
    return redirect(url_for("courses.course", course_id=course.id) + "#removed")


@bp.post("/lessons/<int:lesson_id>/restore")
@access(AUTHOR)
def restore_lesson(lesson_id: int) -> ResponseReturnValue:
    course, found = queries.own_lesson(reader(), lesson_id, removed=True)
    service.restore_lesson(lesson_id)
    flash(_("“%(title)s” is back, at the end of the course.", title=found.title))
    return redirect(url_for("courses.course", course_id=course.id) + "#lessons")
