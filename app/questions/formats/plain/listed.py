"""A list of answers at the end of a paper, given to the questions that it names."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from flask_babel import gettext as _

from app.questions.formats import assembling
from app.questions.formats.assembling import half, kind_of
from app.questions.formats.facts import Problem
from app.questions.formats.plain.drafts import Draft
from app.questions.formats.plain.keys import key_entries
from app.questions.formats.plain.marks import HEADED, INNER_TAG, KEY_HEAD, RANGE, TAGGED, WORDS

_LEAD = re.compile(r"\s*(?:第\s*)?(\d{1,4})\s*(?:题\s*[.、．:：)）]?|[.、．:：)）])\s*")
_SAID = re.compile(r"\s*答\s*[:：]\s*")
_POINT = re.compile(r"\s*[(（]?1\s*[)）]")
LONG = 30  # characters of an answer that is no letter, sign or word


def begins(lines: Sequence[tuple[int, str]], at: int, drafts: Sequence[Draft]) -> bool:
    """Whether the list of answers begins in this line."""
    text = half(lines[at][1])
    head = KEY_HEAD.match(text)
    if head is None:
        return False
    if head.end() < len(text):
        return _names_all(text[head.end() :], drafts)
    after = next((half(t) for _n, t in lines[at + 1 :] if t.strip()), "")
    headed = HEADED.match(after)
    if RANGE.match(after.strip()) or (headed and kind_of(after[headed.end() :])):
        return True
    if kind_of(after) and len(after) < 20 and not drafts[-1].is_prose:
        return True
    points = _POINT.match(after) and drafts[-1].is_prose and not drafts[-1].closed
    if points and head.group().rstrip().endswith(":"):
        return False  # “答案：”, and below it the points 1) and 2) of a model answer
    number = re.match(r"\s*(\d{1,4})", after)
    following = int(drafts[-1].number or 0) + 1
    return number is not None and int(number.group(1)) != following


def _names_all(text: str, drafts: Sequence[Draft]) -> bool:
    """“参考答案：1.A 2.B 3.对” in one line: from the first question up to the last one."""
    entries = key_entries(text)
    named = {number for number, _answer in entries}
    asked = {draft.number for draft in drafts if not draft.is_answered}
    return len(named) > 1 and drafts[-1].number in named and named <= asked


class Listed:
    """Gives answers and what is said about them to drafts; what fits nowhere is a problem."""

    def __init__(self, drafts: Sequence[Draft], sections: Mapping[str, int]) -> None:
        self.drafts = drafts
        self.sections = sections
        self.several = len({draft.section for draft in drafts}) > 1
        self.section: int | None = None
        self.open: Draft | None = None  # the one that was answered last
        self.problems: list[Problem] = []

    def line(self, number: int, text: str) -> None:
        plain = half(text)
        if KEY_HEAD.fullmatch(plain.strip() or "?"):
            return  # a heading above each table of them
        begin = self._heading(plain)
        if begin is None or not plain[begin:].strip():
            return
        text, plain = text[begin:], plain[begin:]
        lead = _LEAD.match(plain)
        draft = self._asked(lead.group(1)) if lead and not RANGE.match(plain.strip()) else None
        if lead and draft is not None and self._is_whole(draft, plain[lead.end() :]):
            self._whole(draft, text[lead.end() :])
            return
        prose = self.open is not None and self.open.is_prose
        if not (prose and (draft is None or draft.is_answered)):
            entries = key_entries(text)
            for value, answer in entries:
                self._answer(number, value, answer)
            if entries:
                return
        self._more(number, text, plain)

    def _heading(self, plain: str) -> int | None:
        """Where the answers begin behind “一、单选题：”; None when there are none in this line."""
        headed = HEADED.match(plain)
        begin = headed.end() if headed else 0
        named = kind_of(plain[begin:])
        if not named or not (headed or not re.match(r"\s*\d", plain)):
            return 0
        self.section, self.open = self.sections.get(named), None
        digit = re.search(r"\d", plain[begin:])
        if digit is None or re.match(r"\d+\s*(?:分|题|小题)", plain[begin + digit.start() :]):
            return None
        return begin + digit.start()

    def _asked(self, value: str) -> Draft | None:
        """The question of a number, better one that has no answer yet."""
        same = [draft for draft in self.drafts if draft.number == value]
        if self.several and self.section is not None:
            same = [draft for draft in same if draft.section == self.section] or same
        free = [draft for draft in same if not draft.is_answered]
        return next(iter(free or same), None)

    def _is_whole(self, draft: Draft, rest: str) -> bool:
        """Whether a line speaks of this question alone."""
        if draft.is_answered:
            return False
        if TAGGED.match(rest) or INNER_TAG.search(rest) or _SAID.match(rest):
            return True
        return draft.is_prose or (draft.kind is None and not draft.options and len(rest) > LONG)

    def _whole(self, draft: Draft, rest: str) -> None:
        self.open = draft
        tagged = TAGGED.match(half(rest))
        said = _SAID.match(rest)
        if tagged and not said:
            draft.tag(WORDS[tagged.group(1).lower()], rest[tagged.end() :])
        else:
            draft.tag("answer", rest[said.end() :] if said else rest)

    def _answer(self, line: int, value: str, answer: str) -> None:
        draft = self._asked(value)
        if draft is None:
            self.problems.append(
                Problem(
                    _("The list of answers names question %(number)s, which is not there.",
                      number=value),
                    _("Look at the numbers of the questions."),
                    line,
                    blocks=False,
                )
            )  # fmt: skip
        elif not draft.is_answered:
            draft.tag("answer", answer)
            self.open = draft

    def _more(self, number: int, text: str, plain: str) -> None:
        """A line without a number: a part of its own, or more of the part before."""
        tagged, draft = TAGGED.match(plain), self.open
        if draft is not None and tagged and tagged.group(1) != "答":
            draft.tag(WORDS[tagged.group(1).lower()], text[tagged.end() :])
            return
        short = draft is not None and draft.at == "answer" and _is_short(draft)
        if draft is not None and not short:
            draft.add(text.strip())
        elif len(self.problems) < 20:
            self.problems.append(
                Problem(
                    _("“%(text)s” in the list of answers belongs to no question.",
                      text=text.strip()[:60]),
                    _("Write the number of its question in front."),
                    number,
                    blocks=False,
                )
            )  # fmt: skip


def _is_short(draft: Draft) -> bool:
    """Whether an answer is only letters or a sign, which go on in no further line."""
    said = "".join(draft.parts.get("answer", ()))
    return assembling.letters(said) is not None or assembling.truth(said) is not None
