"""Tables of notices: what was told, how each wants to be told, and what still has to be sent."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base


class Notice(Base):
    """One thing told to one member, in their language of that moment.

    In a storm of one kind the later ones join an earlier one: `joined_id` is the one that is shown.
    """

    __tablename__ = "notice"
    __table_args__ = (
        UniqueConstraint("member_id", "once_key"),
        CheckConstraint(
            "kind in ('assignment', 'exam', 'points', 'certificate', 'search', 'community',"
            " 'report')",
            name="kind",
        ),
        Index("ix_notice_member_created", "member_id", "created_at"),
        # The bell asks on every page.
        Index(
            "ix_notice_unread",
            "member_id",
            sqlite_where=text("read_at is null and joined_id is null"),
            postgresql_where=text("read_at is null and joined_id is null"),
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    member_id: Mapped[int] = mapped_column(ForeignKey("member.id"))
    kind: Mapped[str] = mapped_column(String(12))
    once_key: Mapped[str] = mapped_column(String(120))
    title: Mapped[str] = mapped_column(String(200))
    body: Mapped[str] = mapped_column(Text)
    address: Mapped[str] = mapped_column(String(400))  # a path of this site
    created_at: Mapped[datetime] = mapped_column(index=True)
    read_at: Mapped[datetime | None]
    joined_id: Mapped[int | None] = mapped_column(
        ForeignKey("notice.id", ondelete="CASCADE"), index=True
    )


class NoticeChoice(Base):
    """How one member wants to be told of one kind; without a row, by everything there is."""

    __tablename__ = "notice_choice"

    member_id: Mapped[int] = mapped_column(ForeignKey("member.id"), primary_key=True)
    kind: Mapped[str] = mapped_column(String(12), primary_key=True)
    by_mail: Mapped[bool]
    by_push: Mapped[bool]


class PushDevice(Base):
    """One browser that asked to be woken. It is forgotten when its sign-in is ended by hand."""

    __tablename__ = "push_device"

    id: Mapped[int] = mapped_column(primary_key=True)
    member_id: Mapped[int] = mapped_column(ForeignKey("member.id"), index=True)
    # A sign-in that ran out is removed some time later; the device stays.
    sign_in_id: Mapped[int | None] = mapped_column(ForeignKey("sign_in.id", ondelete="SET NULL"))
    endpoint: Mapped[str] = mapped_column(String(1000), unique=True)  # at the browser's maker
    key: Mapped[str] = mapped_column(String(100))  # its public key, base64url
    secret: Mapped[str] = mapped_column(String(40))  # shared with the browser, base64url
    created_at: Mapped[datetime]


class Outgoing(Base):
    """One notice on its way out: by mail, or to one device. The outbox of the worker."""

    __tablename__ = "notice_outgoing"
    __table_args__ = (
        CheckConstraint("channel in ('mail', 'push')", name="channel"),
        CheckConstraint("(channel = 'push') or (device_id is null)", name="device"),
        CheckConstraint("state in ('queued', 'sent', 'failed', 'dropped')", name="state"),
        Index("ix_notice_outgoing_state_due", "state", "due_at"),
        Index("ix_notice_outgoing_member_sent", "member_id", "channel", "sent_at"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    notice_id: Mapped[int] = mapped_column(ForeignKey("notice.id", ondelete="CASCADE"), index=True)
    member_id: Mapped[int] = mapped_column(ForeignKey("member.id"))
    channel: Mapped[str] = mapped_column(String(4))
    device_id: Mapped[int | None] = mapped_column(
        ForeignKey("push_device.id", ondelete="CASCADE"), index=True
    )
    state: Mapped[str] = mapped_column(String(7), default="queued")
    tries: Mapped[int] = mapped_column(default=0)
    due_at: Mapped[datetime]  # while it is being sent: when another worker may take it
    sent_at: Mapped[datetime | None]
    reason: Mapped[str] = mapped_column(String(300), default="")  # why not, for the operator
