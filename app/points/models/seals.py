"""The table of daily seals."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base


class LedgerSeal(Base):
    """The seal of one day: the Merkle root over all entries recorded from the seal before it up
    to `until`, the end of that day where the organisation is.

    Each names the seal before it, so the newest one on paper proves everything before. Days
    without entries have none.
    """

    __tablename__ = "ledger_seal"

    day: Mapped[date] = mapped_column(primary_key=True)
    until: Mapped[datetime]
    entries: Mapped[int]
    root: Mapped[str] = mapped_column(String(64))
    previous: Mapped[str] = mapped_column(String(64))
    seal: Mapped[str] = mapped_column(String(64))
    sealed_at: Mapped[datetime]
