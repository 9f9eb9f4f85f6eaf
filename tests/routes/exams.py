"""Who may use the routes of exams."""

MATRIX = {
    "exams.quiz": "signed in",
    "exams.start": "signed in",
    "exams.save": "signed in",
    "exams.submit": "signed in",
    "exams.finish": "signed in",
    "exams.bring_sealed": "signed in",
    "exams.result": "signed in",
    "exams.make_appeal": "signed in",
    "exams.index": "signed in",
    "exams.exam": "signed in",
    "exams.start_exam": "signed in",
    "exams.paper": "signed in",
    "exams.believe_clock": "organizer",
    **dict.fromkeys(
        (
            *("exams.create", "exams.edit", "exams.settings", "exams.change", "exams.copy"),
            *("exams.add_section", "exams.change_section", "exams.add_draw", "exams.pick"),
            *("exams.take", "exams.change_slot", "exams.publish", "exams.withdraw"),
            *("exams.reopen_paper", "exams.put_back"),
            "exams.make_up",
            *("exams.on_paper", "exams.printed", "exams.printed_attempt"),
            "exams.question_figures",
        ),
        "author",
    ),
    **dict.fromkeys(
        (
            *("exams.desk", "exams.room", "exams.room_list", "exams.seat"),
            *("exams.supervised_upload", "exams.count_kept"),
            *("exams.add_time", "exams.pause", "exams.resume", "exams.say", "exams.act"),
            *(
                "exams.accommodate",
                "exams.marking",
                "exams.answer_file",
                "exams.mark_next",
                "exams.give_mark",
                *("exams.apart_next", "exams.settle_apart"),
                *("exams.appeals", "exams.appeal", "exams.answer_appeal"),
            ),
            *("exams.results", "exams.question_results", "exams.export_results"),
            *("exams.patterns", "exams.archived"),
            *("exams.regrade", "exams.do_regrade", "exams.undo_regrade"),
        ),
        "author or organizer",
    ),
}
