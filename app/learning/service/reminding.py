"""Tell members what their branch asks of them: when it is asked, before the last day, after it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from zoneinfo import ZoneInfo

from flask_babel import format_date, gettext, ngettext
from sqlalchemy import select

from app.core import clock
from app.core.addresses import address
from app.core.i18n import current_language
from app.courses.queries import cards
from app.learning.models import Assignment
from app.learning.queries import Wish, cases, wishes
from app.learning.rules import Word, word_of
from app.members.models import Branch, Member
from app.notices import service as notices
from app.notices.rules import Kind

NEWS = timedelta(days=3)  # an assignment that is older is not announced any more

# Assignment and its place, then which members get which word, with the last day that is theirs.
Told = tuple[Wish, str, dict[tuple[Word, int, date], list[int]]]


def words_of_today(zone: ZoneInfo, assignment_id: int | None = None) -> list[Told]:
    """What there is to tell today about all assignments, or about one. Reads only."""
    found: list[Told] = []
    one = Assignment.id == assignment_id if assignment_id else Assignment.id > 0
    for wish in wishes(one):
        below = (
            select(Member.id)
            .join(Branch, Branch.id == Member.branch_id)
            .where(Member.is_active, Branch.path.contains(f"/{wish.branch_id}/"))
        )
        is_new = clock.now() - wish.created_at < NEWS
        groups: dict[tuple[Word, int, date], list[int]] = {}
        for case in cases([wish], below, zone):
            word = word_of(case.duty, case.days_left, is_new=is_new)
            if word is not None:
                groups.setdefault((*word, case.due_on), []).append(case.member_id)
        if groups:
            found.append((wish, _place(wish), groups))
    return found


def tell(told: Told) -> int:
    """Tell members about one assignment; each word once. Returns how many are told anew."""
    wish, place, groups = told
    return sum(
        notices.tell(
            members,
            kind=Kind.ASSIGNMENT,
            title=_title(wish, word, due_on),
            body=_body(wish, near),
            address=place,
            once_key=f"assignment:{wish.id}:{due_on}:{word.value}{near or ''}",
        )
        for (word, near, due_on), members in groups.items()
    )


def _place(wish: Wish) -> str:
    """Where a notice leads: to the course, to the path, or to what there is to do."""
    if wish.course_id is not None:
        card = cards([wish.course_id]).get(wish.course_id)
        return address("course", slug=card.slug) if card else address("home")
    if wish.path_id is not None:
        return f"{address('paths')}/{wish.path_id}"
    return address("home")


def _title(wish: Wish, word: Word, due_on: date) -> Callable[[], str]:
    def say() -> str:
        title = wish.title_in(current_language())
        facts = {"title": title, "day": format_date(due_on, "medium")}
        if word is Word.OVER:
            said = gettext("“%(title)s” is overdue; the last day was %(day)s", **facts)
        elif word is Word.SOON:
            said = gettext("“%(title)s” has to be done until %(day)s", **facts)
        else:
            said = gettext("New to do: “%(title)s” until %(day)s", **facts)
        return str(said)

    return say


def _body(wish: Wish, near: int) -> Callable[[], str]:
    def say() -> str:
        lines = []
        if near:
            lines.append(ngettext("%(num)s day is left.", "At most %(num)s days are left.", near))
        if wish.note:
            lines.append(wish.note)
        who = {"name": wish.author, "branch": wish.branch_name}
        lines.append(gettext("Asked by %(name)s, %(branch)s", **who))
        return "\n".join(lines)

    return say
