"""Papers in plain text, as people write them in Word: 1．题干 A．… B．… 答案：AC 解析：…"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from app.core.spreadsheet import decoded
from app.questions.formats import assembling
from app.questions.formats.assembling import half, kind_of
from app.questions.formats.facts import Item, Paper, Problem, Saying, Written, facts_of
from app.questions.rules import KIND_NAMES, USUAL_ENDINGS, Kind, plain_number
from app.questions.types import numbers

NAME = "plain"
LABEL = _l("Plain text paper")
ENDINGS = (".txt", ".md", ".text")
LONGEST_LINE = 10_000  # characters

_CHINESE = "一二三四五六七八九十百"
_NUMBER = re.compile(
    r"\s*(?:第\s*(\d{1,4})\s*题\s*[.、:： ]?|(\d{1,4})\s*[.、)）:：．]|[(（](\d{1,4})[)）]"
    r"|【(\d{1,4})】)\s*"
)
_HEADED = re.compile(
    rf"\s*(?:第?[{_CHINESE}]{{1,3}}(?:部分|大题|[、.．:：)）])|[(（][{_CHINESE}]{{1,3}}[)）]"
    r"|part\s*[ivx\d]+\b)",
    re.IGNORECASE,
)
_KIND_MARK = re.compile(
    r"\s*[\[【(（]\s*([^\]】)）\d]{2,8}?)\s*(?:[,，]?\s*\d+(?:\.\d+)?\s*分)?\s*[\]】)）]\s*"
)
_OPTION = re.compile(r"\s*(?:[(（]([A-L])[)）]|([A-L])\s*[.、)）:：．])\s*", re.IGNORECASE)
_INLINE_OPTION = re.compile(
    r"(?:(?<=[\s;；。)）？?:：])|^)(?:[(（]([A-L])[)）]|([A-L])\s*[.、)）:：．])\s*"
)
_TAGGED = re.compile(
    r"\s*[【\[(（]?\s*(参考答案|正确答案|标准答案|答案|答|answers?|key|试题解析|答案解析|解析"
    r"|分析|详解|explanation|难度系数|难度|difficulty|知识点|考点|标签|tags?|分值|points?|来源|出处"
    r"|依据|source|分类|章节|category|评分标准|评分|rubric)(?:\s*[】\])）]\s*[:：]?|\s*[:：])\s*",
    re.IGNORECASE,
)
_INNER_TAG = re.compile(
    r"(?<=[\s　。；;】\]）)])[【\[]?\s*(试题解析|答案解析|解析|难度系数|难度|知识点"
    r"|考点|分值)\s*[】\]]?\s*[:：]\s*"
)
_MATERIAL = re.compile(
    r"\s*[【\[]?\s*(?:阅读)?材料\s*[一二三四五六七八九十\d]*\s*[】\]]?\s*[:：]\s*(.*)"
)
_MATERIAL_END = re.compile(r"\s*[【\[]\s*材料完\s*[】\]]\s*")
_KEY_HEAD = re.compile(
    r"\s*[【\[]?\s*(?:参考答案|标准答案|正确答案|答案|answer\s*key|answers|key)"
    r"(?:\s*(?:与|及|和)?\s*解析)?\s*[】\]]?\s*[:：]?\s*",
    re.IGNORECASE,
)
_RANGE = re.compile(r"(\d{1,4})\s*[-~—–～至到]+\s*(\d{1,4})\s*(?:题)?\s*[:：.．、]?\s*")
_KEY_NUMBER = re.compile(r"(?:(?<=[\s,，;；。])|^)(\d{1,4})\s*[.．、:：)）]?\s*(?=\S)")
_SIGN = re.compile(r"\s*(?:√|✓|✔|☑|[(（]\s*(?:正确|√|对|right|correct)\s*[)）])\s*$", re.IGNORECASE)

ANSWERS = {"参考答案", "正确答案", "标准答案", "答案", "答", "answer", "answers", "key"}
EXPLANATIONS = {"试题解析", "答案解析", "解析", "分析", "详解", "explanation"}
WORDS = {
    **dict.fromkeys(ANSWERS, "answer"),
    **dict.fromkeys(EXPLANATIONS, "explanation"),
    **dict.fromkeys(("难度系数", "难度", "difficulty"), "difficulty"),
    **dict.fromkeys(("知识点", "考点", "标签", "tag", "tags"), "tags"),
    **dict.fromkeys(("分值", "point", "points"), "points"),
    **dict.fromkeys(("来源", "出处", "依据", "source"), "source"),
    **dict.fromkeys(("分类", "章节", "category"), "category"),
    **dict.fromkeys(("评分标准", "评分", "rubric"), "rubric"),
}


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


def fits(data: bytes, filename: str) -> bool:
    """The last that is tried: any text with a numbered line or an option."""
    if b"\0" in data[:2000] and data[:2] not in {b"\xff\xfe", b"\xfe\xff"}:
        return False
    text = half(decoded(data))
    return bool(
        re.search(
            r"^[ \t]*(?:\d{1,4}[ \t]*[.、)．]|第[ \t]*\d{1,4}[ \t]*题|[A-D][.、)．])",
            text,
            re.MULTILINE,
        )
    )


def read(data: bytes, filename: str) -> Paper:
    """Every question of a text file; lines are counted from 1."""
    lines = decoded(data).replace("\r\n", "\n").replace("\r", "\n").split("\n")
    return read_lines(list(enumerate(lines, 1)), NAME)


def read_lines(lines: Sequence[tuple[int, str]], name: str) -> Paper:
    """Every question in numbered lines; Word files are read by this, too."""
    return _Reader(lines, name).read()


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
            if self.drafts and self._is_key(at):
                self._key(at + 1 if _KEY_HEAD.fullmatch(half(text)) else at)
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

    # ---- one line --------------------------------------------------------------------------------

    def _line(self, number: int, text: str) -> None:
        plain = half(text)
        draft = self.drafts[-1] if self.drafts else None
        if _MATERIAL_END.fullmatch(plain):
            self.material, self.in_material = [], False
            return
        if found := _MATERIAL.match(text):
            self.material, self.in_material = [found.group(1)], True
            return
        mark = _KIND_MARK.match(plain)
        if mark and kind_of(mark.group(1)) and _NUMBER.match(plain[mark.end() :]):
            # “【单选题】1．…”: the kind stands in front of the number.
            start = _NUMBER.match(plain[mark.end() :])
            if start and self._begins(start):
                self._begin(number, text[mark.end() :], start)
                self.drafts[-1].kind = kind_of(mark.group(1))
                return
        if self._is_section(plain):
            return
        start = _NUMBER.match(plain)
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
        if len(plain) > 80 or _OPTION.match(plain) or _TAGGED.match(plain):
            return False
        headed = _HEADED.match(plain)
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
        mark = _KIND_MARK.match(rest)
        named = kind_of(mark.group(1)) if mark else None
        if mark and named and assembling.truth(mark.group(1)) is None:
            kind, rest = named, rest[mark.end() :]
        draft = _Draft(number, value, self.section, kind, material="\n".join(self.material).strip())
        self.drafts.append(draft)
        # “(√) 1. …”: some write the sign in front.
        self._more(draft, rest, half(rest))

    def _more(self, draft: _Draft, text: str, plain: str) -> None:
        tagged = _TAGGED.match(plain)
        if tagged and (tagged.group(1) != "答" or ":" in plain[: tagged.end()]):
            self._tagged(draft, WORDS[tagged.group(1).lower()], text[tagged.end() :])
            return
        if draft.kind == Kind.MATCHING and draft.at == "stem" and assembling.is_pair(text):
            draft.pairs.append(text)
            return
        if draft.at in {"stem", "option"} and self._options(draft, text, plain):
            return
        draft.add(text.strip() if draft.at != "explanation" else text.rstrip())

    def _options(self, draft: _Draft, text: str, plain: str) -> bool:
        """Take the options that stand in a line, perhaps behind the end of the stem."""
        expected = len(draft.options)
        places = []
        for found in _INLINE_OPTION.finditer(plain):
            letter = (found.group(1) or found.group(2)).upper()
            if letter == assembling.LETTERS[expected % 12]:
                places.append(found)
                expected += 1
        first = _OPTION.match(plain)
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
            sign = _SIGN.search(option)
            if sign and sign.start() > 0:
                draft.marked.append(len(draft.options))
                option = option[: sign.start()].strip()
            draft.options.append([option])
        draft.at = "option"
        return True

    def _tagged(self, draft: _Draft, part: str, rest: str) -> None:
        inner = _INNER_TAG.search(rest)
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
        if not _KEY_HEAD.fullmatch(text):
            return False
        after = next((half(t) for _n, t in self.lines[at + 1 :] if t.strip()), "")
        headed = _HEADED.match(after)
        if _RANGE.match(after.strip()) or (headed and kind_of(after[headed.end() :])):
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
            headed = _HEADED.match(plain)
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
            for value, answer in _key_entries(text[begin:]):
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
        part = {name: "\n".join(texts).strip() for name, texts in draft.parts.items()}
        facts = facts_of(
            category=part.get("category", ""),
            tags=part.get("tags", ""),
            difficulty=part.get("difficulty", ""),
            source=part.get("source", ""),
        )
        item = assembling.assemble(
            kind=draft.kind,
            stem="\n".join(draft.stem).strip(),
            options=[" ".join(texts).strip() for texts in draft.options],
            answer=part.get("answer", ""),
            explanation=part.get("explanation", ""),
            material=draft.material,
            marked=draft.marked,
            lines=draft.pairs,
            rubric=draft.parts.get("rubric", []),
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


def _key_entries(text: str) -> list[tuple[str, str]]:
    """“1-3 ABD 4.对 5、北京” → [("1", "A"), ("2", "B"), ("3", "D"), ("4", "对"), ("5", "北京")]."""
    plain, found, at = half(text), [], 0
    while at < len(plain):
        if not plain[at:].strip():
            break
        span = _RANGE.match(plain, at + len(plain[at:]) - len(plain[at:].lstrip()))
        if span:
            first, last = int(span.group(1)), int(span.group(2))
            after = _RANGE.search(plain, span.end())
            single = _KEY_NUMBER.search(plain, span.end())
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
        start = _KEY_NUMBER.search(plain, at)
        if start is None:
            break
        after_ = _KEY_NUMBER.search(plain, start.end() + 1)
        span_ = _RANGE.search(plain, start.end())
        end = min([m.start() for m in (after_, span_) if m] or [len(plain)])
        found.append((start.group(1), text[start.end() : end].strip(" 　,，;；")))
        at = end
    return [(number, answer) for number, answer in found if answer]


# ---- out -----------------------------------------------------------------------------------------

_CHINESE_NAMES = {
    Kind.SINGLE: "单选题",
    Kind.MULTIPLE: "多选题",
    Kind.TRUEFALSE: "判断题",
    Kind.SHORT: "短答题",
    Kind.NUMERIC: "数值题",
    Kind.BLANKS: "填空题",
    Kind.CLOZE: "完形填空",
    Kind.MATCHING: "连线题",
    Kind.ORDERING: "排序题",
    Kind.ESSAY: "问答题",
    Kind.FILE: "文件题",
}


def write(sayings: Sequence[Saying]) -> Written:
    """A text file with every question and its kind, in the order given."""
    lines, losses = write_lines(sayings)
    return Written("\n".join(lines).encode(), losses)


def write_lines(sayings: Sequence[Saying]) -> tuple[list[str], list[Problem]]:
    """The lines of a paper; Word files are written by this, too."""
    lines: list[str] = []
    losses: list[Problem] = []
    material = ""
    for number, saying in enumerate(sayings, 1):
        if Kind(saying.kind) not in _CHINESE_NAMES:
            losses.append(left_out(number, saying.kind))
            continue
        given = str(saying.body.get("material") or "")
        if given != material:
            lines += [f"材料：{given}" if given else "【材料完】", ""]
            material = given
        mark = _CHINESE_NAMES[Kind(saying.kind)]
        lines.append(f"{number}．[{mark}] {saying.body['stem']}")
        lost = _body(saying, lines)
        if saying.body.get("explanation"):
            lines.append(f"解析：{saying.body['explanation']}")
        facts = saying.facts
        for name, value in (
            ("难度", facts.get("difficulty")),
            ("标签", " ".join(facts.get("tags", ()))),
            ("分类", facts.get("category")),
            ("来源", facts.get("source")),
        ):
            if value:
                lines.append(f"{name}：{value}")
        lines.append("")
        if lost:
            losses.append(
                Problem(
                    _("Question %(number)s (%(kind)s): a plain paper cannot say %(what)s.",
                      number=number, kind=KIND_NAMES[Kind(saying.kind)], what="; ".join(lost)),
                    line=number,
                    blocks=False,
                )
            )  # fmt: skip
    return lines, losses


def left_out(number: int, kind: str) -> Problem:
    """What is said of a question that a paper without pictures cannot ask."""
    return Problem(
        _("Question %(number)s (%(kind)s) is left out whole: a plain paper cannot say it.",
          number=number, kind=KIND_NAMES[Kind(kind)]),
        line=number,
        blocks=False,
    )  # fmt: skip


def can_say(saying: Saying) -> bool:
    return Kind(saying.kind) in _CHINESE_NAMES


def _body(saying: Saying, lines: list[str]) -> list[str]:  # noqa: C901, PLR0912, PLR0915 - one branch for each kind
    body: Any = saying.body
    lost: list[str] = []
    letters = assembling.LETTERS
    if saying.kind == Kind.TRUEFALSE:
        lines.append(f"答案：{'对' if body['answer'] else '错'}")
    elif saying.kind in {Kind.SINGLE, Kind.MULTIPLE}:
        right = ""
        for letter, option in zip(letters, body["options"], strict=False):
            lines.append(f"{letter}．{option['text']}")
            right += (
                letter if Decimal(option["fraction"]) > 0 and _whole(saying.kind, option) else ""
            )
        lines.append(f"答案：{right}")
        again = assembling.assemble(
            kind=saying.kind, stem="?", options=[o["text"] for o in body["options"]], answer=right
        ).body["options"]
        worths = [Decimal(o["fraction"]) for o in body["options"]]
        if [Decimal(o["fraction"]) for o in again] != worths:
            lost.append(_("the worth of single answers"))
        if any(option.get("feedback") for option in body["options"]):
            lost.append(_("feedback"))
    elif saying.kind in {Kind.SHORT, Kind.NUMERIC}:
        full = [a for a in body["answers"] if a["fraction"] == "1"]
        said = [a["text"] if saying.kind == Kind.SHORT else numbers.spelling(a) for a in full]
        lines.append(f"答案：{' / '.join(said)}")
        if len(full) < len(body["answers"]):
            lost.append(_("answers that are partly right"))
        if any(a.get("feedback") for a in body["answers"]):
            lost.append(_("feedback"))
        if body.get("units"):
            lost.append(_("units"))
        if any("/" in text or "或" in text for text in said):
            lost.append(_("a stroke or 或 inside an answer"))
    elif saying.kind == Kind.MATCHING:
        lines += [f"{pair['left']} —— {pair['right']}" for pair in body["pairs"]]
        lines += [f"—— {text}" for text in body["extra"]]
    elif saying.kind == Kind.ORDERING:
        # Written mixed, in the order of the alphabet, so that the paper does not give it away.
        mixed = sorted(body["items"])
        lines += [f"{letter}．{text}" for letter, text in zip(letters, mixed, strict=False)]
        order = [mixed.index(text) for text in body["items"]]
        lines.append(f"答案：{''.join(letters[at] for at in order if at < len(letters))}")
        if len(mixed) > len(letters):
            lost.append(_("more than %(number)s things", number=len(letters)))
        if body["marking"] != "places":
            lost.append(_("how an order that is partly right is marked"))
    elif saying.kind in {Kind.ESSAY, Kind.FILE}:
        lines += [
            f"评分：{row['text']}（{plain_number(Decimal(row['share']) * 100)}%）"
            for row in body["rubric"]
        ]
        if body["answer"]:
            lines.append(f"答案：{body['answer']}")
    elif body.get("any_order"):
        lines.append("答案：（顺序不限）")
    if body.get("endings", list(USUAL_ENDINGS)) != list(USUAL_ENDINGS):
        lost.append(_("which kinds of files are taken"))
    if body.get("case"):
        lost.append(_("that capitals matter"))
    if body.get("typos"):
        lost.append(_("that slips are forgiven"))
    return lost


def parts_of(saying: Saying) -> tuple[str, list[str], str]:
    """(name of the kind, lines between stem and answer, answer) for the cells of a table."""
    lines: list[str] = []
    _body(saying, lines)
    answer = "\n".join(
        line.removeprefix("答案：")
        for line in lines
        if line.startswith("答案：") or _after(lines, line)
    )
    given = [line for line in lines if not line.startswith("答案：") and not _after(lines, line)]
    given = [re.sub(r"^(?:[A-L]．|评分：)", "", line) for line in given]
    return _CHINESE_NAMES[Kind(saying.kind)], given, answer


def _after(lines: Sequence[str], line: str) -> bool:
    """Whether a line continues the answer."""
    first = next((n for n, each in enumerate(lines) if each.startswith("答案：")), len(lines))
    return line in lines[first + 1 :]


def _whole(kind: str, option: dict[str, str]) -> bool:
    return kind == Kind.MULTIPLE or option["fraction"] == "1"


__all__ = ["ENDINGS", "LABEL", "NAME", "can_say", "fits", "read", "read_lines", "write"]
