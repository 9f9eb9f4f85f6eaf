"""The kinds of questions, one module each, all of one shape.

A response is a list of option ids, ticked in any order; [] is a blank answer. Every module has

* `KIND`: its name;
* `clean(body)`: the body to store, made from what an editor or a package says, with new random
  option ids; raises BadQuestion;
* `plain(body)`: what `clean` was made from, without ids: the form of packages, and of comparing;
* `options(body)`: the ids of the options, in the author's order;
* `shown(body, order)`: what a member may see before submitting; nothing in it tells the key;
* `understood(body, raw)`: the response that a browser sent, checked; raises NotAnAnswer;
* `mark(body, response)`: a Decimal from 0 to 1;
* `explained(body, response)`: what a member may see after submitting.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any, Protocol, cast

from app.questions.types import multiple, single, truefalse

Body = dict[str, Any]


class QuestionType(Protocol):
    """The shape that all modules of this package have."""

    KIND: str

    def clean(self, body: Body) -> Body: ...
    def plain(self, body: Body) -> Body: ...
    def options(self, body: Body) -> list[str]: ...
    def shown(self, body: Body, order: list[str]) -> Body: ...
    def understood(self, body: Body, raw: object) -> list[str]: ...
    def mark(self, body: Body, response: list[str]) -> Decimal: ...
    def explained(self, body: Body, response: list[str]) -> Body: ...


TYPES: dict[str, QuestionType] = {
    module.KIND: cast("QuestionType", module) for module in (single, multiple, truefalse)
}


def of(kind: str) -> QuestionType:
    """The module of a kind; KeyError for a kind that does not exist."""
    return TYPES[kind]
