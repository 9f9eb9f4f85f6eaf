"""The words of every room: collected from sources, translated in .po files, compiled to .mo.

    scripts/messages.py extract [ROOM …]   bring catalogues up to date with the sources
    scripts/messages.py derive             Traditional Chinese from Simplified, by OpenCC
    scripts/messages.py compile            what the running program reads; derives first
    scripts/messages.py check              what is missing, fuzzy or has other placeholders

Simplified Chinese is written by people and kept in git. Traditional Chinese is never edited: where
OpenCC chooses a word that we would not, app/translations/zh_Hant.exceptions.toml says ours.
"""

from __future__ import annotations

import re
import sys
import tomllib
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract_from_dir, extract_from_file
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po
from wtforms.i18n import messages_path

ROOT = Path(__file__).resolve().parent.parent
APP = ROOT / "app"
SOURCE, DERIVED = "zh_Hans", "zh_Hant"
DERIVED_BY = ("translations/zh_Hant.exceptions.toml", "core/opencc.py")
PLAIN, PLAIN_WORDS = "easy", "easy.toml"  # context and table of the easy mode: app/core/i18n.py
METHODS = [("**.py", "python"), ("**.html", "jinja2")]
OPTIONS = {"jinja2": {"encoding": "utf-8", "trimmed": "true"}}
KEYWORDS: dict[str, Any] = {
    "_": None,
    "_l": None,
    "gettext": None,
    "lazy_gettext": None,
    "ngettext": (1, 2),
    "lazy_ngettext": (1, 2),
    "pgettext": ((1, "c"), 2),
    "npgettext": ((1, "c"), 2, 3),
}
# %(name)s is filled by Python, {name} by a script of ours.
PLACEHOLDER = re.compile(r"%\((\w+)\)[a-z]|%[sd]|\{\w+\}")
# The files never say when: two people who extract the same words get the same file.
NO_TIME = datetime(2026, 1, 1, tzinfo=UTC)


def rooms() -> list[str]:
    """Rooms that can have words of their own; "core" speaks for the shared templates too."""
    return sorted(p.parent.name for p in APP.glob("*/__init__.py"))


def catalogue(room: str, language: str = SOURCE) -> Path:
    """Where a room's words in a language are."""
    folder = APP if room == "core" else APP / room
    return folder / "translations" / language / "LC_MESSAGES" / "messages.po"


def said(room: str) -> Catalog:
    """Every message in a room's sources, in the order of its files."""
    found = Catalog(project="Weike", charset="utf-8", fuzzy=False)
    sources = [APP / room]
    if room == "core":
        sources = [APP / "__init__.py", APP / "core", APP / "templates"]
    for source in sources:
        for name, message, _comments, context in _extracted(source):
            found.add(message, None, [(name, 0)], context=context)
    if room == "core":
        # What forms say of wrong fields: app/core/i18n.py takes it from our catalogue.
        with Path(messages_path(), "wtforms.pot").open("rb") as file:
            for message in read_po(file):
                if message.id and not str(message.id).startswith("CSRF"):
                    found.add(message.id, None, [("wtforms", 0)])
    for message in plain_messages(room, found).values():
        if message:
            found.add(message, None, [(PLAIN_WORDS, 0)], context=PLAIN)
    return found


def plain_words(room: str) -> dict[str, str]:
    """The table of a room for the easy mode: what it says to what it says plainly."""
    path = catalogue(room).parents[2] / PLAIN_WORDS
    if not path.exists():
        return {}
    words: dict[str, str] = tomllib.loads(path.read_text(encoding="utf-8"))["words"]
    return words


def plain_messages(room: str, words: Catalog) -> dict[str, str | tuple[str, str] | None]:
    """What a room's table for the easy mode says, by the message it stands for: a sentence, or one
    and many. None for what the room does not say, or what only half of is told."""
    table = plain_words(room)
    found: dict[str, str | tuple[str, str] | None] = dict.fromkeys(table)
    for message in list(words):
        if isinstance(message.id, tuple):
            one, many = message.id
            if one in table and many in table:
                found.pop(many, None) if many != one else None
                found[one] = (table[one], table[many])
        elif message.id in table and not message.context:
            found[message.id] = table[message.id]
    return found


def _extracted(source: Path) -> Iterator[tuple[str, Any, Any, str | None]]:
    if source.is_file():
        for _, message, notes, context in extract_from_file("python", source, KEYWORDS):
            yield source.relative_to(ROOT).as_posix(), message, notes, context
        return
    inside = source.relative_to(ROOT)
    for name, _, message, notes, context in extract_from_dir(
        source, METHODS, OPTIONS, KEYWORDS, strip_comment_tags=True
    ):
        if name != "templates/design.html" and (inside / name).name != "design.html":
            yield (inside / name).as_posix(), message, notes, context


def stored(room: str, language: str = SOURCE) -> Catalog:
    """A room's catalogue; an empty one when it has none yet."""
    path = catalogue(room, language)
    if not path.exists():
        return Catalog(locale=language, charset="utf-8")
    with path.open("rb") as file:
        # Aborts at what is no message, such as the marks of an unfinished merge: a warning in the
        # terminal of whoever starts Weike comes too late.
        return read_po(file, locale=language, abort_invalid=True)


def _write(room: str, language: str, words: Catalog) -> bool:
    """Store a catalogue without line numbers or times; returns whether it changed."""
    fresh = Catalog(
        locale=language,
        project="Weike",
        version="1",
        copyright_holder="Weike",
        msgid_bugs_address="Weike",
        creation_date=NO_TIME,
        revision_date=NO_TIME,
        last_translator="Weike",
        language_team="Weike",
        charset="utf-8",
        fuzzy=False,
        header_comment="# The words of Weike. `make messages` keeps this file in step.",
    )
    for message in words:
        if message.id:
            places = sorted({(name, 0) for name, _ in message.locations})
            flags = message.flags - {"fuzzy"} if message.string else set()
            fresh.add(message.id, message.string, places, flags, context=message.context)
    path = catalogue(room, language)
    before = path.read_bytes() if path.exists() else b""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as file:
        write_po(file, fresh, width=100, include_lineno=False, sort_output=False)
    return path.read_bytes() != before


def extract(room: str) -> bool:
    """Bring a room's Simplified Chinese in step with its sources; what nobody says is dropped."""
    wanted, known = said(room), stored(room)
    if not len(wanted) and not catalogue(room).exists():
        return False
    for message in wanted:
        old = known.get(message.id, message.context) if message.id else None
        if old is not None and old.string and not old.fuzzy:
            message.string = old.string
    return _write(room, SOURCE, wanted)


# --- Traditional Chinese -------------------------------------------------------------------


def traditional(text: str) -> str:
    """Traditional Chinese of a Simplified text; placeholders stay as they are."""
    from app.core import opencc  # takes as long as the application; seldom needed

    return opencc.traditional(text, keep=PLACEHOLDER.pattern.replace("(\\w+)", "\\w+"))


def derive(room: str) -> bool:
    """Write a room's Traditional Chinese anew from its Simplified Chinese."""
    words = stored(room)
    for message in words:
        if message.id and message.string:
            message.string = (
                tuple(map(traditional, message.string))
                if isinstance(message.string, tuple)
                else traditional(message.string)
            )
    return _write(room, DERIVED, words)


# --- what the program reads ----------------------------------------------------------------


def compile_all() -> int:
    """Derive and compile every catalogue whose source is newer; returns how many were written."""
    written = 0
    table = max((APP / path).stat().st_mtime for path in DERIVED_BY)
    here = Path(__file__).stat().st_mtime
    for room in rooms():
        source = catalogue(room)
        if not source.exists():
            continue
        target = catalogue(room, DERIVED)
        newest = max(source.stat().st_mtime, table, here)
        if not target.exists() or target.stat().st_mtime < newest:
            derive(room)
            target.touch()
        for language in (SOURCE, DERIVED):
            po = catalogue(room, language)
            mo = po.with_suffix(".mo")
            if mo.exists() and mo.stat().st_mtime >= po.stat().st_mtime:
                continue
            with mo.open("wb") as file:
                write_mo(file, stored(room, language))
            written += 1
    return written


# --- checks --------------------------------------------------------------------------------


def problems(room: str) -> list[str]:
    """What keeps a room's Simplified Chinese from being complete and right, one line each."""
    wanted, known = said(room), stored(room)
    lines = []
    for message in wanted:
        if not message.id:
            continue
        have = known.get(message.id, message.context)
        if have is None:
            lines.append(f"not in the catalogue: {_short(message)}")
        elif have.fuzzy:
            lines.append(f"fuzzy: {_short(message)}")
        elif not have.string or (isinstance(have.string, tuple) and not all(have.string)):
            lines.append(f"not translated: {_short(message)}")
        elif not _same_placeholders(have):
            lines.append(f"other placeholders: {_short(message)} → {have.string}")
    lines += [
        f"plainly said, but said nowhere, or only one of its two numbers: “{message}”"
        for message, plain in plain_messages(room, wanted).items()
        if plain is None
    ]
    ids = {(m.id, m.context) for m in wanted}
    lines += [
        f"said nowhere: {_short(message)}"
        for message in known
        if message.id and (message.id, message.context) not in ids
    ]
    return lines


def clashes() -> list[str]:
    """English that two rooms translate differently. The program merges all catalogues, so one of
    them would be shown in both places: say it otherwise in English, or give it a context."""
    seen: dict[tuple[Any, Any], dict[Any, list[str]]] = {}
    for room in rooms():
        for message in stored(room):
            if message.id and message.string:
                key = (message.context, message.id)
                seen.setdefault(key, {}).setdefault(message.string, []).append(room)
    return [
        f"“{english}”: " + "; ".join(f"{', '.join(r)} says {text}" for text, r in words.items())
        for (_, english), words in seen.items()
        if len(words) > 1
    ]


def _short(message: Message) -> str:
    text = message.id[0] if isinstance(message.id, tuple) else message.id
    return f"{message.locations[0][0] if message.locations else ''} “{text}”"


def _same_placeholders(message: Message) -> bool:
    """Whether each translation uses the placeholders of its English; a plural may drop “one”."""
    asked = message.id if isinstance(message.id, tuple) else (message.id,)
    given = message.string if isinstance(message.string, tuple) else (message.string,)
    allowed = [{m.group() for m in PLACEHOLDER.finditer(text)} for text in asked]
    return all({m.group() for m in PLACEHOLDER.finditer(t)} == allowed[-1] for t in given)


def main() -> None:
    command, *names = sys.argv[1:] or ["help"]
    chosen = names or rooms()
    if command == "extract":
        for room in chosen:
            changed = extract(room)
            missing = sum(1 for line in problems(room) if line.startswith("not translated"))
            if changed or missing:
                print(f"{room}: {missing} to translate")
    elif command == "derive":
        for room in chosen:
            if catalogue(room).exists():
                derive(room)
    elif command == "compile":
        compile_all()
    elif command == "check":
        lines = [f"{room}: {line}" for room in chosen for line in problems(room)] + clashes()
        print("\n".join(lines) or "Every message is translated.")
        sys.exit(1 if lines else 0)
    else:
        sys.exit(__doc__)


if __name__ == "__main__":
    sys.path.insert(0, str(ROOT))
    main()
