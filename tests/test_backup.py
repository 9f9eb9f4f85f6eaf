"""`make backup`: everything that cannot be made again, in a folder from which Weike starts anew."""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from config import Config
from scripts.backup import NotPossible, back_up
from tests.conftest import make_config


@pytest.fixture
def lived_in(tmp_path: Path, migrated: Path) -> Config:
    config = make_config(tmp_path)
    for name in ("instance/library", "media/uploads"):
        (tmp_path / name).mkdir(parents=True)
    shutil.copy(migrated, config.instance_dir / "weike.sqlite")
    for name in ("instance/secret.key", "instance/queue.sqlite", "instance/library/a.pdf"):
        (tmp_path / name).write_text(name)
    (tmp_path / "media/uploads/b.mp4").write_text("b")
    return config


def files(folder: Path) -> set[str]:
    return {str(p.relative_to(folder)) for p in folder.rglob("*") if p.is_file()}


def test_a_backup_has_what_was_committed_while_somebody_writes(
    lived_in: Config, tmp_path: Path
) -> None:
    with closing(sqlite3.connect(lived_in.instance_dir / "weike.sqlite")) as writer:
        writer.execute("PRAGMA journal_mode=WAL")
        writer.execute("INSERT INTO setting VALUES ('saved', '1', '2027-01-01')")
        writer.commit()
        writer.execute("INSERT INTO setting VALUES ('not yet', '1', '2027-01-01')")
        assert back_up(lived_in, tmp_path / "copy") == (4, 0)
    assert files(tmp_path / "copy") == {
        "weike-backup",
        "files.json",
        "instance/weike.sqlite",
        "instance/secret.key",
        "instance/library/a.pdf",
        "media/uploads/b.mp4",
    }
    with closing(sqlite3.connect(tmp_path / "copy/instance/weike.sqlite")) as copy:
        found = {name for (name,) in copy.execute("SELECT key FROM setting")}
    assert "saved" in found
    assert "not yet" not in found


def test_again_only_what_changed_is_copied_and_what_was_deleted_goes(
    lived_in: Config, tmp_path: Path
) -> None:
    back_up(lived_in, tmp_path / "copy")
    (lived_in.instance_dir / "library/a.pdf").unlink()
    (lived_in.media_dir / "uploads/c.mp4").write_text("c")
    assert back_up(lived_in, tmp_path / "copy") == (2, 2)  # the database and c.mp4
    assert "instance/library/a.pdf" not in files(tmp_path / "copy")
    assert "media/uploads/c.mp4" in files(tmp_path / "copy")


def test_a_missing_disk_does_not_empty_the_backup(lived_in: Config, tmp_path: Path) -> None:
    back_up(lived_in, tmp_path / "copy")
    shutil.rmtree(lived_in.media_dir)
    with pytest.raises(NotPossible, match="Is a disk missing"):
        back_up(lived_in, tmp_path / "copy")
    assert "media/uploads/b.mp4" in files(tmp_path / "copy")


def test_a_folder_with_other_things_or_inside_our_own_is_refused(
    lived_in: Config, tmp_path: Path
) -> None:
    before = files(tmp_path)
    (tmp_path / "home").mkdir()
    (tmp_path / "home/letter.txt").write_text("dear")
    for folder in ("home", "media/copy", "instance"):
        with pytest.raises(NotPossible):
            back_up(lived_in, tmp_path / folder)
    assert files(tmp_path) == before | {"home/letter.txt"}
