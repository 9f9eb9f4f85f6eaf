"""What a certificate says and for how long it holds: kinds, designs, numbers, refusals."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from flask_babel import lazy_gettext as _l

from app.core.refusals import Refusal

LONGEST_NAME = 80  # of a template
LONGEST_TITLE = 60
LONGEST_TEXT = 600
LONGEST_SIGNATURE = 120
LONGEST_REASON = 300
LARGEST_PICTURE = 2 * 1024 * 1024  # bytes as uploaded
MOST_MONTHS = 240
LANGUAGES = ("zh_Hans", "en")  # that a template is written in; the rest falls back to them
COLOUR = "#a61b24"
_COLOUR = re.compile(r"#[0-9a-fA-F]{6}")
_PLACE = re.compile(r"\{([^{}]*)\}")
_LETTERS = "23456789ABCDEFGHJKMNPQRSTVWXYZ"  # nothing that looks like something else


class Kind(StrEnum):
    """What a certificate is for; the id of the thing is its caller's."""

    COURSE = "course"
    EXAM = "exam"
    PATH = "path"


KIND_NAMES = {
    Kind.COURSE: _l("Course"),
    Kind.EXAM: _l("Exam"),
    Kind.PATH: _l("Learning path"),
}


class Standing(StrEnum):
    """Whether a certificate holds."""

    VALID = "valid"
    EXPIRED = "expired"
    REVOKED = "revoked"
    REPLACED = "replaced"


STANDING_NAMES = {
    Standing.VALID: _l("Valid"),
    Standing.EXPIRED: _l("Expired"),
    Standing.REVOKED: _l("Revoked"),
    Standing.REPLACED: _l("Replaced by a newer one"),
}
# What the text of a template may take in, and what it stands for.
PLACES = {
    "name": _l("who earned it"),
    "what": _l("what it was earned for"),
    "date": _l("the day on which it was earned"),
    "expires": _l("the last day on which it holds"),
    "number": _l("the number of the certificate"),
    "score": _l("the score, of an exam"),
    "organisation": _l("the organisation"),
}


class NoName(Refusal):
    sentence = _l("Give the template a name.")


class NoWords(Refusal):
    sentence = _l("Write a title and a text in at least one language.")


class BadPlace(Refusal):
    sentence = _l("“{%(place)s}” stands for nothing. Use one of those listed below the text.")


class BadColour(Refusal):
    sentence = _l("Write a colour like #a61b24.")


class BadPicture(Refusal):
    sentence = _l("This picture cannot be read. Use a PNG or JPEG of at most 2 MB.")


class TemplateInUse(Refusal):
    sentence = _l("Something is certified with this template. Choose another one there first.")


class NeedsAReason(Refusal):
    sentence = _l("Say why in a few words. The reason stands in the list.")


class NotValid(Refusal):
    sentence = _l("This certificate was revoked or replaced already.")


@dataclass(frozen=True)
class Design:
    """How certificates of a template look; the three texts by language.

    `picture` is the digest of the picture at the top, "" for none.
    """

    title: Mapping[str, str] = field(default_factory=dict)
    text: Mapping[str, str] = field(default_factory=dict)
    signature: Mapping[str, str] = field(default_factory=dict)
    colour: str = COLOUR
    picture: str = ""

    def in_language(self, language: str) -> tuple[str, str, str]:
        """Title, text and signature; where one is not written, the nearest language's."""
        return (
            _nearest(self.title, language),
            _nearest(self.text, language),
            _nearest(self.signature, language),
        )

    def as_stored(self) -> dict[str, Any]:
        return {
            "title": dict(self.title),
            "text": dict(self.text),
            "signature": dict(self.signature),
            "colour": self.colour,
            "picture": self.picture,
        }

    @classmethod
    def of(cls, stored: Mapping[str, Any]) -> Design:
        return cls(**stored)


def _nearest(words: Mapping[str, str], language: str) -> str:
    order = (language, *(("zh_Hans", "en") if language.startswith("zh") else ("en", "zh_Hans")))
    return next((words[each] for each in order if words.get(each)), "")


FIRST = Design(
    title={"zh_Hans": "证书", "en": "Certificate"},
    text={
        "zh_Hans": "兹证明 {name} 同志\n于 {date} 完成\n《{what}》\n特发此证。",
        "en": "This certifies that\n{name}\nhas completed\n{what}\non {date}.",
    },
    signature={"zh_Hans": "{organisation}", "en": "{organisation}"},
)


def checked(design: Design) -> Design:
    """A design that can be used. Raises a refusal that says what is wrong with it."""
    if not _COLOUR.fullmatch(design.colour):
        raise BadColour
    if not any(design.title.get(each) and design.text.get(each) for each in LANGUAGES):
        raise NoWords
    for words in (design.title, design.text, design.signature):
        for text in words.values():
            for found in _PLACE.finditer(text):
                if found.group(1) not in PLACES:
                    raise BadPlace(place=found.group(1)[:40])
    return design


def filled(text: str, facts: Mapping[str, str]) -> str:
    """A text with its places filled; a line all of whose places are empty is left out.

    Filled once: braces in a name or a title stay what they are.
    """
    lines = []
    for line in text.splitlines():
        places = _PLACE.findall(line)
        if places and not any(facts.get(place) for place in places):
            continue
        lines.append(_PLACE.sub(lambda found: facts.get(found.group(1), found.group(0)), line))
    return "\n".join(lines)


def number(year: int, random_number: int) -> str:
    """A number like “2026-7K3F-9QMX-2H4C” with 58 random bits, so that none can be guessed."""
    letters = []
    for _ in range(12):
        random_number, letter = divmod(random_number, len(_LETTERS))
        letters.append(_LETTERS[letter])
    code = "".join(letters)
    return f"{year}-{code[:4]}-{code[4:8]}-{code[8:]}"


def as_number(typed: str) -> str:
    """A number as somebody types it from paper: any case, spaces, without or with hyphens."""
    plain = "".join(c for c in typed.upper() if c.isascii() and c.isalnum())[:16]
    return "-".join(part for part in (plain[:4], plain[4:8], plain[8:12], plain[12:]) if part)


def later(moment: datetime, months: int) -> datetime:
    """So many months later; the last day of a month where the day does not exist."""
    years, month = divmod(moment.month - 1 + months, 12)
    for day in (moment.day, 30, 29, 28):
        try:
            return moment.replace(year=moment.year + years, month=month + 1, day=day)
        except ValueError:
            continue
    raise ValueError("no such month")


def standing(state: str, expires_at: datetime | None, now: datetime) -> Standing:
    """Whether a certificate holds at a moment."""
    if state != "live":
        return Standing(state)
    return Standing.EXPIRED if expires_at is not None and expires_at <= now else Standing.VALID


def reason_of(text: str) -> str:
    """A reason on one line. Raises NeedsAReason."""
    plain = " ".join(text.split())[:LONGEST_REASON]
    if not plain:
        raise NeedsAReason
    return plain
