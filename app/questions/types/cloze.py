"""Text with gaps: answers to choose from, texts and numbers in running text."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from app.questions.rules import Answering
from app.questions.types import gaps

KIND = "cloze"
ANSWERING = Answering.PARTS
BY_HAND = False
clean = gaps.clean
plain = gaps.plain
options = gaps.options
said = gaps.said
understood = gaps.understood


def shown(body: dict[str, Any], order: list[str]) -> dict[str, Any]:
    return gaps.shown(body, order, kind=KIND)


def mark(body: dict[str, Any], response: list[str]) -> Decimal:
    """The mean of the gaps; one left empty is 0."""
    return gaps.mean(gaps.worths(body, response))


def explained(body: dict[str, Any], response: list[str]) -> dict[str, Any]:
    return gaps.explained(body, response, gaps.worths(body, response), kind=KIND)
