"""Markdown as its reader should see it: paragraphs, points and rows, without marks."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from .plain import decoded
from .printing import MOST_TEXT, Printer

HEADING = re.compile(r"^ {0,3}(#{1,6})\s+(.+?)\s*#*\s*$")
UNDERLINE = re.compile(r"^ {0,3}(?:=+|-{2,})\s*$")
RULE = re.compile(r"^ {0,3}(?:(?:-\s*){3,}|(?:\*\s*){3,}|(?:_\s*){3,})$")
FENCE = re.compile(r"^\s*(?:```|~~~)")
POINT = re.compile(r"^\s*[-*+]\s+(?:\[[ xX]\]\s+)?")
NUMBER = re.compile(r"^\s*\d{1,9}[.)]\s+")
BETWEEN = re.compile(r"^[\s|:-]*-[\s|:-]*$")  # the line below the head of a table
FRONT = re.compile(r"\A---\s*\n(.{0,4000}?)\n(?:---|\.\.\.)\s*\n", re.DOTALL)
LONGEST_LINE = 20_000  # characters; longer ones are no writing of people and stay as they are
_CODE = re.compile(r"(`{1,3}[^`\n]{1,500}`{1,3})")
_TARGET = r"\((?:[^()\n]|\([^()\n]{0,200}\)){0,500}\)"
# Quantifiers are bounded, so that a line of nothing but brackets takes no longer than others.
_MARKS = (
    (re.compile(rf"!?\[([^\]\n]{{0,300}})\]{_TARGET}"), r"\1"),
    (re.compile(r"\[([^\]\n]{1,300})\]\[[^\]\n]{0,100}\]"), r"\1"),
    (re.compile(r"<(https?://[^\s<>]{1,500})>"), r"\1"),
    (re.compile(r"(\*\*|~~)(?=\S)(.{1,500}?)(?<=\S)\1"), r"\2"),
    (re.compile(r"(?<!\w)__(?=\S)(.{1,500}?)(?<=\S)__(?!\w)"), r"\1"),
    (
        re.compile(r"(?<![*\\A-Za-z0-9])\*(?=[^\s*])([^*\n]{1,500}?)(?<=\S)\*(?![*A-Za-z0-9])"),
        r"\1",
    ),
    (re.compile(r"(?<![\w\\])_(?=[^\s_])([^_\n]{1,500}?)(?<=\S)_(?!\w)"), r"\1"),
    (re.compile(r"\\([\\`*_{}\[\]()#+\-.!|>~])"), r"\1"),
)
_WIDE = r"[\u3000-\u30ff\u3400-\u9fff\uff00-\uff60“”‘’…—]"
_JOINED = re.compile(rf"(?<={_WIDE})\n(?={_WIDE})")


def read_markdown(path: Path, out: Printer) -> int:
    text = decoded(path.read_bytes()[: 4 * MOST_TEXT]).replace("\r\n", "\n")
    label, lines, number, fenced = "", list[str](), 0, False

    def finish(following: str) -> None:
        nonlocal label, lines, number
        if label or any(line.strip() for line in lines):
            number += 1
            out.part(f"h{number}", label, "\n".join(blocks(lines)))
        label, lines = unmarked(following), []

    for line in FRONT.sub(r"\1\n\n", text).split("\n"):
        out.budget.spend()
        if FENCE.match(line):
            fenced = not fenced
        if not fenced and (found := HEADING.match(line)):
            finish(found[2])
        elif not fenced and UNDERLINE.match(line) and lines and _is_text(lines[-1]):
            finish(lines.pop())
        else:
            lines.append(line)
    finish("")
    return max(1, number)


def blocks(lines: list[str]) -> Iterator[str]:
    """The lines of one section, each a paragraph, a point "• …" or a row "a | b"."""
    held, fenced = list[str](), False

    def paragraph() -> Iterator[str]:
        if held:
            yield unmarked(_JOINED.sub("", "\n".join(held)).replace("\n", " "))
            held.clear()

    for raw in lines:
        line = raw.strip()
        while not fenced and line.startswith(">"):
            line = line[1:].strip()
        if FENCE.match(raw):
            fenced = not fenced
            yield from paragraph()
        elif fenced:
            yield raw
        elif not line or RULE.match(line) or (held and BETWEEN.match(line) and "|" in line):
            yield from paragraph()
        elif line.startswith("|") or (BETWEEN.match(line) and "|" in line):
            yield from paragraph()
            if not BETWEEN.match(line):
                yield " | ".join(unmarked(cell.strip()) for cell in line.strip("|").split("|"))
        else:
            if POINT.match(line) or NUMBER.match(line):
                yield from paragraph()
            held.append(POINT.sub("• ", line).rstrip("\\"))
            if raw.endswith(("  ", "\\")):
                yield from paragraph()
    yield from paragraph()


def _is_text(line: str) -> bool:
    """Whether a line can be a heading because of the line drawn below it."""
    other = POINT.match(line) or NUMBER.match(line) or line.lstrip().startswith(("|", ">"))
    return bool(line.strip()) and not other and not RULE.match(line)


def unmarked(line: str) -> str:
    """A line without its marks: **bold**, [words](address), `code` …"""
    if len(line) > LONGEST_LINE:
        return line
    said = ""
    for at, piece in enumerate(_CODE.split(line)):
        if at % 2:
            said += piece.strip("`")
            continue
        for pattern, instead in _MARKS:
            piece = pattern.sub(instead, piece)  # noqa: PLW2901 - one mark after the other
        said += piece
    return said
