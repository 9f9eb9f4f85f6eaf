"""Gaps in running text, for blanks and cloze; no kind of its own.

Authors write the answer of a gap into the text, in double brackets:

* `[[Beijing|Peking]]`: a text, with what else is accepted; `%50%` in front makes it half right;
* `[[Shanghai|=Beijing|Xi'an]]`: answers to choose from, the right one marked with `=`;
* `[[#3.14±0.01]]`: a number, with a tolerance or as an interval (`#3..4`).

A backslash takes the meaning from `|`, `]`, `=`, `%` and `#`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from app.questions.rules import (
    LONGEST_ANSWER,
    LONGEST_TEXT,
    MOST_GAPS,
    MOST_OPTIONS,
    BadGap,
    BadQuestion,
    NoAcceptedAnswer,
    NoGap,
    NotAnAnswer,
    SameAnswer,
    TextTooLong,
    TooFewOptions,
    TooManyGaps,
    TooManyOptions,
    clamped,
    plain_number,
)
from app.questions.types import numbers, texts
from app.questions.types.choices import tokens

GAP = re.compile(r"(?<!\\)\[\[((?:\\.|[^\\])*?)\]\]", re.DOTALL)
PLACE = re.compile(r"\[\[(\d{1,2})\]\]")  # in a stored stem: where gap 1, 2, 3 … stands
_BAR = re.compile(r"(?<!\\)\|")
_SHARE = re.compile(r"%(\d{1,3}(?:\.\d+)?)%")
_ESCAPED = re.compile(r"\\([\\|\]\[=%#])")
_STEP = Decimal("0.00001")


def clean(body: Mapping[str, Any]) -> dict[str, Any]:
    """The stem with numbered places, and `gaps` [{id, kind: text, number or choice, …}]."""
    found = texts.texts(body)
    case = body.get("case") is True
    gaps: list[dict[str, Any]] = []

    def place(match: re.Match[str]) -> str:
        number = len(gaps) + 1
        try:
            gaps.append(_gap(match.group(1), case=case))
        except BadQuestion as refusal:
            raise BadGap(number=number, problem=str(refusal)) from None
        return f"[[{number}]]"

    stem = GAP.sub(place, found["stem"])
    if not gaps:
        raise NoGap
    if len(gaps) > MOST_GAPS:
        raise TooManyGaps(number=len(gaps), most=MOST_GAPS)
    for gap, token in zip(gaps, tokens(len(gaps)), strict=True):
        gap["id"] = token
    _name_options(gaps)
    return {
        **found,
        "stem": stem,
        "gaps": gaps,
        "case": case,
        "typos": texts.typos(body.get("typos")),
    }


def _name_options(gaps: list[dict[str, Any]]) -> None:
    rows = [row for gap in gaps for row in gap.get("options", ())]
    taken = {gap["id"] for gap in gaps}
    fresh = [t for t in tokens(len(rows) + len(gaps)) if t not in taken]
    for row, token in zip(rows, fresh, strict=False):
        row["id"] = token


def _gap(content: str, *, case: bool) -> dict[str, Any]:
    parts = [part.strip() for part in _BAR.split(content)]
    if parts[0].startswith("#"):
        rows = [_shared(part.removeprefix("#")) for part in parts]
        given = [{**numbers.spelt(text), "fraction": worth} for worth, text in rows]
        return {"id": "", "kind": "number", "answers": numbers.accepted(given)}
    if not any(part.startswith("=") for part in parts):
        rows = [_shared(part) for part in parts]
        given = [{"text": text, "fraction": worth} for worth, text in rows]
        return {"id": "", "kind": "text", "answers": texts.accepted(given, case=case)}
    options: list[dict[str, str]] = []
    for part in parts:
        right = part.startswith("=")
        worth, text = _shared(part[1:] if right else part, "1" if right else "0")
        if len(text) > LONGEST_ANSWER:
            raise TextTooLong(where="stem", length=len(text), most=LONGEST_ANSWER)
        if any(option["text"] == text for option in options):
            raise SameAnswer(text=text)
        options.append({"id": "", "text": text, "fraction": plain_number(texts.share(worth))})
    if len(options) < 2:
        raise TooFewOptions(fewest=2)
    if len(options) > MOST_OPTIONS:
        raise TooManyOptions(number=len(options), most=MOST_OPTIONS)
    if not any(option["fraction"] == "1" for option in options):
        raise NoAcceptedAnswer
    return {"id": "", "kind": "choice", "options": options}


def _shared(part: str, worth: str = "1") -> tuple[str, str]:
    """(worth, text) of one alternative."""
    found = _SHARE.match(part)
    if found:
        worth, part = str(Decimal(found.group(1)) / 100), part[found.end() :]
    return worth, _ESCAPED.sub(r"\1", part).strip()


def spelling(gap: Mapping[str, Any]) -> str:
    """A gap as an author writes it: the inverse of reading it."""
    if gap["kind"] == "choice":
        return "|".join(_option(o["fraction"], o["text"]) for o in gap["options"])
    if gap["kind"] == "number":
        return "|".join(f"#{_percent(a['fraction'])}{numbers.spelling(a)}" for a in gap["answers"])
    return "|".join(_percent(a["fraction"]) + escaped(a["text"]) for a in gap["answers"])


def _option(fraction: str, text: str) -> str:
    mark = "=" if fraction == "1" else "" if fraction == "0" else _percent(fraction)
    return mark + escaped(text)


def _percent(fraction: str) -> str:
    return "" if fraction == "1" else f"%{plain_number(Decimal(fraction) * 100)}%"


def escaped(text: str) -> str:
    """A text that means itself inside the brackets."""
    text = re.sub(r"\\(?=[\\|\]\[=%#]|\Z)", r"\\\\", text)
    return re.sub(r"^[=%#]|[|\]\[]", lambda m: f"\\{m.group()}", text)


def plain(body: Mapping[str, Any]) -> dict[str, Any]:
    """The stem with its answers in double brackets, as `clean` takes it."""
    gaps = body["gaps"]
    stem = PLACE.sub(
        lambda m: (
            f"[[{spelling(gaps[int(m.group(1)) - 1])}]]"
            if 0 < int(m.group(1)) <= len(gaps)
            else m.group()
        ),
        body["stem"],
    )
    return {**texts.texts_of(body), "stem": stem, "case": body["case"], "typos": body["typos"]}


def options(body: Mapping[str, Any]) -> list[str]:
    """The ids of the gaps, then those of the answers to choose from."""
    return [gap["id"] for gap in body["gaps"]] + [
        option["id"] for gap in body["gaps"] for option in gap.get("options", ())
    ]


def said(body: Mapping[str, Any]) -> list[str]:
    answers = (a for gap in body["gaps"] for a in gap.get("answers", gap.get("options", ())))
    return [
        PLACE.sub("…", body["stem"]),
        *(answer.get("text") or numbers.spelling(answer) for answer in answers),
    ]


def shown(body: Mapping[str, Any], order: list[str], *, kind: str) -> dict[str, Any]:
    """Gaps in the order of the text; the answers to choose from in `order`."""
    return {
        **texts.shown(body, kind=kind),
        "gaps": [
            {
                "id": gap["id"],
                "kind": gap["kind"],
                "options": [
                    {"id": option["id"], "text": option["text"]}
                    for token in order
                    for option in gap.get("options", ())
                    if option["id"] == token
                ],
            }
            for gap in body["gaps"]
        ],
    }


def understood(body: Mapping[str, Any], raw: object) -> list[str]:
    """["gap=text or option id", …] in the order of the text; gaps left empty are left out."""
    given = parts(raw, {gap["id"] for gap in body["gaps"]})
    found = []
    for gap in body["gaps"]:
        text = texts.cleaned(given.get(gap["id"], ""))
        if not text:
            continue
        if gap["kind"] == "choice":
            if not any(option["id"] == text for option in gap["options"]):
                raise NotAnAnswer
        elif len(text) > LONGEST_ANSWER:
            raise NotAnAnswer
        found.append(f"{gap['id']}={text}")
    return found


def parts(raw: object, known: set[str]) -> dict[str, str]:
    """An answer in parts, ["id=value", …], as a mapping. Raises NotAnAnswer.

    Each part once; an id that the question does not have is refused.
    """
    if raw is None or raw == "":
        return {}
    if not isinstance(raw, list | tuple) or len(raw) > LONGEST_TEXT:
        raise NotAnAnswer
    found: dict[str, str] = {}
    for part in raw:
        if not isinstance(part, str):
            raise NotAnAnswer
        name, equals, value = part.partition("=")
        if not equals or name not in known or name in found:
            raise NotAnAnswer
        found[name] = value
    return found


def given(response: list[str]) -> dict[str, str]:
    """A response that was understood before, as a mapping from id to value."""
    return dict(part.partition("=")[::2] for part in response)


def worths(body: Mapping[str, Any], response: list[str]) -> list[Decimal]:
    """The worth of each gap's answer, in the order of the text."""
    said_ = given(response)
    return [_worth(body, gap, said_.get(gap["id"], "")) for gap in body["gaps"]]


def _worth(body: Mapping[str, Any], gap: Mapping[str, Any], text: str) -> Decimal:
    if not text:
        return Decimal(0)
    if gap["kind"] == "choice":
        return next((Decimal(o["fraction"]) for o in gap["options"] if o["id"] == text), Decimal(0))
    if gap["kind"] == "number":
        return numbers.worth(gap["answers"], numbers.in_first_unit(text, [], required=False))
    return texts.worth(gap["answers"], text, case=body["case"], typos=body["typos"])


def mean(worths: list[Decimal]) -> Decimal:
    """The mark of parts that count the same: their mean to five digits, 1 only if all are right."""
    total = sum(worths, Decimal(0))
    if not worths or total == len(worths):
        return Decimal(bool(worths))
    return clamped((total / len(worths)).quantize(_STEP))


def explained(
    body: Mapping[str, Any], response: list[str], worths: list[Decimal], *, kind: str
) -> dict[str, Any]:
    """Per gap: what was given, whether it is right, and what is accepted."""
    said_ = given(response)
    rows = []
    for gap, worth in zip(body["gaps"], worths, strict=True):
        text = said_.get(gap["id"], "")
        if gap["kind"] == "choice":
            text = next((o["text"] for o in gap["options"] if o["id"] == text), "")
            accepted = [o["text"] for o in gap["options"] if o["fraction"] == "1"]
        elif gap["kind"] == "number":
            accepted = [numbers.spelling(a) for a in gap["answers"] if a["fraction"] == "1"]
        else:
            accepted = [a["text"] for a in gap["answers"] if a["fraction"] == "1"]
        rows.append(
            {
                "id": gap["id"],
                "given": text,
                "accepted": accepted,
                "worth": plain_number(worth),
                "right": worth == 1,
            }
        )
    return {**texts.explained(body, kind=kind, mark=mean(worths)), "gaps": rows}
