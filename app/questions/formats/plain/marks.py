"""How people mark the parts of a paper: numbers, letters, headings, “答案：”."""

from __future__ import annotations

import re

CHINESE = "一二三四五六七八九十百"
NUMBER = re.compile(
    r"\s*(?:第\s*(\d{1,4})\s*题\s*[.、:： ]?|(\d{1,4})\s*[.、)）:：．]|[(（](\d{1,4})[)）]"
    r"|【(\d{1,4})】)\s*"
)
HEADED = re.compile(
    rf"\s*(?:第?[{CHINESE}]{{1,3}}(?:部分|大题|[、.．:：)）])|[(（][{CHINESE}]{{1,3}}[)）]"
    r"|part\s*[ivx\d]+\b)",
    re.IGNORECASE,
)
KIND_MARK = re.compile(
    r"\s*[\[【(（]\s*([^\]】)）\d]{2,8}?)\s*(?:[,，]?\s*\d+(?:\.\d+)?\s*分)?\s*[\]】)）]\s*"
)
OPTION = re.compile(r"\s*(?:[(（]([A-L])[)）]|([A-L])\s*[.、)）:：．])\s*", re.IGNORECASE)
INLINE_OPTION = re.compile(
    r"(?:(?<=[\s;；。)）？?:：])|^)(?:[(（]([A-L])[)）]|([A-L])\s*[.、)）:：．])\s*"
)
TAGGED = re.compile(
    r"\s*[【\[(（]?\s*(参考答案|正确答案|标准答案|答案|答|answers?|key|试题解析|答案解析|解析"
    r"|分析|详解|explanation|难度系数|难度|difficulty|知识点|考点|标签|tags?|分值|points?|来源|出处"
    r"|依据|语言(?=\s*[:：]\s*(?:中文|英文|通用)\s*$)|source|分类|章节|category|评分标准|评分|rubric)(?:\s*[】\])）]\s*[:：]?|\s*[:：])\s*",
    re.IGNORECASE,
)
INNER_TAG = re.compile(
    r"(?<=[\s　。；;】\]）)])[【\[]?\s*(试题解析|答案解析|解析|难度系数|难度|知识点"
    r"|考点|分值)\s*[】\]]?\s*[:：]\s*"
)
MATERIAL = re.compile(
    r"\s*[【\[]?\s*(?:阅读)?材料\s*[一二三四五六七八九十\d]*\s*[】\]]?\s*[:：]\s*(.*)"
)
MATERIAL_END = re.compile(r"\s*[【\[]\s*材料完\s*[】\]]\s*")
KEY_HEAD = re.compile(
    r"\s*[【\[]?\s*(?:参考答案|标准答案|正确答案|答案|answer\s*key|answers|key)"
    r"(?:\s*(?:与|及|和)?\s*解析)?\s*[】\]]?\s*[:：]?\s*",
    re.IGNORECASE,
)
RANGE = re.compile(r"(\d{1,4})\s*[-~—–～至到]+\s*(\d{1,4})\s*(?:题)?\s*[:：.．、]?\s*")
KEY_NUMBER = re.compile(r"(?:(?<=[\s,，;；。])|^)(\d{1,4})\s*[.．、:：)）]?\s*(?=\S)")
SIGN = re.compile(r"\s*(?:√|✓|✔|☑|[(（]\s*(?:正确|√|对|right|correct)\s*[)）])\s*$", re.IGNORECASE)

# “【答案】A” or “ 答案：对” behind the end of a stem or of the last answer to choose from.
ANSWER_HERE = re.compile(
    r"(?:[【\[]\s*(?:参考|正确|标准)?答案\s*[】\]]\s*[:：]?"
    r"|(?<=[\s　。;；)）?？])(?:参考|正确|标准)?答案\s*[:：])\s*"
)
SAID_BEFORE = re.compile(r"\s*(?:题干|题目|试题|问题)\s*[:：]\s*")
KIND_BEFORE = re.compile(r"\s*((?:单选|多选|判断|填空|简答|问答|不定项)(?:选择)?题?)\s*[:：]\s*")
POINTS_BEHIND = re.compile(r"\s*[\[【(（]\s*\d+(?:\.\d+)?\s*分\s*[\]】)）]\s*$")
# Around what is underlined in a Word file: below 填空题 that is the answer, elsewhere nothing.
FILLED = "\ue000\ue001"
FILLED_IN = re.compile(f"{FILLED[0]}([^{FILLED}]*){FILLED[1]}")
LETTER_ALONE = re.compile(r"\s*([A-L])[ \t　]+(?=\S)")

ANSWERS = {"参考答案", "正确答案", "标准答案", "答案", "答", "answer", "answers", "key"}
EXPLANATIONS = {"试题解析", "答案解析", "解析", "分析", "详解", "explanation"}
WORDS = {
    **dict.fromkeys(ANSWERS, "answer"),
    **dict.fromkeys(EXPLANATIONS, "explanation"),
    **dict.fromkeys(("难度系数", "难度", "difficulty"), "difficulty"),
    **dict.fromkeys(("知识点", "考点", "标签", "tag", "tags"), "tags"),
    **dict.fromkeys(("分值", "point", "points"), "points"),
    **dict.fromkeys(("来源", "出处", "依据", "source"), "source"),
    "语言": "language",
    **dict.fromkeys(("分类", "章节", "category"), "category"),
    **dict.fromkeys(("评分标准", "评分", "rubric"), "rubric"),
}
