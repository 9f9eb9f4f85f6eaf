"""Papers as files: asked for in a request, made by the worker, kept for a day.

They lie in the folder `printed` of the instance, each under its token: keys and papers of exams to
come, so nothing in the path says whose they are, and they go when they are a day old.
"""

from __future__ import annotations

import io
import secrets
import shutil
import zipfile
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from pathlib import Path

from flask import current_app
from flask_babel import force_locale
from sqlalchemy import select

from app.core import clock, jobs
from app.core.db import after_commit, db
from app.core.models import Job
from app.core.refusals import NoRoom, NotThere
from app.exams import queries, sheets
from app.exams.models import Printout
from app.exams.service import laying
from app.exams.service.noting import note

PRINT_JOB = "exams.print"
PARTS = ("paper", "sheet", "key")
ENDINGS = ("pdf", "docx")
KEPT = timedelta(days=1)
ORPHAN_SECONDS = 3600  # a file without a row is left alone for so long: it may be being made
_STEP = 0.05  # the share from one report to the next; each is a write


def ask_to_print(
    exam_id: int,
    *,
    member_id: int,
    part: str,
    ending: str,
    language: str,
    letter: str = "",
    attempt_id: int | None = None,
) -> int:
    """Have the worker make a file; one of the same that is under way is not begun twice.

    Without a letter and an attempt it is all papers with their sheets and keys, in a ZIP file.
    Returns the id of the printout. Raises NotThere.
    """
    whole = not letter and attempt_id is None
    if part not in (("all",) if whole else PARTS) or ending not in ENDINGS:
        raise NotThere
    if letter and (len(letter) != 1 or letter not in queries.PAPERS):
        raise NotThere
    session = db.session()
    what = f"{member_id}:{exam_id}:{letter or attempt_id or ''}:{part}:{ending}:{language}"
    key = f"{PRINT_JOB}:{what}"
    under_way = session.scalar(
        select(Printout.id)
        .join(Job, Job.id == Printout.job_id)
        .where(Job.key == key, Job.state.in_(("queued", "running")))
    )
    if under_way is not None:
        return under_way
    row = Printout(
        exam_id=exam_id,
        attempt_id=attempt_id,
        letter=letter,
        part=part,
        ending=ending,
        language=language,
        member_id=member_id,
        token=secrets.token_hex(16),
        asked_at=clock.now(),
    )
    session.add(row)
    session.flush()
    job_id = jobs.enqueue(PRINT_JOB, key=key, priority=jobs.SOON, printout_id=row.id)
    other = session.scalar(select(Printout.id).where(Printout.job_id == job_id))
    if other is not None:  # asked for in another window in between
        session.delete(row)
        return other
    row.job_id = job_id
    facts = {"letter": letter, "part": part, "ending": ending}
    note(exam_id, "print", actor_id=member_id, attempt_id=attempt_id, **facts)
    return row.id


def printed(order: queries.Order, report: Callable[[float], None]) -> int:
    """Write the file of an order, outside of any transaction; returns its size in bytes.

    `report` is told the share that is done. Raises NoRoom.
    """
    with force_locale(order.language):
        data = _written(order, _now_and_then(report))
    path = printed_file(order.token)
    path.parent.mkdir(parents=True, exist_ok=True)
    reserve = current_app.extensions["weike"].disk_reserve
    if shutil.disk_usage(path.parent).free - len(data) < reserve:
        raise NoRoom
    beside = path.with_suffix(".part")
    beside.write_bytes(data)
    beside.replace(path)
    return len(data)


def keep_printed(printout_id: int, *, size: int) -> None:
    """A file is made; nothing happens when nobody waits for it any more."""
    row = db.session().get(Printout, printout_id)
    if row is not None:
        row.made_at, row.size = clock.now(), size


def printed_file(token: str) -> Path:
    """Where the file of a printout lies."""
    folder: Path = current_app.extensions["weike"].instance_dir / "printed"
    return folder / token


def sweep_printed() -> int:
    """Forget what was asked for a day ago, and remove files that no row knows; returns how many."""
    session = db.session()
    gone = 0
    for row in session.scalars(select(Printout).where(Printout.asked_at < clock.now() - KEPT)):
        after_commit(partial(printed_file(row.token).unlink, missing_ok=True))
        session.delete(row)
        gone += 1
    known = set(session.scalars(select(Printout.token)))
    for path in printed_file("any").parent.glob("*"):
        is_old = path.stat().st_mtime < clock.epoch() - ORPHAN_SECONDS
        if path.stem not in known and is_old:
            path.unlink(missing_ok=True)
            gone += 1
    return gone


# --- the parts ------------------------------------------------------------------------------------


def _written(order: queries.Order, report: Callable[[float], None]) -> bytes:
    exam = laying.Exam(order.title, order.minutes, order.wrong_costs)
    if order.part != "all":
        [(letter, questions)] = order.papers
        blocks = laying.blocks_of(order.part, exam, letter, questions)
        return _drawn(order, blocks, report)
    out, all_ = io.BytesIO(), [(*paper, part) for paper in order.papers for part in PARTS]
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as target:
        for done, (letter, questions, part) in enumerate(all_):
            report(done / len(all_))
            blocks = laying.blocks_of(part, exam, letter, questions)
            data = _drawn(order, blocks, lambda _share: None)
            target.writestr(f"{letter}-{part}.{order.ending}", data)
    return out.getvalue()


def _drawn(
    order: queries.Order, blocks: list[sheets.Block], report: Callable[[float], None]
) -> bytes:
    if order.ending == "pdf":
        return sheets.pdf(order.title, order.language, blocks, report)
    return sheets.docx(order.title, order.language, blocks, report)


def _now_and_then(report: Callable[[float], None]) -> Callable[[float], None]:
    """Tells only what has grown by a step."""

    said = 0.0

    def tell(share: float) -> None:
        nonlocal said
        if share >= said + _STEP:
            said = share
            report(share)

    return tell
