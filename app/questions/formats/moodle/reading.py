"""Moodle XML as questions."""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Mapping
from decimal import Decimal, InvalidOperation
from html import unescape
from urllib.parse import unquote
from xml.etree.ElementTree import Element

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from app.questions import rules
from app.questions.formats import archive, fractions, mathml
from app.questions.formats.facts import (
    Item,
    NotThisFormat,
    Paper,
    Problem,
    facts_of,
)
from app.questions.formats.hypertext import to_line, to_markdown
from app.questions.rules import LONGEST_TEXT, Kind, Marking, plain_number
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
    category, points = "", 0
    for element in root.findall("question"):
        kind = element.get("type", "")
        if kind == "category":
            path = _text(element.find("category")).removeprefix("$course$/")
            category = re.sub(r"^top(?:/|$)", "", path)
            continue
        number, line = str(len(paper.items) + 1), archive.line_of(element)
        item = Item(str(_KINDS.get(kind, kind)), {}, line, number, lines=_lines(element))
        files = _unpack(paper, item, element)
        item.facts = facts_of(
            category=category,
            tags=[_text(tag) for tag in element.iterfind("tags/tag")],
            difficulty=_text(element.find("weike/difficulty")),
            source=_text(element.find("weike/source")),
            language=_text(element.find("weike/language")),
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
                    line=line,
                    blocks=False,
                )
            )  # fmt: skip
            continue
        _READERS.get(kind, _unknown)(item, element)
        _leftovers(item, element, kind)
        points += re.fullmatch(r"(?:1(?:\.0+)?)?", _text(element.find("defaultgrade"))) is None
        paper.items.append(item)
    if points:
        sentence = _(
            "Points of questions are not kept (%(number)s times): a paper gives points, not the "
            "bank.",
            number=points,
        )
        paper.notes.append(Problem(sentence, blocks=False))
    return paper


def _lines(element: Element) -> dict[str, int]:
    """The lines of the parts of a question that the rules may have something against."""
    answers = archive.line_of(element.find("answer"))
    found = {
        "stem": archive.line_of(element.find("questiontext")),
        "pairs": archive.line_of(element.find("subquestion")),
        **dict.fromkeys(("options", "answer", "answers", "items"), answers),
    }
    return {part: line for part, line in found.items() if line}


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
                item.note(
                    _("The file “%(name)s” is broken and not taken along.", name=name[:60]),
                    line=archive.line_of(file),
                )
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
    hint = element.find("hint")
    if hint is not None:
        item.note(_("Hints for further tries are not kept."), line=archive.line_of(hint))
    if kind in {"multichoice", "matching", "ordering"}:
        partly = _text(element.find("partiallycorrectfeedback/text"))
        wrong = _text(element.find("incorrectfeedback/text"))
        own = {"Your answer is partially correct.", "Your answer is incorrect."}
        if (partly and partly not in own) or (wrong and wrong not in own):
            item.note(
                _("Feedback for right, partly right and wrong answers is not kept."),
                line=archive.line_of(
                    element.find("partiallycorrectfeedback" if partly else "incorrectfeedback")
                ),
            )


def _fraction(element: Element) -> str:
    try:
        share = Decimal(element.get("fraction", "0")) / 100
    except ArithmeticError:
        return "0"
    return plain_number(share) if share.is_finite() and abs(share) < 1_000_000 else "0"


def _row(item: Item, answer: Element) -> dict[str, str]:
    row = {"text": _offered(item, answer), "fraction": _fraction(answer)}
    feedback = _offered(item, answer.find("feedback"))
    return {**row, "feedback": feedback} if feedback else row


def _multichoice(item: Item, element: Element) -> None:
    rows = [_row(item, answer) for answer in element.findall("answer")]
    if _text(element.find("single")).lower() in {"true", "1", ""}:
        if lost := fractions.without_costs(rows):
            item.note(lost)
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
    item.body["typos"] = _text(element.find("weike/typos")) or "0"


def _numerical(item: Item, element: Element) -> None:
    answers = []
    for answer in element.findall("answer"):
        row = _row(item, answer)
        text = row.pop("text")
        interval = answer.find("interval")
        if text.strip() == "*":
            item.note(_("“Any other number” (*) is not kept."), line=archive.line_of(answer))
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
    rows = [
        (_offered(item, sub), _offered(item, sub.find("answer")))
        for sub in element.findall("subquestion")
    ]
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
    item.body["items"] = [_offered(item, answer) for answer in element.findall("answer")]
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
            item.refuse(
                _("A gap with several right ticks is not known here."),
                _("Write it as a question of another kind, or take it out of the file."),
                item.lines.get("stem", 0),
            )
        pieces = re.split(r"(?<!\\)~", rest)
        parts = [_cloze_part(item, piece, kind, multi=multi) for piece in pieces]
        shown = [part for part in parts if part]
        if kind in {"NUMERICAL", "NM"}:
            return f"[[{'|'.join(f'#{part}' for part in shown)}]]"
        return f"[[{'|'.join(shown)}]]"

    item.body["stem"] = _CLOZE.sub(gap, item.body["stem"])
    if len(weights) > 1:
        item.note(_("Gaps that count more than others count the same here."))
    item.body.update({"case": "_C:" in _text(element.find("questiontext"))})
    item.body["typos"] = _text(element.find("weike/typos")) or "0"
    item.kind = str(Kind.CLOZE if choices else Kind.BLANKS)
    if not choices:
        item.body["any_order"] = _text(element.find("weike/any_order")) == "1"


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
    escaped = gaps.escaped(said)
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
            item.refuse(
                _("Gap %(number)s has no word.", number=at + 1),
                _("Write the question, or its gaps, anew."),
                item.lines.get("stem", 0),
            )
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
    return _read(item, element, to_markdown)


def _offered(item: Item, element: Element | None) -> str:
    """The text of an answer, which is no Markdown here."""
    return _read(item, element, to_line)


def _read(item: Item, element: Element | None, read: Callable[[str], tuple[str, list[str]]]) -> str:
    if element is None:
        return ""
    text = _text(element)
    if element.get("format", "html") in {"markdown", "plain_text"}:
        return mathml.unfiltered(text) if element.get("format") == "markdown" else text
    found, notes = read(text)
    for note in notes:
        if not any(problem.what == note for problem in item.problems):
            item.note(note, line=archive.line_of(element))
    return found
