"""Papers as trainers have them: lists of Word, tables, underlines, answers in brackets."""

from __future__ import annotations

import json
from collections.abc import Sequence
from decimal import Decimal
from io import BytesIO
from pathlib import Path

import docx
import openpyxl
import pytest
from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from flask import Flask

from app.questions import formats
from app.questions.formats import Item, Paper
from tests.factories import People


def told(item: Item) -> object:
    """Kind, stem and answer in short; a problem that keeps the question out instead."""
    body = item.body
    if item.blocked:
        return [problem.what for problem in item.problems]
    if item.kind in {"single", "multiple"}:
        right = [o["text"] for o in body["options"] if Decimal(o["fraction"]) > 0]
        return item.kind, body["stem"], [o["text"] for o in body["options"]], right
    return item.kind, body["stem"], body.get("answer", body.get("answers"))


def read(data: bytes, name: str) -> Paper:
    return formats.read(data, name, formats.AUTO)


@pytest.fixture
def english(app: Flask):
    with app.test_request_context(headers={"Accept-Language": "en"}):
        yield


def text(said: str) -> list[object]:
    return [told(item) for item in read(said.encode("gb18030"), "paper.txt").items]


@pytest.mark.usefixtures("english")
def test_answers_stand_where_people_write_them() -> None:
    found = text(
        """消防安全知识考试试卷
姓名：________
一、单项选择题（每题2分，共10分）
1、发现火灾时，应首先拨打（  B  ）电话。[2分]
A、110   B、119   C、120
2. 压力表指针在（　Ｃ　）区域表示正常
Ａ．红色　　Ｂ．黄色　　Ｃ．绿色
3、“四个能力”不包括(A)。
A 检查的能力
B 扑救的能力
4．《消防法》自（ ）起施行。【答案】A
A．2009年 B．2008年；
5、下列说法对的是 答案：B
A、甲；
B、乙；
C、丙。
二、判断题
1、可以乘坐电梯逃生。（ × ）
2、（√）灭火器应放在明显的地点。
3. 安全生产月是六月 答案：对
三、简答题
1、如何报警？
答：（1）拨打119；
（2）说明地址；
（3）说明火势。
2、什么是三懂？
参考答案：懂危险，
懂预防。
"""
    )
    assert found == [
        ("single", "发现火灾时，应首先拨打（　）电话。", ["110", "119", "120"], ["119"]),
        ("single", "压力表指针在（　）区域表示正常", ["红色", "黄色", "绿色"], ["绿色"]),
        ("single", "“四个能力”不包括（　）。", ["检查的能力", "扑救的能力"], ["检查的能力"]),
        ("single", "《消防法》自（ ）起施行。", ["2009年", "2008年；"], ["2009年"]),
        ("single", "下列说法对的是", ["甲", "乙", "丙。"], ["乙"]),
        ("truefalse", "可以乘坐电梯逃生。", False),
        ("truefalse", "灭火器应放在明显的地点。", True),
        ("truefalse", "安全生产月是六月", True),
        ("essay", "如何报警？", "（1）拨打119；\n（2）说明地址；\n（3）说明火势。"),
        ("essay", "什么是三懂？", "懂危险，\n懂预防。"),
    ]


@pytest.mark.usefixtures("english")
def test_what_stands_in_front_of_a_question_is_no_part_of_it() -> None:
    assert text(
        "1.题干：多选：下列是\nA:甲\nB:乙\n正确答案:AB\n2.题目：地球是圆的。\n正确答案:对\n"
    ) == [
        ("multiple", "下列是", ["甲", "乙"], ["甲", "乙"]),
        ("truefalse", "地球是圆的。", True),
    ]
    assert text("Part 1 Single choice\n1) Which?\na) 110\nb) 119\nAnswer: b\n") == [
        ("single", "Which?", ["110", "119"], ["119"])
    ]


@pytest.mark.usefixtures("english")
def test_a_blank_below_a_heading_of_choices_is_a_blank_and_a_letter_is_not_its_answer() -> None:
    assert text("一、选择题\n1．核心是____。\n答案：全员\n") == [
        ("blanks", "核心是[[全员]]。", None)
    ]
    assert text("一、选择题\n1．哪一个？\n答案：A\n") == [
        ["The right answer is A, but there is no such answer."]
    ]


# --- Word -----------------------------------------------------------------------------------------


def saved(document: object) -> bytes:
    out = BytesIO()
    document.save(out)
    return out.getvalue()


def element(name: str, **attributes: str) -> object:
    made = OxmlElement(f"w:{name}")
    for key, value in attributes.items():
        made.set(qn(f"w:{key}"), value)
    return made


def numbered(document: object, said: str, level: int) -> None:
    paragraph = document.add_paragraph(said)
    numbers = element("numPr")
    numbers.append(element("ilvl", val=str(level)))
    numbers.append(element("numId", val="77"))
    paragraph._p.get_or_add_pPr().append(numbers)


def word_list(document: object) -> None:
    """A list of two levels, 1． and A．, that Word counts by itself."""
    part = document.part.numbering_part.element
    shape = element("abstractNum", abstractNumId="77")
    for level, kind in enumerate(("decimal", "upperLetter")):
        one = element("lvl", ilvl=str(level))
        one.append(element("start", val="1"))
        one.append(element("numFmt", val=kind))
        one.append(element("lvlText", val=f"%{level + 1}．"))
        shape.append(one)
    part.insert(0, shape)
    used = element("num", numId="77")
    used.append(element("abstractNumId", val="77"))
    part.append(used)


def table(document: object, rows: Sequence[Sequence[str]]) -> None:
    made = document.add_table(rows=len(rows), cols=len(rows[0]))
    for row, cells in enumerate(rows):
        for column, said in enumerate(cells):
            made.cell(row, column).text = said


@pytest.mark.parametrize("upright", [False, True])
@pytest.mark.usefixtures("english")
def test_a_table_of_answers_at_the_end_belongs_to_the_lists_of_word(upright: bool) -> None:
    document = docx.Document()
    word_list(document)
    document.add_paragraph("一、单项选择题")
    for stem in ("入场前必须（　）。", "特种作业人员必须（　）。"):
        numbered(document, stem, 0)
        for option in ("教育", "持证"):
            numbered(document, option, 1)
    document.add_paragraph("二、判断题")
    numbered(document, "必须戴安全帽。", 0)
    document.add_paragraph("参考答案")
    rows = [["题号", "1", "2", "3"], ["答案", "A", "B", "√"]]
    table(document, [list(pair) for pair in zip(*rows, strict=True)] if upright else rows)
    assert [told(item) for item in read(saved(document), "paper.docx").items] == [
        ("single", "入场前必须（　）。", ["教育", "持证"], ["教育"]),
        ("single", "特种作业人员必须（　）。", ["教育", "持证"], ["持证"]),
        ("truefalse", "必须戴安全帽。", True),
    ]


@pytest.mark.usefixtures("english")
def test_a_table_in_a_question_stays_a_table_and_one_of_options_does_not() -> None:
    document = docx.Document()
    document.add_paragraph("1．哪个月事故最多？")
    table(document, [["月份", "1月", "2月"], ["事故", "3", "5|6"]])
    table(document, [["A．1月", "B．2月"], ["C．一样", "D．不知道"]])
    document.add_paragraph("答案：B")
    (item,) = read(saved(document), "paper.docx").items
    assert item.body["stem"] == (
        "哪个月事故最多？\n| 月份 | 1月 | 2月 |\n|---|---|---|\n| 事故 | 3 | 5\\|6 |"
    )
    assert told(item)[2:] == (["1月", "2月", "一样", "不知道"], ["2月"])


@pytest.mark.usefixtures("english")
def test_underlined_words_are_answers_below_a_heading_of_blanks_and_nothing_elsewhere() -> None:
    document = docx.Document()

    def paragraph(*runs: str) -> None:
        made = document.add_paragraph()
        for number, said in enumerate(runs):
            made.add_run(said).underline = number % 2 == 1 or None

    paragraph("一、填空题")
    paragraph("1．消防日是", "11月9日", "，报警电话是", "119", "。")
    paragraph("二、单选题")
    paragraph("2．下列", "不", "正确的是（", "B", "）")
    paragraph("A．甲  B．", "乙")
    paragraph("参考答案")
    assert [told(item) for item in read(saved(document), "paper.docx").items] == [
        ("blanks", "消防日是[[11月9日]]，报警电话是[[119]]。", None),
        ("single", "下列不正确的是（　）", ["甲", "乙"], ["乙"]),
    ]


@pytest.mark.usefixtures("english")
def test_a_table_of_questions_in_a_document_is_read_by_its_columns() -> None:
    document = docx.Document()
    rows = [("序号", "题目", "选项", "答案"), ("1", "安全电压是", "A．36V\nB．220V", "A")]
    table(document, [*rows, ("2", "可以酒后上岗", "", "错")])
    assert [told(item) for item in read(saved(document), "paper.docx").items] == [
        ("single", "安全电压是", ["36V", "220V"], ["36V"]),
        ("truefalse", "可以酒后上岗", False),
    ]


# --- Excel ----------------------------------------------------------------------------------------


@pytest.mark.usefixtures("english")
def test_a_title_may_stand_above_the_names_of_the_columns() -> None:
    book = openpyxl.Workbook()
    for row in (
        ["2026年安全知识题库"],
        ["题目类型", "题目", "选项", "正确答案"],
        ["单选", "安全电压是", "A.36V B.220V　C．380V", "A"],
        ["多选", "以下正确的是", "A、甲\nB、乙\nC、丙", "A，C"],
        ["单选", "1+1=", "A.1 B.2", "C"],
    ):
        book.active.append(row)
    items = read(saved(book), "bank.xlsx").items
    assert [told(item) for item in items] == [
        ("single", "安全电压是", ["36V", "220V", "380V"], ["36V"]),
        ("multiple", "以下正确的是", ["甲", "乙", "丙"], ["甲", "丙"]),
        ["The right answer is C, but there is no such answer."],
    ]
    assert items[2].line == 5  # of the sheet


def test_the_command_tells_places_of_a_word_paper(
    app: Flask, people: People, tmp_path: Path
) -> None:
    people.member(role="trainer")
    document = docx.Document()
    for line in (
        "一、单选题",
        "1．一加一？",
        "A．1  B．2",
        "答案：B",
        "2．二加二？",
        "A．4  B．5",
        "答案：E",
    ):
        document.add_paragraph(line)
    path = tmp_path / "paper.docx"
    path.write_bytes(saved(document))
    done = app.test_cli_runner().invoke(args=["questions", "import", str(path), "--json"])
    report = json.loads(done.stdout)
    assert done.exit_code == 1
    assert (report["format"], report["imported"], report["skipped"]) == ("word", [], [])
    assert [(row["line"], row["question"]) for row in report["errors"]] == [(5, "2")]
    assert "E" in report["errors"][0]["what"]
