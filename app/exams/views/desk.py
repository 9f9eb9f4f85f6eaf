"""The desk where exams are made: their list, the paper, the settings, publishing."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal, InvalidOperation
from typing import Any
from zoneinfo import ZoneInfo

from flask import current_app, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import ngettext

from app.core import clock
from app.core.access import access
from app.core.pages import offer_undo
from app.core.refusals import NotThere, Refusal
from app.courses.queries import published_courses
from app.exams import queries, rules, service
from app.exams.forms import DrawForm, NewExamForm, SettingsForm, local, refuse
from app.exams.views import bp
from app.members.access import AUTHOR, EDITOR, reader
from app.members.queries import branch_lines
from app.questions import queries as bank
from app.questions import types
from app.questions.rules import KIND_NAMES


def zone() -> ZoneInfo:
    """The organisation's time zone."""
    found: ZoneInfo = current_app.extensions["weike"].zone
    return found


@bp.app_template_global()
def composes_exams() -> bool:
    """Whether the reader writes papers; organizers supervise those for their branches.

    Questions are drawn from the whole bank, which only authors may read.
    """
    return reader().is_author


def managed(exam_id: int) -> queries.ExamView:
    """The exam, if it is the reader's to change. Raises NotThere."""
    return queries.managed_exam(reader(), exam_id, clock.now())


@bp.get("/desk/exams")
@access(EDITOR)
def desk() -> str:
    return _desk(NewExamForm())


def _desk(form: NewExamForm) -> str:
    found = queries.managed_exams(reader(), clock.now())
    return render_template(
        "exams/desk.html",
        exams=found,
        marked=queries.marked_exams(reader(), clock.now()),
        takers=queries.takers(exam.id for exam in found),
        state_names=rules.STATE_NAMES,
        phase_names=rules.PHASE_NAMES,
        form=form,
    )


@bp.post("/desk/exams")
@access(AUTHOR)
def create() -> ResponseReturnValue:
    form = NewExamForm()
    if form.validate():
        try:
            exam_id = service.create(author_id=reader().id, title=form.title.data or "")
        except Refusal as refusal:
            refuse(form, refusal)
        else:
            flash(_("The exam is a draft now. Members see it when you publish it."))
            return redirect(url_for("exams.edit", exam_id=exam_id))
    return _desk(form), 422


@bp.get("/desk/exams/<int:exam_id>")
@access(AUTHOR)
def edit(exam_id: int) -> str:
    return _edit(managed(exam_id), DrawForm())


def _edit(exam: queries.ExamView, form: DrawForm) -> str:
    me = reader()
    sections = queries.sections_of(exam.id)
    form.offer(queries.tags(), bank.category_names())
    checks, spread = queries.checks_of(exam, clock.now())
    shown = queries.page_of_sections(sections, request.args.get("page", 1, type=int))
    return render_template(
        "exams/edit.html",
        exam=exam,
        shown=shown,
        page=shown.number if shown.number > 1 else None,
        questions=sum(slot.number for section in sections for slot in section.slots),
        out_of=_whole([slot for section in sections for slot in section.slots]),
        sections=len(sections),
        totals={section.id: _whole(section.slots) for section in sections},
        checks=checks,
        may_publish=all(check.good for check in checks if check.must),
        spread=spread,
        form=form,
        kinds=KIND_NAMES,
        categories=bank.category_names(),
        may_pick=me.is_author,
    )


def _whole(slots: Sequence[queries.SlotView]) -> Decimal:
    """What all questions of some entries bring together, without noughts at the end."""
    whole = sum((slot.number * slot.mark for slot in slots), Decimal(0))
    return whole.normalize() + Decimal(0)


@bp.get("/desk/exams/<int:exam_id>/preview")
@access(AUTHOR)
def preview(exam_id: int) -> str:
    """A paper as a taker would see it; `paper` counts the takers."""
    exam = managed(exam_id)
    number = min(max(request.args.get("paper", 1, type=int), 1), rules.SAMPLES)
    _checks, spread = queries.checks_of(exam, clock.now())
    return render_template(
        "exams/preview.html",
        exam=exam,
        preview=queries.preview_of(exam.id, number),
        titles=queries.section_titles(exam.id),
        number_of_paper=number,
        differs=exam.shuffle_questions
        or exam.shuffle_options
        or bool(spread and spread.papers > 1),
        most=rules.SAMPLES,
        spread=spread,
    )


@bp.get("/desk/exams/<int:exam_id>/settings")
@access(AUTHOR)
def settings(exam_id: int) -> str:
    exam = managed(exam_id)
    here = zone()
    values = {name: getattr(exam, name) for name in ("title", "instructions", "attempts_allowed")}
    for name in ("opens_at", "last_start_at", "closes_at"):
        values[name] = local(getattr(exam, name), here)
    for name in ("counting", "pass_percent", "shuffle_questions", "shuffle_options", "one_by_one"):
        values[name] = getattr(exam, name)
    values["shuffle_sections"] = exam.shuffle_sections
    values["wrong_costs"] = f"{exam.wrong_costs:f}"
    for name in ("no_going_back", "show_score", "show_answers", "show_explanations", "password"):
        values[name] = getattr(exam, name)
    for name in ("for_role", "networks", "safe_keys", "full_screen", "watermark"):
        values[name] = getattr(exam, name)
    for name in ("second_marking", "apart_percent", "appeal_days", "grace_s", "seals"):
        values[name] = getattr(exam, name)
    branches = queries.branches_of(exam.id)
    seats = queries.seats_of(exam.id)
    form = SettingsForm(
        minutes=exam.minutes,
        delay_minutes=exam.delay_s // 60,
        audience="all" if exam.open_to_all else "seats" if seats and not branches else "branches",
        branches=branches,
        seats=rules.as_list(seats),
        markers="\n".join(queries.marker_names(exam.id)),
        courses=[course.id for course in queries.required_courses(exam.id)],
        seen=exam.revision,
        zone=here.key,
        **values,
    )
    return _settings(exam, form)


def _settings(exam: queries.ExamView, form: SettingsForm) -> str:
    return render_template(
        "exams/settings.html",
        exam=exam,
        form=form,
        branches=branch_lines(),
        all_courses=published_courses(),
    )


@bp.post("/desk/exams/<int:exam_id>/settings")
@access(AUTHOR)
def change(exam_id: int) -> ResponseReturnValue:
    exam = managed(exam_id)
    form = SettingsForm()
    form.branches.choices = [(i, "") for i in form.branches.data or ()]
    form.courses.choices = [(i, "") for i in form.courses.data or ()]
    if form.validate():
        known = {line.id for line in branch_lines()}
        known_courses = {course.id for course in published_courses()}
        try:
            service.change(
                exam.id,
                actor_id=reader().id,
                branches=[
                    i
                    for i in form.branches.data or ()
                    if i in known and form.audience.data == "branches"
                ],
                seats=form.seats.data or "",
                markers=form.markers.data or "",
                courses=[i for i in form.courses.data or () if i in known_courses],
                seen=form.seen.data,
                **form.settings(zone(), exam),
            )
        except Refusal as refusal:
            refuse(form, refusal)
        else:
            flash(_("Saved."))
            return redirect(url_for("exams.settings", exam_id=exam_id))
    return _settings(exam, form), 422


@bp.post("/desk/exams/<int:exam_id>/sections")
@access(AUTHOR)
def add_section(exam_id: int) -> ResponseReturnValue:
    service.add_section(managed(exam_id).id, title=request.form.get("title", ""))
    return _back(exam_id)


@bp.post("/desk/exams/<int:exam_id>/sections/<int:section_id>")
@access(AUTHOR)
def change_section(exam_id: int, section_id: int) -> ResponseReturnValue:
    exam = managed(exam_id)
    to = request.form.get("to", "")
    if "drop" in request.form:
        _offer_back(exam.id, service.drop_section(exam.id, section_id, actor_id=reader().id))
        return _back(exam_id)
    if to in {"up", "down"}:
        service.move_section(exam.id, section_id, up=to == "up")
    elif "each" in request.form:
        number = service.set_marks(exam.id, section_id, _mark(request.form["each"]))
        said = ngettext(
            "%(num)s entry has other points now.", "%(num)s entries have other points now.", number
        )
        flash(said)
    else:
        service.rename_section(exam.id, section_id, title=request.form.get("title", ""))
    return _back(exam_id, f"section-{section_id}")


@bp.post("/desk/exams/<int:exam_id>/sections/<int:section_id>/draws")
@access(AUTHOR)
def add_draw(exam_id: int, section_id: int) -> ResponseReturnValue:
    exam = managed(exam_id)
    form = DrawForm()
    form.offer(queries.tags(), bank.category_names())
    if form.validate():
        try:
            service.add_draw(
                exam.id,
                section_id,
                number=form.number.data or 1,
                mark=form.mark.data or Decimal(1),
                kind=form.kind.data or "",
                tag=form.tag.data or "",
                category=form.category.data or "",
                difficulty=int(form.difficulty.data) if form.difficulty.data else None,
                language=form.language.data or "",
            )
        except Refusal as refusal:
            refuse(form, refusal)
        else:
            return _back(exam_id)
    return _edit(exam, form), 422


@bp.get("/desk/exams/<int:exam_id>/sections/<int:section_id>/pick")
@access(AUTHOR)
def pick(exam_id: int, section_id: int) -> ResponseReturnValue:
    exam, me = managed(exam_id), reader()
    sections = queries.sections_of(exam.id)
    if section_id not in {section.id for section in sections}:
        raise NotThere
    taken = [s.question.id for section in sections for s in section.slots if s.question]
    kind = request.args.get("kind", "")
    given: dict[str, Any] = {
        "q": request.args.get("q", "")[:200],
        "kind": kind if kind in types.TYPES else "",
    }
    page = bank.bank_for(
        me,
        text=given["q"],
        kind=given["kind"],
        page=request.args.get("page", 1, type=int),
        leave_out=taken,
    )
    if not page.rows and page.number > 1:  # its last page has moved into the paper
        return redirect(url_for("exams.pick", exam_id=exam_id, section_id=section_id, **given), 303)
    return render_template(
        "exams/pick.html",
        exam=exam,
        section_id=section_id,
        found=page,
        given=given,
        kinds=KIND_NAMES,
        page_url=lambda number: url_for(
            "exams.pick", exam_id=exam_id, section_id=section_id, page=number, **given
        ),
    )


@bp.post("/desk/exams/<int:exam_id>/sections/<int:section_id>/pick")
@access(AUTHOR)
def take(exam_id: int, section_id: int) -> ResponseReturnValue:
    exam, me = managed(exam_id), reader()
    chosen = request.form.getlist("question", type=int)[: rules.MOST_QUESTIONS]
    for question_id in chosen:
        question = bank.question_for(me, question_id)
        service.add_question(exam.id, section_id, question.id, mark=Decimal(1))
    if "more" in request.form:
        flash(ngettext("%(num)s question is added.", "%(num)s questions are added.", len(chosen)))
        kept: dict[str, Any] = {
            name: request.args[name] for name in ("q", "kind", "page") if name in request.args
        }
        here = url_for("exams.pick", exam_id=exam_id, section_id=section_id, **kept)
        return redirect(here, 303)
    return _back(exam_id)


@bp.post("/desk/exams/<int:exam_id>/slots/<int:slot_id>")
@access(AUTHOR)
def change_slot(exam_id: int, slot_id: int) -> ResponseReturnValue:
    exam = managed(exam_id)
    to = request.form.get("to", "")
    if to in {"up", "down"}:
        service.move_slot(exam.id, slot_id, up=to == "up")
    elif to == "drop":
        _offer_back(exam.id, service.drop_slot(exam.id, slot_id, actor_id=reader().id))
    else:
        service.set_mark(exam.id, slot_id, _mark(request.form.get("mark", "")))
        if "number" in request.form:
            number = request.form.get("number", 0, type=int)
            service.set_number(exam.id, slot_id, number)
    return _back(exam_id, None if to == "drop" else f"entry-{slot_id}")


def _mark(text: str) -> Decimal:
    try:
        return Decimal(text.strip().replace(",", "."))
    except InvalidOperation:
        raise rules.BadMark("mark") from None


def _offer_back(exam_id: int, event_id: int) -> None:
    url = url_for("exams.put_back", exam_id=exam_id, event_id=event_id)
    offer_undo(_("Taken out of the paper."), url)


@bp.post("/desk/exams/<int:exam_id>/taken-out/<int:event_id>")
@access(AUTHOR)
def put_back(exam_id: int, event_id: int) -> ResponseReturnValue:
    """What was just taken out of the paper, where it was."""
    service.put_back(managed(exam_id).id, event_id, actor_id=reader().id)
    return _back(exam_id)


@bp.post("/desk/exams/<int:exam_id>/publish")
@access(AUTHOR)
def publish(exam_id: int) -> ResponseReturnValue:
    service.publish(managed(exam_id).id, actor_id=reader().id)
    flash(_("The exam is published. Members find it under “Exams”."))
    return _back(exam_id)


@bp.post("/desk/exams/<int:exam_id>/withdraw")
@access(AUTHOR)
def withdraw(exam_id: int) -> ResponseReturnValue:
    service.withdraw(managed(exam_id).id, actor_id=reader().id)
    offer_undo(
        _("The exam is withdrawn. Who has begun may go on; results stay."),
        url_for("exams.publish", exam_id=exam_id),
    )
    return _back(exam_id)


@bp.post("/desk/exams/<int:exam_id>/edit")
@access(AUTHOR)
def reopen_paper(exam_id: int) -> ResponseReturnValue:
    service.reopen_paper(managed(exam_id).id, actor_id=reader().id)
    offer_undo(_("The exam is a draft again."), url_for("exams.publish", exam_id=exam_id))
    return _back(exam_id)


@bp.post("/desk/exams/<int:exam_id>/copy")
@access(AUTHOR)
def copy(exam_id: int) -> ResponseReturnValue:
    exam = managed(exam_id)
    new_id = service.copy(
        exam.id, author_id=reader().id, title=_("%(title)s (copy)", title=exam.title)
    )
    flash(_("This is a copy. Give it a title and its dates."))
    return redirect(url_for("exams.settings", exam_id=new_id))


@bp.post("/desk/exams/<int:exam_id>/make-up")
@access(AUTHOR)
def make_up(exam_id: int) -> ResponseReturnValue:
    """The same exam again, for those who missed it or did not pass."""
    exam = managed(exam_id)
    new_id = service.make_up(
        exam.id, author_id=reader().id, title=_("%(title)s (make-up)", title=exam.title)
    )
    flash(_("This is the make-up exam. Those who have not passed are on its list; set its dates."))
    return redirect(url_for("exams.settings", exam_id=new_id))


def _back(exam_id: int, anchor: str | None = None) -> ResponseReturnValue:
    """To the page of the paper that the form stood on, and to what was changed in it."""
    page = request.args.get("page", type=int)
    return redirect(url_for("exams.edit", exam_id=exam_id, page=page, _anchor=anchor), 303)
