"""The log of acts: one line for each, in the transaction of the act itself.

An act that is rolled back leaves no line, and a line that cannot be written stops the act.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import delete, func, select

from app.core import acting, clock
from app.core.acting import Actor
from app.core.db import db, noting
from app.members.models import AuditLine, Branch, Member
from app.members.rules.audit import LEAST_KEPT, LONGEST_THING, Act, facts

DELETED_AT_ONCE = 20_000  # lines
SAME_GUESSING = timedelta(hours=1)


def record(
    act: Act,
    *,
    member_id: int | None = None,
    owner_id: int | None = None,
    thing: tuple[str, object] = ("", ""),
    name: str = "",
    branch_id: int | None = None,
    other_branch_id: int | None = None,
    changes: Mapping[str, Any] | None = None,
    by: Actor | None = None,
) -> None:
    """Write one line. Without `branch_id` it is that of the member whom the act concerns, or of
    the owner of the thing.

    `name` is what the thing is called now, by itself the member's name; `changes` come from
    `differences` or `facts`. No secrets, and no personal data besides names.
    """
    session, who = db.session(), by or acting.actor()
    member = session.get(Member, member_id) if member_id is not None else None
    whose = session.get(Member, owner_id) if owner_id is not None else member
    if whose is not None and branch_id is None:
        branch_id = whose.branch_id
    branch = session.get(Branch, branch_id) if branch_id is not None else None
    session.add(
        AuditLine(
            at=clock.now(),
            via=who.via,
            actor_id=who.member_id,
            actor_name=who.name,
            act=act.value,
            member_id=member_id,
            thing=thing[0],
            thing_id=str(thing[1]),
            name=(name or (member.name if member else ""))[:LONGEST_THING],
            branch_id=branch_id,
            branch_name=branch.name if branch else "",
            other_branch_id=other_branch_id,
            changes=dict(changes or {}),
            address=who.address,
            request=who.request,
        )
    )


def sign_in_slowed(member_id: int, *, by: Actor) -> None:
    """Write that strangers or the member failed to sign in so often that they must wait.

    Once in an hour for each member, so that guessing does not fill the log.
    """
    newest = db.session().scalar(
        select(func.max(AuditLine.at)).where(
            AuditLine.member_id == member_id, AuditLine.act == Act.SIGN_IN_SLOWED.value
        )
    )
    if newest is None or newest < clock.now() - SAME_GUESSING:
        record(Act.SIGN_IN_SLOWED, member_id=member_id, by=by)


def taken_away(
    name: str, *, kind: str, branch_id: int | None, thing: tuple[str, object] = ("", "")
) -> None:
    """Write that a file with members' names is about to be handed out.

    For a GET, before the first byte: it ends the reading. `kind` is csv, xlsx …
    """
    with noting():
        record(
            Act.TABLE_TAKEN,
            thing=thing,
            name=name,
            branch_id=branch_id,
            changes=facts(format=kind.upper()),
        )


def forget_before(moment: datetime) -> int:
    """Delete the oldest lines from before a moment, and say so in a line; returns how many.

    Never lines of the last year, which the database itself keeps. Some thousands in one
    transaction: call it again until it returns 0.
    """
    session = db.session()
    moment = min(moment, clock.now() - LEAST_KEPT)
    oldest = (
        select(AuditLine.id)
        .where(AuditLine.at < moment)
        .order_by(AuditLine.at)
        .limit(DELETED_AT_ONCE)
    )
    count = session.scalar(select(func.count()).select_from(oldest.subquery())) or 0
    if count:
        session.execute(
            delete(AuditLine).where(AuditLine.id.in_(oldest)),
            execution_options={"synchronize_session": False},
        )
        record(Act.LOG_SHORTENED, changes=facts(lines=count, before_day=f"{moment:%Y-%m-%d}"))
    return count
