"""The bank as authors search it: by words, kind, category, tag, difficulty, state and author."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, or_, select

from app.core.db import db
from app.core.paging import Page, window
from app.core.refusals import NotThere
from app.media import queries as media
from app.members.models import Member
from app.members.rules import Reader
from app.questions.formats import Saying
from app.questions.models import (
    Category,
    QuestionChange,
    QuestionPlace,
    QuestionTag,
    QuestionVersion,
)
from app.questions.models import Question as Row
from app.questions.queries.questions import Question, Rows, newest, questions, read
from app.questions.rules import QuestionState, span_text
from app.search.folding import fold

NO_CATEGORY = -1


@dataclass(frozen=True)
class Wanted:
    """What is looked for; what is empty does not matter. `category` with all below it, or
    NO_CATEGORY. Retired questions are found only by their state."""

    text: str = ""
    kind: str = ""
    mine: bool = False
    category: int | None = None
    tag: str = ""
    difficulty: int | None = None
    state: str = ""
    import_id: int | None = None
    language: str = ""


@dataclass(frozen=True)
class CategoryView:
    """One folder of the bank; `name` is indented by its depth, `count` with all below it."""

    id: int
    parent_id: int | None
    name: str
    path: str  # of names: Safety/Fire
    depth: int
    count: int

    @property
    def shown(self) -> str:
        return "\u3000" * self.depth + self.name


@dataclass(frozen=True)
class Change:
    """Who changed how a question is sorted: {fact: [before, after]}."""

    who: str
    changed_at: datetime
    what: dict[str, Any]


def bank_for(
    reader: Reader,
    *,
    text: str = "",
    kind: str = "",
    mine: bool = False,
    page: int = 1,
    leave_out: Iterable[int] = (),
    wanted: Wanted | None = None,
) -> Page[Question]:
    """The bank as an author sees it, the newest first."""
    if not reader.is_author:
        raise NotThere
    found = _narrowed(reader, wanted or Wanted(text=text, kind=kind, mine=mine))
    left_out = list(leave_out)
    if left_out:
        found = found.where(Row.id.not_in(left_out))
    total = db.session().scalar(select(func.count()).select_from(found.subquery())) or 0
    offset, limit = window(page)
    ordered = found.order_by(QuestionVersion.id.desc()).offset(offset).limit(limit)
    return Page(read(ordered), max(1, page), total)


def ids_for(reader: Reader, wanted: Wanted, *, most: int) -> list[int]:
    """The ids of all that an author's search finds, in the order of the bank's age."""
    if not reader.is_author:
        raise NotThere
    found = _narrowed(reader, wanted).with_only_columns(Row.id).order_by(Row.id).limit(most)
    return list(db.session().scalars(found))


def editable(reader: Reader, question_ids: Iterable[int]) -> list[int]:
    """Those of some questions that the reader may edit."""
    found = select(Row.id).where(Row.id.in_(list(question_ids))).order_by(Row.id)
    if not reader.is_administrator:
        found = found.where(Row.author_id == reader.id)
    return list(db.session().scalars(found)) if reader.is_author else []


def sharing(reader: Reader, found: Question) -> list[int]:
    """The other questions that the reader may edit and whose shared text is that of `found`."""
    text = found.plain.get("material")
    if not text:
        return []
    wanted = (
        _narrowed(reader, Wanted())
        .with_only_columns(Row.id)
        .where(QuestionVersion.body["material"].as_string() == text, Row.id != found.id)
    )
    return editable(reader, db.session().scalars(wanted))


def pool(
    *,
    category: int | None = None,
    kinds: Sequence[str] = (),
    difficulties: Sequence[int] = (),
    tags: Sequence[str] = (),
) -> list[int]:
    """Ids of questions that are ready, for drawing papers: of a category with all below it, of
    one of the kinds and difficulties, with every one of the tags."""
    found = select(Row.id).where(Row.state == QuestionState.READY)
    if category is not None:
        found = found.where(Row.category_id.in_(_below(category)))
    if kinds:
        found = found.where(Row.kind.in_(kinds))
    if difficulties:
        found = found.where(Row.difficulty.in_(difficulties))
    for tag in tags:
        found = found.where(Row.id.in_(select(QuestionTag.question_id).filter_by(tag=tag)))
    return list(db.session().scalars(found.order_by(Row.id)))


def _narrowed(reader: Reader, wanted: Wanted) -> Rows:
    found = newest()
    if wanted.state:
        found = found.where(Row.state == wanted.state)
    elif wanted.import_id is None:
        found = found.where(Row.state != QuestionState.RETIRED)
    if wanted.kind:
        found = found.where(Row.kind == wanted.kind)
    if wanted.language:
        found = found.where(Row.language == wanted.language)
    if wanted.mine:
        found = found.where(Row.author_id == reader.id)
    if wanted.category == NO_CATEGORY:
        found = found.where(Row.category_id.is_(None))
    elif wanted.category is not None:
        found = found.where(Row.category_id.in_(_below(wanted.category)))
    if wanted.tag:
        tagged = select(QuestionTag.question_id).where(QuestionTag.tag == wanted.tag)
        found = found.where(Row.id.in_(tagged))
    if wanted.difficulty:
        found = found.where(Row.difficulty == wanted.difficulty)
    if wanted.import_id is not None:
        found = found.where(Row.import_id == wanted.import_id)
    for word in fold(wanted.text).split()[:8]:
        found = found.where(
            or_(
                QuestionVersion.said.contains(word, autoescape=True),
                Row.id.in_(select(QuestionTag.question_id).where(QuestionTag.tag == word)),
            )
        )
    return found


def _below(category_id: int) -> list[int]:
    path = db.session().scalar(select(Category.path).where(Category.id == category_id))
    if path is None:
        return []
    return list(db.session().scalars(select(Category.id).where(Category.path.startswith(path))))


def categories() -> list[CategoryView]:
    """The tree of categories in the order of reading, with how many questions are in each."""
    session = db.session()
    used = (
        select(Row.category_id, func.count())
        .where(Row.state != QuestionState.RETIRED)
        .group_by(Row.category_id)
    )
    counts: dict[int | None, int] = dict(session.execute(used).all())
    rows = list(session.scalars(select(Category).order_by(Category.name)))
    children: dict[int | None, list[Category]] = {}
    for row in rows:
        children.setdefault(row.parent_id, []).append(row)
    found: list[CategoryView] = []

    def walk(parent: int | None, above: str, depth: int) -> int:
        total = 0
        for row in children.get(parent, ()):
            path = f"{above}/{row.name}" if above else row.name
            place = len(found)
            found.append(CategoryView(row.id, parent, row.name, path, depth, 0))
            count = counts.get(row.id, 0) + walk(row.id, path, depth + 1)
            found[place] = CategoryView(row.id, parent, row.name, path, depth, count)
            total += count
        return total

    walk(None, "", 0)
    return found


def category_names() -> dict[int, str]:
    """The path of names of every category, by id."""
    return {category.id: category.path for category in categories()}


def tag_counts(*, most: int = 60) -> list[tuple[str, int]]:
    """The tags in use, the commonest first."""
    found = (
        select(QuestionTag.tag, func.count())
        .join(Row, Row.id == QuestionTag.question_id)
        .where(Row.state != QuestionState.RETIRED)
        .group_by(QuestionTag.tag)
        .order_by(func.count().desc(), QuestionTag.tag)
        .limit(most)
    )
    return [(tag, number) for tag, number in db.session().execute(found)]


def tags_of(question_ids: Iterable[int]) -> dict[int, list[str]]:
    """The tags of questions, in order; questions without any are left out."""
    ids = list(question_ids)
    found: dict[int, list[str]] = {}
    if ids:
        rows = select(QuestionTag).where(QuestionTag.question_id.in_(ids)).order_by(QuestionTag.tag)
        for row in db.session().scalars(rows):
            found.setdefault(row.question_id, []).append(row.tag)
    return found


def languages_of(question_ids: Iterable[int]) -> dict[int, str]:
    """The languages of questions: zh, en or any."""
    ids, found = list(question_ids), dict[int, str]()
    for start in range(0, len(ids), 500):
        part = select(Row.id, Row.language).where(Row.id.in_(ids[start : start + 500]))
        found.update((number, language) for number, language in db.session().execute(part))
    return found


def facts(questions: Iterable[Question]) -> dict[int, dict[str, Any]]:
    """How questions are sorted, as files say it: category (path of names), tags, difficulty,
    source, a language that somebody chose; what is empty is left out."""
    given = list(questions)
    tags = tags_of(question.id for question in given)
    names = category_names()
    found = {}
    for question in given:
        row = {
            "category": names.get(question.category_id or 0, ""),
            "tags": tags.get(question.id, []),
            "difficulty": question.difficulty,
            "source": question.source,
            "language": question.language if question.language_told else "",
        }
        found[question.id] = {name: value for name, value in row.items() if value}
    return found


@dataclass(frozen=True)
class Place:
    """A span of a recording, in milliseconds; `finish_ms` is None for “from there on”."""

    media_id: int
    start_ms: int
    finish_ms: int | None

    @property
    def span(self) -> str:
        """“07:12–07:40”"""
        start = span_text(self.start_ms)
        return f"{start}–{span_text(self.finish_ms)}" if self.finish_ms is not None else start


def places(question_ids: Iterable[int]) -> dict[int, Place]:
    """Where recordings teach what questions ask; questions without a place are left out."""
    return {
        row.question_id: Place(int(row.ref), row.start, row.finish)
        for row in _placed(question_ids, "recording")
    }


@dataclass(frozen=True)
class PagePlace:
    """A place in a document, by its uuid and its anchor there."""

    document: str
    anchor: str


def page_places(question_ids: Iterable[int]) -> dict[int, PagePlace]:
    """Where documents teach what questions ask; questions without a place are left out."""
    return {
        row.question_id: PagePlace(row.ref, row.anchor) for row in _placed(question_ids, "document")
    }


def _placed(question_ids: Iterable[int], kind: str) -> Iterable[QuestionPlace]:
    ids = list(question_ids)
    if not ids:
        return ()
    rows = select(QuestionPlace).where(QuestionPlace.kind == kind)
    return db.session().scalars(rows.where(QuestionPlace.question_id.in_(ids)))


def changes(question_id: int) -> list[Change]:
    """Who changed how a question is sorted, the newest first."""
    rows = (
        select(QuestionChange, Member.name)
        .join(Member, Member.id == QuestionChange.member_id)
        .where(QuestionChange.question_id == question_id)
        .order_by(QuestionChange.id.desc())
    )
    return [Change(name, row.changed_at, row.what) for row, name in db.session().execute(rows)]


def sayings(question_ids: Iterable[int]) -> list[Saying]:
    """Questions as files say them, in the order given; also where each is taught, by names that
    hold on another site that has the same recording or document."""
    ids = list(question_ids)
    found = questions(ids)
    sorted_ = facts(found.values())
    watched = places(ids)
    names = media.media_uuids(place.media_id for place in watched.values())
    for number, place in watched.items():
        if number in sorted_ and place.media_id in names:
            said = {"recording": names[place.media_id], "from": span_text(place.start_ms)}
            if place.finish_ms is not None:
                said["to"] = span_text(place.finish_ms)
            sorted_[number]["watch"] = said
    for number, page in page_places(ids).items():
        if number in sorted_:
            sorted_[number]["read"] = {"document": page.document, "at": page.anchor}
    return [
        Saying(found[i].kind, found[i].plain, sorted_[i], number)
        for number, i in enumerate((i for i in ids if i in found), 1)
    ]
