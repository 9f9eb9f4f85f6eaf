"""One form for what people write in many: folding of characters, and cutting into words.

Traditional and Simplified, full-width and half-width, capitals and accents become one. Characters
are folded one by one, never by their neighbours, so that a part of a text folds to that part of
the folded text: a query always meets what it was copied from, and highlights keep their place.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

import opencc
import rjieba
from whoosh.lang.porter2 import stem as _porter2

CJK = "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
_TOKEN = re.compile(rf"[{CJK}]+|[^\W_{CJK}]+(?:'[^\W_{CJK}]+)*")
_CJK_RUN = re.compile(rf"[{CJK}]+")
_HAS_CJK = re.compile(rf"[{CJK}]")
# A line that ends between two Chinese characters ends inside a sentence, often inside a word.
_BROKEN_LINE = re.compile(rf"(?<=[{CJK}])\s+(?=[{CJK}])")
_SPACES = re.compile(r"\s+")


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
        return str(self._simplified.convert(folded)) if _HAS_CJK.search(folded) else folded


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
    cut = _CJK_RUN.sub(lambda run: f" {' '.join(rjieba.cut(run.group()))} ", joined(fold(text)))
    return _SPACES.sub(" ", cut).strip()


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


def words(text: str) -> list[str]:
    """Words for ranking: Chinese by jieba for search (信息化 gives 信息 too), English by stem."""
    found: list[str] = []
    for run, is_cjk in runs(text):
        if is_cjk:
            found.extend(rjieba.cut_for_search(run))
        else:
            found.append(stem(run))
    return found


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


@dataclass(frozen=True)
class Unit:
    """One thing that a query asks for: all `grams` of it, near its `words` if possible.

    An English word is satisfied by its gram (as written) or its stem in `words`; a single Chinese
    character by any gram that begins with it.
    """

    text: str
    grams: tuple[str, ...]
    words: tuple[str, ...]
    is_cjk: bool

    @property
    def is_single(self) -> bool:
        return self.is_cjk and len(self.text) == 1


STOP_WORDS = (
    frozenset("的了着和与及或在是有吗呢吧啊之对从为把被将也都就而中到我你他她它这那")
    | {"我们", "你们", "他们", "什么", "怎么", "怎样", "如何", "哪些", "哪里", "为什么"}
    | {"以及", "关于", "这个", "那个", "一个", "可以", "a", "an", "the", "of", "to", "in", "on"}
    | {"at", "for", "and", "or", "is", "are", "be", "by", "with", "from", "as", "how", "what"}
)


def units(*texts: str, exact: bool = False) -> tuple[Unit, ...]:
    """What a query asks for, each once, without stop words unless there is nothing else.

    A Chinese run is cut by jieba; a character that jieba leaves alone holds on to its neighbours
    (微课程 is cut 微, 课程 and asks for 微课 too). `exact` keeps every run whole, stop words too.
    """
    found: list[Unit] = []
    idle: list[Unit] = []
    for run, is_cjk in (run for text in texts for run in runs(text)):
        if not is_cjk:
            unit = Unit(run, (run,), (stem(run),), is_cjk=False)
            (idle if run in STOP_WORDS and not exact else found).append(unit)
        elif exact:
            found.append(_cjk_unit(run))
        else:
            for part, is_idle in _parts(run):
                (idle if is_idle else found).append(_cjk_unit(part))
    return tuple(dict.fromkeys(found or idle))


def _cjk_unit(part: str) -> Unit:
    grams = tuple(dict.fromkeys(part[at : at + 2] for at in range(len(part) - 1))) or (part,)
    return Unit(part, grams, tuple(dict.fromkeys(rjieba.cut_for_search(part))), is_cjk=True)


def _parts(run: str) -> Iterator[tuple[str, bool]]:
    """The words of a Chinese run, lonely characters joined to what stands beside them."""
    part, lonely = "", False
    for word in rjieba.cut(run):
        if word in STOP_WORDS:
            if part:
                yield part, False
            yield word, True
            part, lonely = "", False
        elif part and not (lonely or len(word) == 1):
            yield part, False
            part = word
        else:
            part += word
            lonely = len(word) == 1
    if part:
        yield part, False
