"""Questions as a package of QTI items."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from decimal import Decimal
from html import escape
from typing import Any

from flask_babel import gettext as _

from app.core import markdown
from app.questions.formats import archive, clips
from app.questions.formats.facts import (
    FACTS,
    Problem,
    Saying,
    Written,
)
from app.questions.formats.qti_items.nodes import LITERAL, OURS
from app.questions.rules import KIND_NAMES, Kind, plain_number
from app.questions.types import gaps, numbers

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


# \\( and \\[ outside of tags: programs that draw formulas would take them for the beginning of one.
_DELIMITER = re.compile(r"\\(?=[(\[])(?![^<>]*>)")


_FILE = re.compile(r"!\[([^\]\n]{0,300}\]?)\]\((media/[^()\s]+)\)")


def _offered(text: str) -> str:
    """What stands to choose from, which is no Markdown: a text, perhaps with pictures."""
    said, at = "", 0
    for found in _FILE.finditer(text):
        name, words = escape(found[2]), escape(found[1])
        said += escape(text[at : found.start()])
        said += f'<img src="{name}" alt="{words}"/>'
        at = found.end()
    said = _HEARD.sub(_heard, said + escape(text[at:]))
    return _DELIMITER.sub(lambda m: f'{m[0]}<span class="{LITERAL}"/>', said)


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
