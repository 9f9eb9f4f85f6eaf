"""Forms of the trainer's desk: shape and type of what is typed; the rules judge it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from flask_wtf.file import FileField, FileRequired
from wtforms import (
    IntegerField,
    RadioField,
    SelectField,
    SelectMultipleField,
    StringField,
    TextAreaField,
)
from wtforms.fields.choices import SelectChoice  # type: ignore[attr-defined]
from wtforms.validators import InputRequired, NumberRange, Optional
from wtforms.widgets import CheckboxInput, ListWidget

from app.core.i18n import HTML_TAGS, LANGUAGES
from app.core.refusals import Refusal
from app.courses import queries
from app.courses.rules import (
    CAPTION_LANGUAGES,
    COMPLETION_RANGE,
    LONGEST_READING,
    LONGEST_SUMMARY,
    LONGEST_TITLE,
    MOST_ATTEMPTS,
    PASS_RANGE,
)
from app.courses.rules.titles import Titles, typed

NEW_THEME = 0


def refuse(form: FlaskForm, refusal: Refusal) -> None:
    """Show a refusal beside the field that it is about, or above the form."""
    field = getattr(form, getattr(refusal, "where", ""), None)
    if field is None:
        form.form_errors.append(str(refusal))
    else:
        field.errors = [*field.errors, str(refusal)]


def _title(label: Any) -> StringField:
    return StringField(label, [InputRequired()], render_kw={"maxlength": LONGEST_TITLE})


def _percent(label: Any, limits: tuple[int, int], **more: Any) -> IntegerField:
    least, most = limits
    return IntegerField(
        label,
        [InputRequired(), NumberRange(least, most)],
        render_kw={"inputmode": "numeric", "min": least, "max": most},
        **more,
    )


def _course_language() -> SelectField:
    return SelectField(
        _l("Language of the course"),
        [InputRequired()],
        choices=[SelectChoice(code, name) for code, name in LANGUAGES.items()],
    )


class _ThemeFields(FlaskForm):  # type: ignore[misc]
    """A theme is chosen, or its title typed to make a new one."""

    theme_id = SelectField(_l("Theme"), [InputRequired()], coerce=int)
    new_theme = StringField(
        _l("Title of the new theme"), render_kw={"maxlength": LONGEST_TITLE, "autocomplete": "off"}
    )
    language = _course_language()

    def offer_themes(self) -> None:
        """Fill the list of themes; the last entry makes a new one."""
        self.theme_id.choices = [
            *(SelectChoice(theme.id, theme.title) for theme in queries.all_themes()),
            SelectChoice(NEW_THEME, _l("A new theme …")),
        ]

    @property
    def wants_new_theme(self) -> bool:
        return bool(self.theme_id.data == NEW_THEME)


class OtherLanguages(FlaskForm):  # type: ignore[misc]
    """What something is called in other languages: `title_<language>` and, where the thing has a
    summary, `text_<language>`."""

    parts: tuple[str, ...] = ("title", "text")

    def others(self) -> dict[str, dict[str, str]]:
        """What was typed, by language."""
        return {
            code: {part: self[f"{part}_{code}"].data or "" for part in self.parts}
            for code in LANGUAGES
        }

    @staticmethod
    def shown(titles: Titles) -> dict[str, str]:
        """The values of the fields; what is derived is not shown, so that it stays derived."""
        return {
            f"{part}_{code}": words
            for code, one in typed(titles).items()
            for part, words in one.items()
        }


def name_other_languages(
    form: type[OtherLanguages], text: Callable[[str], Any] | None = None
) -> None:
    """Give a form its fields for each language: a title and, where there is a label, a text."""
    form.parts = ("title", "text") if text else ("title",)
    for code, name in LANGUAGES.items():
        title = StringField(
            _l("Title in %(language)s", language=name),
            render_kw={"maxlength": LONGEST_TITLE, "lang": HTML_TAGS[code]},
        )
        setattr(form, f"title_{code}", title)
        if text is None:
            continue
        area = TextAreaField(
            text(name), render_kw={"maxlength": LONGEST_SUMMARY, "lang": HTML_TAGS[code]}
        )
        setattr(form, f"text_{code}", area)


class NewCourseForm(_ThemeFields):
    """The least that a draft needs."""

    title = _title(_l("Title"))


class AboutForm(_ThemeFields, OtherLanguages):
    """What a course says of itself, and who may see it."""

    title = _title(_l("Title"))
    summary = TextAreaField(
        _l("Summary"),
        render_kw={"maxlength": LONGEST_SUMMARY},
        description=_l("One or two sentences: what will members know or be able to do?"),
    )
    audience = RadioField(
        _l("Who may see the course"),
        [InputRequired()],
        choices=[
            SelectChoice("all", _l("Everybody")),
            SelectChoice("branches", _l("Only these branches, with all below them")),
        ],
    )
    branches = SelectMultipleField(
        _l("Branches"),
        coerce=int,
        option_widget=CheckboxInput(),
        widget=ListWidget(prefix_label=False),
    )
    seen = IntegerField(validators=[Optional()])  # the revision that was shown

    def __init__(self, *args: Any, **values: Any) -> None:
        super().__init__(*args, **values)
        self.summary.flags.required = True  # to publish; a draft may go without


class CoverForm(FlaskForm):  # type: ignore[misc]
    """The picture of a course or theme, uploaded before; empty takes it away."""

    image_id = IntegerField(validators=[Optional()])


class ReadingForm(OtherLanguages):
    """A text to read."""

    title = _title(_l("Title"))
    body = TextAreaField(
        _l("The text"),
        render_kw={"maxlength": LONGEST_READING},
        description=_l("Headings begin with ##, lists with a hyphen, **bold** is bold."),
    )
    seen = IntegerField(validators=[Optional()])


class RecordingForm(OtherLanguages):
    """A video or sound recording, uploaded before."""

    title = _title(_l("Title"))
    media_id = IntegerField(_l("File"), [InputRequired(_l("Upload a file first."))])


class RecordedForm(FlaskForm):  # type: ignore[misc]
    """A whole course in one go: what was recorded, and one question about it."""

    media_id = IntegerField(_l("File"), [InputRequired(_l("Upload a file first."))])
    title = _title(_l("Title"))
    theme = StringField(
        _l("Theme"),
        [InputRequired()],
        render_kw={"maxlength": LONGEST_TITLE, "list": "themes", "autocomplete": "off"},
        description=_l("Choose one, or type the title of a new one."),
    )
    language = _course_language()
    question = TextAreaField(
        _l("A question about it"),
        [InputRequired()],
        render_kw={"rows": 2, "maxlength": LONGEST_SUMMARY},
        description=_l("Members answer it after the video. Lists show it below the title."),
    )
    right = StringField(_l("The right answer"), [InputRequired()], render_kw={"maxlength": 500})
    wrong = StringField(_l("A wrong answer"), [InputRequired()], render_kw={"maxlength": 500})


class SeriesForm(_ThemeFields):
    """What the parts of a split recording have in common; cuts and titles are repeated fields."""


class TitleForm(OtherLanguages):
    """What a recording is called."""

    title = _title(_l("Title"))
    seen = IntegerField(validators=[Optional()])


class ReplaceForm(FlaskForm):  # type: ignore[misc]
    media_id = IntegerField(_l("File"), [InputRequired(_l("Upload a file first."))])


class CaptionsForm(FlaskForm):  # type: ignore[misc]
    """Captions of one language."""

    language = SelectField(
        _l("Language"),
        [InputRequired()],
        choices=[SelectChoice(code, name) for code, name in CAPTION_LANGUAGES.items()],
    )
    file = FileField(
        _l("Caption file"),
        [FileRequired(_l("Choose a file first."))],
        render_kw={"accept": ".vtt,.srt,.ass,.ssa,.lrc,text/vtt"},
        description=_l("WebVTT (.vtt), SubRip (.srt), SubStation Alpha (.ass) or lyrics (.lrc)."),
    )


class RulesForm(FlaskForm):  # type: ignore[misc]
    """What it takes to finish a course."""

    pass_percent = _percent(
        _l("Pass mark in per cent"),
        PASS_RANGE,
        description=_l("How much of the quiz must be right."),
    )
    attempts_allowed = _percent(
        _l("Attempts allowed"),
        (0, MOST_ATTEMPTS),
        description=_l("How often a member may try. 0 means: as often as they like."),
    )
    completion_percent = _percent(
        _l("To be watched, in per cent"),
        COMPLETION_RANGE,
        description=_l("How much of a video or recording must be watched, from 50 to 100."),
    )


class ThemeForm(OtherLanguages):
    title = _title(_l("Title"))
    description = TextAreaField(
        _l("Description"),
        render_kw={"maxlength": LONGEST_SUMMARY},
        description=_l("What do the courses of this theme have in common?"),
    )


name_other_languages(AboutForm, lambda name: _l("Summary in %(language)s", language=name))
name_other_languages(ReadingForm)
name_other_languages(RecordingForm)
name_other_languages(TitleForm)
name_other_languages(ThemeForm, lambda name: _l("Description in %(language)s", language=name))
