"""The form with which a trainer says how a course is watched: shape and type of input."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from wtforms import BooleanField, SelectMultipleField
from wtforms.widgets import CheckboxInput, ListWidget


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
