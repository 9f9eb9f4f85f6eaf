"""Taking a paper, of a quiz or an exam: start an attempt, save answers, submit it once.

The server's clock alone decides. An exam's attempt has a deadline from its start; when that and
the grace are over, whoever comes first (the job, a late answer, the member's next visit) finishes
it with the answers that were saved, as of the deadline.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal

from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError

from app.core import clock, jobs
from app.core.db import db, keep_though_refused
from app.core.refusals import NotThere
from app.courses.queries import quiz_of
from app.exams import rules
from app.exams.models import Attempt, AttemptItem, Evidence, Exam, ExamEvent
from app.exams.queries import allowance_of, items_of, missing_courses, places_of
from app.exams.service.rewarding import reward
from app.questions import types
from app.questions.queries import Question, questions, sent_file, versions
from app.questions.rules import NotAnAnswer
from app.questions.types import file

Answers = Mapping[int, Sequence[str]]  # item id → what the form has (types.read); [] takes it back
Seen = Mapping[int, int]  # item id → how often the answer had been changed when the page read it
Flags = Mapping[int, bool]
FINISH_EVERY_S = 15  # deadlines are swept in steps of so many seconds, one job for each
FINISH_AT_ONCE = 100  # attempts in one transaction of the job


@dataclass(frozen=True)
class Submitted:
    """The end of an attempt. `points` and `course_done` only from the call that submitted it."""

    attempt_id: int
    receipt: str
    passed: bool | None
    points: int = 0
    course_done: bool = False


@dataclass(frozen=True)
class Window:
    """The page that sends something: which sign-in it belongs to, and when it was opened."""

    sign_in: str = ""
    opened_at: datetime | None = None
    address: str = ""


@dataclass(frozen=True)
class Saved:
    """What was kept: how often each of the named answers was changed by now, and the clock."""

    items: Mapping[int, int]
    at: datetime
    remaining_ms: int | None = None
    is_paused: bool = False
    stale: tuple[int, ...] = field(default=())


@dataclass(frozen=True)
class _Asked:
    question: Question
    section: int
    mark: Decimal


# --- starting -------------------------------------------------------------------------------------


def start(*, member_id: int, course_id: int) -> int:
    """The id of the member's open attempt at a quiz; a new one when there is none.

    However often and from wherever this is called, there is one open attempt with one paper.
    Raises NoQuiz, NoAttemptsLeft.
    """
    paper = quiz_of(course_id)
    asked = questions(paper.question_ids) if paper else {}
    if paper is None or not asked:
        raise rules.NoQuiz
    open_id = _open_attempt(member_id, course_id=course_id)
    if open_id is not None:
        return open_id
    used = _used(member_id, course_id=course_id)
    if rules.attempts_left(paper.attempts_allowed, used) == 0:
        raise rules.NoAttemptsLeft(allowed=paper.attempts_allowed)
    attempt = Attempt(
        member_id=member_id,
        course_id=course_id,
        number=used + 1,
        seed=secrets.randbits(62),
        pass_percent=paper.pass_percent,
        started_at=clock.now(),
    )
    ordered = [_Asked(asked[i], 1, Decimal(1)) for i in paper.question_ids if i in asked]
    return _begin(attempt, ordered, shuffle=True)


def start_exam(
    exam_id: int,
    *,
    member_id: int,
    password: str = "",
    visit: rules.Visit = rules.Visit(),  # noqa: B008 - it is frozen
) -> int:
    """The id of the member's open attempt at an exam; a new one when there is none.

    Who may see the exam is asked before (queries.exam_for). Raises NotOpenYet, NoMoreStarts,
    ExamClosed, WrongNetwork, NeedsSafeBrowser, WrongPassword, CoursesFirst, TooSoon, NoTriesLeft,
    and NoQuiz for an empty paper.
    """
    session = db.session()
    exam = session.get(Exam, exam_id)
    if exam is None or exam.state != "published":
        raise NotThere
    finish_due(exam_id, member_id=member_id)
    open_id = _open_attempt(member_id, exam_id=exam_id)
    if open_id is not None:
        return open_id
    now = clock.now()
    allowance = allowance_of(member_id, exam_id)
    _must_be_open(exam, now)
    if not rules.is_inside(visit.address, exam.networks):
        raise rules.WrongNetwork(address=visit.address)
    if not rules.is_safe(visit, exam.safe_keys):
        raise rules.NeedsSafeBrowser
    if exam.password and not secrets.compare_digest(
        password.strip().casefold().encode(), exam.password.casefold().encode()
    ):
        raise rules.WrongPassword
    missing = missing_courses(exam_id, member_id)
    if missing:
        raise rules.CoursesFirst(courses="、".join(course.title for course in missing))
    used = _used(member_id, exam_id=exam_id)
    counted = _counted(member_id, exam_id)
    allowed = exam.attempts_allowed and exam.attempts_allowed + allowance.extra_attempts
    if rules.attempts_left(allowed, counted) == 0:
        raise rules.NoTriesLeft(allowed=allowed)
    wait = _wait_s(exam, member_id, now)
    if wait:
        raise rules.TooSoon(minutes=-(-wait // 60))
    attempt = Attempt(
        member_id=member_id,
        exam_id=exam_id,
        number=used + 1,
        seed=secrets.randbits(62),
        pass_percent=exam.pass_percent,
        started_at=now,
        heard_at=now,
        address=visit.address,
        deadline_at=rules.deadline(
            now,
            duration_s=exam.duration_s,
            closes_at=exam.closes_at,
            extra_percent=allowance.extra_percent,
        ),
    )
    attempt_id = _begin(attempt, asked_of(exam, attempt.seed), shuffle=exam.shuffle_options)
    note(
        *(exam_id, "start"),
        attempt_id=attempt_id,
        actor_id=member_id,
        number=used + 1,
        address=visit.address,
    )
    if attempt.deadline_at is not None:
        plan_finish(exam, attempt.deadline_at)
    return attempt_id


def asked_of(exam: Exam, seed: int) -> list[_Asked]:
    """The questions of the paper that a seed draws; the same for the same seed."""
    paper = rules.drawn(seed, places_of(exam.id), shuffle=exam.shuffle_questions)
    found = questions(asked.question_id for asked in paper)
    return [
        _Asked(found[asked.question_id], asked.section, asked.mark)
        for asked in paper
        if asked.question_id in found
    ]


def _must_be_open(exam: Exam, now: datetime) -> None:
    phase = rules.phase(
        now, opens_at=exam.opens_at, last_start_at=exam.last_start_at, closes_at=exam.closes_at
    )
    if phase is rules.Phase.UPCOMING:
        raise rules.NotOpenYet
    if phase is rules.Phase.NO_MORE_STARTS:
        raise rules.NoMoreStarts
    if phase is rules.Phase.CLOSED:
        raise rules.ExamClosed


def _begin(attempt: Attempt, asked: Sequence[_Asked], *, shuffle: bool) -> int:
    if not asked:
        raise rules.NoQuiz
    session = db.session()
    attempt.state = "open"
    attempt.questions = len(asked)
    attempt.out_of = sum((each.mark for each in asked), Decimal(0))
    try:
        with session.begin_nested():
            session.add(attempt)
    except IntegrityError:
        # PostgreSQL lets two starts come this far; the other one has won.
        open_id = _open_attempt(
            attempt.member_id, course_id=attempt.course_id, exam_id=attempt.exam_id
        )
        if open_id is None:
            raise
        return open_id
    for position, each in enumerate(asked, 1):
        question = each.question
        order = rules.shuffled(
            attempt.seed,
            position,
            types.of(question.kind).options(question.body),
            shuffle=shuffle,
        )
        session.add(
            AttemptItem(
                attempt_id=attempt.id,
                position=position,
                section=each.section,
                version_id=question.version_id,
                options=[list(pair) for pair in order],
                max_mark=each.mark,
                saved=0,
            )
        )
    session.flush()
    return attempt.id


# --- saving and submitting ------------------------------------------------------------------------


def save(
    attempt_id: int,
    *,
    member_id: int,
    answers: Answers,
    seen: Seen | None = None,
    flags: Flags | None = None,
    left: int = 0,
    reached: int = 0,
    window: Window = Window(),
) -> Saved:
    """Keep answers of an open attempt; `left` is how often the page was left since the last call.

    Only what is named is touched: an empty payload erases nothing. `reached` opens the next
    question of a paper without a way back. Raises NotThere, AlreadySubmitted, AttemptVoid,
    NotOfThisPaper, NoWayBack, TimeOver, SavedElsewhere when `seen` is older than what is kept and
    the answers differ, and GoneOnElsewhere (what was sent is kept aside then).
    """
    attempt, exam = _locked(attempt_id, member_id)
    now = clock.now()
    _must_be_running(attempt, exam, now, answers)
    _must_hold(attempt, exam, window, answers, now)
    named = {*answers, *(seen or ()), *(flags or ())}
    rows = {item.id: item for item in items_of(attempt_id, only=named)}
    _keep(attempt, exam, rows, answers, seen=seen or {}, now=now)
    for item_id, flagged in (flags or {}).items():
        if item_id not in rows:
            raise rules.NotOfThisPaper
        rows[item_id].flagged = flagged
    if exam is not None:
        attempt.heard_at = now
        attempt.left += left
        if window.address and window.address != attempt.address:
            # Written down and not stopped: networks change by themselves.
            if attempt.address:
                note(
                    *(exam.id, "moved"),
                    attempt_id=attempt.id,
                    actor_id=member_id,
                    before=attempt.address,
                    address=window.address,
                )
            attempt.address = window.address
        if attempt.reached < reached <= attempt.questions:
            attempt.reached = reached
    db.session().flush()
    return Saved(
        items={item_id: rows[item_id].saved for item_id in answers},
        at=now,
        remaining_ms=rules.remaining_ms(_standing_still(exam, now), attempt.deadline_at),
        is_paused=exam is not None and exam.paused_at is not None,
    )


def submit(
    attempt_id: int,
    *,
    member_id: int,
    answers: Answers,
    seen: Seen | None = None,
    window: Window = Window(),
) -> Submitted:
    """Take the last answers, mark the paper, and close the attempt for good.

    Asked again, it changes nothing and gives the same receipt. Raises NotThere, NotOfThisPaper,
    SavedElsewhere, GoneOnElsewhere, AttemptVoid, and TimeOver when answers came with it that are
    too late.
    """
    attempt, exam = _locked(attempt_id, member_id)
    if attempt.state == "submitted":
        if attempt.ended_by == "time":
            _keep_late(attempt, answers, clock.now())
        return _ended(attempt)
    now = clock.now()
    try:
        _must_be_running(attempt, exam, now, answers)
    except rules.TimeOver:
        if _is_new(attempt, answers):
            raise
        return _ended(attempt)
    _must_hold(attempt, exam, window, answers, now)
    rows = {item.id: item for item in items_of(attempt_id)}
    _keep(attempt, exam, rows, answers, seen=seen or {}, now=now)
    # What came within the grace was under way when the time was over.
    at = now if attempt.deadline_at is None else min(now, attempt.deadline_at)
    return _finish(attempt, exam, rows, at=max(at, attempt.started_at), by="member")


def finish_due(exam_id: int, *, member_id: int | None = None, most: int = FINISH_AT_ONCE) -> int:
    """Finish attempts whose time and grace are over, as of their deadline; returns how many.

    While the clocks of an exam stand still nothing is finished.
    """
    session = db.session()
    exam = session.get(Exam, exam_id, populate_existing=True)
    if exam is None or exam.paused_at is not None:
        return 0
    now = clock.now()
    wanted = (
        select(Attempt)
        .where(Attempt.exam_id == exam_id, Attempt.state == "open")
        .where(Attempt.deadline_at < now - timedelta(seconds=exam.grace_s))
        .order_by(Attempt.deadline_at, Attempt.id)
        .limit(most)
        .with_for_update(skip_locked=member_id is None)
        .execution_options(populate_existing=True)
    )
    if member_id is not None:
        wanted = wanted.where(Attempt.member_id == member_id)
    due = list(session.scalars(wanted))
    for attempt in due:
        _time_out(attempt, exam)
    return len(due)


def finish_now(attempt_id: int, *, member_id: int) -> bool:
    """Finish one attempt of a member if its time is over; whether it is final then."""
    attempt, exam = _locked(attempt_id, member_id)
    if attempt.state == "open" and _is_over(attempt, exam, clock.now()) and exam is not None:
        _time_out(attempt, exam)
    return attempt.state == "submitted"


def plan_finish(exam: Exam, deadline_at: datetime) -> None:
    """Let the worker finish what is due at a deadline, soon after it; one job for many takers."""
    due = deadline_at + timedelta(seconds=exam.grace_s + 1)
    moment = max(int(due.timestamp()), int(clock.epoch()) + 1)
    step = -(-moment // FINISH_EVERY_S) * FINISH_EVERY_S
    wait = timedelta(seconds=step - clock.epoch())
    jobs.enqueue("exams.finish", key=f"exam:{exam.id}:{step}", delay=wait, exam_id=exam.id)


def plan_open(exam_id: int) -> None:
    """Plan the next finish of an exam whose attempts are still open, if they have a deadline."""
    session = db.session()
    exam = session.get(Exam, exam_id)
    if exam is None or exam.paused_at is not None:
        return
    nearest = session.scalar(
        select(func.min(Attempt.deadline_at)).where(
            Attempt.exam_id == exam_id, Attempt.state == "open"
        )
    )
    if nearest is not None:
        plan_finish(exam, nearest)
    elif (
        exam.show_score == rules.Release.AFTER_CLOSE
        and exam.closes_at is not None
        and exam.closes_at > clock.now()
    ):
        plan_finish(exam, exam.closes_at)  # then the results are known, and told


def note(
    exam_id: int,
    act: str,
    *,
    attempt_id: int | None = None,
    actor_id: int | None = None,
    **facts: object,
) -> None:
    """Write down one act in an exam; there is no way to change it."""
    db.session().add(
        ExamEvent(
            exam_id=exam_id,
            attempt_id=attempt_id,
            actor_id=actor_id,
            act=act,
            facts=facts,
            at=clock.now(),
        )
    )


# --- the parts ------------------------------------------------------------------------------------


def _standing_still(exam: Exam | None, now: datetime) -> datetime:
    """The moment that counts for clocks: now, or when they were stopped."""
    return now if exam is None or exam.paused_at is None else min(now, exam.paused_at)


def _is_over(attempt: Attempt, exam: Exam | None, now: datetime) -> bool:
    if exam is None:
        return False
    return rules.is_over(_standing_still(exam, now), attempt.deadline_at, exam.grace_s)


def _must_be_running(attempt: Attempt, exam: Exam | None, now: datetime, answers: Answers) -> None:
    if attempt.state == "void":
        raise rules.AttemptVoid
    if attempt.state == "submitted":
        if attempt.ended_by == "time":
            _keep_late(attempt, answers, now)
        raise rules.AlreadySubmitted
    if exam is not None and _is_over(attempt, exam, now):
        _time_out(attempt, exam)
        _keep_late(attempt, answers, now)
        keep_though_refused()
        raise rules.TimeOver
    if exam is not None and exam.paused_at is not None:
        # What was under way when the clocks stopped still counts.
        on_the_way = exam.paused_at + timedelta(seconds=exam.grace_s)
        if now > on_the_way and _is_new(attempt, answers):
            raise rules.ExamPaused(wait=FINISH_EVERY_S)


def _must_hold(
    attempt: Attempt, exam: Exam | None, window: Window, answers: Answers, now: datetime
) -> None:
    """Of two sign-ins of a member the page opened last goes on; both are written down."""
    if exam is None or not window.sign_in:
        return
    # A page cannot have been opened later than now, whatever it says.
    opened_at = None if window.opened_at is None else min(window.opened_at, now)
    if window.sign_in != attempt.held_by:
        if not rules.takes_over(opened_at, attempt.held_since):
            if _is_new(attempt, answers):
                _evidence(attempt.id, "stale", answers, now)
                keep_though_refused()
            raise rules.GoneOnElsewhere
        if attempt.held_by:
            note(
                *(exam.id, "device"),
                attempt_id=attempt.id,
                actor_id=attempt.member_id,
                before=[attempt.held_by, attempt.address],
                after=[window.sign_in, window.address],
            )
        attempt.held_by = window.sign_in
    attempt.held_since = max(filter(None, (attempt.held_since, opened_at)), default=now)


def _time_out(attempt: Attempt, exam: Exam) -> None:
    assert attempt.deadline_at is not None
    rows = {item.id: item for item in items_of(attempt.id)}
    _finish(attempt, exam, rows, at=attempt.deadline_at, by="time")
    note(exam.id, "time_over", attempt_id=attempt.id, deadline=attempt.deadline_at.isoformat())


def _is_new(attempt: Attempt, answers: Answers) -> bool:
    """Whether answers say something else than what is kept."""
    rows = {item.id: item for item in items_of(attempt.id)}
    bodies = _bodies(rows)
    for item_id, raw in answers.items():
        item = rows.get(item_id)
        if item is None:
            continue
        try:
            if understood(item, bodies[item.version_id], raw) != (item.response or []):
                return True
        except rules.NotOfThisPaper:
            return True
    return False


def _keep_late(attempt: Attempt, answers: Answers, now: datetime) -> None:
    rows = {item.id: item for item in items_of(attempt.id)}
    bodies = _bodies(rows)
    late, is_new = {}, False
    for item_id, raw in answers.items():
        item = rows.get(item_id)
        if item is None:
            continue
        try:
            response = understood(item, bodies[item.version_id], raw)
        except rules.NotOfThisPaper:
            continue  # it could not have been given in time either
        late[item_id] = raw
        is_new = is_new or response != (item.response or [])
    if is_new:
        _evidence(attempt.id, "late", late, now)
        keep_though_refused()


def _evidence(attempt_id: int, kind: str, answers: Answers, now: datetime) -> None:
    """Keep what does not count; the same a second time, or without end, is not kept."""
    session = db.session()
    kept = session.scalars(
        select(Evidence).where(Evidence.attempt_id == attempt_id).order_by(Evidence.id)
    ).all()
    said = {str(item): list(raw) for item, raw in answers.items()}
    size = sum(len(str(row.answers)) for row in kept)
    if size > rules.MOST_EVIDENCE or any((row.kind, row.answers) == (kind, said) for row in kept):
        return
    session.add(
        Evidence(
            attempt_id=attempt_id,
            kind=kind,
            received_at=now,
            answers=said,
        )
    )
    db.session().flush()


def _finish(
    attempt: Attempt, exam: Exam | None, rows: Mapping[int, AttemptItem], *, at: datetime, by: str
) -> Submitted:
    """Mark the paper and make the attempt final. It never comes back from there."""
    bodies = _bodies(rows)
    attempt.waiting = 0
    for item in rows.values():
        question = bodies[item.version_id]
        kind = types.of(question.kind)
        if kind.BY_HAND and exam is None:
            # Nobody marks the quiz of a course by hand: what is written there is for oneself.
            attempt.out_of -= item.max_mark
            item.max_mark = Decimal(0)
        elif kind.BY_HAND and item.response:
            attempt.waiting += 1
            continue
        item.mark = kind.mark(question.body, list(item.response or ()))
    attempt.submitted_at = at
    attempt.receipt = rules.receipt(secrets.randbits(50))
    attempt.state, attempt.ended_by = "submitted", by
    settle(attempt, rows.values())
    db.session().flush()
    if exam is not None and by == "member":
        note(exam.id, "submit", attempt_id=attempt.id, actor_id=attempt.member_id)
    earned, done = reward(attempt)
    return _ended(attempt, points=earned, course_done=done)


def settle(attempt: Attempt, items: Iterable[AttemptItem]) -> None:
    """Add up what is marked; whether it is passed is known when nothing waits for a person."""
    attempt.score = rules.score((item.mark, item.max_mark) for item in items)
    attempt.passed = (
        None
        if attempt.waiting
        else rules.is_passed(attempt.score, attempt.out_of, attempt.pass_percent)
    )


def finish_by_staff(attempt: Attempt) -> Submitted:
    """Finish an open attempt now, with what is saved; the caller holds its lock."""
    exam = db.session().get_one(Exam, attempt.exam_id)
    now = clock.now()
    at = now if attempt.deadline_at is None else min(now, attempt.deadline_at)
    rows = {item.id: item for item in items_of(attempt.id)}
    return _finish(attempt, exam, rows, at=max(at, attempt.started_at), by="staff")


def _ended(attempt: Attempt, *, points: int = 0, course_done: bool = False) -> Submitted:
    return Submitted(
        attempt_id=attempt.id,
        receipt=attempt.receipt or "",
        passed=attempt.passed,
        points=points,
        course_done=course_done,
    )


def _keep(
    attempt: Attempt,
    exam: Exam | None,
    rows: Mapping[int, AttemptItem],
    answers: Answers,
    *,
    seen: Seen,
    now: datetime,
) -> None:
    if not set(seen) <= set(rows):
        raise rules.NotOfThisPaper
    if not answers:
        return
    bodies = versions(rows[i].version_id for i in answers if i in rows)
    changed, stale = [], {}
    for item_id, raw in answers.items():
        item = rows.get(item_id)
        if item is None:
            raise rules.NotOfThisPaper
        response = understood(item, bodies[item.version_id], raw)
        if response == (item.response or []):
            continue
        if exam is not None and exam.no_going_back and item.position != attempt.reached:
            raise rules.NoWayBack
        if item_id in seen and seen[item_id] != item.saved:
            stale[item_id] = raw
        else:
            changed.append((item, response))
    if stale:
        # The newer answer stays, and the older text is not lost.
        _evidence(attempt.id, "stale", stale, now)
        keep_though_refused()
        raise rules.SavedElsewhere(items=sorted(stale))
    # Only now, so that one bad answer leaves all of them as they were.
    for item, response in changed:
        item.response, item.saved, item.saved_at = response, item.saved + 1, now


def understood(item: AttemptItem, question: Question, raw: Sequence[str]) -> list[str]:
    """What a form says, as the question's kind keeps it. Raises NotOfThisPaper."""
    try:
        response = types.read(question.kind, question.body, item.options, raw)
        if question.kind == file.KIND and response and response != (item.response or []):
            attempt = db.session().get_one(Attempt, item.attempt_id)
            sent_file(file.token_of(response), member_id=attempt.member_id)
        return response
    except (NotAnAnswer, NotThere):
        raise rules.NotOfThisPaper from None


def _bodies(rows: Mapping[int, AttemptItem]) -> dict[int, Question]:
    return versions(item.version_id for item in rows.values())


def _open_attempt(
    member_id: int, *, course_id: int | None = None, exam_id: int | None = None
) -> int | None:
    what = Attempt.course_id == course_id if exam_id is None else Attempt.exam_id == exam_id
    return db.session().scalar(
        select(Attempt.id).where(Attempt.member_id == member_id, what, Attempt.state == "open")
    )


def _used(member_id: int, *, course_id: int | None = None, exam_id: int | None = None) -> int:
    """The highest number of a member's attempts."""
    what = Attempt.course_id == course_id if exam_id is None else Attempt.exam_id == exam_id
    wanted = select(func.max(Attempt.number)).where(Attempt.member_id == member_id, what)
    return db.session().scalar(wanted) or 0


def _counted(member_id: int, exam_id: int) -> int:
    """How many attempts count against what is allowed: void ones do not."""
    wanted = select(func.count()).where(
        Attempt.member_id == member_id, Attempt.exam_id == exam_id, Attempt.state != "void"
    )
    return db.session().scalar(wanted) or 0


def _wait_s(exam: Exam, member_id: int, now: datetime) -> int:
    """Seconds until the delay between two attempts is over."""
    if not exam.delay_s:
        return 0
    last = db.session().scalar(
        select(func.max(Attempt.submitted_at)).where(
            Attempt.member_id == member_id,
            Attempt.exam_id == exam.id,
            Attempt.state == "submitted",
        )
    )
    if last is None:
        return 0
    return max(0, int((last + timedelta(seconds=exam.delay_s) - now).total_seconds()))


def _locked(attempt_id: int, member_id: int) -> tuple[Attempt, Exam | None]:
    """An attempt of this member, locked, with its exam as it is at this moment."""
    session = db.session()
    attempt = session.get(Attempt, attempt_id, with_for_update=True, populate_existing=True)
    if attempt is None or attempt.member_id != member_id:
        raise NotThere
    exam = None
    if attempt.exam_id is not None:
        exam = session.get_one(Exam, attempt.exam_id, populate_existing=True)
    return attempt, exam
