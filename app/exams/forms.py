"""Forms of the exams' desk: shape and type of what is typed; the rules judge it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, Protocol
from zoneinfo import ZoneInfo

from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from wtforms import (
    BooleanField,
    DateTimeLocalField,
    DecimalField,
    IntegerField,
    RadioField,
    SelectField,
    SelectMultipleField,
    StringField,
    TextAreaField,
)
from wtforms.fields.choices import SelectChoice  # type: ignore[attr-defined]
from wtforms.validators import InputRequired, NumberRange, Optional
from wtforms.widgets import CheckboxInput, ListWidget

from app.core.refusals import Conflict, Refusal
from app.exams.rules import (
    COST_NAMES,
    COUNTING_NAMES,
    LONGEST_INSTRUCTIONS,
    LONGEST_TITLE,
    MOST_APPEAL_DAYS,
    MOST_GRACE_S,
    MOST_QUESTIONS,
    RELEASE_NAMES,
    ROLE_NAMES,
)
from app.questions.rules import DIFFICULTY_NAMES, KIND_NAMES, LANGUAGE_NAMES, Language


def refuse(form: FlaskForm, refusal: Refusal) -> None:
    """Show a refusal beside the field that it is about, or above the form."""
    field = getattr(form, getattr(refusal, "where", ""), None)
    if field is None:
        form.form_errors.append(str(refusal))
    else:
        field.errors = [*field.errors, str(refusal)]


def _moment(label: Any, **more: Any) -> DateTimeLocalField:
    return DateTimeLocalField(label, [Optional()], **more)


def _release(label: Any, hint: Any = "") -> SelectField:
    choices = [SelectChoice(key.value, name) for key, name in RELEASE_NAMES.items()]
    return SelectField(label, [InputRequired()], choices=choices, description=hint)


def _number(label: Any, least: int, most: int, **more: Any) -> IntegerField:
    return IntegerField(
        label,
        [InputRequired(), NumberRange(least, most)],
        render_kw={"inputmode": "numeric", "min": least, "max": most},
        **more,
    )


def _checks(label: Any) -> SelectMultipleField:
    return SelectMultipleField(
        label,
        coerce=int,
        validate_choice=False,
        option_widget=CheckboxInput(),
        widget=ListWidget(prefix_label=False),
    )


class NewExamForm(FlaskForm):  # type: ignore[misc]
    """The least that a draft needs."""

    title = StringField(_l("Title"), [InputRequired()], render_kw={"maxlength": LONGEST_TITLE})


class Held(Protocol):
    """The moments that an exam has."""

    @property
    def opens_at(self) -> datetime | None: ...
    @property
    def last_start_at(self) -> datetime | None: ...
    @property
    def closes_at(self) -> datetime | None: ...


class SettingsForm(FlaskForm):  # type: ignore[misc]
    """When, for whom, for how long, and what is shown when. Times are on the wall's clock."""

    title = StringField(_l("Title"), [InputRequired()], render_kw={"maxlength": LONGEST_TITLE})
    instructions = TextAreaField(
        _l("What members should know before"), render_kw={"maxlength": LONGEST_INSTRUCTIONS}
    )
    opens_at = _moment(_l("Opens"))
    last_start_at = _moment(_l("Last start"), description=_l("Who begins later is not let in."))
    closes_at = _moment(
        _l("Closes"), description=_l("Every attempt ends then, also one that began late.")
    )
    minutes = IntegerField(
        _l("Time in minutes"),
        [Optional(), NumberRange(1, 1440)],
        description=_l("Leave it empty for no limit but the close."),
        render_kw={"inputmode": "numeric", "min": 1, "max": 1440},
    )
    grace_s = _number(
        _l("Seconds of grace at the end"),
        *(0, MOST_GRACE_S),
        default=60,
        description=_l("For answers that are on their way when the time is over or stands still."),
    )
    attempts_allowed = _number(_l("Attempts"), 0, 100, description=_l("0: as many as one likes."))
    delay_minutes = _number(_l("Minutes between two attempts"), 0, 525_600)
    counting = SelectField(
        _l("Which attempt counts"),
        [InputRequired()],
        choices=[SelectChoice(key.value, name) for key, name in COUNTING_NAMES.items()],
    )
    pass_percent = _number(_l("Pass mark in per cent"), 1, 100)
    wrong_costs = SelectField(
        _l("A wrong answer costs"),
        [InputRequired()],
        choices=[SelectChoice(f"{share:f}", name) for share, name in COST_NAMES.items()],
        default="0",
        description=_l(
            "This share of the points of its question, where one answer or several are chosen, or "
            "true or false. Empty and partly right answers cost nothing, and nobody gets less "
            "than 0 for the paper. It holds for those who begin from then on."
        ),
    )
    shuffle_sections = BooleanField(_l("Every taker gets the sections in an order of their own"))
    shuffle_questions = BooleanField(_l("Every taker gets the questions in an order of their own"))
    shuffle_options = BooleanField(_l("Every taker gets the options in an order of their own"))
    one_by_one = BooleanField(_l("Show one question at a time"))
    no_going_back = BooleanField(_l("No going back to an earlier question"))
    show_score = _release(_l("Members see their score"))
    show_answers = _release(
        _l("Members see the right answers"),
        _l("An exam without a close is closed for whoever has no attempt left: give it a close."),
    )
    show_explanations = _release(_l("Members see the explanations"))
    password = StringField(
        _l("Password"),
        description=_l("Told in the room, so that nobody begins before."),
        render_kw={"maxlength": 60, "autocomplete": "off"},
    )
    networks = TextAreaField(
        _l("Only from these networks"),
        description=_l("Like 10.1.0.0/16, one per line. Leave it empty for any network."),
        render_kw={"maxlength": 1000, "rows": 2},
    )
    safe_keys = TextAreaField(
        _l("Only in the Safe Exam Browser with these keys"),
        description=_l("Config keys or browser exam keys, one per line. Leave it empty for none."),
        render_kw={"maxlength": 2000, "rows": 2},
    )
    full_screen = BooleanField(
        _l("Ask for the full screen and count how often it is left (only a hint, no proof)")
    )
    seals = BooleanField(
        _l("While the exam is open, tell nobody elsewhere what is right in its questions"),
        description=_l(
            "Courses, recordings and practice keep it back; results of quizzes with such questions "
            "are told after the exam. It needs a close. Without this, only those who are taking "
            "the exam are not told."
        ),
    )
    watermark = BooleanField(_l("Show the taker's name behind the paper"))
    second_marking = BooleanField(
        _l("Two people mark every essay and every file; neither sees what the other gave")
    )
    apart_percent = _number(
        _l("Per cent of the points that two marks may differ by"),
        *(0, 100),
        default=10,
        description=_l("Nearer marks become their mean; others are settled by a person."),
    )
    markers = TextAreaField(
        _l("Who marks besides those who look after the exam"),
        description=_l("User names of trainers or organizers, one per line."),
        render_kw={"maxlength": 4000, "rows": 2},
    )
    appeal_days = _number(
        _l("Days to appeal against a mark"),
        *(0, MOST_APPEAL_DAYS),
        default=7,
        description=_l("From when members see their answers; 0 for no appeals."),
    )
    for_role = SelectField(
        _l("Role"),
        choices=[SelectChoice(key, name) for key, name in ROLE_NAMES.items()],
        default="",
    )
    seats = TextAreaField(
        _l("By name, with their places"),
        description=_l("A user name per line, then the place if there is one: li.na A12"),
        render_kw={"maxlength": 200_000, "rows": 4},
    )
    audience = RadioField(
        _l("Who takes part"),
        [InputRequired()],
        choices=[
            SelectChoice("all", _l("Everybody")),
            SelectChoice("branches", _l("Only these branches, with all below them")),
            SelectChoice("seats", _l("Only those on the list below")),
        ],
    )
    branches = _checks(_l("Branches"))
    courses = _checks(_l("Courses to finish first"))
    seen = IntegerField(validators=[Optional()])  # the revision that was shown
    zone = StringField()  # the time zone in which it was shown

    def settings(self, zone: ZoneInfo, held: Held) -> dict[str, Any]:
        """What service.change takes. Raises Conflict when the organisation's time zone has changed
        since the page was shown: nobody can say then which hour was meant."""
        if self.zone.data and self.zone.data != zone.key:
            raise Conflict
        same = (
            *("title", "attempts_allowed", "counting", "pass_percent", "wrong_costs"),
            "shuffle_questions",
            "shuffle_sections",
            *("shuffle_options", "one_by_one", "no_going_back", "show_score", "show_answers"),
            *("show_explanations", "full_screen", "watermark", "second_marking"),
            *("apart_percent", "appeal_days", "grace_s", "seals"),
        )
        minutes = self.minutes.data
        return {
            **{name: getattr(self, name).data for name in same},
            "instructions": (self.instructions.data or "").strip(),
            "password": (self.password.data or "").strip(),
            "opens_at": _utc(self.opens_at.data, zone, held.opens_at),
            "last_start_at": _utc(self.last_start_at.data, zone, held.last_start_at),
            "closes_at": _utc(self.closes_at.data, zone, held.closes_at),
            "duration_s": None if minutes is None else minutes * 60,
            "delay_s": (self.delay_minutes.data or 0) * 60,
            "for_role": self.for_role.data or "",
            "networks": self.networks.data or "",
            "safe_keys": self.safe_keys.data or "",
            "open_to_all": self.audience.data == "all",
        }


def _utc(typed: datetime | None, zone: ZoneInfo, held: datetime | None) -> datetime | None:
    """The moment that is meant. What is shown and left as it is stays the same moment, in the hour
    too that a clock shows twice when the summer time ends; typed anew, that is its first time."""
    if typed is None:
        return None
    shown = local(held, zone)
    if shown is not None and _minute(typed) == _minute(shown):
        return held
    return typed.replace(tzinfo=zone).astimezone(UTC)


def _minute(moment: datetime) -> datetime:
    return moment.replace(second=0, microsecond=0)


def local(moment: datetime | None, zone: ZoneInfo) -> datetime | None:
    """A moment as the fields of the form show it."""
    return None if moment is None else moment.astimezone(zone).replace(tzinfo=None)


class DrawForm(FlaskForm):  # type: ignore[misc]
    """So many questions of a category, a kind, a difficulty, a language, a tag."""

    number = _number(_l("How many questions"), 1, MOST_QUESTIONS, default=5)
    kind = SelectField(
        _l("Kind"),
        choices=[
            SelectChoice("", _l("any")),
            *(SelectChoice(key.value, name) for key, name in KIND_NAMES.items()),
        ],
    )
    difficulty = SelectField(
        _l("Difficulty"),
        choices=[
            SelectChoice("", _l("any")),
            *(SelectChoice(str(level), name) for level, name in DIFFICULTY_NAMES.items()),
        ],
    )
    language = SelectField(
        _l("Language"),
        default="",
        choices=[
            SelectChoice("", _l("any")),
            *(
                SelectChoice(key.value, LANGUAGE_NAMES[key])
                for key in (Language.CHINESE, Language.ENGLISH)
            ),
        ],
    )
    category = SelectField(_l("Category"), validate_choice=False)
    tag = SelectField(_l("Tag"), validate_choice=False)
    mark = DecimalField(
        _l("Points for each"),
        [InputRequired()],
        default=Decimal(1),
        render_kw={"inputmode": "decimal"},
    )

    def offer(self, tags: list[str], categories: Mapping[int, str]) -> None:
        """Fill the lists of tags and of categories (paths of names by id)."""
        self.category.choices = [
            SelectChoice("", _l("any")),
            *(SelectChoice(str(key), name) for key, name in categories.items()),
        ]
        self.tag.choices = [
            SelectChoice("", _l("any")),
            *(SelectChoice(tag, tag) for tag in tags),
        ]
