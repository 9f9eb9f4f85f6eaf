"""What stands on a printed paper, on its answer sheet and in its key, as blocks of both formats."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import groupby

from flask_babel import gettext as _
from flask_babel import ngettext

from app.exams import rules
from app.exams.queries import Printed
from app.exams.sheets import Block
from app.media import service as media

_SHOWN = re.compile(r"!\[([^\]]*)\]\(([^)\s]*)\)")
_STRONG = re.compile(r"\*\*(?=\S)([^*\n]+)(?<=\S)\*\*")
_TABLE = re.compile(
    r"((?:^|(?<=\n))[^\n|]*\|[^\n]*\n"
    r"[ \t]*(?:\|[ \t]*)?:?-+:?[ \t]*(?:\|[ \t]*:?-+:?[ \t]*)*\|?[ \t]*"
    r"(?:\n[^\n|]*\|[^\n]*)*)"
)
_CELL = re.compile(r"(?<!\\)\|")


@dataclass(frozen=True)
class Exam:
    """What a paper says of its exam."""

    title: str
    minutes: int | None
    wrong_costs: Decimal = Decimal(0)


def blocks_of(part: str, exam: Exam, letter: str, questions: Sequence[Printed]) -> list[Block]:
    """One part of a paper: paper, sheet or key; in the language of now."""
    return {"paper": _paper, "sheet": _sheet, "key": _key}[part](exam, letter, questions)


def _head(exam: Exam, letter: str, more: str = "") -> list[Block]:
    title = exam.title + (f" · {more}" if more else "")
    return [Block("title", title), Block("note", _("Paper %(letter)s", letter=letter))]


def _name_line() -> Block:
    line = "________________"
    said = (_("Name"), _("Branch"), _("Seat"))
    return Block("row", "    ".join(f"{word} {line}" for word in said))


def _paper(exam: Exam, letter: str, questions: Sequence[Printed]) -> list[Block]:
    total = sum(q.mark for q in questions)
    said = [
        ngettext("%(num)s question", "%(num)s questions", len(questions)),
        _("%(n)s points", n=f"{total:f}"),
    ]
    if exam.minutes is not None:
        said.append(_("%(n)s minutes", n=exam.minutes))
    blocks = [*_head(exam, letter), _name_line(), Block("note", " · ".join(said)), *_rule(exam)]
    material = ""
    for q in questions:
        if q.heading:
            blocks.append(Block("section", q.heading))
        if q.material and q.material != material:
            blocks += _said("row", q.material)
        material = q.material
        marks = _("(%(n)s points)", n=f"{q.mark:f}").replace(" ", "\xa0")  # never torn apart
        blocks += _said("question", q.stem, f"{q.number}. ", f"  {marks}")
        for at, text in q.options:
            blocks += _said("option", text, f"{at} " if at.startswith("(") else f"{at}. ")
        if q.lines:
            blocks.append(Block("row", lines=q.lines))
    return blocks


def _rule(exam: Exam) -> list[Block]:
    """What a wrong answer costs, where it costs anything."""
    said = str(rules.cost_rule(exam.wrong_costs))
    return [Block("note", said)] if said else []


def _said(kind: str, text: str, before: str = "", after: str = "") -> list[Block]:
    """Words and tables as blocks, and below them the pictures that stand among them.

    Other Markdown is readable as it stands. A picture that is no longer there leaves its
    description.
    """
    pictures: list[Block] = []

    def drawn(match: re.Match[str]) -> str:
        data = media.clip_data(match[2]) if match[2].startswith("/media/images/") else None
        if data is None:
            return f"[{match[1] or '…'}]"
        pictures.append(Block("picture", picture=data))
        return ""

    words = re.sub(r"\n{3,}", "\n\n", _SHOWN.sub(drawn, text)).strip()
    if kind != "option":  # what stands to choose from is no Markdown
        words = _STRONG.sub(r"\1", words)
    first, *rest = _TABLE.split(words) if kind != "option" else [words]
    found = [Block(kind, f"{before}{first.strip()}{after}")]
    for at, part in enumerate(rest):
        if at % 2 == 0:
            found.append(Block("table", table=_cells(part)))
        elif part.strip():
            found.append(Block("row", part.strip()))
    return [*found, *pictures]


def _cells(table: str) -> list[list[str]]:
    """The cells of a table of Markdown, without the line below its head."""
    head, _line, *rows = table.strip().split("\n")
    return [
        [
            cell.strip().replace("\\|", "|")
            for cell in _CELL.split(row.strip().removeprefix("|").removesuffix("|"))
        ]
        for row in (head, *rows)
    ]


def _sheet(exam: Exam, letter: str, questions: Sequence[Printed]) -> list[Block]:
    """Boxes to tick stand beside each other, so that the sheet of a long paper is short."""
    blocks = [*_head(exam, letter, _("answer sheet")), _name_line()]
    for across, run in groupby(questions, key=_beside):
        cells = [_room_of(q) for q in run]
        if across == 1:
            blocks += cells
            continue
        rows = [
            [cell.text for cell in cells[at : at + across]] for at in range(0, len(cells), across)
        ]
        blocks.append(Block("grid", table=rows))
    return blocks


def _beside(q: Printed) -> int:
    """How many questions stand in a row of the sheet."""
    if q.lines > 1 or not q.parts or not q.parts[0].isalpha() or len(q.parts) > 6:
        return 1
    return 3 if len(q.parts) <= 4 else 2


def _room_of(q: Printed) -> Block:
    """Where the answer to a question is written."""
    if q.lines > 1:
        return Block("question", f"{q.number}.", lines=q.lines)
    if q.parts and q.parts[0].isalpha():
        boxes = " ".join(f"[ {part} ]" for part in q.parts)
        return Block("row", f"{q.number}.  {boxes}")
    line = "_" * (30 if len(q.parts) == 1 else 14)
    rooms = "   ".join(f"{part} {line}".strip() for part in q.parts)
    return Block("row", f"{q.number}.   {rooms}")


def _key(exam: Exam, letter: str, questions: Sequence[Printed]) -> list[Block]:
    blocks = [*_head(exam, letter, _("key")), *_rule(exam)]
    for q in questions:
        marks = _("(%(n)s points)", n=f"{q.mark:f}").replace(" ", "\xa0")  # never torn apart
        blocks.append(Block("row", f"{q.number}. {q.key or '–'}  {marks}"))
    return blocks
