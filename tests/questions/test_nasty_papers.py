"""Papers that break rules as teachers do: lists of answers with prose, texts for several
questions, letters without points, answers in red, one sheet of Excel for each kind."""

from __future__ import annotations

from io import BytesIO
from zipfile import ZipFile

import docx
import openpyxl
import pytest
from docx.oxml import parse_xml
from docx.shared import RGBColor
from flask import Flask

from app.questions.formats import Item
from app.questions.formats.facts import NotThisFormat
from tests.questions.test_real_papers import read, saved, table, told


@pytest.fixture(autouse=True)
def english(app: Flask):
    with app.test_request_context(headers={"Accept-Language": "en"}):
        yield


def items(text: str) -> list[Item]:
    return read(text.encode("gb18030"), "paper.txt").items


def keys(found: list[Item]) -> list[object]:
    """The right answers, or what is wrong, in short."""
    short = []
    for item in found:
        said = told(item)
        short.append(said if item.blocked else said[-1] if said[-1] is not None else said[1])
    return short


WHOLE = """\
XX市2026年安全生产知识竞赛试题（A卷）
（考试时间：90分钟  满分：100分）
单位：__________ 姓名：__________ 得分：__________

一、单项选择题（本大题共5小题，每小题2分，共10分。在每小题给出的四个选项中，只有一项是符合题目要求的，请将其代码填涂在答题卡上）

1．我国安全生产方针是（　　）
　　A．安全第一，预防为主，综合治理　　B．安全第一
　　C．预防为主　　　　　　　　　　　　D．综合治理
2．２０２１年９月１日起施行的是（      ）。
Ａ．《安全生产法》Ｂ．《消防法》Ｃ．《劳动法》Ｄ．《环保法》
3．下列说法错误的是(   )
A.①②     B.①③
C.②③     D.①②③
4．设备起火，应首先（ ）
A切断电源  B泼水  C逃跑  D报告
5．某企业从业人员120人，应配备(  )名专职安全员
A. 1 B. 2 C. 3 D. 4

二、多项选择题（每题3分，共6分，多选、少选、错选均不得分）
6．属于特种作业的有（　　　）
A．电工作业  B．焊接作业  C．高处作业  D．文秘 E．制冷作业
7．根据《消防法》，下列说法正确的是：
A．任何人发现火灾都应当立即报警
B．任何单位、个人都应当无偿为报警提供便利，不得阻拦
报警
C．严禁谎报火警
D．以上都对

三、判断题（对的打√，错的打×，每题1分，共4分）
8．电气设备着火可用水扑救。（　　）
9．安全帽可以当凳子坐。（　　）
10. 发现隐患应立即报告。(     )
11、新员工必须接受三级安全教育。 （    ）

四、填空题（每空1分）
12．“三违”是指违章指挥、________、________。
13．灭火的基本方法有______、______、______和抑制法。

五、简答题（每题5分）
14．简述“四不放过”的内容。
15．发生触电事故时如何处置？

六、案例分析题（共20分）
根据以下材料，回答16-18题：
2025年3月，某公司职工张某未系安全带在5米高处作业，不慎坠落，造成重伤。经查，公司未对张某进行岗前培训。
16．该事故属于（  ）事故。
A．高处坠落  B．物体打击  C．触电  D．坍塌
17．公司未进行岗前培训是事故的间接原因。（  ）
18．请分析事故的直接原因，并提出防范措施。

参考答案
一、单项选择题
1-5 ABCAD
二、多项选择题
6．ABCE  7．ABC
三、判断题
8-11 ××√√
四、填空题
12．违章作业  违反劳动纪律
13．冷却法、窒息法、隔离法
五、简答题
14．答：（1）事故原因未查清不放过；
（2）责任人员未处理不放过；
（3）整改措施未落实不放过；
（4）有关人员未受到教育不放过。
15．（1）切断电源；（2）心肺复苏；（3）拨打120。
六、案例分析题
16．A
17．√
18．直接原因：张某未系安全带。防范措施：加强培训。
评分标准：原因2分，措施3分。
"""


def test_a_whole_paper_with_its_key() -> None:
    found = items(WHOLE)
    assert [item.problems for item in found] == [[] for _ in found]
    assert keys(found[:7]) == [
        ["安全第一，预防为主，综合治理"],
        ["《消防法》"],
        ["②③"],
        ["切断电源"],
        ["4"],
        ["电工作业", "焊接作业", "高处作业", "制冷作业"],
        [
            "任何人发现火灾都应当立即报警",
            "任何单位、个人都应当无偿为报警提供便利，不得阻拦 报警",
            "严禁谎报火警",
        ],
    ]
    assert [len(item.body["options"]) for item in found[:7]] == [4, 4, 4, 4, 4, 5, 4]
    assert keys(found[7:11]) == [False, False, True, True]
    assert keys(found[11:13]) == [
        "“三违”是指违章指挥、[[违章作业]]、[[违反劳动纪律]]。",
        "灭火的基本方法有[[冷却法]]、[[窒息法]]、[[隔离法]]和抑制法。",
    ]
    assert [answer.split("\n")[-1] for answer in keys(found[13:15])] == [
        "（4）有关人员未受到教育不放过。",
        "（1）切断电源；（2）心肺复苏；（3）拨打120。",
    ]
    # Below one heading stand three kinds, about one text; what stood above does not have it.
    assert [item.kind for item in found[15:]] == ["single", "truefalse", "essay"]
    assert ["张某" in item.body.get("material", "") for item in found] == [False] * 15 + [True] * 3
    assert found[14].body["stem"] == "发生触电事故时如何处置？"
    assert found[17].body["rubric"] == [
        {"text": "原因", "share": "0.4"},
        {"text": "措施", "share": "0.6"},
    ]


ANSWERED = """\
一、判断题
1.安全生产工作应当以人为本。（√）
2.安全帽超过有效期可以继续使用。（×）
3.    企业应建立应急预案。  【对】
4.可以用湿手开关电器   (错)
5.“安全第一”是方针之一（T）
6.灭火器可以不检查（F）
7、（×）危险化学品可以混放。
8、严禁酒后上岗。答案：正确
9. 消防通道可以堆物 答案：B（错误）
二、单选
1.灭火器压力表指针在（绿）区正常。
A.红 B.黄 C.绿 D.蓝  答案:C
2.火警电话是(B)
A.110
B.119
C.120
D.122
（答案：B   难度：易）
3. 触电后应首先（ A  ）。 （1分）
A、切断电源；B、叫人；C、跑；D、拍照
正确答案是：A
4.(单选题)安全电压为( )V
(A)36 (B)220 (C)380
【参考答案】A
【答案解析】安全电压为36V及以下。
5、[单选题]对从业人员的培训时间不少于
A、24学时
B、48学时
我的答案：B
正确答案：A
得分：0分
"""


def test_answers_in_the_question_and_below_it_are_not_shown_to_takers() -> None:
    found = items(ANSWERED)
    assert [item.problems for item in found if item.blocked] == []
    signs = [True, False, True, False, True, False, False, True, False]
    assert keys(found) == [*signs, ["绿"], ["119"], ["切断电源"], ["36"], ["24学时"]]
    assert [item.body["stem"] for item in found[9:12]] == [
        "灭火器压力表指针在（　）区正常。",
        "火警电话是（　）",
        "触电后应首先（　）。",
    ]
    assert [len(item.body["options"]) for item in found[9:]] == [4, 4, 4, 3, 2]


PRINTED = """\
一. 单选题（共2题，100分）
1. (单选题, 50分) 发生火灾时应该怎么办？
A. 报警
B. 围观
我的答案: B:围观;
正确答案: A:报警;
答案解析：先报警。
2. (多选题, 5.0分)下列属于灭火器的是
A. 干粉
B. 二氧化碳
C. 沙发
正确答案: AB:干粉;二氧化碳;
知识点: 灭火器
三. 判断题
3. (判断题, 5分) 水可以灭油火
A. 对
B. 错
正确答案: B:错;
四. 填空题
4. (填空题, 5分) 火警电话是____，急救电话是____。
正确答案：
(1) 119
(2) 120
五. 简答题
5. (简答题, 5分) 简述报警要点。
正确答案：地点、火情、电话。
"""


def test_what_a_learning_platform_prints() -> None:
    paper = read(PRINTED.encode(), "paper.txt")
    assert keys(paper.items) == [
        ["报警"],
        ["干粉", "二氧化碳"],
        False,
        "火警电话是[[119]]，急救电话是[[120]]。",
        "地点、火情、电话。",
    ]
    assert [note.what for note in paper.notes] == [
        "What somebody answered, and the points for it, is not kept."
    ]


SHARED = """\
三、阅读下面材料，回答1～3题。
某仓库电线老化起火，管理员用水扑救，触电身亡。
1、起火原因是（ ）
A、电线老化 B、雷击
2、管理员用水扑救是正确的。（ ）
3、应当用什么灭火器？
四、不定项选择题
（一）
甲公司是一家化工企业，2026年1月发生泄漏。
根据上述资料，回答下列第4～5小题：
4．泄漏后应（  ）。
A．疏散  B．报警  C．观望
5．属于危险化学品的是（  ）。
A．液氯 B．食盐 C．汽油
【答案】
1.A 2.错 3.干粉灭火器
4.AB 5.AC
"""


def test_a_text_belongs_to_the_questions_that_its_line_names() -> None:
    found = items(SHARED)
    assert keys(found) == [
        ["电线老化"],
        False,
        [{"text": "干粉灭火器", "fraction": "1"}],
        ["疏散", "报警"],
        ["液氯", "汽油"],
    ]
    assert [item.body["material"][:3] for item in found] == ["某仓库"] * 3 + ["甲公司"] * 2


NUMBERED = """\
1)下面哪项正确？
a)甲  b)乙  c)丙  d)丁
答案：c
2)下面哪项错误？
①甲 ②乙 ③丙
A.①② B.②③ C.①③
答案：A
（3）哪项属于 PPE？
A．安全帽　B．手机
答案：A
第4题 安全带应（  ）挂低用。
A.高 B.低
答案 A
5、 计算：3.5×2 =（  ）
A. 7 B.6.5 C.  8.0
标准答案:Ａ
六、填空
6、安全色有红、黄、蓝、＿＿＿＿。
答：绿
7、“五牌一图”指 (      )牌和(      )图。
答案：5；1
8、我国的消防日是每年的___月___日。
答案：11 9
名词解释
9、危险源
答：可能导致伤害的根源。
论述题
10、论述安全与生产的关系。（20分）
【参考答案】安全是前提；
生产是目的。
【评分标准】
(1)观点明确 5分；
(2)论述充分 10分；
(3)联系实际 5分。
"""


def test_numbers_and_letters_as_they_come() -> None:
    found = items(NUMBERED)
    assert keys(found) == [
        ["丙"],
        ["①②"],
        ["安全帽"],
        ["高"],
        ["7"],
        "安全色有红、黄、蓝、[[绿]]。",
        "“五牌一图”指 [[5]]牌和[[1]]图。",
        "我国的消防日是每年的[[11]]月[[9]]日。",
        "可能导致伤害的根源。",
        "安全是前提；\n生产是目的。",
    ]
    assert [row["share"] for row in found[-1].body["rubric"]] == ["0.25", "0.5", "0.25"]


LISTS = (
    (
        """\
一、选择题
1、甲？
A、一 B、二 C、三 D、四
2、乙？
A、一 B、二 C、三 D、四
3、丙？
A、一 B、二 C、三 D、四
4、丁？
A、一 B、二 C、三 D、四
5、戊？
A、一 B、二 C、三 D、四
6、己？
A、一 B、二 C、三 D、四
二、判断题
1、子。
2、丑。
3、寅。
三、填空题
1、卯____。
2、辰____、____。

答案：
一、选择题：1-5：ABCDA  6：B
二、判断题：1、√ 2、× 3、√
三、填空题：1、甲 2、乙；丙
""",
        [
            *(["一"], ["二"], ["三"], ["四"], ["一"], ["二"]),
            *(True, False, True, "卯[[甲]]。", "辰[[乙]]、[[丙]]。"),
        ],
    ),
    (
        """\
单项选择题
1.甲
A.一
B.二
2.乙
A.一
B.二
判断题
3.丙
4.丁
参考答案：1.A 2.B 3.错误 4.正确
""",
        [["一"], ["二"], False, True],
    ),
    (
        """\
一、单选题
1．甲
A．一 B．二
2．乙
A．一 B．二
二、多选题
1．丙
A．一 B．二 C．三
2．丁
A．一 B．二 C．三
三、判断题
1．戊
2．己

答案与解析
一、单选题
1．【答案】A
【解析】因为甲。
2．【答案】B
【解析】因为乙。
二、多选题
1．AB【解析】因为丙。
2．答案：BC。解析：因为丁。
三、判断题
1．√
2．×  解析：因为己。
""",
        [["一"], ["二"], ["一", "二"], ["二", "三"], True, False],
    ),
)


@pytest.mark.parametrize(("paper", "wanted"), LISTS)
def test_lists_of_answers(paper: str, wanted: list[object]) -> None:
    found = items(paper)
    assert keys(found) == wanted
    if "【解析】" in paper:
        whys = [item.body["explanation"] for item in found]
        assert whys == ["因为甲。", "因为乙。", "因为丙。", "因为丁。", "", "因为己。"]


def test_nothing_of_a_list_of_answers_is_lost_without_a_word() -> None:
    paper = read(
        "1．甲\nA．一 B．二\n2．乙\nA．一 B．二\n参考答案\n1-2 AB\n祝考试顺利\n9．C\n".encode(),
        "paper.txt",
    )
    assert keys(paper.items) == [["一"], ["二"]]
    assert [note.what for note in paper.notes] == [
        "“祝考试顺利” in the list of answers belongs to no question.",
        "The list of answers names question 9, which is not there.",
    ]


BEFORE = """\
一、判断题
（×）1．电梯可用于火灾逃生。
( 对 )2、湿毛巾可以捂住口鼻。
二、选择题
（B）1．火警电话是
A 110
B 119
（ ＡＣ ）2．发现火情应
A.报警 B.围观 C.疏散
三、填空题
1. 中国首都是__北京__，最大的城市是____上海____。
2. 1+1=（2）。
3. 水是____（填化学式）。
四、论述题
1. 谈谈安全。
答案要点：一是重视；二是投入。
"""


def test_answers_before_the_number_and_inside_the_blank() -> None:
    found = items(BEFORE)
    assert keys(found[:4]) == [False, True, ["119"], ["报警", "疏散"]]
    assert [item.kind for item in found[2:4]] == ["single", "multiple"]
    assert [item.body["stem"] for item in found[4:6]] == [
        "中国首都是[[北京]]，最大的城市是[[上海]]。",
        "1+1=[[2]]。",
    ]
    assert found[4].problems[0].what.startswith("What stands between the lines")
    assert found[6].blocked  # a hint is no answer
    assert (found[7].body["stem"], found[7].body["answer"]) == (
        "谈谈安全。",
        "一是重视；二是投入。",
    )


def test_numbers_spelt_out_and_letters_that_only_look_like_answers() -> None:
    spelt = (
        "第一题：火警电话是？\nA：110\nB：119\n答案：B\n第十二题 急救？\nA：120\nB：119\n答案：A"
    )
    assert [(item.number, keys([item])) for item in items(spelt)] == [
        ("1", [["119"]]),
        ("12", [["120"]]),
    ]
    lettered = "1．哪一项？\n(A) 1．一号\n(B) 2．二号\n答案：B"
    assert keys(items(lettered)) == [["2．二号"]]


# --- Word -----------------------------------------------------------------------------------------

W = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'
M = f'{W} xmlns:m="http://schemas.openxmlformats.org/officeDocument/2006/math"'
FORMULA = (
    "<m:oMath {}><m:f><m:num><m:r><m:t>1</m:t></m:r></m:num><m:den><m:r><m:t>2</m:t></m:r></m:den>"
    "</m:f><m:r><m:t>×</m:t></m:r><m:rad><m:deg/><m:e><m:r><m:t>4</m:t></m:r></m:e></m:rad>"
    "</m:oMath>"
)
CHANGES = (
    '<w:del {} w:id="1" w:author="x"><w:r><w:delText>删去</w:delText></w:r></w:del>',
    '<w:ins {} w:id="2" w:author="x"><w:r><w:t>加入</w:t></w:r></w:ins>',
    '<w:moveFrom {} w:id="3" w:author="x"><w:r><w:t>移走</w:t></w:r></w:moveFrom>',
)


def test_small_letters_formulas_and_changes_in_word() -> None:
    document = docx.Document()

    def line(*parts: str) -> object:
        made = document.add_paragraph()
        for part in parts:
            run = made.add_run(part.strip("^_"))
            if part[0] in "^_":
                setattr(run.font, "superscript" if part[0] == "^" else "subscript", True)
        return made

    line("1．10", "^2", "等于（ A ）m", "^2", "，含CO", "_2", "，第n", "^中", "项")
    line("A．100  B．H", "_2", "O")
    made = line("2．计算")
    for piece in (FORMULA.format(M), *(change.format(W) for change in CHANGES)):
        made._p.append(parse_xml(piece))
    line("A．1  B．2")
    line("答案：A")
    found = read(saved(document), "paper.docx").items
    assert [told(item) for item in found] == [
        ("single", "10²等于（　）m²，含CO₂，第n$^{\\text{中}}$项", ["100", "H₂O"], ["100"]),
        ("single", "计算$\\frac{1}{2}\\times \\sqrt{4}$加入", ["1", "2"], ["1"]),
    ]


@pytest.mark.parametrize(("depth", "is_read"), [(40, True), (1_000, False)])
def test_a_formula_within_formulas_takes_no_longer_for_each(depth: int, is_read: bool) -> None:
    """Each fraction was read twice, with all below it: of twenty nobody saw the end."""
    opens, closes = "<m:f><m:num/><m:den>", "</m:den></m:f>"
    formula = f"<m:oMath {M}>{opens * depth}<m:r><m:t>x</m:t></m:r>{closes * depth}</m:oMath>"
    text = "<w:r><w:t>1．对（√）</w:t></w:r>"
    paper = f"<w:document {W}><w:body><w:p>{text}{formula}</w:p></w:body></w:document>"
    out = BytesIO()
    with ZipFile(out, "w") as package:
        package.writestr("word/document.xml", paper)
    if is_read:
        (item,) = read(out.getvalue(), "paper.docx").items
        assert item.body["stem"].count("\\frac") == depth
    else:
        with pytest.raises(NotThisFormat, match="more than it should"):
            read(out.getvalue(), "paper.docx")


def test_a_right_answer_in_red_is_taken_and_said() -> None:
    document = docx.Document()
    for number, rights in enumerate(("B", "ABC"), 1):
        document.add_paragraph(f"{number}．哪一个？")
        for letter in "ABC":
            run = document.add_paragraph().add_run(f"{letter}．第{letter}")
            if letter in rights:
                run.font.color.rgb = RGBColor(255, 0, 0)
    first, whole = read(saved(document), "paper.docx").items
    assert told(first)[-1] == ["第B"]
    assert [note.what for note in first.problems] == [
        "The right answer is the one in red, or behind a marker pen."
    ]
    # All in red says nothing of which is right.
    assert told(whole) == ["The right answer is missing."]


def test_grids_of_letters_and_of_answers() -> None:
    document = docx.Document()
    document.add_paragraph("一、单选题")
    for number in (1, 2):
        document.add_paragraph(f"{number}．题{number}（  ）")
        table(document, [["A", "甲", "B", "乙"], ["C", "丙", "D", "丁"]])
    document.add_paragraph("3．题3")
    document.add_paragraph("A．甲\tB．乙")
    document.add_paragraph("答案")
    table(document, [["1", "2"], ["D", "B"], ["3", ""], ["A", ""]])
    found = read(saved(document), "paper.docx").items
    assert keys(found) == [["丁"], ["乙"], ["甲"]]


# --- our own YAML ---------------------------------------------------------------------------------


def test_yaml_of_countless_values_is_refused_before_it_is_read() -> None:
    head = "weike-questions: 1\nquestions:\n"
    nested = f"- {'[' * 30}{']' * 30}\n"
    for text in (nested * 30_000, "- a\n" * 400_000, f"- {{{'a: 1, ' * 200_000}}}\n"):
        with pytest.raises(NotThisFormat, match="too many values"):
            read((head + text).encode(), "bank.yaml")
    with pytest.raises(NotThisFormat):
        read((head + "[" * 1_000_000).encode(), "bank.yaml")


# --- Excel ----------------------------------------------------------------------------------------


def test_every_sheet_is_read_and_its_title_says_the_kind() -> None:
    book = openpyxl.Workbook()
    sheets = {
        "单选题": [["序号", "试题内容", "A", "B", "正确答案"], [1, "安全电压", "36V", 220, "A"]],
        "判断题": [["序号", "试题题干", "正确答案"], [1, "对吗", "正确"], [2, "错吗", "甲"]],
        "填空题": [["题干", "答案", "难易程度"], ["火警____急救____", "119|120", "较难"]],
        "旧题": [["题干", "答案"], ["旧", "对"]],
        "说明": [["请按模板填写"]],
    }
    book.remove(book.active)
    for title, rows in sheets.items():
        sheet = book.create_sheet(title)
        sheet.sheet_state = "hidden" if title == "旧题" else "visible"
        for row in rows:
            sheet.append(row)
    paper = read(saved(book), "bank.xlsx")
    assert keys(paper.items) == [
        ["36V"],
        True,
        ["“甲” is neither true nor false."],
        "火警[[119]]急救[[120]]",
    ]
    assert [item.number for item in paper.items] == ["单选题 2", "判断题 2", "判断题 3", "填空题 2"]
    assert [note.what for note in paper.notes] == [
        "The sheet “说明” is not taken: its first row names no column 题干 (stem).",
        "Hidden sheets are not taken: 旧题.",
    ]
