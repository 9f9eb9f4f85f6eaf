"""The forms about the organisation as a whole."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from zoneinfo import available_timezones

from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from flask_wtf.file import FileField
from wtforms import BooleanField, IntegerField, SelectField, StringField, ValidationError
from wtforms.fields.choices import SelectChoice  # type: ignore[attr-defined]  # newer than its types
from wtforms.validators import InputRequired, Length, NumberRange, Optional

from app.certificates.queries import TemplateView
from app.certificates.rules import KIND_NAMES, MOST_MONTHS
from app.core import colours
from app.core.i18n import colon
from app.core.refusals import Refusal
from app.core.vocabulary import LONGEST, OURS, Term, Vocabulary, checked
from app.home.queries import Certifiable
from app.home.rules import LONGEST_ORGANISATION, ZONES
from app.learning.rules import SPEEDS


class OrganisationForm(FlaskForm):  # type: ignore[misc]
    """How the organisation is seen: name, colour, logo, clock and words."""

    name = StringField(
        _l("Name of the organisation"),
        [InputRequired(_l("Please fill this in.")), Length(max=LONGEST_ORGANISATION)],
        render_kw={"maxlength": LONGEST_ORGANISATION, "autocomplete": "organization"},
    )
    colour = StringField(_l("Colour"), render_kw={"type": "color", "class_": "colour-input"})
    logo = FileField(_l("Logo"), render_kw={"accept": "image/png,image/jpeg,image/webp"})
    drop_logo = BooleanField(_l("Show our name without a logo"))
    time_zone = SelectField(
        _l("Time zone"),
        [InputRequired()],
        description=_l("What “today” means for points and dates. Points already given stay."),
    )

    def offer_zones(self, current: str) -> None:
        """Fill the list of time zones; the present one is among them whatever it is."""
        known = available_timezones()
        zones = [zone for zone in ZONES if zone in known]
        self.time_zone.choices = [
            SelectChoice(zone, zone.replace("_", " "))
            for zone in (zones if current in zones else [current, *zones])
        ]

    def validate_colour(self, field: StringField) -> None:
        if colours.parsed(field.data or "") is None:
            raise ValidationError(str(_l("Write a colour like #a61b24.")))


class WaysForm(FlaskForm):  # type: ignore[misc]
    """How people learn here, as far as the whole organisation decides it."""

    highest_speed = SelectField(
        _l("Highest speed of recordings"),
        [InputRequired()],
        choices=[SelectChoice(str(speed), f"{speed / 100:g}×") for speed in SPEEDS],
        description=_l(
            "The player offers no more, and the server counts no more: at 2×, ten minutes of"
            " the clock are at most twenty minutes of a recording."
        ),
    )
    discussions = BooleanField(
        _l("Discussions below lessons"),
        description=_l("Switched off, nobody sees them; what was written stays."),
    )
    mail_seals = BooleanField(
        _l("Send the daily seal of the points to all organizers"),
        description=_l(
            "Each morning, by notice and e-mail. Kept outside, it shows later whether entries were"
            " taken out."
        ),
    )


def _word_field(label: Any, language: str) -> StringField:
    return StringField(
        label, render_kw={"maxlength": LONGEST, "lang": language, "autocomplete": "off"}
    )


class WordsForm(FlaskForm):  # type: ignore[misc]
    """The organisation's own words; what is left empty keeps ours."""

    branch_zh = _word_field(_l("In Chinese"), "zh-Hans")
    branch_en = _word_field(_l("One, in English"), "en")
    branch_many = _word_field(_l("Many, in English"), "en")
    member_zh = _word_field(_l("In Chinese"), "zh-Hans")
    member_en = _word_field(_l("One, in English"), "en")
    member_many = _word_field(_l("Many, in English"), "en")
    organizer_zh = _word_field(_l("In Chinese"), "zh-Hans")
    organizer_en = _word_field(_l("One, in English"), "en")
    organizer_many = _word_field(_l("Many, in English"), "en")

    @classmethod
    def showing(cls, words: Vocabulary) -> WordsForm:
        """The form as it stands for these words."""
        values: dict[str, str] = {}
        for name in OURS:
            term = words.get(name, Term())
            values |= {f"{name}_zh": term.zh_hans, f"{name}_en": term.en}
            values[f"{name}_many"] = term.en_many
        return cls(formdata=None, **values)

    def vocabulary(self) -> dict[str, Term]:
        """The words as typed, without Traditional Chinese."""
        return {
            name: Term(
                en=checked(self[f"{name}_en"].data or ""),
                en_many=checked(self[f"{name}_many"].data or ""),
                zh_hans=checked(self[f"{name}_zh"].data or ""),
            )
            for name in OURS
        }

    def validate(self, extra_validators: object = None) -> bool:
        fine = bool(super().validate(extra_validators))
        for name in OURS:
            one, many = self[f"{name}_en"], self[f"{name}_many"]
            for field in (one, many, self[f"{name}_zh"]):
                try:
                    checked(field.data or "")
                except Refusal as refusal:
                    field.errors = [*field.errors, str(refusal)]
                    fine = False
            if bool((one.data or "").strip()) != bool((many.data or "").strip()):
                empty = many if (one.data or "").strip() else one
                sentence = _l("Give one and many, for example “department” and “departments”.")
                empty.errors = [*empty.errors, str(sentence)]
                fine = False
        return fine


class OfferForm(FlaskForm):  # type: ignore[misc]
    """Something that is certified from now on."""

    what = SelectField(_l("What is certified"), [InputRequired(_l("Please choose."))])
    template = SelectField(_l("Template"), [InputRequired(_l("Please choose."))])
    months = IntegerField(
        _l("Months for which it is valid"),
        [Optional(), NumberRange(1, MOST_MONTHS, _l("A number from 1 to 240, or nothing."))],
        description=_l("Left empty, it is valid for ever."),
        render_kw={"inputmode": "numeric", "min": 1, "max": MOST_MONTHS},
    )

    def fill(self, things: Iterable[Certifiable], templates: Iterable[TemplateView]) -> None:
        """The lists to choose from."""
        self.what.choices = [
            SelectChoice("", str(_l("Choose …"))),
            *(
                SelectChoice(
                    f"{thing.kind}:{thing.id}", f"{KIND_NAMES[thing.kind]}{colon()}{thing.title}"
                )
                for thing in things
            ),
        ]
        self.template.choices = [SelectChoice(str(each.id), each.name) for each in templates]

    @property
    def subject(self) -> tuple[str, int]:
        """Kind and id of what was chosen."""
        kind, _colon, number = str(self.what.data).partition(":")
        return kind, int(number)
