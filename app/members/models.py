"""Tables of people: branches, members, what they may do, and where they are signed in."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, UniqueConstraint, true
from sqlalchemy.orm import Mapped, mapped_column, relationship, validates

from app.core.dated import keep_past
from app.core.db import Base
from app.members.rules import path_of
from app.members.rules.order import sorting


class Branch(Base):
    """One unit of the organisation; `path` is "/root/…/own/" in ids, so a subtree is a prefix."""

    __tablename__ = "branch"
    __table_args__ = (UniqueConstraint("parent_id", "name"), Index("ix_branch_path", "path"))

    id: Mapped[int] = mapped_column(primary_key=True)
    parent_id: Mapped[int | None] = mapped_column(ForeignKey("branch.id"))
    name: Mapped[str] = mapped_column(String(120))
    path: Mapped[str] = mapped_column(String(400))

    @property
    def path_ids(self) -> tuple[int, ...]:
        return path_of(self.path)


class Member(Base):
    """One person. Login names are stored casefolded; at least the user name is there."""

    __tablename__ = "member"
    __table_args__ = (
        CheckConstraint("appearance in ('auto', 'light', 'dark')", name="appearance"),
        CheckConstraint("language in ('', 'zh_Hans', 'zh_Hant', 'en')", name="language"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    username: Mapped[str] = mapped_column(String(64), unique=True)
    email: Mapped[str | None] = mapped_column(String(254), unique=True)
    phone: Mapped[str | None] = mapped_column(String(20), unique=True)  # digits, + in front
    name: Mapped[str] = mapped_column(String(80))
    sorted_name: Mapped[str] = mapped_column(String(700), server_default="")  # follows `name`
    branch_id: Mapped[int] = mapped_column(ForeignKey("branch.id"), index=True)
    password_hash: Mapped[str | None] = mapped_column(String(200))  # None until activated
    is_active: Mapped[bool] = mapped_column(default=True)
    language: Mapped[str] = mapped_column(String(10), default="")  # "" follows the browser
    large_type: Mapped[bool] = mapped_column(default=False)
    appearance: Mapped[str] = mapped_column(String(5), default="auto")
    in_rankings: Mapped[bool] = mapped_column(default=True, server_default=true())
    created_at: Mapped[datetime]

    branch: Mapped[Branch] = relationship(lazy="joined")

    @validates("name")
    def _sort(self, _key: str, name: str) -> str:
        self.sorted_name = sorting(name)
        return name


class BranchPast(Base):
    """What a branch was called, and where it hung, from a moment until another."""

    __tablename__ = "branch_past"

    id: Mapped[int] = mapped_column(primary_key=True)
    branch_id: Mapped[int] = mapped_column(index=True)  # the branch itself may be removed
    name: Mapped[str] = mapped_column(String(120))
    path: Mapped[str] = mapped_column(String(400))
    since: Mapped[datetime]
    until: Mapped[datetime | None]


class MemberPast(Base):
    """Where a member belonged, what they were called and whether they were active, and when."""

    __tablename__ = "member_past"
    __table_args__ = (Index("ix_member_past_branch_since", "branch_id", "since"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    member_id: Mapped[int] = mapped_column(ForeignKey("member.id"), index=True)
    branch_id: Mapped[int]  # the branch itself may be removed
    name: Mapped[str] = mapped_column(String(80))
    is_active: Mapped[bool]
    since: Mapped[datetime]
    until: Mapped[datetime | None]


keep_past(Branch, BranchPast, "branch_id", ("name", "path"))
keep_past(Member, MemberPast, "member_id", ("branch_id", "name", "is_active"))


class RoleGrant(Base):
    """One role of one member; for organizers of one branch and what is below it."""

    __tablename__ = "role_grant"
    __table_args__ = (
        UniqueConstraint("member_id", "role", "branch_id"),
        CheckConstraint("role in ('trainer', 'organizer', 'administrator')", name="role"),
        CheckConstraint("(role = 'organizer') = (branch_id is not null)", name="scope"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    member_id: Mapped[int] = mapped_column(ForeignKey("member.id"), index=True)
    role: Mapped[str] = mapped_column(String(15))
    branch_id: Mapped[int | None] = mapped_column(ForeignKey("branch.id"))


class SignIn(Base):
    """One signed-in browser; of its token only the SHA-256 is stored."""

    __tablename__ = "sign_in"

    id: Mapped[int] = mapped_column(primary_key=True)
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    member_id: Mapped[int] = mapped_column(ForeignKey("member.id"), index=True)
    device: Mapped[str] = mapped_column(String(120), default="")  # e.g. "Chrome, Android"
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]


class ActivationCode(Base):
    """A code printed for one member to set the first password; good once, only its hash is kept."""

    __tablename__ = "activation_code"

    id: Mapped[int] = mapped_column(primary_key=True)
    code_hash: Mapped[str] = mapped_column(String(64), unique=True)
    member_id: Mapped[int] = mapped_column(ForeignKey("member.id"), index=True)
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]


class Comfort(Base):
    """How one member wants pages to be, beyond language, size of type and colours."""

    __tablename__ = "comfort"

    member_id: Mapped[int] = mapped_column(ForeignKey("member.id"), primary_key=True)
    easy_mode: Mapped[bool] = mapped_column(default=False)  # few large things, read aloud
