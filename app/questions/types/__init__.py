"""The kinds of questions, one module each, all of one shape: `QuestionType`.

A body exists in two forms: *plain*, as editors, packages and files say it, and *stored*, as
`clean` makes it, with random ids for everything that can be ticked, filled in or moved. A response
is a list of texts, always; [] is a blank answer:

* `Answering.TICKS`: ids of options, ticked in any order;
* `Answering.TEXT`: the one text that was typed;
* `Answering.PARTS`: "id=value" for each part that was answered, where the value is a text, a
  place from 1, or the id of an option.

An attempt gives its own random names to all ids (`options`), in a random order, so that what one
member sees tells another nothing. `asked` and `read` translate, for every kind:

    names = rules.shuffled(seed, position, types.of(kind).options(body))   # [(name, id), …]
    page.asked = types.asked(kind, body, names, response)                 # → templates
    response = types.read(kind, body, names, raw)                         # ← the form

`questions/_answer.html` draws what `asked` and `explained` return, for every kind; a page that uses
it loads css/answers.css and js/answers.js. The field of an answer is `q12`, its parts are
`q12.<name>`; `raw` is the list of the values of `q12` and of "<name>=<value>" for each
`q12.<name>` (see `raw_part`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any, Protocol, cast

from app.questions.rules import Answering, NotAnAnswer
from app.questions.types import (
    blanks,
    cloze,
    essay,
    file,
    gaps,
    hotspot,
    matching,
    multiple,
    numeric,
    ordering,
    short,
    single,
    truefalse,
)

Body = dict[str, Any]
Names = Sequence[tuple[str, str]] | Sequence[Sequence[str]]  # (name in this attempt, id), …


class QuestionType(Protocol):
    """The shape that the module of every kind has."""

    KIND: str
    ANSWERING: Answering
    BY_HAND: bool  # a person marks the answer; `mark` is 0 until then

    def clean(self, body: Body) -> Body:
        """The body to store, made from a plain one, with new random ids; raises BadQuestion."""
        ...

    def plain(self, body: Body) -> Body:
        """What `clean` was made from, without ids: the form of packages, and of comparing.

        plain(clean(plain(b))) == plain(b), always.
        """
        ...

    def options(self, body: Body) -> list[str]:
        """All ids in the body, in the author's order; [] when there are none."""
        ...

    def said(self, body: Body) -> list[str]:
        """All its texts, for finding it and for finding others that say the same."""
        ...

    def shown(self, body: Body, order: list[str]) -> Body:
        """What a member may see before submitting; nothing in it tells the key.

        `order` is some order of `options`. Always there: kind, stem, material, many, options.
        """
        ...

    def understood(self, body: Body, raw: object) -> list[str]:
        """The response that a browser sent, with ids, checked and in one form; NotAnAnswer."""
        ...

    def mark(self, body: Body, response: list[str]) -> Decimal:
        """A mark from 0 to 1, exact; a blank answer is 0."""
        ...

    def explained(self, body: Body, response: list[str]) -> Body:
        """What a member may see after submitting, with the key.

        Always there: kind, stem, material, explanation, mark (text), is_right, options.
        """
        ...


TYPES: dict[str, QuestionType] = {
    module.KIND: cast("QuestionType", module)
    for module in (
        single,
        multiple,
        truefalse,
        short,
        numeric,
        blanks,
        cloze,
        matching,
        ordering,
        essay,
        hotspot,
        file,
    )
}


# Kinds whose whole answer is chosen from what is offered: guessing pays, so an exam may let a wrong
# answer cost. Where something is written, or many small choices bring a share each, it does not.
GUESSED = frozenset({"single", "multiple", "truefalse"})

# What a plain body of each kind may have, besides stem, explanation and material.
FIELDS: dict[str, frozenset[str]] = {
    "single": frozenset({"options"}),
    "multiple": frozenset({"options"}),
    "truefalse": frozenset({"answer"}),
    "short": frozenset({"answers", "case", "typos"}),
    "numeric": frozenset({"answers", "units", "unit_required"}),
    "blanks": frozenset({"case", "typos", "any_order"}),
    "cloze": frozenset({"case", "typos"}),
    "matching": frozenset({"pairs", "extra"}),
    "ordering": frozenset({"items", "marking"}),
    "essay": frozenset({"answer", "rubric"}),
    "hotspot": frozenset({"picture", "alt", "find", "areas"}),
    "file": frozenset({"answer", "rubric", "endings"}),
}
_OF_TEXTS = frozenset({"extra", "items", "endings"})
_OF_TABLES = frozenset({"options", "answers", "units", "pairs", "rubric", "areas"})


def misshapen(body: Mapping[str, Any]) -> list[str]:
    """Fields of a body from a file that are no lists of texts or of tables, as they should be."""
    found = []
    for key in sorted((_OF_TEXTS | _OF_TABLES) & set(body)):
        wanted: Any = str | int if key in _OF_TEXTS else Mapping
        if not isinstance(body[key], list) or not all(isinstance(x, wanted) for x in body[key]):
            found.append(key)
    return found


def of(kind: str) -> QuestionType:
    """The module of a kind; KeyError for a kind that does not exist."""
    return TYPES[kind]


def raw_part(name: str, value: str) -> str:
    """One part of an answer as `read` takes it."""
    return f"{name}={value}"


def read(kind: str, body: Body, names: Names, raw: Iterable[str]) -> list[str]:
    """The response that a page of one attempt sent: its names turned into ids, then understood.

    `raw` are texts as the form has them; empty ones are left out. Raises NotAnAnswer.
    """
    of_kind = of(kind)
    ids: dict[str, str] = dict(names)  # type: ignore[arg-type]
    given = [value for value in raw if value]
    if of_kind.ANSWERING is Answering.TEXT:
        return of_kind.understood(body, given)
    if of_kind.ANSWERING is Answering.TICKS:
        if len(set(given)) != len(given) or not set(given) <= set(ids):
            raise NotAnAnswer
        return of_kind.understood(body, [ids[name] for name in given])
    parts = []
    for part in given:
        name, equals, value = part.partition("=")
        if not equals or name not in ids:
            raise NotAnAnswer
        parts.append(f"{ids[name]}={ids.get(value, value)}")
    return of_kind.understood(body, parts)


def asked(kind: str, body: Body, names: Names, response: Sequence[str] | None) -> dict[str, Any]:
    """What a page of one attempt shows: `shown` with the names of the attempt instead of ids.

    `answer` says what was answered so far: a list of names (TICKS), a text (TEXT), or a mapping
    from the name of a part to its value (PARTS). `answering` says which of the three.
    """
    of_kind = of(kind)
    by_id = {token: name for name, token in names}
    found = _renamed(of_kind.shown(body, [token for _, token in names]), by_id)
    given = list(response or ())
    answer: Any
    if of_kind.ANSWERING is Answering.TEXT:
        answer = given[0] if given else ""
    elif of_kind.ANSWERING is Answering.TICKS:
        answer = [by_id[token] for token in given if token in by_id]
    else:
        answer = {
            by_id[token]: by_id.get(value, value)
            for token, value in gaps.given(given).items()
            if token in by_id
        }
    return {**found, "answering": of_kind.ANSWERING.value, "answer": answer}


def _renamed(value: Any, names: Mapping[str, str]) -> Any:
    if isinstance(value, dict):
        return {
            key: names[part] if key == "id" else _renamed(part, names)
            for key, part in value.items()
        }
    if isinstance(value, list):
        return [_renamed(part, names) for part in value]
    return value
