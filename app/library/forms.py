"""Forms of the library: the label of a document, and collections."""

from __future__ import annotations

from collections.abc import Iterable

from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from wtforms import RadioField, SelectField, SelectMultipleField, StringField
from wtforms.fields.choices import SelectChoice  # type: ignore[attr-defined]
from wtforms.validators import InputRequired, Length
from wtforms.widgets import CheckboxInput, ListWidget

from app.library.rules import LONGEST_COLLECTION, LONGEST_TITLE


def _number(text: str) -> int:
    return int(text or 0)


def _choices(pairs: Iterable[tuple[int, str]]) -> list[SelectChoice]:
    return [SelectChoice(value, label) for value, label in pairs]


class ShelvingForm(FlaskForm):  # type: ignore[misc]
    """Where documents stand and who may see them."""

    collection = SelectField(_l("Collection"), coerce=_number)
    audience = RadioField(
        _l("Who may see it"),
        choices=[
            SelectChoice("all", _l("Everybody")),
            SelectChoice("branches", _l("Only these branches, with all below them")),
        ],
        default="all",
    )
    branches = SelectMultipleField(
        _l("Branches"),
        coerce=int,
        option_widget=CheckboxInput(),
        widget=ListWidget(prefix_label=False),
    )

    def offer(
        self, collections: list[tuple[int, str]], branches: list[tuple[int, str]], none: str
    ) -> None:
        """Fill the lists; `none` is how “in no collection” is said."""
        self.collection.choices = _choices([(0, none), *collections])
        self.branches.choices = _choices(branches)

    @property
    def chosen_collection(self) -> int | None:
        return self.collection.data or None

    @property
    def chosen_branches(self) -> frozenset[int] | None:
        """None for everybody."""
        if self.audience.data != "branches":
            return None
        return frozenset(self.branches.data or ())


class DocumentForm(ShelvingForm):
    """What stands on the label of a document."""

    title = StringField(
        _l("Title"),
        [InputRequired(), Length(max=LONGEST_TITLE)],
        render_kw={"maxlength": LONGEST_TITLE},
    )


class CollectionForm(FlaskForm):  # type: ignore[misc]
    """A collection: its name, and the one that it is in."""

    name = StringField(
        _l("Name of the collection"),
        [InputRequired(), Length(max=LONGEST_COLLECTION)],
        render_kw={"maxlength": LONGEST_COLLECTION},
    )
    parent = SelectField(_l("Inside"), coerce=_number)

    def offer(self, collections: list[tuple[int, str]], top: str) -> None:
        """Fill the list; `top` is how “in no other” is said."""
        self.parent.choices = _choices([(0, top), *collections])
