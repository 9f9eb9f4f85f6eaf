"""Members as others see them: names for every room, lists for who looks after them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, Select, exists, false, func, or_, select, true

from app.core.db import db
from app.core.paging import Page, window
from app.core.refusals import NotThere
from app.members.models import Branch, Member, RoleGrant
from app.members.queries.branches import branch_ids_below
from app.members.rules import Reader, Role, path_text
from app.members.rules.names import folded, phone_or_none, phone_shown

PEOPLE_PER_PAGE = 50


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
    def phone_shown(self) -> str:
        return phone_shown(self.phone)

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
        .order_by(Branch.path, Member.sorted_name, Member.id)
    )
    return [_person(member, ()) for member in rows]


def people_for(
    reader: Reader, *, text: str = "", branch_id: int | None = None, state: str = "", page: int = 1
) -> Page[Person]:
    """The members a reader may organize, by name: those whose names contain `text`.

    `state` is "" (all), "waiting" (not activated), "disabled" or a role.
    """
    wanted = select(Member).join(Branch, Branch.id == Member.branch_id).where(organized_by(reader))
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
        wanted.order_by(Member.sorted_name, Member.id).offset(offset).limit(limit)
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
        .where(Member.id == member_id, organized_by(reader))
    )
    if member is None:
        raise NotThere
    return _person(member, grants_of([member_id]).get(member_id, ()))


def waiting_for(reader: Reader, branch_id: int | None, *, limit: int) -> list[Person]:
    """Active members who have not activated their account and whom the reader may manage."""
    rows = db.session().scalars(
        _waiting(reader, branch_id)
        .order_by(Branch.path, Member.sorted_name, Member.id)
        .limit(limit)
    )
    return [_person(row, ()) for row in rows]


def waiting_count(reader: Reader, branch_id: int | None = None) -> int:
    """How many `waiting_for` would find without a limit."""
    wanted = _waiting(reader, branch_id).subquery()
    return db.session().scalar(select(func.count()).select_from(wanted)) or 0


def _waiting(reader: Reader, branch_id: int | None) -> Select[Member]:
    wanted = (
        select(Member)
        .join(Branch, Branch.id == Member.branch_id)
        .where(organized_by(reader), Member.is_active, Member.password_hash.is_(None))
    )
    if not reader.is_administrator:
        wanted = wanted.where(~exists().where(RoleGrant.member_id == Member.id))
    if branch_id is not None:
        wanted = wanted.where(Member.branch_id.in_(branch_ids_below(branch_id)))
    return wanted


def people_by_id(ids: Iterable[int]) -> list[Person]:
    """These members, by branch and name."""
    wanted = list(ids)
    found: list[Member] = []
    for start in range(0, len(wanted), 500):
        part = wanted[start : start + 500]
        found += db.session().scalars(select(Member).where(Member.id.in_(part)))
    found.sort(key=lambda m: (m.branch.path_ids, m.name, m.id))
    return [_person(member, ()) for member in found]


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


def organized_by(reader: Reader) -> ColumnElement[bool]:
    """Of a query that has joined Branch: the branches that the reader organizes."""
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
