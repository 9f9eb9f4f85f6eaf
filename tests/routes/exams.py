"""Who may use the routes of exams."""

MATRIX = {
    "exams.quiz": "signed in",
    "exams.start": "signed in",
    "exams.save": "signed in",
    "exams.submit": "signed in",
    "exams.result": "signed in",
}
