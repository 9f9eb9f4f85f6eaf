"""Short text: one line, compared with several accepted answers, each with its worth."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from app.questions.rules import LONGEST_ANSWER, Answering
from app.questions.types import texts

KIND = "short"
ANSWERING = Answering.TEXT
BY_HAND = False


def clean(body: dict[str, Any]) -> dict[str, Any]:
    """`answers` [{text, fraction = 1, feedback?}], `case` (capitals matter), `typos` (0 to 2)."""
    found = texts.texts(body)
    case = body.get("case") is True
    return {
        **found,
        "answers": texts.accepted(body.get("answers") or [], case=case),
        "case": case,
        "typos": texts.typos(body.get("typos")),
    }


def plain(body: dict[str, Any]) -> dict[str, Any]:
    return {
        **texts.texts_of(body),
        "answers": [dict(answer) for answer in body["answers"]],
        "case": body["case"],
        "typos": body["typos"],
    }


def options(body: dict[str, Any]) -> list[str]:
    return []


def said(body: dict[str, Any]) -> list[str]:
    return [body["stem"], *(answer["text"] for answer in body["answers"])]


def shown(body: dict[str, Any], order: list[str]) -> dict[str, Any]:
    return texts.shown(body, kind=KIND)


def understood(body: dict[str, Any], raw: object) -> list[str]:
    """The typed text, at most 300 characters."""
    return texts.one_text(raw, most=LONGEST_ANSWER)


def mark(body: dict[str, Any], response: list[str]) -> Decimal:
    """The worth of the best accepted answer that the text meets; blank is 0."""
    if len(response) != 1:
        return Decimal(0)
    return texts.worth(body["answers"], response[0], case=body["case"], typos=body["typos"])


def explained(body: dict[str, Any], response: list[str]) -> dict[str, Any]:
    met = (
        texts.match(body["answers"], response[0], case=body["case"], typos=body["typos"])
        if response
        else None
    )
    return {
        **texts.explained(body, kind=KIND, mark=mark(body, response)),
        "given": response[0] if response else "",
        "accepted": [a["text"] for a in body["answers"] if a["fraction"] == "1"],
        "partly": [a["text"] for a in body["answers"] if a["fraction"] not in {"0", "1"}],
        "feedback": met.get("feedback", "") if met else "",
    }
