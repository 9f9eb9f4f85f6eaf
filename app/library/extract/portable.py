"""PDF, page by page."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from .printing import MOST_PAGES, Enough, Failed, Printer


def has_picture(page: Any) -> bool:
    """Whether there may be words in a picture on a page without text."""
    from pypdfium2.raw import FPDF_PAGEOBJ_IMAGE

    return any(True for _ in page.get_objects(filter=(FPDF_PAGEOBJ_IMAGE,), max_depth=4))


def read_pdf(path: Path, out: Printer) -> int:
    import pypdfium2

    try:
        document = pypdfium2.PdfDocument(str(path))
    except pypdfium2.PdfiumError as error:
        raise Failed("password" if "password" in str(error).lower() else "damaged") from None
    count = len(document)
    for number in range(1, count + 1):
        if number > MOST_PAGES:
            raise Enough(count)
        out.budget.spend()
        try:
            page = document[number - 1]
            text_page = page.get_textpage()
            text = text_page.get_text_bounded()
            text_page.close()
            if not text.strip() and has_picture(page):
                out.bare.append(number)
            page.close()
        except pypdfium2.PdfiumError:
            continue  # one broken page does not make the others unreadable
        out.part(f"p{number}", "", text)
    if count and not out.printed:
        raise Failed("no_text")
    return count
