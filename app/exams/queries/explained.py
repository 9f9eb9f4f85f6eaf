"""An answer explained, with what a person gave for each criterion."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from app.exams import rules
from app.exams.models import AttemptItem
from app.questions import types
from app.questions.queries import Question

_ROUNDED = Decimal("0.05")  # that parts rounded to a hundredth may differ from their whole


def explained_item(item: AttemptItem, question: Question) -> dict[str, Any]:
    """What `types` explains of an answer; each criterion with its `points` and the `most` there
    were, where a person gave them one by one."""
    explained = types.of(question.kind).explained(question.body, list(item.response or ()))
    rubric = explained.get("rubric") or ()
    parts = tuple(map(Decimal, item.parts or ()))
    if not parts or len(parts) != len(rubric) or item.mark is None:
        return explained
    if abs(sum(parts) - rules.points(item.mark, item.max_mark)) > _ROUNDED:
        return explained  # the mark that counts has come from elsewhere since
    most = rules.most_of_each(rubric, item.max_mark)
    rows = [
        {**row, "points": part, "most": full}
        for row, part, full in zip(rubric, parts, most, strict=True)
    ]
    return {**explained, "rubric": rows}
