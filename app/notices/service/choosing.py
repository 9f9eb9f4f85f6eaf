"""What a member does with notices: read them, and choose how to be told."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import delete, select, update

from app.core import clock
from app.core.db import db
from app.core.refusals import NotThere
from app.notices.models import Notice, NoticeChoice, PushDevice
from app.notices.rules import MOST_DEVICES, Kind


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


def add_device(
    member_id: int, *, endpoint: str, key: str, secret: str, sign_in_id: int | None
) -> None:
    """Let a browser be woken for a member; one that was another's becomes theirs.

    Beyond MOST_DEVICES the oldest is forgotten. The view has checked endpoint and keys.
    """
    session = db.session()
    device = session.scalar(select(PushDevice).where(PushDevice.endpoint == endpoint))
    if device is not None and device.member_id != member_id:
        session.delete(device)  # with what was on its way to it
        session.flush()
        device = None
    if device is None:
        device = PushDevice(member_id=member_id, endpoint=endpoint, created_at=clock.now())
        session.add(device)
    device.key, device.secret, device.sign_in_id = key, secret, sign_in_id
    session.flush()
    mine = session.scalars(
        select(PushDevice).where(PushDevice.member_id == member_id).order_by(PushDevice.id.desc())
    ).all()
    for old in mine[MOST_DEVICES:]:
        session.delete(old)


def drop_device(member_id: int, *, endpoint: str) -> None:
    """Let one of a member's browsers sleep; nothing happens when it is not known."""
    db.session().execute(
        delete(PushDevice).where(PushDevice.member_id == member_id, PushDevice.endpoint == endpoint)
    )
