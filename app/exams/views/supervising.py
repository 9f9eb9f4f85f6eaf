"""The exam room: the live list, and what invigilators do."""

from __future__ import annotations

import logging
import re
import unicodedata

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import ngettext

from app.core import clock
from app.core.access import access
from app.core.refusals import NotAllowed, NotThere, Refusal
from app.exams import queries, rules, service
from app.exams.views import bp
from app.exams.views.desk import managed
from app.exams.views.taking import take_sealed
from app.members import service as members
from app.members.access import EDITOR, ORGANIZER, reader
from app.members.rules.audit import Act, facts

log = logging.getLogger(__name__)


@bp.get("/desk/exams/<int:exam_id>/room")
@access(EDITOR)
def room(exam_id: int) -> str:
    exam = managed(exam_id)
    everything = request.args.get("log") == "all"
    return render_template(
        "exams/room.html",
        exam=exam,
        room=_room(exam),
        everything=everything,
        happenings=queries.happenings(
            exam.id, page=request.args.get("acts", 1, type=int), everything=everything
        ),
        grants=queries.grants(exam.id),
    )


@bp.get("/desk/exams/<int:exam_id>/room/list")
@access(EDITOR)
def room_list(exam_id: int) -> str:
    """The part of the room that is asked for every few seconds."""
    exam = managed(exam_id)
    return render_template("exams/_room.html", exam=exam, room=_room(exam))


def _room(exam: queries.ExamView) -> queries.Room:
    return queries.room_of(
        exam,
        clock.now(),
        only=request.args.get("only", ""),
        text=request.args.get("q", "")[:100],
        page=request.args.get("page", 1, type=int),
    )


@bp.get("/desk/exams/<int:exam_id>/room/<int:attempt_id>")
@access(EDITOR)
def seat(exam_id: int, attempt_id: int) -> str:
    exam = managed(exam_id)
    return render_template(
        "exams/seat.html",
        exam=exam,
        seat=queries.seat_of(exam, attempt_id, clock.now()),
        evidence=queries.evidence_of(attempt_id),
        marks=queries.given_marks(attempt_id),
        kinds=rules.GIVEN_NAMES,
    )


@bp.post("/desk/exams/<int:exam_id>/room/time")
@access(EDITOR)
def add_time(exam_id: int) -> ResponseReturnValue:
    exam, number = managed(exam_id), _number("minutes")
    try:
        given = service.add_time(
            exam.id,
            minutes=number or 0,
            actor_id=reader().id,
            attempt_id=request.form.get("attempt", type=int),
        )
    except rules.BadMinutes as refusal:
        return _refused(exam_id, refusal)
    number = number or 0
    if number < 0:
        flash(ngettext("%(num)s attempt has less time.", "%(num)s attempts have less time.", given))
    else:
        flash(ngettext("%(num)s attempt has more time.", "%(num)s attempts have more time.", given))
    return _back(exam_id)


@bp.post("/desk/exams/<int:exam_id>/room/pause")
@access(EDITOR)
def pause(exam_id: int) -> ResponseReturnValue:
    service.pause(managed(exam_id).id, actor_id=reader().id)
    flash(_("All clocks stand still."))
    return _back(exam_id)


@bp.post("/desk/exams/<int:exam_id>/room/resume")
@access(EDITOR)
def resume(exam_id: int) -> ResponseReturnValue:
    service.resume(managed(exam_id).id, actor_id=reader().id)
    flash(_("The clocks run on; everybody ends later by the pause."))
    return _back(exam_id)


@bp.post("/desk/exams/<int:exam_id>/room/message")
@access(EDITOR)
def say(exam_id: int) -> ResponseReturnValue:
    try:
        service.say(
            managed(exam_id).id,
            text=request.form.get("text", ""),
            actor_id=reader().id,
            attempt_id=request.form.get("attempt", type=int),
        )
    except rules.EmptyMessage as refusal:
        return _refused(exam_id, refusal)
    flash(_("Said. It appears on their pages within fifteen seconds."))
    return _back(exam_id)


@bp.post("/desk/exams/<int:exam_id>/room/<int:attempt_id>/sealed")
@access(EDITOR)
def supervised_upload(exam_id: int, attempt_id: int) -> ResponseReturnValue:
    """A file that a device without a connection saved, brought by the invigilator."""
    exam = managed(exam_id)
    attempt = queries.seat_of(exam, attempt_id, clock.now()).attempt
    file = request.files.get("package")
    try:
        is_new = take_sealed(attempt, file.read() if file else b"")
    except Refusal as refusal:
        flash(str(refusal), "bad")
    else:
        flash(_("The answers are kept here.") if is_new else _("It says nothing new."))
    return redirect(url_for("exams.seat", exam_id=exam_id, attempt_id=attempt_id), 303)


@bp.post("/desk/exams/<int:exam_id>/room/<int:attempt_id>/kept/<int:evidence_id>")
@access(EDITOR)
def count_kept(exam_id: int, attempt_id: int, evidence_id: int) -> ResponseReturnValue:
    """Let answers count that were kept aside."""
    exam = managed(exam_id)
    if evidence_id not in {row.id for row in queries.evidence_of(attempt_id)}:
        raise NotThere
    try:
        service.count(
            exam.id, evidence_id, actor_id=reader().id, reason=request.form.get("reason", "")
        )
    except (rules.NeedsAReason, rules.OwnAnswer) as refusal:
        flash(str(refusal), "bad")
    else:
        flash(_("Done, and written down."))
    return redirect(url_for("exams.seat", exam_id=exam_id, attempt_id=attempt_id), 303)


@bp.post("/desk/exams/<int:exam_id>/room/<int:attempt_id>")
@access(EDITOR)
def act(exam_id: int, attempt_id: int) -> ResponseReturnValue:
    """Hand in, void, restore or reopen one attempt."""
    exam, me = managed(exam_id), reader()
    reason = request.form.get("reason", "")
    what = request.form.get("act", "")
    try:
        if what == "hand_in":
            service.hand_in(exam.id, attempt_id, actor_id=me.id, reason=reason)
        elif what == "void":
            service.void(exam.id, attempt_id, actor_id=me.id, reason=reason)
        elif what == "restore":
            service.restore(exam.id, attempt_id, actor_id=me.id, reason=reason)
        elif what == "reopen":
            service.reopen(
                exam.id,
                attempt_id,
                minutes=-1 if (minutes := _number("minutes")) is None else minutes,
                actor_id=me.id,
                reason=reason,
            )
        else:
            raise NotThere
    except NotThere:
        raise
    except Refusal as refusal:
        flash(str(refusal), "bad")
        return redirect(url_for("exams.seat", exam_id=exam_id, attempt_id=attempt_id), 303)
    flash(_("Done, and written down."))
    return _back(exam_id)


@bp.post("/desk/exams/<int:exam_id>/room/accommodations")
@access(EDITOR)
def accommodate(exam_id: int) -> ResponseReturnValue:
    """More time or attempts for one member, in this exam or in all."""
    exam, me = managed(exam_id), reader()
    found = queries.member_by_username(request.form.get("username", ""))
    if found is None:
        flash(_("Nobody has this user name."), "bad")
        return _back(exam_id)
    member_id, branch_path = found
    everywhere = request.form.get("everywhere") == "1"
    # In all exams only those may grant it who look after this member.
    if everywhere and not me.may_organize(branch_path):
        flash(_("Only an organizer of this member's branch may grant this for all exams."), "bad")
        return _back(exam_id)
    percent, attempts = _number("extra_percent"), _number("extra_attempts")
    try:
        service.accommodate(
            member_id,
            extra_percent=-1 if percent is None else percent,
            extra_attempts=-1 if attempts is None else attempts,
            large_type=request.form.get("large_type") == "1",
            reason=request.form.get("reason", ""),
            actor_id=me.id,
            exam_id=exam.id,
            everywhere=everywhere,
        )
    except rules.BadAllowance as refusal:
        return _refused(exam_id, refusal)
    flash(_("Saved. It counts from the next start on."))
    return _back(exam_id)


@bp.app_template_global()
def clock_jump_minutes() -> int:
    """Minutes by which the server's clock has jumped and is not believed; 0 if all is well."""
    return round(clock.jump() / 60)


@bp.app_template_global()
def may_set_clock() -> bool:
    """Whether the reader answers for the whole organisation, and so for its clock."""
    me = reader()
    return me.is_administrator or me.may_organize(me.branch_path[:1])


@bp.post("/desk/clock")
@access(ORGANIZER)
def believe_clock() -> ResponseReturnValue:
    """The server's clock jumped, and its new time is the right one."""
    if not may_set_clock():
        raise NotAllowed
    minutes = clock_jump_minutes()
    clock.confirm()
    members.record(Act.CLOCK_BELIEVED, changes=facts(minutes=minutes))
    log.warning("member %s confirmed the clock after a jump of %s min", reader().id, minutes)
    flash(_("The server's clock is believed again."))
    return redirect(url_for("exams.desk"), 303)


def _number(name: str) -> int | None:
    """A whole number as people write it (+5, −5, ５, 25 %); empty is 0, None is no number."""
    text = unicodedata.normalize("NFKC", request.form.get(name, "")).replace("−", "-")
    text = text.strip().removesuffix("%").rstrip()
    if not text:
        return 0
    return int(text) if re.fullmatch(r"[+-]?[0-9]{1,4}", text) else None


def _refused(exam_id: int, refusal: Refusal) -> ResponseReturnValue:
    flash(str(refusal), "bad")
    return _back(exam_id)


def _back(exam_id: int) -> ResponseReturnValue:
    return redirect(url_for("exams.room", exam_id=exam_id), 303)
