"""What may come in, what is refused with which sentence, and what becomes of it."""

from __future__ import annotations

import io
import json
import random
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from app import create_app
from app.core.db import db
from app.core.jobs import run_pending
from app.library.rules import Kind, display_name
from config import Config
from tests.factories import People
from tests.library import files
from tests.library.conftest import Librarian


def stored(app: Flask) -> list[Path]:
    folder = app.extensions["weike"].library_dir
    return sorted(path for path in folder.rglob("*") if path.is_file()) if folder.is_dir() else []


def document_page(client: FlaskClient, address: str) -> str:
    answer = client.get(address)
    assert answer.status_code == 200
    return answer.get_data(as_text=True)


def fetch(client: FlaskClient, address: str) -> TestResponse:
    """A download, read to its end and closed."""
    return client.get(f"{address}/download", buffered=True)


def zipped(**parts: bytes) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as package:
        for name, content in parts.items():
            package.writestr(name, content)
    return buffer.getvalue()


MACROS = files.repacked(
    files.word("x"),
    {
        "[Content_Types].xml": b"<Types><Override ContentType="
        b'"application/vnd.ms-word.document.macroEnabled.main+xml"/></Types>'
    },
)
OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\x00" * 3000
REFUSED = {
    "empty": (b"", "a.pdf", "empty"),
    "html named pdf": (b"<!DOCTYPE html><script>alert(1)</script>", "a.pdf", "no document"),
    "html with a pdf head below": (b"<html>%PDF-1.4", "a.pdf", "no document"),
    "html in utf-16": ("<html><script>".encode("utf-16"), "a.txt", "no document"),
    "svg": (b'<?xml version="1.0"?><svg onload="alert(1)"/>', "a.txt", "no document"),
    "web archive": (b"MIME-Version: 1.0\nContent-Type: multipart/related", "a.txt", "no document"),
    "web archive of Chromium": (
        (
            b"From: <Saved by Blink>\r\nSnapshot-Content-Location: https://a.example/\r\n"
            b"Subject: =?utf-8?Q?x?=\r\nDate: Mon, 1 Jan 2024\r\nMIME-Version: 1.0\r\n"
            b'Content-Type: multipart/related;\r\n\ttype="text/html"\r\n\r\n<html><script>'
        ),
        "a.mht",
        "no document",
    ),
    "web archive of Word named doc": (
        b'\xef\xbb\xbfX-Document-Type: Workbook\nContent-Type: multipart/related; boundary="b"\n',
        "a.doc",
        "no document",
    ),
    "picture": (b"GIF89a" + bytes(100), "a.pdf", "no document"),
    "program": (b"MZ" + bytes(200), "a.docx", "no document"),
    "other zip": (zipped(readme=b"hello"), "a.docx", "no document"),
    "cut off": (files.word("x")[:-300], "a.docx", "damaged"),
    "macros": (MACROS, "a.docx", "macros"),
    "old word": (OLE, "a.doc", "old Office"),
    "old word with macros": (files.old_office("WordDocument", "Macros"), "a.doc", "macros"),
    "an old workbook in a broken list": (OLE[:512] + b"\x01" * 900, "a.xls", "old Office"),
    "locked word": (files.old_office("EncryptionInfo", "EncryptedPackage"), "a.docx", "password"),
}


def test_what_is_no_document_is_refused_and_leaves_nothing(
    app: Flask, librarian: Librarian
) -> None:
    for case, (data, name, sentence) in REFUSED.items():
        answer = librarian.send(data, name)
        assert answer.status_code == 422, case
        assert sentence in answer.json["error"], case
        assert stored(app) == [], case
    assert librarian.send(files.word("x"), "a.docx").status_code == 200


def test_the_kind_is_told_by_the_content_not_by_the_name(
    librarian: Librarian, member: FlaskClient
) -> None:
    address = librarian.upload(files.pdf("Hydrants"), "report.docx")
    answer = fetch(member, address)
    assert answer.mimetype == "application/pdf"
    assert "filename=report.pdf" in answer.headers["Content-Disposition"]


def with_entry(name: str, content: bytes = b"x", *, link: bool = False) -> bytes:
    buffer = io.BytesIO(files.word("harmless words"))
    with zipfile.ZipFile(buffer, "a") as package:
        entry = zipfile.ZipInfo(name)
        if link:
            entry.external_attr = 0xA1FF << 16
        package.writestr(entry, content)
    return buffer.getvalue()


def many_entries() -> bytes:
    buffer = io.BytesIO(files.word("harmless words"))
    with zipfile.ZipFile(buffer, "a") as package:
        for number in range(2_100):
            package.writestr(f"word/media/{number}.txt", b"")
    return buffer.getvalue()


def entity(encoding: str = "utf-8") -> bytes:
    text = (
        f'<?xml version="1.0" encoding="{encoding}"?><!DOCTYPE d [<!ENTITY x SYSTEM '
        '"file:///etc/passwd">]><w:document xmlns:w="http://schemas.openxmlformats.org/'
        'wordprocessingml/2006/main"><w:body><w:p><w:r><w:t>&x;</w:t></w:r></w:p></w:body>'
        "</w:document>"
    )
    return files.repacked(files.word("x"), {"word/document.xml": text.encode(encoding)})


def encrypted_entry() -> bytes:
    data = bytearray(with_entry("word/secret.xml", b"<x/>"))
    for magic, place in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        at = data.rfind(magic)
        data[at + place] |= 1
    return bytes(data)


UNREADABLE = {
    "bomb": (files.bomb, "far more than it seems"),
    "many entries": (many_entries, "far more than it seems"),
    "path upwards": (lambda: with_entry("../../etc/evil"), "no Office program"),
    "absolute path": (lambda: with_entry("/etc/evil"), "no Office program"),
    "path for Windows": (lambda: with_entry("..\\..\\evil"), "no Office program"),
    "link": (lambda: with_entry("word/link", b"/etc/passwd", link=True), "no Office program"),
    "entity": (entity, "no Office program"),
    "entity in utf-16": (lambda: entity("utf-16"), "no Office program"),
    "encrypted part": (encrypted_entry, "password"),
    "broken xml": (
        lambda: files.repacked(files.word("x"), {"word/document.xml": b"<w:document><"}),
        "damaged",
    ),
    "password pdf": (lambda: files.pdf("secret", encrypted=True), "password"),
    "scanned pdf": (lambda: files.pdf("", ""), "no text"),
    "broken pdf": (lambda: b"%PDF-1.4\n" + b"garbage " * 50, "damaged"),
    "pdf without pages": (files.pdf, "text"),
}


def test_a_bad_document_harms_only_itself(
    librarian: Librarian, member: FlaskClient, tmp_path: Path
) -> None:
    for case, (make, sentence) in UNREADABLE.items():
        data = make()
        name = f"{case}.pdf" if "pdf" in case else f"{case}.docx"
        address = librarian.upload(data, name)
        text = document_page(member, address)
        assert "Text not searchable" in text, case
        assert sentence in text, case
        assert fetch(member, address).data == data, case
        assert address in document_page(member, f"/search?q={case}"), case
    assert not list(tmp_path.rglob("evil"))


def test_the_shared_password_sample_says_so(
    librarian: Librarian, member: FlaskClient, samples: Path
) -> None:
    data = (samples / "documents" / "password.pdf").read_bytes()
    assert "protected by a password" in document_page(member, librarian.upload(data, "p.pdf"))


def test_a_hanging_document_is_given_up(
    app: Flask, librarian: Librarian, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    from app.library import child

    program = tmp_path / "hangs.py"
    program.write_text("import time\ntime.sleep(60)\n")
    monkeypatch.setattr(child, "PROGRAM", program)
    monkeypatch.setattr(child, "LEASH", replace(child.LEASH, wall=0.5))
    text = document_page(librarian.client, librarian.upload(files.pdf("x"), "slow.pdf"))
    assert "takes too long" in text


def test_a_greedy_document_is_given_up(
    librarian: Librarian, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    from app.library import child

    program = tmp_path / "eats.py"
    program.write_text("data = []\nwhile True: data.append(bytearray(50_000_000))\n")
    monkeypatch.setattr(child, "PROGRAM", program)
    text = document_page(librarian.client, librarian.upload(files.pdf("x"), "big.pdf"))
    assert "too much memory" in text


def test_a_worker_that_dies_leaves_nothing_stuck(
    app: Flask, librarian: Librarian, monkeypatch: pytest.MonkeyPatch
) -> None:
    from app.library import service

    real = service.finish_reading

    def die(*_: object, **__: object) -> None:
        raise SystemExit

    monkeypatch.setattr(service, "finish_reading", die)
    answer = librarian.send(files.pdf("Hydrants"), "a.pdf")
    with pytest.raises(SystemExit):
        run_pending(app)
    address = answer.json["url"]
    assert "Text is being read" in document_page(librarian.client, address)
    monkeypatch.setattr(service, "finish_reading", real)
    from tests.search.test_index import later

    later(app)
    assert "Text searchable" in document_page(librarian.client, address)


def test_documents_may_be_larger_than_forms(librarian: Librarian) -> None:
    large = b"hydrant\n" * 500_000
    assert len(large) > 3 * librarian.app.config["MAX_CONTENT_LENGTH"]
    address = librarian.send(large).json["url"]
    answer = librarian.send(large[:-2] + b"s\n", to=f"{address}/replace")
    assert answer.status_code == 200, answer.get_data(as_text=True)
    package = files.packed({"large.txt": random.Random(7).randbytes(2_000_000).hex().encode()})
    assert len(package) > librarian.app.config["MAX_CONTENT_LENGTH"]
    results = {each["name"]: each for each in librarian.send(package, "many.zip").json["files"]}
    assert "url" in results["large.txt"]


def test_too_large_a_file_is_refused_before_and_while_it_comes(
    app: Flask, config: Config, people: People
) -> None:
    small = create_app(replace(config, document_limit=1000))
    librarian = Librarian(small, People(small))
    answer = librarian.send(b"x" * 1001)
    assert answer.status_code == 413
    assert "larger than" in answer.json["error"]
    stream = io.BytesIO(b"x" * 5000)
    answer = librarian.client.post(
        "/library/upload?filename=a.txt",
        input_stream=stream,
        headers=librarian.headers,
        environ_overrides={"wsgi.input_terminated": True, "CONTENT_LENGTH": ""},
    )
    assert answer.status_code == 413
    assert stored(small) == []
    assert librarian.send(b"x" * 1000).status_code == 200
    with small.app_context():
        db.engine.dispose()


def test_five_hundred_megabytes_are_refused_unread(app: Flask, librarian: Librarian) -> None:
    class Unread(io.BytesIO):
        def read(self, size: int | None = -1, /) -> bytes:
            raise AssertionError("somebody read what was announced to be too large")

    size = 500 * 1024 * 1024
    assert size > app.extensions["weike"].document_limit
    answer = librarian.client.post(
        "/library/upload?filename=a.pptx",
        input_stream=Unread(b"PK"),
        headers=librarian.headers,
        environ_overrides={"CONTENT_LENGTH": str(size)},
    )
    assert answer.status_code == 413
    assert answer.json["error"] == "This is too large to send: at most 200 MB."
    assert stored(app) == []


def test_an_upload_that_breaks_off_leaves_nothing(app: Flask, librarian: Librarian) -> None:
    answer = librarian.client.post(
        "/library/upload?filename=a.txt",
        input_stream=io.BytesIO(b"half"),
        headers=librarian.headers,
        environ_overrides={"CONTENT_LENGTH": "5000"},
    )
    assert answer.status_code == 422
    assert "broke off" in answer.json["error"]
    assert stored(app) == []


def test_a_full_disk_is_said(app: Flask, config: Config, people: People) -> None:
    full = create_app(replace(config, disk_reserve=10**18))
    librarian = Librarian(full, People(full))
    answer = librarian.send(b"hello")
    assert answer.status_code == 507
    assert "no room" in answer.json["error"]
    with full.app_context():
        db.engine.dispose()


def test_the_same_file_twice_is_said(librarian: Librarian) -> None:
    librarian.upload(files.pdf("Hydrants"), "One.pdf")
    answer = librarian.send(files.pdf("Hydrants"), "Two.pdf")
    assert answer.status_code == 409
    assert "“One”" in answer.json["error"]


def test_the_same_file_of_a_neighbour_is_not_betrayed(
    people: People, another: type[Librarian]
) -> None:
    north, south = people.branch("North"), people.branch("South")
    one = another(branch=north)
    one.upload(files.pdf("Secret"), "Secret plan.pdf", audience="branches", branches=north)
    answer = another(branch=south).send(files.pdf("Secret"), "Mine.pdf")
    assert answer.status_code == 200
    assert "Secret plan" not in answer.get_data(as_text=True)


NAMES = {
    "a" * 300 + ".pdf": "a" * 120 + ".pdf",
    "..\\..\\x.pdf": "x.pdf",
    "../../etc/passwd": "etc passwd.pdf",
    "con.txt": "con.pdf",
    "invoice\u202efdp.exe": "invoicefdp.exe.pdf",
    "new\nline.pdf": "new line.pdf",
    'quo"te.pdf': "quo te.pdf",
    "nul\x00.pdf": "nul.pdf",
    "😀.pdf": "😀.pdf",
    "Cafe\u0301.pdf": "Café.pdf",
    "": "document.pdf",
    ".pdf": "document.pdf",
    "报告（终稿）.pdf": "报告（终稿）.pdf",
    "a.pdf.html": "a.pdf.html.pdf",
}


def test_a_strange_name_is_tamed(librarian: Librarian, member: FlaskClient) -> None:
    for number, (name, tame) in enumerate(NAMES.items()):
        assert display_name(name, Kind.PDF) == tame
        address = librarian.send(files.pdf(f"{number}"), name).json["url"]
        disposition = fetch(member, address).headers["Content-Disposition"]
        assert disposition.startswith("attachment; filename")
        assert "\n" not in disposition


def test_an_upload_needs_the_token_and_a_page_of_ours(librarian: Librarian) -> None:
    for headers in (
        {},
        {"X-CSRFToken": "wrong"},
        librarian.headers | {"Sec-Fetch-Site": "cross-site"},
    ):
        answer = librarian.client.post("/library/upload?filename=a.txt", data=b"x", headers=headers)
        assert answer.status_code in {400, 403}
    assert librarian.send(b"words").status_code == 200


def test_members_cannot_upload(people: People, member: FlaskClient) -> None:
    assert member.get("/library/upload").status_code == 404
    organizer = people.client(people.member(organizes=people.branch()))
    assert organizer.get("/library/upload").status_code == 200


def test_the_answer_to_an_upload_leads_on(librarian: Librarian) -> None:
    answer = librarian.send(files.pdf("Hydrants"), "Fire_safety plan.pdf")
    facts = json.loads(answer.data)
    assert facts["title"] == "Fire safety plan"
    state = librarian.client.get(facts["state_url"])
    assert "every 2s" in state.get_data(as_text=True)
    assert "HX-Trigger" not in state.headers
    run_pending(librarian.app)
    state = librarian.client.get(facts["state_url"])
    assert "every 2s" not in state.get_data(as_text=True)
    assert state.headers["HX-Trigger"] == "weike:document-read"
