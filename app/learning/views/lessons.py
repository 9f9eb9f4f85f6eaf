"""The lesson page, and the two addresses to which its player reports."""

from __future__ import annotations

import json
from typing import Any

from flask import Response, current_app, jsonify, redirect, render_template, request
from flask.typing import ResponseReturnValue

from app.core import settings
from app.core.access import access, takes_json
from app.core.addresses import address
from app.core.limits import limited
from app.core.refusals import NotThere, TooMuch
from app.courses.queries import checkpoints_of, course_for, lesson_for
from app.learning import queries, rules, service
from app.learning.access import sealed_for
from app.learning.views import bp
from app.media import service as media
from app.members.access import SIGNED_IN, reader
from app.members.rules import Reader
from app.members.rules.names import device
from app.questions.rules import NotAnAnswer
from app.questions.types import raw_part

FIELDS = {"course", "lesson"}


@bp.get("/courses/<slug>/lessons/<int:lesson_id>/state")
@access(SIGNED_IN)
def lesson_state(slug: str, lesson_id: int) -> Response:
    """Whether the page that waits for a recording has anything left to wait for."""
    shown = course_for(reader(), slug).lesson(lesson_id)
    return jsonify(over=shown.is_ready or shown.state == "failed")


@bp.get("/courses/<slug>/lessons/<int:lesson_id>")
@access(SIGNED_IN)
def lesson(slug: str, lesson_id: int) -> ResponseReturnValue:
    who = reader()
    course = course_for(who, slug)
    shown = course.lesson(lesson_id)
    if not shown.is_preview and queries.open_needs(who, course.id):
        return redirect(address("course", slug=slug))  # which says what comes first
    progress = queries.lesson_progress_for(who.id, [each.id for each in course.lessons])
    links = None
    if shown.media_id is not None and shown.is_ready:
        links = media.play_links(shown.media_id, member_id=who.id)
    measure = rules.measure_of(shown.kind, shown.length_ms, shown.completion_percent)
    mine = progress.get(shown.id)
    inside = checkpoints_of(shown.id) if links else []
    settled = queries.settled(who.id, shown.id) if inside else {}
    unsaid = queries.told_nothing(who.id, shown.id) if any(settled.values()) else {}
    sealed = sealed_for(who.id) if unsaid else ()
    again = {one for one, question in unsaid.items() if question not in sealed}
    start = request.args.get("t", type=int)
    return render_template(
        "learning/lesson.html",
        course=course,
        lesson=shown,
        following=course.after(shown.id),
        around=[
            one and address("lesson", slug=slug, lesson=one.id)
            for one in course.played_around(shown.id)
        ],
        progress=progress,
        mine=mine,
        course_progress=queries.course_progress_for(who.id, [course.id])[course.id],
        links=links,
        measure=measure,
        checkpoints=[
            {
                "id": one.id,
                "at": one.at_ms,
                "done": settled.get(one.id, False) and one.id not in again,
            }
            for one in inside
        ],
        watermark=who.name if current_app.extensions["weike"].watermark else "",
        open_questions=sum(not settled.get(one.id, False) for one in inside),
        strict=queries.strictness_of(course.id),
        highest_speed=settings.organisation().highest_speed / 100,
        gaps=rules.gaps(mine.spans if mine else [], measure.length_ms),
        short_ms=max(0, measure.needed_ms - (mine.seen_ms if mine else 0)),
        start_ms=start * 1000 if start is not None and start >= 0 else None,
    )


@bp.post("/learning/visits")
@access(SIGNED_IN)
@takes_json
@limited("visits of lessons", most=60, seconds=60)
def open_visit() -> ResponseReturnValue:
    asked = _body()
    if not isinstance(asked, dict) or not FIELDS <= set(asked) <= FIELDS | {"ahead"}:
        raise rules.BadReport(where="visit")
    slug, lesson_id, ahead = asked["course"], asked["lesson"], asked.get("ahead", False)
    if not isinstance(ahead, bool):
        raise rules.BadReport(where="visit")
    if not isinstance(slug, str) or type(lesson_id) is not int or not 0 < lesson_id < 2**31:
        raise rules.BadReport(where="visit")
    who = reader()
    shown = lesson_for(who, slug, lesson_id)
    if shown.is_preview:
        raise rules.OnlyAPreview
    if not shown.is_ready:
        raise NotThere
    queries.refuse_before_needs(who, shown.course_id)
    state = service.open_visit(
        member_id=who.id,
        lesson_id=shown.id,
        course_id=shown.course_id,
        kind=shown.kind,
        length_ms=shown.length_ms,
        completion_percent=shown.completion_percent,
        device=device(request.user_agent.string),
        ahead=ahead,
    )
    return _answer(state), 201


@bp.post("/learning/visits/<int:visit_id>/spans")
@access(SIGNED_IN)
@takes_json
@limited("reports of watching", most=60, seconds=60, burst=40)
def report_spans(visit_id: int) -> ResponseReturnValue:
    raw = _body()
    return _answer(service.report_spans(visit_id, member_id=reader().id, raw=raw))


@bp.post("/learning/visits/<int:visit_id>/present")
@access(SIGNED_IN)
@takes_json
@limited("answers of who is there", most=20, seconds=60)
def present(visit_id: int) -> ResponseReturnValue:
    service.present(visit_id, member_id=reader().id)
    return "", 204


def _asked(who: Reader, checkpoint_id: int) -> queries.AskedInside:
    secret = current_app.extensions["weike"].secret_key
    return queries.asked_inside(who, checkpoint_id, secret=secret)


@bp.get("/learning/questions/<int:checkpoint_id>")
@access(SIGNED_IN)
def question_inside(checkpoint_id: int) -> str:
    found = _asked(reader(), checkpoint_id)
    return render_template("learning/_checkpoint.html", found=found, judged=None, refusal="")


@bp.post("/learning/questions/<int:checkpoint_id>")
@access(SIGNED_IN)
@limited("answers inside lessons", most=30, seconds=60, burst=20)
def answer_inside(checkpoint_id: int) -> ResponseReturnValue:
    who = reader()
    found = _asked(who, checkpoint_id)
    field = f"q{checkpoint_id}"
    raw = request.form.getlist(field)
    for name, values in request.form.lists():
        if name.startswith(f"{field}."):
            part = name.removeprefix(f"{field}.")
            raw += [raw_part(part, value) for value in values if value]
    judged, refusal = None, ""
    try:
        is_sealed = found.question.id in sealed_for(who.id)
        judged = service.answer(found, member_id=who.id, raw=raw, is_sealed=is_sealed)
    except (NotAnAnswer, rules.NothingAnswered) as problem:
        refusal = str(problem)
    page = render_template("learning/_checkpoint.html", found=found, judged=judged, refusal=refusal)
    return page, 422 if refusal else 200


def _body() -> Any:
    """What the player sent: JSON, or a form with the same JSON in the field `report`.

    The form is for pages that are being closed in browsers that let such pages send only forms;
    its CSRF token stands in the form, so it is checked like any other.
    """
    if (request.content_length or 0) > rules.BODY_MOST:
        raise TooMuch
    if request.mimetype == "application/json":
        text = request.get_data()[: rules.BODY_MOST + 1]
    else:
        if set(request.form) - {"csrf_token", "report"}:
            raise rules.BadReport(where="report")
        text = request.form.get("report", "").encode("utf-8", "replace")
    if len(text) > rules.BODY_MOST:
        raise TooMuch
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        raise rules.BadReport(where="report") from None


def _answer(state: service.VisitState) -> Response:
    return jsonify(
        visit=state.visit_id,
        seq=state.seq,
        token=state.token,
        applied=state.applied,
        seen=state.spans,
        length=state.length_ms,
        percent=state.percent,
        position=state.position_ms,
        complete=state.complete,
        trimmed=state.trimmed,
        points=state.points,
        courseDone=state.course_done,
        coursePercent=state.course_percent,
        presence=state.asked_ms,
        questions=state.questions,
    )
