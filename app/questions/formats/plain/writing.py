"""Questions as the lines of a paper."""

from __future__ import annotations

import re
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from flask_babel import gettext as _

from app.questions.formats import assembling
from app.questions.formats.facts import (
    FACTS,
    Item,
    Problem,
    Saying,
    Written,
    judge,
    tags_in_words,
)
from app.questions.formats.plain.reading import read_lines
from app.questions.rules import KIND_NAMES, LANGUAGE_WORDS, USUAL_ENDINGS, Kind, plain_number
from app.questions.types import numbers

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
    lines, losses = proven_lines(sayings)
    return Written("\n".join(lines).encode(), losses)


def proven_lines(sayings: Sequence[Saying]) -> tuple[list[str], list[Problem]]:
    """The lines of a paper, and what they lose: they are read again, as anybody may write
    anything into a question (“A．”, “答案：” or a number at the beginning of a line)."""
    lines, losses = write_lines(sayings)
    told = {loss.line for loss in losses}
    rows = [row for text in lines for row in text.split("\n")]
    items = {item.number: item for item in read_lines(list(enumerate(rows, 1)), "plain").items}
    for number, saying in enumerate(sayings, 1):
        item = items.get(str(number))
        lost = changed(saying, item) if number not in told else []
        if lost:
            losses.append(read_otherwise(number, saying, lost))
    return lines, sorted(losses, key=lambda loss: loss.line)


def read_otherwise(number: int, saying: Saying, lost: Sequence[str]) -> Problem:
    """What is said of a question that its own file would not give back."""
    sentence = _(
        "Question %(number)s (%(kind)s): read again from this file, it would not be the same "
        "(%(what)s).",
        number=number,
        kind=KIND_NAMES[Kind(saying.kind)],
        what="; ".join(lost),
    )
    return Problem(sentence, line=number, blocks=False)


def changed(saying: Saying, item: Item | None) -> list[str]:
    """The parts of a question that are read otherwise than they were written."""
    if item is None:
        return [_("the question itself")]
    judge(item)
    if item.blocked or item.kind != saying.kind:
        return [_("the question itself")]
    names = {"stem": _("the question itself"), "explanation": _("the explanation")}
    names["material"] = _("the shared text")
    keys = [
        key for key in {**saying.body, **item.body} if saying.body.get(key) != item.body.get(key)
    ]
    found = dict.fromkeys(names.get(key, _("the answers")) for key in keys)
    if any(saying.facts.get(key) != item.facts.get(key) for key in FACTS):
        found[_("how it is sorted")] = None
    return list(found)


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
            ("标签", tags_in_words(facts.get("tags", ()))),
            ("分类", facts.get("category")),
            ("来源", facts.get("source")),
            ("语言", LANGUAGE_WORDS[facts["language"]][0] if "language" in facts else ""),
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
