"""The language of a question: shown by its words, set by its author, kept apart in draws."""

from __future__ import annotations

import pytest
from flask import Flask

from app.core.db import db, unit_of_work
from app.exams.models import ExamSection, ExamSlot
from app.questions import formats, queries, types
from app.questions import service as bank
from app.questions.formats import Saying
from app.questions.rules import Language, language_of
from tests.exams.examiner import make_exam
from tests.factories import People, csrf
from tests.questions.test_formats import SAYINGS


@pytest.mark.parametrize(
    ("stem", "said", "language"),
    [
        ("发生火灾时应拨打哪个电话？", "", Language.CHINESE),
        ("發生火災時應撥打哪個電話？", "", Language.CHINESE),
        ("Which number do you call?", "", Language.ENGLISH),
        ("TCP 与 UDP 的区别是 ____", "", Language.CHINESE),
        ("What does 消防 mean in English?", "", Language.ENGLISH),
        ("2 + 2 = ?", "4 5", Language.ANY),
        ("$$\\text{Wahrscheinlichkeit}$$ ?", "1 0", Language.ANY),
        ("![](/media/images/x.webp)", "灭火器 消火栓", Language.CHINESE),
        ("![fire extinguisher](https://x.example/long/path.png)", "", Language.ENGLISH),
        ("", "", Language.ANY),
    ],
)
def test_words_show_the_language(stem: str, said: str, language: Language) -> None:
    assert language_of(stem, said) is language


def write(app: Flask, author: int, stem: str) -> int:
    with app.app_context(), unit_of_work():
        body = {"stem": stem, "answer": True}
        return bank.create(kind="truefalse", body=body, author_id=author)


def test_a_language_is_found_chosen_kept_and_filtered(app: Flask, people: People) -> None:
    trainer = people.member(role="trainer")
    client = people.client(trainer)
    chinese = write(app, trainer, "灭火器放在门边。")
    english = write(app, trainer, "An extinguisher hangs beside the door.")
    figure = write(app, trainer, "2 + 2 = 4")

    def shown(language: str) -> int:
        page = client.get(f"/desk/questions?language={language}").get_data(as_text=True)
        return page.count('class="bank-row"')

    assert [shown(each) for each in ("zh", "en", "any", "", "xx")] == [1, 1, 1, 3, 3]
    path = f"/desk/questions/{english}/sort"
    assert client.post(path, data={"language": "xx"}, headers=csrf(client)).status_code == 404
    assert client.post(path, data={"language": "zh"}, headers=csrf(client)).status_code == 302
    page = client.get(f"/desk/questions/{english}").get_data(as_text=True)
    assert "Language: English → Chinese" in page
    assert shown("zh") == 2
    with app.app_context(), unit_of_work():
        # What an author has chosen stays when the words change; what the words showed does not.
        bank.revise(english, {"stem": "It hangs beside the door.", "answer": True}, trainer)
        bank.revise(chinese, {"stem": "It hangs beside the window.", "answer": True}, trainer)
        languages = queries.languages_of([english, chinese, figure])
        assert languages == {english: "zh", chinese: "en", figure: "any"}
    both = {"question": [str(english), str(figure)], "language": "shown"}
    client.post("/desk/questions/sort", data=both, headers=csrf(client))
    assert [shown(each) for each in ("zh", "en", "any")] == [0, 2, 1]


@pytest.mark.parametrize("name", sorted(formats.FORMATS))
def test_a_chosen_language_travels_and_one_that_words_show_need_not(app: Flask, name: str) -> None:
    with app.test_request_context():
        kind = "single"
        of = types.of(kind)
        body = of.plain(of.clean({"stem": "What is it?", "explanation": "", **SAYINGS[kind]}))
        written = formats.write([Saying(kind, body, {"language": "zh"})], name)
        paper = formats.read(written.data, f"x{formats.FORMATS[name].ENDINGS[0]}", name)
        (item,) = paper.items
        kept = item.facts.get("language") == "zh"
        assert kept or any("how it is sorted" in loss.what for loss in written.losses)


def test_a_draw_takes_one_language_and_what_needs_none(app: Flask, people: People) -> None:
    trainer = people.member(role="trainer")
    client = people.client(trainer)
    exam = make_exam(app, trainer, [], publish=False)
    chinese = {write(app, trainer, f"第{n}条：消防通道不能堵塞。") for n in range(3)}
    figures = {write(app, trainer, "2 + 2 = 4")}
    for n in range(3):
        write(app, trainer, f"Rule {n}: keep the passage free.")
    with app.app_context():
        section = db.session.query(ExamSection).filter_by(exam_id=exam.id).one().id
    path = f"/desk/exams/{exam.id}/sections/{section}/draws"
    draw = {"number": 2, "kind": "truefalse", "difficulty": "", "tag": "", "mark": "1"}
    answer = client.post(path, data={**draw, "language": "fr"}, headers=csrf(client))
    assert answer.status_code == 422
    answer = client.post(path, data={**draw, "language": "zh"}, headers=csrf(client))
    assert answer.status_code == 303
    page = client.get(f"/desk/exams/{exam.id}").get_data(as_text=True)
    assert "· Chinese ·" in page
    assert "4 fit" in page
    answer = client.post(f"/desk/exams/{exam.id}/copy", headers=csrf(client))
    assert answer.status_code in {302, 303}
    assert client.post(f"/desk/exams/{exam.id}/publish", headers=csrf(client)).status_code == 303
    with app.app_context():
        first, copied = db.session.query(ExamSlot).order_by(ExamSlot.id)
        assert {question for question, _expected in first.pool} == chinese | figures
        assert (first.language, copied.language) == ("zh", "zh")
