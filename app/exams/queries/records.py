"""Everything that an exam leaves behind, as files for its archive."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict
from html import escape
from typing import Any

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
from app.exams.queries.outcomes import book_of
from app.members.models import Branch, Member
from app.questions import types
from app.questions.queries import Question, versions

_ATTEMPT = (
    *("id", "number", "state", "seed", "pass_percent", "out_of", "started_at", "deadline_at"),
    *("added_s", "left", "address", "submitted_at", "ended_by", "waiting", "score", "passed"),
    *("receipt", "goes_on_from"),
)

AT_ONCE = 200  # attempts that are in memory at the same time


def records_of(exam_id: int) -> Iterator[tuple[str, Iterable[bytes]]]:
    """(name, content) of every file: settings, takers, answers, papers, acts, marks, figures.

    Read part by part while the archive is made, so that an exam of a hundred thousand takers needs
    no more memory than one of a hundred.
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
    yield "exam.json", [json.dumps(settings, default=str, ensure_ascii=False, indent=1).encode()]
    header = ["member_id", "name", "username", "branch", *_ATTEMPT]
    yield "attempts.csv", csv_lines(header, _attempts(ids))
    known: dict[int, Question] = {}
    for row, who, items in _papers(ids, known):
        yield f"papers/{row.id}.html", [_page(title, row, who, items, known)]
    head = ["attempt_id", "item_id", "position", "question_id", "version_id", "kind", "answer"]
    more = ["saved", "saved_at", "mark", "max_mark", "marked_by", "marked_at", "comment"]
    answers = (
        _answer(row.id, item, known[item.version_id])
        for row, _who, items in _papers(ids, known)
        for item in items
    )
    yield "answers.csv", csv_lines([*head, *more], answers)
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
            yield [row.member_id, name, username, branch, *(getattr(row, k) for k in _ATTEMPT)]


def _papers(
    ids: Sequence[int], known: dict[int, Question]
) -> Iterator[tuple[Attempt, str, list[AttemptItem]]]:
    """Each attempt with whose it is and its items; `known` comes to hold their questions."""
    for part in _parts(ids):
        items: dict[int, list[AttemptItem]] = {}
        with reading() as session:
            rows = _takers(part)
            for item in session.scalars(
                select(AttemptItem)
                .where(AttemptItem.attempt_id.in_(part))
                .order_by(AttemptItem.attempt_id, AttemptItem.position)
            ):
                items.setdefault(item.attempt_id, []).append(item)
            asked = {item.version_id for each in items.values() for item in each}
            if new := asked - known.keys():
                known.update(versions(new))
        for row, name, _username, branch in rows:
            yield row, f"{name} · {branch}", items.get(row.id, [])


def _parts(ids: Sequence[Any]) -> Iterator[Sequence[Any]]:
    for start in range(0, len(ids), AT_ONCE):
        yield ids[start : start + AT_ONCE]


def _answer(attempt_id: int, item: AttemptItem, question: Question) -> list[Any]:
    return [
        *(attempt_id, item.id, item.position, question.id, item.version_id, question.kind),
        *("; ".join(_said(item, question)), item.saved, item.saved_at, item.mark, item.max_mark),
        *(item.marked_by, item.marked_at, item.comment),
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


def _page(
    title: str, attempt: Attempt, who: str, items: list[AttemptItem], bodies: dict[int, Question]
) -> bytes:
    """One paper with its answers and marks, to be read in any browser in twenty years."""
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
    for item in items:
        question = bodies[item.version_id]
        order = [token for _name, token in item.options]
        shown = types.of(question.kind).shown(question.body, order)
        choices = "".join(f"<li>{escape(str(o['text']))}</li>" for o in shown.get("options") or ())
        said = "; ".join(_said(item, question))
        mark = "–"
        if item.mark is not None:
            mark = f"{rules.points(item.mark, item.max_mark):f} / {item.max_mark}"
        lines += [
            f"<li><pre>{escape(question.stem)}</pre><ul>{choices}</ul>",
            f"<pre>→ <b>{escape(said) or '–'}</b> ({mark})</pre>",
            f"<p>{escape(item.comment)}</p></li>" if item.comment else "</li>",
        ]
    return "\n".join([*lines, "</ol>"]).encode()
