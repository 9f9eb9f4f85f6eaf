"""The forms of the organizer's desk: shape and type of input."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from wtforms import DateField, IntegerField, RadioField, SelectField, StringField
from wtforms.fields.choices import SelectChoice  # type: ignore[attr-defined]
from wtforms.validators import InputRequired, Length, Optional

from app.learning.rules import LONGEST_REASON
from app.points.rules import LONGEST_NOTE


class CorrectionForm(FlaskForm):  # type: ignore[misc]
    """How many points to add or take, and why."""

    amount = IntegerField(
        _l("Points to add or take"),
        [InputRequired(_l("Write a whole number, for example -10."))],
        description=_l("-10 takes ten points back, 5 adds five."),
        render_kw={"inputmode": "text", "autocomplete": "off"},
    )
    reason = StringField(
        _l("Reason"),
        [InputRequired(_l("Say why; the member will read it.")), Length(max=LONGEST_NOTE)],
        description=_l("The member reads this sentence beside the correction."),
        render_kw={"maxlength": LONGEST_NOTE, "autocomplete": "off"},
    )


class AssignmentForm(FlaskForm):  # type: ignore[misc]
    """What a branch has to do, and by when. The choices are filled in by the view."""

    what = SelectField(
        _l("What is asked"), [InputRequired(_l("Choose a course, a theme or a learning path."))]
    )
    branch = SelectField(
        _l("Branch"),
        coerce=int,
        description=_l("The branch with all below it, also members who come later."),
    )
    due_on = DateField(_l("Last day"), [InputRequired(_l("Choose a day."))])
    note = StringField(
        _l("Note"),
        [Optional(), Length(max=LONGEST_REASON)],
        description=_l("The members read it beside the assignment."),
        render_kw={"maxlength": LONGEST_REASON, "autocomplete": "off"},
    )


class TermForm(FlaskForm):  # type: ignore[misc]
    """Another last day, or another note."""

    due_on = DateField(_l("Last day"), [InputRequired(_l("Choose a day."))])
    note = StringField(
        _l("Note"),
        [Optional(), Length(max=LONGEST_REASON)],
        description=_l("The members read it beside the assignment."),
        render_kw={"maxlength": LONGEST_REASON, "autocomplete": "off"},
    )


class ReliefForm(FlaskForm):  # type: ignore[misc]
    """An exemption, or a later day to make it up; always with a reason."""

    kind = RadioField(
        _l("What is granted"),
        choices=[
            SelectChoice("later", _l("Another last day, to make it up")),
            SelectChoice("exempt", _l("Exempt")),
        ],
        default="later",
    )
    due_on = DateField(_l("New last day"), [Optional()])
    reason = StringField(
        _l("Reason"),
        [InputRequired(_l("Say why; the member will read it.")), Length(max=LONGEST_REASON)],
        render_kw={"maxlength": LONGEST_REASON, "autocomplete": "off"},
    )
