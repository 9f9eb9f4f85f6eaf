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
from app.questions.formats.qti_items import older
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
    "selectPointInteraction", "hotspotInteraction", "associateInteraction", "sliderInteraction",
    "uploadInteraction", "gapMatchInteraction", "hottextInteraction",
}  # fmt: skip
# Several of these in one item can be questions of their own about what stands around them.
_APART = _KNOWN - {"textEntryInteraction", "inlineChoiceInteraction", "gapMatchInteraction"}
_APART -= {"hottextInteraction"}
MANIFEST = "imsmanifest.xml"


def is_item(data: bytes) -> bool:
    if data.startswith(b"PK"):  # a package may hold its items unpacked
        return False
    return b"<assessmentItem" in data[:4000] or b"<qti-assessment-item" in data[:4000]


def fits(data: bytes) -> str:
    """The version of a package or of a single item: "1", "2", "3", or "" when it is none."""
    if is_item(data):
        return "3" if b"<qti-assessment-item" in data[:4000] else "2"
    try:
        package = archive.opened(data) if data.startswith(b"PK") else None
    except NotThisFormat:
        return ""
    if package is None:
        return "1" if older.MARK in data[:4000] else ""
    _folder, manifest = _manifest(package)
    if b"imsqti_item_xmlv" in manifest:
        return "3" if b"imsqti_item_xmlv3" in manifest else "2"
    if older.is_older(package, manifest):
        return "1"
    found = "" if manifest else next(iter(_loose(package)), "")
    return fits(archive.entry(package, found) or b"") if found else ""


def _manifest(package: zipfile.ZipFile) -> tuple[str, bytes]:
    """(folder, manifest) of a package; some are packed together with the folder around them."""
    names = [n for n in package.namelist() if posixpath.basename(n).lower() == MANIFEST]
    names = [n for n in names if not n.startswith(("__MACOSX/", "/")) and ".." not in n]
    if not names:
        return "", b""
    name = min(names, key=lambda each: (each.count("/"), each))
    return posixpath.dirname(name), archive.entry(package, name) or b""


def _loose(package: zipfile.ZipFile) -> list[str]:
    """The items of a package that has no manifest."""
    names = [n for n in package.namelist() if n.lower().endswith(".xml")]
    names = [n for n in names if not n.startswith(("__MACOSX/", "/")) and ".." not in n]
    return [name for name in names if is_item(archive.entry(package, name) or b"")]


def read(data: bytes, name: str) -> Paper:
    """Every item of a package (or one item alone), with its file there and its lines in it."""
    paper = Paper(name)
    if is_item(data):
        paper.items += _items(as_node(archive.xml(data)), "1")
        return paper
    if not data.startswith(b"PK"):
        return older.read_alone(data, paper)
    package = archive.opened(data)
    base, manifest = _manifest(package)
    if b"imsqti_item_xml" not in manifest and older.is_older(package, manifest):
        return older.read(package, paper)
    resources = _resources(archive.xml(manifest)) if manifest else []
    if not manifest:
        resources = [(each, 0) for each in _loose(package)]
        if not resources:
            raise NotThisFormat(why=_("the package has no imsmanifest.xml."))
    for number, (resource, line) in enumerate(resources, 1):
        href, content = _inside(package, base, resource)
        if content is None:
            paper.notes.append(
                Problem(
                    _("The package lacks the file “%(name)s”.", name=resource[:100]),
                    line=line,
                    file=MANIFEST,
                )
            )
            continue
        root = as_node(archive.xml(content))
        folder = posixpath.dirname(href)
        notes = _include(paper, package, root, folder)
        _enclose(paper, package, root, folder)
        shared = _stimuli(paper, package, root, folder)
        for item in _items(root, str(number), href):
            paper.items.append(item)
            for note in notes:
                item.note(note)
            _put_stimuli(item, shared)
    return paper


def _inside(package: zipfile.ZipFile, folder: str, name: str) -> tuple[str, bytes | None]:
    """(path, content) of a file that a package names: only what is in there, under that very name,
    is opened."""
    path, content = "", None
    for written in (name, unquote(name)):  # “my%20item.xml” is a file “my item.xml”
        path = posixpath.normpath(posixpath.join(folder, written))
        inside = bool(written) and ":" not in written and not path.startswith(("/", ".."))
        content = archive.entry(package, path) if inside else None
        if content is not None:
            break
    return path, content


def _include(paper: Paper, package: zipfile.ZipFile, root: Node, folder: str) -> list[str]:
    """Put texts that stand in files of their own where an item has them; returns what is lost."""
    lost = []
    for node in root.walk():
        is_page = node.name == "object" and "html" in node.get("type")
        name = node.get("data") if is_page else node.get("href") if node.name == "include" else ""
        if not name:
            continue
        path, content = _inside(package, folder, name)
        try:
            page = as_node(archive.xml(content)) if content else None
        except NotThisFormat:
            page = None
        if page is None:
            lost.append(_("The text “%(name)s” is not taken along.", name=name[-60:]))
            continue
        _enclose(paper, package, page, posixpath.dirname(path))
        node.name, node.attributes, node.text = "div", {}, ""
        node.children = [page.first("body") or page]
    return lost


def _stimuli(
    paper: Paper, package: zipfile.ZipFile, root: Node, folder: str
) -> list[tuple[str, Node | None]]:
    """The texts that several items share, (name, body), as version 3 has them."""
    found: list[tuple[str, Node | None]] = []
    for each in root.all("assessmentStimulusRef"):
        path, content = _inside(package, folder, each.get("href"))
        page = as_node(archive.xml(content)) if content else None
        if page is not None:
            _enclose(paper, package, page, posixpath.dirname(path))
        found.append((each.get("href"), page.first("stimulusBody") if page else None))
    return found


def _put_stimuli(item: Item, shared: list[tuple[str, Node | None]]) -> None:
    texts = [item.body.get("material", "")]
    for name, body in shared:
        if body is None:
            item.note(_("The text “%(name)s” is not taken along.", name=name[-60:]))
        else:
            texts.append(as_markdown(as_html(body, {}, item), item))
    said = "\n\n".join(filter(None, texts))
    if said:
        item.body["material"] = said


_FILE = re.compile(rf"(?<![\w/])media/{clips.NAMED.pattern}")


def _enclose(paper: Paper, package: zipfile.ZipFile, root: Node, folder: str) -> None:
    """Take along what an item shows or plays, and name it there by what stands for it."""

    def url(name: str) -> str:
        path, data = _inside(package, folder, name)
        return paper.enclose(posixpath.basename(path), data) if data else name

    for node in root.walk():
        for key in ("src", "data"):
            if node.name in {"img", "object", "audio", "source"} and key in node.attributes:
                node.attributes[key] = url(node.attributes[key])
        if node.name == "mapEntry" and "mapKey" in node.attributes:
            key = node.attributes["mapKey"]
            node.attributes["mapKey"] = _FILE.sub(lambda match: url(match[0]), key)
        if OURS in node.text or node.name == "value":
            node.text = _FILE.sub(lambda match: url(match[0]), node.text)


def _resources(root: Element) -> list[tuple[str, int]]:
    return [
        (each.get("href", ""), archive.line_of(each))
        for each in root.iter()
        if archive.local(each) == "resource" and each.get("type", "").startswith("imsqti_item")
    ]


def _items(root: Node, number: str, file: str = "") -> list[Item]:
    """The question of an item, or its questions when it asks several about one text."""
    body = root.first("itemBody")
    found = [n for n in body.walk() if INTERACTIONS.match(n.name)] if body else []
    prompts = [n.first("prompt") for n in found]
    apart = {n.name for n in found} <= _APART and all(p and p.words for p in prompts)
    if body is None or len(found) < 2 or not apart:
        return [_item(root, number, file)]
    names, items = [n.name for n in found], []
    for at, (node, prompt) in enumerate(zip(found, prompts, strict=True)):
        for each in found:
            each.name = "apart"  # nothing that is shown
        around = as_html(body, {}, Item("", {}))
        node.name = names[at]
        item = _item(root, f"{number}.{at + 1}", file)
        if prompt is not None:
            item.body["stem"] = as_markdown(as_html(prompt, {}, item), item, prompt.line)
        material = as_markdown(around, item, body.line)
        if material:
            item.body["material"] = material
        items.append(item)
    items[0].note(
        _("An item that asks %(number)s things is as many questions here.", number=len(items))
    )
    return items


def _item(root: Node, number: str, file: str = "") -> Item:
    item = Item("", {}, root.line, number, file=file)
    body = root.first("itemBody")
    declared = {n.get("identifier"): Declared(n) for n in root.all("responseDeclaration")}
    if body is None:
        item.kind = root.name
        item.refuse(
            _("This is no question, or none that we know."),
            _("Send the whole package (zip) that it belongs to.")
            if root.name == "assessmentTest"
            else _("Write it as a question of another kind, or take it out of the file."),
        )
        return item
    if root.first("templateProcessing"):
        item.refuse(
            _("This item draws its numbers or words anew for everybody; that is not known here."),
            _("Write it with numbers that stand fast, or take it out of the file."),
        )
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
    if unknown:
        item.kind = unknown[0]
    elif not found:
        item.kind = "text"
        item.refuse(
            _("Nothing is asked in this item."),
            _("Write it as a question of another kind, or take it out of the file."),
        )
    item.lines = dict.fromkeys(("stem", "picture"), body.line)
    if found:
        item.lines |= dict.fromkeys(("options", "answers", "pairs", "items"), found[0].line)
    told = root.first("responseDeclaration")
    if told is not None:
        item.lines["answer"] = told.line
    stem = as_html(body, declared, item)
    item.body = {
        "stem": _once(as_markdown(stem, item, body.line)),
        "explanation": as_markdown(as_html(feedback[0], {}, item), item) if feedback else "",
    }
    material = next((n for n in body.all("div") if n.get("class") == "weike-material"), None)
    if material is not None:
        item.body["material"] = extra.get("material") or as_markdown(
            as_html(material, {}, item), item
        )
    shown = [block for block in body.all("rubricBlock") if "candidate" in block.get("view")]
    if shown and not item.body.get("material"):
        texts = [as_markdown(as_html(block, {}, item), item, block.line) for block in shown]
        item.body["material"] = "\n\n".join(filter(None, texts))
    if item.kind:
        return item
    put_kind(item, found, declared, root, str(extra.get("kind", "")))
    _put_extra(item, extra)
    if not extra:
        _put_rubric(item, [b for b in body.all("rubricBlock") if b not in shown])
    return item


def _put_rubric(item: Item, blocks: list[Node]) -> None:
    """What is said to those who mark is what a good answer says, where somebody marks."""
    texts = [as_markdown(as_html(block, {}, item), item, block.line) for block in blocks]
    said = "\n\n".join(filter(None, texts))
    if said and item.kind in {Kind.ESSAY, Kind.FILE} and not item.body.get("answer"):
        item.body["answer"] = said
    elif said:
        item.note(
            _("“%(text)s” is for those who mark, and is not taken along.", text=said[:60]),
            line=blocks[0].line,
        )


def _once(text: str) -> str:
    """Some programs write the question above an interaction, and as its prompt again."""
    parts = text.split("\n\n")
    return "\n\n".join(part for n, part in enumerate(parts) if not n or part != parts[n - 1])


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
