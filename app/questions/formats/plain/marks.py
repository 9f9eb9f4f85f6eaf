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
    r"|part\s*[ivx\d]+\b|[Ⅰ-Ⅻ]\s*[、.．:：)）])",
    re.IGNORECASE,
)
KIND_MARK = re.compile(
    r"\s*[\[【(（]\s*([^\]】)）\d]{2,8}?)\s*(?:[,，]?\s*\d+(?:\.\d+)?\s*分)?\s*[\]】)）]\s*"
)
OPTION = re.compile(r"\s*(?:[(（]([A-L])[)）]|([A-L])\s*[.、)）:：．])\s*", re.IGNORECASE)
INLINE_OPTION = re.compile(
    r"(?:(?<=[\s;；。)）？?:：》”」』])|^)(?:[(（]([A-L])[)）]|([A-L])\s*[.、)）:：．])\s*"
)
# “A．甲B．乙C．丙” and “A甲  B乙  C丙”: taken only where three stand in a line, in order.
CLOSE_OPTION = re.compile(r"(?:^\s*|(?<=[^A-Za-z]))([A-L])\s*[.、:：．]\s*")
BARE_OPTION = re.compile(r"(?:^|\s)\s*([A-L])(?:\s(?=\S)|(?=[^\s\x00-\x40\x5b-\x7f]))")
SMALL_OPTION = re.compile(r"(?:^\s*|(?<=\s))(?:[(（]([a-l])[)）]|([a-l])\s*[.、)）:：．])\s*")
TAGGED = re.compile(
    r"\s*[【\[(（]?\s*((?:参考)?(?:答案|答题)要点|参考要点|参考答案|正确答案|标准答案|答案|答|answers?|key|(?:我|你|考生|学生)的答案|得分|试题解析|答案解析|解析"
    r"|分析|详解|explanation|难度系数|难度|difficulty|知识点|考点|标签|tags?|分值|points?|来源|出处"
    r"|依据|语言(?=\s*[:：]\s*(?:中文|英文|通用)\s*$)|source|分类|章节|category|评分标准|评分|rubric)[是为]?(?:\s*[】\])）]\s*[:：]?|\s*[:：])\s*",
    re.IGNORECASE,
)
_INNER = "试题解析|答案解析|解析|难度系数|难度|知识点|考点|分值|评分标准"
_INNER += "|我的答案|你的答案|考生的答案|学生的答案|得分"
INNER_TAG = re.compile(
    rf"(?<=[\s　。；;】\]）)])({_INNER})\s*[:：]\s*|[【\[]\s*({_INNER})\s*[】\]]\s*[:：]?\s*"
)
MATERIAL = re.compile(
    r"\s*[【\[]?\s*(?:阅读)?材料\s*[一二三四五六七八九十\d]*\s*[】\]]?\s*[:：]\s*(.*)"
)
# “根据以下材料，回答16-18题：”, also as a heading; below its text “根据上述资料，回答下列问题。”
MATERIAL_FOR = re.compile(
    r"[^。？?\d]{0,16}(?:材料|资料|案例|短文|文章|情[况形景]|背景|事故)[^。？?\d]{0,14}"
    r"(?:回答|完成|作答|解答|做)[^。？?\d]{0,8}(?:第?\s*(\d{1,4})\s*[-~—–～至到、和]+\s*第?\s*(\d{1,4})"
    r"\s*小?题?|(?:下列|以下|下面|后面|相关)[^。？?\d]{0,4}(?:问题|题目|各题|小题))[^。？?]{0,8}[。．.:：]?\s*[)）】]?"
)
PART = re.compile(rf"\s*第[{CHINESE}\d]{{1,3}}\s*(?:部分|章|节|单元|卷|大题)")
LABEL = re.compile(rf"\s*[(（]?[{CHINESE}\d]{{1,3}}[)）]\s*")
# “答案 A”, without a colon
ANSWER_ALONE = re.compile(
    r"\s*(?:参考|正确|标准)?答案\s+([A-L](?:[\s,，、]*[A-L])*|[对错√×])\s*[。.]?\s*"
)
MATERIAL_END = re.compile(r"\s*[【\[]\s*材料完\s*[】\]]\s*")
KEY_HEAD = re.compile(
    r"\s*[【\[]?\s*(?:参考答案|标准答案|正确答案|答案|answer\s*key|answers|key)"
    r"(?:\s*(?:与|及|和)?\s*(?:解析|评分(?:标准|参考|细则)))?\s*[】\]]?\s*[:：]?\s*",
    re.IGNORECASE,
)
RANGE = re.compile(r"(\d{1,4})\s*[-~—–～至到]+\s*(\d{1,4})\s*(?:题)?\s*[:：.．、]?\s*")
KEY_NUMBER = re.compile(r"(?:(?<=[\s,，;；。])|^)(\d{1,4})\s*[.．、:：)）]?\s*(?=\S)")
SIGN = re.compile(
    r"\s*(?:√|✓|✔|☑|[(（]\s*(?:正确(?:答案)?|√|对|right|correct)\s*[)）])\s*$", re.IGNORECASE
)

# “【答案】A” or “ 答案：对” behind the end of a stem or of the last answer to choose from.
ANSWER_HERE = re.compile(
    r"(?:[【\[]\s*(?:参考|正确|标准)?答案\s*[】\]]\s*[:：]?"
    r"|(?<=[\s　。;；)）?？])(?:参考|正确|标准)?答案\s*[:：])\s*"
)
SAID_BEFORE = re.compile(r"\s*(?:题干|题目|试题|问题)\s*[:：]\s*")
KIND_BEFORE = re.compile(r"\s*((?:单选|多选|判断|填空|简答|问答|不定项)(?:选择)?题?)\s*[:：]\s*")
POINTS_BEHIND = re.compile(r"\s*[\[【(（]\s*\d+(?:\.\d+)?\s*分\s*[\]】)）]\s*$")
EMPTY_END = re.compile(r"(?<=\S)[\s　]*[（(][\s　]*[）)][\s　]*$")
POINTS_BEFORE = re.compile(r"\s*[\[【(（]\s*\d+(?:\.\d+)?\s*分\s*[\]】)）]\s*(?=\S)")
POINTS_EACH = re.compile(r"每\s*小?题\s*\d+(?:\.\d+)?\s*分")
# Around what is underlined in a Word file: below 填空题 that is the answer, elsewhere nothing.
FILLED = "\ue000\ue001"
FILLED_IN = re.compile(f"{FILLED[0]}([^{FILLED}]*){FILLED[1]}")
RED = "\ue002"  # behind red words of a Word file: an answer in red is a right one
# Around the number that a Word file counts before an answer to choose from, behind our letter.
NUMBERED = "\ue003\ue004"
NUMBERED_SO = re.compile(f"{NUMBERED[0]}([^{NUMBERED}]*){NUMBERED[1]}\\s*")
BRACKETED = re.compile(r"([（(【]\s*)([^（）()【】\n]{1,20}?)(\s*[）)】])")
LETTER_ALONE = re.compile(r"\s*([A-L])[ \t　]+(?=\S)")

# “（B）1．…”: the answer stands in front of the number.
ANSWERED_NUMBER = re.compile(
    r"\s*[(（【\[]\s*([A-L]{0,8}|[√×✓✗✔✘对错TF]|正确|错误)\s*[)）】\]]\s*(\d{1,4}\s*[.、．])\s*",
    re.IGNORECASE,
)
SPELT_NUMBER = re.compile(rf"\s*第\s*([{CHINESE}]{{1,5}})\s*题\s*[.、:：．]?\s*")
# Below 填空题: “首都是__北京__”, “1+1=（2）”
BETWEEN_LINES = re.compile(r"[_＿]{2,}\s*([^_＿\n]{1,40}?)\s*[_＿]{2,}")
BETWEEN_BRACKETS = re.compile(r"[(（]\s*([^()（）\n]{1,20}?)\s*[)）]")
POINTS_LABELS = ("答案要点", "答题要点", "参考答案要点", "参考答题要点", "参考要点")

ANSWERS = {
    *POINTS_LABELS,
    "参考答案",
    "正确答案",
    "标准答案",
    "答案",
    "答",
    "answer",
    "answers",
    "key",
}
EXPLANATIONS = {"试题解析", "答案解析", "解析", "分析", "详解", "explanation"}
WORDS = {
    **dict.fromkeys(ANSWERS, "answer"),
    **dict.fromkeys(EXPLANATIONS, "explanation"),
    **dict.fromkeys(("我的答案", "你的答案", "考生的答案", "学生的答案", "得分"), "taker"),
    **dict.fromkeys(("难度系数", "难度", "difficulty"), "difficulty"),
    **dict.fromkeys(("知识点", "考点", "标签", "tag", "tags"), "tags"),
    **dict.fromkeys(("分值", "point", "points"), "points"),
    **dict.fromkeys(("来源", "出处", "依据", "source"), "source"),
    "语言": "language",
    **dict.fromkeys(("分类", "章节", "category"), "category"),
    **dict.fromkeys(("评分标准", "评分", "rubric"), "rubric"),
}
