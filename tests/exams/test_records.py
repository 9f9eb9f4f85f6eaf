"""Exams on paper and on the shelf; weak topics, and wrong answers that are alike."""

from __future__ import annotations

import csv
import io
import json
import re
import subprocess
import zipfile
from pathlib import Path

import docx
import pypdfium2
import pytest
from flask import Flask
from PIL import Image

from app.core import jobs
from app.core.db import unit_of_work
from app.exams import archive, rules
from app.exams.models import AttemptItem
from app.exams.sheets import formulas, omml
from app.media import service as media
from app.members.models import RoleGrant
from app.questions.formats.formulas import formula
from app.questions.models import QuestionTag
from app.questions.queries import versions
from tests import crowds
from tests.crowds import crowd, sat_too
from tests.exams.examiner import QUESTIONS, Candidate, Desk, Set, make_exam
from tests.factories import People
from tests.learning.lessons import Time, single

ESSAY = {"kind": "essay", "stem": "Why?", "explanation": "", "answer": "Because.", "rubric": []}


@pytest.fixture(autouse=True)
def _still(time: Time) -> None:
    """Every test has a clock that stands still until it is moved."""


@pytest.fixture
def desk(people: People, trainer: int) -> Desk:
    return Desk(people, trainer)


def fetched(desk: Desk, path: str) -> bytes:
    answer = desk.client.get(f"/desk/exams{path}")
    assert answer.status_code == 200, path
    return answer.data


def printed(desk: Desk, path: str, what: str) -> bytes:
    """A part of a paper, as the worker has made it for who asked for it."""
    asked = desk.post(f"{path}/print", what=what)
    assert asked.status_code == 303, what
    jobs.run_pending(desk.client.application)
    page = desk.client.get(asked.location).text
    with desk.client.get(_first_link(page)) as file:
        return file.data


def _first_link(page: str) -> str:
    found = re.search(r'href="(/desk/exams/\d+/printed/\d+)"', page)
    assert found, page
    return found[1]


def words_of(pdf: bytes) -> str:
    document = pypdfium2.PdfDocument(pdf)
    try:
        return "\n".join(page.get_textpage().get_text_bounded() for page in document)
    finally:
        document.close()


def test_a_paper_is_printed_with_its_answer_sheet_and_key(
    app: Flask, trainer: int, desk: Desk
) -> None:
    questions = [single(f"第{n}题是什么？", f"对{n}", ("错一", "错二")) for n in range(1, 31)]
    exam = make_exam(app, trainer, [*questions, ESSAY], title="消防考试")
    paper = words_of(printed(desk, f"/{exam.id}", "A-paper-pdf"))
    assert "消防考试" in paper
    assert "对7" in paper
    assert "Because." not in paper
    key = words_of(printed(desk, f"/{exam.id}", "A-key-pdf"))
    sheet = words_of(printed(desk, f"/{exam.id}", "A-sheet-pdf"))
    assert "[ A ] [ B ] [ C ]" in sheet
    # Read from the paper which letter is right, and find it in the key.
    lines = paper.splitlines()
    at = next(i for i, line in enumerate(lines) if "第7题" in line)
    number = lines[at].split(".")[0].strip()
    letter = next(line.strip()[0] for line in lines[at:] if "对7" in line)
    assert f"{number}. {letter}" in key
    assert printed(desk, f"/{exam.id}", "A-paper-pdf")
    assert words_of(printed(desk, f"/{exam.id}", "A-paper-pdf")) == paper
    assert words_of(printed(desk, f"/{exam.id}", "B-paper-pdf")) != paper
    written = docx.Document(io.BytesIO(printed(desk, f"/{exam.id}", "A-paper-docx")))
    assert "对7" in "\n".join(p.text for p in written.paragraphs)
    assert "PDF" in desk.get(f"/{exam.id}/print")
    for wrong in ("Z-paper-pdf", "A-answers-pdf", "A-paper-exe", "A-all-pdf", "-all-pdf", "A", ""):
        assert desk.post(f"/{exam.id}/print", what=wrong).status_code == 404, wrong


@pytest.mark.parametrize("ending", ["pdf", "docx"])
def test_every_kind_can_be_answered_on_paper_and_has_its_key(
    app: Flask, trainer: int, desk: Desk, ending: str
) -> None:
    """What is to be matched, ordered and chosen stands on the paper; the key says all of it."""
    picture = picture_of(app, trainer)
    area = {"coords": "10,20,30,40", "text": "the door", "fraction": "1"}
    exam = make_exam(
        app,
        trainer,
        [
            {
                "kind": "matching",
                "stem": "Match.",
                "pairs": [{"left": "port 22", "right": "SSH"}, {"left": "port 80", "right": "Web"}],
                "extra": ["Mail"],
            },
            {"kind": "ordering", "stem": "Order.", "items": ["apply", "learn", "join"]},
            {"kind": "cloze", "stem": "[[Peking]] and [[red|=green|blue]]."},
            {"kind": "blanks", "stem": "Water is [[H2O]]."},
            {"kind": "numeric", "stem": "Pi?", "answers": [{"value": "3.14"}]},
            {"kind": "short", "stem": "Who?", "answers": [{"text": "Anna"}, {"text": "Ann"}]},
            ESSAY | {"rubric": [{"text": "Rules", "share": "1"}]},
            {"kind": "hotspot", "stem": "Where?", "picture": picture, "areas": [area]},
        ],
        shuffle_questions=False,
    )
    paper, sheet, key = (
        words_in(printed(desk, f"/{exam.id}", f"A-{part}-{ending}"), ending)
        for part in ("paper", "sheet", "key")
    )
    for said in ("port 22", "SSH", "Web", "Mail", "apply", "learn", "join", "red", "green", "blue"):
        assert said in paper, said
    assert not any(said in paper for said in ("Peking", "H2O", "Anna", "Because.", "the door"))
    letter = dict(re.findall(r"([A-C])\. (\w+)", paper.split("2. Order.")[0]))
    by_word = {word: at for at, word in letter.items()}
    lefts = dict(re.findall(r"([12])\. (port \d+)", paper))
    right = {"port 22": by_word["SSH"], "port 80": by_word["Web"]}
    assert f"1. 1–{right[lefts['1']]} 2–{right[lefts['2']]}" in key
    steps = {word: at for at, word in re.findall(r"([A-C])\. (apply|learn|join)", paper)}
    assert " → ".join(steps[word] for word in ("apply", "learn", "join")) in key
    assert "(1) Peking (2) green" in key
    for said in (
        "H2O",
        "3.14",
        "Anna / Ann",
        "Because.",
        "Rules 100 %",
        "the door (10,20,30,40 %)",
    ):
        assert said in key, said
    assert re.search(r"1\. 1 _+ 2 _+", sheet)
    assert re.search(r"3\. \(1\) _+ \(2\) _+", sheet)
    assert "[ A ]" not in sheet
    assert pictures_in(printed(desk, f"/{exam.id}", f"A-paper-{ending}"), ending) == 1


def picture_of(app: Flask, owner: int) -> str:
    with app.app_context():
        data = io.BytesIO()
        Image.new("RGB", (320, 200), "red").save(data, "PNG")
        data.seek(0)
        kept = media.store_image(data)
        with unit_of_work():
            media.register_image(kept, owner_id=owner)
        return f"/media/images/{kept.uuid}/{kept.widths[-1]}.webp"


def words_in(data: bytes, ending: str) -> str:
    """The words of a printed part, each space as one."""
    if ending == "pdf":
        return " ".join(words_of(data).split())
    document = docx.Document(io.BytesIO(data))
    return " ".join(" ".join(p.text for p in document.paragraphs).split())


def pictures_in(data: bytes, ending: str) -> int:
    if ending == "docx":
        return len(docx.Document(io.BytesIO(data)).inline_shapes)
    document = pypdfium2.PdfDocument(data)
    try:
        image = pypdfium2.raw.FPDF_PAGEOBJ_IMAGE
        return sum(len(list(page.get_objects(filter=[image]))) for page in document)
    finally:
        document.close()


def test_formulas_and_tables_are_drawn_on_paper(app: Flask, trainer: int, desk: Desk) -> None:
    """As drawings in PDF, as equations in Word; what cannot be drawn stays as it was written."""
    stem = (
        "设 $v=\\frac{\\text{路程}}{\\sqrt{t}}$，票价 $5 和 $6。\n\n"
        "| 量 | 值 |\n| --- | --- |\n| 面积 | $S=\\pi r^2$ |\n\n选哪个？"
    )
    right = "$\\sum_{i=1}^n i=\\left|x\\right|$"
    exam = make_exam(app, trainer, [single(stem, right, ("$\\unheard{x}$", "$\\frac{$", "${}$"))])
    data = printed(desk, f"/{exam.id}", "A-paper-pdf")
    paper = " ".join(words_of(data).split())
    for said in ("票价 $5 和 $6。", "面积", "选哪个？", "$\\unheard{x}$", "$\\frac{$", "${}$"):
        assert said in paper, said
    assert not any(said in paper for said in ("sqrt", "sum", "---", "|"))
    document = pypdfium2.PdfDocument(data)
    path = pypdfium2.raw.FPDF_PAGEOBJ_PATH
    assert len(list(document[0].get_objects(filter=[path]))) > 20
    document.close()
    written = docx.Document(io.BytesIO(printed(desk, f"/{exam.id}", "A-paper-docx")))
    drawn = [formula(each) for each in written.element.body.iter(f"{{{omml.M}}}oMath")]
    assert {"$v=\\frac{\\text{路程}}{\\sqrt{t}}$", "$S=\\pi {r}^{2}$"} < set(drawn)
    assert [cell.text for cell in written.tables[0].rows[1].cells] == ["面积", ""]


def test_an_equation_of_word_is_read_as_the_formula_that_it_was_printed_from() -> None:
    """What paper.docx draws, the import doctor reads: brackets, accents, tables, limits too."""
    for tex in (
        r"\left| x\right|+\left( \frac{a}{b}\right)",
        r"\left\{ x\right\}-[0,1)",
        r"\begin{cases}x & x>0 \\ -x & x\le 0\end{cases}",
        r"\left( \begin{matrix}1 & 2 \\ 3 & 4\end{matrix}\right)",
        r"\vec{a}\cdot \overline{b}+\dot{c}",
        r"\lim_{x\to 0} \frac{\sin x}{x}=\log_{2} 2+\max_{i} (a+b)",
        r"{}_{6}^{14}C+\overset{n}{\overbrace{a+b}}",
        r"\int_{0}^{1}{f(x)}=\sum_{i=1}^{n}{i}",
        r"\sqrt[3]{x}\approx {x}_{1}^{2}",
        r"\overset{a}{=}b",
    ):
        tree = formulas.tree(tex)
        assert tree is not None
        assert formula(omml.equation(tree)) == f"${tex}$"
        assert formulas.drawing(tex, 11) is not None
    nested = ("\\sqrt{" * deep + "x" + "}" * deep for deep in (60, 300))
    for tex in ("", r"\frac{", r"\unheard{x}", *nested, "x" * 1000, "{}"):
        assert formulas.tree(tex) is None or formulas.drawing(tex, 11) is None


def test_the_paper_of_an_attempt_is_made_again(
    app: Flask, people: People, trainer: int, desk: Desk
) -> None:
    taker = Candidate(people, make_exam(app, trainer))
    taker.start()
    shown = [text for item in taker.paper() for text in item.options]
    paper = words_of(printed(desk, f"/{taker.exam.id}/room/{taker.attempt}", "paper-pdf"))
    places = [paper.index(text) for text in shown if text not in {"True", "False"}]
    assert places == sorted(places)


@pytest.fixture
def taken(app: Flask, people: People, trainer: int) -> Set:
    exam = make_exam(app, trainer, [*QUESTIONS, ESSAY])
    for name in ("=cmd|calc", "Anna"):
        taker = Candidate(people, exam, people.member(name=name))
        taker.start()
        taker.submit(taker.right(4))  # whatever their order
    return exam


def test_an_archive_holds_everything_and_shows_any_change(
    app: Flask, taken: Set, desk: Desk
) -> None:
    data = fetched(desk, f"/{taken.id}/archive")
    whole = archive.check(io.BytesIO(data))
    with zipfile.ZipFile(io.BytesIO(data)) as source:
        files = {name: source.read(name) for name in source.namelist()}
    assert whole.files == len(files) - 2
    attempts = list(csv.DictReader(io.StringIO(files["attempts.csv"].decode("utf-8-sig"))))
    assert {row["name"] for row in attempts} == {"'=cmd|calc", "Anna"}
    answers = list(csv.DictReader(io.StringIO(files["answers.csv"].decode("utf-8-sig"))))
    assert len(answers) == 8
    assert "CANARY-CORRECT-112" in {row["answer"] for row in answers}
    assert [row["act"] for row in _rows(files["acts.csv"])].count("submit") == 2
    assert json.loads(files["statistics.json"])["attempts"] == 2
    assert b"Anna" in next(v for k, v in files.items() if k.startswith("papers/") and b"Anna" in v)

    # What people are called is never the name of a file.
    named = re.compile(r"[a-z_]+\.(csv|json|sig)|papers/[0-9]+\.html")
    assert all(named.fullmatch(name) for name in files), list(files)

    def again(**changed: bytes | None) -> bytes:
        out = io.BytesIO()
        with zipfile.ZipFile(out, "w") as target:
            for name, content in {**files, **changed}.items():
                if content is not None:
                    target.writestr(name, content)
        return out.getvalue()

    archive.check(io.BytesIO(again()))
    mark = files["answers.csv"].replace(b"CANARY-CORRECT-112", b"CANARY-CORRECT-113")
    manifest = files["manifest.json"].replace(b"Fire safety", b"Other title")
    for changed, why in (
        ({"answers.csv": mark}, "answers.csv was changed"),
        ({"acts.csv": None}, "acts.csv is missing"),
        ({"more.csv": b"1"}, "files were added"),
        ({"manifest.json": manifest}, "manifest was changed"),
        ({"manifest.sig": b"00"}, "manifest was changed"),
        ({"manifest.json": None}, "no archive"),
    ):
        with pytest.raises(archive.BadArchive, match=why):
            archive.check(io.BytesIO(again(**changed)))
    with pytest.raises(archive.BadArchive, match="another key"):
        archive.check(io.BytesIO(data), key="00" * 32)
    with pytest.raises(archive.BadArchive):
        archive.check(io.BytesIO(b"no zip"))


def checked_by_the_guide(data: bytes, folder: Path) -> subprocess.CompletedProcess[str]:
    """What the organizer's guide tells to do: Python and OpenSSL, and nothing of ours."""
    guide = Path(__file__).parents[2] / "docs" / "guide" / "organizer.en.md"
    (script,) = re.findall(r"```\n(python3 - exam.*?)```", guide.read_text(), re.DOTALL)
    folder.mkdir()
    (folder / "exam-1-archive.zip").write_bytes(data)
    return subprocess.run(
        ["/bin/sh", "-ec", script],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_an_archive_is_checked_without_anything_of_ours(
    taken: Set, desk: Desk, tmp_path: Path
) -> None:
    data = fetched(desk, f"/{taken.id}/archive")
    whole = checked_by_the_guide(data, tmp_path / "whole")
    assert whole.returncode == 0, whole.stderr
    assert archive.check(io.BytesIO(data)).key in whole.stdout
    assert "Verified Successfully" in whole.stdout
    with zipfile.ZipFile(io.BytesIO(data)) as source:
        files = {name: source.read(name) for name in source.namelist()}
    title = files["manifest.json"].replace(b"Fire safety", b"Other title")
    for number, changed in enumerate(
        ({"acts.csv": b"none"}, {"more.csv": b"1"}, {"manifest.json": title})
    ):
        out = io.BytesIO()
        with zipfile.ZipFile(out, "w") as target:
            for name, content in {**files, **changed}.items():
                target.writestr(name, content)
        bad = checked_by_the_guide(out.getvalue(), tmp_path / str(number))
        assert bad.returncode != 0, changed
        assert "Verified Successfully" not in bad.stdout


def test_results_are_taken_away_as_texts_and_numbers_by_whoever_may_now(
    app: Flask, people: People, taken: Set, desk: Desk, trainer: int
) -> None:
    text = fetched(desk, f"/{taken.id}/results/export").decode("utf-8-sig")
    (formula,) = (line for line in text.splitlines() if "cmd" in line)
    assert formula.startswith('"\'=cmd|calc",')
    assert re.search(r',"2[^"]*","2[^"]*",3,4,75,"', formula), formula  # two moments, three numbers
    other = Desk(people, people.member(role="trainer"))
    paths = [f"/desk/exams/{taken.id}/{name}" for name in ("results/export", "archive")]
    for path in paths:
        assert other.client.get(path).status_code == 404
    with app.app_context(), unit_of_work() as session:
        session.query(RoleGrant).filter_by(member_id=trainer).delete()
    for path in paths:
        assert desk.client.get(path).status_code == 404


def test_the_marks_of_a_hundred_thousand_are_sent_while_they_are_read(
    app: Flask, people: People, trainer: int, desk: Desk
) -> None:
    exam = make_exam(app, trainer, QUESTIONS[:1])
    taker = Candidate(people, exam, people.member(name="=Ann"))
    taker.start()
    taker.submit(taker.right(1))
    crowd(app, taker.member, 100_000)
    sat_too(app, taker.attempt)
    found = crowds.taken(app, desk.client, f"/desk/exams/{exam.id}/results/export")
    assert found.first <= 20
    assert found.queries > 400
    assert found.grown_mb < 40
    lines = found.body.decode("utf-8-sig").splitlines()
    assert len(lines) == 100_002
    assert lines[1].startswith('"\'=Ann"')
    assert lines[-1].startswith('"Crowd 100000"')
    assert {line.rsplit(",", 1)[1] for line in lines[1:]} == {"1"}


def test_the_archive_of_many_is_sent_while_it_is_made(
    app: Flask, people: People, trainer: int, desk: Desk
) -> None:
    exam = make_exam(app, trainer, [*QUESTIONS, ESSAY] * 5)
    taker = Candidate(people, exam)
    taker.start()
    taker.submit(taker.right(20))
    crowd(app, taker.member, 300)
    sat_too(app, taker.attempt)
    found = crowds.taken(app, desk.client, f"/desk/exams/{exam.id}/archive")
    assert found.first <= 8
    assert found.grown_mb < 60
    assert archive.check(io.BytesIO(found.body)).files == 301 + 11
    with zipfile.ZipFile(io.BytesIO(found.body)) as source:
        assert len(_rows(source.read("answers.csv"))) == 20 * 301


ANSWERED = {  # the stored answer to a question of each kind, from its body
    "single": lambda body: [body["options"][0]["id"]],
    "matching": lambda body: [f"{body['pairs'][0]['id']}={body['pairs'][0]['right']}"],
    "ordering": lambda body: [f"{item['id']}={n}" for n, item in enumerate(body["items"], 1)],
    "cloze": lambda body: [f"{body['gaps'][0]['id']}=Beijing"],
    "numeric": lambda body: ["3.1"],
    "short": lambda body: ["Ann"],
    "essay": lambda body: ["First.\nThen."],
    "hotspot": lambda body: ["1=15,25"],
}


def test_every_kind_of_answer_stands_in_the_archive(
    app: Flask, people: People, trainer: int, desk: Desk
) -> None:
    area = {"coords": "10,20,30,40", "text": "the door", "fraction": "1"}
    pairs = [{"left": "port 22", "right": "SSH"}, {"left": "port 80", "right": "Web"}]
    picture = picture_of(app, trainer)
    exam = make_exam(
        app,
        trainer,
        [
            single("Which?", "CANARY-CORRECT-this", ("that",)),
            {"kind": "matching", "stem": "Match.", "pairs": pairs, "extra": []},
            {"kind": "ordering", "stem": "Order.", "items": ["learn", "apply"]},
            {"kind": "cloze", "stem": "[[Peking]] and [[red|=green]]."},
            {"kind": "numeric", "stem": "Pi?", "answers": [{"value": "3.14"}]},
            {"kind": "short", "stem": "Who?", "answers": [{"text": "Anna"}]},
            ESSAY,
            {"kind": "hotspot", "stem": "Where?", "picture": picture, "areas": [area]},
        ],
    )
    taker = Candidate(people, exam)
    taker.start()
    with app.app_context(), unit_of_work() as session:
        rows = session.query(AttemptItem).all()
        asked = versions(row.version_id for row in rows)
        for row in rows:
            question = asked[row.version_id]
            row.response = ANSWERED[question.kind](question.body)
    taker.submit()
    with zipfile.ZipFile(io.BytesIO(fetched(desk, f"/{exam.id}/archive"))) as source:
        answers = {row["kind"]: row["answer"] for row in _rows(source.read("answers.csv"))}
        page = source.read(f"papers/{taker.attempt}.html").decode()
    assert answers == {
        "single": "CANARY-CORRECT-this",
        "matching": "port 22 – SSH",
        "ordering": "1: learn; 2: apply",
        "cloze": "Beijing; ",
        "numeric": "3.1",
        "short": "Ann",
        "essay": "First.\nThen.",
        "hotspot": "15, 25",
    }
    assert all(said in page for said in answers.values())


def _rows(data: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(data.decode("utf-8-sig"))))


def test_the_commands_write_and_verify_an_archive(app: Flask, taken: Set, tmp_path) -> None:
    run = app.test_cli_runner().invoke
    file = tmp_path / "exam.zip"
    assert run(args=["exams", "archive", str(taken.id), str(file)]).exit_code == 0
    assert "whole" in run(args=["exams", "verify", str(file)]).output
    file.write_bytes(file.read_bytes().replace(b"manifest.sig", b"manifest.sog"))
    assert run(args=["exams", "verify", str(file)]).exit_code == 1
    assert run(args=["exams", "archive", "999", str(file)]).exit_code == 1
    nowhere = run(args=["exams", "archive", str(taken.id), str(tmp_path / "no" / "exam.zip")])
    assert "cannot be written" in nowhere.output


def test_weak_topics_are_told_by_branch(
    app: Flask, people: People, trainer: int, desk: Desk
) -> None:
    exam = make_exam(app, trainer)
    with app.app_context(), unit_of_work() as session:
        session.add(QuestionTag(question_id=exam.questions[0], tag="Alarm"))
    branch = people.branch("Harbour")
    for _ in range(3):
        taker = Candidate(people, exam, people.member(branch=branch))
        taker.start()
        taker.submit(taker.wrong())
    for _ in range(3):
        taker = Candidate(people, exam)
        taker.start()
        taker.submit(taker.right())
    page = desk.get(f"/{exam.id}/results/patterns")
    assert "Harbour" in page
    assert "Alarm" in page
    assert "weaker than elsewhere" in page


def test_the_same_wrong_answers_are_a_reason_to_look(
    app: Flask, people: People, trainer: int, desk: Desk
) -> None:
    questions = [single(f"Q{n}?", f"CANARY-CORRECT-{n}", ("x", "y", "z")) for n in range(8)]
    exam = make_exam(app, trainer, questions, shuffle_options=False, shuffle_questions=False)
    plan = {"Copy One": "xyzxyz", "Copy Two": "xyzxyz", "Honest": "yzxyzx", "Best": ""}
    for name, wrong in plan.items():
        taker = Candidate(people, exam, people.member(name=name))
        taker.start()
        answers = taker.right(8)
        for item, letter in zip(taker.paper(), wrong, strict=False):
            answers[item.id] = [item.options[letter]]
        taker.submit(answers)
    page = desk.get(f"/{exam.id}/results/patterns")
    pairs = page.split("Wrong answers that are alike", 1)[1]
    assert "Copy One" in pairs
    assert "Copy Two" in pairs
    assert "not a verdict" in pairs
    assert "Honest" not in pairs


def test_common_mistakes_are_not_alike() -> None:
    everybody = {n: dict.fromkeys(range(6), "same") for n in range(30)}
    found = rules.alike(everybody, dict.fromkeys(range(6), 30))
    assert all(pair.bits == 0 for pair in found)
    rare = {**everybody, 98: dict.fromkeys(range(6), "odd"), 99: dict.fromkeys(range(6), "odd")}
    first = rules.alike(rare, dict.fromkeys(range(6), 32))[0]
    assert (first.first, first.second, first.shared) == (98, 99, 6)
    assert first.bits == pytest.approx(24.0)
