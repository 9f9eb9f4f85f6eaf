"""Learning paths: made at a desk, followed by members, assigned by organizers, done once."""

from __future__ import annotations

import re

import pytest
from flask import Flask

from app.core.db import db, unit_of_work
from app.core.jobs import enqueue, run_pending
from app.courses import service as courses
from app.learning import service
from app.learning.models import LearningPath, PathDone
from app.notices.models import Notice
from app.points.models import Entry
from tests.factories import People, csrf
from tests.learning.lessons import MINUTE, Made, Player, Time, make_course, watch


class Desk:
    """A trainer with two courses of a minute each, and a member of a branch."""

    def __init__(self, app: Flask, people: People) -> None:
        self.app, self.people = app, people
        self.branch = people.branch("North")
        self.trainer = people.member(role="trainer")
        self.ann = people.member("Ann", branch=self.branch)
        self.first = make_course(app, self.trainer, [("video", MINUTE)], title="First")
        self.second = make_course(app, self.trainer, [("video", MINUTE)], title="Second")

    def post(self, member: int, url: str, **data: object):
        client = self.people.client(member)
        return client.post(url, data=data, headers=csrf(client))

    def make(self, *courses: Made, publish: bool = True) -> int:
        answer = self.post(self.trainer, "/desk/paths", title="The first month", branch=self.branch)
        assert answer.status_code == 302
        path = int(answer.headers["Location"].rsplit("/", 1)[1])
        for course in courses or (self.first, self.second):
            self.post(self.trainer, f"/desk/paths/{path}/courses", course=course.id)
        if publish:
            self.post(self.trainer, f"/desk/paths/{path}/state", to="published")
        return path

    def page(self, member: int, url: str, status: int = 200) -> str:
        answer = self.people.client(member).get(url)
        assert answer.status_code == status
        return answer.get_data(as_text=True)

    def finish(self, member: int, course: Made, time: Time) -> None:
        watch(Player(self.people.client(member), course), time, 0, 60)

    def rows(self, model: type) -> list:
        with self.app.app_context():
            found = db.session.query(model).all()
            db.session.expunge_all()
            db.session.rollback()
        return found


@pytest.fixture
def desk(app: Flask, people: People, time: Time) -> Desk:
    return Desk(app, people)


def test_a_path_is_followed_in_its_order_and_done_once(desk: Desk, time: Time) -> None:
    path = desk.make()
    page = desk.page(desk.ann, f"/paths/{path}")
    assert page.index("First") < page.index("Second")
    assert "The first month" in desk.page(desk.ann, "/paths")
    desk.finish(desk.ann, desk.first, time)
    assert "1 of 2" in desk.page(desk.ann, f"/paths/{path}")
    assert desk.rows(PathDone) == []
    desk.finish(desk.ann, desk.second, time)
    assert [(row.path_id, row.member_id) for row in desk.rows(PathDone)] == [(path, desk.ann)]
    assert "You finished this path on" in desk.page(desk.ann, f"/paths/{path}")
    assert [e.source for e in desk.rows(Entry) if e.reason == "path"] == [f"path:{path}"]


def test_the_order_is_changed_at_the_desk(desk: Desk) -> None:
    path = desk.make()
    desk.post(desk.trainer, f"/desk/paths/{path}/courses/{desk.second.id}/move", to="up")
    page = desk.page(desk.ann, f"/paths/{path}")
    assert page.index("Second") < page.index("First")


def test_a_path_is_seen_by_its_branch_and_below_and_by_nobody_else(desk: Desk) -> None:
    path, draft = desk.make(), desk.make(publish=False)
    below = desk.people.member(branch=desk.people.branch(parent=desk.branch))
    stranger = desk.people.member(branch=desk.people.branch("South"))
    assert "First" in desk.page(below, f"/paths/{path}")
    desk.page(stranger, f"/paths/{path}", 404)
    assert "There is no learning path for you yet" in desk.page(stranger, "/paths")
    desk.page(desk.ann, f"/paths/{draft}", 404)
    desk.post(desk.trainer, f"/desk/paths/{path}/state", to="withdrawn")
    desk.page(desk.ann, f"/paths/{path}", 404)


def test_a_path_needs_two_courses_and_a_title(desk: Desk) -> None:
    path = desk.make(desk.first, publish=False)
    answer = desk.post(desk.trainer, f"/desk/paths/{path}/state", to="published")
    assert answer.status_code == 422
    assert "at least two courses" in answer.get_data(as_text=True)
    desk.post(desk.trainer, f"/desk/paths/{path}/courses", course=desk.second.id)
    desk.post(desk.trainer, f"/desk/paths/{path}/state", to="published")
    assert desk.rows(LearningPath)[0].state == "published"
    answer = desk.post(desk.trainer, f"/desk/paths/{path}/courses/{desk.second.id}/remove")
    assert answer.status_code == 422
    assert desk.post(desk.trainer, "/desk/paths", title=" ", branch=desk.branch).status_code == 422


def test_only_who_made_it_and_organizers_of_its_branch_change_it(desk: Desk) -> None:
    path = desk.make()
    other = desk.people.member(role="trainer")
    neighbour = desk.people.member(organizes=desk.people.branch("South"))
    olga = desk.people.member(organizes=desk.branch)
    for stranger in (other, neighbour):
        desk.page(stranger, f"/desk/paths/{path}", 404)
        for url in ("", "/courses", "/state", f"/courses/{desk.first.id}/remove"):
            answer = desk.post(stranger, f"/desk/paths/{path}{url}", to="withdrawn", title="Mine")
            assert answer.status_code == 404
    assert "The first month" in desk.page(olga, f"/desk/paths/{path}")
    answer = desk.post(neighbour, "/desk/paths", title="For others", branch=desk.branch)
    assert answer.status_code == 422


def test_who_had_done_everything_before_is_done_when_it_is_published(
    desk: Desk, time: Time
) -> None:
    desk.finish(desk.ann, desk.first, time)
    desk.finish(desk.ann, desk.second, time)
    desk.make()
    assert [row.member_id for row in desk.rows(PathDone)] == [desk.ann]


def test_a_course_added_later_does_not_undo_a_finished_path(desk: Desk, time: Time) -> None:
    path = desk.make()
    desk.finish(desk.ann, desk.first, time)
    desk.finish(desk.ann, desk.second, time)
    third = make_course(desk.app, desk.trainer, title="Third")
    desk.post(desk.trainer, f"/desk/paths/{path}/courses", course=third.id)
    page = desk.page(desk.ann, f"/paths/{path}")
    assert "You finished this path on" in page
    assert "2 of 3" in page


def test_a_course_that_is_not_for_a_member_is_not_asked(desk: Desk, time: Time) -> None:
    elsewhere = desk.people.branch("South")
    hidden = make_course(desk.app, desk.trainer, title="Hidden", branch=elsewhere)
    path = desk.make(desk.first, hidden)
    assert "Hidden" not in desk.page(desk.ann, f"/paths/{path}")
    desk.finish(desk.ann, desk.first, time)
    assert [row.member_id for row in desk.rows(PathDone)] == [desk.ann]


def test_an_assigned_path_is_to_do_with_its_next_course(desk: Desk, time: Time) -> None:
    path = desk.make(desk.second, desk.first)
    olga = desk.people.member(organizes=desk.branch)
    answer = desk.post(
        olga,
        "/organizer/assignments/new",
        what=f"path:{path}",
        branch=desk.branch,
        due_on="2026-03-31",
    )
    assert answer.status_code == 302
    assert "0 of 2 courses done; next: Second" in desk.page(desk.ann, "/")
    desk.finish(desk.ann, desk.second, time)
    assert "1 of 2 courses done; next: First" in desk.page(desk.ann, "/")
    desk.finish(desk.ann, desk.first, time)
    assert "to-do-title" not in desk.page(desk.ann, "/")
    neighbour = desk.people.member(organizes=desk.people.branch("South"))
    assert "The first month" not in desk.page(neighbour, "/organizer/assignments/new")


def test_a_quiz_that_is_taken_back_takes_the_path_back(desk: Desk, time: Time) -> None:
    desk.make()
    desk.finish(desk.ann, desk.first, time)
    desk.finish(desk.ann, desk.second, time)
    with desk.app.app_context(), unit_of_work():
        assert service.quiz_taken_back(
            member_id=desk.ann, course_id=desk.first.id, actor_id=desk.trainer, reason="wrong"
        )
    assert desk.rows(PathDone) == []


# --- in other languages ---------------------------------------------------------------------------

CHINESE = {"title_zh_Hans": "第一个月", "text_zh_Hans": "从头学起。"}


def translated(desk: Desk) -> int:
    path = desk.make()
    answer = desk.post(
        desk.trainer,
        f"/desk/paths/{path}",
        title="The first month",
        summary="To begin with.",
        branch=desk.branch,
        **CHINESE,
    )
    assert answer.status_code == 302
    return path


def test_every_reader_sees_the_title_of_a_path_in_their_language(desk: Desk) -> None:
    path = translated(desk)
    for language, title, text in (
        ("en", "The first month", "To begin with."),
        ("zh_Hans", "第一个月", "从头学起。"),
        ("zh_Hant", "第一個月", "從頭學起。"),
    ):
        reader = desk.people.member(branch=desk.branch, language=language)
        for url in ("/paths", f"/paths/{path}", f"/courses/{desk.first.slug}"):
            page = desk.page(reader, url)
            assert title in page, (language, url)
            assert ("The first month" in page) is (language == "en"), (language, url)
            assert text in page or url.startswith("/courses")
    olga = desk.people.member(organizes=desk.branch, language="zh_Hans")
    for url in ("/desk/paths", "/organizer/assignments/new"):
        page = desk.page(olga, url)
        assert "第一个月" in page
        assert "The first month" not in page
    page = desk.page(olga, f"/desk/paths/{path}")
    assert 'value="The first month"' in page  # as it was written
    assert "第一個月" not in page  # derived, so not shown
    boss = desk.people.member(role="administrator", language="zh_Hans")
    looks = {"name": "Plain", "title_zh_Hans": "结业证书", "text_zh_Hans": "兹证明 {name}"}
    made = desk.post(boss, "/admin/certificates/templates", **looks, colour="#a61b24")
    assert made.status_code == 303
    assert "第一个月" in desk.page(boss, "/admin/certificates")


def test_a_translation_of_a_path_that_is_too_long_is_said_beside_its_field(desk: Desk) -> None:
    path = translated(desk)
    for name, words in (("title_zh_Hans", "月" * 121), ("text_zh_Hans", "月" * 601)):
        answer = desk.post(
            desk.trainer,
            f"/desk/paths/{path}",
            title="Another title",
            branch=desk.branch,
            **{**CHINESE, name: words},
        )
        assert answer.status_code == 422
        assert f'id="{name}-error"' in answer.get_data(as_text=True)
    assert desk.rows(LearningPath)[0].title == "The first month"


def test_an_assigned_path_is_asked_for_in_the_language_of_each_member(
    desk: Desk, time: Time
) -> None:
    path = translated(desk)
    chinese = desk.people.member(branch=desk.branch, language="zh_Hans")
    olga = desk.people.member(organizes=desk.branch)
    answer = desk.post(
        olga,
        "/organizer/assignments/new",
        what=f"path:{path}",
        branch=desk.branch,
        due_on="2026-03-31",
    )
    assert answer.status_code == 302
    run_pending(desk.app)
    said = {row.member_id: row.title for row in desk.rows(Notice)}
    assert "“The first month”" in said[desk.ann]
    assert "第一个月" in said[chinese]
    assert "第一个月" in desk.page(chinese, "/")


def test_the_ledger_keeps_the_own_title_of_a_path(desk: Desk, time: Time) -> None:
    translated(desk)
    chinese = desk.people.member(branch=desk.branch, language="zh_Hans")
    desk.finish(chinese, desk.first, time)
    desk.finish(chinese, desk.second, time)
    assert [e.note for e in desk.rows(Entry) if e.reason == "path"] == ["The first month"]


def found(desk: Desk, member: int, words: str) -> list[str]:
    """Addresses of the learning paths that a member finds."""
    run_pending(desk.app)
    page = desk.page(member, f"/search?q={words}&kind=path")
    return sorted(set(re.findall(r'href="(/paths/\d+)"', page)))


def test_a_path_is_found_in_every_language_by_whoever_sees_it_and_by_nobody_else(
    desk: Desk,
) -> None:
    path = desk.make(publish=False)
    with desk.app.app_context(), unit_of_work():
        courses.reindex_all()
    bob = desk.people.member("Bob", branch=desk.people.branch("South"))
    below = desk.people.member(branch=desk.people.branch(parent=desk.branch))
    boss = desk.people.member(role="administrator")
    assert found(desk, desk.ann, "month") == []  # a draft
    about = {"title": "The first month", "summary": "Where the ladder stands."}
    titles = {"title_zh_Hans": "第一个月"}
    edited = desk.post(desk.trainer, f"/desk/paths/{path}", branch=desk.branch, **about, **titles)
    assert edited.status_code == 302
    desk.post(desk.trainer, f"/desk/paths/{path}/state", to="published")
    here = [f"/paths/{path}"]
    for words in ("month", "ladder", "第一个月", "第一個月", "kind:path month"):
        assert found(desk, desk.ann, words) == here, words
        assert found(desk, bob, words) == [], words
    assert found(desk, below, "month") == found(desk, boss, "month") == here
    for member in (desk.ann, below, boss):
        desk.page(member, here[0])
    desk.page(bob, here[0], 404)
    assert "第一个月" in desk.page(
        desk.people.member(branch=desk.branch, language="zh_Hans"), "/search?q=month"
    )
    desk.post(desk.trainer, f"/desk/paths/{path}/state", to="withdrawn")
    assert found(desk, desk.ann, "month") == []
    desk.post(desk.trainer, f"/desk/paths/{path}/state", to="published")
    assert found(desk, desk.ann, "month") == here


def test_a_path_is_not_found_by_whoever_may_see_none_of_its_courses(desk: Desk) -> None:
    """Neither among results nor in what is counted, and that follows the courses."""
    east = desk.people.branch("East", parent=desk.branch)
    eve, cleo = desk.people.member(branch=east), desk.people.member(branch=desk.branch)
    only = [make_course(desk.app, desk.trainer, [("video", MINUTE)], branch=east) for _ in range(2)]
    path = desk.make(*only)
    with desk.app.app_context(), unit_of_work():
        courses.reindex_all()
    assert found(desk, eve, "month") == [f"/paths/{path}"]
    assert found(desk, cleo, "month") == []
    assert "Nothing found" in desk.page(cleo, "/search?q=month")
    with desk.app.app_context(), unit_of_work():
        for course in only:
            courses.withdraw(course.id)
    assert found(desk, eve, "month") == []  # at once, before anything is told of the path
    desk.page(eve, f"/paths/{path}", 404)
    with desk.app.app_context(), unit_of_work():
        for course in only:
            courses.publish(course.id)
            courses.set_audience(course.id, None)
        enqueue("learning.find_paths", key="learning.find_paths")
    assert found(desk, cleo, "month") == found(desk, eve, "month") == [f"/paths/{path}"]
