"""Papers without “1．” and “A．”: circled numbers, marks of survey sites, Markdown, blank lines."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import pairwise

from app.questions.formats import assembling
from app.questions.formats.assembling import half, kind_of
from app.questions.formats.plain.marks import (
    HEADED,
    KEY_HEAD,
    KIND_MARK,
    NUMBER,
    OPTION,
    TAGGED,
    WORDS,
)
from app.questions.rules import Kind

Lines = list[tuple[int, str]]
_CIRCLED = "①②③④⑤⑥⑦⑧⑨⑩⑪⑫⑬⑭⑮⑯⑰⑱⑲⑳"
_CIRCLE = re.compile(f"[{_CIRCLED}]")
_LEAD = re.compile(rf"[\s　]*([{_CIRCLED}])\s*[.、．]?\s*")
_ONE_SIGN = re.compile(r"[\s　]*([⑴-⒇⒈-⒛])\s*")
_ONLY_CIRCLED = re.compile(
    rf"[\s、,，;；和及]*[{_CIRCLED}](?:[\s、,，;；和及]*[{_CIRCLED}])*[\s。.]*"
)
_IN_BRACKETS = re.compile(rf"([（(]\s*)([{_CIRCLED}]+)(\s*[）)])")
_TICK_BOX = re.compile(r"[\s　]*[○◯〇□■●◎☐☑⭕]\s*(?=\S)")
_KIND_BEHIND = re.compile(r"[\[【]\s{0,3}([^\]】\s][^\]】]{1,7}?)\s{0,3}[\]】]\s{0,3}[*＊]?$")
# “1．②”, “2. ①③”, “1-3 ①②③”: nothing but circled numbers behind the number of a question.
_KEYED = re.compile(
    rf"(\d\s{{0,3}}[.．、)）:：]?\s{{0,3}})([{_CIRCLED}](?:[、,，\s]?[{_CIRCLED}])*)"
    r"(?=\s{0,9}[;；。,，]?\s{0,9}(?:\d|$))",
    re.MULTILINE,
)
_BULLET = re.compile(r"^[\s　]*[-*+]\s+(?=(?:\*\*)?\s*(?:[A-LＡ-Ｌ]\s*[.．、)）]|答案|解析))")
_HASHES = re.compile(r"^[\s　]*#{1,6}\s+(?=\S)")
_BOLD = re.compile(r"([\s　]*)\*\*(.+?)\*\*([\s　]*)")
_DIGITS = re.compile(r"[\s　]*(\d{1,3})[\s　]*")
_ROW = re.compile(r"[\s　]*\d{1,3}(?:[\s　|]+\d{1,3})+[\s　|]*")
_CELL = re.compile(r"[\s　|]+")
_LETTERS = re.compile(r"[A-L]{1,8}|[√×✓✗✔✘对错TF]|正确|错误", re.IGNORECASE)


def without(lines: Lines) -> None:
    """Write the lines, in place, as most papers write them."""
    _markdown(lines)
    _one_sign(lines)
    _answers_below_numbers(lines)
    _kinds_behind(lines)
    _tick_boxes(lines)
    if not any(NUMBER.match(half(text)) for _number, text in lines):
        _circled_questions(lines)
    if not any(NUMBER.match(half(text)) for _number, text in lines):
        _numbers_alone(lines)
    if not any(NUMBER.match(half(text)) for _number, text in lines):
        _unnumbered(lines)
    _circled_options(lines)


def _markdown(lines: Lines) -> None:
    """“### 一、单选题”, “**1. …**”, “- A. …”, as notebooks and chat programs write them."""
    for at, (number, text) in enumerate(lines):
        said = _BULLET.sub("", _HASHES.sub("", text, count=1), count=1)
        bold = _BOLD.match(said)
        inside = half(bold.group(2)) if bold else ""
        if bold and any(mark.match(inside) for mark in (NUMBER, OPTION, TAGGED, HEADED, KIND_MARK)):
            said = f"{bold.group(1)}{bold.group(2)}{bold.group(3)}{said[bold.end() :]}"
        if said != text:
            lines[at] = (number, said)


def _one_sign(lines: Lines) -> None:
    """“⒈” and “⑴”, which are one sign each."""
    for at, (number, text) in enumerate(lines):
        found = _ONE_SIGN.match(text)
        if found:
            code = ord(found.group(1))
            said = f"{code - 0x2487}．" if code >= 0x2488 else f"（{code - 0x2473}）"
            lines[at] = (number, f"{said}{text[found.end() :]}")


def _answers_below_numbers(lines: Lines) -> None:
    """“1 2 3” above “B C A”, as a table of answers comes out of a program: “1．B 2．C 3．A”."""
    for at, ((number, text), (_next, below)) in enumerate(pairwise(lines)):
        if not _ROW.fullmatch(half(text)):
            continue
        numbers = [each for each in _CELL.split(half(text).strip(" |")) if each]
        answers = [each for each in _CELL.split(half(below).strip(" |")) if each]
        counts_on = all(int(b) == int(a) + 1 for a, b in pairwise(numbers))
        if counts_on and len(answers) == len(numbers) and all(map(_LETTERS.fullmatch, answers)):
            rows = zip(numbers, answers, strict=True)
            lines[at] = (number, " ".join(f"{number}．{answer}" for number, answer in rows))
            lines[at + 1] = (_next, "")


def _kinds_behind(lines: Lines) -> None:
    """“1. 您的年龄？ [单选题] *”: the kind goes to the front."""
    for at, (number, text) in enumerate(lines):
        start, found = NUMBER.match(half(text)), _KIND_BEHIND.search(text.rstrip())
        if start and found and found.start() > start.end() and kind_of(found.group(1)):
            stem = text[start.end() : found.start()].rstrip()
            lines[at] = (number, f"{text[: start.end()]}[{found.group(1)}] {stem}")


def _tick_boxes(lines: Lines) -> None:
    """“○ 18岁以下” below a question are answers to choose from."""
    run: list[tuple[int, int]] = []
    for at, (_number, text) in enumerate([*lines, (0, "x")]):
        found = _TICK_BOX.match(text)
        if found and not OPTION.match(half(text[found.end() :])):
            run.append((at, found.end()))
        elif text.strip():
            if 1 < len(run) <= len(assembling.LETTERS):
                for letter, (line, begin) in zip(assembling.LETTERS, run, strict=False):
                    number, said = lines[line]
                    lines[line] = (number, f"{letter}．{said[begin:]}")
            run = []


def _circled_questions(lines: Lines) -> None:
    """“① …” where no question has another number; further down they number the answers."""
    leads = [
        (at, _CIRCLED.index(found.group(1)) + 1)
        for at, (_number, text) in enumerate(lines)
        if (found := _LEAD.match(text))
    ]
    values = [value for _at, value in leads]
    counts_on = all(b in {a + 1, 1} for a, b in pairwise(values))
    apart = any(b[0] > a[0] + 1 for a, b in pairwise(leads)) or any(
        re.search(r"[（(][\s　√×对错A-L]*[)）]", half(lines[at][1])) for at, _value in leads
    )
    if len(leads) < 2 or values[0] != 1 or not counts_on or not apart:
        return
    for at, value in leads:
        number, text = lines[at]
        found = _LEAD.match(text)
        lines[at] = (number, f"{value}．{text[found.end() :] if found else text}")
    in_key = False
    for at, (number, text) in enumerate(lines):
        head = KEY_HEAD.match(half(text))
        in_key = in_key or bool(head and (head.end() == len(text) or _CIRCLE.search(text)))
        if in_key:
            said = _CIRCLE.sub(lambda m: f" {_CIRCLED.index(m[0]) + 1}．", text)
            lines[at] = (number, said)


def _numbers_alone(lines: Lines) -> None:
    """A number in a line of its own above the question, as pages of courses are copied."""
    expected = 1
    found = []
    for at, (_number, text) in enumerate(lines):
        digits = _DIGITS.fullmatch(half(text))
        if digits and int(digits.group(1)) in {expected, 1}:
            found.append((at, int(digits.group(1))))
            expected = int(digits.group(1)) + 1
    if len(found) < 2 and not (found and any(_is_answer(text) for _n, text in lines)):
        return
    for at, value in found:
        below = next((n for n in range(at + 1, len(lines)) if lines[n][1].strip()), None)
        if below is not None and not _DIGITS.fullmatch(half(lines[below][1])):
            lines[below] = (lines[below][0], f"{value}．{lines[below][1].strip()}")
            lines[at] = (lines[at][0], "")


def _is_answer(text: str) -> bool:
    tagged = TAGGED.match(half(text))
    return bool(tagged and WORDS.get(tagged.group(1).lower()) == "answer")


def _unnumbered(lines: Lines) -> None:
    """Questions that only their kind (【单选题】…) or empty lines keep apart."""
    marks = [
        at
        for at, (_number, text) in enumerate(lines)
        if (mark := KIND_MARK.match(half(text)))
        and kind_of(mark.group(1))
        and text[mark.end() :].strip()
    ]
    begins = marks or [
        block[0] for block in _blocks(lines) if any(_is_answer(lines[at][1]) for at in block[1:])
    ]
    for count, at in enumerate(begins, 1):
        number, text = lines[at]
        lines[at] = (number, f"{count}．{text.lstrip()}")


def _blocks(lines: Sequence[tuple[int, str]]) -> Iterator[list[int]]:
    """The places of lines without an empty one between them, but for headings above them."""
    block: list[int] = []
    answered = False
    for at, (_number, text) in enumerate([*lines, (0, "")]):
        below = half("".join(said for _n, said in lines[at + 1 : at + 2]))
        first = OPTION.match(below)
        fresh = answered and first and "A" in first.group().upper() and not TAGGED.match(half(text))
        if block and fresh:  # no empty line stands between this question and the one before
            yield block
            block, answered = [], False
        answered = (answered or _is_answer(text)) and bool(text.strip())
        headed = HEADED.match(half(text))
        heading = kind_of(half(text)[headed.end() if headed else 0 :].strip()) and len(text) < 30
        if text.strip() and not (heading and not block):
            block.append(at)
        elif block:
            yield block
            block = []


def _circled_options(lines: Lines) -> None:
    """“① 110 ② 119” with “答案：②”: the answers to choose from have circled numbers."""
    starts = [at for at, (_n, text) in enumerate(lines) if NUMBER.match(half(text))]
    key = next((at for at, (_n, text) in enumerate(lines) if _heads_a_key(text)), len(lines))
    listed = any(_KEYED.search(text) for _n, text in lines[key:])
    changed = False
    for start, end in pairwise([*[at for at in starts if at < key], key]):
        block = lines[start:end]
        if any(OPTION.match(half(text)) for _n, text in block[1:]) or not any(
            _LEAD.match(text) for _n, text in block[1:]
        ):
            continue
        said = [at for at in range(start, end) if _is_answer(lines[at][1])]
        tags = [TAGGED.match(half(lines[at][1])) for at in said]
        answers = [
            lines[at][1][tag.end() :] for at, tag in zip(said, tags, strict=True) if tag is not None
        ]
        inside = _IN_BRACKETS.search(lines[start][1])
        if not (
            any(_ONLY_CIRCLED.fullmatch(each) for each in answers)
            or (not answers and (inside or (listed and not _asks_for_text(lines, start))))
        ):
            continue
        changed = True
        for at in range(start, end):
            number, text = lines[at]
            if at in said:
                lines[at] = (number, _CIRCLE.sub(_letter, text))
            elif at == start:
                lines[at] = (number, _IN_BRACKETS.sub(_lettered, text))
            elif _LEAD.match(text):
                lines[at] = (number, _CIRCLE.sub(lambda m: f" {_letter(m)}．", text).strip())
    if changed and listed:
        for at in range(key, len(lines)):
            number, text = lines[at]
            lines[at] = (number, _KEYED.sub(lambda m: m[1] + _CIRCLE.sub(_letter, m[2]), text))


def _asks_for_text(lines: Lines, start: int) -> bool:
    """Whether a question stands below “三、简答题”."""
    for _number, text in reversed(lines[:start]):
        plain = half(text)
        headed = HEADED.match(plain)
        if len(text) < 30 and (kind := kind_of(plain[headed.end() if headed else 0 :].strip())):
            return kind == Kind.ESSAY
    return False


def _heads_a_key(text: str) -> bool:
    head = KEY_HEAD.match(half(text))
    return bool(head and (head.end() == len(text) or re.match(r"\d", half(text)[head.end() :])))


def _letter(found: re.Match[str]) -> str:
    at = _CIRCLED.index(found[0])
    return assembling.LETTERS[at] if at < len(assembling.LETTERS) else found[0]


def _lettered(found: re.Match[str]) -> str:
    return f"{found[1]}{_CIRCLE.sub(_letter, found[2])}{found[3]}"
