"""A course from one recording and one question, on one page: the short way for a phone."""

from __future__ import annotations

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from app.core.access import access
from app.core.headers import allow_recording
from app.core.i18n import current_language
from app.core.refusals import Refusal
from app.courses import queries, service
from app.courses.forms import RecordedForm, refuse
from app.courses.rules import LONGEST_COURSE_MS, BadTitle, WrongRecording
from app.courses.views import bp
from app.media.queries import recording_for
from app.members.access import AUTHOR, reader


@bp.get("/courses/from-video")
@access(AUTHOR)
def from_video() -> str:
    """The theme is the one that the trainer used last."""
    last = queries.own_courses(reader()).rows[:1]
    form = RecordedForm(language=current_language(), theme=last[0].theme_title if last else "")
    return _page(form)


def _page(form: RecordedForm) -> str:
    allow_recording()
    return render_template(
        "courses/from_video.html",
        form=form,
        themes=[theme.title for theme in queries.all_themes()],
        recording=recording_for(reader(), form.media_id.data or 0),
        left_ms=LONGEST_COURSE_MS,
    )


def _theme(title: str) -> int:
    try:
        return service.theme_called(title)
    except BadTitle as refusal:
        refusal.where = "theme"
        raise


@bp.post("/courses/from-video")
@access(AUTHOR)
def make_from_video() -> ResponseReturnValue:
    me, form = reader(), RecordedForm()
    if form.validate():
        publishes = "draft" not in request.form
        try:
            recording = recording_for(me, form.media_id.data or 0)
            if recording is None:
                raise WrongRecording
            course_id = service.make_from_recording(
                author_id=me.id,
                media_id=recording.id,
                title=form.title.data or "",
                theme_id=_theme(form.theme.data or ""),
                language=form.language.data,
                question=form.question.data or "",
                right=form.right.data or "",
                wrong=form.wrong.data or "",
                publishes=publishes,
            )
        except Refusal as refusal:
            refuse(form, refusal)
        else:
            if publishes:
                flash(_("The course is published. Members can watch it as soon as it is prepared."))
            else:
                flash(_("Your course is a draft now. Only you see it until you publish it."))
            return redirect(url_for("courses.course", course_id=course_id))
    return _page(form), 422
