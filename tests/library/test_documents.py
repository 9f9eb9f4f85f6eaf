"""Documents and collections: who sees them, downloading, editing, replacing, deleting."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import delete

from app.core.db import db, unit_of_work
from app.core.jobs import run_pending
from app.library import queries, service
from app.library.models import DocumentBranch, DocumentPart
from app.search import queries as searching
from tests.factories import People, csrf
from tests.library import files
from tests.library.conftest import Librarian


def text_of(client: FlaskClient, address: str, **query: object) -> str:
    answer = client.get(address, query_string=query)
    assert answer.status_code == 200
    return answer.get_data(as_text=True)


def uuid_of(address: str) -> str:
    return address.rsplit("/", 1)[1]


# --- who sees what ----------------------------------------------------------------------


@pytest.fixture
def branches(people: People) -> dict[str, int]:
    north, south = people.branch("North"), people.branch("South")
    return {"north": north, "south": south, "depot": people.branch("Depot", parent=north)}


@pytest.fixture
def secret(librarian: Librarian, branches: dict[str, int]) -> str:
    """A document for the north alone, in a collection of its own."""
    with librarian.app.app_context(), unit_of_work():
        shelf = service.add_collection("Northern papers")
    return librarian.upload(
        files.pdf("Northern hydrants"),
        "Northern plan.pdf",
        audience="branches",
        branches=branches["north"],
        collection=shelf,
    )


def test_neighbours_neither_see_nor_suspect_a_document(
    people: People, branches: dict[str, int], secret: str
) -> None:
    for where, sees in (("north", True), ("depot", True), ("south", False)):
        client = people.client(people.member(branch=branches[where]))
        for path in (secret, f"{secret}/download", f"{secret}/state"):
            assert client.get(path, buffered=True).status_code == (200 if sees else 404), (
                where,
                path,
            )
        library = text_of(client, "/library")
        assert ("Northern plan" in library) == sees
        assert ("Northern papers" in library) == sees
        found = text_of(client, "/search", q="hydrants").replace("<mark>", "")
        assert ("Northern plan" in found) == sees
        assert ("Nothing found" in found) != sees


def test_a_hidden_collection_is_not_there(
    people: People, branches: dict[str, int], secret: str
) -> None:
    north = people.client(people.member(branch=branches["north"]))
    south = people.client(people.member(branch=branches["south"]))
    assert north.get("/library?collection=1").status_code == 200
    assert south.get("/library?collection=1").status_code == 404
    assert south.get("/library?collection=99").status_code == 404


def test_only_owner_organizers_of_its_branches_and_administrators_change_it(
    people: People, branches: dict[str, int], secret: str, another: Callable[..., Librarian]
) -> None:
    may = {
        "organizer of the north": people.member(organizes=branches["north"]),
        "organizer of all": people.member(organizes=people.root),
        "administrator": people.member(role="administrator"),
    }
    may_not = {
        "organizer of the south": (people.member(organizes=branches["south"]), 404),
        "organizer of the depot": (
            people.member(branch=branches["depot"], organizes=branches["depot"]),
            403,
        ),
        "another trainer": (people.member(role="trainer", branch=branches["north"]), 403),
        "a member": (people.member(branch=branches["north"]), 404),
    }
    for who, number in may.items():
        assert people.client(number).get(f"{secret}/edit").status_code == 200, who
    for who, (number, status) in may_not.items():
        assert people.client(number).get(f"{secret}/edit").status_code == status, who


def test_organizers_of_a_part_do_not_change_what_is_for_everybody(
    people: People, librarian: Librarian, branches: dict[str, int]
) -> None:
    address = librarian.upload(files.pdf("For all"), "All.pdf")
    organizer = people.client(people.member(organizes=branches["north"]))
    assert organizer.get(address).status_code == 200
    assert organizer.get(f"{address}/edit").status_code == 403
    assert librarian.client.get(f"{address}/edit").status_code == 200


def test_what_is_for_no_branch_is_no_organizers(
    app: Flask, people: People, branches: dict[str, int], secret: str
) -> None:
    organizer = people.client(people.member(organizes=branches["north"]))
    assert organizer.get(secret).status_code == 200
    with app.app_context(), unit_of_work():
        db.session().execute(delete(DocumentBranch))
    assert organizer.get(secret).status_code == 404
    assert organizer.get(f"{secret}/edit").status_code == 404
    administrator = people.client(people.member(role="administrator"))
    assert administrator.get(f"{secret}/edit").status_code == 200


def test_an_audience_of_nobody_or_of_unknown_branches_is_refused(librarian: Librarian) -> None:
    answer = librarian.send(b"words", audience="branches")
    assert answer.status_code == 422
    assert "Choose at least one branch" in answer.json["error"]
    assert librarian.send(b"words", audience="branches", branches=999).status_code == 404
    assert librarian.send(b"words", collection=999).status_code == 404
    assert librarian.send(b"words").status_code == 200


# --- downloading ------------------------------------------------------------------------


def test_a_download_is_an_attachment_that_runs_nothing(
    librarian: Librarian, member: FlaskClient
) -> None:
    data = files.pdf("Hydrants")
    address = librarian.upload(data, "安全 报告.pdf")
    answer = member.get(f"{address}/download", buffered=True)
    assert answer.data == data
    headers = answer.headers
    assert headers["Content-Security-Policy"] == "sandbox; default-src 'none'"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Cache-Control"] == "private, no-store"
    assert headers["Cross-Origin-Resource-Policy"] == "same-origin"
    disposition = headers["Content-Disposition"]
    assert disposition.startswith("attachment")
    assert "filename*=UTF-8''%E5%AE%89%E5%85%A8%20%E6%8A%A5%E5%91%8A.pdf" in disposition


def test_a_download_goes_on_where_it_broke_off(librarian: Librarian, member: FlaskClient) -> None:
    data = files.pdf("Hydrants")
    address = librarian.upload(data)
    answer = member.get(f"{address}/download", headers={"Range": "bytes=10-19"}, buffered=True)
    assert answer.status_code == 206
    assert answer.data == data[10:20]
    assert (
        member.get(
            f"{address}/download", headers={"Range": "bytes=99999-"}, buffered=True
        ).status_code
        == 416
    )


def test_a_text_is_never_sent_as_a_page(librarian: Librarian, member: FlaskClient) -> None:
    address = librarian.upload(b"words <script>alert(1)</script>", "a.txt")
    assert (
        member.get(f"{address}/download", buffered=True).headers["Content-Type"]
        == "text/plain; charset=utf-8"
    )


@pytest.mark.parametrize("uuid", ["x", "0" * 32, "../../etc/passwd", "%2e%2e", "é"])
def test_what_is_not_there_is_not_there(member: FlaskClient, uuid: str) -> None:
    for path in ("", "/download", "/state"):
        assert member.get(f"/library/{uuid}{path}").status_code == 404


# --- changing ---------------------------------------------------------------------------


def test_editing_reaches_the_page_the_list_and_the_search(
    people: People, librarian: Librarian, branches: dict[str, int]
) -> None:
    address = librarian.upload(files.pdf("Hydrants"), "Draft.pdf")
    south = people.client(people.member(branch=branches["south"]))
    assert "Draft" in text_of(south, "/library")
    answer = librarian.post(
        f"{address}/edit",
        title="Inspection plan",
        collection=0,
        audience="branches",
        branches=[branches["north"]],
    )
    assert answer.status_code == 302
    run_pending(librarian.app)
    north = people.client(people.member(branch=branches["north"]))
    assert "Inspection plan" in text_of(north, address)
    assert "Inspection <mark>plan</mark>" in text_of(north, "/search", q="plan")
    assert south.get(address).status_code == 404
    assert "Inspection" not in text_of(south, "/search", q="hydrants")


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"title": " ", "audience": "all"}, "title"),
        ({"title": "Good", "audience": "branches"}, "Choose at least one branch"),
        ({"title": "Good", "audience": "some"}, "valid choice"),
    ],
)
def test_a_bad_edit_comes_back_and_changes_nothing(
    librarian: Librarian, fields: dict, sentence: str
) -> None:
    address = librarian.upload(files.pdf("Hydrants"), "Draft.pdf")
    answer = librarian.post(f"{address}/edit", collection=0, **fields)
    assert answer.status_code == 422
    assert sentence in answer.get_data(as_text=True)
    assert "Draft" in text_of(librarian.client, address)
    good = librarian.post(f"{address}/edit", collection=0, title="Good", audience="all")
    assert good.status_code == 302


def test_replacing_keeps_the_address_and_the_old_version(
    librarian: Librarian, member: FlaskClient
) -> None:
    address = librarian.upload(files.pdf("Ancient words"), "Plan.pdf")
    answer = librarian.send(files.pdf("Modern words"), "Plan 2.pdf", to=f"{address}/replace")
    assert answer.json["url"] == address
    run_pending(librarian.app)
    assert "Modern words" in text_of(member, address)
    assert "Modern <mark>words</mark>" in text_of(member, "/search", q="words")
    assert "Nothing found" in text_of(member, "/search", q="ancient")
    assert b"Modern" in member.get(f"{address}/download", buffered=True).data
    assert b"Ancient" in librarian.client.get(f"{address}/download?version=1", buffered=True).data
    assert member.get(f"{address}/download?version=1", buffered=True).status_code == 404
    assert "Earlier versions" in text_of(librarian.client, address)
    assert "Earlier versions" not in text_of(member, address)


def test_replacing_with_the_same_file_is_said(librarian: Librarian) -> None:
    address = librarian.upload(files.pdf("Words"), "Plan.pdf")
    answer = librarian.send(files.pdf("Words"), "Plan.pdf", to=f"{address}/replace")
    assert answer.status_code == 409
    answer = librarian.send(files.pdf("Other"), "Plan.pdf", to=f"{address}/replace")
    assert answer.status_code == 200


def test_strangers_cannot_replace_and_leave_nothing(
    app: Flask, librarian: Librarian, another: Callable[..., Librarian]
) -> None:
    address = librarian.upload(files.pdf("Words"), "Plan.pdf")
    answer = another().send(files.pdf("Evil"), "Plan.pdf", to=f"{address}/replace")
    assert answer.status_code == 403
    folder: Path = app.extensions["weike"].library_dir
    assert {path.name for path in folder.rglob("*") if path.is_file()} == {"1.pdf", "1.cover.jpg"}


def test_deleting_removes_rows_text_index_and_file(
    app: Flask, librarian: Librarian, member: FlaskClient
) -> None:
    address = librarian.upload(files.pdf("Hydrants"), "Plan.pdf")
    librarian.upload(files.pdf("Hydrants remain"), "Kept.pdf")
    page = text_of(librarian.client, address)
    assert "It cannot be brought back" in page
    assert librarian.post(f"{address}/delete").status_code == 302
    # Gone at once, before the worker has heard of it …
    found = text_of(member, "/search", q="hydrants")
    assert "Plan" not in found
    assert "Kept" in found
    run_pending(app)
    # … and from the index itself.
    with app.app_context():
        held = app.extensions["search"].revisions()
        assert len(held) == searching.thing_count() == 1
        assert searching.passage_count() == 1
        db.session.rollback()
    assert member.get(address).status_code == 404
    folder: Path = app.extensions["weike"].library_dir
    left = {path.parent for path in folder.rglob("*") if path.is_file()}
    assert len(left) == 1  # the other document, with its cover


def test_a_deleted_document_leaves_nothing_behind(
    app: Flask, librarian: Librarian, member: FlaskClient
) -> None:
    """Versions, covers, places, notes and lists go with it, and so does every word of its text."""
    address = librarian.upload(files.pdf("Zanzibar one"), "Plan.pdf")
    kept = librarian.upload(files.pdf("Hydrants remain"), "Kept.pdf")
    assert librarian.send(files.pdf("Zanzibar two"), "b.pdf", to=f"{address}/replace").json["url"]
    run_pending(app)
    assert "Zanzibar two" in text_of(member, address)
    headers = csrf(member)
    for path, fields in (
        ("notes", {"anchor": "p1", "quote": "Zanzibar two", "text": "Zanzibar!"}),
        ("list", {"title": "To read"}),
        ("place", {"anchor": "p1"}),
    ):
        answer = member.post(f"{address}/{path}", data=fields, headers=headers)
        assert answer.status_code in {204, 302}, path

    def found() -> set[str]:
        """Tables with a word of the document, its address or its number; but the log of acts
        says for good who deleted which document."""
        tables = set()
        with app.app_context():
            for table in db.metadata.sorted_tables:
                for row in db.session.execute(table.select()).mappings():
                    said = repr(tuple(row.values())).casefold()
                    is_named = uuid_of(address) in said and table.name != "audit"
                    if "zanzibar" in said or is_named:
                        tables.add(table.name)
                    if row.get("document_id") == 1:
                        tables.add(table.name)
            db.session.rollback()
        return tables

    assert {"library_note", "library_list_item", "library_file", "library_part"} <= found()
    assert librarian.post(f"{address}/delete").status_code == 302
    run_pending(app)
    assert found() == set()
    folder: Path = app.extensions["weike"].library_dir
    left = {path.parent.name for path in folder.rglob("*") if path.is_file()}
    assert left == {uuid_of(kept)}
    with app.app_context():
        assert "zanzibar" not in app.extensions["search"].snapshot().raw_terms("grams", "zanz", 9)


def test_reading_again_after_a_failure(
    librarian: Librarian, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    from app.library import child

    program = tmp_path / "fails.py"
    program.write_text("raise SystemExit(3)")
    with monkeypatch.context() as patch:
        patch.setattr(child, "PROGRAM", program)
        address = librarian.upload(files.pdf("Hydrants"), "Plan.pdf")
    assert "Read again" in text_of(librarian.client, address)
    assert librarian.post(f"{address}/read-again").status_code == 302
    run_pending(librarian.app)
    assert "Text searchable" in text_of(librarian.client, address)
    assert librarian.post(f"{address}/delete").status_code == 302


def test_a_document_deleted_while_it_is_read_stays_deleted(
    app: Flask, librarian: Librarian, member: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    from app.library import child

    read = child.read

    def and_meanwhile(*args: object, **more: object) -> child.Text:
        text = read(*args, **more)
        librarian.post(f"{address}/delete")
        return text

    address = librarian.send(files.pdf("Hydrants"), "Plan.pdf").json["url"]
    monkeypatch.setattr(child, "read", and_meanwhile)
    run_pending(app)
    assert member.get(address).status_code == 404
    assert "Nothing found" in text_of(member, "/search", q="hydrants")


# --- browsing and collections -----------------------------------------------------------


def test_the_library_is_filtered_by_collection_and_kind(
    librarian: Librarian, member: FlaskClient
) -> None:
    with librarian.app.app_context(), unit_of_work():
        rules = service.add_collection("Regulations")
        fire = service.add_collection("Fire", parent_id=rules)
        service.add_collection("Empty one")
    librarian.upload(files.pdf("one"), "Hydrants.pdf", collection=fire)
    librarian.upload(b"two", "Overtime.txt", collection=rules)
    librarian.upload(b"three", "Loose.txt")
    everything = text_of(member, "/library")
    for name in ("Hydrants", "Overtime", "Loose", "Regulations", "Fire"):
        assert name in everything
    assert "Empty one" not in everything
    assert "Empty one" in text_of(librarian.client, "/library")
    below = text_of(member, "/library", collection=rules)
    assert "Hydrants" in below
    assert "Overtime" in below
    assert "Loose" not in below
    assert "Overtime" not in text_of(member, "/library", collection=fire)
    pdfs = text_of(member, "/library", kind="pdf")
    assert "Hydrants" in pdfs
    assert "Loose" not in pdfs


def test_long_lists_come_in_pages(app: Flask, librarian: Librarian, member: FlaskClient) -> None:
    for number in range(23):
        librarian.send(f"text {number}".encode(), f"Paper {number:02}.txt")
    first, second = text_of(member, "/library"), text_of(member, "/library", page=2)
    assert "Page 1 of 2" in first
    assert first.count("Paper ") + second.count("Paper ") == 23
    assert member.get("/library?page=-1").status_code == 200
    assert member.get("/library?page=999").status_code == 200


def test_collections_are_made_moved_renamed_and_deleted(librarian: Librarian) -> None:
    for name, parent in (("Theory", 0), ("Classics", 1), ("Cases", 0)):
        answer = librarian.post("/library/collections", name=name, parent=parent)
        assert answer.status_code == 302
    with librarian.app.app_context():
        assert queries.collection_choices() == [
            (1, "Theory"),
            (2, "\u2003Classics"),
            (3, "Cases"),
        ]
        db.session.rollback()
    librarian.post("/library/collections/3/move", to="up")
    librarian.post("/library/collections/2", name="Old classics", parent=3)
    with librarian.app.app_context():
        assert queries.collection_choices() == [
            (3, "Cases"),
            (2, "\u2003Old classics"),
            (1, "Theory"),
        ]
        db.session.rollback()
    answer = librarian.post("/library/collections/3/delete")
    assert answer.location == "/library/collections/3"  # where it is said, and what holds it
    assert "not empty" in librarian.client.get(answer.location).get_data(as_text=True)
    for number in (2, 3):
        answer = librarian.post(f"/library/collections/{number}/delete")
        assert answer.location == "/library/collections"


@pytest.mark.parametrize(
    ("path", "fields", "sentence"),
    [
        ("/library/collections", {"name": "Theory", "parent": 0}, "already"),
        ("/library/collections", {"name": " ", "parent": 0}, "required"),
        ("/library/collections/1", {"name": "Theory", "parent": 1}, "five levels"),
        ("/library/collections/1", {"name": "Theory", "parent": 2}, "five levels"),
        ("/library/collections/2", {"name": "X", "parent": 99}, "valid choice"),
    ],
)
def test_a_tree_stays_a_tree(librarian: Librarian, path: str, fields: dict, sentence: str) -> None:
    librarian.post("/library/collections", name="Theory", parent=0)
    librarian.post("/library/collections", name="Classics", parent=1)
    answer = librarian.post(path, **fields)
    assert answer.status_code == 422
    assert sentence in answer.get_data(as_text=True)


def test_collections_nest_five_levels_and_no_more(librarian: Librarian) -> None:
    for level in range(5):
        assert (
            librarian.post("/library/collections", name=f"L{level}", parent=level).status_code
            == 302
        )
    answer = librarian.post("/library/collections", name="L5", parent=5)
    assert answer.status_code == 422


def test_sweeping_deletes_what_belongs_to_no_document(app: Flask, librarian: Librarian) -> None:
    librarian.upload(files.pdf("Hydrants"), "Plan.pdf")
    folder: Path = app.extensions["weike"].library_dir
    orphan = folder / "ab" / ("ab" * 16) / "1.pdf"
    orphan.parent.mkdir(parents=True)
    orphan.write_bytes(b"x")
    (folder / ".arriving" / "left").write_bytes(b"x")
    runner = app.test_cli_runner()
    assert "0 files deleted" in runner.invoke(args=["library", "sweep"]).output
    assert "2 files deleted" in runner.invoke(args=["library", "sweep", "--hours", "0"]).output
    assert {path.name for path in folder.rglob("*") if path.is_file()} == {"1.pdf", "1.cover.jpg"}


def test_every_document_can_be_put_into_the_index_again(
    app: Flask, librarian: Librarian, member: FlaskClient
) -> None:
    address = librarian.upload(files.pdf("Hydrants"), "Plan.pdf")
    assert "1 documents" in app.test_cli_runner().invoke(args=["library", "reindex"]).output
    assert "Plan" in text_of(member, "/search", q="hydrants")
    with app.app_context(), unit_of_work() as session:
        session.query(DocumentPart).one().text = "as it was read once"
    for kind, count in (("md", 0), ("pdf", 1), ("pdf", 0)):  # at last it waits already
        said = app.test_cli_runner().invoke(args=["library", "read-again", "--kind", kind]).output
        assert f"{count} documents" in said
    run_pending(app)
    assert "as it was read once" not in text_of(member, address)
    assert "Plan" in text_of(member, "/search", q="hydrants")
