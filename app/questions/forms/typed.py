"""The forms of questions whose answer is typed: short text, number, gaps, essay."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask_babel import lazy_gettext as _l
from wtforms import (
    BooleanField,
    FieldList,
    Form,
    FormField,
    SelectField,
    StringField,
    TextAreaField,
)
from wtforms.fields.choices import SelectChoice  # type: ignore[attr-defined]
from wtforms.validators import Optional

from app.questions.forms.base import BaseForm, in_per_cent, more_rows, per_cent, put_rows
from app.questions.rules import (
    LONGEST_ANSWER,
    LONGEST_OPTION,
    LONGEST_TEXT,
    MOST_ANSWERS,
    MOST_CRITERIA,
    USUAL_ENDINGS,
    Kind,
    plain_number,
)
from app.questions.types import numbers
from app.questions.types.texts import typos


class AnswerForm(Form):
    """One accepted answer; `worth` in per cent, empty is all of it."""

    text = StringField(_l("Answer"), render_kw={"maxlength": LONGEST_ANSWER})
    worth = StringField(_l("Worth in per cent"), render_kw={"inputmode": "decimal"})
    feedback = StringField(_l("Feedback"), render_kw={"maxlength": LONGEST_OPTION})


class _AnswersForm(BaseForm):
    answers = FieldList(
        FormField(AnswerForm), _l("Accepted answers"), min_entries=3, max_entries=MOST_ANSWERS
    )

    def add_rows(self) -> None:
        more_rows(self.answers)

    def put(self, rows: list[tuple[str, Mapping[str, Any]]]) -> None:
        given = [
            {
                "text": text,
                "worth": "" if str(row.get("fraction", 1)) == "1" else in_per_cent(row["fraction"]),
                "feedback": row.get("feedback") or "",
            }
            for text, row in rows[:MOST_ANSWERS]
        ]
        put_rows(self.answers, given, least=3)

    def given(self) -> list[tuple[str, dict[str, str]]]:
        """(text, {fraction, feedback?}) of the rows that are filled in."""
        found = []
        for row in self.answers:
            text = (row.form.text.data or "").strip()
            if not text:
                continue
            worth = (row.form.worth.data or "").strip()
            facts = {"fraction": plain_number(per_cent(worth)) if worth else "1"}
            feedback = (row.form.feedback.data or "").strip()
            found.append((text, {**facts, "feedback": feedback} if feedback else facts))
        return found


def _case() -> BooleanField:
    return BooleanField(_l("Capital and small letters are different"))


def _typos() -> SelectField:
    return SelectField(
        _l("Slips of the finger"),
        [Optional()],
        choices=[
            SelectChoice("0", _l("none is forgiven")),
            SelectChoice("1", _l("one is forgiven, from four characters on")),
            SelectChoice("2", _l("two are forgiven, from eight characters on")),
        ],
        default="0",
    )


class ShortForm(_AnswersForm):
    """A short text and what is accepted."""

    case = _case()
    typos = _typos()

    def fill(self, kind: str, body: Mapping[str, Any]) -> None:
        super().fill(kind, body)
        self.put([(str(row.get("text") or ""), row) for row in body.get("answers") or []])
        self.case.data = body.get("case") is True
        self.typos.data = str(body.get("typos") or 0)

    def body(self, kind: str) -> dict[str, Any]:
        return {
            **super().body(kind),
            "answers": [{"text": text, **facts} for text, facts in self.given()],
            "case": bool(self.case.data),
            "typos": typos(self.typos.data),
        }


class NumericForm(_AnswersForm):
    """A number, spelt like “3.14 ± 0.01” or “3..4”, and its units."""

    units = TextAreaField(
        _l("Units"),
        [Optional()],
        description=_l(
            "One on each line. The first is the unit of the answers above; behind each other one "
            "stands how much it is of the first: g = 0.001"
        ),
    )
    unit_required = BooleanField(_l("A number without a unit is wrong"))

    def fill(self, kind: str, body: Mapping[str, Any]) -> None:
        super().fill(kind, body)
        self.put([(_spelt(row), row) for row in body.get("answers") or []])
        lines = []
        for unit in body.get("units") or []:
            factor = str(unit.get("factor", "1"))
            lines.append(unit["text"] if factor == "1" else f"{unit['text']} = {factor}")
        self.units.data = "\n".join(lines)
        self.unit_required.data = body.get("unit_required") is True

    def body(self, kind: str) -> dict[str, Any]:
        units = []
        for line in (self.units.data or "").splitlines():
            text, _, factor = line.partition("=")
            if text.strip():
                units.append({"text": text.strip(), "factor": factor.strip() or "1"})
        return {
            **super().body(kind),
            "answers": [{**numbers.spelt(text), **facts} for text, facts in self.given()],
            "units": units,
            "unit_required": bool(self.unit_required.data),
        }


def _spelt(row: Mapping[str, Any]) -> str:
    if "low" in row or "high" in row:
        return f"{row.get('low', '')}..{row.get('high', '')}"
    return numbers.spelling(
        {"value": str(row.get("value", "")), "tolerance": str(row.get("tolerance") or 0)}
    )


class GapsForm(BaseForm):
    """A text with its answers in double brackets; `any_order` only for blanks."""

    case = _case()
    typos = _typos()
    any_order = BooleanField(_l("The answers may stand in any order"))

    def fill(self, kind: str, body: Mapping[str, Any]) -> None:
        super().fill(kind, body)
        self.case.data = body.get("case") is True
        self.typos.data = str(body.get("typos") or 0)
        self.any_order.data = body.get("any_order") is True

    def body(self, kind: str) -> dict[str, Any]:
        found = {
            **super().body(kind),
            "case": bool(self.case.data),
            "typos": typos(self.typos.data),
        }
        if kind == Kind.BLANKS:
            found["any_order"] = bool(self.any_order.data)
        return found


class CriterionForm(Form):
    """One line of a rubric; `share` in per cent."""

    text = StringField(_l("Criterion"), render_kw={"maxlength": LONGEST_OPTION})
    share = StringField(_l("Share in per cent"), render_kw={"inputmode": "decimal"})


class EssayForm(BaseForm):
    """A long text, what a good one says, and what counts."""

    answer = TextAreaField(
        _l("What a good answer says"),
        render_kw={"maxlength": LONGEST_TEXT},
        description=_l("For who marks it. Members see it after the marks are given."),
    )
    rubric = FieldList(
        FormField(CriterionForm), _l("What counts"), min_entries=3, max_entries=MOST_CRITERIA
    )

    def add_rows(self) -> None:
        more_rows(self.rubric)

    def fill(self, kind: str, body: Mapping[str, Any]) -> None:
        super().fill(kind, body)
        self.answer.data = str(body.get("answer") or "")
        rows = [
            {
                "text": row.get("text") or "",
                "share": in_per_cent(row["share"]) if row.get("share") else "",
            }
            for row in (body.get("rubric") or [])[:MOST_CRITERIA]
        ]
        put_rows(self.rubric, rows, least=3)

    def body(self, kind: str) -> dict[str, Any]:
        rows = []
        for row in self.rubric:
            text, share = (row.form.text.data or "").strip(), (row.form.share.data or "").strip()
            if text:
                rows.append({"text": text, "share": plain_number(per_cent(share)) if share else ""})
        return {**super().body(kind), "answer": self.answer.data or "", "rubric": rows}


class FileForm(EssayForm):
    """An essay that is a file."""

    endings = StringField(
        _l("Kinds of files"),
        [Optional()],
        default=" ".join(USUAL_ENDINGS),
        description=_l("Endings of file names, with spaces between them. At most 20 MB are taken."),
        render_kw={"maxlength": 200},
    )

    def fill(self, kind: str, body: Mapping[str, Any]) -> None:
        super().fill(kind, body)
        given = body.get("endings") or USUAL_ENDINGS
        self.endings.data = given if isinstance(given, str) else " ".join(map(str, given))

    def body(self, kind: str) -> dict[str, Any]:
        return {**super().body(kind), "endings": (self.endings.data or "").split()}
