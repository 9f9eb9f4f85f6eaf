"""Files of printed papers: who gets them, until when, and that nothing of a paper is lost."""

from __future__ import annotations

import io
import os
import re
import zipfile
from dataclasses import replace
from pathlib import Path

import pypdfium2
import pytest
from flask import Flask
from flask.testing import FlaskClient

from app.core import jobs, letters
from app.core.db import db, unit_of_work
from app.core.models import Job
from app.exams import sheets
from app.exams.models import Exam, Printout
from app.exams.sheets import Block, formulas
from tests.exams.examiner import Desk, Set, make_exam
from tests.exams.sheets import said_in_words
from tests.factories import People
from tests.learning.lessons import Time


@pytest.fixture
def desk(people: People, trainer: int) -> Desk:
    return Desk(people, trainer)


@pytest.fixture
def exam(app: Flask, trainer: int, time: Time) -> Set:
    return make_exam(app, trainer)


def folder(app: Flask) -> Path:
    return app.extensions["weike"].instance_dir / "printed"


def link_in(page: str) -> str:
    return re.search(r'href="(/desk/exams/\d+/printed/\d+)"', page)[1]


def status(client: FlaskClient, link: str) -> int:
    with client.get(link) as answer:  # it is sent from a file, which is open until then
        return answer.status_code


def test_a_file_is_for_who_asked_for_it_and_goes_after_a_day(
    app: Flask, people: People, desk: Desk, exam: Set, time: Time
) -> None:
    for _ in range(2):  # as by a double click
        assert desk.post(f"/{exam.id}/print", what="A-key-pdf").status_code == 303
    page = desk.get(f"/{exam.id}/print")
    assert page.count("data-waits") == 1
    assert "every 1s" in page
    jobs.run_pending(app)
    assert desk.get(f"/{exam.id}/room").count("had it printed") == 1
    page = desk.get(f"/{exam.id}/printed")
    assert "data-waits" not in page
    assert "every 1s" not in page
    link = link_in(page)
    with desk.client.get(link) as file:
        assert file.data.startswith(b"%PDF")
        assert file.headers["Content-Disposition"].endswith(f"exam-{exam.id}-A-key.pdf")
        assert "no-store" in file.headers["Cache-Control"]
    # An administrator may change the exam, too, and prints a file of their own.
    other = Desk(people, people.member(role="administrator"))
    assert "data-printout" not in other.get(f"/{exam.id}/print")
    assert status(other.client, link) == 404
    assert status(people.client(people.member(role="trainer")), link) == 404
    assert status(app.test_client(), link) == 302
    assert status(desk.client, link.replace(f"/{exam.id}/", f"/{exam.id + 1}/")) == 404
    # Who may no longer change the exam may no longer have its key.
    with app.app_context(), unit_of_work() as session:
        session.query(Exam).filter_by(id=exam.id).update({"author_id": other.member})
    assert status(desk.client, link) == 404
    with app.app_context(), unit_of_work() as session:
        session.query(Exam).filter_by(id=exam.id).update({"author_id": desk.member})
    assert status(desk.client, link) == 200
    orphan = folder(app) / ("f" * 32)
    orphan.write_bytes(b"left behind")
    os.utime(orphan, (0, 0))
    for hours, there in ((23, True), (2, False)):
        time.go_on(hours * 3600)
        with app.app_context(), unit_of_work():
            jobs.enqueue("exams.tidy")
        jobs.run_pending(app)
        assert bool(list(folder(app).iterdir())) is there
    assert not orphan.exists()
    desk = Desk(people, desk.member)  # a day later one signs in again
    assert status(desk.client, link) == 404
    assert "data-printout" not in desk.get(f"/{exam.id}/print")


def test_all_papers_come_in_one_file(app: Flask, desk: Desk, exam: Set) -> None:
    desk.post(f"/{exam.id}/print", what="all-all-docx")
    jobs.run_pending(app)
    with (
        desk.client.get(link_in(desk.get(f"/{exam.id}/print"))) as file,
        zipfile.ZipFile(io.BytesIO(file.data)) as whole,
    ):
        assert len(whole.namelist()) == 18
        assert {"A-paper.docx", "F-key.docx", "C-sheet.docx"} < set(whole.namelist())


def test_a_file_that_could_not_be_made_says_why_and_is_made_again(
    app: Flask, desk: Desk, exam: Set
) -> None:
    config = app.extensions["weike"]
    app.extensions["weike"] = replace(config, disk_reserve=10**18)
    desk.post(f"/{exam.id}/print", what="B-paper-pdf")
    jobs.run_pending(app)
    page = desk.get(f"/{exam.id}/print")
    assert "It could not be made. The server&#39;s disk is full." in page
    assert 'value="B-paper-pdf"' in page.split("</ul>")[0]
    assert not list(folder(app).iterdir())
    app.extensions["weike"] = config
    desk.post(f"/{exam.id}/print", what="B-paper-pdf")
    jobs.run_pending(app)
    assert status(desk.client, link_in(desk.get(f"/{exam.id}/print"))) == 200
    # A worker that is killed before it says so makes the same file again.
    with app.app_context(), unit_of_work() as session:
        session.query(Printout).update({"made_at": None})
        newest = session.query(Job).filter_by(kind="exams.print").order_by(Job.id.desc()).first()
        newest.state = "queued"
    jobs.run_pending(app)
    assert status(desk.client, link_in(desk.get(f"/{exam.id}/print"))) == 200
    with app.app_context():
        assert len(list(folder(app).iterdir())) == 1
        db.session.rollback()


@pytest.mark.parametrize("word", ["ممم", "རྒྱ"])
def test_letters_that_join_are_joined_on_a_paper(word: str) -> None:
    data = sheets.pdf("t", "en", [Block("question", word)])
    assert said_in_words(data) == [word]
    document = pypdfium2.PdfDocument(data)
    boxes = [thing.get_bounds() for thing in document[0].get_objects()]
    ((left, low, right, high),) = [box for box in boxes if box[1] > 100]  # not the page's number
    top, foot = (document[0].get_height() - side for side in (high, low))
    image = document[0].render(scale=8).to_pil().convert("L")
    document.close()
    ink = image.crop(tuple(int(8 * side) for side in (left, top, right, foot)))
    columns = [min(ink.crop((x, 0, x + 1, ink.height)).tobytes()) < 128 for x in range(ink.width)]
    assert "".join(" x"[is_black] for is_black in columns).split() == ["x" * sum(columns)]


HIGH = " ".join(f"w{n}" for n in range(4000))
WIDE = "+".join(f"a_{{{n}}}x^{{{n}}}" for n in range(40))
ROWS = r"\\".join(f"x_{{{n}}}={n}" for n in range(30))


@pytest.mark.parametrize(
    ("block", "said"),
    [
        (
            Block("row", table=[["head", "cell"], ["left", HIGH], ["after", "end"]]),
            ["w3999", "end"],
        ),
        (Block("row", table=[[f"c{n}" for n in range(n)] for n in (20, 60)]), ["c19", "c59"]),
        (Block("row", table=[["123456789012345" for _n in range(25)]] * 2), []),
        (Block("question", "W" * 300 + ")" * 300 + "（" * 300 + " end"), ["end"]),
        (Block("question", f"${WIDE}=0$ end"), ["end"]),
        (Block("question", rf"$\begin{{cases}}{ROWS}\end{{cases}}$ end"), ["end"]),
        (Block("question", "繁體 π Ω Привет 😀"), ["繁體 π Ω Привет 😀"]),
        (Block("question", "👍\u200d🏽 𐀀"), ["[thumbs up sign] [linear b syllable b008 a]"]),
        # These are in a font that not every machine has.
        (Block("question", "⑳ 𠮷 한"), [letters.known("⑳ 𠮷 한")]),
        (Block("row", lines=60), []),
    ],
)
def test_nothing_is_lost_at_the_foot_or_beside_a_page(block: Block, said: list[str]) -> None:
    data = sheets.pdf("t", "en", [Block("title", "t"), block, Block("note", "last")])
    document = pypdfium2.PdfDocument(data)
    try:
        pages = list(document)
        text = " ".join(" ".join(p.get_textpage().get_text_bounded() for p in pages).split())
        for words in (*said, "last"):
            assert words in text
        if block.table and "w3999" in said:
            assert re.findall(r"w\d+", text) == HIGH.split()
            assert text.count("head") >= len(pages) - 1 > 3  # the note may stand alone on the last
        for page in pages:
            width, height = page.get_size()
            for thing in page.get_objects():
                left, bottom, right, top = thing.get_bounds()
                assert -1 <= left <= right <= width + 1
                assert -1 <= bottom <= top <= height + 1
    finally:
        document.close()


def test_a_long_formula_is_torn_at_its_signs_only() -> None:
    assert formulas.torn("a+b=-c") == ["a", "+b", "=-c"]
    for whole in (r"\frac{a+b}{c=d}", r"\left(a+b\right)", r"x^-1", "-x", r"\begin{x}a=b\end{x}"):
        assert formulas.torn(whole) == [whole]
    assert formulas.torn(r"a \le b") == ["a ", r"\le b"]
