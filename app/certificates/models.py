"""Tables of certificates: how they look, what is certified, and each one that was given."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import (
    CheckConstraint,
    ForeignKey,
    Index,
    LargeBinary,
    String,
    Text,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base

_KIND = "kind in ('course', 'exam', 'path')"
_LIVE = text("state = 'live'")


class CertificateTemplate(Base):
    """How certificates look: `design` is rules.Design as stored."""

    __tablename__ = "certificate_template"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(80))
    design: Mapped[dict[str, Any]]
    changed_at: Mapped[datetime]


class CertificatePicture(Base):
    """A picture at the top of certificates, as a PNG, by its digest; kept for ever."""

    __tablename__ = "certificate_picture"

    digest: Mapped[str] = mapped_column(String(64), primary_key=True)
    content: Mapped[bytes] = mapped_column(LargeBinary)


class CertificateOffer(Base):
    """Whoever finishes this course, exam or path gets a certificate of this template."""

    __tablename__ = "certificate_offer"
    __table_args__ = (
        CheckConstraint(_KIND, name="kind"),
        CheckConstraint("months is null or months between 1 and 240", name="months"),
    )

    kind: Mapped[str] = mapped_column(String(6), primary_key=True)
    subject_id: Mapped[int] = mapped_column(primary_key=True)  # the course's, exam's or path's
    template_id: Mapped[int] = mapped_column(ForeignKey("certificate_template.id"), index=True)
    months: Mapped[int | None]  # for which it holds; None: for ever
    since: Mapped[datetime]


class Certificate(Base):
    """One certificate of one member. What it says never changes: a new one replaces it.

    `holder`, `title`, `facts` and `design` are as they were when it was issued. `by_hand` says
    that a person revoked it, so that no rule gives it again.
    """

    __tablename__ = "certificate"
    __table_args__ = (
        CheckConstraint(_KIND, name="kind"),
        CheckConstraint("state in ('live', 'revoked', 'replaced')", name="state"),
        CheckConstraint("(state = 'live') = (ended_at is null)", name="ended"),
        Index(
            *("uq_certificate_live", "member_id", "kind", "subject_id"),
            unique=True,
            sqlite_where=_LIVE,
            postgresql_where=_LIVE,
        ),
        Index("ix_certificate_subject", "kind", "subject_id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    number: Mapped[str] = mapped_column(String(24), unique=True)
    member_id: Mapped[int] = mapped_column(ForeignKey("member.id"), index=True)
    kind: Mapped[str] = mapped_column(String(6))
    subject_id: Mapped[int]
    template_id: Mapped[int] = mapped_column(ForeignKey("certificate_template.id"), index=True)
    holder: Mapped[str] = mapped_column(String(80))
    title: Mapped[str] = mapped_column(String(200))
    facts: Mapped[dict[str, Any]]  # {"score": "92 %"}, when there is one
    design: Mapped[dict[str, Any]]
    earned_at: Mapped[datetime]
    issued_at: Mapped[datetime]
    expires_at: Mapped[datetime | None]
    state: Mapped[str] = mapped_column(String(8), default="live")
    ended_at: Mapped[datetime | None]
    ended_by: Mapped[int | None] = mapped_column(ForeignKey("member.id"))
    by_hand: Mapped[bool] = mapped_column(default=False)
    reason: Mapped[str] = mapped_column(Text, default="")
    replaces_id: Mapped[int | None] = mapped_column(ForeignKey("certificate.id"))
