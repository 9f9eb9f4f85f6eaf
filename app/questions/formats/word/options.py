"""Answers to choose from whose letters or numbers Word counts by itself."""

from __future__ import annotations

import re
from collections.abc import Sequence

from app.questions.formats import assembling, plain
from app.questions.formats.assembling import half
from app.questions.formats.plain.marks import (
    HEADED,
    KEY_HEAD,
    KIND_MARK,
    NUMBER,
    NUMBERED,
    TAGGED,
    WORDS,
)
from app.questions.formats.word.document import Line
from app.questions.formats.word.numbering import Label
from app.questions.rules import Kind

_CHOICES = {Kind.SINGLE, Kind.MULTIPLE}
_FURTHEST = 40  # lines of a stem above its answers
_BRACKETED = re.compile(r"[（(【]([^（）()【】]{0,20})[）)】]")
_LETTERED = {"upperLetter", "lowerLetter"}


def lettered(lines: Sequence[Line]) -> tuple[list[tuple[int, str]], list[int]]:
    """The lines as (number, text), with A．, B． … before answers that Word numbers 1, 2 or E, F.

    What the reader sees before each goes along, so that “答案：2” is understood. The second part
    has the paragraphs in which letters count on behind those of the question before.
    """
    said = [(line.number, line.shown) for line in lines]
    headed = _headed(lines)
    counted_on: list[int] = []
    at = 0
    while at < len(lines):
        run = _run(lines, at)
        if 1 < len(run) <= len(assembling.LETTERS) and _are_options(lines, run, headed):
            first = lines[run[0]].label
            if first is not None and first.shape in _LETTERED and first.count > 1:
                counted_on.append(lines[run[0]].number)
            for letter, each in zip(assembling.LETTERS, run, strict=False):
                said[each] = (lines[each].number, _said(lines[each], letter))
        at = run[-1] + 1 if run else at + 1
    return said, counted_on


def _said(line: Line, letter: str) -> str:
    shown = plain.bare_label(line.label.text if line.label else "")
    seen = "" if shown == letter else f"{NUMBERED[0]}{shown}{NUMBERED[1]}"
    return f"{letter}．{seen}{line.text.strip()}"


def _run(lines: Sequence[Line], at: int) -> list[int]:
    """The places of lines from here on that one list counts; blank ones may stand between."""
    found: list[int] = []
    last: Label | None = None  # also of a line of the list in which nothing stands
    for place in range(at, len(lines)):
        label = lines[place].label
        is_blank = not lines[place].text.strip()
        is_far = not found and place - at > len(assembling.LETTERS)
        if is_blank and (label is None or not label.text) and not is_far:
            continue
        if label is None or not label.text or is_far:
            break
        if last is not None and (label.place != last.place or label.count != last.count + 1):
            break
        last = label
        if not is_blank:
            found.append(place)
    return found


def _are_options(lines: Sequence[Line], run: Sequence[int], headed: Sequence[str | None]) -> bool:
    label = lines[run[0]].label
    start = _question(lines, run)
    if label is None or start is None:
        return False
    if label.shape in _LETTERED:
        return True
    if label.count != 1:
        return False
    stem = " ".join(line.shown for line in lines[start : run[0]])
    number = NUMBER.match(half(stem))
    kind = _marked(half(stem)[number.end() :] if number else half(stem)) or headed[start]
    answer = _answer(lines, run)
    labels = [plain.bare_label(each.text) for place in run if (each := lines[place].label)]
    if answer:
        return _names(answer, labels)
    if kind in _CHOICES:
        return True
    inside = [each.strip() for each in _BRACKETED.findall(stem)]
    return kind is None and any(not each or _names(each, labels) for each in inside)


def _names(answer: str, labels: Sequence[str]) -> bool:
    """Whether an answer is a number or letter of some of these answers to choose from."""
    chosen = plain.chosen(answer, labels) or assembling.letters(answer, len(labels))
    return chosen is not None


def _question(lines: Sequence[Line], run: Sequence[int]) -> int | None:
    """The line in which the question above these lines begins; None when there is none."""
    own = lines[run[0]].label
    for at in range(run[0] - 1, max(-1, run[0] - _FURTHEST), -1):
        line, text = lines[at], half(lines[at].shown)
        if not text.strip():
            continue
        if _heading(text) or KEY_HEAD.fullmatch(text.strip()):
            return None
        label = line.label
        if label is not None and label.text and own is not None:
            same = label.place == own.place
            return None if same or label.shape in _LETTERED else at
        if NUMBER.match(text) or KIND_MARK.match(text):
            return at
        tagged = TAGGED.match(text)
        if tagged:
            return None
    return None


def _answer(lines: Sequence[Line], run: Sequence[int]) -> str:
    """What “答案：” below the lines says, up to the next question."""
    for line in lines[run[-1] + 1 : run[-1] + _FURTHEST]:
        text = half(line.shown)
        tagged = TAGGED.match(text)
        if tagged and WORDS.get(tagged.group(1).lower()) == "answer":
            return text[tagged.end() :].strip()
        if (line.label is not None and line.label.text) or NUMBER.match(text) or _heading(text):
            return ""
    return ""


def _heading(text: str) -> str | None:
    """The kind that a heading names; "" for another heading, None for no heading."""
    headed = HEADED.match(text)
    kind = assembling.kind_of(text[headed.end() if headed else 0 :])
    if headed and len(text) < 200:
        return kind or ""
    return kind if len(text.strip()) < 12 else None


def _headed(lines: Sequence[Line]) -> list[str | None]:
    """For each line, the kind of the questions below the nearest heading above it."""
    found: list[str | None] = []
    kind: str | None = None
    for line in lines:
        found.append(kind)
        if line.text.strip():
            kind = _heading(half(line.shown)) or kind
    return found


def _marked(text: str) -> str | None:
    mark = KIND_MARK.match(text)
    return assembling.kind_of(mark.group(1)) if mark else None
