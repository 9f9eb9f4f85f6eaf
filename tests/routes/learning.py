"""Who may use the routes of learning."""

MATRIX = {
    "learning.lesson": "signed in",
    "learning.lesson_state": "signed in",
    "learning.open_visit": "signed in",
    "learning.report_spans": "signed in",
    "learning.present": "signed in",
    "learning.question_inside": "signed in",
    "learning.answer_inside": "signed in",
    "learning.paths": "signed in",
    "learning.path": "signed in",
    "learning.desk_paths": "author or organizer",
    "learning.make_path": "author or organizer",
    "learning.desk_path": "author or organizer",
    "learning.edit_path": "author or organizer",
    "learning.add_step": "author or organizer",
    "learning.move_step": "author or organizer",
    "learning.remove_step": "author or organizer",
    "learning.set_path_state": "author or organizer",
    "learning.watching": "author",
    "learning.set_watching": "author",
    "learning.retention": "author",
}
