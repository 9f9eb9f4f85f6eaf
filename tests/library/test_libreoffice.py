"""LibreOffice itself, where it is installed: real old files, and what hostile ones get from it."""

from __future__ import annotations

import io
import os
import shutil
import socket
import threading
import zipfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from PIL import Image

from app.library import child, libreoffice
from app.library.rules import Kind
from tests.library import files
from tests.library.conftest import Librarian

pytestmark = [
    pytest.mark.skipif(not libreoffice.is_there(), reason="LibreOffice is not installed"),
]


def always() -> bool:
    return True


@pytest.fixture(scope="module")
def old(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a.doc, a.ppt and a.xls, written by LibreOffice."""
    folder = tmp_path_factory.mktemp("old")
    made = {
        "a.docx": files.word("# 梯子安全", "如何扛梯子 ladders", "# Second", "more"),
        "a.pptx": files.slides(("封面", "要点一", "讲稿"), ("Second", "More", "")),
        "a.xlsx": files.sheets(人员=[["姓名", "分"], ["张三", 30]], Second=[["c", None]]),
    }
    for name, data in made.items():
        (folder / name).write_bytes(data)
    for ending in ("doc", "ppt", "xls"):
        scratch = tmp_path_factory.mktemp(ending)
        found = libreoffice.converted(folder / f"a.{ending}x", ending, scratch, always)
        assert found is not None, ending
        shutil.move(found, folder / f"a.{ending}")
    return folder


def test_old_files_are_found_read_and_have_a_cover(
    librarian: Librarian, member: FlaskClient, old: Path
) -> None:
    librarian.use(libreoffice=libreoffice.PROGRAM)
    address = librarian.upload((old / "a.doc").read_bytes(), "扛梯子.doc")
    page = member.get(address).get_data(as_text=True)
    assert "如何扛梯子" in page
    assert 'id="h2"' in page  # by heading, as a new file
    assert f'src="{address}/cover"' in page
    picture = member.get(f"{address}/cover", buffered=True).data
    assert Image.open(io.BytesIO(picture)).height > 100
    found = member.get("/search?q=梯子").get_data(as_text=True)
    assert f"{address}" in found


def test_slides_and_sheets_are_told_apart_and_two_are_converted_at_once(old: Path) -> None:
    with ThreadPoolExecutor(2) as pool:
        reading = [
            pool.submit(child.read, old / f"a.{kind.value}", kind, keep_going=always)
            for kind in (Kind.PPT, Kind.XLS)
        ]
        slides, sheets = (each.result(timeout=180).parts for each in reading)
    assert [(p.anchor, p.label, p.text) for p in slides] == [
        ("s1", "封面", "要点一\n讲稿"),
        ("s2", "Second", "More"),
    ]
    assert [(p.anchor, p.label) for p in sheets] == [("x1", "人员"), ("x2", "Second")]
    assert "张三 | 30" in sheets[0].text


@pytest.fixture
def listener() -> Iterator[tuple[int, list[bytes]]]:
    """A port of this machine, and what was sent to it."""
    heard: list[bytes] = []
    with socket.create_server(("127.0.0.1", 0)) as server:

        def answer() -> None:
            while True:
                try:
                    connection, _ = server.accept()
                except OSError:
                    return
                with connection:
                    heard.append(connection.recv(100))

        threading.Thread(target=answer, daemon=True).start()
        yield server.getsockname()[1], heard
        server.shutdown(socket.SHUT_RDWR)


def hostile(port: int, secret: Path, mark: Path) -> bytes:
    """A text with a macro that runs when it is opened, and with links to here and there."""
    names = "urn:oasis:names:tc:opendocument:xmlns"
    content = f"""<?xml version="1.0"?><office:document-content
      xmlns:office="{names}:office:1.0" xmlns:text="{names}:text:1.0" office:version="1.2"
      xmlns:draw="{names}:drawing:1.0" xmlns:script="{names}:script:1.0"
      xmlns:svg="{names}:svg-compatible:1.0" xmlns:xlink="http://www.w3.org/1999/xlink">
      <office:scripts><office:event-listeners><script:event-listener
        script:language="ooo:script" script:event-name="dom:load"
        xlink:href="vnd.sun.star.script:Standard.A.Main?language=Basic&amp;location=document"/>
      </office:event-listeners></office:scripts>
      <office:body><office:text><text:p>plain words</text:p>
      <text:section text:name="a"><text:section-source xlink:href="file://{secret}"/>
      <text:p>before</text:p></text:section>
      <text:p><draw:frame draw:name="b" text:anchor-type="as-char" svg:width="5cm"
        svg:height="5cm"><draw:image xlink:href="http://127.0.0.1:{port}/picture.png"
        xlink:type="simple" xlink:show="embed" xlink:actuate="onLoad"/></draw:frame></text:p>
      </office:text></office:body></office:document-content>"""
    library = 'xmlns:library="http://openoffice.org/2000/library" library:name="Standard"'
    listed = "".join(
        f'<manifest:file-entry manifest:full-path="{path}" manifest:media-type="{media}"/>'
        for path, media in (
            ("/", "application/vnd.oasis.opendocument.text"),
            ("content.xml", "text/xml"),
            ("Basic/script-lc.xml", "text/xml"),
            ("Basic/Standard/script-lb.xml", "text/xml"),
            ("Basic/Standard/A.xml", "text/xml"),
        )
    )
    program = f"Sub Main\nOpen &quot;{mark}&quot; For Output As #1\nClose #1\nEnd Sub"
    return files.packed(
        {
            "mimetype": b"application/vnd.oasis.opendocument.text",
            "META-INF/manifest.xml": f'<manifest:manifest xmlns:manifest="{names}:manifest:1.0">'
            f"{listed}</manifest:manifest>".encode(),
            "content.xml": content.encode(),
            "Basic/script-lc.xml": f"<library:libraries {library}><library:library {library} "
            'library:link="false"/></library:libraries>'.encode(),
            "Basic/Standard/script-lb.xml": f"<library:library {library}><library:element "
            'library:name="A"/></library:library>'.encode(),
            "Basic/Standard/A.xml": '<script:module xmlns:script="http://openoffice.org/2000/script"'
            f' script:name="A" script:language="StarBasic">{program}</script:module>'.encode(),
        }
    )


@pytest.mark.parametrize("walled", [True, False], ids=["in a cell", "without bubblewrap"])
def test_macros_do_not_run_and_links_are_not_followed(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    listener: tuple[int, list[bytes]],
    walled: bool,
) -> None:
    port, heard = listener
    if not walled:
        no = tmp_path / "bwrap"
        no.write_text("#!/bin/sh\nexit 1\n")
        no.chmod(0o755)
        monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    secret = tmp_path / "secret.odt"
    secret.write_bytes(files.opendocument("text", "<text:p>TOP SECRET</text:p>"))
    scratch = tmp_path / "scratch"
    source = tmp_path / "hostile.odt"
    source.write_bytes(hostile(port, secret, scratch / "ran"))
    scratch.mkdir()
    made = libreoffice.converted(source, "docx", scratch, always)
    assert made is not None
    with zipfile.ZipFile(made) as package:
        text = package.read("word/document.xml").decode()
        assert not [name for name in package.namelist() if name.startswith("word/media/")]
    assert "plain words" in text
    assert "SECRET" not in text
    assert not (scratch / "ran").exists()
    assert heard == []


def test_who_gives_up_leaves_no_process_behind(old: Path, tmp_path: Path) -> None:
    """Also when it hangs: what ends it ends its whole group."""
    seen = False

    def until_it_runs() -> bool:
        nonlocal seen
        seen = seen or running(tmp_path)
        return not seen

    libreoffice.converted(old / "a.xls", "xlsx", tmp_path, until_it_runs)
    assert seen
    assert not running(tmp_path)


def running(folder: Path) -> bool:
    """Whether the large program runs with its profile in this folder."""
    for process in Path("/proc").glob("[0-9]*/cmdline"):
        with suppress(OSError):  # it has just ended
            said = process.read_bytes()
            if b"soffice.bin" in said and bytes(folder) in said:
                return True
    return False


def test_what_it_cannot_open_harms_only_itself(
    librarian: Librarian, member: FlaskClient, old: Path
) -> None:
    librarian.use(libreoffice=libreoffice.PROGRAM)
    whole = (old / "a.doc").read_bytes()
    broken = whole[:1536] + os.urandom(len(whole) - 3072) + whole[-1536:]
    address = librarian.upload(broken, "broken.doc")
    assert member.get(address).status_code == 200
    assert member.get(f"{address}/download", buffered=True).data == broken


def test_the_doctor_says_what_it_adds(app: Flask, librarian: Librarian) -> None:
    without = app.test_cli_runner().invoke(args=["library", "doctor"])
    assert "missing: it would add .doc" in without.output
    assert "apt-get install" in without.output
    librarian.use(libreoffice=libreoffice.PROGRAM)
    told = app.test_cli_runner().invoke(args=["library", "doctor"])
    assert told.exit_code == 0
    assert "adds .doc, .ppt, .xls" in told.output
