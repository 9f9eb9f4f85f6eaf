"""Reads about people and branches."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Select, false, func, or_, select, true

from app.core.db import db
from app.core.paging import Page, window
from app.core.refusals import NotThere
from app.members.models import ActivationCode, Branch, Member, RoleGrant, SignIn
from app.members.rules import Reader, Role, path_text
from app.members.rules.names import folded, phone_or_none

PEOPLE_PER_PAGE = 50


# --- who is asking --------------------------------------------------------------------------------


def sign_in_of(token_hash: str, now: datetime) -> tuple[Reader, Member] | None:
    """The reader behind a sign-in that is neither ended nor expired, of an active member."""
    session = db.session()
    member = session.scalar(
        select(Member)
        .join(SignIn, SignIn.member_id == Member.id)
        .where(SignIn.token_hash == token_hash, SignIn.ended_at.is_(None))
        .where(SignIn.expires_at > now, Member.is_active)
    )
    return (_reader(member), member) if member else None


def reader_for(member_id: int) -> Reader | None:
    """A member as rooms see them, for jobs and commands; None for unknown or disabled members."""
    member = db.session().get(Member, member_id)
    return _reader(member) if member and member.is_active else None


def _reader(member: Member) -> Reader:
    grants = db.session().execute(
        select(RoleGrant.role, Branch.path)
        .outerjoin(Branch, Branch.id == RoleGrant.branch_id)
        .where(RoleGrant.member_id == member.id)
    )
    roles: set[str] = set()
    paths: list[str] = []
    for role, path in grants:
        roles.add(role)
        if path:
            paths.append(path)
    return Reader(
        id=member.id,
        name=member.name,
        branch_id=member.branch_id,
        branch_path=member.branch.path_ids,
        language=member.language,
        is_trainer=Role.TRAINER in roles,
        is_administrator=Role.ADMINISTRATOR in roles,
        organizes=tuple(tuple(int(p) for p in path.split("/") if p) for path in sorted(paths)),
    )


@dataclass(frozen=True)
class Credentials:
    """What signing in needs to know about a member; `password_hash` is None until activated."""

    member_id: int
    username: str
    name: str
    phone: str | None
    password_hash: str | None
    is_active: bool


def credentials_for(login: str) -> Credentials | None:
    """Whom a user name, e-mail address or phone number belongs to, disabled members included."""
    name, phone = folded(login), phone_or_none(login)
    if not name:
        return None
    matches = [Member.username == name, Member.email == name]
    if phone:
        matches.append(Member.phone == phone)
    found = db.session().scalars(select(Member).where(or_(*matches))).all()
    # A user name wins over another member's phone number that is written the same.
    best = min(found, key=lambda m: (m.username != name, m.email != name), default=None)
    return _credentials(best) if best else None


def credentials_of(member_id: int) -> Credentials | None:
    """The credentials of a member by id."""
    member = db.session().get(Member, member_id)
    return _credentials(member) if member else None


def credentials_by_code(code_hash: str, now: datetime) -> Credentials | None:
    """Whom an activation code is for: neither used nor expired, of an active member."""
    member = db.session().scalar(
        select(Member)
        .join(ActivationCode, ActivationCode.member_id == Member.id)
        .where(ActivationCode.code_hash == code_hash, ActivationCode.used_at.is_(None))
        .where(ActivationCode.expires_at > now, Member.is_active)
    )
    return _credentials(member) if member else None


def _credentials(member: Member) -> Credentials:
    return Credentials(
        member_id=member.id,
        username=member.username,
        name=member.name,
        phone=member.phone,
        password_hash=member.password_hash,
        is_active=member.is_active,
    )


@dataclass(frozen=True)
class SignInLine:
    """One signed-in browser of a member."""

    id: int
    device: str
    created_at: datetime
    expires_at: datetime
    is_this: bool


def sign_ins(member_id: int, now: datetime, *, this: str = "") -> list[SignInLine]:
    """Where a member is signed in, the newest first; `this` is the token hash of the asker."""
    rows = db.session().scalars(
        select(SignIn)
        .where(SignIn.member_id == member_id, SignIn.ended_at.is_(None), SignIn.expires_at > now)
        .order_by(SignIn.id.desc())
    )
    return [
        SignInLine(r.id, r.device, r.created_at, r.expires_at, r.token_hash == this) for r in rows
    ]


# --- branches -------------------------------------------------------------------------------------


def branches() -> list[Branch]:
    """All branches in the order of the tree: parents first, siblings as they were made."""
    return sorted(db.session().scalars(select(Branch)), key=lambda b: b.path_ids)


def root_branch() -> Branch | None:
    """The branch above all others."""
    return db.session().scalar(select(Branch).where(Branch.parent_id.is_(None)))


def branch_choices(reader: Reader | None = None) -> list[tuple[int, str]]:
    """Ids and indented names in the order of the tree, for lists to choose from.

    With a reader only the branches that this reader may organize.
    """
    return [
        (b.id, "\u3000" * (len(b.path_ids) - 1) + b.name)
        for b in branches()
        if reader is None or reader.may_organize(b.path_ids)
    ]


def branch_ids_below(branch_id: int) -> list[int]:
    """The ids of a branch and of all below it; none for an unknown branch."""
    top = db.session().get(Branch, branch_id)
    if top is None:
        return []
    return list(db.session().scalars(select(Branch.id).where(Branch.path.startswith(top.path))))


@dataclass(frozen=True)
class BranchLine:
    """One branch on the page of branches; members are counted without and with those below."""

    id: int
    parent_id: int | None
    name: str
    depth: int
    path_ids: tuple[int, ...]
    members: int
    members_below: int
    children: int


def branch_lines() -> list[BranchLine]:
    """The tree with its counts of members, in the order of the tree."""
    tree = branches()
    counts: Mapping[int, int] = dict(
        db.session()
        .execute(select(Member.branch_id, func.count()).group_by(Member.branch_id))
        .all()
    )
    below: dict[int, int] = {}
    children: dict[int, int] = {}
    for branch in tree:
        for above in branch.path_ids:
            below[above] = below.get(above, 0) + counts.get(branch.id, 0)
        if branch.parent_id is not None:
            children[branch.parent_id] = children.get(branch.parent_id, 0) + 1
    return [
        BranchLine(
            id=b.id,
            parent_id=b.parent_id,
            name=b.name,
            depth=len(b.path_ids) - 1,
            path_ids=b.path_ids,
            members=counts.get(b.id, 0),
            members_below=below.get(b.id, 0),
            children=children.get(b.id, 0),
        )
        for b in tree
    ]


# --- members --------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Grant:
    """One role of a member; `branch_name` is that of the branch an organizer organizes."""

    id: int
    role: str
    branch_id: int | None
    branch_name: str


@dataclass(frozen=True)
class Person:
    """A member as administrators see them."""

    id: int
    username: str
    name: str
    branch_id: int
    branch_name: str
    branch_path: tuple[int, ...]
    email: str | None
    phone: str | None
    is_active: bool
    is_activated: bool
    grants: tuple[Grant, ...] = ()

    @property
    def roles(self) -> frozenset[str]:
        return frozenset(grant.role for grant in self.grants)


def member_names(ids: Iterable[int]) -> dict[int, str]:
    """Names by id, of disabled members too."""
    wanted = list(set(ids))
    names: dict[int, str] = {}
    for start in range(0, len(wanted), 500):  # SQLite binds a limited number of values
        part = wanted[start : start + 500]
        rows = db.session().execute(select(Member.id, Member.name).where(Member.id.in_(part)))
        names.update((i, name) for i, name in rows)
    return names


def members_below(path: str) -> list[Person]:
    """Active members of the branch with this stored path and of all below, by branch and name."""
    rows = db.session().scalars(
        select(Member)
        .join(Branch, Branch.id == Member.branch_id)
        .where(Member.is_active, Branch.path.startswith(path))
        .order_by(Branch.path, Member.name, Member.id)
    )
    return [_person(member, ()) for member in rows]


def people_for(
    reader: Reader, *, text: str = "", branch_id: int | None = None, state: str = "", page: int = 1
) -> Page[Person]:
    """The members a reader may organize, by name: those whose names contain `text`.

    `state` is "" (all), "waiting" (not activated), "disabled" or a role.
    """
    wanted = select(Member).join(Branch, Branch.id == Member.branch_id).where(_mine(reader))
    needle = folded(text)[:100]
    if needle:
        phone = phone_or_none(needle)
        wanted = wanted.where(
            or_(
                Member.username.contains(needle, autoescape=True),
                Member.name.icontains(text.strip()[:100], autoescape=True),
                Member.email.contains(needle, autoescape=True),
                Member.phone == phone if phone else false(),
            )
        )
    if branch_id is not None:
        wanted = wanted.where(Member.branch_id.in_(branch_ids_below(branch_id)))
    wanted = _in_state(wanted, state)
    session = db.session()
    total = session.scalar(select(func.count()).select_from(wanted.subquery())) or 0
    offset, limit = window(page, PEOPLE_PER_PAGE)
    rows = session.scalars(
        wanted.order_by(Member.name, Member.id).offset(offset).limit(limit)
    ).all()
    grants = grants_of(row.id for row in rows)
    return Page(
        [_person(row, grants.get(row.id, ())) for row in rows], max(1, page), total, PEOPLE_PER_PAGE
    )


def _in_state(wanted: Select[Member], state: str) -> Select[Member]:
    if state == "waiting":
        return wanted.where(Member.password_hash.is_(None), Member.is_active)
    if state == "disabled":
        return wanted.where(~Member.is_active)
    if state in set(Role):
        return wanted.where(
            Member.id.in_(select(RoleGrant.member_id).where(RoleGrant.role == state))
        )
    return wanted


def person_for(reader: Reader, member_id: int) -> Person:
    """One member whom the reader may organize. Raises NotThere."""
    member = db.session().scalar(
        select(Member)
        .join(Branch, Branch.id == Member.branch_id)
        .where(Member.id == member_id, _mine(reader))
    )
    if member is None:
        raise NotThere
    return _person(member, grants_of([member_id]).get(member_id, ()))


def waiting_for(reader: Reader, branch_id: int | None = None) -> list[Person]:
    """Active members who have not activated their account and whom the reader may manage."""
    wanted = (
        select(Member)
        .join(Branch, Branch.id == Member.branch_id)
        .where(_mine(reader), Member.is_active, Member.password_hash.is_(None))
        .order_by(Branch.path, Member.name, Member.id)
    )
    if branch_id is not None:
        wanted = wanted.where(Member.branch_id.in_(branch_ids_below(branch_id)))
    rows = db.session().scalars(wanted).all()
    grants = grants_of(row.id for row in rows)
    found = [_person(row, grants.get(row.id, ())) for row in rows]
    return [p for p in found if reader.may_manage(p.branch_path, p.roles)]


def grants_of(member_ids: Iterable[int]) -> dict[int, tuple[Grant, ...]]:
    """The roles of members; members without any are left out."""
    found: dict[int, tuple[Grant, ...]] = {}
    wanted = list(member_ids)
    for start in range(0, len(wanted), 500):
        rows = db.session().execute(
            select(RoleGrant, Branch.name)
            .outerjoin(Branch, Branch.id == RoleGrant.branch_id)
            .where(RoleGrant.member_id.in_(wanted[start : start + 500]))
            .order_by(RoleGrant.id)
        )
        for grant, branch_name in rows:
            line = Grant(grant.id, grant.role, grant.branch_id, branch_name or "")
            found[grant.member_id] = (*found.get(grant.member_id, ()), line)
    return found


def administrators(*, besides: int | None = None) -> int:
    """How many active members are administrators, not counting the member `besides`."""
    return (
        db.session().scalar(
            select(func.count(func.distinct(Member.id)))
            .join(RoleGrant, RoleGrant.member_id == Member.id)
            .where(RoleGrant.role == Role.ADMINISTRATOR.value, Member.is_active)
            .where(Member.id != besides if besides is not None else true())
        )
        or 0
    )


def everybody() -> Sequence[Member]:
    """All members, for comparing them with a file."""
    return db.session().scalars(select(Member).order_by(Member.id)).all()


def _mine(reader: Reader) -> ColumnElement[bool]:
    if reader.is_administrator:
        return true()
    return or_(false(), *(Branch.path.startswith(path_text(top)) for top in reader.organizes))


def _person(member: Member, grants: tuple[Grant, ...]) -> Person:
    return Person(
        id=member.id,
        username=member.username,
        name=member.name,
        branch_id=member.branch_id,
        branch_name=member.branch.name,
        branch_path=member.branch.path_ids,
        email=member.email,
        phone=member.phone,
        is_active=member.is_active,
        is_activated=member.password_hash is not None,
        grants=grants,
    )
