"""The forms about people: shape and type of what is typed; what it means is decided elsewhere."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from flask_wtf.file import FileField, FileRequired
from wtforms import (
    BooleanField,
    HiddenField,
    PasswordField,
    RadioField,
    SelectField,
    StringField,
    TextAreaField,
    ValidationError,
)
from wtforms.fields.choices import SelectChoice  # type: ignore[attr-defined]
from wtforms.validators import InputRequired, Length

from app.core.i18n import LANGUAGES
from app.members.rules import APPEARANCES, Reading, Role
from app.members.rules.names import LONGEST_BRANCH, LONGEST_EMAIL, LONGEST_NAME, LONGEST_USERNAME
from app.members.rules.passwords import SHORTEST

ROLE_LABELS = {
    Role.TRAINER: _l("Trainer"),
    Role.ORGANIZER: _l("Organizer"),
    Role.ADMINISTRATOR: _l("Administrator"),
}
READING_LABELS = {
    Reading.NORMAL.value: _l("Normal type"),
    Reading.LARGE.value: _l("Large type"),
    Reading.EASY.value: _l("Easy mode: large, plain, read aloud"),
}
AUTOMATIC = "auto"  # no language of one's own: the browser's
_NEEDED = InputRequired(_l("Please fill this in."))


def _choices(pairs: Iterable[tuple[Any, Any]]) -> list[SelectChoice]:
    return [SelectChoice(value, label) for value, label in pairs]


def offer_branches(field: SelectField, choices: Iterable[tuple[int, str]]) -> None:
    """Fill a list of branches: the ids and names that `queries.branch_choices` returns."""
    field.choices = _choices(choices)


def _new_password(label: Any) -> PasswordField:
    return PasswordField(
        label,
        [_NEEDED],
        description=_l(
            "At least %(least)s characters. Three or four words are a good one.", least=SHORTEST
        ),
        render_kw={"autocomplete": "new-password", "data-reveal": ""},
    )


class SignInForm(FlaskForm):  # type: ignore[misc]
    """Name and password. Neither is trimmed by length here: an odd one is simply wrong."""

    login = StringField(
        _l("User name, e-mail or phone"),
        [_NEEDED],
        render_kw={
            "autocomplete": "username",
            "autocapitalize": "none",
            "spellcheck": "false",
            "maxlength": 254,
        },
    )
    password = PasswordField(
        _l("Password"),
        [_NEEDED],
        render_kw={"autocomplete": "current-password", "data-reveal": ""},
    )


class _Repeated(FlaskForm):  # type: ignore[misc]
    """A new password, typed twice: a slip of the finger would lock the member out."""

    repeat = PasswordField(
        _l("The new password once more"),
        [_NEEDED],
        render_kw={"autocomplete": "new-password", "data-reveal": ""},
    )

    def validate_repeat(self, field: PasswordField) -> None:
        if field.data != self.password.data:
            raise ValidationError(str(_l("The two passwords are not the same.")))


class ActivateForm(_Repeated):
    """The first password of a member, with what makes reading comfortable."""

    code = StringField(
        _l("Activation code"),
        [_NEEDED],
        description=_l("Twelve letters and digits, as printed on your slip."),
        render_kw={
            "autocomplete": "one-time-code",
            "autocapitalize": "characters",
            "spellcheck": "false",
            "maxlength": 40,
            "class_": "code-input",
        },
    )
    password = _new_password(_l("New password"))
    language = RadioField(_l("Language"), choices=_choices(LANGUAGES.items()))
    reading = RadioField(_l("How pages look"), choices=_choices(READING_LABELS.items()))


class PasswordForm(_Repeated):
    """Another password."""

    present = PasswordField(
        _l("Present password"),
        [_NEEDED],
        render_kw={"autocomplete": "current-password", "data-reveal": ""},
    )
    password = _new_password(_l("New password"))


class SettingsForm(FlaskForm):  # type: ignore[misc]
    """What members choose for themselves, and nothing besides."""

    language = SelectField(
        _l("Language"),
        [_NEEDED],
        choices=_choices([(AUTOMATIC, _l("As the browser says")), *LANGUAGES.items()]),
    )
    appearance = RadioField(
        _l("Appearance"),
        choices=_choices(zip(APPEARANCES, (_l("Automatic"), _l("Light"), _l("Dark")), strict=True)),
    )
    reading = RadioField(_l("How pages look"), choices=_choices(READING_LABELS.items()))


class MemberForm(FlaskForm):  # type: ignore[misc]
    """Who a member is. The branches to choose from depend on who asks."""

    name = StringField(_l("Name"), [_NEEDED], render_kw={"maxlength": LONGEST_NAME})
    username = StringField(
        _l("User name"),
        [_NEEDED],
        description=_l("For signing in, for example a staff number. Capitals make no difference."),
        render_kw={
            "maxlength": LONGEST_USERNAME,
            "autocapitalize": "none",
            "autocomplete": "off",
            "spellcheck": "false",
        },
    )
    branch_id = SelectField(_l("Branch"), [_NEEDED], coerce=int)
    phone = StringField(
        _l("Phone"), render_kw={"maxlength": 40, "inputmode": "tel", "autocomplete": "off"}
    )
    email = StringField(
        _l("E-mail"),
        render_kw={"maxlength": LONGEST_EMAIL, "inputmode": "email", "autocomplete": "off"},
    )


class RoleForm(FlaskForm):  # type: ignore[misc]
    """One role for a member."""

    role = SelectField(_l("Role"), [_NEEDED], choices=_choices(ROLE_LABELS.items()), coerce=Role)
    branch_id = SelectField(
        _l("Branch to look after"),
        coerce=int,
        description=_l("For organizers: this branch and all below it."),
    )


class BranchForm(FlaskForm):  # type: ignore[misc]
    """A branch to add."""

    name = StringField(_l("Name of the branch"), [_NEEDED], render_kw={"maxlength": LONGEST_BRANCH})
    parent_id = SelectField(_l("Below"), [_NEEDED], coerce=int)


class PasteBranchesForm(FlaskForm):  # type: ignore[misc]
    """Many branches at once, as they stand in somebody's document."""

    outline = TextAreaField(
        _l("One branch on each line"),
        [_NEEDED, Length(max=20_000)],
        description=_l("Begin a line with spaces to put it below the one above, or write a/b/c."),
        render_kw={"rows": 8, "spellcheck": "false"},
    )


class RenameBranchForm(FlaskForm):  # type: ignore[misc]
    """Another name for a branch."""

    name = StringField(_l("Name of the branch"), [_NEEDED], render_kw={"maxlength": LONGEST_BRANCH})


class MoveBranchForm(FlaskForm):  # type: ignore[misc]
    """Another place for a branch."""

    parent_id = SelectField(_l("Move below"), [_NEEDED], coerce=int)


class ImportForm(FlaskForm):  # type: ignore[misc]
    """A list of members as a file."""

    file = FileField(
        _l("File (CSV or XLSX)"),
        [FileRequired(_l("Choose a file."))],
        render_kw={"accept": ".csv,.xlsx,.txt,text/csv", "required": True},
    )
    create_branches = BooleanField(_l("Make branches that are missing"))


class ConfirmImportForm(FlaskForm):  # type: ignore[misc]
    """What the preview has shown, sent back to be taken in."""

    table = HiddenField(validators=[InputRequired(), Length(max=450_000)])
    create_branches = BooleanField()
