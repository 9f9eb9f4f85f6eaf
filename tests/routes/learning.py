"""Who may use the routes of learning."""

MATRIX = {
    "learning.lesson": "signed in",
    "learning.open_visit": "signed in",
    "learning.report_spans": "signed in",
    "learning.present": "signed in",
    "learning.watching": "author",
    "learning.set_watching": "author",
    "learning.retention": "author",
}
