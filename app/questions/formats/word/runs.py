"""What stands in a paragraph of Word: words, signs, small letters, blanks, what nobody sees."""

from __future__ import annotations

import re
from collections.abc import Callable
from xml.etree.ElementTree import Element

from app.questions.formats import assembling, formulas, plain
from app.questions.formats.word.numbering import DEEPEST_STYLE, W, counted, is_on, value

_SMALL = {"superscript": formulas.raised, "subscript": formulas.lowered}
_RED = re.compile(r"[C-F][0-9A-F](?:[0-4][0-9A-F]){2}")
_RINGED = re.compile(r"\beq\s*\\o\s*\\ac\s*\(\s*[○◯〇Ｏ]?\s*[,，]\s*(\d{1,2})\s*\)", re.IGNORECASE)
# Signs of fonts that have pictures for letters: ticks, crosses and boxes.
_SYMBOLS = {
    "wingdings": {0xFC: "√", 0xFB: "×", 0xFE: "☑", 0xFD: "☒", 0xA8: "□", 0x6F: "□", 0x6C: "●",
                  0xA1: "○", **{0x81 + n: chr(0x2460 + n) for n in range(10)}},
    "wingdings 2": {0x50: "√", 0x4F: "×", 0x52: "☑", 0x54: "☒", 0xA3: "□", 0x2A: "□",
                    **{0x6A + n: chr(0x2460 + n) for n in range(10)}},
    "symbol": {0xD6: "√", 0xB4: "×", 0xB3: "≥", 0xA3: "≤", 0xB1: "±", 0xB8: "÷", 0xB9: "≠",
               0xB0: "°", 0xA5: "∞", 0xAE: "→", 0x70: "π", 0x61: "α", 0x62: "β", 0x6D: "μ",
               0x57: "Ω", 0x44: "Δ", 0x53: "Σ", 0x71: "θ", 0x6C: "λ"},
}  # fmt: skip


def symbol(run: Element) -> str:
    """A sign out of a font of signs; "" for one that has no letter here."""
    code = run.get(f"{W}char", "")
    at = int(code, 16) if re.fullmatch(r"[0-9A-Fa-f]{1,5}", code) else 0
    known = _SYMBOLS.get(run.get(f"{W}font", "").lower())
    if known is not None:
        return known.get(at & 0xFF, "")
    return chr(at) if 0x20 <= at < 0xD800 else ""


def ringed(code: str) -> str:
    """A number in a ring that a field draws, as the menu 带圈字符 makes it: ①."""
    found = _RINGED.search(code)
    return counted(int(found[1]), "decimalEnclosedCircle") if found else ""


def small_runs(paragraph: Element) -> dict[int, Callable[[str], str]]:
    """Texts that stand above or below the line, by what writes them so."""
    found: dict[int, Callable[[str], str]] = {}
    for run in paragraph.iter(f"{W}r"):
        place = value(run.find(f"{W}rPr/{W}vertAlign"))
        if place in _SMALL:
            found.update((id(text), _SMALL[place]) for text in run.iter(f"{W}t"))
    return found


def red_texts(paragraph: Element) -> set[int]:
    """Texts in red or behind a marker pen: in many papers these are the right answers."""
    found: set[int] = set()
    for run in paragraph.iter(f"{W}r"):
        colour = value(run.find(f"{W}rPr/{W}color")).upper()
        marked = value(run.find(f"{W}rPr/{W}highlight"), "none")
        if _RED.fullmatch(colour) or marked not in {"none", "white"}:
            found.update(id(text) for text in run.iter(f"{W}t"))
    return found


class Hidden:
    """Which runs nobody sees on paper; answers that are hidden so are taken all the same."""

    def __init__(self, styles: Element | None) -> None:
        all_styles = list(styles.iter(f"{W}style")) if styles is not None else []
        based = {s.get(f"{W}styleId", ""): value(s.find(f"{W}basedOn")) for s in all_styles}
        own = {s.get(f"{W}styleId", ""): s.find(f"{W}rPr/{W}vanish") for s in all_styles}

        def hides(name: str) -> bool:
            for _depth in range(DEEPEST_STYLE):
                if own.get(name) is not None or name not in based:
                    break
                name = based[name]
            return is_on(own.get(name))

        self.styles = {name for name in based if hides(name)}

    def runs(self, paragraph: Element) -> list[list[Element]]:
        """Hidden runs, those together that stand side by side."""
        of_style = value(paragraph.find(f"{W}pPr/{W}pStyle")) in self.styles
        groups: list[list[Element]] = []
        beside = False
        for run in paragraph.iter(f"{W}r"):
            own = run.find(f"{W}rPr/{W}vanish")
            named = value(run.find(f"{W}rPr/{W}rStyle")) in self.styles
            hidden = is_on(own) if own is not None else of_style or named
            if hidden and beside:
                groups[-1].append(run)
            elif hidden:
                groups.append([run])
            beside = hidden
        return groups

    def is_end(self, paragraph: Element) -> bool:
        """Whether the end of a paragraph is hidden, so that the next one goes on in its line."""
        own = paragraph.find(f"{W}pPr/{W}rPr/{W}vanish")
        if own is not None:
            return is_on(own)
        return value(paragraph.find(f"{W}pPr/{W}pStyle")) in self.styles

    @staticmethod
    def is_answer(said: str) -> bool:
        """Whether hidden words are what takers may not see: “答案：B”, “√”, “AC”."""
        plain_text = said.strip(" 　()（）【】[]")
        return (
            plain.says_answer(said)
            or assembling.letters(plain_text) is not None
            or assembling.truth(plain_text) is not None
        )


def words(runs: list[Element]) -> str:
    return "".join(text.text or "" for run in runs for text in run.iter(f"{W}t"))


def blanks(paragraph: Element, text: str) -> str:
    """Underlined spaces are a blank to fill in, as everybody makes them in Word; underlined words
    may be what was filled in, and are marked as such."""
    for run in paragraph.iter(f"{W}r"):
        line = run.find(f"{W}rPr/{W}u")
        said = "".join(t.text or "" for t in run.iter(f"{W}t"))
        if line is not None and value(line, "none") != "none" and said and not said.strip():
            text = text.replace(said, "____", 1) if len(said) > 1 else text
        elif line is not None and value(line, "none") != "none" and text.find(said) > 0:
            text = text.replace(said, f"{plain.FILLED[0]}{said}{plain.FILLED[1]}", 1)
    return text.replace(plain.FILLED[1] + plain.FILLED[0], "")
