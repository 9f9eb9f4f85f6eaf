"""Reads of attempts. What tells the key leaves only through `results`."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import or_, select

from app.core.addresses import address
from app.core.db import db
from app.core.refusals import NotThere
from app.courses.queries import cards, lessons_showing, quiz_of
from app.exams.models import Attempt, AttemptItem, Exam, ExamMessage
from app.exams.queries.explained import explained_item
from app.exams.queries.sealing import Seal, seal_over, sealed_attempts, sealed_for
from app.exams.rules import attempts_left, least_points, points, shown_percent
from app.members.rules import Reader
from app.questions import types
from app.questions.queries import Question, places, versions
from app.questions.rules import NotAnAnswer


@dataclass(frozen=True)
class AttemptView:
    """One attempt of one member. `score`, `percent` and `passed` are None while it is open, and
    while an exam seals what came out of a quiz."""

    id: int
    member_id: int
    course_id: int | None
    exam_id: int | None
    number: int
    state: str
    seed: int
    questions: int
    out_of: Decimal
    pass_percent: int
    wrong_costs: Decimal
    started_at: datetime
    deadline_at: datetime | None
    reached: int
    submitted_at: datetime | None
    ended_by: str
    waiting: int  # answers that a person must mark before the result is known
    score: Decimal | None
    percent: int | None
    passed: bool | None
    changed_at: datetime | None  # when the score was last changed by a regrade
    receipt: str | None

    @property
    def least(self) -> Decimal:
        """The fewest points that pass."""
        return least_points(self.out_of, self.pass_percent)

    @property
    def is_open(self) -> bool:
        return self.state == "open"

    @property
    def is_submitted(self) -> bool:
        return self.state == "submitted"

    @property
    def is_void(self) -> bool:
        return self.state == "void"

    @property
    def share(self) -> Decimal | None:
        """The exact share of the marks that was reached, for comparing attempts."""
        if self.score is None or not self.is_submitted:
            return None
        return self.score / self.out_of if self.out_of else Decimal(0)

    def under(self, seal: Seal | None) -> AttemptView:
        """The attempt as its member may see it: what was known before stays known."""
        if seal is None or self.submitted_at is None:
            return self
        if seal.since > max(self.submitted_at, self.changed_at or self.submitted_at):
            return self
        return replace(self, score=None, percent=None, passed=None)


@dataclass(frozen=True)
class QuizState:
    """Where a member stands with the quiz of a course; `left` None means without limit."""

    course_id: int
    questions: int
    pass_percent: int
    attempts_allowed: int
    left: int | None
    attempts: tuple[AttemptView, ...]  # the newest first
    seal: Seal | None  # on what it asks: who hands in now learns later what came out

    @property
    def open_attempt(self) -> AttemptView | None:
        return next((a for a in self.attempts if a.is_open), None)

    @property
    def submitted(self) -> tuple[AttemptView, ...]:
        return tuple(a for a in self.attempts if a.is_submitted)

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
class PaperItem:
    """One question of an open attempt, as its member may see it: nothing here tells the key.

    `asked` is what questions.types.asked returns, for the macros of questions/_answer.html.
    """

    id: int
    position: int
    section: int
    asked: dict[str, Any]
    saved: int  # counts the changes of the answer
    is_answered: bool
    is_flagged: bool
    max_mark: Decimal

    @property
    def kind(self) -> str:
        return str(self.asked["kind"])


@dataclass(frozen=True)
class ResultItem:
    """One question of a submitted attempt, with the key; `mark` is None until it is marked."""

    id: int
    position: int
    explained: dict[str, Any]
    order: tuple[str, ...]  # option ids as they were shown
    mark: Decimal | None
    max_mark: Decimal
    is_blank: bool
    comment: str
    question_id: int

    @property
    def is_right(self) -> bool:
        return self.mark == 1

    @property
    def marks(self) -> Decimal:
        """What the answer brought."""
        return points(self.mark, self.max_mark)


def quiz_state_for(member_id: int, course_id: int, now: datetime) -> QuizState | None:
    """Where a member stands with the quiz of a course; None when the course has none."""
    paper = quiz_of(course_id)
    if paper is None:
        return None
    attempts = attempts_of(member_id, course_id)
    sealed = sealed_for(member_id, now)
    seals = sealed_attempts(sealed, [each.id for each in attempts if each.is_submitted])
    return QuizState(
        course_id=course_id,
        questions=len(paper.question_ids),
        pass_percent=paper.pass_percent,
        attempts_allowed=paper.attempts_allowed,
        left=attempts_left(paper.attempts_allowed, len(attempts)),
        attempts=tuple(each.under(seals.get(each.id)) for each in attempts),
        seal=seal_over(sealed, paper.question_ids),
    )


def attempts_of(member_id: int, course_id: int) -> list[AttemptView]:
    """The attempts of a member at one quiz, the newest first."""
    rows = db.session().scalars(
        select(Attempt)
        .where(Attempt.member_id == member_id, Attempt.course_id == course_id)
        .order_by(Attempt.number.desc())
    )
    return [view(row) for row in rows]


def attempt_for(member_id: int, attempt_id: int) -> AttemptView:
    """An attempt of this member. Raises NotThere for anybody else's."""
    row = db.session().get(Attempt, attempt_id)
    if row is None or row.member_id != member_id:
        raise NotThere
    return view(row)


def view(row: Attempt) -> AttemptView:
    """A row as everybody else sees it."""
    names = (name for name in AttemptView.__dataclass_fields__ if name != "percent")
    percent = None
    if row.score is not None:
        percent = shown_percent(row.score, row.out_of, row.pass_percent)
    return AttemptView(percent=percent, **{name: getattr(row, name) for name in names})


def items_of(attempt_id: int, *, only: Collection[int] | None = None) -> list[AttemptItem]:
    """The rows of an attempt's paper, in order; with `only`, those of these ids that are its."""
    wanted = select(AttemptItem).where(AttemptItem.attempt_id == attempt_id)
    if only is not None:
        if not only:
            return []
        wanted = wanted.where(AttemptItem.id.in_(only))
    return list(db.session().scalars(wanted.order_by(AttemptItem.position)))


def paper(attempt_id: int, *, posted: Mapping[int, Sequence[str]] | None = None) -> list[PaperItem]:
    """The questions of an attempt, without anything that tells the key.

    `posted` is what a page sent and what was not taken: shown again where it can be read.
    """
    given = posted or {}
    return [
        _paper_item(item, question, given.get(item.id))
        for item, question in _with_questions(attempt_id)
    ]


def results(attempt: AttemptView) -> list[ResultItem]:
    """The questions of a submitted attempt with the key. An open attempt has none: NotThere."""
    if attempt.is_open:
        raise NotThere
    return [_result_item(item, question) for item, question in _with_questions(attempt.id)]


def title_of_attempt(attempt_id: int) -> str:
    """What the exam, or the course of the quiz, is called; "" when it is gone."""
    row = db.session().get(Attempt, attempt_id)
    if row is None:
        return ""
    if row.course_id is None:
        return db.session().get_one(Exam, row.exam_id).title
    return course_title(row.course_id)


def course_title(course_id: int) -> str:
    """What a course is called; "" when it is gone."""
    return next((card.title for card in cards([course_id]).values()), "")


def missed(items: Iterable[ResultItem]) -> list[int]:
    """The questions that were marked and not answered right."""
    return [item.question_id for item in items if item.mark is not None and not item.is_right]


def replays_for(reader: Reader, question_ids: Iterable[int]) -> dict[int, tuple[str, str]]:
    """(span, address) of the lesson to watch again, by the id of each question whose place the
    reader can watch."""
    taught = places(question_ids)
    lessons = lessons_showing(reader, (place.media_id for place in taught.values()))
    found = {}
    for question_id, place in taught.items():
        if place.media_id in lessons:
            slug, lesson = lessons[place.media_id]
            url = f"{address('lesson', slug=slug, lesson=lesson)}?t={place.start_ms // 1000}"
            found[question_id] = (place.span, url)
    return found


def _with_questions(attempt_id: int) -> list[tuple[AttemptItem, Question]]:
    rows = items_of(attempt_id)
    found = versions(row.version_id for row in rows)
    return [(row, found[row.version_id]) for row in rows]


def _paper_item(item: AttemptItem, question: Question, posted: Sequence[str] | None) -> PaperItem:
    response = item.response
    if posted is not None:
        with suppress(NotAnAnswer):
            response = types.read(question.kind, question.body, item.options, posted)
    return PaperItem(
        id=item.id,
        position=item.position,
        section=item.section,
        asked=types.asked(question.kind, question.body, item.options, response),
        saved=item.saved,
        is_answered=bool(item.response),
        is_flagged=item.flagged,
        max_mark=item.max_mark,
    )


def _result_item(item: AttemptItem, question: Question) -> ResultItem:
    return ResultItem(
        id=item.id,
        position=item.position,
        explained=explained_item(item, question),
        order=tuple(option_id for _, option_id in item.options),
        mark=item.mark,
        max_mark=item.max_mark,
        is_blank=not item.response,
        comment=item.comment,
        question_id=question.id,
    )


@dataclass(frozen=True)
class Message:
    """Something an invigilator said."""

    id: int
    text: str
    sent_at: datetime


def messages_for(exam_id: int, attempt_id: int) -> list[Message]:
    """What was said to everybody or to this taker since the attempt began, the newest last."""
    began = select(Attempt.started_at).where(Attempt.id == attempt_id).scalar_subquery()
    rows = db.session().scalars(
        select(ExamMessage)
        .where(ExamMessage.exam_id == exam_id, ExamMessage.sent_at >= began)
        .where(or_(ExamMessage.attempt_id.is_(None), ExamMessage.attempt_id == attempt_id))
        .order_by(ExamMessage.id)
    )
    return [Message(row.id, row.text, row.sent_at) for row in rows]
