"""Fill in the blanks: texts and numbers typed into gaps of the text."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from app.questions.rules import Answering, NoChoiceHere
from app.questions.types import gaps

KIND = "blanks"
ANSWERING = Answering.PARTS
BY_HAND = False
options = gaps.options
said = gaps.said
understood = gaps.understood


def clean(body: dict[str, Any]) -> dict[str, Any]:
    """`stem` with its answers in double brackets (see `gaps`), `case`, `typos`, and `any_order`:
    each answer counts in whichever gap it stands, once."""
    found = gaps.clean(body)
    if any(gap["kind"] == "choice" for gap in found["gaps"]):
        raise NoChoiceHere
    return {**found, "any_order": body.get("any_order") is True}


def plain(body: dict[str, Any]) -> dict[str, Any]:
    return {**gaps.plain(body), "any_order": body["any_order"]}


def shown(body: dict[str, Any], order: list[str]) -> dict[str, Any]:
    return gaps.shown(body, order, kind=KIND)


def mark(body: dict[str, Any], response: list[str]) -> Decimal:
    """The mean of the gaps; one left empty is 0."""
    return gaps.mean(_worths(body, response))


def _worths(body: dict[str, Any], response: list[str]) -> list[Decimal]:
    if not body["any_order"]:
        return gaps.worths(body, response)
    # Every answer in every gap, the best pairs first: each answer and each gap is used once.
    given = gaps.given(response)
    rows = [gap["id"] for gap in body["gaps"]]
    table = []
    for at, gap_id in enumerate(rows):
        text = given.get(gap_id, "")
        moved = gaps.worths(body, [f"{other}={text}" for other in rows] if text else [])
        table += [(worth, at, other) for other, worth in enumerate(moved) if worth > 0]
    found = [Decimal(0)] * len(rows)
    used: set[int] = set()
    filled: set[int] = set()
    for worth, at, other in sorted(table, key=lambda row: (-row[0], row[1], row[2])):
        if at not in filled and other not in used:
            filled.add(at)
            used.add(other)
            found[at] = worth
    return found


def explained(body: dict[str, Any], response: list[str]) -> dict[str, Any]:
    found = gaps.explained(body, response, _worths(body, response), kind=KIND)
    return {**found, "any_order": body["any_order"]}
