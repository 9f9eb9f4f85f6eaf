"""Who may use the pages of discussions."""

MATRIX = {
    **dict.fromkeys(
        (
            *("community.lesson", "community.newest", "community.ask", "community.new"),
            *("community.ask_about", "community.thread", "community.answer"),
            *("community.helpful", "community.withdraw", "community.report"),
            "community.put_back",
        ),
        "signed in",
    ),
    "community.desk": "author or organizer",
    "community.decide": "author or organizer",
}
