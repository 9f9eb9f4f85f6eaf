"""Pictures and sounds in questions: found, renamed, and carried along in files; no format."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from flask_babel import gettext as _

from app.questions.formats.facts import Problem, Saying

# Addresses of our own pictures and sounds, as texts say them.
URL = re.compile(r"/media/(?:images/[0-9a-f]{32}/[0-9]{1,5}\.webp|sounds/[0-9a-f]{32}\.m4a)")
SHOWN = re.compile(rf"!\[([^\]\n]{{0,300}}\]?)\]\(({URL.pattern})\)")
NAMED = re.compile(r"[0-9a-f]{32}(?:-[0-9]{1,5}\.webp|\.m4a)")
MOST_PACKED = 60 * 1024 * 1024  # bytes of pictures and sounds in one file

Fetch = Callable[[str], bytes | None]


def urls(value: Any) -> list[str]:
    """The addresses of pictures and sounds in a body, each once, in order."""
    found: dict[str, None] = {}

    def look(each: Any) -> None:
        if isinstance(each, str):
            found.update(dict.fromkeys(URL.findall(each)))
        elif isinstance(each, Mapping):
            for inner in each.values():
                look(inner)
        elif isinstance(each, list | tuple):
            for inner in each:
                look(inner)

    look(value)
    return list(found)


def shown_clips(body: Mapping[str, Any]) -> dict[str, bool]:
    """The public names of what a question shows; true for what only its explanation shows."""
    asked = {key: value for key, value in body.items() if key != "explanation"}
    found = dict.fromkeys(map(_uuid, urls(body.get("explanation"))), True)
    return found | dict.fromkeys(map(_uuid, urls(asked)), False)


def _uuid(url: str) -> str:
    return name_of(url)[:32]


def renamed(value: Any, change: Callable[[str], str]) -> Any:
    """A body in which every text was changed."""
    if isinstance(value, str):
        return change(value)
    if isinstance(value, Mapping):
        return {key: renamed(inner, change) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [renamed(inner, change) for inner in value]
    return value


def name_of(url: str) -> str:
    """The name of a file for an address; it tells our own files again when they come back."""
    _slash, _media, kind, uuid, *width = url.split("/")
    return f"{uuid}-{width[0]}" if kind == "images" else uuid


def url_of(name: str) -> str:
    """The inverse of `name_of`; "" for a name that is none of ours."""
    if not NAMED.fullmatch(name):
        return ""
    uuid, dash, width = name.partition("-")
    return f"/media/images/{uuid}/{width}" if dash else f"/media/sounds/{name}"


class Luggage:
    """What is taken along in a file that is being written."""

    def __init__(self, fetch: Fetch | None, folder: str = "") -> None:
        self.fetch = fetch
        self.folder = folder  # what stands before the name of a file in a text
        self.files: dict[str, bytes] = {}
        self.size = 0
        self.losses: list[Problem] = []

    def packed(self, saying: Saying, number: int) -> tuple[Saying, list[str]]:
        """A question whose texts name the files that travel with it, and their names."""
        names: dict[str, str] = {}
        for url in urls(saying.body):
            name = name_of(url)
            if name in self.files or self._take(url, name):
                names[url] = name
            else:
                self.losses.append(stays_here(number))

        def change(text: str) -> str:
            return URL.sub(
                lambda m: self.folder + names[m[0]] if m[0] in names else m[0],
                text,
            )

        body = renamed(saying.body, change) if names else saying.body
        return Saying(saying.kind, body, saying.facts, saying.number), list(names.values())

    def _take(self, url: str, name: str) -> bool:
        data = self.fetch(url) if self.fetch else None
        if data is None or self.size + len(data) > MOST_PACKED:
            return False
        self.size += len(data)
        self.files[name] = data
        return True


def stays_here(number: int) -> Problem:
    sentence = _(
        "Question %(number)s: a picture or a sound is not in the file, only its address here.",
        number=number,
    )
    return Problem(sentence, line=number, blocks=False)
