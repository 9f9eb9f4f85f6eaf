"""Numbered lines become questions, whatever people write around them."""

from __future__ import annotations

import re
from collections.abc import Sequence

from flask_babel import gettext as _

from app.questions.formats import assembling
from app.questions.formats.assembling import half, kind_of
from app.questions.formats.facts import Item, Paper, Problem, facts_of
from app.questions.formats.plain import lines as lines_
from app.questions.formats.plain import listed
from app.questions.formats.plain.drafts import Draft
from app.questions.formats.plain.marks import (
    ANSWER_ALONE,
    ANSWER_HERE,
    BARE_OPTION,
    CLOSE_OPTION,
    EMPTY_END,
    FILLED_IN,
    HEADED,
    INLINE_OPTION,
    KEY_HEAD,
    KIND_BEFORE,
    KIND_MARK,
    LABEL,
    MATERIAL,
    MATERIAL_END,
    MATERIAL_FOR,
    NUMBER,
    NUMBERED_SO,
    OPTION,
    PART,
    POINTS_BEFORE,
    POINTS_BEHIND,
    POINTS_EACH,
    RED,
    SAID_BEFORE,
    SIGN,
    SMALL_OPTION,
    TAGGED,
    WORDS,
)
from app.questions.rules import Kind

LONGEST_LINE = 10_000  # characters
# A gap says no more by being longer; the patterns below would try it in every way.
_GAP = re.compile(r"([^\S\n]{60})[^\S\n]+")


def read_lines(lines: Sequence[tuple[int, str]], name: str) -> Paper:
    """Every question in numbered lines; Word files are read by this, too."""
    return _Reader(lines, name).read()


class _Reader:
    def __init__(self, lines: Sequence[tuple[int, str]], name: str) -> None:
        self.paper = Paper(name)
        self.lines = [
            (number, self._cut(number, lines_.red_options(_GAP.sub(r"\1", text.rstrip()))))
            for number, text in lines
        ]
        lines_.prepare(self.lines)
        self.drafts: list[Draft] = []
        self.kind: str | None = None
        self.either = False  # whether the heading is for one right answer and for several
        self.section = 0
        self.sections: dict[str, int] = {}
        self.material: list[str] = []
        self.in_material = False
        self.material_for: tuple[int, int] | None = None  # the numbers of the questions about it
        self.fresh = False  # whether a heading was read, and no question below it yet
        self.aside: list[tuple[int, str]] = []  # lines between a heading and its first question
        self.points = 0

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
            if self.drafts and self.drafts[-1].in_code:
                self.drafts[-1].add(text.rstrip())
                at += 1
                continue
            if self.drafts and self._is_said_twice(at):
                at += 1
                continue
            if self.drafts and listed.begins(self.lines, at, self.drafts):
                self._key(at)
                break
            if text.strip():
                self._line(number, text)
            elif self.in_material and self.material and self.material[-1]:
                self.material.append("")
            elif self.drafts and self.drafts[-1].at in {"explanation", "answer", "stem"}:
                self.drafts[-1].add("")
            at += 1
        self._set_aside()
        self.paper.items = [self._item(draft) for draft in self.drafts]
        self.points += sum(len(draft.parts.get("points", ())) for draft in self.drafts)
        if any("taker" in draft.parts for draft in self.drafts):
            sentence = _("What somebody answered, and the points for it, is not kept.")
            self.paper.notes.append(Problem(sentence, blocks=False))
        if self.points:
            self.paper.notes.append(
                Problem(
                    _("Points of questions are not kept (%(number)s times): a paper gives points, "
                      "not the bank.", number=self.points),
                    blocks=False,
                )
            )  # fmt: skip
        return self.paper

    def _key(self, at: int) -> None:
        number, text = self.lines[at]
        head = KEY_HEAD.match(half(text))
        self.lines[at] = (number, text[head.end() :] if head else text)
        key = listed.Listed(self.drafts, self.sections)
        for row, said in self.lines[at:]:
            key.line(row, said)
        self.paper.notes += key.problems

    def _is_said_twice(self, at: int) -> bool:
        """Whether “参考答案” stands above a table that says so itself, or above nothing."""
        if KEY_HEAD.fullmatch(half(self.lines[at][1].strip() or "?")) is None:
            return False
        below = (self.lines[n][1] for n in range(at + 1, len(self.lines)))
        said = next((half(text) for text in below if text.strip()), None)
        return said is None or KEY_HEAD.fullmatch(said) is not None

    # ---- one line --------------------------------------------------------------------------------

    def _line(self, number: int, text: str) -> None:
        plain = half(text)
        draft = self.drafts[-1] if self.drafts else None
        if MATERIAL_END.fullmatch(plain):
            self.material, self.in_material = [], False
            return
        if found := MATERIAL.match(text):
            self.material, self.in_material = [found.group(1)], True
            self.material_for = None
            return
        if self._is_about(plain):
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
            self.points += bool(POINTS_EACH.search(plain))
            return
        start = NUMBER.match(plain)
        if start and self._begins(start):
            self.in_material = False
            self._begin(number, text, start)
            return
        if self.in_material:
            self.material.append(text.strip())
        elif draft is None or self.fresh:
            self.aside.append((number, text))
        else:
            self._more(draft, text, plain)

    def _is_about(self, plain: str) -> bool:
        """Whether a line says that questions are about a text below it, or above it."""
        headed = HEADED.match(plain)
        found = MATERIAL_FOR.fullmatch(plain[headed.end() if headed else 0 :].strip(" 【[(（"))
        if found is None or len(plain) > 90:
            return False
        above = [text for _number, text in self.aside if not _is_label(half(text))]
        if not above and self.drafts and re.search("[以之]上|上[述面]", plain):
            above = self.drafts[-1].taken_back()
        if headed and not self.fresh:
            self.kind, self.section = None, self.section + 1
        self.material, self.in_material, self.aside = above, True, []
        first, last = found.group(1), found.group(2)
        self.material_for = (int(first), int(last)) if first else None
        self.fresh = True
        return True

    def _set_aside(self) -> None:
        """Say what stood above the first question of all, or of a section."""
        for number, text in self.aside:
            self._stray(number, text)
        self.aside = []

    def _is_section(self, plain: str) -> bool:
        """A heading that names a kind; later questions are of it."""
        if PART.match(plain) and len(plain) < 40 and kind_of(PART.sub("", plain)) is None:
            self._set_aside()
            self.fresh, self.aside = True, []
            return not self.in_material and (not self.drafts or self.drafts[-1].complete)
        if len(plain) > 200 or OPTION.match(plain) or TAGGED.match(plain):
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
        # Below a plain 选择题 stand questions with one right answer and with several.
        self.either = kind == Kind.SINGLE and rest.startswith("选择")
        self.kind, self.section = kind, self.section + 1
        self.sections.setdefault(kind, self.section)
        self.material, self.in_material = [], False
        self._set_aside()
        self.fresh = True
        return True

    def _begins(self, start: re.Match[str]) -> bool:
        """Whether a number at the beginning of a line is that of the next question."""
        value = int(next(group for group in start.groups() if group))
        last = self.drafts[-1] if self.drafts else None
        if last is None or last.section != self.section:
            return True
        before = int(last.number or 0)
        if start.group().lstrip()[:1] in "(（" and not last.bracketed:
            # (1), (2) … inside a question, or inside its answer; behind a letter nothing goes on.
            return value == before + 1 and bool(last.options) and last.is_answered
        if last.answered_by_point(start.group()):
            return False
        if not last.complete and value in {1, last.inner + 1} and (last.inner or value == 1):
            last.inner = value
            return False
        decimal = start.group().endswith(".") and start.string[start.end() :][:1].isdigit()
        if value == before + 1 or decimal:
            return value == before + 1  # 3.14 is no question 3
        # A list inside a question begins with 1 again; so does a paper without headings.
        return (last.complete and (value > before or value == 1)) or before < value <= before + 3

    def _begin(self, number: int, text: str, start: re.Match[str]) -> None:
        value = next(group for group in start.groups() if group)
        rest, kind = text[start.end() :], self.kind
        before = POINTS_BEFORE.match(rest)
        if before:
            self.points += 1
            rest = rest[before.end() :]
        mark = KIND_MARK.match(rest)
        named = kind_of(mark.group(1)) if mark else None
        if mark and named and assembling.truth(mark.group(1)) is None:
            kind, rest = named, rest[mark.end() :]
        said = SAID_BEFORE.match(rest)
        rest = rest[said.end() :] if said else rest
        spelt = KIND_BEFORE.match(rest)
        if spelt and kind_of(spelt.group(1)):
            kind, rest = kind_of(spelt.group(1)), rest[spelt.end() :]
        self._set_aside()
        self.fresh = False
        if self.material_for and not self.material_for[0] <= int(value) <= self.material_for[1]:
            self.material, self.material_for = [], None
        draft = Draft(
            *(number, value, self.section, kind),
            material="\n".join(self.material).strip(),
            bracketed=start.group().lstrip()[:1] in "(（",
            closed=start.group().rstrip().endswith((")", "）")),
            either=self.either and kind == self.kind,
        )
        self.drafts.append(draft)
        # “(√) 1. …”: some write the sign in front.
        self._more(draft, rest, half(rest))

    def _more(self, draft: Draft, text: str, plain: str) -> None:
        tagged = TAGGED.match(plain)
        if tagged and (tagged.group(1) != "答" or ":" in plain[: tagged.end()]):
            rest = text[tagged.end() :]
            if plain.lstrip()[:1] in "(（" and rest.rstrip().endswith((")", "）")):
                rest = rest.rstrip()[:-1]  # “（答案：B  难度：易）”
            draft.tag(WORDS[tagged.group(1).lower()], rest)
            return
        alone = ANSWER_ALONE.fullmatch(plain)
        if alone:
            draft.tag("answer", alone.group(1))
            return
        if draft.kind == Kind.MATCHING and draft.at == "stem" and assembling.is_pair(text):
            draft.pairs.append(text)
            return
        if draft.at in {"stem", "option"} or self._answered_before(draft, plain):
            here = ANSWER_HERE.search(plain)
            if here and here.start() > 0 and plain[here.end() :].strip():
                self._more(draft, text[: here.start()], plain[: here.start()])
                draft.tag("answer", text[here.end() :])
                return
            behind = POINTS_BEHIND.search(text)
            if behind and behind.start() > 0:
                self.points += 1
                text, plain = text[: behind.start()], plain[: behind.start()]
            if self._options(draft, text, plain):
                return
        draft.add(text.strip() if draft.at != "explanation" else text.rstrip())

    @staticmethod
    def _answered_before(draft: Draft, plain: str) -> bool:
        """Whether the answers to choose from begin below “答案：A”."""
        return (
            draft.at == "answer"
            and not draft.options
            and assembling.letters("".join(draft.parts["answer"])) is not None
            and bool(re.match(r"\s*[(（]?A\s*[.、)）:：．]", plain))
        )

    def _options(self, draft: Draft, text: str, plain: str) -> bool:
        """Take the options that stand in a line, perhaps behind the end of the stem."""
        places = lines_.in_order(INLINE_OPTION, plain, len(draft.options))
        for other in (CLOSE_OPTION, SMALL_OPTION, BARE_OPTION):
            run = lines_.in_order(other, plain, len(draft.options))
            if len(run) > max(2, len(places)) and not plain[: run[0].start()].strip():
                places = run
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
            if numbered := NUMBERED_SO.match(option):
                draft.shown[len(draft.options)] = numbered.group(1)
                option = option[numbered.end() :]
            if RED in option:
                draft.red.append(len(draft.options))
            draft.options.append([option])
        draft.at = "option"
        return True

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

    # ---- a draft becomes a question --------------------------------------------------------------

    def _item(self, draft: Draft) -> Item:
        stem, answer = "\n".join(draft.stem).strip(), "\n".join(draft.parts.get("answer", ()))
        if draft.kind == Kind.BLANKS and not answer.strip() and FILLED_IN.search(stem):
            draft.parts["answer"] = ["；".join(found.strip() for found in FILLED_IN.findall(stem))]
            stem = FILLED_IN.sub("____", stem)
        stem = lines_.bare(stem)
        filled = draft.kind == Kind.BLANKS and not "".join(draft.parts.get("answer", ())).strip()
        written = lines_.written_in(stem) if filled else None
        if written:
            stem, draft.parts["answer"] = written[0], [written[1]]
        part = {name: lines_.bare("\n".join(texts)).strip() for name, texts in draft.parts.items()}
        facts = facts_of(
            category=part.get("category", ""),
            tags=part.get("tags", ""),
            difficulty=part.get("difficulty", ""),
            source=part.get("source", ""),
            language=part.get("language", ""),
        )
        if draft.shown:
            labels = [draft.shown.get(n, "") for n in range(len(draft.options))]
            stem, part["answer"] = lines_.lettered(labels, stem, part.get("answer", ""))
        options = [lines_.bare(" ".join(texts)).strip() for texts in draft.options]
        if len(options) > 1 and all(text.endswith((";", "；")) for text in options[:-1]):
            options = [text.rstrip(";；").rstrip() for text in options]
        kind, answer = draft.kind, part.get("answer", "")
        if kind == Kind.ESSAY and (options or assembling.truth(answer) is not None):
            kind = None  # below 案例分析题 stand questions of every kind
        if draft.either and options:
            kind = None
        if assembling.truth(answer) is not None and not options:
            stem = EMPTY_END.sub("", stem)  # a statement needs no place for a sign
        if kind in {Kind.SINGLE, Kind.MULTIPLE} and not options and answer:
            # A blank below 选择题 whose answer is a word: the heading does not speak of it.
            kind = kind if assembling.letters(answer) is not None else None
        is_red = 0 < len(draft.red) < len(options) and not answer.strip() and not draft.marked
        item = assembling.assemble(
            kind=kind,
            stem=stem,
            options=options,
            answer=answer,
            explanation=part.get("explanation", ""),
            material=lines_.bare(draft.material),
            marked=draft.red if is_red else draft.marked,
            lines=[lines_.bare(text) for text in draft.pairs],
            rubric=[lines_.bare(text) for text in draft.parts.get("rubric", ())],
            line=draft.line,
            number=draft.number,
            facts=facts,
        )
        if written:
            item.note(
                _("What stands between the lines or brackets of the blank is the answer."),
                _("Look whether that is what it means."),
            )
        if is_red and not assembling.answer_in_stem(stem, kind, len(options))[1]:
            item.note(
                _("The right answer is the one in red, or behind a marker pen."),
                _("Look whether that is what it means."),
            )
        if part.get("difficulty") and "difficulty" not in facts:
            item.note(
                _("The difficulty “%(text)s” is not known.", text=part["difficulty"][:20]),
                _("Write a number from 1 to 5, or 易, 中, 难."),
            )
        return item


def _is_label(plain: str) -> bool:
    """Whether a line above a text to be read is only its heading: “一、阅读理解”, “（一）”."""
    headed = HEADED.match(plain)
    short = len(plain.strip()) < 20 and not re.search(r"[。，,？?；;]", plain)
    return LABEL.fullmatch(plain) is not None or bool(headed and short)
