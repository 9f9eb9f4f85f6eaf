"""What all questions with options share; no kind of its own."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

from app.questions.rules import (
    FEWEST_OPTIONS,
    LONGEST_OPTION,
    MOST_OPTIONS,
    BadFraction,
    EmptyOption,
    NotAnAnswer,
    SameOption,
    TextTooLong,
    TooFewOptions,
    TooManyOptions,
    plain_number,
)
from app.questions.types import texts

_ALPHABET = "bcdfghjkmnpqrstvwxz23456789"  # no vowels: a token is never a word


def tokens(number: int) -> list[str]:
    """So many different random option ids; their order says nothing."""
    found: set[str] = set()
    while len(found) < number:
        found.add("".join(secrets.choice(_ALPHABET) for _ in range(6)))
    ids = list(found)
    secrets.SystemRandom().shuffle(ids)
    return ids


def clean(body: Mapping[str, Any]) -> dict[str, Any]:
    """Texts and options with new random ids; each fraction a Decimal string from -1 to 1."""
    given = body.get("options") or []
    if len(given) < FEWEST_OPTIONS:
        raise TooFewOptions(fewest=FEWEST_OPTIONS)
    if len(given) > MOST_OPTIONS:
        raise TooManyOptions(number=len(given), most=MOST_OPTIONS)
    found: list[dict[str, str]] = []
    seen: set[str] = set()
    for number, (token, option) in enumerate(zip(tokens(len(given)), given, strict=True), 1):
        text = str(option.get("text") or "").strip()
        if not text:
            raise EmptyOption(number=number)
        if len(text) > LONGEST_OPTION:
            raise TextTooLong(where="options", length=len(text), most=LONGEST_OPTION)
        if text in seen:
            raise SameOption(text=text)
        seen.add(text)
        row = {
            "id": token,
            "text": text,
            "fraction": plain_number(_number(option.get("fraction", 0))),
        }
        feedback = str(option.get("feedback") or "").strip()
        if len(feedback) > LONGEST_OPTION:
            raise TextTooLong(where="options", length=len(feedback), most=LONGEST_OPTION)
        found.append({**row, "feedback": feedback} if feedback else row)
    return {**texts.texts(body), "options": found}


def _number(value: object) -> Decimal:
    try:
        number = Decimal(str(value).strip())
    except InvalidOperation:
        raise BadFraction(text=str(value)[:40]) from None
    if not number.is_finite() or not -1 <= number <= 1:
        raise BadFraction(text=str(value)[:40])
    return number.quantize(Decimal("0.00001"))


def plain(body: dict[str, Any]) -> dict[str, Any]:
    """Everything but the ids."""
    return {
        **texts.texts_of(body),
        "options": [{k: v for k, v in o.items() if k != "id"} for o in body["options"]],
    }


def said(body: dict[str, Any]) -> list[str]:
    return [body["stem"], *(option["text"] for option in body["options"])]


def options(body: dict[str, Any]) -> list[str]:
    """The option ids, in the author's order."""
    return [option["id"] for option in body["options"]]


def fraction(option: Mapping[str, Any]) -> Decimal:
    return Decimal(option["fraction"])


def shown(body: dict[str, Any], order: list[str], *, kind: str, many: bool) -> dict[str, Any]:
    """What may be seen before submitting. Every key is named here, so nothing slips through."""
    by_id = {option["id"]: option["text"] for option in body["options"]}
    return {
        **texts.shown(body, kind=kind),
        "many": many,
        "options": [{"id": token, "text": by_id[token]} for token in order if token in by_id],
    }


def understood(body: dict[str, Any], raw: object) -> list[str]:
    """Option ids of this question, each once, in the author's order.

    Takes a list of ids, one id, or None for a blank answer. Raises NotAnAnswer for anything else.
    """
    if raw is None or raw == "":
        return []
    given = [raw] if isinstance(raw, str) else raw
    if not isinstance(given, list | tuple) or len(given) > MOST_OPTIONS:
        raise NotAnAnswer
    known = options(body)
    if not all(isinstance(token, str) and token in known for token in given):
        raise NotAnAnswer
    return [token for token in known if token in given]


def ticked(body: dict[str, Any], response: list[str]) -> list[Decimal]:
    """The fractions of the ticked options; each counts once, unknown ids count nothing."""
    chosen = set(response)
    return [fraction(option) for option in body["options"] if option["id"] in chosen]


def explained(
    body: dict[str, Any], response: list[str], *, kind: str, mark: Decimal
) -> dict[str, Any]:
    """What may be seen after submitting; the options stand in the author's order."""
    chosen = set(response)
    least = Decimal(0) if kind == "multiple" else Decimal("0.99999")
    return {
        **texts.explained(body, kind=kind, mark=mark),
        "options": [
            {
                "id": option["id"],
                "text": option["text"],
                "fraction": option["fraction"],
                "right": fraction(option) > least,
                "ticked": option["id"] in chosen,
                "feedback": option.get("feedback", "") if option["id"] in chosen else "",
            }
            for option in body["options"]
        ],
    }
