"""Who may use the pages of the question bank."""

MATRIX = {
    "questions.bank": "author",
    "questions.new": "author",
    "questions.create": "author",
    "questions.question": "author",
    "questions.revise": "author",
    "questions.copy": "author",
}
