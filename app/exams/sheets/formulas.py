"""Formulas on paper: TeX as a drawing for PDF (ziamath) and as an equation of Word (omml).

What neither can draw stays as it was written: a paper is printed all the same.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache, lru_cache
from html import unescape
from typing import Any
from xml.etree.ElementTree import Element, tostring

from app.exams.sheets.block import FONT

LONGEST = 600  # characters; the time to draw one grows faster than its length
DEEPEST = 8  # shapes within one another that are drawn; each takes about three times as long
MM = 25.4 / 72  # of a point
_UNKNOWN = re.compile(r"\\[A-Za-z]")
_PLAIN = {"math", "mrow", "mstyle", "mpadded", "mtr", "mtd"}
# Environments that the reader of TeX knows by another name.
_NAMED = {"aligned": "align*", "gathered": "align*", "dcases": "cases", "split": "align*"}
_ENVIRONMENT = re.compile(rf"\\(begin|end)\{{({'|'.join(_NAMED)})\}}")

# Where a formula that is too long for a line is torn: before these, outside of all brackets.
_TEARS = set("=<>+-") | {
    f"\\{name}"
    for name in (
        *("le", "leq", "ge", "geq", "ne", "neq", "approx", "equiv", "to", "in"),
        *("Rightarrow", "rightarrow", "Leftrightarrow", "times", "cdot", "quad", "qquad"),
    )
}
_SIGN = re.compile(r"\\[A-Za-z]+|\\.|.", re.DOTALL)
_INTO = {"{", r"\left", r"\begin"}
_OUT_OF = {"}", r"\right", r"\end"}


@dataclass(frozen=True)
class Drawing:
    """A formula as SVG, in mm: how wide, how far above and how far below the line of the text."""

    svg: bytes
    width: float
    above: float
    below: float


def tree(tex: str) -> Element | None:
    """A formula as MathML; None when something in it is not understood."""
    from latex2mathml.converter import convert_to_element

    if not tex.strip() or len(tex) > LONGEST:
        return None
    tex = _ENVIRONMENT.sub(lambda m: f"\\{m[1]}{{{_NAMED[m[2]]}}}", tex)
    try:
        found: Element = convert_to_element(tex)
        nodes = list(found.iter())
    except (RecursionError, Exception):  # a reader of anything that people type
        return None
    for node in nodes:
        node.text = unescape(node.text) if node.text else None
        if node.text and _UNKNOWN.match(node.text):
            return None
    return found


def torn(tex: str) -> list[str]:
    """A long formula in parts that begin with a sign of it, for several lines."""
    parts, depth, before = [""], 0, "^"
    for sign in _SIGN.findall(tex):
        if depth == 0 and sign in _TEARS and before not in _TEARS | {"^", "_"}:
            parts.append("")
        depth += (sign in _INTO) - (sign in _OUT_OF)
        parts[-1] += sign
        before = before if sign.isspace() else sign
    return parts


def _depth(node: Element) -> int:
    """How many shapes stand within one another; rows and cells are none, brackets are."""
    inside = max((_depth(child) for child in node), default=0)
    is_fenced = len(node) > 0 and node[0].get("fence") == "true"
    return inside + (len(node) > 0 and (is_fenced or node.tag not in _PLAIN))


@lru_cache(maxsize=512)
def drawing(tex: str, size: int, *, block: bool = False) -> Drawing | None:
    """A formula drawn for text of so many points; None when it cannot be drawn.

    Fractions are as large as in a line of their own, as on the papers of schools.
    """
    understood = tree(tex)
    if understood is None or _depth(understood) > DEEPEST:
        return None
    from ziamath.config import config
    from ziamath.zmath import Latex

    inline = not block and "\\frac" not in tex
    config.svg2 = False  # no <symbol>: each sign is a path
    try:
        drawn = Latex(tex, size=size, font=_font(), inline=inline, margin=0.2)
        svg = drawn.svgxml()
    except (RecursionError, Exception):
        return None
    _left, top, width, height = (float(n) for n in svg.attrib["viewBox"].split())
    if width <= 0 or height <= 0:  # nothing is to be seen in it: {}
        return None
    data: bytes = tostring(svg)
    return Drawing(data, width * MM, -top * MM, (height + top) * MM)


@cache
def _font() -> str:
    """Makes the signs that the mathematical font lacks, as Chinese, those of our text font."""
    from ziafont.font import Font
    from ziamath import zmath
    from ziamath.mathfont import MathFont

    text = Font(FONT)

    class WithChinese(MathFont):
        def findglyph(self, char: str, variant: Any) -> Any:
            has = self.glyphindex(char) or not text.glyphindex(char)
            return super().findglyph(char, variant) if has else text.glyph(char)

    zmath.loadedfonts["weike"] = WithChinese(zmath.loadedfonts["default"].info.filename)
    return "weike"
