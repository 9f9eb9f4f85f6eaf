"""What search knows of the bank: each question that is not retired, for those who write some."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import select

from app.core import jobs, markdown
from app.core.addresses import address
from app.core.db import db
from app.questions import queries, types
from app.questions.models import Question
from app.questions.rules import QuestionState
from app.search import folding
from app.search import service as search
from app.search.rules import AUTHORS
from app.search.service import Passage

LONGEST_TITLE = 120  # characters
SEARCH_JOB = "questions.search"
AT_ONCE = 50  # questions that search is told of in the transaction that changes them


def refresh_search(question_ids: Iterable[int]) -> None:
    """Have search know what questions say now: at once, or by the worker when they are many."""
    ids = sorted(set(question_ids))
    if len(ids) > AT_ONCE:
        jobs.enqueue(SEARCH_JOB, ids=ids)
    else:
        tell_search(ids)


def tell_search(question_ids: Iterable[int]) -> None:
    """Put what questions say now, and take out those that are retired or gone."""
    ids = sorted(set(question_ids))
    found = queries.questions(ids)
    rows = {
        row.id: row
        for row in db.session().scalars(select(Question).where(Question.id.in_(ids)))
        if row.state != QuestionState.RETIRED
    }
    names = queries.category_names() if any(row.category_id for row in rows.values()) else {}
    tags = queries.tags_of(ids)
    for question_id in ids:
        question, row = found.get(question_id), rows.get(question_id)
        if question is None or row is None:
            search.remove(kind="question", ref=str(question_id))
            continue
        said = [
            markdown.plain(part)
            for part in types.of(question.kind).said(question.body)
            if part.strip()
        ]
        title = " ".join((said or [""])[0].split())
        text = "\n".join((*said, " ".join(tags.get(question_id, ()))))
        search.put(
            kind="question",
            ref=str(question_id),
            title=title[:LONGEST_TITLE],
            url=address("desk_question", question=question_id),
            passages=[Passage("", "", text)],
            audience=frozenset((AUTHORS,)),
            language=folding.language_of(text),
            shelf=names.get(row.category_id or 0, ""),
            note=names.get(row.category_id or 0, ""),
        )


def reindex_all() -> int:
    """Tell search of the whole bank again; returns how many questions there are."""
    ids = list(db.session().scalars(select(Question.id).order_by(Question.id)))
    for start in range(0, len(ids), 200):
        tell_search(ids[start : start + 200])
    return len(ids)
