"""The import doctor and the sorting of the bank, through URLs."""

from __future__ import annotations

import re
from io import BytesIO

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from app.core.db import db
from app.core.jobs import run_pending
from app.questions import formats, queries
from app.questions.views import sorting
from app.search.models import SearchThing
from tests.factories import People, csrf
from tests.statements import counted

GOOD = """一、单选题
1．火警电话是？
A．119
B．120
答案：A
分类：安全/消防
2．急救电话是？
A．119
B．120
答案：B"""
BAD = GOOD.replace("答案：B", "答案：D")


@pytest.fixture
def trainer(people: People) -> int:
    return people.member("Trainer One", role="trainer")


@pytest.fixture
def client(people: People, trainer: int) -> FlaskClient:
    return people.client(trainer)


def send(client: FlaskClient, text: str | bytes, name: str = "paper.txt", **fields: str):
    data = text if isinstance(text, bytes) else text.encode()
    return client.post(
        "/desk/questions/import",
        data={"file": (BytesIO(data), name), **fields},
        headers=csrf(client),
        content_type="multipart/form-data",
    )


def post(client: FlaskClient, path: str, **data: str):
    return client.post(f"/desk/questions/import/{path}", data=data, headers=csrf(client))


def page(client: FlaskClient, path: str = "1", query: str = "") -> str:
    return client.get(f"/desk/questions/import/{path}{query}").get_data(as_text=True)


def total(app: Flask, people: People, trainer: int) -> int:
    reader = people.reader(trainer)
    with app.app_context():
        return queries.bank_for(reader).total


def test_a_good_file_is_shown_taken_and_taken_back(
    app: Flask, people: People, client: FlaskClient, trainer: int
) -> None:
    assert send(client, GOOD).status_code == 303
    text = page(client)
    assert "火警电话是？" in text
    assert "Take 2 questions" in text
    assert total(app, people, trainer) == 0
    assert post(client, "1/take", state="review").status_code == 303
    assert total(app, people, trainer) == 2
    assert "2 questions of this file are in the bank." in page(client)
    bank = client.get("/desk/questions?import=1").get_data(as_text=True)
    assert bank.count('class="bank-row"') == 2
    assert "To be reviewed" in bank
    assert post(client, "1/undo").status_code == 303
    assert total(app, people, trainer) == 0
    assert "taken back" in page(client)
    assert post(client, "1/undo").status_code >= 400
    assert post(client, "1/take").status_code == 422


def test_a_wrong_question_is_mended_in_place(
    app: Flask, people: People, client: FlaskClient, trainer: int
) -> None:
    send(client, BAD)
    text = page(client)
    assert "The right answer is D, but there is no such answer." in text
    assert "Line 7:" in text
    assert "Look at the letters of the answers" in text
    assert "must be mended or left out first" in text
    assert post(client, "1/take").status_code == 422
    assert total(app, people, trainer) == 0
    editor = page(client, "1/1")
    assert "急救电话是？" in editor
    seen = re.search(r'name="seen" value="(\d+)"', editor).group(1)
    fields = {
        "stem": "急救电话是？",
        "options-0-text": "119",
        "options-1-text": "120",
        "right": "1",
        "seen": seen,
    }
    assert post(client, "1/1", **fields | {"right": ""}).status_code == 422
    assert post(client, "1/1", **fields).status_code == 303
    assert post(client, "1/1", **fields).status_code == 409  # a second window
    assert "Take 2 questions" in page(client)
    post(client, "1/take")
    assert total(app, people, trainer) == 2


def test_a_question_can_be_written_as_another_kind_or_left_out(client: FlaskClient) -> None:
    send(client, BAD)
    assert 'name="answers-0-text"' in page(client, "1/1", "?kind=short")
    fields = {"stem": "急救电话？", "answers-0-text": "120", "seen": "0"}
    assert post(client, "1/1?kind=short", **fields).status_code == 303
    assert "Short text" in page(client)
    assert post(client, "1/0/keep", keep="0").status_code == 303
    assert "Take 1 question" in page(client)
    assert "火警电话" in page(client, "1", "?only=out")
    back = post(client, "1/0/keep?only=out", keep="1").headers["Location"]
    assert "only=out" in back
    assert "Take 2 questions" in page(client)


def test_all_that_must_be_mended_or_are_alike_are_left_out_at_once(
    app: Flask, people: People, trainer: int, client: FlaskClient
) -> None:
    send(client, GOOD)
    post(client, "1/take")
    more = (
        "3．紧急出口的标志是什么颜色？\nA．红\nB．绿\n答案：D\n"
        "4．灭火器多久检查一次？\nA．每月\nB．每年\n答案：A"
    )
    send(client, f"{GOOD}\n{more}")
    assert "Leave out 1 question that must be mended" in page(client, "2")
    assert post(client, "2/leave-out", alike="0").status_code == 303
    text = page(client, "2")
    assert "that must be mended" not in text
    assert "Leave out 2 questions that are like others" in text
    assert post(client, "2/leave-out", alike="1").status_code == 303
    text = page(client, "2")
    assert "leave-out" not in text
    assert "Take 1 question" in text
    post(client, "2/take")
    assert total(app, people, trainer) == 3
    assert post(client, "2/leave-out", alike="1").status_code == 422


def test_what_looks_like_a_question_of_the_bank_is_shown(client: FlaskClient) -> None:
    send(client, GOOD)
    post(client, "1/take")
    send(client, GOOD.replace("火警電話", "火警电话"))
    text = page(client, "2")
    assert text.count("The same words:") == 2
    assert "Leave out 2 questions that are like others" in text
    assert 'href="/desk/questions/1"' in text
    assert page(client, "2", "?only=twins").count("The same words:") == 2
    assert 'href="/desk/questions/import/1">Show the earlier import' in text
    alike = client.get("/desk/questions/1").get_data(as_text=True)
    assert "Questions that look alike" not in alike


def test_what_a_file_says_twice_is_shown_beside_what_it_repeats(client: FlaskClient) -> None:
    send(client, f"{GOOD}\n{GOOD}")
    text = page(client)
    assert "earlier import" not in text
    assert text.count("The same words:") == 2
    assert 'href="/desk/questions/import/1#item-0">question 1 of this file' in text
    assert "Leave out 2 questions that are like others" in text
    post(client, "1/0/keep", keep="0")
    assert page(client).count("The same words:") == 1
    post(client, "1/leave-out", alike="1")
    assert "Take 2 questions" in page(client)


def test_a_question_written_twice_stands_beside_the_first_at_once(client: FlaskClient) -> None:
    fields = {"stem": "急救电话？", "answers-0-text": "120"}
    path = "/desk/questions/new/short"
    assert client.post(path, data=fields, headers=csrf(client)).location == "/desk/questions"
    again = client.post(path, data=fields, headers=csrf(client))
    assert again.location == "/desk/questions/2#alike"
    text = client.get(again.location).get_data(as_text=True)
    assert "says the same words" in text
    assert 'href="/desk/questions/1"' in text


def test_what_is_wrong_with_the_file_itself_is_no_question_to_be_mended(
    client: FlaskClient,
) -> None:
    send(client, f"{'x' * 10_001}\n{GOOD}")
    text = page(client)
    assert "Something is wrong with the file itself" in text
    assert "must be mended or left out first" not in text
    assert post(client, "1/take").status_code == 422


def test_the_list_of_imports_counts_without_reading_them(app: Flask, client: FlaskClient) -> None:
    send(client, GOOD)
    send(client, "1．也许。\n答案：对")
    with counted(app) as statements:
        text = client.get("/desk/questions/import").get_data(as_text=True)
    assert "2 questions" in text
    assert "1 question<" in text
    (asked,) = [each for each in statements if "question_import" in each]
    assert "json_array_length" in asked


def test_questions_can_be_pasted(client: FlaskClient) -> None:
    answer = client.post("/desk/questions/import", data={"text": GOOD}, headers=csrf(client))
    assert answer.status_code == 303
    assert "pasted text" in page(client)


def test_a_file_can_be_put_away(client: FlaskClient) -> None:
    send(client, GOOD)
    assert post(client, "1/drop").status_code == 303
    assert 'href="/desk/questions/import/1"' not in page(client, "")
    assert post(client, "1/take").status_code == 422


@pytest.mark.parametrize(
    ("data", "name", "sentence"),
    [
        (b"", "x.txt", "Choose a file, or paste"),
        (b"Hello", "x.txt", "No question was found in this file."),
        (b"PK\3\4", "x.docx", "No question was found"),
        (
            b'<!DOCTYPE q [<!ENTITY x SYSTEM "file:///etc/passwd">]><quiz>&x;</quiz>',
            "x.xml",
            "enti",
        ),
    ],
)
def test_what_cannot_be_read_says_why(
    client: FlaskClient, data: bytes, name: str, sentence: str
) -> None:
    answer = send(client, data, name)
    assert answer.status_code == 422
    assert sentence in answer.get_data(as_text=True)


def test_a_file_of_several_megabytes_is_read(client: FlaskClient) -> None:
    text = GOOD + "\n解析：" + "好" * 1_000_000
    body = (
        '--x\r\nContent-Disposition: form-data; name="file"; filename="paper.txt"\r\n\r\n'
        f"{text}\r\n--x--\r\n"
    )
    answer = client.post(
        "/desk/questions/import",
        data=body.encode(),
        headers=csrf(client),
        content_type="multipart/form-data; boundary=x",
    )
    assert answer.status_code == 303
    assert "characters" in page(client)


def test_the_import_of_another_trainer_is_not_there(people: People, client: FlaskClient) -> None:
    send(client, GOOD)
    other = people.client(people.member(role="trainer"))
    assert other.get("/desk/questions/import/1").status_code == 404
    for path in ("1/take", "1/undo", "1/drop", "1/0", "1/0/keep", "1/leave-out"):
        assert post(other, path).status_code == 404


@pytest.mark.parametrize("ending", ["docx", "xlsx", "txt", "csv"])
def test_the_templates_are_read_without_a_problem(
    app: Flask, client: FlaskClient, ending: str
) -> None:
    data = client.get(f"/desk/questions/import/template.{ending}").data
    with app.test_request_context():
        paper = formats.read(data, f"x.{ending}")
    assert len(paper.items) == 9
    assert [item.problems for item in paper.items] == [[]] * 9


def test_script_in_a_file_stays_text(client: FlaskClient) -> None:
    send(client, GOOD.replace("火警", "<script>alert(1)</script><img src=x onerror=alert(1)>"))
    text = page(client)
    assert "<script>alert" not in text
    assert "<img src=x" not in text


# --- sorting --------------------------------------------------------------------------------------


@pytest.fixture
def filled(client: FlaskClient) -> None:
    send(client, GOOD)
    post(client, "1/take")


@pytest.mark.usefixtures("filled")
def test_many_questions_are_sorted_at_once(app: Flask, client: FlaskClient) -> None:
    client.post("/desk/questions/categories", data={"name": "急救"}, headers=csrf(client))
    data = {"question": ["1", "2"], "category": "3", "difficulty": "4", "add": "电话 安全"}
    answer = client.post("/desk/questions/sort", data=data, headers=csrf(client))
    assert answer.status_code == 302
    with app.app_context():
        found = queries.questions([1, 2])
        assert {q.category_id for q in found.values()} == {3}
        assert queries.tags_of([1, 2]) == {1: ["安全", "电话"], 2: ["安全", "电话"]}
        assert queries.pool(category=3, difficulties=[4], tags=["电话"], kinds=["single"]) == [1, 2]
    text = client.get("/desk/questions/1").get_data(as_text=True)
    assert "安全/消防 → 急救" in text
    assert "Trainer One" in text
    for query, number in (
        ("tag=电话", 2),
        ("difficulty=4", 2),
        ("category=3", 2),
        ("category=-1", 0),
    ):
        shown = client.get(f"/desk/questions?{query}").get_data(as_text=True)
        assert shown.count('class="bank-row"') == number
    data = {"all": "1", "state": "retired", "drop": "电话"}
    client.post("/desk/questions/sort?tag=电话", data=data, headers=csrf(client))
    with app.app_context():
        assert queries.pool() == []
        assert queries.tags_of([1]) == {1: ["安全"]}


@pytest.mark.usefixtures("filled")
def test_one_question_is_sorted_in_its_page(app: Flask, client: FlaskClient) -> None:
    data = {"difficulty": "5", "state": "draft", "tags": "a, b", "source": "第3页"}
    assert client.post("/desk/questions/2/sort", data=data, headers=csrf(client)).status_code == 302
    with app.app_context():
        found = queries.question(2)
        assert (found.difficulty, found.state, found.source) == (5, "draft", "第3页")
        assert queries.changes(2)[0].what["tags"] == [[], ["a", "b"]]


@pytest.mark.usefixtures("filled")
def test_the_questions_of_others_stay_as_they_are(
    app: Flask, people: People, client: FlaskClient
) -> None:
    other = people.client(people.member(role="trainer"))
    data = {"question": ["1", "2"], "state": "retired"}
    other.post("/desk/questions/sort", data=data, headers=csrf(other))
    assert other.post("/desk/questions/1/sort", data=data, headers=csrf(other)).status_code == 404
    with app.app_context():
        assert queries.question(1).state == "ready"


@pytest.mark.usefixtures("filled")
def test_categories_are_made_renamed_and_removed(app: Flask, client: FlaskClient) -> None:
    headers = csrf(client)
    post_to = "/desk/questions/categories"
    assert (
        client.post(post_to, data={"name": "甲", "parent": "2"}, headers=headers).status_code == 302
    )
    for data in ({"name": "甲", "parent": "2"}, {"name": " "}, {"name": "x" * 81}):
        assert client.post(post_to, data=data, headers=headers).status_code == 422
    assert client.post(f"{post_to}/3", data={"name": "乙"}, headers=headers).status_code == 302
    with app.app_context():
        assert [c.path for c in queries.categories()] == ["安全", "安全/消防", "安全/消防/乙"]
    assert client.post(f"{post_to}/2/remove", headers=headers).status_code == 422
    assert client.post(f"{post_to}/3/remove", headers=headers).status_code == 302
    assert "安全" in client.get(post_to).get_data(as_text=True)


@pytest.mark.usefixtures("filled")
def test_what_is_found_is_exported(client: FlaskClient) -> None:
    answer = client.get("/desk/questions/export/yaml?q=火警")
    assert answer.data.count(b"- kind:") == 1
    asked = client.get("/desk/questions/export/aiken").get_data(as_text=True)
    assert "This format cannot say all of 1 question" in asked
    assert client.get("/desk/questions/export/aiken?sure=1").data.count(b"ANSWER:") == 2


def test_many_questions_are_taken_and_sorted_in_few_statements(
    app: Flask, client: FlaskClient
) -> None:
    """Nobody waits for the database meanwhile; the worker tells search."""
    from tests.statements import counted

    many = "\n".join(
        f"{n}．第{n}个问题是什么？\nA．对\nB．错\n答案：A\n标签：甲 乙" for n in range(60)
    )
    send(client, f"一、单选题\n{many}")
    with counted(app) as taking:
        post(client, "1/take")
    with counted(app) as changing:
        answer = client.post(
            "/desk/questions/sort?import=1",
            data={"all": "1", "difficulty": "4", "add": "丙", "drop": "甲", "language": "shown"},
            headers=csrf(client),
        )
    assert answer.status_code == 302
    # Rows whose numbers the database gives go one by one; everything else goes at once.
    assert len(taking) < 3 * 60
    assert len(changing) < 2 * 60
    run_pending(app)
    with app.app_context():
        found = (
            db.session().scalars(select(SearchThing).where(SearchThing.kind == "question")).all()
        )
        assert len(found) == 60
        assert queries.tags_of([60]) == {60: ["丙", "乙"]}
        db.session().rollback()


def test_more_than_fits_into_a_file_is_said(
    client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    send(client, GOOD)
    post(client, "1/take")
    monkeypatch.setattr(sorting, "MOST_QUESTIONS", 1)
    text = client.get("/desk/questions/export/yaml").get_data(as_text=True)
    assert "A file may have 1 questions; 1 that was found is not in it." in text
    assert client.get("/desk/questions/export/yaml?sure=1").data.count(b"- kind:") == 1
    monkeypatch.setattr(sorting, "MOST_AT_ONCE", 1)
    fields = {"all": "1", "difficulty": "4"}
    client.post("/desk/questions/sort", data=fields, headers=csrf(client))
    bank = client.get("/desk/questions").get_data(as_text=True)
    assert "2 questions were found; 1 is the most" in bank


def test_the_bank_costs_the_same_for_one_question_and_for_many(
    app: Flask, client: FlaskClient
) -> None:
    from tests.statements import counted

    def cost() -> int:
        with counted(app) as statements:
            client.get("/desk/questions")
        return len(statements)

    send(client, GOOD)
    post(client, "1/take")
    few = cost()
    many = "\n".join(f"{n}．第{n}个问题是什么？\nA．对的\nB．错的\n答案：A" for n in range(1, 21))
    send(client, f"一、单选题\n{many}")
    post(client, "2/take")
    assert cost() == few
