"""Reads about notices: the bell, the list, what each chose, what waits to be sent."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select

from app.core.db import db
from app.core.paging import Page, window
from app.members.models import Member, SignIn
from app.notices.models import Notice, NoticeChoice, Outgoing, PushDevice
from app.notices.rules import Channel, Kind


@dataclass(frozen=True)
class Line:
    """One notice in the list, with what joined it."""

    id: int
    kind: str
    title: str
    body: str
    address: str
    created_at: datetime
    is_read: bool
    joined: tuple[tuple[str, str], ...]  # (title, address), newest first


@dataclass(frozen=True)
class Choice:
    """How a member wants to be told of one kind."""

    kind: Kind
    by_mail: bool = True
    by_push: bool = True

    def wants(self, channel: Channel) -> bool:
        return self.by_mail if channel is Channel.MAIL else self.by_push


def unread(member_id: int) -> int:
    """How many notices the bell shows."""
    return (
        db.session().scalar(
            select(func.count())
            .select_from(Notice)
            .where(
                Notice.member_id == member_id, Notice.read_at.is_(None), Notice.joined_id.is_(None)
            )
        )
        or 0
    )


def notices_of(member_id: int, *, page: int, size: int = 20) -> Page[Line]:
    """A member's notices, newest first."""
    session = db.session()
    mine = select(Notice).where(Notice.member_id == member_id, Notice.joined_id.is_(None))
    total = session.scalar(select(func.count()).select_from(mine.subquery())) or 0
    offset, limit = window(page, size)
    rows = session.scalars(
        mine.order_by(Notice.created_at.desc(), Notice.id.desc()).offset(offset).limit(limit)
    ).all()
    joined = _joined(row.id for row in rows)
    lines = [
        Line(
            id=row.id,
            kind=row.kind,
            title=row.title,
            body=row.body,
            address=row.address,
            created_at=row.created_at,
            is_read=row.read_at is not None,
            joined=tuple(joined.get(row.id, ())),
        )
        for row in rows
    ]
    return Page(rows=lines, number=max(1, page), total=total, size=size)


def latest_of(member_id: int, most: int) -> list[Line]:
    """A member's latest notices, those too that joined another, newest first."""
    rows = db.session().scalars(
        select(Notice)
        .where(Notice.member_id == member_id)
        .order_by(Notice.created_at.desc(), Notice.id.desc())
        .limit(most)
    )
    return [
        Line(
            id=row.id,
            kind=row.kind,
            title=row.title,
            body=row.body,
            address=row.address,
            created_at=row.created_at,
            is_read=row.read_at is not None,
            joined=(),
        )
        for row in rows
    ]


def _joined(ids: Iterable[int], most: int = 20) -> dict[int, list[tuple[str, str]]]:
    found: dict[int, list[tuple[str, str]]] = {}
    for notice_id in ids:
        rows = db.session().execute(
            select(Notice.title, Notice.address)
            .where(Notice.joined_id == notice_id)
            .order_by(Notice.id.desc())
            .limit(most)
        )
        found[notice_id] = [(title, address) for title, address in rows]
    return found


def choices_of(member_ids: Sequence[int]) -> dict[int, dict[Kind, Choice]]:
    """What each chose, for every kind; who never chose is told by everything."""
    found = {i: {kind: Choice(kind) for kind in Kind} for i in member_ids}
    for start in range(0, len(member_ids), 500):  # SQLite binds a limited number of values
        part = member_ids[start : start + 500]
        for row in db.session().scalars(
            select(NoticeChoice).where(NoticeChoice.member_id.in_(part))
        ):
            kind = Kind(row.kind)
            found[row.member_id][kind] = Choice(kind, row.by_mail, row.by_push)
    return found


def told_members(member_ids: Sequence[int]) -> list[Member]:
    """The active ones among these members."""
    found: list[Member] = []
    for start in range(0, len(member_ids), 500):
        part = member_ids[start : start + 500]
        found += db.session().scalars(
            select(Member).where(Member.id.in_(part), Member.is_active).order_by(Member.id)
        )
    return found


def chosen_languages(member_ids: Sequence[int]) -> dict[int, str]:
    """What each has chosen; "" for none."""
    found: dict[int, str] = {}
    for start in range(0, len(member_ids), 500):
        part = member_ids[start : start + 500]
        rows = db.session().execute(select(Member.id, Member.language).where(Member.id.in_(part)))
        found.update(rows.all())
    return found


def devices_of(member_ids: Sequence[int]) -> dict[int, list[PushDevice]]:
    """The browsers of each member that may be woken, oldest first."""
    found: dict[int, list[PushDevice]] = {}
    for start in range(0, len(member_ids), 500):
        for device in db.session().scalars(
            select(PushDevice)
            .outerjoin(SignIn, SignIn.id == PushDevice.sign_in_id)
            .where(PushDevice.member_id.in_(member_ids[start : start + 500]))
            .where(SignIn.ended_at.is_(None))
            .order_by(PushDevice.id)
        ):
            found.setdefault(device.member_id, []).append(device)
    return found


def last_sent(member_ids: Sequence[int]) -> dict[tuple[int, str, int | None], datetime]:
    """When something last left for each, by member, channel and device (None but for pushes)."""
    found: dict[tuple[int, str, int | None], datetime] = {}
    for start in range(0, len(member_ids), 500):
        part = member_ids[start : start + 500]
        rows = db.session().execute(
            select(
                Outgoing.member_id,
                Outgoing.channel,
                Outgoing.device_id,
                func.max(Outgoing.sent_at),
            )
            .where(Outgoing.member_id.in_(part), Outgoing.sent_at.is_not(None))
            .group_by(Outgoing.member_id, Outgoing.channel, Outgoing.device_id)
        )
        found.update(((m, channel, device), at) for m, channel, device, at in rows if at)
    return found


def mail_of(member_id: int) -> str:
    """The e-mail address of a member; "" for none."""
    return db.session().scalar(select(Member.email).where(Member.id == member_id)) or ""


def sign_in_id(token_hash: str) -> int | None:
    """The sign-in that a browser holds."""
    return db.session().scalar(select(SignIn.id).where(SignIn.token_hash == token_hash))


def is_due(now: datetime) -> bool:
    """Whether anything waits to be sent."""
    return (
        db.session().scalar(
            select(Outgoing.id).where(Outgoing.state == "queued", Outgoing.due_at <= now).limit(1)
        )
        is not None
    )


def outbox_counts() -> list[tuple[str, str, int]]:
    """(channel, state, how many), for the operator."""
    rows = db.session().execute(
        select(Outgoing.channel, Outgoing.state, func.count())
        .group_by(Outgoing.channel, Outgoing.state)
        .order_by(Outgoing.channel, Outgoing.state)
    )
    return [(channel, state, count) for channel, state, count in rows]


def given_up(most: int = 10) -> tuple[int, Sequence[Outgoing]]:
    """How many messages are not tried any more, and the latest of them."""
    failed = Outgoing.state == "failed"
    rows = select(Outgoing).where(failed).order_by(Outgoing.due_at.desc()).limit(most)
    session = db.session()
    return session.scalar(select(func.count()).where(failed)) or 0, session.scalars(rows).all()


def latest_failures(most: int = 10) -> Sequence[Outgoing]:
    """What was not taken, or not yet, newest first, with its reason."""
    return (
        db.session()
        .scalars(
            select(Outgoing)
            .where(Outgoing.reason != "", Outgoing.state.in_(("failed", "queued")))
            .order_by(Outgoing.due_at.desc())
            .limit(most)
        )
        .all()
    )
