"""Matching: to each thing on the left belongs one on the right; some may belong to none."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from app.questions.rules import (
    FEWEST_OPTIONS,
    LONGEST_OPTION,
    MOST_PAIRS,
    Answering,
    HalfAPair,
    NotAnAnswer,
    SameLeft,
    TextTooLong,
    TooFewPairs,
    TooManyPairs,
)
from app.questions.types import gaps, texts
from app.questions.types.choices import tokens

KIND = "matching"
ANSWERING = Answering.PARTS
BY_HAND = False


def clean(body: dict[str, Any]) -> dict[str, Any]:
    """`pairs` [{left, right}] and `extra`, things on the right that belong nowhere.

    The same thing may stand on the right of several pairs; it is shown once.
    """
    found = texts.texts(body)
    rows: list[tuple[str, str]] = []
    for number, pair in enumerate(body.get("pairs") or [], 1):
        left, right = (texts.cleaned(str(pair.get(side) or "")) for side in ("left", "right"))
        if not left and not right:
            continue
        if not left or not right:
            raise HalfAPair(number=number)
        for text in (left, right):
            if len(text) > LONGEST_OPTION:
                raise TextTooLong(where="pairs", length=len(text), most=LONGEST_OPTION)
        if any(left == other for other, _ in rows):
            raise SameLeft(text=left)
        rows.append((left, right))
    extra = [text for each in body.get("extra") or [] if (text := texts.cleaned(str(each)))]
    choices = list(dict.fromkeys([*(right for _, right in rows), *extra]))
    if len(rows) < FEWEST_OPTIONS or len(choices) < FEWEST_OPTIONS:
        raise TooFewPairs(fewest=FEWEST_OPTIONS)
    if len(choices) > MOST_PAIRS or len(rows) > MOST_PAIRS:
        raise TooManyPairs(number=max(len(choices), len(rows)), most=MOST_PAIRS)
    ids = tokens(len(rows) + len(choices))
    by_text = dict(zip(choices, ids[len(rows) :], strict=True))
    return {
        **found,
        "pairs": [
            {"id": token, "left": left, "right": by_text[right]}
            for token, (left, right) in zip(ids, rows, strict=False)
        ],
        "choices": [{"id": token, "text": text} for text, token in by_text.items()],
    }


def plain(body: dict[str, Any]) -> dict[str, Any]:
    by_id = {choice["id"]: choice["text"] for choice in body["choices"]}
    used = {pair["right"] for pair in body["pairs"]}
    return {
        **texts.texts_of(body),
        "pairs": [{"left": p["left"], "right": by_id[p["right"]]} for p in body["pairs"]],
        "extra": [choice["text"] for choice in body["choices"] if choice["id"] not in used],
    }


def options(body: dict[str, Any]) -> list[str]:
    """The left side as the author wrote it; the right side sorted by its random ids, so that
    even a page that does not mix them gives nothing away."""
    choices = sorted(choice["id"] for choice in body["choices"])
    return [pair["id"] for pair in body["pairs"]] + choices


def said(body: dict[str, Any]) -> list[str]:
    return [
        body["stem"],
        *(pair["left"] for pair in body["pairs"]),
        *(choice["text"] for choice in body["choices"]),
    ]


def shown(body: dict[str, Any], order: list[str]) -> dict[str, Any]:
    """Both sides in `order`: where a thing stands says nothing about what belongs to it."""
    lefts = {pair["id"]: pair["left"] for pair in body["pairs"]}
    rights = {choice["id"]: choice["text"] for choice in body["choices"]}
    return {
        **texts.shown(body, kind=KIND),
        "pairs": [{"id": token, "left": lefts[token]} for token in order if token in lefts],
        "choices": [{"id": token, "text": rights[token]} for token in order if token in rights],
    }


def understood(body: dict[str, Any], raw: object) -> list[str]:
    """["left id=right id", …] in the author's order; things that are not matched are left out."""
    found = gaps.parts(raw, {pair["id"] for pair in body["pairs"]})
    known = {choice["id"] for choice in body["choices"]}
    if any(value and value not in known for value in found.values()):
        raise NotAnAnswer
    return [f"{p['id']}={found[p['id']]}" for p in body["pairs"] if found.get(p["id"])]


def mark(body: dict[str, Any], response: list[str]) -> Decimal:
    """The share of the pairs that are right; blank is 0."""
    given = gaps.given(response)
    return gaps.mean([Decimal(given.get(p["id"]) == p["right"]) for p in body["pairs"]])


def explained(body: dict[str, Any], response: list[str]) -> dict[str, Any]:
    given = gaps.given(response)
    by_id = {choice["id"]: choice["text"] for choice in body["choices"]}
    return {
        **texts.explained(body, kind=KIND, mark=mark(body, response)),
        "pairs": [
            {
                "id": pair["id"],
                "left": pair["left"],
                "given": by_id.get(given.get(pair["id"], ""), ""),
                "accepted": by_id[pair["right"]],
                "right": given.get(pair["id"]) == pair["right"],
            }
            for pair in body["pairs"]
        ],
        "extra": plain(body)["extra"],
    }
