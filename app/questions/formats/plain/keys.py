"""A list of answers at the end of a paper: “1-3 ABD 4.对 5、北京”."""

from __future__ import annotations

import re

from app.questions.formats.assembling import half
from app.questions.formats.plain.marks import KEY_NUMBER, RANGE


def key_entries(text: str) -> list[tuple[str, str]]:
    """“1-3 ABD 4.对 5、北京” → [("1", "A"), ("2", "B"), ("3", "D"), ("4", "对"), ("5", "北京")].

    Numbers go up: in “4. 2米 1.5米” there is one of them.
    """
    plain, found, at = half(text), [], 0
    while at < len(plain):
        if not plain[at:].strip():
            break
        span = RANGE.match(plain, at + len(plain[at:]) - len(plain[at:].lstrip()))
        if span:
            first, last = int(span.group(1)), int(span.group(2))
            end = _end(plain, span.end(), last)
            chunk = plain[span.end() : end].strip(" 。")
            words = [word for word in re.split(r"[\s　,，;；、]+", chunk) if word]
            wanted = last - first + 1
            if len(words) != wanted:
                words = list("".join(words))
            if 0 < wanted == len(words):
                found += [(str(first + n), word) for n, word in enumerate(words)]
            at = end
            continue
        start = KEY_NUMBER.search(plain, at)
        if start is None:
            break
        end = _end(plain, start.end() + 1, int(start.group(1)))
        found.append((start.group(1), text[start.end() : end].strip(" 　,，;；")))
        at = end
    return [(number, answer) for number, answer in found if answer]


def _end(plain: str, at: int, before: int) -> int:
    """Where the answer to a question ends: at the next range, or at the next higher number."""
    span = RANGE.search(plain, at)
    ends = [span.start()] if span and int(span.group(1)) > before else []
    for number in KEY_NUMBER.finditer(plain, at):
        value, sign = int(number.group(1)), number.group().strip()[-1:]
        decimal = sign == "." and plain[number.end() : number.end() + 1].isdigit()
        if value == before + 1 or (value > before and not sign.isdigit() and not decimal):
            ends.append(number.start())
            break
    return min(ends, default=len(plain))
