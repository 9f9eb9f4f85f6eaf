"""A question while its lines come in."""

from __future__ import annotations

from dataclasses import dataclass, field

from app.questions.formats.plain.marks import INNER_TAG, WORDS
from app.questions.rules import Kind


@dataclass
class Draft:
    """A line without a mark belongs to the part `at`."""

    line: int
    number: str
    section: int
    kind: str | None
    stem: list[str] = field(default_factory=list)
    options: list[list[str]] = field(default_factory=list)
    marked: list[int] = field(default_factory=list)
    pairs: list[str] = field(default_factory=list)
    parts: dict[str, list[str]] = field(default_factory=dict)
    material: str = ""
    at: str = "stem"
    fences: dict[str, int] = field(default_factory=dict)  # how many ``` stand in each part
    red: list[int] = field(default_factory=list)  # options with words in red
    shown: dict[int, str] = field(default_factory=dict)  # numbers of options for which A, B … stand
    inner: int = 0  # the last number of a list inside the stem
    bracketed: bool = False  # whether its number is written (1)
    closed: bool = False  # whether it is written 1) or (1)
    either: bool = False  # whether its heading speaks of one right answer and of several

    @property
    def in_code(self) -> bool:
        """Whether lines are inside ``` and ```, where nothing is a mark of a paper."""
        return self.at != "option" and self.fences.get(self.at, 0) % 2 == 1

    def add(self, text: str) -> None:
        self.fences[self.at] = self.fences.get(self.at, 0) + text.count("```")
        if self.at == "stem":
            self.stem.append(text)
        elif self.at == "option":
            self.options[-1].append(text)
        else:
            self.parts.setdefault(self.at, []).append(text)

    def tag(self, part: str, rest: str) -> None:
        """Begin a part, “解析：…”, with what stands behind its name; others may stand in there."""
        inner = INNER_TAG.search(rest)
        text = (rest[: inner.start()] if inner else rest).strip()
        said = self.parts.setdefault(part, [])
        if text or part != "answer":
            said.append(text)
            self.fences[part] = self.fences.get(part, 0) + text.count("```")
        self.at = part
        if inner:
            self.tag(WORDS[inner.group(1) or inner.group(2)], rest[inner.end() :])

    def taken_back(self) -> list[str]:
        """The paragraphs behind the last answer to choose from: they belong to what follows."""
        where = self.options[-1] if self.at == "option" else self.parts.get(self.at, [])
        if not self.options or self.at not in {"option", "answer"}:
            return []
        back = where[1:]
        del where[1:]
        self.fences[self.at] = sum(text.count("```") for text in where)
        return back

    @property
    def complete(self) -> bool:
        return bool(self.options or self.parts or self.pairs)

    @property
    def is_answered(self) -> bool:
        return any(text.strip() for text in self.parts.get("answer", ()))

    @property
    def is_prose(self) -> bool:
        return self.kind in {Kind.ESSAY, Kind.FILE} and not self.options

    def answered_by_point(self, number: str) -> bool:
        """Whether a number written 1) is that of a point in the model answer."""
        closed = number.rstrip().endswith((")", "）"))
        return closed and not self.closed and self.at == "answer" and self.is_prose
