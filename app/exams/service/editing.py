"""Making an exam: its settings, its paper or blueprint, publishing and withdrawing it."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from sqlalchemy import delete, select

from app.core import clock
from app.core.db import db
from app.core.refusals import Conflict, NotThere
from app.exams import rules
from app.exams.models import (
    Attempt,
    AttemptItem,
    Exam,
    ExamBranch,
    ExamCourse,
    ExamMarker,
    ExamSeat,
    ExamSection,
    ExamSlot,
    GivenMark,
)
from app.exams.queries import (
    checks_of,
    exam_view,
    frozen_pools,
    not_passed,
    seats_of,
    staff_by_username,
)
from app.exams.service.finishing import plan_finish, plan_open
from app.exams.service.noting import note
from app.members.models import Member

SETTINGS = (
    *("title", "instructions", "opens_at", "last_start_at", "closes_at", "duration_s"),
    *("attempts_allowed", "delay_s", "counting", "pass_percent", "wrong_costs"),
    "shuffle_questions",
    *(
        "shuffle_sections",
        "shuffle_options",
        "one_by_one",
        "no_going_back",
        "show_score",
        "show_answers",
    ),
    *("show_explanations", "password", "open_to_all", "for_role", "networks", "safe_keys"),
    *("full_screen", "watermark", "second_marking", "apart_percent", "appeal_days"),
    *("grace_s", "seals"),
)


def create(*, author_id: int, title: str) -> int:
    """A draft with one empty section; returns its id. Raises NoTitle."""
    title = _title(title)
    now = clock.now()
    session = db.session()
    row = Exam(author_id=author_id, title=title, created_at=now, changed_at=now)
    session.add(row)
    session.flush()
    session.add(ExamSection(exam_id=row.id, position=1, title=""))
    note(row.id, "create", actor_id=author_id, title=title)
    return row.id


def change(
    exam_id: int,
    *,
    actor_id: int,
    branches: Collection[int] = (),
    courses: Collection[int] = (),
    seats: str | None = None,
    markers: str | None = None,
    seen: int | None = None,
    **settings: Any,
) -> None:
    """Change settings (SETTINGS), the branches it is for, and the courses to finish first.

    `seats` is the list of those invited by name (rules.seats), `markers` the user names of those
    who mark besides; None leaves them as they are.
    `seen` is the revision that the page showed; Conflict when there is a newer one. A later close
    of a published exam counts for those who begin from then on. Raises BadExam.
    """
    row = locked(exam_id)
    if seen is not None and seen != row.revision:
        raise Conflict
    unknown = set(settings) - set(SETTINGS)
    if unknown:
        raise KeyError(unknown)
    if "title" in settings:
        settings["title"] = _title(settings["title"])
    after = {name: settings.get(name, getattr(row, name)) for name in SETTINGS}
    _must_fit(row, after)
    if seats is not None:
        _seat(exam_id, seats)
    if markers is not None:
        _ask_markers(exam_id, markers)
    if not after["open_to_all"] and not branches and not seats_of(exam_id):
        raise rules.NobodyInvited("branches")
    changed = {
        name: [str(getattr(row, name)), str(value)]
        for name, value in after.items()
        if getattr(row, name) != value and name not in {"password", "safe_keys"}
    }
    for name, value in after.items():
        setattr(row, name, value)
    row.revision += 1
    row.changed_at = clock.now()
    session = db.session()
    session.execute(delete(ExamBranch).where(ExamBranch.exam_id == exam_id))
    session.execute(delete(ExamCourse).where(ExamCourse.exam_id == exam_id))
    if not after["open_to_all"]:
        session.add_all(ExamBranch(exam_id=exam_id, branch_id=i) for i in set(branches))
    session.add_all(ExamCourse(exam_id=exam_id, course_id=i) for i in set(courses))
    session.flush()
    if row.state == rules.State.PUBLISHED:
        note(exam_id, "change", actor_id=actor_id, changed=changed)
        _plan(row, set(changed))


def _plan(row: Exam, changed: Collection[str]) -> None:
    """Let the worker do what changed settings of a published exam call for."""
    if row.closes_at is not None:
        plan_finish(row, row.closes_at)
    if {"show_score", "closes_at", "attempts_allowed"} & set(changed):
        plan_finish(row, clock.now())  # what was held back may be known by now
    if "grace_s" in changed:
        plan_open(row.id)  # who has nothing left but the grace


def _must_fit(row: Exam, after: dict[str, Any]) -> None:
    """Whether settings fit one another; addresses and keys are put in order. Raises BadExam."""
    opens_at, closes_at = after["opens_at"], after["closes_at"]
    if opens_at and closes_at and closes_at <= opens_at:
        raise rules.BadWindow("closes_at")
    last = after["last_start_at"]
    if last and ((opens_at and last <= opens_at) or (closes_at and last > closes_at)):
        raise rules.LastStartOutside("last_start_at")
    after["wrong_costs"] = rules.cost(after["wrong_costs"])
    after["networks"] = rules.networks(after["networks"])
    after["safe_keys"] = rules.safe_keys(after["safe_keys"])
    if after["second_marking"] != row.second_marking and _is_marked(row.id):
        raise rules.MarkingHasBegun


def _seat(exam_id: int, text: str) -> None:
    """Replace the list of those who are invited by name. Raises NobodyCalled."""
    session = db.session()
    wanted = dict(rules.seats(text))
    names = list(wanted)
    ids = {
        username: member_id
        for start in range(0, len(names), 500)
        for username, member_id in session.execute(
            select(Member.username, Member.id).where(
                Member.username.in_(names[start : start + 500]), Member.is_active
            )
        )
    }
    for username in wanted:
        if username not in ids:
            raise rules.NobodyCalled(username=username[:60])
    session.execute(delete(ExamSeat).where(ExamSeat.exam_id == exam_id))
    session.add_all(
        ExamSeat(exam_id=exam_id, member_id=ids[username], place=place)
        for username, place in wanted.items()
    )
    session.flush()


def _ask_markers(exam_id: int, text: str) -> None:
    """Replace the list of those who mark besides; only staff can. Raises NobodyMarks."""
    session = db.session()
    names = list(dict.fromkeys(text.casefold().replace(",", " ").split()))
    found = staff_by_username(names)
    for username in names:
        if username not in found:
            raise rules.NobodyMarks("markers", username=username[:60])
    session.execute(delete(ExamMarker).where(ExamMarker.exam_id == exam_id))
    session.add_all(ExamMarker(exam_id=exam_id, member_id=i) for i in set(found.values()))
    session.flush()


def _is_marked(exam_id: int) -> bool:
    """Whether anybody has marked an answer by hand."""
    found = db.session().scalar(
        select(GivenMark.id)
        .join(AttemptItem, AttemptItem.id == GivenMark.item_id)
        .join(Attempt, Attempt.id == AttemptItem.attempt_id)
        .where(Attempt.exam_id == exam_id)
        .limit(1)
    )
    return found is not None


def make_up(exam_id: int, *, author_id: int, title: str) -> int:
    """A draft of the same exam for those who were invited and missed it, or did not pass it.

    They are on its seat list; its author can take names out or add some before publishing.
    """
    new_id = copy(exam_id, author_id=author_id, title=title)
    session = db.session()
    new = session.get_one(Exam, new_id)
    new.makes_up_for, new.open_to_all = exam_id, False
    session.add_all(ExamSeat(exam_id=new_id, member_id=i, place="") for i in not_passed(exam_id))
    session.flush()
    note(new_id, "make_up", actor_id=author_id, exam=exam_id)
    return new_id


def publish(exam_id: int, *, actor_id: int) -> None:
    """Announce an exam to its members; from now on its paper is fixed. Raises NotReady.

    What draws choose from is frozen, and what stands together, so that a seed gives the same paper
    for ever.
    """
    row = locked(exam_id)
    now = clock.now()
    found, _spread = checks_of(exam_view(row, now), now)
    if any(check.must and not check.good for check in found):
        raise rules.NotReady
    session = db.session()
    if row.state == rules.State.DRAFT:
        slots = session.scalars(
            select(ExamSlot)
            .join(ExamSection, ExamSection.id == ExamSlot.section_id)
            .where(ExamSection.exam_id == exam_id)
        ).all()
        pools = frozen_pools(slots)
        for slot in slots:
            slot.pool = pools[slot.id]
    row.state = rules.State.PUBLISHED.value
    row.published_at = row.published_at or now
    row.changed_at = now
    note(exam_id, "publish", actor_id=actor_id)
    if row.closes_at is not None:
        plan_finish(row, row.closes_at)


def withdraw(exam_id: int, *, actor_id: int) -> None:
    """Take an exam from the members' lists; who has begun may go on, and results stay."""
    row = locked(exam_id)
    if row.state != rules.State.PUBLISHED:
        return
    row.state = rules.State.WITHDRAWN.value
    row.changed_at = clock.now()
    note(exam_id, "withdraw", actor_id=actor_id)


def reopen_paper(exam_id: int, *, actor_id: int) -> None:
    """Make a draft again of an exam that nobody has begun. Raises ExamHasAttempts."""
    row = locked(exam_id)
    begun = db.session().scalar(select(Attempt.id).where(Attempt.exam_id == exam_id).limit(1))
    if begun is not None:
        raise rules.ExamHasAttempts
    row.state = rules.State.DRAFT.value
    row.changed_at = clock.now()
    note(exam_id, "edit", actor_id=actor_id)


def copy(exam_id: int, *, author_id: int, title: str) -> int:
    """A new draft with the settings and the paper of an exam; dates and branches are left out."""
    session = db.session()
    row = session.get_one(Exam, exam_id)
    new_id = create(author_id=author_id, title=title)
    new = session.get_one(Exam, new_id)
    for name in SETTINGS:
        if name not in {"title", "opens_at", "last_start_at", "closes_at", "open_to_all"}:
            setattr(new, name, getattr(row, name))
    session.execute(delete(ExamSection).where(ExamSection.exam_id == new_id))
    for section in session.scalars(
        select(ExamSection).where(ExamSection.exam_id == exam_id).order_by(ExamSection.position)
    ).all():
        made = ExamSection(exam_id=new_id, position=section.position, title=section.title)
        session.add(made)
        session.flush()
        for slot in session.scalars(
            select(ExamSlot).where(ExamSlot.section_id == section.id)
        ).all():
            kept = ("position", "question_id", "number", "kind", "tag", "category", "language")
            session.add(
                ExamSlot(
                    section_id=made.id,
                    pool=[],
                    mark=slot.mark,
                    difficulty=slot.difficulty,
                    **{name: getattr(slot, name) for name in kept},
                )
            )
    return new_id


def _title(text: str) -> str:
    title = " ".join(text.split())[: rules.LONGEST_TITLE]
    if not title:
        raise rules.NoTitle("title")
    return title


def locked(exam_id: int) -> Exam:
    """The exam, for whoever is to change it next. Raises NotThere."""
    row = db.session().get(Exam, exam_id, with_for_update=True, populate_existing=True)
    if row is None:
        raise NotThere
    return row
