"""Aiken: multiple choice with one right answer, in plain text."""

from __future__ import annotations

import re
from collections.abc import Sequence
from decimal import Decimal

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from app.core.spreadsheet import decoded
from app.questions.formats.facts import Item, Paper, Problem, Saying, Written
from app.questions.rules import KIND_NAMES, Kind

NAME = "aiken"
LABEL = _l("Aiken")
ENDINGS = (".aiken", ".txt")
_ANSWER = re.compile(r"ANSWER\s*:\s*([A-Z])\s*")
# “A)yes” without a space is taken, “A.M.” in a question is none; “A.是” is.
_OPTION = re.compile(r"([A-Z])(?:[.)]\s+|\)|\.(?=[^\x00-\x7f]))(.*)")
_ANSWERED = re.compile(r"ANSWER\s*:")


def fits(data: bytes, filename: str) -> bool:
    """Its mark is a line “ANSWER: B” without which there is no Aiken, below lettered lines."""
    text = decoded(data)
    found = re.search(
        r"^[A-Z](?:[.)] |\)|\.(?=[^\x00-\x7f])).*\r?\nANSWER: ?[A-Z][ \t]*\r?$", text, re.MULTILINE
    )
    return bool(found) and not re.search(r"^[ \t\u3000]*\d+[.．、]", text, re.MULTILINE)


def read(data: bytes, filename: str) -> Paper:
    paper = Paper(NAME)
    item = Item(str(Kind.SINGLE), {})
    options: list[str] = []
    stem: list[str] = []
    lines = decoded(data).replace("\r\n", "\n").replace("\r", "\n").split("\n")
    blank = False

    def end(line: int) -> None:
        item.body = {"stem": "\n".join(stem), "explanation": "", "options": []}
        item.refuse(_("It has no line ANSWER."), _("Write ANSWER: A below it."), line)
        paper.items.append(item)

    for number, text in enumerate([*lines, ""], 1):
        plain = text.strip()
        answer, option = _ANSWER.fullmatch(plain), _OPTION.fullmatch(plain)
        if not plain:
            blank = True
            continue
        is_other = bool(_ANSWERED.match(plain)) and not answer
        goes_on = answer or option or is_other
        if stem and (is_other or (options and blank and not goes_on)):
            end(number if is_other else item.line)  # its answer is forgotten, or is no letter
            stem = []
        blank = False
        if is_other:
            continue
        if not stem:
            item, options = Item(str(Kind.SINGLE), {}, number, str(len(paper.items) + 1)), []
        if answer:
            at = ord(answer.group(1)) - 65
            if at >= len(options):
                item.refuse(
                    _("The right answer is %(letter)s, but there is no such answer.",
                      letter=answer.group(1)),
                    _("Look at the letters of the answers: each stands once, in order."),
                    number,
                )  # fmt: skip
            item.body = {
                "stem": "\n".join(stem),
                "explanation": "",
                "options": [
                    {"text": each, "fraction": "1" if n == at else "0"}
                    for n, each in enumerate(options)
                ],
            }
            paper.items.append(item)
            stem = []
        elif option and ord(option.group(1)) - 65 == len(options):
            options.append(option.group(2).strip())
        elif options:
            options[-1] += f" {plain}"
        else:
            stem.append(plain)
    if stem:
        end(item.line)
    return paper


def write(sayings: Sequence[Saying]) -> Written:
    """Single choice, and true or false as a choice of two; other kinds are reported as losses."""
    blocks: list[str] = []
    losses: list[Problem] = []
    for number, saying in enumerate(sayings, 1):
        body = saying.body
        lost: list[str] = []
        if saying.kind == Kind.TRUEFALSE:
            options = [("True", Decimal(body["answer"])), ("False", Decimal(not body["answer"]))]
            lost.append(_("true or false (it becomes a single choice)"))
        elif saying.kind == Kind.SINGLE:
            options = [(o["text"], Decimal(o["fraction"])) for o in body["options"]]
            if any(worth not in {0, 1} for _text, worth in options):
                lost.append(_("answers that are partly right"))
            if any(o.get("feedback") for o in body["options"]):
                lost.append(_("feedback"))
        else:
            what = _("The whole question is left out: Aiken knows single choice only.")
            losses.append(_loss(number, saying.kind, what))
            continue
        if "\n" in str(body["stem"]).strip():
            lost.append(_("line breaks"))
        if body.get("explanation"):
            lost.append(_("the explanation"))
        if body.get("material"):
            lost.append(_("the shared text"))
        if saying.facts:
            lost.append(_("how it is sorted"))
        lines = [" ".join(str(body["stem"]).split())]
        lines += [
            f"{chr(65 + n)}. {' '.join(text.split())}" for n, (text, _w) in enumerate(options)
        ]
        lines.append(f"ANSWER: {chr(65 + [w for _t, w in options].index(Decimal(1)))}")
        blocks.append("\n".join(lines))
        if lost:
            losses.append(_loss(number, saying.kind, "; ".join(lost)))
    return Written("\n\n".join([*blocks, ""]).encode(), losses)


def _loss(number: int, kind: str, what: str) -> Problem:
    name = KIND_NAMES[Kind(kind)]
    sentence = _(
        "Question %(number)s (%(kind)s) loses: %(what)s", number=number, kind=name, what=what
    )
    return Problem(sentence, line=number, blocks=False)


__all__ = ["ENDINGS", "LABEL", "NAME", "fits", "read", "write"]
