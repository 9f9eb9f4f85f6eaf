"""The living page of the design language, for those who build pages; not there otherwise."""

from __future__ import annotations

from flask import Blueprint, abort, current_app, render_template, request
from flask_wtf import FlaskForm
from wtforms import (
    BooleanField,
    PasswordField,
    RadioField,
    SelectField,
    SelectMultipleField,
    StringField,
    TextAreaField,
)
from wtforms.fields.choices import SelectChoice  # type: ignore[attr-defined]  # newer than its types
from wtforms.validators import DataRequired, Length
from wtforms.widgets import CheckboxInput, ListWidget

from app.core.access import Rule, access
from app.core.paging import Page

bp = Blueprint("core", __name__)


def _debugging() -> bool:
    """Nobody may, and nobody is asked to sign in for it, unless the site runs for builders."""
    return bool(current_app.extensions["weike"].debug) or abort(404)


DEBUG = Rule("debug", _debugging)


def _choices(*labels: str) -> list[SelectChoice]:
    return [SelectChoice(str(number), label) for number, label in enumerate(labels, 1)]


class Sample(FlaskForm):  # type: ignore[misc]
    """One field of each kind; its words are examples, so they are not translated."""

    class Meta:
        csrf = False

    title = StringField("课程标题 Title", [DataRequired(), Length(max=80)])
    password = PasswordField("密码 Password", [DataRequired()])
    summary = TextAreaField("简介 Summary", description="一两句话。 One or two sentences.")
    branch = SelectField("支部 Branch", [DataRequired()], choices=_choices("总部", "　第一支部"))
    sound = RadioField("播放 Playback", choices=_choices("标准 Normal", "加速 Faster"))
    speed = RadioField("速度 Speed", choices=_choices("1×", "1.5×", "2×"))
    days = SelectMultipleField(
        "提醒 Remind on",
        choices=_choices("星期一 Monday", "星期五 Friday"),
        option_widget=CheckboxInput(),
        widget=ListWidget(prefix_label=False),
    )
    agree = BooleanField("我已阅读 I have read this")


@bp.get("/design")
@access(DEBUG)
def design() -> str:
    fresh = Sample(formdata=None, sound="1", speed="2", days=["2"])
    wrong = Sample(formdata=None, prefix="wrong-")
    wrong.validate()
    return render_template(
        "design.html",
        form=fresh,
        wrong=wrong,
        page=Page(rows=(), number=2, total=72),
        look=request.args.get("look", "auto"),
        large=request.args.get("type") == "large",
    )
