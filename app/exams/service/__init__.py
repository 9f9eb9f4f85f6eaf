"""What can be done with quizzes and exams."""

from app.exams.service.appealing import answer_appeal, appeal
from app.exams.service.composing import (
    add_draw,
    add_question,
    add_section,
    drop_section,
    drop_slot,
    move_slot,
    put_back,
    rename_section,
    set_mark,
)
from app.exams.service.editing import (
    change,
    copy,
    create,
    make_up,
    publish,
    reopen_paper,
    withdraw,
)
from app.exams.service.evidence import (
    bring,
    count,
)
from app.exams.service.finishing import (
    Submitted,
    finish_by_staff,
    finish_due,
    finish_now,
    plan_finish,
    plan_open,
    settle,
)
from app.exams.service.marking import (
    give,
    settle_apart,
)
from app.exams.service.regrading import (
    Change,
    Preview,
    preview,
    regrade,
    undo,
)
from app.exams.service.rewarding import (
    reward,
    reward_due,
    reward_quiz,
    take_back,
)
from app.exams.service.starting import asked_of, start, start_exam
from app.exams.service.supervising import (
    accommodate,
    add_time,
    hand_in,
    pause,
    reopen,
    restore,
    resume,
    say,
    void,
)
from app.exams.service.taking import Answers, Flags, Saved, Seen, Window, save, submit, understood
from app.exams.service.telling import tell_results

__all__ = [
    "Answers",
    "Change",
    "Flags",
    "Preview",
    "Saved",
    "Seen",
    "Submitted",
    "Window",
    "accommodate",
    "add_draw",
    "add_question",
    "add_section",
    "add_time",
    "answer_appeal",
    "appeal",
    "asked_of",
    "bring",
    "change",
    "copy",
    "count",
    "create",
    "drop_section",
    "drop_slot",
    "finish_by_staff",
    "finish_due",
    "finish_now",
    "give",
    "hand_in",
    "make_up",
    "move_slot",
    "pause",
    "plan_finish",
    "plan_open",
    "preview",
    "publish",
    "put_back",
    "regrade",
    "rename_section",
    "reopen",
    "reopen_paper",
    "restore",
    "resume",
    "reward",
    "reward_due",
    "reward_quiz",
    "save",
    "say",
    "set_mark",
    "settle",
    "settle_apart",
    "start",
    "start_exam",
    "submit",
    "take_back",
    "tell_results",
    "understood",
    "undo",
    "void",
    "withdraw",
]
