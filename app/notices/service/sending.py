"""The outbox: what is due is taken in parcels, sent outside any transaction, and settled."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete, select, update

from app.core import clock, jobs
from app.core.db import db
from app.members.models import Member, SignIn
from app.notices.models import Notice, Outgoing, PushDevice
from app.notices.rules import KEPT, Channel, cut, next_try, one_line

PARCELS = 50  # taken at once
HELD = timedelta(minutes=10)  # how long a parcel is ours; longer than sending PARCELS takes
SETTLED_KEPT = timedelta(days=30)


@dataclass(frozen=True)
class Told:
    """One notice as it is sent."""

    id: int
    title: str
    body: str
    address: str


@dataclass(frozen=True)
class Device:
    """Where and how a browser is woken."""

    id: int
    endpoint: str
    key: str
    secret: str


@dataclass(frozen=True)
class Parcel:
    """What goes to one member in one message: by mail, or to one device."""

    channel: Channel
    outgoing_ids: tuple[int, ...]
    member_id: int
    language: str
    mail: str
    notices: tuple[Told, ...]  # oldest first
    device: Device | None = None


def take_parcels() -> list[Parcel]:
    """What is due now, at most PARCELS messages; nobody else is given it for a while.

    What may no longer be sent (the member was disabled, signed the device out, has no address any
    more) is dropped with its reason.
    """
    session, now = db.session(), clock.now()
    found: dict[tuple[int, str, int | None], list[Outgoing]] = {}
    for row in session.scalars(
        select(Outgoing)
        .where(Outgoing.state == "queued", Outgoing.due_at <= now)
        .order_by(Outgoing.due_at, Outgoing.id)
        .limit(PARCELS * 10)
    ):
        target = (row.member_id, row.channel, row.device_id)
        if target in found or len(found) < PARCELS:
            found.setdefault(target, []).append(row)
    parcels = []
    for (member_id, channel, device_id), rows in found.items():
        member = session.get_one(Member, member_id)
        device = session.get(PushDevice, device_id) if device_id else None
        reason = _why_not(member, Channel(channel), device)
        if reason:
            for row in rows:
                row.state, row.reason = "dropped", reason
            continue
        for row in rows:
            row.tries, row.due_at = row.tries + 1, now + HELD
        parcels.append(_parcel(member, Channel(channel), device, rows))
    return parcels


def _why_not(member: Member, channel: Channel, device: PushDevice | None) -> str:
    if not member.is_active:
        return "the member is disabled"
    if channel is Channel.MAIL:
        return "" if member.email else "the member has no address any more"
    if device is None or device.member_id != member.id:
        return "the device belongs to somebody else now"
    sign_in = db.session().get(SignIn, device.sign_in_id) if device.sign_in_id else None
    return "the device was signed out" if sign_in and sign_in.ended_at else ""


def _parcel(
    member: Member, channel: Channel, device: PushDevice | None, rows: list[Outgoing]
) -> Parcel:
    notices = db.session().scalars(
        select(Notice).where(Notice.id.in_([row.notice_id for row in rows])).order_by(Notice.id)
    )
    return Parcel(
        channel=channel,
        outgoing_ids=tuple(row.id for row in rows),
        member_id=member.id,
        language=member.language,
        mail=member.email or "",
        notices=tuple(Told(n.id, n.title, n.body, n.address) for n in notices),
        device=Device(device.id, device.endpoint, device.key, device.secret) if device else None,
    )


def settle_sent(parcel: Parcel) -> None:
    """Write down that a parcel has been handed over."""
    db.session().execute(
        update(Outgoing)
        .where(Outgoing.id.in_(parcel.outgoing_ids))
        .values(state="sent", sent_at=clock.now(), reason="")
    )


def settle_unsent(parcel: Parcel, *, reason: str, final: bool) -> None:
    """Write down why a parcel was not taken, and when it is tried again, if ever."""
    now = clock.now()
    rows = db.session().scalars(
        select(Outgoing).where(Outgoing.id.in_(parcel.outgoing_ids), Outgoing.state == "queued")
    )
    for row in rows:
        again: datetime | None = None if final else next_try(row.tries, now)
        row.reason = cut(one_line(reason), 300)
        if again is None:
            row.state = "failed"
        else:
            row.due_at = again


def send_again() -> int:
    """Try once more what was given up; returns how much that is. It is sent after the commit."""
    again = db.session().execute(
        update(Outgoing)
        .where(Outgoing.state == "failed")
        .values(state="queued", tries=0, due_at=clock.now())
    )
    count: int = again.rowcount  # type: ignore[attr-defined]
    if count:
        jobs.enqueue("notices.send", key="notices.send")
    return count


def forget_device(device_id: int) -> None:
    """Remove a browser that no longer listens, with what was on its way to it."""
    db.session().execute(delete(PushDevice).where(PushDevice.id == device_id))


def tidy() -> None:
    """Remove what is too old to matter, and devices whose sign-in was ended."""
    session, now = db.session(), clock.now()
    session.execute(delete(Notice).where(Notice.created_at < now - KEPT))
    session.execute(
        delete(Outgoing).where(Outgoing.state != "queued", Outgoing.due_at < now - SETTLED_KEPT)
    )
    ended = select(SignIn.id).where(SignIn.ended_at.is_not(None))
    session.execute(delete(PushDevice).where(PushDevice.sign_in_id.in_(ended)))
