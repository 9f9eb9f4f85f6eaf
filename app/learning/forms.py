"""Forms about how a course is watched, and of learning paths: shape and type of input."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from wtforms import BooleanField, SelectField, SelectMultipleField, StringField, TextAreaField
from wtforms.validators import InputRequired
from wtforms.widgets import CheckboxInput, ListWidget

from app.courses.forms import OtherLanguages, name_other_languages
from app.learning.rules import LONGEST_PATH_SUMMARY, LONGEST_PATH_TITLE


class WatchingForm(FlaskForm):  # type: ignore[misc]
    """How strictly a course is watched, and what comes before it; the view fills in the courses."""

    in_order = BooleanField(
        _l("No jumping ahead"),
        description=_l(
            "Until a lesson is complete for the first time, only what was seen and what follows it "
            "can be played."
        ),
    )
    presence = BooleanField(
        _l("Ask who is there"),
        description=_l(
            "Every few minutes, at a moment nobody knows, the player asks. Without an answer "
            "within a minute the clock stops."
        ),
    )
    alone = BooleanField(
        _l("One lesson at a time"),
        description=_l("Only the lesson that was opened last counts, on all devices of a member."),
    )
    needs = SelectMultipleField(
        _l("These courses come first"),
        coerce=int,
        option_widget=CheckboxInput(),
        widget=ListWidget(prefix_label=False),
    )


class PathForm(OtherLanguages):
    """What a learning path says, and for whom it is; the view fills in the branches."""

    title = StringField(
        _l("Title"),
        [InputRequired(_l("Give it a title."))],
        render_kw={"maxlength": LONGEST_PATH_TITLE, "autocomplete": "off"},
    )
    branch = SelectField(
        _l("For"), coerce=int, description=_l("Members of this branch and of all below it see it.")
    )
    summary = TextAreaField(
        _l("What it leads to"),
        render_kw={"maxlength": LONGEST_PATH_SUMMARY},
        description=_l("Whom is it for, and what can they do afterwards?"),
    )


class StepForm(FlaskForm):  # type: ignore[misc]
    """A course to be added at the end of a path; the view fills in the courses."""

    course = SelectField(_l("Course"), coerce=int)


name_other_languages(PathForm, lambda name: _l("What it leads to, in %(language)s", language=name))
