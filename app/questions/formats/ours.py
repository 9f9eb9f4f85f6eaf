"""Our own YAML: everything that the bank knows of a question, so that nothing is lost."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Sequence
from contextlib import suppress
from functools import partial
from typing import Any

import yaml
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from app.core.spreadsheet import decoded
from app.questions import types
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
from app.questions.rules import BadSpan, span_ms

NAME = "yaml"
LABEL = _l("Weike YAML")
ENDINGS = (".yaml", ".yml")
MOST_BYTES = 2 * 1024 * 1024  # it is read slowly
MOST_VALUES = 120_000  # of 2 000 questions with some fifty each; 30 000 are read in a second
VERSION = 1
MARK = "weike-questions: "
CARRIES = True
_INSIDE = "questions.yaml"  # of the package that it becomes when there are pictures or sounds
_FOLDER = "media/"
TAUGHT = {"watch": "recording", "read": "document"}
_UUID = re.compile(r"[0-9a-f]{32}")
_FILE = re.compile(rf"(?<![\w/]){_FOLDER}({clips.NAMED.pattern})")


class _Loader(yaml.SafeLoader):
    """Plain data with the line of each mapping; aliases, which can be bombs, are refused."""

    def compose_node(self, parent: Any, index: Any) -> Any:
        if self.check_event(yaml.events.AliasEvent):
            raise yaml.YAMLError(_("aliases (*) are not taken"))
        return super().compose_node(parent, index)

    def construct_mapping(self, node: Any, deep: bool = False) -> dict[Any, Any]:
        found = super().construct_mapping(node, deep=True)
        found["__line__"] = node.start_mark.line + 1
        return found


# Texts stay texts: “on”, “1.10” and “2026-01-01” are what somebody wrote.
_Loader.yaml_implicit_resolvers = {
    key: [
        (tag, rule)
        for tag, rule in rules
        if tag in {"tag:yaml.org,2002:bool", "tag:yaml.org,2002:int"}
    ]
    for key, rules in yaml.SafeLoader.yaml_implicit_resolvers.items()
    if key in set("tTfF0123456789+-")
}


def fits(data: bytes, filename: str) -> bool:
    if data.startswith(b"PK") and _INSIDE.encode() in data:
        return archive.entry(archive.opened(data), _INSIDE) is not None
    return MARK.encode() in data[:2000]


def read(data: bytes, filename: str) -> Paper:
    if not data.startswith(b"PK"):
        return _read(data)
    package = archive.opened(data)
    paper = _read(archive.entry(package, _INSIDE) or b"")
    for item in paper.items:
        item.body = clips.renamed(item.body, partial(_enclosed, paper, package, item))
    return paper


def _enclosed(paper: Paper, package: zipfile.ZipFile, item: Item, text: str) -> str:
    def url(match: re.Match[str]) -> str:
        data = archive.entry(package, match[0])
        if data is None:
            item.note(_("The package lacks the file “%(name)s”.", name=match[0]))
            return match[0]
        return paper.enclose(match[1], data)

    return _FILE.sub(url, text)


def _read(data: bytes) -> Paper:
    if len(data) > MOST_BYTES:
        raise NotThisFormat(
            why=_("YAML may be %(most)s MB large.", most=MOST_BYTES // 1024 // 1024)
        )
    written = re.search(rf"^# ?{MARK}([0-9]{{1,9}})\b".encode(), data[:2000], re.MULTILINE)
    if written and int(written[1]) > VERSION:
        why = _("a newer version of Weike has written it; update this one first.")
        raise NotThisFormat(why=why)
    text = decoded(data)
    if _values(text) > MOST_VALUES:
        raise NotThisFormat(why=_("it has too many values; send it in parts."))
    try:
        content = yaml.load(text, Loader=_Loader)  # noqa: S506 - a SafeLoader of ours
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        mark = getattr(error, "problem_mark", None)
        where = _("line %(line)s: ", line=mark.line + 1) if mark else ""
        why = f"{where}{getattr(error, 'problem', None) or error}"
        raise NotThisFormat(why=why) from error
    paper = Paper(NAME)
    given = content.get("questions") if isinstance(content, dict) else content
    if not isinstance(given, list):
        raise NotThisFormat(why=_("it has no list “questions”."))
    for number, row in enumerate(given, 1):
        if not isinstance(row, dict):
            sentence = _("Entry %(number)s is no question.", number=number)
            paper.notes.append(Problem(sentence, _("Write kind: and stem: in it.")))
            continue
        paper.items.append(_item(row, str(number)))
    return paper


def _values(text: str) -> int:
    """How many values a text has, counted quickly, and no further than to what is too many."""
    opening = (yaml.ScalarEvent, yaml.CollectionStartEvent)
    count = 0
    with suppress(yaml.YAMLError, ValueError):  # will be said where it is read
        for event in yaml.parse(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader)):
            count += isinstance(event, opening)
            if count > MOST_VALUES:
                break
    return count


def _item(row: dict[str, Any], number: str) -> Item:
    line = int(row.get("__line__", 0))
    body = {key: _plain(value) for key, value in row.items() if key not in {"kind", "__line__"}}
    facts = {key: body.pop(key) for key in FACTS if key in body}
    taught = {key: body.pop(key) for key in TAUGHT if key in body}
    kind = str(row.get("kind") or "")
    item = Item(kind, body, line, number)
    tags = facts.get("tags") or []
    item.facts = facts_of(
        category=str(facts.get("category") or ""),
        tags=[str(tag) for tag in tags] if isinstance(tags, list) else str(tags),
        difficulty=facts.get("difficulty") or "",
        source=str(facts.get("source") or ""),
        language=str(facts.get("language") or ""),
    )
    _taught(item, taught)
    if kind in types.TYPES:
        known = types.FIELDS[kind] | {"stem", "explanation", "material"}
        for key in sorted(set(body) - known):
            item.refuse(
                _("“%(key)s” is not known in a question of this kind.", key=str(key)[:40]),
                _("Take the line out, or look at its spelling."),
            )
        for key in types.misshapen(body):
            item.refuse(_("“%(key)s” is not a list as it should be.", key=key))
    return item


def _taught(item: Item, given: dict[str, Any]) -> None:
    """Where a recording (`watch`) or a document (`read`) teaches it, as facts."""
    for key, value in given.items():
        said = value if isinstance(value, dict) else {}
        name = str(said.get(TAUGHT[key]) or "")
        try:
            start, finish = (
                span_ms(str(said[word])) if said.get(word) else None for word in ("from", "to")
            )
        except BadSpan as refusal:
            item.refuse(str(refusal))
            continue
        if not _UUID.fullmatch(name) or (finish is not None and finish < (start or 0)):
            item.refuse(
                _("“%(key)s” does not say where this is taught.", key=key),
                _("Write it as an export does, or take it out."),
            )
        elif key == "watch":
            item.facts["watch"] = {"recording": name, "start": start or 0, "finish": finish}
        else:
            item.facts["read"] = {"document": name, "anchor": str(said.get("at") or "")[:20]}


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {k: _plain(v) for k, v in value.items() if k != "__line__"}
    if isinstance(value, list):
        return [_plain(each) for each in value]
    return value


class _Dumper(yaml.SafeDumper):
    """Texts with several lines as blocks, all other texts as they are."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


def _text(dumper: yaml.SafeDumper, text: str) -> Any:
    style = "|" if "\n" in text and not text.startswith((" ", "\n")) else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_Dumper.add_representer(str, _text)


def write(sayings: Sequence[Saying], fetch: clips.Fetch | None = None) -> Written:
    """The YAML alone, or a package of it and of the pictures and sounds that it names."""
    luggage = clips.Luggage(fetch, _FOLDER)
    rows = []
    for number, given in enumerate(sayings, 1):
        saying, _names = luggage.packed(given, number)
        body = {
            key: value
            for key, value in saying.body.items()
            if value not in ("", [], False, 0) or key == "answer"
        }
        rows.append(
            {
                "kind": saying.kind,
                **body,
                **{k: saying.facts[k] for k in (*FACTS, *TAUGHT) if saying.facts.get(k)},
            }
        )
    text = yaml.dump(
        {"questions": rows}, Dumper=_Dumper, allow_unicode=True, sort_keys=False, width=100
    )
    data = f"# {MARK}{VERSION}\n{text}".encode()
    if not luggage.files:
        return Written(data, luggage.losses)
    files = {_INSIDE: data, **{_FOLDER + name: each for name, each in luggage.files.items()}}
    return Written(archive.packed(files), luggage.losses, ".zip")
