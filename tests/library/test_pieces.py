"""Large documents come in pieces by tus, which the media room receives."""

from __future__ import annotations

import base64
from collections.abc import Callable
from pathlib import Path

import pytest
from flask import Flask
from playwright.sync_api import expect
from werkzeug.test import TestResponse

from app.core.jobs import run_pending
from app.media import service as media
from tests.factories import People
from tests.library import files
from tests.library.conftest import Librarian
from tests.live import DESKTOP, Site, Window

PIECE = "application/offset+octet-stream"


def pieces(librarian: Librarian, data: bytes, name: str, *, of: int = 2) -> str:
    """Send a file in pieces; the name that the upload has on the server."""
    headers = librarian.headers | {"Tus-Resumable": "1.0.0"}
    said = f"filename {base64.b64encode(name.encode()).decode()}"
    begun = librarian.client.post(
        "/media/tus",
        headers=headers | {"Upload-Length": str(len(data)), "Upload-Metadata": said},
    )
    address = begun.headers["Location"]
    size = -(-len(data) // of)
    for at in range(0, len(data), size):
        sent = librarian.client.patch(
            address,
            data=data[at : at + size],
            content_type=PIECE,
            headers=headers | {"Upload-Offset": str(at)},
        )
        assert sent.status_code == 204, sent.get_data(as_text=True)
    return address.rsplit("/", 1)[1]


def keep(librarian: Librarian, name: str, **query: object) -> TestResponse:
    answer = librarian.client.post(
        f"/library/upload/{name}", query_string=query, headers=librarian.headers
    )
    run_pending(librarian.app)
    return answer


def left(app: Flask) -> int:
    with app.app_context():
        return len(media.partials().all())


def test_a_document_in_pieces_is_kept_once_however_often_one_asks(
    app: Flask, librarian: Librarian, people: People
) -> None:
    name = pieces(librarian, files.pdf("Hydrant pages"), "Plan.pdf", of=3)
    another = Librarian(app, people)
    assert keep(another, name).status_code == 404  # not theirs
    first = keep(librarian, name)
    assert (first.status_code, first.json["title"]) == (200, "Plan")
    again = keep(librarian, name)
    assert again.json == first.json
    assert left(app) == 0
    member = people.client(people.member())
    assert first.json["url"] in member.get("/search?q=hydrant").get_data(as_text=True)


def test_the_form_is_obeyed_and_a_zip_file_is_taken_apart(
    app: Flask, librarian: Librarian, people: People
) -> None:
    north = people.branch("North")
    package = files.packed({"One.txt": "The first text of all.", "Bad.exe": b"MZ\x00\x01"})
    answer = keep(
        librarian, pieces(librarian, package, "both.zip"), audience="branches", branches=north
    )
    assert {each["name"]: "error" in each for each in answer.json["files"]} == {
        "One.txt": False,
        "Bad.exe": True,
    }
    assert left(app) == 0
    url = next(each["url"] for each in answer.json["files"] if "url" in each)
    assert people.client(people.member(branch=north)).get(url).status_code == 200
    assert people.client(people.member(branch=people.branch())).get(url).status_code == 404


def test_what_is_no_document_or_not_whole_is_refused(app: Flask, librarian: Librarian) -> None:
    refused = keep(librarian, pieces(librarian, b"MZ\x00\x01" * 50, "Program.pdf"))
    assert refused.status_code == 422
    assert refused.json["error"]
    assert left(app) == 0
    headers = librarian.headers | {"Tus-Resumable": "1.0.0", "Upload-Length": "100"}
    begun = librarian.client.post("/media/tus", headers=headers)
    name = begun.headers["Location"].rsplit("/", 1)[1]
    assert keep(librarian, name).status_code == 409
    for nonsense in ("0" * 32, "..%2f..%2fetc", "x"):
        assert keep(librarian, nonsense).status_code == 404


def test_organizers_send_in_pieces_and_a_newer_version_goes_so_too(
    app: Flask, people: People, another: Callable[..., Librarian]
) -> None:
    north = people.branch("North")
    organizer = another(branch=north, role=None, organizes=north)
    name = pieces(organizer, files.pdf("Hydrant pages"), "Plan.pdf")
    address = keep(organizer, name, audience="branches", branches=north).json["url"]
    newer = pieces(organizer, files.pdf("Ladder pages"), "Plan.pdf")
    for other in (another(), another(branch=north, role=None, organizes=north)):
        assert replace(other, address, newer).status_code == 404
    answers = [replace(organizer, address, newer, version=1) for _ in range(2)]
    assert [each.status_code for each in answers] == [200, 200]  # the second for a lost answer
    assert replace(organizer, address, newer, version=2).status_code == 404
    assert left(app) == 0
    member = people.client(people.member(branch=north))
    assert "Ladder pages" in member.get(address).get_data(as_text=True)
    foreign = pieces(organizer, files.pdf("Third pages"), "Plan.pdf")
    elsewhere = another().upload(b"of a trainer", "b.txt")
    assert replace(organizer, elsewhere, foreign).status_code == 403
    arriving = app.extensions["weike"].library_dir / ".arriving"
    assert list(arriving.iterdir()) == []


def replace(librarian: Librarian, address: str, name: str, **query: object) -> TestResponse:
    answer = librarian.client.post(
        f"{address}/replace/{name}", query_string=query, headers=librarian.headers
    )
    run_pending(librarian.app)
    return answer


@pytest.mark.browser
def test_a_large_file_goes_in_pieces_from_the_page(
    site: Site, window: Callable[..., Window], tmp_path: Path
) -> None:
    file = tmp_path / "Large plan.pdf"
    file.write_bytes(files.pdf("Hydrants at large") + b"%" + b"x" * 9_000_000 + b"\n")
    trainer = window(viewport=DESKTOP)
    trainer.sign_in(site.people.member(role="trainer"))
    page = trainer.page
    page.goto("/library/upload")
    with page.expect_response("**/library/upload/*") as kept:
        page.set_input_files("#files", str(file))
    assert kept.value.ok
    expect(page.get_by_role("link", name="Large plan")).to_be_visible()
    assert trainer.problems == []
