"""Word papers whose numbers and letters Word counts by itself, and what else stands in them."""

from __future__ import annotations

import re
import zipfile
from dataclasses import replace
from io import BytesIO
from typing import Any

import pytest
from flask import Flask
from PIL import Image

from app.questions import formats
from app.questions.formats import Item, Paper
from app.questions.formats.word import options
from app.questions.formats.word.document import Line
from app.questions.formats.word.numbering import Label, counted

TRANSITIONAL = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
RELATED = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
NAMES = (
    f'xmlns:w="{TRANSITIONAL}" xmlns:r="{RELATED}" '
    'xmlns:mc="http://schemas.openxmlformats.org/markup-compatibility/2006" '
    'xmlns:a="http://schemas.openxmlformats.org/drawingml/2006/main" '
    'xmlns:wp="http://schemas.openxmlformats.org/drawingml/2006/wordprocessingDrawing" '
    'xmlns:wps="http://schemas.microsoft.com/office/word/2010/wordprocessingShape" '
    'xmlns:w14="http://schemas.microsoft.com/office/word/2010/wordml" '
    'xmlns:w15="http://schemas.microsoft.com/office/word/2012/wordml" '
    'xmlns:v="urn:schemas-microsoft-com:vml" '
    'xmlns:wpsCustomData="http://www.wps.cn/officeDocument/2013/wpsCustomData" '
    'mc:Ignorable="w14 w15 wpsCustomData"'
)


@pytest.fixture(autouse=True)
def words(app: Flask):
    with app.test_request_context(headers={"Accept-Language": "en"}):
        yield


def level(at: int, shape: str, text: str, more: str = "") -> str:
    return (
        f'<w:lvl w:ilvl="{at}"><w:start w:val="1"/><w:numFmt w:val="{shape}"/>{more}'
        f'<w:lvlText w:val="{text}"/></w:lvl>'
    )


def abstract(number: int, *levels: str, more: str = "") -> str:
    inside = "".join(levels)
    return f'<w:abstractNum w:abstractNumId="{number}">{more}{inside}</w:abstractNum>'


def num(number: int, of: int, *anew: int) -> str:
    """A list that counts as `of`; the levels of `anew` begin with 1 again."""
    overrides = "".join(
        f'<w:lvlOverride w:ilvl="{at}"><w:startOverride w:val="1"/></w:lvlOverride>' for at in anew
    )
    return f'<w:num w:numId="{number}"><w:abstractNumId w:val="{of}"/>{overrides}</w:num>'


def p(said: str, listed: int = 0, at: int = 0, style: str = "") -> str:
    inside = said if said.startswith("<") else f"<w:r><w:t>{said}</w:t></w:r>"
    about = f'<w:pStyle w:val="{style}"/>' if style else ""
    if listed:
        about += f'<w:numPr><w:ilvl w:val="{at}"/><w:numId w:val="{listed}"/></w:numPr>'
    return f"<w:p><w:pPr>{about}</w:pPr>{inside}</w:p>"


def run(said: str, about: str = "") -> str:
    return f"<w:r><w:rPr>{about}</w:rPr><w:t>{said}</w:t></w:r>"


def package(
    body: str, numbering: str = "", parts: dict[str, Any] | None = None, main: str = "document"
) -> bytes:
    out = BytesIO()
    files = {
        "[Content_Types].xml": "<Types/>",
        "_rels/.rels": f'<Relationships><Relationship Id="r1" Target="word/{main}.xml" '
        f'Type="{RELATED}/officeDocument"/></Relationships>',
        f"word/{main}.xml": f"<w:document {NAMES}><w:body>{body}<w:sectPr/></w:body></w:document>",
        "word/numbering.xml": f"<w:numbering {NAMES}>{numbering}</w:numbering>",
        **(parts or {}),
    }
    with zipfile.ZipFile(out, "w") as made:
        for name, said in files.items():
            made.writestr(name, said)
    return out.getvalue()


def read(*given: Any, **parts: Any) -> Paper:
    return formats.read(package(*given, **parts), "paper.docx", formats.AUTO)


def told(item: Item) -> tuple[object, ...]:
    """(kind, stem, what is right) of a question that can be taken."""
    assert not item.blocked, [(problem.what, item.body) for problem in item.problems]
    if "options" in item.body:
        letters = [
            chr(65 + n) for n, o in enumerate(item.body["options"]) if o["fraction"][0] not in "0-"
        ]
        texts = "/".join(option["text"] for option in item.body["options"])
        return item.kind, item.body["stem"], texts, "".join(letters)
    return item.kind, item.body["stem"], item.body.get("answer")


FIRE = ("single", "火警电话是？", "110/119", "B")
AID = ("single", "急救电话是？", "120/119", "A")


# --- counting -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("shape", "expected"),
    [
        ("decimal", "1 2 11 27"),
        ("upperLetter", "A B K AA"),
        ("lowerRoman", "i ii xi xxvii"),
        ("chineseCounting", "一 二 十一 二十七"),
        ("chineseCountingThousand", "一 二 十一 二十七"),
        ("chineseLegalSimplified", "壹 贰 壹拾壹 贰拾柒"),
        ("ideographTraditional", "甲 乙 甲 庚"),
        ("ideographDigital", "一 二 一一 二七"),
        ("decimalEnclosedCircle", "① ② ⑪ ㉗"),
        ("decimalEnclosedCircleChinese", "① ② ⑪ ㉗"),
        ("decimalEnclosedParen", "⑴ ⑵ ⑾ 27"),
        ("decimalFullWidth", "１ ２ １１ ２７"),
        ("decimalZero", "01 02 11 27"),
        ("ordinal", "1st 2nd 11th 27th"),
        ("somethingNew", "1 2 11 27"),
    ],
)
def test_each_shape_counts_as_word_does(shape: str, expected: str) -> None:
    assert " ".join(counted(number, shape) for number in (1, 2, 11, 27)) == expected


def test_large_chinese_numbers() -> None:
    said = [counted(number, "chineseCounting") for number in (10, 20, 100, 105, 110, 1001, 2030)]
    assert said == ["十", "二十", "一百", "一百零五", "一百一十", "一千零一", "二千零三十"]
    legal = [counted(number, "chineseLegalSimplified") for number in (1, 10, 12, 20)]
    assert legal == ["壹", "壹拾", "壹拾贰", "贰拾"]


# --- answers to choose from -----------------------------------------------------------------------

DECIMAL = abstract(1, level(0, "decimal", "%1．")) + abstract(2, level(0, "decimal", "%1)"))
SHAPES = {
    "decimal": "%1.",
    "decimalEnclosedCircle": "%1",
    "upperLetter": "%1．",
    "lowerLetter": "(%1)",
    "upperRoman": "%1.",
    "chineseCounting": "%1、",
    "ideographTraditional": "%1．",
}
SECOND = dict.fromkeys(("decimal", "decimalEnclosedCircle"), "2") | {
    "upperLetter": "B",
    "lowerLetter": "b",
    "upperRoman": "II",
    "chineseCounting": "二",
    "ideographTraditional": "乙",
}


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("as_letter", [False, True])
def test_answers_that_word_numbers_are_answers_to_choose_from(shape: str, as_letter: bool) -> None:
    lists = (
        abstract(1, level(0, "decimal", "%1．"))
        + abstract(2, level(0, shape, SHAPES[shape]))
        + num(1, 1)
        + num(2, 2)
        + num(3, 2, 0)
    )
    body = (
        p("一、单选题")
        + p("火警电话是？", 1)
        + p("110", 2)
        + p("119", 2)
        + p(f"答案：{'B' if as_letter else SECOND[shape]}")
        + p("急救电话是？", 1)
        + p("120", 3)
        + p("119", 3)
        + p("答案：A")
    )
    assert [told(item) for item in read(body, lists).items] == [FIRE, AID]


@pytest.mark.parametrize("typed", [False, True])
@pytest.mark.parametrize("given", ["below", "inside", "table", "list"])
def test_a_number_as_the_answer_is_understood_wherever_it_stands(typed: bool, given: str) -> None:
    lists = DECIMAL + num(1, 1) + num(2, 2) + num(3, 2, 0)
    inside = given == "inside"
    body = p("一、单选题")
    for at, (stem, answers, key) in enumerate(
        (("火警电话是", ("110", "119"), "2"), ("急救电话是", ("120", "119"), "1")), 1
    ):
        said = f"{stem}（{key if inside else '　'}）"
        body += p(f"{at}．{said}") if typed else p(said, 1)
        body += "".join(p(each, 1 + at) for each in answers)
        body += p(f"答案：{key}") if given == "below" else ""
    if given == "table":
        rows = [["题号", "1", "2"], ["答案", "2", "1"]]
        body += p("参考答案") + "<w:tbl>" + "".join(
            "<w:tr>" + "".join(f"<w:tc>{p(cell)}</w:tc>" for cell in row) + "</w:tr>"
            for row in rows
        ) + "</w:tbl>"  # fmt: skip
    elif given == "list":
        body += p("参考答案") + p("1．2　2．1")
    assert [told(item)[2:] for item in read(body, lists).items] == [FIRE[2:], AID[2:]]


def test_letters_that_count_on_are_read_from_a_again_and_said() -> None:
    lists = DECIMAL + abstract(3, level(0, "upperLetter", "%1．")) + num(1, 1) + num(3, 3)
    body = p("一、单选题") + p("火警电话是？", 1) + p("110", 3) + p("119", 3) + p("答案：B")
    body += p("急救电话是？", 1) + p("120", 3) + p("119", 3)
    for answer in ("C", "A"):  # as it stands on paper, or as it is meant
        paper = read(body + p(f"答案：{answer}"), lists)
        assert [told(item) for item in paper.items] == [FIRE, AID]
        assert [(note.line, note.blocks) for note in paper.notes] == [(7, False)]


def test_one_list_of_three_levels_holds_a_whole_paper() -> None:
    levels = (
        level(0, "chineseCounting", "%1、"),
        level(1, "decimal", "%2."),
        level(2, "decimalEnclosedCircle", "%3"),
    )
    lists = abstract(1, *levels) + num(1, 1)
    body = p("单选题", 1) + p("火警电话是？", 1, 1) + p("110", 1, 2) + p("119", 1, 2)
    body += p("急救电话是？", 1, 1) + p("120", 1, 2) + p("119", 1, 2)
    body += p("判断题", 1) + p("着火可以乘电梯。", 1, 1)
    body += p("参考答案") + p("一、单选题") + p("1-2 BA") + p("二、判断题") + p("1．×")
    paper = read(body, lists)
    assert [told(item) for item in paper.items] == [
        FIRE,
        AID,
        ("truefalse", "着火可以乘电梯。", False),
    ]
    assert [item.number for item in paper.items] == ["1", "2", "1"]


def test_lists_that_count_as_one_go_on_and_those_that_begin_anew_do_not() -> None:
    lists = DECIMAL + num(1, 1) + num(4, 1) + num(5, 1, 0)
    body = (
        p("一、判断题")
        + p("甲。（√）", 1)
        + p("乙。（×）", 4)
        + p("二、判断题")
        + p("丙。（√）", 5)
    )
    assert [item.number for item in read(body, lists).items] == ["1", "2", "1"]


def test_points_of_an_essay_and_steps_in_a_text_are_no_answers_to_choose_from() -> None:
    lists = DECIMAL + num(1, 1) + num(2, 2) + num(3, 2, 0)
    body = p("一、简答题") + p("怎样逃生？请说明：", 1) + p("在家里", 2) + p("在单位", 2)
    body += p("答案：看情况。") + p("怎样报警？", 1) + p("答案：") + p("说地点", 3) + p("说火势", 3)
    first, second = read(body, lists).items
    assert told(first) == ("essay", "怎样逃生？请说明：\n1) 在家里\n2) 在单位", "看情况。")
    assert told(second) == ("essay", "怎样报警？", "1) 说地点\n2) 说火势")


HIDDEN = "<w:vanish/>"


def gone(said: str, listed: int) -> str:
    """A paragraph of which nothing is to be seen, its end included."""
    about = f'<w:numPr><w:ilvl w:val="0"/><w:numId w:val="{listed}"/></w:numPr>'
    return f"<w:p><w:pPr>{about}<w:rPr>{HIDDEN}</w:rPr></w:pPr>{run(said, HIDDEN)}</w:p>"


@pytest.mark.parametrize("shape", ["decimal", "upperLetter"])
@pytest.mark.parametrize(
    ("stem", "options", "answer"),
    [
        ("火警电话是？", ("<w:r><w:br/><w:t>110</w:t></w:r>", "119"), "2"),
        ("<w:r><w:br/><w:t>火警电话是？</w:t></w:r>", ("110", "119"), "2"),
        ("火警电话是？", ("110", "", "119"), "3"),
        ("火警电话是？", ("110", None, "119"), "2"),
    ],
)
def test_lines_that_are_blank_or_hidden_take_no_answer_away(
    shape: str, stem: str, options: tuple[str | None, ...], answer: str
) -> None:
    lists = DECIMAL + abstract(3, level(0, shape, "%1．")) + num(1, 1) + num(3, 3)
    body = p("一、单选题") + p(stem, 1) + gone("题库编号", 1)
    body += "".join(gone("废", 3) if each is None else p(each, 3) for each in options)
    said = answer if shape == "decimal" else "ABC"[int(answer) - 1]
    body += p(f"答案：{said}") + p("地球是方的。（ ）", 1) + p("答案：错")
    first, second = read(body, lists).items
    assert told(first) == FIRE
    assert told(second)[:2] == ("boolean", "地球是方的。（ ）") or not second.blocked


def test_a_paper_of_two_thousand_questions_is_looked_at_once() -> None:
    """The nearest heading is not looked for from each question up to the beginning."""
    label = Label("1.", "decimal", 1, ("1", 0))
    one = [Line(1, "火警电话是？", replace(label, place=("0", 0)))]
    one += [Line(1, word, replace(label, count=n)) for n, word in enumerate(("110", "119"), 1)]
    looked = []

    class Counted(Line):
        @property
        def shown(self) -> str:
            looked.append(1)
            return super().shown

    def reads(times: int) -> int:
        looked.clear()
        lines = [Counted(each.number, each.text, each.label) for _ in range(times) for each in one]
        options.lettered(lines)
        return len(looked)

    assert reads(400) < 11 * reads(40)


def test_a_list_may_be_defined_by_a_style_and_an_empty_line_of_it_is_no_question() -> None:
    lists = (
        abstract(1, level(0, "decimal", "%1．", '<w:pStyle w:val="stem"/>'))
        + abstract(7, more='<w:numStyleLink w:val="letters"/>')
        + abstract(8, level(0, "upperLetter", "%1."), more='<w:styleLink w:val="letters"/>')
        + num(1, 1)
        + num(7, 7)
    )
    styles = (
        f"<w:styles {NAMES}>"
        '<w:style w:type="paragraph" w:styleId="stem"><w:pPr><w:numPr><w:numId w:val="1"/>'
        "</w:numPr></w:pPr></w:style>"
        '<w:style w:type="paragraph" w:styleId="mine"><w:basedOn w:val="stem"/></w:style>'
        "</w:styles>"
    )
    body = p("一、单选题") + p("火警电话是？", style="mine") + p("110", 7) + p("119", 7)
    body += p("答案：B") + p("", style="mine")
    paper = read(body, lists, {"word/styles.xml": styles})
    assert [told(item) for item in paper.items] == [FIRE]


# --- what programs write around it ----------------------------------------------------------------


def test_the_strict_form_and_a_main_part_of_another_name() -> None:
    lists = DECIMAL + num(1, 1) + num(2, 2)
    body = p("一、单选题") + p("火警电话是？", 1) + p("110", 2) + p("119", 2) + p("答案：2")
    made, out = zipfile.ZipFile(BytesIO(package(body, lists, main="document2"))), BytesIO()
    with zipfile.ZipFile(out, "w") as strict:
        for name in made.namelist():
            said = made.read(name).decode()
            said = said.replace(TRANSITIONAL, "http://purl.oclc.org/ooxml/wordprocessingml/main")
            said = said.replace(RELATED, "http://purl.oclc.org/ooxml/officeDocument/relationships")
            strict.writestr(name, said)
    paper = formats.read(out.getvalue(), "paper.docx", formats.AUTO)
    assert [told(item) for item in paper.items] == [FIRE]


def picture() -> bytes:
    out = BytesIO()
    Image.new("RGB", (8, 8), "red").save(out, "PNG")
    return out.getvalue()


PNG = '<w:drawing><wp:inline><a:blip r:embed="p1"/></wp:inline></w:drawing>'
EMF = '<w:drawing><wp:inline><a:blip r:embed="p2"/></wp:inline></w:drawing>'
OLD = '<w:pict><v:shape><v:imagedata r:id="p1"/></v:shape></w:pict>'
PICTURES = {
    "word/media/a.png": picture(),
    "word/media/b.emf": b"no picture",
    "word/_rels/document.xml.rels": "<Relationships>"
    f'<Relationship Id="p1" Target="media/a.png" Type="{RELATED}/image"/>'
    f'<Relationship Id="p2" Target="media/b.emf" Type="{RELATED}/image"/></Relationships>',
}


def twice(first: str, second: str) -> str:
    return (
        f'<mc:AlternateContent><mc:Choice Requires="wps">{first}</mc:Choice>'
        f"<mc:Fallback>{second}</mc:Fallback></mc:AlternateContent>"
    )


@pytest.mark.parametrize(
    ("drawn", "whole"), [((PNG, OLD), True), ((EMF, OLD), True), ((EMF, EMF), False)]
)
def test_what_is_written_twice_is_read_once_in_the_form_that_we_can_show(
    drawn: tuple[str, str], whole: bool
) -> None:
    body = (
        p(f"<w:r><w:t>1．图中是什么？</w:t>{twice(*drawn)}</w:r>") + p("A．火 B．水") + p("答案：A")
    )
    paper = read(body, "", PICTURES)
    assert len(re.findall(r"!\[\]\(/media/images/", paper.items[0].body["stem"])) == whole
    assert bool(paper.notes) != whole


def test_paragraphs_that_are_written_twice_and_lists_in_a_text_box() -> None:
    lists = abstract(2, level(0, "upperLetter", "%1．")) + num(2, 2)
    box = f"<w:txbxContent>{p('110', 2)}{p('119', 2)}</w:txbxContent>"
    drawn = twice(
        f"<w:drawing><wp:anchor><wps:txbx>{box}</wps:txbx></wp:anchor></w:drawing>",
        f"<w:pict><v:shape><v:textbox>{box}</v:textbox></v:shape></w:pict>",
    )
    body = p(f"<w:r><w:t>1．火警电话是？</w:t></w:r><w:r>{drawn}</w:r>")
    body += twice(p("答案：B"), p("答案：B")) + p("2．着火可以乘电梯。（×）")
    first, second = read(body, lists).items
    assert told(first) == FIRE
    assert told(second)[0] == "truefalse"


def test_changes_are_read_as_if_they_were_accepted() -> None:
    gone = '<w:rPr><w:del w:id="9"/></w:rPr>'
    body = (
        "<w:p><w:r><w:t>1．火警电</w:t></w:r><w:del><w:r><w:delText>报</w:delText><w:br/></w:r>"
        "</w:del><w:ins><w:r><w:t>话是？</w:t></w:r></w:ins></w:p>"
        "<w:moveFrom>" + run("没有") + "</w:moveFrom>"
        f"<w:p><w:pPr>{gone}</w:pPr><w:r><w:t>A．1</w:t></w:r></w:p>"
        + p("10")
        + "<w:ins>" + p("B．119") + "</w:ins>"
        + p("答案：B")
        + "<w:tbl><w:tr><w:trPr><w:del/></w:trPr><w:tc>" + p("2．没有") + "</w:tc></w:tr></w:tbl>"
    )  # fmt: skip
    assert [told(item) for item in read(body).items] == [FIRE]


def test_hidden_words_stay_hidden_but_for_answers_and_both_are_said() -> None:
    hidden = "<w:vanish/>"
    body = (
        p("一、单选题")
        + p(run("1．火警电话是？（") + run("B", hidden) + run("）") + run("出题人：王", hidden))
        + p("A．110　B．119")
        + p("2．急救电话是？")
        + p("A．120　B．119")
        + p(run("答案：A", hidden) + run("", '<w:vanish w:val="0"/>'))
    )
    paper = read(body)
    assert [told(item)[2:] for item in paper.items] == [FIRE[2:], AID[2:]]
    assert "出题人" not in paper.items[0].body["stem"]
    said = {note.what: note.line for note in paper.notes}
    assert said == {
        "Answers in hidden text are taken (paragraphs 2, 6).": 2,
        "Hidden text is not taken along (paragraphs 2).": 2,
    }


def test_comments_and_footnotes_are_told_with_their_places_and_words() -> None:
    reference = (
        "<w:r><w:commentReference w:id='1'/></w:r><w:r><w:footnoteReference w:id='2'/></w:r>"
    )
    body = p(f"<w:r><w:t>1．着火可以乘电梯。（×）</w:t></w:r>{reference}")
    paper = read(
        body,
        "",
        {
            "word/comments.xml": f"<w:comments {NAMES}><w:comment w:id='1'>{p('太难')}</w:comment>"
            "</w:comments>",
            "word/footnotes.xml": f"<w:footnotes {NAMES}><w:footnote w:id='2'>{p('见消防法')}"
            "</w:footnote></w:footnotes>",
        },
    )
    assert told(paper.items[0]) == ("truefalse", "着火可以乘电梯。", False)
    assert sorted(note.what for note in paper.notes) == [
        "Comments are not taken along (paragraphs 1): “太难”",
        "Footnotes are not taken along (paragraphs 1): “见消防法”",
    ]


def test_signs_out_of_fonts_rings_of_fields_and_readings_above_letters() -> None:
    tick = '<w:r><w:sym w:font="Wingdings" w:char="F0FC"/></w:r>'
    ring = (
        '<w:r><w:fldChar w:fldCharType="begin"/></w:r><w:r><w:instrText>eq \\o\\ac(</w:instrText>'
        "</w:r><w:r><w:instrText>○,1)</w:instrText></w:r>"
        '<w:r><w:fldChar w:fldCharType="end"/></w:r>'
    )
    ruby = (
        "<w:r><w:ruby><w:rt><w:r><w:t>yuè</w:t></w:r></w:rt><w:rubyBase><w:r><w:t>乐</w:t></w:r>"
        "</w:rubyBase></w:ruby></w:r>"
    )
    body = p(run("1．") + ring + run("是音") + ruby + run("。（") + tick + run("）"))
    assert told(read(body).items[0]) == ("truefalse", "①是音乐。", True)
