"""Files that are not read here: one sentence says which file, why, and what to do."""

from __future__ import annotations

import zipfile
from io import BytesIO

import pytest
from flask import Flask

from app.questions import formats
from app.questions.formats import NotThisFormat
from tests.factories import People, csrf

OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(504)


def compound(stream: str) -> bytes:
    return OLE + stream.encode("utf-16-le") + bytes(100)


def zipped(*names: str) -> bytes:
    out = BytesIO()
    with zipfile.ZipFile(out, "w") as made:
        for name in names:
            kind = "application/vnd.oasis.opendocument.text" if name == "mimetype" else "x"
            made.writestr(name, kind)
    return out.getvalue()


FILES = {
    "党建题库.wps": (compound("WordDocument"), "Word or WPS document of the old kind", "DOCX"),
    "题库.doc": (compound("WordDocument"), "Word or WPS document of the old kind", "DOCX"),
    "题库.et": (compound("Workbook"), "Excel or WPS table of the old kind", "XLSX"),
    "old.xls": (OLE, "Excel or WPS table of the old kind", "XLSX"),
    "locked.docx": (compound("EncryptedPackage"), "protected by a password", "save it without"),
    "slides.ppt": (compound("PowerPoint Document"), "a presentation", "paste it below"),
    "slides.pptx": (zipped("ppt/presentation.xml"), "a presentation", "paste it below"),
    "paper.pdf": (b"%PDF-1.7\n1. A", "a PDF", "paste it below"),
    "paper.rtf": (b"{\\rtf1 1. A}", "an RTF text", "DOCX"),
    "paper.doc": (b"<html><p>1. A</p></html>", "of the old kind", "DOCX"),
    "paper.odt": (zipped("mimetype", "content.xml"), "an OpenDocument text", "DOCX"),
    "papers.zip": (zipped("a/1.docx", "a/2.doc"), "an archive", "one by one"),
    "papers.rar": (b"Rar!\x1a\x07\0", "an archive", "one by one"),
    "photo.jpg": (b"\xff\xd8\xff\xe0 1. A", "a picture", "Type the questions"),
}


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("chosen", [formats.AUTO, "plain"])
def test_one_sentence_names_the_file_the_reason_and_what_to_do(
    app: Flask, name: str, chosen: str
) -> None:
    data, why, mend = FILES[name]
    with app.test_request_context(headers={"Accept-Language": "en"}):
        with pytest.raises(NotThisFormat) as refused:
            formats.read(data, name, chosen)
        sentence = str(refused.value)
    assert f"“{name}” cannot be read" in sentence
    assert why in sentence
    assert mend in sentence


def test_the_page_says_it(people: People) -> None:
    client = people.client(people.member("Trainer", role="trainer"))
    answer = client.post(
        "/desk/questions/import",
        data={"file": (BytesIO(FILES["党建题库.wps"][0]), "党建题库.wps")},
        headers=csrf(client),
        content_type="multipart/form-data",
    )
    assert answer.status_code == 422
    assert "党建题库.wps" in answer.get_data(as_text=True)
