"""Exams on paper: the paper, the answer sheet and the key as PDF or Word; the signed archive."""

from __future__ import annotations

from flask import Response, current_app, redirect, render_template, request, send_file, url_for
from flask.typing import ResponseReturnValue

from app.certificates.openbadges import key_in
from app.core import clock
from app.core.access import access
from app.core.i18n import current_language
from app.core.limits import limited
from app.core.refusals import NotThere
from app.core.streams import streamed
from app.exams import archive, queries, service
from app.exams.views import bp
from app.exams.views.desk import managed
from app.members import service as members
from app.members.access import AUTHOR, EDITOR, reader
from app.questions import service as bank

_TYPES = {
    "pdf": "application/pdf",
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "zip": "application/zip",
}


@bp.get("/desk/exams/<int:exam_id>/print")
@access(AUTHOR)
def on_paper(exam_id: int) -> str:
    exam = managed(exam_id)
    return render_template(
        "exams/on_paper.html",
        exam=exam,
        letters=queries.PAPERS,
        parts=service.PARTS,
        printouts=queries.printouts_of(exam.id, reader().id),
    )


@bp.post("/desk/exams/<int:exam_id>/print")
@access(AUTHOR)
@limited("printed papers", most=60, seconds=600)
def print_paper(exam_id: int) -> ResponseReturnValue:
    """One part of a paper as a file (`what`: A-key-pdf), or all of them; the same letter is the
    same paper for ever."""
    exam = managed(exam_id)
    letter, part, ending = _asked(3)
    service.ask_to_print(
        exam.id,
        member_id=reader().id,
        letter="" if letter == "all" else letter or "?",
        part=part,
        ending=ending,
        language=str(current_language()),
    )
    return _to_the_files(exam.id)


@bp.post("/desk/exams/<int:exam_id>/room/<int:attempt_id>/print")
@access(AUTHOR)
@limited("printed papers", most=60, seconds=600)
def print_attempt(exam_id: int, attempt_id: int) -> ResponseReturnValue:
    """The paper that one taker was given, made again from what is stored."""
    exam = managed(exam_id)
    seat = queries.seat_of(exam, attempt_id, clock.now())
    part, ending = _asked(2)
    service.ask_to_print(
        exam.id,
        member_id=reader().id,
        attempt_id=seat.attempt.id,
        part=part,
        ending=ending,
        language=str(current_language()),
    )
    return _to_the_files(exam.id)


def _asked(words: int) -> list[str]:
    found = request.form.get("what", "").split("-")
    if len(found) != words:
        raise NotThere
    return found


def _to_the_files(exam_id: int) -> ResponseReturnValue:
    return redirect(url_for("exams.on_paper", exam_id=exam_id, _anchor="printed"), 303)


@bp.get("/desk/exams/<int:exam_id>/printed")
@access(AUTHOR)
def printed_list(exam_id: int) -> str:
    """The part of the page that is asked for again until every file is made."""
    exam = managed(exam_id)
    return render_template(
        "exams/_printed.html", exam=exam, printouts=queries.printouts_of(exam.id, reader().id)
    )


@bp.get("/desk/exams/<int:exam_id>/printed/<int:printout_id>")
@access(AUTHOR)
def printed(exam_id: int, printout_id: int) -> Response:
    """A file, for who asked for it and may still change the exam."""
    exam = managed(exam_id)
    found, token = queries.made_printout(exam.id, printout_id, member_id=reader().id)
    path = service.printed_file(token)
    if not path.is_file():
        raise NotThere
    whose = found.letter or found.attempt_id
    name = f"exam-{exam.id}-{whose}-{found.part}" if whose else f"exam-{exam.id}-papers"
    response = send_file(
        path,
        mimetype=_TYPES[found.file_ending],
        as_attachment=True,
        download_name=f"{name}.{found.file_ending}",
    )
    response.headers["Cache-Control"] = "private, no-store"
    return response


@bp.get("/desk/exams/<int:exam_id>/archive")
@access(EDITOR)
@limited("archives", most=10, seconds=3600)
def archived(exam_id: int) -> Response:
    """Papers, answers, marks and acts in one signed file, for the shelf."""
    exam = managed(exam_id)
    pieces = archive.packed(
        queries.records_of(exam.id, bank.drawer().open),
        title=exam.title,
        made_at=clock.now(),
        key=key_in(current_app.extensions["weike"].instance_dir),
    )
    members.taken_away(
        exam.title, kind="zip", branch_id=reader().organized_id, thing=("exam", exam.id)
    )
    return streamed(pieces, kind="application/zip", name=f"exam-{exam.id}-archive.zip")
