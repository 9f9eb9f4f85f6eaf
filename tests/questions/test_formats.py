"""Files of questions: each format says what it read, and writes what it reads."""

from __future__ import annotations

import re
import zipfile
from html import escape
from io import BytesIO
from pathlib import Path
from typing import Any

import docx
import pytest
from flask import Flask
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.questions import formats, types
from app.questions.formats import FileTooLarge, Saying, clips, hypertext
from app.questions.rules import KIND_NAMES, BadQuestion

SAYINGS: dict[str, dict[str, Any]] = {
    "single": {
        "options": [
            {"text": "Red {and} = ~ # :", "fraction": "1"},
            {"text": "Green\\n", "fraction": "0"},
        ]
    },
    "multiple": {
        "options": [
            {"text": "甲", "fraction": "0.5"},
            {"text": "乙", "fraction": "0.5"},
            {"text": "丙", "fraction": "-1"},
        ]
    },
    "truefalse": {"answer": False},
    "short": {"answers": [{"text": "Beijing"}, {"text": "北京*"}]},
    "numeric": {"answers": [{"value": "3.14", "tolerance": "0.01"}]},
    "blanks": {"stem": "The capital is [[Beijing|Peking]], not [[Nanjing]]."},
    "cloze": {"stem": "Either [[=this|that]] or [[it]]."},
    "matching": {
        "pairs": [{"left": "cat", "right": "mammal"}, {"left": "cod", "right": "fish"}],
        "extra": ["bird"],
    },
    "ordering": {"items": ["one", "two", "three"]},
    "essay": {},
    "hotspot": {
        "picture": f"/media/images/{'a' * 32}/640.webp",
        "alt": "A room",
        "areas": [{"shape": "rect", "coords": "10,20,30,40"}],
    },
    "file": {},
}
FACTS = {"category": "Safety/Fire", "tags": ["exits", "smoke"], "difficulty": 3, "source": "p. 7"}


@pytest.fixture(autouse=True)
def words(app: Flask):
    with app.test_request_context():
        yield


def saying(kind: str, **body: Any) -> Saying:
    given = {"stem": "What is it?", "explanation": "Because so.", **(body or SAYINGS[kind])}
    of = types.of(kind)
    return Saying(kind, of.plain(of.clean(given)), FACTS)


def rich(kind: str) -> Saying:
    """A question that uses all that its kind can say."""
    more: dict[str, dict[str, Any]] = {
        "single": {
            "options": [
                {"text": "a", "fraction": "1", "feedback": "Yes: so."},
                {"text": "b", "fraction": "0.25"},
                {"text": "c"},
            ]
        },
        "short": {
            "answers": [{"text": "Ja"}, {"text": "Jo", "fraction": "0.5", "feedback": "Nearly."}],
            "case": True,
            "typos": 1,
        },
        "numeric": {
            "answers": [
                {"low": "1", "high": "2"},
                {"value": "-5", "tolerance": "0.5", "fraction": "0.5"},
            ],
            "units": [{"text": "kg"}, {"text": "g", "factor": "0.001"}],
            "unit_required": True,
        },
        "blanks": {"stem": "[[#3.14±0.01]] and [[a|%50%b]]", "any_order": True, "typos": 1},
        "cloze": {"stem": "[[=a|%50%b|c]] and [[#1..2]] and [[x|y]]", "case": True},
        "ordering": {"items": ["b", "a", "c"], "marking": "neighbours"},
        "essay": {"answer": "It says why.", "rubric": [{"text": "clear"}, {"text": "true"}]},
        "file": {"answer": "It says why.", "rubric": [{"text": "all"}], "endings": ["xlsx"]},
        "hotspot": {
            "picture": f"/media/images/{'b' * 32}/640.webp",
            "find": 2,
            "areas": [
                {"shape": "ellipse", "coords": "50,50,10,20.5", "fraction": "0.5", "text": "exit"},
                {"shape": "poly", "coords": "0,0,10,0,0,10", "fraction": "0.5"},
                {"shape": "rect", "coords": "90,90,100,100", "feedback": "Not this one."},
            ],
        },
    }
    body = {"material": "Read this first.\nThen think.", **more.get(kind, SAYINGS[kind])}
    return saying(kind, **body)


def again(given: Saying, name: str) -> tuple[formats.Paper, formats.Written]:
    """What comes back; the bytes of a picture are its address here."""
    written = formats.write([given], name, str.encode)
    endings = formats.FORMATS[name].ENDINGS
    paper = formats.read(written.data, f"x{endings[0]}", name)
    names = {url: each.data.decode() for url, each in paper.files.items()}
    for item in paper.items:
        item.body = clips.renamed(
            item.body, lambda text: clips.URL.sub(lambda m: names.get(m[0], m[0]), text)
        )
    return paper, written


# --- round trips ----------------------------------------------------------------------------------


# What each sentence about a loss allows to be lost: keys of the question, or of its rows.
LOSABLE = {
    "the explanation": ["explanation"],
    "the shared text": ["material"],
    "that capitals matter": ["case"],
    "that slips are forgiven": ["typos"],
    "that slips are forgiven, for Moodle itself": [],
    "that the answers may stand in any order, for Moodle itself": [],
    "that the answers may stand in any order": ["any_order"],
    "units": ["units", "unit_required"],
    "how an order that is partly right is marked": ["marking"],
    "which kinds of files are taken": ["endings"],
    "that the answer is a file": ["kind", "endings"],
    "what a good answer says": ["answer"],
    "the rubric": ["rubric"],
    "the rubric, for Moodle itself": [],
    "how it is sorted": ["facts"],
    "feedback": ["feedback"],
    "the worth of single answers": ["worth"],
    "answers that are partly right": ["worth"],
    "true or false (it becomes a single choice)": ["kind", "answer", "options"],
    "intervals in gaps, which become a middle and a tolerance": ["intervals"],
}


def without(lost: set[str], kind: str, body: dict[str, Any], facts: dict[str, Any]) -> dict:
    """A question without what may be lost of it."""
    kept = {"kind": kind, "facts": facts, **body}
    for name in ("options", "answers"):
        rows = [dict(row) for row in kept.get(name) or ()]
        for row in rows:
            if "feedback" in lost:
                row.pop("feedback", None)
            if "worth" in lost and row["fraction"] != "1":
                row["fraction"] = "0"
        kept[name] = [r for r in rows if name == "options" or r["fraction"] != "0"] or None
    if "intervals" in lost:
        kept["stem"] = kept["stem"].replace("#1..2", "#1.5±0.5")
    return {key: value for key, value in kept.items() if key not in lost and value}


@pytest.mark.parametrize("name", formats.FORMATS)
def test_what_is_written_is_read_again_but_for_what_was_reported(name: str) -> None:
    for kind, one in ((kind, make(kind)) for kind in types.TYPES for make in (saying, rich)):
        paper, written = again(one, name)
        told = " ".join(loss.what for loss in written.losses)
        if "left out" in told:
            assert paper.items == []
            continue
        assert [item.problems for item in paper.items] == [[]], kind
        item, lost = paper.items[0], set()
        for loss in written.losses:
            # What other programs will not see comes back to us.
            found = re.search(r"(?:loses:|cannot say) (.+?)[.]?$", loss.what)
            assert found or "other programs will not see" in loss.what, loss.what
            for each in found[1].split("; ") if found else ():
                lost |= {*LOSABLE[each]}
        assert without(lost, item.kind, item.body, item.facts) == without(
            lost, one.kind, one.body, FACTS
        )


@pytest.mark.parametrize("kind", types.TYPES)
def test_our_own_format_loses_nothing(kind: str) -> None:
    paper, written = again(rich(kind), "yaml")
    assert written.losses == []
    assert paper.items[0].body == rich(kind).body


@pytest.mark.parametrize(
    ("kind", "body", "told"),
    [
        ("short", {"answers": [{"text": "Beijing"}], "typos": 0}, False),
        ("short", {"answers": [{"text": "Beijing"}], "typos": 1}, True),
        ("short", {"answers": [{"text": "Rom"}], "typos": 2}, False),  # too short for a slip
        ("short", {"answers": [{"text": "Bei*"}], "typos": 1}, False),  # a star takes none
        ("short", {"answers": [{"text": "Rom"}, {"text": "Beijing"}], "typos": 1}, True),
        ("blanks", {"stem": "It is [[Beijing]].", "typos": 1}, True),
        ("blanks", {"stem": "It is [[#3.14]] or [[Rom]].", "typos": 1}, False),
        ("cloze", {"stem": "It is [[=Beijing|Nanjing]].", "typos": 2}, False),
    ],
)
def test_moodle_loses_slips_only_where_one_would_be_forgiven(
    kind: str, body: dict[str, Any], told: bool
) -> None:
    one = saying(kind, **body)
    paper, written = again(one, "moodle")
    assert [loss.what for loss in written.losses if "slips" in loss.what] == (
        [f"Question 1 ({KIND_NAMES[kind]}) loses: that slips are forgiven, for Moodle itself"]
        if told
        else []
    )
    # It comes back to this bank either way.
    assert types.of(kind).clean(paper.items[0].body)["typos"] == one.body["typos"]


def test_the_order_of_a_single_gap_is_no_loss() -> None:
    for stem, losses in (("[[a]]", 0), ("[[a]] and [[b]]", 1)):
        one = saying("blanks", stem=stem, any_order=True)
        paper, written = again(one, "moodle")
        assert len(written.losses) == losses
        assert paper.items[0].body["any_order"] is True


@pytest.mark.parametrize("name", ["word", "plain", "csv", "xlsx", "gift", "moodle", "yaml"])
def test_the_format_is_told_by_the_content(name: str) -> None:
    given = [saying(kind) for kind in ("single", "multiple", "truefalse", "short")]
    written = formats.write(given, name)
    for filename in (f"x{formats.FORMATS[name].ENDINGS[0]}", "x.dat"):
        paper = formats.read(written.data, filename)
        assert paper.format == name
        assert [item.kind for item in paper.items] == [each.kind for each in given]
        assert [item.body for item in paper.items] == [each.body for each in given]


_TEXT = st.text(
    st.characters(codec="utf-8", exclude_categories=["Cc", "Cs", "Cn", "Co", "Zl", "Zp"]),
    min_size=1,
    max_size=12,
).map(str.strip)


@settings(suppress_health_check=list(HealthCheck), max_examples=20, deadline=None)
@given(_TEXT, st.lists(_TEXT, min_size=2, max_size=4, unique=True), _TEXT)
@pytest.mark.parametrize("name", ["yaml", "moodle", "gift", "qti2", "qti3", "csv", "xlsx"])
def test_any_text_survives(name: str, stem: str, options: list[str], why: str) -> None:
    rows = [{"text": t, "fraction": "1" if n == 0 else "0"} for n, t in enumerate(options)]
    try:
        one = saying("single", stem=stem, options=rows, explanation=why)
    except BadQuestion:
        return
    paper, _written = again(one, name)
    assert paper.items[0].body == one.body


@pytest.mark.parametrize("name", ["yaml", "moodle", "gift", "qti2", "qti3", "csv", "xlsx"])
@pytest.mark.parametrize("text", ["a\u00a0b", "=1+1", "'=x", "->", "a -> b", "<b>&amp;</b>", "\\>"])
def test_texts_that_were_lost_once(name: str, text: str) -> None:
    rows = [{"text": text, "fraction": "1"}, {"text": "other", "fraction": "0"}]
    one = saying("single", stem=f"Is it {text}?", options=rows, explanation=text)
    paper, _written = again(one, name)
    assert paper.items[0].body == one.body


# --- Chinese papers -------------------------------------------------------------------------------

PAPER = """安全知识测试题

一、单项选择题（每题2分，共10分）
1．火警电话是（　）。
A．110　　B．119　　C．120　　D．122
答案：Ｂ
解析：119 是火警电话。
2、下列哪项正确？（ C ）
A. 甲
B. 乙
C. 丙
3.1949年10月1日是什么日子？
A、国庆  B、建党  C、建军  D、元旦
二、多选题
1．消防“四个能力”包括（ＡＢＤ）。
A．检查消除火灾隐患能力
B．组织扑救初起火灾能力
C．跑得快
D．组织人员疏散
   逃生能力
2. 下面（　　）是质数
（A）2 （B）3 （C）4
【答案】A、B
【解析】4=2×2
难度：中
知识点：数学，质数
三、判断题
1．地球是圆的。（√）
2．太阳绕着地球转。（ × ）
3．水的沸点是100℃。
答案：正确
四、填空题
1．中国的首都是____，最大的城市是______。
答案：北京；上海/上海市
2．《____》是鲁迅的作品。
五、简答题
1．为什么要学习？
答：第一点。
第二点。
解析：略
2. 名词解释：马克思主义
参考答案
一、单选题
3.A
四、填空题
2. 呐喊
五、简答题
2. 是一种思想体系
"""


def kinds_and_keys(paper: formats.Paper) -> list[tuple[str, str, Any]]:
    found = []
    for item in paper.items:
        body = item.body
        key: Any = body.get("answer", body["stem"])
        if "options" in body:
            key = [o["text"] for o in body["options"] if not o["fraction"].startswith(("0", "-"))]
            key = key or [o["text"] for o in body["options"] if o["fraction"].startswith("0.")]
        found.append((item.number, item.kind, key))
    return found


def test_a_chinese_paper_is_read_as_people_write_it() -> None:
    paper = formats.read(PAPER.encode(), "试题.txt")
    assert [item.problems for item in paper.items] == [[]] * 12
    assert kinds_and_keys(paper) == [
        ("1", "single", ["119"]),
        ("2", "single", ["丙"]),
        ("3", "single", ["国庆"]),
        (
            "1",
            "multiple",
            ["检查消除火灾隐患能力", "组织扑救初起火灾能力", "组织人员疏散 逃生能力"],
        ),
        ("2", "multiple", ["2", "3"]),
        ("1", "truefalse", True),
        ("2", "truefalse", False),
        ("3", "truefalse", True),
        ("1", "blanks", "中国的首都是[[北京]]，最大的城市是[[上海|上海市]]。"),
        ("2", "blanks", "《[[呐喊]]》是鲁迅的作品。"),
        ("1", "essay", "第一点。\n第二点。"),
        ("2", "essay", "是一种思想体系"),
    ]
    assert paper.items[0].body["explanation"] == "119 是火警电话。"
    assert paper.items[4].facts == {"tags": ["数学", "质数"], "difficulty": 3}
    assert [item.line for item in paper.items[:3]] == [4, 8, 12]
    assert "安全知识测试题" in paper.notes[0].what
    assert ["Points of questions" in note.what for note in paper.notes] == [False, True]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
def test_the_encoding_of_a_paper_does_not_matter(encoding: str) -> None:
    paper = formats.read(PAPER.encode(encoding), "试题.txt")
    assert len(paper.items) == 12


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1. 天空是蓝色的。（对）", [("1", "truefalse", True)]),
        ("1、火是冷的。 ×", [("1", "truefalse", False)]),
        ("1．火是冷的。\n答案：×", [("1", "truefalse", False)]),
        ("1. Which?\nA) one\nB) two √\nC) three", [("1", "single", ["two"])]),
        ("1. Which? A. one B. two C. three\nAnswer: AC", [("1", "multiple", ["one", "three"])]),
        ("【单选题】1. 问？\nA．一\nB．二\n答案：A", [("1", "single", ["一"])]),
        ("1.[多选题]问？\nA．一\nB．二\n答案：A", [("1", "multiple", ["一"])]),
        ("1.（多选，2分）问？\nA．一\nB．二\n答案：AB", [("1", "multiple", ["一", "二"])]),
        ("第1题 问？\nA．对\nB．错\n答案：A", [("1", "truefalse", True)]),
        ("1．首都？\n答案：北京", [("1", "short", "首都？")]),
        (
            "1.问？\nA．一\nB．二\n2.问？\nA．一\nB．二\n3.问？\nA．一\nB．二\n参考答案：\n1-3 ABA",
            [("1", "single", ["一"]), ("2", "single", ["二"]), ("3", "single", ["一"])],
        ),
        (
            "1.问？\nA．一\nB．二\n2.问？\nA．一\nB．二\n答案\n1-2 AB B",
            [("1", "multiple", ["一", "二"]), ("2", "single", ["二"])],
        ),
        (
            "1.问？\nA．一\nB．二\n2.问？\nA．一\nB．二\n答案：\n1.A 2、B",
            [("1", "single", ["一"]), ("2", "single", ["二"])],
        ),
        (
            "1. 读下面两句：\n1. 第一句\n2. 第二句\n哪句对？\nA．一\nB．二\n答案：A",
            [("1", "single", ["一"])],
        ),
    ],
)
def test_what_people_write(text: str, expected: list) -> None:
    assert (
        kinds_and_keys(formats.read(text.encode(), "x.txt", "plain"))[: len(expected)] == expected
    )


@pytest.mark.parametrize(
    ("text", "line", "what"),
    [
        ("一、单选题\n1．问？\nA．一\nB．二", 2, "The right answer is missing."),
        ("一、单选题\n1．问？\nA．一\nB．二\n答案：AB", 2, "has 2 right answers"),
        ("1．问？\nA．一\nB．二\n答案：D", 1, "The right answer is D"),
        ("1．问？\nA．一\nB．二\n答案：丙", 1, "names no answer"),
        ("一、判断题\n1．问？\n答案：也许", 2, "neither true nor false"),
        ("一、填空题\n1．甲____乙____\n答案：一", 2, "2 gaps and 1 answers"),
        ("一、填空题\n1．甲____乙\n2．乙____\n答案：一", 2, "The answer is missing."),
        ("一、单选题\n1．问？\nA．一\nA．二\n答案：A", 2, "at least 2 answers"),
        ("一、判断题\n1．问？", 2, "Say whether the statement"),
    ],
)
def test_problems_are_told_by_line_with_a_way_out(text: str, line: int, what: str) -> None:
    paper = formats.read(text.encode(), "x.txt", "plain")
    problem = paper.items[0].problems[0]
    assert problem.blocks
    assert (problem.line, what in problem.what) == (line, True)
    assert problem.mend


def test_a_shared_text_belongs_to_the_questions_below_it() -> None:
    text = (
        "材料一：小王着火了。\n他打了119。\n1．问？\nA．一\nB．二\n答案：A\n2．再问？\nA．一\nB．二\n答案：B\n"
        "三、判断题\n1．与材料无关。\n答案：对"
    )
    materials = [i.body.get("material") for i in formats.read(text.encode(), "x.txt").items]
    assert materials == ["小王着火了。\n他打了119。", "小王着火了。\n他打了119。", None]


# --- Word -----------------------------------------------------------------------------------------


def test_a_word_paper_is_read_with_the_numbers_that_word_counts() -> None:
    document = docx.Document()
    document.add_paragraph("一、单选题")
    for stem in ("火警电话是？", "急救电话是？"):
        document.add_paragraph(stem, style="List Number")
        document.add_paragraph("A．119\tB．120")
        document.add_paragraph("答案：" + ("A" if "火" in stem else "B"))
    blank = document.add_paragraph("1．二、首都是")
    document.paragraphs[-1].clear()
    blank.add_run("二、填空题")
    last = document.add_paragraph("1．首都是")
    last.add_run("      ").underline = True
    last.add_run("。")
    table = document.add_table(1, 1)
    table.cell(0, 0).paragraphs[0].add_run("答案：北京")
    out = BytesIO()
    document.save(out)
    paper = formats.read(out.getvalue(), "x.docx")
    assert paper.format == "word"
    assert [item.problems for item in paper.items] == [[], [], []]
    assert kinds_and_keys(paper) == [
        ("1", "single", ["119"]),
        ("2", "single", ["120"]),
        ("1", "blanks", "首都是[[北京]]。"),
    ]


def test_a_picture_in_word_that_browsers_cannot_show_is_reported() -> None:
    from PIL import Image

    picture = BytesIO()
    Image.new("RGB", (2, 2)).save(picture, "BMP")
    picture.seek(0)
    document = docx.Document()
    document.add_paragraph("1．这是什么？")
    document.add_picture(picture)
    document.add_paragraph("A．一")
    document.add_paragraph("B．二")
    document.add_paragraph("答案：A")
    out = BytesIO()
    document.save(out)
    paper = formats.read(out.getvalue(), "x.docx")
    assert len(paper.items) == 1
    assert "Pictures are not taken along (paragraphs 2)" in paper.notes[0].what


# --- Aiken, GIFT, Moodle --------------------------------------------------------------------------


def test_aiken() -> None:
    text = "What is it?\nA. This\nB) That\nANSWER: B\n\nAnd this?\nA. x\nB. y\nANSWER: C\n"
    paper = formats.read(text.encode(), "x.txt")
    assert paper.format == "aiken"
    assert kinds_and_keys(paper)[0] == ("1", "single", ["That"])
    assert [(p.line, p.what) for p in paper.items[1].problems] == [
        (9, "The right answer is C, but there is no such answer.")
    ]


GIFT = r"""
// a comment
$CATEGORY: $course$/top/Safety/Fire

::Q1:: Who? {=Grant#Right. ~no one#Wrong. ~Napoleon \= N ####He did.}

Grant is {~buried =entombed ~living} in Grant's tomb.

What two? {
  ~%-100%No one
  ~%50%Grant
  ~%50%Grant's wife
}

The sun rises in the east.{T}

Two plus two? {=four =%50%five}

Match. {=cat -> cat food =dog -> dog food}

Pi? {#3.1415:0.0005}

Between? {#1..5}

When? {# =1822:0 =%50%1822:2}

Write. {}

A heading without a question.
"""


def test_a_wrong_option_of_a_gift_single_choice_that_costs_is_told() -> None:
    (item,) = formats.read(b"Which? {=this ~%-33.33333%that ~other}", "x.gift").items
    assert item.kind == "single"
    assert [option["fraction"] for option in item.body["options"]] == ["1", "0", "0"]
    assert "costs nothing here" in item.problems[0].what
    assert not item.blocked


def test_gift() -> None:
    paper = formats.read(GIFT.encode(), "x.gift")
    kinds = [item.kind for item in paper.items]
    assert kinds[:10] == [
        "single",
        "single",
        "multiple",
        "truefalse",
        "short",
        "matching",
        "numeric",
        "numeric",
        "numeric",
        "essay",
    ]
    first = paper.items[0].body
    assert first["explanation"] == "He did."
    assert first["options"][0] == {"text": "Grant", "fraction": "1", "feedback": "Right."}
    assert first["options"][2]["text"] == "Napoleon = N"
    assert paper.items[1].body["stem"] == "Grant is _____ in Grant's tomb."
    assert [o["fraction"] for o in paper.items[2].body["options"]] == ["-1", "0.5", "0.5"]
    assert paper.items[8].body["answers"][1]["fraction"] == "0.5"
    assert paper.items[0].facts == {"category": "Safety/Fire"}
    assert paper.items[10].blocked
    assert [item.blocked for item in paper.items[:10]] == [False] * 10
    assert "Titles" in paper.notes[0].what


def test_questions_without_an_empty_line_between_them_are_told_apart() -> None:
    text = "::Q1::火警？ {\n~110\n=119\n}\n// [tag:急救]\n急救？ {~119 =120}\n水是{=H2O}的\n说法\n"
    found = formats.read(text.encode(), "x.gift").items
    assert [(item.line, item.kind, item.blocked) for item in found] == [
        (1, "single", False),
        (6, "single", False),
        (7, found[2].kind, False),
    ]
    assert found[1].facts == {"tags": ["急救"]}
    assert found[2].body["stem"].endswith("的\n说法")


def test_a_brace_that_is_not_closed_swallows_no_other_question() -> None:
    text = "::One:: Which? {=a ~b\n\n::Two:: Which two? {~%50%c ~%50%d ~%-100%e}\n"
    paper = formats.read(text.encode(), "x.gift")
    assert [item.blocked for item in paper.items] == [True, False]
    assert "not closed" in paper.items[0].problems[0].what
    assert (paper.items[0].line, paper.items[1].line) == (1, 3)
    assert paper.items[1].kind == "multiple"


MOODLE = """<?xml version="1.0" encoding="UTF-8"?>
<quiz>
<question type="category"><category><text>$course$/top/Fire</text></category></question>
<question type="multichoice"><name><text>n</text></name>
 <questiontext format="html"><text><![CDATA[<p>Which <b>one</b>?</p><script>alert(1)</script>
 <img src="@@PLUGINFILE@@/a.png">]]></text>
 <file name="a.png" encoding="base64">AAAA</file></questiontext>
 <generalfeedback format="html"><text>So.</text></generalfeedback>
 <defaultgrade>10.0000000</defaultgrade><single>true</single>
 <answer fraction="100" format="html"><text>This &amp;lt; that</text>
 <feedback><text>Yes</text></feedback></answer>
 <answer fraction="-50"><text>That</text></answer>
 <tags><tag><text>exits</text></tag></tags></question>
<question type="truefalse"><questiontext><text>So?</text></questiontext>
 <answer fraction="0"><text>true</text></answer>
 <answer fraction="100"><text>false</text></answer></question>
<question type="numerical"><questiontext><text>How many?</text></questiontext>
 <answer fraction="100"><text>5</text><tolerance>0.1</tolerance></answer>
 <units><unit><multiplier>1</multiplier><unit_name>kg</unit_name></unit>
 <unit><multiplier>1000</multiplier><unit_name>g</unit_name></unit></units></question>
<question type="cloze"><questiontext><text>A {1:MULTICHOICE:=b~c} and {2:SHORTANSWER:=d~%50%e}
 and {1:NUMERICAL:=3:0.1}.</text></questiontext></question>
<question type="gapselect"><questiontext><text>A [[1]] and [[3]].</text></questiontext>
 <selectoption><text>b</text><group>1</group></selectoption>
 <selectoption><text>c</text><group>1</group></selectoption>
 <selectoption><text>d</text><group>2</group></selectoption>
 <selectoption><text>e</text><group>2</group></selectoption></question>
<question type="calculated"><questiontext><text>{x}?</text></questiontext></question>
<question type="description"><questiontext><text>Read.</text></questiontext></question>
</quiz>"""


def test_moodle() -> None:
    paper = formats.read(MOODLE.encode(), "x.xml")
    assert [i.kind for i in paper.items] == [
        "single",
        "truefalse",
        "numeric",
        "cloze",
        "cloze",
        "calculated",
    ]
    assert any("Points of questions are not kept (1 times)" in n.what for n in paper.notes)
    first = paper.items[0]
    assert first.body["stem"].startswith("Which **one**?\n\n![](/media/images/")
    assert first.body["options"][0] == {"text": "This < that", "fraction": "1", "feedback": "Yes"}
    said = " ".join(problem.what for problem in first.problems)
    assert "A script is not taken along." in said
    assert "costs nothing here" in said
    assert not first.blocked
    assert first.facts == {"category": "Fire", "tags": ["exits"]}
    assert paper.items[2].body["units"][1] == {"text": "g", "factor": "0.001"}
    assert paper.items[3].body["stem"].startswith("A [[=b|c]] and [[d|%50%e]]")
    assert "count the same" in paper.items[3].problems[0].what
    assert paper.items[4].body["stem"] == "A [[=b|c]] and [[=d|e]]."
    assert paper.items[5].blocked
    assert "description" in paper.notes[0].what
    # Every problem has the line of the element that it is about.
    lines = {problem.what[:20]: problem.line for i in paper.items for problem in i.problems}
    assert lines["A script is not take"] == 5
    assert lines["A wrong answer of a "] == 4
    assert lines["Questions of this ki"] == 28
    assert paper.notes[0].line == 29


def test_a_problem_in_a_package_names_its_file_and_the_line_there() -> None:
    said = formats.write([saying("truefalse"), saying("single")], "qti2").data
    with zipfile.ZipFile(BytesIO(said)) as source:
        files = {name: source.read(name) for name in source.namelist()}
    name = next(n for n, data in files.items() if b"choiceInteraction" in data and b"Red" in data)
    second = b'\n<extendedTextInteraction responseIdentifier="X"/></itemBody>'
    files[name] = files[name].replace(b"</itemBody>", second)
    rows = files[name].splitlines()
    line = next(n for n, row in enumerate(rows, 1) if b"<extendedText" in row)
    out = BytesIO()
    with zipfile.ZipFile(out, "w") as package:
        for each, data in files.items():
            package.writestr(each, data)
    problem = next(p for i in formats.read(out.getvalue(), "x.zip").items for p in i.problems)
    assert problem.blocks
    assert (problem.file, problem.line) == (name, line)


WATER = """<qti-assessment-item xmlns="http://www.imsglobal.org/xsd/imsqtiasi_v3p0" identifier="c">
 <qti-response-declaration identifier="R" cardinality="multiple" base-type="identifier">
  <qti-mapping lower-bound="0" upper-bound="2" default-value="-2">
   <qti-map-entry map-key="H" mapped-value="1"/><qti-map-entry map-key="O" mapped-value="1"/>
   <qti-map-entry map-key="Cl" mapped-value="-1"/></qti-mapping></qti-response-declaration>
 <qti-item-body><qti-choice-interaction response-identifier="R" max-choices="0">
  <qti-prompt>Which elements form water?</qti-prompt>
  <qti-simple-choice identifier="H">Hydrogen<qti-feedback-inline outcome-identifier="F"
   identifier="H" show-hide="show">Yes.</qti-feedback-inline></qti-simple-choice>
  <qti-simple-choice identifier="He">Helium</qti-simple-choice>
  <qti-simple-choice identifier="O">Oxygen</qti-simple-choice>
  <qti-simple-choice identifier="Cl">Chlorine</qti-simple-choice>
 </qti-choice-interaction></qti-item-body></qti-assessment-item>"""
RICHARD = """<assessmentItem xmlns="http://www.imsglobal.org/xsd/imsqti_v2p1" identifier="g">
 <responseDeclaration identifier="R" cardinality="multiple" baseType="directedPair">
  <correctResponse><value>W G1</value><value>Su G2</value></correctResponse></responseDeclaration>
 <itemBody><gapMatchInteraction responseIdentifier="R"><prompt>Fill in.</prompt>
  <gapText identifier="W" matchMax="1">winter</gapText>
  <gapText identifier="Su" matchMax="1">summer</gapText>
  <blockquote><p>Now is the <gap identifier="G1"/> of our discontent made glorious
   <gap identifier="G2"/></p></blockquote></gapMatchInteraction></itemBody></assessmentItem>"""


def test_points_of_qti_become_shares_and_feedback_never_stands_in_an_answer() -> None:
    """The sample “Composition of Water” of the standard: two points, and −2 for all others."""
    (item,) = formats.read(WATER.encode(), "water.xml").items
    assert not item.problems
    assert [(o["text"], o["fraction"], o.get("feedback")) for o in item.body["options"]] == [
        ("Hydrogen", "0.5", "Yes."),
        ("Helium", "-1", None),
        ("Oxygen", "0.5", None),
        ("Chlorine", "-0.5", None),
    ]


def test_words_to_be_put_into_a_text_are_gaps_to_choose_from() -> None:
    (item,) = formats.read(RICHARD.encode(), "richard.xml").items
    assert (item.kind, item.problems) == ("cloze", [])
    stem = " ".join(item.body["stem"].split())
    assert "the [[=winter|summer]] of our discontent made glorious [[winter|=summer]]" in stem
    hot = RICHARD.replace("gapMatchInteraction", "hottextInteraction").replace("gapText", "hottext")
    (item,) = formats.read(hot.replace("W G1", "W").replace("Su G2", "").encode(), "h.xml").items
    assert [(o["text"], o["fraction"]) for o in item.body["options"]] == [
        ("winter", "1"),
        ("summer", "-1"),
    ]


def test_moodle_is_given_the_shares_that_it_lists() -> None:
    thirds = [{"text": text, "fraction": "0.33"} for text in "甲乙丙"]
    odd = [{"text": "甲", "fraction": "0.36"}, {"text": "乙", "fraction": "0.64"}]
    wrong = {"text": "丁", "fraction": "-0.33"}
    two = [saying("multiple", options=[*thirds, wrong]), saying("multiple", options=odd)]
    for name in ("moodle", "gift"):
        written = formats.write(two, name)
        text = written.data.decode()
        assert (text.count("33.33333"), text.count("-33.33333")) == (4, 1)
        assert ["36 %, 64 %" in loss.what for loss in written.losses if loss.line == 2] == [True]


# --- tables ---------------------------------------------------------------------------------------


def test_a_table_is_read_by_the_names_of_its_columns() -> None:
    text = (
        "序号,题型,题目,选项A,选项B,选项C,正确答案,难易度,分值\n"
        "1,单选题,问？,一,二,,A,★★★,2\n"
        "2,多选,问？,一,二,三,AC,易,2\n"
        "3,判断题,对吗？,,,,√,,\n"
        "4,判断题,对吗？,正确,错误,,B,,\n"
        "5,填空题,首都是____,,,,北京,,\n"
        "6,连线题,配对,甲—1,乙—2,,,,\n"
        "7,选词,问？,,,,A,超难,\n"
    )
    paper = formats.read(text.encode("gb18030"), "x.csv")
    assert paper.format == "csv"
    assert [item.blocked for item in paper.items] == [False] * 6 + [True]
    assert kinds_and_keys(paper)[:5] == [
        ("1", "single", ["一"]),
        ("2", "multiple", ["一", "三"]),
        ("3", "truefalse", True),
        ("4", "truefalse", False),
        ("5", "blanks", "首都是[[北京]]"),
    ]
    assert paper.items[0].facts == {"difficulty": 3}
    assert [p.line for p in paper.items[6].problems] == [8] * len(paper.items[6].problems)
    assert "Points" in paper.notes[-1].what


# --- what might do harm ---------------------------------------------------------------------------

XXE = (
    '<?xml version="1.0"?><!DOCTYPE quiz [<!ENTITY x SYSTEM "file:///etc/passwd">]><quiz>&x;</quiz>'
)
LAUGHS = (
    '<?xml version="1.0"?><!DOCTYPE quiz [<!ENTITY a "aaaaaaaaaa">'
    + "".join(f'<!ENTITY a{n} "{"&a;" * 10}">' for n in range(9))
    + "]><quiz>&a8;</quiz>"
)


@pytest.mark.parametrize("text", [XXE, LAUGHS, "<quiz>", "<quiz><question></quiz>", "<quiz/>"])
def test_xml_that_might_do_harm_is_refused(text: str) -> None:
    if text == "<quiz/>":
        with pytest.raises(formats.UnknownFormat):
            formats.read(text.encode(), "x.xml")
        return
    with pytest.raises(formats.NotThisFormat):
        formats.read(text.encode(), "x.xml")


def test_a_package_that_unpacks_to_far_more_is_refused() -> None:
    import zipfile

    out = BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as package:
        package.writestr("word/document.xml", b" " * 30_000_000)
    with pytest.raises(formats.NotThisFormat, match="far more"):
        formats.read(out.getvalue(), "x.docx")


@pytest.mark.parametrize(
    "text",
    [
        "# weike-questions: 1\nquestions: [&a [x], *a]",
        "# weike-questions: 1\nquestions: {",
        "# weike-questions: 1\n!!python/object/apply:os.system [ls]",
        "# weike-questions: 1\nother: 1",
    ],
)
def test_yaml_that_might_do_harm_is_refused(text: str) -> None:
    with pytest.raises(formats.NotThisFormat):
        formats.read(text.encode(), "x.yaml")


@pytest.mark.parametrize("name", ["auto", "yaml"])
def test_yaml_of_a_newer_version_is_refused_with_the_reason(name: str) -> None:
    text = formats.write([saying("truefalse")], "yaml").data.decode()
    assert len(formats.read(text.encode(), "x.yaml", name).items) == 1
    newer = text.replace("weike-questions: 1", "weike-questions: 2")
    assert newer != text
    with pytest.raises(formats.NotThisFormat, match="newer version"):
        formats.read(newer.encode(), "x.yaml", name)


def test_yaml_tells_lines_and_misspelt_keys() -> None:
    text = (
        "# weike-questions: 1\nquestions:\n- kind: truefalse\n  stem: So?\n  answer: true\n"
        "- kind: short\n  stem: What?\n  anwsers: [x]\n- kind: dance\n  stem: Go\n"
        "- kind: single\n  stem: Which?\n  options: no\n"
    )
    paper = formats.read(text.encode(), "x.yaml")
    assert [(i.line, i.blocked) for i in paper.items] == [
        (3, False),
        (6, True),
        (9, True),
        (11, True),
    ]
    assert "anwsers" in paper.items[1].problems[0].what


@pytest.mark.parametrize("data", [b"", b"\0\1\2", b"Hello.", b"PK\3\4broken", b"<html></html>"])
def test_what_holds_no_question_says_so(data: bytes) -> None:
    with pytest.raises((formats.UnknownFormat, formats.NotThisFormat)):
        formats.read(data, "x.txt")


@settings(suppress_health_check=list(HealthCheck), max_examples=30, deadline=None)
@given(st.text(alphabet="1.A、（）答案:：B{}=~#->T\n对[]_ 一单选题$/", max_size=60))
@pytest.mark.parametrize("name", ["plain", "gift", "aiken"])
def test_no_text_breaks_a_reader(name: str, text: str) -> None:
    formats.read(text.encode(), "x.txt", name)


@pytest.mark.parametrize("name", ["plain", "gift", "aiken", "csv"])
def test_long_nonsense_costs_no_time(name: str) -> None:
    """Each of these once made a search go over the text again for each of its characters."""
    nonsense = (
        "\n" * 60_000,
        "q\nA. x\nB. y\n答案：" + "\n" * 30_000,
        "[[" * 20_000,
        "A. x\n" * 8_000,
        "1-2 " * 10_000,
        "{" * 20_000,
    )
    for text in nonsense:
        try:
            formats.read(f"1. {text}".encode(), "x.txt", name)
        except formats.NotThisFormat:
            continue


@pytest.mark.parametrize("share", ["nan", "1e999", "-inf", "sNaN", "x", "1e99999999"])
def test_a_share_that_is_no_number_is_nothing(share: str) -> None:
    text = (
        '<quiz><question type="multichoice"><questiontext><text>Which?</text></questiontext>'
        f'<answer fraction="100"><text>a</text></answer><answer fraction="{share}"><text>b</text>'
        '</answer></question><question type="truefalse"><questiontext><text>So?</text>'
        f'</questiontext><answer fraction="{share}"><text>true</text></answer></question>'
        '<question type="shortanswer"><questiontext><text>What?</text></questiontext>'
        '<answer fraction="100"><text>a</text></answer><weike><typos>x</typos></weike></question>'
        "</quiz>"
    )
    choice, statement, short = formats.read(text.encode(), "a.xml").items
    assert [row["fraction"] for row in choice.body["options"]] == ["1", "0"]
    assert not choice.blocked
    assert statement.blocked
    assert short.body["typos"] == 0


MOODLE_TWO_RIGHT = (
    "<quiz><question type='multichoice'><questiontext><text>Q?</text></questiontext>"
    "<single>true</single><answer fraction='100'><text>a</text></answer>"
    "<answer fraction='100'><text>b</text></answer></question></quiz>"
)
QTI_TWO_RIGHT = (
    '<assessmentItem xmlns="http://www.imsglobal.org/xsd/imsqti_v2p1" identifier="a" title="a"'
    ' adaptive="false" timeDependent="false"><responseDeclaration identifier="R"'
    ' cardinality="single" baseType="identifier"><correctResponse><value>A</value>'
    "<value>B</value></correctResponse></responseDeclaration><itemBody>"
    '<choiceInteraction responseIdentifier="R" maxChoices="1"><prompt>Q?</prompt>'
    '<simpleChoice identifier="A">a</simpleChoice><simpleChoice identifier="B">b</simpleChoice>'
    "</choiceInteraction></itemBody></assessmentItem>"
)


@pytest.mark.parametrize("text", [MOODLE_TWO_RIGHT, QTI_TWO_RIGHT], ids=["moodle", "qti"])
def test_two_right_answers_to_a_single_choice_are_told(text: str) -> None:
    (item,) = formats.read(text.encode(), "x.xml").items
    assert item.blocked
    assert "2 are marked" in item.problems[0].what


def test_fifty_megabytes_of_a_picture_are_refused_unread() -> None:
    file = b'<quiz><file name="a.png" encoding="base64">' + b"A" * 67_000_000
    with pytest.raises(FileTooLarge):
        formats.read(file, "x.xml")


@pytest.mark.parametrize("packed", [zipfile.ZIP_DEFLATED, zipfile.ZIP_LZMA, zipfile.ZIP_BZIP2])
def test_a_package_with_broken_pieces_is_refused(packed: int) -> None:
    out = BytesIO()
    with zipfile.ZipFile(out, "w", packed) as package:
        package.writestr("imsmanifest.xml", "<manifest/>" * 50)
    data = bytearray(out.getvalue())
    begin = data.index(b"imsmanifest.xml") + 15
    data[begin + 9 : begin + 20] = b"\xff" * 11
    with pytest.raises((formats.NotThisFormat, formats.UnknownFormat)):
        formats.read(bytes(data), "a.zip", "qti2")


@pytest.mark.parametrize(
    "href",
    [
        *("../../etc/passwd", "/etc/passwd", "..%2f..%2fetc%2fpasswd", "items/../../x.xml"),
        *("http://127.0.0.1:1/item.xml", "file:///etc/passwd", "items", "items/", "", "a\x00b.xml"),
        *("imsmanifest.xml", "\\\\host\\item.xml", "items/q%E9.xml"),
    ],
)
def test_a_link_in_a_valid_package_opens_only_what_is_in_it(href: str, tmp_path: Path) -> None:
    """The other item of the package is read all the same, and the link is named by its place."""
    data = formats.write([saying("truefalse")], "qti2").data
    (tmp_path / "x.xml").write_text("outside")
    with zipfile.ZipFile(BytesIO(data)) as source:
        files = {name: source.read(name) for name in source.namelist()}
    first = b"<resource identifier="
    link = escape(href, quote=True).replace("\x00", "&#0;")
    kind = "imsqti_item_xmlv2p2"
    files["imsmanifest.xml"] = files["imsmanifest.xml"].replace(
        first, f'<resource identifier="x" type="{kind}" href="{link}"/>'.encode() + first, 1
    )
    out = BytesIO()
    with zipfile.ZipFile(out, "w") as package:
        for name, content in files.items():
            package.writestr(name, content)
    try:
        paper = formats.read(out.getvalue(), "x.zip", "qti2")
    except formats.NotThisFormat:
        assert "\x00" in href  # no XML at all
        return
    assert [item.kind for item in paper.items if not item.blocked] == ["truefalse"]
    blocked = [item for item in paper.items if item.blocked]
    assert len(blocked) + sum("lacks the file" in note.what for note in paper.notes) == 1


def test_a_package_may_write_its_names_as_addresses() -> None:
    data = formats.write([saying("truefalse")], "qti2").data
    out = BytesIO()
    with zipfile.ZipFile(BytesIO(data)) as source, zipfile.ZipFile(out, "w") as package:
        for name in source.namelist():
            content = source.read(name)
            if name == "imsmanifest.xml":
                content = re.sub(rb'href="([^"]+)\.xml"', rb'href="a%20\1.xml"', content)
                content = content.replace(b'"a%20items/', b'"items/a%20')
                package.writestr(name, content)
            else:
                folder, _slash, last = name.rpartition("/")
                package.writestr(f"{folder}/a {last}" if folder else f"a {last}", content)
    (item,) = formats.read(out.getvalue(), "x.zip", "qti2").items
    assert item.kind == "truefalse"


@pytest.mark.parametrize("tag", ["<b ", '<a href="', "<!--", "</b "])
def test_tags_that_never_end_are_text_and_cost_no_time(tag: str) -> None:
    text, _notes = hypertext.to_markdown(f"<p>So?</p>{tag * 20_000}")
    assert text.startswith("So?")
    assert tag in text
