"""Reads for after an exam: scores, marks by slot, how options were chosen."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from sqlalchemy import select, true

from app.core.db import db, reading
from app.core.refusals import NotThere
from app.exams import rules
from app.exams.models import (
    Attempt,
    AttemptItem,
    Exam,
)
from app.exams.queries.attempts import AttemptView, view
from app.exams.queries.blueprints import places_of
from app.exams.rules.statistics import Statistics, histogram, statistics
from app.members.models import Branch, Member
from app.questions import types
from app.questions.models import QuestionVersion
from app.questions.queries import questions, versions

TAKERS_AT_ONCE = 500  # of a file of marks


@dataclass(frozen=True)
class Taken:
    """One submitted attempt with its taker."""

    attempt: AttemptView
    name: str
    username: str
    branch: str
    counts: bool


@dataclass(frozen=True)
class Book:
    """Marks of the attempts at an exam by slot of its paper (not by place on the screen)."""

    attempt_ids: tuple[int, ...]
    names: tuple[str, ...]
    question_ids: tuple[int | None, ...]  # None for a slot that is drawn
    max_marks: tuple[Decimal, ...]
    marks: tuple[tuple[Decimal | None, ...], ...]

    def statistics(self) -> Statistics:
        return statistics(self.marks, self.max_marks)


def taken(exam_id: int, member_ids: Sequence[int] | None = None) -> list[Taken]:
    """Every submitted attempt, or those of these members, by name."""
    exam = db.session().get(Exam, exam_id)
    if exam is None:
        raise NotThere
    rows = (
        db.session()
        .execute(
            select(Attempt, Member.name, Member.username, Branch.name)
            .join(Member, Member.id == Attempt.member_id)
            .join(Branch, Branch.id == Member.branch_id)
            .where(Attempt.exam_id == exam_id, Attempt.state == "submitted")
            .where(true() if member_ids is None else Attempt.member_id.in_(member_ids))
            .order_by(Branch.path, Member.sorted_name, Member.id, Attempt.number)
        )
        .all()
    )
    seen = [view(row) for row, *_rest in rows]
    by_member: dict[int, list[AttemptView]] = {}
    for one in seen:
        by_member.setdefault(one.member_id, []).append(one)
    counting = {
        found.id
        for attempts in by_member.values()
        if (found := rules.counts(attempts, exam.counting)) is not None
    }
    return [
        Taken(one, name, username, branch, one.id in counting)
        for one, (_row, name, username, branch) in zip(seen, rows, strict=True)
    ]


def book_of(exam_id: int, *, every: bool = False) -> Book:
    """The marks of the attempts that count, or of every submitted one. Raises NotThere.

    Attempts that wait for a person's marks are left out.
    """
    ids = [t.attempt.id for t in taken(exam_id) if (every or t.counts) and not t.attempt.waiting]
    layout = _Layout(exam_id)
    marks = layout.marks_of(ids)
    fixed = layout.fixed
    asked = questions(fixed.values())
    return Book(
        attempt_ids=tuple(ids),
        names=tuple(
            asked[fixed[index]].stem if fixed.get(index) in asked else ""
            for index, _ in layout.slots
        ),
        question_ids=tuple(fixed.get(index) for index, _ in layout.slots),
        max_marks=tuple(layout.most_of(slot) for slot in layout.slots),
        marks=tuple(marks[attempt_id] for attempt_id in ids),
    )


class _Layout:
    """Which slot of a paper an item of an attempt stands in."""

    def __init__(self, exam_id: int) -> None:
        self.places = places_of(exam_id)
        self.slots: list[tuple[int, int]] = [
            (index, number)
            for index, place in enumerate(self.places)
            for number in range(place.number)
        ]
        self.fixed = {
            i: p.pool[0][0] for i, p in enumerate(self.places) if len(p.pool) == p.number == 1
        }
        self._most: dict[tuple[int, int], Decimal] = {}
        self._place_of: dict[int, list[int]] = {}
        for index, place in enumerate(self.places):
            for question_id, _ in place.pool:
                self._place_of.setdefault(question_id, []).append(index)

    def marks_of(self, attempt_ids: Sequence[int]) -> dict[int, tuple[Decimal | None, ...]]:
        """The marks of attempts by slot; 0 where nothing was asked, None for what was left out."""
        marks: dict[int, dict[tuple[int, int], Decimal | None]] = {i: {} for i in attempt_ids}
        free: dict[tuple[int, int], int] = {}
        for attempt_id, section, question_id, mark, most in _items(attempt_ids):
            for index in self._homes(question_id, section):
                number = free.get((attempt_id, index), 0)
                if number < self.places[index].number:
                    free[attempt_id, index] = number + 1
                    marks[attempt_id][index, number] = rules.points(mark, most) if most else None
                    self._most[index, number] = max(most, self._most.get((index, number), most))
                    break
        nothing = Decimal(0)
        return {
            attempt_id: tuple(found.get(slot, nothing) for slot in self.slots)
            for attempt_id, found in marks.items()
        }

    def most_of(self, slot: tuple[int, int]) -> Decimal:
        """The greatest mark of a slot: 0 when its question was left out of every attempt read."""
        return self._most.get(slot, self.places[slot[0]].mark)

    def _homes(self, question_id: int, section: int) -> list[int]:
        every = self._place_of.get(question_id, [])
        homes = [index for index in every if self.places[index].section == section] or every
        # A question that is fixed and may be drawn besides stands where it is fixed.
        return sorted(homes, key=lambda i: (self.fixed.get(i) != question_id, i))


def marks_in_parts(exam_id: int) -> tuple[int, Iterator[tuple[Taken, tuple[Decimal | None, ...]]]]:
    """How many slots the paper has, and the attempts that count with their marks by slot, by name.

    Read part by part while the file is sent; attempts that wait for a mark have none.
    """
    layout = _Layout(exam_id)
    of_exam = select(Attempt.member_id).where(
        Attempt.exam_id == exam_id, Attempt.state == "submitted"
    )
    member_ids = list(
        db.session().scalars(
            select(Member.id)
            .join(Branch, Branch.id == Member.branch_id)
            .where(Member.id.in_(of_exam))
            .order_by(Branch.path, Member.sorted_name, Member.id)
        )
    )

    def rows() -> Iterator[tuple[Taken, tuple[Decimal | None, ...]]]:
        for start in range(0, len(member_ids), TAKERS_AT_ONCE):
            with reading():
                found = taken(exam_id, member_ids[start : start + TAKERS_AT_ONCE])
                counting = [row for row in found if row.counts]
                marked = [row.attempt.id for row in counting if not row.attempt.waiting]
                marks = layout.marks_of(marked)
            for row in counting:
                yield row, marks.get(row.attempt.id, ())

    return len(layout.slots), rows()


def _items(
    attempt_ids: Sequence[int],
) -> list[tuple[int, int, int, Decimal | None, Decimal]]:
    found: list[tuple[int, int, int, Decimal | None, Decimal]] = []
    for start in range(0, len(attempt_ids), 500):
        part = attempt_ids[start : start + 500]
        found += [
            (attempt_id, section, question_id, mark, most)
            for attempt_id, section, question_id, mark, most in db.session().execute(
                select(
                    AttemptItem.attempt_id,
                    AttemptItem.section,
                    QuestionVersion.question_id,
                    AttemptItem.mark,
                    AttemptItem.max_mark,
                )
                .join(QuestionVersion, QuestionVersion.id == AttemptItem.version_id)
                .where(AttemptItem.attempt_id.in_(part))
                .order_by(AttemptItem.attempt_id, AttemptItem.position)
            )
        ]
    return found


@dataclass(frozen=True)
class Chosen:
    """How often an option was chosen, by all and by the better and the weaker third."""

    text: str
    is_right: bool
    times: int
    share: float
    better: float | None
    weaker: float | None


@dataclass(frozen=True)
class QuestionResult:
    """One question of an exam: how often it was asked and what was answered."""

    question_id: int
    kind: str
    stem: str
    asked: int
    facility: float | None
    options: tuple[Chosen, ...]


def questions_of(exam_id: int) -> list[QuestionResult]:
    """Every question that somebody was asked, with what was chosen (for kinds with options)."""
    attempts = [t.attempt for t in taken(exam_id) if t.counts]
    ordered = sorted(attempts, key=lambda a: a.share or Decimal(0))
    third = len(ordered) // 3
    weaker = {a.id for a in ordered[:third]}
    better = {a.id for a in ordered[len(ordered) - third :]} if third else set()
    ids = [a.id for a in attempts]
    rows: list[tuple[int, int, int, Any, Decimal | None]] = []  # no mark where it was left out
    for start in range(0, len(ids), 500):
        rows += [
            (attempt_id, version_id, question_id, response, mark if most else None)
            for attempt_id, version_id, question_id, response, mark, most in db.session().execute(
                select(
                    AttemptItem.attempt_id,
                    AttemptItem.version_id,
                    QuestionVersion.question_id,
                    AttemptItem.response,
                    AttemptItem.mark,
                    AttemptItem.max_mark,
                )
                .join(QuestionVersion, QuestionVersion.id == AttemptItem.version_id)
                .where(AttemptItem.attempt_id.in_(ids[start : start + 500]))
                .order_by(AttemptItem.attempt_id, AttemptItem.position)
            )
        ]
    bodies = versions({row[1] for row in rows})
    by_question: dict[int, list[tuple[int, int, Any, Decimal | None]]] = {}
    for attempt_id, version_id, question_id, response, mark in rows:
        by_question.setdefault(question_id, []).append((attempt_id, version_id, response, mark))
    return [
        _question_result(question_id, answers, bodies, better, weaker)
        for question_id, answers in by_question.items()
    ]


def _question_result(
    question_id: int,
    answers: list[tuple[int, int, Any, Decimal | None]],
    bodies: dict[int, Any],
    better: set[int],
    weaker: set[int],
) -> QuestionResult:
    newest = bodies[max(version for _, version, _, _ in answers)]
    explained = types.of(newest.kind).explained(newest.body, [])
    texts = [(o["text"], bool(o["right"])) for o in explained.get("options") or ()]
    every: Counter[str] = Counter()
    of_better: Counter[str] = Counter()
    of_weaker: Counter[str] = Counter()
    sizes = Counter(
        "better" if a in better else "weaker" if a in weaker else "" for a, *_ in answers
    )
    for attempt_id, version_id, response, _mark in answers:
        options = bodies[version_id].body.get("options") or ()
        by_id = {o["id"]: o["text"] for o in options}
        said = [by_id[token] for token in response or () if token in by_id]
        every.update(said)
        if attempt_id in better:
            of_better.update(said)
        elif attempt_id in weaker:
            of_weaker.update(said)
    marked = [mark for *_rest, mark in answers if mark is not None]
    return QuestionResult(
        question_id=question_id,
        kind=newest.kind,
        stem=newest.stem,
        asked=len(answers),
        facility=float(sum(marked, Decimal(0)) / len(marked)) if marked else None,
        options=tuple(
            Chosen(
                text,
                right,
                every[text],
                every[text] / len(answers),
                of_better[text] / sizes["better"] if sizes["better"] else None,
                of_weaker[text] / sizes["weaker"] if sizes["weaker"] else None,
            )
            for text, right in texts
        ),
    )


def score_bands(attempts: Sequence[Taken]) -> list[int]:
    """How many of the attempts that count are in each tenth of the marks."""
    return histogram([float((t.attempt.share or 0) * 100) for t in attempts if t.counts])
