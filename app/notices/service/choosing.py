"""What a member does with notices: read them, and choose how to be told."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import select, update

from app.core import clock
from app.core.db import db
from app.core.refusals import NotThere
from app.notices.models import Notice, NoticeChoice
from app.notices.rules import Kind


def read(notice_id: int, *, member_id: int) -> str:
    """Mark one of a member's notices as read; returns where it leads. Raises NotThere."""
    notice = db.session().get(Notice, notice_id)
    if notice is None or notice.member_id != member_id:
        raise NotThere
    notice.read_at = notice.read_at or clock.now()
    return notice.address


def read_all(member_id: int, *, up_to: int) -> None:
    """Mark a member's notices as read, but none that came after the one with the id `up_to`."""
    db.session().execute(
        update(Notice)
        .where(Notice.member_id == member_id, Notice.read_at.is_(None), Notice.id <= up_to)
        .values(read_at=clock.now())
    )


def choose(member_id: int, wishes: Mapping[Kind, tuple[bool, bool]]) -> None:
    """Say for some kinds whether a member wants (mail, push)."""
    session = db.session()
    rows = {
        row.kind: row
        for row in session.scalars(select(NoticeChoice).where(NoticeChoice.member_id == member_id))
    }
    for kind, (by_mail, by_push) in wishes.items():
        row = rows.get(kind.value)
        if row is None:
            row = NoticeChoice(member_id=member_id, kind=kind.value)
            session.add(row)
        row.by_mail, row.by_push = by_mail, by_push
