"""Courses as plain files: load, check, export, and what a folder of strangers may not do."""

from __future__ import annotations

import hashlib
import io
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from flask import Flask
from PIL import Image as Picture

from app import create_app
from app.core import jobs
from app.core.db import Base, db, unit_of_work
from app.courses import package as packages
from app.courses import queries
from app.courses.package.lines import Lines
from app.media import queries as media_queries
from app.media.models import Media
from app.media.queries import caption_tracks
from app.questions import queries as bank
from config import Config
from tests.conftest import make_config
from tests.courses.conftest import Desk
from tests.factories import People

COURSE = """\
[course]
title = "Fire safety"
summary = "Know the way out."
language = "en"
theme = "safety"
completion_percent = 80
pass_percent = 70
attempts = 3
audience = ["Head office/First branch"]
state = "published"
cover = "cover.png"

[theme]
slug = "safety"
title = "Safety"
description = "Stay well."
order = 7

[[lesson]]
kind = "video"
title = "The way out"
file = "media/way-out.mp4"

[[lesson.captions]]
language = "zh_Hans"
label = "简体中文"
file = "media/way-out.zh.vtt"

[[lesson.captions]]
language = "en"
label = "English"
file = "media/way-out.en.vtt"

[[lesson]]
kind = "reading"
title = "What to check"
file = "check.md"
"""
QUESTIONS = '''\
[[question]]
kind = "single"
stem = """
First line
second **line**?"""
explanation = "Because."
[[question.option]]
text = "Yes"
fraction = 1
[[question.option]]
text = 'No "never" \\ ever'
fraction = 0

[[question]]
kind = "multiple"
stem = "哪些对？"
[[question.option]]
text = "甲"
fraction = 0.33334
[[question.option]]
text = "乙"
fraction = 0.33333
[[question.option]]
text = "丙"
fraction = "0.33333"
[[question.option]]
text = "丁"
fraction = -0.5

[[question]]
kind = "truefalse"
stem = "Lifts are safe in a fire."
answer = false
'''
VTT = "WEBVTT\n\n00:00.000 --> 00:01.000\n{}\n"


@pytest.fixture
def config(tmp_path: Path) -> Config:
    return make_config(tmp_path, courses_dir=tmp_path / "courses")


@pytest.fixture(scope="session")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two seconds of picture and sound."""
    path = tmp_path_factory.mktemp("clips") / "clip.mp4"
    subprocess.run(
        [
            *("ffmpeg", "-v", "error", "-f", "lavfi", "-i", "testsrc=size=320x180:rate=10"),
            *("-f", "lavfi", "-i", "sine=frequency=440", "-t", "2", "-preset", "ultrafast"),
            str(path),
        ],
        check=True,
        timeout=60,
    )
    return path


@pytest.fixture
def folder(tmp_path: Path, clip: Path) -> Path:
    """A whole package: courses/fire-safety."""
    root = tmp_path / "courses" / "fire-safety"
    (root / "media").mkdir(parents=True)
    (root / "course.toml").write_text(COURSE, encoding="utf-8")
    (root / "questions.toml").write_text(QUESTIONS, encoding="utf-8")
    (root / "check.md").write_text("## Check\n\nThe door opens.\n", encoding="utf-8")
    shutil.copy(clip, root / "media" / "way-out.mp4")
    for language in ("zh", "en"):
        path = root / "media" / f"way-out.{language}.vtt"
        path.write_text(VTT.format(f"Words in {language}"), encoding="utf-8")
    Picture.new("RGB", (640, 360), "red").save(root / "cover.png")
    return root


@pytest.fixture
def branch(people: People) -> int:
    return people.branch("First branch")


@pytest.fixture
def flask(app: Flask, desk: Desk) -> Callable:
    """Run `flask courses …` on the instance; there is one trainer."""
    return lambda *words: app.test_cli_runner().invoke(args=["courses", *map(str, words)])


def course_of(look: Callable, slug: str = "fire-safety") -> queries.CourseView:
    found = look(queries.course_by_id, look(queries.course_id_of, slug))
    assert found is not None
    return found


# --- loading --------------------------------------------------------------------------------------


def test_a_package_becomes_a_course(
    folder: Path, flask: Callable, look: Callable, branch: int, desk: Desk
) -> None:
    result = flask("load")
    assert (result.exit_code, result.output) == (0, "fire-safety: created\n")
    course = course_of(look)
    assert (course.title, course.summary, course.language) == (
        *("Fire safety", "Know the way out."),
        "en",
    )
    assert (course.completion_percent, course.pass_percent, course.attempts_allowed) == (80, 70, 3)
    assert (course.state, course.audience, course.author_id) == ("published", {branch}, desk.id)
    assert course.cover is not None
    assert course.length_ms == 2000 + 4 * 300
    video, text = course.lessons
    assert (video.kind, video.title, video.state) == ("video", "The way out", "queued")
    assert (text.kind, text.body) == ("reading", "## Check\n\nThe door opens.")
    tracks = look(caption_tracks, video.media_id)
    assert [(t.language, t.label) for t in tracks] == [("en", "English"), ("zh-Hans", "简体中文")]
    paper = look(queries.quiz_of, course.id)
    asked = look(bank.questions, paper.question_ids)
    assert [asked[i].kind for i in paper.question_ids] == ["single", "multiple", "truefalse"]
    assert asked[paper.question_ids[0]].stem == "First line\nsecond **line**?"
    theme = look(queries.all_themes)[0]
    assert (theme.slug, theme.title, theme.position) == ("safety", "Safety", 7)


@pytest.mark.usefixtures("branch", "folder")
def test_a_second_load_changes_nothing(app: Flask, flask: Callable, look: Callable) -> None:
    flask("load")
    before = dump(app)
    result = flask("load")
    assert (result.exit_code, result.output) == (0, "fire-safety: unchanged\n")
    assert dump(app) == before
    assert len(list((app.extensions["weike"].media_dir / "uploads").glob("*"))) <= 1


def dump(app: Flask) -> dict[str, list]:
    """Every row of every table."""
    with app.app_context():
        found = {}
        for table in Base.metadata.sorted_tables:
            rows = db.session.execute(table.select()).all()
            found[table.name] = sorted(str(tuple(row)) for row in rows)
        db.session.rollback()
    return found


@pytest.mark.usefixtures("branch")
def test_what_was_edited_in_the_pages_stays_until_the_files_change(
    folder: Path, flask: Callable, look: Callable, desk: Desk
) -> None:
    flask("load")
    text = course_of(look).lessons[1]
    desk.post(f"/desk/lessons/{text.id}", title="By hand", body="Words.", seen=text.revision)
    flask("load")
    assert course_of(look).lessons[1].title == "By hand"
    (folder / "check.md").write_text("New words here.\n", encoding="utf-8")
    assert flask("load").output == "fire-safety: updated\n"
    assert course_of(look).lessons[1].body == "New words here."


@pytest.mark.usefixtures("branch")
def test_a_changed_package_keeps_lessons_and_questions_that_stay(
    folder: Path, flask: Callable, look: Callable
) -> None:
    flask("load")
    before = course_of(look)
    asked = look(queries.quiz_of, before.id).question_ids
    toml = folder / "course.toml"
    first, second = COURSE.split("[[lesson]]\n")[1:]
    head = COURSE.split("[[lesson]]\n", maxsplit=1)[0].replace("Fire safety", "Fire safety at work")
    new = f'[[lesson]]\nkind = "reading"\ntitle = "New"\nfile = "new.md"\n\n[[lesson]]\n{second}'
    toml.write_text(f"{head}{new}\n[[lesson]]\n{first}", encoding="utf-8")
    (folder / "new.md").write_text("Something new.", encoding="utf-8")
    questions = QUESTIONS.replace("Because.", "Now because of this.").replace(
        "answer = false", "answer = true"
    )
    (folder / "questions.toml").write_text(questions, encoding="utf-8")
    assert flask("load", folder).output == "fire-safety: updated\n"
    after = course_of(look)
    assert after.title == "Fire safety at work"
    assert [lesson.title for lesson in after.lessons] == ["New", "What to check", "The way out"]
    ids = {lesson.title: lesson.id for lesson in before.lessons}
    assert [lesson.id for lesson in after.lessons[1:]] == [ids["What to check"], ids["The way out"]]
    assert look(queries.quiz_of, after.id).question_ids == asked
    assert look(bank.question, asked[0]).number == 2
    assert look(bank.question, asked[1]).number == 1
    assert look(bank.question, asked[2]).number == 2


@pytest.mark.usefixtures("branch")
def test_lessons_that_swap_their_lengths_are_loaded_though_each_step_would_be_too_long(
    folder: Path, flask: Callable, look: Callable
) -> None:
    facts = COURSE.split("[[lesson]]\n", maxsplit=1)[0]
    lessons = "".join(
        f'[[lesson]]\nkind = "reading"\ntitle = "{name}"\nfile = "{name}.md"\n' for name in "ab"
    )
    (folder / "course.toml").write_text(facts + lessons, encoding="utf-8")
    for one, two in ((5000, 1000), (1000, 5000)):
        (folder / "a.md").write_text("字" * one, encoding="utf-8")
        (folder / "b.md").write_text("字" * two, encoding="utf-8")
        assert flask("load").exit_code == 0
        assert [x.length_ms for x in course_of(look).lessons] == [one * 200, two * 200]
    (folder / "b.md").write_text("字" * 5001, encoding="utf-8")
    result = flask("load")
    assert result.exit_code == 1
    assert "fire-safety/course.toml:23: The course would be 20:00.200 long" in result.output
    assert [x.length_ms for x in course_of(look).lessons] == [200_000, 1_000_000]


@pytest.mark.usefixtures("branch")
@pytest.mark.parametrize(
    ("first", "then", "state"),
    [
        ("draft", "published", "published"),
        ("published", "draft", "withdrawn"),
        ("published", "withdrawn", "withdrawn"),
        ("withdrawn", "published", "published"),
        ("draft", "withdrawn", "withdrawn"),
        ("withdrawn", "draft", "withdrawn"),
    ],
)
def test_a_package_moves_the_course_only_as_trainers_can(
    folder: Path, flask: Callable, look: Callable, first: str, then: str, state: str
) -> None:
    for wanted in (first, then):
        text = COURSE.replace('state = "published"', f'state = "{wanted}"')
        (folder / "course.toml").write_text(text, encoding="utf-8")
        assert flask("load").exit_code == 0
    assert course_of(look).state == state


def test_a_course_for_a_branch_that_is_not_there_is_not_loaded(
    app: Flask, folder: Path, flask: Callable, look: Callable, people: People
) -> None:
    result = flask("load")
    assert result.exit_code == 1
    assert "First branch" in result.output
    assert look(queries.all_course_ids) == []
    assert look(queries.all_themes) == []  # nothing of it
    people.branch("First branch")
    assert flask("load").exit_code == 0


def test_one_bad_package_does_not_stop_the_others(
    folder: Path, flask: Callable, look: Callable, branch: int
) -> None:
    bad = folder.parent / "another"
    bad.mkdir()
    (bad / "course.toml").write_text("[course]\n", encoding="utf-8")
    result = flask("load")
    assert result.exit_code == 1
    assert "another/course.toml:1: “title” is missing." in result.output
    assert "fire-safety: created" in result.output
    assert look(queries.all_course_ids) == [1]


@pytest.mark.usefixtures("branch", "folder")
def test_the_owner_can_be_named(flask: Callable, look: Callable, people: People) -> None:
    wanted = people.member(role="trainer")
    with people.app.app_context():
        from app.members.models import Member

        name = db.session.get(Member, wanted).username
        db.session.rollback()
    assert flask("load", "--author", "nobody").exit_code == 1
    assert flask("load", "fire-safety", "--author", name).exit_code == 0
    assert course_of(look).author_id == wanted
    assert flask("load", "nonsense").exit_code == 1


# --- there and back -------------------------------------------------------------------------------


def tree(root: Path) -> dict[str, str]:
    """Every file of a folder with its sha256."""
    return {
        path.relative_to(root).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(root.rglob("*"))
        if path.is_file()
    }


@pytest.fixture
def elsewhere(tmp_path: Path) -> Flask:
    """Another, empty instance, with the same branch."""
    app = create_app(make_config(tmp_path / "elsewhere"))
    with app.app_context():
        Base.metadata.create_all(db.engine)
    people = People(app)
    people.branch("First branch")
    people.member(role="trainer")
    yield app
    with app.app_context():
        db.session.remove()
        db.engine.dispose()


@pytest.mark.usefixtures("branch")
def test_an_exported_course_is_the_same_on_an_empty_instance(
    folder: Path, flask: Callable, elsewhere: Flask, tmp_path: Path, look: Callable
) -> None:
    toml = folder / "course.toml"
    # Pictures are encoded anew by every instance, so this course has none.
    text = COURSE.replace('cover = "cover.png"\n', "")
    english = 'file = "media/way-out.en.vtt"\n'
    assert english in text
    toml.write_text(text.replace(english, english + "machine = true\n"), encoding="utf-8")
    flask("load")
    result = flask("export", "fire-safety", "--to", tmp_path / "one")
    assert result.exit_code == 0, result.output
    one = tmp_path / "one" / "fire-safety"
    # Captions of a machine that nobody has read through say so wherever they come to.
    assert (one / "course.toml").read_text(encoding="utf-8").count("machine = true") == 1
    assert tree(one).keys() == {
        *("course.toml", "questions.toml", "02-what-to-check.md", "media/01-the-way-out.mp4"),
        *("media/01-the-way-out.en.vtt", "media/01-the-way-out.zh-Hans.vtt"),
    }
    original = hashlib.sha256((folder / "media" / "way-out.mp4").read_bytes()).hexdigest()
    assert tree(one)["media/01-the-way-out.mp4"] == original

    runner = elsewhere.test_cli_runner()
    assert runner.invoke(args=["courses", "check", str(one)]).exit_code == 0
    loaded = runner.invoke(args=["courses", "load", str(one)])
    assert loaded.output == "fire-safety: created\n"
    again = runner.invoke(args=["courses", "export", "fire-safety", "--to", str(tmp_path / "two")])
    assert again.exit_code == 0
    assert tree(tmp_path / "two" / "fire-safety") == tree(one)
    here = course_of(look)
    with elsewhere.app_context():
        there = queries.course_by_id(1)
        assert there is not None
        db.session.rollback()
    same = ("title", "summary", "language", "state", "length_ms", "completion_percent")
    assert [getattr(there, name) for name in same] == [getattr(here, name) for name in same]
    assert [(x.kind, x.title, x.body, x.length_ms) for x in there.lessons] == [
        (x.kind, x.title, x.body, x.length_ms) for x in here.lessons
    ]


INSIDE = """\
file = "media/way-out.mp4"
picture = "0:01.5"
chapters = \"\"\"
0:00 Look
0:01 Leave\"\"\"
[[lesson.ask]]
at = "0:01"
question = 4
counts = false
[[lesson.ask]]
at = "0:00.5"
question = 3
"""
ONLY_INSIDE = """
[[question]]
kind = "truefalse"
quiz = false
stem = "Is the door open?"
answer = true
"""


@pytest.mark.usefixtures("branch")
def test_what_is_inside_a_video_travels_with_the_course(
    app: Flask, folder: Path, flask: Callable, elsewhere: Flask, tmp_path: Path, look: Callable
) -> None:
    """Questions that are asked there (of the quiz or not), chapters, and the chosen picture."""
    toml = COURSE.replace('cover = "cover.png"\n', "").replace("published", "draft")
    toml = toml.replace('file = "media/way-out.mp4"\n', INSIDE, 1)
    (folder / "course.toml").write_text(toml, encoding="utf-8")
    (folder / "questions.toml").write_text(QUESTIONS + ONLY_INSIDE, encoding="utf-8")
    assert flask("load").output == "fire-safety: created\n"
    course = course_of(look)
    assert course.questions == 3
    lesson = course.lessons[0]
    inside = look(queries.checkpoints_of, lesson.id)
    assert [(one.at_ms, one.counts) for one in inside] == [(500, True), (1000, False)]
    stems = look(bank.questions, [one.question_id for one in inside])
    assert [stems[one.question_id].stem for one in inside] == [
        "Lifts are safe in a fire.",
        "Is the door open?",
    ]
    assert look(media_queries.chapters, lesson.media_id) == [(0, "Look"), (1000, "Leave")]
    jobs.run_pending(app)
    with app.app_context():
        row = db.session.get(Media, lesson.media_id)
        assert [name.startswith("poster-1500-") for name in row.posters] == [True]
        db.session.rollback()

    flask("export", "fire-safety", "--to", tmp_path / "one")
    one = tmp_path / "one" / "fire-safety"
    runner = elsewhere.test_cli_runner()
    assert runner.invoke(args=["courses", "load", str(one)]).output == "fire-safety: created\n"
    runner.invoke(args=["courses", "export", "fire-safety", "--to", str(tmp_path / "two")])
    assert tree(tmp_path / "two" / "fire-safety") == tree(one)

    # Loaded once more with less in it: what is gone is asked no more, and no question is doubled.
    less = toml.replace('[[lesson.ask]]\nat = "0:01"\nquestion = 4\ncounts = false\n', "")
    (folder / "course.toml").write_text(less.replace("0:01.5", "0:00.3"), encoding="utf-8")
    assert flask("load").output == "fire-safety: updated\n"
    after = look(queries.checkpoints_of, lesson.id)
    assert [(row.at_ms, row.question_id) for row in after] == [(500, inside[0].question_id)]
    with app.app_context():  # the video was ready already: its picture is another at once
        row = db.session.get(Media, lesson.media_id)
        assert [name.startswith("poster-300-") for name in row.posters] == [True]
        db.session.rollback()


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ("question = 4", "question = 5", "There is no question 5."),
        ("question = 4", "question = 0", "There is no question 0."),
        ("question = 4", "question = 3", "Question 3 is asked in this lesson already."),
        ('at = "0:01"', 'at = "soon"', "course.toml:"),
        ('picture = "0:01.5"', 'picture = "first"', "course.toml:"),
        ('kind = "video"', 'kind = "reading"', "is not for lessons of this kind."),
    ],
)
@pytest.mark.usefixtures("branch")
def test_what_cannot_be_inside_a_video_is_named(
    folder: Path, flask: Callable, before: str, after: str, said: str
) -> None:
    toml = COURSE.replace('file = "media/way-out.mp4"\n', INSIDE, 1)
    (folder / "questions.toml").write_text(QUESTIONS + ONLY_INSIDE, encoding="utf-8")
    (folder / "course.toml").write_text(toml, encoding="utf-8")
    assert flask("check").exit_code == 0
    (folder / "course.toml").write_text(toml.replace(before, after, 1), encoding="utf-8")
    result = flask("check")
    assert result.exit_code == 1
    assert said in result.output


@pytest.mark.usefixtures("branch", "folder")
def test_an_export_brings_its_pictures(flask: Callable, tmp_path: Path) -> None:
    flask("load")
    flask("export", "fire-safety", "--to", tmp_path / "out")
    with Picture.open(tmp_path / "out" / "fire-safety" / "cover.webp") as picture:
        assert picture.size == (640, 360)
    assert packages.read(tmp_path / "out" / "fire-safety").cover == "cover.webp"


@pytest.mark.usefixtures("branch", "folder")
def test_an_export_never_writes_over_a_folder(flask: Callable, folder: Path) -> None:
    flask("load")
    before = tree(folder)
    result = flask("export", "fire-safety")
    assert result.exit_code == 1
    assert "is there already" in result.output
    assert tree(folder) == before
    assert flask("export", "nonsense").exit_code == 1


def test_titles_of_any_letters_make_good_file_names(
    desk: Desk, flask: Callable, tmp_path: Path
) -> None:
    course_id = desk.draft("消防")
    for title in ("../../etc/passwd", "🙂", "消防 安全", "🙂", "a/b\\c:d"):
        desk.text(course_id, title=title)
    assert flask("export", "xiao-fang", "--to", tmp_path / "out").exit_code == 0
    assert set(tree(tmp_path / "out" / "xiao-fang")) == {
        *("course.toml", "01-etc-passwd.md", "02-reading.md", "03-xiao-fang-an-quan.md"),
        *("04-reading.md", "05-a-b-c-d.md"),
    }
    assert flask("check", tmp_path / "out" / "xiao-fang").exit_code == 0


# --- what is wrong, and where ---------------------------------------------------------------------


def problems(folder: Path) -> list[str]:
    try:
        package = packages.read(folder)
    except packages.BadPackage as refusal:
        return [str(problem) for problem in refusal.problems]
    return [str(problem) for problem in packages.check(package)]


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (('title = "Fire safety"\n', ""), "course.toml:1: “title” is missing."),
        (('title = "Fire safety"', "title = 5"), "course.toml:2: “title” must be a text."),
        (('title = "Fire safety"', 'titel = "x"'), "course.toml:2: “titel” is no field"),
        (('title = "Fire safety"', 'title = ""'), "course.toml:2: Give it a title"),
        (('language = "en"', 'language = "fr"'), "course.toml:4: “fr” is not possible here."),
        (('theme = "safety"', 'theme = "A B"'), "course.toml:5: “A B” is no short name"),
        (("percent = 80", "percent = 49"), "course.toml:6: Use a number from 50 to 100."),
        (("percent = 80", "percent = true"), "course.toml:6: “completion_percent” must be a whole"),
        (("percent = 80", "percent = 80.5"), "course.toml:6: “completion_percent” must be a whole"),
        (('audience = ["Head office/First branch"]', "audience = []"), "course.toml:9: “audience”"),
        (('state = "published"', 'state = "removed"'), "course.toml:10: “removed” is not"),
        (("cover.png", "cover.jpg"), "course.toml:11: The file “cover.jpg” is missing."),
        (('slug = "safety"', 'slug = "other"'), "course.toml:14: The course names the theme"),
        (('kind = "video"', 'kind = "film"'), "course.toml:20: “film” is not possible here."),
        (("media/way-out.mp4", "media/gone.mp4"), "course.toml:22: The file “media/gone.mp4” is"),
        (('language = "zh_Hans"', 'language = "!"'), "course.toml:25: “!” is no language tag."),
        (('language = "zh_Hans"', 'language = "en"'), "course.toml:30: There are captions in"),
        (("way-out.zh.vtt", "gone.vtt"), "course.toml:27: The file “media/gone.vtt” is missing."),
        (('kind = "reading"', 'kind = "audio"'), "check.md: "),
        (("[theme]", "[theme"), "course.toml:13: This is no TOML"),
        (("[[lesson]]", "[[lesson"), "course.toml:19: This is no TOML"),
        (('title = "Safety"', 'title = "Safety"\ntitle = "x"'), "course.toml:16: This is no"),
    ],
    ids=lambda value: value if isinstance(value, str) else None,
)
def test_each_problem_is_named_with_its_line(
    app: Flask, folder: Path, change: tuple[str, str], problem: str
) -> None:
    assert change[0] in COURSE
    (folder / "course.toml").write_text(COURSE.replace(*change, 1), encoding="utf-8")
    with app.test_request_context():
        found = problems(folder)
    assert any(line.startswith(problem) for line in found), found


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (('kind = "single"', 'kind = "dance"'), "questions.toml:2: “dance” is not possible"),
        (("fraction = 1\n", "fraction = 0\n"), "questions.toml:1: Mark exactly one answer"),
        (
            ("fraction = 0.33334", "fraction = 0.9"),
            "questions.toml:14: The right answers are worth",
        ),
        (("fraction = 0.33334", "fraction = nan"), "questions.toml:14: “NaN” is no share"),
        (("fraction = 0.33334", "fraction = []"), "questions.toml:19: “fraction” must be"),
        (("answer = false", 'answer = "no"'), "questions.toml:33: “answer” must be true or false."),
        (("answer = false", ""), "questions.toml:30: Say whether the statement is true or false."),
        (('text = "甲"', 'text = ""'), "questions.toml:14: Answer 1 has no text."),
        (('stem = "哪些对？"', 'stem = ""'), "questions.toml:14: Write the question itself."),
        (('stem = "哪些对？"\n', ""), "questions.toml:14: “stem” is missing."),
        (('explanation = "Because."', "why = 1"), "questions.toml:6: “why” is no field"),
    ],
    ids=lambda value: value if isinstance(value, str) else None,
)
def test_each_problem_of_a_question_is_named_with_its_line(
    app: Flask, folder: Path, change: tuple[str, str], problem: str
) -> None:
    assert change[0] in QUESTIONS
    (folder / "questions.toml").write_text(QUESTIONS.replace(*change, 1), encoding="utf-8")
    with app.test_request_context():
        found = problems(folder)
    assert any(line.startswith(problem) for line in found), found


@pytest.mark.parametrize(
    "name",
    [
        "/etc/passwd",
        "../secret.md",
        "media/../../secret.md",
        "./check.md",
        "media//x.md",
        "..",
        "C:/secret.md",
        "media\\\\..\\\\secret.md",
        "link.md",
        "linked/secret.md",
        "check\\u0000.md",
        "check\\n.md",
    ],
)
def test_nothing_outside_of_the_package_is_read(app: Flask, folder: Path, name: str) -> None:
    secret = folder.parent / "secret.md"
    secret.write_text("CANARY-SECRET", encoding="utf-8")
    (folder / "link.md").symlink_to(secret)
    (folder / "linked").symlink_to(folder.parent)
    text = COURSE.replace('file = "check.md"', f'file = "{name}"')
    (folder / "course.toml").write_text(text, encoding="utf-8")
    with app.test_request_context():
        found = problems(folder)
    assert len(found) == 1, found
    assert "course.toml:37: " in found[0]
    assert "CANARY" not in found[0]


@pytest.mark.parametrize("name", ["course.toml", "questions.toml"])
def test_a_linked_toml_is_refused(app: Flask, folder: Path, name: str) -> None:
    shutil.move(folder / name, folder.parent / name)
    (folder / name).symlink_to(folder.parent / name)
    with app.test_request_context():
        assert any("is a link" in line for line in problems(folder))


@pytest.mark.parametrize(
    ("name", "content", "problem"),
    [
        ("course.toml", b"\xff\xfe", "course.toml:1: This is not UTF-8 text."),
        ("course.toml", b"", "course.toml: The file is empty."),
        ("course.toml", b"x = 1\n" * 200_000, "course.toml: The file is larger than 1 MB."),
        ("course.toml", b"a = " + b"[" * 5000, "course.toml"),
        ("course.toml", b"a." * 5000 + b"a = 1\n", "course.toml:1: This is nested too deeply."),
        ("course.toml", b"x = {y = 1, " + b'"a" . ' * 99, "course.toml:1: This is nested"),
        ("course.toml", b"x = 1" + b"0" * 5000, "course.toml: This is no TOML: "),
        ("course.toml", b"x = 1e" + b"9" * 5000, "course.toml: This is no TOML: "),
        ("course.toml", b'\nx = "\\u0000"', "course.toml:2: This is not UTF-8 text."),
        ("questions.toml", b"[[question]]\n" * 50_000, "questions.toml:1: "),
        ("check.md", b"a\x00b", "check.md:1: This is not UTF-8 text."),
        ("check.md", "字".encode("gbk"), "check.md:1: This is not UTF-8 text."),
        ("check.md", b"---\n", "check.md: There is nothing to read yet."),
        ("check.md", b"word " * 12_001, "check.md: The text has 60004 characters"),
        ("media/way-out.mp4", b"no video", "media/way-out.mp4: "),
        ("media/way-out.mp4", b"", "media/way-out.mp4: "),
        ("media/way-out.en.vtt", b"\x00", "media/way-out.en.vtt: "),
    ],
)
def test_files_that_are_not_what_they_should_be(
    app: Flask, folder: Path, name: str, content: bytes, problem: str
) -> None:
    (folder / name).write_bytes(content)
    with app.test_request_context():
        found = problems(folder)
    assert any(line.startswith(problem) for line in found), found


def test_of_a_hundred_thousand_problems_the_first_are_told(app: Flask, folder: Path) -> None:
    answers = "1," * 200_000
    text = f'[[question]]\nkind = "single"\nstem = "x"\noption = [{answers}]\n'
    (folder / "questions.toml").write_text(text, encoding="utf-8")
    with app.test_request_context():
        assert len(problems(folder)) == 500


def test_a_bad_folder_name_and_a_missing_file(app: Flask, tmp_path: Path) -> None:
    empty = tmp_path / "Not Good"
    empty.mkdir()
    with app.test_request_context():
        found = problems(empty)
    assert "course.toml” is missing" in found[0]
    assert "“Not Good” is no short name" in found[1]


def test_check_says_all_of_it_and_changes_nothing(
    app: Flask, folder: Path, flask: Callable
) -> None:
    before = dump(app)
    good = flask("check")
    assert (good.exit_code, good.output) == (0, "fire-safety: good, 2 lessons\n")
    text = COURSE.replace('kind = "video"', 'kind = "audio"').replace("check.md", "gone.md")
    (folder / "course.toml").write_text(
        text.replace("percent = 70", "percent = 0"), encoding="utf-8"
    )
    bad = flask("check", "fire-safety")
    assert bad.exit_code == 1
    assert bad.output.splitlines() == [
        "fire-safety/course.toml:7: Use a number from 1 to 100.",
        "fire-safety/course.toml:37: The file “gone.md” is missing.",
    ]
    several = flask("check", "gone", "fire-safety", "lost")
    assert several.exit_code == 1
    told = several.output.splitlines()
    assert [line[:27] for line in told[:2]] == [
        "There is no package “gone”,",
        "There is no package “lost”,",
    ]
    assert told[2:] == bad.output.splitlines()
    assert dump(app) == before


def test_the_kind_of_a_recording_is_compared_with_the_file(app: Flask, folder: Path) -> None:
    text = COURSE.replace('kind = "video"', 'kind = "audio"')
    (folder / "course.toml").write_text(text, encoding="utf-8")
    with app.test_request_context():
        assert problems(folder) == [
            "course.toml:19: The lesson says “audio”, but the file is “video”."
        ]


@pytest.mark.usefixtures("branch")
def test_what_is_not_rendered_yet_is_checked_but_not_loaded(
    folder: Path, flask: Callable, look: Callable
) -> None:
    text = COURSE.replace(
        'file = "media/way-out.mp4"', 'file = "media/new.mp4"\nrender = "slides.toml"'
    )
    (folder / "course.toml").write_text(text, encoding="utf-8")
    (folder / "slides.toml").write_text("", encoding="utf-8")
    assert flask("check").output == "fire-safety: good, 2 lessons, 1 to be rendered\n"
    result = flask("load")
    assert result.exit_code == 1
    assert "not rendered yet" in result.output
    assert look(queries.all_course_ids) == []


def test_lines_are_found_in_long_strings_and_comments() -> None:
    text = '[a] # first\nx = """\n[[b]]\ny = 1\n"""\nz = 2\n[[b]]\nc = 1\n[[b]]\n[[b.d]]\ne = 1\n'
    lines = Lines(text)
    assert lines.of("a") == 1
    assert lines.of("a", "x") == 2
    assert lines.of("a", "z") == 6
    assert lines.of("b", 0, "c") == 8
    assert lines.of("b", 1, "d", 0, "e") == 11
    assert lines.of("b", 1, "nothing") == 9
    assert lines.of("nothing") == 0


def test_the_demo_courses_are_good(app: Flask) -> None:
    from config import ROOT

    for folder in packages.folders(ROOT / "courses"):
        with app.test_request_context():
            packages.read(folder)


def test_recount_puts_wrong_lengths_right(
    app: Flask, desk: Desk, flask: Callable, look: Callable
) -> None:
    course_id = desk.draft()
    desk.video(course_id, 60_000)
    with app.app_context(), unit_of_work() as session:
        session.execute(db.text("update course set length_ms = 5"))
    assert flask("recount").output == f"course {course_id}: put right, now 1:00\n"
    assert flask("recount").output == ""
    assert look(queries.course_by_id, course_id).length_ms == 60_000


def test_a_picture_that_is_none_stops_the_load(
    folder: Path, flask: Callable, look: Callable, branch: int
) -> None:
    (folder / "cover.png").write_bytes(io.BytesIO(b"<svg onload=alert(1)>").getvalue())
    result = flask("load")
    assert result.exit_code == 1
    assert "not a picture" in result.output
    assert look(queries.all_course_ids) == []
