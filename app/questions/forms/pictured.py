"""The form of questions that are answered on a picture."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask_babel import lazy_gettext as _l
from wtforms import FieldList, Form, FormField, IntegerField, SelectField, StringField
from wtforms.fields.choices import SelectChoice  # type: ignore[attr-defined]
from wtforms.validators import Optional

from app.questions.forms.base import BaseForm, in_per_cent, more_rows, per_cent, put_rows
from app.questions.rules import LONGEST_OPTION, MOST_AREAS, SHAPE_NAMES, Shape, plain_number


class AreaForm(Form):
    """One area of the picture; `worth` in per cent, all empty is an equal share."""

    shape = SelectField(
        _l("Shape"),
        [Optional()],
        choices=[SelectChoice(each.value, SHAPE_NAMES[each]) for each in Shape],
        default=Shape.RECT.value,
    )
    coords = StringField(_l("Where"), render_kw={"maxlength": 500})
    text = StringField(_l("What is there"), render_kw={"maxlength": LONGEST_OPTION})
    feedback = StringField(_l("Feedback"), render_kw={"maxlength": LONGEST_OPTION})
    worth = StringField(_l("Worth in per cent"), render_kw={"inputmode": "decimal"})


class HotspotForm(BaseForm):
    """A picture, its areas, and how many of them are to be found."""

    picture = StringField(
        _l("Picture"),
        [Optional()],
        description=_l("The address of a picture that you have sent; the button puts it in."),
        render_kw={"maxlength": 200},
    )
    alt = StringField(
        _l("What the picture shows"),
        [Optional()],
        description=_l("For members who cannot see it. Do not tell where the answer is."),
        render_kw={"maxlength": LONGEST_OPTION},
    )
    find = IntegerField(
        _l("Places to be found"), [Optional()], default=1, render_kw={"min": 1, "max": 10}
    )
    areas = FieldList(FormField(AreaForm), _l("Areas"), min_entries=2, max_entries=MOST_AREAS)

    def add_rows(self) -> None:
        more_rows(self.areas)

    def fill(self, kind: str, body: Mapping[str, Any]) -> None:
        super().fill(kind, body)
        self.picture.data = str(body.get("picture") or "")
        self.alt.data = str(body.get("alt") or "")
        find = str(body.get("find") or 1)
        self.find.data = int(find) if find.isdecimal() and len(find) < 4 else 1
        rows = [
            {
                "shape": str(area.get("shape") or Shape.RECT.value),
                "coords": str(area.get("coords") or ""),
                "text": str(area.get("text") or ""),
                "feedback": str(area.get("feedback") or ""),
                "worth": in_per_cent(area.get("fraction") or 0),
            }
            for area in (body.get("areas") or [])[:MOST_AREAS]
        ]
        put_rows(self.areas, rows, least=2)

    def body(self, kind: str) -> dict[str, Any]:
        areas = []
        for row in self.areas:
            form = row.form
            if (form.coords.data or "").strip():
                worth = (form.worth.data or "").strip()
                areas.append(
                    {
                        "shape": form.shape.data or Shape.RECT.value,
                        "coords": form.coords.data,
                        "text": form.text.data or "",
                        "feedback": form.feedback.data or "",
                        "fraction": plain_number(per_cent(worth)) if worth else "",
                    }
                )
        return {
            **super().body(kind),
            "picture": (self.picture.data or "").strip(),
            "alt": self.alt.data or "",
            "find": self.find.data or 1,
            "areas": areas,
        }
