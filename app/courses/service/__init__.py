"""What authors do with courses: make, edit, publish, withdraw; and how search learns of it.

Whether the course is the author's own is asked before, by `queries.own_course` and `own_lesson`.
"""

from app.courses.service.checkpoints import add_checkpoint, stop_asking
from app.courses.service.copying import duplicate
from app.courses.service.cutting import (
    newest_replacements,
    plan_replacement,
    planned_replacement,
    replace_when_ready,
    split_recording,
    trim_recording,
)
from app.courses.service.editing import (
    create_course,
    describe,
    recount,
    set_audience,
    set_cover,
    set_rules,
)
from app.courses.service.lessons import (
    add_reading,
    add_recording,
    captions_changed,
    edit_reading,
    hear_captions,
    move_lesson,
    order_lessons,
    remove_lesson,
    rename_lesson,
    replace_recording,
    restore_lesson,
)
from app.courses.service.packages import (
    Loaded,
    Outcome,
    load_package,
    loaded_already,
    package_of,
)
from app.courses.service.publishing import (
    other_titles,
    publish,
    publish_checks,
    refresh_search,
    reindex_all,
    remove_course,
    restore_course,
    search_texts,
    search_titles,
    withdraw,
)
from app.courses.service.quiz import (
    add_question,
    add_questions,
    move_question,
    remove_question,
    write_question,
)
from app.courses.service.recorded import make_from_recording, remove_recording
from app.courses.service.themes import (
    create_theme,
    edit_theme,
    move_theme,
    remove_theme,
    set_theme_cover,
    theme_called,
)

__all__ = [
    "Loaded",
    "Outcome",
    "add_checkpoint",
    "add_question",
    "add_questions",
    "add_reading",
    "add_recording",
    "captions_changed",
    "create_course",
    "create_theme",
    "describe",
    "duplicate",
    "edit_reading",
    "edit_theme",
    "hear_captions",
    "load_package",
    "loaded_already",
    "make_from_recording",
    "move_lesson",
    "move_question",
    "move_theme",
    "newest_replacements",
    "order_lessons",
    "other_titles",
    "package_of",
    "plan_replacement",
    "planned_replacement",
    "publish",
    "publish_checks",
    "recount",
    "refresh_search",
    "reindex_all",
    "remove_course",
    "remove_lesson",
    "remove_question",
    "remove_recording",
    "remove_theme",
    "rename_lesson",
    "replace_recording",
    "replace_when_ready",
    "restore_course",
    "restore_lesson",
    "search_texts",
    "search_titles",
    "set_audience",
    "set_cover",
    "set_rules",
    "set_theme_cover",
    "split_recording",
    "stop_asking",
    "theme_called",
    "trim_recording",
    "withdraw",
    "write_question",
]
