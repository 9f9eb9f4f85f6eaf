"""The form with which an organizer corrects points: shape and type of input."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from wtforms import IntegerField, StringField
from wtforms.validators import InputRequired, Length

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
