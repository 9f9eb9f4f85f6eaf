"""Documents with random harm: flipped bits, cut ends, lost and repeated pieces, inside zips too."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator
from random import Random

from PIL import Image

from tests.library import files


def whole() -> dict[str, bytes]:
    """A good document of each kind, by the ending of its file."""
    page = "<body><h1>Title</h1><p>Words of a page</p></body>"
    picture = io.BytesIO()
    Image.new("RGB", (300, 200), "white").save(picture, "PNG")
    return {
        "pdf": files.pdf("One", "Two", "", "Four"),
        "docx": files.word("# Title", "Words", "| a | b |"),
        "pptx": files.slides(("Title", "Words", "Notes"), ("Second", "More", "")),
        "xlsx": files.sheets(First=[["a", 1], ["b", 2.5]], Second=[["c", None]]),
        "odt": files.opendocument("text", "<text:h>Title</text:h><text:p>Words</text:p>"),
        "odp": files.opendocument("presentation", "<draw:page><text:p>a</text:p></draw:page>"),
        "ods": files.opendocument(
            "spreadsheet",
            '<table:table table:name="a"><table:table-row><table:table-cell><text:p>x</text:p>'
            "</table:table-cell></table:table-row></table:table>",
        ),
        "epub": files.epub(page, page),
        "html": f"<!DOCTYPE html><html>{page}</html>".encode(),
        "rtf": rb"{\rtf1\ansi{\fonttbl{\f0 A;}}Words {\b bold} \u24494?\par More}",
        "md": "# Title\n\nWords 微课\n\n## Part\n\nMore".encode(),
        "txt": "Words 微课".encode("gb18030"),
        "png": picture.getvalue(),
    }


def harmed(data: bytes, chance: Random) -> bytes:
    """The same with one to three kinds of harm done to it."""
    if data.startswith(b"PK") and chance.random() < 0.7:
        return _harmed_inside(data, chance)
    return _harmed(data, chance)


def _harmed_inside(data: bytes, chance: Random) -> bytes:
    """A zip file that is sound, with an entry that is not."""
    with zipfile.ZipFile(io.BytesIO(data)) as package:
        entries = {entry.filename: package.read(entry) for entry in package.infolist()}
    name = chance.choice([name for name, content in entries.items() if content])
    return files.packed({**entries, name: _harmed(entries[name], chance)})


def _harmed(data: bytes, chance: Random) -> bytes:
    found = bytearray(data)
    for _ in range(chance.randint(1, 3)):
        if len(found) < 4:
            break
        at = chance.randrange(len(found))
        end = min(len(found), at + chance.randint(1, max(2, len(found) // 4)))
        match chance.randrange(6):
            case 0:
                for _bit in range(chance.randint(1, 40)):
                    found[chance.randrange(len(found))] ^= 1 << chance.randrange(8)
            case 1:
                del found[max(1, at) :]
            case 2:
                del found[at:end]
            case 3:
                found[at:at] = found[at:end] * chance.randint(1, 50)
            case 4:
                found[at:end] = bytes(end - at)
            case _:
                found[at:at] = chance.randbytes(chance.randint(1, 200))
    return bytes(found)


def series(count: int, seed: int = 1) -> Iterator[tuple[str, bytes]]:
    """`count` broken documents of each kind, as (name, data); the same for the same seed."""
    for ending, data in whole().items():
        for number in range(count):
            chance = Random(f"{seed} {ending} {number}")
            yield f"{ending}-{number}.{ending}", harmed(data, chance)
