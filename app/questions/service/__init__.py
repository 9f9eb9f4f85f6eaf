"""What can be done with the bank: write and revise, sort, import and undo."""

from __future__ import annotations

from app.questions.service.answers import ORPHAN_HOURS, drawer, keep_file, put_file, sweep_answers
from app.questions.service.imports import (
    drop_import,
    edit_item,
    keep_item,
    open_import,
    take_import,
    undo_import,
)
from app.questions.service.questions import copy, create, revise
from app.questions.service.sorting import (
    category_at,
    create_category,
    place,
    remove_category,
    rename_category,
    sort,
)

__all__ = [
    "ORPHAN_HOURS",
    "category_at",
    "copy",
    "create",
    "create_category",
    "drawer",
    "drop_import",
    "edit_item",
    "keep_file",
    "keep_item",
    "open_import",
    "place",
    "put_file",
    "remove_category",
    "rename_category",
    "revise",
    "sort",
    "sweep_answers",
    "take_import",
    "undo_import",
]
