"""What can be done with the bank: write and revise, sort, import and undo."""

from __future__ import annotations

from app.questions.service.answers import ORPHAN_HOURS, drawer, keep_file, put_file, sweep_answers
from app.questions.service.clips import (
    LONGEST_WORK,
    Kept,
    forget_clips,
    keep_clips,
    recall_clips,
    unpack_clips,
)
from app.questions.service.finding import AT_ONCE, SEARCH_JOB, reindex_all, tell_search
from app.questions.service.imports import (
    drop_import,
    edit_item,
    keep_item,
    leave_out,
    open_import,
    take_import,
    undo_import,
)
from app.questions.service.places import (
    forget_document,
    pass_for,
    passed,
    place,
    place_page,
)
from app.questions.service.questions import copy, create, pass_on, revise
from app.questions.service.sorting import (
    UNSET,
    category_at,
    create_category,
    remove_category,
    rename_category,
    sort,
)
from app.questions.service.twins import JOB as TWINS_JOB
from app.questions.service.twins import keep_twins, look_for_twins, merge, pair_same, tell_apart

__all__ = [
    "AT_ONCE",
    "LONGEST_WORK",
    "ORPHAN_HOURS",
    "SEARCH_JOB",
    "TWINS_JOB",
    "UNSET",
    "Kept",
    "category_at",
    "copy",
    "create",
    "create_category",
    "drawer",
    "drop_import",
    "edit_item",
    "forget_clips",
    "forget_document",
    "keep_clips",
    "keep_file",
    "keep_item",
    "keep_twins",
    "leave_out",
    "look_for_twins",
    "merge",
    "open_import",
    "pair_same",
    "pass_for",
    "pass_on",
    "passed",
    "place",
    "place_page",
    "put_file",
    "recall_clips",
    "reindex_all",
    "remove_category",
    "rename_category",
    "revise",
    "sort",
    "sweep_answers",
    "take_import",
    "tell_apart",
    "tell_search",
    "undo_import",
    "unpack_clips",
]
