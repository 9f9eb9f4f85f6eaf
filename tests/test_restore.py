"""`make restore`: a backup that is whole takes the place of what is there, or nothing changes."""

from __future__ import annotations

import fcntl
import hashlib
import json
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from flask import Flask
from flask_migrate import downgrade

from app import create_app
from app.core.db import db
from app.core.models import Job
from app.members.models import Member
from config import BadSetting, Config
from scripts.backup import NotPossible, back_up
from scripts.dump import NotDone
from scripts.restore import check, restore
from tests import postgresql
from tests.conftest import make_config
from tests.factories import People
from tests.points.ledger import Ledger

pytestmark = pytest.mark.xdist_group("restore")


def rest(app: Flask) -> None:
    """What a process does that ends."""
    with app.app_context():
        db.session.remove()
        db.engine.dispose()
    app.extensions["in_use"]()


def earn(app: Flask, name: str) -> None:
    assert Ledger(app).earn(People(app).member(name))


@pytest.fixture
def config(tmp_path: Path, migrated: Path) -> Config:
    """An instance in which Anna has points, with files; nobody serves it."""
    config = make_config(tmp_path / "site")
    for folder in (config.library_dir, config.media_dir / "uploads", config.search_dir):
        folder.mkdir(parents=True)
    shutil.copy(migrated, config.instance_dir / "weike.sqlite")
    (config.instance_dir / "secret.key").write_text(config.secret_key)
    (config.library_dir / "a.pdf").write_text("a")
    (config.media_dir / "uploads/b.mp4").write_text("b" * 5000)
    app = create_app(config)
    earn(app, "Anna")
    rest(app)
    return config


@pytest.fixture
def backup(config: Config, tmp_path: Path) -> Path:
    """One of this instance, in which Bert came and a document went afterwards."""
    back_up(config, tmp_path / "backup")
    app = create_app(config)
    earn(app, "Bert")
    rest(app)
    (config.library_dir / "a.pdf").unlink()
    (config.media_dir / "uploads/c.mp4").write_text("c")
    (config.search_dir / "index").write_text("of what was there")
    return tmp_path / "backup"


def names(config: Config) -> list[str]:
    with closing(sqlite3.connect(config.instance_dir / "weike.sqlite")) as there:
        return [name for (name,) in there.execute("SELECT name FROM member ORDER BY id")]


def content(folder: Path) -> dict[str, str]:
    """Everything below a folder, without the locks."""
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in folder.rglob("*")
        if path.is_file() and not path.name.endswith((".lock", "-turns", "-shm", "-wal"))
    }


def listed(backup: Path, **said: object) -> None:
    """Write a list anew, as somebody would who wants it to be believed."""
    text = json.dumps(json.loads((backup / "files.json").read_bytes()) | said).encode()
    (backup / "files.json").write_bytes(text)
    (backup / "weike-backup").write_text(hashlib.sha256(text).hexdigest())


def test_what_is_restored_is_what_was_backed_up_and_the_rest_is_kept_aside(
    config: Config, backup: Path
) -> None:
    before = content(config.instance_dir)
    assert "is whole" in check(config, backup)
    told = restore(config, backup)
    assert "Its ledger is whole: 1 entries of 1 members" in told
    assert (backup / "weike-backup").read_text().strip() in told
    assert names(config) == ["Anna"]
    assert content(config.media_dir).keys() >= {"uploads/b.mp4"}
    assert not (config.media_dir / "uploads/c.mp4").exists()
    assert (config.library_dir / "a.pdf").read_text() == "a"
    assert not list(config.search_dir.iterdir())
    (aside,) = config.instance_dir.glob(".before-restore-*")
    assert str(aside) in told
    assert content(aside) == before
    assert not config.restoring_dir.exists()
    app = create_app(config)
    with app.app_context():
        assert db.session().query(Job.kind).where(Job.state == "queued").all()[-1] == (
            "search.rebuild",
        )
    rest(app)
    back_up(config, backup)  # what lies aside does not go along
    assert not [name for name in content(backup) if "before-restore" in name]


def flip(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-100])


def change_list(backup: Path) -> None:
    flip(backup / "files.json")


def another_database(backup: Path) -> None:
    path = backup / "instance/weike.sqlite"
    path.unlink()
    with closing(sqlite3.connect(path)) as other:
        other.execute("CREATE TABLE shopping (what TEXT)")
    found = json.loads((backup / "files.json").read_bytes())["files"]
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    found["instance/weike.sqlite"] = [path.stat().st_size, 0, digest]
    listed(backup, files=found)


def strange_place(backup: Path) -> None:
    found = json.loads((backup / "files.json").read_bytes())["files"]
    listed(backup, files=found | {"instance/../../etc/passwd": [1, 1, ""]})


SPOILT: dict[str, tuple[Callable[[Path], object], str]] = {
    "a byte": (lambda b: flip(b / "media/uploads/b.mp4"), "b.mp4 in the backup was changed"),
    "in the ledger": (lambda b: flip(b / "instance/weike.sqlite"), "weike.sqlite .* was changed"),
    "cut": (lambda b: cut(b / "instance/weike.sqlite"), r"cut off: \d+ of \d+ bytes are there"),
    "gone": (lambda b: (b / "instance/secret.key").unlink(), "secret.key is missing"),
    "more": (lambda b: (b / "media/x.html").write_text("x"), "x.html .* somebody put it there"),
    "the list": (change_list, "files.json in the backup was changed"),
    "no list": (lambda b: (b / "files.json").unlink(), "has lost files.json"),
    "half": (lambda b: (b / "weike-backup").write_text("not finished\n"), "was not finished"),
    "newer": (lambda b: listed(b, migration="9876"), r"newer Weike \(its migration 9876"),
    "format": (lambda b: listed(b, format=2), "a newer Weike made this backup"),
    "postgresql": (
        lambda b: listed(b, database={"kind": "postgresql", "file": "instance/weike.sqlite"}),
        "the backup is of PostgreSQL, and this Weike keeps its data in SQLite",
    ),
    "another": (another_database, "is no database of Weike"),
    "outside": (strange_place, "names instance/../../etc/passwd, which is no place"),
    "nothing": (shutil.rmtree, "is no backup of Weike"),
}


def test_a_backup_that_is_not_what_it_was_is_named_and_nothing_changes(
    config: Config, backup: Path, tmp_path: Path
) -> None:
    before = content(config.instance_dir.parent)
    for how, (spoil, sentence) in SPOILT.items():
        spoilt = shutil.copytree(backup, tmp_path / how)
        spoil(spoilt)
        with pytest.raises(NotPossible, match=sentence) as refused:
            restore(config, spoilt)
        assert str(refused.value).count("\n") == 0, how
        assert content(config.instance_dir.parent) == before, how
        assert not config.restoring_dir.exists(), how


def test_nothing_is_restored_while_somebody_works(config: Config, backup: Path) -> None:
    app = create_app(config)  # pages, worker or a command
    with pytest.raises(NotPossible, match="Weike is running"):
        restore(config, backup)
    rest(app)
    with (config.instance_dir / "serving.lock").open("a+") as serving:
        serving.write("http://127.0.0.1:8765 (process 4)\n")
        serving.flush()
        fcntl.flock(serving, fcntl.LOCK_EX)
        with pytest.raises(NotPossible, match=r"running, at http://127\.0\.0\.1:8765"):
            restore(config, backup)
    with closing(sqlite3.connect(config.instance_dir / "weike.sqlite")) as shell:
        shell.execute("SELECT count(*) FROM member").fetchone()
        with pytest.raises(NotPossible, match="another program has"):
            restore(config, backup)
    assert names(config) == ["Anna", "Bert"]
    with config.in_use_path.open("a") as lock:  # and nobody begins to while it goes on
        fcntl.flock(lock, fcntl.LOCK_EX)
        with pytest.raises(BadSetting, match="a backup is being restored"):
            create_app(config)
        with pytest.raises(NotPossible, match="a backup is being restored"):
            back_up(config, backup)
    assert "Restored" in restore(config, backup)


def test_cut_off_between_two_names_it_is_brought_to_its_end(
    config: Config, backup: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rename = Path.rename
    for step in (0, 3, 5):
        left = step

        def power_cut(self: Path, target: Path) -> Path:
            nonlocal left
            left -= 1
            if left < 0:
                raise KeyboardInterrupt
            return rename(self, target)

        with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
            patched.setattr(Path, "rename", power_cut)
            restore(config, backup)
        with pytest.raises(BadSetting, match="a restore was cut off"):
            create_app(config)
        with pytest.raises(NotPossible, match="a restore was cut off"):
            back_up(config, backup)
        assert "at its end now" in restore(config, None)
        assert names(config) == ["Anna"]
        assert (config.library_dir / "a.pdf").read_text() == "a"
        assert not (config.media_dir / "uploads/c.mp4").exists()
    assert len(list(config.instance_dir.glob(".before-restore-*"))) == 3  # each time another one
    rest(create_app(config))
    with pytest.raises(NotPossible, match="say which backup"):
        restore(config, None)


def test_a_backup_of_an_older_version_is_brought_up_to_date(config: Config, tmp_path: Path) -> None:
    older = create_app(config)
    with older.app_context():
        downgrade(revision="0046")
    rest(older)
    back_up(config, tmp_path / "backup")
    assert json.loads((tmp_path / "backup/files.json").read_bytes())["migration"] == "0046"
    told = restore(config, tmp_path / "backup")
    assert "It was of migration 0046 and is of" in told
    assert "Its ledger is whole: 1 entries" in told
    app = create_app(config)
    with app.app_context():
        assert db.session().query(Member).one().name == "Anna"
    rest(app)


def test_what_an_older_weike_backed_up_has_no_list_and_is_restored_when_one_insists(
    config: Config, backup: Path
) -> None:
    (backup / "files.json").unlink()
    (backup / "weike-backup").write_text("")
    with pytest.raises(NotPossible, match="has no list of its files: an older Weike made it"):
        restore(config, backup)
    assert "without a list" in restore(config, backup, anyway=True)
    assert names(config) == ["Anna"]


def test_a_ledger_under_another_key_is_named_before_anything_changes(
    config: Config, backup: Path
) -> None:
    with pytest.raises(NotPossible, match=r"broken .*another WEIKE_SECRET"):
        restore(config, backup, secret="another-" * 10)
    assert names(config) == ["Anna", "Bert"]
    told = restore(config, backup, secret="another-" * 10, anyway=True)
    assert "Its ledger is BROKEN" in told


def test_the_key_that_proved_the_ledger_stays_where_the_backup_has_none(
    config: Config, backup: Path, tmp_path: Path
) -> None:
    files = json.loads((backup / "files.json").read_bytes())["files"]
    del files["instance/secret.key"]  # it stood in the environment
    (backup / "instance/secret.key").unlink()
    listed(backup, files=files)
    new = make_config(tmp_path / "new")
    new.instance_dir.mkdir(parents=True)
    (new.instance_dir / "secret.key").write_text(new.secret_key)
    assert "Its ledger is whole" in restore(new, backup)
    assert (new.instance_dir / "secret.key").read_text() == new.secret_key


def test_on_a_new_machine_and_with_the_database_elsewhere(
    config: Config, backup: Path, tmp_path: Path
) -> None:
    new = make_config(tmp_path / "new", database_url=f"sqlite:///{tmp_path}/disk/main.sqlite")
    (tmp_path / "disk").mkdir()
    (tmp_path / "disk/letter.txt").write_text("not ours")
    assert "There was nothing here before." in restore(new, backup)
    with closing(sqlite3.connect(tmp_path / "disk/main.sqlite")) as there:
        assert there.execute("SELECT name FROM member").fetchall() == [("Anna",)]
    assert not (new.instance_dir / "weike.sqlite").exists()
    assert {path.name for path in (tmp_path / "disk").iterdir()} == {"main.sqlite", "letter.txt"}
    assert "Restored" in restore(new, backup)
    assert (tmp_path / "disk/letter.txt").exists()
    rest(create_app(replace(new)))


def test_a_postgresql_database_is_dumped_and_restored_into_an_empty_one(
    tmp_path: Path, server: str, migrated_there: str
) -> None:
    if shutil.which("pg_dump") is None:
        pytest.skip("pg_dump is not in the path")
    with (
        postgresql.database(server, like=migrated_there) as old,
        postgresql.database(server) as new,
    ):
        config = make_config(tmp_path / "site", database_url=old)
        config.library_dir.mkdir(parents=True)
        (config.library_dir / "a.pdf").write_text("a")
        app = create_app(config)
        earn(app, "Anna")
        rest(app)
        back_up(config, tmp_path / "backup")
        with pytest.raises(NotDone, match="is not empty"):
            restore(config, tmp_path / "backup")
        with pytest.raises(NotPossible, match="is of PostgreSQL, and this Weike"):
            restore(make_config(tmp_path / "other"), tmp_path / "backup")
        (config.library_dir / "a.pdf").unlink()
        there = replace(config, database_url=new)
        assert "is whole" in check(there, tmp_path / "backup")
        assert "Its ledger is whole: 1 entries" in restore(there, tmp_path / "backup")
        assert (config.library_dir / "a.pdf").read_text() == "a"
        assert not (config.instance_dir / "weike.dump").exists()
        app = create_app(there)
        with app.app_context():
            assert [one.name for one in db.session().query(Member)] == ["Anna"]
        rest(app)
