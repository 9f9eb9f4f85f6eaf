"""The demo: its courses are sound, their sources render, and an instance comes alive with them."""

from __future__ import annotations

import os
import re
import shutil
import stat
import subprocess
import sys
import tomllib
from pathlib import Path

import ffmpeg
import pytest
from flask import Flask

from app import create_app
from app.core import clock, markdown
from app.core.db import Base, db, reading
from app.courses import queries as courses
from app.courses.rules import LONGEST_COURSE_MS, reading_ms
from app.exams import queries as exams
from app.learning import queries as learning
from app.library import queries as library
from app.media import webvtt
from app.members import queries as members
from app.members.rules import passwords
from app.points import queries as points
from app.points.rules import Period, ledger_key
from app.questions import types
from config import ROOT
from scripts import demo, render_courses
from scripts.demo import documents, people
from scripts.slides import art, film, fonts, paint
from scripts.slides import deck as decks
from tests.conftest import make_config
from tests.factories import csrf

COURSES = ROOT / "courses"
SLUGS = sorted(path.parent.name for path in COURSES.glob("*/course.toml"))
DECKS = render_courses.all_decks()


def package(slug: str) -> dict:
    return tomllib.loads((COURSES / slug / "course.toml").read_text(encoding="utf-8"))


def questions(slug: str) -> list[dict]:
    path = COURSES / slug / "questions.toml"
    return tomllib.loads(path.read_text(encoding="utf-8"))["question"]


def body(question: dict) -> dict:
    """A question of a package as `types` takes it."""
    rest = {key: value for key, value in question.items() if key not in {"kind", "option"}}
    return rest | ({"options": question["option"]} if "option" in question else {})


def length_ms(slug: str, lesson: dict) -> int:
    if lesson["kind"] == "reading":
        text = (COURSES / slug / lesson["file"]).read_text(encoding="utf-8")
        return reading_ms(markdown.plain(text))
    script = lesson.get("render") or f"{Path(lesson['file']).stem}.toml"
    return decks.times_of(decks.load(COURSES / slug / script)).duration


# --- what is written ------------------------------------------------------------------------------


def test_there_are_three_courses_in_two_languages():
    pairs = {slug.rpartition("-")[0] for slug in SLUGS}
    assert len(pairs) >= 3
    assert sorted(f"{pair}-{ending}" for pair in pairs for ending in ("en", "zh")) == SLUGS
    assert set(SLUGS) == set(demo.COURSES)


@pytest.mark.parametrize("slug", SLUGS)
def test_a_course_is_shorter_than_twenty_minutes(slug):
    lessons = package(slug)["lesson"]
    assert 0 < sum(length_ms(slug, lesson) for lesson in lessons) <= LONGEST_COURSE_MS


@pytest.mark.parametrize("slug", SLUGS)
def test_files_of_a_course_are_there_or_can_be_rendered(slug):
    for lesson in package(slug)["lesson"]:
        source = lesson.get("render") or lesson["file"]
        assert (COURSES / slug / source).is_file(), lesson["title"]
        for track in lesson.get("captions", []):
            assert (COURSES / slug / track["file"]).is_file(), track


@pytest.mark.parametrize("slug", SLUGS)
def test_every_recording_has_captions_in_the_course_language_first(slug):
    content = package(slug)
    for lesson in content["lesson"]:
        if lesson["kind"] != "reading":
            assert lesson["captions"][0]["language"] == content["course"]["language"]


@pytest.mark.parametrize("slug", SLUGS)
def test_captions_can_be_read_and_end_before_their_recording(slug):
    for lesson in package(slug)["lesson"]:
        for track in lesson.get("captions", []):
            data = (COURSES / slug / track["file"]).read_bytes()
            duration = length_ms(slug, lesson)
            found = webvtt.parse(data, duration_ms=duration + 60_000)
            assert found.skipped == 0
            assert len(found.cues) > 5
            assert found.cues[-1][1] <= duration
            for (_, end, _), (start, _, _) in zip(found.cues, found.cues[1:], strict=False):
                assert end <= start


@pytest.mark.parametrize("slug", SLUGS)
def test_a_quiz_has_the_three_choices_and_reasons(slug):
    found = questions(slug)
    assert 4 <= len(found) <= 6
    assert {"single", "multiple", "truefalse"} <= {question["kind"] for question in found}
    for question in found:
        assert question["explanation"].strip()
        types.of(question["kind"]).clean(body(question))


@pytest.mark.parametrize("slug", [slug for slug in SLUGS if slug.endswith("-zh")])
def test_a_course_and_its_translation_are_built_alike(slug):
    other = f"{slug.removesuffix('-zh')}-en"
    here, there = package(slug), package(other)
    assert here["course"]["language"] == "zh_Hans"
    assert there["course"]["language"] == "en"
    assert here["theme"] == there["theme"]
    for key in ("theme", "completion_percent", "pass_percent", "attempts", "audience", "state"):
        assert here["course"][key] == there["course"][key]

    def frame(content: dict) -> list:
        return [(le["kind"], le["file"], le.get("render")) for le in content["lesson"]]

    def key(found: list[dict]) -> list:
        return [
            (q["kind"], q.get("answer"), [o["fraction"] for o in q.get("option", [])])
            for q in found
        ]

    assert frame(here) == frame(there)
    assert key(questions(slug)) == key(questions(other))


def test_texts_hold_no_html():
    for path in COURSES.glob("*/*.*"):
        assert not re.search(r"</?[a-z]+[ >/]", path.read_text(encoding="utf-8")), path


def test_courses_stay_small_in_git():
    kept = subprocess.run(
        ["git", "ls-files", "-z", "courses"], cwd=ROOT, capture_output=True, check=False
    ).stdout.split(b"\0")
    assert sum((ROOT / os.fsdecode(name)).stat().st_size for name in kept if name) < 4_000_000


# --- slides and voice -----------------------------------------------------------------------------


@pytest.mark.parametrize("deck", DECKS, ids=lambda deck: f"{deck.slug}/{deck.path.stem}")
def test_narration_belongs_to_the_text(deck):
    times = decks.times_of(deck)
    spoken = ffmpeg.probe(f"file:{deck.audio}")["format"]
    assert float(spoken["duration"]) * 1000 == pytest.approx(times.duration, abs=100)
    assert 60_000 <= times.duration <= 150_000
    for written in filter(None, (deck, deck.twin())):
        kept = deck.captions(written.language).read_text(encoding="utf-8")
        assert kept == decks.captions(written, times)


def test_changed_words_need_new_narration(tmp_path):
    course = shutil.copytree(COURSES / "use-weike-en", tmp_path / "use-weike-en")
    path = course / "slides.toml"
    decks.times_of(decks.load(path))
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace("Hello, and welcome", "Good day, and welcome"), encoding="utf-8")
    with pytest.raises(decks.BadDeck, match="--voice"):
        decks.times_of(decks.load(path))


def test_a_long_sentence_becomes_captions_between_its_clauses(tmp_path):
    deck = DECKS[0]
    times = decks.Times(10_000, (0,), (((1000, 9000),),))
    long = (
        "One short clause, another clause of some length that goes on. And the last one, shorter."
    )
    slide = decks.Slide(title="", beats=(decks.Beat(say=long),))
    written = decks.Deck(deck.path, "", "en", "#000000", (slide,))
    cues = webvtt.parse(decks.captions(written, times).encode(), duration_ms=10_000).cues
    assert " ".join(str(text) for *_, text in cues) == long
    assert cues[0][0] == 1000
    assert cues[-1][1] == 9000
    assert str(cues[0][2]).endswith("goes on.")


@pytest.mark.parametrize("name", art.ART)
def test_a_drawing_moves_and_meets_itself(name):
    def drawn(p: float, phase: float) -> bytes:
        picture = paint.Image.new("RGB", (120, 120), (255, 255, 255))
        art.ART[name](art.Pen(picture, (166, 27, 36), (255, 255, 255), "119"), p, phase)
        return picture.tobytes()

    assert drawn(0.3, 0) != drawn(1, 0)
    assert len({drawn(1, phase / 8) for phase in range(8)}) > 1


def test_rows_never_begin_with_a_mark():
    text = "拨打 119，先说地点：哪条路，哪栋楼，第几层，再说什么在烧，火有多大，有没有人被困。"
    for width in range(120, 700, 40):
        rows = paint.wrapped(text, 38, width)
        assert "".join(rows).replace(" ", "") == text.replace(" ", "")
        assert not any(row[0] in "，。：" for row in rows)


def tiny_course(folder: Path) -> decks.Deck:
    """A course of one slide and two seconds, with a tone for a voice."""
    (folder / "tiny-en" / "media").mkdir(parents=True)
    path = folder / "tiny-en" / "slides.toml"
    path.write_text(
        'title = "Tiny"\nlanguage = "en"\naccent = "#a61b24"\n'
        '[[slide]]\nkind = "title"\ntitle = "A tiny course"\nart = "ring"\n'
        '[[slide.beat]]\nsay = "Hello."\nshow = "Hello"\n',
        encoding="utf-8",
    )
    deck = decks.load(path)
    tone = ffmpeg.input("sine=frequency=440:duration=2", format="lavfi")
    ffmpeg.output(tone, str(deck.audio), acodec="libopus", loglevel="error").run()
    decks.write_times(deck, decks.Times(2000, (0,), (((500, 1500),),)))
    return deck


def test_a_deck_becomes_a_video_once(tmp_path):
    deck = tiny_course(tmp_path)
    assert render_courses.render([deck], say=False) == 1
    probed = ffmpeg.probe(f"file:{deck.video}")
    streams = {stream["codec_type"]: stream for stream in probed["streams"]}
    assert streams["video"]["codec_name"] == "h264"
    assert (streams["video"]["width"], streams["video"]["height"]) == (1280, 720)
    assert streams["audio"]["codec_name"] == "aac"
    assert float(probed["format"]["duration"]) == pytest.approx(2, abs=0.2)
    assert render_courses.render([deck], say=False) == 0, "nothing has changed"
    deck.path.write_text(
        deck.path.read_text(encoding="utf-8").replace("A tiny course", "A small course"),
        encoding="utf-8",
    )
    assert render_courses.render([decks.load(deck.path)], say=False) == 1, "a title has changed"


def test_pictures_follow_the_voice(tmp_path):
    deck = tiny_course(tmp_path)
    frames = list(paint.frames(deck, decks.times_of(deck)))
    assert len(frames) == 2 * paint.FPS
    assert all(len(frame) == paint.WIDTH * paint.HEIGHT * 3 for frame in frames)
    before, after = frames[int(0.4 * paint.FPS)], frames[-1]
    assert before != after


def test_without_a_chinese_font_one_sentence_says_what_to_do():
    if (ROOT / "node_modules" / fonts.PACKAGE).is_dir():
        pytest.skip("the font package is installed here")
    program = (
        "from scripts.slides import fonts\ntry: fonts.font(20)\nexcept fonts.NoFont as e: print(e)"
    )
    told = subprocess.run(
        [sys.executable, "-c", program],
        cwd=ROOT,
        env={"PATH": "/nowhere"},
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert "fonts-noto-cjk" in told
    assert told.count("\n") == 1


# --- the whole demo -------------------------------------------------------------------------------


def test_documents_are_what_their_names_say():
    papers = documents.papers(2026)
    assert len({paper.title for paper in papers}) == len(papers) >= 3
    starts = {".docx": b"PK", ".xlsx": b"PK", ".pdf": b"%PDF"}
    for paper in papers:
        assert paper.content.startswith(starts.get(Path(paper.filename).suffix, b""))


def test_passwords_are_good_enough_and_differ():
    made = {people.new_password() for _ in range(50)}
    assert len(made) == 50
    for password in made:
        passwords.check(password, context=("admin", "trainer"))


@pytest.fixture
def lively(tmp_path: Path) -> Flask:
    """An instance with the demo; its videos are grey and small, but as long as the real ones."""
    copied = shutil.copytree(
        COURSES, tmp_path / "courses", ignore=shutil.ignore_patterns("rendered")
    )
    for number, deck in enumerate(render_courses.all_decks(copied)):
        if deck.has_pictures:
            seconds = decks.times_of(deck).duration / 1000
            deck.video.parent.mkdir(parents=True)
            grey = ffmpeg.input(f"color=c=0x{40 + number:02x}8080:s=160x90:r=2", format="lavfi")
            ffmpeg.output(
                grey, str(deck.video), t=seconds, preset="ultrafast", loglevel="error"
            ).run()
            deck.stamp.write_text(film.sources(deck), encoding="ascii")
    app = create_app(make_config(tmp_path, courses_dir=copied))
    with app.app_context():
        Base.metadata.create_all(db.engine)
    assert demo.ensure(app)
    yield app
    with app.app_context():
        db.session.remove()
        db.engine.dispose()


@pytest.mark.slow
def test_the_demo_makes_an_instance_come_alive(lively, capsys):
    config = lively.extensions["weike"]
    accounts = config.instance_dir / "demo-accounts.txt"
    assert stat.S_IMODE(accounts.stat().st_mode) == 0o600
    told = dict(re.findall(r"^  (\w+) +([a-z-]+\d\d) ", accounts.read_text("utf-8"), re.MULTILINE))
    assert set(told) == {"admin", "trainer", "organizer", "member"}

    ids = demo.Notes.read(config.instance_dir / "demo.json").ids
    with lively.app_context(), reading():
        reader = members.reader_for(ids["member"])
        assert courses.visible_courses_for(reader).total == len(SLUGS)
        assert library.documents_for(reader).total >= 3
        assert learning.to_continue(reader, 3)
        proof = points.prove(ledger_key(config.secret_key), config.zone)
        assert not proof.breaks
        assert proof.members > 15
        board = points.member_board(
            reader.branch_id, reader.id, points.span_now(Period.ALL, config.zone)
        )
        assert len(board.top) >= 3
        organizer = members.reader_for(ids["organizer"])
        below = [person for person in ids.values() if person != ids["admin"]]
        every = [card.id for card in courses.published_courses()]
        table = learning.completion_table(below, every)
        assert any(cell.completed_at for cell in table.values())
        assert any(not cell.completed_at for cell in table.values())
        assert organizer.is_organizer
        [standing] = exams.to_sit(reader, clock.now())
        exam = standing.exam
        assert exam.title == "安全知识考试"
        sat = exams.taken(exam.id)
        assert len(sat) > 10
        assert {one.attempt.passed for one in sat} == {True, False}
        newest = max(cell.heard_at for cell in table.values() if cell.heard_at)
        assert newest <= clock.now()

    browser = lively.test_client()
    answer = browser.post(
        "/sign-in",
        data={"login": "member", "password": told["member"]},
        headers=csrf(browser),
    )
    assert answer.status_code == 303
    assert browser.get("/").status_code == 200

    command = lively.test_cli_runner().invoke(args=["courses", "check"])
    assert command.exit_code == 0, command.output
    assert command.output.count(": good") == len(SLUGS)

    capsys.readouterr()
    assert demo.ensure(lively), "a second start changes nothing"
    assert capsys.readouterr().out == ""


def test_an_interrupted_start_goes_on_where_it_stopped(app, capsys):
    config = app.extensions["weike"]
    notes = config.instance_dir / "demo.json"
    with app.app_context():
        kept = demo.Notes.read(notes)
        people.settle(
            config.instance_dir / "demo-accounts.txt", note=lambda ids: kept.add("people", ids)
        )
        before = demo.Notes.read(notes).ids
        kept.done += ["courses", "history"]
        kept.add("and nothing else yet")
    assert demo.ensure(app)
    assert demo.Notes.read(notes).ids == before
    assert "admin " not in capsys.readouterr().out, "passwords are shown once"
    with app.app_context(), reading():
        assert library.documents_for(members.reader_for(before["member"])).total >= 3


def test_an_instance_with_members_of_its_own_is_left_alone(app, people):
    people.member("Somebody real")
    assert demo.ensure(app)
    assert not (app.extensions["weike"].instance_dir / "demo-accounts.txt").exists()
    with app.app_context(), reading():
        assert len(members.branches()) == 1
