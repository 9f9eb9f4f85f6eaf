"""Members and what they may do: add, edit, disable, grant, and give out activation codes.

`by` is the reader who does it; None is the operator at the command line, who may do everything.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Sequence

from sqlalchemy import or_, select

from app.core import clock
from app.core.db import db
from app.core.refusals import NotThere
from app.members.models import ActivationCode, Branch, Member, RoleGrant
from app.members.queries import administrators, grants_of
from app.members.rules import Reader, Role, codes, names
from app.members.rules.audit import Act, Changes, differences, facts
from app.members.rules.refusals import (
    EmailTaken,
    LastAdministrator,
    NeedsBranch,
    NotYourBranch,
    NotYourMember,
    OwnAccount,
    PhoneTaken,
    RoleHeld,
    UsernameTaken,
)
from app.members.service.audit import record
from app.members.service.signing import end_sign_ins, token_hash, void_codes


def add(
    *,
    username: str,
    name: str,
    branch_id: int,
    email: str = "",
    phone: str = "",
    by: Reader | None = None,
) -> int:
    """Add a member without a password; returns the id. See `issue_codes` for the first sign-in.

    Raises BadUsername, BadName, BadEmail, BadPhone, …Taken, NotYourBranch, NotThere.
    """
    _refuse_branch(branch_id, by)
    row = Member(
        username=names.username(username),
        name=names.person(name),
        email=names.email(email),
        phone=names.phone(phone),
        branch_id=branch_id,
        created_at=clock.now(),
    )
    _refuse_taken(row.username, row.email, row.phone)
    db.session().add(row)
    db.session().flush()
    record(Act.MEMBER_ADDED, member_id=row.id)
    return row.id


def edit(
    member_id: int,
    *,
    username: str,
    name: str,
    branch_id: int,
    email: str = "",
    phone: str = "",
    by: Reader | None = None,
) -> None:
    """Change who a member is. Raises what `add` raises, and NotYourMember."""
    row = _managed(member_id, by)
    if branch_id != row.branch_id:
        _refuse_branch(branch_id, by)
    new = names.username(username), names.email(email), names.phone(phone)
    _refuse_taken(*new, besides=member_id)
    before = seen(row)
    row.username, row.email, row.phone = new
    row.name = names.person(name)
    row.branch_id = branch_id
    db.session().flush()
    db.session().expire(row, ["branch"])
    record_change(row, before)


def seen(row: Member) -> Changes:
    """What the log of acts compares of a member."""
    return {
        **{name: getattr(row, name) for name in ("name", "username", "email", "phone")},
        "branch": db.session().get_one(Branch, row.branch_id).name,
        "branch_id": row.branch_id,
    }


def record_change(row: Member, before: Changes) -> None:
    """Write into the log what differs from `seen` before; nothing when nothing does."""
    changes = differences(before, seen(row))
    is_moved = changes.pop("branch_id", None) is not None
    if is_moved:  # branches of one name are told apart by nobody: the change is shown all the same
        changes["branch"] = [before["branch"], seen(row)["branch"]]
    if changes:
        record(
            Act.MEMBER_MOVED if is_moved else Act.MEMBER_CHANGED,
            member_id=row.id,
            other_branch_id=before["branch_id"] if is_moved else None,
            changes=changes,
        )


def disable(member_id: int, *, by: Reader | None = None) -> None:
    """Keep a member out: every sign-in and every code ends. What was learnt stays.

    Raises OwnAccount, LastAdministrator, NotYourMember, NotThere.
    """
    row = _managed(member_id, by)
    if by is not None and by.id == member_id:
        raise OwnAccount
    if Role.ADMINISTRATOR in _roles(member_id):
        _refuse_last_administrator(member_id)
    if row.is_active:
        record(Act.MEMBER_DISABLED, member_id=member_id)
    row.is_active = False
    end_sign_ins(member_id)
    void_codes(member_id)


def enable(member_id: int, *, by: Reader | None = None) -> None:
    """Let a disabled member in again. Raises NotYourMember, NotThere."""
    row = _managed(member_id, by)
    if not row.is_active:
        record(Act.MEMBER_ENABLED, member_id=member_id)
    row.is_active = True


def grant(member_id: int, role: Role, *, branch_id: int | None = None) -> None:
    """Give a member a role; organizers look after one branch and all below it.

    The member's sign-ins end, so that the shorter times of staff hold from now on. Raises
    RoleHeld, NeedsBranch, NotThere.
    """
    session = db.session()
    if session.get(Member, member_id) is None:
        raise NotThere
    if role is Role.ORGANIZER and branch_id is None:
        raise NeedsBranch
    if branch_id is not None and session.get(Branch, branch_id) is None:
        raise NotThere
    where = branch_id if role is Role.ORGANIZER else None
    held = session.scalar(
        select(RoleGrant.id)
        .where(RoleGrant.member_id == member_id, RoleGrant.role == role.value)
        .where(RoleGrant.branch_id == where if where else RoleGrant.branch_id.is_(None))
    )
    if held is not None:
        raise RoleHeld
    session.add(RoleGrant(member_id=member_id, role=role.value, branch_id=where))
    session.flush()
    record_role(member_id, role.value, where)
    end_sign_ins(member_id)


def revoke(grant_id: int, *, member_id: int) -> None:
    """Take a role away; the member's sign-ins end. Raises LastAdministrator, NotThere."""
    session = db.session()
    row = session.get(RoleGrant, grant_id)
    if row is None or row.member_id != member_id:
        raise NotThere
    if row.role == Role.ADMINISTRATOR:
        _refuse_last_administrator(member_id)
    session.delete(row)
    session.flush()
    record_role(member_id, row.role, row.branch_id, is_given=False)
    end_sign_ins(member_id)


def record_role(member_id: int, role: str, branch_id: int | None, *, is_given: bool = True) -> None:
    """Write into the log that a role was given or taken; organizers' with their branch."""
    branch = db.session().get(Branch, branch_id) if branch_id is not None else None
    record(
        Act.ROLE_GIVEN if is_given else Act.ROLE_TAKEN,
        member_id=member_id,
        other_branch_id=branch_id,
        changes=facts(role=role, role_branch=branch.name if branch else None),
    )


def issue_codes(
    member_ids: Iterable[int], *, by: Reader | None = None, codes_made: Sequence[str] = ()
) -> dict[int, str]:
    """A new activation code for each member, by member id; older codes are void.

    The codes exist in what is returned and nowhere else: only their hashes are stored. For a
    member with a password a code is the way to set a new one; the old one is good until then.
    `codes_made` are used first (a page has made their pictures before the transaction). Raises
    NotYourMember, NotThere.
    """
    session = db.session()
    now = clock.now()
    made = iter(codes_made)
    given: dict[int, str] = {}
    for member_id in member_ids:
        row = _managed(member_id, by)
        if not row.is_active:
            continue
        void_codes(member_id)
        renewed = row.password_hash is not None
        record(Act.CODE_RENEWED if renewed else Act.CODE_PRINTED, member_id=member_id)
        given[member_id] = next(made, None) or new_code()
        session.add(
            ActivationCode(
                code_hash=token_hash(given[member_id]),
                member_id=member_id,
                created_at=now,
                expires_at=now + codes.GOOD_FOR,
            )
        )
    return given


def new_code() -> str:
    """A random activation code that is not yet anybody's."""
    return codes.new_code(secrets.choice)


def make_administrator(*, username: str, name: str, branch_id: int, stored_hash: str) -> int:
    """Add an administrator who can sign in at once; returns the id. Raises what `add` raises."""
    member_id = add(username=username, name=name, branch_id=branch_id)
    db.session().get_one(Member, member_id).password_hash = stored_hash
    grant(member_id, Role.ADMINISTRATOR)
    return member_id


def _managed(member_id: int, by: Reader | None) -> Member:
    row = db.session().get(Member, member_id)
    if row is None:
        raise NotThere
    if by is None or by.is_administrator:
        return row
    if not by.may_organize(row.branch.path_ids):
        raise NotThere
    if not by.may_manage(row.branch.path_ids, _roles(member_id)):
        raise NotYourMember
    return row


def _roles(member_id: int) -> set[str]:
    return {grant.role for grant in grants_of([member_id]).get(member_id, ())}


def _refuse_branch(branch_id: int, by: Reader | None) -> None:
    row = db.session().get(Branch, branch_id)
    if row is None:
        raise NotThere
    if by is not None and not by.may_organize(row.path_ids):
        raise NotYourBranch(name=row.name)


def _refuse_last_administrator(member_id: int) -> None:
    # Locked, so that two administrators cannot remove each other (PostgreSQL).
    db.session().execute(
        select(RoleGrant.id).where(RoleGrant.role == Role.ADMINISTRATOR.value).with_for_update()
    )
    if administrators(besides=member_id) == 0:
        raise LastAdministrator


def _refuse_taken(username: str, email: str | None, phone: str | None, *, besides: int = 0) -> None:
    """Raise …Taken when another member could be meant by one of these names."""
    as_phone = names.phone_or_none(username)
    as_username = {phone, phone.removeprefix("+86"), phone.removeprefix("+")} if phone else set()
    phones = {number for number in (phone, as_phone) if number}
    rows = (
        db.session()
        .execute(
            select(Member.username, Member.email, Member.phone)
            .where(Member.id != besides)
            .where(
                or_(
                    Member.username.in_({username, *as_username}),
                    Member.phone.in_(phones),
                    Member.email.in_({email} if email else set()),
                )
            )
        )
        .all()
    )
    for their_username, their_email, their_phone in rows:
        if their_username == username or (as_phone and their_phone == as_phone):
            raise UsernameTaken(username=username)
        if email and their_email == email:
            raise EmailTaken(email=email)
        if phone and (their_phone == phone or their_username in as_username):
            raise PhoneTaken(phone=phone)
