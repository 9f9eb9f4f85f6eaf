"""Forms of many parts, read right wherever the pieces end that they arrive in.

Werkzeug reads a body in pieces of 64 KB. Where a piece ends within the line between two parts, it
takes bytes of that line for content (pallets/werkzeug#3285, still so in 3.1.9): one file of some
thousands gets a byte more, and a field may get a whole line where a client leaves out the empty
line before an empty value, as RFC 2046 allows. So nothing is decoded before that line is whole.
"""

from __future__ import annotations

from werkzeug import formparser
from werkzeug.sansio.multipart import NEED_DATA, Event, MultipartDecoder, State

MOST_PADDING = 64  # bytes of blanks that may follow a boundary; browsers send none


class WholeLines(MultipartDecoder):
    """Waits for more while what has arrived ends within a boundary or right before one."""

    def next_event(self) -> Event:
        """The next event; NEED_DATA while it could be misread."""
        if (
            not self.complete
            and self.state in {State.DATA_START, State.DATA}
            and self._ends_within()
        ):
            return NEED_DATA
        return super().next_event()

    def _ends_within(self) -> bool:
        line = b"--" + self.boundary
        if self.state is State.DATA_START and len(self.buffer) < len(line) + 8:
            return True
        at = self.buffer.rfind(line)
        if at < 0:
            return False
        rest = self.buffer[at + len(line) :]
        return len(rest) < MOST_PADDING and b"\n" not in rest and not rest.startswith(b"--")


def install() -> None:
    """Let Werkzeug decode with it; its parser has no other place to say so."""
    formparser.MultipartDecoder = WholeLines  # type: ignore[attr-defined]
