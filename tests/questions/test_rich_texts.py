"""Pictures, sounds, tables and formulas in the texts of questions."""

from __future__ import annotations

import re
from io import BytesIO
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from PIL import Image

from app.core import markdown
from app.questions import types
from tests.factories import People, csrf
from tests.media.conftest import ffmpeg, tone


@pytest.fixture
def client(people: People) -> FlaskClient:
    return people.client(people.member("Trainer One", role="trainer"))


def picture(width: int = 640, height: int = 480) -> BytesIO:
    data = BytesIO()
    Image.new("RGB", (width, height), "teal").save(data, "PNG")
    data.seek(0)
    return data


def send(client: FlaskClient, data: BytesIO, name: str, kind: str) -> str:
    answer = client.post(
        "/desk/questions/clips",
        data={"file": (data, name, kind)},
        headers=csrf(client) | {"HX-Request": "true"},
        content_type="multipart/form-data",
    )
    page = answer.get_data(as_text=True)
    assert answer.status_code == 200, page
    found = re.search(r'clip-new" data-clip="([^"]+)"', page)
    assert found is not None
    return found.group(1)


def test_a_picture_and_a_sound_are_sent_and_shown_in_a_question(
    people: People, client: FlaskClient, tmp_path: Path
) -> None:
    url = send(client, picture(), "sign.png", "image/png")
    with client.get(url) as shown:
        assert shown.mimetype == "image/webp"
    ffmpeg(*tone(2), str(tmp_path / "tone.mp3"))
    told = BytesIO((tmp_path / "tone.mp3").read_bytes())
    sound = send(client, told, "tone.mp3", "audio/mpeg")
    with client.get(sound, headers={"Range": "bytes=0-99"}) as heard:
        assert (heard.status_code, heard.mimetype) == (206, "audio/mp4")
    page = client.get("/desk/questions/clips").get_data(as_text=True)
    assert url in page
    assert "tone.mp3" in page

    stem = f"![A sign]({url})\n\n![Listen]({sound})\n\n| a | b |\n|---|---|\n| 1 | $x_1^2$ |"
    headers = csrf(client)
    sent = {
        "stem": stem,
        "right": "0",
        "options-0-text": f"like ![this]({url})",
        "options-1-text": "$\\frac{1}{2}$ *not* bold",
    }
    assert client.post("/desk/questions/new/single", data=sent, headers=headers).status_code == 302
    page = client.get("/desk/questions/1").get_data(as_text=True)
    assert page.count(f'<img src="{url}" alt="this">') >= 1
    assert f'<audio controls="" preload="none" src="{sound}" aria-label="Listen">' in page
    assert '<code class="formula">x_1^2</code>' in page
    assert '<code class="formula">\\frac{1}{2}</code> *not* bold' in page

    other = people.client(people.member("Anybody"))
    assert {other.get(one).status_code for one in (url, sound)} == {404}
    assert other.get("/desk/questions/clips").status_code in {403, 404}


@pytest.mark.parametrize(
    ("name", "kind"), [("x.png", "image/png"), ("x.mp3", "audio/mpeg"), ("x.exe", "")]
)
def test_what_is_neither_picture_nor_sound_is_refused_with_a_sentence(
    client: FlaskClient, name: str, kind: str
) -> None:
    answer = client.post(
        "/desk/questions/clips",
        data={"file": (BytesIO(b"MZ nonsense"), name, kind)},
        headers=csrf(client),
        content_type="multipart/form-data",
    )
    assert answer.status_code == 422
    assert "notice-bad" in answer.get_data(as_text=True)


@pytest.mark.parametrize(
    ("text", "html"),
    [
        ("$a_1 + b_1$", '<code class="formula">a_1 + b_1</code>'),
        ("it costs $5 and $6", "it costs $5 and $6"),
        ("$$x$$", '<code class="formula formula-block">x</code>'),
        ("$<script>$", '<code class="formula">&lt;script&gt;</code>'),
        ("![x](https://evil.example/a.png)", "![x](https://evil.example/a.png)"),
        ("![x](/media/../sign-out)", "![x](/media/../sign-out)"),
    ],
)
def test_only_formulas_and_our_own_pictures_are_drawn_in_a_line(text: str, html: str) -> None:
    assert str(markdown.rich_line(text)) == html


def test_lines_of_a_question_stay_lines() -> None:
    said = str(markdown.rich("下列说法：\n①甲\n②乙"))
    assert said.replace("\n", "") == "<p>下列说法：<br>①甲<br>②乙</p>"


def test_a_text_from_a_browser_is_the_same_as_from_a_file() -> None:
    body = {"stem": "甲\r\n乙", "answer": True}
    assert types.of("truefalse").clean(body)["stem"] == "甲\n乙"


def test_a_formula_never_takes_long() -> None:
    hard = "$a" * 20_000 + "$" * 2_000
    assert len(markdown.rich(hard)) > 100
    assert len(markdown.rich_line(hard)) > 100


def test_script_beside_a_formula_stays_text() -> None:
    html = str(markdown.rich('$x$ <img src=x onerror=alert(1)> <audio src="//evil" autoplay>'))
    assert "<img" not in html
    assert "<audio" not in html
