"""Lines of a paper before they are read: numbers and letters that some write their own way."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from itertools import pairwise

from app.questions.formats import assembling
from app.questions.formats.assembling import half, kind_of
from app.questions.formats.plain import habits
from app.questions.formats.plain.marks import (
    ANSWERED_NUMBER,
    BETWEEN_BRACKETS,
    BETWEEN_LINES,
    BRACKETED,
    CLOSE_OPTION,
    FILLED,
    LETTER_ALONE,
    RED,
    SPELT_NUMBER,
    TAGGED,
)

Lines = list[tuple[int, str]]


def prepare(lines: Lines) -> None:
    """Write numbers and letters in the lines, in place, as most papers write them."""
    _numbers_spelt(lines)
    habits.without(lines)
    _numbers_answered(lines)
    _letters_alone(lines)


def _numbers_spelt(lines: Lines) -> None:
    """“第十二题：…” is “第12题 …”, unless a kind stands behind it: then it is a heading."""
    for at, (number, text) in enumerate(lines):
        found = SPELT_NUMBER.match(text)
        value = _counted(found.group(1)) if found else 0
        if found and value and kind_of(text[found.end() :]) is None:
            lines[at] = (number, f"第{value}题 {text[found.end() :]}")


_DIGITS = {sign: n for n, sign in enumerate("一二三四五六七八九", 1)}
_COUNTED = re.compile(
    r"(?:([一二三四五六七八九])?(百))?(?:([一二三四五六七八九])?(十))?([一二三四五六七八九])?"
)


def _counted(words: str) -> int:
    """“十二” → 12; 0 for what is no number."""
    found = _COUNTED.fullmatch(words)
    if not found:
        return 0
    hundreds = _DIGITS.get(found.group(1) or "", 1) if found.group(2) else 0
    tens = _DIGITS.get(found.group(3) or "", 1) if found.group(4) else 0
    return 100 * hundreds + 10 * tens + _DIGITS.get(found.group(5) or "", 0)


def _numbers_answered(lines: Lines) -> None:
    """“（B）1．…” is “1．（B）…”, where several such lines count on.

    Answers to choose from, which are lettered in order, stay as they are.
    """
    found = [
        (at, match)
        for at, (_number, text) in enumerate(lines)
        if (match := ANSWERED_NUMBER.match(half(text)))
    ]
    values = [int(re.sub(r"\D", "", match.group(2))) for _at, match in found]
    said = [match.group(1).strip().upper() for _at, match in found]
    lettered = all(letter == assembling.LETTERS[n % 12] for n, letter in enumerate(said))
    counts_on = all(b == a + 1 or b == 1 for a, b in pairwise(values))
    if len(found) < 2 or lettered or not counts_on:
        return
    for at, match in found:
        number, text = lines[at]
        begin, rest = text[match.start(2) : match.end(2)], text[match.end() :]
        answer = f"（{match.group(1).strip()}）" if match.group(1).strip() else ""
        lines[at] = (number, f"{begin}{answer}{rest}")


def _letters_alone(lines: Lines) -> None:
    """“A 红色” above “B 黄色” are answers to choose from, as if points stood behind letters."""
    run: list[tuple[int, int]] = []  # (line, where the text begins)
    for at, (_number, text) in enumerate([*lines, (0, "")]):
        found = LETTER_ALONE.match(half(text))
        if found and found.group(1) == assembling.LETTERS[len(run) % 12]:
            run.append((at, found.end()))
            continue
        if len(run) > 1:
            for n, (line, begin) in enumerate(run):
                number, said = lines[line]
                lines[line] = (number, f"{assembling.LETTERS[n]}．{said[begin:]}")
        run = [(at, found.end())] if found and found.group(1) == "A" else []


def red_options(text: str) -> str:
    """A line without the marks of red words, but for one with answers to choose from."""
    plain = half(text)
    has_some = CLOSE_OPTION.search(plain) and not TAGGED.match(plain)
    return text if has_some else text.replace(RED, "")


def written_in(stem: str) -> tuple[str, str] | None:
    """(stem with blanks, answers) of “首都是__北京__” and “1+1=（2）”; None for other stems."""
    rest = BETWEEN_LINES.sub("", stem)
    if BETWEEN_LINES.search(stem) and not assembling.GAP.search(rest):
        found = BETWEEN_LINES
    elif not assembling.GAP.search(stem) and BETWEEN_BRACKETS.search(stem):
        found = BETWEEN_BRACKETS
    else:
        return None
    return found.sub("____", stem), "；".join(found.findall(stem))


def in_order(pattern: re.Pattern[str], plain: str, at: int) -> list[re.Match[str]]:
    """Letters of answers in a line: the next that is expected, and those that follow it."""
    places: list[re.Match[str]] = []
    for found in pattern.finditer(plain):
        letter = next(group for group in found.groups() if group).upper()
        if letter == assembling.LETTERS[(at + len(places)) % 12]:
            places.append(found)
    return places


def bare(text: str) -> str:
    """A text without the marks of what was underlined or red."""
    return text.translate(dict.fromkeys(map(ord, FILLED + RED)))


def bare_label(label: str) -> str:
    """“(1)”, “①”, “１、” → “1”: what an answer says when it names this label."""
    return unicodedata.normalize("NFKC", label).strip(" .．、,，:：;；。()（）[]【】")


def chosen(answer: str, labels: Sequence[str]) -> list[int] | None:
    """Places of the labels that an answer names: “①③”, “1、3”; None when it says something else."""
    plain = unicodedata.normalize("NFKC", answer)
    words = [bare_label(word) for word in re.split(r"[\s,，、;；和及与]+", plain)]
    words = [word for word in words if word]
    if len(words) == 1 and words[0] not in labels:
        words = list(words[0])
    found = sorted({labels.index(word) for word in words if word in labels})
    return found if words and len(found) == len(words) else None


def lettered(labels: Sequence[str], stem: str, answer: str) -> tuple[str, str]:
    """Stem and answer with letters for the labels that answers to choose from have on paper:
    “答案：2” and “（②）” are B."""

    def letters(said: str) -> str:
        return "".join(assembling.LETTERS[n] for n in chosen(said, labels) or ())

    key = letters(answer)

    def inside(found: re.Match[str]) -> str:
        said = letters(found[2])
        return f"{found[1]}{said if said and said == (key or said) else found[2]}{found[3]}"

    return (BRACKETED.sub(inside, stem) if key or not answer else stem), key or answer
