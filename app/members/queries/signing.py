"""Who is asking, whom a name or a code belongs to, and where a member is signed in."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import bindparam, or_, select
from sqlalchemy.orm import aliased

from app.core.db import db
from app.members.models import ActivationCode, Branch, Comfort, Member, RoleGrant, SignIn
from app.members.queries.people import Grant, grants_of
from app.members.rules import Reader, Reading, Role, path_of
from app.members.rules.names import folded, phone_or_none, phone_shown


@dataclass(frozen=True)
class Found:
    """Who is signed in, and how they want pages to look."""

    reader: Reader
    reading: Reading
    appearance: str


# Made once and asked about columns: every request of everybody begins with it. One row per role.
_HOME, _SCOPE = aliased(Branch), aliased(Branch)
_SIGNED_IN = (
    select(
        *(Member.id, Member.name, Member.branch_id, Member.language),
        *(Member.large_type, Member.appearance, Comfort.easy_mode, _HOME.path),
        *(RoleGrant.role, _SCOPE.path.label("scope")),
    )
    .join(SignIn, SignIn.member_id == Member.id)
    .join(_HOME, _HOME.id == Member.branch_id)
    .outerjoin(Comfort, Comfort.member_id == Member.id)
    .outerjoin(RoleGrant, RoleGrant.member_id == Member.id)
    .outerjoin(_SCOPE, _SCOPE.id == RoleGrant.branch_id)
    .where(SignIn.token_hash == bindparam("token_hash"), SignIn.ended_at.is_(None))
    .where(SignIn.expires_at > bindparam("now"), Member.is_active)
)


def sign_in_of(token_hash: str, now: datetime) -> Found | None:
    """Who holds a sign-in that is neither ended nor expired, when the member is active."""
    connection = db.session().connection()
    rows = connection.execute(_SIGNED_IN, {"token_hash": token_hash, "now": now}).all()
    if not rows:
        return None
    first = rows[0]
    reader = _reader_of(
        first.id,
        name=first.name,
        branch_id=first.branch_id,
        branch_path=path_of(first.path),
        language=first.language,
        grants=[(row.role, row.scope) for row in rows if row.role is not None],
    )
    return Found(reader, _as_read(first.large_type, first.easy_mode), first.appearance)


def _as_read(large_type: bool, easy_mode: bool | None) -> Reading:
    if easy_mode:
        return Reading.EASY
    return Reading.LARGE if large_type else Reading.NORMAL


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
    return _reader_of(
        member.id,
        name=member.name,
        branch_id=member.branch_id,
        branch_path=member.branch.path_ids,
        language=member.language,
        grants=[(role, scope) for role, scope in grants],
    )


def _reader_of(
    member_id: int,
    *,
    name: str,
    branch_id: int,
    branch_path: tuple[int, ...],
    language: str,
    grants: list[tuple[str, str | None]],
) -> Reader:
    """A reader; `grants` are roles with the path of the branch that an organizer organizes."""
    roles = {role for role, _ in grants}
    return Reader(
        id=member_id,
        name=name,
        branch_id=branch_id,
        branch_path=branch_path,
        language=language,
        is_trainer=Role.TRAINER in roles,
        is_administrator=Role.ADMINISTRATOR in roles,
        organizes=tuple(path_of(scope) for scope in sorted(s for _, s in grants if s)),
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


@dataclass(frozen=True)
class Card:
    """A member's own page: who I am to the organisation, and how I want to read."""

    username: str
    name: str
    email: str | None
    phone: str | None
    branches: tuple[str, ...]  # from the top down
    roles: tuple[Grant, ...]
    language: str
    reading: Reading
    appearance: str
    in_rankings: bool = True  # whether leaderboards name the member

    @property
    def phone_shown(self) -> str:
        return phone_shown(self.phone)


def card_of(member_id: int) -> Card:
    """The card of a member who exists."""
    session = db.session()
    row = session.get_one(Member, member_id)
    names = dict(
        session.execute(
            select(Branch.id, Branch.name).where(Branch.id.in_(row.branch.path_ids))
        ).all()
    )
    return Card(
        username=row.username,
        name=row.name,
        email=row.email,
        phone=row.phone,
        branches=tuple(names[i] for i in row.branch.path_ids),
        roles=grants_of([member_id]).get(member_id, ()),
        language=row.language,
        reading=_as_read(
            row.large_type,
            session.scalar(select(Comfort.easy_mode).where(Comfort.member_id == member_id)),
        ),
        in_rankings=row.in_rankings,
        appearance=row.appearance,
    )
