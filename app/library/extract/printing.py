"""What the program prints, and how much of it: parts of text within a budget of text and time."""

from __future__ import annotations

import json
import re
import sys
import time
from collections.abc import Iterator, Mapping

MIB = 1024 * 1024
MOST_PAGES = 500
MOST_TEXT = 10 * MIB  # characters of one document
LONGEST_PART = 6_000  # characters; longer sections are printed in several parts
SECONDS = 12.0  # of CPU; after this the rest is left out
ROWS_AT_ONCE = 100


def say(fields: Mapping[str, object]) -> None:
    """Print one line for the parent; ASCII only, so that half characters do no harm."""
    sys.stdout.write(json.dumps(fields) + "\n")


class Failed(Exception):
    """The document cannot be read; the text is the name of the reason."""


class Enough(Exception):
    """The limit of text, pages or time is reached: what was read is kept."""


class Budget:
    """How much may still be read."""

    def __init__(self) -> None:
        self.ends = time.process_time() + SECONDS
        self.left = MOST_TEXT

    def spend(self, characters: int = 0, *, is_late: bool = False) -> None:
        """Count characters; raises Enough when there is no more text or time.

        What has been read when time is over is printed all the same (`is_late`).
        """
        self.left -= characters
        if self.left < 0 or (time.process_time() > self.ends and not is_late):
            raise Enough


class Printer:
    """Prints parts, and counts those with text."""

    def __init__(self, budget: Budget) -> None:
        self.budget = budget
        self.printed = 0
        self.bare: list[int] = []  # pages with pictures and no text

    def part(self, anchor: str, label: str, text: str, *, is_late: bool = False) -> None:
        text = re.sub(r"[ \t]+\n", "\n", text.replace("\r\n", "\n").replace("\r", "\n"))
        text = re.sub(r"\n{3,}", "\n\n", text.replace("\x00", " ")).strip()
        if not text and not label:
            return
        self.budget.spend(len(text), is_late=is_late)
        for piece in pieces(text):
            line = {"anchor": anchor, "label": " ".join(label.split())[:200], "text": piece}
            say(line)
            self.printed += 1


def pieces(text: str) -> Iterator[str]:
    """A long text in pieces that end with a line or a sentence where possible."""
    while len(text) > LONGEST_PART:
        cut = text.rfind("\n", LONGEST_PART // 2, LONGEST_PART)
        if cut < 0:
            cut = max(text.rfind(sign, LONGEST_PART // 2, LONGEST_PART) for sign in "。.！？!?")
        cut = cut + 1 if cut > 0 else LONGEST_PART
        yield text[:cut].strip()
        text = text[cut:].strip()
    yield text
