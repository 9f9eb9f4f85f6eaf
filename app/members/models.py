"""Tables of people: branches, members, what they may do, and where they are signed in."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import (
    DDL,
    CheckConstraint,
    ForeignKey,
    Index,
    String,
    UniqueConstraint,
    event,
    true,
)
from sqlalchemy.orm import Mapped, mapped_column, relationship, validates

from app.core.dated import keep_past
from app.core.db import Base
from app.members.rules import path_of
from app.members.rules.audit import LONGEST_THING
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


class AuditLine(Base):
    """One act that changed something for others: who, when, what, on whom or what.

    Names are those of that moment. `changes` holds {field: [before, after]}, {field: [value]} for
    a fact, {field: []} where only that it changed may be kept. `member_id` is the member whom it
    concerns; `branch_id` says whose organizers see it, and `other_branch_id` who else's (where a
    member or a branch came from, what a new organizer looks after). None: administrators only.
    """

    __tablename__ = "audit"
    __table_args__ = (
        CheckConstraint("via in ('page', 'command', 'worker')", name="via"),
        Index("ix_audit_act", "act", "id"),
        Index("ix_audit_actor_id", "actor_id", "id"),
        Index("ix_audit_branch_id", "branch_id", "id"),
        Index("ix_audit_other_branch_id", "other_branch_id", "id"),
        Index("ix_audit_member_id", "member_id", "id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[datetime] = mapped_column(index=True)
    via: Mapped[str] = mapped_column(String(8))
    actor_id: Mapped[int | None] = mapped_column(ForeignKey("member.id"))
    actor_name: Mapped[str] = mapped_column(String(80), default="")
    act: Mapped[str] = mapped_column(String(30))
    member_id: Mapped[int | None] = mapped_column(ForeignKey("member.id"))
    thing: Mapped[str] = mapped_column(String(20), default="")  # course, document …
    thing_id: Mapped[str] = mapped_column(String(40), default="")
    name: Mapped[str] = mapped_column(String(LONGEST_THING), default="")
    branch_id: Mapped[int | None]  # the branch itself may be removed
    branch_name: Mapped[str] = mapped_column(String(120), default="")
    other_branch_id: Mapped[int | None]
    changes: Mapped[dict[str, Any]]
    address: Mapped[str] = mapped_column(String(45), default="")  # shortened
    request: Mapped[str] = mapped_column(String(40), default="")


# A migration copies these lines. Lines older than a year may go, by the nightly round only.
# The third one for SQLite is there because INSERT OR REPLACE deletes without asking a trigger.
AUDIT_TRIGGERS = {
    "sqlite": (
        """CREATE TRIGGER audit_no_update BEFORE UPDATE ON audit
        BEGIN SELECT RAISE(ABORT, 'lines of the log are never changed'); END""",
        """CREATE TRIGGER audit_no_delete BEFORE DELETE ON audit
        WHEN OLD.at > strftime('%Y-%m-%d %H:%M:%f', 'now', '-366 days')
        BEGIN SELECT RAISE(ABORT, 'lines of the log are not deleted within a year'); END""",
        """CREATE TRIGGER audit_no_replace BEFORE INSERT ON audit
        WHEN EXISTS (SELECT 1 FROM audit WHERE id = NEW.id)
        BEGIN SELECT RAISE(ABORT, 'lines of the log are never replaced'); END""",
    ),
    "postgresql": (
        """CREATE OR REPLACE FUNCTION audit_line_is_final() RETURNS trigger AS $$
        BEGIN
          IF TG_OP = 'DELETE' THEN
            IF OLD.at <= now() - interval '366 days' THEN
              RETURN OLD;
            END IF;
          END IF;
          RAISE EXCEPTION 'lines of the log are never changed, nor deleted within a year'
            USING ERRCODE = 'integrity_constraint_violation';
        END
        $$ LANGUAGE plpgsql""",
        """CREATE TRIGGER audit_no_change BEFORE UPDATE OR DELETE ON audit
        FOR EACH ROW EXECUTE FUNCTION audit_line_is_final()""",
        """CREATE TRIGGER audit_no_truncate BEFORE TRUNCATE ON audit
        FOR EACH STATEMENT EXECUTE FUNCTION audit_line_is_final()""",
    ),
}
for _dialect, _statements in AUDIT_TRIGGERS.items():
    for _statement in _statements:
        event.listen(
            AuditLine.__table__,
            "after_create",
            # A DDL is filled in with %: the signs of strftime are doubled.
            DDL(_statement.replace("%", "%%")).execute_if(  # type: ignore[no-untyped-call]
                dialect=_dialect
            ),
        )
