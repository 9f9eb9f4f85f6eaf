"""What staff change for others: which routes write which lines, and which need not, and why."""

from __future__ import annotations

from app.members.rules.audit import Act

# endpoint → the kinds of lines that it can write
AUDITED: dict[str, tuple[Act, ...]] = {
    "members.add_member": (Act.MEMBER_ADDED, Act.CODE_PRINTED),
    "members.edit_member": (Act.MEMBER_CHANGED, Act.MEMBER_MOVED),
    "members.disable_member": (Act.MEMBER_DISABLED,),
    "members.enable_member": (Act.MEMBER_ENABLED,),
    "members.issue_code": (Act.CODE_PRINTED, Act.CODE_RENEWED),
    "members.issue_codes": (Act.CODE_PRINTED,),
    "members.confirm_import": (Act.MEMBERS_IMPORTED, Act.MEMBER_ADDED, Act.ROLE_GIVEN),
    "members.grant_role": (Act.ROLE_GIVEN,),
    "members.revoke_role": (Act.ROLE_TAKEN,),
    "members.add_branch": (Act.BRANCH_ADDED,),
    "members.paste_branches": (Act.BRANCH_ADDED,),
    "members.rename_branch": (Act.BRANCH_RENAMED,),
    "members.move_branch": (Act.BRANCH_MOVED,),
    "members.remove_branch": (Act.BRANCH_REMOVED,),
    "home.choose_look": (Act.LOOK_CHANGED,),
    "home.choose_ways": (Act.WAYS_CHANGED,),
    "home.choose_words": (Act.WORDS_CHANGED,),
    "home.decide_demo": (Act.DEMO_PUT_AWAY,),
    "home.certify": (Act.CERTIFYING_BEGUN,),
    "home.stop_certifying": (Act.CERTIFYING_STOPPED,),
    "home.end_certificate": (Act.CERTIFICATE_REVOKED, Act.CERTIFICATE_REISSUED),
    "certificates.save_template": (Act.TEMPLATE_SAVED,),
    "certificates.drop_template": (Act.TEMPLATE_DROPPED,),
    "exams.believe_clock": (Act.CLOCK_BELIEVED,),
    "points.publish_rules": (Act.RULES_PUBLISHED,),
    "points.choose_ranking": (Act.RANKING_CHOSEN,),
    "points.open_rewards": (Act.REWARDS_SWITCHED,),
    "points.make_reward": (Act.REWARD_OFFERED,),
    "points.edit_reward": (Act.REWARD_CHANGED,),
    "points.withdraw_reward": (Act.REWARD_WITHDRAWN,),
    "points.offer_again": (Act.REWARD_OFFERED,),
    "points.hand_over": (Act.REWARD_HANDED,),
    "points.refuse_order": (Act.REWARD_REFUSED,),
    "organisation.correct": (Act.POINTS_CORRECTED,),
    "organisation.assign": (Act.ASSIGNMENT_MADE, Act.ASSIGNMENT_CHANGED),
    "organisation.change_assignment": (Act.ASSIGNMENT_CHANGED,),
    "organisation.withdraw_assignment": (Act.ASSIGNMENT_WITHDRAWN,),
    "organisation.ask_again": (Act.ASSIGNMENT_AGAIN,),
    "organisation.relieve": (Act.MEMBER_EXEMPTED, Act.MEMBER_GIVEN_TIME),
    "organisation.make_up_all": (Act.MEMBER_GIVEN_TIME,),
    "organisation.restore": (Act.RELIEF_ENDED,),
    "organisation.work_again": (Act.WORK_TRIED_AGAIN,),
    "organisation.all_work_again": (Act.WORK_TRIED_AGAIN,),
    "organisation.notices_again": (Act.WORK_TRIED_AGAIN,),
    "search.add_words": (Act.SEARCH_WORDS_KEPT,),
    "search.change_words": (Act.SEARCH_WORDS_KEPT,),
    "search.remove_words": (Act.SEARCH_WORDS_REMOVED,),
    "courses.publish": (Act.COURSE_PUBLISHED,),
    "courses.make_from_video": (Act.COURSE_PUBLISHED,),
    "courses.withdraw": (Act.COURSE_WITHDRAWN,),
    "courses.remove": (Act.COURSE_REMOVED,),
    "courses.restore": (Act.COURSE_RESTORED,),
    "exams.do_regrade_quiz": (Act.QUIZ_MARKED_ANEW,),
    "exams.undo_regrade_quiz": (Act.QUIZ_MARKING_UNDONE,),
    "courses.remove_theme": (Act.THEME_REMOVED,),
    "courses.remove_recording": (Act.RECORDING_REMOVED,),
    "learning.set_path_state": (Act.PATH_PUBLISHED, Act.PATH_WITHDRAWN),
    "practice.choose_categories": (Act.PRACTICE_OPENED, Act.PRACTICE_CLOSED),
    "library.delete": (Act.DOCUMENT_REMOVED,),
    "library.replace": (Act.DOCUMENT_REPLACED,),
    "library.replace_with": (Act.DOCUMENT_REPLACED,),
    "library.delete_collection": (Act.COLLECTION_REMOVED,),
    "community.decide": (Act.POST_HIDDEN, Act.POST_SHOWN),
}
# Written by no route of staff: who signs in, and the nightly round.
OTHERWISE = {Act.SIGN_IN_SLOWED, Act.LOG_SHORTENED, Act.TABLE_TAKEN}

# reason → endpoints
NOT_AUDITED: dict[str, tuple[str, ...]] = {
    "the exam has a log of its own, append-only and in its archive": (
        *("exams.create", "exams.change", "exams.copy", "exams.make_up", "exams.publish"),
        *("exams.withdraw", "exams.reopen_paper", "exams.put_back", "exams.act"),
        *("exams.accommodate", "exams.add_time", "exams.pause", "exams.resume", "exams.say"),
        *("exams.supervised_upload", "exams.count_kept", "exams.give_mark"),
        *("exams.settle_apart", "exams.answer_appeal", "exams.do_regrade", "exams.undo_regrade"),
        *("exams.print_paper", "exams.print_attempt"),
    ),
    "the bank keeps every version, and who changed what": (
        *("questions.create", "questions.revise", "questions.copy", "questions.add_clip"),
        *("questions.sort_one", "questions.sort_many", "questions.decide_twins"),
        *("questions.create_category", "questions.rename_category"),
        *("questions.remove_category", "questions.take_import", "questions.undo_import"),
        *("questions.read_file", "questions.mend_item", "questions.keep_item"),
        *("questions.drop_import", "questions.leave_out", "library.choose_page", "library.propose"),
    ),
    "an author's own work, of which publishing is written down": (
        *("courses.create", "courses.describe", "courses.order", "courses.cover"),
        *("courses.duplicate", "courses.preview", "courses.set_rules", "courses.add_reading"),
        *("courses.add_recording", "courses.save_lesson", "courses.move_lesson"),
        *("courses.remove_lesson", "courses.restore_lesson", "courses.replace"),
        *("courses.make_parts", "courses.make_trimmed", "courses.choose_poster"),
        *("courses.save_chapters", "courses.add_captions", "courses.save_captions"),
        *("courses.drop_captions", "courses.hear_captions", "courses.translate_captions"),
        *("courses.propose", "courses.ask_inside", "courses.stop_asking", "courses.take"),
        *("courses.write_question", "courses.drop_question", "courses.move_question"),
        *("exams.add_section", "exams.change_section", "exams.add_draw", "exams.change_slot"),
        *("exams.take", "learning.set_watching", "learning.make_path", "learning.edit_path"),
        *("learning.add_step", "learning.move_step", "learning.remove_step"),
    ),
    "names and order of shelves; nothing of anybody's is lost": (
        *("courses.create_theme", "courses.edit_theme", "courses.move_theme"),
        *("courses.theme_cover", "library.collection", "library.collections"),
        *("library.move_collection",),
    ),
    "something new of one's own, which says whose it is": (
        *("library.upload", "library.take_over", "library.edit", "library.read_again"),
        *("media.upload", "media.upload_image", "media.upload_sound", "media.retry"),
        *("courses.retry_failures",),
        *("media.tus_begin", "media.tus_continue", "media.tus_end", "media.tus_override"),
        *("media.tus_finish",),
    ),
    "changes nothing for anybody yet": (
        *("members.preview_import", "points.save_rules", "points.take_preset"),
        *("points.drop_draft", "home.skip_task"),
    ),
}

# GETs that hand out a file with members' names
TAKEN_AWAY = {
    *("organisation.export", "organisation.export_assignment", "organisation.export_overdue"),
    *("organisation.export_past", "organisation.export_trend", "organisation.export_help"),
    *("organisation.export_log", "points.export_leaderboard", "exams.export_results"),
    *("exams.archived",),
}
WITHOUT_NAMES = {"points.export_seals", "questions.export"}
