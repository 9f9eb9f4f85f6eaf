"""What the forms of all kinds of questions share."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from wtforms import FieldList, IntegerField, TextAreaField
from wtforms.validators import InputRequired, Optional

from app.questions.rules import LONGEST_TEXT, BadFraction, BadQuestion, plain_number

ROWS = 4  # empty rows for answers; those left empty are not stored
MORE_ROWS = 2


class BaseForm(FlaskForm):  # type: ignore[misc]
    """The texts of a question. `show` fills a form, `body` reads it in the plain form of a kind."""

    stem = TextAreaField(_l("Question"), [InputRequired()], render_kw={"maxlength": LONGEST_TEXT})
    explanation = TextAreaField(
        _l("Explanation"),
        render_kw={"maxlength": LONGEST_TEXT},
        description=_l("Members see it after they have answered: why is the right answer right?"),
    )
    material = TextAreaField(
        _l("Text that several questions share"),
        render_kw={"maxlength": 4 * LONGEST_TEXT},
        description=_l("It stands above the question, for example a report or a case."),
    )
    seen = IntegerField(validators=[Optional()])  # the version that was shown

    def show(self, kind: str, body: Mapping[str, Any], number: int) -> None:
        """Fill the form with a stored body (in its plain form) of version `number`."""
        self.seen.data = number
        self.fill(kind, body)

    def fill(self, kind: str, body: Mapping[str, Any]) -> None:
        """Fill the form with a plain body, which may be one that the rules would refuse."""
        self.stem.data = str(body.get("stem") or "")
        self.explanation.data = str(body.get("explanation") or "")
        self.material.data = str(body.get("material") or "")

    def body(self, kind: str) -> dict[str, Any]:
        """What the service takes; the rules judge it. Raises BadQuestion for what is no number."""
        found = {"stem": self.stem.data or "", "explanation": self.explanation.data or ""}
        material = (self.material.data or "").strip()
        return {**found, "material": material} if material else found

    def add_rows(self) -> None:
        """More empty rows, up to the most that a question may have."""

    def refuse(self, refusal: BadQuestion) -> None:
        """Show a refusal beside the part that it is about."""
        part = getattr(self, refusal.where, self.stem)
        part.errors = [*part.errors, str(refusal)]


def put_rows(rows: FieldList[Any], given: list[dict[str, Any]], *, least: int = ROWS) -> None:
    """Fill a list of rows, with some empty ones at its end."""
    while rows.entries:
        rows.pop_entry()
    for row in given:
        rows.append_entry(row)
    more_rows(rows, least - len(given))


def more_rows(rows: FieldList[Any], number: int = MORE_ROWS) -> None:
    """Add empty rows, up to the most that the list may have."""
    for _ in range(min(number, (rows.max_entries or 0) - len(rows.entries))):
        rows.append_entry()


def per_cent(text: str) -> Decimal:
    """“50”, “50 %” or “−10” as a fraction. Raises BadFraction."""
    plain = text.strip().removesuffix("%").strip().replace("−", "-") or "0"
    try:
        number = Decimal(plain) / 100
    except ArithmeticError:
        raise BadFraction(text=text[:40]) from None
    if not number.is_finite():
        raise BadFraction(text=text[:40])
    return number


def in_per_cent(fraction: object) -> str:
    """The inverse of `per_cent`; what is no number stays as it is."""
    try:
        number = Decimal(str(fraction)) * 100
    except ArithmeticError:
        return str(fraction)
    return plain_number(number) if number.is_finite() else str(fraction)
