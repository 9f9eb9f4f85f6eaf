"""Formulas as equations of Word: MathML as OMML (ECMA-376 part 1, chapter 22.1)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from xml.etree.ElementTree import Element, SubElement

M = "http://schemas.openxmlformats.org/officeDocument/2006/math"
_SUMS = set("∑∏∫∬∭∮⋃⋂⋁⋀∐")
_ACCENTS = {
    "^": "\u0302",
    "ˆ": "\u0302",
    "~": "\u0303",
    "→": "\u20d7",
    "˙": "\u0307",
    "¨": "\u0308",
}
_BRACES = {"⏞": "top", "⏟": "bot"}
_BARS = set("―‾¯_")
_CLOSES_SUM = set("=<>≤≥≠≈+−-,;→⇒⇔")
_OPENS = set("([{|‖⟨")
_LIMITS = {"lim", "max", "min", "sup", "inf", "limsup", "liminf", "argmax", "argmin"}
_FUNCTIONS = _LIMITS | {"log", "lg", "ln", "exp", "sin", "cos", "tan", "cot", "sec", "csc", "gcd"}
_SCRIPTS = {"msub", "msup", "msubsup", "munder", "mover", "munderover"}
_SPACES = {"newline": "\n"}


def equation(tree: Element) -> Element:
    """A formula (a `math` element without namespaces) as m:oMath."""
    found = Element(f"{{{M}}}oMath")
    _put(found, _rows_of(tree))
    return found


def _name(node: Element) -> str:
    return str(node.tag).rpartition("}")[2]


def _rows_of(node: Element) -> list[Element]:
    """What stands in a row: its children, those of rows without a meaning of their own taken up."""
    found: list[Element] = []
    for child in node:
        if _name(child) in {"mrow", "mstyle", "mpadded", "semantics", "math"} and not _fence(child):
            found += _rows_of(child)
        else:
            found.append(child)
    return found


def _fence(node: Element) -> bool:
    first = node[0] if len(node) else None
    return first is not None and first.get("fence") == "true" and first.get("form") == "prefix"


def _put(parent: Element, nodes: Sequence[Element]) -> None:
    at = 0
    while at < len(nodes):
        node = nodes[at]
        at += 1
        if _sum_sign(node):
            end = at
            while end < len(nodes) and (nodes[end].text or "") not in _CLOSES_SUM:
                end += 1
            _sum(parent, node, nodes[at:end])
            at = end
        elif _name(node) in _SCRIPTS and len(node) and _word(node[0]) in _FUNCTIONS:
            end = _operand(nodes, at)
            _function(parent, node, nodes[at:end])
            at = end
        elif _name(node) in {"msub", "msup", "msubsup"} and _is_bare(node) and at < len(nodes):
            _before(parent, node, nodes[at])
            at += 1
        elif node.get("form") == "prefix" and node.get("fence") == "true":
            end = _closing(nodes, at)
            _fenced(parent, node, nodes[at:end], nodes[end] if end < len(nodes) else None)
            at = end + 1
        elif _bracketed(nodes[at - 1 : at + 2]):
            _fenced(parent, node, nodes[at : at + 1], nodes[at + 1])
            at += 2
        else:
            _one(parent, node)


def _word(node: Element) -> str:
    return "".join(node.itertext()).strip()


def _is_bare(node: Element) -> bool:
    """Whether small signs stand at nothing, as those of an isotope before its letter."""
    return len(node) > 1 and not _word(node[0])


def _operand(nodes: Sequence[Element], at: int) -> int:
    """Where what a function is of ends: one thing, or what stands in brackets; none of a sign."""
    if at >= len(nodes):
        return at
    if (nodes[at].text or "") == "(" and nodes[at].get("fence") != "true":
        depth = 0
        for place in range(at, len(nodes)):
            depth += {"(": 1, ")": -1}.get(nodes[place].text or "", 0)
            if depth == 0:
                return place + 1
        return at
    return at if _name(nodes[at]) == "mo" else at + 1


def _function(parent: Element, node: Element, of: Sequence[Element]) -> None:
    """lim, log … with what is below or above them, and what they are of."""
    holder = parent
    if of:
        whole = _sub(parent, "func")
        holder = _sub(whole, "fName")
        _put(_sub(whole, "e"), of)
    if _name(node) == "msub" and _word(node[0]) in _LIMITS:
        shape = _sub(holder, "limLow")
        _run(_sub(shape, "e"), _word(node[0]), upright=True)
        _part(shape, "lim", node[1])
    else:
        _one(holder, node)


def _before(parent: Element, node: Element, what: Element) -> None:
    """Small signs before a letter."""
    shape = _sub(parent, "sPre")
    _part(shape, "sub", node[1] if _name(node) != "msup" else None)
    _part(shape, "sup", node[-1] if _name(node) != "msub" else None)
    _part(shape, "e", what)


def _bracketed(nodes: Sequence[Element]) -> bool:
    """Whether brackets stand around a table or a binomial, which they must be as high as."""
    if len(nodes) < 3 or (nodes[0].text or "") not in _OPENS or _name(nodes[2]) != "mo":
        return False
    return _name(nodes[1]) == "mtable" or nodes[1].get("linethickness") == "0"


def _closing(nodes: Sequence[Element], at: int) -> int:
    depth = 1
    for place in range(at, len(nodes)):
        if nodes[place].get("fence") == "true":
            depth += {"prefix": 1, "postfix": -1}.get(nodes[place].get("form", ""), 0)
        if depth == 0:
            return place
    return len(nodes)


def _sub(parent: Element, name: str, **values: str) -> Element:
    return SubElement(parent, f"{{{M}}}{name}", {f"{{{M}}}{k}": v for k, v in values.items()})


def _part(parent: Element, name: str, node: Element | None) -> None:
    holder = _sub(parent, name)
    if node is not None:
        _put(holder, _rows_of(node) if _name(node) in {"mrow", "mstyle", "mtd"} else [node])


def _run(parent: Element, text: str, *, upright: bool = False) -> None:
    run = _sub(parent, "r")
    if upright:
        _sub(_sub(run, "rPr"), "sty", val="p")
    words = _sub(run, "t")
    words.text = text
    words.set("{http://www.w3.org/XML/1998/namespace}space", "preserve")


def _sum_sign(node: Element) -> bool:
    parts = _name(node) in {"msub", "msup", "msubsup", "munder", "mover", "munderover"}
    return parts and len(node) > 0 and (node[0].text or "") in _SUMS


def _sum(parent: Element, node: Element, rest: Sequence[Element]) -> None:
    """∑ and ∫ with what they stand before."""
    name = _name(node)
    nary = _sub(parent, "nary")
    about = _sub(nary, "naryPr")
    sign = node[0].text or "∑"
    _sub(about, "chr", val=sign)
    _sub(about, "limLoc", val="subSup" if sign in "∫∬∭∮" else "undOvr")
    low = node[1] if name in {"msub", "munder", "msubsup", "munderover"} else None
    high = node[-1] if name in {"msup", "mover", "msubsup", "munderover"} else None
    _sub(about, "subHide", val="0" if low is not None else "1")
    _sub(about, "supHide", val="0" if high is not None else "1")
    _part(nary, "sub", low)
    _part(nary, "sup", high)
    _put(_sub(nary, "e"), rest)


def _fenced(
    parent: Element, opens: Element, inside: Sequence[Element], closes: Element | None
) -> None:
    fenced = _sub(parent, "d")
    about = _sub(fenced, "dPr")
    _sub(about, "begChr", val=_sign(opens))
    _sub(about, "endChr", val=_sign(closes))
    _put(_sub(fenced, "e"), inside)


def _sign(node: Element | None) -> str:
    text = "" if node is None else node.text or ""
    return "" if text == "." else text


def _one(parent: Element, node: Element) -> None:  # noqa: C901 - one branch for each shape
    name, text = _name(node), node.text or ""
    if name in {"mi", "mn", "mo", "mtext", "ms"}:
        _run(parent, text, upright=name == "mtext" or _upright(node))
    elif name == "mspace":
        _run(parent, _SPACES.get(node.get("linebreak", ""), " "))
    elif name == "mfrac":
        fraction = _sub(parent, "f")
        if node.get("linethickness") == "0":
            _sub(_sub(fraction, "fPr"), "type", val="noBar")
        _part(fraction, "num", node[0])
        _part(fraction, "den", node[1])
    elif name == "msqrt":
        root = _sub(parent, "rad")
        _sub(_sub(root, "radPr"), "degHide", val="1")
        _sub(root, "deg")
        _put(_sub(root, "e"), _rows_of(node))
    elif name == "mroot":
        root = _sub(parent, "rad")
        _part(root, "deg", node[1])
        _part(root, "e", node[0])
    elif name in {"msub", "msup", "msubsup"}:
        shape = _sub(parent, {"msub": "sSub", "msup": "sSup", "msubsup": "sSubSup"}[name])
        for part, child in zip(
            {"msub": ("e", "sub"), "msup": ("e", "sup")}.get(name, ("e", "sub", "sup")),
            node,
            strict=False,
        ):
            _part(shape, part, child)
    elif name in {"munder", "mover", "munderover"}:
        _above_and_below(parent, node)
    elif name == "mtable":
        _table(parent, node)
    elif name == "menclose":
        _put(_sub(_sub(parent, "borderBox"), "e"), _rows_of(node))
    elif name not in {"mphantom", "annotation", "annotation-xml", "none"}:
        _put(parent, _rows_of(node))


def _upright(node: Element) -> bool:
    """Signs with a letter of their own, and words such as sin, stand upright."""
    return node.get("mathvariant") == "normal" or (_name(node) == "mi" and len(node.text or "") > 1)


def _above_and_below(parent: Element, node: Element) -> None:
    name, sign = _name(node), (node[-1].text or "").strip()
    if name == "mover" and sign in _BARS:
        bar = _sub(parent, "bar")
        _sub(_sub(bar, "barPr"), "pos", val="top")
        _part(bar, "e", node[0])
    elif name == "munder" and sign in _BARS:
        bar = _sub(parent, "bar")
        _sub(_sub(bar, "barPr"), "pos", val="bot")
        _part(bar, "e", node[0])
    elif name == "mover" and sign in _ACCENTS:
        accent = _sub(parent, "acc")
        _sub(_sub(accent, "accPr"), "chr", val=_ACCENTS[sign])
        _part(accent, "e", node[0])
    elif sign in _BRACES:
        braced, place = _sub(parent, "groupChr"), _BRACES[sign]
        about = _sub(braced, "groupChrPr")
        _sub(about, "chr", val=sign)
        _sub(about, "pos", val=place)
        _sub(about, "vertJc", val="bot" if place == "top" else "top")
        _part(braced, "e", node[0])
    elif name == "munderover":
        high = _sub(parent, "limUpp")
        low = _sub(_sub(high, "e"), "limLow")
        _part(low, "e", node[0])
        _part(low, "lim", node[1])
        _part(high, "lim", node[2])
    else:
        shape = _sub(parent, "limUpp" if name == "mover" else "limLow")
        _part(shape, "e", node[0])
        _part(shape, "lim", node[1])


def _table(parent: Element, node: Element) -> None:
    rows: list[list[Any]] = [list(row) for row in node]
    table = _sub(parent, "m")
    columns = _sub(_sub(_sub(_sub(table, "mPr"), "mcs"), "mc"), "mcPr")
    _sub(columns, "count", val=str(max((len(row) for row in rows), default=1)))
    _sub(columns, "mcJc", val="left")
    for row in rows:
        line = _sub(table, "mr")
        for cell in row:
            _put(_sub(line, "e"), _rows_of(cell))
