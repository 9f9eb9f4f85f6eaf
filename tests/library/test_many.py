"""Many documents at once: a zip file through the page, a folder through the command."""

from __future__ import annotations

import io
import os
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path
from warnings import catch_warnings, simplefilter

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from app.core.db import db, unit_of_work
from app.core.jobs import run_pending
from app.library import bundle, queries, service
from app.library.models import Document
from app.members.models import Member
from tests.factories import People
from tests.library import files
from tests.library.conftest import Librarian


def test_each_file_of_a_zip_file_is_taken_or_refused_alone(
    librarian: Librarian, member: FlaskClient
) -> None:
    data = files.packed(
        {
            "papers/Plan.pdf": files.pdf("Hydrants"),
            "papers/Trick.pdf": b"<html><script>",
            "notes.txt": b"about ladders",
            "__MACOSX/._notes.txt": b"x",
            "../../escape.txt": b"out of here",
        }
    )
    answer = librarian.send(data, "many.zip")
    assert answer.status_code == 200
    results = {each["name"]: each for each in answer.json["files"]}
    assert set(results) == {"Plan.pdf", "Trick.pdf", "notes.txt"}
    assert "no document" in results["Trick.pdf"]["error"]
    run_pending(librarian.app)
    assert "Hydrants" in member.get(results["Plan.pdf"]["url"]).get_data(as_text=True)
    again = librarian.send(data, "many.zip").json["files"]
    assert all("error" in each for each in again)
    assert arriving(librarian.app) == []
    found = titles_of(librarian.app)
    assert found == {"papers": ["Plan"], "": ["notes"]}


def arriving(app: Flask) -> list[Path]:
    return list((app.extensions["weike"].library_dir / ".arriving").iterdir())


def titles_of(app: Flask) -> dict[str, list[str]]:
    """Titles by the path of their collection."""
    found: dict[str, list[str]] = {}
    with app.app_context():
        rows = db.session.execute(select(Document.title, Document.collection_id).order_by("title"))
        for title, number in rows.all():
            path = "/".join(name for _, name in queries.collection_trail(number))
            found.setdefault(path, []).append(title)
        db.session.rollback()
    return found


def test_folders_become_collections_below_the_chosen_one(librarian: Librarian) -> None:
    app = librarian.app
    with app.app_context(), unit_of_work():
        chosen = service.collection_at(["Shelf"])
    deep = "/".join("abcdef")
    data = files.packed({"理论/经典/one.txt": b"one", f"{deep}/too.txt": b"deep", "/up.txt": b"u"})
    answer = librarian.send(data, "many.zip", collection=chosen, folder="From a zip")
    errors = {each["name"]: each.get("error", "") for each in answer.json["files"]}
    assert not errors["one.txt"]
    assert "levels" in errors["too.txt"]
    single = librarian.send(b"two", "two.txt", collection=chosen, folder="../理论//./经典")
    assert single.status_code == 200
    refused = librarian.send(b"three", "three.txt", collection=chosen, folder=deep)
    assert refused.status_code == 422
    assert arriving(app) == []
    assert titles_of(app) == {
        "Shelf/From a zip": ["up"],
        "Shelf/From a zip/理论/经典": ["one"],
        "Shelf/理论/经典": ["two"],
    }


def test_zip_files_made_to_harm_are_refused(librarian: Librarian) -> None:
    bomb = files.packed({"a.txt": b"a" * 60_000_000})
    for data, sentence in ((bomb, "unpacks"), (b"PK\x03\x04 broken", "damaged")):
        answer = librarian.send(data, "many.zip")
        assert answer.status_code in {413, 422}
        assert sentence in answer.json["error"]
    crowd = files.packed({f"{n}.txt": b"x" for n in range(bundle.MOST_FILES + 1)})
    assert librarian.send(crowd, "many.zip").status_code == 413


def damaged_inside() -> bytes:
    """Two sound files around one whose bytes are not what its sum says."""
    stored = {"a.txt": b"about ladders", "b.txt": b"BROKEN HERE", "c.txt": b"about hoses"}
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as package:
        for name, data in stored.items():
            package.writestr(name, data)
    return buffer.getvalue().replace(b"BROKEN HERE", b"BROKEN THERE"[:11])


def lying_inside() -> bytes:
    """One file says that it is ten bytes and is a thousand; another is sound."""
    data = bytearray(files.packed({"a.txt": b"a line of words\n" * 70, "b.txt": b"about hoses"}))
    at = data.rfind(b"PK\x01\x02", 0, data.rfind(b"a.txt"))
    data[at + 24 : at + 28] = struct.pack("<I", 10)
    return bytes(data)


def locked_inside() -> bytes:
    """One file asks for a password; another is sound."""
    data = bytearray(files.packed({"a.txt": b"secret words", "b.txt": b"about hoses"}))
    for mark, place in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        data[data.find(mark) + place] |= 1
    return bytes(data)


def linked_and_doubled() -> bytes:
    """A link to a file of this machine, a name twice, one from the root, a zip file in the zip."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as package, catch_warnings():
        simplefilter("ignore")
        link = zipfile.ZipInfo("passwd.txt")
        link.create_system, link.external_attr = 3, 0xA1FF << 16
        package.writestr(link, "/etc/passwd")
        package.writestr("same.txt", "about one thing")
        package.writestr("same.txt", "about another")
        package.writestr("/etc/root.txt", "about roots")
        package.writestr("in.zip", files.packed({"x.txt": b"about depths"}))
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("make", "taken", "refused"),
    [
        (damaged_inside, {"a.txt", "c.txt"}, {"b.txt"}),
        (lying_inside, {"b.txt"}, {"a.txt"}),
        (locked_inside, {"b.txt"}, {"a.txt"}),
        (linked_and_doubled, {"same.txt", "root.txt"}, {"in.zip"}),
    ],
    ids=["damaged", "lying", "locked", "linked and doubled"],
)
def test_what_is_wrong_inside_a_zip_file_harms_only_itself(
    librarian: Librarian, make: Callable[[], bytes], taken: set[str], refused: set[str]
) -> None:
    answer = librarian.send(make(), "many.zip")
    assert answer.status_code == 200, answer.get_data(as_text=True)
    results = answer.json["files"]
    assert {each["name"] for each in results if "url" in each} == taken
    assert {each["name"] for each in results if "error" in each} == refused
    assert arriving(librarian.app) == []


def test_chinese_names_from_windows_are_read(tmp_path: Path) -> None:
    """Windows writes them in GBK and sets no flag."""
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w") as package:
        package.writestr("xxxx.txt", "x")
    path.write_bytes(path.read_bytes().replace(b"xxxx.txt", "制度.txt".encode("gbk")))
    assert [str(inside) for inside, _, _ in bundle.files_in(path)] == ["制度.txt"]


def test_a_folder_is_imported_with_its_folders_as_collections(
    app: Flask, librarian: Librarian, member: FlaskClient, tmp_path: Path
) -> None:
    (tmp_path / "in" / "Theory" / "Classics").mkdir(parents=True)
    (tmp_path / "in" / "Theory" / "Classics" / "one.txt").write_text("about ladders")
    (tmp_path / "in" / "two.md").write_text("# Hydrants")
    (tmp_path / "in" / "bad.pdf").write_bytes(b"<html>")
    with app.app_context():
        username = db.session.get(Member, librarian.id).username
        db.session.rollback()
    command = ["library", "import", str(tmp_path / "in"), "--as", username]
    said = app.test_cli_runner().invoke(args=[*command, "--collection", "Shelf"])
    assert "2 documents taken, 0 there already, 1 refused" in said.output
    again = app.test_cli_runner().invoke(args=[*command, "--collection", "Shelf"])
    assert "0 documents taken, 2 there already, 1 refused" in again.output
    with app.app_context():
        names = [name.strip() for _, name in queries.collection_choices()]
        db.session.rollback()
    assert names == ["Shelf", "Theory", "Classics"]
    run_pending(app)
    assert "one" in member.get("/search?q=collection:classics").get_data(as_text=True)
    assert app.test_cli_runner().invoke(args=[*command[:-1], "nobody"]).exit_code == 1


def test_the_inbox_is_emptied_into_the_library(app: Flask, people: People, tmp_path: Path) -> None:
    inbox = tmp_path / "inbox"
    (inbox / "Rules" / "Old").mkdir(parents=True)
    good, bad, fresh = inbox / "Rules" / "Old" / "a.txt", inbox / "b.exe", inbox / "c.txt"
    good.write_text("words about ladders")
    bad.write_bytes(b"MZ" + bytes(100))
    fresh.write_text("is still being copied")
    (inbox / "link.txt").symlink_to("/etc/hostname")
    for path in (good, bad):
        os.utime(path, (1, 1))
    owner = people.reader(people.member(role="trainer"))
    with app.app_context():
        assert service.empty_inbox(inbox, owner) == 1
        assert service.empty_inbox(inbox, owner) == 0
    run_pending(app)
    assert (inbox / ".taken" / "Rules" / "Old" / "a.txt").is_file()
    assert "no document" in (inbox / ".refused" / "b.exe.txt").read_text()
    assert fresh.is_file()
    assert (inbox / "link.txt").is_symlink()
    member = people.client(people.member())
    assert "Old" in member.get("/search?q=ladders").get_data(as_text=True)
