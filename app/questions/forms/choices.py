"""The form of single choice, multiple choice, and true or false."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from flask_babel import lazy_gettext as _l
from wtforms import BooleanField, FieldList, Form, FormField, IntegerField, RadioField, StringField
from wtforms.fields.choices import SelectChoice  # type: ignore[attr-defined]
from wtforms.validators import Optional

from app.questions.forms.base import ROWS, BaseForm, in_per_cent, more_rows, per_cent, put_rows
from app.questions.rules import (
    LONGEST_OPTION,
    MOST_OPTIONS,
    Kind,
    Wrong,
    fractions,
    plain_number,
    wrong_of,
)


class OptionForm(Form):
    """One answer to choose from. `worth` is in per cent and overrules `right`."""

    text = StringField(_l("Answer"), render_kw={"maxlength": LONGEST_OPTION})
    right = BooleanField(_l("Right"))
    worth = StringField(_l("Worth in per cent"), render_kw={"inputmode": "decimal"})
    feedback = StringField(_l("Feedback"), render_kw={"maxlength": LONGEST_OPTION})


class QuestionForm(BaseForm):
    """A question with options, or a statement."""

    options = FieldList(
        FormField(OptionForm),
        _l("Answers to choose from"),
        min_entries=ROWS,
        max_entries=MOST_OPTIONS,
    )
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

    def fill(self, kind: str, body: Mapping[str, Any]) -> None:
        super().fill(kind, body)
        if kind == Kind.TRUEFALSE:
            said = {True: "true", False: "false"}
            self.answer.data = said.get(body.get("answer"))  # type: ignore[arg-type]
            return
        options = list(body.get("options") or [])[:MOST_OPTIONS]
        given = [_number(option.get("fraction")) for option in options]
        wrong = wrong_of(given) if kind == Kind.MULTIPLE else Wrong.ALL
        put_rows(
            self.options,
            [
                {
                    "text": option.get("text") or "",
                    "right": fraction > 0,
                    "worth": "" if wrong else in_per_cent(fraction),
                    "feedback": option.get("feedback") or "",
                }
                for option, fraction in zip(options, given, strict=True)
            ],
        )
        self.wrong.data = (wrong or Wrong.ALL).value
        best = max(given, default=Decimal(0))
        self.right.data = given.index(best) if best > 0 else None

    def add_rows(self) -> None:
        more_rows(self.options)

    @property
    def has_worths(self) -> bool:
        """Whether the worth of an answer is set by hand."""
        return any((row.form.worth.data or "").strip() for row in self.options)

    @property
    def has_feedback(self) -> bool:
        """Whether an answer has feedback of its own."""
        return any((row.form.feedback.data or "").strip() for row in self.options)

    def body(self, kind: str) -> dict[str, Any]:
        texts = super().body(kind)
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
            worths = [per_cent(row.worth.data or "0") for _, row in rows]
        else:
            wrong = Wrong.SHARE if self.wrong.data == Wrong.SHARE else Wrong.ALL
            worths = fractions([bool(row.right.data) for _, row in rows], wrong)
        return {
            **texts,
            "options": [
                {"text": row.text.data, "fraction": plain_number(worth), **_feedback(row)}
                for (_, row), worth in zip(rows, worths, strict=True)
            ],
        }


def _feedback(row: Any) -> dict[str, str]:
    text = (row.feedback.data or "").strip()
    return {"feedback": text} if text else {}


def _number(fraction: object) -> Decimal:
    """A fraction that may be nonsense, in a file that somebody wrote."""
    try:
        number = Decimal(str(fraction or 0))
    except ArithmeticError:
        return Decimal(0)
    return number if number.is_finite() else Decimal(0)
