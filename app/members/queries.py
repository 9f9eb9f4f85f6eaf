"""Reads about people and branches."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select

from app.core.db import db
from app.members.models import Branch, Member, RoleGrant, SignIn
from app.members.rules import Reader, Role


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
