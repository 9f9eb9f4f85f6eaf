"""Captions that the server writes itself: asked for in the page, heard by a child process.

The library is not installed where these tests run, so most of them give the child a Python of its
own, with a library in it that loads and hears as faster-whisper does; where the real one is
installed, it is asked, too.
"""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from itertools import pairwise
from pathlib import Path

import pytest
from sqlalchemy import event
from sqlalchemy.dialects import postgresql
from sqlalchemy.orm import ORMExecuteState, Session

from app import create_app
from app.core import jobs
from app.core.db import Base, db, unit_of_work
from app.courses import service
from app.media import queries as media_queries
from app.media import service as media
from app.media.rules import caption_cues
from config import BadSetting
from tests.conftest import make_config
from tests.courses.conftest import Desk
from tests.factories import People
from tests.media.conftest import Clips

STAND_IN = """
import pathlib
from types import SimpleNamespace as Some


class WhisperModel:
    def __init__(self, path, *, device, compute_type, cpu_threads, local_files_only):
        content = (pathlib.Path(path) / "model.bin").read_bytes()
        if content not in {b"good", b"english"}:
            raise RuntimeError("Unsupported model binary version.")
        self.model = Some(is_multilingual=content == b"good")

    def transcribe(self, samples, *, language, **wishes):
        assert samples == 16_000 * 2 and language == "zh" and "简体" in wishes["initial_prompt"]
        first = Some(start=0.0, end=0.9, text=" 聽到火警，")
        return iter([first, Some(start=0.9, end=9, text="<b>先報警</b>。")]), None
"""
# What the adapter takes from NumPy, for a Python without it.
NUMPY = """
class _Samples(int):
    def astype(self, kind): return self
    def __truediv__(self, other): return int(self)


def frombuffer(data, dtype): return _Samples(len(data) // 2)
"""


@pytest.fixture(scope="module")
def python(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A Python of its own with the stand-in in it."""
    folder = tmp_path_factory.mktemp("speech")
    subprocess.run(
        [sys.executable, "-m", "venv", "--without-pip", str(folder)], check=True, timeout=300
    )
    packages = next(folder.glob("lib/python*/site-packages"))
    (packages / "faster_whisper.py").write_text(STAND_IN, encoding="utf-8")
    (packages / "numpy.py").write_text(NUMPY, encoding="utf-8")
    return folder / "bin" / "python"


@pytest.fixture(scope="module")
def clips(tmp_path_factory: pytest.TempPathFactory) -> Clips:
    return Clips(tmp_path_factory.mktemp("clips"))


def model(folder: Path, content: bytes = b"good") -> Path:
    folder.mkdir()
    (folder / "model.bin").write_bytes(content)
    for name in ("config.json", "tokenizer.json", "vocabulary.json"):
        (folder / name).write_text("{}", encoding="utf-8")
    return folder


@pytest.fixture
def lesson(tmp_path: Path, clips: Clips) -> Iterator[Callable[..., Lesson]]:
    """A lesson with a recording, on a site with settings of its own."""
    apps = []

    def make(name: str = "plain.mp4", **settings: object) -> Lesson:
        app = create_app(make_config(tmp_path, **settings))
        apps.append(app)
        with app.app_context():
            Base.metadata.create_all(db.engine)
        return Lesson(Desk(app, People(app)), clips[name])

    yield make
    for app in apps:
        with app.app_context():
            db.session.remove()
            db.engine.dispose()


class Lesson:
    """Lesson 1 of a course in Chinese, at its trainer's desk."""

    url = "/desk/lessons/1"

    def __init__(self, desk: Desk, clip: Path) -> None:
        self.desk, self.app = desk, desk.app
        with self.app.app_context(), unit_of_work():
            theme = service.create_theme(title="消防")
            course = service.create_course(
                author_id=desk.id, title="消防", theme_id=theme, language="zh_Hans", summary="-"
            )
            self.media_id = media.import_file(clip, owner_id=desk.id, filename="a.mp4")
            service.add_recording(course, title="警报", media_id=self.media_id)
        jobs.run_pending(self.app)

    def ask(self) -> int:
        return self.desk.post(f"{self.url}/captions/zh-Hans/hear").status_code

    def page(self) -> str:
        return self.desk.page(self.url)

    def tracks(self) -> list[media_queries.Track]:
        with self.app.app_context():
            return media_queries.caption_tracks(self.media_id)

    def words(self) -> list[str]:
        with self.app.app_context():
            return [cue.text for cue in media_queries.cues(self.media_id)]


BUTTON = "Have captions written in 简体中文"


def test_it_is_off_until_there_is_a_model(lesson) -> None:
    mine = lesson()
    assert BUTTON not in mine.page()
    assert mine.ask() == 404
    assert mine.desk.client.get(f"{mine.url}/captions/hearing").status_code == 404


def test_what_is_said_becomes_captions_that_the_trainer_reads_through(
    lesson, python: Path, tmp_path: Path
) -> None:
    folder = model(tmp_path / "model")
    mine = lesson(speech_model=str(folder), speech_python=str(python))
    assert BUTTON in mine.page()
    assert mine.ask() == 302
    assert mine.ask() == 302  # twice is once
    running = mine.desk.client.get(f"{mine.url}/captions/hearing")
    assert 'data-hearing="running"' in running.get_data(as_text=True)
    assert "HX-Refresh" not in running.headers
    assert BUTTON not in mine.page()
    jobs.run_pending(mine.app)
    assert mine.desk.client.get(f"{mine.url}/captions/hearing").headers["HX-Refresh"] == "true"
    # In one script, without tags, inside the recording.
    assert mine.words() == ["听到火警，", "先报警。"]
    (track,) = mine.tracks()
    assert (track.language, track.by_machine) == ("zh-Hans", True)
    assert "written by the machine" in mine.page()
    with mine.app.app_context():
        links = media.play_links(mine.media_id, member_id=mine.desk.id)
    assert [label for _, label, _ in links.captions] == ["简体中文 (by machine)"]

    text = "WEBVTT\n\n00:00.000 --> 00:01.500\n听到火警，先报警。\n"
    assert mine.desk.post(f"{mine.url}/captions/zh-Hans", text=text).status_code == 302
    assert [track.by_machine for track in mine.tracks()] == [False]
    # What people made is not written over.
    assert BUTTON not in mine.page()
    assert mine.ask() == 404
    assert mine.words() == ["听到火警，先报警。"]


def test_captions_are_compared_with_the_recording_held(lesson) -> None:
    mine = lesson()
    url = f"{mine.url}/captions/zh-Hans"
    seen = re.findall(r'name="seen" value="([^"]+)"', mine.desk.client.get(url).text)[0]
    asked: list[str] = []

    def note(state: ORMExecuteState) -> None:
        asked.append(str(state.statement.compile(dialect=postgresql.dialect())))

    event.listen(Session, "do_orm_execute", note)
    try:
        text = "WEBVTT\n\n00:00.000 --> 00:01.000\n一\n"
        assert mine.desk.post(url, text=text, seen=seen).status_code == 302
    finally:
        event.remove(Session, "do_orm_execute", note)
    held = next(n for n, each in enumerate(asked) if "FROM media" in each and "FOR UPDATE" in each)
    assert any("caption" in each for each in asked[held:])


def test_who_saves_captions_that_another_has_changed_is_told_and_loses_nothing(lesson) -> None:
    mine = lesson()
    url = f"{mine.url}/captions/zh-Hans"

    def seen(page: str) -> str:
        return re.findall(r'name="seen" value="([^"]+)"', page)[0]

    def save(words: str, mark: str):
        text = f"WEBVTT\n\n00:00.000 --> 00:01.000\n{words}\n"
        return mine.desk.post(url, text=text, seen=mark)

    first = seen(mine.desk.client.get(url).get_data(as_text=True))
    assert save("一号", first).status_code == 302
    answer = save("二号", first)  # a window that was opened before
    page = answer.get_data(as_text=True)
    assert answer.status_code == 422
    assert "changed in another window or by somebody else" in page
    assert "二号" in page
    assert mine.words() == ["一号"]
    assert save("二号", seen(page)).status_code == 302  # knowing it
    assert mine.words() == ["二号"]


def test_captions_added_meanwhile_stay(lesson, python: Path, tmp_path: Path) -> None:
    mine = lesson(speech_model=str(model(tmp_path / "model")), speech_python=str(python))
    mine.ask()
    with mine.app.app_context(), unit_of_work():
        data = "WEBVTT\n\n00:00.000 --> 00:01.000\n我的".encode()
        media.attach_captions(mine.media_id, language="zh-Hans", label="简体中文", data=data)
    jobs.run_pending(mine.app)
    assert mine.words() == ["我的"]


def test_a_broken_model_is_refused_in_one_sentence(lesson, python: Path, tmp_path: Path) -> None:
    folder = model(tmp_path / "model", b"something else")
    mine = lesson(speech_model=str(folder), speech_python=str(python))
    mine.ask()
    jobs.run_pending(mine.app)
    page = mine.page()
    assert "The speech model of this server cannot be loaded." in page
    assert "Unsupported model binary version." in page  # what the library said, for the operator
    assert BUTTON in page  # to be tried again
    assert mine.tracks() == []
    said = mine.app.test_cli_runner().invoke(args=["media", "speech"])
    assert said.exit_code == 1
    assert "cannot be loaded" in said.output
    (folder / "model.bin").write_bytes(b"good")
    said = mine.app.test_cli_runner().invoke(args=["media", "speech"])
    assert (said.exit_code, said.output[:23]) == (0, "ready: many languages, ")


def test_a_model_of_another_language_is_not_asked(lesson, python: Path, tmp_path: Path) -> None:
    folder = model(tmp_path / "model", b"english")
    mine = lesson(speech_model=str(folder), speech_python=str(python))
    mine.ask()
    jobs.run_pending(mine.app)
    assert "hears English only" in mine.page()


def test_a_stub_of_a_model_is_refused_by_what_it_lacks(
    lesson, python: Path, tmp_path: Path
) -> None:
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "config.json").write_text("{}", encoding="utf-8")
    mine = lesson(speech_model=str(tmp_path / "model"), speech_python=str(python))
    mine.ask()
    jobs.run_pending(mine.app)
    page = mine.page()
    assert "The speech model of this server cannot be loaded." in page
    assert "has no model.bin, tokenizer.json, vocabulary.json" in page


def test_a_python_without_the_library_is_said_in_one_sentence(lesson, tmp_path: Path) -> None:
    bare = tmp_path / "bare"
    subprocess.run(
        [sys.executable, "-m", "venv", "--without-pip", str(bare)], check=True, timeout=300
    )
    mine = lesson(speech_model=str(model(tmp_path / "m")), speech_python=f"{bare}/bin/python")
    mine.ask()
    jobs.run_pending(mine.app)
    page = mine.page()
    assert "faster-whisper is not installed on this server" in page
    assert "No module named &#39;faster_whisper&#39;" in page


def test_a_recording_without_sound_has_nothing_to_hear(
    lesson, python: Path, tmp_path: Path
) -> None:
    settings = {"speech_model": str(model(tmp_path / "m")), "speech_python": str(python)}
    mine = lesson("silent.mp4", **settings)
    mine.ask()
    jobs.run_pending(mine.app)
    assert "Nobody was heard speaking in this recording." in mine.page()


def test_only_the_trainer_of_the_course_asks(lesson, python: Path, tmp_path: Path) -> None:
    mine = lesson(speech_model=str(model(tmp_path / "m")), speech_python=str(python))
    rival = Desk(mine.app, People(mine.app))
    assert rival.post(f"{mine.url}/captions/zh-Hans/hear").status_code == 404
    assert rival.client.get(f"{mine.url}/captions/hearing").status_code == 404
    assert mine.desk.post(f"{mine.url}/captions/fr/hear").status_code == 404
    assert mine.ask() == 302


def test_the_settings_are_full_paths(tmp_path: Path) -> None:
    with pytest.raises(BadSetting, match="WEIKE_SPEECH_MODEL: must be a full path"):
        make_config(tmp_path, speech_model="large-v3")
    with pytest.raises(BadSetting, match="WEIKE_SPEECH_MODEL: must name the folder"):
        make_config(tmp_path, speech_python="/usr/bin/python3")


@pytest.mark.skipif(find_spec("faster_whisper") is None, reason="faster-whisper is optional")
def test_the_real_library_refuses_a_broken_model(lesson, tmp_path: Path) -> None:
    mine = lesson(speech_model=str(model(tmp_path / "model", b"x" * 100)))
    said = mine.app.test_cli_runner().invoke(args=["media", "speech"])
    assert said.exit_code == 1
    assert "The speech model of this server cannot be loaded." in said.output


# --- rules ----------------------------------------------------------------------------------------


def test_long_sentences_become_captions_of_two_lines() -> None:
    said = "发现火情以后，首先要保持冷静，" * 6 + "然后按下手动报警按钮。"
    found = caption_cues([(1_000, 19_000, said)], duration_ms=60_000)
    assert "".join(text for _, _, text in found) == said
    assert max(len(text) for _, _, text in found) <= 21
    assert all(text[-1] in "，。" for _, _, text in found)
    starts, ends = [s for s, _, _ in found], [e for _, e, _ in found]
    assert (starts[0], ends[-1]) == (1_000, 19_000)
    assert starts[1:] == ends[:-1]


def test_words_stay_whole_and_nothing_overlaps() -> None:
    english = "When the alarm rings, leave everything behind and walk to the nearest exit. " * 3
    heard = [(0, 12_000, english), (11_000, 13_000, "Do not run."), (59_000, 70_000, "End")]
    found = caption_cues([*heard, (61_000, 62_000, "behind the end")], duration_ms=60_000)
    words = " ".join(text for _, _, text in found).split()
    assert words == [*english.split(), "Do", "not", "run.", "End"]
    assert all(a[1] <= b[0] for a, b in pairwise(found))
    assert found[-1][:2] == (59_000, 60_000)
    assert caption_cues([(0, 1000, " \n "), (5, 5, "x")], duration_ms=60_000) == []
