"""Documents of every kind are read by page, slide, sheet or heading, and found."""

from __future__ import annotations

from pathlib import Path

import pytest
from flask.testing import FlaskClient

from app.core.jobs import run_pending
from tests.factories import People, csrf
from tests.library import files
from tests.library.conftest import Librarian


def page(client: FlaskClient, address: str, **query: object) -> str:
    answer = client.get(address, query_string=query)
    assert answer.status_code == 200
    return answer.get_data(as_text=True)


def found(client: FlaskClient, text: str) -> str:
    return page(client, "/search", q=text)


def test_a_pdf_is_read_by_page(librarian: Librarian, member: FlaskClient) -> None:
    address = librarian.upload(files.pdf("Hydrant inspection", "Extinguisher colours"), "Fire.pdf")
    text = page(member, address)
    assert 'id="p1"' in text
    assert 'id="p2"' in text
    assert "Text searchable" in text
    assert "2 pages" in text
    assert f"{address}/read?q=extinguisher#p2" in found(member, "extinguisher")


def test_a_word_document_is_read_by_heading(librarian: Librarian, member: FlaskClient) -> None:
    data = files.word(
        "# 总则", "为了规范学习。", "# 积分办法", "每日上限三十分。", "| 项目 | 分值 |"
    )
    address = librarian.upload(data, "制度.docx")
    text = page(member, address)
    assert "积分办法" in text
    assert "项目 | 分值" in text
    result = found(member, "每日上限")
    assert "积分办法" in result
    assert "#h2" in result


def test_slides_are_read_with_their_notes(librarian: Librarian, member: FlaskClient) -> None:
    data = files.slides(("Welcome", "Agenda", "smile"), ("Results", "Growth", "mention turnover"))
    librarian.upload(data, "talk.pptx")
    result = found(member, "turnover")
    assert "Slide 2 · Results" in result
    assert "#s2" in result


def test_sheets_are_read_by_name(librarian: Librarian, member: FlaskClient) -> None:
    data = files.sheets(Budget=[["Item", "Sum"], ["Projector", 1200]], Staff=[["Name"], ["王小明"]])
    address = librarian.upload(data, "numbers.xlsx")
    assert "2 sheets" in page(member, address)
    assert "Staff" in found(member, "王小明")
    assert "Budget" in found(member, "projector 1200")


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "gb18030", "big5"])
def test_text_is_read_in_its_encoding(
    librarian: Librarian, member: FlaskClient, encoding: str
) -> None:
    simplified = (
        "党建信息化平台建设方案。支部应当定期组织学习,并如实记录每一次会议的内容和参加人员。"
    )
    traditional = (
        "黨建信息化平臺建設方案。支部應當定期組織學習,並如實記錄每一次會議的內容和參加人員。"
    )
    text = traditional if encoding == "big5" else simplified
    librarian.upload((text * 3).encode(encoding), "方案.txt")
    assert "方案" in found(member, "党建信息化平台")


def test_markdown_is_read_by_heading(librarian: Librarian, member: FlaskClient) -> None:
    data = (
        "---\ntitle: x\n---\n# Start\n\nhello\n\n```\n# no heading\n```\n\n"
        "## **Evacuation** [plan](x.md)\n\nassembly **point** at\ngate 5*3, "
        "按**考勤\n办法**处理\n\n- [x] `a*b*c`\n- *two*\n  more\n\n"
        "| a | **b** |\n|---|---|\n| 1 | 2 |\n\n"
        "Below\n-----\n\nend"
    )
    address = librarian.upload(data.encode(), "plan.md")
    text = page(member, address)
    assert text.count('class="document-part"') == 4
    for shown in (
        ">Evacuation plan</a>",
        "<p>assembly point at gate 5*3, 按考勤办法处理</p>",
        "<ul><li>a*b*c</li><li>two more</li></ul>",
        "<tr><td>a</td><td>b</td></tr><tr><td>1</td><td>2</td></tr>",
        ">Below</a>",
        "<p># no heading</p>",
    ):
        assert shown in text, shown
    assert "Evacuation" in found(member, "assembly point")


def test_the_shared_samples_are_read(
    librarian: Librarian, member: FlaskClient, samples: Path
) -> None:
    folder = samples / "documents"
    pages = page(member, librarian.upload((folder / "four-pages.pdf").read_bytes(), "four.pdf"))
    assert "4 pages" in pages
    name = "party-building-informatisation.zh-Hant.txt"
    librarian.upload((folder / name).read_bytes(), name)
    for query in ("微课程", "微課程", "党建信息化", "黨建信息化"):
        assert "party-building-informatisation" in found(member, query), query


def test_a_long_text_is_shown_in_pages_and_hits_lead_to_theirs(
    librarian: Librarian, member: FlaskClient
) -> None:
    data = files.pdf(*(f"Filler number {n}" for n in range(1, 25)), "The needle")
    address = librarian.upload(data, "long.pdf")
    assert "The needle" not in page(member, address)
    assert f"{address}/read?q=needle#p25" in found(member, "needle")
    third = page(member, address, page=3, q="needle")
    assert "The <mark>needle</mark>" in third
    assert "1 place" in third


def test_what_was_uploaded_is_shown_as_text_only(librarian: Librarian, member: FlaskClient) -> None:
    data = b"first words <script>alert(1)</script> <img src=x onerror=alert(1)> last words"
    address = librarian.upload(data, "sneaky.txt")
    for text in (page(member, address, q="alert"), found(member, "alert")):
        assert "<script>alert" not in text
        assert "<img src=x" not in text
        assert "&lt;script&gt;<mark>alert</mark>(1)" in text


# --- in the page ------------------------------------------------------------------------


def test_a_pdf_is_read_in_the_page_with_its_words(
    librarian: Librarian, member: FlaskClient
) -> None:
    address = librarian.upload(files.pdf("Nothing here", "About ladders"), "Plan.pdf")
    found = member.get("/search?q=ladder").get_data(as_text=True)
    assert f'href="{address}/read?q=ladder#p2"' in found
    page = member.get(f"{address}/read?q=ladder").get_data(as_text=True)
    assert 'data-words="[&#34;ladders&#34;]"' in page
    sent = member.get(f"{address}/file", headers={"Range": "bytes=0-7"}, buffered=True)
    assert (sent.status_code, sent.data[:5]) == (206, b"%PDF-")
    assert sent.headers["Content-Security-Policy"].startswith("sandbox")
    text = librarian.upload(b"plain text about ladders", "a.txt")
    assert member.get(f"{text}/read").status_code == 302
    found = member.get("/search?q=kind:pdf+ladders").get_data(as_text=True)
    assert address in found
    assert text not in found
    assert member.get(f"{text}/file").status_code == 404


def test_a_reader_comes_back_to_where_they_stopped(
    librarian: Librarian, member: FlaskClient, people: People
) -> None:
    address = librarian.upload(files.pdf("One", "Two"), "Plan.pdf")
    headers = csrf(member)
    for anchor, start in (("p2", 2), ("nonsense", 2), ("p1", 1)):
        answer = member.post(f"{address}/place", data={"anchor": anchor}, headers=headers)
        assert answer.status_code == 204
        assert f'data-start="{start}"' in member.get(f"{address}/read").get_data(as_text=True)
    member.post(f"{address}/place", data={"anchor": "p2"}, headers=headers)
    assert "Read on: Page 2" in page(member, address)
    book = librarian.upload(files.word("# One", "Words", "# Two", "More words"), "Book.docx")
    assert 'href="#text"' in page(member, book)
    member.post(f"{book}/place", data={"anchor": "h2"}, headers=headers)
    text = page(member, book)
    assert "Read on: Two" in text
    assert f'href="{book}/at/h2"' in text
    assert member.get(f"{book}/at/h2").location == f"{book}?page=1#h2"
    librarian.send(files.word("Words only"), "Book.docx", to=f"{book}/replace")
    run_pending(librarian.app)
    assert "Read on" not in page(member, book)  # the newer version has no such place
    other = people.client(people.member(branch=people.branch()))
    librarian.post(
        f"{address}/edit",
        title="Plan",
        collection=0,
        audience="branches",
        branches=[people.branch("North")],
    )
    for path in ("read", "file"):
        assert other.get(f"{address}/{path}").status_code == 404
    assert other.post(f"{address}/place", headers=csrf(other)).status_code == 404
