"""Taking a paper, of a quiz or an exam: save answers, submit it once.

The server's clock alone decides. An exam's attempt has a deadline from its start; what comes after
that and the grace is kept aside and does not count, see finishing.py.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import select

from app.core import clock
from app.core.db import db, keep_though_refused
from app.core.refusals import NotThere
from app.exams import rules
from app.exams.models import Attempt, AttemptItem, Evidence, Exam
from app.exams.queries import items_of, standing_still
from app.exams.service.finishing import (
    FINISH_EVERY_S,
    Submitted,
    bodies_of,
    ended,
    finish,
    is_over,
    locked,
    time_out,
)
from app.exams.service.noting import note
from app.questions import types
from app.questions.queries import Wording, sent_file, wordings
from app.questions.rules import NotAnAnswer
from app.questions.types import file

Answers = Mapping[int, Sequence[str]]  # item id → what the form has (types.read); [] takes it back
Seen = Mapping[int, int]  # item id → how often the answer had been changed when the page read it
Flags = Mapping[int, bool]


@dataclass(frozen=True)
class Window:
    """The page that sends something: which sign-in it belongs to, and when it was opened.

    `page` is the name that the opened page gave itself and `turn` counts what it sends, so that
    what was on the way for long is told from what another page says. `is_safe`: this sign-in has
    shown before that it is in the Safe Exam Browser.
    """

    sign_in: str = ""
    opened_at: datetime | None = None
    visit: rules.Visit = field(default_factory=rules.Visit)
    is_safe: bool = False
    page: str = ""
    turn: int = 0


@dataclass(frozen=True)
class Saved:
    """How often each of the named answers was changed by now, and the clock.

    `stale` are those where another page had kept something newer, which stays.
    """

    items: Mapping[int, int]
    at: datetime
    remaining_ms: int | None = None
    is_paused: bool = False
    stale: tuple[int, ...] = field(default=())


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
    question of a paper without a way back. An answer whose `seen` is older than what is kept
    changes nothing: it is kept aside and named in `stale`, and the others are kept. Raises
    NotThere, AlreadySubmitted, AttemptVoid, NotOfThisPaper, NoWayBack, TimeOver, NeedsSafeBrowser,
    and GoneOnElsewhere (what was sent is kept aside then).
    """
    attempt, exam = locked(attempt_id, member_id)
    now = clock.now()
    _must_be_running(attempt, exam, now, answers)
    _must_hold(attempt, exam, window, answers, now)
    named = {*answers, *(seen or ()), *(flags or ())}
    with db.session().no_autoflush:  # everything is written at once, at the end
        rows = {item.id: item for item in items_of(attempt_id, only=named)}
        stale = _keep(attempt, exam, rows, answers, seen=seen or {}, window=window, now=now)
    for item_id, flagged in (flags or {}).items():
        if item_id not in rows:
            raise rules.NotOfThisPaper
        rows[item_id].flagged = flagged
    if exam is not None:
        attempt.heard_at = now
        attempt.left += left
        came_from = window.visit.address
        if came_from and came_from != attempt.address:
            # Written down and not stopped: networks change by themselves.
            if attempt.address:
                note(
                    *(exam.id, "moved"),
                    attempt_id=attempt.id,
                    actor_id=member_id,
                    before=attempt.address,
                    address=came_from,
                )
            attempt.address = came_from
        if attempt.reached < reached <= attempt.questions:
            attempt.reached = reached
    db.session().flush()
    if stale:
        keep_though_refused()  # a plain form is answered with the paper and the reason
    return Saved(
        items={item_id: rows[item_id].saved for item_id in answers},
        at=now,
        remaining_ms=rules.remaining_ms(
            standing_still(exam.paused_at if exam else None, now), attempt.deadline_at
        ),
        is_paused=exam is not None and exam.paused_at is not None,
        stale=stale,
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
    SavedElsewhere, GoneOnElsewhere, AttemptVoid, NeedsSafeBrowser, and TimeOver when answers came
    with it that are too late.
    """
    attempt, exam = locked(attempt_id, member_id)
    if attempt.state == "submitted":
        if attempt.ended_by == "time":
            _keep_late(attempt, answers, clock.now())
        return ended(attempt)
    now = clock.now()
    try:
        _must_be_running(attempt, exam, now, answers)
    except rules.TimeOver:
        if _is_new(attempt, answers):
            raise
        return ended(attempt)
    _must_hold(attempt, exam, window, answers, now)
    with db.session().no_autoflush:  # everything is written at once, at the end
        rows = {item.id: item for item in items_of(attempt_id)}
        stale = _keep(attempt, exam, rows, answers, seen=seen or {}, window=window, now=now)
    if stale:  # what else came is kept, and the member looks again before the end
        db.session().flush()
        keep_though_refused()
        raise rules.SavedElsewhere(items=stale)
    # What came within the grace was under way when the time was over.
    at = now if attempt.deadline_at is None else min(now, attempt.deadline_at)
    return finish(attempt, exam, rows, at=max(at, attempt.started_at), by="member")


# --- the parts ------------------------------------------------------------------------------------


def _must_be_running(attempt: Attempt, exam: Exam | None, now: datetime, answers: Answers) -> None:
    if attempt.state == "void":
        raise rules.AttemptVoid
    if attempt.state == "submitted":
        if attempt.ended_by == "time":
            _keep_late(attempt, answers, now)
        raise rules.AlreadySubmitted
    if exam is not None and is_over(attempt, exam, now):
        time_out(attempt, exam)
        _keep_late(attempt, answers, now)
        keep_though_refused()
        raise rules.TimeOver
    if exam is not None and exam.paused_at is not None:
        # What was under way when the clocks stopped still counts. Later nothing is changed, so that
        # a pause is no time to think; who has finished may hand in what is saved, and leave.
        on_the_way = exam.paused_at + timedelta(seconds=exam.grace_s)
        if now > on_the_way and _is_new(attempt, answers):
            raise rules.ExamPaused(wait=FINISH_EVERY_S)


def _must_hold(
    attempt: Attempt, exam: Exam | None, window: Window, answers: Answers, now: datetime
) -> None:
    """Of two sign-ins of a member the page opened last goes on; both are written down."""
    if exam is None or not window.sign_in:
        return
    if not window.is_safe and not rules.is_safe(window.visit, exam.safe_keys):
        raise rules.NeedsSafeBrowser
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
                after=[window.sign_in, window.visit.address],
            )
        attempt.held_by = window.sign_in
    attempt.held_since = max(filter(None, (attempt.held_since, opened_at)), default=now)


def _is_new(attempt: Attempt, answers: Answers) -> bool:
    """Whether answers say something else than what is kept."""
    rows = {item.id: item for item in items_of(attempt.id)}
    bodies = bodies_of(rows)
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
    bodies = bodies_of(rows)
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


def _keep(
    attempt: Attempt,
    exam: Exam | None,
    rows: Mapping[int, AttemptItem],
    answers: Answers,
    *,
    seen: Seen,
    window: Window,
    now: datetime,
) -> tuple[int, ...]:
    """Write the answers down; those that stay as they are because another page was later."""
    if not set(seen) <= set(rows):
        raise rules.NotOfThisPaper
    if not answers:
        return ()
    bodies = wordings(rows[i].version_id for i in answers if i in rows)
    changed, stale = [], {}
    for item_id, raw in answers.items():
        item = rows.get(item_id)
        if item is None:
            raise rules.NotOfThisPaper
        response = understood(item, bodies[item.version_id], raw)
        is_own = bool(window.page) and window.page == item.page
        if is_own and window.turn <= item.turn:
            continue  # it comes again, or was overtaken by what the same page sent after it
        if response == (item.response or []):
            if is_own:
                item.turn = window.turn
            continue
        if exam is not None and exam.no_going_back and item.position != attempt.reached:
            raise rules.NoWayBack
        # A page whose last message was kept, and never heard so, still counts from the one before.
        if item_id in seen and seen[item_id] != item.saved and not is_own:
            stale[item_id] = raw
        else:
            changed.append((item, response))
    if stale:
        # The newer answer stays, and the older text is not lost.
        _evidence(attempt.id, "stale", stale, now)
    # Only now, so that one bad answer leaves all of them as they were.
    for item, response in changed:
        item.response, item.saved, item.saved_at = response, item.saved + 1, now
        item.page, item.turn = window.page, window.turn
    return tuple(sorted(stale))


def understood(item: AttemptItem, question: Wording, raw: Sequence[str]) -> list[str]:
    """What a form says, as the question's kind keeps it. Raises NotOfThisPaper."""
    try:
        response = types.read(question.kind, question.body, item.options, raw)
        if question.kind == file.KIND and response and response != (item.response or []):
            attempt = db.session().get_one(Attempt, item.attempt_id)
            sent_file(file.token_of(response), member_id=attempt.member_id)
        return response
    except (NotAnAnswer, NotThere):
        raise rules.NotOfThisPaper from None
