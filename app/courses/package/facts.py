"""What a package says, and what can be wrong with it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from app.core.refusals import Refusal
from app.courses.rules.titles import Titles

COURSE_FILE = "course.toml"
QUESTIONS_FILE = "questions.toml"


@dataclass(frozen=True, order=True)
class Problem:
    """One thing to repair: in which file (relative to the package), in which line (0: unknown)."""

    file: str
    line: int
    sentence: str

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}" if self.line else self.file
        return f"{place}: {self.sentence}"


class BadPackage(Refusal):
    """A folder that is no course; `problems` are all that were found, in order."""

    sentence = "%(first)s"

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__(problems=tuple(sorted(problems)), first=str(min(problems)))


@dataclass(frozen=True)
class Caption:
    language: str
    label: str
    file: str
    machine: bool = False  # heard by a model, and read through by nobody yet


@dataclass(frozen=True)
class Asked:
    """A question inside a recording: its moment, its place (from 1), whether it counts."""

    at_ms: int
    question: int
    counts: bool = True
    line: int = 0


@dataclass(frozen=True)
class PackageLesson:
    """One lesson. `file` is relative to the package; `text` is the Markdown of a reading.

    `picture_ms` is the moment of a video whose picture stands for it (None: the sharpest),
    `chapters` one a line as trainers type them.
    """

    kind: str
    title: str
    file: str
    text: str = ""
    captions: tuple[Caption, ...] = ()
    chapters: str = ""
    picture_ms: int | None = None
    asked: tuple[Asked, ...] = ()
    titles: Titles = field(default_factory=dict)  # in other languages; of a lesson no text
    rendered: bool = True  # False: the file is made from slides and has not been made yet
    line: int = 0


@dataclass(frozen=True)
class PackageTheme:
    slug: str
    title: str
    description: str = ""
    order: int | None = None
    cover: str = ""
    titles: Titles = field(default_factory=dict)


@dataclass(frozen=True)
class Question:
    """A question in its plain form; see questions.types.

    One that is not in the quiz is asked only inside a recording.
    """

    kind: str
    body: dict[str, Any]
    in_quiz: bool = True


@dataclass(frozen=True)
class Package:
    """A course as its folder says it. `audience` None is everybody, else paths of branch names."""

    slug: str
    title: str
    summary: str
    language: str
    theme: str
    theme_facts: PackageTheme | None = None
    completion_percent: int = 90
    pass_percent: int = 60
    attempts: int = 0
    audience: tuple[str, ...] | None = None
    state: str = "draft"
    cover: str = ""
    lessons: tuple[PackageLesson, ...] = ()
    questions: tuple[Question, ...] = ()
    titles: Titles = field(default_factory=dict)  # in other languages; see rules.titles
    folder: Path = Path()
    hash: str = ""  # of all its files; the same hash is the same course
