"""What all questions share, and how a text that somebody typed is compared; no kind of its own."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from decimal import Decimal, InvalidOperation
from typing import Any

from app.questions.rules import (
    LONGEST_ANSWER,
    LONGEST_TEXT,
    MOST_ANSWERS,
    MOST_TYPOS,
    BadShare,
    NoAcceptedAnswer,
    NoStem,
    NotAnAnswer,
    OnlyStars,
    SameAnswer,
    TextTooLong,
    TooManyAnswers,
    plain_number,
)
from app.search.folding import CJK, fold

_SPACE_BESIDE_CJK = re.compile(rf"(?<=[{CJK}]) | (?=[{CJK}])")
_STAR = re.compile(r"(?<!\\)\*")
_ENDS = "。．.，,；;！!？?、:："  # signs that nobody means when they stand at the end


def texts(body: Mapping[str, Any]) -> dict[str, Any]:
    """Stem, explanation and shared material (all Markdown), trimmed and within their limits.

    `material` is a passage that several questions share: those with the same text are a group.
    It is left out when it is empty.
    """
    # Browsers end lines with two signs; a file with one, and the same text must be the same.
    stem, explanation, material = (
        str(body.get(name) or "").replace("\r\n", "\n").strip()
        for name in ("stem", "explanation", "material")
    )
    if not stem:
        raise NoStem
    for where, text, most in (
        ("stem", stem, LONGEST_TEXT),
        ("explanation", explanation, LONGEST_TEXT),
        ("material", material, 4 * LONGEST_TEXT),
    ):
        if len(text) > most:
            raise TextTooLong(where=where, length=len(text), most=most)
    found = {"stem": stem, "explanation": explanation}
    return {**found, "material": material} if material else found


def texts_of(body: Mapping[str, Any]) -> dict[str, Any]:
    """The same texts of a stored body, for its plain form and for `shown`."""
    found = {"stem": body["stem"], "explanation": body["explanation"]}
    return {**found, "material": body["material"]} if body.get("material") else found


def shown(body: Mapping[str, Any], *, kind: str) -> dict[str, Any]:
    """What every kind shows before submitting; a kind adds its own parts."""
    return {
        "kind": kind,
        "stem": body["stem"],
        "material": body.get("material", ""),
        "many": False,
        "options": [],
    }


def explained(body: Mapping[str, Any], *, kind: str, mark: Decimal) -> dict[str, Any]:
    """What every kind shows after submitting; a kind adds its own parts."""
    return {
        "kind": kind,
        "stem": body["stem"],
        "material": body.get("material", ""),
        "explanation": body["explanation"],
        "mark": plain_number(mark),
        "is_right": mark == 1,
        "options": [],
    }


def one_text(raw: object, *, most: int) -> list[str]:
    """A typed answer as a response: the text without the space around it; blank is [].

    Raises NotAnAnswer for several texts, for something else, and for a text that is too long.
    """
    given = [raw] if isinstance(raw, str) else raw
    if given is None:
        return []
    if not isinstance(given, list | tuple) or not all(isinstance(text, str) for text in given):
        raise NotAnAnswer
    said = [clean for text in given if (clean := cleaned(text))]
    if len(said) > 1 or (said and len(said[0]) > most):
        raise NotAnAnswer
    return said


def cleaned(text: str) -> str:
    """A typed text without control characters and without the space around it."""
    return "".join(c for c in text if c in "\n\t" or unicodedata.category(c) != "Cc").strip()


# --- accepted answers -----------------------------------------------------------------------------


def share(value: object) -> Decimal:
    """A worth from 0 to 1. Raises BadShare."""
    try:
        number = Decimal(str(value).strip())
    except InvalidOperation:
        raise BadShare(text=str(value)[:40]) from None
    if not number.is_finite() or not 0 <= number <= 1:
        raise BadShare(text=str(value)[:40])
    return number.quantize(Decimal("0.00001"))


def accepted(given: Sequence[Mapping[str, Any]], *, case: bool) -> list[dict[str, str]]:
    """The accepted answers of a text, empty ones left out: [{text, fraction, feedback?}].

    One at least is worth 1. `*` stands for any text, `\\*` for a star.
    """
    found: list[dict[str, str]] = []
    seen: set[str] = set()
    for answer in given:
        text = cleaned(str(answer.get("text") or ""))
        if not folded(text, case=case):
            continue
        if len(text) > LONGEST_ANSWER:
            raise TextTooLong(where="answers", length=len(text), most=LONGEST_ANSWER)
        worth = share(answer.get("fraction", 1))
        if worth and not text.replace("*", "").strip():
            raise OnlyStars(text=text)
        key = folded(text, case=case)
        if key in seen:
            raise SameAnswer(text=text)
        seen.add(key)
        row = {"text": text, "fraction": plain_number(worth)}
        feedback = str(answer.get("feedback") or "").strip()
        found.append({**row, "feedback": feedback} if feedback else row)
    if len(found) > MOST_ANSWERS:
        raise TooManyAnswers(number=len(found), most=MOST_ANSWERS)
    if not any(row["fraction"] == "1" for row in found):
        raise NoAcceptedAnswer
    return found


LETTERS_PER_SLIP = 4


def typos(value: object) -> int:
    """How many slips of the finger are forgiven: 0, 1 or 2."""
    try:
        number = int(str(value or 0))
    except ValueError:
        return 0
    return min(MOST_TYPOS, max(0, number))


def folded(text: str, *, case: bool = False) -> str:
    """A typed text in the form that is compared.

    Full and half width are one, Traditional and Simplified are one, spaces are one and nothing
    beside Chinese characters; capitals are small letters unless `case`. Signs at the end go.
    """
    if case:
        wide = unicodedata.normalize("NFKC", text)
        text = "".join(fold(c) if re.match(rf"[{CJK}]", c) else c for c in wide)
    else:
        text = fold(text)
    text = _SPACE_BESIDE_CJK.sub("", " ".join(text.split()))
    return text.rstrip(_ENDS).rstrip() or text


def worth(
    answers: Sequence[Mapping[str, str]], given: str, *, case: bool = False, typos: int = 0
) -> Decimal:
    """The best worth of those accepted answers that a given text meets; 0 when it meets none."""
    found = match(answers, given, case=case, typos=typos)
    return Decimal(found["fraction"]) if found else Decimal(0)


def match(
    answers: Sequence[Mapping[str, str]], given: str, *, case: bool = False, typos: int = 0
) -> Mapping[str, str] | None:
    """The accepted answer that a given text meets; of several the one that is worth most."""
    said = folded(given, case=case)
    if not said:
        return None
    met = [answer for answer in answers if meets(answer["text"], said, case=case, typos=typos)]
    return max(met, key=lambda answer: Decimal(answer["fraction"]), default=None)


def meets(pattern: str, said: str, *, case: bool = False, typos: int = 0) -> bool:
    """Whether a folded text is what an accepted answer says. Takes time in proportion to both."""
    parts = [folded_part(part, case=case) for part in _STAR.split(pattern)]
    if len(parts) == 1:
        wanted = folded(pattern.replace("\\*", "*"), case=case)
        return said == wanted or (typos > 0 and _near(wanted, said, typos))
    first, *middle, last = parts
    if len(said) < len(first) + len(last) or not said.startswith(first) or not said.endswith(last):
        return False
    at, end = len(first), len(said) - len(last)
    for part in middle:
        found = said.find(part, at, end)
        if found < 0:
            return False
        at = found + len(part)
    return True


def folded_part(part: str, *, case: bool) -> str:
    """A piece of a pattern between two stars, as `folded` would make it inside a text."""
    part = part.replace("\\*", "*")
    if not case:
        return _SPACE_BESIDE_CJK.sub("", re.sub(r"\s+", " ", fold(part)))
    wide = re.sub(r"\s+", " ", unicodedata.normalize("NFKC", part))
    plain = "".join(fold(c) if re.match(rf"[{CJK}]", c) else c for c in wide)
    return _SPACE_BESIDE_CJK.sub("", plain)


def forgives(pattern: str, typos: int) -> bool:
    """Whether an accepted answer is long enough for a slip; one with a star takes none."""
    if typos < 1 or len(_STAR.split(pattern)) > 1:
        return False
    return len(folded(pattern.replace("\\*", "*"))) >= LETTERS_PER_SLIP


def _near(wanted: str, said: str, typos: int) -> bool:
    """Whether so few slips lie between two texts: one in four characters at most, none in digits.

    A slip is a letter too much, too few, another one, or two neighbours exchanged.
    """
    most = min(typos, len(wanted) // LETTERS_PER_SLIP)
    digits = [re.sub(r"\D", "", text) for text in (wanted, said)]
    if most < 1 or digits[0] != digits[1] or abs(len(wanted) - len(said)) > most:
        return False
    before: list[int] = []
    above: list[int] = []
    row = list(range(len(said) + 1))
    for i, a in enumerate(wanted, 1):
        before, above, row = above, row, [i]
        for j, b in enumerate(said, 1):
            cost = min(row[j - 1] + 1, above[j] + 1, above[j - 1] + (a != b))
            if i > 1 and j > 1 and a == said[j - 2] and b == wanted[i - 2]:
                cost = min(cost, before[j - 2] + 1)
            row.append(cost)
        if min(row) > most + 1:
            return False
    return row[-1] <= most
