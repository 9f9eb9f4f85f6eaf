"""File answer: a report, a photo, a table …, sent as a file and marked by a person.

The file itself lies in the room's drawer; the response is "<token>.<ending> <its name>".
"""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any

from app.questions.rules import ENDINGS, USUAL_ENDINGS, Answering, NoEnding, NotAnAnswer
from app.questions.types import essay, texts

KIND = "file"
ANSWERING = Answering.TEXT
BY_HAND = True
_RESPONSE = re.compile(r"([0-9a-f]{32})\.([a-z0-9]{1,8}) (\S[^\n]{0,199})")


def clean(body: dict[str, Any]) -> dict[str, Any]:
    """Like an essay, with `endings`, the kinds of files that are taken: ["pdf", "jpg", …]."""
    given = body.get("endings")
    words = given.replace(",", " ").split() if isinstance(given, str) else list(given or ())
    endings = [str(word).strip().lower().lstrip("*.") for word in words]
    for ending in endings:
        if ending not in ENDINGS:
            raise NoEnding(text=ending[:20], known=" ".join(sorted(ENDINGS)))
    return {
        **essay.clean(body),
        "endings": list(dict.fromkeys(endings)) or list(USUAL_ENDINGS),
    }


def plain(body: dict[str, Any]) -> dict[str, Any]:
    return {**essay.plain(body), "endings": list(body["endings"])}


def options(body: dict[str, Any]) -> list[str]:
    return []


def said(body: dict[str, Any]) -> list[str]:
    return essay.said(body)


def shown(body: dict[str, Any], order: list[str]) -> dict[str, Any]:
    return {**essay.shown(body, order), "kind": KIND, "endings": list(body["endings"])}


def understood(body: dict[str, Any], raw: object) -> list[str]:
    """One token with its ending and name. Who sent it is for the caller to know."""
    found = texts.one_text(raw, most=300)
    if not found:
        return []
    response = _RESPONSE.fullmatch(found[0])
    if response is None or response.group(2) not in body["endings"]:
        raise NotAnAnswer
    return found


def token_of(response: list[str]) -> str:
    """The token of the file in a response; "" when there is none."""
    found = _RESPONSE.fullmatch(response[0]) if response else None
    return found.group(1) if found else ""


def mark(body: dict[str, Any], response: list[str]) -> Decimal:
    """Always 0: a person gives the mark (see BY_HAND)."""
    return Decimal(0)


def explained(body: dict[str, Any], response: list[str]) -> dict[str, Any]:
    found = _RESPONSE.fullmatch(response[0]) if response else None
    return {
        **essay.explained(body, response),
        "kind": KIND,
        "given": found.group(3) if found else "",
        "token": found.group(1) if found else "",
    }
