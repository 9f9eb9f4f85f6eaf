"""Marking anew after a key was wrong: seen beforehand, done in one go, and undone if need be."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from flask_babel import gettext
from sqlalchemy import select

from app.core import clock
from app.core.db import db
from app.core.refusals import Conflict, NotThere
from app.exams import rules
from app.exams.models import (
    Attempt,
    AttemptItem,
    Exam,
    Regrade,
    RegradeAttempt,
    RegradeItem,
)
from app.exams.queries import regrades_seen
from app.exams.service.noting import note
from app.exams.service.rewarding import renew, reward, take_back
from app.exams.service.telling import tell_changed
from app.questions import types
from app.questions.models import QuestionVersion
from app.questions.queries import Question, question, versions
from app.questions.rules import NotAnAnswer


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
    pass_now: tuple[int, ...]  # member ids
    fail_now: tuple[int, ...]
    unreadable: int  # answers that say nothing about the new version; they keep their mark
    touched: int  # with those whose marks change and whose score does not


def preview(exam_id: int, question_id: int, action: rules.Action) -> Preview:
    """What `regrade` would do, without doing it."""
    changes, unreadable = _plan(exam_id, question_id, action)
    return _summary(changes, unreadable)


def regrade(
    exam_id: int,
    question_id: int,
    action: rules.Action,
    *,
    actor_id: int,
    reason: str,
    seen: str | None = None,
) -> Preview:
    """Mark one question of an exam anew in every submitted attempt.

    Who passes by it gets what passing brings; from who fails by it, it is taken back by reversal
    entries that say why. `seen` is `regrades_seen` of when the preview was looked at. Of several
    who ask for the same at once, one does it. Raises NeedsAReason, NotThere, NothingWouldChange,
    MarkedAnewAlready, MarkedAnewMeanwhile.
    """
    reason = " ".join(reason.split())[:300]
    if not reason:
        raise rules.NeedsAReason
    session = db.session()
    _stand_in_line(exam_id)
    changes, unreadable = _plan(exam_id, question_id, action, hold=True)
    found = _summary(changes, unreadable)
    if not found.touched:
        done = select(Regrade.id).where(
            *(Regrade.exam_id == exam_id, Regrade.question_id == question_id),
            *(Regrade.action == action.value, Regrade.undone_at.is_(None)),
        )
        again = session.scalar(done.limit(1)) is not None
        raise rules.MarkedAnewAlready if again else rules.NothingWouldChange
    if seen is not None and seen != regrades_seen(exam_id):
        raise rules.MarkedAnewMeanwhile
    now = clock.now()
    row = Regrade(
        exam_id=exam_id,
        question_id=question_id,
        action=action.value,
        reason=reason,
        author_id=actor_id,
        done_at=now,
    )
    session.add(row)
    session.flush()
    for change in changes:
        is_changed = change.is_changed  # asked now: below the attempt gets the new score
        if not (is_changed or change.is_touched):
            continue
        attempt = change.attempt
        before, known = bool(attempt.passed), (attempt.score, attempt.out_of)
        session.add(
            RegradeAttempt(
                regrade_id=row.id,
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
                    regrade_id=row.id,
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
        attempt.score, attempt.out_of = change.score, change.out_of
        attempt.passed = change.passed
        session.flush()
        _follow(attempt, before, known, actor_id=actor_id, reason=reason)
        if is_changed:
            tell_changed(attempt, once=f"regrade:{row.id}:{attempt.id}", reason=reason)
    note(
        *(exam_id, "regrade"),
        actor_id=actor_id,
        question=question_id,
        action=action.value,
        reason=reason,
        changed=found.changed,
    )
    return found


def undo(exam_id: int, regrade_id: int, *, actor_id: int) -> int:
    """Put back the marks that stood before the newest regrade; returns how many attempts changed.

    Only the newest one that stands: an older one may be what it built upon. Raises Conflict.
    """
    session = db.session()
    _stand_in_line(exam_id)
    newest = session.scalar(
        select(Regrade)
        .where(Regrade.exam_id == exam_id, Regrade.undone_at.is_(None))
        .order_by(Regrade.id.desc())
        .limit(1)
    )
    if newest is None or newest.id != regrade_id:
        raise Conflict
    items = {
        row.item_id: row
        for row in session.scalars(select(RegradeItem).where(RegradeItem.regrade_id == regrade_id))
    }
    rows = session.scalars(
        select(RegradeAttempt).where(RegradeAttempt.regrade_id == regrade_id)
    ).all()
    # What passing brought then goes again: not for the reason that it was given for.
    reason = gettext("A marking anew was undone: %(reason)s", reason=newest.reason)[:300]
    for row in rows:
        attempt = session.get_one(Attempt, row.attempt_id, with_for_update=True)
        before, known = bool(attempt.passed), (attempt.score, attempt.out_of)
        marked = session.scalars(select(AttemptItem).where(AttemptItem.attempt_id == attempt.id))
        asked = marked.all()
        for item in asked:
            kept = items.get(item.id)
            if kept is None:
                continue
            if item.mark == kept.mark_after:  # else a person has marked it since, and that stays
                if kept.mark_before is None and item.mark is not None:
                    attempt.waiting += 1
                item.mark = kept.mark_before
            item.max_mark = kept.max_before
        # Not what stood before: other questions may have been marked since.
        attempt.score = rules.score([(item.mark, item.max_mark) for item in asked])
        attempt.out_of = sum((item.max_mark for item in asked), Decimal(0))
        attempt.passed = (
            None
            if attempt.waiting > 0
            else rules.is_passed(attempt.score, attempt.out_of, attempt.pass_percent)
        )
        session.flush()
        _follow(attempt, before, known, actor_id=actor_id, reason=reason)
        if (attempt.score, attempt.out_of) != known:
            tell_changed(attempt, once=f"undone:{regrade_id}:{attempt.id}", reason=reason)
    newest.undone_at, newest.undone_by = clock.now(), actor_id
    note(exam_id, "undo_regrade", actor_id=actor_id, question=newest.question_id)
    return len(rows)


def _stand_in_line(exam_id: int) -> None:
    """One regrade of an exam after the other: the next one sees what the one before has done."""
    held = {"key_share": True}  # members may begin meanwhile
    if db.session().get(Exam, exam_id, with_for_update=held, populate_existing=True) is None:
        raise NotThere


def _follow(
    attempt: Attempt,
    before: bool,
    known: tuple[Decimal | None, Decimal],
    *,
    actor_id: int,
    reason: str,
) -> None:
    if attempt.state != "submitted":
        return
    if attempt.passed and not before:
        reward(attempt)
    elif before and not attempt.passed:
        take_back(attempt, actor_id=actor_id, reason=reason)
    elif attempt.passed:
        renew(attempt, score=known[0], out_of=known[1], reason=reason)


def _summary(changes: Sequence[Change], unreadable: int) -> Preview:
    changed = [c for c in changes if c.is_changed]
    shares = [(c.score / c.out_of if c.out_of else Decimal(0), c) for c in changed]
    return Preview(
        attempts=len(changes),
        changed=len(changed),
        up=sum(share > _share(c.attempt) for share, c in shares),
        down=sum(share < _share(c.attempt) for share, c in shares),
        pass_now=tuple(c.attempt.member_id for c in changed if c.passed and not c.attempt.passed),
        fail_now=tuple(c.attempt.member_id for c in changed if c.attempt.passed and not c.passed),
        unreadable=unreadable,
        touched=sum(c.is_changed or c.is_touched for c in changes),
    )


def _share(attempt: Attempt) -> Decimal:
    return (attempt.score or Decimal(0)) / attempt.out_of if attempt.out_of else Decimal(0)


def _plan(
    exam_id: int, question_id: int, action: rules.Action, *, hold: bool = False
) -> tuple[list[Change], int]:
    """What would change in every submitted attempt that was asked the question.

    `hold` keeps the attempts as they are until the end: a mark that somebody else gives meanwhile
    would be missing in the score (PostgreSQL).
    """
    session = db.session()
    newest = question(question_id)
    if newest is None:
        raise NotThere
    asked = dict(
        session.execute(
            select(AttemptItem.id, AttemptItem.attempt_id)
            .join(Attempt, Attempt.id == AttemptItem.attempt_id)
            .join(QuestionVersion, QuestionVersion.id == AttemptItem.version_id)
            .where(Attempt.exam_id == exam_id, Attempt.state == "submitted")
            .where(QuestionVersion.question_id == question_id)
        ).all()
    )
    if not asked:
        raise NotThere
    ids = sorted(set(asked.values()))
    attempts: dict[int, Attempt] = {}
    items: dict[int, list[AttemptItem]] = {}
    for start in range(0, len(ids), 500):
        part = ids[start : start + 500]
        wanted = select(Attempt).where(Attempt.id.in_(part)).order_by(Attempt.id)
        if hold:
            wanted = wanted.with_for_update().execution_options(populate_existing=True)
        for attempt in session.scalars(wanted):
            attempts[attempt.id] = attempt
        for item in session.scalars(
            select(AttemptItem)
            .where(AttemptItem.attempt_id.in_(part))
            .order_by(AttemptItem.attempt_id, AttemptItem.position)
            .execution_options(populate_existing=hold)
        ):
            items.setdefault(item.attempt_id, []).append(item)
    bodies = versions(
        {item.version_id for rows in items.values() for item in rows if item.id in asked}
    )
    changes, unreadable = [], 0
    for attempt_id in ids:
        attempt, rows = attempts[attempt_id], items[attempt_id]
        new: dict[int, tuple[Decimal | None, Decimal]] = {}
        for item in rows:
            if item.id not in asked:
                continue
            mark, most, readable = _anew(item, bodies[item.version_id], newest, action)
            unreadable += not readable
            new[item.id] = (mark, most)
        values = [new.get(item.id, (item.mark, item.max_mark)) for item in rows]
        score = rules.score(values)
        out_of = sum((most for _, most in values), Decimal(0))
        settled = sum(new[i.id][0] is not None and i.mark is None for i in rows if i.id in new)
        passed = (
            None
            if attempt.waiting - settled > 0
            else rules.is_passed(score, out_of, attempt.pass_percent)
        )
        changes.append(
            Change(
                attempt,
                tuple((item, *new[item.id]) for item in rows if item.id in new),
                score,
                out_of,
                passed,
            )
        )
    return changes, unreadable


def _anew(
    item: AttemptItem, old: Question, newest: Question, action: rules.Action
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
        return kind.mark(newest.body, kind.understood(newest.body, response)), item.max_mark, True
    except NotAnAnswer:
        return item.mark, item.max_mark, False


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
