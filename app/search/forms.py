"""The form of the search room: words that mean the same."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from wtforms import StringField
from wtforms.validators import InputRequired, Length

LONGEST = 400  # characters of one group


class WordsForm(FlaskForm):  # type: ignore[misc]
    """One group of words, with = between them."""

    words = StringField(
        _l("Words"),
        [InputRequired(), Length(max=LONGEST)],
        description=_l("With = between words that mean the same. One alone is never cut apart."),
        render_kw={"maxlength": LONGEST, "autocomplete": "off"},
    )
