"""Telling members something: once, in their language, and never in a storm."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from typing import Any

from flask import current_app
from flask_babel import force_locale
from sqlalchemy import func, select

from app.core import clock, jobs
from app.core.db import db
from app.core.i18n import LANGUAGES
from app.members.models import Member
from app.notices import queries
from app.notices.models import Notice, Outgoing
from app.notices.rules import (
    HOUR,
    LONGEST_BODY,
    LONGEST_KEY,
    LONGEST_TITLE,
    MOST_PER_HOUR,
    PAUSE,
    Channel,
    Kind,
    cut,
    is_local,
    one_line,
)

# A text, a lazy gettext string, or a function that says it in the language of the moment.
Words = Any


def tell(
    member_ids: Iterable[int],
    *,
    kind: Kind | str,
    title: Words,
    body: Words = "",
    address: str | Mapping[int, str],
    once_key: str | Mapping[int, str],
) -> int:
    """Tell members something, within the current transaction; returns how many are told anew.

    `title` and `body` are lazy strings (or functions without arguments), said to each in their own
    language. `address` is a path of this site; it and `once_key` may be another one for each, by
    the member's id. Who was told with the same `once_key` before, who is
    disabled and who does not exist gets nothing. Of one kind a member gets at most MOST_PER_HOUR
    an hour; what follows joins the newest of them. Mail and pushes leave later, by the worker.
    """
    kind = Kind(kind)
    ids = sorted(set(member_ids))
    addresses = dict.fromkeys(ids, address) if isinstance(address, str) else address
    keys = dict.fromkeys(ids, once_key) if isinstance(once_key, str) else once_key
    for path in set(addresses.values()):
        if not is_local(path):
            raise ValueError(f"a notice must lead to a path of this site, not to {path!r}")
    for key in set(keys.values()):
        if not key or len(key) > LONGEST_KEY:
            raise ValueError(f"a once_key has 1 to {LONGEST_KEY} characters, not {key!r}")
    now = clock.now()
    members = _not_yet_told(queries.told_members(ids), keys)
    storms = _storms([member.id for member in members], kind, now)
    said: dict[str, tuple[str, str]] = {}
    notices = []
    for member in members:
        language = _language(member)
        if language not in said:
            said[language] = _say(title, body, language)
        notices.append(
            Notice(
                member_id=member.id,
                kind=kind.value,
                once_key=keys[member.id],
                title=said[language][0],
                body=said[language][1],
                address=addresses[member.id],
                created_at=now,
                joined_id=storms.get(member.id),
            )
        )
    db.session().add_all(notices)
    db.session().flush()
    _ring_again(set(storms.values()))
    fresh = {notice.member_id: notice for notice in notices if notice.joined_id is None}
    _send_later([(fresh[m.id], m) for m in members if m.id in fresh], kind, now)
    return len(members)


def _not_yet_told(members: list[Member], keys: Mapping[int, str]) -> list[Member]:
    told: set[tuple[int, str]] = set()
    for start in range(0, len(members), 500):
        part = [member.id for member in members[start : start + 500]]
        rows = db.session().execute(
            select(Notice.member_id, Notice.once_key).where(
                Notice.once_key.in_({keys[i] for i in part}), Notice.member_id.in_(part)
            )
        )
        told |= {(member_id, key) for member_id, key in rows}
    return [member for member in members if (member.id, keys[member.id]) not in told]


def languages_of(member_ids: Collection[int]) -> dict[int, str]:
    """By member the language in which something is written for them alone."""
    default: str = current_app.extensions["weike"].default_language
    chosen = queries.chosen_languages(sorted(set(member_ids)))
    return {i: chosen[i] if chosen.get(i) in LANGUAGES else default for i in member_ids}


def _language(member: Member) -> str:
    default: str = current_app.extensions["weike"].default_language
    return member.language if member.language in LANGUAGES else default


def _say(title: Words, body: Words, language: str) -> tuple[str, str]:
    def said(words: Words) -> str:
        return str(words() if callable(words) else words)

    with force_locale(language):
        return (
            cut(one_line(said(title)), LONGEST_TITLE),
            cut(said(body).strip(), LONGEST_BODY),
        )


def _storms(member_ids: list[int], kind: Kind, now: datetime) -> dict[int, int]:
    """Of members who were told of this kind often enough lately: the notice a further one joins."""
    found: dict[int, int] = {}
    for start in range(0, len(member_ids), 500):
        rows = db.session().execute(
            select(Notice.member_id, func.max(Notice.id))
            .where(Notice.member_id.in_(member_ids[start : start + 500]))
            .where(Notice.kind == kind.value, Notice.created_at > now - HOUR)
            .where(Notice.joined_id.is_(None))
            .group_by(Notice.member_id)
            .having(func.count() >= MOST_PER_HOUR)
        )
        found.update((member_id, newest) for member_id, newest in rows)
    return found


def _ring_again(notice_ids: set[int]) -> None:
    """What joins a notice that was read already makes it unread."""
    for notice_id in notice_ids:
        db.session().get_one(Notice, notice_id).read_at = None


def _send_later(told: list[tuple[Notice, Member]], kind: Kind, now: datetime) -> None:
    ids = [member.id for _, member in told]
    choices = queries.choices_of(ids)
    devices = queries.devices_of(ids)
    sent = queries.last_sent(ids)
    has_mail = bool(current_app.extensions["weike"].smtp_host)
    outgoing = []
    for notice, member in told:
        choice = choices[member.id][kind]
        targets: list[tuple[Channel, int | None]] = []
        if has_mail and member.email and choice.wants(Channel.MAIL):
            targets.append((Channel.MAIL, None))
        if choice.wants(Channel.PUSH):
            targets += [(Channel.PUSH, device.id) for device in devices.get(member.id, ())]
        outgoing += [
            Outgoing(
                notice_id=notice.id,
                member_id=member.id,
                channel=channel.value,
                device_id=device_id,
                due_at=_left_alone_until(sent.get((member.id, channel, device_id)), channel, now),
            )
            for channel, device_id in targets
        ]
    if outgoing:
        db.session().add_all(outgoing)
        jobs.enqueue("notices.send", key="notices.send")


def _left_alone_until(sent: datetime | None, channel: Channel, now: datetime) -> datetime:
    return max(now, sent + PAUSE[channel]) if sent else now
