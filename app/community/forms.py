"""Forms of discussions."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from wtforms import HiddenField, SelectField, TextAreaField
from wtforms.validators import InputRequired, Length

from app.community.rules import LONGEST_QUOTE, LONGEST_SOURCE, LONGEST_TEXT


class QuestionForm(FlaskForm):  # type: ignore[misc]
    """A question, perhaps about a quotation."""

    body = TextAreaField(
        _l("Your question"),
        [InputRequired(_l("Write a few words first.")), Length(max=LONGEST_TEXT * 2)],
        render_kw={"maxlength": LONGEST_TEXT, "rows": 4},
    )
    quote = HiddenField(validators=[Length(max=LONGEST_QUOTE * 2)])
    source = HiddenField(validators=[Length(max=LONGEST_SOURCE)])


class QuotingForm(QuestionForm):
    """A question about a quotation, with the lesson below which it is asked."""

    lesson = SelectField(_l("Below which lesson"), coerce=int)


class AnswerForm(FlaskForm):  # type: ignore[misc]
    """An answer."""

    body = TextAreaField(
        _l("Your answer"),
        [InputRequired(_l("Write a few words first.")), Length(max=LONGEST_TEXT * 2)],
        render_kw={"maxlength": LONGEST_TEXT, "rows": 4},
    )
