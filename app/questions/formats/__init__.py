"""Files of questions, in and out: one module for each format, all of one shape.

Every module has `NAME`, `LABEL` (lazy), `ENDINGS` (of file names, the first is the one written),
`fits(data, filename)` (whether a file looks like this format), `read(data, filename)` → Paper, and
`write(sayings)` → Written. `read` says what is wrong with every question instead of raising; it
raises NotThisFormat only when it cannot begin. What a format cannot say is in `Written.losses`,
what we cannot keep is in the notes of the Paper: nothing is dropped silently.

A format that takes pictures and sounds along says `CARRIES = True`: its `write` takes `fetch`,
which gives the bytes of an address, and its `read` puts them into `Paper.files`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import PurePath
from typing import Any, Protocol, cast

from flask_babel import gettext as _

from app.core.refusals import Refusal
from app.core.spreadsheet import NoTable
from app.core.typed import seen
from app.questions.formats import (
    aiken,
    clips,
    csv,
    gift,
    moodle,
    others,
    ours,
    plain,
    qti2,
    qti3,
    word,
    xlsx,
)
from app.questions.formats.facts import (
    MOST_BYTES,
    MOST_QUESTIONS,
    MOST_TEXT,
    FileTooLarge,
    Item,
    NotThisFormat,
    Paper,
    Problem,
    Saying,
    TooManyQuestions,
    UnknownFormat,
    Written,
    judge,
)


class Format(Protocol):
    """The shape that the module of every format has."""

    NAME: str
    LABEL: Any
    ENDINGS: tuple[str, ...]

    def fits(self, data: bytes, filename: str) -> bool: ...
    def read(self, data: bytes, filename: str) -> Paper: ...
    def write(self, sayings: Sequence[Saying]) -> Written: ...


class Carrier(Protocol):
    """A format that takes pictures and sounds along."""

    def write(self, sayings: Sequence[Saying], fetch: clips.Fetch | None = None) -> Written: ...


# In the order in which they are tried: the strictest first, plain text last.
FORMATS: dict[str, Format] = {
    module.NAME: cast("Format", module)
    for module in (ours, moodle, qti2, qti3, word, xlsx, csv, gift, aiken, plain)
}
AUTO = "auto"


def read(data: bytes, filename: str, format_name: str = AUTO) -> Paper:
    """Every question of a file, each judged by the rules of its kind.

    Raises UnknownFormat, NotThisFormat, FileTooLarge, TooManyQuestions.
    """
    others.refuse(data, filename)
    has_files = data.startswith(b"PK") or b"<quiz" in data[:2000]
    most = MOST_BYTES if has_files else MOST_TEXT
    if len(data) > most:
        raise FileTooLarge(most=most // 1024 // 1024)
    try:
        if format_name != AUTO:
            paper = FORMATS[format_name].read(data, filename)
        else:
            paper = _first(data, filename)
    except NoTable as refusal:  # bytes that are no text at all
        raise NotThisFormat(why=str(refusal)) from refusal
    if len(paper.items) > MOST_QUESTIONS:
        raise TooManyQuestions(number=len(paper.items), most=MOST_QUESTIONS)
    for item in paper.items:
        item.body = _legible(item.body)
        judge(item)
    return paper


def _legible(said: Any) -> Any:
    """The same with spaces for the signs that nobody sees and that break the files of others."""
    if isinstance(said, str):
        return seen(said)
    if isinstance(said, Mapping):
        return {key: _legible(value) for key, value in said.items()}
    return [_legible(each) for each in said] if isinstance(said, list) else said


def _first(data: bytes, filename: str) -> Paper:
    ending = PurePath(filename).suffix.lower()
    ordered = sorted(FORMATS.values(), key=lambda f: ending not in f.ENDINGS)
    for each in ordered:
        if _fits(each, data, filename):
            paper = each.read(data, filename)
            if paper.items:
                return paper
    raise UnknownFormat


def _fits(each: Format, data: bytes, filename: str) -> bool:
    try:
        return each.fits(data, filename)
    except Refusal:  # bytes that are no text at all
        return False


def write(sayings: Sequence[Saying], format_name: str, fetch: clips.Fetch | None = None) -> Written:
    """A file of questions; KeyError for a format that does not exist.

    `fetch` gives the bytes of a picture or a sound by its address, or None.
    """
    module = FORMATS[format_name]
    if getattr(module, "CARRIES", False):
        written = cast("Carrier", module).write(sayings, fetch)
        left = []
    else:
        written = module.write(sayings)
        left = [clips.stays_here(n) for n, s in enumerate(sayings, 1) if clips.urls(s.body)]
    if format_name != ours.NAME:
        left += [
            Problem(
                _("Question %(number)s: where it is taught is not in the file.", number=number),
                line=number,
                blocks=False,
            )
            for number, saying in enumerate(sayings, 1)
            if any(saying.facts.get(key) for key in ours.TAUGHT)
        ]
    return Written(written.data, [*written.losses, *left], written.ending)


__all__ = [
    "AUTO",
    "FORMATS",
    "Item",
    "NotThisFormat",
    "Paper",
    "Problem",
    "Saying",
    "UnknownFormat",
    "Written",
    "judge",
    "read",
    "write",
]
