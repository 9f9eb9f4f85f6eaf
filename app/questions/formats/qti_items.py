"""QTI items of the versions 2.1, 2.2 and 3.0: one reader and one writer; no format of its own.

Version 3.0 says qti-choice-interaction where 2.x says choiceInteraction; inside, everything has
the names of 2.x. What QTI cannot say stands as JSON in a rubric block for authors, which other
programs show to nobody.
"""

from __future__ import annotations

import json
import math
import posixpath
import re
import zipfile
from collections.abc import Sequence
from decimal import Decimal, InvalidOperation
from html import escape
from typing import Any
from urllib.parse import unquote
from xml.etree.ElementTree import Element

from flask_babel import gettext as _

from app.core import markdown
from app.questions.formats import archive, clips
from app.questions.formats.facts import (
    FACTS,
    Item,
    NotThisFormat,
    Paper,
    Problem,
    Saying,
    Written,
    facts_of,
)
from app.questions.formats.hypertext import to_markdown
from app.questions.rules import KIND_NAMES, Kind, Wrong, fractions, plain_number
from app.questions.types import gaps, hotspot, numbers

OURS = "weike:"
_INTERACTIONS = re.compile(r"^[a-zA-Z]+Interaction$")
_KNOWN = {
    "choiceInteraction", "orderInteraction", "matchInteraction", "textEntryInteraction",
    "extendedTextInteraction", "inlineChoiceInteraction",
    "selectPointInteraction",
    "uploadInteraction",
}  # fmt: skip


def is_item(data: bytes) -> bool:
    return b"<assessmentItem" in data[:4000] or b"<qti-assessment-item" in data[:4000]


def fits(data: bytes) -> str:
    """The version of a package or of a single item: "2", "3", or "" when it is none."""
    if is_item(data):
        return "3" if b"<qti-assessment-item" in data[:4000] else "2"
    if not data.startswith(b"PK"):
        return ""
    try:
        package = archive.opened(data)
    except NotThisFormat:
        return ""
    manifest = archive.entry(package, "imsmanifest.xml") or b""
    if b"imsqti_item_xmlv3" in manifest:
        return "3"
    return "2" if b"imsqti_item_xmlv2" in manifest else ""


def read(data: bytes, name: str) -> Paper:
    """Every item of a package (or one item alone); “line” is its place in the manifest."""
    paper = Paper(name)
    if is_item(data):
        paper.items.append(_item(_node(archive.xml(data)), "1", 1))
        return paper
    package = archive.opened(data)
    manifest = archive.entry(package, "imsmanifest.xml")
    if manifest is None:
        raise NotThisFormat(why=_("the package has no imsmanifest.xml."))
    for number, resource in enumerate(_resources(archive.xml(manifest)), 1):
        # A name from outside: only what is in the package, under that very name, is opened.
        href = posixpath.normpath(resource)
        content = None if href.startswith(("/", "..")) else archive.entry(package, href)
        if content is None:
            paper.notes.append(
                Problem(
                    _("The package lacks the file “%(name)s”.", name=resource[:100]), line=number
                )
            )
            continue
        root = _node(archive.xml(content))
        _enclose(paper, package, root, posixpath.dirname(href))
        paper.items.append(_item(root, str(number), number))
    return paper


_FILE = re.compile(rf"(?<![\w/])media/{clips.NAMED.pattern}")


def _enclose(paper: Paper, package: zipfile.ZipFile, root: _Node, folder: str) -> None:
    """Take along what an item shows or plays, and name it there by what stands for it."""

    def url(name: str) -> str:
        # A name from outside: only what is in the package, under that very name, is opened.
        path = posixpath.normpath(posixpath.join(folder, unquote(name)))
        inside = bool(name) and ":" not in name and not path.startswith(("/", ".."))
        data = archive.entry(package, path) if inside else None
        return paper.enclose(posixpath.basename(path), data) if data else name

    for node in root.walk():
        for key in ("src", "data"):
            if node.name in {"img", "object", "audio", "source"} and key in node.attributes:
                node.attributes[key] = url(node.attributes[key])
        if OURS in node.text:
            node.text = _FILE.sub(lambda match: url(match[0]), node.text)


def _resources(root: Element) -> list[str]:
    return [
        each.get("href", "")
        for each in root.iter()
        if archive.local(each) == "resource" and each.get("type", "").startswith("imsqti_item")
    ]


class _Node:
    """An element with the names of version 2, whatever its own version."""

    def __init__(self, element: Element) -> None:
        self.name = _camel(archive.local(element))
        self.attributes = {_camel(str(k).rpartition("}")[2]): v for k, v in element.attrib.items()}
        self.text = element.text or ""
        self.tail = element.tail or ""
        self.children = [_Node(child) for child in element if isinstance(child.tag, str)]

    def get(self, name: str, default: str = "") -> str:
        return self.attributes.get(name, default)

    def walk(self) -> list[_Node]:
        found = [self]
        for child in self.children:
            found += child.walk()
        return found

    def all(self, name: str) -> list[_Node]:
        return [node for node in self.walk() if node.name == name]

    def first(self, name: str) -> _Node | None:
        return next((node for node in self.walk() if node.name == name), None)

    @property
    def words(self) -> str:
        return (self.text + "".join(child.words + child.tail for child in self.children)).strip()


def _node(element: Element) -> _Node:
    return _Node(element)


def _camel(name: str) -> str:
    first, *rest = name.removeprefix("qti-").split("-")
    return first + "".join(part.capitalize() for part in rest)


def _worth_of(text: str) -> str:
    try:
        worth = Decimal(text.strip())
    except InvalidOperation:
        return "0"
    return plain_number(min(Decimal(1), max(Decimal(0), worth))) if worth.is_finite() else "0"


class _Declared:
    """What one response declaration says of the right answer."""

    def __init__(self, node: _Node) -> None:
        self.many = node.get("cardinality") == "multiple"
        self.base = node.get("baseType")
        correct = node.first("correctResponse")
        self.correct = [value.words for value in correct.all("value")] if correct else []
        self.mapped: dict[str, str] = {}
        self.areas = [
            (entry.get("shape"), entry.get("coords"), _worth_of(entry.get("mappedValue", "0")))
            for entry in node.all("areaMapEntry")
        ]
        for entry in node.all("mapEntry"):
            try:
                worth = plain_number(Decimal(entry.get("mappedValue", "0")))
            except InvalidOperation:
                worth = "0"
            self.mapped[entry.get("mapKey")] = worth


def _item(root: _Node, number: str, line: int) -> Item:
    item = Item("", {}, line, number)
    body = root.first("itemBody")
    declared = {n.get("identifier"): _Declared(n) for n in root.all("responseDeclaration")}
    if body is None:
        item.kind = root.name
        item.refuse(_("This is no question, or none that we know."))
        return item
    extra = _extra(body)
    item.facts = facts_of(
        category=str(extra.get("category", "")),
        tags=[str(tag) for tag in extra.get("tags", [])],
        difficulty=extra.get("difficulty", ""),
        source=str(extra.get("source", "")),
    )
    feedback = [n for n in root.all("modalFeedback") if n.get("identifier") == "explanation"]
    others = len(root.all("modalFeedback")) + len(root.all("feedbackInline")) - len(feedback)
    if others:
        item.note(_("Feedback of an item is not kept (%(number)s times).", number=others))
    found = [n for n in body.walk() if _INTERACTIONS.match(n.name)]
    unknown = sorted({n.name for n in found} - _KNOWN)
    if unknown or not found:
        item.kind = unknown[0] if unknown else "text"
    stem = _html(body, declared, item)
    item.body = {
        "stem": _markdown(stem, item),
        "explanation": _markdown(_html(feedback[0], {}, item), item) if feedback else "",
    }
    material = next((n for n in body.all("div") if n.get("class") == "weike-material"), None)
    if material is not None:
        item.body["material"] = extra.get("material") or _markdown(_html(material, {}, item), item)
    if item.kind:
        return item
    _kind(item, found, declared, root, str(extra.get("kind", "")))
    _put_extra(item, extra)
    return item


def _put_extra(item: Item, extra: dict[str, Any]) -> None:
    """What we wrote for ourselves stands for what other programs can read."""
    for key in ("case", "typos", "any_order", "units", "unit_required", "marking", "rubric"):
        if key in extra:
            item.body[key] = extra[key]
    if extra.get("stem"):
        item.body["stem"] = (
            extra["stem"] if item.kind not in {"blanks", "cloze"} else item.body["stem"]
        )
    for key in ("answers", "options"):
        if key in extra and key in item.body:
            item.body[key] = extra[key]
    for key in ("answer", "endings", "picture", "areas", "find", "alt"):
        if key in extra and item.kind in {Kind.FILE, Kind.HOTSPOT}:
            item.body[key] = extra[key]
    if "explanation" in extra:
        item.body["explanation"] = extra["explanation"]


def _extra(body: _Node) -> dict[str, Any]:
    for block in body.all("rubricBlock"):
        if block.words.startswith(OURS):
            try:
                found = json.loads(block.words.removeprefix(OURS))
            except ValueError:
                return {}
            return found if isinstance(found, dict) else {}
    return {}


def _markdown(html: str, item: Item) -> str:
    text, notes = to_markdown(html)
    for note in notes:
        if not any(problem.what == note for problem in item.problems):
            item.note(note)
    return text


def _html(node: _Node, declared: dict[str, _Declared], item: Item) -> str:
    """The content of a node as HTML, with its inline interactions as [[gaps]]."""
    parts = [escape(node.text, quote=False)]
    inline = len([n for n in node.walk() if n.name == "textEntryInteraction"])
    for child in node.children:
        if child.name == "rubricBlock" or child.get("class") == "weike-material":
            pass
        elif child.name == "inlineChoiceInteraction":
            parts.append(_choice_gap(child, declared))
        elif child.name == "textEntryInteraction":
            parts.append(_text_gap(child, declared) if inline else "")
        elif _INTERACTIONS.match(child.name):
            prompt = child.first("prompt")
            parts.append(f"<p>{_html(prompt, declared, item)}</p>" if prompt else "")
        elif child.name in {"object", "audio", "source"} and not child.get("type").startswith(
            "image"
        ):
            source = escape(child.get("src") or child.get("data"))
            parts.append(f'<audio src="{source}"></audio>' if source else _html(child, {}, item))
        elif child.name in {"img", "object", "br", "hr"}:
            source = escape(child.get("src") or child.get("data"))
            tag = "img" if child.name == "object" else child.name
            words = escape(child.get("alt") or child.words)
            parts.append(f'<{tag} src="{source}" alt="{words}">')
        else:
            parts.append(f"<{child.name}>{_html(child, declared, item)}</{child.name}>")
        parts.append(escape(child.tail, quote=False))
    return "".join(parts)


def _shown(node: _Node, item: Item) -> str:
    """What stands to choose from, as Markdown."""
    return _markdown(_html(node, {}, item), item)


def _choice_gap(node: _Node, declared: dict[str, _Declared]) -> str:
    said = declared.get(node.get("responseIdentifier"))
    parts = []
    for choice in node.all("inlineChoice"):
        token = choice.get("identifier")
        worth = _worth(said, token)
        mark = (
            "="
            if worth == "1"
            else ""
            if worth == "0"
            else f"%{plain_number(Decimal(worth) * 100)}%"
        )
        parts.append(mark + gaps.escaped(choice.words))
    return escape(f"[[{'|'.join(parts)}]]", quote=False)


def _text_gap(node: _Node, declared: dict[str, _Declared]) -> str:
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


def _worth(said: _Declared | None, token: str) -> str:
    if said is None:
        return "0"
    if said.mapped:
        return said.mapped.get(token, "0")
    return "1" if token in said.correct else "0"


def _kind(
    item: Item, found: list[_Node], declared: dict[str, _Declared], root: _Node, named: str
) -> None:
    names = {node.name for node in found}
    first = found[0]
    said = declared.get(first.get("responseIdentifier")) or _Declared(first)
    if names <= {"textEntryInteraction", "inlineChoiceInteraction"}:
        _typed(item, names, said, root, named=named, number=len(found))
    elif len(found) > 1:
        item.kind = "composite"
        item.refuse(
            _("An item with several interactions is not known here."),
            _("Make a question of each, with the same shared text."),
        )
    elif first.name == "choiceInteraction":
        _choice(item, first, said)
    elif first.name == "orderInteraction":
        item.kind = str(Kind.ORDERING)
        texts = {c.get("identifier"): _shown(c, item) for c in first.all("simpleChoice")}
        item.body["items"] = [texts[token] for token in said.correct if token in texts]
        item.body["marking"] = "all"
    elif first.name == "matchInteraction":
        _match(item, first, said)
    elif first.name == "selectPointInteraction":
        _spots(item, first, said)
    elif first.name == "uploadInteraction":
        item.kind = str(Kind.FILE)
        item.body.update({"answer": "", "rubric": [], "endings": []})
    else:
        item.kind = str(Kind.ESSAY)
        item.body.update({"answer": said.correct[0] if said.correct else "", "rubric": []})


def _spots(item: Item, first: _Node, said: _Declared) -> None:
    """A place on a picture: areas in pixels become per cent of its size."""
    item.kind = str(Kind.HOTSPOT)
    picture = first.first("object") or first.first("img")
    width = _number_of(picture.get("width")) if picture else None
    height = _number_of(picture.get("height")) if picture else None
    areas = []
    for shape, coords, worth in said.areas:
        numbers = [_number_of(part) for part in coords.split(",")]
        if not width or not height or any(n is None for n in numbers):
            item.note(_("An area of the picture was not understood; draw it anew."))
            continue
        found = [n for n in numbers if n is not None]
        if shape == "circle" and len(found) == 3:
            found = [*found, found[2]]
        scaled = [n * 100 / (height if at % 2 else width) for at, n in enumerate(found)]
        name = {"circle": "ellipse", "default": ""}.get(shape, shape)
        areas.append(
            {
                "shape": name,
                "coords": ",".join(f"{min(100, max(0, n)):.1f}" for n in scaled),
                "fraction": worth,
            }
        )
    source = (picture.get("data") or picture.get("src")) if picture else ""
    if not hotspot.PICTURE.fullmatch(source):
        item.note(
            _("The picture “%(name)s” is not taken from the file.", name=source[-60:]),
            _("Send it in “Pictures and sounds”, then edit this question and choose it."),
        )
    find = first.get("maxChoices", "1")
    item.body.update(
        {
            "picture": source,
            "alt": picture.words if picture else "",
            "find": int(find) if find.isdecimal() and find != "0" else max(1, len(areas)),
            "areas": areas,
        }
    )


def _number_of(text: str) -> float | None:
    try:
        number = float(text.strip().removesuffix("px"))
    except ValueError:
        return None
    return number if math.isfinite(number) else None


def _typed(
    item: Item, names: set[str], said: _Declared, root: _Node, *, named: str, number: int
) -> None:
    stem = item.body["stem"]
    end = re.search(r"\s*\[\[(?:\\.|[^\\])*?\]\]\s*$", stem, re.DOTALL)
    if "inlineChoiceInteraction" in names or named == Kind.CLOZE:
        item.kind = str(Kind.CLOZE)
        item.body.update({"case": False, "typos": 0})
    elif number == 1 and end and named != Kind.BLANKS:
        item.body["stem"] = stem[: end.start()]
        rows = said.mapped or dict.fromkeys(said.correct, "1")
        if said.base in {"float", "integer"}:
            item.kind = str(Kind.NUMERIC)
            equal = root.first("equal")
            tolerance = equal.get("tolerance").split() if equal else []
            item.body["answers"] = [
                {"value": text, "tolerance": tolerance[0] if tolerance else "0", "fraction": worth}
                for text, worth in rows.items()
            ]
            item.body.update({"units": [], "unit_required": False})
        else:
            item.kind = str(Kind.SHORT)
            item.body["answers"] = [{"text": t, "fraction": w} for t, w in rows.items()]
            item.body.update({"case": False, "typos": 0})
    else:
        item.kind = str(Kind.BLANKS)
        item.body.update({"case": False, "typos": 0, "any_order": False})


def _choice(item: Item, node: _Node, said: _Declared) -> None:
    choices = node.all("simpleChoice")
    texts = [_shown(choice, item) for choice in choices]
    tokens = [choice.get("identifier") for choice in choices]
    if {token.lower() for token in tokens} == {"true", "false"}:
        item.kind = str(Kind.TRUEFALSE)
        item.body["answer"] = said.correct[:1] == ["true"] if said.correct else None
        return
    if said.many or node.get("maxChoices", "1") != "1":
        item.kind = str(Kind.MULTIPLE)
        worths = [Decimal(_worth(said, token)) for token in tokens]
        if not said.mapped:
            worths = fractions([bool(worth) for worth in worths], Wrong.ALL)
            item.note(_("Partly right answers get their share of the mark here."))
    else:
        item.kind = str(Kind.SINGLE)
        worths = [max(Decimal(0), Decimal(_worth(said, token))) for token in tokens]
    item.body["options"] = [
        {"text": text, "fraction": plain_number(worth)}
        for text, worth in zip(texts, worths, strict=True)
    ]


def _match(item: Item, node: _Node, said: _Declared) -> None:
    item.kind = str(Kind.MATCHING)
    sets = [
        {c.get("identifier"): _shown(c, item) for c in each.all("simpleAssociableChoice")}
        for each in node.all("simpleMatchSet")
    ]
    lefts, rights = sets if len(sets) == 2 else ({}, {})
    pairs = [value.split() for value in said.correct]
    known = {pair[0]: pair[1] for pair in pairs if len(pair) == 2}
    item.body["pairs"] = [
        {"left": text, "right": rights.get(known.get(token, ""), "")}
        for token, text in lefts.items()
    ]
    used = set(known.values())
    item.body["extra"] = [text for token, text in rights.items() if token not in used]


# ---- out -----------------------------------------------------------------------------------------

_NAMESPACES = {
    "2": "http://www.imsglobal.org/xsd/imsqti_v2p2",
    "3": "http://www.imsglobal.org/xsd/imsqtiasi_v3p0",
}
_TYPES = {"2": "imsqti_item_xmlv2p2", "3": "imsqti_item_xmlv3p0"}
_HTML = {
    "p", "div", "br", "b", "i", "strong", "em", "code", "pre", "ul", "ol", "li", "table", "thead",
    "tbody", "tr", "th", "td", "img", "a", "blockquote", "hr", "h2", "h3", "h4", "h5", "h6", "span",
    "object",
}  # fmt: skip


def write(sayings: Sequence[Saying], version: str, fetch: clips.Fetch | None = None) -> Written:
    """A package with a manifest, an item for each question, and the files that they show."""
    luggage = clips.Luggage(fetch, "media/")
    files: dict[str, bytes] = {}
    losses: list[Problem] = []
    resources = []
    for number, given in enumerate(sayings, 1):
        name = f"items/q{number:04}.xml"
        saying, enclosed = luggage.packed(given, number)
        text, extra = _written(saying, f"q{number:04}")
        if version == "3":
            text = _third(text)
        text = text.replace("NAMESPACE", _NAMESPACES[version], 1)
        files[name] = f'<?xml version="1.0" encoding="UTF-8"?>\n{text}'.encode()
        listed = "".join(f'<file href="{each}"/>' for each in (name, *map(_placed, enclosed)))
        resources.append(
            f'<resource identifier="r{number:04}" type="{_TYPES[version]}" href="{name}">'
            f"{listed}</resource>"
        )
        hidden = sorted(set(extra) - {*FACTS, "kind", "stem", "explanation", "material"})
        if hidden:
            sentence = _(
                "Question %(number)s (%(kind)s): other programs will not see %(what)s.",
                number=number,
                kind=KIND_NAMES[Kind(saying.kind)],
                what=", ".join(hidden),
            )
            losses.append(Problem(sentence, line=number, blocks=False))
    files |= {_placed(name): data for name, data in luggage.files.items()}
    files["imsmanifest.xml"] = (
        '<?xml version="1.0" encoding="UTF-8"?>\n<manifest identifier="weike" '
        'xmlns="http://www.imsglobal.org/xsd/imscp_v1p1"><organizations/><resources>'
        f"{''.join(resources)}</resources></manifest>"
    ).encode()
    return Written(archive.packed(files), [*losses, *luggage.losses])


def _placed(name: str) -> str:
    return f"items/media/{name}"


def _third(text: str) -> str:
    """The names of version 3 for those of version 2; HTML keeps its own."""

    def tag(match: re.Match[str]) -> str:
        slash, name, rest = match.groups()
        if name not in _HTML:
            name = f"qti-{_kebab(name)}"
            rest = re.sub(r"(\s)([a-zA-Z]+)=", lambda m: f"{m[1]}{_kebab(m[2])}=", rest)
        return f"<{slash}{name}{rest}>"

    return re.sub(r"<(/?)([a-zA-Z]\w*)((?:\s[^<>]*)?/?)>", tag, text)


def _kebab(name: str) -> str:
    return re.sub(r"(?<=[a-z0-9])([A-Z])", lambda m: f"-{m[1].lower()}", name)


def _written(saying: Saying, token: str) -> tuple[str, dict[str, Any]]:
    body: Any = saying.body
    extra: dict[str, Any] = {"kind": saying.kind, "stem": body["stem"]}
    extra |= {name: saying.facts[name] for name in FACTS if saying.facts.get(name)}
    if body.get("explanation"):
        extra["explanation"] = body["explanation"]
    declarations, inside, processing = _WRITERS[Kind(saying.kind)](saying, extra)
    for name in ("case", "typos", "any_order"):
        if body.get(name):
            extra[name] = body[name]
    material = ""
    if body.get("material"):
        extra["material"] = body["material"]
        material = f'<div class="weike-material">{_rich(body["material"])}</div>'
    feedback = ""
    if body.get("explanation"):
        declarations += (
            '<outcomeDeclaration identifier="FEEDBACK" cardinality="single" baseType="identifier"/>'
        )
        feedback = (
            '<modalFeedback outcomeIdentifier="FEEDBACK" identifier="explanation" showHide="show">'
            f"{_rich(body['explanation'])}</modalFeedback>"
        )
    ours = escape(OURS + json.dumps(extra, ensure_ascii=False))
    rubric = f'<rubricBlock view="author"><p>{ours}</p></rubricBlock>'
    title = escape(" ".join(str(body["stem"]).split())[:60])
    text = (
        f'<assessmentItem xmlns="NAMESPACE" identifier="{token}" title="{title}" adaptive="false" '
        f'timeDependent="false">{declarations}<outcomeDeclaration identifier="SCORE" '
        f'cardinality="single" baseType="float"/><itemBody>{rubric}{material}{inside}</itemBody>'
        f"{processing}{feedback}</assessmentItem>"
    )
    return _clean_xml(text), extra


def _clean_xml(text: str) -> str:
    return re.sub(r"[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]", "", text)


def _rich(text: str) -> str:
    html = str(markdown.render(text))
    html = re.sub(r"<(br|hr|img)\b([^<>]*?)/?>", r"<\1\2/>", html)
    html = html.replace("&nbsp;", "\u00a0")  # XML knows five entities only
    return _HEARD.sub(_heard, html)


_HEARD = re.compile(r'<img src="([^"]*\.m4a)" alt="([^"]*)"\s*/>')


def _heard(match: re.Match[str]) -> str:
    return f'<object data="{match[1]}" type="audio/mp4">{match[2]}</object>'


def _offered(text: str) -> str:
    """What stands to choose from: a text, or a text with pictures."""
    return _rich(text) if "](media/" in text else escape(text)


_MAP = '<responseProcessing template="http://www.imsglobal.org/question/qti_v2p1/rptemplates/map_response"/>'
_MAP_POINTS = '<responseProcessing template="http://www.imsglobal.org/question/qti_v2p1/rptemplates/map_response_point"/>'
_CORRECT = '<responseProcessing template="http://www.imsglobal.org/question/qti_v2p1/rptemplates/match_correct"/>'


def _declaration(
    name: str,
    base: str,
    correct: Sequence[str],
    mapped: Sequence[tuple[str, str]] = (),
    *,
    cardinality: str = "single",
) -> str:
    values = "".join(f"<value>{escape(value)}</value>" for value in correct)
    entries = "".join(
        f'<mapEntry mapKey="{escape(key)}" mappedValue="{worth}"/>' for key, worth in mapped
    )
    mapping = (
        f'<mapping defaultValue="0" lowerBound="0" upperBound="1">{entries}</mapping>'
        if entries
        else ""
    )
    return (
        f'<responseDeclaration identifier="{name}" cardinality="{cardinality}" baseType="{base}">'
        f"<correctResponse>{values}</correctResponse>{mapping}</responseDeclaration>"
    )


def _write_choice(saying: Saying, extra: dict[str, Any]) -> tuple[str, str, str]:
    body: Any = saying.body
    rows = [(f"c{n}", o["text"], o["fraction"]) for n, o in enumerate(body["options"], 1)]
    many = saying.kind == Kind.MULTIPLE
    if any(option.get("feedback") for option in body["options"]):
        extra["options"] = body["options"]
    correct = [t for t, _text, w in rows if (Decimal(w) > 0 if many else w == "1")]
    declared = _declaration(
        "RESPONSE",
        "identifier",
        correct,
        [(t, w) for t, _text, w in rows],
        cardinality="multiple" if many else "single",
    )
    choices = "".join(
        f'<simpleChoice identifier="{t}">{_offered(x)}</simpleChoice>' for t, x, _w in rows
    )
    inside = (
        f'<choiceInteraction responseIdentifier="RESPONSE" shuffle="true" '
        f'maxChoices="{0 if many else 1}">'
        f"<prompt>{_rich(body['stem'])}</prompt>{choices}</choiceInteraction>"
    )
    return declared, inside, _MAP


def _write_truefalse(saying: Saying, extra: dict[str, Any]) -> tuple[str, str, str]:
    declared = _declaration(
        "RESPONSE", "identifier", ["true" if saying.body["answer"] else "false"]
    )
    inside = (
        '<choiceInteraction responseIdentifier="RESPONSE" shuffle="false" maxChoices="1">'
        f"<prompt>{_rich(saying.body['stem'])}</prompt>"
        '<simpleChoice identifier="true">对</simpleChoice>'
        '<simpleChoice identifier="false">错</simpleChoice></choiceInteraction>'
    )
    return declared, inside, _CORRECT


def _write_short(saying: Saying, extra: dict[str, Any]) -> tuple[str, str, str]:
    body: Any = saying.body
    rows = [(a["text"], a["fraction"]) for a in body["answers"]]
    if any(a.get("feedback") for a in body["answers"]):
        extra["answers"] = body["answers"]
    declared = _declaration("RESPONSE", "string", [t for t, w in rows if w == "1"][:1], rows)
    inside = f'{_rich(body["stem"])}<p><textEntryInteraction responseIdentifier="RESPONSE"/></p>'
    return declared, inside, _MAP


def _write_numeric(saying: Saying, extra: dict[str, Any]) -> tuple[str, str, str]:
    body: Any = saying.body
    first = next(a for a in body["answers"] if a["fraction"] == "1")
    value, tolerance = _middle(first)
    if len(body["answers"]) > 1 or "low" in first or first.get("feedback"):
        extra["answers"] = body["answers"]
    for name in ("units", "unit_required"):
        if body[name]:
            extra[name] = body[name]
    declared = _declaration("RESPONSE", "float", [value])
    inside = f'{_rich(body["stem"])}<p><textEntryInteraction responseIdentifier="RESPONSE"/></p>'
    processing = (
        f'<responseProcessing><responseCondition><responseIf><equal toleranceMode="absolute" '
        f'tolerance="{tolerance} {tolerance}"><variable identifier="RESPONSE"/>'
        '<correct identifier="RESPONSE"/></equal><setOutcomeValue identifier="SCORE">'
        '<baseValue baseType="float">1</baseValue></setOutcomeValue></responseIf>'
        "</responseCondition></responseProcessing>"
    )
    return declared, inside, processing


def _middle(answer: Any) -> tuple[str, str]:
    if "low" not in answer:
        return answer["value"], answer["tolerance"]
    low, high = Decimal(answer["low"]), Decimal(answer["high"])
    return plain_number((low + high) / 2), plain_number((high - low) / 2)


def _write_gaps(saying: Saying, extra: dict[str, Any]) -> tuple[str, str, str]:
    stored = gaps.clean(saying.body)
    declared, fields = "", []
    for n, gap in enumerate(stored["gaps"], 1):
        name = f"RESPONSE{n}"
        if gap["kind"] == "choice":
            rows = [
                (f"g{n}c{m}", o["text"], o["fraction"]) for m, o in enumerate(gap["options"], 1)
            ]
            correct = [t for t, _x, w in rows if w == "1"]
            declared += _declaration(name, "identifier", correct, [(t, w) for t, _x, w in rows])
            choices = "".join(
                f'<inlineChoice identifier="{t}">{escape(x)}</inlineChoice>' for t, x, _w in rows
            )
            fields.append(
                f'<inlineChoiceInteraction responseIdentifier="{name}" shuffle="true">{choices}'
                "</inlineChoiceInteraction>"
            )
            continue
        if gap["kind"] == "number":
            rows_ = [(numbers.spelling(a), a["fraction"]) for a in gap["answers"]]
            declared += _declaration(name, "float", [], rows_)
        else:
            rows_ = [(a["text"], a["fraction"]) for a in gap["answers"]]
            declared += _declaration(name, "string", [rows_[0][0]], rows_)
        fields.append(f'<textEntryInteraction responseIdentifier="{name}"/>')
    html = gaps.PLACE.sub(lambda m: fields[int(m.group(1)) - 1], _rich(stored["stem"]))
    return declared, html, _MAP


def _write_ordering(saying: Saying, extra: dict[str, Any]) -> tuple[str, str, str]:
    items = saying.body["items"]
    tokens = {text: f"i{n}" for n, text in enumerate(sorted(items), 1)}
    if saying.body["marking"] != "all":
        extra["marking"] = saying.body["marking"]
    declared = _declaration(
        "RESPONSE", "identifier", [tokens[t] for t in items], cardinality="ordered"
    )
    choices = "".join(
        f'<simpleChoice identifier="{k}">{_offered(t)}</simpleChoice>' for t, k in tokens.items()
    )
    inside = (
        '<orderInteraction responseIdentifier="RESPONSE" shuffle="true">'
        f"<prompt>{_rich(saying.body['stem'])}</prompt>{choices}</orderInteraction>"
    )
    return declared, inside, _CORRECT


def _write_matching(saying: Saying, extra: dict[str, Any]) -> tuple[str, str, str]:
    body: Any = saying.body
    rights = list(dict.fromkeys([*(p["right"] for p in body["pairs"]), *body["extra"]]))
    tokens = {text: f"r{n}" for n, text in enumerate(rights, 1)}
    pairs = [f"l{n} {tokens[p['right']]}" for n, p in enumerate(body["pairs"], 1)]
    share = plain_number((Decimal(1) / len(pairs)).quantize(Decimal("0.00001")))
    declared = _declaration(
        "RESPONSE", "directedPair", pairs, [(p, share) for p in pairs], cardinality="multiple"
    )
    left = "".join(
        f'<simpleAssociableChoice identifier="l{n}" matchMax="1">{_offered(p["left"])}'
        "</simpleAssociableChoice>"
        for n, p in enumerate(body["pairs"], 1)
    )
    right = "".join(
        f'<simpleAssociableChoice identifier="{k}" matchMax="{len(pairs)}">{_offered(t)}'
        "</simpleAssociableChoice>"
        for t, k in tokens.items()
    )
    inside = (
        f'<matchInteraction responseIdentifier="RESPONSE" shuffle="true" '
        f'maxAssociations="{len(pairs)}">'
        f"<prompt>{_rich(body['stem'])}</prompt><simpleMatchSet>{left}</simpleMatchSet>"
        f"<simpleMatchSet>{right}</simpleMatchSet></matchInteraction>"
    )
    return declared, inside, _MAP


def _write_essay(saying: Saying, extra: dict[str, Any]) -> tuple[str, str, str]:
    answer = saying.body["answer"]
    if saying.body["rubric"]:
        extra["rubric"] = saying.body["rubric"]
    declared = _declaration("RESPONSE", "string", [answer] if answer else [])
    inside = f'{_rich(saying.body["stem"])}<extendedTextInteraction responseIdentifier="RESPONSE"/>'
    return declared, inside, ""


def _write_file(saying: Saying, extra: dict[str, Any]) -> tuple[str, str, str]:
    extra |= {name: saying.body[name] for name in ("answer", "rubric") if saying.body[name]}
    extra["endings"] = saying.body["endings"]
    declared = _declaration("RESPONSE", "file", [])
    inside = f'{_rich(saying.body["stem"])}<uploadInteraction responseIdentifier="RESPONSE"/>'
    return declared, inside, ""


_SIDE = 1000  # of the picture as the areas are told; its real size is not known here


def _write_spots(saying: Saying, extra: dict[str, Any]) -> tuple[str, str, str]:
    body: Any = saying.body
    extra |= {name: body[name] for name in ("picture", "areas", "find", "alt")}
    entries = "".join(
        f'<areaMapEntry shape="{area["shape"]}" mappedValue="{area["fraction"]}" coords="'
        + ",".join(str(int(Decimal(n) * _SIDE / 100)) for n in area["coords"].split(","))
        + '"/>'
        for area in body["areas"]
    )
    many = "single" if body["find"] == 1 else "multiple"
    declared = (
        f'<responseDeclaration identifier="RESPONSE" cardinality="{many}" baseType="point">'
        f'<areaMapping defaultValue="0">{entries}</areaMapping></responseDeclaration>'
    )
    inside = (
        f'<selectPointInteraction responseIdentifier="RESPONSE" maxChoices="{body["find"]}">'
        f"<prompt>{_rich(body['stem'])}</prompt>"
        f'<object type="image/webp" data="{body["picture"]}" width="{_SIDE}" height="{_SIDE}">'
        f"{escape(body['alt'])}</object></selectPointInteraction>"
    )
    return declared, inside, _MAP_POINTS


_WRITERS = {
    Kind.SINGLE: _write_choice,
    Kind.MULTIPLE: _write_choice,
    Kind.TRUEFALSE: _write_truefalse,
    Kind.SHORT: _write_short,
    Kind.NUMERIC: _write_numeric,
    Kind.BLANKS: _write_gaps,
    Kind.CLOZE: _write_gaps,
    Kind.ORDERING: _write_ordering,
    Kind.MATCHING: _write_matching,
    Kind.ESSAY: _write_essay,
    Kind.FILE: _write_file,
    Kind.HOTSPOT: _write_spots,
}
