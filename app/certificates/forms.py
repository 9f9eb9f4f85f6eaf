"""The form of the template editor, and the one line that ends a certificate."""

from __future__ import annotations

from typing import Any

from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from flask_wtf.file import FileField
from wtforms import BooleanField, HiddenField, StringField, TextAreaField
from wtforms.validators import InputRequired, Length

from app.certificates.rules import (
    COLOUR,
    LANGUAGES,
    LONGEST_NAME,
    LONGEST_SIGNATURE,
    LONGEST_TEXT,
    LONGEST_TITLE,
    Design,
)


def _title(label: Any, language: str) -> StringField:
    return StringField(
        label,
        [Length(max=LONGEST_TITLE)],
        render_kw={"maxlength": LONGEST_TITLE, "lang": language, "autocomplete": "off"},
    )


def _text(label: Any, language: str) -> TextAreaField:
    return TextAreaField(
        label,
        [Length(max=LONGEST_TEXT)],
        render_kw={"maxlength": LONGEST_TEXT, "rows": 5, "lang": language},
    )


def _signature(label: Any, language: str) -> StringField:
    return StringField(
        label,
        [Length(max=LONGEST_SIGNATURE)],
        render_kw={"maxlength": LONGEST_SIGNATURE, "lang": language, "autocomplete": "off"},
    )


class TemplateForm(FlaskForm):  # type: ignore[misc]
    """How certificates of a template look."""

    name = StringField(
        _l("Name of the template"),
        [InputRequired(_l("Please fill this in.")), Length(max=LONGEST_NAME)],
        description=_l("Only organizers see it."),
        render_kw={"maxlength": LONGEST_NAME, "autocomplete": "off"},
    )
    title_zh_Hans = _title(_l("Title, in Chinese"), "zh-Hans")  # noqa: N815 - a language's name
    text_zh_Hans = _text(_l("Text, in Chinese"), "zh-Hans")  # noqa: N815
    signature_zh_Hans = _signature(_l("Signature, in Chinese"), "zh-Hans")  # noqa: N815
    title_en = _title(_l("Title, in English"), "en")
    text_en = _text(_l("Text, in English"), "en")
    signature_en = _signature(_l("Signature, in English"), "en")
    colour = StringField(_l("Colour"), render_kw={"type": "color", "class_": "colour-input"})
    picture = FileField(_l("Picture at the top"), render_kw={"accept": "image/png,image/jpeg"})
    kept = HiddenField()  # the picture that was sent before, as base64: browsers forget files
    drop_picture = BooleanField(_l("No picture"))

    @classmethod
    def showing(cls, name: str, design: Design) -> TemplateForm:
        """The form filled with what is stored."""
        values = {
            f"{part}_{language}": getattr(design, part).get(language, "")
            for part in ("title", "text", "signature")
            for language in LANGUAGES
        }
        return cls(formdata=None, name=name, colour=design.colour, **values)

    def design(self, picture: str) -> Design:
        """What was filled in, with the digest of the picture."""

        def words(part: str) -> dict[str, str]:
            found = {language: self[f"{part}_{language}"].data or "" for language in LANGUAGES}
            return {k: "\n".join(v.split("\n")).strip() for k, v in found.items() if v.strip()}

        return Design(
            title=words("title"),
            text={k: v.replace("\r", "") for k, v in words("text").items()},
            signature=words("signature"),
            colour=(self.colour.data or COLOUR).lower(),
            picture=picture,
        )
