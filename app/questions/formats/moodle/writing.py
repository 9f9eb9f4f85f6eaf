"""Questions as Moodle XML."""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from flask_babel import gettext as _

from app.questions.formats import clips, fractions, mathml
from app.questions.formats.facts import (
    Problem,
    Saying,
    Written,
)
from app.questions.rules import KIND_NAMES, Kind, Marking, plain_number
from app.questions.types import gaps, texts


def write(sayings: Sequence[Saying], fetch: clips.Fetch | None = None) -> Written:
    """One <quiz>; what Moodle has no words for stands in elements of our own, which it ignores."""
    root = Element("quiz")
    luggage = clips.Luggage(fetch, "@@PLUGINFILE@@/")
    losses: list[Problem] = []
    category = None
    for number, given_saying in enumerate(sayings, 1):
        saying, names = given_saying, list[str]()
        if Kind(saying.kind) in _WRITERS:
            saying, names = luggage.packed(given_saying, number)
        else:
            sentence = _(
                "Question %(number)s (%(kind)s) is left out whole: its picture stays here.",
                number=number,
                kind=KIND_NAMES[Kind(saying.kind)],
            )
            losses.append(Problem(sentence, line=number, blocks=False))
            continue
        given = saying.facts.get("category", "")
        if given != category and (given or category):
            element = SubElement(root, "question", type="category")
            _add(SubElement(element, "category"), f"top/{given}" if given else "top")
        category = given
        lost = _question(root, saying, number)
        _pack(root[-1], {name: luggage.files[name] for name in names})
        if lost:
            sentence = _(
                "Question %(number)s (%(kind)s) loses: %(what)s",
                number=number,
                kind=KIND_NAMES[Kind(saying.kind)],
                what="; ".join(lost),
            )
            losses.append(Problem(sentence, line=number, blocks=False))
    indent(root)
    return Written(
        tostring(root, encoding="utf-8", xml_declaration=True), [*losses, *luggage.losses]
    )


def _pack(element: Element, files: Mapping[str, bytes]) -> None:
    """Put each file beside every text that names it; of the shared text, beside the question."""
    for holder in [*element.iter()]:
        said = holder.findtext("text") or ""
        if holder.tag == "questiontext":
            said += element.findtext("weike/material") or ""
        for name, data in files.items():
            if f"@@PLUGINFILE@@/{name}" in said:
                file = SubElement(holder, "file", name=name, path="/", encoding="base64")
                file.text = base64.b64encode(data).decode()


_NAMES = {
    Kind.SINGLE: "multichoice",
    Kind.MULTIPLE: "multichoice",
    Kind.TRUEFALSE: "truefalse",
    Kind.SHORT: "shortanswer",
    Kind.NUMERIC: "numerical",
    Kind.MATCHING: "matching",
    Kind.ORDERING: "ordering",
    Kind.ESSAY: "essay",
    Kind.FILE: "essay",
    Kind.BLANKS: "cloze",
    Kind.CLOZE: "cloze",
}


def _question(root: Element, saying: Saying, number: int) -> list[str]:
    body: Any = saying.body
    element = SubElement(root, "question", type=_NAMES[Kind(saying.kind)])
    first = " ".join(str(body["stem"]).split())[:60]
    _add(SubElement(element, "name"), f"{number:03} {first}")
    _add(SubElement(element, "questiontext", format="markdown"), _stem(saying))
    _add(SubElement(element, "generalfeedback", format="markdown"), body.get("explanation", ""))
    SubElement(element, "defaultgrade").text = "1"
    lost = _WRITERS[Kind(saying.kind)](element, body) or []
    ours = SubElement(element, "weike")
    if body.get("typos"):
        SubElement(ours, "typos").text = str(body["typos"])
        if _forgives(saying):
            lost.append(_("that slips are forgiven, for Moodle itself"))
    if body.get("any_order"):
        SubElement(ours, "any_order").text = "1"
    if body.get("material"):
        SubElement(ours, "material").text = body["material"]
    for name in ("difficulty", "source", "language"):
        if saying.facts.get(name):
            SubElement(ours, name).text = str(saying.facts[name])
    for row in body.get("rubric", ()):
        SubElement(ours, "criterion", share=row["share"]).text = row["text"]
    if not len(ours):
        element.remove(ours)
    if saying.facts.get("tags"):
        tags = SubElement(element, "tags")
        for tag in saying.facts["tags"]:
            _add(SubElement(tags, "tag"), tag)
    return lost


def _forgives(saying: Saying) -> bool:
    """Whether there is an answer in which a slip would be forgiven."""
    body = saying.body
    gapped = [] if saying.kind == Kind.SHORT else gaps.clean(body)["gaps"]
    rows = [*body.get("answers", ())] + [
        row for gap in gapped if gap["kind"] == "text" for row in gap["answers"]
    ]
    return any(texts.forgives(row["text"], body["typos"]) for row in rows)


def _add(element: Element, text: str) -> None:
    is_shown = element.get("format") == "markdown"
    SubElement(element, "text").text = mathml.filtered(text) if is_shown else text


def _answer(element: Element, text: str, fraction: str, feedback: str = "") -> Element:
    answer = SubElement(element, "answer", fraction=fractions.per_cent(fraction), format="markdown")
    _add(answer, text)
    if feedback:
        _add(SubElement(answer, "feedback", format="markdown"), feedback)
    return answer


def _write_single(element: Element, body: Any) -> list[str]:
    SubElement(element, "single").text = "true"
    SubElement(element, "shuffleanswers").text = "true"
    for option in body["options"]:
        _answer(element, option["text"], option["fraction"], option.get("feedback", ""))
    return fractions.told(body["options"])


def _write_multiple(element: Element, body: Any) -> list[str]:
    SubElement(element, "single").text = "false"
    SubElement(element, "shuffleanswers").text = "true"
    for option in body["options"]:
        _answer(element, option["text"], option["fraction"], option.get("feedback", ""))
    return fractions.told(body["options"])


def _write_truefalse(element: Element, body: Any) -> list[str]:
    for word in ("true", "false"):
        _answer(element, word, "1" if (word == "true") == body["answer"] else "0")
    return []


def _write_short(element: Element, body: Any) -> list[str]:
    SubElement(element, "usecase").text = "1" if body["case"] else "0"
    for row in body["answers"]:
        _answer(element, row["text"], row["fraction"], row.get("feedback", ""))
    return fractions.told(body["answers"])


def _write_numeric(element: Element, body: Any) -> list[str]:
    for row in body["answers"]:
        if "low" in row:
            # Moodle knows a middle and a tolerance; both ends are kept beside them.
            low, high = Decimal(row["low"]), Decimal(row["high"])
            answer = _answer(
                element, plain_number((low + high) / 2), row["fraction"], row.get("feedback", "")
            )
            SubElement(answer, "tolerance").text = plain_number((high - low) / 2)
            SubElement(answer, "interval", low=row["low"], high=row["high"])
        else:
            answer = _answer(element, row["value"], row["fraction"], row.get("feedback", ""))
            SubElement(answer, "tolerance").text = row["tolerance"]
    if body["units"]:
        SubElement(element, "unitgradingtype").text = "1" if body["unit_required"] else "0"
        units = SubElement(element, "units")
        for row in body["units"]:
            unit = SubElement(units, "unit")
            SubElement(unit, "multiplier").text = plain_number(
                (1 / Decimal(row["factor"])).normalize()
            )
            SubElement(unit, "unit_name").text = row["text"]
    return fractions.told(body["answers"])


def _write_matching(element: Element, body: Any) -> list[str]:
    SubElement(element, "shuffleanswers").text = "true"
    rows = [(p["left"], p["right"]) for p in body["pairs"]] + [("", text) for text in body["extra"]]
    for left, right in rows:
        sub = SubElement(element, "subquestion", format="markdown")
        _add(sub, left)
        _add(SubElement(sub, "answer", format="plain_text"), right)
    return []


def _write_ordering(element: Element, body: Any) -> list[str]:
    names = {
        Marking.ALL: "ALL_OR_NOTHING",
        Marking.NEIGHBOURS: "RELATIVE_NEXT_EXCLUDE_LAST",
        Marking.PLACES: "ABSOLUTE_POSITION",
    }
    SubElement(element, "gradingtype").text = names[Marking(body["marking"])]
    for place, text in enumerate(body["items"], 1):
        answer = _answer(element, text, "0")
        answer.set("fraction", str(place))
    return []


def _write_essay(element: Element, body: Any) -> list[str]:
    _add(SubElement(element, "graderinfo", format="markdown"), body["answer"])
    return [_("the rubric, for Moodle itself")] if body["rubric"] else []


def _write_file(element: Element, body: Any) -> list[str]:
    for name, text in (
        ("responseformat", "noinline"),
        ("attachments", "1"),
        ("attachmentsrequired", "1"),
        ("filetypeslist", ",".join(f".{ending}" for ending in body["endings"])),
    ):
        SubElement(element, name).text = text
    return _write_essay(element, body)


def _write_gaps(element: Element, body: Any) -> list[str]:
    lost = list[str]()
    if body.get("any_order") and len(gaps.GAP.findall(body["stem"])) > 1:
        lost.append(_("that the answers may stand in any order, for Moodle itself"))
    if re.search(r"\[\[#[^\]]*\.\.", body["stem"]):
        lost.append(_("intervals in gaps, which become a middle and a tolerance"))
    return lost


_WRITERS = {
    Kind.SINGLE: _write_single,
    Kind.MULTIPLE: _write_multiple,
    Kind.TRUEFALSE: _write_truefalse,
    Kind.SHORT: _write_short,
    Kind.NUMERIC: _write_numeric,
    Kind.MATCHING: _write_matching,
    Kind.ORDERING: _write_ordering,
    Kind.ESSAY: _write_essay,
    Kind.FILE: _write_file,
    Kind.BLANKS: _write_gaps,
    Kind.CLOZE: _write_gaps,
}


def _stem(saying: Saying) -> str:
    if saying.kind not in {Kind.BLANKS, Kind.CLOZE}:
        return str(saying.body["stem"])
    stored = gaps.clean(saying.body)
    made = [_gap(gap, case=stored["case"]) for gap in stored["gaps"]]
    return gaps.PLACE.sub(lambda m: made[int(m.group(1)) - 1], stored["stem"])


def _gap(gap: dict[str, Any], *, case: bool) -> str:
    if gap["kind"] == "choice":
        rows = [(o["fraction"], o["text"]) for o in gap["options"]]
        return f"{{1:MULTICHOICE:{'~'.join(_alternative(*row) for row in rows)}}}"
    if gap["kind"] == "text":
        rows = [(a["fraction"], a["text"]) for a in gap["answers"]]
        name = "SHORTANSWER_C" if case else "SHORTANSWER"
        return f"{{1:{name}:{'~'.join(_alternative(*row) for row in rows)}}}"
    rows = []
    for answer in gap["answers"]:
        if "low" in answer:
            low, high = Decimal(answer["low"]), Decimal(answer["high"])
            middle = f"{plain_number((low + high) / 2)}:{plain_number((high - low) / 2)}"
        else:
            middle = f"{answer['value']}:{answer['tolerance']}"
        rows.append((answer["fraction"], middle))
    return f"{{1:NUMERICAL:{'~'.join(_prefix(f) + text for f, text in rows)}}}"


def _prefix(fraction: str) -> str:
    if fraction == "1":
        return "="
    return "" if fraction == "0" else f"%{plain_number(Decimal(fraction) * 100)}%"


def _alternative(fraction: str, text: str) -> str:
    return _prefix(fraction) + re.sub(r"([\\~=#{}])", r"\\\1", text)
