"""Reads of quizzes and attempts. What tells the key leaves only through `results`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import select

from app.core.db import db
from app.core.refusals import NotThere
from app.courses.queries import quiz_of
from app.exams.models import Attempt, AttemptItem
from app.exams.rules import attempts_left, shown_percent
from app.questions import types
from app.questions.queries import Question, versions


@dataclass(frozen=True)
class AttemptView:
    """One attempt of one member. `percent` and what follows it are None while it is open."""

    id: int
    member_id: int
    course_id: int
    number: int
    is_open: bool
    questions: int
    pass_percent: int
    started_at: datetime
    submitted_at: datetime | None
    score: Decimal | None
    percent: int | None
    passed: bool | None
    receipt: str | None


@dataclass(frozen=True)
class QuizState:
    """Where a member stands with the quiz of a course; `left` None means without limit."""

    course_id: int
    questions: int
    pass_percent: int
    attempts_allowed: int
    left: int | None
    attempts: tuple[AttemptView, ...]  # the newest first

    @property
    def open_attempt(self) -> AttemptView | None:
        return next((a for a in self.attempts if a.is_open), None)

    @property
    def submitted(self) -> tuple[AttemptView, ...]:
        return tuple(a for a in self.attempts if not a.is_open)

    @property
    def best(self) -> AttemptView | None:
        """The attempt that counts: the highest score, the earlier one of equals."""
        done = [a for a in reversed(self.submitted) if a.percent is not None]
        return max(done, key=lambda a: (a.passed, a.percent), default=None)

    @property
    def is_passed(self) -> bool:
        return any(a.passed for a in self.attempts)

    @property
    def may_start(self) -> bool:
        return self.open_attempt is None and self.left != 0


@dataclass(frozen=True)
class Option:
    """One option as a page shows it; `name` is good in this attempt only."""

    name: str
    text: str
    ticked: bool


@dataclass(frozen=True)
class PaperItem:
    """One question of an open attempt, as its member may see it: nothing here tells the key."""

    id: int
    position: int
    kind: str
    many: bool  # more than one option may be ticked
    stem: str  # Markdown
    options: tuple[Option, ...]
    saved: int  # counts the changes of the answer

    @property
    def is_answered(self) -> bool:
        return any(option.ticked for option in self.options)


@dataclass(frozen=True)
class ResultOption:
    """One option after submission."""

    text: str
    ticked: bool
    right: bool


@dataclass(frozen=True)
class ResultItem:
    """One question of a submitted attempt, with the key."""

    position: int
    kind: str
    many: bool
    stem: str
    explanation: str
    mark: Decimal
    is_right: bool
    is_blank: bool
    options: tuple[ResultOption, ...]


def quiz_state_for(member_id: int, course_id: int) -> QuizState | None:
    """Where a member stands with the quiz of a course; None when the course has none."""
    paper = quiz_of(course_id)
    if paper is None:
        return None
    attempts = attempts_of(member_id, course_id)
    return QuizState(
        course_id=course_id,
        questions=len(paper.question_ids),
        pass_percent=paper.pass_percent,
        attempts_allowed=paper.attempts_allowed,
        left=attempts_left(paper.attempts_allowed, len(attempts)),
        attempts=tuple(attempts),
    )


def attempts_of(member_id: int, course_id: int) -> list[AttemptView]:
    """The attempts of a member at one quiz, the newest first."""
    rows = db.session().scalars(
        select(Attempt)
        .where(Attempt.member_id == member_id, Attempt.course_id == course_id)
        .order_by(Attempt.number.desc())
    )
    return [_view(row) for row in rows]


def attempt_for(member_id: int, attempt_id: int) -> AttemptView:
    """An attempt of this member. Raises NotThere for anybody else's."""
    row = db.session().get(Attempt, attempt_id)
    if row is None or row.member_id != member_id:
        raise NotThere
    return _view(row)


def _view(row: Attempt) -> AttemptView:
    return AttemptView(
        id=row.id,
        member_id=row.member_id,
        course_id=row.course_id,
        number=row.number,
        is_open=row.state == "open",
        questions=row.questions,
        pass_percent=row.pass_percent,
        started_at=row.started_at,
        submitted_at=row.submitted_at,
        score=row.score,
        percent=(
            None if row.score is None else shown_percent(row.score, row.questions, row.pass_percent)
        ),
        passed=row.passed,
        receipt=row.receipt,
    )


def items_of(attempt_id: int) -> list[AttemptItem]:
    """The rows of an attempt's paper, in order."""
    return list(
        db.session().scalars(
            select(AttemptItem)
            .where(AttemptItem.attempt_id == attempt_id)
            .order_by(AttemptItem.position)
        )
    )


def paper(attempt_id: int) -> list[PaperItem]:
    """The questions of an attempt, without anything that tells the key."""
    return [_paper_item(item, question) for item, question in _with_questions(attempt_id)]


def results(attempt: AttemptView) -> list[ResultItem]:
    """The questions of a submitted attempt with the key. An open attempt has none: NotThere."""
    if attempt.is_open:
        raise NotThere
    return [_result_item(item, question) for item, question in _with_questions(attempt.id)]


def _with_questions(attempt_id: int) -> list[tuple[AttemptItem, Question]]:
    rows = items_of(attempt_id)
    found = versions(row.version_id for row in rows)
    return [(row, found[row.version_id]) for row in rows]


def _paper_item(item: AttemptItem, question: Question) -> PaperItem:
    names = {option_id: name for name, option_id in item.options}
    shown = types.of(question.kind).shown(question.body, [o for _, o in item.options])
    ticked = set(item.response or ())
    return PaperItem(
        id=item.id,
        position=item.position,
        kind=shown["kind"],
        many=shown["many"],
        stem=shown["stem"],
        options=tuple(
            Option(names[option["id"]], option["text"], option["id"] in ticked)
            for option in shown["options"]
        ),
        saved=item.saved,
    )


def _result_item(item: AttemptItem, question: Question) -> ResultItem:
    response = list(item.response or ())
    kind = types.of(question.kind)
    order = [option_id for _, option_id in item.options]
    explained = kind.explained(question.body, response)
    shown = kind.shown(question.body, order)
    by_id: dict[str, Any] = {option["id"]: option for option in explained["options"]}
    return ResultItem(
        position=item.position,
        kind=explained["kind"],
        many=shown["many"],
        stem=explained["stem"],
        explanation=explained["explanation"],
        mark=item.mark if item.mark is not None else Decimal(0),
        is_right=item.mark == 1,
        is_blank=not response,
        options=_in_order(shown["options"], by_id),
    )


def _in_order(shown: Sequence[dict[str, Any]], by_id: dict[str, Any]) -> tuple[ResultOption, ...]:
    return tuple(
        ResultOption(
            text=by_id[option["id"]]["text"],
            ticked=by_id[option["id"]]["ticked"],
            right=by_id[option["id"]]["right"],
        )
        for option in shown
    )
