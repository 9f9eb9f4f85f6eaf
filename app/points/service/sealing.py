"""Daily seals over the ledger, so that even taking out whole members or days would show."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from flask import current_app
from sqlalchemy import func, select, true

from app.core import clock
from app.core.db import db
from app.points.models import Entry, LedgerSeal
from app.points.rules import day_seal, ledger_key, merkle_root
from app.points.rules.seals import NO_SEAL


def seal_days() -> list[date]:
    """Seal every day that is over and has entries without a seal; returns the days."""
    session = db.session()
    zone = current_app.extensions["weike"].zone
    key = ledger_key(current_app.extensions["weike"].secret_key)
    last = session.scalar(select(LedgerSeal).order_by(LedgerSeal.day.desc()).limit(1))
    start = last.until if last else None
    previous = last.seal if last else NO_SEAL
    sealed: list[date] = []
    while (moment := _first_after(start)) is not None:
        day = moment.astimezone(zone).date()
        if last is not None and day <= last.day:
            day = last.day + timedelta(days=1)  # after a move to a zone further west
        _, until = clock.day_bounds(day, zone)
        if until > clock.now():
            break
        hashes = session.scalars(
            select(Entry.hash)
            .where(Entry.recorded_at < until)
            .where(true() if start is None else Entry.recorded_at >= start)
            .order_by(Entry.member_id, Entry.seq)
        ).all()
        root = merkle_root(bytes.fromhex(each) for each in hashes)
        seal = day_seal(
            key, day=day, until=until, entries=len(hashes), root=root, previous=previous
        )
        last = LedgerSeal(
            day=day,
            until=until,
            entries=len(hashes),
            root=root,
            previous=previous,
            seal=seal,
            sealed_at=clock.now(),
        )
        session.add(last)
        session.flush()
        start, previous = until, seal
        sealed.append(day)
    return sealed


def _first_after(start: datetime | None) -> datetime | None:
    """When the first entry was recorded that has no seal yet."""
    query = select(func.min(Entry.recorded_at))
    return db.session().scalar(query if start is None else query.where(Entry.recorded_at >= start))
