"""Everything that an exam leaves behind, as files for its archive."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict
from html import escape
from typing import Any, BinaryIO, NamedTuple

from flask_babel import lazy_gettext as _l
from sqlalchemy import select, tuple_

from app.core.db import db, reading
from app.core.refusals import NotThere
from app.core.spreadsheet import csv_lines
from app.exams import rules
from app.exams.models import (
    Appeal,
    Attempt,
    AttemptItem,
    Evidence,
    Exam,
    ExamEvent,
    GivenMark,
    Regrade,
    RegradeAttempt,
)
from app.exams.queries.attempts import view
from app.exams.queries.outcomes import book_of
from app.exams.queries.sending import CHANGED, GONE, HEADER, LATER, UNREADABLE, Enclosing, Filed
from app.members.models import Branch, Member
from app.questions import types
from app.questions.queries import Question, versions
from app.questions.types import file

_ATTEMPT = (
    *("id", "number", "state", "seed", "pass_percent", "wrong_costs", "out_of"),
    *("started_at", "deadline_at"),
    *("added_s", "left", "address", "submitted_at", "ended_by", "waiting", "score", "passed"),
    *("receipt", "goes_on_from"),
)

_STATES = {
    GONE: _l("the file is gone from the storage"),
    UNREADABLE: _l("the file could not be read to its end"),
    CHANGED: _l("the file is not as it was sent"),
    LATER: _l("the file was sent while this archive was made"),
}

AT_ONCE = 200  # attempts that are in memory at the same time


def records_of(
    exam_id: int, open_file: Callable[[str], BinaryIO]
) -> Iterator[tuple[str, Iterable[bytes]]]:
    """(name, content) of every file: settings, takers, answers, papers, acts, marks, figures.

    Read part by part while the archive is made, so that an exam of a hundred thousand takers needs
    no more memory than one of a hundred. The files that members sent come first, so that papers and
    tables can say what became of each; `open_file` opens one by its token, and may raise OSError.
    """
    with reading() as session:
        exam = session.get(Exam, exam_id)
        if exam is None:
            raise NotThere
        title = exam.title
        settings = {
            c.name: getattr(exam, c.key)
            for c in Exam.__table__.columns
            if c.name not in {"password", "safe_keys"}
        }
        of_exam = select(Attempt.id).where(Attempt.exam_id == exam_id)
        ids = list(session.scalars(of_exam.order_by(Attempt.id)))
        asked = select(AttemptItem.version_id).where(AttemptItem.attempt_id.in_(of_exam))
        known = versions(session.scalars(asked.distinct()).all())
    yield "exam.json", [json.dumps(settings, default=str, ensure_ascii=False, indent=1).encode()]
    header = ["member_id", "name", "username", "branch", *_ATTEMPT, "percent"]
    yield "attempts.csv", csv_lines(header, _attempts(ids))
    sent = Enclosing(open_file, [id_ for id_, each in known.items() if each.kind == file.KIND])
    yield from sent.contents(_parts(ids))
    for paper in _papers(ids, sent):
        yield f"papers/{paper.attempt.id}.html", [_page(title, paper, known)]
    head = ["attempt_id", "item_id", "position", "question_id", "version_id", "kind", "answer"]
    more = ["saved", "saved_at", "mark", "max_mark", "marked_by", "marked_at", "comment"]
    answers = (
        _answer(paper, item, known[item.version_id])
        for paper in _papers(ids, sent)
        for item in paper.items
    )
    yield "answers.csv", csv_lines([*head, *more, "file", "file_state"], answers)
    yield "files.csv", csv_lines(HEADER, (sent.row(each) for each in sent.of(_parts(ids))))
    yield "acts.csv", _table(ExamEvent, ExamEvent.exam_id == exam_id)
    yield "regrades.csv", _table(Regrade, Regrade.exam_id == exam_id)
    done = select(Regrade.id).where(Regrade.exam_id == exam_id)
    yield "regraded.csv", _table(RegradeAttempt, RegradeAttempt.regrade_id.in_(done))
    yield "kept_aside.csv", _table(Evidence, Evidence.attempt_id.in_(of_exam))
    of_items = select(AttemptItem.id).where(AttemptItem.attempt_id.in_(of_exam))
    yield "marks.csv", _table(GivenMark, GivenMark.item_id.in_(of_items))
    yield "appeals.csv", _table(Appeal, Appeal.exam_id == exam_id)
    with reading():
        figures = asdict(book_of(exam_id).statistics())
    yield "statistics.json", [json.dumps(figures, ensure_ascii=False, indent=1).encode()]


def _takers(ids: Sequence[int]) -> list[tuple[Attempt, str, str, str]]:
    rows = db.session().execute(
        select(Attempt, Member.name, Member.username, Branch.name)
        .join(Member, Member.id == Attempt.member_id)
        .join(Branch, Branch.id == Member.branch_id)
        .where(Attempt.id.in_(ids))
        .order_by(Attempt.id)
    )
    return [(row, name, username, branch) for row, name, username, branch in rows]


def _attempts(ids: Sequence[int]) -> Iterator[list[Any]]:
    for part in _parts(ids):
        with reading():
            rows = _takers(part)
        for row, name, username, branch in rows:
            told = [getattr(row, k) for k in _ATTEMPT]
            percent = "" if row.passed is None else view(row).percent  # as pages show it
            yield [row.member_id, name, username, branch, *told, percent]


class _Paper(NamedTuple):
    """One attempt with whose it is, its items, and the files that answer them by item."""

    attempt: Attempt
    who: str
    items: list[AttemptItem]
    files: dict[int, Filed]


def _papers(ids: Sequence[int], sent: Enclosing) -> Iterator[_Paper]:
    for part in _parts(ids):
        items: dict[int, list[AttemptItem]] = {}
        files = sent.answers(part)
        with reading() as session:
            rows = _takers(part)
            for item in session.scalars(
                select(AttemptItem)
                .where(AttemptItem.attempt_id.in_(part))
                .order_by(AttemptItem.attempt_id, AttemptItem.position)
            ):
                items.setdefault(item.attempt_id, []).append(item)
        for row, name, _username, branch in rows:
            yield _Paper(row, f"{name} · {branch}", items.get(row.id, []), files)


def _parts(ids: Sequence[Any]) -> Iterator[Sequence[Any]]:
    for start in range(0, len(ids), AT_ONCE):
        yield ids[start : start + AT_ONCE]


def _answer(paper: _Paper, item: AttemptItem, question: Question) -> list[Any]:
    return [
        *(paper.attempt.id, item.id, item.position, question.id, item.version_id, question.kind),
        *("; ".join(_said(item, question)), item.saved, item.saved_at, item.mark, item.max_mark),
        *(item.marked_by, item.marked_at, item.comment),
        *paper.files.get(item.id, Filed()),
    ]


def _said(item: AttemptItem, question: Question) -> list[str]:
    """An answer in words: options by their text, places on a picture by their coordinates."""
    told = types.of(question.kind).explained(question.body, list(item.response or ()))
    if told["options"]:  # always there, and empty where there is nothing to choose
        return [str(option["text"]) for option in told["options"] if option["ticked"]]
    if "pairs" in told:
        return [f"{pair['left']} – {pair['given']}" for pair in told["pairs"] if pair["given"]]
    if "items" in told:
        return [f"{i['given']}: {i['text']}" for i in told["items"] if i["given"]]
    if "gaps" in told:
        return [str(gap["given"]) for gap in told["gaps"]] if item.response else []
    if "points" in told:
        return [f"{point['x']}, {point['y']}" for point in told["points"]]
    return [str(told.get("given", ""))] if told.get("given") else []


def _table(model: Any, where: Any) -> Iterator[bytes]:
    columns = [(column.name, column.key) for column in model.__table__.columns]
    return csv_lines([name for name, _key in columns], _rows(model, where, columns))


def _rows(model: Any, where: Any, columns: Sequence[tuple[str, str]]) -> Iterator[list[Any]]:
    key = tuple(model.__table__.primary_key)
    with reading() as session:
        keys = [tuple(row) for row in session.execute(select(*key).where(where).order_by(*key))]
    for part in _parts(keys):
        with reading() as session:
            rows = session.scalars(select(model).where(tuple_(*key).in_(part)).order_by(*key)).all()
        for row in rows:
            values = (getattr(row, name) for _, name in columns)
            yield [
                json.dumps(value, ensure_ascii=False) if isinstance(value, dict | list) else value
                for value in values
            ]


def _page(title: str, paper: _Paper, bodies: dict[int, Question]) -> bytes:
    """One paper with its answers and marks, to be read in any browser in twenty years."""
    attempt, who = paper.attempt, paper.who
    began = attempt.started_at.isoformat()
    ended = attempt.submitted_at.isoformat() if attempt.submitted_at else "…"
    score = attempt.score if attempt.score is not None else "–"
    lines = [
        "<!doctype html>",
        '<meta charset="utf-8">',
        f"<title>{escape(title)} · {escape(who)}</title>",
        f"<h1>{escape(title)}</h1>",
        f"<p>{escape(who)} · #{attempt.number} · {attempt.state}<br>",
        f"{began} – {ended}<br>",
        f"{score} / {attempt.out_of} · {escape(attempt.receipt or '')}</p>",
        "<ol>",
    ]
    for item in paper.items:
        question = bodies[item.version_id]
        order = [token for _name, token in item.options]
        shown = types.of(question.kind).shown(question.body, order)
        choices = "".join(f"<li>{escape(str(o['text']))}</li>" for o in shown.get("options") or ())
        said = escape("; ".join(_said(item, question))) or "–"
        if filed := paper.files.get(item.id):
            if filed.name:
                said = f'<a href="../{filed.name}">{said}</a>'
            if filed.state in _STATES:
                said += f" ({escape(str(_STATES[filed.state]))})"
        mark = "–"
        if item.mark is not None:
            mark = f"{rules.points(item.mark, item.max_mark):f} / {item.max_mark}"
        lines += [
            f"<li><pre>{escape(question.stem)}</pre><ul>{choices}</ul>",
            f"<pre>→ <b>{said}</b> ({mark})</pre>",
            f"<p>{escape(item.comment)}</p></li>" if item.comment else "</li>",
        ]
    return "\n".join([*lines, "</ol>"]).encode()
