"""Rich text (RTF)."""

from __future__ import annotations

import re
from pathlib import Path

from .printing import MOST_TEXT, Printer, pieces

RTF = re.compile(
    rb"\\([a-z]{1,32})(-?\d{1,10})?[ ]?|\\'([0-9a-f]{2})|\\([^a-z])|([{}])|[\r\n]+|([^\\{}\r\n]+)",
    re.IGNORECASE,
)
# Groups that hold no text of the document.
UNSAID = frozenset(
    b"fonttbl colortbl stylesheet info pict object themedata datastore listtable listoverridetable "
    b"rsidtbl generator xmlnstbl latentstyles header footer headerl headerr footerl footerr "
    b"fldinst".split()
)
BREAKS = dict.fromkeys((b"par", b"line", b"row", b"sect", b"page"), "\n")
BREAKS |= {b"cell": " | ", b"tab": " "}
CODE_PAGES = {936: "gb18030", 950: "big5", 65001: "utf-8", 932: "cp932", 949: "cp949"}
CODE_PAGES |= {number: f"cp{number}" for number in (1250, 1251, 1252, 1253, 1254, 874)}


class Rich:
    """Takes the signs of a document in RTF one after another and keeps its text."""

    def __init__(self) -> None:
        self.text: list[str] = []
        self.held = bytearray()  # bytes of the old character set, which may be halves
        self.codec = "cp1252"
        self.depth = 0
        self.unsaid: int | None = None  # the depth of the outermost group without text
        self.skip, self.skips = 1, list[int]()  # characters that stand in for one of Unicode
        self.after = 0  # of these still to come

    def take(self, match: re.Match[bytes]) -> None:
        word, number, code, sign, brace, plain = match.groups()
        if code or plain:
            self.raw(bytes.fromhex(code.decode()) if code else plain)
            return
        self.flush()
        if brace:
            self.group(brace)
        elif sign == b"*" or (word and word.lower() in UNSAID):
            self.unsaid = self.depth if self.unsaid is None else self.unsaid
        elif word:
            self.word(word, int(number or 0))
        elif sign in {b"\\", b"{", b"}", b"~"} and self.unsaid is None:
            self.text.append(" " if sign == b"~" else sign.decode())

    def raw(self, data: bytes) -> None:
        cut = min(self.after, len(data))
        self.after -= cut
        if self.unsaid is None:
            self.held += data[cut:]

    def flush(self) -> None:
        if self.held:
            self.text.append(self.held.decode(self.codec, "replace"))
            self.held.clear()

    def group(self, brace: bytes) -> None:
        if brace == b"{":
            self.depth += 1
            self.skips.append(self.skip)
            return
        self.depth -= 1
        self.skip = self.skips.pop() if self.skips else 1
        if self.unsaid is not None and self.depth < self.unsaid:
            self.unsaid = None

    def word(self, word: bytes, number: int) -> None:
        if word == b"ansicpg":
            self.codec = CODE_PAGES.get(number, "cp1252")
        elif word == b"uc":
            self.skip = max(0, min(4, number))
        elif self.unsaid is not None:
            return
        elif word == b"u":
            self.text.append(chr(number % 65536))
            self.after = self.skip
        else:
            self.text.append(BREAKS.get(word, ""))


def read_rtf(path: Path, out: Printer) -> int:
    rich = Rich()
    for count, match in enumerate(RTF.finditer(path.read_bytes()[: 4 * MOST_TEXT])):
        if count % 1000 == 0:
            out.budget.spend()
        rich.take(match)
    rich.flush()
    # Characters beyond the first plane come in two halves.
    whole = "".join(rich.text).encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    for number, piece in enumerate(pieces(whole.strip()), 1):
        out.part(f"a{number}", "", piece)
    return 1
