"""Packages and single items of QTI as questions."""

from __future__ import annotations

import json
import posixpath
import re
import zipfile
from typing import Any
from urllib.parse import unquote
from xml.etree.ElementTree import Element

from flask_babel import gettext as _

from app.questions.formats import archive, clips
from app.questions.formats.facts import (
    Item,
    NotThisFormat,
    Paper,
    Problem,
    facts_of,
)
from app.questions.formats.qti_items.interactions import put_kind
from app.questions.formats.qti_items.nodes import (
    INTERACTIONS,
    OURS,
    Declared,
    Node,
    as_html,
    as_markdown,
    as_node,
)
from app.questions.rules import Kind

_KNOWN = {
    "choiceInteraction", "orderInteraction", "matchInteraction", "textEntryInteraction",
    "extendedTextInteraction", "inlineChoiceInteraction",
    "selectPointInteraction",
    "uploadInteraction", "gapMatchInteraction", "hottextInteraction",
}  # fmt: skip


def is_item(data: bytes) -> bool:
    if data.startswith(b"PK"):  # a package may hold its items unpacked
        return False
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
    """Every item of a package (or one item alone), with its file there and its lines in it."""
    paper = Paper(name)
    if is_item(data):
        paper.items.append(_item(as_node(archive.xml(data)), "1"))
        return paper
    package = archive.opened(data)
    manifest = archive.entry(package, "imsmanifest.xml")
    if manifest is None:
        raise NotThisFormat(why=_("the package has no imsmanifest.xml."))
    for number, (resource, line) in enumerate(_resources(archive.xml(manifest)), 1):
        # A name from outside: only what is in the package, under that very name, is opened.
        href, content = "", None
        for written in (resource, unquote(resource)):  # “my%20item.xml” is a file “my item.xml”
            href = posixpath.normpath(written)
            inside = bool(written) and ":" not in written and not href.startswith(("/", ".."))
            content = archive.entry(package, href) if inside else None
            if content is not None:
                break
        if content is None:
            paper.notes.append(
                Problem(
                    _("The package lacks the file “%(name)s”.", name=resource[:100]),
                    line=line,
                    file="imsmanifest.xml",
                )
            )
            continue
        root = as_node(archive.xml(content))
        _enclose(paper, package, root, posixpath.dirname(href))
        paper.items.append(_item(root, str(number), href))
    return paper


_FILE = re.compile(rf"(?<![\w/])media/{clips.NAMED.pattern}")


def _enclose(paper: Paper, package: zipfile.ZipFile, root: Node, folder: str) -> None:
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


def _resources(root: Element) -> list[tuple[str, int]]:
    return [
        (each.get("href", ""), archive.line_of(each))
        for each in root.iter()
        if archive.local(each) == "resource" and each.get("type", "").startswith("imsqti_item")
    ]


def _item(root: Node, number: str, file: str = "") -> Item:
    item = Item("", {}, root.line, number, file=file)
    body = root.first("itemBody")
    declared = {n.get("identifier"): Declared(n) for n in root.all("responseDeclaration")}
    if body is None:
        item.kind = root.name
        item.refuse(
            _("This is no question, or none that we know."),
            _("Write it as a question of another kind, or take it out of the file."),
        )
        return item
    extra = _extra(body)
    item.facts = facts_of(
        category=str(extra.get("category", "")),
        tags=[str(tag) for tag in extra.get("tags", [])],
        difficulty=extra.get("difficulty", ""),
        source=str(extra.get("source", "")),
        language=str(extra.get("language", "")),
    )
    feedback = [n for n in root.all("modalFeedback") if n.get("identifier") == "explanation"]
    # What is said of one answer to choose from is kept with it.
    kept = {id(n) for c in body.all("simpleChoice") for n in c.all("feedbackInline")}
    named = ("modalFeedback", "feedbackInline", "feedbackBlock")
    lost = [n for name in named for n in root.all(name) if id(n) not in kept]
    lost = [n for n in lost if n not in feedback]
    if lost:
        sentence = _("Feedback of an item is not kept (%(number)s times).", number=len(lost))
        item.note(sentence, line=lost[0].line)
    found = [n for n in body.walk() if INTERACTIONS.match(n.name)]
    unknown = sorted({n.name for n in found} - _KNOWN)
    if unknown or not found:
        item.kind = unknown[0] if unknown else "text"
    item.lines = dict.fromkeys(("stem", "picture"), body.line)
    if found:
        item.lines |= dict.fromkeys(("options", "answers", "pairs", "items"), found[0].line)
    told = root.first("responseDeclaration")
    if told is not None:
        item.lines["answer"] = told.line
    stem = as_html(body, declared, item)
    item.body = {
        "stem": as_markdown(stem, item, body.line),
        "explanation": as_markdown(as_html(feedback[0], {}, item), item) if feedback else "",
    }
    material = next((n for n in body.all("div") if n.get("class") == "weike-material"), None)
    if material is not None:
        item.body["material"] = extra.get("material") or as_markdown(
            as_html(material, {}, item), item
        )
    if item.kind:
        return item
    put_kind(item, found, declared, root, str(extra.get("kind", "")))
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


def _extra(body: Node) -> dict[str, Any]:
    for block in body.all("rubricBlock"):
        if block.words.startswith(OURS):
            try:
                found = json.loads(block.words.removeprefix(OURS))
            except ValueError:
                return {}
            return found if isinstance(found, dict) else {}
    return {}
