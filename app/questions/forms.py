"""The form of a question, for the bank and for quiz editors in other rooms."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from wtforms import (
    BooleanField,
    FieldList,
    Form,
    FormField,
    IntegerField,
    RadioField,
    StringField,
    TextAreaField,
)
from wtforms.fields.choices import SelectChoice  # type: ignore[attr-defined]
from wtforms.validators import InputRequired, Optional

from app.questions.rules import (
    LONGEST_OPTION,
    LONGEST_TEXT,
    MOST_OPTIONS,
    BadFraction,
    BadQuestion,
    Kind,
    Wrong,
    fractions,
    plain_number,
    wrong_of,
)

ROWS = 4  # empty rows for answers; those left empty are not stored
MORE_ROWS = 2


class OptionForm(Form):
    """One answer to choose from. `worth` is in per cent and overrules `right`."""

    text = StringField(_l("Answer"), render_kw={"maxlength": LONGEST_OPTION})
    right = BooleanField(_l("Right"))
    worth = StringField(_l("Worth in per cent"), render_kw={"inputmode": "decimal"})


class QuestionForm(FlaskForm):  # type: ignore[misc]
    """A question of any kind; `show` fills it, `body` reads it."""

    stem = TextAreaField(_l("Question"), [InputRequired()], render_kw={"maxlength": LONGEST_TEXT})
    explanation = TextAreaField(
        _l("Explanation"),
        render_kw={"maxlength": LONGEST_TEXT},
        description=_l("Members see it after they have answered: why is the right answer right?"),
    )
    options = FieldList(FormField(OptionForm), min_entries=ROWS, max_entries=MOST_OPTIONS)
    right = IntegerField(validators=[Optional()])  # the row of the right answer, single choice
    wrong = RadioField(
        _l("A wrong tick"),
        [Optional()],
        choices=[
            SelectChoice(Wrong.ALL.value, _l("costs the whole mark")),
            SelectChoice(Wrong.SHARE.value, _l("costs as much as a right tick gives")),
        ],
        default=Wrong.ALL.value,
    )
    answer = RadioField(
        _l("Is the statement true?"),
        [Optional()],
        choices=[SelectChoice("true", _l("True")), SelectChoice("false", _l("False"))],
    )
    seen = IntegerField(validators=[Optional()])  # the version that was shown

    def show(self, kind: str, body: dict[str, Any], number: int) -> None:
        """Fill the form with a stored body (in its plain form) of version `number`."""
        self.stem.data, self.explanation.data, self.seen.data = (
            body["stem"],
            body["explanation"],
            number,
        )
        if kind == Kind.TRUEFALSE:
            self.answer.data = "true" if body["answer"] else "false"
            return
        while self.options.entries:
            self.options.pop_entry()
        given = [Decimal(option["fraction"]) for option in body["options"]]
        wrong = wrong_of(given) if kind == Kind.MULTIPLE else Wrong.ALL
        for option, fraction in zip(body["options"], given, strict=True):
            worth = "" if wrong else plain_number(fraction * 100)
            self.options.append_entry(
                {"text": option["text"], "right": fraction > 0, "worth": worth}
            )
        self.wrong.data = (wrong or Wrong.ALL).value
        self.right.data = given.index(max(given))
        self.add_rows(ROWS - len(given))

    def add_rows(self, number: int = MORE_ROWS) -> None:
        """More empty rows for answers, up to the most that a question may have."""
        for _ in range(min(number, MOST_OPTIONS - len(self.options.entries))):
            self.options.append_entry()

    @property
    def has_worths(self) -> bool:
        """Whether the worth of an answer is set by hand."""
        return any((row.form.worth.data or "").strip() for row in self.options)

    def body(self, kind: str) -> dict[str, Any]:
        """What the service takes; the rules judge it. Raises BadFraction."""
        texts = {"stem": self.stem.data or "", "explanation": self.explanation.data or ""}
        if kind == Kind.TRUEFALSE:
            return {**texts, "answer": {"true": True, "false": False}.get(self.answer.data or "")}
        rows = [
            (number, row.form)
            for number, row in enumerate(self.options)
            if (row.form.text.data or "").strip()
        ]
        if kind == Kind.SINGLE:
            worths = [Decimal(number == self.right.data) for number, _ in rows]
        elif self.has_worths:
            worths = [_per_cent(row.worth.data or "0") for _, row in rows]
        else:
            wrong = Wrong.SHARE if self.wrong.data == Wrong.SHARE else Wrong.ALL
            worths = fractions([bool(row.right.data) for _, row in rows], wrong)
        return {
            **texts,
            "options": [
                {"text": row.text.data, "fraction": plain_number(worth)}
                for (_, row), worth in zip(rows, worths, strict=True)
            ],
        }

    def refuse(self, refusal: BadQuestion) -> None:
        """Show a refusal beside the part that it is about."""
        part = getattr(self, refusal.where, self.stem)
        part.errors = [*part.errors, str(refusal)]


def _per_cent(text: str) -> Decimal:
    try:
        number = Decimal(text.strip().removesuffix("%").strip().replace("−", "-") or "0") / 100
    except ArithmeticError:
        raise BadFraction(text=text[:40]) from None
    if not number.is_finite():
        raise BadFraction(text=text[:40])
    return number
