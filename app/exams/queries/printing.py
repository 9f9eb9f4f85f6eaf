"""Reads of printed papers: what somebody asked for, how far it is, and the papers themselves."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from sqlalchemy import Select, select

from app.core import given_up
from app.core.db import db
from app.core.models import Job
from app.core.refusals import NotThere
from app.exams.models import Attempt, Exam, Printout
from app.exams.queries.papers import PAPERS, Printed, paper_of_attempt, printed_paper

MOST_SHOWN = 40  # files on the page, the newest first


@dataclass(frozen=True)
class PrintoutView:
    """One file of a printed paper, for who asked for it."""

    id: int
    letter: str  # of the paper; "" for all papers, and for one of an attempt
    attempt_id: int | None
    part: str
    ending: str
    asked_at: datetime
    size: int
    is_made: bool
    progress: int  # per cent
    reason: str  # why it could not be made, in one sentence

    @property
    def is_unfinished(self) -> bool:
        return not self.is_made and not self.reason

    @property
    def file_ending(self) -> str:
        return "zip" if self.part == "all" else self.ending


@dataclass(frozen=True)
class Order:
    """What the worker is to make: the papers with their letters, and which parts of them."""

    title: str
    minutes: int | None
    wrong_costs: Decimal
    papers: Sequence[tuple[str, Sequence[Printed]]]
    part: str
    ending: str
    language: str
    token: str


def printouts_of(exam_id: int, member_id: int) -> list[PrintoutView]:
    """What a member has asked for of an exam in the last day, the newest first."""
    rows = db.session().execute(
        _own(exam_id, member_id).order_by(Printout.id.desc()).limit(MOST_SHOWN)
    )
    return [_view(printout, job) for printout, job in rows]


def made_printout(exam_id: int, printout_id: int, *, member_id: int) -> tuple[PrintoutView, str]:
    """A file that is made, and the token that it lies under. Raises NotThere."""
    row = (
        db.session()
        .execute(
            _own(exam_id, member_id).where(
                Printout.id == printout_id, Printout.made_at.is_not(None)
            )
        )
        .one_or_none()
    )
    if row is None:
        raise NotThere
    return _view(row[0], row[1]), str(row[0].token)


def _own(exam_id: int, member_id: int) -> Select[Printout, Job]:
    """SQL: the files of an exam that a member asked for, with the jobs that make them."""
    return (
        select(Printout, Job)
        .outerjoin(Job, Job.id == Printout.job_id)
        .where(Printout.exam_id == exam_id, Printout.member_id == member_id)
    )


def _view(printout: Printout, job: Job | None) -> PrintoutView:
    return PrintoutView(
        id=printout.id,
        letter=printout.letter,
        attempt_id=printout.attempt_id,
        part=printout.part,
        ending=printout.ending,
        asked_at=printout.asked_at,
        size=printout.size,
        is_made=printout.made_at is not None,
        progress=job.progress if job is not None else 0,
        reason=given_up.reason(job) if job is not None and job.state == "failed" else "",
    )


def order_of(printout_id: int) -> Order | None:
    """What is to be made; None when it is made, or nobody waits for it any more."""
    row = db.session().get(Printout, printout_id)
    if row is None or row.made_at is not None:
        return None
    exam = db.session().get_one(Exam, row.exam_id)
    if row.attempt_id is not None:
        papers = [(str(row.attempt_id), paper_of_attempt(row.attempt_id))]
        wrong_costs = db.session().get_one(Attempt, row.attempt_id).wrong_costs
    else:
        papers = [(one, printed_paper(row.exam_id, one)) for one in row.letter or PAPERS]
        wrong_costs = exam.wrong_costs
    return Order(
        title=exam.title,
        minutes=None if exam.duration_s is None else exam.duration_s // 60,
        wrong_costs=wrong_costs,
        papers=papers,
        part=row.part,
        ending=row.ending,
        language=row.language,
        token=row.token,
    )


def exam_of_printout(printout_id: int) -> str:
    """The title of the exam that a file is of; "" when it is swept."""
    said = select(Exam.title).join(Printout, Printout.exam_id == Exam.id)
    return db.session().scalar(said.where(Printout.id == printout_id)) or ""
