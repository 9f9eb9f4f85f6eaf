"""A list of answers at the end of a paper: “1-3 ABD 4.对 5、北京”."""

from __future__ import annotations

import re

from app.questions.formats.assembling import half
from app.questions.formats.plain.marks import KEY_NUMBER, RANGE


def key_entries(text: str) -> list[tuple[str, str]]:
    """“1-3 ABD 4.对 5、北京” → [("1", "A"), ("2", "B"), ("3", "D"), ("4", "对"), ("5", "北京")]."""
    plain, found, at = half(text), [], 0
    while at < len(plain):
        if not plain[at:].strip():
            break
        span = RANGE.match(plain, at + len(plain[at:]) - len(plain[at:].lstrip()))
        if span:
            first, last = int(span.group(1)), int(span.group(2))
            after = RANGE.search(plain, span.end())
            single = KEY_NUMBER.search(plain, span.end())
            end = min([m.start() for m in (after, single) if m] or [len(plain)])
            chunk = text[span.end() : end].strip()
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
        after_ = KEY_NUMBER.search(plain, start.end() + 1)
        span_ = RANGE.search(plain, start.end())
        end = min([m.start() for m in (after_, span_) if m] or [len(plain)])
        found.append((start.group(1), text[start.end() : end].strip(" 　,，;；")))
        at = end
    return [(number, answer) for number, answer in found if answer]
