"""Every route by which staff change something is in the log of acts, or says here why not.

A new route fails this test until somebody has decided. That the lines are written is tried out
below, in the tests of members, and in those of the rooms.
"""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from flask import Flask
from sqlalchemy import select

from app.core import clock
from app.core.access import rule_of
from app.core.db import SAFE_METHODS, reading
from app.members.models import AuditLine
from app.members.rules.audit import Act
from app.points.rules import PRESETS
from config import ROOT
from tests.factories import People, csrf

STAFF = {"administrator", "organizer", "author or organizer", "author"}

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
    "search.add_words": (Act.SEARCH_WORDS_KEPT,),
    "search.change_words": (Act.SEARCH_WORDS_KEPT,),
    "search.remove_words": (Act.SEARCH_WORDS_REMOVED,),
    "courses.publish": (Act.COURSE_PUBLISHED,),
    "courses.make_from_video": (Act.COURSE_PUBLISHED,),
    "courses.withdraw": (Act.COURSE_WITHDRAWN,),
    "courses.remove": (Act.COURSE_REMOVED,),
    "courses.restore": (Act.COURSE_RESTORED,),
    "courses.remove_theme": (Act.THEME_REMOVED,),
    "courses.remove_recording": (Act.RECORDING_REMOVED,),
    "learning.set_path_state": (Act.PATH_PUBLISHED, Act.PATH_WITHDRAWN),
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
    ),
    "the bank keeps every version, and who changed what": (
        *("questions.create", "questions.revise", "questions.copy", "questions.add_clip"),
        *("questions.sort_one", "questions.sort_many", "questions.decide_twins"),
        *("questions.create_category", "questions.rename_category"),
        *("questions.remove_category", "questions.take_import", "questions.undo_import"),
        *("questions.read_file", "questions.mend_item", "questions.keep_item"),
        *("questions.drop_import", "library.choose_page", "library.propose"),
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
        *("practice.choose_categories",),
    ),
    "names and order of shelves; nothing of anybody's is lost": (
        *("courses.create_theme", "courses.edit_theme", "courses.move_theme"),
        *("courses.theme_cover", "library.collection", "library.collections"),
        *("library.move_collection",),
    ),
    "something new of one's own, which says whose it is": (
        *("library.upload", "library.take_over", "library.edit", "library.read_again"),
        *("media.upload", "media.upload_image", "media.upload_sound", "media.retry"),
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


def routes_of_staff(app: Flask, *, writing: bool) -> set[str]:
    found = set()
    for rule in app.url_map.iter_rules():
        access = rule_of(app, rule.endpoint)
        writes = bool((rule.methods or set()) - SAFE_METHODS)
        if access is not None and access.name in STAFF and writes == writing:
            found.add(rule.endpoint)
    return found


def test_every_unsafe_route_of_staff_is_audited_or_has_a_reason_not_to_be(app: Flask) -> None:
    excused = [endpoint for group in NOT_AUDITED.values() for endpoint in group]
    assert len(excused) == len(set(excused))
    assert set(excused) & set(AUDITED) == set()
    found = routes_of_staff(app, writing=True)
    decided = set(AUDITED) | set(excused)
    assert found - decided == set(), "not decided: write an act, or a reason"
    assert decided - found == set(), "these routes are gone"


def test_every_table_of_staff_to_take_away_is_audited(app: Flask) -> None:
    found = {e for e in routes_of_staff(app, writing=False) if "export" in e or "archive" in e}
    assert found == TAKEN_AWAY | WITHOUT_NAMES


def test_every_kind_of_act_is_written_by_somebody() -> None:
    by_routes = {act for acts in AUDITED.values() for act in acts}
    assert by_routes | OTHERWISE == set(Act)
    table = Path("app/members/rules/audit.py")
    sources = [p for p in (ROOT / "app").rglob("*.py") if p != ROOT / table]
    text = "\n".join(path.read_text(encoding="utf-8") for path in sources)
    assert [act.name for act in Act if f"Act.{act.name}" not in text] == []


class Desk:
    """An administrator at the desk, and the lines that are written of what they do."""

    def __init__(self, people: People) -> None:
        self.people, self.app = people, people.app
        self.client = people.client(people.member("Admin", role="administrator"))
        self.headers = csrf(self.client)

    def post(self, path: str, **form: object) -> None:
        answer = self.client.post(path, data=form, headers=self.headers)
        assert answer.status_code < 400, (path, answer.status_code)

    def acts(self) -> list[str]:
        with self.app.app_context(), reading() as session:
            found = session.scalars(
                select(AuditLine.act).where(AuditLine.via == "page").order_by(AuditLine.id)
            )
            return list(found)


def test_what_is_decided_about_points_and_rewards_is_written(people: People) -> None:
    desk = Desk(people)
    desk.post("/points/rules/ranking", ranking="branch")
    desk.post("/points/rules/ranking", ranking="branch")  # nothing changed
    desk.post("/points/rules/preset", preset=next(iter(PRESETS)))
    desk.post(
        "/points/rules/publish", from_day=str(clock.now().date() + timedelta(days=3)), note="new"
    )
    desk.post("/organizer/rewards/open", open="yes")
    wish = {"title": "=Mug", "price": 5, "stock": 2, "most_each": 0, "branch": people.root}
    desk.post("/organizer/rewards/new", **wish)
    desk.post("/organizer/rewards/1", **{**wish, "price": 6})
    desk.post("/organizer/rewards/1/withdraw")
    desk.post("/organizer/rewards/1/again")
    assert desk.acts() == [
        *("ranking_chosen", "rules_published", "rewards_switched", "reward_offered"),
        *("reward_changed", "reward_withdrawn", "reward_offered"),
    ]
    page = desk.client.get("/admin/log").get_data(as_text=True)
    assert "Within the branch" in page
    assert "<del>5</del>" in page


def test_words_for_search_and_templates_of_certificates_are_written(people: People) -> None:
    desk = Desk(people)
    desk.post("/search/words", words="灭火器 消防器材")
    desk.post("/search/words/1", words="灭火器 消防栓")
    desk.post("/search/words/1/delete")
    assert desk.acts() == ["search_words_kept"] * 2 + ["search_words_removed"]
