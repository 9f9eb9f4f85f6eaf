"""Moodle XML: the kinds of Moodle, with categories, tags, feedback and per cents."""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping, Sequence
from decimal import Decimal, InvalidOperation
from html import unescape
from typing import Any
from urllib.parse import unquote
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from app.questions import rules
from app.questions.formats import archive, clips
from app.questions.formats.facts import (
    Item,
    NotThisFormat,
    Paper,
    Problem,
    Saying,
    Written,
    facts_of,
)
from app.questions.formats.hypertext import to_markdown
from app.questions.rules import KIND_NAMES, LONGEST_TEXT, Kind, Marking, plain_number
from app.questions.types import gaps

NAME = "moodle"
LABEL = _l("Moodle XML")
ENDINGS = (".xml",)
CARRIES = True
_KINDS = {
    "multichoice": Kind.SINGLE,
    "truefalse": Kind.TRUEFALSE,
    "shortanswer": Kind.SHORT,
    "numerical": Kind.NUMERIC,
    "matching": Kind.MATCHING,
    "essay": Kind.ESSAY,
    "ordering": Kind.ORDERING,
    "cloze": Kind.CLOZE,
    "multianswer": Kind.CLOZE,
    "gapselect": Kind.CLOZE,
    "ddwtos": Kind.CLOZE,
}
_CLOZE = re.compile(
    r"(?<!\\)\{(\d*):(SHORTANSWER|SAC?|MW|MWC|SHORTANSWER_C|NUMERICAL|NM|MULTICHOICE|MC|MCV|MCH|MCS|MCVS|MCHS"
    r"|MULTICHOICE_[VHS]+|MULTIRESPONSE\w*|MR\w*):((?:[^{}\\]|\\.)*)\}",
    re.DOTALL,
)


def fits(data: bytes, filename: str) -> bool:
    return b"<quiz" in data[:2000]


def read(data: bytes, filename: str) -> Paper:
    root = archive.xml(data)
    if archive.local(root) != "quiz":
        raise NotThisFormat(why=_("it is no Moodle XML."))
    paper = Paper(NAME)
    category = ""
    for at, element in enumerate(root.findall("question"), 1):
        kind = element.get("type", "")
        if kind == "category":
            path = _text(element.find("category")).removeprefix("$course$/")
            category = re.sub(r"^top(?:/|$)", "", path)
            continue
        item = Item(str(_KINDS.get(kind, kind)), {}, 0, str(len(paper.items) + 1))
        files = _unpack(paper, item, element)
        item.facts = facts_of(
            category=category,
            tags=[_text(tag) for tag in element.iterfind("tags/tag")],
            difficulty=_text(element.find("weike/difficulty")),
            source=_text(element.find("weike/source")),
        )
        item.body = {
            "stem": _said(item, element.find("questiontext")),
            "explanation": _said(item, element.find("generalfeedback")),
        }
        material = _named(_text(element.find("weike/material")), files)
        if material:
            item.body["material"] = material
        if kind == "description":
            paper.notes.append(
                Problem(
                    _("“%(text)s” is a description, not a question, and is not taken.",
                      text=item.body["stem"][:60]),
                    line=at,
                    blocks=False,
                )
            )  # fmt: skip
            continue
        _READERS.get(kind, _unknown)(item, element)
        _leftovers(item, element, kind)
        paper.items.append(item)
    return paper


_PLUGIN = re.compile(r"@@PLUGINFILE@@/([^\"'\s()<>?]+)(?:\?[^\"'\s()<>]*)?")
_INLINE = re.compile(r"data:((?:image|audio)/[\w.+-]{1,40});base64,([A-Za-z0-9+/=\s]{16,})")


def _unpack(paper: Paper, item: Item, element: Element) -> dict[str, str]:
    """Take the files of a question along, and name them in its texts by what stands for them.

    Returns what stands for each file, by its name.
    """
    everywhere: dict[str, str] = {}
    for holder in element.iter():
        mine = {}
        for file in holder.findall("file"):
            name = file.get("name", "")
            data = _decoded(file.text or "")
            if not data:
                item.note(_("The file “%(name)s” is broken and not taken along.", name=name[:60]))
                continue
            mine[name] = paper.enclose(name, data)
        everywhere = {**mine, **everywhere}
        for text in holder.findall("text") if mine else ():
            text.text = _named(text.text or "", mine)
    for text in element.iter("text"):
        text.text = _INLINE.sub(
            lambda m: _inlined(paper, m[0], m[1], m[2]), _named(text.text or "", everywhere)
        )
    said = "".join(text.text or "" for text in element.iter("text"))
    for name, url in everywhere.items():
        if url not in said and element.find("weike/material") is None:
            item.note(_("The file “%(name)s” belongs to no text here.", name=name[:60]))
    return everywhere


def _named(text: str, files: Mapping[str, str]) -> str:
    def url(match: re.Match[str]) -> str:
        return files.get(unquote(unescape(match[1])).rpartition("/")[2], match[0])

    return _PLUGIN.sub(url, text)


def _inlined(paper: Paper, whole: str, kind: str, text: str) -> str:
    data = _decoded(text)
    ending = {"audio/mpeg": "mp3", "audio/mp4": "m4a"}.get(kind, kind.rpartition("/")[2])
    return paper.enclose(f"{len(paper.files) + 1}.{ending}", data) if data else whole


def _decoded(text: str) -> bytes:
    try:
        return base64.b64decode("".join(text.split()), validate=True)
    except ValueError:
        return b""


def _unknown(item: Item, element: Element) -> None:
    """judge() says that nobody knows this kind."""


def _leftovers(item: Item, element: Element, kind: str) -> None:
    if element.findall("hint"):
        item.note(_("Hints for further tries are not kept."))
    if kind in {"multichoice", "matching", "ordering"}:
        partly = _text(element.find("partiallycorrectfeedback/text"))
        wrong = _text(element.find("incorrectfeedback/text"))
        own = {"Your answer is partially correct.", "Your answer is incorrect."}
        if (partly and partly not in own) or (wrong and wrong not in own):
            item.note(_("Feedback for right, partly right and wrong answers is not kept."))


def _fraction(element: Element) -> str:
    try:
        return plain_number(Decimal(element.get("fraction", "0")) / 100)
    except InvalidOperation:
        return "0"


def _row(item: Item, answer: Element) -> dict[str, str]:
    row = {"text": _said(item, answer), "fraction": _fraction(answer)}
    feedback = _said(item, answer.find("feedback"))
    return {**row, "feedback": feedback} if feedback else row


def _multichoice(item: Item, element: Element) -> None:
    rows = [_row(item, answer) for answer in element.findall("answer")]
    if _text(element.find("single")).lower() in {"true", "1", ""}:
        if any(Decimal(row["fraction"]) < 0 for row in rows):
            item.note(_("A wrong answer of a single choice question costs nothing here."))
        for row in rows:
            row["fraction"] = plain_number(max(Decimal(0), Decimal(row["fraction"])))
    else:
        item.kind = str(Kind.MULTIPLE)
    item.body["options"] = rows


def _truefalse(item: Item, element: Element) -> None:
    right = [a for a in element.findall("answer") if Decimal(_fraction(a)) > 0]
    item.body["answer"] = _text(right[0]).lower() == "true" if len(right) == 1 else None
    if any(_text(a.find("feedback")) for a in element.findall("answer")):
        item.note(_("Feedback for a statement is not kept; write it as explanation."))


def _short(item: Item, element: Element) -> None:
    item.body["answers"] = [_row(item, answer) for answer in element.findall("answer")]
    item.body["case"] = _text(element.find("usecase")) == "1"
    item.body["typos"] = int(_text(element.find("weike/typos")) or 0)


def _numerical(item: Item, element: Element) -> None:
    answers = []
    for answer in element.findall("answer"):
        row = _row(item, answer)
        text = row.pop("text")
        interval = answer.find("interval")
        if text.strip() == "*":
            item.note(_("“Any other number” (*) is not kept."))
            continue
        if interval is not None:
            row.update({"low": interval.get("low", ""), "high": interval.get("high", "")})
        else:
            row.update({"value": text, "tolerance": _text(answer.find("tolerance")) or "0"})
        answers.append(row)
    units = []
    for unit in element.iterfind("units/unit"):
        multiplier = _text(unit.find("multiplier")) or "1"
        try:
            # Moodle: so many of this unit are one of the first. Ours is the inverse.
            factor = plain_number((1 / Decimal(multiplier)).normalize())
        except (InvalidOperation, ArithmeticError):
            factor = multiplier
        units.append({"text": _text(unit.find("unit_name")), "factor": factor})
    item.body.update(
        {
            "answers": answers,
            "units": units,
            "unit_required": bool(units)
            and _text(element.find("unitgradingtype")) not in {"", "0"},
        }
    )


def _matching(item: Item, element: Element) -> None:
    rows = [(_said(item, sub), _text(sub.find("answer"))) for sub in element.findall("subquestion")]
    item.body["pairs"] = [{"left": left, "right": right} for left, right in rows if left]
    item.body["extra"] = [right for left, right in rows if not left and right]


def _essay(item: Item, element: Element) -> None:
    item.body["answer"] = _said(item, element.find("graderinfo"))
    item.body["rubric"] = [
        {"text": _text(row), "share": row.get("share", "")}
        for row in element.iterfind("weike/criterion")
    ]
    if _text(element.find("attachments")) in {"", "0"}:
        return
    if _text(element.find("responseformat")) != "noinline":
        item.note(_("A text and files as one answer are not kept; it is an essay now."))
        return
    item.kind = str(Kind.FILE)
    listed = _text(element.find("filetypeslist")).lower().split(",")
    given = [word.strip().lstrip("*.") for word in listed]
    known = [word for word in given if word in rules.ENDINGS]
    if len(known) < len([word for word in given if word]):
        item.note(_("Some kinds of files are not known here; look at which are taken."))
    item.body["endings"] = known


def _ordering(item: Item, element: Element) -> None:
    item.body["items"] = [_said(item, answer) for answer in element.findall("answer")]
    grading = _text(element.find("gradingtype")).lower()
    item.body["marking"] = {
        "all_or_nothing": Marking.ALL,
        "-1": Marking.ALL,
        "relative_next_exclude_last": Marking.NEIGHBOURS,
        "1": Marking.NEIGHBOURS,
    }.get(grading, Marking.PLACES).value


def _cloze(item: Item, element: Element) -> None:
    if len(item.body["stem"]) > 4 * LONGEST_TEXT or not _CLOZE.search(item.body["stem"]):
        item.refuse(
            _("There is no gap in this text."), _("Write gaps like {1:SHORTANSWER:=Beijing}.")
        )
    weights: set[str] = set()
    choices = False

    def gap(match: re.Match[str]) -> str:
        nonlocal choices
        weight, kind, rest = match.groups()
        weights.add(weight or "1")
        multi = kind.startswith(("M", "MC")) and not kind.startswith("MW")
        choices = choices or multi
        if kind.startswith(("MULTIRESPONSE", "MR")):
            item.refuse(_("A gap with several right ticks is not known here."))
        pieces = re.split(r"(?<!\\)~", rest)
        parts = [_cloze_part(item, piece, kind, multi=multi) for piece in pieces]
        shown = [part for part in parts if part]
        if kind in {"NUMERICAL", "NM"}:
            return f"[[{'|'.join(f'#{part}' for part in shown)}]]"
        return f"[[{'|'.join(shown)}]]"

    item.body["stem"] = _CLOZE.sub(gap, item.body["stem"])
    if len(weights) > 1:
        item.note(_("Gaps that count more than others count the same here."))
    item.body.update({"case": "_C:" in _text(element.find("questiontext")), "typos": 0})
    item.kind = str(Kind.CLOZE if choices else Kind.BLANKS)
    if not choices:
        item.body["any_order"] = False


def _cloze_part(item: Item, piece: str, kind: str, *, multi: bool) -> str:
    text, _sep, feedback = piece.partition("#") if "\\#" not in piece else (piece, "", "")
    if feedback.strip():
        item.note(_("Feedback for single gaps is not kept."))
    weight = re.match(r"\s*(?:=|%(-?\d+(?:\.\d+)?)%)", text)
    share = Decimal(1 if weight else 0)
    if weight and weight.group(1):
        share = Decimal(weight.group(1)) / 100
    said = re.sub(r"\\(.)", r"\1", text[weight.end() :] if weight else text).strip()
    if kind in {"NUMERICAL", "NM"}:
        value, _colon, tolerance = said.partition(":")
        if value.strip() == "*" or share <= 0:
            return ""
        prefix = "" if share == 1 else f"%{plain_number(share * 100)}%"
        return (
            f"{prefix}{value.strip()}±{tolerance.strip()}"
            if tolerance
            else f"{prefix}{value.strip()}"
        )
    escaped = gaps.escaped(said) if multi else said.replace("|", r"\|").replace("]", r"\]")
    if share == 1:
        return f"={escaped}" if multi else escaped
    if share <= 0:
        return escaped if multi else ""
    return f"%{plain_number(share * 100)}%{escaped}"


def _select(item: Item, element: Element) -> None:
    """Words to choose from for [[1]], [[2]] …: each gap offers the words of its group."""
    words = [
        (_text(box.find("text")), _text(box.find("group")) or "1")
        for box in [*element.findall("selectoption"), *element.findall("dragbox")]
    ]

    def gap(match: re.Match[str]) -> str:
        at = int(match.group(1)) - 1
        if not 0 <= at < len(words):
            item.refuse(_("Gap %(number)s has no word.", number=at + 1))
            return match.group()
        group = words[at][1]
        parts = [
            f"={gaps.escaped(text)}" if n == at else gaps.escaped(text)
            for n, (text, own) in enumerate(words)
            if own == group
        ]
        return f"[[{'|'.join(parts)}]]"

    item.body["stem"] = re.sub(r"\[\[(\d+)\]\]", gap, item.body["stem"])
    item.body.update({"case": False, "typos": 0})


_READERS = {
    "multichoice": _multichoice,
    "truefalse": _truefalse,
    "shortanswer": _short,
    "numerical": _numerical,
    "matching": _matching,
    "essay": _essay,
    "ordering": _ordering,
    "cloze": _cloze,
    "multianswer": _cloze,
    "gapselect": _select,
    "ddwtos": _select,
}


def _text(element: Element | None) -> str:
    if element is None:
        return ""
    inner = element.find("text")
    return ((inner if inner is not None else element).text or "").strip()


def _said(item: Item, element: Element | None) -> str:
    """The text of an element as Markdown; notes what of its HTML is lost."""
    if element is None:
        return ""
    text = _text(element)
    if element.get("format", "html") in {"markdown", "plain_text"}:
        return text
    found, notes = to_markdown(text)
    for note in notes:
        if not any(problem.what == note for problem in item.problems):
            item.note(note)
    return found


# ---- out -----------------------------------------------------------------------------------------


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
        if saying.kind == Kind.SHORT:
            SubElement(ours, "typos").text = str(body["typos"])
        lost.append(_("that slips are forgiven"))
    if body.get("material"):
        SubElement(ours, "material").text = body["material"]
    for name in ("difficulty", "source"):
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


def _add(element: Element, text: str) -> None:
    SubElement(element, "text").text = text


def _answer(element: Element, text: str, fraction: str, feedback: str = "") -> Element:
    answer = SubElement(
        element, "answer", fraction=plain_number(Decimal(fraction) * 100), format="markdown"
    )
    _add(answer, text)
    if feedback:
        _add(SubElement(answer, "feedback", format="markdown"), feedback)
    return answer


def _write_single(element: Element, body: Any) -> list[str]:
    SubElement(element, "single").text = "true"
    SubElement(element, "shuffleanswers").text = "true"
    for option in body["options"]:
        _answer(element, option["text"], option["fraction"], option.get("feedback", ""))
    return []


def _write_multiple(element: Element, body: Any) -> list[str]:
    SubElement(element, "single").text = "false"
    SubElement(element, "shuffleanswers").text = "true"
    for option in body["options"]:
        _answer(element, option["text"], option["fraction"], option.get("feedback", ""))
    return []


def _write_truefalse(element: Element, body: Any) -> list[str]:
    for word in ("true", "false"):
        _answer(element, word, "1" if (word == "true") == body["answer"] else "0")
    return []


def _write_short(element: Element, body: Any) -> list[str]:
    SubElement(element, "usecase").text = "1" if body["case"] else "0"
    for row in body["answers"]:
        _answer(element, row["text"], row["fraction"], row.get("feedback", ""))
    return []


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
    return []


def _write_matching(element: Element, body: Any) -> list[str]:
    SubElement(element, "shuffleanswers").text = "true"
    rows = [(p["left"], p["right"]) for p in body["pairs"]] + [("", text) for text in body["extra"]]
    for left, right in rows:
        sub = SubElement(element, "subquestion", format="markdown")
        _add(sub, left)
        _add(SubElement(sub, "answer"), right)
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
    lost = [_("that the answers may stand in any order")] if body.get("any_order") else []
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
