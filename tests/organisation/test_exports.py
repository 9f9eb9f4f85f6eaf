"""The completion table as a file: the same rows, no formulas, only one's own branches."""

from __future__ import annotations

import csv
import io
import re
import zipfile
from datetime import datetime

import openpyxl
import pytest

from app.core.db import unit_of_work
from app.courses.models import Course
from app.members.models import Branch, Member
from tests.crowds import Taken, crowd, learned_too, taken
from tests.organisation.conftest import House
from tests.organisation.test_assignments import made
from tests.points.ledger import at, shanghai

EXPORT = "/organizer/completion/export"


def as_csv(answer) -> list[list[str]]:
    assert answer.status_code == 200
    assert answer.data.startswith(b"\xef\xbb\xbf")  # so that Excel reads Chinese
    return list(csv.reader(io.StringIO(answer.data.decode("utf-8-sig"))))


def as_sheet(answer):
    assert answer.status_code == 200
    return openpyxl.load_workbook(io.BytesIO(answer.data)).active


def test_the_file_holds_the_rows_of_the_page(house: House) -> None:
    header, *rows = as_csv(house.client.get(f"{EXPORT}?as=csv"))
    assert header[:7] == ["Course", "Theme", "Member", "User name", "Branch", "Per cent", "State"]
    assert [(row[2], row[0], row[5], row[6]) for row in rows] == [
        ("Ann", "Alpha", "100", "Done"),
        ("Olga", "Alpha", "0", "Not begun"),
        ("Bob", "Alpha", "0", "Not begun"),
        ("Ann", "Beta", "25", "Begun"),
        ("Olga", "Beta", "0", "Not begun"),
        ("Bob", "Beta", "50", "Begun"),
    ]
    filtered = as_csv(house.client.get(f"{EXPORT}?as=csv&branch={house.dock}&state=started"))
    assert [row[2] for row in filtered[1:]] == ["Bob"]


def test_a_spreadsheet_has_numbers_and_moments_of_the_right_type(house: House) -> None:
    answer = house.client.get(f"{EXPORT}?as=xlsx")
    assert answer.headers["Content-Type"].startswith("application/vnd.openxmlformats")
    assert answer.headers["Content-Disposition"].startswith("attachment; filename=completion-")
    assert answer.headers["Content-Disposition"].endswith(".xlsx")
    sheet = as_sheet(answer)
    row = [cell.value for cell in sheet[2]]
    assert row[2] == "Ann"
    assert row[5] == 100
    assert isinstance(row[10], datetime)
    assert sheet[3][10].value is None


FORMULAS = ["=1+1", "+cmd|' /C calc'!A0", "-2+3", "@SUM(A1)", "\t=1", "＝1＋1"]


@pytest.mark.parametrize("evil", FORMULAS)
def test_no_name_becomes_a_formula(house: House, evil: str) -> None:
    with house.app.app_context(), unit_of_work() as session:
        session.get_one(Member, house.ann).name = evil
        session.get_one(Course, house.done.id).title = evil
        session.get_one(Branch, house.north).name = evil
    sheet = as_sheet(house.client.get(f"{EXPORT}?as=xlsx&course={house.done.id}"))
    cells = [cell for row in sheet.iter_rows() for cell in row if isinstance(cell.value, str)]
    assert sum(cell.value.strip().endswith(evil.strip()) for cell in cells) >= 3
    assert {cell.data_type for cell in cells} == {"s"}
    lines = as_csv(house.client.get(f"{EXPORT}?as=csv&course={house.done.id}"))
    found = [cell for line in lines for cell in line if cell.endswith(evil.strip())]
    assert len(found) >= 3
    assert all(cell.startswith("'") for cell in found)


def test_chinese_names_arrive_whole(house: House) -> None:
    with house.app.app_context(), unit_of_work() as session:
        session.get_one(Member, house.ann).name = "陈思远𠮷"
    assert "陈思远𠮷" in {row[2] for row in as_csv(house.client.get(f"{EXPORT}?as=csv"))}


def test_an_organizer_takes_only_what_is_theirs(house: House) -> None:
    names = {row[2] for row in as_csv(house.client.get(f"{EXPORT}?as=csv"))[1:]}
    assert names == {"Ann", "Bob", "Olga"}
    assert house.client.get(f"{EXPORT}?as=csv&branch={house.south}").status_code == 404


def test_the_right_is_asked_again_for_every_file(house: House) -> None:
    client = house.client
    assert client.get(f"{EXPORT}?as=csv").status_code == 200
    with house.app.app_context(), unit_of_work() as session:
        session.get_one(Member, house.organizer).is_active = False
    assert client.get(f"{EXPORT}?as=csv").status_code == 302


def test_five_files_an_hour_are_enough(house: House) -> None:
    object.__setattr__(house.app.extensions["weike"], "limits", True)
    client = house.client
    answers = [client.get(f"{EXPORT}?as=csv").status_code for _ in range(6)]
    assert answers == [200] * 5 + [429]
    assert "Retry-After" in client.get(f"{EXPORT}?as=csv").headers
    other = house.people.client(house.people.member(organizes=house.north))
    assert other.get(f"{EXPORT}?as=csv").status_code == 200


def test_an_odd_kind_of_file_is_a_spreadsheet(house: House) -> None:
    assert as_sheet(house.client.get(f"{EXPORT}?as=exe"))


@pytest.mark.parametrize("kind", ["csv", "xlsx"])
def test_a_hundred_thousand_rows_are_sent_while_they_are_read(house: House, kind: str) -> None:
    crowd(house.app, house.ann, 50_000)
    assert house.client.get("/organizer/completion").status_code == 422  # no page is that long
    found = taken(house.app, house.client, f"{EXPORT}?as={kind}")
    assert found.first <= 30
    assert found.queries > 200  # part by part
    assert found.grown_mb < 40
    if kind == "csv":
        rows = list(csv.reader(io.StringIO(found.body.decode("utf-8-sig"))))
        names = [row[2] for row in rows[1:] if row[0] == "Alpha"]
    else:
        with zipfile.ZipFile(io.BytesIO(found.body)) as book:
            assert book.testzip() is None
            sheet = book.read("xl/worksheets/sheet1.xml").decode()
        rows = re.findall(r"<row r=", sheet)
        names = re.findall(r">Alpha</t>.*?<c r=\"C\d+\"[^>]*><is><t [^>]*>(.*?)</t>", sheet)
    assert len(rows) == 100_007
    assert names[0] == "Ann"
    assert names[1:50_001] == [f"Crowd {n}" for n in range(1, 50_001)]


def in_lines(found: Taken) -> list[list[str]]:
    return list(csv.reader(io.StringIO(found.body.decode("utf-8-sig"))))[1:]


def test_what_is_asked_and_a_past_day_are_sent_while_they_are_read(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.organisation.queries.past.MOST_ROWS", 10_000)
    crowd(house.app, house.ann, 15_000)
    learned_too(house.app, house.ann)
    with at(shanghai(2027, 3, 10)):
        asked = made(house)
        made(house, due_on="2027-03-30", branch=house.dock)
    with at(shanghai(2027, 4, 2)):
        client, app = house.client, house.app
        long = client.get("/organizer/reports/day?day=2027-04-01")
        assert long.status_code == 422  # no page is that long
        assert "/organizer/reports/day/export?as=csv&amp;day=2027-04-01" in long.text
        files = {
            name: taken(app, client, f"{path}/export?as=csv")
            for name, path in (
                ("past", "/organizer/reports/day"),
                ("late", "/organizer/overdue"),
                ("asked", asked),
                ("help", "/organizer/reports/help"),
            )
        }
        pages = [client.get(f"/organizer/overdue?page={n}") for n in (1, 301)]
    for name, found in files.items():
        assert found.grown_mb < 30, name
        assert name == "help" or found.first <= 20, name
        assert found.queries > 100, name
    many = [f"Crowd {n}" for n in range(1, 15_001)]
    past = in_lines(files["past"])
    assert past[0][:4] == ["Ann", "North", "Alpha", "1"]
    assert sorted(row[0] for row in past) == sorted(["Ann", *many])
    late = in_lines(files["late"])
    assert [row[0] for row in late] == ["Bob", "Ann", *many, "Olga", "Bob"]
    assert [row[3] for row in late[:2]] == ["2027-03-30", "2027-03-31"]
    assert all("Bob" in page.get_data(as_text=True) for page in pages)
    assert [row[0] for row in in_lines(files["asked"])] == ["Ann", *many, "Olga", "Bob"]
    assert len(in_lines(files["help"])) == 100
    assert in_lines(files["help"])[0][0] == "Bob"  # behind with two
