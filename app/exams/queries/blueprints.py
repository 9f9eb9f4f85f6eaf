"""Reads of the paper or its blueprint: sections, draws, how hard it will be, what is missing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

from sqlalchemy import Float, case, cast, exists, func, select

from app.core.db import db
from app.core.paging import Page, window
from app.courses.queries import questions_told
from app.exams import rules
from app.exams.models import (
    Attempt,
    AttemptItem,
    ExamSection,
    ExamSlot,
)
from app.exams.queries.exams import ExamView, branches_of
from app.exams.queries.seats import seats_of
from app.questions import queries as bank
from app.questions.models import Category, QuestionTag, QuestionVersion
from app.questions.models import Question as QuestionRow
from app.questions.rules import Language, QuestionState

ENTRIES = 50  # of a paper on one page of the desk


@dataclass(frozen=True)
class SlotView:
    """A place in a section of the paper, for its author."""

    id: int
    section_id: int
    question: bank.Question | None
    number: int
    kind: str
    tag: str
    category: str
    difficulty: int | None
    language: str
    mark: Decimal
    available: int  # how many questions a draw can choose from


@dataclass(frozen=True)
class SectionView:
    """A section of the paper, for its author."""

    id: int
    title: str
    slots: tuple[SlotView, ...] = field(default=())


def _slots(exam_id: int) -> list[tuple[ExamSection, ExamSlot]]:
    rows = db.session().execute(
        select(ExamSection, ExamSlot)
        .join(ExamSlot, ExamSlot.section_id == ExamSection.id)
        .where(ExamSection.exam_id == exam_id)
        .order_by(ExamSection.position, ExamSection.id, ExamSlot.position, ExamSlot.id)
    )
    return [(section, slot) for section, slot in rows]


def places_of(exam_id: int, *, live: bool = False, ordered: bool = True) -> list[rules.Place]:
    """What papers are drawn from: the pools frozen at publishing, or those of this moment.

    Where nobody asks in what order questions stand, not `ordered` saves reading what they share.
    """
    found = []
    slots = _slots(exam_id)
    pools = pools_of([slot for _, slot in slots]) if live else {}
    shared = _shared(q for pool in pools.values() for q, _ in pool) if ordered else {}
    for section, slot in slots:
        pool = pools[slot.id] if live else [(int(row[0]), float(row[1])) for row in slot.pool]
        kept = {int(row[0]): int(row[2]) for row in slot.pool if len(row) > 2}
        passages = {q: shared[q] for q, _ in pool if q in shared} if live else kept
        found.append(rules.Place(section.position, slot.number, slot.mark, tuple(pool), passages))
    return found


def frozen_pools(slots: Sequence[ExamSlot]) -> dict[int, list[list[int | float]]]:
    """By slot what is kept as its pool when the exam is published."""
    pools = pools_of(slots)
    shared = _shared(question_id for pool in pools.values() for question_id, _ in pool)
    return {
        slot_id: [[q, e, shared[q]] if q in shared else [q, e] for q, e in pool]
        for slot_id, pool in pools.items()
    }


def _shared(question_ids: Iterable[int]) -> dict[int, int]:
    """The questions that share a text with others of these, with a number for each text."""
    texts = bank.materials(sorted(set(question_ids)))
    times = Counter(texts.values())
    numbers: dict[str, int] = {}
    return {
        question_id: numbers.setdefault(text, len(numbers) + 1)
        for question_id, text in texts.items()
        if times[text] > 1
    }


def pools_of(slots: Sequence[ExamSlot]) -> dict[int, list[tuple[int, float]]]:
    """By slot the questions that it may choose from now, with their expected marks, by id."""
    ids = {
        slot.id: [slot.question_id] if slot.question_id is not None else _drawable(slot)
        for slot in slots
    }
    known = facilities(sorted({question_id for each in ids.values() for question_id in each}))
    return {
        slot_id: [(question_id, known.get(question_id, rules.UNKNOWN)) for question_id in each]
        for slot_id, each in ids.items()
    }


def _drawable(slot: ExamSlot) -> list[int]:
    wanted = select(QuestionRow.id).where(QuestionRow.state == QuestionState.READY)
    if slot.kind:
        wanted = wanted.where(QuestionRow.kind == slot.kind)
    if slot.difficulty is not None:
        wanted = wanted.where(QuestionRow.difficulty == slot.difficulty)
    if slot.language:
        wanted = wanted.where(QuestionRow.language.in_((slot.language, Language.ANY)))
    if slot.tag:
        wanted = wanted.where(
            exists().where(QuestionTag.question_id == QuestionRow.id, QuestionTag.tag == slot.tag)
        )
    if slot.category:
        below = select(Category.id).where(Category.path.contains(f"/{slot.category}/"))
        wanted = wanted.where(QuestionRow.category_id.in_(below))
    return list(db.session().scalars(wanted.order_by(QuestionRow.id)))


# What a wrong answer costs in one exam makes its question no harder in another.
_worth = case((cast(AttemptItem.mark, Float) < 0, 0.0), else_=cast(AttemptItem.mark, Float))


def facilities(question_ids: Sequence[int]) -> dict[int, float]:
    """The mean mark (0 to 1) that each question has brought so far; unanswered ones left out."""
    found: dict[int, float] = {}
    for start in range(0, len(question_ids), 500):
        part = question_ids[start : start + 500]
        rows = db.session().execute(
            select(QuestionVersion.question_id, func.avg(_worth))
            .join(AttemptItem, AttemptItem.version_id == QuestionVersion.id)
            .join(Attempt, Attempt.id == AttemptItem.attempt_id)
            .where(QuestionVersion.question_id.in_(part), AttemptItem.mark.is_not(None))
            .where(Attempt.state == "submitted")
            .group_by(QuestionVersion.question_id)
        )
        found.update((int(q), float(mean)) for q, mean in rows)
    return found


@dataclass(frozen=True)
class QuestionFigures:
    """How a question has done so far in all attempts that were handed in."""

    answered: int
    facility: float  # the mean mark, from 0 to 1
    papers: int  # exams whose paper asks it by name


def question_figures(question_ids: Sequence[int]) -> dict[int, QuestionFigures]:
    """Figures by question; one that nobody was asked and no paper holds is left out."""
    answered = dict(
        db.session()
        .execute(
            select(QuestionVersion.question_id, func.count())
            .join(AttemptItem, AttemptItem.version_id == QuestionVersion.id)
            .join(Attempt, Attempt.id == AttemptItem.attempt_id)
            .where(QuestionVersion.question_id.in_(question_ids), AttemptItem.mark.is_not(None))
            .where(Attempt.state == "submitted")
            .group_by(QuestionVersion.question_id)
        )
        .all()
    )
    papers = dict(
        db.session()
        .execute(
            select(ExamSlot.question_id, func.count())
            .where(ExamSlot.question_id.in_(question_ids))
            .group_by(ExamSlot.question_id)
        )
        .all()
    )
    means = facilities(question_ids)
    return {
        i: QuestionFigures(answered.get(i, 0), means.get(i, 0.0), papers.get(i, 0))
        for i in question_ids
        if i in answered or i in papers
    }


def sections_of(exam_id: int) -> list[SectionView]:
    """The paper as its author sees it."""
    slots = _slots(exam_id)
    asked = bank.questions(s.question_id for _, s in slots if s.question_id is not None)
    by_section: dict[int, list[SlotView]] = {}
    for section, slot in slots:
        by_section.setdefault(section.id, []).append(
            SlotView(
                id=slot.id,
                section_id=section.id,
                question=asked.get(slot.question_id or 0),
                number=slot.number,
                kind=slot.kind,
                tag=slot.tag,
                category=slot.category,
                difficulty=slot.difficulty,
                language=slot.language,
                mark=slot.mark,
                available=1 if slot.question_id is not None else len(_drawable(slot)),
            )
        )
    rows = db.session().scalars(
        select(ExamSection)
        .where(ExamSection.exam_id == exam_id)
        .order_by(ExamSection.position, ExamSection.id)
    )
    return [SectionView(row.id, row.title, tuple(by_section.get(row.id, ()))) for row in rows]


@dataclass(frozen=True)
class SectionPart:
    """What a page of the paper shows of a section."""

    section: SectionView
    number: int  # of the section, from 1
    before: int  # entries of the section on earlier pages
    slots: tuple[SlotView, ...]


def page_of_sections(sections: Sequence[SectionView], number: int) -> Page[SectionPart]:
    """One page of a long paper; a section without entries stands where it would begin."""
    total = sum(len(section.slots) for section in sections)
    last = Page((), 1, total, ENTRIES).last
    offset, limit = window(min(number, last), ENTRIES)
    end = total + 1 if offset + limit >= total else offset + limit
    parts, begin = [], 0
    for place, section in enumerate(sections, 1):
        first, until = max(offset - begin, 0), end - begin
        slots = section.slots[first : max(until, 0)]
        if slots or (not section.slots and offset <= begin < end):
            parts.append(SectionPart(section, place, first, slots))
        begin += len(section.slots)
    return Page(parts, offset // ENTRIES + 1, total, ENTRIES)


def section_titles(exam_id: int) -> dict[int, str]:
    """The headings of a paper by position."""
    rows = db.session().execute(
        select(ExamSection.position, ExamSection.title).where(ExamSection.exam_id == exam_id)
    )
    return {int(position): title for position, title in rows}


def tags() -> list[str]:
    """Every tag of the bank, for choosing what to draw."""
    return list(db.session().scalars(select(QuestionTag.tag).distinct().order_by(QuestionTag.tag)))


def checks_of(exam: ExamView, now: datetime) -> tuple[list[rules.Check], rules.Spread | None]:
    """The checklist before publishing, and how far the drawn papers differ."""
    places = places_of(exam.id, live=True, ordered=False)
    questions = sum(place.number for place in places)
    short = _short(places)
    # What cannot be drawn yet would count as wrong: there is nothing to expect before that.
    countable = questions <= rules.MOST_QUESTIONS and not short
    spread = rules.spread(places) if countable else None
    told = questions_told() if questions else set()
    return (
        rules.checks(
            questions=questions,
            short_draws=short,
            nobody=not exam.open_to_all and not branches_of(exam.id) and not seats_of(exam.id),
            has_end=exam.closes_at is not None,
            has_duration=exam.duration_s is not None,
            closes_in_past=exam.closes_at is not None and exam.closes_at <= now,
            unfair=spread is not None and not spread.is_fair,
            guessed=spread is not None and spread.is_guess,
            seals=exam.seals,
            is_drawable=not short,
            unready=_unready(exam.id),
            told=len({asked for place in places for asked, _ in place.pool} & told),
        ),
        spread,
    )


def _unready(exam_id: int) -> int:
    """How many chosen questions are drafts, wait for review or are retired; none is drawn."""
    wanted = (
        select(func.count(ExamSlot.id))
        .join(ExamSection, ExamSection.id == ExamSlot.section_id)
        .join(QuestionRow, QuestionRow.id == ExamSlot.question_id)
        .where(ExamSection.exam_id == exam_id, QuestionRow.state != QuestionState.READY)
    )
    return db.session().scalar(wanted) or 0


def _short(places: Sequence[rules.Place]) -> int:
    """How many questions are missing in the bank when a whole paper is drawn."""
    wanted = sum(place.number for place in places)
    return wanted - len(rules.drawn(0, places, shuffle=False))
