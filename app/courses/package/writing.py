"""Writing a course as a folder that reads back as the same course."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

import tomli_w
from flask_babel import lazy_gettext as _l

from app.core.refusals import Conflict
from app.courses.package.facts import COURSE_FILE, QUESTIONS_FILE, Caption, Package, Question
from app.courses.rules.titles import Titles
from app.media.rules import time_text


class FolderThere(Conflict):
    """Nothing is ever written over a folder that may hold somebody's sources."""

    sentence = _l("“%(folder)s” is there already. Remove it, or choose another folder.")


def write(package: Package, root: Path, contents: Mapping[str, bytes | Path]) -> Path:
    """Write `root/<slug>` and return it; `contents` are the files beside the TOML, by name.

    A Path is copied. The folder appears only when it is complete. Raises FolderThere.
    """
    target = root / package.slug
    if target.exists():
        raise FolderThere(folder=str(target))
    root.mkdir(parents=True, exist_ok=True)
    draft = root / f".{package.slug}.{os.getpid()}"
    shutil.rmtree(draft, ignore_errors=True)
    draft.mkdir()
    try:
        _put(draft / COURSE_FILE, _toml(_course(package)))
        if package.questions:
            _put(
                draft / QUESTIONS_FILE,
                _toml({"question": [_question(q) for q in package.questions]}),
            )
        for name, content in contents.items():
            path = draft / name
            path.parent.mkdir(parents=True, exist_ok=True)
            if isinstance(content, Path):
                shutil.copyfile(content, path)
            else:
                _put(path, content)
        draft.rename(target)
    except BaseException:
        shutil.rmtree(draft, ignore_errors=True)
        raise
    return target


def _put(path: Path, content: bytes) -> None:
    path.write_bytes(content)


def _toml(content: dict[str, Any]) -> bytes:
    return tomli_w.dumps(content, multiline_strings=True).encode()


def _course(package: Package) -> dict[str, Any]:
    facts: dict[str, Any] = {
        "title": package.title,
        "summary": package.summary,
        "language": package.language,
        "theme": package.theme,
        "completion_percent": package.completion_percent,
        "pass_percent": package.pass_percent,
        "attempts": package.attempts,
        "audience": "all" if package.audience is None else list(package.audience),
        "state": package.state,
    }
    if package.cover:
        facts["cover"] = package.cover
    if package.titles:
        facts["titles"] = _titles(package.titles, "summary")
    whole: dict[str, Any] = {"course": facts}
    if package.theme_facts:
        theme = package.theme_facts
        whole["theme"] = {
            "slug": theme.slug,
            "title": theme.title,
            "description": theme.description,
            "order": theme.order or 0,
        }
        if theme.cover:
            whole["theme"]["cover"] = theme.cover
        if theme.titles:
            whole["theme"]["titles"] = _titles(theme.titles, "description")
    if package.lessons:
        whole["lesson"] = [
            {
                "kind": lesson.kind,
                "title": lesson.title,
                "file": lesson.file,
                **(
                    {"captions": [_caption(caption) for caption in lesson.captions]}
                    if lesson.captions
                    else {}
                ),
                **({"titles": _titles(lesson.titles, "")} if lesson.titles else {}),
                **({"chapters": lesson.chapters} if lesson.chapters else {}),
                **(
                    {"picture": time_text(lesson.picture_ms)}
                    if lesson.picture_ms is not None
                    else {}
                ),
                **(
                    {
                        "ask": [
                            {"at": time_text(a.at_ms), "question": a.question, "counts": a.counts}
                            for a in lesson.asked
                        ]
                    }
                    if lesson.asked
                    else {}
                ),
            }
            for lesson in package.lessons
        ]
    return whole


def _caption(caption: Caption) -> dict[str, Any]:
    said = {"language": caption.language, "label": caption.label, "file": caption.file}
    return {**said, "machine": True} if caption.machine else said


def _titles(titles: Titles, text: str) -> dict[str, dict[str, str]]:
    """A table for each language; `text` is what the file calls the text beside the title."""
    return {
        language: {text if part == "text" else part: words for part, words in one.items()}
        for language, one in sorted(titles.items())
    }


def _question(question: Question) -> dict[str, Any]:
    body = question.body
    found: dict[str, Any] = {"kind": question.kind, "stem": body["stem"]}
    if body["explanation"]:
        found["explanation"] = body["explanation"]
    if body.get("answer", "") != "":
        found["answer"] = body["answer"]
    if "options" in body:
        found["option"] = [
            {**option, "fraction": _number(option["fraction"])} for option in body["options"]
        ]
    if not question.in_quiz:
        found["quiz"] = False
    said = {"stem", "explanation", "answer", "options"}
    empty: tuple[Any, ...] = ("", [], False, 0)
    return found | {k: v for k, v in body.items() if k not in said and v not in empty}


def _number(fraction: str) -> int | Decimal:
    number = Decimal(fraction)
    return int(number) if number == number.to_integral_value() else number
