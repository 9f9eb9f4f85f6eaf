"""What files say of themselves is proposed for their labels, as far as it can be believed."""

from __future__ import annotations

import io
from collections.abc import Callable

import docx
import pytest
from flask.testing import FlaskClient

from app.library.rules.proposing import believable
from tests.library import files
from tests.library.conftest import Librarian

BOOK = files.repacked(
    files.epub("<body><h1>第一回</h1><p>甄士隐梦幻识通灵</p></body>"),
    {
        "OEBPS/book.opf": files.entry_of(files.epub("<body/>"), "OEBPS/book.opf").replace(
            b"<manifest>",
            '<metadata xmlns:dc="http://purl.org/dc/elements/1.1/"><dc:title>红楼梦</dc:title>'
            "<dc:creator>曹雪芹</dc:creator><dc:creator>高鹗</dc:creator>"
            "<dc:publisher>人民文学出版社</dc:publisher><dc:language>zh-CN</dc:language>"
            "<dc:date>2008-07-01T00:00:00Z</dc:date><dc:subject>小说</dc:subject>"
            "<dc:description>&lt;p&gt;四大名著之一&lt;/p&gt;</dc:description></metadata>"
            "<manifest>".encode(),
        )
    },
)


def word(**said: str) -> bytes:
    document = docx.Document()
    document.add_paragraph("Ladders and ropes")
    for name, text in said.items():
        setattr(document.core_properties, name, text)
    buffer = io.BytesIO()
    document.save(buffer)
    return buffer.getvalue()


def test_a_book_proposes_all_of_its_label_and_saving_takes_it(
    librarian: Librarian, member: FlaskClient
) -> None:
    address = librarian.upload(BOOK, "hlm_01.epub")
    page = librarian.client.get(address).get_data(as_text=True)
    assert "红楼梦 · 曹雪芹, 高鹗 · 人民文学出版社 · 2008-07" in page
    assert f"{address}/edit?from=file" in page
    assert "红楼梦" not in member.get(address).get_data(as_text=True)  # not theirs to decide
    plain = librarian.client.get(f"{address}/edit").get_data(as_text=True)
    assert 'value="hlm 01"' in plain
    assert "Fill in what the file says of itself" in plain
    form = librarian.client.get(f"{address}/edit?from=file").get_data(as_text=True)
    for value in ("红楼梦", "曹雪芹, 高鹗", "人民文学出版社", "2008-07", "小说"):
        assert f'value="{value}"' in form
    assert 'selected value="zh_Hans"' in form
    assert "四大名著之一</textarea>" in form
    librarian.post(
        f"{address}/edit?from=file",
        title="红楼梦",
        authors="曹雪芹, 高鹗",
        publisher="人民文学出版社",
        dated="2008-07",
        language="zh_Hans",
        tags="小说",
        summary="四大名著之一",
        audience="all",
        collection="0",
    )
    page = librarian.client.get(address).get_data(as_text=True)
    assert "<dd>曹雪芹, 高鹗</dd>" in page
    assert "The file says" not in page


def test_what_is_on_the_label_is_not_proposed_over(librarian: Librarian) -> None:
    address = librarian.upload(word(title="Ladders", author="Ann Bo; Cy Do"), "l.docx")
    fields = {"title": "Our ladders", "audience": "all", "collection": "0"}
    librarian.post(f"{address}/edit", **fields)
    form = librarian.client.get(f"{address}/edit?from=file").get_data(as_text=True)
    assert 'value="Our ladders"' in form
    assert 'value="Ann Bo, Cy Do"' in form


def test_a_hostile_word_of_a_file_is_only_text(librarian: Librarian) -> None:
    address = librarian.upload(word(title="<script>alert(1)</script>", author='"><img>'), "l.docx")
    page = librarian.client.get(address).get_data(as_text=True)
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page


def test_who_may_not_change_it_is_proposed_nothing(
    librarian: Librarian, another: Callable[..., Librarian]
) -> None:
    address = librarian.upload(BOOK, "a.epub")
    other = another()
    assert "The file says" not in other.client.get(address).get_data(as_text=True)
    assert other.client.get(f"{address}/edit?from=file").status_code in {403, 404}


@pytest.mark.parametrize(
    ("said", "proposed"),
    [
        ({"title": "Microsoft Word - 关于安全的通知.doc"}, {"title": "关于安全的通知"}),
        ({"title": "PowerPoint 演示文稿", "authors": "Administrator"}, {}),
        ({"title": "Slide 1", "authors": "微软用户; 张三"}, {"authors": "张三"}),
        ({"title": "notice 2024"}, {}),  # the file's own name
        ({"title": "\ufffd\ufffd\ufffd", "authors": "\ufffd\ufffd"}, {}),
        ({"title": "..."}, {}),
        ({"language": "zh"}, {}),  # either script
        ({"language": "zh-TW"}, {"language": "zh_Hant"}),
        ({"language": "de-DE", "dated": "D:20200101"}, {}),
        ({"dated": "2020-13-45"}, {}),
        ({"dated": "2020"}, {"dated": "2020"}),
        ({"tags": "安全，消防; 安全"}, {"tags": "安全, 消防"}),
        ({"title": "长" * 900}, {"title": "长" * 200}),
    ],
)
def test_only_what_can_be_believed_is_proposed(said: dict[str, str], proposed: object) -> None:
    assert believable(said, "notice_2024.docx") == proposed
