"""The log of acts, as those may read it who look after the branches it is about."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, false, func, or_, select

from app.core.db import db
from app.core.paging import Page, window
from app.members.models import AuditLine, Branch
from app.members.rules import Reader, path_text
from app.members.rules.audit import LINES_PER_PAGE, MOST_TAKEN_AWAY, Act, TooManyLines

CHUNK = 2_000  # lines read at a time


@dataclass(frozen=True)
class Wanted:
    """Which lines are asked for; what is left out stands for all."""

    acts: frozenset[Act] | None = None
    text: str = ""  # in the name of who did it, or of whom or what it was done to
    member_id: int | None = None  # whom it concerns, or who did it
    branch_ids: frozenset[int] | None = None  # whose organizers see it
    since: datetime | None = None
    until: datetime | None = None


def audit_page(reader: Reader, wanted: Wanted, *, number: int = 1) -> Page[AuditLine]:
    """One page of the lines that a reader may see, the newest first."""
    lines = _seen_by(reader, _asked(wanted))
    offset, limit = window(number, LINES_PER_PAGE)
    rows = db.session().scalars(lines.order_by(AuditLine.id.desc()).offset(offset).limit(limit))
    return Page(rows.all(), max(1, number), _count(lines), LINES_PER_PAGE)


def audit_file(reader: Reader, wanted: Wanted) -> Sequence[AuditLine]:
    """All lines that `audit_page` has pages of. Raises TooManyLines."""
    lines = _seen_by(reader, _asked(wanted))
    count = _count(lines)
    if count > MOST_TAKEN_AWAY:
        raise TooManyLines(lines=count)
    return db.session().scalars(lines.order_by(AuditLine.id.desc())).all()


def audit_of_member(reader: Reader, member_id: int, *, most: int) -> Sequence[AuditLine]:
    """The newest acts that concern a member, of those that the reader may see."""
    lines = _seen_by(reader, select(AuditLine).where(AuditLine.member_id == member_id))
    return db.session().scalars(lines.order_by(AuditLine.id.desc()).limit(most)).all()


def audit_lines(wanted: Wanted) -> Iterator[AuditLine]:
    """All lines for the operator, the oldest first."""
    return iter(
        db.session().scalars(
            _asked(wanted).order_by(AuditLine.id), execution_options={"yield_per": CHUNK}
        )
    )


def _asked(wanted: Wanted) -> Select[Any]:
    lines = select(AuditLine)
    if wanted.acts is not None:
        lines = lines.where(AuditLine.act.in_(sorted(wanted.acts)))
    if wanted.member_id is not None:
        concerned = AuditLine.member_id == wanted.member_id
        lines = lines.where(or_(concerned, AuditLine.actor_id == wanted.member_id))
    if wanted.branch_ids is not None:
        some = sorted(wanted.branch_ids)
        lines = lines.where(or_(AuditLine.branch_id.in_(some), AuditLine.other_branch_id.in_(some)))
    text = wanted.text.strip()
    if text:
        lines = lines.where(
            or_(
                AuditLine.actor_name.icontains(text, autoescape=True),
                AuditLine.name.icontains(text, autoescape=True),
            )
        )
    if wanted.since is not None:
        lines = lines.where(AuditLine.at >= wanted.since)
    if wanted.until is not None:
        lines = lines.where(AuditLine.at < wanted.until)
    return lines


def _seen_by(reader: Reader, lines: Select[Any]) -> Select[Any]:
    if reader.is_administrator or any(len(top) == 1 for top in reader.organizes):
        return lines  # of the whole organisation
    mine = select(Branch.id).where(
        or_(false(), *(Branch.path.startswith(path_text(top)) for top in reader.organizes))
    )
    return lines.where(or_(AuditLine.branch_id.in_(mine), AuditLine.other_branch_id.in_(mine)))


def _count(lines: Select[Any]) -> int:
    ids = lines.with_only_columns(AuditLine.id).subquery()
    return db.session().scalar(select(func.count()).select_from(ids)) or 0
