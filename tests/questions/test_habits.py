"""Papers that number neither questions nor answers as “1．” and “A．”: read all the same."""

from __future__ import annotations

from io import BytesIO
from time import process_time

import docx
import pytest
from docx.enum.text import WD_BREAK
from docx.oxml import parse_xml
from flask import Flask

from app.questions import formats
from app.questions.formats import Item

W = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'


@pytest.fixture(autouse=True)
def words(app: Flask):
    with app.test_request_context():
        yield


def told(item: Item) -> tuple[str, object]:
    """(kind, what is right) of a question: the right options, or its answer."""
    assert not item.blocked, [problem.what for problem in item.problems]
    if "options" in item.body:
        return item.kind, "".join(
            str(n + 1) for n, o in enumerate(item.body["options"]) if not o["fraction"] <= "0"
        )
    return item.kind, item.body.get("answer")


TWO = [("single", "2"), ("truefalse", False)]
PAPERS = {
    "circled questions": (
        """\
测试
①火警电话是（　）。
A．110　B．119
答案：B
②着火可以乘电梯。（×）
""",
        TWO,
    ),
    "circled questions with a list": (
        """\
①火警电话是（　）
A.110 B.119
②着火可以乘电梯。（ ）
参考答案：①B ②×
""",
        TWO,
    ),
    "circled answers": (
        """\
1．火警电话是（　）。
①110　②119　③120
答案：②
二、多选题
1．哪些是电话？
① 110
② 119
③ 桌子
答案：①②
""",
        [("single", "2"), ("multiple", "12")],
    ),
    "circled answers in a list": (
        """\
一、单选题
1．火警电话是（　）。
①110　②119
2．急救电话是（　）。
①120　②119
参考答案
1.② 2.①
""",
        [("single", "2"), ("single", "1")],
    ),
    "circled things in a stem": (
        """\
1．灭火的是（　）。
①水 ②油 ③沙
A．①②　B．①③
答案：B
2．什么是三不？
答：
①不慌
②不乱
""",
        [("single", "2"), ("essay", "①不慌\n②不乱")],
    ),
    "one sign": (
        """\
⒈火警电话是（　）
A.110 B.119
答案：B
⒉可以乘电梯。（×）
""",
        TWO,
    ),
    "kinds": (
        """\
【单选题】火警电话是？
A. 110
B. 119
【正确答案】B

【判断题】可以乘电梯。
【正确答案】错误
""",
        TWO,
    ),
    "empty lines": (
        """\
一、单选题
火警电话是？
A. 110
B. 119
答案：B
急救电话是？
A. 110
B. 120
答案：B

可以乘电梯。
答案：错
""",
        [("single", "2"), ("single", "2"), ("truefalse", False)],
    ),
    "a survey site": (
        """\
1. 您的年龄？ [单选题] *
○18岁以下
○18岁以上(正确答案)

2. 哪些是水果？ [多选题] *
□苹果(正确答案)
□白菜
□梨(正确答案)
""",
        [("single", "2"), ("multiple", "13")],
    ),
    "a course site": (
        """\
一. 单选题（共1题，20.0分）
1
火警电话是?
A、110
B、119
正确答案： B 我的答案：A 得分：0.0分
二. 判断题（共1题，10.0分）
1
着火可以乘电梯。
正确答案：× 我的答案：×
""",
        TWO,
    ),
    "roman headings": (
        """\
Ⅰ、单选题
1、火警电话是（ ）
A.110 B.119
答案：B
Ⅱ、判断题
2、可以乘电梯。
答案：×
""",
        TWO,
    ),
    "markdown": (
        """\
### 一、单选题

**1. 火警电话是（ ）**

- A. 110
- B. 119

**答案：B**

**2. 判断：可以乘电梯。（×）**
""",
        TWO,
    ),
    "a table of answers": (
        """\
一、单选题
1.（2分）火警电话是（ ）
A. 110	B. 119
2.（2分）急救电话是（ ）
A. 110	B. 120
答案
1	2
B	B
""",
        [("single", "2"), ("single", "2")],
    ),
}


@pytest.mark.parametrize("name", PAPERS)
def test_a_paper_of_another_habit(name: str) -> None:
    text, expected = PAPERS[name]
    paper = formats.read(text.encode(), "paper.txt")
    assert [told(item) for item in paper.items] == expected
    said = " ".join(item.body["stem"] for item in paper.items)
    assert "2分" not in said
    assert "）。（" not in said
    assert "[" not in said


def test_circled_points_of_an_essay_and_of_its_model_answer_stay_as_they_are() -> None:
    text = """\
一、单选题
1．火警电话是（　）。
① 110
② 119
二、简答题
2．回答：
①怎样预防火灾？
②怎样报警？
3．什么是火灾？
参考答案
1．②
2．①预防为主；②拨打119。
3．①失控的燃烧 ②造成损失
"""
    choice, two, three = formats.read(text.encode(), "paper.txt").items
    assert told(choice) == ("single", "2")
    assert told(two) == ("essay", "①预防为主；②拨打119。")
    assert "①怎样预防火灾？" in two.body["stem"]
    assert told(three) == ("essay", "①失控的燃烧 ②造成损失")


def test_a_long_line_with_an_open_bracket_is_read_at_once() -> None:
    started = process_time()
    formats.read(f"1．[{' ' * 60_000}x\n".encode(), "paper.txt")
    formats.read((r"1．a " + r"\(" * 20_000 + "\n").encode(), "paper.txt")
    assert process_time() - started < 20  # seconds of CPU; it was minutes


BOX = f"""<w:r {W} xmlns:mc="http://schemas.openxmlformats.org/markup-compatibility/2006">
<mc:AlternateContent><mc:Choice><w:drawing><w:txbxContent><w:p><w:r><w:t>禁止</w:t></w:r></w:p><w:p>
<w:r><w:t>吸烟</w:t></w:r></w:p></w:txbxContent></w:drawing></mc:Choice><mc:Fallback><w:pict>
<w:txbxContent><w:p><w:r><w:t>禁止吸烟</w:t></w:r></w:p></w:txbxContent></w:pict></mc:Fallback>
</mc:AlternateContent></w:r>"""


def test_a_page_ends_a_box_stands_and_answers_are_in_tables() -> None:
    document = docx.Document()
    document.add_paragraph("一、单选题")
    asked = document.add_paragraph("1．看看")
    asked.add_run().add_break(WD_BREAK.PAGE)
    asked.add_run("框内的话（　）。")
    asked._p.append(parse_xml(BOX))
    for line in ("A．可以", "B．不可以", "二、判断题", "1．低姿前进。（　）", "参考答案及评分标准"):
        document.add_paragraph(line)
    for heading, answer in (("一、单选题（每题2分）", "B"), ("二、判断题", "√")):
        document.add_paragraph(heading)
        table = document.add_table(2, 1)
        table.cell(0, 0).text, table.cell(1, 0).text = "1", answer
    out = BytesIO()
    document.save(out)
    paper = formats.read(out.getvalue(), "paper.docx")
    assert [told(item) for item in paper.items] == [("single", "2"), ("truefalse", True)]
    assert paper.items[0].body["stem"] == "看看框内的话（　）。\n禁止\n吸烟"
    assert not [note.what for note in paper.notes if "参考答案" in note.what]
