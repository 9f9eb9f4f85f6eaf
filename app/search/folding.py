"""One form for what people write in many: folding of characters, and cutting into words.

Traditional and Simplified, full-width and half-width, capitals and accents become one. Characters
are folded one by one, never by their neighbours, so that a part of a text folds to that part of
the folded text: a query always meets what it was copied from, and highlights keep their place.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from typing import Any

import opencc
from whoosh.lang.porter2 import stem as _porter2

CJK = "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
_TOKEN = re.compile(rf"[{CJK}]+|[^\W_{CJK}]+(?:'[^\W_{CJK}]+)*")
_CJK_RUN = re.compile(rf"[{CJK}]+")
_HAS_CJK = re.compile(rf"[{CJK}]")
# A line that ends between two Chinese characters ends inside a sentence, often inside a word.
_BROKEN_LINE = re.compile(rf"(?<=[{CJK}])\s+(?=[{CJK}])")
_SPACES = re.compile(r"\s+")
WORD_WEIGHT = 100_000  # how sure jieba is of a word that the organisation taught it


# Variants that OpenCC leaves alone: old and Japanese forms, what converters leave behind (着, 著),
# and radicals that PDFs write instead of the characters that look like them.
_VARIANTS = str.maketrans(
    "瞭著囬効傚砲礮隣駆凴姪戸衞彊粧圀叅竝祇躱皐呉靑淸酧鱻𪿫",
    "了着回效效炮炮邻驱凭侄户卫强妆国参并只躲皋吴青清酬鲜炮",
) | str.maketrans(
    "⻓⻑⻔⻚⻛⻜⻢⻥⻋⻅⻉⻆⻝⻘⺠⻄⻩⻬⻮⻰⻁⻣⻤⻦⻨⻳",
    "长长门页风飞马鱼车见贝角食青民西黄齐齿龙虎骨鬼鸟麦龟",
)


class _Cutter:
    """jieba with its own dictionary, or with the organisation's words besides."""

    def __init__(self) -> None:
        self.learnt: frozenset[str] = frozenset()
        self._jieba: Any = None

    @property
    def jieba(self) -> Any:
        if self._jieba is None:
            self._jieba = self._taught(self.learnt)
        return self._jieba

    def learn(self, words: frozenset[str]) -> None:
        if words == self.learnt:
            return
        # Other threads cut with the old one until here; pairs of characters find in any case.
        # What nobody has cut with yet is not loaded for that.
        self._jieba, self.learnt = self._taught(words) if self._jieba else None, words

    def _taught(self, words: frozenset[str]) -> Any:
        # Imported when something is cut: its dictionary takes 33 MB, and a third of a second.
        import rjieba

        jieba: Any = rjieba
        if words:
            jieba = rjieba.Jieba()
            for word in sorted(words):
                jieba.add_word(word, WORD_WEIGHT, None)
        return jieba


_cutter = _Cutter()


def learn(words: Iterable[str]) -> None:
    """Teach jieba the Chinese words of the organisation, for this process; the same is no work.

    Cutting decides about order only: what was cut otherwise is found all the same.
    """
    folded = {squeezed(word) for word in words}
    _cutter.learn(frozenset(w for w in folded if len(w) > 1 and _CJK_RUN.fullmatch(w)))


def cut(run: str) -> list[str]:
    """The words of a folded Chinese run."""
    return list(_cutter.jieba.cut(run))


def cut_finely(run: str) -> list[str]:
    """The words of a folded Chinese run, and the shorter words inside them."""
    return list(_cutter.jieba.cut_for_search(run))


class _Table(dict[int, str]):
    """Code point → its folded form, filled as characters are met."""

    def __init__(self) -> None:
        super().__init__()
        self._simplified = opencc.OpenCC("t2s")
        self.uneven: set[str] = set()  # characters met that do not become exactly one

    def __missing__(self, code: int) -> str:
        folded = self._fold(chr(code))
        if len(folded) != 1:
            self.uneven.add(chr(code))
        self[code] = folded
        return folded

    def _fold(self, char: str) -> str:
        if char in "’‘ʼ＇":
            return "'"
        category = unicodedata.category(char)
        if category in {"Cf", "Mn", "Me"}:
            return ""  # zero-width and combining marks: é as one or as two characters is e
        if category in {"Cc", "Cs", "Co", "Cn", "Zs", "Zl", "Zp"}:
            return "\n" if char in "\n\r\u2028\u2029" else " "
        if "LATIN" in unicodedata.name(char, ""):
            plain = unicodedata.normalize("NFKD", char)
            return "".join(c for c in plain if not unicodedata.combining(c)).casefold()
        folded = unicodedata.normalize("NFKC", char).casefold()
        if len(folded) > 1:  # what comes out may be foldable in turn: ¸ is a space and a mark
            return "".join(self[ord(c)] for c in folded if c != char)
        folded = folded.translate(_VARIANTS)
        plain = self._simplified.convert(folded) if _HAS_CJK.search(folded) else folded
        return str(plain).translate(_VARIANTS)


_table = _Table()


def fold(text: str) -> str:
    """A text in the one form that is compared: 黨建 → 党建, ＡＢＣ → abc, Café → cafe."""
    return text.translate(_table)


def fold_with_offsets(text: str) -> tuple[str, Sequence[int]]:
    """The folded text, and for each of its characters the place in `text` that it came from.

    One more offset stands at the end: the length of `text`.
    """
    folded = fold(text)
    if _table.uneven.isdisjoint(text):
        return folded, range(len(text) + 1)
    offsets: list[int] = []
    for place, char in enumerate(text):
        offsets.extend([place] * len(_table[ord(char)]))
    offsets.append(len(text))
    return folded, offsets


def joined(folded: str) -> str:
    """A folded text with lines and gaps between Chinese characters closed."""
    return _BROKEN_LINE.sub("", folded)


def segmented(text: str) -> str:
    """The folded text cut into words with one space between them: what `search_text` holds.

    Taking the spaces out again gives the folded text without its spaces.
    """
    apart = _CJK_RUN.sub(lambda run: f" {' '.join(cut(run.group()))} ", joined(fold(text)))
    return _SPACES.sub(" ", apart).strip()


def squeezed(text: str) -> str:
    """The folded text without any space, for asking whether one stands inside another."""
    return _SPACES.sub("", fold(text))


@lru_cache(maxsize=20_000)
def stem(word: str) -> str:
    """The stem of a folded English word; numbers and short words stay as they are."""
    plain = word.removesuffix("'s")
    return str(_porter2(plain)) if len(plain) > 3 and plain.isascii() and plain.isalpha() else plain


def runs(text: str) -> Iterator[tuple[str, bool]]:
    """The runs of a text that carry meaning, folded, each with whether it is Chinese."""
    for found in _TOKEN.finditer(joined(fold(text))):
        run = found.group()
        yield run, _HAS_CJK.match(run) is not None


def language_of(text: str) -> str:
    """zh_Hant, zh_Hans, en, or "" when a text does not show it."""
    sample = text[:20_000]
    chinese = [char for char in sample if _HAS_CJK.match(char)]
    letters = sum(char.isascii() and char.isalpha() for char in sample)
    if len(chinese) * 4 > letters and len(chinese) > 3:
        changed = sum(_table[ord(char)] != char for char in chinese)
        return "zh_Hant" if changed * 20 > len(chinese) else "zh_Hans"
    return "en" if letters > 20 else ""


def script_of(text: str) -> str:
    """zh_Hant or zh_Hans when a text has a character of only one of them, else ""."""
    chinese = [char for char in text if _HAS_CJK.match(char)]
    if any(_table[ord(char)] != char for char in chinese):
        return "zh_Hant"
    traditional = _converter("s2t")
    return "zh_Hans" if any(traditional.convert(char) != char for char in chinese) else ""


def as_written(folded: str, *, like: str) -> str:
    """A folded text in the script of another text."""
    return _converter("s2t").convert(folded) if script_of(like) == "zh_Hant" else folded


def words(text: str) -> list[str]:
    """Words for ranking: Chinese by jieba for search (信息化 gives 信息 too), English by stem."""
    found: list[str] = []
    for run, is_cjk in runs(text):
        if is_cjk:
            found.extend(cut_finely(run))
        else:
            found.append(stem(run))
    return found


def spellings(text: str) -> Iterator[tuple[str, str]]:
    """The words of a text that are no Chinese, each by its stem and as it stands there."""
    folded, offsets = fold_with_offsets(text)
    for found in _TOKEN.finditer(folded):
        if not _HAS_CJK.match(found.group()):
            yield stem(found.group()), text[offsets[found.start()] : offsets[found.end()]]


def grams(text: str) -> list[str]:
    """Terms that miss nothing: every pair of neighbours in Chinese, whole words elsewhere.

    The last character of each Chinese run stands alone besides, so that a query of one character
    is found as the beginning of some term wherever it stands.
    """
    found: list[str] = []
    for run, is_cjk in runs(text):
        if is_cjk:
            found.extend(run[at : at + 2] for at in range(len(run)))
        else:
            found.append(run)
    return found


def is_chinese(text: str) -> bool:
    """Whether there is a Chinese character in a text."""
    return _HAS_CJK.search(text) is not None


@lru_cache(maxsize=4)
def _converter(name: str) -> Any:
    return opencc.OpenCC(name)


@lru_cache(maxsize=5_000)
def said_elsewhere(word: str) -> tuple[str, ...]:
    """How a folded Chinese word is called on the other side of the strait, folded: 软件 → 软体."""
    other = (
        fold(_converter("s2twp").convert(word)),
        fold(_converter("tw2sp").convert(_converter("s2t").convert(word))),
    )
    return tuple(found for found in dict.fromkeys(other) if found != word)
