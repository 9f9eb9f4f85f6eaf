"""A number: within a tolerance or an interval, with units if the author names some."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from app.questions.rules import LONGEST_ANSWER, Answering
from app.questions.types import numbers, texts

KIND = "numeric"
ANSWERING = Answering.TEXT
BY_HAND = False


def clean(body: dict[str, Any]) -> dict[str, Any]:
    """`answers` [{value, tolerance = 0} or {low, high}, each with fraction = 1, feedback?],
    `units` [{text, factor = 1}], `unit_required`."""
    found = numbers.units(body.get("units") or [])
    return {
        **texts.texts(body),
        "answers": numbers.accepted(body.get("answers") or []),
        "units": found,
        "unit_required": bool(found) and body.get("unit_required") is True,
    }


def plain(body: dict[str, Any]) -> dict[str, Any]:
    return {
        **texts.texts_of(body),
        "answers": [dict(answer) for answer in body["answers"]],
        "units": [dict(unit) for unit in body["units"]],
        "unit_required": body["unit_required"],
    }


def options(body: dict[str, Any]) -> list[str]:
    return []


def said(body: dict[str, Any]) -> list[str]:
    return [body["stem"], *(numbers.spelling(answer) for answer in body["answers"])]


def shown(body: dict[str, Any], order: list[str]) -> dict[str, Any]:
    """The names of the units may be seen: which of them are possible is no secret."""
    return {
        **texts.shown(body, kind=KIND),
        "units": [unit["text"] for unit in body["units"]],
        "unit_required": body["unit_required"],
    }


def understood(body: dict[str, Any], raw: object) -> list[str]:
    """The typed text as it is: what is no number is wrong, not forbidden."""
    return texts.one_text(raw, most=LONGEST_ANSWER)


def _value(body: dict[str, Any], response: list[str]) -> Decimal | None:
    if len(response) != 1:
        return None
    return numbers.in_first_unit(response[0], body["units"], required=body["unit_required"])


def mark(body: dict[str, Any], response: list[str]) -> Decimal:
    """The worth of the best answer that the number meets; blank, or no number, is 0."""
    return numbers.worth(body["answers"], _value(body, response))


def explained(body: dict[str, Any], response: list[str]) -> dict[str, Any]:
    met = numbers.match(body["answers"], _value(body, response))
    unit = f" {body['units'][0]['text']}" if body["units"] else ""
    return {
        **texts.explained(body, kind=KIND, mark=mark(body, response)),
        "given": response[0] if response else "",
        "accepted": [
            f"{numbers.spelling(a)}{unit}" for a in body["answers"] if a["fraction"] == "1"
        ],
        "partly": [
            f"{numbers.spelling(a)}{unit}"
            for a in body["answers"]
            if a["fraction"] not in {"0", "1"}
        ],
        "feedback": met.get("feedback", "") if met else "",
    }
