"""One member's practice: start it, answer question after question, end it. The server marks."""

from __future__ import annotations

import random
from collections.abc import Collection, Sequence
from datetime import datetime

from sqlalchemy import delete, select, update

from app.core import clock, settings
from app.core.db import db, keep_though_refused
from app.core.refusals import NotThere
from app.exams.models import Attempt, AttemptItem
from app.exams.queries import sealed_for
from app.members import service as members
from app.members.rules import Reader
from app.members.rules.audit import Act, facts
from app.points import service as points
from app.practice import rules
from app.practice.models import NotebookEntry, PracticeCategory, PracticeItem, PracticeRun
from app.practice.queries import categories_for, last_practised, notebook_of
from app.practice.rules import Mode
from app.practice.service.drawing import options_of, written_in
from app.questions import types
from app.questions.models import QuestionVersion
from app.questions.queries import questions, versions

_chance = random.SystemRandom()


def start(
    *,
    member_id: int,
    mode: Mode,
    pool: Collection[int],
    everything: Collection[int],
    title: str = "",
    language: str,
) -> int:
    """The id of a practice that is open now: a new one, or the same when it can be done once.

    `pool` is what is drawn from, `everything` all that the member may practise at all; questions
    in the `language` of the member (a locale) come first. Another
    open one of the same mode ends. Raises NothingToPractise, NothingDue, DoneAlready.
    """
    session = db.session()
    now = clock.now()
    today = settings.today()
    key = {
        Mode.DAILY: f"daily:{today.isoformat()}",
        Mode.WEEKLY: f"weekly:{rules.week_of(today)}",
    }.get(mode)
    if key is not None:
        known = session.scalar(
            select(PracticeRun).where(PracticeRun.member_id == member_id, PracticeRun.key == key)
        )
        if known is not None:
            if known.state == "done":
                raise rules.DoneAlready
            return known.id
    gather_mistakes(member_id)
    queue = _queue(
        member_id, mode, pool=pool, everything=everything, now=now, key=key or "", language=language
    )
    # The day before may have left one open: it ends now.
    session.execute(
        update(PracticeRun)
        .where(
            PracticeRun.member_id == member_id,
            PracticeRun.mode == mode,
            PracticeRun.state == "open",
        )
        .values(state="done", ended_at=now)
    )
    run = PracticeRun(
        member_id=member_id,
        mode=mode.value,
        key=key,
        title=title[:120],
        queue=queue,
        answered=0,
        right=0,
        state="open",
        started_at=now,
        deadline_at=now + rules.SPRINT_FOR if mode is Mode.SPRINT else None,
    )
    session.add(run)
    session.flush()  # another window may have been first (PostgreSQL): then this is asked again
    _ask(run, now)
    return run.id


def answer(run_id: int, item_id: int, *, member_id: int, raw: Sequence[str]) -> int:
    """Mark an answer and ask the next question; returns the position of the answered one.

    The first answer counts: the same or another one sent later changes nothing. Raises NotThere,
    NotAnAnswer, RunIsOver for an answer after the end, and AskedInExam for a question that an exam
    seals by now: the practice goes on without it.
    """
    session = db.session()
    run = session.get(PracticeRun, run_id, with_for_update=True, populate_existing=True)
    item = session.get(PracticeItem, item_id, populate_existing=True)
    if run is None or run.member_id != member_id or item is None or item.run_id != run_id:
        raise NotThere
    if item.answered_at is not None:
        return item.position
    now = clock.now()
    if run.state != "open":
        raise rules.RunIsOver
    if run.deadline_at is not None and now > run.deadline_at + rules.UNDER_WAY:
        _end(run, now)
        return 0
    question = versions([item.version_id])[item.version_id]
    if question.id in sealed_for(member_id, now):
        run.queue = [i for i in run.queue if i != question.id]
        session.delete(item)
        session.flush()
        _ask(run, now)
        keep_though_refused()
        raise rules.AskedInExam
    response = types.read(question.kind, question.body, item.options, raw)
    mark = types.of(question.kind).mark(question.body, response)
    item.response, item.mark, item.answered_at = response, int(mark * 100), now
    is_right = item.mark == 100
    run.answered += 1
    run.right += is_right
    note(member_id, question.id, right=is_right, now=now)
    session.flush()
    if run.mode == Mode.CHALLENGE and not is_right:
        _end(run, now)
    else:
        _ask(run, now)
    return item.position


def give_up(run_id: int, *, member_id: int) -> None:
    """End a practice; the question that was open does not count."""
    run = db.session().get(PracticeRun, run_id, with_for_update=True, populate_existing=True)
    if run is None or run.member_id != member_id:
        raise NotThere
    if run.state == "open":
        _end(run, clock.now())


def note(member_id: int, question_id: int, *, right: bool, now: datetime) -> None:
    """Let the notebook know of an answer."""
    session = db.session()
    row = session.get(NotebookEntry, (member_id, question_id))
    before = rules.Box(row.spaced, row.due_at, row.out) if row else None
    after = rules.boxed(before, right=right, now=now)
    if after is None:
        return
    if row is None:
        row = NotebookEntry(member_id=member_id, question_id=question_id, wrong=0)
        session.add(row)
    row.spaced, row.due_at, row.out, row.seen_at = after.spaced, after.due_at, after.out, now
    row.wrong += not right


def gather_mistakes(member_id: int, *, most: int = 500) -> None:
    """Put what went wrong in quizzes of courses into the notebook; exams stay out of it.

    Due at once: the pause has passed already. What the notebook knows better is left alone.
    """
    session = db.session()
    rows = session.execute(
        select(QuestionVersion.question_id, Attempt.submitted_at, AttemptItem.mark)
        .join(AttemptItem, AttemptItem.version_id == QuestionVersion.id)
        .join(Attempt, Attempt.id == AttemptItem.attempt_id)
        .where(
            Attempt.member_id == member_id,
            Attempt.course_id.is_not(None),
            Attempt.state == "submitted",
            AttemptItem.mark.is_not(None),
        )
        .order_by(Attempt.id.desc())
        .limit(most)
    ).all()
    known = {
        row.question_id: row
        for row in session.scalars(
            select(NotebookEntry).where(NotebookEntry.member_id == member_id)
        )
    }
    for question_id, at, mark in rows:
        if mark == 1 or at is None:
            continue
        entry = known.get(question_id)
        if entry is None:
            entry = NotebookEntry(member_id=member_id, question_id=question_id, wrong=0)
            session.add(entry)
            known[question_id] = entry
        elif at <= entry.seen_at:
            continue
        entry.spaced, entry.due_at, entry.out, entry.seen_at = 0, at, False, at
        entry.wrong += 1
    session.flush()


def open_categories(
    category_ids: Collection[int], *, shown: Collection[int], reader: Reader
) -> None:
    """Say which of the categories `shown` (each with all below it) members may practise; others
    stay as they are. Raises NotYours when one of those that change is not the reader's to open."""
    session = db.session()
    rows = session.scalars(select(PracticeCategory).with_for_update())
    known = {row.category_id: row for row in rows}
    found = {each.id: each for each in categories_for(reader)}
    for number in sorted(set(shown)):
        category = found.get(number)
        if category is None:
            continue  # it was removed meanwhile
        is_wanted, row = number in category_ids, known.get(number)
        if is_wanted == (row is not None):
            continue
        if not category.is_mine:
            raise rules.NotYours(category=category.path)
        if row is not None:
            session.delete(row)
        else:
            session.add(
                PracticeCategory(category_id=number, opened_by=reader.id, opened_at=clock.now())
            )
        members.record(
            Act.PRACTICE_OPENED if is_wanted else Act.PRACTICE_CLOSED,
            thing=("category", number),
            name=category.path,
            changes=facts(questions=category.count),
        )
    session.flush()


def _queue(
    member_id: int,
    mode: Mode,
    *,
    pool: Collection[int],
    everything: Collection[int],
    now: datetime,
    key: str,
    language: str,
) -> list[int]:
    """The questions of a new practice, in order."""
    if mode is Mode.NOTEBOOK:
        due = notebook_of(member_id, now, among=set(everything)).due
        if not due:
            raise rules.NothingDue
        return list(due[: rules.ROUND])
    if len(pool) < rules.FEWEST:
        raise rules.NothingToPractise
    own = written_in(language, pool)
    if mode is Mode.WEEKLY:
        return rules.preferring(
            pool, own, rules.WEEKLY, lambda some, most: rules.same_for_all(some, most, key)
        )
    size = {
        Mode.DAILY: rules.DAILY,
        Mode.CHALLENGE: rules.CHALLENGE,
        Mode.SPRINT: rules.SPRINT,
    }.get(mode, rules.ROUND)
    if mode in {Mode.CHALLENGE, Mode.SPRINT}:
        return rules.preferring(
            pool, own, size, lambda some, most: rules.drawn(some, most, _chance, last={})
        )
    last = last_practised(member_id)

    def draw(some: list[int], most: int) -> list[int]:
        return rules.drawn(some, most, _chance, last=last)

    if mode is Mode.DAILY:
        due = notebook_of(member_id, now, among=set(everything)).due[:2]
        return [*due, *rules.preferring(set(pool) - set(due), own, size - len(due), draw)]
    return rules.preferring(pool, own, size, draw)


def _ask(run: PracticeRun, now: datetime) -> None:
    """Make the next question of the queue that still exists; without one the run ends."""
    session = db.session()
    sealed = sealed_for(run.member_id, now)
    while run.answered < len(run.queue):
        question = questions([run.queue[run.answered]]).get(run.queue[run.answered])
        if question is None or question.id in sealed:
            run.queue = [i for i in run.queue if i != run.queue[run.answered]]
            continue
        session.add(
            PracticeItem(
                run_id=run.id,
                position=run.answered + 1,
                version_id=question.version_id,
                options=options_of(question),
                asked_at=now,
            )
        )
        session.flush()
        return
    _end(run, now)


def _end(run: PracticeRun, now: datetime) -> None:
    """End a practice, and enter what it brings: each kind once a day, the weekly one once."""
    session = db.session()
    session.execute(
        delete(PracticeItem).where(
            PracticeItem.run_id == run.id, PracticeItem.answered_at.is_(None)
        )
    )
    run.state, run.ended_at = "done", now
    session.flush()
    mode = Mode(run.mode)
    is_game = mode in {Mode.CHALLENGE, Mode.SPRINT}
    if run.answered < len(run.queue) and not is_game:
        return
    if is_game and run.right < rules.GAME_POINTS_FROM:
        return
    if mode in {Mode.THEME, Mode.CATEGORY}:
        return  # as often as one likes, so it brings no points
    source = run.key or f"{mode.value}:{settings.today().isoformat()}"
    run.points = points.credit(
        member_id=run.member_id,
        reason=rules.REASON,
        source=f"{rules.REASON}:{source}",
        occurred_at=now,
        note=str(rules.MODE_NAMES[mode]),
    )
    session.flush()
