"""The lesson page as HTML, and what other rooms ask about progress."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import select

from app.core.db import db, unit_of_work
from app.courses.models import Course, Lesson
from app.learning import queries, service
from app.members.models import Member
from tests.factories import People
from tests.learning.lessons import MINUTE, Made, Player, Time, make_course, truefalse, watch
from tests.media.conftest import studio_with
from tests.statements import counted


@pytest.fixture
def trainer(people: People) -> int:
    return people.member(role="trainer")


@pytest.fixture
def course(app: Flask, trainer: int) -> Made:
    lessons = [("video", MINUTE), ("reading", MINUTE), ("audio", 3 * MINUTE)]
    return make_course(app, trainer, lessons, [truefalse("So?", True)])


def page(people: People, member: int, course: Made, lesson: int = 0, query: str = "") -> str:
    answer = people.client(member).get(
        f"/courses/{course.slug}/lessons/{course.lessons[lesson]}{query}"
    )
    assert answer.status_code == 200
    return answer.get_data(as_text=True)


def asked(app: Flask, question):
    with app.app_context():
        found = question()
        db.session.rollback()
    return found


# --- the page -------------------------------------------------------------------------------------


def test_a_lesson_leads_to_the_next_one_and_the_last_one_to_the_quiz(
    people: People, course: Made
) -> None:
    member = people.member()
    assert "Next lesson: Lesson 2" in page(people, member, course)
    last = page(people, member, course, 2)
    assert "To the quiz" in last
    assert f'href="/courses/{course.slug}/quiz"' in last
    assert "Back to the course" in last


def test_a_text_is_rendered_and_its_markup_is_tame(
    app: Flask, people: People, course: Made
) -> None:
    with app.app_context(), unit_of_work() as session:
        session.get_one(Lesson, course.lessons[1]).body = "**Bold** <script>alert(1)</script>"
    text = page(people, people.member(), course, 1)
    assert "<strong>Bold</strong>" in text
    assert "<script>alert" not in text


def test_what_is_seen_is_drawn_before_any_script_runs(
    people: People, course: Made, time: Time
) -> None:
    member = people.member()
    watch(Player(people.client(member), course), time, 0, 30)
    text = page(people, member, course)
    assert '<rect x="0.0" width="500.0"' in text
    assert "50 % seen; complete at 90 %" in text
    assert '"resume": 30000' in text


def test_what_is_missing_is_said_in_words_before_any_script_runs(
    people: People, course: Made, time: Time
) -> None:
    member = people.member()
    assert 'id="why" hidden' in page(people, member, course)
    player = Player(people.client(member), course)
    watch(player, time, 0, 20)
    watch(player, time, 35, 50)
    text = page(people, member, course)
    assert 'id="why">' in text
    assert "<li>0:20–0:35</li>" in text
    assert "<li>0:50–1:00</li>" in text
    assert "0:19 more of what is missing, and the lesson is complete." in text
    watch(player, time, 20, 40)
    watch(player, time, 50, 60)
    assert "Why isn" not in page(people, member, course)


@pytest.mark.parametrize(
    ("query", "start"),
    [("?t=73", "73000"), ("?t=0", "0"), ("", "null"), ("?t=-5", "null"), ("?t=NaN", "null")],
)
def test_the_start_may_be_named_in_the_address(
    people: People, course: Made, query: str, start: str
) -> None:
    assert f'"start": {start}' in page(people, people.member(), course, 0, query)


def test_a_recording_that_is_not_ready_says_so(app: Flask, people: People, trainer: int) -> None:
    waiting = make_course(app, trainer, ready=False)
    text = page(people, people.member(), waiting)
    assert "still being prepared" in text
    assert "lesson-data" not in text
    state = re.findall(r'data-waits="([^"]+)"', text)[0]
    member = people.client(people.member())
    assert member.get(state).json == {"over": False}
    with app.app_context(), unit_of_work() as session:
        from app.media.models import Media

        lesson = session.get_one(Lesson, waiting.lesson)
        session.get_one(Media, lesson.media_id).state = "failed"
    assert member.get(state).json == {"over": True}
    assert "cannot be played" in page(people, people.member(), waiting)


def test_an_author_sees_a_preview_that_counts_nothing(
    app: Flask, people: People, trainer: int
) -> None:
    draft = make_course(app, trainer, state="draft")
    text = page(people, trainer, draft)
    assert "This is a preview" in text
    assert '"counts": false' in text
    stranger = people.client(people.member())
    assert stranger.get(f"/courses/{draft.slug}/lessons/{draft.lesson}").status_code == 404


def test_a_lesson_is_found_only_below_its_own_course(
    app: Flask, people: People, trainer: int, course: Made
) -> None:
    other = make_course(app, trainer)
    client = people.client(people.member())
    assert client.get(f"/courses/{course.slug}/lessons/{course.lesson}").status_code == 200
    assert client.get(f"/courses/{course.slug}/lessons/{other.lesson}").status_code == 404
    assert client.get(f"/courses/{course.slug}/lessons/999999").status_code == 404
    assert client.get(f"/courses/none/lessons/{course.lesson}").status_code == 404


def test_titles_are_text(app: Flask, people: People, trainer: int) -> None:
    nasty = "</script><img src=x onerror=alert(1)>"
    made = make_course(app, trainer, title=nasty)
    with app.app_context(), unit_of_work() as session:
        session.get_one(Lesson, made.lesson).title = nasty
    text = page(people, people.member(), made)
    assert "<img src=x" not in text
    assert text.count("</script>") == text.count("<script")


def test_the_page_asks_the_database_the_same_for_few_and_for_many_lessons(
    app: Flask, people: People, trainer: int, course: Made
) -> None:
    many = make_course(app, trainer, [("video", 10_000)] * 30)
    client = people.client(people.member())
    numbers = []
    for made in (course, many):
        url = f"/courses/{made.slug}/lessons/{made.lesson}"
        client.get(url)
        with counted(app) as statements:
            assert client.get(url).status_code == 200
        numbers.append(len(statements))
    assert numbers[0] == numbers[1]


# --- what other rooms ask -------------------------------------------------------------------------


def test_what_is_begun_is_offered_the_last_touched_first(
    app: Flask, people: People, trainer: int, time: Time
) -> None:
    member = people.member()
    reader = people.reader(member)
    assert asked(app, lambda: queries.to_continue(reader, 5)) == []
    begun = [make_course(app, trainer, [("video", MINUTE)] * 2) for _ in range(3)]
    client = people.client(member)
    for made in begun:
        time.go_on(60)
        watch(Player(client, made), time, 0, 20)
    time.go_on(60)
    watch(Player(client, begun[0], begun[0].lessons[1]), time, 0, 10)
    found = asked(app, lambda: queries.to_continue(reader, 2))
    assert [each.course.id for each in found] == [begun[0].id, begun[2].id]
    assert found[0].lesson_id == begun[0].lessons[1]
    assert (found[0].resume_ms, found[0].lesson_percent) == (10_000, 16)
    assert found[0].progress.percent == 24


def test_when_only_the_quiz_is_missing_it_is_what_goes_on(
    app: Flask, people: People, trainer: int, time: Time
) -> None:
    made = make_course(app, trainer, [("video", MINUTE)], [truefalse("So?", True)])
    member = people.member()
    watch(Player(people.client(member), made), time, 0, 60)
    (found,) = asked(app, lambda: queries.to_continue(people.reader(member), 5))
    assert found.lesson_id is None
    assert found.progress.state == "quiz"
    with app.app_context(), unit_of_work():
        service.quiz_passed(member_id=member, course_id=made.id, at=time())
    assert asked(app, lambda: queries.to_continue(people.reader(member), 5)) == []


def test_what_is_withdrawn_or_not_for_the_reader_is_not_offered(
    app: Flask, people: People, trainer: int, time: Time
) -> None:
    branch = people.branch()
    member = people.member(branch=branch)
    made = make_course(app, trainer, branch=branch)
    watch(Player(people.client(member), made), time, 0, 10)
    reader = people.reader(member)
    assert len(asked(app, lambda: queries.to_continue(reader, 5))) == 1
    with app.app_context(), unit_of_work() as session:
        session.get_one(Course, made.id).state = "withdrawn"
    assert asked(app, lambda: queries.to_continue(reader, 5)) == []


def test_progress_in_a_course_is_weighted_by_length(
    app: Flask, people: People, course: Made, time: Time
) -> None:
    member = people.member()
    client = people.client(member)
    watch(Player(client, course), time, 0, 60)
    watch(Player(client, course, course.lessons[2]), time, 0, 90)
    found = asked(app, lambda: queries.course_progress_for(member, [course.id]))[course.id]
    # 100 % of one minute, 0 % of one, 50 % of three.
    assert (found.percent, found.lessons_done, found.lessons) == (50, 1, 3)
    assert found.has_quiz
    assert found.state == "started"


def test_a_course_that_was_never_opened_is_new(app: Flask, people: People, course: Made) -> None:
    found = asked(app, lambda: queries.course_progress_for(people.member(), [course.id, 999]))
    assert found[course.id].state == "new"
    assert found[course.id].percent == 0
    assert found[999].lessons == 0


def test_the_completion_table_says_percent_and_date_per_member_and_course(
    app: Flask, people: People, trainer: int, time: Time
) -> None:
    short, long = make_course(app, trainer), make_course(app, trainer, [("video", 2 * MINUTE)])
    one, two, three = people.member(), people.member(), people.member()
    watch(Player(people.client(one), short), time, 0, 60)
    done_at = time()
    watch(Player(people.client(two), long), time, 0, 60)
    courses = [short.id, long.id]
    table = asked(app, lambda: queries.completion_table([one, two, three], courses))
    assert set(table) == {(one, short.id), (two, long.id)}
    assert table[one, short.id].percent == 100
    assert table[one, short.id].completed_at == done_at
    assert table[two, long.id].percent == 50
    assert table[two, long.id].completed_at is None
    assert table[two, long.id].state == "started"
    branch = select(Member.id).where(Member.branch_id == people.root)
    assert asked(app, lambda: queries.completion_table(branch, courses)) == table
    assert asked(app, lambda: queries.completion_table([], courses)) == {}
    assert asked(app, lambda: queries.completion_table([one], [])) == {}


def test_the_completion_table_asks_as_much_for_one_member_as_for_two_hundred(
    app: Flask, people: People, trainer: int, time: Time
) -> None:
    courses = [make_course(app, trainer) for _ in range(4)]
    with app.app_context(), unit_of_work() as session:
        rows = [
            Member(username=f"many{n}", name=f"Many {n}", branch_id=people.root, created_at=time())
            for n in range(200)
        ]
        session.add_all(rows)
        session.flush()
        ids = [row.id for row in rows]
        for member in ids:
            for made in courses:
                service.open_visit(
                    member_id=member,
                    lesson_id=made.lesson,
                    course_id=made.id,
                    kind="video",
                    length_ms=MINUTE,
                    completion_percent=90,
                )
    numbers = []
    for who in (ids[:1], ids):
        with counted(app) as statements:
            table = asked(app, lambda w=who: queries.completion_table(w, [c.id for c in courses]))
        numbers.append(len(statements))
        assert len(table) == len(who) * 4
    assert numbers == [4, 4]


def test_lesson_progress_is_asked_once_for_all_lessons(
    app: Flask, people: People, course: Made, time: Time
) -> None:
    member = people.member()
    watch(Player(people.client(member), course), time, 0, 20)
    with counted(app) as statements:
        found = asked(app, lambda: queries.lesson_progress_for(member, course.lessons))
    assert len(statements) == 1
    assert list(found) == [course.lesson]
    assert (found[course.lesson].percent, found[course.lesson].resume_ms) == (33, 20_000)
    assert asked(app, lambda: queries.lesson_progress_for(member, [])) == {}


@pytest.mark.parametrize("wanted", [True, False])
def test_the_viewers_name_is_over_the_video_only_where_it_is_wanted(
    tmp_path: Path, wanted: bool
) -> None:
    with studio_with(tmp_path, watermark=wanted) as studio:
        course = make_course(studio.app, studio.trainer)
        member = studio.people.client(studio.people.member(name="Wang CANARY"))
        page = member.get(f"/courses/{course.slug}/lessons/{course.lesson}")
        assert page.status_code == 200
        data = page.get_data(as_text=True).split('id="lesson-data">', 1)[1]
        assert ("Wang CANARY" in data.split("</script>", 1)[0]) is wanted
