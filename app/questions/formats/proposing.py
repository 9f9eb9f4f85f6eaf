"""Questions proposed from a text by rules: gaps and statements from sentences that define a thing.

No format of a file: what it gives goes through the import doctor, always as drafts.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from flask_babel import gettext as _

from app.questions.formats.facts import Item, Paper, Problem, judge
from app.questions.rules import Kind
from app.questions.types import gaps
from app.search.folding import CJK

NAME = "proposed"
MOST = 60  # proposals from one text: more than anybody looks through
_ENDS = "。！？!?；;.：:"
_WIDE = re.compile(rf"[{CJK}，、（）“”《》]")
_SENTENCE = re.compile(r"[^。！？!?；;\n]+?(?:[。！？!?；;\n]|\.(?=\s|$)|$)")
# “灭火器是指……” and “A fire door is a door that …”: a short name, a verb that defines, an account.
_CHINESE = re.compile(
    rf"^([{CJK}A-Za-z0-9（）()“”·-]{{2,16}}?)(，?(?:是指|指的是|是一种|是一类|称为|叫做|定义为|即))"
    r"([^，。].{5,120})$"
)
_ENGLISH = re.compile(
    r"^((?:An?|The) )?([A-Za-z][\w-]*(?: [\w-]+){0,3})"
    r"( (?:is|are) (?:an?|the|any|a kind of) | means | refers to | is called )(.{12,200})$"
)
_VAGUE = re.compile(
    r"^(?:这|那|它|他|她|我|你|您|此|该|其|有的|什么|哪)|\b(?:this|that|it|he|she|we|you|they|there|what"
    r"|here|which|who)\b",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Passage:
    """A piece of a text. `source` says to people where it stands, “Fire safety 07:12”; `place` is
    the same for the bank, as `service.places.put_places` takes it."""

    source: str
    text: str
    place: Mapping[str, Any] | None = None


def propose(passages: Iterable[Passage]) -> Paper:
    """A gap and a statement from each sentence that defines something.

    The proposals keep the order of the text; the same name is asked only once. A note says where
    the reading stopped when there was too much.
    """
    paper = Paper(NAME)
    seen: set[str] = set()
    for passage in passages:
        if len(paper.items) >= MOST:
            what = _(
                "These are many already; the rest, from “%(place)s” on, was not read.",
                place=passage.source,
            )
            paper.notes.append(Problem(what, blocks=False))
            break
        facts: dict[str, Any] = {"source": passage.source[:500]} if passage.source else {}
        if passage.place is not None:
            facts["places"] = [dict(passage.place)]
        for sentence in _sentences(unwrapped(passage.text)):
            for item in _proposals(sentence, seen):
                item.facts = facts
                item.number = str(len(paper.items) + 1)
                judge(item)
                if not item.blocked:
                    paper.items.append(item)
    return paper


def unwrapped(text: str) -> str:
    """A text without the ends of lines that only the width of a page has made.

    A line goes on in the next one when it is nearly as long as the longest, and ends in the middle
    of a sentence.
    """
    lines = [" ".join(line.split()) for line in text.splitlines()]
    full = max(map(_width, lines), default=0) * 0.75
    pieces: list[str] = []
    for line, after in zip(lines, [*lines[1:], ""], strict=True):
        pieces.append(line)
        goes_on = _width(line) >= max(full, 12) and after and not line.endswith(tuple(_ENDS))
        wide = goes_on and (_WIDE.match(line[-1]) or _WIDE.match(after[0]))
        pieces.append("" if wide else " " if goes_on else "\n")
    return "".join(pieces)


def _width(line: str) -> int:
    return len(line) + len(_WIDE.findall(line))


def _sentences(text: str) -> Iterator[str]:
    for found in _SENTENCE.finditer(text[:200_000]):
        sentence = " ".join(found.group().split())
        if 10 <= len(sentence) <= 300:
            yield sentence


def _proposals(sentence: str, seen: set[str]) -> Iterator[Item]:
    plain = sentence.rstrip("。！？!?；;. ")
    if sentence.endswith(("？", "?")):
        return
    chinese, english = _CHINESE.match(plain), _ENGLISH.match(plain)
    if chinese:
        before, name, after = "", chinese.group(1), plain[chinese.end(1) :] + "。"
    elif english:
        before, name = english.group(1) or "", english.group(2)
        after = plain[english.end(2) :] + "."
    else:
        return
    key = name.casefold()
    if _VAGUE.search(name) or key in seen or name in after:
        return
    seen.add(key)
    yield Item(str(Kind.CLOZE), {"stem": f"{before}[[{gaps.escaped(name)}]]{after}"})
    yield Item(str(Kind.TRUEFALSE), {"stem": f"{before}{name}{after}", "answer": True})
