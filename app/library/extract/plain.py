"""Plain text, in whatever encoding it is."""

from __future__ import annotations

from pathlib import Path

from .printing import MOST_TEXT, Printer, pieces


def decoded(data: bytes) -> str:
    """Text of bytes in UTF-8, UTF-16, GB 18030 or Big5."""
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return data.decode("utf-16", "replace")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        pass
    from charset_normalizer import from_bytes

    best = from_bytes(
        data[: 256 * 1024], cp_isolation=["gb18030", "big5", "utf_16_le", "utf_16_be", "cp1252"]
    ).best()
    return data.decode(best.encoding if best else "gb18030", "replace")


def read_text(path: Path, out: Printer) -> int:
    text = decoded(path.read_bytes()[: 4 * MOST_TEXT])
    for number, piece in enumerate(pieces(text.strip()), 1):
        out.part(f"a{number}", "", piece)
    return 1
