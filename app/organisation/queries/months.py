"""The figures of a month for one organizer."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from zoneinfo import ZoneInfo

from sqlalchemy import func, select

from app.core.db import db
from app.members.models import Member, RoleGrant
from app.members.rules import Reader, Role
from app.organisation.queries.assignments import overdue_for
from app.organisation.queries.tables import members_of
from app.organisation.queries.trends import trend
from app.organisation.rules import Step
from app.points.queries import Seal, seals


@dataclass(frozen=True)
class MonthReport:
    """A month that is over, beside the one before; `seal` is the newest of the ledger."""

    last_day: date
    members: int
    learners: int
    learners_before: int
    courses: int
    courses_before: int
    lessons: int
    lessons_before: int
    overdue: int
    seal: Seal | None


def organizers() -> list[int]:
    """Ids of active members who organize something, administrators among them."""
    roles = (Role.ORGANIZER.value, Role.ADMINISTRATOR.value)
    return list(
        db.session().scalars(
            select(Member.id)
            .where(
                Member.is_active,
                Member.id.in_(select(RoleGrant.member_id).where(RoleGrant.role.in_(roles))),
            )
            .order_by(Member.id)
        )
    )


def month_report(reader: Reader, last_day: date, zone: ZoneInfo) -> MonthReport:
    """The last month that is over; asked for in the month after `last_day`."""
    periods = trend(reader, Step.MONTH, zone).periods
    now, before = periods[-2], periods[-3]
    people = select(func.count()).select_from(members_of(reader).subquery())
    every = seals()
    return MonthReport(
        last_day=last_day,
        members=db.session().scalar(people) or 0,
        learners=now.learners,
        learners_before=before.learners,
        courses=now.courses,
        courses_before=before.courses,
        lessons=now.lessons,
        lessons_before=before.lessons,
        overdue=len(overdue_for(reader, zone)),
        seal=every[-1] if every else None,
    )
