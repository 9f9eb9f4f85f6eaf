"""Tables that belong to no subject: jobs of the worker, and settings made in the pages."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, Index, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base


class Job(Base):
    """One piece of work for the worker. This row is the truth; the broker only carries its id."""

    __tablename__ = "job"
    __table_args__ = (
        CheckConstraint("state in ('queued', 'running', 'done', 'failed')", name="state"),
        CheckConstraint("progress between 0 and 100", name="progress"),
        # At most one unfinished job per key: enqueueing twice is harmless.
        Index(
            "uq_job_active_key",
            "key",
            unique=True,
            sqlite_where=text("state in ('queued', 'running')"),
            postgresql_where=text("state in ('queued', 'running')"),
        ),
        Index("ix_job_state_run_after", "state", "run_after"),
        Index("ix_job_key", "key"),
        Index("ix_job_kind_state", "kind", "state"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(String(60))
    key: Mapped[str | None] = mapped_column(String(120))
    arguments: Mapped[dict[str, Any]]
    state: Mapped[str] = mapped_column(String(10), default="queued")
    priority: Mapped[int] = mapped_column(default=0)  # higher goes first
    attempts: Mapped[int] = mapped_column(default=0)
    attempts_allowed: Mapped[int] = mapped_column(default=3)
    progress: Mapped[int] = mapped_column(default=0)  # per cent
    stage: Mapped[str] = mapped_column(String(60), default="")
    error: Mapped[str] = mapped_column(Text, default="")  # one sentence for the owner
    detail: Mapped[str] = mapped_column(Text, default="")  # last lines of a tool, for the operator
    created_at: Mapped[datetime]
    run_after: Mapped[datetime]
    lease_until: Mapped[datetime | None]
    lease_token: Mapped[str | None] = mapped_column(String(32))  # who holds the lease
    finished_at: Mapped[datetime | None]


class Setting(Base):
    """One setting that administrators change in the pages (the organisation's name, colour …)."""

    __tablename__ = "setting"

    key: Mapped[str] = mapped_column(String(60), primary_key=True)
    value: Mapped[dict[str, Any]]
    changed_at: Mapped[datetime]
