"""Reads for marking by hand: who may, what waits for whom, marks that differ, what was given."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Select,
    and_,
    case,
    cast,
    exists,
    func,
    literal,
    select,
)

from app.core.db import db
from app.core.refusals import NotThere
from app.exams import rules
from app.exams.models import Attempt, AttemptItem, Exam, ExamMarker, GivenMark
from app.exams.queries.exams import ExamView, exam_view, may_manage
from app.members.models import Member, RoleGrant
from app.members.rules import Reader
from app.questions import types
from app.questions.models import QuestionVersion
from app.questions.queries import questions, versions
from app.questions.types import file

BOTH = 2  # marks of an answer that two people mark


# --- who may --------------------------------------------------------------------------------------


def markable_exam(reader: Reader, exam_id: int, now: datetime) -> ExamView:
    """An exam in which the reader may mark: one to look after, or one they were asked to mark in.
    Raises NotThere."""
    row = db.session().get(Exam, exam_id)
    if row is None or not (may_manage(reader, row) or is_asked(reader, exam_id)):
        raise NotThere
    return exam_view(row, now)


def looks_after(reader: Reader, exam_id: int) -> bool:
    """Whether the reader looks after an exam in which they mark."""
    return may_manage(reader, db.session().get_one(Exam, exam_id))


def marked_exams(reader: Reader, now: datetime) -> list[ExamView]:
    """Exams that the reader only marks in, the newest first."""
    rows = db.session().scalars(
        select(Exam)
        .join(ExamMarker, ExamMarker.exam_id == Exam.id)
        .where(ExamMarker.member_id == reader.id, Exam.state != "draft")
        .order_by(Exam.id.desc())
    )
    return [exam_view(row, now) for row in rows if not may_manage(reader, row)]


def marker_names(exam_id: int) -> list[str]:
    """The user names of those who were asked to mark in an exam."""
    return list(
        db.session().scalars(
            select(Member.username)
            .join(ExamMarker, ExamMarker.member_id == Member.id)
            .where(ExamMarker.exam_id == exam_id)
            .order_by(Member.sorted_name)
        )
    )


def staff_by_username(usernames: Sequence[str]) -> dict[str, int]:
    """The ids of active trainers, organizers and administrators by user name."""
    rows = db.session().execute(
        select(Member.username, Member.id).where(
            Member.username.in_(usernames),
            Member.is_active,
            exists().where(RoleGrant.member_id == Member.id),
        )
    )
    return dict(rows.all())


def is_asked(reader: Reader, exam_id: int) -> bool:
    """Whether the reader was asked to mark in an exam."""
    return db.session().get(ExamMarker, (exam_id, reader.id)) is not None


# --- what waits -----------------------------------------------------------------------------------


@dataclass(frozen=True)
class Waiting:
    """Answers to one question that a person must mark, as one marker sees them."""

    question_id: int
    stem: str
    waiting: int  # for this marker
    elsewhere: int  # for another marker
    apart: int  # two marks that must be settled
    marked: int


def waiting_of(exam_id: int, *, marker_id: int) -> list[Waiting]:
    """The marking queue by question."""
    each = _items(exam_id, marker_id).subquery()
    is_open = each.c.mark.is_(None)
    is_apart = and_(is_open, each.c.given >= BOTH)
    is_mine = and_(is_open, each.c.given < BOTH, ~each.c.by_me, each.c.member_id != marker_id)

    def number(condition: Any) -> Any:
        return func.sum(case((condition, 1), else_=0))

    rows = (
        db.session()
        .execute(
            select(
                each.c.question_id,
                number(is_mine),
                number(and_(is_open, each.c.given < BOTH)),
                number(is_apart),
                number(each.c.marked_by.is_not(None)),
            )
            .group_by(each.c.question_id)
            .order_by(each.c.question_id)
        )
        .all()
    )
    found = questions(question_id for question_id, *_rest in rows)
    return [
        Waiting(q, found[q].stem, int(mine), int(open_) - int(mine), int(apart), int(marked))
        for q, mine, open_, apart, marked in rows
        if q in found
    ]


def _items(exam_id: int, marker_id: int) -> Select[Any]:
    """Answers of an exam that a person marks or has marked, and how far they are with it."""
    stands = and_(GivenMark.item_id == AttemptItem.id, GivenMark.saved == AttemptItem.saved)
    given = (
        select(func.count(GivenMark.id))
        .where(stands, GivenMark.kind.in_(("first", "second")))
        .correlate(AttemptItem)
        .scalar_subquery()
    )
    by_me = exists().where(stands, GivenMark.marker_id == marker_id).correlate(AttemptItem)
    return (
        select(
            AttemptItem.id.label("item_id"),
            AttemptItem.mark,
            AttemptItem.marked_by,
            Attempt.member_id,
            QuestionVersion.question_id,
            given.label("given"),
            by_me.label("by_me"),
        )
        .join(Attempt, Attempt.id == AttemptItem.attempt_id)
        .join(QuestionVersion, QuestionVersion.id == AttemptItem.version_id)
        .where(Attempt.exam_id == exam_id, Attempt.state == "submitted")
        .where(AttemptItem.mark.is_(None) | AttemptItem.marked_by.is_not(None))
    )


@dataclass(frozen=True)
class ToMark:
    """One answer as a marker sees it: nobody's name, and no order that tells whose it is."""

    item_id: int
    question_id: int
    explained: dict[str, Any]
    max_mark: Decimal

    @property
    def most_of_each(self) -> list[Decimal]:
        """The greatest points for each criterion; none without criteria."""
        return rules.most_of_each(self.explained.get("rubric") or (), self.max_mark)


def next_to_mark(exam_id: int, question_id: int, *, marker_id: int) -> ToMark | None:
    """The next answer to a question that this marker may mark; None when there is none."""
    each = _items(exam_id, marker_id).subquery()
    item = db.session().scalar(
        select(AttemptItem)
        .join(each, each.c.item_id == AttemptItem.id)
        .where(each.c.question_id == question_id, each.c.mark.is_(None))
        .where(each.c.given < BOTH, ~each.c.by_me, each.c.member_id != marker_id)
        .order_by(_any_order(marker_id))
        .limit(1)
    )
    return None if item is None else _to_mark(item)


def _any_order(marker_id: int) -> ColumnElement[int]:
    """A fixed order that has nothing to do with when or by whom an answer was written; another one
    for every marker, so that two who mark at the same time seldom meet at one answer."""
    mixed = cast(AttemptItem.id, BigInteger) * literal(2654435761, BigInteger)
    begins = literal(marker_id * 2246822519 % 4294967296, BigInteger)
    return (mixed + begins) % literal(4294967296, BigInteger)


@dataclass(frozen=True)
class Marked:
    """A mark that a marker gave and that counts; nobody's name."""

    item_id: int
    points: Decimal
    max_mark: Decimal
    comment: str
    parts: tuple[Decimal, ...]


def marked_last(exam_id: int, question_id: int, *, marker_id: int, most: int = 5) -> list[Marked]:
    """The answers to a question whose mark is a marker's own, the last one first."""
    rows = db.session().scalars(
        _own_marks(exam_id, question_id, marker_id)
        .order_by(AttemptItem.marked_at.desc(), AttemptItem.id.desc())
        .limit(most)
    )
    return [_marked(item) for item in rows]


def marked_before(
    exam_id: int, question_id: int, item_id: int, *, marker_id: int
) -> tuple[ToMark, Marked]:
    """An answer whose mark is a marker's own, to be marked again. Raises NotThere."""
    asked = _own_marks(exam_id, question_id, marker_id).where(AttemptItem.id == item_id)
    item = db.session().scalar(asked)
    if item is None:
        raise NotThere
    return _to_mark(item), _marked(item)


def _own_marks(exam_id: int, question_id: int, marker_id: int) -> Select[AttemptItem]:
    return (
        select(AttemptItem)
        .join(Attempt, Attempt.id == AttemptItem.attempt_id)
        .join(QuestionVersion, QuestionVersion.id == AttemptItem.version_id)
        .join(Exam, Exam.id == Attempt.exam_id)
        .where(Attempt.exam_id == exam_id, Attempt.state == "submitted")
        .where(QuestionVersion.question_id == question_id, AttemptItem.marked_by == marker_id)
        .where(AttemptItem.mark.is_not(None), ~Exam.second_marking)
    )


def _marked(item: AttemptItem) -> Marked:
    points = rules.points(item.mark, item.max_mark)
    parts = tuple(map(Decimal, item.parts or ()))
    return Marked(item.id, points, item.max_mark, item.comment, parts)


@dataclass(frozen=True)
class GivenView:
    """One mark that somebody gave."""

    number: int  # of the question in its paper
    kind: str
    marker_id: int
    marker: str
    points: Decimal
    parts: tuple[Decimal, ...]  # for each criterion, if they were given one by one
    comment: str
    at: datetime


@dataclass(frozen=True)
class Apart:
    """One answer with two marks that are too far apart."""

    answer: ToMark
    marks: tuple[GivenView, ...]
    difference: Decimal  # in points
    is_own: bool  # the reader's answer, which they cannot settle


def next_apart(exam_id: int, question_id: int, *, marker_id: int) -> Apart | None:
    """The next answer to a question whose two marks must be settled."""
    each = _items(exam_id, marker_id).subquery()
    found = (
        db.session()
        .execute(
            select(AttemptItem, each.c.member_id)
            .join(each, each.c.item_id == AttemptItem.id)
            .where(each.c.question_id == question_id, each.c.mark.is_(None))
            .where(each.c.given >= BOTH)
            .order_by(each.c.member_id == marker_id, _any_order(marker_id))
            .limit(1)
        )
        .first()
    )
    if found is None:
        return None
    item, member_id = found
    marks = _given([item], standing=True)
    points = [given.points for given in marks]
    return Apart(
        _to_mark(item), tuple(marks), max(points) - min(points), is_own=member_id == marker_id
    )


def _to_mark(item: AttemptItem) -> ToMark:
    question = versions([item.version_id])[item.version_id]
    explained = types.of(question.kind).explained(question.body, list(item.response or ()))
    return ToMark(item.id, question.id, explained, item.max_mark)


# --- what was given -------------------------------------------------------------------------------


def standing_marks(item: AttemptItem) -> list[GivenMark]:
    """The first and the second mark of an answer as it is now."""
    return list(
        db.session().scalars(
            select(GivenMark)
            .where(GivenMark.item_id == item.id, GivenMark.saved == item.saved)
            .where(GivenMark.kind.in_(("first", "second")))
            .order_by(GivenMark.id)
        )
    )


def markers_of_answer(item: AttemptItem) -> set[int]:
    """Everybody who has ever marked an answer."""
    given = db.session().scalars(select(GivenMark.marker_id).where(GivenMark.item_id == item.id))
    return {*given, *([item.marked_by] if item.marked_by is not None else [])}


def given_marks(attempt_id: int) -> list[GivenView]:
    """All marks that people gave for the answers of an attempt. Not those of an answer whose marks
    are not settled: its second marker must not see the first."""
    rows = db.session().scalars(
        select(AttemptItem)
        .where(AttemptItem.attempt_id == attempt_id, AttemptItem.mark.is_not(None))
        .order_by(AttemptItem.position)
    )
    return _given(rows)


def given_for(item: AttemptItem) -> list[GivenView]:
    """All marks that people gave for one answer."""
    return _given([item])


def _given(items: Iterable[AttemptItem], *, standing: bool = False) -> list[GivenView]:
    by_id = {item.id: item for item in items}
    rows = db.session().execute(
        select(GivenMark, Member.name)
        .join(Member, Member.id == GivenMark.marker_id)
        .where(GivenMark.item_id.in_(by_id))
        .order_by(GivenMark.item_id, GivenMark.id)
    )
    return [
        GivenView(
            number=by_id[row.item_id].position,
            kind=row.kind,
            marker_id=row.marker_id,
            marker=name,
            points=rules.points(row.mark, by_id[row.item_id].max_mark),
            parts=tuple(map(Decimal, row.parts or ())),
            comment=row.comment,
            at=row.at,
        )
        for row, name in rows
        if not standing or row.saved == by_id[row.item_id].saved
    ]


def token_of_answer(exam_id: int, item_id: int) -> str:
    """The token of the file that answers an item of a handed-in paper. Raises NotThere."""
    item = db.session().scalar(
        select(AttemptItem)
        .join(Attempt, Attempt.id == AttemptItem.attempt_id)
        .where(AttemptItem.id == item_id, Attempt.exam_id == exam_id)
        .where(Attempt.state == "submitted")
    )
    token = file.token_of(list(item.response or ())) if item else ""
    if not token:
        raise NotThere
    return token


def comments_of(exam_id: int, question_id: int, *, most: int = 12) -> list[str]:
    """What markers have said about answers to a question so far, the most frequent first.

    Only of answers whose mark counts already, so that a second marker learns nothing of a first.
    """
    rows = db.session().execute(
        select(AttemptItem.comment, func.count())
        .join(Attempt, Attempt.id == AttemptItem.attempt_id)
        .join(QuestionVersion, QuestionVersion.id == AttemptItem.version_id)
        .where(Attempt.exam_id == exam_id, QuestionVersion.question_id == question_id)
        .where(AttemptItem.comment != "", AttemptItem.marked_by.is_not(None))
        .group_by(AttemptItem.comment)
        .order_by(func.count().desc(), AttemptItem.comment)
        .limit(most)
    )
    return [comment for comment, _times in rows]
