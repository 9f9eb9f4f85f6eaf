"""Who may use the pages of practice."""

MATRIX = {
    **dict.fromkeys(
        (
            *("practice.index", "practice.start", "practice.run", "practice.answer"),
            *("practice.end", "practice.join", "practice.duel", "practice.state"),
            *("practice.events", "practice.begin", "practice.leave", "practice.answer_duel"),
            "practice.beat",
            "practice.notebook",
        ),
        "signed in",
    ),
    "practice.desk": "author",
    "practice.choose_categories": "author",
}
