"""What a package holds beside its tables: recordings, captions, and the hash of it all."""

from __future__ import annotations

import hashlib

from flask_babel import gettext as _

from app.core import markdown
from app.core.refusals import Refusal
from app.courses import rules
from app.courses.package.facts import COURSE_FILE, QUESTIONS_FILE, Package, Problem
from app.courses.rules import LessonKind
from app.media import ffmpeg, webvtt


def check(package: Package) -> list[Problem]:
    """What is wrong with the recordings and captions, and with the length of it all.

    Runs ffprobe on every recording. Lessons that are not rendered yet count no time.
    """
    problems: list[Problem] = []
    lengths: list[tuple[str, int]] = []
    for lesson in package.lessons:
        if lesson.kind == LessonKind.READING:
            lengths.append((lesson.title, rules.reading_ms(markdown.plain(lesson.text))))
            continue
        if not lesson.rendered:
            continue
        try:
            facts = ffmpeg.probe(package.folder / lesson.file)
        except Refusal as refusal:
            problems.append(Problem(lesson.file, 0, str(refusal)))
            continue
        if facts.kind != lesson.kind:
            sentence = _(
                "The lesson says “%(said)s”, but the file is “%(found)s”.",
                said=lesson.kind,
                found=facts.kind,
            )
            problems.append(Problem(COURSE_FILE, lesson.line, sentence))
        lengths.append((lesson.title, facts.duration_ms))
        for caption in lesson.captions:
            try:
                with (package.folder / caption.file).open("rb") as stream:
                    data = stream.read(webvtt.LARGEST + 1)
                webvtt.parse(data, duration_ms=facts.duration_ms)
            except Refusal as refusal:
                problems.append(Problem(caption.file, 0, str(refusal)))
    try:
        rules.whole_length(lengths)
    except rules.CourseTooLong as refusal:
        line = next((x.line for x in package.lessons if x.title == refusal.lesson), 0)
        problems.append(Problem(COURSE_FILE, line, str(refusal)))
    return sorted(problems)


def digest(package: Package) -> str:
    """One hash of every file that the package uses, by name and content."""
    names = {COURSE_FILE}
    if (package.folder / QUESTIONS_FILE).is_file():
        names.add(QUESTIONS_FILE)
    names.update(name for name in (package.cover,) if name)
    if package.theme_facts and package.theme_facts.cover:
        names.add(package.theme_facts.cover)
    for lesson in package.lessons:
        if lesson.rendered:
            names.add(lesson.file)
        names.update(caption.file for caption in lesson.captions)
    whole = hashlib.sha256()
    for name in sorted(names):
        with (package.folder / name).open("rb") as stream:
            inner = hashlib.file_digest(stream, "sha256").hexdigest()
        whole.update(f"{name}\0{inner}\n".encode())
    return whole.hexdigest()
