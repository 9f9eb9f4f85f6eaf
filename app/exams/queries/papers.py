"""Reads for papers on paper: the questions in their order, with letters for the options."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from decimal import Decimal

from flask_babel import gettext as _

from app.core.db import db
from app.core.refusals import NotThere
from app.exams import rules
from app.exams.models import Attempt, Exam
from app.exams.queries.attempts import items_of
from app.exams.queries.blueprints import places_of, section_titles
from app.questions import types
from app.questions.queries import Question, questions, versions

LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
PAPERS = "ABCDEF"  # as many different papers can be printed for one sitting
_PLACE = re.compile(r"\[\[(\d{1,2})\]\]")


@dataclass(frozen=True)
class Printed:
    """One question as it is printed; `key` is what is right, as somebody reads it out."""

    number: int
    heading: str  # of the section that begins with it
    material: str
    stem: str
    options: tuple[tuple[str, str], ...]  # (letter, text)
    mark: Decimal
    lines: int  # of room for an answer in words
    key: str


_PICTURE = re.compile(r"!\[([^\]]*)\]\([^)]*\)")


def plain(text: str) -> str:
    """Words for paper: Markdown is readable as it stands, but for its pictures."""
    return _PICTURE.sub(lambda m: f"[{m.group(1) or '…'}]", text).strip()


def paper_seed(exam_id: int, letter: str) -> int:
    """The seed of a printed paper: the same letter is the same paper for ever."""
    said = hashlib.sha256(f"weike/printed/1/{exam_id}/{letter}".encode()).digest()
    return int.from_bytes(said[:7], "big")


def printed_paper(exam_id: int, letter: str) -> list[Printed]:
    """The paper of a letter; drawn and shuffled like an attempt's. Raises NotThere."""
    exam = db.session().get(Exam, exam_id)
    if exam is None or letter not in PAPERS:
        raise NotThere
    seed = paper_seed(exam_id, letter)
    live = exam.state == rules.State.DRAFT
    drawn = rules.drawn(seed, places_of(exam_id, live=live), shuffle=exam.shuffle_questions)
    found = questions(asked.question_id for asked in drawn)
    rows = []
    for position, asked in enumerate((a for a in drawn if a.question_id in found), 1):
        question = found[asked.question_id]
        options = types.of(question.kind).options(question.body)
        pairs = rules.shuffled(seed, position, options, shuffle=exam.shuffle_options)
        rows.append((asked.section, asked.mark, question, [token for _name, token in pairs]))
    return _printed(exam_id, rows)


def paper_of_attempt(attempt_id: int) -> list[Printed]:
    """The paper that an attempt was given, as it stood on its screen. Raises NotThere."""
    attempt = db.session().get(Attempt, attempt_id)
    if attempt is None or attempt.exam_id is None:
        raise NotThere
    items = items_of(attempt_id)
    bodies = versions(item.version_id for item in items)
    return _printed(
        attempt.exam_id,
        [
            (i.section, i.max_mark, bodies[i.version_id], [token for _name, token in i.options])
            for i in items
        ],
    )


def _printed(exam_id: int, rows: list[tuple[int, Decimal, Question, list[str]]]) -> list[Printed]:
    titles = section_titles(exam_id)
    found, section = [], None
    for number, (at, mark, question, order) in enumerate(rows, 1):
        heading = titles.get(at, "") if at != section and len(titles) > 1 else ""
        section = at
        found.append(_one(number, heading, mark, question, order))
    return found


def _one(number: int, heading: str, mark: Decimal, question: Question, order: list[str]) -> Printed:
    kind = types.of(question.kind)
    shown = kind.shown(question.body, order)
    told = kind.explained(question.body, [])
    options: list[tuple[str, str]] = []
    lines = 0
    key = ""
    if "options" in shown:
        # True and false are the same two words in every paper, so they keep their order.
        letters = dict(zip((o["id"] for o in shown["options"]), LETTERS, strict=False))
        options = [(letters[o["id"]], _word(question.kind, o["text"])) for o in shown["options"]]
        right = {o["id"] for o in told["options"] if o["right"]}
        key = "".join(sorted(letters[token] for token in right if token in letters))
    elif "pairs" in shown:
        options = [(str(n), p["left"]) for n, p in enumerate(shown["pairs"], 1)]
        letters = dict(zip((c["text"] for c in shown["choices"]), LETTERS, strict=False))
        options += [(letters[c["text"]], c["text"]) for c in shown["choices"]]
        by_left = {p["id"]: p["accepted"] for p in told["pairs"]}
        key = "  ".join(
            f"{n}–{letters.get(by_left[p['id']], '')}" for n, p in enumerate(shown["pairs"], 1)
        )
    elif "items" in shown:
        letters = dict(zip((i["id"] for i in shown["items"]), LETTERS, strict=False))
        options = [(letters[i["id"]], i["text"]) for i in shown["items"]]
        key = " → ".join(letters[i["id"]] for i in told["items"] if i["id"] in letters)
    elif "gaps" in shown:
        options = [
            (f"({n})", " / ".join(o["text"] for o in gap["options"]))
            for n, gap in enumerate(shown["gaps"], 1)
            if gap.get("options")
        ]
        key = "  ".join(
            f"({n}) {' / '.join(gap['accepted'])}" for n, gap in enumerate(told["gaps"], 1)
        )
    elif "accepted" in told:
        lines, key = 1, " / ".join(told["accepted"])
    else:
        lines, key = 12, plain(str(told.get("answer", "")))
    stem = _PLACE.sub(lambda m: f" ({m.group(1)}) ________ ", plain(str(shown["stem"])))
    return Printed(
        number,
        heading,
        plain(str(shown.get("material") or "")),
        stem,
        tuple((letter, plain(str(text))) for letter, text in options),
        mark,
        lines,
        key,
    )


def _word(kind: str, text: str) -> str:
    if kind != "truefalse":
        return text
    return str(_("True") if text == "true" else _("False"))
