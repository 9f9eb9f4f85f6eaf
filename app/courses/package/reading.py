"""Reading a package: all its problems at once, with their lines."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

from flask_babel import gettext as _

from app.core import markdown
from app.core.i18n import LANGUAGES
from app.core.refusals import Refusal
from app.courses import rules
from app.courses.package.checking import digest
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
from app.courses.package.fields import (
    ASK,
    CAPTION,
    COURSE,
    LESSON,
    OPTION,
    QUESTION,
    THEME,
    TYPE_NAMES,
    Fields,
)
from app.courses.package.folder import Enough, Folder
from app.courses.rules import LessonKind, State
from app.media.rules import clean_language, time_of
from app.questions import types
from app.questions.rules import KIND_NAMES

MOST_ORDER = 1_000_000
MOST_TABLES = 1000  # of questions, those included that are asked only inside recordings


def folders(root: Path) -> list[Path]:
    """The packages in a folder of packages, by name."""
    return sorted(p.parent for p in root.glob(f"*/{COURSE_FILE}"))


def read(folder: Path) -> Package:
    """What a folder says. Raises BadPackage with every problem that can be seen without playing
    the recordings; `check` looks into those too."""
    reader = _Reader(folder)
    package = None
    with suppress(Enough):
        package = reader.package()
    if reader.problems or package is None:
        raise BadPackage(reader.problems)
    return replace(package, hash=digest(package))


class _Reader(Folder):
    """Makes a course of one folder."""

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
        title = self.said(rules.title_of, facts, "title", "course", "title")
        theme = facts.get("theme", "")
        if theme and not rules.is_slug(theme):
            self.wrong(rules.BadSlug(slug=theme), "course", "theme")
        return Package(
            slug=slug,
            title=title,
            summary=self.said(rules.summary_of, facts, "summary", "course", "summary"),
            language=facts.get("language", ""),
            theme=theme,
            audience=self._audience(facts.get("audience", "all")),
            state=self.chosen(facts.get("state", "draft"), states, "course", "state"),
            cover=self.existing(facts.get("cover"), "course", "cover"),
            titles=self._titles(facts.get("titles", {}), "summary", "course"),
            folder=self.folder,
            **found,
        )

    def _titles(
        self, given: dict[str, Any], text: str, *of: str | int
    ) -> dict[str, dict[str, str]]:
        """Title and text by language; `text` is what the text beside the title is called, empty
        where there is none."""
        found: dict[str, dict[str, str]] = {}
        for language, table in given.items():
            place = (*of, "titles", language)
            before = len(self.problems)
            self.chosen(language, LANGUAGES, *place)
            facts = self.fields(
                table, dict.fromkeys(filter(None, ("title", text)), str), (), *place
            )
            one = {
                "title": self.said(rules.title_of, facts, "title", *place, "title"),
                "text": self.said(rules.summary_of, facts, text, *place, text) if text else "",
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
            title=self.said(rules.title_of, facts, "title", "theme", "title"),
            description=self.said(rules.summary_of, facts, "description", "theme", "description"),
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
            title = self.said(rules.title_of, facts, "title", *place, "title")
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
                titles=self._titles(facts.get("titles", {}), "", *place),
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
                machine=facts.get("machine", False),
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
