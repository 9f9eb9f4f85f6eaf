"""Numbered lines become questions, whatever people write around them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from flask_babel import gettext as _

from app.questions.formats import assembling
from app.questions.formats.assembling import half, kind_of
from app.questions.formats.facts import Item, Paper, Problem, facts_of
from app.questions.formats.plain.keys import key_entries
from app.questions.formats.plain.marks import (
    ANSWER_HERE,
    FILLED,
    FILLED_IN,
    HEADED,
    INLINE_OPTION,
    INNER_TAG,
    KEY_HEAD,
    KIND_BEFORE,
    KIND_MARK,
    LETTER_ALONE,
    MATERIAL,
    MATERIAL_END,
    NUMBER,
    OPTION,
    POINTS_BEHIND,
    RANGE,
    SAID_BEFORE,
    SIGN,
    TAGGED,
    WORDS,
)
from app.questions.rules import Kind

LONGEST_LINE = 10_000  # characters


def read_lines(lines: Sequence[tuple[int, str]], name: str) -> Paper:
    """Every question in numbered lines; Word files are read by this, too."""
    return _Reader(lines, name).read()


@dataclass
class _Draft:
    """A question while its lines come in; a line without a mark belongs to the part `at`."""

    line: int
    number: str
    section: int
    kind: str | None
    stem: list[str] = field(default_factory=list)
    options: list[list[str]] = field(default_factory=list)
    marked: list[int] = field(default_factory=list)
    pairs: list[str] = field(default_factory=list)
    parts: dict[str, list[str]] = field(default_factory=dict)
    material: str = ""
    at: str = "stem"
    inner: int = 0  # the last number of a list inside the stem
    bracketed: bool = False  # whether its number is written (1)

    def add(self, text: str) -> None:
        if self.at == "stem":
            self.stem.append(text)
        elif self.at == "option":
            self.options[-1].append(text)
        else:
            self.parts.setdefault(self.at, []).append(text)

    @property
    def complete(self) -> bool:
        return bool(self.options or self.parts or self.pairs)


class _Reader:
    def __init__(self, lines: Sequence[tuple[int, str]], name: str) -> None:
        self.paper = Paper(name)
        self.lines = [(number, self._cut(number, text.rstrip())) for number, text in lines]
        self.drafts: list[_Draft] = []
        self.kind: str | None = None
        self.section = 0
        self.sections: dict[str, int] = {}
        self.material: list[str] = []
        self.in_material = False
        self.points = 0
        self._letters_alone()

    def _letters_alone(self) -> None:
        """“A 红色” above “B 黄色” are answers to choose from, as if points stood behind letters."""
        run: list[tuple[int, int]] = []  # (line, where the text begins)
        for at, (_number, text) in enumerate([*self.lines, (0, "")]):
            found = LETTER_ALONE.match(half(text))
            if found and found.group(1) == assembling.LETTERS[len(run) % 12]:
                run.append((at, found.end()))
                continue
            if len(run) > 1:
                for n, (line, begin) in enumerate(run):
                    number, said = self.lines[line]
                    self.lines[line] = (number, f"{assembling.LETTERS[n]}．{said[begin:]}")
            run = [(at, found.end())] if found and found.group(1) == "A" else []

    def _cut(self, number: int, text: str) -> str:
        """A line that no question can have keeps the file out, and costs no time."""
        if len(text) <= LONGEST_LINE:
            return text
        sentence = _(
            "This line has %(length)s characters; %(most)s is the most.",
            length=len(text),
            most=LONGEST_LINE,
        )
        mend = _("Look whether line breaks were lost in the file.")
        self.paper.notes.append(Problem(sentence, mend, number))
        return text[:LONGEST_LINE]

    def read(self) -> Paper:
        at = 0
        while at < len(self.lines):
            number, text = self.lines[at]
            if self.drafts and self._is_said_twice(at):
                at += 1
                continue
            if self.drafts and self._is_key(at):
                self._key(at + 1 if KEY_HEAD.fullmatch(half(text)) else at)
                break
            if text.strip():
                self._line(number, text)
            elif self.drafts and self.drafts[-1].at in {"explanation", "answer"}:
                self.drafts[-1].add("")
            at += 1
        self.paper.items = [self._item(draft) for draft in self.drafts]
        if self.points:
            self.paper.notes.append(
                Problem(
                    _("Points of questions are not kept (%(number)s times): a paper gives points, "
                      "not the bank.", number=self.points),
                    blocks=False,
                )
            )  # fmt: skip
        return self.paper

    def _is_said_twice(self, at: int) -> bool:
        """Whether “参考答案” stands above a table that says so itself, or above nothing."""
        below = (half(text) for _number, text in self.lines[at + 1 :] if text.strip())
        said = next(below, None)
        is_head = KEY_HEAD.fullmatch(half(self.lines[at][1].strip() or "?")) is not None
        return is_head and (said is None or KEY_HEAD.fullmatch(said) is not None)

    # ---- one line --------------------------------------------------------------------------------

    def _line(self, number: int, text: str) -> None:
        plain = half(text)
        draft = self.drafts[-1] if self.drafts else None
        if MATERIAL_END.fullmatch(plain):
            self.material, self.in_material = [], False
            return
        if found := MATERIAL.match(text):
            self.material, self.in_material = [found.group(1)], True
            return
        mark = KIND_MARK.match(plain)
        if mark and kind_of(mark.group(1)) and NUMBER.match(plain[mark.end() :]):
            # “【单选题】1．…”: the kind stands in front of the number.
            start = NUMBER.match(plain[mark.end() :])
            if start and self._begins(start):
                self._begin(number, text[mark.end() :], start)
                self.drafts[-1].kind = kind_of(mark.group(1))
                return
        if self._is_section(plain):
            return
        start = NUMBER.match(plain)
        if start and self._begins(start):
            self.in_material = False
            self._begin(number, text, start)
            return
        if self.in_material:
            self.material.append(text.strip())
        elif draft is None:
            self._stray(number, text)
        else:
            self._more(draft, text, plain)

    def _is_section(self, plain: str) -> bool:
        """A heading that names a kind; later questions are of it."""
        if len(plain) > 80 or OPTION.match(plain) or TAGGED.match(plain):
            return False
        headed = HEADED.match(plain)
        rest = plain[headed.end() :] if headed else plain.strip(" 【】[]#*")
        rest = rest.strip(" 、.．:：")
        kind = kind_of(rest)
        words = re.sub(r"[(（【\[].*$", "", rest).strip(" :：。.")
        if kind is None or not (headed or len(words) <= 8):
            return False
        if not headed and (kind_of(words) is None or re.search(r"[?？。，,]", words)):
            return False
        self.kind, self.section = kind, self.section + 1
        self.sections.setdefault(kind, self.section)
        self.material, self.in_material = [], False
        return True

    def _begins(self, start: re.Match[str]) -> bool:
        """Whether a number at the beginning of a line is that of the next question."""
        value = int(next(group for group in start.groups() if group))
        last = self.drafts[-1] if self.drafts else None
        if last is None or last.section != self.section:
            return True
        before = int(last.number or 0)
        if start.group().lstrip()[:1] in "(（" and not last.bracketed:
            return False  # (1), (2) … inside a question, or inside its answer
        if not last.complete and value in {1, last.inner + 1} and (last.inner or value == 1):
            last.inner = value
            return False
        if value == before + 1:
            return True
        if start.group().endswith(".") and start.string[start.end() : start.end() + 1].isdigit():
            return False  # 3.14 is no question 3
        # A list inside a question begins with 1 again; so does a paper without headings.
        return (last.complete and (value > before or value == 1)) or before < value <= before + 3

    def _begin(self, number: int, text: str, start: re.Match[str]) -> None:
        value = next(group for group in start.groups() if group)
        rest, kind = text[start.end() :], self.kind
        mark = KIND_MARK.match(rest)
        named = kind_of(mark.group(1)) if mark else None
        if mark and named and assembling.truth(mark.group(1)) is None:
            kind, rest = named, rest[mark.end() :]
        said = SAID_BEFORE.match(rest)
        rest = rest[said.end() :] if said else rest
        spelt = KIND_BEFORE.match(rest)
        if spelt and kind_of(spelt.group(1)):
            kind, rest = kind_of(spelt.group(1)), rest[spelt.end() :]
        draft = _Draft(
            *(number, value, self.section, kind),
            material="\n".join(self.material).strip(),
            bracketed=start.group().lstrip()[:1] in "(（",
        )
        self.drafts.append(draft)
        # “(√) 1. …”: some write the sign in front.
        self._more(draft, rest, half(rest))

    def _more(self, draft: _Draft, text: str, plain: str) -> None:
        tagged = TAGGED.match(plain)
        if tagged and (tagged.group(1) != "答" or ":" in plain[: tagged.end()]):
            self._tagged(draft, WORDS[tagged.group(1).lower()], text[tagged.end() :])
            return
        if draft.kind == Kind.MATCHING and draft.at == "stem" and assembling.is_pair(text):
            draft.pairs.append(text)
            return
        if draft.at in {"stem", "option"} or self._answered_before(draft, plain):
            here = ANSWER_HERE.search(plain)
            if here and here.start() > 0 and plain[here.end() :].strip():
                self._more(draft, text[: here.start()], plain[: here.start()])
                self._tagged(draft, "answer", text[here.end() :])
                return
            behind = POINTS_BEHIND.search(text)
            if behind and behind.start() > 0:
                self.points += 1
                text, plain = text[: behind.start()], plain[: behind.start()]
            if self._options(draft, text, plain):
                return
        draft.add(text.strip() if draft.at != "explanation" else text.rstrip())

    @staticmethod
    def _answered_before(draft: _Draft, plain: str) -> bool:
        """Whether the answers to choose from begin below “答案：A”."""
        return (
            draft.at == "answer"
            and not draft.options
            and assembling.letters("".join(draft.parts["answer"])) is not None
            and bool(re.match(r"\s*[(（]?A\s*[.、)）:：．]", plain))
        )

    def _options(self, draft: _Draft, text: str, plain: str) -> bool:
        """Take the options that stand in a line, perhaps behind the end of the stem."""
        expected = len(draft.options)
        places = []
        for found in INLINE_OPTION.finditer(plain):
            letter = (found.group(1) or found.group(2)).upper()
            if letter == assembling.LETTERS[expected % 12]:
                places.append(found)
                expected += 1
        first = OPTION.match(plain)
        small = first.group(1) or first.group(2) if first else ""
        if first and not places and small.upper() == assembling.LETTERS[len(draft.options) % 12]:
            places = [first]  # “a) …”
        if not places or (places[0].start() > 0 and not first and len(places) < 2):
            return False
        if draft.at == "option" and places[0].start() > 0 and plain[: places[0].start()].strip():
            return False
        before = text[: places[0].start()].strip()
        if before:
            draft.add(before)
        ends = [found.start() for found in places[1:]] + [len(text)]
        for found, end in zip(places, ends, strict=True):
            option = text[found.end() : end].strip()
            sign = SIGN.search(option)
            if sign and sign.start() > 0:
                draft.marked.append(len(draft.options))
                option = option[: sign.start()].strip()
            draft.options.append([option])
        draft.at = "option"
        return True

    def _tagged(self, draft: _Draft, part: str, rest: str) -> None:
        inner = INNER_TAG.search(rest)
        text = rest[: inner.start()] if inner else rest
        if part == "points":
            self.points += 1
        elif part == "rubric":
            draft.parts.setdefault("rubric", []).append(text.strip())
        else:
            draft.parts.setdefault(part, []).append(text.strip())
        draft.at = part
        if inner:
            self._tagged(draft, WORDS[inner.group(1)], rest[inner.end() :])

    def _stray(self, number: int, text: str) -> None:
        if len(self.paper.notes) < 20:
            self.paper.notes.append(
                Problem(
                    _("“%(text)s” stands before the first question and is not taken.",
                      text=text.strip()[:60]),
                    _("If it is a question, write its number in front: 1．"),
                    number,
                    blocks=False,
                )
            )  # fmt: skip

    # ---- a list of answers at the end ------------------------------------------------------------

    def _is_key(self, at: int) -> bool:
        text = half(self.lines[at][1])
        if not KEY_HEAD.fullmatch(text):
            return False
        after = next((half(t) for _n, t in self.lines[at + 1 :] if t.strip()), "")
        headed = HEADED.match(after)
        if RANGE.match(after.strip()) or (headed and kind_of(after[headed.end() :])):
            return True
        number = re.match(r"\s*(\d{1,4})", after)
        following = int(self.drafts[-1].number or 0) + 1
        return number is not None and int(number.group(1)) != following

    def _key(self, at: int) -> None:
        """Give each question without an answer the one that the list says."""
        several = len({draft.section for draft in self.drafts}) > 1
        section: int | None = None
        for number, text in self.lines[at:]:
            plain = half(text)
            headed = HEADED.match(plain)
            begin = headed.end() if headed else 0
            named = kind_of(plain[begin:])
            if named and (headed or not re.match(r"\s*\d", plain)):
                section = self.sections.get(named)
                digit = re.search(r"\d", plain[begin:])
                if digit is None or re.match(
                    r"\d+\s*(?:分|题|小题)", plain[begin + digit.start() :]
                ):
                    continue
                begin += digit.start()
            else:
                begin = 0
            for value, answer in key_entries(text[begin:]):
                self._answered(number, value, answer, section if several else None)

    def _answered(self, line: int, value: str, answer: str, section: int | None) -> None:
        same = [d for d in self.drafts if d.number == value]
        if section is not None:
            same = [d for d in same if d.section == section] or same
        open_ = [draft for draft in same if "answer" not in draft.parts]
        if len(open_) == 1 or (open_ and section is None):
            open_[0].parts["answer"] = [answer]
            return
        if not same:
            self.paper.notes.append(
                Problem(
                    _("The list of answers names question %(number)s, which is not there.",
                      number=value),
                    _("Look at the numbers of the questions."),
                    line,
                    blocks=False,
                )
            )  # fmt: skip

    # ---- a draft becomes a question --------------------------------------------------------------

    def _item(self, draft: _Draft) -> Item:
        stem, answer = "\n".join(draft.stem).strip(), "\n".join(draft.parts.get("answer", ()))
        if draft.kind == Kind.BLANKS and not answer.strip() and FILLED_IN.search(stem):
            draft.parts["answer"] = ["；".join(found.strip() for found in FILLED_IN.findall(stem))]
            stem = FILLED_IN.sub("____", stem)
        stem = _bare(stem)
        part = {name: _bare("\n".join(texts)).strip() for name, texts in draft.parts.items()}
        facts = facts_of(
            category=part.get("category", ""),
            tags=part.get("tags", ""),
            difficulty=part.get("difficulty", ""),
            source=part.get("source", ""),
            language=part.get("language", ""),
        )
        options = [_bare(" ".join(texts)).strip() for texts in draft.options]
        if len(options) > 1 and all(text.endswith((";", "；")) for text in options[:-1]):
            options = [text.rstrip(";；").rstrip() for text in options]
        kind, answer = draft.kind, part.get("answer", "")
        if kind in {Kind.SINGLE, Kind.MULTIPLE} and not options and answer:
            # A blank below 选择题 whose answer is a word: the heading does not speak of it.
            kind = kind if assembling.letters(answer) is not None else None
        item = assembling.assemble(
            kind=kind,
            stem=stem,
            options=options,
            answer=answer,
            explanation=part.get("explanation", ""),
            material=_bare(draft.material),
            marked=draft.marked,
            lines=[_bare(text) for text in draft.pairs],
            rubric=[_bare(text) for text in draft.parts.get("rubric", ())],
            line=draft.line,
            number=draft.number,
            facts=facts,
        )
        if part.get("difficulty") and "difficulty" not in facts:
            item.note(
                _("The difficulty “%(text)s” is not known.", text=part["difficulty"][:20]),
                _("Write a number from 1 to 5, or 易, 中, 难."),
            )
        return item


def _bare(text: str) -> str:
    """A text without the marks around what was underlined."""
    return text.translate(dict.fromkeys(map(ord, FILLED)))
