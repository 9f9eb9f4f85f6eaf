"""What may be written in a discussion, and who may do what with it."""

from __future__ import annotations

import re
import unicodedata
from datetime import timedelta

from flask_babel import lazy_gettext as _l

from app.core.refusals import Conflict, NotAllowed, Refusal

LONGEST_TEXT = 2_000  # characters
LONGEST_QUOTE = 600
LONGEST_SOURCE = 400  # of the page that a quotation is from, a path of this site
LONGEST_REASON = 300
SHOWN = 3  # questions below a lesson; the page has all
SAME_WITHIN = timedelta(minutes=10)  # the same words again are a second press of the button
MOST_TOLD = 50  # of those who take part, the newest

# Marks that turn the direction of what follows, and would let a text pretend to be another one.
_TURNING = re.compile("[\u200e\u200f\u061c\u202a-\u202e\u2066-\u2069\ufeff]")


class NothingSaid(Refusal):
    """A post without words."""

    sentence = _l("Write a few words first.")


class TooLong(Refusal):
    """A post of too many characters."""

    sentence = _l("At most %(most)s characters; this has %(length)s.")


class NeedsAWhy(Refusal):
    """A post is hidden without a reason."""

    sentence = _l("Say why; the author will read it.")


class NotYours(NotAllowed):
    """Only the asker and trainers say what helped."""

    sentence = _l("Who asked, and the trainer of the course, say which answer helped.")


class OwnAnswer(NotAllowed):
    """Nobody praises themselves."""

    sentence = _l("Others say whether your answer helped.")


class Answered(Conflict):
    """A question that others have answered is no longer its asker's alone."""

    sentence = _l("Others have answered already, so the question stays.")


def cleaned(text: str, most: int = LONGEST_TEXT) -> str:
    """A text as it is kept: composed, without control and turning marks, without empty lines in
    a row. Raises NothingSaid, TooLong."""
    plain = unicodedata.normalize("NFC", text.replace("\r\n", "\n").replace("\r", "\n"))
    plain = _TURNING.sub("", plain)
    plain = "".join(
        c for c in plain if c == "\n" or not unicodedata.category(c).startswith(("Cc", "Cs"))
    )
    plain = _thinned(plain)
    plain = "\n".join(line.rstrip(" \t\u3000") for line in plain.split("\n"))
    plain = re.sub(r"\n{3,}", "\n\n", plain).strip()
    if not any(unicodedata.category(c)[0] in "LNPS" for c in plain):
        raise NothingSaid
    if len(plain) > most:
        raise TooLong(most=most, length=len(plain))
    return plain


def _thinned(text: str) -> str:
    """Without towers of accents: of marks on one letter the first three stay."""
    kept, marks = [], 0
    for c in text:
        marks = marks + 1 if unicodedata.category(c) == "Mn" else 0
        if marks <= 3:
            kept.append(c)
    return "".join(kept)


def checked_reason(text: str) -> str:
    """A reason of some words. Raises NeedsAWhy."""
    reason = " ".join(text.split())[:LONGEST_REASON]
    if not reason:
        raise NeedsAWhy
    return reason


def is_page(path: str) -> bool:
    """Whether a quotation's source is a path of this site that may be linked to."""
    return (
        0 < len(path) <= LONGEST_SOURCE
        and path.startswith("/")
        and not path.startswith(("//", "/\\"))
        and path.isprintable()
    )
