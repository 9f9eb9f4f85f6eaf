"""True or false: a statement, and two options that always stand in the same order."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from app.questions.rules import Answering, NoAnswer, NotAnAnswer, summed
from app.questions.types import choices, texts

KIND = "truefalse"
ANSWERING = Answering.TICKS
BY_HAND = False
options = choices.options


def clean(body: dict[str, Any]) -> dict[str, Any]:
    """`answer` says whether the statement is true. The options carry no words of their own: pages
    say "True" and "False" in the reader's language."""
    answer = body.get("answer")
    if not isinstance(answer, bool):
        raise NoAnswer
    pair = [
        {"id": token, "text": word, "fraction": "1" if (word == "true") == answer else "0"}
        for token, word in zip(choices.tokens(2), ("true", "false"), strict=True)
    ]
    return {**texts.texts(body), "options": pair}


def plain(body: dict[str, Any]) -> dict[str, Any]:
    return {
        **texts.texts_of(body),
        "answer": body["options"][0]["fraction"] == "1",
    }


def said(body: dict[str, Any]) -> list[str]:
    return [body["stem"]]


def shown(body: dict[str, Any], order: list[str]) -> dict[str, Any]:
    """`order` is not used: False before True would only confuse."""
    return choices.shown(body, options(body), kind=KIND, many=False)


def understood(body: dict[str, Any], raw: object) -> list[str]:
    response = choices.understood(body, raw)
    if len(response) > 1:
        raise NotAnAnswer
    return response


def mark(body: dict[str, Any], response: list[str]) -> Decimal:
    """1 for the right word, else 0; blank is 0."""
    if len(response) > 1:
        return Decimal(0)
    return summed(choices.ticked(body, response))


def explained(body: dict[str, Any], response: list[str]) -> dict[str, Any]:
    return choices.explained(body, response, kind=KIND, mark=mark(body, response))
