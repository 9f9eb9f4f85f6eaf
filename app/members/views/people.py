"""Members as organizers and administrators see them: list, add, edit, roles, activation codes."""

from __future__ import annotations

from typing import Any

import segno
from flask import current_app, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from wtforms import Field

from app.core import clock
from app.core.access import access
from app.core.addresses import address
from app.core.db import reading
from app.core.limits import limited
from app.core.pages import offer_undo
from app.core.refusals import Refusal
from app.members import queries, service
from app.members.access import (
    ADMINISTRATOR,
    ORGANIZER,
    hold,
    reader,
)
from app.members.forms import ROLE_LABELS, MemberForm, RoleForm, offer_branches
from app.members.queries import Person
from app.members.rules import Role, codes, names
from app.members.rules.audit import SHOWN_OF_MEMBER, doer, kind_words, said
from app.members.rules.names import device
from app.members.rules.refusals import EmailTaken, PhoneTaken, UsernameTaken
from app.members.views.door import bp, show_at, typed

MOST_SLIPS = 500  # codes on one sheet; more at once would keep the browser busy for too long
bp.add_app_template_global(said, "said_changes")
bp.add_app_template_global(kind_words)
bp.add_app_template_global(doer)
STATES = ("", "waiting", "disabled", *Role)


@bp.get("/admin")
@access(ORGANIZER)
def administration() -> ResponseReturnValue:
    return redirect(url_for("members.people"))


@bp.get("/admin/members")
@access(ORGANIZER)
def people() -> str:
    me = reader()
    text = request.args.get("q", "")[:100]
    branch_id = request.args.get("branch", type=int)
    state = request.args.get("state", "")
    state = state if state in STATES else ""
    return render_template(
        "members/people.html",
        page=queries.people_for(
            me,
            text=text,
            branch_id=branch_id,
            state=state,
            page=request.args.get("page", 1, type=int),
        ),
        text=text,
        branch_id=branch_id,
        state=state,
        branch_choices=queries.branch_choices(me),
        role_labels=ROLE_LABELS,
        waiting=queries.waiting_count(me, branch_id),
        me=me,
    )


@bp.get("/admin/members/new")
@access(ORGANIZER)
def new_member() -> str:
    return _member_page(_member_form(branch_id=request.args.get("branch", type=int)), None)


@bp.post("/admin/members/new")
@access(ORGANIZER)
def add_member() -> ResponseReturnValue:
    form = _member_form()
    if not form.validate():
        return _member_page(form, None), 422
    try:
        member_id = service.add(**_asked(form), by=reader())
    except Refusal as refusal:
        show_at(_place(form, refusal), refusal)
        return _member_page(form, None), 422
    given = service.issue_codes([member_id], by=reader())
    return sheet([queries.person_for(reader(), member_id)], given)


@bp.get("/admin/members/<int:member_id>")
@access(ORGANIZER)
def member(member_id: int) -> str:
    person = queries.person_for(reader(), member_id)
    return _member_page(_member_form(person=person), person)


@bp.post("/admin/members/<int:member_id>")
@access(ORGANIZER)
def edit_member(member_id: int) -> ResponseReturnValue:
    person = queries.person_for(reader(), member_id)
    form = _member_form(person=person)
    if not form.validate():
        return _member_page(form, person), 422
    try:
        service.edit(member_id, **_asked(form), by=reader())
    except Refusal as refusal:
        show_at(_place(form, refusal), refusal)
        return _member_page(form, person), 422
    flash(_("Saved."), "good")
    return redirect(url_for("members.member", member_id=member_id), 303)


def _member_form(*, person: Person | None = None, branch_id: int | None = None) -> MemberForm:
    form = MemberForm(obj=person) if person else MemberForm()
    offer_branches(form.branch_id, queries.branch_choices(reader()))
    if branch_id is not None and request.method == "GET":
        form.branch_id.data = branch_id
    return form


def _asked(form: MemberForm) -> dict[str, Any]:
    return {
        "username": typed(form.username),
        "name": typed(form.name),
        "branch_id": form.branch_id.data,
        "email": typed(form.email),
        "phone": typed(form.phone),
    }


def _place(form: MemberForm, refusal: Refusal) -> Field:
    """The field that a refusal is about."""
    fields: dict[type[Refusal], Field] = {
        names.BadUsername: form.username,
        UsernameTaken: form.username,
        names.BadEmail: form.email,
        EmailTaken: form.email,
        names.BadPhone: form.phone,
        PhoneTaken: form.phone,
        names.BadName: form.name,
        names.LooksLikeFormula: form.name,
    }
    return fields.get(type(refusal), form.branch_id)


def _member_page(form: MemberForm, person: Person | None) -> str:
    me = reader()
    role_form = RoleForm(formdata=None)
    offer_branches(role_form.branch_id, queries.branch_choices())
    if person:
        role_form.branch_id.data = person.branch_id
    return render_template(
        "members/member.html",
        form=form,
        person=person,
        role_form=role_form,
        role_labels=ROLE_LABELS,
        acts=queries.audit_of_member(me, person.id, most=SHOWN_OF_MEMBER) if person else (),
        may_manage=person is None or me.may_manage(person.branch_path, person.roles),
        me=me,
    )


@bp.post("/admin/members/<int:member_id>/disable")
@access(ORGANIZER)
def disable_member(member_id: int) -> ResponseReturnValue:
    service.disable(member_id, by=reader())
    offer_undo(
        _("The member can no longer sign in."),
        url_for("members.enable_member", member_id=member_id),
    )
    return redirect(url_for("members.member", member_id=member_id), 303)


@bp.post("/admin/members/<int:member_id>/enable")
@access(ORGANIZER)
def enable_member(member_id: int) -> ResponseReturnValue:
    service.enable(member_id, by=reader())
    flash(_("The member can sign in again."), "good")
    return redirect(url_for("members.member", member_id=member_id), 303)


@bp.post("/admin/members/<int:member_id>/roles")
@access(ADMINISTRATOR)
def grant_role(member_id: int) -> ResponseReturnValue:
    form = RoleForm()
    choices = queries.branch_choices()
    offer_branches(form.branch_id, choices)
    if form.role.data is not Role.ORGANIZER:
        form.branch_id.data = choices[0][0]  # not asked for, so never wrong
    if not form.validate():
        flash(_("Choose a role and a branch."), "bad")
        return redirect(url_for("members.member", member_id=member_id), 303)
    service.grant(member_id, form.role.data, branch_id=form.branch_id.data)
    _stay_signed_in(member_id)
    flash(_("The role is given. The member has to sign in again."), "good")
    return redirect(url_for("members.member", member_id=member_id, _anchor="roles"), 303)


@bp.post("/admin/members/<int:member_id>/roles/<int:grant_id>/revoke")
@access(ADMINISTRATOR)
def revoke_role(member_id: int, grant_id: int) -> ResponseReturnValue:
    grants = {grant.id: grant for grant in queries.grants_of([member_id]).get(member_id, ())}
    held = grants.get(grant_id)
    service.revoke(grant_id, member_id=member_id)
    _stay_signed_in(member_id)
    said = _("The role is taken away. The member has to sign in again.")
    if held is None or member_id == reader().id:  # whoever has lost it cannot give it back
        flash(said, "good")
    else:
        url = url_for("members.grant_role", member_id=member_id)
        branch = {"branch_id": str(held.branch_id)} if held.branch_id else {}
        offer_undo(said, url, role=held.role, **branch)
    return redirect(url_for("members.member", member_id=member_id, _anchor="roles"), 303)


def _stay_signed_in(member_id: int) -> None:
    """Who changes their own roles goes on with a new session, as after a new password."""
    if member_id != reader().id:
        return
    found = queries.credentials_of(member_id)
    if found is not None and found.password_hash is not None:
        fresh, token = service.sign_in(
            member_id, checked_hash=found.password_hash, device=device(request.user_agent.string)
        )
        hold(fresh, token)


# --- activation codes -----------------------------------------------------------------------------


@bp.post("/admin/members/<int:member_id>/code")
@access(ORGANIZER)
@limited("activation codes", most=60, seconds=3600)
def issue_code(member_id: int) -> ResponseReturnValue:
    given = service.issue_codes([member_id], by=reader())
    return sheet([queries.person_for(reader(), member_id)], given)


@bp.post("/admin/members/codes")
@access(ORGANIZER)
@limited("sheets of activation codes", most=20, seconds=3600)
def issue_codes() -> ResponseReturnValue:
    """New codes for everybody who has not used one yet."""
    me = reader()
    branch_id = request.form.get("branch", type=int)
    with reading():
        waiting = queries.waiting_for(me, branch_id, limit=MOST_SLIPS)
    made = [service.new_code() for _person in waiting]
    pictures = [picture(code) for code in made]
    given = service.issue_codes([p.id for p in waiting], by=me, codes_made=made)
    return sheet(waiting, given, dict(zip(made, pictures, strict=True)))


def activation_url(code: str) -> str:
    """Where a code leads: always to the address that the operator has set."""
    base = current_app.extensions["weike"].base_url.rstrip("/")
    return f"{base}{url_for('members.activate', code=code)}"


def picture(code: str) -> str:
    """The QR code of an activation link as a data: address. Takes about two milliseconds."""
    # A mask is fixed because trying all eight takes five times as long and reads no better.
    made = segno.make(activation_url(code), error="l", mask=3, micro=False, boost_error=False)
    return str(made.svg_data_uri(border=2))


def sheet(
    people: list[Person], given: dict[int, str], pictures: dict[str, str] | None = None
) -> str:
    """The page of slips to print and cut. The codes are in this answer and nowhere else."""
    pictures = pictures or {}
    slips = [
        {
            "person": person,
            "code": codes.on_paper(given[person.id]),
            "picture": pictures.get(given[person.id]) or picture(given[person.id]),
        }
        for person in people
        if person.id in given
    ]
    return render_template(
        "members/slips.html",
        slips=slips,
        url=current_app.extensions["weike"].base_url.rstrip("/") + url_for("members.activate"),
        only_here=current_app.extensions["weike"].only_here,
        until=clock.now() + codes.GOOD_FOR,
        home=address("home"),
    )
