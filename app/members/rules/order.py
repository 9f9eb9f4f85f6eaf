"""In which order names of people stand: Chinese ones by their pinyin, as in a telephone book."""

from __future__ import annotations

import unicodedata

# Surnames that sound otherwise than the character does most of the time (新华字典, 姓氏).
SURNAMES = {
    "曾": "zeng1",
    "单": "shan4",
    "單": "shan4",
    "解": "xie4",
    "仇": "qiu2",
    "查": "zha1",
    "朴": "piao2",
    "任": "ren2",
    "华": "hua4",
    "華": "hua4",
    "区": "ou1",
    "區": "ou1",
    "尉": "yu4",
    "翟": "zhai2",
    "缪": "miao4",
    "繆": "miao4",
    "盖": "ge3",
    "蓋": "ge3",
    "折": "she2",
    "黑": "he4",
    "召": "shao4",
    "冼": "xian3",
    "谌": "chen2",
    "諶": "chen2",
    "覃": "qin2",
    "宁": "ning4",
    "逄": "pang2",
    "員": "yun4",
    "员": "yun4",
    "洗": "xian3",
}
COMPOUND = ("尉迟", "尉遲", "单于", "單于")  # read otherwise than the single character


def sorting(name: str) -> str:
    """What a name is sorted by: syllables with tones, then the name itself for those alike."""
    from pypinyin import Style, lazy_pinyin

    plain = unicodedata.normalize("NFKC", name).strip()
    first = "" if plain.startswith(COMPOUND) else SURNAMES.get(plain[:1], "")
    rest = plain[1:] if first else plain
    spelt = lazy_pinyin(
        rest,
        style=Style.TONE3,
        neutral_tone_with_five=True,
        errors=lambda other: other.casefold(),
    )
    return f"{' '.join([*([first] if first else []), *spelt])} {plain}"[:700]
