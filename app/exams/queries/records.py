"""Everything that an exam leaves behind, as files for its archive."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict
from html import escape
from typing import Any

from sqlalchemy import select

from app.core.db import db
from app.core.refusals import NotThere
from app.core.spreadsheet import write_csv
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


def records_of(exam_id: int) -> Iterator[tuple[str, bytes]]:
    """(name, content) of every file: settings, takers, answers, papers, acts, marks, figures."""
    session = db.session()
    exam = session.get(Exam, exam_id)
    if exam is None:
        raise NotThere
    settings = {
        c.name: getattr(exam, c.key)
        for c in Exam.__table__.columns
        if c.name not in {"password", "safe_keys"}
    }
    yield "exam.json", json.dumps(settings, default=str, ensure_ascii=False, indent=1).encode()
    rows = session.execute(
        select(Attempt, Member.name, Member.username, Branch.name)
        .join(Member, Member.id == Attempt.member_id)
        .join(Branch, Branch.id == Member.branch_id)
        .where(Attempt.exam_id == exam_id)
        .order_by(Attempt.id)
    ).all()
    header = ["member_id", "name", "username", "branch", *_ATTEMPT]
    yield (
        "attempts.csv",
        write_csv(
            header,
            (
                [row.member_id, name, username, branch, *(getattr(row, key) for key in _ATTEMPT)]
                for row, name, username, branch in rows
            ),
        ),
    )
    answers: list[list[Any]] = []
    for row, name, _username, branch in rows:
        items = list(
            session.scalars(
                select(AttemptItem)
                .where(AttemptItem.attempt_id == row.id)
                .order_by(AttemptItem.position)
            )
        )
        bodies = versions(item.version_id for item in items)
        answers += [_answer(row.id, item, bodies[item.version_id]) for item in items]
        yield f"papers/{row.id}.html", _page(exam.title, row, f"{name} · {branch}", items, bodies)
    head = ["attempt_id", "item_id", "position", "question_id", "version_id", "kind", "answer"]
    more = ["saved", "saved_at", "mark", "max_mark", "marked_by", "marked_at", "comment"]
    yield "answers.csv", write_csv([*head, *more], answers)
    yield "acts.csv", _table(ExamEvent, ExamEvent.exam_id == exam_id)
    yield "regrades.csv", _table(Regrade, Regrade.exam_id == exam_id)
    done = select(Regrade.id).where(Regrade.exam_id == exam_id)
    yield "regraded.csv", _table(RegradeAttempt, RegradeAttempt.regrade_id.in_(done))
    ids = select(Attempt.id).where(Attempt.exam_id == exam_id)
    yield "kept_aside.csv", _table(Evidence, Evidence.attempt_id.in_(ids))
    items_ = select(AttemptItem.id).where(AttemptItem.attempt_id.in_(ids))
    yield "marks.csv", _table(GivenMark, GivenMark.item_id.in_(items_))
    yield "appeals.csv", _table(Appeal, Appeal.exam_id == exam_id)
    figures = asdict(book_of(exam_id).statistics())
    yield "statistics.json", json.dumps(figures, ensure_ascii=False, indent=1).encode()


def _answer(attempt_id: int, item: AttemptItem, question: Question) -> list[Any]:
    return [
        *(attempt_id, item.id, item.position, question.id, item.version_id, question.kind),
        *("; ".join(_said(item, question)), item.saved, item.saved_at, item.mark, item.max_mark),
        *(item.marked_by, item.marked_at, item.comment),
    ]


def _said(item: AttemptItem, question: Question) -> list[str]:
    """An answer in words: options by their text."""
    told = types.of(question.kind).explained(question.body, list(item.response or ()))
    if "options" in told:
        return [str(option["text"]) for option in told["options"] if option["ticked"]]
    if "pairs" in told:
        return [f"{pair['left']} – {pair['given']}" for pair in told["pairs"] if pair["given"]]
    if "items" in told:
        return [f"{i['given']}: {i['text']}" for i in told["items"] if i["given"]]
    if "gaps" in told:
        return [str(gap["given"]) for gap in told["gaps"]]
    return [str(told.get("given", ""))] if told.get("given") else []


def _table(model: Any, where: Any) -> bytes:
    columns = [(column.name, column.key) for column in model.__table__.columns]
    rows = db.session().scalars(select(model).where(where).order_by(*model.__table__.primary_key))
    return write_csv(
        [name for name, _key in columns],
        (
            [
                json.dumps(value, ensure_ascii=False) if isinstance(value, dict | list) else value
                for value in (getattr(row, key) for _name, key in columns)
            ]
            for row in rows
        ),
    )


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
        mark = "–" if item.mark is None else f"{item.mark * item.max_mark} / {item.max_mark}"
        lines += [
            f"<li><pre>{escape(question.stem)}</pre><ul>{choices}</ul>",
            f"<p>→ <b>{escape(said) or '–'}</b> ({mark})</p>",
            f"<p>{escape(item.comment)}</p></li>" if item.comment else "</li>",
        ]
    return "\n".join([*lines, "</ol>"]).encode()
