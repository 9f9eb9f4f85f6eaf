"""Exams on paper: the paper, the answer sheet and the key as PDF or Word; the signed archive."""

from __future__ import annotations

import re

from flask import Response, current_app, render_template
from flask_babel import gettext as _
from flask_babel import ngettext

from app.certificates.openbadges import key_in
from app.core import clock
from app.core.access import access
from app.core.i18n import current_language
from app.core.limits import limited
from app.core.refusals import NotThere
from app.core.streams import streamed
from app.exams import archive, queries, sheets
from app.exams.sheets import Block
from app.exams.views import bp
from app.exams.views.desk import managed
from app.media import service as media
from app.members import service as members
from app.members.access import AUTHOR, EDITOR, reader

PARTS = ("paper", "sheet", "key")
_SHOWN = re.compile(r"!\[([^\]]*)\]\(([^)\s]*)\)")
_STRONG = re.compile(r"\*\*(?=\S)([^*\n]+)(?<=\S)\*\*")
_TABLE = re.compile(
    r"((?:^|(?<=\n))[^\n|]*\|[^\n]*\n"
    r"[ \t]*(?:\|[ \t]*)?:?-+:?[ \t]*(?:\|[ \t]*:?-+:?[ \t]*)*\|?[ \t]*"
    r"(?:\n[^\n|]*\|[^\n]*)*)"
)
_CELL = re.compile(r"(?<!\\)\|")
_TYPES = {
    "pdf": "application/pdf",
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
}


@bp.get("/desk/exams/<int:exam_id>/print")
@access(AUTHOR)
def on_paper(exam_id: int) -> str:
    return render_template(
        "exams/on_paper.html", exam=managed(exam_id), letters=queries.PAPERS, parts=PARTS
    )


@bp.get("/desk/exams/<int:exam_id>/print/<letter>/<part>.<ending>")
@access(AUTHOR)
@limited("printed papers", most=60, seconds=600)
def printed(exam_id: int, letter: str, part: str, ending: str) -> Response:
    """One part of a paper as a file; the same letter is the same paper for ever."""
    exam = managed(exam_id)
    if part not in PARTS or ending not in _TYPES:
        raise NotThere
    questions = queries.printed_paper(exam.id, letter)
    return _file(exam, letter, part, ending, questions)


@bp.get("/desk/exams/<int:exam_id>/room/<int:attempt_id>/print/<part>.<ending>")
@access(AUTHOR)
@limited("printed papers", most=60, seconds=600)
def printed_attempt(exam_id: int, attempt_id: int, part: str, ending: str) -> Response:
    """The paper that one taker was given, made again from what is stored."""
    exam = managed(exam_id)
    seat = queries.seat_of(exam, attempt_id, clock.now())
    if part not in PARTS or ending not in _TYPES:
        raise NotThere
    questions = queries.paper_of_attempt(seat.attempt.id)
    return _file(exam, str(attempt_id), part, ending, questions)


def _file(
    exam: queries.ExamView,
    letter: str,
    part: str,
    ending: str,
    questions: list[queries.Printed],
) -> Response:
    blocks = {"paper": _paper, "sheet": _sheet, "key": _key}[part](exam, letter, questions)
    if ending == "pdf":
        data = sheets.pdf(exam.title, str(current_language()), blocks)
    else:
        data = sheets.docx(exam.title, blocks)
    name = f"exam-{exam.id}-{letter}-{part}.{ending}"
    return Response(
        data,
        mimetype=_TYPES[ending],
        headers={"Content-Disposition": f"attachment; filename={name}"},
    )


def _head(exam: queries.ExamView, letter: str, more: str = "") -> list[Block]:
    title = exam.title + (f" · {more}" if more else "")
    return [Block("title", title), Block("note", _("Paper %(letter)s", letter=letter))]


def _name_line() -> Block:
    line = "________________"
    said = (_("Name"), _("Branch"), _("Seat"))
    return Block("row", "    ".join(f"{word} {line}" for word in said))


def _paper(exam: queries.ExamView, letter: str, questions: list[queries.Printed]) -> list[Block]:
    total = sum(q.mark for q in questions)
    said = [
        ngettext("%(num)s question", "%(num)s questions", len(questions)),
        _("%(n)s points", n=f"{total:f}"),
    ]
    if exam.minutes is not None:
        said.append(_("%(n)s minutes", n=exam.minutes))
    blocks = [*_head(exam, letter), _name_line(), Block("note", " · ".join(said))]
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


def _sheet(exam: queries.ExamView, letter: str, questions: list[queries.Printed]) -> list[Block]:
    blocks = [*_head(exam, letter, _("answer sheet")), _name_line()]
    for q in questions:
        if q.lines > 1:
            blocks.append(Block("question", f"{q.number}.", lines=q.lines))
        elif q.parts and q.parts[0].isalpha():
            boxes = "   ".join(f"[ {part} ]" for part in q.parts)
            blocks.append(Block("row", f"{q.number}.   {boxes}"))
        else:
            line = "_" * (30 if len(q.parts) == 1 else 14)
            rooms = "   ".join(f"{part} {line}".strip() for part in q.parts)
            blocks.append(Block("row", f"{q.number}.   {rooms}"))
    return blocks


def _key(exam: queries.ExamView, letter: str, questions: list[queries.Printed]) -> list[Block]:
    blocks = _head(exam, letter, _("key"))
    for q in questions:
        marks = _("(%(n)s points)", n=f"{q.mark:f}").replace(" ", "\xa0")  # never torn apart
        blocks.append(Block("row", f"{q.number}. {q.key or '–'}  {marks}"))
    return blocks


@bp.get("/desk/exams/<int:exam_id>/archive")
@access(EDITOR)
@limited("archives", most=10, seconds=3600)
def archived(exam_id: int) -> Response:
    """Papers, answers, marks and acts in one signed file, for the shelf."""
    exam = managed(exam_id)
    pieces = archive.packed(
        queries.records_of(exam.id),
        title=exam.title,
        made_at=clock.now(),
        key=key_in(current_app.extensions["weike"].instance_dir),
    )
    members.taken_away(
        exam.title, kind="zip", branch_id=reader().organized_id, thing=("exam", exam.id)
    )
    return streamed(pieces, kind="application/zip", name=f"exam-{exam.id}-archive.zip")
