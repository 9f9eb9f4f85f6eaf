"""What earns points and how much: a book of rules, which organizations write and publish.

The book that Weike comes with is gentle on purpose. One micro-course a day, about three lessons
and one quiz in at most twenty minutes, brings 42 of the 58 points that a day can bring. Whoever
learns more on one day learns it for its own sake: what is over a limit is entered with 0 points,
so that everybody sees why, and nobody has to let videos run in order to stand well. (The platform
that made such points known had to lower its own daily limit from 66 to 52, and to take its
ranking back.)
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, time
from enum import StrEnum
from typing import Any

from flask_babel import lazy_gettext as _l

from app.points.rules.corrections import LARGEST_AMOUNT
from app.points.rules.refusals import BadRules

FIRST = 1  # the number of the book that Weike comes with
MOST_RULES = 40


@dataclass(frozen=True)
class Reason:
    """Something that can earn points, and its words (lazy gettext strings)."""

    label: Any  # why, on an entry
    offer: Any  # what one more would give today, with %(points)s
    icon: str
    thing: Any  # what happened, in a list of rules


REASONS: dict[str, Reason] = {
    "lesson": Reason(
        label=_l("Finished a lesson"),
        offer=_l("A lesson would still give %(points)s points."),
        icon="play-circle",
        thing=_l("A lesson is finished"),
    ),
    "quiz": Reason(
        label=_l("Passed a quiz"),
        offer=_l("A quiz would still give %(points)s points."),
        icon="patch-check",
        thing=_l("A quiz is passed for the first time"),
    ),
    "course": Reason(
        label=_l("Finished a course"),
        offer=_l("A finished course would still give %(points)s points."),
        icon="mortarboard",
        thing=_l("A course is finished"),
    ),
    "theme": Reason(
        label=_l("Finished a theme"),
        offer=_l("A finished theme would still give %(points)s points."),
        icon="collection",
        thing=_l("All courses of a theme are finished"),
    ),
    "path": Reason(
        label=_l("Finished a learning path"),
        offer=_l("A finished learning path would still give %(points)s points."),
        icon="signpost-split",
        thing=_l("All courses of a learning path are finished"),
    ),
    "practice": Reason(
        label=_l("Practised"),
        offer=_l("Practising would still give %(points)s points."),
        icon="lightbulb",
        thing=_l("Five a day, the quiz of the week, mistakes or a game are done"),
    ),
    "answer": Reason(
        label=_l("An answer that helped"),
        offer=_l("An answer that helps would still give %(points)s points."),
        icon="hand-thumbs-up",
        thing=_l("An answer in a discussion is marked as helpful"),
    ),
    "sign_in": Reason(
        label=_l("First visit of the day"),
        offer=_l("Today's first visit gives %(points)s points."),
        icon="calendar-check",
        thing=_l("The first visit of a day"),
    ),
}


class Ranking(StrEnum):
    """Who sees members compared with one another. Branches are always compared."""

    OFF = "off"
    BRANCH = "branch"
    EVERYONE = "everyone"


class Why(StrEnum):
    """Why an entry has fewer points than usual."""

    DAY = "day"  # the limit of the day was reached
    WEEK = "week"  # the limit of the week was reached
    QUIET = "quiet"  # it happened in the hours in which points rest
    NO_RULE = "no_rule"  # no rule is for this, on this day and in this branch


@dataclass(frozen=True)
class Rule:
    """One line of a book. Limits are points; a week limit of 0 means that there is none.

    `begins` and `ends` are the first and the last day on which it holds; `branches` (each with
    all below it) are those whose members it is for, empty for all.
    """

    reason: str
    amount: int
    cap: int
    week_cap: int = 0
    begins: date | None = None
    ends: date | None = None
    branches: tuple[int, ...] = ()

    def holds(self, day: date, branch_path: Collection[int]) -> bool:
        """Whether the rule is for members of such a branch on such a day."""
        if (self.begins and day < self.begins) or (self.ends and day > self.ends):
            return False
        return not self.branches or any(branch in branch_path for branch in self.branches)


@dataclass(frozen=True)
class Decision:
    """What something earns; `why` says what took points away, if anything did."""

    amount: int
    why: Why | None = None


@dataclass(frozen=True)
class Book:
    """All rules of one version. `quiet` are the hours in which points rest, by the clock on the
    organisation's wall, as (begin, end); the end may be on the next day. `rest_days` (0 is
    Monday), `holidays` and `work_days` (weekend days that are worked) are for streaks."""

    number: int
    rules: tuple[Rule, ...]
    quiet: tuple[time, time] | None
    rest_days: frozenset[int] = frozenset({5, 6})
    holidays: frozenset[date] = frozenset()
    work_days: frozenset[date] = frozenset()

    def rule_for(self, reason: str, day: date, branch_path: Collection[int]) -> Rule | None:
        """The rule for this reason; of several that hold, the one that gives most."""
        fitting = [r for r in self.rules if r.reason == reason and r.holds(day, branch_path)]
        return max(fitting, key=lambda r: (r.amount, r.cap), default=None)

    def rules_on(self, day: date, branch_path: Collection[int]) -> Iterator[Rule]:
        """The rules of a day, one for each reason, in the order of the reasons."""
        for reason in REASONS:
            rule = self.rule_for(reason, day, branch_path)
            if rule is not None and rule.amount:
                yield rule

    def is_quiet(self, here: datetime) -> bool:
        """Whether points rest at this moment of the organisation's clock."""
        if self.quiet is None:
            return False
        begin, end = self.quiet
        at = here.time()
        return begin <= at < end if begin < end else at >= begin or at < end

    def is_rest(self, day: date) -> bool:
        """Whether a day without learning leaves a streak whole."""
        if day in self.work_days:
            return False
        return day.weekday() in self.rest_days or day in self.holidays

    def decide(
        self,
        reason: str,
        here: datetime,
        branch_path: Collection[int],
        *,
        earned_day: int,
        earned_week: int,
    ) -> Decision:
        """What something earns at a moment of the organisation's clock, after what its day and
        its week have brought for the same reason.

        The ledger, "a quiz would still give 10" and the simulator all ask this.
        """
        rule = self.rule_for(reason, here.date(), branch_path)
        if rule is None:
            return Decision(0, Why.NO_RULE)
        if self.is_quiet(here):
            return Decision(0, Why.QUIET if rule.amount else None)
        return worth(rule, earned_day, earned_week)


def worth(rule: Rule, earned_day: int, earned_week: int = 0) -> Decision:
    """What the next one gives after what the day and the week have brought for this reason."""
    amount, why = rule.amount, None
    if rule.cap - earned_day < amount:
        amount, why = rule.cap - earned_day, Why.DAY
    if rule.week_cap and rule.week_cap - earned_week < amount:
        amount, why = rule.week_cap - earned_week, Why.WEEK
    return Decision(max(0, amount), why)


def most_a_day(rules: Collection[Rule]) -> int:
    """The points that a day can bring under these rules."""
    return sum(rule.cap for rule in rules)


QUIET = (time(23), time(6))
GENTLE = Book(
    number=FIRST,
    rules=(
        Rule(reason="lesson", amount=10, cap=30),
        Rule(reason="quiz", amount=10, cap=20),
        Rule(reason="practice", amount=2, cap=6),
        Rule(reason="sign_in", amount=2, cap=2),
    ),
    quiet=QUIET,
)
# The table of the well-known app, about 2020 to 2022, as far as a platform of micro-courses knows
# its deeds: articles (12) and videos with listening (12) are lessons; the daily and the weekly
# quiz (5 each) are quizzes; the special exam (10) is a finished course; signing in is 1.
HISTORIC = Book(
    number=FIRST,
    rules=(
        Rule(reason="lesson", amount=2, cap=24),
        Rule(reason="quiz", amount=5, cap=10),
        Rule(reason="course", amount=10, cap=10),
        Rule(reason="sign_in", amount=1, cap=1),
    ),
    quiet=QUIET,
)
PRESETS: dict[str, tuple[Any, Any, Book]] = {
    "gentle": (
        _l("Gentle"),
        _l("One short course a day, about twenty minutes, brings most of a day's points."),
        GENTLE,
    ),
    "historic": (
        _l("As the well-known app had it"),
        _l("Many small amounts: lessons up to 24, quizzes up to 10, a course 10, a visit 1."),
        HISTORIC,
    ),
}


def to_json(book: Book) -> dict[str, Any]:
    """A book as it is stored; its number is kept beside it."""
    return {
        "rules": [
            {
                "reason": rule.reason,
                "amount": rule.amount,
                "cap": rule.cap,
                "week_cap": rule.week_cap,
                "begins": rule.begins.isoformat() if rule.begins else "",
                "ends": rule.ends.isoformat() if rule.ends else "",
                "branches": list(rule.branches),
            }
            for rule in book.rules
        ],
        "quiet": [f"{at:%H:%M}" for at in book.quiet] if book.quiet else [],
        "rest_days": sorted(book.rest_days),
        "holidays": sorted(day.isoformat() for day in book.holidays),
        "work_days": sorted(day.isoformat() for day in book.work_days),
    }


def from_json(number: int, stored: Mapping[str, Any]) -> Book:
    """The inverse of `to_json`."""
    quiet = [time.fromisoformat(at) for at in stored["quiet"]]
    return Book(
        number=number,
        rules=tuple(
            Rule(
                reason=line["reason"],
                amount=line["amount"],
                cap=line["cap"],
                week_cap=line["week_cap"],
                begins=date.fromisoformat(line["begins"]) if line["begins"] else None,
                ends=date.fromisoformat(line["ends"]) if line["ends"] else None,
                branches=tuple(line["branches"]),
            )
            for line in stored["rules"]
        ),
        quiet=(quiet[0], quiet[1]) if quiet else None,
        rest_days=frozenset(stored["rest_days"]),
        holidays=frozenset(date.fromisoformat(day) for day in stored["holidays"]),
        work_days=frozenset(date.fromisoformat(day) for day in stored["work_days"]),
    )


def checked(book: Book) -> Book:
    """The book, when it can be published. Raises BadRules with the number of the first bad line
    (0 for the book as a whole) and a sentence."""
    if len(book.rules) > MOST_RULES:
        raise BadRules(line=0, reason=_l("There are more than %(most)s rules.", most=MOST_RULES))
    if book.quiet and book.quiet[0] == book.quiet[1]:
        raise BadRules(line=0, reason=_l("The quiet hours begin and end at the same time."))
    for number, rule in enumerate(book.rules, start=1):
        reason = _problem(rule)
        if reason is not None:
            raise BadRules(line=number, reason=reason)
    return replace(book, rules=tuple(book.rules))


def _problem(rule: Rule) -> Any | None:
    if rule.reason not in REASONS:
        return _l("It is not said what earns.")
    numbers = (rule.amount, rule.cap, rule.week_cap)
    if any(type(n) is not int or not 0 <= n <= LARGEST_AMOUNT for n in numbers):
        return _l("Points are whole numbers from 0 to %(most)s.", most=LARGEST_AMOUNT)
    if rule.cap < rule.amount:
        return _l("The limit of a day is less than what one gives.")
    if rule.week_cap and rule.week_cap < rule.cap:
        return _l("The limit of a week is less than that of a day.")
    if rule.begins and rule.ends and rule.ends < rule.begins:
        return _l("The last day is before the first.")
    return None
