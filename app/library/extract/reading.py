"""The readers by kind, and the program itself."""

from __future__ import annotations

import base64
import sys
from collections.abc import Callable, Iterable
from pathlib import Path

from .drawing import cover_of, draw
from .labels import about
from .marked import read_markdown
from .markup import read_epub, read_html
from .office import read_docx, read_pptx, read_xlsx
from .opendocument import read_odp, read_ods, read_odt
from .plain import read_text
from .portable import read_pdf
from .printing import Budget, Enough, Failed, Printer, say
from .rich import read_rtf

READERS: dict[str, Callable[[Path, Printer], int]] = {
    "pdf": read_pdf,
    "docx": read_docx,
    "pptx": read_pptx,
    "xlsx": read_xlsx,
    "odt": read_odt,
    "odp": read_odp,
    "ods": read_ods,
    "epub": read_epub,
    "html": read_html,
    "rtf": read_rtf,
    "txt": read_text,
    "md": read_markdown,
}


def tell_about(path: Path, kind: str) -> None:
    sys.stdout.flush()  # what was read must not be lost by what follows
    try:
        said = about(path, kind)
    except Exception:
        said = {}  # a document that says nothing of itself
    if said:
        say({"about": said})


def tell_cover(path: Path, kind: str) -> None:
    try:
        cover = cover_of(path, kind) if kind not in {"html", "rtf", "txt", "md"} else None
    except Exception:
        cover = None  # a document without a picture of its first page
    if cover:
        say({"cover": base64.b64encode(cover).decode()})


def main(arguments: Iterable[str]) -> int:
    name, kind, task, *more = arguments
    path = Path(name)
    if task == "cover":
        tell_cover(path, kind)
        return 0
    if task == "draw":
        folder, number, strips = more
        draw(path, kind, Path(folder), int(number), int(strips))
        return 0
    out = Printer(Budget())
    try:
        pages = READERS[kind](path, out)
    except Enough as enough:
        pages = enough.args[0] if enough.args else 0
        say({"pages": pages, "truncated": True} if out.printed else {"failed": "no_text"})
    except Failed as failed:
        say({"failed": str(failed)})
    except MemoryError:
        say({"failed": "too_large"})
    else:
        say({"pages": pages, "truncated": False} if out.printed else {"failed": "no_text"})
    if out.bare:
        say({"bare": out.bare})
    if out.printed or kind == "pdf":
        tell_about(path, kind)
    return 0
