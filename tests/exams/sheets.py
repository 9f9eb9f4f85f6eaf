"""What a PDF says in words, as its own objects have it."""

from __future__ import annotations

import re
import zlib


def said_in_words(document: bytes) -> list[str]:
    """The ActualText of its lines; readers of a PDF may turn it around."""
    parts = re.findall(rb"stream\r?\n(.*?)\r?\nendstream", document, re.DOTALL)
    pages = [zlib.decompress(part) for part in parts if part[:1] == b"x"]
    found = re.findall(rb"/ActualText <FEFF([0-9A-F]+)>", b"".join(pages))
    return [bytes.fromhex(words.decode()).decode("utf-16-be") for words in found]
