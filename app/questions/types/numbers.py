"""Numbers that people type, and what they are compared with; no kind of its own."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from decimal import Context, Decimal, DecimalException
from typing import Any

from app.questions.rules import (
    MOST_ANSWERS,
    MOST_UNITS,
    BadInterval,
    BadNumber,
    BadUnit,
    NoAcceptedAnswer,
    TooManyAnswers,
    plain_number,
)
from app.questions.types import texts

_NUMBER = re.compile(
    r"([+-]?(?:\d+(?:[.,]\d+)*\.?|\.\d+)(?:[eE][+-]?\d+)?)(?:\s*[x*]\s*10\s*(?:\^|\*\*)\s*([+-]?\d+))?"
)
_THOUSANDS = re.compile(r"[+-]?\d{1,3}(?:,\d{3})+(?:\.\d+)?")
_DECIMAL_COMMA = re.compile(r"[+-]?\d+,\d+")
_INTERVAL = re.compile(r"(.+?)\s*(?:\.\.|～|~|…|至|到)\s*(.+)")
_TOLERANCE = re.compile(r"(.+?)\s*(?:±|\+/-|\+-)\s*(.+)")
_EXACT = Context(prec=40)
LARGEST_EXPONENT = 60
LONGEST_UNIT = 20


def number(text: str) -> tuple[Decimal, str] | None:
    """A typed number and what stands behind it: “１，２００．５ kg” → (1200.5, "kg").

    Understands full-width digits, a comma before each three digits, a decimal comma, 1e3 and
    3×10^3. None when the text does not begin with a number.
    """
    plain = unicodedata.normalize("NFKC", text).translate({ord(c): "-" for c in "−–—‐"})
    plain = plain.replace("×", "x").strip()
    found = _NUMBER.match(plain)
    if found is None:
        return None
    digits, power = found.group(1), found.group(2) or "0"
    mantissa = re.split("[eE]", digits)[0]
    if _THOUSANDS.fullmatch(mantissa):
        digits = digits.replace(",", "")
    elif _DECIMAL_COMMA.fullmatch(mantissa):
        digits = digits.replace(",", ".")
    try:
        value = Decimal(digits)
    except DecimalException:
        return None
    exponent = int(power) if len(power) < 5 else LARGEST_EXPONENT + 1
    if not value.is_finite() or abs(value.adjusted() + exponent) > LARGEST_EXPONENT:
        return None
    return value.scaleb(exponent, _EXACT), plain[found.end() :].strip()


def exactly(value: object) -> Decimal:
    """A number and nothing behind it. Raises BadNumber."""
    found = number(str(value)) if value is not None else None
    if found is None or found[1]:
        raise BadNumber(text=str(value)[:40])
    return found[0]


def spelt(text: str) -> dict[str, str]:
    """What an author writes into one field: “3.14”, “3.14 ± 0.01”, “3 .. 4”. Raises BadNumber."""
    plain = unicodedata.normalize("NFKC", text.strip())
    if found := _TOLERANCE.fullmatch(plain):
        return {"value": found.group(1), "tolerance": found.group(2)}
    if found := _INTERVAL.fullmatch(plain):
        return {"low": found.group(1), "high": found.group(2)}
    return {"value": text.strip(), "tolerance": "0"}


def spelling(answer: Mapping[str, str]) -> str:
    """The inverse of `spelt`."""
    if "low" in answer:
        return f"{answer['low']}..{answer['high']}"
    if answer["tolerance"] != "0":
        return f"{answer['value']}±{answer['tolerance']}"
    return answer["value"]


def accepted(given: Sequence[Mapping[str, Any]]) -> list[dict[str, str]]:
    """[{value, tolerance} or {low, high}, with fraction and feedback?]; one at least is worth 1."""
    found = []
    for answer in given:
        row: dict[str, str] = {}
        if "low" in answer or "high" in answer:
            low, high = exactly(answer.get("low")), exactly(answer.get("high"))
            if low > high:
                raise BadInterval(low=plain_number(low), high=plain_number(high))
            row = {"low": plain_number(low), "high": plain_number(high)}
        else:
            tolerance = exactly(answer.get("tolerance") or "0")
            if tolerance < 0:
                raise BadNumber(text=str(answer["tolerance"])[:40])
            value = exactly(answer.get("value"))
            row = {"value": plain_number(value), "tolerance": plain_number(tolerance)}
        row["fraction"] = plain_number(texts.share(answer.get("fraction", 1)))
        feedback = str(answer.get("feedback") or "").strip()
        found.append({**row, "feedback": feedback} if feedback else row)
    if len(found) > MOST_ANSWERS:
        raise TooManyAnswers(number=len(found), most=MOST_ANSWERS)
    if not any(row["fraction"] == "1" for row in found):
        raise NoAcceptedAnswer
    return found


def units(given: Sequence[Mapping[str, Any]]) -> list[dict[str, str]]:
    """[{text, factor}]: one such unit is `factor` of what the answers are given in."""
    found = []
    seen: set[str] = set()
    for unit in given:
        text = texts.cleaned(str(unit.get("text") or ""))
        if not text:
            continue
        key = texts.folded(text, case=True)
        try:
            factor = exactly(unit.get("factor") or "1")
        except BadNumber:
            raise BadUnit(text=text[:LONGEST_UNIT]) from None
        if len(text) > LONGEST_UNIT or number(text) is not None or key in seen or factor <= 0:
            raise BadUnit(text=text[:LONGEST_UNIT])
        seen.add(key)
        found.append({"text": text, "factor": plain_number(factor)})
    if len(found) > MOST_UNITS:
        raise BadUnit(text=found[MOST_UNITS]["text"])
    return found


def in_first_unit(
    given: str, units: Sequence[Mapping[str, str]], *, required: bool
) -> Decimal | None:
    """A typed number turned into the unit of the answers; None when it is not understood.

    A unit that nobody named is no answer; a missing one only if it is `required`.
    """
    found = number(given)
    if found is None:
        return None
    value, unit = found
    if not unit:
        return None if required and units else value
    exact, loose = texts.folded(unit, case=True), texts.folded(unit)
    for fold, wanted in ((True, exact), (False, loose)):
        for each in units:
            if texts.folded(each["text"], case=fold) == wanted:
                return _EXACT.multiply(value, Decimal(each["factor"]))
    return None


def worth(answers: Sequence[Mapping[str, str]], value: Decimal | None) -> Decimal:
    """The best worth of the answers that a number meets; both ends of an interval count."""
    found = match(answers, value)
    return Decimal(found["fraction"]) if found else Decimal(0)


def match(answers: Sequence[Mapping[str, str]], value: Decimal | None) -> Mapping[str, str] | None:
    """The answer that a number meets; of several the one that is worth most."""
    if value is None:
        return None
    met = [answer for answer in answers if _within(answer, value)]
    return max(met, key=lambda answer: Decimal(answer["fraction"]), default=None)


def _within(answer: Mapping[str, str], value: Decimal) -> bool:
    if "low" in answer:
        return Decimal(answer["low"]) <= value <= Decimal(answer["high"])
    middle, tolerance = Decimal(answer["value"]), Decimal(answer["tolerance"])
    return abs(_EXACT.subtract(value, middle)) <= tolerance
