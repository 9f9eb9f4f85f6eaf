"""Forms for writing rules: shape and type of input; what they mean is decided in rules.book."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import date
from typing import Any

from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from wtforms import (
    BooleanField,
    DateField,
    FieldList,
    Form,
    FormField,
    HiddenField,
    IntegerField,
    RadioField,
    SelectField,
    SelectMultipleField,
    StringField,
    TextAreaField,
    TimeField,
    ValidationError,
)
from wtforms.fields.choices import SelectChoice  # type: ignore[attr-defined]
from wtforms.validators import InputRequired, Length, NumberRange, Optional
from wtforms.widgets import CheckboxInput, HiddenInput, ListWidget

from app.points.rules import (
    LARGEST_AMOUNT,
    LONGEST_NOTE,
    LONGEST_REWARD,
    MOST_STOCK,
    REASONS,
    Book,
    Ranking,
    Rule,
)
from app.points.rules.book import MOST_RULES

_NUMBER = NumberRange(0, LARGEST_AMOUNT, _l("A whole number from 0 to %(max)s."))
_NEEDED = InputRequired(_l("Please fill this in."))
WEEK_DAYS = [
    SelectChoice(0, _l("Monday")),
    SelectChoice(1, _l("Tuesday")),
    SelectChoice(2, _l("Wednesday")),
    SelectChoice(3, _l("Thursday")),
    SelectChoice(4, _l("Friday")),
    SelectChoice(5, _l("Saturday")),
    SelectChoice(6, _l("Sunday")),
]


class RuleForm(Form):
    """One line of a book."""

    reason = SelectField(
        _l("What earns"),
        [_NEEDED],
        choices=[SelectChoice(name, each.thing) for name, each in REASONS.items()],
    )
    amount = IntegerField(_l("Points"), [_NEEDED, _NUMBER])
    cap = IntegerField(_l("At most a day"), [_NEEDED, _NUMBER])
    week_cap = IntegerField(_l("At most a week"), [Optional(), _NUMBER])
    begins = DateField(_l("First day"), [Optional()])
    ends = DateField(_l("Until the end of"), [Optional()])
    branch = SelectField(_l("For"), [_NEEDED], coerce=int, default=0)
    remove = BooleanField(_l("Remove this rule"))


class Days(TextAreaField):
    """Days as text, one a line: 2026-10-01, or the first and the last 2026-10-01..2026-10-07."""

    def days(self) -> frozenset[date]:
        found: set[date] = set()
        for line in (self.data or "").split():
            first, _, last = line.partition("..")
            start = date.fromisoformat(first)
            end = date.fromisoformat(last or first)
            if not 0 <= (end - start).days <= 60:
                raise ValueError(line)
            found.update(date.fromordinal(n) for n in range(start.toordinal(), end.toordinal() + 1))
        return frozenset(found)

    def pre_validate(self, form: Any) -> None:
        try:
            self.days()
        except ValueError as error:
            raise ValidationError(
                _l("Write one day a line, like 2026-10-01 or 2026-10-01..2026-10-07.")
            ) from error


class BookForm(FlaskForm):  # type: ignore[misc]
    """All rules of the next book, its quiet hours and its calendar."""

    revision = HiddenField(default="0")
    rules = FieldList(FormField(RuleForm), max_entries=MOST_RULES)
    quiet_begins = TimeField(_l("Points rest from"), [Optional()])
    quiet_ends = TimeField(_l("until"), [Optional()])
    rest_days = SelectMultipleField(
        _l("Days of rest"),
        coerce=int,
        choices=WEEK_DAYS,
        option_widget=CheckboxInput(),
        widget=ListWidget(prefix_label=False),
        description=_l("A day of rest without learning does not end a streak."),
    )
    holidays = Days(
        _l("Holidays"),
        [Length(max=2_000)],
        description=_l("One a line, like 2026-10-01 or 2026-10-01..2026-10-07."),
    )
    work_days = Days(
        _l("Days of rest that are worked"),
        [Length(max=2_000)],
        description=_l("Weekend days that make up for a holiday; one a line."),
    )

    def offer(self, branches: Iterable[tuple[int, str]]) -> None:
        """The branches that a rule can be for."""
        choices = [
            SelectChoice(0, _l("all members")),
            *(SelectChoice(number, name) for number, name in branches),
        ]
        for line in self.rules:
            line.form.branch.choices = choices

    def validate_quiet_ends(self, field: TimeField) -> None:
        if (field.data is None) != (self.quiet_begins.data is None):
            raise ValidationError(_l("Give both times, or none."))

    def book(self) -> Book:
        """What the form says; removed and untouched lines are left out."""
        begin, end = self.quiet_begins.data, self.quiet_ends.data
        return Book(
            number=0,
            rules=tuple(
                Rule(
                    reason=line.form.reason.data,
                    amount=line.form.amount.data or 0,
                    cap=line.form.cap.data or 0,
                    week_cap=line.form.week_cap.data or 0,
                    begins=line.form.begins.data,
                    ends=line.form.ends.data,
                    branches=(line.form.branch.data,) if line.form.branch.data else (),
                )
                for line in self.rules
                if not line.form.remove.data
            ),
            quiet=(begin, end) if begin is not None and end is not None else None,
            rest_days=frozenset(self.rest_days.data or ()),
            holidays=self.holidays.days(),
            work_days=self.work_days.days(),
        )


def showing(book: Book, revision: int) -> BookForm:
    """The form with a book in it."""
    return BookForm(
        formdata=None,
        revision=str(revision),
        rules=[
            {
                "reason": rule.reason,
                "amount": rule.amount,
                "cap": rule.cap,
                "week_cap": rule.week_cap or None,
                "begins": rule.begins,
                "ends": rule.ends,
                "branch": rule.branches[0] if rule.branches else 0,
            }
            for rule in book.rules
        ],
        quiet_begins=book.quiet[0] if book.quiet else None,
        quiet_ends=book.quiet[1] if book.quiet else None,
        rest_days=sorted(book.rest_days),
        holidays=_lines(book.holidays),
        work_days=_lines(book.work_days),
    )


def _lines(days: Iterable[date]) -> str:
    """Days as text, neighbours drawn together."""
    parts: list[list[date]] = []
    for day in sorted(days):
        if parts and (day - parts[-1][1]).days == 1:
            parts[-1][1] = day
        else:
            parts.append([day, day])
    return "\n".join(str(a) if a == b else f"{a}..{b}" for a, b in parts)


class PublishForm(FlaskForm):  # type: ignore[misc]
    """From when the draft holds, and why it is different."""

    from_day = DateField(_l("From the beginning of"), [_NEEDED])
    note = StringField(
        _l("What changes, and why"),
        [_NEEDED, Length(max=LONGEST_NOTE)],
        description=_l("Everybody reads this on the page about how points come."),
        render_kw={"maxlength": LONGEST_NOTE, "autocomplete": "off"},
    )


class RankingForm(FlaskForm):  # type: ignore[misc]
    """Who sees members compared with one another."""

    ranking = RadioField(
        _l("Compare members by name"),
        choices=[
            SelectChoice(Ranking.OFF.value, _l("No: everybody sees only their own points")),
            SelectChoice(Ranking.BRANCH.value, _l("Within their own branch")),
            SelectChoice(Ranking.EVERYONE.value, _l("In the whole organisation, too")),
        ],
        description=_l("Branches are always compared. Members can take their name out in “Me”."),
    )


class RewardForm(FlaskForm):  # type: ignore[misc]
    """One reward; the view fills in the branches."""

    title = StringField(
        _l("What it is"), [_NEEDED], render_kw={"maxlength": LONGEST_REWARD, "autocomplete": "off"}
    )
    note = StringField(
        _l("Where to get it"),
        [Optional(), Length(max=LONGEST_NOTE)],
        description=_l("Also when, and what else members should know."),
        render_kw={"maxlength": LONGEST_NOTE, "autocomplete": "off"},
    )
    branch = SelectField(
        _l("For"), coerce=int, description=_l("Members of this branch and of all below it see it.")
    )
    price = IntegerField(_l("Price in points"), [_NEEDED])
    stock = IntegerField(_l("How many there are"), [_NEEDED])
    # As it was when the form was opened: what is ordered meanwhile stays taken.
    stock_was = IntegerField(
        "", [Optional(), NumberRange(0, MOST_STOCK)], widget=HiddenInput(), default=None
    )
    most_each = IntegerField(
        _l("At most for one member"), [Optional()], description=_l("0 is no limit."), default=1
    )


class CancelForm(FlaskForm):  # type: ignore[misc]
    """Why an order is cancelled."""

    reason = StringField(
        _l("Reason"),
        [_NEEDED, Length(max=LONGEST_NOTE)],
        description=_l("The member reads it beside the points that come back."),
        render_kw={"maxlength": LONGEST_NOTE, "autocomplete": "off"},
    )


def digits(text: str | None) -> int:
    """A hidden number; 0 when it is none."""
    return int(text) if text and re.fullmatch(r"\d{1,9}", text) else 0
