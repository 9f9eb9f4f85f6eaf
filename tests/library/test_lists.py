"""Notes of one's own, reading lists, what counts as read, and citing."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta

import pytest
from flask.testing import FlaskClient

from app.core import clock
from app.library.rules import Kind, Label, citing, date_of, reading
from tests.factories import People, csrf
from tests.library import files
from tests.library.conftest import Librarian


def page(client: FlaskClient, address: str, **query: object) -> str:
    answer = client.get(address, query_string=query)
    assert answer.status_code == 200, address
    return answer.get_data(as_text=True)


def post(client: FlaskClient, address: str, **fields: object):
    return client.post(address, data=fields, headers=csrf(client))


class Watch:
    """A clock that goes on when it is told to."""

    def __init__(self) -> None:
        self.now = clock.now()

    def wait(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)


@pytest.fixture
def watch() -> Iterator[Watch]:
    made = Watch()
    with clock.use(lambda: made.now):
        yield made


def see(client: FlaskClient, address: str, watch: Watch, *anchors: str, seconds: float = 5) -> None:
    watch.wait(seconds)
    headers = csrf(client)
    answer = client.post(f"{address}/place", data={"anchor": list(anchors)}, headers=headers)
    assert answer.status_code == 204


# --- notes --------------------------------------------------------------------------------


def test_notes_stand_beside_the_text_and_nobody_else_sees_them(
    librarian: Librarian, member: FlaskClient
) -> None:
    address = librarian.upload("第一条 支部应当\n定期组织学习。".encode(), "办法.txt")
    answer = post(
        member, f"{address}/notes", anchor="a1", quote="应当 定期组织", text="每月一次 <b>吗</b>"
    )
    assert answer.headers["Location"].endswith("#a1")
    text = page(member, address)
    assert '<mark class="own">应当\n定期组织</mark>学习' in text
    assert "每月一次 &lt;b&gt;吗&lt;/b&gt;" in text
    assert "每月一次" not in page(librarian.client, address)
    mine = page(member, "/library/notes")
    assert "每月一次" in mine
    assert "每月一次" in page(member, "/library/notes", q="每月")
    assert "No note has these words" in page(member, "/library/notes", q="100%")
    assert "> 应当 定期组织" in page(member, "/library/notes.md")
    assert page(librarian.client, "/library/notes.md") == ""
    [number] = re.findall(r'action="/library/notes/(\d+)"', mine)
    for path in (f"/library/notes/{number}", f"/library/notes/{number}/delete"):
        assert post(librarian.client, path, text="stolen").status_code == 404
    post(member, f"/library/notes/{number}", text="改过了")
    assert "改过了" in page(member, "/library/notes")
    assert post(member, f"/library/notes/{number}/delete").status_code == 302
    assert "No notes yet" in page(member, "/library/notes")


def test_a_note_needs_words_and_a_place(librarian: Librarian, member: FlaskClient) -> None:
    address = librarian.upload(b"some words", "a.txt")
    assert post(member, f"{address}/notes", anchor="a1", text=" \x00 ").status_code == 422
    assert post(member, f"{address}/notes", anchor="../x", text="x").status_code == 404
    assert post(member, "/library/" + "0" * 32 + "/notes", anchor="a1", text="x").status_code == 404


def test_a_note_says_under_which_heading_it_stands(
    librarian: Librarian, member: FlaskClient
) -> None:
    address = librarian.upload(files.word("# One", "words", "# Two", "more"), "a.docx")
    post(member, f"{address}/notes", anchor="h2", quote="more")
    assert f'href="{address}/at/h2">Two</a>' in page(member, "/library/notes")
    assert "## Two" in page(member, "/library/notes.md")


def test_notes_in_a_pdf_lead_to_their_page(librarian: Librarian, member: FlaskClient) -> None:
    address = librarian.upload(files.pdf("One", "Two words here"), "Plan.pdf")
    answer = post(member, f"{address}/notes", anchor="p2", quote="words here", **{"from": "pages"})
    assert answer.headers["Location"] == f"{address}/read#p2"
    assert "words here" in page(member, f"{address}/read")
    assert member.get(f"{address}/at/p2").headers["Location"] == f"{address}/read#p2"


# --- what counts as read ------------------------------------------------------------------


def test_a_document_is_read_when_its_pages_were_on_the_screen(
    librarian: Librarian, member: FlaskClient, watch: Watch
) -> None:
    address = librarian.upload(files.pdf("One", "Two", "Three"), "Plan.pdf")
    see(member, address, watch, "p1")  # the clock starts
    see(member, address, watch, "p1")
    assert "You have read 33 % of it" in page(member, address)
    for _ in range(5):
        see(member, address, watch, "p1", seconds=15)  # longer on one page is not more pages
    see(member, address, watch, "p2", seconds=3600)  # who was away has not read
    assert "You have read 33 % of it" in page(member, address)
    see(member, address, watch, "p2")
    see(member, address, watch, "p99", "h1", "p3")
    assert "You have read it" in page(member, address)
    assert "You have read" not in page(librarian.client, address)


def test_everything_at_once_is_not_read(
    librarian: Librarian, member: FlaskClient, watch: Watch
) -> None:
    address = librarian.upload(files.pdf(*(f"Page {n}" for n in range(20))), "Plan.pdf")
    everything = [f"p{n}" for n in range(1, 21)]
    see(member, address, watch, *everything)
    see(member, address, watch, *everything, seconds=10)
    assert "You have read" not in page(member, address)


def test_two_windows_are_not_two_readers(
    librarian: Librarian, member: FlaskClient, watch: Watch
) -> None:
    one = librarian.upload(files.pdf("One"), "a.pdf")
    two = librarian.upload(files.pdf("Two"), "b.pdf")
    see(member, one, watch, "p1")
    see(member, two, watch, "p1", seconds=1)
    see(member, one, watch, "p1", seconds=0.9)
    see(member, two, watch, "p1", seconds=0.9)
    for address in (one, two):
        assert "You have read" not in page(member, address)


def test_long_parts_need_longer() -> None:
    assert reading.needed(0) == reading.LEAST_SECONDS
    assert reading.needed(250) == 10
    assert reading.needed(10**6) == reading.MOST_SECONDS


def test_what_a_branch_reads_is_told_when_nobody_can_be_named(
    librarian: Librarian, people: People, watch: Watch
) -> None:
    north = people.branch("North")
    readers = [people.client(people.member(branch=north)) for _ in range(6)]
    address = librarian.upload(files.pdf("One"), "Favourite.pdf")
    hidden = librarian.upload(
        files.pdf("Two"), "Hidden.pdf", audience="branches", branches=people.branch("South")
    )
    for reader in readers[:4]:
        see(reader, address, watch, "p1")
        assert reader.post(f"{hidden}/place", headers=csrf(reader)).status_code == 404
    for place in ("/library", "/"):
        assert "Read in your branch" not in page(readers[5], place)
    see(readers[4], address, watch, "p1")
    for place in ("/library", "/"):
        assert "opened by 5 other people" in page(readers[5], place)
        assert "Read in your branch" not in page(readers[0], place)  # four others only
        assert "Read in your branch" not in page(librarian.client, place)
    watch.wait(40 * 86_400)
    late = people.client(people.member(branch=north))
    assert "Read in your branch" not in page(late, "/library")


# --- reading lists ------------------------------------------------------------------------


def made(answer: object) -> str:
    assert answer.status_code == 302, answer.get_data(as_text=True)
    return answer.headers["Location"]


def test_a_list_of_ones_own_is_nobody_elses(librarian: Librarian, member: FlaskClient) -> None:
    first = librarian.upload(b"first text", "first.txt")
    second = librarian.upload(b"second text", "second.txt")
    mine = made(post(member, f"{first}/list", title="Evenings"))
    number = mine.rsplit("/", 1)[1]
    assert made(post(member, f"{second}/list", list=number)) == mine
    text = page(member, mine)
    assert text.index(">first<") < text.index(">second<")
    made(post(member, f"{mine}/documents/{second.rsplit('/', 1)[1]}", do="up"))
    text = page(member, mine)
    assert text.index(">second<") < text.index(">first<")
    made(post(member, f"{mine}/documents/{second.rsplit('/', 1)[1]}", do="off"))
    assert ">second<" not in page(member, mine)
    for path in (mine, f"{mine}/edit"):
        assert librarian.client.get(path).status_code == 404
    assert post(librarian.client, f"{first}/list", list=number).status_code == 404
    assert post(librarian.client, f"{mine}/delete").status_code == 404
    # A member makes no list for others, whatever the form says.
    fields = {"title": "For all", "about": "", "shown_to": "all", "is_required": "y"}
    theirs = made(post(member, "/library/lists/new", **fields))
    assert librarian.client.get(theirs).status_code == 404
    made(post(member, f"{mine}/delete"))
    assert member.get(mine).status_code == 404


def test_required_reading_stands_at_the_top_until_it_is_read(
    librarian: Librarian, people: People, watch: Watch
) -> None:
    north, south = people.branch("North"), people.branch("South")
    reader, other = (people.client(people.member(branch=b)) for b in (north, south))
    organizer = people.client(people.member(branch=north, organizes=north))
    foreign = people.client(people.member(branch=south, organizes=south))
    address = librarian.upload(files.pdf("One"), "Rules.pdf")
    fields = {
        "title": "Before spring",
        "about": "",
        "shown_to": "branches",
        "branches": [north],
        "is_required": "y",
        "due": "2024-03-01",
    }
    where = made(post(librarian.client, "/library/lists/new", **fields))
    assert "Before spring" not in page(reader, "/library")  # nothing is on it yet
    made(post(librarian.client, f"{address}/list", list=where.rsplit("/", 1)[1]))
    assert "Before spring" in page(reader, "/library")
    assert "Before spring" not in page(librarian.client, "/library")  # no duty of the maker
    assert "Before spring" not in page(other, "/library")
    assert other.get(where).status_code == foreign.get(where).status_code == 404
    assert "read 0 of 1" in page(organizer, where)
    assert "How far everybody is" not in page(reader, where)
    see(reader, address, watch, "p1")
    see(reader, address, watch, "p1")
    assert "You have read everything on this list" in page(reader, where)
    assert "Before spring" not in page(reader, "/library")
    assert "read 1 of 1" in page(organizer, where)
    # A newer version does not take back what was read.
    assert librarian.send(files.pdf("New"), "Rules.pdf", to=f"{address}/replace").status_code == 200
    assert "You have read everything on this list" in page(reader, where)


def test_a_list_shows_only_documents_that_its_reader_sees(
    librarian: Librarian, member: FlaskClient, people: People
) -> None:
    north = people.branch("North")
    hidden = librarian.upload(b"secret words", "Secret.txt", audience="branches", branches=north)
    where = made(post(librarian.client, "/library/lists/new", title="All", shown_to="all"))
    made(post(librarian.client, f"{hidden}/list", list=where.rsplit("/", 1)[1]))
    assert "Secret" in page(librarian.client, where)
    assert "Secret" not in page(member, where)
    nobody = post(librarian.client, "/library/lists/new", title="x", shown_to="branches")
    assert nobody.status_code == 422
    librarian.post(f"{hidden}/delete")
    assert "Nothing on this list yet" in page(librarian.client, where)


def test_lists_of_one_member_are_told_apart(
    librarian: Librarian, member: FlaskClient, people: People
) -> None:
    made(post(member, "/library/lists/new", title="Spring", shown_to="me"))
    second = made(post(member, "/library/lists/new", title="spring", shown_to="me"))
    assert "spring (2)" in page(member, second)
    made(post(member, f"{second}/edit", title="SPRING", shown_to="me"))
    assert "SPRING (2)" in page(member, second)
    made(post(member, f"{second}/edit", title="SPRING (2)", shown_to="me"))
    assert "SPRING (2)" in page(member, second)
    long = "x" * 120
    for _number in range(2):
        where = made(post(member, "/library/lists/new", title=long, shown_to="me"))
    assert f"{'x' * 116} (2)" in page(member, where)
    other = people.client(people.member())
    assert "(2)" not in page(other, made(post(other, "/library/lists/new", title="Spring")))
    # From a document, the list of that name is meant.
    address = librarian.upload(b"words", "Plan.txt")
    first = made(post(member, f"{address}/list", title="SPRING"))
    assert first != second
    assert "Plan" in page(member, first)
    assert made(post(member, f"{address}/list")) == made(post(member, f"{address}/list"))


# --- citing -------------------------------------------------------------------------------


def _cited(kind: Kind, **label: str) -> tuple[str, str]:
    day, dated = date_of("2025-01-02"), date_of(label.pop("dated", ""))
    said = Label(dated=dated, **label)
    assert day is not None
    return citing.gbt(said, kind, "http://x", day), citing.apa(said, kind, "http://x")


def test_documents_are_cited_in_the_styles_of_both_languages(
    librarian: Librarian, member: FlaskClient
) -> None:
    authors = "王小明；李红, 张三、赵四"
    journal = {"title": "论微课", "authors": authors, "publisher": "求是", "dated": "2024-06"}
    assert _cited(Kind.PDF, issue="2024年第6期", **journal) == (
        "王小明, 李红, 张三, 等. 论微课[J/OL]. 求是, 2024(6)[2025-01-02]. http://x.",
        "王小明, 李红, 张三, & 赵四. (2024). 论微课. 求是, (6). http://x",
    )
    english = {"title": "On courses", "authors": "Smith, Jane Anne; Li, Hong", "dated": "2024"}
    assert _cited(Kind.DOCX, issue="Vol. 12, No. 3", publisher="Learning", **english) == (
        "SMITH J A, LI H. On courses[J/OL]. Learning, 2024, 12(3)[2025-01-02]. http://x.",
        "Smith, J. A., & Li, H. (2024). On courses. Learning, 12(3). http://x",
    )
    book = {
        "title": "红星照耀中国",
        "authors": "斯诺",
        "publisher": "人民出版社",
        "dated": "2019-03",
    }
    assert _cited(Kind.PDF, source="book", **book) == (
        "斯诺. 红星照耀中国[M/OL]. 人民出版社, 2019[2025-01-02]. http://x.",
        "斯诺. (2019). 红星照耀中国. 人民出版社. http://x",
    )
    paper = {"title": "新发展", "publisher": "人民日报", "dated": "2024-06-30", "issue": "第4版"}
    assert _cited(Kind.PDF, **paper) == (
        "新发展[N/OL]. 人民日报, 2024-06-30(4)[2025-01-02]. http://x.",
        "新发展. (2024, June 30). 人民日报, 4. http://x",
    )
    rule = {"title": "管理办法", "authors": "国务院", "publisher": "国务院", "dated": "2000-09-25"}
    assert _cited(Kind.DOC, source="regulation", issue="国务院令第292号", **rule) == (
        "国务院. 管理办法: 国务院令第292号[Z/OL]. (2000-09-25)[2025-01-02]. http://x.",
        "国务院. (2000). 管理办法 (国务院令第292号). http://x",
    )
    assert _cited(Kind.HTML, title="通知", publisher="人民网", dated="2024-06-30") == (
        "通知[EB/OL]. 人民网, 2024(2024-06-30)[2025-01-02]. http://x.",
        "通知. (2024, June 30). 人民网. http://x",
    )
    assert _cited(Kind.XLSX, title="Numbers") == (
        "Numbers[DB/OL]. [2025-01-02]. http://x.",
        "Numbers. (n.d.). http://x",
    )
    entry = citing.bibtex(Label(issue="3", **english | {"dated": None}), Kind.PDF, "0" * 32, "u")
    assert "@article{" in entry
    assert "author = {Smith, Jane Anne and Li, Hong}" in entry
    assert "\\input" not in citing.bibtex(Label(title="\\input{x}"), Kind.PDF, "0" * 32, "u")
    address = librarian.upload(b"words", "Title here.txt")
    assert f"Title here[EB/OL]. [{clock.now().date():%Y}" in page(member, address)
    fields = {"title": "Title here", "audience": "all", "collection": "0"}
    assert librarian.post(f"{address}/edit", source="regulation", **fields).status_code == 302
    assert "Title here[Z/OL]" in page(member, address)
    assert "Law or regulation" in page(member, address)
    assert librarian.post(f"{address}/edit", source="poem", **fields).status_code == 422
