"""Forms of the library: the label of a document, and collections."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from wtforms import (
    BooleanField,
    DateField,
    RadioField,
    SelectField,
    SelectMultipleField,
    StringField,
    TextAreaField,
    ValidationError,
)
from wtforms.fields.choices import SelectChoice  # type: ignore[attr-defined]
from wtforms.validators import InputRequired, Length, Optional
from wtforms.widgets import CheckboxInput, ListWidget

from app.library.rules import (
    LONGEST_COLLECTION,
    LONGEST_SUMMARY,
    LONGEST_TITLE,
    SOURCES,
    BadDate,
    Label,
    date_of,
    tags_of,
)
from app.library.rules.reading import LONGEST_ABOUT


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
    authors = StringField(
        _l("Authors"),
        [Length(max=300)],
        description=_l("With semicolons between them."),
        render_kw={"maxlength": 300},
    )
    publisher = StringField(
        _l("Publisher"),
        [Length(max=200)],
        description=_l("Of an article, the journal or newspaper."),
        render_kw={"maxlength": 200},
    )
    dated = StringField(
        _l("Date of publication"),
        description=_l("For example 2024, 2024-06 or 2024-06-30."),
        render_kw={"maxlength": 12},
    )
    issue = StringField(
        _l("Issue"),
        [Length(max=60)],
        description=_l("Of a newspaper or journal, for example No. 6; of a regulation its number."),
        render_kw={"maxlength": 60},
    )
    source = SelectField(_l("Kind of source"), description=_l("“Cite this” follows it."))
    language = SelectField(_l("Language"))
    tags = StringField(
        _l("Tags"),
        [Length(max=300)],
        description=_l("With commas between them."),
        render_kw={"maxlength": 300},
    )
    summary = TextAreaField(
        _l("What it is about"),
        [Length(max=LONGEST_SUMMARY)],
        render_kw={"maxlength": LONGEST_SUMMARY},
    )
    courses = SelectMultipleField(
        _l("Courses it belongs with"),
        coerce=int,
        option_widget=CheckboxInput(),
        widget=ListWidget(prefix_label=False),
    )
    is_pinned = BooleanField(_l("Keep it at the top of the library"))
    read_only = BooleanField(
        _l("Offer no download"),
        description=_l("It is read in the page. Who can read it can still copy what they see."),
    )
    valid_from = DateField(_l("To be seen from"), [Optional()])
    valid_until = DateField(_l("To be seen until"), [Optional()])

    def offer_more(
        self,
        languages: Mapping[str, str],
        as_shown: str,
        courses: list[tuple[int, str]],
        guessed: str,
    ) -> None:
        """Fill the lists of languages, sources and courses.

        `as_shown` is how “as in the text” is said, `guessed` how “as the label shows it”.
        """
        self.source.choices = [
            SelectChoice("", guessed),
            *(SelectChoice(source.value, name) for source, name in SOURCES.items()),
        ]
        self.language.choices = [
            SelectChoice("", as_shown),
            *(SelectChoice(code, name) for code, name in languages.items()),
        ]
        self.courses.choices = _choices(courses)

    def validate_dated(self, field: StringField) -> None:
        """A year, a month or a day."""
        try:
            date_of(field.data or "")
        except BadDate as refusal:
            raise ValidationError(str(refusal)) from refusal

    @property
    def label_said(self) -> Label:
        """The label as it was filled in."""
        return Label(
            title=self.title.data or "",
            authors=self.authors.data or "",
            publisher=self.publisher.data or "",
            dated=date_of(self.dated.data or ""),
            issue=self.issue.data or "",
            source=self.source.data or "",
            language=self.language.data or "",
            tags=tags_of(self.tags.data or ""),
            summary=self.summary.data or "",
            is_pinned=bool(self.is_pinned.data),
            may_download=not self.read_only.data,
            valid_from=self.valid_from.data,
            valid_until=self.valid_until.data,
        )


class ListForm(FlaskForm):  # type: ignore[misc]
    """A reading list: what it is called, and whom it is for."""

    title = StringField(
        _l("Title"), [InputRequired(), Length(max=120)], render_kw={"maxlength": 120}
    )
    about = TextAreaField(
        _l("What it is about"),
        [Length(max=LONGEST_ABOUT)],
        render_kw={"maxlength": LONGEST_ABOUT},
    )
    shown_to = RadioField(
        _l("Who may see it"),
        choices=[
            SelectChoice("me", _l("Only me")),
            SelectChoice("all", _l("Everybody")),
            SelectChoice("branches", _l("Only these branches, with all below them")),
        ],
        default="me",
    )
    branches = SelectMultipleField(
        _l("Branches"),
        coerce=int,
        option_widget=CheckboxInput(),
        widget=ListWidget(prefix_label=False),
    )
    is_required = BooleanField(
        _l("Required reading"),
        description=_l(
            "It stands at the top of the library until every document on it has been read."
        ),
    )
    due = DateField(_l("To be read by"), [Optional()])


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
