"""What is asked: the interaction of an item as a question of one of our kinds."""

from __future__ import annotations

import math
import re
from collections import Counter
from decimal import Decimal

from flask_babel import gettext as _

from app.questions.formats.facts import (
    Item,
)
from app.questions.formats.qti_items.nodes import Declared, Node, offered_words, worth_in
from app.questions.rules import Kind, Wrong, fractions, plain_number, shares
from app.questions.types import hotspot


def put_kind(
    item: Item, found: list[Node], declared: dict[str, Declared], root: Node, named: str
) -> None:
    names = {node.name for node in found}
    first = found[0]
    said = declared.get(first.get("responseIdentifier")) or Declared(first)
    if names <= {"textEntryInteraction", "inlineChoiceInteraction"} or names == {
        "gapMatchInteraction"
    }:
        _typed(item, names, said, root, named=named, number=len(found))
    elif len(found) > 1:
        item.kind = "composite"
        item.refuse(
            _("An item with several interactions is not known here."),
            _("Make a question of each, with the same shared text."),
            found[1].line,
        )
    elif first.name in {"choiceInteraction", "hottextInteraction"}:
        _choice(item, first, said)
    elif first.name == "orderInteraction":
        _order(item, first, said)
    elif first.name == "matchInteraction":
        _match(item, first, said)
    elif first.name == "associateInteraction":
        _associate(item, first, said)
    elif first.name == "sliderInteraction":
        item.kind = str(Kind.NUMERIC)
        answers = [{"value": text, "tolerance": "0", "fraction": "1"} for text in said.correct]
        item.body.update({"answers": answers, "units": [], "unit_required": False})
        item.note(_("A slider becomes a number to be typed."), line=first.line)
    elif first.name in {"selectPointInteraction", "hotspotInteraction"}:
        _spots(item, first, said)
    elif first.name == "uploadInteraction":
        item.kind = str(Kind.FILE)
        item.body.update({"answer": "", "rubric": [], "endings": []})
    else:
        item.kind = str(Kind.ESSAY)
        item.body.update({"answer": said.correct[0] if said.correct else "", "rubric": []})


def _spots(item: Item, first: Node, said: Declared) -> None:
    """A place on a picture: areas in pixels become per cent of its size."""
    item.kind = str(Kind.HOTSPOT)
    picture = first.first("object") or first.first("img")
    width = _number_of(picture.get("width")) if picture else None
    height = _number_of(picture.get("height")) if picture else None
    areas = []
    given = said.areas
    if first.name == "hotspotInteraction":
        right = said.correct or [
            token for token, worth in said.mapped.items() if Decimal(worth) > 0
        ]
        choices = {each.get("identifier"): each for each in first.all("hotspotChoice")}
        spots = [choices[token] for token in right if token in choices]
        given = [(each.get("shape"), each.get("coords"), "1") for each in spots]
    for shape, coords, worth in given:
        numbers = [_number_of(part) for part in coords.split(",")]
        if not width or not height or any(n is None for n in numbers):
            item.note(
                _("An area of the picture was not understood; draw it anew."), line=first.line
            )
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
            picture.line if picture else first.line,
        )
    most = first.get("maxChoices", "1")
    find = int(most) if most.isdecimal() and most != "0" else len(areas)
    find = max(1, min(find, len(areas)))
    _share_out(areas, find)
    item.body.update(
        {
            "picture": source,
            "alt": picture.words or picture.get("alt") if picture else "",
            "find": find,
            "areas": areas,
        }
    )


def _share_out(areas: list[dict[str, str]], find: int) -> None:
    """So many areas together are worth the mark."""
    best = sorted((Decimal(area["fraction"]) for area in areas), reverse=True)[:find]
    if sum(best) <= 1:
        return
    if len(set(best)) == 1:
        given = iter(shares(find))
        for area in areas:
            alike = Decimal(area["fraction"]) == best[0]
            area["fraction"] = plain_number(next(given, 1 / Decimal(find))) if alike else "0"
        return
    for area in areas:
        share = (Decimal(area["fraction"]) / sum(best)).quantize(Decimal("0.00001"))
        area["fraction"] = plain_number(share)


def _number_of(text: str) -> float | None:
    try:
        number = float(text.strip().removesuffix("px"))
    except ValueError:
        return None
    return number if math.isfinite(number) else None


def _typed(
    item: Item, names: set[str], said: Declared, root: Node, *, named: str, number: int
) -> None:
    stem = item.body["stem"]
    end = re.search(r"\s*\[\[(?:\\.|[^\\])*?\]\]\s*$", stem, re.DOTALL)
    if names & {"inlineChoiceInteraction", "gapMatchInteraction"} or named == Kind.CLOZE:
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
            item.body.update({"case": said.case or _minds_case(root), "typos": 0})
    else:
        item.kind = str(Kind.BLANKS)
        case = said.case or _minds_case(root)
        item.body.update({"case": case, "typos": 0, "any_order": False})


def _minds_case(root: Node) -> bool:
    return any(n.get("caseSensitive") == "true" for n in root.all("stringMatch"))


def _choice(item: Item, node: Node, said: Declared) -> None:
    choices = node.all("simpleChoice") or node.all("hottext")
    texts = [offered_words(choice, item) for choice in choices]
    told = [choice.first("feedbackInline") for choice in choices]
    feedback = [offered_words(each, item) if each else "" for each in told]
    tokens = [choice.get("identifier") for choice in choices]
    if {token.lower() for token in tokens} == {"true", "false"}:
        item.kind = str(Kind.TRUEFALSE)
        item.body["answer"] = said.correct[:1] == ["true"] if said.correct else None
        return
    if said.many or node.get("maxChoices", "1") != "1":
        item.kind = str(Kind.MULTIPLE)
        worths = [Decimal(worth_in(said, token)) for token in tokens]
        if not said.mapped:
            worths = fractions([bool(worth) for worth in worths], Wrong.ALL)
            item.note(_("Partly right answers get their share of the mark here."))
    else:
        item.kind = str(Kind.SINGLE)
        worths = [max(Decimal(0), Decimal(worth_in(said, token))) for token in tokens]
    item.body["options"] = [
        {
            "text": text,
            "fraction": plain_number(worth),
            **({"feedback": words} if words else {}),
        }
        for text, worth, words in zip(texts, worths, feedback, strict=True)
    ]


def _match(item: Item, node: Node, said: Declared) -> None:
    item.kind = str(Kind.MATCHING)
    sets = [
        {c.get("identifier"): offered_words(c, item) for c in each.all("simpleAssociableChoice")}
        for each in node.all("simpleMatchSet")
    ]
    lefts, rights = sets if len(sets) == 2 else ({}, {})
    pairs = _pairs(said)
    if any(count > 1 for count in Counter(left for left, _right in pairs).values()):
        # A category and all that belongs to it: each of those is asked for its category here.
        lefts, rights, pairs = rights, lefts, [(right, left) for left, right in pairs]
        if any(count > 1 for count in Counter(left for left, _right in pairs).values()):
            item.refuse(
                _("Things that belong to several others at once are not known here."),
                _("Write it as a question of another kind, or take it out of the file."),
                node.line,
            )
    known = dict(pairs)
    # What belongs to nothing stands among the answers that fit nowhere.
    item.body["pairs"] = [
        {"left": text, "right": rights.get(known.get(token, ""), "")}
        for token, text in lefts.items()
        if token in known or len(known) < 2
    ]
    alone = [text for token, text in lefts.items() if token not in known]
    if alone and len(known) > 1:
        item.note(
            _("“%(text)s” belongs to nothing and is left out.", text="; ".join(alone)[:80]),
            line=node.line,
        )
    used = set(known.values())
    item.body["extra"] = [text for token, text in rights.items() if token not in used]


def _pairs(said: Declared) -> list[tuple[str, str]]:
    """The right pairs, by their identifiers; of a mapping those that are worth something."""
    given = said.correct or [key for key, worth in said.mapped.items() if Decimal(worth) > 0]
    pairs = [value.split() for value in given]
    return [(pair[0], pair[1]) for pair in pairs if len(pair) == 2]


def _associate(item: Item, node: Node, said: Declared) -> None:
    item.kind = str(Kind.MATCHING)
    texts = {
        c.get("identifier"): offered_words(c, item) for c in node.all("simpleAssociableChoice")
    }
    pairs = [pair for pair in _pairs(said) if set(pair) <= texts.keys()]
    used = [token for pair in pairs for token in pair]
    if len(set(used)) < len(used):
        item.refuse(
            _("Things that belong to several others at once are not known here."),
            _("Write it as a question of another kind, or take it out of the file."),
            node.line,
        )
    item.body["pairs"] = [{"left": texts[left], "right": texts[right]} for left, right in pairs]
    item.body["extra"] = [text for token, text in texts.items() if token not in used]
    item.note(_("Pairs out of one heap become two columns here."), line=node.line)


def _order(item: Item, node: Node, said: Declared) -> None:
    item.kind = str(Kind.ORDERING)
    texts = {c.get("identifier"): offered_words(c, item) for c in node.all("simpleChoice")}
    item.body["items"] = [texts[token] for token in said.correct if token in texts]
    item.body["marking"] = "all"
    left = [text for token, text in texts.items() if token not in said.correct]
    if left and said.correct:
        item.note(
            _("“%(text)s” belongs to nothing and is left out.", text="; ".join(left)[:80]),
            line=node.line,
        )
