"""Composing the paper of a draft: its sections, the questions and draws in them."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from sqlalchemy import delete, func, select

from app.core import clock
from app.core.db import db
from app.core.refusals import NotThere
from app.exams import rules
from app.exams.models import Exam, ExamEvent, ExamSection, ExamSlot
from app.exams.service.editing import locked
from app.exams.service.noting import note
from app.questions import types
from app.questions.queries import category_names
from app.questions.queries import question as question_by_id
from app.questions.rules import Language

TAKEN_OUT, PUT_BACK = "take_out", "put_back"  # acts; the first keeps what the second needs
_KEPT = ("position", "question_id", "number", "kind", "tag", "category", "difficulty", "language")


def add_section(exam_id: int, *, title: str) -> int:
    """A further section at the end; returns its id."""
    row = _draft(exam_id)
    position = _last(ExamSection.position, ExamSection.exam_id == row.id) + 1
    section = ExamSection(exam_id=row.id, position=position, title=title.strip()[:120])
    db.session().add(section)
    db.session().flush()
    return section.id


def rename_section(exam_id: int, section_id: int, *, title: str) -> None:
    """Give a section another heading; "" for none."""
    _draft(exam_id)
    _section(exam_id, section_id).title = title.strip()[:120]


def drop_section(exam_id: int, section_id: int, *, actor_id: int) -> int:
    """Take a section out, with everything in it; the last one is only emptied.

    Returns the note by which `put_back` finds it again.
    """
    _draft(exam_id)
    session = db.session()
    section = _section(exam_id, section_id)
    slots = _slots(section.id)
    others = session.scalars(
        select(ExamSection)
        .where(ExamSection.exam_id == exam_id, ExamSection.id != section.id)
        .order_by(ExamSection.position)
    ).all()
    taken = _taken_out(exam_id, section, slots, actor_id=actor_id, whole=bool(others))
    session.execute(delete(ExamSlot).where(ExamSlot.section_id == section.id))
    if others:
        session.delete(section)
        session.flush()
        for position, other in enumerate(others, 1):
            other.position = position
    return taken


def add_question(exam_id: int, section_id: int, question_id: int, *, mark: Decimal) -> int:
    """Put one question of the bank at the end of a section; a second time changes nothing."""
    _draft(exam_id)
    section = _section(exam_id, section_id)
    if question_by_id(question_id) is None:
        raise NotThere
    there = _is_asked(exam_id, question_id)
    if there is not None:
        return there
    return _add(exam_id, section, question_id=question_id, mark=_mark(mark))


def add_draw(
    exam_id: int,
    section_id: int,
    *,
    number: int,
    mark: Decimal,
    kind: str = "",
    tag: str = "",
    difficulty: int | None = None,
    category: str = "",
    language: str = "",
) -> int:
    """Let every taker get `number` questions drawn from those of the bank that fit.

    `category` is the id of a category; what is below it fits as well. `language` is zh or en;
    questions that need none (figures, formulas) fit both.
    """
    _draft(exam_id)
    section = _section(exam_id, section_id)
    if kind and kind not in types.TYPES:
        raise NotThere
    if language not in {"", Language.CHINESE, Language.ENGLISH}:
        raise NotThere
    if category and category not in map(str, category_names()):
        raise NotThere
    return _add(
        exam_id,
        section,
        number=number,
        mark=_mark(mark),
        kind=kind,
        tag=tag.strip()[:60],
        difficulty=difficulty,
        category=category,
        language=language,
    )


def _add(exam_id: int, section: ExamSection, **columns: Any) -> int:
    session = db.session()
    _room_for(exam_id, columns.get("number", 1))
    if "position" not in columns:
        columns["position"] = _last(ExamSlot.position, ExamSlot.section_id == section.id) + 1
    slot = ExamSlot(section_id=section.id, pool=[], **columns)
    session.add(slot)
    session.flush()
    return slot.id


def _room_for(exam_id: int, more: int) -> None:
    asked = db.session().scalar(
        select(func.coalesce(func.sum(ExamSlot.number), 0))
        .join(ExamSection, ExamSection.id == ExamSlot.section_id)
        .where(ExamSection.exam_id == exam_id)
    )
    if int(asked or 0) + more > rules.MOST_QUESTIONS:
        raise rules.TooManyAsked(most=rules.MOST_QUESTIONS)


def set_mark(exam_id: int, slot_id: int, mark: Decimal) -> None:
    """What each question of a slot is worth."""
    _draft(exam_id)
    _slot(exam_id, slot_id).mark = _mark(mark)


def set_number(exam_id: int, slot_id: int, number: int) -> None:
    """How many questions a draw takes; of a question that is chosen there is one."""
    _draft(exam_id)
    slot = _slot(exam_id, slot_id)
    if slot.question_id is not None:
        return
    if number < 1:
        raise rules.BadNumber("number")
    _room_for(exam_id, number - slot.number)
    slot.number = number


def set_marks(exam_id: int, section_id: int, mark: Decimal) -> int:
    """What each question of a whole section is worth; returns how many entries that changes."""
    _draft(exam_id)
    mark = _mark(mark)
    changed = [slot for slot in _slots(_section(exam_id, section_id).id) if slot.mark != mark]
    for slot in changed:
        slot.mark = mark
    return len(changed)


def move_slot(exam_id: int, slot_id: int, *, up: bool) -> None:
    """Change places with the neighbour; from the edge of a section into the one beside it."""
    _draft(exam_id)
    slot = _slot(exam_id, slot_id)
    slots = _slots(slot.section_id)
    at = slots.index(slot)
    to = at - 1 if up else at + 1
    if 0 <= to < len(slots):
        slots[at], slots[to] = slots[to], slots[at]
    else:
        sections = _sections(exam_id)
        beside = [section.id for section in sections].index(slot.section_id) + (-1 if up else 1)
        if not 0 <= beside < len(sections):
            return
        slots = _slots(sections[beside].id)
        slots.insert(len(slots) if up else 0, slot)
        slot.section_id = sections[beside].id
    for position, each in enumerate(slots, 1):
        each.position = position


def move_section(exam_id: int, section_id: int, *, up: bool) -> None:
    """Let a section change places with the one before or after it."""
    _draft(exam_id)
    sections = _sections(exam_id)
    at = sections.index(_section(exam_id, section_id))
    to = at - 1 if up else at + 1
    if 0 <= to < len(sections):
        sections[at], sections[to] = sections[to], sections[at]
    for position, each in enumerate(sections, 1):
        each.position = position


def drop_slot(exam_id: int, slot_id: int, *, actor_id: int) -> int:
    """Take a question or a draw out of the paper; returns the note for `put_back`."""
    _draft(exam_id)
    slot = _slot(exam_id, slot_id)
    section = _section(exam_id, slot.section_id)
    taken = _taken_out(exam_id, section, [slot], actor_id=actor_id, whole=False)
    db.session().delete(slot)
    return taken


def put_back(exam_id: int, event_id: int, *, actor_id: int) -> None:
    """Put into the paper again what `drop_section` or `drop_slot` took out, where it was.

    A second time changes nothing, and a question that is in the paper again by now is left out.
    Raises NotThere and TooManyAsked.
    """
    _draft(exam_id)
    session = db.session()
    event = session.get(ExamEvent, event_id)
    if event is None or event.exam_id != exam_id or event.act != TAKEN_OUT:
        raise NotThere
    done = select(ExamEvent.facts).where(ExamEvent.exam_id == exam_id, ExamEvent.act == PUT_BACK)
    if any(facts.get("of") == event_id for facts in session.scalars(done)):
        return
    told = event.facts
    section = None if told["whole"] else session.get(ExamSection, told["section"])
    if section is None or section.exam_id != exam_id:
        section = _section_again(exam_id, told["title"], told["place"])
    for one in told["slots"]:
        asked = one["question_id"]
        if asked is not None and (_is_asked(exam_id, asked) or question_by_id(asked) is None):
            continue
        for other in _slots(section.id):
            other.position += other.position >= one["position"]
        _add(exam_id, section, **{**one, "mark": Decimal(one["mark"])})
    note(exam_id, PUT_BACK, actor_id=actor_id, of=event_id)


# --- the parts ------------------------------------------------------------------------------------


def _taken_out(
    exam_id: int, section: ExamSection, slots: Sequence[ExamSlot], *, actor_id: int, whole: bool
) -> int:
    """Write down what is taken out, with all that is needed to put it back."""
    kept = [
        {**{name: getattr(slot, name) for name in _KEPT}, "mark": str(slot.mark)} for slot in slots
    ]
    event = note(
        exam_id,
        TAKEN_OUT,
        actor_id=actor_id,
        section=section.id,
        title=section.title,
        place=section.position,
        whole=whole,
        slots=kept,
    )
    db.session().flush()
    return event.id


def _section_again(exam_id: int, title: str, place: int) -> ExamSection:
    session = db.session()
    for other in session.scalars(select(ExamSection).where(ExamSection.exam_id == exam_id)):
        other.position += other.position >= place
    section = ExamSection(exam_id=exam_id, position=place, title=title)
    session.add(section)
    session.flush()
    return section


def _is_asked(exam_id: int, question_id: int) -> int | None:
    """The slot that holds a question already."""
    return db.session().scalar(
        select(ExamSlot.id)
        .join(ExamSection, ExamSection.id == ExamSlot.section_id)
        .where(ExamSection.exam_id == exam_id, ExamSlot.question_id == question_id)
    )


def _sections(exam_id: int) -> list[ExamSection]:
    return list(
        db.session().scalars(
            select(ExamSection)
            .where(ExamSection.exam_id == exam_id)
            .order_by(ExamSection.position, ExamSection.id)
        )
    )


def _slots(section_id: int) -> list[ExamSlot]:
    return list(
        db.session().scalars(
            select(ExamSlot)
            .where(ExamSlot.section_id == section_id)
            .order_by(ExamSlot.position, ExamSlot.id)
        )
    )


def _mark(mark: Decimal) -> Decimal:
    if not mark.is_finite() or not 0 < mark <= 100:
        raise rules.BadMark("mark")
    return mark.quantize(Decimal("0.01")).normalize() + Decimal(0)


def _draft(exam_id: int) -> Exam:
    row = locked(exam_id)
    if row.state != rules.State.DRAFT:
        raise rules.NotADraft
    row.changed_at = clock.now()
    return row


def _section(exam_id: int, section_id: int) -> ExamSection:
    row = db.session().get(ExamSection, section_id)
    if row is None or row.exam_id != exam_id:
        raise NotThere
    return row


def _slot(exam_id: int, slot_id: int) -> ExamSlot:
    row = db.session().get(ExamSlot, slot_id)
    if row is None:
        raise NotThere
    _section(exam_id, row.section_id)
    return row


def _last(column: Any, where: Any) -> int:
    return int(db.session().scalar(select(func.coalesce(func.max(column), 0)).where(where)) or 0)
