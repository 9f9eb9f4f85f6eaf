"""What marking a question anew does to attempts: worked out, written down, and put back.

One mechanism for exams and for the quizzes of courses; see `regrading` and `requizzing`.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from sqlalchemy import ColumnElement, select

from app.core import clock
from app.core.db import db
from app.core.refusals import NotThere
from app.exams import rules
from app.exams.models import Attempt, AttemptItem, Regrade, RegradeAttempt, RegradeItem
from app.exams.service.worth import mark_of
from app.questions import types
from app.questions.models import QuestionVersion
from app.questions.queries import Question, question, versions
from app.questions.rules import NotAnAnswer

AT_ONCE = 500  # attempts that are read with one statement


@dataclass(frozen=True)
class Known:
    """What an attempt came to before, as its member knew it."""

    passed: bool
    score: Decimal
    out_of: Decimal


@dataclass(frozen=True)
class Change:
    """What a regrade does to one attempt."""

    attempt: Attempt
    items: tuple[tuple[AttemptItem, Decimal | None, Decimal], ...]  # row, new mark, new greatest
    score: Decimal
    out_of: Decimal
    passed: bool | None

    @property
    def is_touched(self) -> bool:
        """Whether a mark changes; the score may stay at 0 when a wrong answer costs less."""
        return any((item.mark, item.max_mark) != (mark, most) for item, mark, most in self.items)

    @property
    def is_changed(self) -> bool:
        return self.score != self.attempt.score or self.out_of != self.attempt.out_of


@dataclass(frozen=True)
class Preview:
    """What a regrade would do: attempts whose score changes, and who would pass or fail by it."""

    attempts: int
    changed: int
    up: int
    down: int
    pass_now: tuple[int, ...]  # members who have passed by no attempt before, and by one after
    fail_now: tuple[int, ...]
    unreadable: int  # answers that say nothing about the new version; they keep their mark
    touched: int  # with those whose marks change and whose score does not


def asked_in(whose: ColumnElement[bool], question_id: int) -> dict[int, int]:
    """Item → attempt, of all submitted attempts of these that were asked a question."""
    wanted = (
        select(AttemptItem.id, AttemptItem.attempt_id)
        .join(Attempt, Attempt.id == AttemptItem.attempt_id)
        .join(QuestionVersion, QuestionVersion.id == AttemptItem.version_id)
        .where(whose, Attempt.state == "submitted", QuestionVersion.question_id == question_id)
    )
    return dict(db.session().execute(wanted).all())


def next_asked(whose: ColumnElement[bool], question_id: int, *, after: int, most: int) -> list[int]:
    """Of the submitted attempts of these that were asked a question `most`, in their order."""
    is_asked = (
        select(AttemptItem.id)
        .join(QuestionVersion, QuestionVersion.id == AttemptItem.version_id)
        .where(AttemptItem.attempt_id == Attempt.id, QuestionVersion.question_id == question_id)
    )
    wanted = (
        select(Attempt.id)
        .where(whose, Attempt.state == "submitted", Attempt.id > after, is_asked.exists())
        .order_by(Attempt.id)
        .limit(most)
    )
    return list(db.session().scalars(wanted))


def plan(
    asked: dict[int, int], newest: Question, action: rules.Action, *, hold: bool = False
) -> tuple[list[Change], int]:
    """What would change in every attempt of `asked`, and how many answers cannot be read.

    `hold` keeps the attempts as they are until the end: a mark that somebody else gives meanwhile
    would be missing in the score (PostgreSQL).
    """
    session = db.session()
    ids = sorted(set(asked.values()))
    attempts: dict[int, Attempt] = {}
    items: dict[int, list[AttemptItem]] = {}  # those that are marked anew
    others: dict[int, list[tuple[Decimal | None, Decimal]]] = {}
    for start in range(0, len(ids), AT_ONCE):
        part = ids[start : start + AT_ONCE]
        wanted = select(Attempt).where(Attempt.id.in_(part)).order_by(Attempt.id)
        if hold:
            wanted = wanted.with_for_update().execution_options(populate_existing=True)
        for attempt in session.scalars(wanted):
            attempts[attempt.id] = attempt
        for item in session.scalars(
            select(AttemptItem)
            .join(QuestionVersion, QuestionVersion.id == AttemptItem.version_id)
            .where(AttemptItem.attempt_id.in_(part), QuestionVersion.question_id == newest.id)
            .order_by(AttemptItem.attempt_id, AttemptItem.position)
            .execution_options(populate_existing=hold)
        ):
            items.setdefault(item.attempt_id, []).append(item)
        for item_id, attempt_id, mark, most in session.execute(
            select(
                AttemptItem.id, AttemptItem.attempt_id, AttemptItem.mark, AttemptItem.max_mark
            ).where(AttemptItem.attempt_id.in_(part))
        ):
            if item_id not in asked:
                others.setdefault(attempt_id, []).append((mark, most))
    bodies = versions({item.version_id for rows in items.values() for item in rows})
    changes, unreadable = [], 0
    for attempt_id in ids:
        attempt, rows = attempts[attempt_id], items[attempt_id]
        new: dict[int, tuple[Decimal | None, Decimal]] = {}
        for item in rows:
            mark, most, readable = _anew(attempt, item, bodies[item.version_id], newest, action)
            unreadable += not readable
            new[item.id] = (mark, most)
        values = [*new.values(), *others.get(attempt_id, ())]
        score = rules.score(values)
        out_of = sum((most for _, most in values), Decimal(0))
        settled = sum(new[i.id][0] is not None and i.mark is None for i in rows)
        passed = (
            None
            if attempt.waiting - settled > 0
            else rules.is_passed(score, out_of, attempt.pass_percent)
        )
        changes.append(
            Change(
                attempt,
                tuple((item, *new[item.id]) for item in rows),
                score,
                out_of,
                passed,
            )
        )
    return changes, unreadable


def newest_of(question_id: int) -> Question:
    """The question with its key of now. Raises NotThere."""
    found = question(question_id)
    if found is None:
        raise NotThere
    return found


def summary(whose: ColumnElement[bool], changes: Sequence[Change], unreadable: int) -> Preview:
    """What changes, in figures, and for whom."""
    changed = [c for c in changes if c.is_changed]
    shares = [(c.score / c.out_of if c.out_of else Decimal(0), c) for c in changed]
    before, after = _passed(whose, changes)
    return Preview(
        attempts=len(changes),
        changed=len(changed),
        up=sum(share > _share(c.attempt) for share, c in shares),
        down=sum(share < _share(c.attempt) for share, c in shares),
        pass_now=tuple(sorted(after - before)),
        fail_now=tuple(sorted(before - after)),
        unreadable=unreadable,
        touched=sum(c.is_changed or c.is_touched for c in changes),
    )


def _passed(whose: ColumnElement[bool], changes: Sequence[Change]) -> tuple[set[int], set[int]]:
    """The members who have passed by any attempt: before the changes, and after them."""
    planned = {c.attempt.id for c in changes}
    passed = select(Attempt.id, Attempt.member_id).where(
        whose, Attempt.state == "submitted", Attempt.passed.is_(True)
    )
    others = {member for attempt, member in db.session().execute(passed) if attempt not in planned}
    before = {c.attempt.member_id for c in changes if c.attempt.passed}
    after = {c.attempt.member_id for c in changes if c.passed}
    return before | others, after | others


def hold_open(whose: ColumnElement[bool]) -> None:
    """Wait for who hands in just now, before it is read what was handed in; who hands in from then
    on sees what is done here, see `catch_up`."""
    held = select(Attempt.id).where(whose, Attempt.state == "open").order_by(Attempt.id)
    db.session().execute(held.with_for_update()).all()


def catch_up(attempt: Attempt, *, since: datetime) -> list[Regrade]:
    """Mark an attempt as the regrades that stand say which were done `since`, while it did not
    count: it was open, or void. Returns those that changed something.

    The caller holds its lock, and gives what the attempt brings afterwards. A regrade that goes on
    in steps finds what was done here, and undoing one puts it back as everywhere.
    """
    session = db.session()
    whose = (
        Regrade.course_id == attempt.course_id
        if attempt.exam_id is None
        else Regrade.exam_id == attempt.exam_id
    )
    rows = session.scalars(
        select(Regrade)
        .where(whose, Regrade.undone_at.is_(None), Regrade.done_at >= since)
        .order_by(Regrade.id)
        .execution_options(populate_existing=True)
    ).all()
    had = caught_up([attempt.id], {row.id for row in rows}) if rows else set()
    found = []
    for row in rows:
        if (row.id, attempt.id) in had:
            continue
        of_question = select(AttemptItem.id).join(
            QuestionVersion, QuestionVersion.id == AttemptItem.version_id
        )
        asked = session.scalars(
            of_question.where(
                AttemptItem.attempt_id == attempt.id,
                QuestionVersion.question_id == row.question_id,
            )
        ).all()
        if not asked:
            continue
        pinned = versions([row.version_id]).get(row.version_id) if row.version_id else None
        newest = pinned or newest_of(row.question_id)
        (change,), _unreadable = plan(
            dict.fromkeys(asked, attempt.id), newest, rules.Action(row.action)
        )
        if change.is_changed or change.is_touched:
            carry_out(row.id, change)
            session.flush()
            found.append(row)
    return found


def caught_up(attempt_ids: Collection[int], regrade_ids: Collection[int]) -> set[tuple[int, int]]:
    """(regrade, attempt) of those that a regrade has changed already."""
    rows = db.session().execute(
        select(RegradeAttempt.regrade_id, RegradeAttempt.attempt_id).where(
            RegradeAttempt.regrade_id.in_(regrade_ids), RegradeAttempt.attempt_id.in_(attempt_ids)
        )
    )
    return {(regrade_id, attempt_id) for regrade_id, attempt_id in rows}


def most_at_first(attempt_id: int) -> dict[int, Decimal]:
    """By item of an attempt the greatest mark that it had before the regrades that stand."""
    rows = db.session().execute(
        select(RegradeItem.item_id, RegradeItem.max_before)
        .join(Regrade, Regrade.id == RegradeItem.regrade_id)
        .join(AttemptItem, AttemptItem.id == RegradeItem.item_id)
        .where(AttemptItem.attempt_id == attempt_id, Regrade.undone_at.is_(None))
        .order_by(Regrade.id.desc())
    )
    return dict(rows.all())


def carry_out(regrade_id: int, change: Change) -> Known:
    """Write a change into its attempt, and beside it what stood there before."""
    session, attempt = db.session(), change.attempt
    known = Known(bool(attempt.passed), attempt.score or Decimal(0), attempt.out_of)
    session.add(
        RegradeAttempt(
            regrade_id=regrade_id,
            attempt_id=attempt.id,
            score_before=attempt.score,
            score_after=change.score,
            out_of_before=attempt.out_of,
            out_of_after=change.out_of,
            passed_before=attempt.passed,
            passed_after=change.passed,
        )
    )
    for item, mark, most in change.items:
        session.add(
            RegradeItem(
                regrade_id=regrade_id,
                item_id=item.id,
                mark_before=item.mark,
                mark_after=mark,
                max_before=item.max_mark,
                max_after=most,
            )
        )
        if item.mark is None and mark is not None:
            attempt.waiting -= 1
        item.mark, item.max_mark = mark, most
    if change.is_changed:
        attempt.changed_at = clock.now()
    attempt.score, attempt.out_of = change.score, change.out_of
    attempt.passed = change.passed
    return known


def put_back(regrade_id: int, attempt_ids: Collection[int]) -> list[tuple[Attempt, Known]]:
    """Put back the marks that stood before a regrade into attempts that it touched.

    What was marked since, other questions or by a person, stays.
    """
    session = db.session()
    attempts = session.scalars(
        select(Attempt)
        .where(Attempt.id.in_(attempt_ids))
        .order_by(Attempt.id)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).all()
    marked: dict[int, list[AttemptItem]] = {}
    for item in session.scalars(
        select(AttemptItem)
        .where(AttemptItem.attempt_id.in_(attempt_ids))
        .order_by(AttemptItem.attempt_id, AttemptItem.position)
        .execution_options(populate_existing=True)
    ):
        marked.setdefault(item.attempt_id, []).append(item)
    kept = {
        row.item_id: row
        for row in session.scalars(
            select(RegradeItem)
            .join(AttemptItem, AttemptItem.id == RegradeItem.item_id)
            .where(RegradeItem.regrade_id == regrade_id)
            .where(AttemptItem.attempt_id.in_(attempt_ids))
        )
    }
    found = []
    for attempt in attempts:
        known = Known(bool(attempt.passed), attempt.score or Decimal(0), attempt.out_of)
        asked = marked.get(attempt.id, [])
        for item in asked:
            was = kept.get(item.id)
            if was is None:
                continue
            if item.mark == was.mark_after:  # else a person has marked it since, and that stays
                if was.mark_before is None and item.mark is not None:
                    attempt.waiting += 1
                item.mark = was.mark_before
            item.max_mark = was.max_before
        # Not what stood before: other questions may have been marked since.
        attempt.score = rules.score([(item.mark, item.max_mark) for item in asked])
        attempt.out_of = sum((item.max_mark for item in asked), Decimal(0))
        attempt.passed = (
            None
            if attempt.waiting > 0
            else rules.is_passed(attempt.score, attempt.out_of, attempt.pass_percent)
        )
        if (attempt.score, attempt.out_of) != (known.score, known.out_of):
            attempt.changed_at = clock.now()
        found.append((attempt, known))
    session.flush()
    return found


def _share(attempt: Attempt) -> Decimal:
    return (attempt.score or Decimal(0)) / attempt.out_of if attempt.out_of else Decimal(0)


def _anew(
    attempt: Attempt, item: AttemptItem, old: Question, newest: Question, action: rules.Action
) -> tuple[Decimal | None, Decimal, bool]:
    """(mark, greatest mark, whether the answer could be read) of one answer after an action."""
    if action is rules.Action.FULL_MARKS:
        return Decimal(1), item.max_mark, True
    if action is rules.Action.LEAVE_OUT:
        return item.mark if item.mark is not None else Decimal(0), Decimal(0), True
    kind = types.of(newest.kind)
    if kind.BY_HAND:
        return item.mark, item.max_mark, True
    response = rules.translated(list(item.response or ()), *_ids(old, newest))
    if response is None:
        return item.mark, item.max_mark, False
    try:
        understood = kind.understood(newest.body, response)
    except NotAnAnswer:
        return item.mark, item.max_mark, False
    return mark_of(attempt, newest, understood), item.max_mark, True


def _ids(old: Question, new: Question) -> tuple[list[str], list[str]]:
    """The ids of two versions in orders that make them correspond: by text where there are options
    that say the same, else by their place."""
    before, after = types.of(old.kind).options(old.body), types.of(new.kind).options(new.body)
    texts = [{o["id"]: o["text"] for o in q.body.get("options") or ()} for q in (old, new)]
    if sorted(texts[0].values()) == sorted(texts[1].values()) and len(texts[0]) == len(before):
        by_text = {text: token for token, text in texts[1].items()}
        if len(by_text) == len(before):
            return before, [by_text[texts[0][token]] for token in before]
    return before, after
