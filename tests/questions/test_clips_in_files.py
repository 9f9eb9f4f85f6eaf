"""Pictures and sounds travel with questions: out of the bank, into it, and round again."""

from __future__ import annotations

import base64
import json
import re
from io import BytesIO
from pathlib import Path

import docx
import pytest
from flask import Flask
from flask.testing import FlaskClient
from PIL import Image

from app.core.db import db, unit_of_work
from app.media import service as media
from app.media.models import Image as ImageRow
from app.media.models import Sound
from app.questions import formats, queries, service, types
from app.questions.formats import Saying, archive
from app.questions.service.clips import MOST_CLIPS
from tests.factories import People, csrf
from tests.media.conftest import ffmpeg, tone

CARRY = [name for name, each in formats.FORMATS.items() if getattr(each, "CARRIES", False)]
OPTIONS = [{"text": "A way out", "fraction": "1"}, {"text": "A way in", "fraction": "0"}]


def drawn(colour: str = "teal", kind: str = "PNG", size: tuple[int, int] = (64, 48)) -> bytes:
    out = BytesIO()
    Image.new("RGB", size, colour).save(out, kind)
    return out.getvalue()


def played(folder: Path) -> bytes:
    ffmpeg(*tone(1), str(folder / "tone.mp3"))
    return (folder / "tone.mp3").read_bytes()


@pytest.fixture
def trainer(people: People) -> int:
    return people.member("Trainer One", role="trainer")


@pytest.fixture
def client(people: People, trainer: int) -> FlaskClient:
    return people.client(trainer)


def send(client: FlaskClient, data: bytes, name: str) -> str:
    """Have a file read; returns the page of the import doctor."""
    answer = client.post(
        "/desk/questions/import",
        data={"file": (BytesIO(data), name)},
        headers=csrf(client),
        content_type="multipart/form-data",
    )
    assert answer.status_code == 303, answer.get_data(as_text=True)
    return client.get(answer.headers["Location"]).get_data(as_text=True)


def take(app: Flask, client: FlaskClient) -> queries.Question:
    """Take the first import into the bank; returns its first question."""
    answer = client.post("/desk/questions/import/1/take", headers=csrf(client))
    assert answer.status_code == 303, answer.get_data(as_text=True)
    with app.app_context():
        found = queries.question(queries.question_ids_of(1)[0])
    assert found is not None
    return found


def rows(app: Flask) -> tuple[int, int]:
    with app.app_context():
        session = db.session()
        found = session.query(ImageRow).count(), session.query(Sound).count()
        session.rollback()
    return found


def moodle(text: str, *files: tuple[str, bytes], answer: str = "A way out") -> bytes:
    inside = "".join(
        f'<file name="{name}" path="/" encoding="base64">{base64.b64encode(data).decode()}</file>'
        for name, data in files
    )
    return f"""<?xml version="1.0"?><quiz><question type="multichoice">
<questiontext format="html"><text><![CDATA[{text}]]></text>{inside}</questiontext>
<single>true</single>
<answer fraction="100" format="html"><text><![CDATA[{answer}]]></text></answer>
<answer fraction="0"><text>A way in</text></answer></question></quiz>""".encode()


# --- round again ----------------------------------------------------------------------------------


@pytest.fixture
def bank(app: Flask, trainer: int, tmp_path: Path) -> str:
    """A question with a picture in its text and in an answer, and a sound; returns its stem."""
    with app.app_context():
        picture = media.store_image(BytesIO(drawn(size=(800, 600))))
        sound = media.store_sound(BytesIO(played(tmp_path)), filename="tone.mp3")
        with unit_of_work():
            media.register_image(picture, owner_id=trainer)
            heard = media.register_sound(sound, owner_id=trainer)
            url = f"/media/images/{picture.uuid}/{picture.widths[-1]}.webp"
            stem = f"![A sign]({url})\n\n![Listen]({heard})\n\nWhat is it?"
            options = [
                {"text": f"![this]({url})", "fraction": "1"},
                {"text": "that", "fraction": "0"},
            ]
            service.create(
                kind="single", body={"stem": stem, "options": options}, author_id=trainer
            )
            areas = [{"shape": "rect", "coords": "10,20,30,40", "fraction": "1"}]
            service.create(
                kind="hotspot",
                body={"stem": "Where?", "picture": url, "areas": areas, "alt": "A room"},
                author_id=trainer,
            )
            pairs = [{"left": f"![left]({url})", "right": "one"}, {"left": "b", "right": "two"}]
            service.create(
                kind="matching", body={"stem": "Match.", "pairs": pairs}, author_id=trainer
            )
    return stem


@pytest.mark.parametrize("name", [n for n in CARRY if n != "word"])
def test_what_comes_back_unchanged_is_the_same_question(
    app: Flask, bank: str, tmp_path: Path, name: str
) -> None:
    runner = app.test_cli_runner()
    out = tmp_path / "out.zip"
    made = runner.invoke(args=["questions", "export", str(out), "--format", name, "--json"])
    report = json.loads(made.stdout)
    written = Path(report["file"])
    assert report["exported"] == 3
    assert not [loss for loss in report["losses"] if "only its address" in loss["what"]]
    again = runner.invoke(args=["questions", "import", str(written), "--json"])
    report = json.loads(again.stdout)
    assert report["errors"] == []
    # Moodle has no places on pictures.
    same = [1, 3] if name == "moodle" else [1, 2, 3]
    assert [row["question_id"] for row in report["skipped"]] == same
    assert report["imported"] == []
    assert rows(app) == (1, 1)


@pytest.mark.parametrize("name", CARRY)
def test_on_another_site_the_files_are_kept_anew(
    app: Flask, client: FlaskClient, bank: str, name: str
) -> None:
    with app.app_context():
        sayings = queries.sayings([1])
        data = formats.write(sayings, name, media.clip_data).data
        foreign = formats.write(sayings, name, lambda url: drawn("red", "WEBP")).data
    assert data != foreign
    if name == "word":
        data = foreign
    with app.app_context():
        before = {row.uuid for row in db.session().query(ImageRow)}
        db.session().rollback()
    # As if this site had never seen the picture.
    page = send(client, foreign, f"x{formats.FORMATS[name].ENDINGS[0]}")
    shown = set(re.findall(r"/media/images/([0-9a-f]{32})/", page))
    assert shown, page
    assert not shown & before
    found = take(app, client)
    with app.app_context():
        known = {row.uuid for row in db.session().query(ImageRow)}
        db.session().rollback()
    used = set(re.findall(r"/media/images/([0-9a-f]{32})/", json.dumps(found.plain)))
    assert used
    assert used <= known - before
    assert "What is it?" in found.stem


@pytest.mark.parametrize("name", [n for n in formats.FORMATS if n not in CARRY])
def test_a_format_without_files_says_that_pictures_stay_here(app: Flask, name: str) -> None:
    url = f"/media/images/{'a' * 32}/640.webp"
    body = {"stem": f"![x]({url}) What?", "options": OPTIONS}
    with app.test_request_context():
        plain = types.of("single").plain(types.of("single").clean(body))
        written = formats.write([Saying("single", plain)], name, lambda _url: b"x")
    assert "only its address here" in written.losses[-1].what


@pytest.mark.parametrize("name", CARRY)
def test_a_picture_that_is_gone_is_reported(app: Flask, name: str) -> None:
    url = f"/media/images/{'a' * 32}/640.webp"
    body = {"stem": f"![x]({url}) What?", "options": OPTIONS}
    with app.test_request_context():
        plain = types.of("single").plain(types.of("single").clean(body))
        written = formats.write([Saying("single", plain)], name, lambda _url: None)
    assert any("only its address here" in loss.what for loss in written.losses)


# --- as other programs write them -----------------------------------------------------------------


def test_moodle_with_pictures_and_sounds(app: Flask, client: FlaskClient, tmp_path: Path) -> None:
    text = (
        '<p>See <img src="@@PLUGINFILE@@/a%20sign.png" alt="A sign"> and hear <audio controls>'
        '<source src="@@PLUGINFILE@@/tone.mp3">Your browser is old.</audio> What is it?</p>'
    )
    file = moodle(text, ("a sign.png", drawn()), ("tone.mp3", played(tmp_path)))
    page = send(client, file, "quiz.xml")
    assert re.search(r'<img src="/media/images/[0-9a-f]{32}/64.webp" alt="A sign">', page)
    assert re.search(r'<audio [^>]*src="/media/sounds/[0-9a-f]{32}.m4a"', page)
    assert "Your browser is old" not in page
    assert "not taken along" not in page
    found = take(app, client)
    assert re.search(r"!\[A sign\]\(/media/images/[0-9a-f]{32}/64\.webp\)", found.stem)
    assert rows(app) == (1, 1)


def test_sounds_that_take_too_long_are_left_behind_and_the_command_takes_them(
    app: Flask,
    client: FlaskClient,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    text = '<img src="@@PLUGINFILE@@/a.png" alt="x"> <audio src="@@PLUGINFILE@@/tone.mp3"></audio>'
    file = moodle(f"<p>{text} What is it?</p>", ("a.png", drawn()), ("tone.mp3", played(tmp_path)))
    (tmp_path / "quiz.xml").write_bytes(file)
    monkeypatch.setattr(service, "LONGEST_WORK", 0.0)
    page = send(client, file, "quiz.xml")
    assert "“tone.mp3” is not taken along: The sounds of this file take too long" in page
    found = take(app, client)
    assert "/media/images/" in found.stem
    assert "/media/sounds/" not in found.stem
    assert found.stem.endswith("What is it?")
    assert rows(app) == (1, 0)
    told = app.test_cli_runner().invoke(
        args=["questions", "import", str(tmp_path / "quiz.xml"), "--json"]
    )
    assert json.loads(told.stdout)["errors"] == []
    assert rows(app)[1] == 1


def test_a_picture_inside_the_html_itself(app: Flask, client: FlaskClient) -> None:
    inline = base64.b64encode(drawn()).decode()
    file = moodle(
        f'<img src="data:image/png;base64,{inline}" alt="x"> What?',
        answer=f'<img alt="y" src="data:image/png;base64,{inline}">',
    )
    send(client, file, "quiz.xml")
    found = take(app, client)
    assert "data:" not in json.dumps(found.plain)
    assert len(set(re.findall(r"/media/images/[0-9a-f]{32}", json.dumps(found.plain)))) == 1
    assert rows(app) == (1, 0)


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("x.svg", b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>"),
        ("x.png", b"<script>alert(1)</script>"),
        ("x.gif", drawn(kind="GIF")),
        ("x.mp3", b"ID3 nothing that could be heard"),
    ],
)
def test_what_is_no_picture_is_named_and_left_behind(
    app: Flask, client: FlaskClient, name: str, data: bytes
) -> None:
    file = moodle(f'<img src="@@PLUGINFILE@@/{name}" alt="x"> What is it?', (name, data))
    page = send(client, file, "quiz.xml")
    assert f"“{name}” is not taken along" in page
    found = take(app, client)
    assert found.stem.strip() == "What is it?"
    assert rows(app) == (0, 0)


def test_a_file_that_is_broken_or_that_nothing_names_is_told(client: FlaskClient) -> None:
    file = moodle("What?", ("lost.png", drawn())).replace(
        b"</questiontext>", b'<file name="bad.png" encoding="base64">%%%</file></questiontext>'
    )
    page = send(client, file, "quiz.xml")
    assert "The file “lost.png” belongs to no text here." in page
    assert "The file “bad.png” is broken" in page


def test_a_word_paper_brings_its_pictures(app: Flask, client: FlaskClient, tmp_path: Path) -> None:
    document = docx.Document()
    document.add_paragraph("1．看图，这是什么标志？")
    document.add_picture(BytesIO(drawn(kind="JPEG")))
    for letter, colour in (("A", "red"), ("B", "blue")):
        line = document.add_paragraph(f"{letter}．")
        line.add_run().add_picture(BytesIO(drawn(colour)))
    document.add_paragraph("答案：A")
    out = BytesIO()
    document.save(out)
    page = send(client, out.getvalue(), "paper.docx")
    assert "not taken along" not in page
    found = take(app, client)
    assert "/media/images/" in found.stem
    assert all("/media/images/" in option["text"] for option in found.plain["options"])
    assert rows(app) == (3, 0)
    again = send(client, out.getvalue(), "paper.docx")
    assert "The same words:" in again
    assert "Show the earlier import" in again
    assert rows(app) == (3, 0)  # the pictures are here already
    (tmp_path / "paper.docx").write_bytes(out.getvalue())
    folder = app.extensions["weike"].media_dir / "images"
    before = set(folder.rglob("*.webp"))
    for more in ([], ["--dry-run"]):
        command = ["questions", "import", str(tmp_path / "paper.docx"), *more]
        assert "0 errors" in (said := app.test_cli_runner().invoke(args=command).output)
        assert " 1 skipped" in said, said
    assert rows(app) == (3, 0)
    assert set(folder.rglob("*.webp")) == before


ITEM = """<assessmentItem xmlns="http://www.imsglobal.org/xsd/imsqti_v2p1" identifier="a" title="a"
 adaptive="false" timeDependent="false">
<responseDeclaration identifier="RESPONSE" cardinality="single" baseType="point">
<areaMapping defaultValue="0"><areaMapEntry shape="rect" mappedValue="1" coords="10,10,50,40"/>
</areaMapping></responseDeclaration>
<itemBody><p>Where is the exit? <img src="{source}" alt="plan"/></p>
<selectPointInteraction responseIdentifier="RESPONSE" maxChoices="1">
<object type="image/png" data="{source}" width="100" height="100">A plan</object>
</selectPointInteraction></itemBody></assessmentItem>"""
MANIFEST = """<manifest xmlns="http://www.imsglobal.org/xsd/imscp_v1p1" identifier="m"><resources>
<resource identifier="r" type="imsqti_item_xmlv2p1" href="qti/a.xml"/></resources></manifest>"""


def qti(source: str, **files: bytes) -> bytes:
    inside = {
        "imsmanifest.xml": MANIFEST.encode(),
        "qti/a.xml": ITEM.format(source=source).encode(),
    }
    return archive.packed(inside | {name.replace("__", "/"): each for name, each in files.items()})


def test_a_place_on_a_picture_of_another_program(app: Flask, client: FlaskClient) -> None:
    data = qti("../img/plan.png", **{"img__plan.png": drawn(size=(100, 100))})
    page = send(client, data, "package.zip")
    assert "not taken" not in page
    found = take(app, client)
    assert (found.kind, found.plain["areas"][0]["coords"]) == ("hotspot", "10,10,50,40")
    assert found.plain["picture"].startswith("/media/images/")
    assert found.plain["picture"] in found.stem
    assert rows(app) == (1, 0)


@pytest.mark.parametrize(
    "source",
    ["../../../etc/passwd", "/etc/passwd", "file:///etc/passwd", "..%2f..%2fetc%2fpasswd", ""],
)
def test_a_name_that_leads_out_of_the_package_opens_nothing(
    app: Flask, client: FlaskClient, source: str
) -> None:
    page = send(client, qti(source), "package.zip")
    assert "root:" not in page
    assert rows(app) == (0, 0)


def test_more_files_than_one_may_bring_are_refused(client: FlaskClient) -> None:
    files = [(f"{n}.png", drawn(size=(n + 1, 1))) for n in range(MOST_CLIPS + 1)]
    answer = client.post(
        "/desk/questions/import",
        data={"file": (BytesIO(moodle("What?", *files)), "quiz.xml")},
        headers=csrf(client),
        content_type="multipart/form-data",
    )
    assert answer.status_code == 422
    assert f"{MOST_CLIPS} is the most" in answer.get_data(as_text=True)


def test_a_dry_run_writes_no_file(app: Flask, trainer: int, tmp_path: Path) -> None:
    file = tmp_path / "quiz.xml"
    file.write_bytes(moodle('<img src="@@PLUGINFILE@@/a.png"> What?', ("a.png", drawn())))
    result = app.test_cli_runner().invoke(args=["questions", "import", str(file), "--dry-run"])
    assert result.exit_code == 0, result.output
    folder = app.extensions["weike"].media_dir / "images"
    assert not list(folder.rglob("*.webp"))
    assert rows(app) == (0, 0)
