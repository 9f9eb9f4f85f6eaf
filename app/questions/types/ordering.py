"""Putting in order: steps, dates, sizes …; each thing gets a place."""

from __future__ import annotations

from decimal import Decimal
from itertools import pairwise
from typing import Any

from app.questions.rules import (
    FEWEST_OPTIONS,
    LONGEST_OPTION,
    MOST_ITEMS,
    Answering,
    Marking,
    NotAnAnswer,
    SameItem,
    TextTooLong,
    TooFewItems,
    TooManyItems,
)
from app.questions.types import gaps, texts
from app.questions.types.choices import tokens

KIND = "ordering"
ANSWERING = Answering.PARTS
BY_HAND = False


def clean(body: dict[str, Any]) -> dict[str, Any]:
    """`items`, texts in their right order, and `marking`: places, neighbours or all."""
    found = texts.texts(body)
    items = [text for each in body.get("items") or [] if (text := texts.cleaned(str(each)))]
    if len(items) < FEWEST_OPTIONS:
        raise TooFewItems(fewest=FEWEST_OPTIONS)
    if len(items) > MOST_ITEMS:
        raise TooManyItems(number=len(items), most=MOST_ITEMS)
    for at, text in enumerate(items):
        if len(text) > LONGEST_OPTION:
            raise TextTooLong(where="items", length=len(text), most=LONGEST_OPTION)
        if text in items[:at]:
            raise SameItem(text=text)
    given = body.get("marking") or Marking.PLACES
    return {
        **found,
        "items": [
            {"id": token, "text": text}
            for token, text in zip(tokens(len(items)), items, strict=True)
        ],
        "marking": given if given in set(Marking) else Marking.PLACES.value,
    }


def plain(body: dict[str, Any]) -> dict[str, Any]:
    return {
        **texts.texts_of(body),
        "items": [item["text"] for item in body["items"]],
        "marking": str(body["marking"]),
    }


def options(body: dict[str, Any]) -> list[str]:
    """Sorted by their random ids: even a page that does not mix them gives nothing away."""
    return sorted(_right(body))


def _right(body: dict[str, Any]) -> list[str]:
    return [item["id"] for item in body["items"]]


def said(body: dict[str, Any]) -> list[str]:
    return [body["stem"], *(item["text"] for item in body["items"])]


def shown(body: dict[str, Any], order: list[str]) -> dict[str, Any]:
    by_id = {item["id"]: item["text"] for item in body["items"]}
    return {
        **texts.shown(body, kind=KIND),
        "items": [{"id": token, "text": by_id[token]} for token in order if token in by_id],
    }


def understood(body: dict[str, Any], raw: object) -> list[str]:
    """["item id=place", …] by place; places from 1. Things without a place are left out.

    Two things may stand in one place: that is a wrong answer, not a wrong request.
    """
    found = gaps.parts(raw, set(options(body)))
    most = len(body["items"])
    places: dict[str, int] = {}
    for token, value in found.items():
        if not value.strip():
            continue
        if not value.isascii() or not value.isdigit() or not 1 <= int(value[:4]) <= most:
            raise NotAnAnswer
        places[token] = int(value)
    return [f"{t}={places[t]}" for t in sorted(places, key=lambda t: (places[t], t))]


def mark(body: dict[str, Any], response: list[str]) -> Decimal:
    """By places, by neighbours, or all or nothing, as the author chose; blank is 0."""
    right = _right(body)
    places = {token: int(place) for token, place in gaps.given(response).items()}
    fits = [places.get(token) == at for at, token in enumerate(right, 1)]
    if body["marking"] == Marking.ALL:
        return Decimal(all(fits))
    if body["marking"] == Marking.PLACES:
        return gaps.mean([Decimal(fit) for fit in fits])
    follows = [
        token in places and after in places and places[after] == places[token] + 1
        for token, after in pairwise(right)
    ]
    return gaps.mean([Decimal(each) for each in follows])


def explained(body: dict[str, Any], response: list[str]) -> dict[str, Any]:
    places = gaps.given(response)
    return {
        **texts.explained(body, kind=KIND, mark=mark(body, response)),
        "items": [
            {
                "id": item["id"],
                "text": item["text"],
                "place": at,
                "given": places.get(item["id"], ""),
                "right": places.get(item["id"]) == str(at),
            }
            for at, item in enumerate(body["items"], 1)
        ],
        "marking": str(body["marking"]),
    }
