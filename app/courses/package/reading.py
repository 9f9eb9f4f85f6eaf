"""Reading a folder that anybody may have written: all its problems at once, with their lines."""

from __future__ import annotations

import hashlib
import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from pathlib import Path, PurePosixPath
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from app.core import markdown
from app.core.i18n import LANGUAGES
from app.core.refusals import Refusal
from app.courses import rules
from app.courses.package.facts import (
    COURSE_FILE,
    QUESTIONS_FILE,
    Asked,
    BadPackage,
    Caption,
    Package,
    PackageLesson,
    PackageTheme,
    Problem,
    Question,
)
from app.courses.package.lines import Lines
from app.courses.rules import LessonKind, State
from app.media import ffmpeg, webvtt
from app.media.rules import clean_language, time_of
from app.questions import types
from app.questions.rules import KIND_NAMES

MOST_BYTES = 1024 * 1024  # of a TOML or Markdown file
MOST_ORDER = 1_000_000
MOST_TABLES = 1000  # of questions, those included that are asked only inside recordings
_AT_LINE = re.compile(r"\(at line (\d+), column \d+\)")

Fields = dict[str, type | tuple[type, ...]]
COURSE: Fields = {
    "title": str,
    "summary": str,
    "language": str,
    "theme": str,
    "completion_percent": int,
    "pass_percent": int,
    "attempts": int,
    "audience": (str, list),
    "state": str,
    "cover": str,
    "titles": dict,
}
THEME: Fields = {
    "slug": str,
    "title": str,
    "description": str,
    "order": int,
    "cover": str,
    "titles": dict,
}
LESSON: Fields = {
    "kind": str,
    "title": str,
    "file": str,
    "render": str,
    "captions": list,
    "chapters": str,
    "picture": str,
    "ask": list,
}
ASK: Fields = {"at": str, "question": int, "counts": bool}
CAPTION: Fields = {"language": str, "label": str, "file": str}
QUESTION: Fields = {
    "kind": str,
    "quiz": bool,
    "stem": str,
    "explanation": str,
    "material": str,
    "option": list,
    "answer": (bool, str),
    "answers": list,
    "case": bool,
    "typos": int,
    "units": list,
    "unit_required": bool,
    "any_order": bool,
    "pairs": list,
    "extra": list,
    "items": list,
    "marking": str,
    "rubric": list,
    "endings": list,
    "picture": str,
    "alt": str,
    "find": int,
    "areas": list,
}
OPTION: Fields = {"text": str, "fraction": (int, Decimal, str), "feedback": str}
TYPE_NAMES = {
    str: _l("a text"),
    int: _l("a whole number"),
    bool: _l("true or false"),
    list: _l("a list"),
    dict: _l("a table"),
}


def folders(root: Path) -> list[Path]:
    """The packages in a folder of packages, by name."""
    return sorted(p.parent for p in root.glob(f"*/{COURSE_FILE}"))


def read(folder: Path) -> Package:
    """What a folder says. Raises BadPackage with every problem that can be seen without playing
    the recordings; `check` looks into those too."""
    reader = _Reader(folder)
    package = reader.package()
    if reader.problems:
        raise BadPackage(reader.problems)
    return replace(package, hash=digest(package))


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
                data = (package.folder / caption.file).read_bytes()
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


class _Reader:
    """Reads one folder and collects its problems."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.problems: list[Problem] = []
        self.file = COURSE_FILE
        self.lines = Lines("")

    # --- saying what is wrong

    def wrong(self, sentence: object, *place: str | int) -> None:
        self.problems.append(Problem(self.file, self.lines.of(*place), str(sentence)))

    # --- files

    def toml(self, name: str) -> dict[str, Any]:
        """The tables of a file; {} after noting why it cannot be read."""
        self.file, self.lines = name, Lines("")
        found = self.text(name)
        if found is None:
            return {}
        self.lines = Lines(found)
        try:
            return tomllib.loads(found, parse_float=Decimal)
        except tomllib.TOMLDecodeError as error:
            at = _AT_LINE.search(str(error))
            line = int(at[1]) if at else len(found.splitlines())
            said = str(error).split(" (at ", maxsplit=1)[0]
            sentence = _("This is no TOML: %(said)s.", said=said)
            self.problems.append(Problem(name, line, sentence))
        except RecursionError:
            self.wrong(_("This is nested too deeply."))
        return {}

    def text(self, name: str) -> str | None:
        """A file as text; None after noting why not."""
        path = self.folder / name
        data = path.read_bytes()[: MOST_BYTES + 1]
        if len(data) > MOST_BYTES:
            self.problems.append(Problem(name, 0, _("The file is larger than 1 MB.")))
            return None
        try:
            found = data.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            line = data[: error.start].count(b"\n") + 1
            self.problems.append(Problem(name, line, _("This is not UTF-8 text.")))
            return None
        return found.replace("\r\n", "\n")

    def path(self, name: object, *place: str | int) -> str:
        """A file name inside the package, checked; "" after noting what is wrong with it."""
        if not isinstance(name, str) or not name:
            return ""
        pure = PurePosixPath(name)
        parts = name.split("/")
        if (
            pure.is_absolute()
            or "\\" in name
            or ":" in parts[0]
            or any(part in {"", ".", ".."} or not part.isprintable() for part in parts)
        ):
            self.wrong(_("“%(name)s” does not lie inside the package.", name=name), *place)
            return ""
        here = self.folder
        for part in parts:
            here /= part
            if here.is_symlink():
                self.wrong(_("“%(name)s” is a link. Put the file itself here.", name=name), *place)
                return ""
        return name

    def existing(self, name: object, *place: str | int) -> str:
        """Like `path`, and the file is there."""
        found = self.path(name, *place)
        if found and not (self.folder / found).is_file():
            self.wrong(_("The file “%(name)s” is missing.", name=found), *place)
            return ""
        return found

    # --- tables

    def fields(
        self, table: object, known: Fields, required: tuple[str, ...], *place: str | int
    ) -> dict[str, Any]:
        """The known fields of a table that have the right type; everything else is noted."""
        if not isinstance(table, Mapping):
            self.wrong(_("This must be a table."), *place)
            return {}
        found: dict[str, Any] = {}
        for name, value in table.items():
            wanted = known.get(name)
            if wanted is None:
                sentence = _(
                    "“%(name)s” is no field of this table. It may have: %(known)s.",
                    name=name,
                    known=", ".join(known),
                )
                self.wrong(sentence, *place, name)
            elif not _is(value, wanted):
                kinds = wanted if isinstance(wanted, tuple) else (wanted,)
                names = [str(TYPE_NAMES[k]) for k in kinds if k in TYPE_NAMES]
                sentence = _("“%(name)s” must be %(wanted)s.", name=name, wanted=" / ".join(names))
                self.wrong(sentence, *place, name)
            else:
                found[name] = value
        for name in required:
            if name not in table:
                self.wrong(_("“%(name)s” is missing.", name=name), *place)
        return found

    def judged(
        self, judge: Any, *arguments: Any, place: tuple[str | int, ...], **named: Any
    ) -> Any:
        """What a rule says, or None after noting its refusal."""
        try:
            return judge(*arguments, **named)
        except Refusal as refusal:
            self.wrong(refusal, *place)
            return None

    def chosen(self, value: str, among: object, *place: str | int) -> str:
        allowed = [str(name) for name in among]  # type: ignore[attr-defined]
        if value not in allowed:
            sentence = _(
                "“%(value)s” is not possible here. Use one of: %(allowed)s.",
                value=value,
                allowed=", ".join(allowed),
            )
            self.wrong(sentence, *place)
        return value

    # --- the package

    def package(self) -> Package:
        slug = self.folder.name
        empty = Package(slug, "", "", "", "")
        if not rules.is_slug(slug):
            self.problems.append(Problem(COURSE_FILE, 0, str(rules.BadSlug(slug=slug))))
        if not self.existing(COURSE_FILE):
            if not self.problems:
                sentence = _("The file “%(name)s” is missing.", name=COURSE_FILE)
                self.problems.append(Problem(COURSE_FILE, 0, sentence))
            return empty
        content = self.toml(COURSE_FILE)
        if not content:
            if not self.problems:
                self.wrong(_("The file is empty."))
            return empty
        top: Fields = {"course": dict, "theme": dict, "lesson": list}
        self.fields(content, top, ("course",))
        facts = self.fields(
            content.get("course", {}), COURSE, ("title", "summary", "language", "theme"), "course"
        )
        package = self._facts(slug, facts)
        theme = self._theme(content.get("theme"), facts.get("theme", ""))
        lessons = tuple(self._lessons(content.get("lesson", [])))
        if package.state == State.PUBLISHED and not self.problems:
            if not lessons:
                self.wrong(_("A published course needs at least one lesson."), "course")
            if not package.summary:
                self.wrong(_("A published course needs a summary."), "course", "summary")
        before = len(self.problems)
        questions = tuple(self._questions())
        if len(self.problems) == before:
            self._compare(lessons, questions)
        return replace(package, theme_facts=theme, lessons=lessons, questions=questions)

    def _facts(self, slug: str, facts: dict[str, Any]) -> Package:
        numbers = {
            "completion_percent": (90, rules.COMPLETION_RANGE),
            "pass_percent": (60, rules.PASS_RANGE),
            "attempts": (0, (0, rules.MOST_ATTEMPTS)),
        }
        found = {
            name: self.judged(
                rules.number_in,
                facts.get(name, usual),
                limits,
                where=name,
                place=("course", name),
            )
            for name, (usual, limits) in numbers.items()
        }
        if "language" in facts:
            self.chosen(facts["language"], LANGUAGES, "course", "language")
        states = [State.DRAFT, State.PUBLISHED, State.WITHDRAWN]
        title = self._said(rules.title_of, facts, "title", "course", "title")
        theme = facts.get("theme", "")
        if theme and not rules.is_slug(theme):
            self.wrong(rules.BadSlug(slug=theme), "course", "theme")
        return Package(
            slug=slug,
            title=title,
            summary=self._said(rules.summary_of, facts, "summary", "course", "summary"),
            language=facts.get("language", ""),
            theme=theme,
            audience=self._audience(facts.get("audience", "all")),
            state=self.chosen(facts.get("state", "draft"), states, "course", "state"),
            cover=self.existing(facts.get("cover"), "course", "cover"),
            titles=self._titles(facts.get("titles", {}), "summary", "course"),
            folder=self.folder,
            **found,
        )

    def _said(self, rule: Any, facts: dict[str, Any], name: str, *place: str | int) -> str:
        """A text after its rule; "" when it is missing, which is noted elsewhere."""
        if name not in facts:
            return ""
        return self.judged(rule, facts[name], place=place) or ""

    def _titles(self, given: dict[str, Any], text: str, of: str) -> dict[str, dict[str, str]]:
        """Title and text by language; `text` is what the text beside the title is called."""
        found: dict[str, dict[str, str]] = {}
        for language, table in given.items():
            place = (of, "titles", language)
            before = len(self.problems)
            self.chosen(language, LANGUAGES, *place)
            facts = self.fields(table, {"title": str, text: str}, (), *place)
            one = {
                "title": self._said(rules.title_of, facts, "title", *place, "title"),
                "text": self._said(rules.summary_of, facts, text, *place, text),
            }
            if len(self.problems) == before:
                found[language] = {part: words for part, words in one.items() if words}
        return found

    def _audience(self, given: object) -> tuple[str, ...] | None:
        if given == "all":
            return None
        if not isinstance(given, list) or not given or not all(isinstance(x, str) for x in given):
            sentence = _('“audience” is "all", or a list of branches like "Head office/Sales".')
            self.wrong(sentence, "course", "audience")
            return None
        return tuple(given)

    def _theme(self, given: object, slug: str) -> PackageTheme | None:
        if given is None:
            return None
        facts = self.fields(given, THEME, ("slug", "title"), "theme")
        if facts.get("slug", slug) != slug:
            sentence = _("The course names the theme “%(slug)s”, and this is another.", slug=slug)
            self.wrong(sentence, "theme", "slug")
        order = facts.get("order")
        if order is not None:
            self.judged(
                rules.number_in, order, (0, MOST_ORDER), where="order", place=("theme", "order")
            )
        return PackageTheme(
            slug=slug,
            title=self._said(rules.title_of, facts, "title", "theme", "title"),
            description=self._said(rules.summary_of, facts, "description", "theme", "description"),
            order=order,
            cover=self.existing(facts.get("cover"), "theme", "cover"),
            titles=self._titles(facts.get("titles", {}), "description", "theme"),
        )

    def _lessons(self, given: object) -> Iterator[PackageLesson]:
        if not isinstance(given, list):
            return
        if len(given) > rules.MOST_LESSONS:
            self.wrong(rules.TooManyLessons(most=rules.MOST_LESSONS), "lesson", rules.MOST_LESSONS)
        for number, table in enumerate(given[: rules.MOST_LESSONS]):
            place = ("lesson", number)
            facts = self.fields(table, LESSON, ("kind", "title", "file"), *place)
            kind = facts.get("kind", "")
            if kind:
                self.chosen(kind, LessonKind, *place, "kind")
            title = self._said(rules.title_of, facts, "title", *place, "title")
            reading = kind == LessonKind.READING
            slides = self.existing(facts.get("render"), *place, "render") if not reading else ""
            name = self.path(facts.get("file"), *place, "file")
            rendered = bool(name) and (self.folder / name).is_file()
            if name and not rendered and not slides:
                self.wrong(_("The file “%(name)s” is missing.", name=name), *place, "file")
            if reading and "captions" in facts:
                self.wrong(_("A text has no captions."), *place, "captions")
            for name_of in sorted({"chapters", "picture", "ask"} & facts.keys()):
                if reading or (kind == LessonKind.AUDIO and name_of == "picture"):
                    sentence = _("“%(name)s” is not for lessons of this kind.", name=name_of)
                    self.wrong(sentence, *place, name_of)
            yield PackageLesson(
                kind=kind,
                title=title,
                file=name,
                text=self._reading(name) if reading and rendered else "",
                captions=tuple(self._captions(facts.get("captions", []), number)),
                chapters=facts.get("chapters", "").strip(),
                picture_ms=self._moment(facts.get("picture"), *place, "picture"),
                asked=tuple(self._asked(facts.get("ask", []), number)),
                rendered=rendered,
                line=self.lines.of(*place),
            )

    def _moment(self, given: str | None, *place: str | int) -> int | None:
        return None if given is None else self.judged(time_of, given, place=place)

    def _asked(self, given: list[Any], lesson: int) -> Iterator[Asked]:
        if len(given) > rules.MOST_CHECKPOINTS:
            refusal = rules.TooManyCheckpoints(most=rules.MOST_CHECKPOINTS)
            self.wrong(refusal, "lesson", lesson, "ask", rules.MOST_CHECKPOINTS)
        for number, table in enumerate(given[: rules.MOST_CHECKPOINTS]):
            place = ("lesson", lesson, "ask", number)
            facts = self.fields(table, ASK, ("at", "question"), *place)
            at_ms = self._moment(facts.get("at"), *place, "at")
            if at_ms is not None and "question" in facts:
                line = self.lines.of(*place)
                yield Asked(at_ms, facts["question"], facts.get("counts", True), line)

    def _compare(self, lessons: Sequence[PackageLesson], questions: Sequence[Question]) -> None:
        """Every question inside a recording is there, and of a kind that can be asked there."""
        for lesson in lessons:
            seen: set[int] = set()
            for one in lesson.asked:
                sentence = ""
                if not 1 <= one.question <= len(questions):
                    sentence = _("There is no question %(number)s.", number=one.question)
                elif questions[one.question - 1].kind not in rules.CHECKPOINT_KINDS:
                    sentence = str(rules.WrongCheckpoint())
                elif one.question in seen:
                    sentence = _(
                        "Question %(number)s is asked in this lesson already.", number=one.question
                    )
                seen.add(one.question)
                if sentence:
                    self.problems.append(Problem(COURSE_FILE, one.line, sentence))

    def _reading(self, name: str) -> str:
        """The text of a lesson; what is wrong with it is noted under its own name."""
        found = self.text(name)
        if found is None:
            return ""
        text = found.strip()
        refusal: Refusal | None = None
        if len(text) > rules.LONGEST_READING:
            refusal = rules.ReadingTooLong(length=len(text), most=rules.LONGEST_READING)
        elif not rules.reading_ms(markdown.plain(text)):
            refusal = rules.EmptyReading()
        if refusal is not None:
            self.problems.append(Problem(name, 0, str(refusal)))
        return text

    def _captions(self, given: list[Any], lesson: int) -> Iterator[Caption]:
        seen: set[str] = set()
        for number, table in enumerate(given):
            place = ("lesson", lesson, "captions", number)
            facts = self.fields(table, CAPTION, ("language", "file"), *place)
            language = facts.get("language", "")
            tag = self.judged(clean_language, language, place=(*place, "language"))
            if tag in seen:
                sentence = _("There are captions in “%(language)s” already.", language=language)
                self.wrong(sentence, *place, "language")
            seen.add(tag or "")
            yield Caption(
                language=language,
                label=facts.get("label", ""),
                file=self.existing(facts.get("file"), *place, "file"),
            )

    def _questions(self) -> Iterator[Question]:
        if not self.path(QUESTIONS_FILE) or not (self.folder / QUESTIONS_FILE).is_file():
            return
        content = self.toml(QUESTIONS_FILE)
        self.fields(content, {"question": list}, ())
        given = content.get("question", [])
        if not isinstance(given, list):
            return
        in_quiz = [one for one in given if not isinstance(one, dict) or one.get("quiz", True)]
        if len(in_quiz) > rules.MOST_QUESTIONS or len(given) > MOST_TABLES:
            refusal = rules.TooManyQuestions(most=rules.MOST_QUESTIONS)
            self.wrong(refusal, "question", rules.MOST_QUESTIONS)
        for number, table in enumerate(given[:MOST_TABLES]):
            place = ("question", number)
            before = len(self.problems)
            facts = self.fields(table, QUESTION, ("kind", "stem"), *place)
            kind = self.chosen(facts.get("kind", ""), KIND_NAMES, *place, "kind")
            if kind not in {"essay", "file"} and isinstance(facts.get("answer", False), str):
                sentence = _(
                    "“%(name)s” must be %(wanted)s.", name="answer", wanted=TYPE_NAMES[bool]
                )
                self.wrong(sentence, *place, "answer")
            options = [
                self.fields(option, OPTION, ("text",), *place, "option", at)
                for at, option in enumerate(facts.get("option", []))
            ]
            if len(self.problems) > before:
                continue
            body = {key: facts[key] for key in facts if key not in {"kind", "option", "quiz"}}
            of = types.of(kind)
            for key in types.misshapen(body):
                sentence = _("“%(name)s” must be %(wanted)s.", name=key, wanted=TYPE_NAMES[list])
                self.wrong(sentence, *place, key)
            if len(self.problems) > before:
                continue
            clean = self.judged(of.clean, {**body, "options": options}, place=place)
            if clean is not None:
                yield Question(kind, of.plain(clean), facts.get("quiz", True))


def _is(value: object, wanted: type | tuple[type, ...]) -> bool:
    kinds = wanted if isinstance(wanted, tuple) else (wanted,)
    if isinstance(value, bool):
        return bool in kinds
    return isinstance(value, kinds)
