"""The forms of questions whose answer is an arrangement: matching, putting in order."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask_babel import lazy_gettext as _l
from wtforms import FieldList, Form, FormField, RadioField, StringField, TextAreaField
from wtforms.fields.choices import SelectChoice  # type: ignore[attr-defined]
from wtforms.validators import Optional

from app.questions.forms.base import BaseForm, more_rows, put_rows
from app.questions.rules import LONGEST_OPTION, MARKING_NAMES, MOST_PAIRS, Marking


class PairForm(Form):
    """Two things that belong together."""

    left = StringField(_l("Left"), render_kw={"maxlength": LONGEST_OPTION})
    right = StringField(_l("Belongs to it"), render_kw={"maxlength": LONGEST_OPTION})


class MatchingForm(BaseForm):
    """Pairs, and things that belong to none."""

    pairs = FieldList(FormField(PairForm), _l("Pairs"), min_entries=4, max_entries=MOST_PAIRS)
    extra = TextAreaField(
        _l("More to choose from"),
        [Optional()],
        description=_l("Things that belong to nothing on the left, one on each line."),
    )

    def add_rows(self) -> None:
        more_rows(self.pairs)

    def fill(self, kind: str, body: Mapping[str, Any]) -> None:
        super().fill(kind, body)
        rows = [
            {"left": pair.get("left") or "", "right": pair.get("right") or ""}
            for pair in (body.get("pairs") or [])[:MOST_PAIRS]
        ]
        put_rows(self.pairs, rows)
        self.extra.data = "\n".join(str(text) for text in body.get("extra") or [])

    def body(self, kind: str) -> dict[str, Any]:
        return {
            **super().body(kind),
            "pairs": [
                {"left": row.form.left.data or "", "right": row.form.right.data or ""}
                for row in self.pairs
            ],
            "extra": (self.extra.data or "").splitlines(),
        }


class OrderingForm(BaseForm):
    """Things in their right order, one on each line."""

    items = TextAreaField(
        _l("In the right order"),
        [Optional()],
        description=_l(
            "One thing on each line, from the first to the last. Members see them mixed."
        ),
    )
    marking = RadioField(
        _l("If the order is partly right"),
        [Optional()],
        choices=[SelectChoice(each.value, MARKING_NAMES[each]) for each in Marking],
        default=Marking.PLACES.value,
    )

    def fill(self, kind: str, body: Mapping[str, Any]) -> None:
        super().fill(kind, body)
        self.items.data = "\n".join(str(text) for text in body.get("items") or [])
        self.marking.data = str(body.get("marking") or Marking.PLACES.value)

    def body(self, kind: str) -> dict[str, Any]:
        return {
            **super().body(kind),
            "items": (self.items.data or "").splitlines(),
            "marking": self.marking.data or Marking.PLACES.value,
        }
