"""Reads of practice by oneself. A key leaves only after its answer, through `feedback`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import and_, exists, func, or_, select

from app.core import clock
from app.core.db import db
from app.core.refusals import NotThere
from app.courses.models import Course, CourseQuestion, Theme
from app.courses.queries import seen_by, title_here
from app.exams.models import Attempt
from app.exams.queries import Sealed, replays_for, sealed_for
from app.learning.models import CourseProgress
from app.library.queries import Reference, references_for
from app.members.rules import Reader
from app.practice.models import (
    PracticeCategory,
    PracticeItem,
    PracticeRun,
)
from app.practice.rules import Mode
from app.questions import types
from app.questions.models import Category, Question, QuestionVersion
from app.questions.queries import categories, page_places, versions
from app.questions.rules import Answering, QuestionState

MARKED = tuple(kind for kind, module in types.TYPES.items() if not module.BY_HAND)
TICKED = tuple(k for k in MARKED if types.of(k).ANSWERING is Answering.TICKS)


@dataclass(frozen=True)
class Pool:
    """What a member may practise, by question id."""

    themes: Mapping[int, tuple[str, tuple[int, ...]]]  # theme id → title, questions
    categories: Mapping[int, tuple[str, tuple[int, ...]]]
    ticked: frozenset[int]  # questions that are answered by one tick or some

    @property
    def all(self) -> set[int]:
        groups = (*self.themes.values(), *self.categories.values())
        return {i for _title, ids in groups for i in ids}

    @property
    def quick(self) -> set[int]:
        """For games: questions that need no typing."""
        return self.all & self.ticked


def pool_for(reader: Reader) -> Pool:
    """Questions of courses that the reader may see and whose quiz tells its answers anyway (it is
    passed, or may be tried without limit), and of categories opened for practice.

    A question of a quiz that the reader is taking just now, or that an exam seals, is left out.
    """
    session = db.session()
    passed = exists().where(
        CourseProgress.course_id == Course.id,
        CourseProgress.member_id == reader.id,
        CourseProgress.quiz_passed_at.is_not(None),
    )
    taking = select(CourseQuestion.question_id).join(
        Attempt,
        and_(
            Attempt.course_id == CourseQuestion.course_id,
            Attempt.member_id == reader.id,
            Attempt.state == "open",
        ),
    )
    usable = and_(
        Question.state == QuestionState.READY,
        Question.kind.in_(MARKED),
        Question.id.not_in(taking),
    )
    sealed = sealed_for(reader.id, clock.now())
    ticked: set[int] = set()
    themes: dict[int, tuple[str, dict[int, None]]] = {}
    rows = (
        select(Theme.id, title_here(Theme), Question.id, Question.kind)
        .join(Course, Course.theme_id == Theme.id)
        .join(CourseQuestion, CourseQuestion.course_id == Course.id)
        .join(Question, Question.id == CourseQuestion.question_id)
        .where(seen_by(reader), or_(Course.attempts_allowed == 0, passed), usable)
        .order_by(Theme.position, Theme.id, Question.id)
    )
    for theme_id, title, question_id, kind in session.execute(rows):
        if question_id in sealed:
            continue
        themes.setdefault(theme_id, (title, {}))[1][question_id] = None
        if kind in TICKED:
            ticked.add(question_id)
    categories: dict[int, tuple[str, dict[int, None]]] = {}
    opened = (
        select(Category.id, Category.name, Category.path)
        .join(PracticeCategory, PracticeCategory.category_id == Category.id)
        .order_by(Category.path)
    )
    for category_id, name, path in session.execute(opened).all():
        inside = (
            select(Question.id, Question.kind)
            .join(Category, Category.id == Question.category_id)
            .where(Category.path.startswith(path), usable)
        )
        for question_id, kind in session.execute(inside):
            if question_id in sealed:
                continue
            categories.setdefault(category_id, (name, {}))[1][question_id] = None
            if kind in TICKED:
                ticked.add(question_id)
    return Pool(
        {i: (title, tuple(ids)) for i, (title, ids) in themes.items()},
        {i: (name, tuple(ids)) for i, (name, ids) in categories.items()},
        frozenset(ticked),
    )


def last_practised(member_id: int) -> dict[int, datetime]:
    """When a member answered each question last."""
    rows = (
        select(QuestionVersion.question_id, func.max(PracticeItem.answered_at))
        .join(PracticeItem, PracticeItem.version_id == QuestionVersion.id)
        .join(PracticeRun, PracticeRun.id == PracticeItem.run_id)
        .where(PracticeRun.member_id == member_id, PracticeItem.answered_at.is_not(None))
        .group_by(QuestionVersion.question_id)
    )
    return {question_id: at for question_id, at in db.session().execute(rows) if at is not None}


@dataclass(frozen=True)
class RunView:
    """One practice of a member."""

    id: int
    member_id: int
    mode: str
    key: str | None
    title: str
    queue: tuple[int, ...]  # ids of questions
    state: str
    answered: int
    right: int
    points: int
    deadline_at: datetime | None

    @property
    def is_open(self) -> bool:
        return self.state == "open"

    @property
    def size(self) -> int:
        return len(self.queue)


@dataclass(frozen=True)
class ItemView:
    """One question: `asked` while it is open, `explained` when it was answered."""

    id: int
    position: int
    asked: dict[str, Any] | None
    explained: dict[str, Any] | None
    order: tuple[str, ...]
    is_right: bool | None
    question_id: int


def run_for(member_id: int, run_id: int) -> RunView:
    """A practice of the member's own. Raises NotThere."""
    row = db.session().get(PracticeRun, run_id)
    if row is None or row.member_id != member_id:
        raise NotThere
    return run_view(row)


def run_view(row: PracticeRun) -> RunView:
    return RunView(
        id=row.id,
        member_id=row.member_id,
        mode=row.mode,
        key=row.key,
        title=row.title,
        queue=tuple(row.queue),
        state=row.state,
        answered=row.answered,
        right=row.right,
        points=row.points,
        deadline_at=row.deadline_at,
    )


def runs_of(member_id: int, keys: Sequence[str]) -> dict[str, RunView]:
    """What a member has made of things that can be done once."""
    rows = db.session().scalars(
        select(PracticeRun).where(PracticeRun.member_id == member_id, PracticeRun.key.in_(keys))
    )
    return {row.key or "": run_view(row) for row in rows}


def is_done_on(member_id: int, day: date) -> bool:
    """Whether a member has done the questions of a day."""
    key = f"daily:{day.isoformat()}"
    found = runs_of(member_id, [key]).get(key)
    return found is not None and not found.is_open


def days_done(member_id: int) -> set[date]:
    """The days on which a member has done the five of the day."""
    keys = db.session().scalars(
        select(PracticeRun.key).where(
            PracticeRun.member_id == member_id,
            PracticeRun.mode == Mode.DAILY,
            PracticeRun.state == "done",
            PracticeRun.answered > 0,
        )
    )
    return {date.fromisoformat(key.removeprefix("daily:")) for key in keys if key}


def known_of(member_id: int) -> set[int]:
    """The questions that a member answered rightly when they were last practised."""
    last = (
        select(func.max(PracticeItem.id))
        .join(PracticeRun, PracticeRun.id == PracticeItem.run_id)
        .join(QuestionVersion, QuestionVersion.id == PracticeItem.version_id)
        .where(PracticeRun.member_id == member_id, PracticeItem.answered_at.is_not(None))
        .group_by(QuestionVersion.question_id)
    )
    rows = (
        select(QuestionVersion.question_id)
        .join(PracticeItem, PracticeItem.version_id == QuestionVersion.id)
        .where(PracticeItem.id.in_(last), PracticeItem.mark == 100)
    )
    return set(db.session().scalars(rows))


def best_of(member_id: int, mode: str) -> int:
    """The most right answers of a member in a game."""
    found = db.session().scalar(
        select(func.max(PracticeRun.right)).where(
            PracticeRun.member_id == member_id, PracticeRun.mode == mode
        )
    )
    return found or 0


def open_item(run_id: int) -> ItemView | None:
    """The question that is to be answered; nothing in it tells the key."""
    row = db.session().scalar(
        select(PracticeItem).where(
            PracticeItem.run_id == run_id, PracticeItem.answered_at.is_(None)
        )
    )
    if row is None:
        return None
    question = versions([row.version_id])[row.version_id]
    asked = types.asked(question.kind, question.body, row.options, None)
    return ItemView(row.id, row.position, asked, None, (), None, question.id)


def feedback(run_id: int, position: int) -> ItemView | None:
    """A question that was answered, with what is right; not while an exam seals it."""
    row = db.session().scalar(
        select(PracticeItem).where(PracticeItem.run_id == run_id, PracticeItem.position == position)
    )
    if row is None or row.answered_at is None:
        return None
    found = _explained(row)
    return None if found.question_id in _sealed(run_id) else found


def wrong_items(run_id: int) -> list[ItemView]:
    """The questions of a run that were not answered rightly; not those that an exam seals."""
    rows = db.session().scalars(
        select(PracticeItem)
        .where(PracticeItem.run_id == run_id, PracticeItem.mark < 100)
        .order_by(PracticeItem.position)
    )
    sealed = _sealed(run_id)
    return [item for item in map(_explained, rows) if item.question_id not in sealed]


def _sealed(run_id: int) -> Sealed:
    """What exams do not let be told to the member of a run just now."""
    member_id = select(PracticeRun.member_id).where(PracticeRun.id == run_id)
    return sealed_for(db.session().scalars(member_id).one(), clock.now())


def _explained(row: PracticeItem) -> ItemView:
    question = versions([row.version_id])[row.version_id]
    explained = types.of(question.kind).explained(question.body, list(row.response or ()))
    order = tuple(token for _name, token in row.options)
    return ItemView(row.id, row.position, None, explained, order, row.mark == 100, question.id)


@dataclass(frozen=True)
class Taught:
    """Where a reader can watch again (span, address), or read again, what a question asks."""

    replays: Mapping[int, tuple[str, str]]
    pages: Mapping[int, Reference]


def taught_for(reader: Reader, items: Iterable[ItemView]) -> Taught:
    """The places of questions that were not answered rightly."""
    wrong = [item.question_id for item in items if not item.is_right]
    return Taught(replays_for(reader, wrong), references_for(reader, page_places(wrong)))


@dataclass(frozen=True)
class OpenCategory:
    """A category of the bank, whether it may be practised, and whether the reader may say so."""

    id: int
    path: str  # of names
    count: int  # questions in it and below
    is_open: bool
    is_mine: bool


def categories_for(reader: Reader) -> list[OpenCategory]:
    """All categories. Opening one shows what is right in its questions: so only an administrator,
    or who wrote all of them, may; and who opened one may close it."""
    session = db.session()
    opened = {row.category_id: row.opened_by for row in session.scalars(select(PracticeCategory))}
    owned = (
        select(Category.path, Question.author_id)
        .join(Question, Question.category_id == Category.id)
        .distinct()
    )
    authors = [(str(path), int(author)) for path, author in session.execute(owned)]
    paths: dict[int, str] = dict(session.execute(select(Category.id, Category.path)).all())

    def is_mine(number: int) -> bool:
        if reader.is_administrator or opened.get(number) == reader.id:
            return True
        return {who for path, who in authors if path.startswith(paths[number])} == {reader.id}

    return [
        OpenCategory(each.id, each.path, each.count, each.id in opened, is_mine(each.id))
        for each in categories()
    ]
