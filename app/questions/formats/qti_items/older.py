"""QTI 1.2 as Canvas and the tools around it write it: read only, for who comes from there."""

from __future__ import annotations

import posixpath
import re
import zipfile
from collections.abc import Sequence
from decimal import Decimal, InvalidOperation
from typing import Any
from urllib.parse import unquote

from flask_babel import gettext as _

from app.questions.formats import archive, assembling
from app.questions.formats.facts import Item, NotThisFormat, Paper, Problem
from app.questions.formats.hypertext import to_line, to_markdown
from app.questions.formats.qti_items.nodes import Node, as_node
from app.questions.rules import Kind, Wrong, fractions, plain_number
from app.questions.types import gaps

MARK = b"<questestinterop"
_KINDS = {
    "multiple_choice_question": Kind.SINGLE,
    "true_false_question": Kind.TRUEFALSE,
    "multiple_answers_question": Kind.MULTIPLE,
    "short_answer_question": Kind.SHORT,
    "numerical_question": Kind.NUMERIC,
    "matching_question": Kind.MATCHING,
    "fill_in_multiple_blanks_question": Kind.BLANKS,
    "multiple_dropdowns_question": Kind.CLOZE,
    "essay_question": Kind.ESSAY,
    "file_upload_question": Kind.FILE,
    "cc.multiple_choice.v0p1": Kind.SINGLE,
    "cc.multiple_response.v0p1": Kind.MULTIPLE,
    "cc.true_false.v0p1": Kind.TRUEFALSE,
    "cc.fib.v0p1": Kind.SHORT,
    "cc.essay.v0p1": Kind.ESSAY,
}
_SOURCE = re.compile(r'(?<=\bsrc=")([^"]{1,500})(?=")')
_FOLDERS = ("", "web_resources")


def is_older(package: zipfile.ZipFile, manifest: bytes) -> bool:
    return b"imsqti_xmlv1p" in manifest or b"x-bb-qti" in manifest or bool(_papers(package))


def read(package: zipfile.ZipFile, paper: Paper) -> Paper:
    names = _papers(package)
    if not names:
        raise NotThisFormat(
            why=_("it is QTI 1.2 of a kind that is not known here. Export it as QTI 2.1 or as "
                  "Moodle XML, and send that.")
        )  # fmt: skip
    for name in names:
        _read(archive.entry(package, name) or b"", paper, package, name)
    return paper


def read_alone(data: bytes, paper: Paper) -> Paper:
    _read(data, paper, None, "")
    return paper


def _papers(package: zipfile.ZipFile) -> list[str]:
    """The files with questions; Canvas packs each twice, of which the longer one says more."""
    names = [n for n in package.namelist() if n.lower().endswith((".xml", ".xml.qti"))]
    found = [n for n in names if MARK in (archive.entry(package, n) or b"")[:4000]]
    whole = [n for n in found if n.endswith(".qti")]
    return whole or found


def _read(data: bytes, paper: Paper, package: zipfile.ZipFile | None, file: str) -> None:
    points = 0
    for node in as_node(archive.xml(data)).all("item"):
        said = {
            field.first("fieldlabel").words: field.first("fieldentry").words  # type: ignore[union-attr]
            for field in node.all("qtimetadatafield")
            if field.first("fieldlabel") and field.first("fieldentry")
        }
        for each in node.all("mattext"):
            each.text = _with_pictures(each.words, paper, package)
        kind = said.get("question_type") or said.get("cc_profile") or ""
        item = Item("", {}, node.line, str(len(paper.items) + 1), file=file)
        words = _words(node.first("presentation"))
        item.body = {"stem": _markdown(words, item), "explanation": ""}
        if kind == "text_only_question":
            paper.notes.append(
                Problem(
                    _("“%(text)s” is a description, not a question, and is not taken.",
                      text=item.body["stem"][:60]),
                    line=node.line, blocks=False, file=file,
                )
            )  # fmt: skip
            continue
        item.kind = str(_KINDS.get(kind) or _guess(node) or kind)
        points += said.get("points_possible", "1").rstrip("0").rstrip(".") not in {"1", ""}
        _put(item, node)
        _feedback(item, node)
        paper.items.append(item)
    paper.notes.append(
        Problem(
            _("The file is QTI 1.2, an old version that every program writes its own way: look "
              "over each question."),
            blocks=False, file=file,
        )
    )  # fmt: skip
    if points:
        sentence = _(
            "Points of questions are not kept (%(number)s times): a paper gives points, not the "
            "bank.",
            number=points,
        )
        paper.notes.append(Problem(sentence, blocks=False))


def _with_pictures(html: str, paper: Paper, package: zipfile.ZipFile | None) -> str:
    if package is None:
        return html

    def url(match: re.Match[str]) -> str:
        name = unquote(match[1]).partition("?")[0]
        name = re.sub(r"^(?:%?\$|\$)IMS[-_]CC[-_]FILEBASE\$/?", "", name)
        for folder in _FOLDERS:
            path = posixpath.normpath(posixpath.join(folder, name))
            inside = bool(name) and ":" not in name and not path.startswith(("/", ".."))
            data = archive.entry(package, path) if inside else None
            if data:
                return paper.enclose(posixpath.basename(path), data)
        return match[0]

    return _SOURCE.sub(url, html)


def _guess(node: Node) -> str:
    """The kind of an item that does not say it."""
    choices, typed = node.all("response_lid"), node.all("response_str")
    if len(choices) == 1:
        labels = [_words(each).strip().lower() for each in choices[0].all("response_label")]
        if set(labels) == {"true", "false"}:
            return Kind.TRUEFALSE
        many = choices[0].get("rcardinality").lower() == "multiple"
        return Kind.MULTIPLE if many else Kind.SINGLE
    if choices:
        return Kind.MATCHING
    if len(typed) == 1:
        return Kind.SHORT if node.first("varequal") else Kind.ESSAY
    return ""


def _words(node: Node | None) -> str:
    """What a part shows by itself, but for what its answers show."""
    if node is None or node.name.startswith(("response_", "render_")):
        return ""
    return " ".join(_texts(node))


def _texts(node: Node) -> list[str]:
    if node.name == "mattext":
        plain = node.get("texttype", "text/plain").lower() == "text/plain"
        said = node.text.strip()
        return [said.replace("&", "&amp;").replace("<", "&lt;") if plain else said]
    inside = [c for c in node.children if not c.name.startswith(("response_", "render_"))]
    return [text for child in inside for text in _texts(child)]


def _label(node: Node) -> str:
    """The words of an answer to choose from, or of one side of a pair."""
    inside = [c for c in node.children if not c.name.startswith(("response_", "render_"))]
    return " ".join(text for child in inside for text in _texts(child))


def _markdown(html: str, item: Item) -> str:
    return _noted(to_markdown(html), item)


def _line(html: str, item: Item) -> str:
    return _noted(to_line(html), item)


def _noted(found: tuple[str, list[str]], item: Item) -> str:
    for note in found[1]:
        if not any(problem.what == note for problem in item.problems):
            item.note(note)
    return found[0]


def _right(node: Node) -> list[tuple[str, str, Decimal]]:
    """(answered, answer, points) of every condition that gives points; what it denies is left."""
    found = []
    for condition in node.all("respcondition"):
        points = sum((_number(each.words) for each in condition.all("setvar")), Decimal(0))
        denied = {id(each) for no in condition.all("not") for each in no.all("varequal")}
        if points > 0:
            found += [
                (each.get("respident"), each.words, points)
                for each in condition.all("varequal")
                if id(each) not in denied
            ]
    return found


def _number(text: str) -> Decimal:
    try:
        number = Decimal(text)
    except InvalidOperation:
        return Decimal(0)
    return number if number.is_finite() and abs(number) < 1_000_000 else Decimal(0)


def _figure(text: str) -> Decimal | None:
    """A number that is an answer; None for what cannot be reckoned with."""
    try:
        number = Decimal(text.strip())
    except InvalidOperation:
        return None
    return number if number.is_finite() and abs(number) < Decimal("1e15") else None


def _share(points: Decimal, most: Decimal) -> str:
    return plain_number((points / most).quantize(Decimal("0.00001"))) if most else "0"


def _put(item: Item, node: Node) -> None:
    body, right = item.body, _right(node)
    labels = [
        (each.get("ident"), _line(_label(each), item))
        for each in node.all("response_label")
        if each.children
    ]
    most = max((points for _who, _what, points in right), default=Decimal(0))
    if item.kind == Kind.TRUEFALSE:
        chosen = {what for _who, what, _points in right}
        told = [text for token, text in labels if token in chosen]
        body["answer"] = assembling.truth(told[0]) if len(told) == 1 else None
    elif item.kind == Kind.SINGLE:
        worth = {what: _share(points, most) for _who, what, points in right}
        body["options"] = [{"text": t, "fraction": worth.get(token, "0")} for token, t in labels]
    elif item.kind == Kind.MULTIPLE:
        chosen = {what for _who, what, _points in right}
        worths = fractions([token in chosen for token, _text in labels], Wrong.ALL)
        item.note(_("Partly right answers get their share of the mark here."))
        body["options"] = [
            {"text": text, "fraction": plain_number(worth)}
            for (_token, text), worth in zip(labels, worths, strict=True)
        ]
    elif item.kind == Kind.SHORT:
        body["answers"] = [
            {"text": what, "fraction": _share(points, most)} for _who, what, points in right
        ]
        body.update({"case": False, "typos": 0})
    elif item.kind == Kind.NUMERIC:
        body.update({"answers": _numbers(node), "units": [], "unit_required": False})
    elif item.kind == Kind.MATCHING:
        _match(item, node, right, labels)
    elif item.kind in {Kind.BLANKS, Kind.CLOZE}:
        _gaps(item, node, right)
    elif item.kind == Kind.ESSAY:
        body.update({"answer": "", "rubric": []})
    elif item.kind == Kind.FILE:
        body.update({"answer": "", "rubric": [], "endings": []})


def _numbers(node: Node) -> list[dict[str, str]]:
    """Numbers and intervals; Canvas writes a number with a tolerance as both."""
    found = []
    for condition in node.all("respcondition"):
        points = sum((_number(each.words) for each in condition.all("setvar")), Decimal(0))
        if points <= 0:
            continue
        exact = [each.words for each in condition.all("varequal")]
        low = [e.words for name in ("vargte", "vargt") for e in condition.all(name)]
        high = [e.words for name in ("varlte", "varlt") for e in condition.all(name)]
        row = {"fraction": "1"}
        if len(low) == len(high) == 1:
            least, most = _figure(low[0]), _figure(high[0])
            said = _figure(exact[0]) if exact else None
            if (
                least is not None
                and most is not None
                and said is not None
                and abs((least + most) / 2 - said) < Decimal("0.0001")
            ):
                tolerance, value = (most - least) / 2, plain_number(said)
                found.append({**row, "value": value, "tolerance": plain_number(tolerance)})
            else:
                found.append({**row, "low": low[0], "high": high[0]})
        else:
            found += [{**row, "value": text, "tolerance": "0"} for text in exact]
    return found


def _match(
    item: Item,
    node: Node,
    right: Sequence[tuple[str, str, Decimal]],
    labels: Sequence[tuple[str, str]],
) -> None:
    texts = dict(labels)
    chosen = {who: what for who, what, _points in right}
    item.body["pairs"] = [
        {
            "left": _line(_label(each), item),
            "right": texts.get(chosen.get(each.get("ident"), ""), ""),
        }
        for each in node.all("response_lid")
    ]
    used = set(chosen.values())
    extra = {text for token, text in texts.items() if token not in used}
    shown = {pair["right"] for pair in item.body["pairs"]}
    item.body["extra"] = sorted(extra - shown)


def _gaps(item: Item, node: Node, right: Sequence[tuple[str, str, Decimal]]) -> None:
    chosen = {(who, what) for who, what, _points in right}
    for each in node.all("response_lid"):
        who, name = each.get("ident"), _label(each).strip()
        parts = []
        for label in each.all("response_label"):
            text = gaps.escaped(_line(_label(label), item))
            is_right = (who, label.get("ident")) in chosen or (who, _label(label)) in chosen
            if item.kind == Kind.CLOZE:
                parts.append(f"={text}" if is_right else text)
            elif is_right:
                parts.append(text)
        place = f"[{name}]"
        if place not in item.body["stem"]:
            item.refuse(
                _("Gap “%(name)s” does not stand in the text.", name=name[:40]),
                _("Write the question, or its gaps, anew."),
            )
        item.body["stem"] = item.body["stem"].replace(place, f"[[{'|'.join(parts)}]]", 1)
    body: dict[str, Any] = {"case": False, "typos": 0}
    item.body.update(body if item.kind == Kind.CLOZE else {**body, "any_order": False})


def _feedback(item: Item, node: Node) -> None:
    """General feedback is the explanation; what is said of one answer stays with it."""
    labels = [each.get("ident") for each in node.all("response_label") if each.children]
    lost = 0
    for each in node.all("itemfeedback"):
        said, name = _words(each), each.get("ident")
        token = name.removesuffix("_fb")
        if not said.strip():
            continue
        if name == "general_fb":
            item.body["explanation"] = _markdown(said, item)
        elif token in labels and item.kind in {Kind.SINGLE, Kind.MULTIPLE}:
            item.body["options"][labels.index(token)]["feedback"] = _line(said, item)
        else:
            lost += 1
    if lost:
        item.note(_("Feedback of an item is not kept (%(number)s times).", number=lost))
