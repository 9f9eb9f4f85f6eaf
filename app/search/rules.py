"""What can be found and how a wish is understood: kinds, passages, limits, the query language."""

from __future__ import annotations

import re
import zlib
from dataclasses import dataclass
from enum import StrEnum

from flask_babel import gettext
from flask_babel import lazy_gettext as _l

from app.core.refusals import Refusal

LONGEST_PASSAGE = 8_000  # characters; longer ones are stored in several rows with one anchor
MOST_PASSAGES = 5_000  # of one thing; what follows is not searchable
LONGEST_QUERY = 200  # characters; the rest is not read
SEVERAL_TITLES = " | "  # between the titles of one thing in several languages


class Kind(StrEnum):
    """What a found thing is; the order is that of the tabs."""

    COURSE = "course"
    LESSON = "lesson"
    CAPTION = "caption"
    DOCUMENT = "document"
    THEME = "theme"
    DISCUSSION = "discussion"
    QUESTION = "question"  # of the bank, for those who write questions
    PATH = "path"  # courses in an order


SEVERAL = 2**32 - 1  # stands for a branch where a thing is for several
AUTHORS = -1  # stands beside branches in an audience: whoever may write questions
ONLY_AUTHORS = 2**32 - 2  # the same where a branch is one number


def shelf_code(shelf: str) -> int:
    """A collection's name as one number, from 1 to 2³² - 1; 0 for none."""
    return (zlib.crc32(shelf.encode()) or 1) if shelf else 0


class Order(StrEnum):
    """In which order results come."""

    BEST = "best"
    NEWEST = "newest"


# A course is more likely what was meant than one of its captions.
KIND_SHARE = {
    Kind.COURSE: 1.25,
    Kind.THEME: 1.2,
    Kind.PATH: 1.2,
    Kind.LESSON: 1.15,
    Kind.DOCUMENT: 1.0,
    Kind.CAPTION: 0.9,
    Kind.DISCUSSION: 0.85,
    Kind.QUESTION: 0.8,
}
FOREIGN, OTHER_SCRIPT, UNKNOWN = 0.7, 0.95, 0.9


def share_of(language: str, *, is_chinese: bool, script: str, speaks: str) -> float:
    """The weight of things in a language, for a query in Chinese or not.

    `script` is that of the query when it shows one, `speaks` the reader's language. A course may
    have captions in a language that it is not in; who types Chinese wants Chinese courses first.
    """
    if not language:
        return UNKNOWN
    if not is_chinese:
        # English words and pinyin are typed by people who read Chinese, too.
        if language == (speaks or "en"):
            return 1.0
        return OTHER_SCRIPT if language[:2] == "zh" == speaks[:2] or language == "en" else FOREIGN
    if language == "en":
        return FOREIGN
    wanted = script or (speaks if speaks[:2] == "zh" else "zh_Hans")
    return 1.0 if language == wanted else OTHER_SCRIPT


@dataclass(frozen=True)
class Passage:
    """A part of a thing that a reader can be sent to: a page, a heading, a moment.

    `anchor` names the part inside the thing ("p3", "t73"), `label` says it to people ("Page 3",
    "1:13"), `url` is where it opens; empty means the thing's own address. `lines` has a label and a
    url for each line of the text, when each line is a place of its own (a caption).
    """

    anchor: str
    label: str
    text: str
    url: str = ""
    lines: tuple[tuple[str, str], ...] = ()

    def at(self, start: int) -> tuple[str, str]:
        """Label and url of the place where character `start` of the text stands."""
        line = self.text.count("\n", 0, start)
        return self.lines[line] if line < len(self.lines) else (self.label, self.url)


def in_language(language: str) -> str:
    """The anchor of a passage that says in a language what the thing's other passages say too."""
    return f"in-{language}"


def place_name(anchor: str, label: str) -> str:
    """How a document's passage is called: “Page 3”, “Slide 2 · Title”, or its own label.

    Labels are stored in the language of the thing; what only counts is said in the reader's.
    """
    number = anchor[1:].partition("-")[0]
    if not number.isdigit():
        return label
    if anchor[0] == "p" and not label:
        return str(gettext("Page %(n)s", n=number))
    if anchor[0] == "s":
        slide = str(gettext("Slide %(n)s", n=number))
        return f"{slide} · {label}" if label else slide
    if anchor[0] in "ah" and not label:
        return str(gettext("Part %(n)s", n=number))
    return label


class NothingToKeep(Refusal):
    sentence = _l("Search for something first, then keep it.")


class TooManyKept(Refusal):
    sentence = _l("You keep %(most)s searches already. Delete one first.")


MOST_KEPT = 12  # searches of one member


class NoWords(Refusal):
    sentence = _l("Write at least one word.")


MOST_WORDS = 20  # in one group
LONGEST_WORD = 40


def words_of(text: str) -> tuple[str, ...]:
    """The words of a group: one to a line, or with = between them. Equal ones count once."""
    pieces = re.split(r"[=＝\n]", text)
    words = (" ".join(piece.split())[:LONGEST_WORD] for piece in pieces)
    return tuple(dict.fromkeys(word for word in words if any(map(str.isalnum, word))))[:MOST_WORDS]


def audience_tokens(audience: frozenset[int] | None) -> str:
    """An audience as it is stored: None → "all", {4, 9} → "|4|9|", nobody → "|"."""
    if audience is None:
        return "all"
    return "|" + "".join(f"{branch}|" for branch in sorted(audience))


def audience_of(tokens: str) -> frozenset[int] | None:
    """The inverse of `audience_tokens`."""
    if tokens == "all":
        return None
    return frozenset(int(part) for part in tokens.split("|") if part)


@dataclass(frozen=True)
class Wish:
    """A query as it was typed, taken apart: what must be there, what must not, and where.

    `since` and `until` are years, both inclusive. Words ending with * were typed as beginnings.
    """

    words: tuple[str, ...] = ()
    phrases: tuple[str, ...] = ()
    without: tuple[str, ...] = ()
    in_title: tuple[str, ...] = ()
    authors: tuple[str, ...] = ()
    collections: tuple[str, ...] = ()
    kinds: tuple[Kind, ...] = ()
    forms: tuple[str, ...] = ()  # asked for like kinds, and besides them
    since: int | None = None
    until: int | None = None

    def __bool__(self) -> bool:
        return bool(self.has_text or self.is_narrowed)

    @property
    def has_text(self) -> bool:
        """Whether there is something to rank by."""
        return bool(self.words or self.phrases or self.in_title)

    @property
    def is_narrowed(self) -> bool:
        """Whether a sign asks for things by what stands on their label."""
        labels = (self.authors, self.collections, self.kinds, self.forms, self.since, self.until)
        return any(labels)


# How each sign may be written; whatever else stands before a colon is a word.
SIGNS = {
    "title": "in_title",
    "标题": "in_title",
    "標題": "in_title",
    "author": "authors",
    "作者": "authors",
    "collection": "collections",
    "栏目": "collections",
    "欄目": "collections",
    "kind": "kinds",
    "type": "kinds",
    "类型": "kinds",
    "類型": "kinds",
    "year": "years",
    "年份": "years",
    "年": "years",
}
# Kinds as people say them, folded; the plural of English is cut off before looking here.
KIND_WORDS = {kind.value: kind for kind in Kind} | {
    **dict.fromkeys(("课程", "微课", "課程", "微課"), Kind.COURSE),
    **dict.fromkeys(("课节", "課節"), Kind.LESSON),
    "字幕": Kind.CAPTION,
    **dict.fromkeys(("文档", "文件", "文檔"), Kind.DOCUMENT),
    **dict.fromkeys(("专题", "專題"), Kind.THEME),
    **dict.fromkeys(("讨论", "討論"), Kind.DISCUSSION),
    **dict.fromkeys(("题目", "试题", "題目", "試題"), Kind.QUESTION),
    **dict.fromkeys(("学习路径", "路径", "學習路徑", "路徑"), Kind.PATH),
}
# What a thing comes as: the ending of a document's file, or the kind of a lesson. People ask for
# it as for a kind: each line has how they call it, and the forms that are meant.
_FORMS = """
pdf | pdf
word | docx doc
doc | doc docx
docx | docx
ppt powerpoint | pptx ppt
pptx | pptx
slide presentation 幻灯片 幻燈片 演示文稿 演示 簡報 投影片 | pptx ppt odp
xls excel | xlsx xls
xlsx | xlsx
sheet spreadsheet 表格 电子表格 電子表格 試算表 | xlsx xls ods
odt | odt
odp | odp
ods | ods
rtf | rtf
epub ebook e-book 电子书 電子書 | epub
html htm webpage 网页 網頁 | html
txt text 文本 纯文本 純文字 | txt md
md markdown | md
jpg jpeg | jpg
png | png
image picture photo 图片 照片 圖片 | jpg png
video mp4 视频 視頻 影片 | video
audio mp3 音频 音頻 录音 錄音 | audio
reading 图文 圖文 阅读 閱讀 | reading
"""
FORM_WORDS = {
    word: tuple(forms.split())
    for words, _, forms in (line.partition("|") for line in _FORMS.strip().splitlines())
    for word in words.split()
}
_QUOTES = '"“”„‟＂'
_PIECE = re.compile(
    rf"""(?:(?<=\s)|^)(?P<minus>[-－−])?  # both only before something
        (?:(?P<sign>{"|".join(sorted(SIGNS, key=len, reverse=True))})[:：])?
        (?:[{_QUOTES}](?P<phrase>[^{_QUOTES}]+)[{_QUOTES}]|「(?P<corner>[^」]+)」
        |《(?P<book>[^》]+)》|(?P<word>[^\s{_QUOTES}「」《》]+))
        |(?P<rest>[^\s{_QUOTES}「」《》]+)""",
    re.VERBOSE | re.IGNORECASE,
)
_YEARS = re.compile(r"(?P<first>\d{4})?(?P<to>\.\.+|…|-|－|–|—|~|～|至)?(?P<last>\d{4})?年?")


def parse(text: str) -> Wish:
    """Take a query apart. There is no wrong query: what is no sign of ours is plain words.

    Signs are "exact phrase" (also “ ”, 「 」 and 《 》), -without, title:, author:, collection:,
    kind: (or what it comes as, kind:pdf), year:2019..2024 and beginning*.
    """
    found: dict[str, list[str]] = {"words": [], "phrases": [], "without": [], "in_title": []}
    found |= {"authors": [], "collections": []}
    kinds: list[Kind] = []
    forms: list[str] = []
    years: tuple[int | None, int | None] = (None, None)
    for piece in _PIECE.finditer(text[:LONGEST_QUERY]):
        phrase = piece["phrase"] or piece["corner"] or piece["book"]
        plain = phrase or piece["word"] or piece["rest"]
        if not any(char.isalnum() for char in plain):
            continue
        place = SIGNS.get((piece["sign"] or "").lower(), "")
        if piece["minus"]:
            found["without"].append(plain)
        elif place == "kinds" and (kind := kind_of(plain)) is not None:
            kinds.append(kind)
        elif place == "kinds" and (some := forms_of(plain)):
            forms.extend(some)
        elif place == "years" and (span := _years(plain)) is not None:
            years = span
        elif place in found:
            found[place].append(plain)
        elif place:  # kind:nonsense and year:soon are words like any other
            found["words"].append(f"{piece['sign']} {plain}")
        else:
            found["phrases" if phrase else "words"].append(plain)
    wish = Wish(
        **{name: tuple(pieces) for name, pieces in found.items()},
        kinds=tuple(dict.fromkeys(kinds)),
        forms=tuple(dict.fromkeys(forms)),
        since=years[0],
        until=years[1],
    )
    if found["without"] and not wish:
        # Only unwanted words would be nearly everything: nobody means that.
        wish = Wish(words=tuple(found["without"]))
    return wish


def kind_of(text: str) -> Kind | None:
    """A kind by any of its names; None for anything else."""
    plain = text.strip().lower()
    return KIND_WORDS.get(plain) or KIND_WORDS.get(plain.removesuffix("s"))


def forms_of(text: str) -> tuple[str, ...]:
    """The forms that a word names: pdf, .pdf, PDFs; none for anything else."""
    plain = text.strip().lower().removeprefix(".")
    return FORM_WORDS.get(plain) or FORM_WORDS.get(plain.removesuffix("s"), ())


def _years(text: str) -> tuple[int | None, int | None] | None:
    """The first and last year of 2019, 2019..2024, 2019.. or ..2024; None for anything else."""
    match = _YEARS.fullmatch(text)
    if match is None or not (match["first"] or match["last"]):
        return None
    first, last = (int(match[name]) if match[name] else None for name in ("first", "last"))
    if match["to"] is None:
        return (first, first) if last is None else None
    if first and last and first > last:
        first, last = last, first
    return first, last
