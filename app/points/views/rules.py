"""The rules: for everybody to read, and for the head of the organisation to write."""

from __future__ import annotations

from typing import Any

from flask import current_app, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from app.core import clock
from app.core.access import access
from app.core.errors import status_of
from app.core.limits import limited
from app.core.refusals import Conflict, NotThere, Refusal
from app.members.access import ORGANIZER, SIGNED_IN, reader
from app.members.queries import branch_choices, root_branch
from app.members.rules import Reader
from app.points import queries, service
from app.points.forms import BookForm, PublishForm, RankingForm, digits, showing
from app.points.rules import PRESETS, REASONS, BadRules, Ranking, checked
from app.points.views.door import bp


def _may_write(me: Reader) -> bool:
    """Rules are for the whole organisation: who writes them organizes all of it."""
    root = root_branch()
    return root is not None and me.may_organize(root.path_ids)


def _writer() -> Reader:
    me = reader()
    if not _may_write(me):
        raise NotThere
    return me


@bp.get("/points/how")
@access(SIGNED_IN)
def how() -> str:
    now = clock.now()
    zone = current_app.extensions["weike"].zone
    return render_template(
        "points/how.html",
        book=queries.book_at(now),
        reasons=REASONS,
        branch_names=dict(branch_choices()),
        editions=[each for each in queries.editions() if each.number > 1],
        here=now.astimezone(zone),
        ranking=queries.ranking().value,
        may_write=_may_write(reader()),
        is_organizer=reader().is_organizer,
    )


@bp.get("/points/rules")
@access(ORGANIZER)
def rules() -> str:
    _writer()
    return _page(None, None)


def _page(book: BookForm | None, publish: PublishForm | None) -> str:
    held, revision = queries.draft()
    book = book or showing(held, revision)
    book.offer(branch_choices())
    earliest = service.first_free_day()
    today = clock.today(current_app.extensions["weike"].zone)
    return render_template(
        "points/rules.html",
        form=book,
        publish=publish or PublishForm(formdata=None, from_day=max(earliest, today)),
        ranking=RankingForm(formdata=None, ranking=queries.ranking().value),
        presets=PRESETS,
        is_draft=revision > 0,
        earliest=earliest,
        editions=queries.editions(),
    )


@bp.post("/points/rules")
@access(ORGANIZER)
@limited("settings: rules", most=120, seconds=3600)
def save_rules() -> ResponseReturnValue:
    me = _writer()
    form = BookForm()
    form.offer(branch_choices())
    if "add" in request.form:
        form.rules.append_entry()
        form.offer(branch_choices())
        return _page(form, None)
    if not form.validate():
        return _page(form, None), 422
    try:
        service.save_draft(
            checked(form.book()), author_id=me.id, revision=digits(form.revision.data)
        )
    except BadRules as refusal:
        _show(form, refusal)
        return _page(form, None), 422
    except Conflict as refusal:
        flash(str(refusal), "bad")
        return _page(form, None), status_of(refusal)
    if "simulate" in request.form:
        return redirect(url_for("points.simulation"), 303)
    flash(_("The draft is saved. It changes nothing until it is published."))
    return redirect(url_for("points.rules"), 303)


def _show(form: BookForm, refusal: BadRules) -> None:
    """Put what is wrong beside its line; lines that are to be removed do not count."""
    kept = [line for line in form.rules if not line.form.remove.data]
    field = kept[refusal.line - 1].form.reason if refusal.line else form.quiet_ends
    field.errors = [str(refusal.reason)]


@bp.post("/points/rules/preset")
@access(ORGANIZER)
@limited("settings: rules", most=120, seconds=3600)
def take_preset() -> ResponseReturnValue:
    me = _writer()
    chosen = PRESETS.get(request.form.get("preset", ""))
    if chosen is None:
        raise NotThere
    held, revision = queries.draft()
    service.save_draft(
        service.with_calendar_of(chosen[2], held), author_id=me.id, revision=revision
    )
    return redirect(url_for("points.rules"), 303)


@bp.post("/points/rules/drop")
@access(ORGANIZER)
@limited("settings: rules", most=120, seconds=3600)
def drop_draft() -> ResponseReturnValue:
    _writer()
    service.drop_draft()
    return redirect(url_for("points.rules"), 303)


@bp.post("/points/rules/publish")
@access(ORGANIZER)
@limited("settings: rules", most=120, seconds=3600)
def publish_rules() -> ResponseReturnValue:
    me = _writer()
    form = PublishForm()
    if not form.validate() or form.from_day.data is None:
        return _page(None, form), 422
    try:
        service.publish(from_day=form.from_day.data, author_id=me.id, note=form.note.data or "")
    except Refusal as refusal:
        form.from_day.errors = [str(refusal)]
        return _page(None, form), status_of(refusal)
    flash(_("The rules are published."), "good")
    return redirect(url_for("points.rules"), 303)


@bp.post("/points/rules/ranking")
@access(ORGANIZER)
@limited("settings: rules", most=120, seconds=3600)
def choose_ranking() -> ResponseReturnValue:
    me = _writer()
    form = RankingForm()
    if not form.validate():
        return _page(None, None), 422
    service.choose_ranking(Ranking(form.ranking.data), author_id=me.id)
    flash(_("Saved. This holds from now on."))
    return redirect(url_for("points.rules"), 303)


@bp.get("/points/rules/simulation")
@access(ORGANIZER)
@limited("simulations", most=30, seconds=600)
def simulation() -> str:
    _writer()
    zone = current_app.extensions["weike"].zone
    book, revision = queries.draft()
    start, end = queries.last_month(zone)
    told: Any = queries.simulate(book if revision else None, start, end, zone)
    return render_template(
        "points/simulation.html", told=told, is_draft=revision > 0, reasons=REASONS
    )
