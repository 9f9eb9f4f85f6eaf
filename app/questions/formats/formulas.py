"""Small letters above and below a line, and the formulas of Word, as this bank writes them."""

from __future__ import annotations

import re
from collections.abc import Iterable
from xml.etree.ElementTree import Element

_HIGH = dict(
    zip(
        "0123456789+-−=()niabcdeghjkmoprstuvwxyz",
        "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁻⁼⁽⁾ⁿⁱᵃᵇᶜᵈᵉᵍʰʲᵏᵐᵒᵖʳˢᵗᵘᵛʷˣʸᶻ",
        strict=True,
    )
)
_LOW = dict(
    zip("0123456789+-−=()aehijklmnoprstuvx", "₀₁₂₃₄₅₆₇₈₉₊₋₋₌₍₎ₐₑₕᵢⱼₖₗₘₙₒₚᵣₛₜᵤᵥₓ", strict=True)
)
_SIGNS = {"×": r"\times ", "÷": r"\div ", "≤": r"\le ", "≥": r"\ge ", "≠": r"\ne ", "π": r"\pi "}
_SIGNS |= {"γ": r"\gamma ", "δ": r"\delta ", "ε": r"\varepsilon ", "λ": r"\lambda ", "μ": r"\mu "}
_SIGNS |= {"ρ": r"\rho ", "σ": r"\sigma ", "φ": r"\varphi ", "ω": r"\omega ", "τ": r"\tau "}
_SIGNS |= {"Δ": r"\Delta ", "Σ": r"\Sigma ", "Ω": r"\Omega ", "Θ": r"\Theta ", "Φ": r"\Phi "}
_SIGNS |= {"α": r"\alpha ", "β": r"\beta ", "θ": r"\theta ", "∞": r"\infty ", "±": r"\pm "}
_SIGNS |= {
    "→": r"\to ",
    "⇒": r"\Rightarrow ",
    "∈": r"\in ",
    "≈": r"\approx ",
    "−": "-",
    "·": r"\cdot ",
}
SUMS = {"∑": r"\sum", "∏": r"\prod", "∫": r"\int", "∬": r"\iint", "∮": r"\oint"}
SUMS |= {"⋃": r"\bigcup", "⋂": r"\bigcap"}
ACCENTS = {"\u0302": r"\hat", "\u20d7": r"\vec", "\u0305": r"\bar", "\u0304": r"\bar"}
ACCENTS |= {"\u0307": r"\dot", "\u0308": r"\ddot", "\u0303": r"\tilde"}
FENCES = {"{": r"\{", "}": r"\}", "⟨": r"\langle", "⟩": r"\rangle", "‖": r"\|"}
FENCES |= {"⌈": r"\lceil", "⌉": r"\rceil", "⌊": r"\lfloor", "⌋": r"\rfloor"}
_FUNCTIONS = {"sin", "cos", "tan", "cot", "sec", "csc", "arcsin", "arccos", "arctan", "log", "ln"}
_FUNCTIONS |= {"lg", "lim", "max", "min", "exp", "sinh", "cosh", "tanh", "gcd", "det", "sup", "inf"}
_WORDS = re.compile(r"[\u2e80-\uffef]")
_SPECIAL = re.compile(r"[\\{}$%#&_^~]")


def raised(text: str) -> str:
    """What stands above the line: 10 and 2 → 10²; what has no such letters becomes a formula."""
    return _small(text, _HIGH, "^")


def lowered(text: str) -> str:
    """What stands below the line: H and 2 → H₂."""
    return _small(text, _LOW, "_")


def _small(text: str, letters: dict[str, str], sign: str) -> str:
    said = text.strip()
    if not said:
        return text
    if all(letter in letters for letter in said):
        return "".join(letters[letter] for letter in said)
    return f"${sign}{{\\text{{{_SPECIAL.sub('', said)}}}}}$"


def formula(drawn: Element) -> str:
    """A formula of Word (m:oMath) as one that this bank draws; "" for an empty one."""
    said = _latex(drawn).strip()
    return f"${said}$" if said else ""


def _latex(node: Element) -> str:
    name = _name(node)
    if name == "t":
        return letters(node.text or "")
    if name.endswith("Pr"):
        return ""
    if name in {"m", "eqArr"}:
        return _matrix(node)
    if name == "d":
        return _fenced(node)
    shape = _SHAPES.get(name)
    if shape is None:
        return _joined(node)
    # Every part is read once: read twice, a formula within formulas would double with each.
    return shape(node, {_name(child): _latex(child) for child in node})


def letters(text: str) -> str:
    """Letters and signs of a formula as TeX writes them."""
    text = _SPECIAL.sub(lambda m: "" if m[0] == "\\" else f"\\{m[0]}", text)
    if text.strip() in _FUNCTIONS:
        return f"\\{text.strip()} "
    said = "".join(_SIGNS.get(letter, letter) for letter in text)
    return f"\\text{{{said}}}" if _WORDS.search(said) else said


def _name(node: Element) -> str:
    return str(node.tag).rsplit("}", 1)[-1]


def _function(_node: Element, inside: dict[str, str]) -> str:
    return f"{inside.get('fName', '')} {inside.get('e', '')}"


def _fraction(node: Element, inside: dict[str, str]) -> str:
    top, below = inside.get("num", ""), inside.get("den", "")
    if _told(node, "type") == "noBar":
        return f"{{{top} \\atop {below}}}"
    return f"\\frac{{{top}}}{{{below}}}"


def _root(_node: Element, inside: dict[str, str]) -> str:
    degree, base = inside.get("deg", ""), inside.get("e", "")
    return f"\\sqrt[{degree}]{{{base}}}" if degree else f"\\sqrt{{{base}}}"


def _scripts(node: Element, inside: dict[str, str]) -> str:
    low, high = inside.get("sub", ""), inside.get("sup", "")
    small = f"{f'_{{{low}}}' if low else ''}{f'^{{{high}}}' if high else ''}"
    base = inside.get("e", "").strip()
    if _name(node) == "sPre":
        return f"{{}}{small}{base}"
    return f"{base}{small}" if base[1:] in _FUNCTIONS else f"{{{base}}}{small}"


def _sum(node: Element, inside: dict[str, str]) -> str:
    sign = _told(node, "chr") or "∫"
    low, high = inside.get("sub", ""), inside.get("sup", "")
    small = f"{f'_{{{low}}}' if low else ''}{f'^{{{high}}}' if high else ''}"
    return f"{SUMS.get(sign, sign)}{small}{{{inside.get('e', '')}}}"


def _accent(node: Element, inside: dict[str, str]) -> str:
    mark = ACCENTS.get(_told(node, "chr") or "\u0302", r"\hat")
    base = inside.get("e", "")
    wide = {r"\hat": r"\widehat", r"\vec": r"\overrightarrow", r"\bar": r"\overline"}
    return f"{wide.get(mark, mark) if len(base) > 1 else mark}{{{base}}}"


def _bar(node: Element, inside: dict[str, str]) -> str:
    mark = r"\overline" if _told(node, "pos") == "top" else r"\underline"
    return f"{mark}{{{inside.get('e', '')}}}"


def _limit(node: Element, inside: dict[str, str]) -> str:
    base, said = inside.get("e", "").strip(), inside.get("lim", "")
    if base[1:] in _FUNCTIONS:
        return f"{base}{'_' if _name(node) == 'limLow' else '^'}{{{said}}}"
    return f"\\{'under' if _name(node) == 'limLow' else 'over'}set{{{said}}}{{{base}}}"


def _group(node: Element, inside: dict[str, str]) -> str:
    sign, base = _told(node, "chr") or "⏟", inside.get("e", "")
    mark = {"⏞": r"\overbrace", "→": r"\overrightarrow", "⏟": r"\underbrace"}.get(sign, "")
    return f"{mark}{{{base}}}" if mark else base


def _boxed(_node: Element, inside: dict[str, str]) -> str:
    return f"\\boxed{{{inside.get('e', '')}}}"


_SHAPES = {
    "func": _function,
    "f": _fraction,
    "rad": _root,
    **dict.fromkeys(("sSup", "sSub", "sSubSup", "sPre"), _scripts),
    "nary": _sum,
    "acc": _accent,
    "bar": _bar,
    **dict.fromkeys(("limLow", "limUpp"), _limit),
    "groupChr": _group,
    "borderBox": _boxed,
}


def _fenced(node: Element) -> str:
    """What stands in brackets, bars or braces, with those that it has."""
    about = next((child for child in node if _name(child) == "dPr"), None)
    signs = {
        _name(each): "".join(each.attrib.values()) for each in (() if about is None else about)
    }
    opens, closes = signs.get("begChr", "("), signs.get("endChr", ")")
    parts = [child for child in node if _name(child) == "e"]
    inside = signs.get("sepChr", "|").join(_latex(part) for part in parts)
    tall = any(_name(each) in {"f", "m", "eqArr", "nary", "rad"} for each in node.iter())
    if (opens, closes) == ("{", "") and len(parts) == 1:
        table = next((each for each in parts[0] if _name(each) in {"m", "eqArr"}), None)
        if table is not None and len(parts[0]) == 1:
            return f"\\begin{{cases}}{_rows(table)}\\end{{cases}}"
    if (opens, closes) == ("(", ")") and not tall:
        return f"({inside})"
    before, behind = (FENCES.get(sign, sign or ".") for sign in (opens, closes))
    return f"\\left{before} {inside}\\right{behind}"


def _matrix(node: Element) -> str:
    return f"\\begin{{matrix}}{_rows(node)}\\end{{matrix}}"


def _rows(node: Element) -> str:
    rows = [child for child in node if _name(child) in {"mr", "e"}]
    said = (
        " & ".join(_latex(cell) for cell in row) if _name(row) == "mr" else _latex(row)
        for row in rows
    )
    return r" \\ ".join(said)


def _told(node: Element, name: str) -> str:
    """What the properties of a shape say of themselves."""
    about = next((child for child in node if _name(child).endswith("Pr")), None)
    each = next((e for e in (() if about is None else about) if _name(e) == name), None)
    return "" if each is None else "".join(each.attrib.values())


def _joined(nodes: Iterable[Element]) -> str:
    return "".join(_latex(node) for node in nodes)
