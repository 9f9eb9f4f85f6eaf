"""The files that members sent as answers lie in the signed archive of their exam."""

from __future__ import annotations

import csv
import errno
import hashlib
import io
import json
import zipfile
from pathlib import Path
from typing import BinaryIO

import pytest
from flask import Flask

from app.core import clock
from app.core.db import unit_of_work
from app.exams import archive, queries
from app.exams.models import AttemptItem, Evidence
from app.questions.drawer import Drawer
from tests.exams.examiner import Candidate, Desk, Set, make_exam
from tests.exams.test_records import checked_by_the_guide, fetched
from tests.exams.test_spots_and_files import FILE, PDF, send
from tests.factories import People
from tests.learning.lessons import Time, single

QUESTIONS = [single("Which?", "CANARY-CORRECT-this", ("that",)), FILE]


@pytest.fixture(autouse=True)
def _still(time: Time) -> None:
    """Every test has a clock that stands still until it is moved."""


@pytest.fixture
def desk(people: People, trainer: int) -> Desk:
    return Desk(people, trainer)


@pytest.fixture
def exam(app: Flask, trainer: int) -> Set:
    return make_exam(app, trainer, QUESTIONS)


def sent_by(people: People, exam: Set, name: str, data: bytes) -> tuple[Candidate, int, str]:
    """(who, item, token) of somebody who answered with plan.pdf and handed in."""
    taker = Candidate(people, exam, people.member(name=name))
    taker.start()
    (item,) = (each.id for each in taker.items() if len(each.options) == 0)
    said = send(taker.client, data, "../../方案 plan.pdf")
    answer = taker.submit({}, **{f"q{item}": said})
    assert answer.status_code == 303
    return taker, item, said[:32]


def drawer(app: Flask) -> Drawer:
    return Drawer(app.extensions["weike"].instance_dir / "answers", reserve=0)


def unpacked(data: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(data)) as source:
        return {name: source.read(name) for name in source.namelist()}


def rows(data: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(data.decode("utf-8-sig"))))


def test_two_files_of_one_name_lie_apart_and_each_answer_says_which_is_its(
    people: People, exam: Set, desk: Desk, tmp_path: Path
) -> None:
    anna, of_anna, _ = sent_by(people, exam, "Anna", PDF + b" Anna")
    bert, of_bert, _ = sent_by(people, exam, "Bert", PDF + b" Bert")
    data = fetched(desk, f"/{exam.id}/archive")
    files = unpacked(data)
    whole = {f"files/{anna.attempt}-{of_anna}.pdf", f"files/{bert.attempt}-{of_bert}.pdf"}
    assert {name for name in files if name.startswith("files/")} == whole
    listed = {f["name"]: f["sha256"] for f in json.loads(files["manifest.json"])["files"]}
    for taker, item, said in ((anna, of_anna, b"Anna"), (bert, of_bert, b"Bert")):
        name = f"files/{taker.attempt}-{item}.pdf"
        assert files[name] == PDF + b" " + said
        assert listed[name] == hashlib.sha256(files[name]).hexdigest()
        (answer,) = (r for r in rows(files["answers.csv"]) if r["item_id"] == str(item))
        assert (answer["file"], answer["file_state"]) == (name, "whole")
        assert answer["answer"] == "方案 plan.pdf"
        page = files[f"papers/{taker.attempt}.html"].decode()
        assert f'<a href="../{name}">方案 plan.pdf</a>' in page
        (told,) = (r for r in rows(files["files.csv"]) if r["file"] == name)
        assert told["sha256"] == listed[name]
        assert told["what"] == "answer"
    assert {r["file"] for r in rows(files["answers.csv"]) if r["kind"] == "single"} == {""}
    checked = checked_by_the_guide(data, tmp_path / "whole")
    assert "Verified Successfully" in checked.stdout, checked.stderr

    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as target:
        for name, content in files.items():
            target.writestr(name, content.replace(b" Anna", b" Hans") if name in whole else content)
    with pytest.raises(archive.BadArchive, match=r"\.pdf was changed"):
        archive.check(out)
    assert checked_by_the_guide(out.getvalue(), tmp_path / "changed").returncode != 0


def test_a_file_that_is_gone_or_changed_is_told_and_the_rest_is_there(
    app: Flask, people: People, exam: Set, desk: Desk
) -> None:
    gone, of_gone, lost = sent_by(people, exam, "Gone", PDF)
    changed, of_changed, other = sent_by(people, exam, "Changed", PDF)
    whole, of_whole, _ = sent_by(people, exam, "Whole", PDF)
    drawer(app).drop(lost)
    drawer(app).path(other).write_bytes(b"something else")
    data = fetched(desk, f"/{exam.id}/archive")
    archive.check(io.BytesIO(data))
    files = unpacked(data)
    told = {r["item_id"]: (r["file"], r["file_state"]) for r in rows(files["answers.csv"])}
    assert told[str(of_gone)] == ("", "gone")
    assert told[str(of_changed)] == (f"files/{changed.attempt}-{of_changed}.pdf", "changed")
    assert told[str(of_whole)] == (f"files/{whole.attempt}-{of_whole}.pdf", "whole")
    assert f"files/{gone.attempt}-{of_gone}.pdf" not in files
    states = {r["attempt_id"]: r["state"] for r in rows(files["files.csv"])}
    assert states == {
        str(gone.attempt): "gone",
        str(changed.attempt): "changed",
        str(whole.attempt): "whole",
    }
    assert "gone from the storage" in files[f"papers/{gone.attempt}.html"].decode()
    assert "not as it was sent" in files[f"papers/{changed.attempt}.html"].decode()
    assert "storage" not in files[f"papers/{whole.attempt}.html"].decode()


class Broken(io.BytesIO):
    """A file on a disk that cannot be read to its end."""

    def read(self, size: int | None = -1) -> bytes:
        if self.tell():
            raise OSError(errno.EIO, "Input/output error")
        return super().read(5)


def test_a_disk_that_cannot_be_read_ends_no_archive(app: Flask, people: People, exam: Set) -> None:
    _, item, _ = sent_by(people, exam, "Anna", PDF)
    opened: list[BinaryIO] = []

    def broken(token: str) -> BinaryIO:
        opened.append(Broken(PDF))
        return opened[-1]

    with app.app_context():
        files = {name: b"".join(pieces) for name, pieces in queries.records_of(exam.id, broken)}
    told = {r["item_id"]: r["file_state"] for r in rows(files["answers.csv"])}
    assert told[str(item)] == "unreadable"
    assert all(each.closed for each in opened)


def test_files_that_came_too_late_lie_in_it_but_never_those_of_another_member(
    app: Flask, people: People, exam: Set, desk: Desk
) -> None:
    anna, item, _ = sent_by(people, exam, "Anna", PDF)
    _, _, of_bert = sent_by(people, exam, "Bert", PDF + b" Bert")
    late = send(anna.client, PDF + b" late", "plan.pdf")
    forged = f"{of_bert}.pdf plan.pdf"
    with app.app_context(), unit_of_work() as session:
        for said in (["", late], [forged], ["no file"], []):
            session.add(
                Evidence(
                    attempt_id=anna.attempt,
                    kind="late",
                    received_at=clock.now(),
                    answers={str(item): said},
                )
            )
    files = unpacked(fetched(desk, f"/{exam.id}/archive"))
    (aside,) = (r for r in rows(files["files.csv"]) if r["what"] == "kept_aside")
    assert aside["id"] == rows(files["kept_aside.csv"])[0]["id"]
    assert files[aside["file"]] == PDF + b" late"
    assert len([name for name in files if name.startswith("files/")]) == 3


def test_an_answer_that_is_changed_while_the_archive_is_made_names_no_file_of_before(
    app: Flask, people: People, exam: Set
) -> None:
    taker, item, _ = sent_by(people, exam, "Anna", PDF)
    new = send(taker.client, PDF + b" new", "plan.pdf")
    with app.app_context():
        files = {}
        for name, pieces in queries.records_of(exam.id, drawer(app).open):
            files[name] = b"".join(pieces)
            if name.startswith("files/"):
                with unit_of_work() as session:
                    session.get_one(AttemptItem, item).response = [new]
    (answer,) = (r for r in rows(files["answers.csv"]) if r["item_id"] == str(item))
    assert (answer["file"], answer["file_state"]) == ("", "later")
