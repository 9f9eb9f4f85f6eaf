"""Essay: a long text, marked by a person, with a rubric if the author gives one."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from app.questions.rules import (
    LONGEST_ESSAY,
    LONGEST_OPTION,
    LONGEST_TEXT,
    MOST_CRITERIA,
    NEAR_ENOUGH,
    Answering,
    BadRubric,
    TextTooLong,
    TooManyAnswers,
    plain_number,
    shares,
)
from app.questions.types import texts

KIND = "essay"
ANSWERING = Answering.TEXT
BY_HAND = True


def clean(body: dict[str, Any]) -> dict[str, Any]:
    """`answer`, what a good answer says, for markers and for afterwards; `rubric`
    [{text, share}], shares summing to 1; when all are left out they are equal."""
    found = texts.texts(body)
    answer = texts.cleaned(str(body.get("answer") or ""))
    if len(answer) > LONGEST_TEXT:
        raise TextTooLong(where="answer", length=len(answer), most=LONGEST_TEXT)
    rows = [
        (text, str(row.get("share") or "").strip())
        for row in body.get("rubric") or []
        if (text := texts.cleaned(str(row.get("text") or "")))
    ]
    for text, _ in rows:
        if len(text) > LONGEST_OPTION:
            raise TextTooLong(where="rubric", length=len(text), most=LONGEST_OPTION)
    if len(rows) > MOST_CRITERIA:
        raise TooManyAnswers(number=len(rows), most=MOST_CRITERIA)
    if any(given for _, given in rows):
        parts = [texts.share(given or "0") for _, given in rows]
    else:
        parts = shares(len(rows))
    total = sum(parts, Decimal(0))
    if rows and abs(total - 1) > NEAR_ENOUGH:
        raise BadRubric(total=plain_number(100 * total))
    if rows:
        parts[0] += 1 - total
    return {
        **found,
        "answer": answer,
        "rubric": [
            {"text": text, "share": plain_number(part)}
            for (text, _), part in zip(rows, parts, strict=True)
        ],
    }


def plain(body: dict[str, Any]) -> dict[str, Any]:
    return {
        **texts.texts_of(body),
        "answer": body["answer"],
        "rubric": [dict(row) for row in body["rubric"]],
    }


def options(body: dict[str, Any]) -> list[str]:
    return []


def said(body: dict[str, Any]) -> list[str]:
    return [body["stem"], body["answer"]]


def shown(body: dict[str, Any], order: list[str]) -> dict[str, Any]:
    """With the criteria: who is marked by them may know them."""
    return {**texts.shown(body, kind=KIND), "rubric": [dict(row) for row in body["rubric"]]}


def understood(body: dict[str, Any], raw: object) -> list[str]:
    """The text, at most 20 000 characters."""
    return texts.one_text(raw, most=LONGEST_ESSAY)


def mark(body: dict[str, Any], response: list[str]) -> Decimal:
    """Always 0: a person gives the mark (see BY_HAND)."""
    return Decimal(0)


def explained(body: dict[str, Any], response: list[str]) -> dict[str, Any]:
    return {
        **texts.explained(body, kind=KIND, mark=Decimal(0)),
        "given": response[0] if response else "",
        "answer": body["answer"],
        "rubric": [dict(row) for row in body["rubric"]],
    }
