"""What a query asks for, word by word, with other ways to say the same."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

from app.search import folding, pinyin
from app.search.folding import runs

MOST_WAYS = 8  # of saying the same, per word

STOP_WORDS = (
    frozenset("的了着和与及或在是有吗呢吧啊之对从为把被将也都就而中到我你他她它这那")
    | {"我们", "你们", "他们", "什么", "怎么", "怎样", "如何", "哪些", "哪里", "为什么"}
    | {"以及", "关于", "这个", "那个", "一个", "可以", "a", "an", "the", "of", "to", "in", "on"}
    | {"at", "for", "and", "or", "is", "are", "be", "by", "with", "from", "as", "how", "what"}
    | {"do", "does", "i", "my", "we", "you", "it", "this", "that", "there", "when", "who", "why"}
)


@dataclass(frozen=True)
class Unit:
    """One thing that a query asks for: all `grams` of it, near its `words` if possible.

    An English word is satisfied by its gram (as written) or its stem in `words`; a single Chinese
    character by any gram that begins with it; a word of pinyin by a title that sounds so. Any one
    of the `others` satisfies it just as well: each is a group of units that must all be there.
    """

    text: str
    grams: tuple[str, ...] = ()
    words: tuple[str, ...] = ()
    is_cjk: bool = False
    is_prefix: bool = False  # typed with a * behind it
    sound: str = ""  # pinyin, whole syllables
    initials: str = ""  # letters that may be the first ones of syllables
    others: tuple[tuple[Unit, ...], ...] = ()

    @property
    def is_single(self) -> bool:
        return self.is_cjk and len(self.text) == 1

    def flat(self) -> Iterator[Unit]:
        """The unit itself, unless it only stands for its others, and all of those."""
        if self.grams:
            yield self
        for group in self.others:
            for unit in group:
                yield from unit.flat()


@dataclass(frozen=True)
class Thesaurus:
    """The organisation's words: groups of words that mean the same, and words that jieba learns."""

    groups: Sequence[tuple[str, ...]] = ()
    _same: Mapping[str, tuple[str, ...]] = field(init=False, default_factory=dict)

    def __post_init__(self) -> None:
        same: dict[str, tuple[str, ...]] = {}
        for group in self.groups:
            folded = [_plain(word) for word in group]
            for word in filter(None, folded):
                if len(group) > 1:
                    others = (other for other in folded if other and other != word)
                    same[word] = tuple(dict.fromkeys((*same.get(word, ()), *others)))
        object.__setattr__(self, "_same", same)

    @property
    def words(self) -> frozenset[str]:
        """All words, for jieba."""
        return frozenset(word for group in self.groups for word in group)

    def same_as(self, word: str) -> tuple[str, ...]:
        """What means the same as a folded word or row of words."""
        return self._same.get(word, ())[:MOST_WAYS]

    @cached_property
    def pattern(self) -> re.Pattern[str] | None:
        """Matches every word with a synonym in a folded text, the longest first."""
        if not self._same:
            return None
        return re.compile("|".join(_pattern(w) for w in sorted(self._same, key=len, reverse=True)))


def _plain(text: str) -> str:
    """The runs of a text with single spaces between them, those of Chinese closed up."""
    return " ".join(run for run, _ in runs(text))


def _pattern(word: str) -> str:
    inner = r"[\W_]+".join(re.escape(run) for run in word.split(" "))
    before = "" if folding.is_chinese(word[0]) else r"(?<![^\W_])"
    after = "" if folding.is_chinese(word[-1]) else r"(?![^\W_])"
    return f"{before}{inner}{after}"


NO_WORDS = Thesaurus()


def units(
    *texts: str, exact: bool = False, thesaurus: Thesaurus = NO_WORDS, loose: bool = True
) -> tuple[Unit, ...]:
    """What a query asks for, each once, without stop words unless there is nothing else.

    A Chinese run is cut by jieba; a character that jieba leaves alone holds on to its neighbours
    (微课程 is cut 微, 课程 and asks for 微课 too). `exact` keeps every run whole, stop words too,
    and takes nothing else for the same; `loose` allows what is called otherwise elsewhere.
    """
    found: list[Unit] = []
    idle: list[Unit] = []
    if exact:
        found.extend(_unit(run, is_cjk) for text in texts for run, is_cjk in runs(text))
        return tuple(dict.fromkeys(found))
    for piece, is_known in _pieces(_marked(texts), thesaurus):
        if is_known:
            found.append(_synonymous(piece, thesaurus))
            continue
        for run, is_cjk in runs(piece):
            if is_cjk:
                for part, is_idle in _parts(run):
                    unit = _unit(part, is_cjk=True)
                    (idle if is_idle else found).append(_elsewhere(unit) if loose else unit)
            else:
                (idle if run in STOP_WORDS else found).append(_unit(run, is_cjk=False))
    return _spelled(_prefixed(tuple(dict.fromkeys(found or idle)), texts))


def _marked(texts: Iterable[str]) -> str:
    """The texts as one, kept apart by a sign that is no part of a word."""
    return " | ".join(texts)


def _pieces(text: str, thesaurus: Thesaurus) -> Iterator[tuple[str, bool]]:
    """A text in pieces, each with whether it is a word that has synonyms."""
    if thesaurus.pattern is None:
        yield text, False
        return
    folded = folding.joined(folding.fold(text))
    at = 0
    for match in thesaurus.pattern.finditer(folded):
        yield folded[at : match.start()], False
        yield match.group(), True
        at = match.end()
    yield folded[at:], False


def _synonymous(text: str, thesaurus: Thesaurus) -> Unit:
    plain = _plain(text)
    own = units(plain, exact=True)
    others = [units(word, exact=True) for word in thesaurus.same_as(plain)]
    if len(own) == 1:
        return replace(own[0], others=tuple(filter(None, others)))
    return Unit(text=plain, others=(own, *filter(None, others)))


def _elsewhere(unit: Unit) -> Unit:
    if len(unit.text) < 2:
        return unit
    others = tuple(units(word, exact=True) for word in folding.said_elsewhere(unit.text))
    return replace(unit, others=others) if others else unit


def _prefixed(found: tuple[Unit, ...], texts: Iterable[str]) -> tuple[Unit, ...]:
    """Words that were typed with a * are beginnings. Chinese needs none of that."""
    starred = {
        last
        for text in texts
        if text.rstrip().endswith(("*", "＊"))
        for last in [run for run, _ in runs(text)][-1:]
    }
    return tuple(
        replace(unit, is_prefix=True)
        if unit.text in starred and not unit.is_cjk and len(unit.text) > 1
        else unit
        for unit in found
    )


def _spelled(found: tuple[Unit, ...]) -> tuple[Unit, ...]:
    """Syllables typed apart (wei ke) may be one spelling."""
    known = pinyin.syllables()
    if len(found) < 2 or not all(unit.text in known for unit in found):
        return found
    together = _unit("".join(unit.text for unit in found), is_cjk=False)
    return (Unit(text=together.text, others=(found, (together,))),)


def _unit(run: str, is_cjk: bool) -> Unit:
    if is_cjk:
        grams = tuple(dict.fromkeys(run[at : at + 2] for at in range(len(run) - 1))) or (run,)
        return Unit(run, grams, tuple(dict.fromkeys(folding.cut_finely(run))), is_cjk=True)
    return Unit(
        run,
        (run,),
        (folding.stem(run),),
        sound=run if pinyin.is_spelling(run) else "",
        initials=run if pinyin.is_initials(run) else "",
    )


def _parts(run: str) -> Iterator[tuple[str, bool]]:
    """The words of a Chinese run, lonely characters joined to what stands beside them."""
    part, lonely = "", False
    for word in folding.cut(run):
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
