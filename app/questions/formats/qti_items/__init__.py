"""QTI items of the versions 2.1, 2.2 and 3.0: one reader and one writer; no format of its own.

Version 3.0 says qti-choice-interaction where 2.x says choiceInteraction; inside, everything has
the names of 2.x. What QTI cannot say stands as JSON in a rubric block for authors, which other
programs show to nobody."""

from __future__ import annotations

from app.questions.formats.qti_items.reading import fits, read
from app.questions.formats.qti_items.writing import write

__all__ = ["fits", "read", "write"]
