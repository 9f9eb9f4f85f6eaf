"""A question from its parts as people write them: stem, options, "AC", "对", "北京；上海"."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from flask_babel import gettext as _

from app.questions.formats.facts import Item
from app.questions.rules import LONGEST_TEXT, Kind, Wrong, fractions, plain_number
from app.questions.types import gaps, numbers

LETTERS = "ABCDEFGHIJKL"
TRUE = {"对", "√", "✓", "✔", "☑", "正确", "是", "t", "true", "y", "yes", "right", "1"}
FALSE = {"错", "×", "✗", "✘", "x", "╳", "错误", "否", "f", "false", "n", "no", "wrong", "0", "不对"}
KIND_WORDS: tuple[tuple[str, str], ...] = (
    (r"单项?选择?题?|单选|single(?:[ _-]?choice)?|选择题", Kind.SINGLE),
    (
        r"多项?选择?题?|多选|不定项(?:选择题?)?|multiple(?:[ _-]?(?:choice|response))?",
        Kind.MULTIPLE,
    ),
    (
        r"判断(?:正误|对错)?题?|是非题?|true[ /_-]?(?:or[ _-])?false|truefalse|judge?ment",
        Kind.TRUEFALSE,
    ),
    (r"完形填空(?:题)?|选词填空(?:题)?|cloze", Kind.CLOZE),
    (r"填空题?|fill(?:[ _-]?in)?(?:[ _-]?the)?[ _-]?blanks?|blanks?", Kind.BLANKS),
    (r"数值题?|计算填空题?|numeric(?:al)?|number", Kind.NUMERIC),
    (r"排序题?|ordering|order|sequence", Kind.ORDERING),
    (r"连线题?|匹配题?|配对题?|matching|match", Kind.MATCHING),
    (r"短答题?|短文本题?|short(?:[ _-]?(?:answer|text))?", Kind.SHORT),
    (r"文件题?|上传(?:文件)?题?|附件题?|file(?:[ _-]?(?:answer|upload))?", Kind.FILE),
    (
        (
            r"简答题?|问答题?|论述题?|主观题?|名词解释(?:题)?|案例(?:分析)?题?|材料(?:分析)?题?|计算题?"
            r"|综合题?|分析题?|作文题?|essay"
        ),
        Kind.ESSAY,
    ),
)
GAP = re.compile(r"[_＿﹍﹎]{2,}|[（(][\s　_＿]*[）)]|【[\s　]*】|\[[\s　]+\](?!\])")
_BRACKET = re.compile(r"[（(【\[]\s*([^（）()【】\[\]]{1,30}?)\s*[）)】\]]")
_LETTERED = re.compile(r"[ab]\s*[(:.]\s*([^()]{1,3}?)\s*\)?")
_SPELT = re.compile(r"([A-L]{1,12})\s*[:(.、](?!.*(?<![A-Za-z])[A-L](?![A-Za-z]))")
_OR = re.compile(r"\s*(?:/|／|\|)\s*|(?<=\S)或(?=\S)")


def half(text: str) -> str:
    """Full-width letters, digits and signs as their narrow twins, one for one."""
    return "".join(
        chr(ord(c) - 0xFEE0) if "\uff01" <= c <= "\uff5e" else " " if c == "\u3000" else c
        for c in text
    )


def kind_of(words: str) -> str | None:
    """The kind that a heading or a cell names: “一、单项选择题（每题2分）” → single."""
    plain = half(words).strip().lower()
    for pattern, kind in KIND_WORDS:
        if re.match(rf"(?:{pattern})(?![a-z])", plain):
            return str(kind)
    return None


def truth(text: str) -> bool | None:
    """What “对”, “×”, “True” say; None when it is something else."""
    plain = unicodedata.normalize("NFKC", text).strip(" 　。.,，;；").lower()
    behind = _LETTERED.fullmatch(plain)  # “B（错误）”, “A:对”
    plain = behind.group(1) if behind else plain
    return True if plain in TRUE else False if plain in FALSE else None


def letters(text: str, most: int = len(LETTERS)) -> list[int] | None:
    """Places of options: “ＡＣ”, “A、C”, “a c” → [0, 2]; None when it is something else."""
    spelt = _SPELT.match(half(text).strip())  # “AB:干粉;二氧化碳;”, as learning platforms write it
    given = spelt.group(1) if spelt else half(text)
    plain = re.sub(r"[\s,，、;；.．。/和及与]+", "", given).upper()
    if not plain or any(letter not in LETTERS[:most] for letter in plain):
        return None
    found = sorted({LETTERS.index(letter) for letter in plain})
    return found if len(found) == len(plain) else None


def answer_in_stem(stem: str, kind: str | None, options: int) -> tuple[str, str]:
    """(stem, answer) when the answer stands in brackets in the stem; the brackets stay, empty."""
    sign = re.search(r"[\s　]([√×✓✗✔✘])\s*$", stem)
    if sign and not options and kind in {None, Kind.TRUEFALSE}:
        return stem[: sign.start()].strip(), sign.group(1)
    for found in reversed(list(_BRACKET.finditer(stem))):
        inside = found.group(1)
        fits = letters(inside, options) is not None if options else truth(inside) is not None
        fits = fits and inside.strip() not in {"0", "1"}  # “(1)” counts something
        if options and kind == Kind.TRUEFALSE:
            fits = truth(inside) is not None or letters(inside, options) is not None
        if not fits or (not options and kind not in {None, Kind.TRUEFALSE}):
            continue
        if not options:  # a statement needs no place for a sign
            rest = (stem[: found.start()] + stem[found.end() :]).strip()
            return rest, inside
        return f"{stem[: found.start()]}（　）{stem[found.end() :]}".strip(), inside
    return stem, ""


def assemble(  # noqa: C901, PLR0912 - one branch for each kind
    *,
    kind: str | None,
    stem: str,
    options: Sequence[str],
    answer: str,
    explanation: str = "",
    material: str = "",
    marked: Sequence[int] = (),
    lines: Sequence[str] = (),
    rubric: Sequence[str] = (),
    line: int = 0,
    number: str = "",
    facts: dict[str, Any] | None = None,
) -> Item:
    """A question from its parts. `kind` None: told by the parts. `marked` are options that carry a
    sign of being right; `lines` are the lines of an arrangement (pairs)."""
    if len(stem) > LONGEST_TEXT:  # judged, but not searched: that could take very long
        return Item(str(Kind.ESSAY), {"stem": stem}, line=line, number=number, facts=facts or {})
    shown, inside = answer_in_stem(stem, kind, len(options))
    if not answer.strip() and not marked:
        stem, answer = shown, inside
    elif inside and _says_the_same(inside, answer):  # “…是(B)” above “答案：B”: nobody may see it
        stem = shown
    if options and kind in {None, Kind.SINGLE, Kind.MULTIPLE}:
        stem, answer = _written_out(stem, options, answer, marked)
    kind = kind or _guess(stem, options, answer, marked)
    body: dict[str, Any] = {"stem": stem, "explanation": explanation}
    if material:
        body["material"] = material
    item = Item(kind, body, line=line, number=number, facts=facts or {})
    if kind == Kind.TRUEFALSE:
        _truefalse(item, options, answer, marked)
    elif kind in {Kind.SINGLE, Kind.MULTIPLE}:
        _choice(item, options, answer, marked)
    elif kind in {Kind.BLANKS, Kind.CLOZE}:
        _gaps(item, answer)
    elif kind == Kind.ORDERING:
        order = letters_in_order(answer, len(options))
        if order is None:
            item.refuse(
                _("The right order is missing."), _("Write it as letters, for example 答案：BCA")
            )
        body["items"] = [options[at] for at in order or []]
        body["marking"] = "places"
    elif kind == Kind.MATCHING:
        body.update(_pairs(lines))
    elif kind == Kind.NUMERIC:
        body["answers"] = [
            {**numbers.spelt(part), "fraction": "1"} for part in _parts(answer) if part
        ]
    elif kind == Kind.SHORT:
        body["answers"] = [{"text": part, "fraction": "1"} for part in _parts(answer) if part]
    elif kind in {Kind.ESSAY, Kind.FILE}:
        body["answer"] = answer.strip()
        body["rubric"] = _rubric(rubric)
    if options and kind not in {Kind.SINGLE, Kind.MULTIPLE, Kind.TRUEFALSE, Kind.ORDERING}:
        item.refuse(
            _("There are answers to choose from, but the heading says another kind."),
            _("Move the question below the right heading."),
        )
    return item


def _written_out(
    stem: str, options: Sequence[str], answer: str, marked: Sequence[int]
) -> tuple[str, str]:
    """“指针在（绿色）区” above “C．绿色”: words of an answer in brackets are the answer, too."""
    chosen = letters(answer, len(options)) or list(marked)
    for found in _BRACKET.finditer(stem):
        said = found.group(1).strip()
        at = [n for n, text in enumerate(options) if text.strip(" 。;；") == said]
        if len(at) == 1 and (at == chosen or not (answer.strip() or marked)):
            return f"{stem[: found.start()]}（　）{stem[found.end() :]}", LETTERS[at[0]]
    return stem, answer


def _says_the_same(inside: str, answer: str) -> bool:
    found = letters(inside)
    if found is not None and found == letters(answer):
        return True
    is_number = inside.strip() in {"0", "1"}  # “(1)” counts something
    return not is_number and truth(inside) is not None and truth(inside) == truth(answer)


def _guess(  # noqa: PLR0911 - one for each kind
    stem: str, options: Sequence[str], answer: str, marked: Sequence[int]
) -> str:
    if options:
        if {truth(text) for text in options} == {True, False}:
            return str(Kind.TRUEFALSE)
        chosen = letters(answer, len(options)) or list(marked)
        return str(Kind.MULTIPLE if len(chosen) > 1 else Kind.SINGLE)
    if gaps.GAP.search(stem):
        return str(Kind.CLOZE if re.search(r"\[\[[^\]]*(?<!\\)=", stem) else Kind.BLANKS)
    if truth(answer) is not None and answer.strip() not in {"0", "1"}:
        return str(Kind.TRUEFALSE)
    if answer.strip() and GAP.search(stem):
        return str(Kind.BLANKS)
    if answer.strip() and len(answer.strip()) <= 20 and "\n" not in answer.strip():
        return str(Kind.SHORT)
    return str(Kind.ESSAY)


def _truefalse(item: Item, options: Sequence[str], answer: str, marked: Sequence[int]) -> None:
    said = truth(answer)
    if said is None and options:
        chosen = letters(answer, len(options)) or list(marked)
        said = truth(options[chosen[0]]) if len(chosen) == 1 else None
    if said is None and answer.strip():
        item.refuse(
            _("“%(text)s” is neither true nor false.", text=answer.strip()[:40]),
            _("Write 对, 错, √, ×, true or false."),
        )
    item.body["answer"] = said


def _choice(item: Item, options: Sequence[str], answer: str, marked: Sequence[int]) -> None:
    chosen = letters(answer) if answer.strip() else list(marked)
    if chosen is None:
        same = [n for n, text in enumerate(options) if text.strip() == answer.strip()]
        chosen = same
        if not same:
            item.refuse(
                _("“%(text)s” names no answer of this question.", text=answer.strip()[:40]),
                _("Write the letters of the right answers, for example 答案：AC"),
            )
    elif not chosen:
        item.refuse(
            _("The right answer is missing."),
            _("Write it below the answers (答案：A), in brackets in the question, or in a list at "
              "the end of the file."),
        )  # fmt: skip
    elif chosen[-1] >= len(options):
        item.refuse(
            _("The right answer is %(letter)s, but there is no such answer.",
              letter=LETTERS[chosen[-1]]),
            _("Look at the letters of the answers: each stands once, in order."),
        )  # fmt: skip
    right = [n in chosen for n in range(len(options))]
    if item.kind == Kind.SINGLE:
        worths = [Decimal(each) for each in right]
        if len(chosen) > 1 and not item.blocked:
            item.refuse(
                _("A single choice question has %(number)s right answers.", number=len(chosen)),
                _("Move it below the heading 多选题, or leave one letter."),
            )
    else:
        worths = fractions(right, Wrong.ALL)
    item.body["options"] = [
        {"text": text, "fraction": plain_number(worth)}
        for text, worth in zip(options, worths, strict=True)
    ]


def _gaps(item: Item, answer: str) -> None:
    stem = item.body["stem"]
    item.body.update({"case": False, "typos": 0})
    if item.kind == Kind.BLANKS:
        free = re.search(r"[（(]?(?:顺序不限|顺序可换|可互换|in any order)[)）]?", answer)
        item.body["any_order"] = bool(free)
        answer = answer.replace(free.group(), "") if free else answer
    if gaps.GAP.search(stem):
        return
    places = list(GAP.finditer(stem))
    answer = answer.strip().strip("。")
    if not places and answer:
        item.body["stem"] = f"{stem} [[{'|'.join(map(gaps.escaped, _parts(answer)))}]]"
        return
    given = _split(answer, len(places))
    if not answer:
        item.refuse(_("The answer is missing."), _("Write it below the question: 答案：…"))
    elif len(given) != len(places):
        item.refuse(
            _("There are %(gaps)s gaps and %(answers)s answers.",
              gaps=len(places), answers=len(given)),
            _("Write the answers in the order of the gaps, with ； between them."),
        )  # fmt: skip
    else:
        fill = iter(given)
        item.body["stem"] = GAP.sub(
            lambda _match: f"[[{'|'.join(map(gaps.escaped, _parts(next(fill))))}]]", stem
        )


def _split(answer: str, number: int) -> list[str]:
    """The answers to so many gaps: the first way of cutting that gives as many."""
    if number == 1:
        return [answer] if answer else []
    found: list[str] = []
    for cut in (
        r"[;；]|\n",
        r"[;；、]|\n",
        r"[;；、,，]|\n",
        r"[;；、,，\s　]+",
        r"\d+[)）.、]",
        r"[|｜]",
    ):
        found = [part.strip() for part in re.split(cut, answer) if part.strip()]
        found = [re.sub(r"^[（(]?\d+[)）.、]\s*", "", part) for part in found]
        if len(found) == number:
            return found
    return [part for part in re.split(r"[;；\n]", answer) if part.strip()]


def _parts(answer: str) -> list[str]:
    """Answers that are all accepted: “北京/北平”, “A或B”."""
    return [part.strip() for part in _OR.split(answer.strip()) if part.strip()]


def letters_in_order(answer: str, most: int) -> list[int] | None:
    """“B-C-A” or “BCA” → [1, 2, 0]: every option once; None otherwise."""
    plain = re.sub(r"[\s,，、;；.→\->>]+", "", half(answer)).upper()
    found = [LETTERS.find(letter) for letter in plain]
    return found if sorted(found) == list(range(most)) else None


_PAIR = re.compile(r"\s*(?:——|—|--+|->|→|⇒|==+>?)\s*")


def is_pair(text: str) -> bool:
    """Whether a line is one of a matching question: “left —— right”."""
    return _PAIR.search(text) is not None


def _pairs(lines: Sequence[str]) -> dict[str, Any]:
    pairs, extra = [], []
    for text in lines:
        left, *rest = _PAIR.split(text.strip(), maxsplit=1)
        if rest and left:
            pairs.append({"left": left, "right": rest[0]})
        elif rest:
            extra.append(rest[0])
    return {"pairs": pairs, "extra": extra}


def _rubric(lines: Sequence[str]) -> list[dict[str, str]]:
    """Criteria with their shares; “观点明确 5分” shares by points when all of them say some."""
    lines = [part for text in lines for part in _NEXT_POINTS.split(text.strip()) if part]
    found = [_POINTS.fullmatch(text) for text in lines]
    if not found or not all(found):
        return [_criterion(text) for text in lines]
    points = [Decimal(match.group(2)) for match in found if match]
    whole = sum(points)
    if not whole:
        return [_criterion(text) for text in lines]
    shares = [(each / whole).quantize(Decimal("0.00001")) for each in points]
    shares[0] += 1 - sum(shares)
    return [
        {"text": match.group(1).strip(" ，,：:（("), "share": plain_number(share)}
        for match, share in zip(found, shares, strict=True)
        if match
    ]


_NEXT_POINTS = re.compile(r"\n|(?<=分)[，,；;。]\s*|(?<=分[)）])[，,；;。]\s*")
_POINTS = re.compile(
    r"(?:[(（]?\d{1,2}[)）.、．]\s*)?(.*?\S)\s*[（(]?(\d{1,3}(?:\.\d)?)\s*分[)）]?[;；。.]?",
    re.DOTALL,
)


def _criterion(text: str) -> dict[str, str]:
    found = re.fullmatch(r"(.*?)\s*[（(]\s*([\d.]+)\s*[%％]\s*[)）]", text.strip(), re.DOTALL)
    if not found:
        return {"text": text.strip(), "share": ""}
    return {"text": found.group(1), "share": plain_number(Decimal(found.group(2)) / 100)}
