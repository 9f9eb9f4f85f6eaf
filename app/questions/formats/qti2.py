"""QTI 2.1 and 2.2: a package of items, or one item alone; of 1.2 what Canvas writes is read."""

from __future__ import annotations

from collections.abc import Sequence

from flask_babel import lazy_gettext as _l

from app.questions.formats import clips, qti_items
from app.questions.formats.facts import Paper, Saying, Written

NAME = "qti2"
LABEL = _l("QTI 2.1 and 2.2")
ENDINGS = (".zip", ".xml")
CARRIES = True


def fits(data: bytes, filename: str) -> bool:
    return qti_items.fits(data) in {"1", "2"}


def read(data: bytes, filename: str) -> Paper:
    return qti_items.read(data, NAME)


def write(sayings: Sequence[Saying], fetch: clips.Fetch | None = None) -> Written:
    return qti_items.write(sayings, "2", fetch)
