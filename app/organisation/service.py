"""What organizers do: correct points, and get a report of every month and the seal of each day."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from zoneinfo import ZoneInfo

from babel.dates import format_skeleton
from flask_babel import format_date, format_decimal, get_locale, gettext

from app.core import clock, given_up, settings
from app.core.addresses import address
from app.members import service as members
from app.members.queries import reader_for
from app.members.rules.audit import Act, facts
from app.notices import service as notices
from app.notices.rules import Kind
from app.organisation import queries
from app.organisation.queries import MonthReport
from app.points import service as points
from app.points.queries import newest_seal


@dataclass(frozen=True)
class Due:
    """The report of one month for one organizer."""

    member_id: int
    report: MonthReport


def month_reports(zone: ZoneInfo) -> list[Due]:
    """The reports of the last month that is over, for all who have not got it. Reads only."""
    last_day = clock.today(zone).replace(day=1) - timedelta(days=1)
    found = []
    for member_id in queries.organizers():
        reader = reader_for(member_id)
        if reader is not None:
            found.append(Due(member_id, queries.month_report(reader, last_day, zone)))
    return found


def send(due: Due) -> int:
    """Tell one organizer about the month, once; returns 1 when it was not told before."""
    return notices.tell(
        [due.member_id],
        kind=Kind.REPORT,
        title=_title(due.report.last_day),
        body=_body(due.report),
        address=f"{address('organizer')}/reports/day?day={due.report.last_day.isoformat()}",
        once_key=f"month:{due.report.last_day:%Y-%m}",
    )


def send_seal() -> int:
    """Tell organizers the newest seal, once, where the organisation wants it; returns how many.

    It covers all seals before it, so a day on which the worker was away leaves no hole.
    """
    if not settings.organisation().mail_seals:
        return 0
    newest = newest_seal()
    if newest is None:
        return 0
    return notices.tell(
        queries.organizers(),
        kind=Kind.REPORT,
        title=lambda: gettext(
            "Seal of the points of %(day)s", day=format_date(newest.day, "medium")
        ),
        body=lambda: gettext(
            "Entries: %(entries)s. Seal: %(seal)s\nPrint this or keep it outside: it proves later"
            " that no entry of this day or any day before was changed or taken out.",
            entries=format_decimal(newest.entries),
            seal=newest.seal,
        ),
        address=f"{address('points')}/seals",
        once_key=f"seal:{newest.day.isoformat()}",
    )


def correct_points(
    member_id: int, entry_id: int, *, amount: int, author_id: int, reason: str
) -> None:
    """Enter a correction of one entry of a member, and tell them. Raises what points refuses."""
    correction_id = points.correct(entry_id, amount=amount, author_id=author_id, reason=reason)
    notices.tell(
        [member_id],
        kind=Kind.POINTS,
        title=lambda: (
            gettext(
                "Your points were corrected: %(amount)s",
                amount=format_decimal(amount, "+#,##0;-#,##0"),
            )
            if amount
            else gettext("An entry of yours that gave no points was taken back")
        ),
        body=reason,
        address=address("points"),
        once_key=f"correction:{correction_id}",
    )


def _title(last_day: date) -> Callable[[], str]:
    return lambda: gettext(
        "What %(month)s has brought to your branches",
        month=format_skeleton("yMMMM", last_day, locale=get_locale()),
    )


def _body(report: MonthReport) -> Callable[[], str]:
    def say() -> str:
        lines = [
            gettext(
                "%(learners)s of %(members)s members finished something"
                " (the month before: %(before)s).",
                learners=report.learners,
                members=report.members,
                before=report.learners_before,
            ),
            gettext(
                "%(courses)s courses were done (%(before)s),"
                " and %(lessons)s lessons (%(lessons_before)s).",
                courses=report.courses,
                before=report.courses_before,
                lessons=report.lessons,
                lessons_before=report.lessons_before,
            ),
            gettext("Overdue today: %(cases)s.", cases=report.overdue),
        ]
        if report.seal is not None:
            # On paper or in a mailbox the seal proves later that nothing was cut off.
            lines.append(
                gettext(
                    "Seal of the ledger of points on %(day)s: %(seal)s",
                    day=format_date(report.seal.day, "medium"),
                    seal=report.seal.seal,
                )
            )
        return "\n".join(lines)

    return say


def work_again(job_ids: Iterable[int]) -> int:
    """Have work that was given up tried again; returns how much. Raises NotThere."""
    count = 0
    for job_id in job_ids:
        one = given_up.try_again(job_id)
        members.record(
            Act.WORK_TRIED_AGAIN, thing=("job", job_id), name=one.name, changes=facts(work=one.kind)
        )
        count += 1
    return count


def notices_again() -> int:
    """Have messages that were given up sent again; returns how many."""
    count = notices.send_again()
    if count:
        members.record(Act.WORK_TRIED_AGAIN, changes=facts(notices_again=count))
    return count
