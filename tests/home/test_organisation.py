"""The organisation's own name, colour, logo, clock and words."""

from __future__ import annotations

import io
import re

import pytest
from flask import Flask
from PIL import Image

from app.core import settings
from tests.factories import People, csrf

LOOK = {"name": "春风集团", "colour": "#0b5cab", "time_zone": "Asia/Urumqi"}


@pytest.fixture
def boss(people: People):
    return people.client(people.member(role="administrator"))


def choose(client, **changes):
    data = {**LOOK, **changes}
    return client.post("/admin/organisation", data=data, headers=csrf(client))


def picture(kind: str = "PNG", size: tuple[int, int] = (600, 200)) -> io.BytesIO:
    file = io.BytesIO()
    Image.new("RGBA" if kind == "PNG" else "RGB", size, "red").save(file, kind)
    file.seek(0)
    return file


def test_name_colour_and_clock_stand_on_every_page(app: Flask, people: People, boss) -> None:
    assert choose(boss).status_code == 303
    page = people.client().get("/sign-in").get_data(as_text=True)
    assert "春风集团" in page
    assert 'content="#0b5cab"' in page
    assert app.extensions["weike"].zone.key == "Asia/Urumqi"
    sheet = re.search(r'href="(/brand/0b5cab\.css)"', page)
    style = people.client().get(sheet.group(1))
    assert style.mimetype == "text/css"
    assert "immutable" in style.headers["Cache-Control"]
    assert ":root{--brand-seed:#0b5cab" in style.get_data(as_text=True)


def test_the_first_branch_keeps_the_name_of_the_organisation_until_it_has_its_own(
    people: People, boss
) -> None:
    def branches() -> str:
        return boss.get("/admin/branches").get_data(as_text=True)

    rename = f"/admin/branches/{people.root}/rename"
    choose(boss)
    assert "Head office" in branches()  # a name of its own
    boss.post(rename, data={"name": "春风集团"}, headers=csrf(boss))
    choose(boss, name="春风总公司")
    assert "春风集团" not in branches()


def test_a_colour_that_white_cannot_be_read_on_is_darkened(app: Flask, boss) -> None:
    sample = boss.get("/admin/organisation/colour?colour=%23ffd400").get_data(as_text=True)
    assert "White words on #ffd400 are hard to read" in sample
    choose(boss, colour="#ffd400")
    with app.app_context():
        settings.refresh()
        seed = settings.organisation().colour
    assert seed != "#ffd400"
    assert seed in sample  # what was shown before saving is what is taken
    assert f"/brand/{seed[1:]}.css" in boss.get("/").get_data(as_text=True)


@pytest.mark.parametrize(
    "wrong",
    [{"colour": "url(x)"}, {"name": ""}, {"name": "x" * 41}, {"time_zone": "Mars/Olympus"}],
)
def test_what_cannot_be_is_refused_beside_its_field(app: Flask, boss, wrong: dict) -> None:
    answer = choose(boss, **wrong)
    assert answer.status_code == 422
    assert "field-error" in answer.get_data(as_text=True)
    with app.app_context():
        settings.refresh()
        assert settings.organisation() == settings.Organisation()


def test_the_logo_is_drawn_anew_and_can_be_taken_away(people: People, boss) -> None:
    assert choose(boss, logo=(picture(), "logo.png")).status_code == 303
    page = boss.get("/").get_data(as_text=True)
    url = re.search(r'class="brand-logo" src="(/brand/[0-9a-f]{20}/logo\.webp)"', page).group(1)
    mark = Image.open(io.BytesIO(people.client().get(url).data))
    assert (mark.format, mark.size) == ("WEBP", (288, 96))
    icon = Image.open(io.BytesIO(people.client().get(url.replace("logo.webp", "icon.png")).data))
    assert (icon.format, icon.size) == ("PNG", (512, 512))
    assert icon.getpixel((4, 4)) == (255, 255, 255)
    choose(boss, drop_logo="y")
    assert "brand-logo" not in boss.get("/").get_data(as_text=True)


@pytest.mark.parametrize("data", [b"<svg xmlns='http://www.w3.org/2000/svg'/>", b"GIF89a", b"x"])
def test_what_is_no_picture_is_no_logo(boss, data: bytes) -> None:
    answer = choose(boss, logo=(io.BytesIO(data), "logo.png"))
    assert answer.status_code == 422
    assert "brand-logo" not in boss.get("/").get_data(as_text=True)


def words(client, **data):
    return client.post("/admin/organisation/words", data=data, headers=csrf(client))


def test_own_words_stand_in_every_language(boss) -> None:
    assert "Branches" in boss.get("/admin/branches").get_data(as_text=True)
    given = {"branch_zh": "工会小组", "branch_en": "union group", "branch_many": "union groups"}
    assert words(boss, **given).status_code == 303
    english = boss.get("/admin/branches").get_data(as_text=True)
    assert "Union groups" in english
    assert "Add a union group" in english
    assert "Branches" not in english
    chinese = boss.get("/admin/branches?lang=zh_Hans").get_data(as_text=True)
    assert "工会小组" in chinese
    assert "支部" not in chinese
    assert "工會小組" in boss.get("/admin/branches?lang=zh_Hant").get_data(as_text=True)


@pytest.mark.parametrize(
    "wrong",
    [
        {"branch_zh": "<b>"},
        {"branch_en": "%(name)s", "branch_many": "x"},
        {"member_zh": "长" * 31},
        {"branch_en": "department"},  # one without many
    ],
)
def test_words_that_could_be_markup_or_half_a_pair_are_refused(boss, wrong: dict) -> None:
    answer = words(boss, **wrong)
    assert answer.status_code == 422
    assert "field-error" in answer.get_data(as_text=True)


def test_a_preset_fills_the_form_and_saves_nothing(app: Flask, boss) -> None:
    page = words(boss, preset="school").get_data(as_text=True)
    assert 'value="班级"' in page
    with app.app_context():
        settings.refresh()
        assert settings.organisation().words == {}


def test_another_process_learns_of_it_within_seconds(app: Flask, config, people, boss) -> None:
    from app import create_app

    other = create_app(config)
    choose(boss)
    other.extensions["settings"].looked_at -= settings.LOOK_EVERY + 1
    assert "春风集团" in other.test_client().get("/sign-in").get_data(as_text=True)
