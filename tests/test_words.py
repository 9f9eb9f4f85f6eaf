"""Words for people: every message has its Chinese, with the same placeholders, in both scripts."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from babel.messages.pofile import PoFileError
from flask import Flask
from flask_babel import force_locale, gettext
from flask_wtf import FlaskForm
from opencc import OpenCC
from wtforms import StringField
from wtforms.validators import DataRequired, Length

from app.core import opencc
from config import ROOT
from scripts import messages


@pytest.mark.parametrize("room", messages.rooms())
def test_every_message_is_translated(room: str) -> None:
    assert messages.problems(room) == []


def test_one_english_sentence_has_one_translation() -> None:
    assert messages.clashes() == []


@pytest.mark.parametrize("room", messages.rooms())
def test_sources_are_english_and_translations_are_chinese(room: str) -> None:
    """An English sentence may quote a Chinese example; a translation without Chinese is a name."""
    chinese = re.compile(r"[\u4e00-\u9fff]")
    for message in messages.stored(room):
        if not message.id:
            continue
        english = " ".join(message.id) if isinstance(message.id, tuple) else message.id
        words = re.findall(r"[A-Za-z]{3,}", re.sub(messages.PLACEHOLDER, "", english))
        assert len(chinese.findall(english)) < 10, english
        assert words or not chinese.search(english), english
        if len(words) > 1:
            assert chinese.search("".join(message.string)), english


@pytest.mark.parametrize("room", messages.rooms())
def test_people_are_spoken_to_politely_everywhere(room: str) -> None:
    """Many are not young, and a page that says 您 here and 你 there was written by strangers."""
    assert [each.id for each in messages.stored(room) if "你" in "".join(each.string)] == []


def test_traditional_chinese_keeps_placeholders_and_takes_our_exceptions() -> None:
    assert messages.traditional("已发布%(title)s，积分 %(n)s") == "已發布%(title)s，積分 %(n)s"
    assert messages.traditional("退出登录") == "登出"
    assert messages.traditional("视频") == "影片"


def test_no_exception_is_idle() -> None:
    """What OpenCC writes anyway needs no line in our table."""
    plain = OpenCC("s2twp").convert
    assert [s for s, ours in opencc.exceptions().items() if plain(s) == ours] == []


def test_the_marks_of_an_unfinished_merge_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(messages, "APP", tmp_path)
    file = messages.catalogue("library")
    file.parent.mkdir(parents=True)
    entry = 'msgid "Saved."\nmsgstr "已保存。"\n'
    file.write_text(entry, encoding="utf-8")
    assert [m.string for m in messages.stored("library") if m.id] == ["已保存。"]
    file.write_text(f"<<<<<<< HEAD\n{entry}=======\n>>>>>>> other\n", encoding="utf-8")
    with pytest.raises(PoFileError):
        messages.stored("library")


def test_each_language_is_spoken(app: Flask) -> None:
    messages.compile_all()
    english = "There is nothing here. It may have been withdrawn, or the address is wrong."
    with app.test_request_context():
        spoken = []
        for language in ("en", "zh_Hans", "zh_Hant"):
            with force_locale(language):
                spoken.append(gettext(english))
    assert spoken[0] == english
    assert "这里没有内容" in spoken[1]
    assert "這裡沒有內容" in spoken[2]


def test_forms_speak_our_words_in_every_language(app: Flask) -> None:
    """WTForms' own sentences come from our catalogue, for it hides its Traditional Chinese."""
    messages.compile_all()

    class Name(FlaskForm):
        class Meta:
            csrf = False

        name = StringField("x", [DataRequired()])
        code = StringField("x", [Length(max=3)])

    said = []
    for language in ("en", "zh-CN", "zh-HK"):
        headers = {"Accept-Language": language}
        with app.test_request_context(method="POST", data={"code": "1234"}, headers=headers):
            app.preprocess_request()
            form = Name()
            form.validate()
            said.append((form.name.errors[0], form.code.errors[0]))
    assert said == [
        ("This field is required.", "Field cannot be longer than 3 characters."),
        ("请填写此项。", "最多填写 3 个字符。"),
        ("請填寫此項。", "最多填寫 3 個字元。"),
    ]


# Names of buttons and pages in the guides: *so*, **so**, *one → the other*; in Chinese also “so”.
STARRED = re.compile(r"(?<!\*)\*\*?([^*\s][^*]*?)\*\*?(?!\*)")
QUOTED = re.compile(r"“([^”]+)”")
CODE = re.compile(r"```.*?```|`[^`]*`|\]\([^)]*\)|^ {4}.*$", re.DOTALL | re.MULTILINE)
# What is quoted from elsewhere: a button of the browser, a line of a paper.
NOT_OURS = {"添加到主屏幕", "根据以下材料回答16-18题", "答案：2"}


@pytest.mark.parametrize("language", ["en", "zh"])
def test_guides_call_buttons_and_pages_as_they_are_called(language: str) -> None:
    said = set()
    for room in messages.rooms():
        for message in messages.stored(room):
            words = message.id if language == "en" else message.string
            said |= {words} if isinstance(words, str) else set(words or ())
    said = {messages.PLACEHOLDER.sub("…", words) for words in said}
    found, wrong = 0, {}
    for guide in sorted((ROOT / "docs" / "guide").glob(f"*.{language}.md")):
        for part in CODE.sub("", guide.read_text(encoding="utf-8")).split("\n\n"):
            names = STARRED.findall(part) + (QUOTED.findall(part) if language == "zh" else [])
            for name in names:
                plain = re.sub(r"\s*\n\s*", " " if language == "en" else "", name)
                for step in re.split(r"\s*→\s*", plain):
                    found += 1
                    if step not in said and step not in NOT_OURS:
                        wrong.setdefault(guide.name, []).append(step)
    assert wrong == {}
    assert found > 50
