"""The numbers and letters that Word counts by itself and keeps out of the text of a paragraph."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from xml.etree.ElementTree import Element

W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
LEVELS = 9  # of a list; Word has no more
DEEPEST_STYLE = 12  # styles that are based on one another
_CHINESE = "〇一二三四五六七八九"
_LEGAL = {"Simplified": "零壹贰叁肆伍陆柒捌玖", "Traditional": "零壹貳參肆伍陸柒捌玖"}
_STEMS = "甲乙丙丁戊己庚辛壬癸"
_BRANCHES = "子丑寅卯辰巳午未申酉戌亥"
_PLACE = re.compile(r"%([1-9])")


def value(element: Element | None, default: str = "") -> str:
    return default if element is None else element.get(f"{W}val", default)


def is_on(element: Element | None) -> bool:
    """What an element such as <w:vanish/> says: there is yes, unless it says no itself."""
    return element is not None and value(element, "1").lower() not in {"0", "false", "off", "none"}


def whole(text: str, default: int) -> int:
    return int(text) if re.fullmatch(r"\d{1,9}", text) else default


@dataclass(frozen=True)
class Level:
    """One level of a list: how it counts, what it writes, and where it begins."""

    shape: str = "decimal"
    text: str = "%1."
    start: int = 1
    restart: int | None = None  # after a number of which level, from 1; 0: never; None: of any
    is_legal: bool = False  # whether the numbers of upper levels are written as 1, 2, 3
    style: str = ""  # of paragraphs that are of this level by their style
    between: str = " "


@dataclass(frozen=True)
class Label:
    """What stands in front of a paragraph: “A.” is number 1 of a list that counts in letters."""

    text: str
    shape: str
    count: int
    place: tuple[str, int]  # the list and the level in it
    between: str = " "

    @property
    def shown(self) -> str:
        return f"{self.text}{self.between}" if self.text else ""


class Numbering:
    """Counts the lists of a document while its paragraphs go by."""

    def __init__(self, numbering: Element | None, styles: Element | None) -> None:
        self.styles: dict[str, tuple[Element | None, str]] = {}
        self.default = ""
        for style in styles.iter(f"{W}style") if styles is not None else ():
            name = style.get(f"{W}styleId", "")
            base = value(style.find(f"{W}basedOn"))
            self.styles[name] = (style.find(f"{W}pPr/{W}numPr"), base)
            if style.get(f"{W}type") == "paragraph" and style.get(f"{W}default") in {"1", "true"}:
                self.default = name
        self.shapes: dict[str, dict[int, Level]] = {}
        self.lists: dict[str, str] = {}  # numId → list that it counts in
        self.levels: dict[str, dict[int, Level]] = {}  # numId → its levels
        self.begins: dict[str, dict[int, int]] = {}  # numId → where it begins anew
        self.counts: dict[str, list[int | None]] = {}
        self.begun: set[tuple[str, int]] = set()
        if numbering is not None:
            self._read(numbering)

    # ---- what the document says of its lists -----------------------------------------------------

    def _read(self, root: Element) -> None:
        linked: dict[str, str] = {}  # style of a list → the list that defines it
        lent: dict[str, str] = {}  # list → the style that defines it
        for abstract in root.iter(f"{W}abstractNum"):
            name = abstract.get(f"{W}abstractNumId", "")
            self.shapes[name] = dict(map(_level, abstract.findall(f"{W}lvl")))
            if own := value(abstract.find(f"{W}styleLink")):
                linked[own] = name
            if other := value(abstract.find(f"{W}numStyleLink")):
                lent[name] = other
        for num in root.iter(f"{W}num"):
            number = num.get(f"{W}numId", "")
            name = value(num.find(f"{W}abstractNumId"))
            name = linked.get(lent.get(name, ""), name)
            levels, begins = dict(self.shapes.get(name, {})), {}
            for override in num.findall(f"{W}lvlOverride"):
                at = whole(override.get(f"{W}ilvl", "0"), 0)
                anew = value(override.find(f"{W}startOverride"))
                own_level = override.find(f"{W}lvl")
                if own_level is not None:
                    levels[at] = _level(own_level)[1]
                if anew:
                    begins[at] = whole(anew, 1)
            self.lists[number], self.levels[number], self.begins[number] = name, levels, begins

    def _asked(self, paragraph: Element) -> tuple[str, int] | None:
        """(numId, level) of a paragraph, from itself or from the styles that it is of."""
        given = paragraph.find(f"{W}pPr/{W}numPr")
        style = value(paragraph.find(f"{W}pPr/{W}pStyle")) or self.default
        number = value(given.find(f"{W}numId")) if given is not None else ""
        level = value(given.find(f"{W}ilvl")) if given is not None else ""
        named = ""
        for _depth in range(DEEPEST_STYLE):
            if number or style not in self.styles:
                break
            of_style, base = self.styles[style]
            if of_style is not None:
                number, named = value(of_style.find(f"{W}numId")), style
                level = level or value(of_style.find(f"{W}ilvl"))
            style = base
        if not number or number == "0" or number not in self.levels:
            return None
        if named and not level:
            found = (n for n, each in self.levels[number].items() if each.style == named)
            return number, next(found, 0)
        return number, min(whole(level, 0), LEVELS - 1)

    # ---- counting --------------------------------------------------------------------------------

    def label(self, paragraph: Element) -> Label | None:
        """What Word writes in front of this paragraph, which is counted by that."""
        asked = self._asked(paragraph)
        if asked is None:
            return None
        number, at = asked
        level = self.levels[number].get(at)
        if level is None:
            return None
        name = self.lists[number]
        counts = self.counts.setdefault(name, [None] * LEVELS)
        anew = self.begins[number].get(at)
        before = counts[at]
        if anew is not None and (number, at) not in self.begun:
            counts[at] = anew
        elif before is None:
            counts[at] = level.start if anew is None else anew
        else:
            counts[at] = before + 1
        self.begun.add((number, at))
        for below in range(at + 1, LEVELS):
            restart = self.levels[number].get(below, Level()).restart
            if restart != 0 and (restart is None or at < restart):
                counts[below] = None
        count = counts[at] or 0
        if level.shape in {"bullet", "none"}:
            text = "" if level.shape == "bullet" or "%" in level.text else level.text
            return Label(text, level.shape, count, (name, at), level.between)
        return Label(
            self._written(number, level, counts),
            level.shape, count, (name, at), level.between,
        )  # fmt: skip

    def _written(self, number: str, level: Level, counts: list[int | None]) -> str:
        def one(found: re.Match[str]) -> str:
            place = int(found[1]) - 1
            of = self.levels[number].get(place, Level())
            count = counts[place]
            shape = "decimal" if level.is_legal else of.shape
            return counted(of.start if count is None else count, shape)

        return _PLACE.sub(one, level.text)


def _level(element: Element) -> tuple[int, Level]:
    restart = value(element.find(f"{W}lvlRestart"))
    shape = element.find(f".//{W}numFmt")  # newer shapes stand beside older ones
    suffix = value(element.find(f"{W}suff"), "tab")
    return whole(element.get(f"{W}ilvl", "0"), 0), Level(
        shape=value(shape, "decimal"),
        text=value(element.find(f"{W}lvlText")),
        start=whole(value(element.find(f"{W}start")), 0),
        restart=whole(restart, 0) if restart else None,
        is_legal=is_on(element.find(f"{W}isLgl")),
        style=value(element.find(f"{W}pStyle")),
        between="" if suffix == "nothing" else " ",
    )


# ---- one number, as each shape writes it ---------------------------------------------------------


def counted(count: int, shape: str) -> str:
    """Number `count` in the shape that Word calls so; 1, 2, 3 for those that have no signs here."""
    for names, write in _SHAPES:
        if shape in names and (said := write(count)):
            return said
    return str(count)


def _letters(count: int) -> str:
    """A … Z, AA … ZZ, as Word goes on."""
    return chr(65 + (count - 1) % 26) * ((count - 1) // 26 + 1) if 0 < count <= 780 else ""


def _roman(count: int) -> str:
    if not 0 < count < 4000:
        return ""
    said = ""
    for worth, sign in (
        *((1000, "M"), (900, "CM"), (500, "D"), (400, "CD"), (100, "C"), (90, "XC"), (50, "L")),
        *((40, "XL"), (10, "X"), (9, "IX"), (5, "V"), (4, "IV"), (1, "I")),
    ):
        said += sign * (count // worth)
        count %= worth
    return said


def _chinese(count: int, digits: str = _CHINESE, places: str = "十百千") -> str:
    """十二, 一百零五 …, up to 9999."""
    if not 0 < count < 10_000:
        return digits[0] if count == 0 else ""
    zero = "零" if digits == _CHINESE else digits[0]
    said, figures = "", str(count)
    for at, figure in enumerate(figures):
        place = len(figures) - at - 1
        if figure != "0":
            said += digits[int(figure)] + (places[place - 1] if place else "")
        elif not said.endswith(zero) and figures[at:].strip("0"):
            said += zero
    # 十二 for twelve, but 壹拾贰 where figures are written so that nobody can add to them.
    is_short = digits == _CHINESE and said.startswith(digits[1] + places[0])
    return said.removeprefix(digits[1]) if is_short else said


def _digits(count: int) -> str:
    return "".join(_CHINESE[int(figure)] for figure in str(count))


def _circled(count: int) -> str:
    if count > 20:
        return chr(0x3251 + count - 21) if count <= 35 else ""
    return chr(0x2460 + count - 1) if count > 0 else "⓪"


def _signs(first: int, most: int) -> Callable[[int], str]:
    return lambda count: chr(first + count - 1) if 0 < count <= most else ""


def _of(signs: str) -> Callable[[int], str]:
    return lambda count: signs[(count - 1) % len(signs)] if count > 0 else ""


def _wide(count: int) -> str:
    return "".join(chr(ord(figure) + 0xFEE0) for figure in str(count))


def _ordinal(count: int) -> str:
    ends = {1: "st", 2: "nd", 3: "rd"}
    return f"{count}{'th' if count % 100 in {11, 12, 13} else ends.get(count % 10, 'th')}"


def _legal(script: str) -> Callable[[int], str]:
    places = "拾佰仟"
    return lambda count: _chinese(count, _LEGAL[script], places)


_COUNTING = {
    *("chineseCounting", "chineseCountingThousand", "taiwaneseCounting"),
    *("taiwaneseCountingThousand", "japaneseCounting", "koreanCounting"),
}
_SHAPES: tuple[tuple[set[str], Callable[[int], str]], ...] = (
    ({"upperLetter"}, _letters),
    ({"lowerLetter"}, lambda count: _letters(count).lower()),
    ({"upperRoman"}, _roman),
    ({"lowerRoman"}, lambda count: _roman(count).lower()),
    (_COUNTING, _chinese),
    ({"ideographDigital", "japaneseDigitalTenThousand", "taiwaneseDigital"}, _digits),
    ({"ideographTraditional"}, _of(_STEMS)),
    ({"ideographZodiac"}, _of(_BRANCHES)),
    ({"chineseLegalSimplified"}, _legal("Simplified")),
    ({"ideographLegalTraditional", "japaneseLegal"}, _legal("Traditional")),
    ({"decimalEnclosedCircle", "decimalEnclosedCircleChinese"}, _circled),
    ({"ideographEnclosedCircle"}, _signs(0x3280, 10)),
    ({"decimalEnclosedFullstop"}, _signs(0x2488, 20)),
    ({"decimalEnclosedParen"}, _signs(0x2474, 20)),
    ({"decimalFullWidth", "decimalFullWidth2"}, _wide),
    ({"decimalZero"}, lambda count: f"{count:02}"),
    ({"ordinal"}, _ordinal),
)
