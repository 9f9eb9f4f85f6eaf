"""Elements of QTI under one set of names, what they declare, and their content as Markdown."""

from __future__ import annotations

import re
from decimal import Decimal, InvalidOperation
from html import escape
from xml.etree.ElementTree import Element

from app.questions.formats import archive
from app.questions.formats.facts import (
    Item,
)
from app.questions.formats.hypertext import to_line, to_markdown
from app.questions.rules import NEAR_ENOUGH, plain_number
from app.questions.types import gaps

OURS = "weike:"
LITERAL = "weike-literal"  # between a backslash and a bracket that begin no formula
_APART = "\ue005"

# What stands in an item and is not shown before it is answered, or is taken along elsewhere.
HIDDEN = {"rubricBlock", "feedbackInline", "feedbackBlock", "gapText", "gapImg"}
HIDDEN |= {"apipAccessibility", "companionMaterialsIn", "stylesheet", "catalogInfo", "apart"}
_TAGS = {"prompt": "p", "hottext": "span", "contentBody": "div", "templateBlock": "div"}
_TAGS |= {"stimulusBody": "div", "templateInline": "span", "infoControl": "div"}
INTERACTIONS = re.compile(r"^[a-zA-Z]+Interaction$")


class Node:
    """An element with the names of version 2, whatever its own version."""

    def __init__(self, element: Element) -> None:
        self.name = _camel(archive.local(element))
        self.attributes = {_camel(str(k).rpartition("}")[2]): v for k, v in element.attrib.items()}
        self.text = element.text or ""
        self.tail = element.tail or ""
        self.line = archive.line_of(element)
        self.children = [Node(child) for child in element if isinstance(child.tag, str)]

    def get(self, name: str, default: str = "") -> str:
        return self.attributes.get(name, default)

    def walk(self) -> list[Node]:
        found = [self]
        for child in self.children:
            found += child.walk()
        return found

    def all(self, name: str) -> list[Node]:
        return [node for node in self.walk() if node.name == name]

    def first(self, name: str) -> Node | None:
        return next((node for node in self.walk() if node.name == name), None)

    @property
    def words(self) -> str:
        return (self.text + "".join(child.words + child.tail for child in self.children)).strip()


def as_node(element: Element) -> Node:
    return Node(element)


def _camel(name: str) -> str:
    first, *rest = name.removeprefix("qti-").split("-")
    return first + "".join(part.capitalize() for part in rest)


def _worth_of(text: str) -> str:
    try:
        worth = Decimal(text.strip())
    except InvalidOperation:
        return "0"
    return plain_number(min(Decimal(1), max(Decimal(0), worth))) if worth.is_finite() else "0"


class Declared:
    """What one response declaration says of the right answer.

    A mapping gives points; here they are shares of the mark: of all points together when several
    answers may be given, else of the most. `default` is for what the mapping does not name.
    """

    def __init__(self, node: Node) -> None:
        self.many = node.get("cardinality") == "multiple"
        self.base = node.get("baseType")
        correct = node.first("correctResponse")
        self.correct = [value.words for value in correct.all("value")] if correct else []
        areas = node.all("areaMapEntry")
        whole = _whole([_points_of(entry, "mappedValue") for entry in areas], many=False)
        self.areas = [
            (
                entry.get("shape"),
                entry.get("coords"),
                _worth_of(str(_points_of(entry, "mappedValue") / whole)),
            )
            for entry in areas
        ]
        given = {e.get("mapKey"): _points_of(e, "mappedValue") for e in node.all("mapEntry")}
        whole = _whole(list(given.values()), many=self.many)
        self.mapped = {key: _share_of(points, whole) for key, points in given.items()}
        self.case = any(e.get("caseSensitive") == "true" for e in node.all("mapEntry"))
        mapping = node.first("mapping")
        self.default = _share_of(_points_of(mapping, "defaultValue"), whole) if mapping else "0"


def _points_of(node: Node, name: str) -> Decimal:
    try:
        points = Decimal(node.get(name, "0").strip())
    except InvalidOperation:
        return Decimal(0)
    return points if points.is_finite() and abs(points) < 1_000_000 else Decimal(0)


def _whole(points: list[Decimal], *, many: bool) -> Decimal:
    """The points that are the whole mark; 1 where they are shares already, or there are none."""
    right = [each for each in points if each > 0]
    whole = (sum(right, Decimal(0)) if many else max(right)) if right else Decimal(1)
    return Decimal(1) if abs(whole - 1) <= NEAR_ENOUGH else whole


def _share_of(points: Decimal, whole: Decimal) -> str:
    share = points if whole == 1 else (points / whole).quantize(Decimal("0.00001"))
    return plain_number(max(Decimal(-1), share))


def as_markdown(html: str, item: Item, line: int = 0) -> str:
    return _told(to_markdown(html), item, line)


def _told(found: tuple[str, list[str]], item: Item, line: int) -> str:
    text, notes = found[0].replace(_APART, ""), found[1]
    for note in notes:
        if not any(problem.what == note for problem in item.problems):
            item.note(note, line=line)
    return text


def as_html(node: Node, declared: dict[str, Declared], item: Item) -> str:
    """The content of a node as HTML, with its inline interactions as [[gaps]]."""
    parts = [escape(node.text, quote=False)]
    inline = len([n for n in node.walk() if n.name == "textEntryInteraction"])
    for child in node.children:
        if child.name in HIDDEN or child.get("class") == "weike-material":
            pass
        elif child.get("class") == LITERAL:
            parts.append(_APART)
        elif child.name in {"gapMatchInteraction", "hottextInteraction"}:
            if child.name == "gapMatchInteraction":
                _fill(child, declared)
            parts.append(f"<div>{as_html(child, declared, item)}</div>")
        elif child.name == "inlineChoiceInteraction":
            parts.append(_choice_gap(child, declared))
        elif child.name == "textEntryInteraction":
            parts.append(_text_gap(child, declared) if inline else "")
        elif INTERACTIONS.match(child.name):
            prompt = child.first("prompt")
            parts.append(f"<p>{as_html(prompt, declared, item)}</p>" if prompt else "")
        elif child.name in {"object", "audio", "source"} and not child.get("type").startswith(
            "image"
        ):
            source = escape(child.get("src") or child.get("data"))
            parts.append(f'<audio src="{source}"></audio>' if source else as_html(child, {}, item))
        elif child.name in {"img", "object", "br", "hr"}:
            source = escape(child.get("src") or child.get("data"))
            tag = "img" if child.name == "object" else child.name
            words = escape(child.get("alt") or child.words)
            parts.append(f'<{tag} src="{source}" alt="{words}">')
        elif child.name == "math":
            parts.append(_as_it_is(child))
        else:
            tag = _TAGS.get(child.name, child.name)
            parts.append(f"<{tag}>{as_html(child, declared, item)}</{tag}>")
        parts.append(escape(child.tail, quote=False))
    return "".join(parts)


def _as_it_is(node: Node) -> str:
    said = "".join(f' {key}="{escape(value)}"' for key, value in node.attributes.items())
    inside = "".join(_as_it_is(child) + escape(child.tail, quote=False) for child in node.children)
    return f"<{node.name}{said}>{escape(node.text, quote=False)}{inside}</{node.name}>"


def offered_words(node: Node, item: Item) -> str:
    """What stands to choose from: words, formulas and pictures."""
    return _told(to_line(as_html(node, {}, item)), item, node.line)


def _choice_gap(node: Node, declared: dict[str, Declared]) -> str:
    said = declared.get(node.get("responseIdentifier"))
    parts = []
    for choice in node.all("inlineChoice"):
        token = choice.get("identifier")
        worth = worth_in(said, token)
        mark = (
            "="
            if worth == "1"
            else ""
            if worth == "0"
            else f"%{plain_number(Decimal(worth) * 100)}%"
        )
        parts.append(mark + gaps.escaped(choice.words))
    return escape(f"[[{'|'.join(parts)}]]", quote=False)


def _fill(node: Node, declared: dict[str, Declared]) -> None:
    """Write into each gap of a text the words that can be put there, the right one marked."""
    said = declared.get(node.get("responseIdentifier"))
    pairs = {tuple(value.split()) for value in (said.correct or said.mapped)} if said else set()
    words = [(each.get("identifier"), each.words) for each in node.all("gapText")]
    for gap in node.all("gap"):
        place = gap.get("identifier")
        marked = [
            ("=" if (token, place) in pairs else "") + gaps.escaped(text) for token, text in words
        ]
        gap.name, gap.text = "span", f"[[{'|'.join(marked)}]]"


def _text_gap(node: Node, declared: dict[str, Declared]) -> str:
    said = declared.get(node.get("responseIdentifier"))
    if said is None:
        return "[[]]"
    rows = said.mapped or dict.fromkeys(said.correct, "1")
    if said.base in {"float", "integer"}:
        return escape(f"[[{'|'.join('#' + text for text in rows)}]]", quote=False)
    parts = [
        (f"%{plain_number(Decimal(worth) * 100)}%" if worth != "1" else "") + gaps.escaped(text)
        for text, worth in rows.items()
    ]
    return escape(f"[[{'|'.join(parts)}]]", quote=False)


def worth_in(said: Declared | None, token: str) -> str:
    if said is None:
        return "0"
    if said.mapped:
        return said.mapped.get(token, said.default)
    return "1" if token in said.correct else "0"
