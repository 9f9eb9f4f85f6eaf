"""Home, the catalogue, themes and the course page, as members see them."""

from __future__ import annotations

import re
from datetime import timedelta
from html import unescape

import pytest
from flask import Flask

from app.core import clock
from app.core.db import unit_of_work
from app.courses.models import Course, Theme
from app.exams.models import Attempt
from app.media.models import Media
from tests.exams.examiner import make_exam
from tests.factories import People, csrf
from tests.home.progress import finished, seen
from tests.learning.lessons import MINUTE, Made, make_course, truefalse
from tests.points.ledger import at, shanghai
from tests.statements import counted

QUIZ = (truefalse("Is it?", True),)
MOST_STATEMENTS = {"/": 28, "/courses": 16, "/themes/{theme}": 15, "/courses/{slug}": 18}


@pytest.fixture
def author(people: People) -> int:
    return people.member("Trainer Li", role="trainer")


def words(answer) -> str:
    """What a page says, without its tags."""
    text = answer.get_data(as_text=True).split("<main", 1)[-1].split("</main>")[0]
    return " ".join(re.sub(r"<[^>]+>", " ", text).split())


def titles(answer) -> list[str]:
    """The courses of a page, in order."""
    return re.findall(
        r'class="tile-title"><a href="/courses/[^>]*>([^<]*)<', answer.get_data(as_text=True)
    )


def button(answer) -> tuple[str, str]:
    """The address and the words of the one large button."""
    found = re.search(
        r'<a class="btn btn-primary btn-lg" href="([^"]*)">(.*?)</a>',
        answer.get_data(as_text=True),
        re.DOTALL,
    )
    assert found, words(answer)
    return found[1], " ".join(re.sub(r"<[^>]+>", " ", found[2]).split())


# --- home ---------------------------------------------------------------------------------


def test_home_without_courses_says_what_will_be_here(people: People, author: int) -> None:
    told = words(people.client(people.member()).get("/"))
    assert "There are no courses yet" in told
    assert "To the library" in told
    told = words(people.client(author).get("/"))
    assert "Make the first one" in told


def test_home_offers_new_courses_to_a_new_member(app: Flask, people: People, author: int) -> None:
    make_course(app, author, title="Old news", published_at=shanghai(2026, 1, 2))
    make_course(app, author, title="Fresh news", published_at=shanghai(2026, 1, 3))
    answer = people.client(people.member()).get("/")
    assert "Begin with one of these" in words(answer)
    assert titles(answer) == ["Fresh news", "Old news"]


def test_home_leads_to_where_the_member_stopped(app: Flask, people: People, author: int) -> None:
    member = people.member()
    course = make_course(app, author, [("video", 10 * MINUTE)] * 2, title="Half done")
    other = make_course(app, author, title="Begun before")
    seen(app, member, other, 1, 30, ago=timedelta(days=2))
    seen(app, member, course, 1, ago=timedelta(days=1))
    seen(app, member, course, 2, 50)
    new = make_course(app, author, title="Not begun")
    answer = people.client(member).get("/")
    assert button(answer) == (f"/courses/{course.slug}/lessons/{course.lessons[1]}", "Continue")
    told = words(answer)
    assert "Half done" in told
    assert "from 5:00" in told
    assert told.index("Half done") < told.index("Begun before") < told.index("Not begun")
    assert titles(answer) == ["Not begun"]
    assert new


def test_home_leads_to_the_quiz_when_only_that_is_left(
    app: Flask, people: People, author: int
) -> None:
    member = people.member()
    course = make_course(app, author, quiz=QUIZ)
    seen(app, member, course)
    answer = people.client(member).get("/")
    assert button(answer) == (f"/courses/{course.slug}/quiz", "Take the quiz")


def test_home_says_when_all_is_done(app: Flask, people: People, author: int) -> None:
    member = people.member()
    course = make_course(app, author)
    client = people.client(member)
    assert "All courses are done" not in words(client.get("/"))
    seen(app, member, course)
    finished(app, member, course)
    answer = client.get("/")
    assert "All courses are done" in words(answer)
    assert 'href="/courses?mine=done"' in answer.get_data(as_text=True)


def test_home_shows_todays_points_and_enters_the_first_visit(people: People) -> None:
    client = people.client(people.member())
    page = client.get("/").get_data(as_text=True)
    assert 'hx-post="/points/check-in" hx-trigger="load, submit"' in page
    assert "0 of 58" in words(client.get("/"))
    answer = client.post("/points/check-in", data={"back": "home"}, headers=csrf(client))
    assert answer.headers["Location"] == "/"
    assert "hx-trigger" not in client.get("/").get_data(as_text=True)
    assert "2 of 58" in words(client.get("/"))


def test_home_greets_by_the_clock_of_the_organisation(people: People) -> None:
    member = people.member("Ann <b>Li</b>")
    with at(shanghai(2026, 3, 2, 8)):  # midnight in UTC
        page = people.client(member).get("/").get_data(as_text=True)
    assert "Good morning, Ann &lt;b&gt;Li&lt;/b&gt;" in page


# --- catalogue ----------------------------------------------------------------------------


def test_the_catalogue_shows_only_what_the_member_may_see(
    app: Flask, people: People, author: int
) -> None:
    here, there = people.branch(), people.branch()
    below = people.branch(parent=here)
    make_course(app, author, title="For all")
    make_course(app, author, title="For here", branch=here)
    make_course(app, author, title="For there", branch=there)
    make_course(app, author, title="A draft", state="draft", published_at=None)
    make_course(app, author, title="Withdrawn", state="withdrawn")
    for branch in (here, below):
        answer = people.client(people.member(branch=branch)).get("/courses")
        assert sorted(titles(answer)) == ["For all", "For here"]
    assert titles(people.client(author).get("/courses")) == ["For all"]


def test_the_catalogue_filters_by_progress_theme_and_language(
    app: Flask, people: People, author: int
) -> None:
    member = people.member()
    fresh = make_course(app, author, title="Fresh", language="zh_Hans")
    begun = make_course(app, author, title="Begun")
    done = make_course(app, author, title="Ended")
    seen(app, member, begun, percent=10)
    seen(app, member, done)
    finished(app, member, done)
    client = people.client(member)

    def shown(query: str) -> list[str]:
        return sorted(titles(client.get(f"/courses{query}")))

    assert shown("") == ["Begun", "Ended", "Fresh"]
    assert shown("?mine=new") == ["Fresh"]
    assert shown("?mine=begun") == ["Begun"]
    assert shown("?mine=done") == ["Ended"]
    assert shown("?language=zh_Hans") == ["Fresh"]
    assert shown("?language=zh_Hans&mine=done") == []
    with app.app_context(), unit_of_work() as session:
        slug = session.get_one(Theme, session.get_one(Course, fresh.id).theme_id).slug
    assert shown(f"?theme={slug}") == ["Fresh"]
    for odd in ("?mine=everything", "?theme=nowhere", "?language=fr", "?page=x", "?page=-3"):
        assert shown(odd) == ["Begun", "Ended", "Fresh"]
    assert "No course fits" in words(client.get("/courses?language=zh_Hans&mine=done"))


def test_a_quiz_passed_first_counts_as_begun(app: Flask, people: People, author: int) -> None:
    member = people.member()
    course = make_course(app, author, quiz=QUIZ, title="Quiz first")
    finished(app, member, course, done=False)
    client = people.client(member)
    assert titles(client.get("/courses?mine=begun")) == ["Quiz first"]
    assert titles(client.get("/courses?mine=new")) == []
    told = words(client.get("/courses"))
    assert "All 1" in told
    assert "Begun 1" in told
    assert "Not begun 0" in told


def test_the_catalogue_comes_in_pages_that_keep_the_filter(
    app: Flask, people: People, author: int
) -> None:
    for number in range(25):
        make_course(app, author, title=f"C{number:02}", published_at=shanghai(2026, 1, 1 + number))
    client = people.client(people.member())
    first = client.get("/courses?mine=new")
    assert titles(first)[0] == "C24"
    assert len(titles(first)) == 24
    assert 'href="/courses?mine=new&amp;page=2"' in first.get_data(as_text=True)
    assert titles(client.get("/courses?mine=new&page=2")) == ["C00"]


def test_a_tile_says_how_far_the_member_is(app: Flask, people: People, author: int) -> None:
    member = people.member()
    client = people.client(member)
    course = make_course(app, author, [("video", MINUTE), ("video", MINUTE)], QUIZ)
    assert "2 lessons · with quiz" in words(client.get("/courses"))
    seen(app, member, course, 1)
    assert "50 %" in words(client.get("/courses"))
    seen(app, member, course, 2)
    assert "Quiz is next" in words(client.get("/courses"))
    finished(app, member, course)
    assert "Done" in words(client.get("/courses")).split("All languages")[-1]


def test_a_title_is_text(app: Flask, people: People, author: int) -> None:
    course = make_course(app, author, title="<script>alert(1)</script>", summary="<b>x</b>")
    client = people.client(people.member())
    for url in ("/", "/courses", f"/courses/{course.slug}"):
        page = client.get(url).get_data(as_text=True)
        assert "<script>alert" not in page
        assert "&lt;script&gt;alert(1)" in page


# --- themes -------------------------------------------------------------------------------


def theme_slug(app: Flask, course: Made) -> str:
    with app.app_context(), unit_of_work() as session:
        return session.get_one(Theme, session.get_one(Course, course.id).theme_id).slug


def test_a_theme_shows_its_courses_and_how_many_are_done(
    app: Flask, people: People, author: int
) -> None:
    member = people.member()
    first = make_course(app, author, title="First")
    with app.app_context(), unit_of_work() as session:
        theme_id = session.get_one(Course, first.id).theme_id
    make_course(app, author, title="Second", theme_id=theme_id)
    make_course(app, author, title="Elsewhere")
    finished(app, member, first)
    answer = people.client(member).get(f"/themes/{theme_slug(app, first)}")
    assert sorted(titles(answer)) == ["First", "Second"]
    assert "1 of 2 done" in words(answer)


def test_a_theme_without_a_course_for_the_member_is_not_there(
    app: Flask, people: People, author: int
) -> None:
    here = people.branch()
    slug = theme_slug(app, make_course(app, author, branch=here))
    assert people.client(people.member(branch=here)).get(f"/themes/{slug}").status_code == 200
    assert people.client(people.member()).get(f"/themes/{slug}").status_code == 404
    assert people.client(people.member()).get("/themes/nothing").status_code == 404


# --- the course page ----------------------------------------------------------------------


def test_a_course_leads_from_start_to_done(app: Flask, people: People, author: int) -> None:
    member = people.member()
    client = people.client(member)
    course = make_course(app, author, [("video", MINUTE), ("reading", MINUTE)], QUIZ)
    page, first = f"/courses/{course.slug}", course.lesson
    answer = client.get(page)
    assert button(answer) == (f"{page}/lessons/{first}", "Start")
    assert "Not begun" in words(answer)
    assert "Trainer Li" in words(answer)
    seen(app, member, course, 1, 50)
    assert button(client.get(page)) == (f"{page}/lessons/{first}", "Continue")
    seen(app, member, course, 2)
    answer = client.get(page)
    assert button(answer) == (f"{page}/lessons/{first}", "Continue")
    assert "1 of 2 lessons done" in words(answer)


def test_a_course_whose_lessons_are_done_leads_to_its_quiz(
    app: Flask, people: People, author: int
) -> None:
    member = people.member()
    client = people.client(member)
    course = make_course(app, author, quiz=QUIZ, pass_percent=70)
    seen(app, member, course)
    answer = client.get(f"/courses/{course.slug}")
    assert button(answer) == (f"/courses/{course.slug}/quiz", "Take the quiz")
    assert "1 question · pass mark 70 %" in words(answer)
    attempt(app, member, course, passed=False, score=0)
    answer = client.get(f"/courses/{course.slug}")
    assert button(answer)[1] == "Take the quiz again"
    assert "best so far 0 %" in words(answer)
    attempt(app, member, course, number=2, passed=True, score=1)
    finished(app, member, course)
    told = words(client.get(f"/courses/{course.slug}"))
    assert "passed with 100 %" in told
    assert "You can watch everything again" in told
    assert "btn-primary" not in client.get(f"/courses/{course.slug}").get_data(as_text=True)


def test_without_attempts_left_the_page_says_whom_to_ask(
    app: Flask, people: People, author: int
) -> None:
    member = people.member()
    client = people.client(member)
    course = make_course(app, author, quiz=QUIZ, attempts_allowed=1)
    seen(app, member, course)
    assert "1 attempt left" in words(client.get(f"/courses/{course.slug}"))
    attempt(app, member, course, passed=False, score=0)
    told = words(client.get(f"/courses/{course.slug}"))
    assert "Ask the trainer, Trainer Li, for help." in told
    assert "0 attempts left" in told


def attempt(
    app: Flask, member: int, course: Made, *, passed: bool, score: int, number: int = 1
) -> None:
    with app.app_context(), unit_of_work() as session:
        session.add(
            Attempt(
                member_id=member,
                course_id=course.id,
                number=number,
                state="submitted",
                seed=number,
                questions=1,
                out_of=1,
                pass_percent=60,
                score=score,
                passed=passed,
                started_at=clock.now(),
                submitted_at=clock.now(),
                receipt=f"AAAA-BBBB-{number}",
            )
        )


def test_a_lesson_that_is_being_prepared_is_no_link(
    app: Flask, people: People, author: int
) -> None:
    course = make_course(app, author, ready=False)
    client = people.client(people.member())
    answer = client.get(f"/courses/{course.slug}")
    assert "The next lesson is still being prepared." in words(answer)
    assert "/lessons/" not in answer.get_data(as_text=True)
    assert "being prepared" in words(client.get("/courses"))
    with app.app_context(), unit_of_work() as session:
        media = session.query(Media).one()
        media.state, media.version = "ready", 1
    assert button(client.get(f"/courses/{course.slug}"))[1] == "Start"


def test_a_draft_is_a_preview_for_its_author_and_nothing_for_others(
    app: Flask, people: People, author: int
) -> None:
    course = make_course(app, author, state="draft", published_at=None)
    page = f"/courses/{course.slug}"
    answer = people.client(author).get(page)
    assert "This is a preview" in words(answer)
    assert f'href="/desk/courses/{course.id}"' in answer.get_data(as_text=True)
    administrator = people.member(role="administrator")
    assert people.client(administrator).get(page).status_code == 200
    assert people.client(people.member()).get(page).status_code == 404
    assert people.client(people.member(role="trainer")).get(page).status_code == 404


def test_a_course_for_another_branch_is_not_there(app: Flask, people: People, author: int) -> None:
    here = people.branch()
    course = make_course(app, author, branch=here)
    page = f"/courses/{course.slug}"
    assert people.client(people.member(branch=here)).get(page).status_code == 200
    assert people.client(people.member()).get(page).status_code == 404
    assert people.client(people.member()).get("/courses/nothing").status_code == 404


def test_home_tells_of_the_exams_that_one_has_before_one(
    app: Flask, people: People, author: int
) -> None:
    now = clock.now()
    make_exam(app, author, title="Open exam")
    soon = {"opens_at": now + timedelta(days=6), "closes_at": now + timedelta(days=7)}
    make_exam(app, author, title="Coming exam", **soon)
    later = {"opens_at": now + timedelta(days=8), "closes_at": now + timedelta(days=9)}
    make_exam(app, author, title="Far exam", **later)
    make_exam(app, author, title="Foreign exam", branches=[people.branch()])
    make_exam(app, author, title="Draft exam", publish=False)
    client = people.client(people.member())
    page = words(client.get("/"))
    names = ("Open", "Coming", "Far", "Foreign", "Draft")
    assert [name for name in names if f"{name} exam" in page] == ["Open", "Coming"]
    client.post("/me/reading", data={"reading": "easy"}, headers=csrf(client))
    assert "Open exam" in words(client.get("/"))
    client.post("/exams/1/start", headers=csrf(client))
    assert "Go on" in words(client.get("/"))
    client.post("/attempts/1/submit", headers=csrf(client))
    assert "Open exam" not in words(client.get("/"))


# --- frame --------------------------------------------------------------------------------


def places(answer) -> dict[str, bool]:
    """The navigation of a page on wide screens: name → whether the reader is there."""
    nav = answer.get_data(as_text=True).split('class="topnav"')[1].split("</nav>")[0]
    return {
        unescape(name): "aria-current" in attributes
        for attributes, name in re.findall(r"<a ([^>]*)>([^<]*)</a>", nav)
    }


def test_everybody_has_five_places_and_staff_their_desks(people: People) -> None:
    five = ["Home", "Courses", "Exams", "Library", "Me"]
    client = people.client(people.member())
    assert list(places(client.get("/"))) == five
    trainer = people.client(people.member(role="trainer"))
    assert list(places(trainer.get("/"))) == [*five, "Trainer’s desk"]
    organizer = people.client(people.member(organizes=people.branch()))
    assert list(places(organizer.get("/"))) == [*five, "Organizer’s desk"]


def test_the_navigation_marks_where_the_reader_is(app: Flask, people: People, author: int) -> None:
    course = make_course(app, author)
    client = people.client(people.member())
    for url, name in (
        ("/", "Home"),
        ("/courses", "Courses"),
        (f"/courses/{course.slug}", "Courses"),
        (f"/themes/{theme_slug(app, course)}", "Courses"),
        ("/discussions/new", "Courses"),
        (f"/discussions/lessons/{course.lesson}", "Courses"),
        ("/exams", "Exams"),
        ("/points", "Me"),
        ("/certificates", "Me"),
        ("/points/leaderboard", "Me"),
    ):
        marked = [place for place, here in places(client.get(url)).items() if here]
        assert marked == [name], url


def test_health_needs_no_sign_in(people: People) -> None:
    answer = people.client().get("/healthz")
    assert (answer.status_code, answer.get_data(as_text=True)) == (200, "ok\n")


@pytest.mark.parametrize("page", list(MOST_STATEMENTS))
def test_a_page_asks_the_database_a_fixed_number_of_times(
    app: Flask, people: People, author: int, page: str
) -> None:
    member = people.member()
    client = people.client(member)
    course = make_course(app, author, [("video", MINUTE)] * 2, QUIZ)
    url = page.format(slug=course.slug, theme=theme_slug(app, course))

    def asked() -> int:
        with counted(app) as statements:
            assert client.get(url).status_code == 200
        return len(statements)

    with app.app_context(), unit_of_work() as session:
        theme_id = session.get_one(Course, course.id).theme_id

    def more() -> None:
        seen(app, member, make_course(app, author, theme_id=theme_id), percent=20)
        done = make_course(app, author, quiz=QUIZ, branch=people.root, theme_id=theme_id)
        finished(app, member, done)
        make_course(app, author, [("video", MINUTE)] * 3, QUIZ)
        make_course(app, author, branch=people.root)

    more()
    few = asked()
    for _ in range(4):
        more()
    assert asked() == few <= MOST_STATEMENTS[page]
