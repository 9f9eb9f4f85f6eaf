"""Reads for papers on paper: the questions in their order, with letters for the options."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from flask_babel import gettext as _

from app.core.db import db
from app.core.refusals import NotThere
from app.exams import rules
from app.exams.models import Attempt, Exam
from app.exams.queries.attempts import PaperItem, items_of
from app.exams.queries.blueprints import places_of, section_titles
from app.questions import types
from app.questions.queries import Question, questions, versions
from app.questions.rules import plain_number

LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
PAPERS = "ABCDEF"  # as many different papers can be printed for one sitting
_PLACE = re.compile(r"\[\[(\d{1,2})\]\]")


@dataclass(frozen=True)
class Printed:
    """One question as it is printed; `key` is what is right, as somebody reads it out.

    All texts are Markdown: their pictures are for the printer to draw.
    """

    number: int
    heading: str  # of the section that begins with it
    material: str
    stem: str
    options: tuple[tuple[str, str], ...]  # (letter, text)
    mark: Decimal
    parts: tuple[str, ...]  # what the answer sheet has: a box for each letter, a line for each name
    lines: int  # of room below the question for an answer in words
    key: str


def paper_seed(exam_id: int, letter: str) -> int:
    """The seed of a printed paper: the same letter is the same paper for ever."""
    said = hashlib.sha256(f"weike/printed/1/{exam_id}/{letter}".encode()).digest()
    return int.from_bytes(said[:7], "big")


def printed_paper(exam_id: int, letter: str) -> list[Printed]:
    """The paper of a letter; drawn and shuffled like an attempt's. Raises NotThere."""
    if letter not in PAPERS:
        raise NotThere
    return _printed(
        exam_id,
        [
            (asked.section, asked.mark, question, [token for _name, token in pairs])
            for asked, question, pairs in _drawn(exam_id, paper_seed(exam_id, letter))
        ],
    )


@dataclass(frozen=True)
class Preview:
    """A paper as one taker would be given it; nothing of it is kept."""

    items: tuple[PaperItem, ...]
    expected: float | None  # per cent that an average taker reaches; None while it is a guess

    @property
    def out_of(self) -> Decimal:
        return sum((item.max_mark for item in self.items), Decimal(0))


def preview_of(exam_id: int, number: int) -> Preview:
    """The paper of one of those who may come, as it would stand on the screen. Raises NotThere."""
    rows = _drawn(exam_id, paper_seed(exam_id, f"preview {number}"))
    items = tuple(
        PaperItem(
            id=position,
            position=position,
            section=asked.section,
            asked=types.asked(question.kind, question.body, pairs, None),
            saved=0,
            is_answered=False,
            is_flagged=False,
            max_mark=asked.mark,
        )
        for position, (asked, question, pairs) in enumerate(rows, 1)
    )
    most = float(sum(asked.mark for asked, _question, _pairs in rows))
    known = any(asked.expected != rules.UNKNOWN for asked, _question, _pairs in rows)
    reached = sum(asked.expected * float(asked.mark) for asked, _question, _pairs in rows)
    return Preview(items, 100 * reached / most if known and most else None)


def _drawn(exam_id: int, seed: int) -> list[tuple[rules.Asked, Question, list[tuple[str, str]]]]:
    """The questions of a paper in their order, each with its options (name, id) in theirs."""
    exam = db.session().get(Exam, exam_id)
    if exam is None:
        raise NotThere
    drawn = rules.drawn(
        seed,
        places_of(exam_id, live=exam.state == rules.State.DRAFT),
        shuffle=exam.shuffle_questions,
        sections=exam.shuffle_sections,
    )
    found = questions(asked.question_id for asked in drawn)
    rows = []
    for position, asked in enumerate((a for a in drawn if a.question_id in found), 1):
        question = found[asked.question_id]
        options = types.of(question.kind).options(question.body)
        pairs = rules.shuffled(seed, position, options, shuffle=exam.shuffle_options)
        rows.append((asked, question, pairs))
    return rows


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
    options, parts, key = _PRINTED[question.kind](shown, told)
    stem = _PLACE.sub(lambda m: f" ({m.group(1)}) ________ ", str(shown["stem"]))
    if question.kind == "hotspot":
        stem += f"\n\n![{shown['alt']}]({shown['picture']})"
    return Printed(
        number,
        heading,
        str(shown.get("material") or "").strip(),
        stem.strip(),
        tuple((letter, str(text).strip()) for letter, text in options),
        mark,
        parts,
        _ROOM.get(question.kind, 0),
        key,
    )


Body = dict[str, Any]
Told = tuple[list[tuple[str, str]], tuple[str, ...], str]  # options, parts, key

_ROOM = {"essay": 12, "short": 1, "numeric": 1}


def _to_tick(shown: Body, told: Body) -> Told:
    letters = dict(zip((o["id"] for o in shown["options"]), LETTERS, strict=False))
    options = [(letters[o["id"]], _word(shown["kind"], o["text"])) for o in shown["options"]]
    right = {o["id"] for o in told["options"] if o["right"]}
    key = "".join(sorted(letters[token] for token in right if token in letters))
    return options, tuple(letters.values()), key


def _to_match(shown: Body, told: Body) -> Told:
    letters = dict(zip((c["text"] for c in shown["choices"]), LETTERS, strict=False))
    by_left = {p["id"]: letters.get(p["accepted"], "") for p in told["pairs"]}
    lefts = [(str(n), p) for n, p in enumerate(shown["pairs"], 1)]
    options = [(n, p["left"]) for n, p in lefts]
    options += [(letters[c["text"]], c["text"]) for c in shown["choices"]]
    key = "  ".join(f"{n}–{by_left[p['id']]}" for n, p in lefts)
    return options, tuple(n for n, _pair in lefts), key


def _to_order(shown: Body, told: Body) -> Told:
    letters = dict(zip((i["id"] for i in shown["items"]), LETTERS, strict=False))
    options = [(letters[i["id"]], i["text"]) for i in shown["items"]]
    key = " → ".join(letters[i["id"]] for i in told["items"] if i["id"] in letters)
    return options, ("",), key


def _to_fill(shown: Body, told: Body) -> Told:
    options = [
        (f"({n})", " / ".join(o["text"] for o in gap["options"]))
        for n, gap in enumerate(shown["gaps"], 1)
        if gap["options"]
    ]
    accepted = [(f"({n})", " / ".join(g["accepted"])) for n, g in enumerate(told["gaps"], 1)]
    key = "  ".join(f"{name} {text}" for name, text in accepted)
    return options, tuple(name for name, _text in accepted), key


def _to_find(_shown: Body, told: Body) -> Told:
    areas = [area for area in told["areas"] if area["right"]]
    places = [f"{area.get('text', '')} ({area['coords']} %)".strip() for area in areas]
    return [], ("",), "  ".join(places)


def _to_write(_shown: Body, told: Body) -> Told:
    return [], ("",), " / ".join(told["accepted"])


def _for_a_person(_shown: Body, told: Body) -> Told:
    """The model answer, and what the points are given for."""
    rubric = "; ".join(
        f"{row['text']} {plain_number(round(100 * Decimal(row['share']), 2))} %"
        for row in told["rubric"]
    )
    key = "\n".join(filter(None, (str(told["answer"]).strip(), rubric)))
    return [], ("",), key


_PRINTED: dict[str, Callable[[Body, Body], Told]] = {
    "single": _to_tick,
    "multiple": _to_tick,
    "truefalse": _to_tick,
    "matching": _to_match,
    "ordering": _to_order,
    "blanks": _to_fill,
    "cloze": _to_fill,
    "hotspot": _to_find,
    "short": _to_write,
    "numeric": _to_write,
    "essay": _for_a_person,
    "file": _for_a_person,
}


def _word(kind: str, text: str) -> str:
    if kind != "truefalse":
        return text
    return str(_("True") if text == "true" else _("False"))
