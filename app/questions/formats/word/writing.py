"""Questions as a Word paper."""

from __future__ import annotations

from collections.abc import Sequence
from io import BytesIO

from app.core.typed import seen
from app.questions.formats import clips, plain
from app.questions.formats.facts import Saying, Written


def write(sayings: Sequence[Saying], fetch: clips.Fetch | None = None) -> Written:
    """A document with the same lines as the plain paper, and with the pictures in them."""
    import docx

    lines, losses = plain.proven_lines(sayings)
    document = docx.Document()
    for line in map(seen, lines):
        paragraph = document.add_paragraph()
        at = 0
        for match in clips.SHOWN.finditer(line):
            picture = _png(fetch(match[2]) if fetch and "/images/" in match[2] else None)
            if picture is None:
                continue
            paragraph.add_run(line[at : match.start()])
            drawn = paragraph.add_run().add_picture(picture[0], width=picture[1])
            drawn._inline.docPr.set("descr", match[1])  # noqa: SLF001 - python-docx has no name for it
            at = match.end()
        paragraph.add_run(line[at:])
    left = [
        clips.stays_here(number)
        for number, saying in enumerate(sayings, 1)
        if any(fetch is None or "/sounds/" in u or not fetch(u) for u in clips.urls(saying.body))
    ]
    out = BytesIO()
    document.save(out)
    return Written(out.getvalue(), [*losses, *left])


def _png(data: bytes | None) -> tuple[BytesIO, int] | None:
    """A picture as Word reads it, and how wide it is on paper, at 150 dots an inch."""
    if data is None:
        return None
    from docx.shared import Inches
    from PIL import Image

    picture = Image.open(BytesIO(data))
    out = BytesIO()
    picture.save(out, "PNG")
    out.seek(0)
    return out, Inches(min(6.0, picture.width / 150))
