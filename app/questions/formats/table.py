"""Tables (CSV, XLSX) with a row for each question: the template that trainers fill in Excel."""

from __future__ import annotations

import csv
import re
from collections.abc import Sequence
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from app.core.refusals import Refusal
from app.core.spreadsheet import BLANK_ROWS, Table, decoded, read_sheets, write_csv, write_xlsx
from app.questions.formats import assembling, beside, plain
from app.questions.formats.facts import (
    MOST_QUESTIONS,
    Item,
    NotThisFormat,
    Paper,
    Problem,
    Saying,
    Written,
    facts_of,
    tags_in_words,
)
from app.questions.rules import LANGUAGE_WORDS, Kind

LABEL_CSV = _l("CSV table")
LABEL_XLSX = _l("Excel table")
OPTIONS = 8
MOST_ROWS = 2 * MOST_QUESTIONS  # of all sheets, with those that are empty
HEADINGS = 5  # rows that may stand above the names of the columns
_LETTER = re.compile(r"^\s*[A-La-lＡ-Ｌ]\s*[.、．)）:：]\s*")
_NEXT_OPTION = re.compile(r"(?<=\S)[\s　]+(?=[B-LＢ-Ｌ]\s*[.、．)）:：])")
_COLUMNS = {
    "kind": ("题型", "类型", "试题类型", "题目类型", "kind", "type"),
    "stem": (
        *("题干", "题目", "试题", "题目内容", "试题内容", "试题题干", "题目题干", "题干内容"),
        *("问题", "stem", "question"),
    ),
    "answer": ("答案", "正确答案", "参考答案", "标准答案", "answer", "key", "correct answer"),
    "explanation": ("解析", "答案解析", "试题解析", "说明", "explanation"),
    "difficulty": ("难度", "难易度", "难易程度", "难度等级", "difficulty"),
    "tags": ("标签", "知识点", "考点", "关键词", "tags", "tag"),
    "category": ("分类", "章节", "题库", "所属分类", "目录", "category"),
    "source": ("来源", "出处", "依据", "source"),
    "language": ("语言", "语种", "language"),
    "material": ("材料", "阅读材料", "material"),
    "options": ("选项", "备选项", "options"),
    "points": ("分值", "分数", "points", "score"),
    "number": ("序号", "题号", "编号", "number", "no", "no.", "id"),
}
_OPTION = re.compile(r"(?:选项|答案选项|option|answer|choice)?\s*[_ -]?([a-l])", re.IGNORECASE)
_OPTION_NUMBER = re.compile(r"(?:选项|option|choice)\s*[_ -]?(\d{1,2})", re.IGNORECASE)


def read_any(data: bytes, filename: str, name: str) -> Paper:
    """Row n of a problem is row n of its sheet; the first row names the columns. Of a workbook
    every visible sheet is read; the title of one may say the kind of its questions (判断题)."""
    try:
        sheets, hidden = read_sheets(data, filename, rows=MOST_ROWS)
    except Refusal as refusal:
        raise NotThisFormat(why=str(refusal)) from refusal
    paper, points = Paper(name), 0
    why = _("its first row names no column 题干 (stem).")
    headed = [(sheet, *_headed(sheet.table)) for sheet in sheets]
    if not any("stem" in places for _sheet, places, *_rest in headed):
        raise NotThisFormat(why=why)
    for sheet, places, unknown, rows, first in headed:
        if "stem" not in places:
            sentence = _("The sheet “%(title)s” is not taken: %(why)s", title=sheet.title, why=why)
            paper.notes.append(Problem(sentence, blocks=False))
            continue
        if unknown:
            sentence = _("Columns that are not known: %(names)s.", names=", ".join(unknown[:10]))
            mend = _("Take the names of the template.")
            paper.notes.append(Problem(sentence, mend, first - 1, blocks=False))
        titled = (assembling.kind_of(sheet.title) or "") if "kind" not in places else ""
        seen = beside.Seen(sheet.beside, places, paper)
        for number, row in enumerate(rows, first):
            cells = {key: row[at].strip() for key, at in places.items() if at < len(row)}
            if not any(cells.values()) and not seen.has(number):
                continue
            cells = seen.filled(number, cells)
            points += bool(cells.get("points"))
            called = f"{sheet.title} {number}" if len(sheets) > 1 else str(len(paper.items) + 1)
            item = _item(cells, number, called, titled)
            seen.tell(number, item)
            paper.items.append(item)
        if sheet.last:
            sentence = _(
                "Row %(row)s is not read: more than %(most)s empty rows stand above it.",
                row=sheet.last,
                most=BLANK_ROWS,
            )
            mend = _("Delete the empty rows in Excel.")
            paper.notes.append(Problem(sentence, mend, sheet.last, blocks=False))
    if hidden:
        sentence = _("Hidden sheets are not taken: %(titles)s.", titles=", ".join(hidden[:10]))
        paper.notes.append(Problem(sentence, _("Show them in Excel first."), blocks=False))
    if points:
        sentence = _(
            "Points of questions are not kept (%(number)s times): a paper gives points, not the "
            "bank.",
            number=points,
        )
        paper.notes.append(Problem(sentence, blocks=False))
    return paper


def _headed(table: Table) -> tuple[dict[str, int], list[str], list[list[str]], int]:
    """Which column says what, unknown names, the rows below, and the row where these begin."""
    places, unknown = _places(table.header)
    for at, row in enumerate(table.rows[:HEADINGS]):
        if "stem" in places:
            break
        below, strange = _places(row)
        if "stem" in below and len(below) > 1:  # a title stands above the names of the columns
            return below, strange, table.rows[at + 1 :], at + 3
    return places, unknown, table.rows, 2


def questions_of(rows: Sequence[Sequence[str]], line: int) -> list[Item]:
    """The questions of a table inside a document whose first row names stem and answer; none when
    it is another table. All of them are said to stand in its first line."""
    places, _unknown = _places(rows[0]) if rows else ({}, [])
    if not {"stem", "answer"} <= places.keys():
        return []
    cells = [
        {name: row[at].strip() for name, at in places.items() if at < len(row)} for row in rows[1:]
    ]
    asked = [each for each in cells if each.get("stem")]
    return [_item(each, line, str(number)) for number, each in enumerate(asked, 1)]


def _places(header: Sequence[str]) -> tuple[dict[str, int], list[str]]:
    """Which column says what; names are compared in small letters, without what is in brackets."""
    places: dict[str, int] = {}
    unknown: list[str] = []
    for at, title in enumerate(header):
        shown = assembling.half(title).lower()
        plain_title = re.sub(r"\(.*?\)|\*", "", shown).strip()
        found = next((n for n, names in _COLUMNS.items() if plain_title in names), None)
        letter, digits = _OPTION.fullmatch(plain_title), _OPTION_NUMBER.fullmatch(plain_title)
        if found is None and letter:
            found = f"option{ord(letter.group(1).lower()) - 97}"
        elif found is None and digits:
            found = f"option{int(digits.group(1)) - 1}"
        if found and found not in places:
            places[found] = at
        elif title.strip():
            unknown.append(title.strip()[:30])
    return places, unknown


def _item(cells: dict[str, str], row: int, number: str, titled: str = "") -> Item:
    named = cells.get("kind", "") or titled
    kind = assembling.kind_of(named) if named else None
    given = [cells.get(f"option{n}", "") for n in range(len(assembling.LETTERS))]
    while given and not given[-1]:
        given.pop()
    if not given and cells.get("options"):
        parts = re.split(r"\n|[|｜;；]", cells["options"])
        if len(parts) == 1:  # “A.36V B.220V” on one line
            parts = _NEXT_OPTION.split(cells["options"])
        given = [_LETTER.sub("", part).strip() for part in parts]
        given = [part for part in given if part]
    if kind == Kind.SINGLE and given and named.strip().startswith("选择"):
        kind = None  # 选择题 may have one right answer or several
    arranged = kind in {Kind.MATCHING, Kind.ESSAY, Kind.FILE}
    item = assembling.assemble(
        kind=kind,
        stem=cells.get("stem", ""),
        options=[] if arranged else given,
        answer=cells.get("answer", ""),
        explanation=cells.get("explanation", ""),
        material=cells.get("material", ""),
        lines=given if kind == Kind.MATCHING else (),
        rubric=given if kind in {Kind.ESSAY, Kind.FILE} else (),
        line=row,
        number=number,
        facts=facts_of(
            category=cells.get("category", ""),
            tags=cells.get("tags", ""),
            difficulty=cells.get("difficulty", ""),
            source=cells.get("source", ""),
            language=cells.get("language", ""),
        ),
    )
    if named and assembling.kind_of(named) is None:
        item.refuse(
            _("The kind “%(text)s” is not known.", text=named[:30]),
            _("Write it as the template does, for example 单选 or 判断."),
        )
    if cells.get("language") and "language" not in item.facts:
        item.note(
            _("The language “%(text)s” is not known.", text=cells["language"][:20]),
            _("Write 中文, 英文 or 通用; an empty cell lets the words decide."),
        )
    if cells.get("difficulty") and "difficulty" not in item.facts:
        item.note(
            _("The difficulty “%(text)s” is not known.", text=cells["difficulty"][:20]),
            _("Write a number from 1 to 5, or 易, 中, 难."),
        )
    return item


# ---- out -----------------------------------------------------------------------------------------


def table_of(sayings: Sequence[Saying]) -> tuple[list[str], list[list[Any]], list[Problem]]:
    """The template filled with questions: header, rows, and what it could not say.

    Cells are those that the plain paper writes, so both are read by the same rules.
    """
    width = max([4, *(len(_cells(s)[1]) for s in sayings if plain.can_say(s))])
    header = [
        "题型", "题干",
        *(f"选项{assembling.LETTERS[n] if n < 12 else n + 1}" for n in range(width)),
        "答案", "解析", "难度", "标签", "分类", "来源", "语言", "材料",
    ]  # fmt: skip
    rows: list[list[Any]] = []
    losses: list[Problem] = []
    for number, saying in enumerate(sayings, 1):
        _lines, lost = plain.write_lines([saying])
        losses += [
            Problem(loss.what.replace(" 1 ", f" {number} ", 1), loss.mend, number + 1, blocks=False)
            for loss in lost
        ]
        if not plain.can_say(saying):
            continue
        name, given, answer = _cells(saying)
        facts = saying.facts
        row = [
            name,
            saying.body["stem"],
            *given,
            *[""] * (width - len(given)),
            answer,
            saying.body.get("explanation", ""),
            facts.get("difficulty", ""),
            tags_in_words(facts.get("tags", ())),
            facts.get("category", ""),
            facts.get("source", ""),
            LANGUAGE_WORDS[facts["language"]][0] if facts.get("language") else "",
            saying.body.get("material", ""),
        ]
        rows.append(row)
        changed = [] if lost else plain.changed(saying, _again(header, row))
        losses += [plain.read_otherwise(number, saying, changed)] if changed else []
    return header, rows, losses


def _again(header: Sequence[str], row: Sequence[Any]) -> Item:
    """What is read from a row that was just written."""
    places, _unknown = _places(header)
    return _item({key: str(row[at]).strip() for key, at in places.items()}, 1, "1")


def _cells(saying: Saying) -> tuple[str, list[str], str]:
    """(kind, what stands in the option columns, answer) of a question."""
    name, given, answer = plain.parts_of(saying)
    return name, given, answer


def as_csv(sayings: Sequence[Saying]) -> Written:
    header, rows, losses = table_of(sayings)
    return Written(write_csv(header, rows), losses)


def as_xlsx(sayings: Sequence[Saying]) -> Written:
    header, rows, losses = table_of(sayings)
    return Written(write_xlsx(header, rows, title="题库"), losses)


def has_header(data: bytes) -> bool:
    """Whether the first line of a text names a column for the stem and one for the answer."""
    head = data[:20_000]
    if len(data) > len(head) and b"\0" not in head:  # no letter may be cut in two
        head = head.rpartition(b"\n")[0] or head
    first = decoded(head).lstrip("\ufeff").split("\n", 1)[0]
    for delimiter in (",", ";", "\t", "|"):
        cells = next(csv.reader([first], delimiter=delimiter), [])
        places, _unknown = _places(cells)
        if "stem" in places and len(places) > 1:
            return True
    return False


__all__ = ["LABEL_CSV", "LABEL_XLSX", "as_csv", "as_xlsx", "has_header", "read_any"]
