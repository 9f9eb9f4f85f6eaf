"""What reading a file of questions gives, whatever the format; no format of its own."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from app.core.refusals import Refusal, TooMuch
from app.questions import types
from app.questions.rules import BadQuestion, language_named

MOST_BYTES = 30 * 1024 * 1024  # of a file with pictures and sounds in it
MOST_TEXT = 10 * 1024 * 1024  # of one without
MOST_QUESTIONS = 2_000
FACTS = ("category", "tags", "difficulty", "source", "language")  # what may be said of a question


@dataclass(frozen=True)
class Problem:
    """Something that is wrong, or that cannot be kept: where, what, and how to mend it.

    `line` is a line of a text or a row of a table, from 1; 0 when the file has neither. `file` is
    the file in a package that has this line. A problem that `blocks` keeps its question, and so
    its file, out of the bank.
    """

    what: str
    mend: str = ""
    line: int = 0
    blocks: bool = True
    file: str = ""


@dataclass
class Item:
    """One question as a file says it: `body` in the plain form of its kind, perhaps wrong.

    `facts`: category ("a/b"), tags (list), difficulty (1 to 5), source,
    language (zh, en, any). `number` is what the file
    calls it, else its place in the file, from 1. `file` is its file in a package, and `lines` are
    the lines of its parts, by the names that refusals have for them.
    """

    kind: str
    body: dict[str, Any]
    line: int = 0
    number: str = ""
    facts: dict[str, Any] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    file: str = ""
    lines: dict[str, int] = field(default_factory=dict)

    @property
    def blocked(self) -> bool:
        return any(problem.blocks for problem in self.problems)

    def note(self, what: str, mend: str = "", line: int = 0) -> None:
        """Say that something cannot be kept; the question is taken all the same."""
        place = line or self.line
        self.problems.append(Problem(what, mend, place, blocks=False, file=self.file))

    def refuse(self, what: str, mend: str = "", line: int = 0) -> None:
        """Say what must be mended before the question can be taken."""
        self.problems.append(Problem(what, mend, line or self.line, file=self.file))


@dataclass(frozen=True)
class Enclosed:
    """A picture or a sound that came in a file."""

    name: str
    data: bytes


_SOUNDS = (".mp3", ".m4a", ".wav", ".ogg", ".oga", ".aac", ".flac", ".opus")


@dataclass
class Paper:
    """All that a file says. `notes` belong to no question; one that blocks refuses the file.

    `files` are the pictures and sounds that came along, by the address that stands for each in
    the texts until it is kept (`service.clips`).
    """

    format: str
    items: list[Item] = field(default_factory=list)
    notes: list[Problem] = field(default_factory=list)
    files: dict[str, Enclosed] = field(default_factory=dict)

    def enclose(self, name: str, data: bytes) -> str:
        """Take a file along; returns the address that stands for it."""
        token = hashlib.sha256(data).hexdigest()[:32]
        is_sound = name.lower().endswith(_SOUNDS)
        url = f"/media/sounds/{token}.m4a" if is_sound else f"/media/images/{token}/1.webp"
        self.files.setdefault(url, Enclosed(name, data))
        return url


@dataclass(frozen=True)
class Written:
    """A file made from questions, and what its format could not say."""

    data: bytes
    losses: list[Problem]
    ending: str = ""  # of the file's name, when it is not the first of the format


@dataclass(frozen=True)
class Saying:
    """One question to be written: its plain body and how it is sorted."""

    kind: str
    body: Mapping[str, Any]
    facts: Mapping[str, Any] = field(default_factory=dict)
    number: int = 0


class NotThisFormat(Refusal):
    """The file is no such file at all; its reader cannot begin."""

    sentence = _l("This file cannot be read: %(why)s")


class UnknownFormat(Refusal):
    sentence = _l(
        "No question was found in this file. Look at the examples of the formats, or choose the "
        "format yourself."
    )


class FileTooLarge(TooMuch):
    sentence = _l("The file is larger than %(most)s MB. Split it into several files.")


class TooManyQuestions(TooMuch):
    sentence = _l("There are %(number)s questions in this file; %(most)s is the most.")


def judge(item: Item) -> None:
    """Say what the rules of its kind have against a question; a clean one stays as it is."""
    if item.kind not in types.TYPES:
        if not item.blocked:
            item.refuse(
                _("Questions of this kind (%(kind)s) are not known here.", kind=item.kind),
                _("Write it as a question of another kind, or take it out of the file."),
            )
        return
    if item.blocked:
        return
    of = types.of(item.kind)
    try:
        item.body = of.plain(of.clean(item.body))
    except BadQuestion as refusal:
        item.refuse(str(refusal), MENDS.get(refusal.where, ""), item.lines.get(refusal.where, 0))


class _Mends(dict[str, str]):
    """How to mend a part of a question, in the reader's language when asked."""

    def get(self, where: str, default: str = "") -> str:  # type: ignore[override]
        sentence = _MENDS.get(where)
        return str(sentence) if sentence else default


_MENDS = {
    "stem": _l("Write the question, or its gaps, anew."),
    "options": _l("Look at the answers and at which of them is marked as right."),
    "answer": _l("Write “answer: true” or “answer: false” below the statement."),
    "answers": _l("Look at the answer given below the question."),
    "pairs": _l("Look at the pairs, one on each line."),
    "items": _l("Write one thing on each line."),
    "rubric": _l("Look at the shares of the criteria."),
}
MENDS = _Mends()


def facts_of(
    *,
    category: str = "",
    tags: str | list[str] = "",
    difficulty: object = "",
    source: str = "",
    language: str = "",
) -> dict[str, Any]:
    """How a question is sorted, from what a file says; what is empty is left out."""
    import re

    signs = r"[,，;；、|]+" if re.search("[,，;；、|]", str(tags)) else r"\s+"
    given = re.split(signs, tags) if isinstance(tags, str) else tags
    words = list(dict.fromkeys(word[:40] for each in given if (word := str(each).strip())))
    found: dict[str, Any] = {}
    path = "/".join(part.strip()[:80] for part in str(category).split("/") if part.strip())
    if path:
        found["category"] = path
    if words:
        found["tags"] = words[:20]
    level = difficulty_of(str(difficulty))
    if level:
        found["difficulty"] = level
    if source.strip():
        found["source"] = source.strip()[:500]
    named = language_named(language)
    if named:
        found["language"] = named.value
    return found


def tags_in_words(tags: Sequence[str]) -> str:
    """Tags as `facts_of` reads them: with spaces between them, unless one has a space itself."""
    if not any(" " in tag for tag in tags):
        return " ".join(tags)
    return "、".join(tags) + ("、" if len(tags) == 1 else "")


_LEVELS = {
    word: level
    for level, words in enumerate(
        (
            ("很易", "很容易", "very easy"),
            ("易", "容易", "简单", "较易", "easy"),
            ("中", "中等", "一般", "medium"),
            ("难", "较难", "困难", "hard"),
            ("很难", "very hard"),
        ),
        1,
    )
    for word in words
}


def difficulty_of(text: str) -> int | None:
    """A level from 1 to 5, from a number, stars or a word; None when it says nothing."""
    plain = text.strip().lower()
    if plain and not plain.strip("★☆"):
        return min(5, max(1, plain.count("★")))
    if plain.isascii() and plain.isdigit():
        return int(plain) if 1 <= int(plain) <= 5 else None
    return _LEVELS.get(plain)
