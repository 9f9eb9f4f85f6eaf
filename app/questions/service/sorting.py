"""How questions are sorted: categories, tags, difficulty, source, state; and who changed it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import delete, exists, func, select

from app.core import clock
from app.core.db import db
from app.core.refusals import NotThere
from app.core.typed import seen
from app.questions import rules, types
from app.questions.models import Category, Question, QuestionChange, QuestionTag
from app.questions.queries import Question as Shown
from app.questions.queries import questions, tags_of
from app.questions.service.finding import refresh_search
from app.questions.service.places import put_places

UNSET: Any = object()


def sort(
    question_ids: Iterable[int],
    *,
    by: int,
    category_id: Any = UNSET,
    difficulty: Any = UNSET,
    state: Any = UNSET,
    source: Any = UNSET,
    tags: Any = UNSET,
    language: Any = UNSET,
    add_tags: Iterable[str] = (),
    drop_tags: Iterable[str] = (),
) -> int:
    """Change how questions are sorted; what is not named stays. Returns how many changed.

    `language` is one of rules.Language, or "" for what the words of each question show.
    `by` is the member who does it; every change is kept with its before and after. Raises NotThere
    for a category, difficulty, state or language that does not exist.
    """
    session = db.session()
    ids = sorted(set(question_ids))
    _known(category_id, difficulty, state, language)
    given = {"category_id": category_id, "difficulty": difficulty, "state": state}
    if source is not UNSET:
        given["source"] = str(source).strip()[: rules.LONGEST_SOURCE]
    names = {"category_id": "category"}
    before_tags = tags_of(ids)
    shown_by = questions(ids) if language == "" else {}
    paths: dict[int | None, str] = {}
    rows = session.scalars(
        select(Question).where(Question.id.in_(ids)).order_by(Question.id).with_for_update()
    ).all()
    noted: list[QuestionChange] = []
    for row in rows:
        what: dict[str, Any] = {}
        for column, value in given.items():
            old = getattr(row, column)
            if value is UNSET or old == value:
                continue
            what[names.get(column, column)] = [old, value]
            if column == "category_id":
                for each in {old, value} - set(paths):
                    paths[each] = _path(each)
                what["category"] = [paths[old], paths[value]]
            setattr(row, column, value)
        if language is not UNSET:
            what.update(_speak(row, language, shown_by.get(row.id)))
        old_tags = before_tags.get(row.id, [])
        new_tags = _tags(old_tags if tags is UNSET else tags, add_tags, drop_tags)
        if new_tags != old_tags:
            what["tags"] = [old_tags, new_tags]
        if what:
            noted.append(
                QuestionChange(question_id=row.id, member_id=by, changed_at=clock.now(), what=what)
            )
    # Nothing was asked since the rows were read, so all of this goes in a few statements.
    session.add_all(noted)
    session.flush()
    _retag({n.question_id: n.what["tags"] for n in noted if "tags" in n.what})
    if noted:
        refresh_search([n.question_id for n in noted])
    return len(noted)


def _known(category_id: Any, difficulty: Any, state: Any, language: Any) -> None:
    """Raises NotThere for what does not exist."""
    is_category = category_id is not UNSET and category_id is not None
    if is_category and db.session().get(Category, category_id) is None:
        raise NotThere
    for chosen, known in (
        (difficulty, {None, 1, 2, 3, 4, 5}),
        (state, set(rules.QuestionState)),
        (language, {"", *rules.Language}),
    ):
        if chosen is not UNSET and chosen not in known:
            raise NotThere


def _speak(row: Question, language: str, found: Shown | None) -> dict[str, Any]:
    """Set the language of a question, "" for what its words show; what has changed by that."""
    old = row.language
    if not language and found is not None:
        said = " ".join(types.of(found.kind).said(found.body))
        row.language = rules.language_of(found.stem, said)
    else:
        row.language = language
    row.language_told = bool(language)
    return {"language": [old, row.language]} if row.language != old else {}


def _tags(given: Iterable[str], more: Iterable[str], less: Iterable[str]) -> list[str]:
    gone = {tag.strip() for tag in less}
    found = {seen(tag).strip()[: rules.LONGEST_TAG] for tag in [*given, *more]} - gone - {""}
    return sorted(found)[: rules.MOST_TAGS]


def _retag(changes: Mapping[int, Sequence[list[str]]]) -> None:
    """Tags of questions: {id: (before, after)}."""
    session = db.session()
    gone: dict[str, list[int]] = {}
    for question_id, (old, new) in changes.items():
        for tag in set(old) - set(new):
            gone.setdefault(tag, []).append(question_id)
    for tag, ids in gone.items():
        session.execute(
            delete(QuestionTag).where(QuestionTag.tag == tag, QuestionTag.question_id.in_(ids))
        )
    session.add_all(
        QuestionTag(question_id=question_id, tag=tag)
        for question_id, (old, new) in changes.items()
        for tag in new
        if tag not in old
    )
    session.flush()


def put(row: Question, facts: Mapping[str, Any]) -> None:
    """Sort a new question as its file says, but for its category; nobody has changed anything, so
    nothing is noted."""
    row.difficulty = facts.get("difficulty")
    row.source = seen(str(facts.get("source") or ""))[: rules.LONGEST_SOURCE]
    if facts.get("language") in set(rules.Language):
        row.language, row.language_told = facts["language"], True
    tags = _tags(facts.get("tags", ()), (), ())
    db.session().add_all(QuestionTag(question_id=row.id, tag=tag) for tag in tags)
    put_places(row.id, facts.get("places", ()))


# --- categories -----------------------------------------------------------------------------------


def category_at(path: str) -> int:
    """The category of a path of names, "Safety/Fire"; what is missing is made."""
    session = db.session()
    parent: int | None = None
    for name in [part.strip() for part in seen(path).split("/") if part.strip()]:
        found = session.scalar(
            select(Category.id).where(Category.parent_id.is_(parent), Category.name == name)
            if parent is None
            else select(Category.id).where(Category.parent_id == parent, Category.name == name)
        )
        if found is None and parent is not None and _depth(parent) >= rules.DEEPEST_CATEGORY:
            return parent  # deeper than we go: the question stays in what is there
        parent = found if found is not None else create_category(name, parent_id=parent)
    if parent is None:
        raise rules.BadCategory(most=rules.LONGEST_CATEGORY)
    return parent


def create_category(name: str, *, parent_id: int | None) -> int:
    """A new category, at the top or below another. Raises BadCategory, SameCategory, NotThere,
    CategoryTooDeep."""
    session = db.session()
    name = _name(name)
    # Of two with one name at once the later waits, and is refused (PostgreSQL).
    session.scalars(select(Category.id).order_by(Category.id).with_for_update(key_share=True)).all()
    above = session.get(Category, parent_id) if parent_id is not None else None
    if parent_id is not None and above is None:
        raise NotThere
    if above is not None and _depth(above.id) >= rules.DEEPEST_CATEGORY:
        raise rules.CategoryTooDeep(most=rules.DEEPEST_CATEGORY)
    _free(name, parent_id)
    row = Category(parent_id=parent_id, name=name, path="")
    session.add(row)
    session.flush()
    row.path = f"{above.path if above else '/'}{row.id}/"
    session.flush()
    return row.id


def rename_category(category_id: int, name: str) -> None:
    row = db.session().get(Category, category_id)
    if row is None:
        raise NotThere
    name = _name(name)
    if name != row.name:
        _free(name, row.parent_id)
        row.name = name
        session = db.session()
        session.flush()
        below = select(Category.id).where(Category.path.startswith(row.path))
        refresh_search(
            session.scalars(select(Question.id).where(Question.category_id.in_(below))).all()
        )


def remove_category(category_id: int) -> None:
    """Take an empty category away. Raises NotThere, CategoryInUse."""
    session = db.session()
    row = session.get(Category, category_id)
    if row is None:
        raise NotThere
    used = session.scalar(select(exists().where(Question.category_id == category_id)))
    below = session.scalar(select(exists().where(Category.parent_id == category_id)))
    if used or below:
        raise rules.CategoryInUse
    session.delete(row)
    session.flush()


def _name(name: str) -> str:
    plain = " ".join(name.replace("/", " ").split())
    if not plain or len(plain) > rules.LONGEST_CATEGORY:
        raise rules.BadCategory(most=rules.LONGEST_CATEGORY)
    return plain


def _free(name: str, parent_id: int | None) -> None:
    same = select(func.count()).where(Category.name == name)
    same = same.where(
        Category.parent_id.is_(None) if parent_id is None else Category.parent_id == parent_id
    )
    if db.session().scalar(same):
        raise rules.SameCategory(name=name)


def _depth(category_id: int) -> int:
    path = db.session().scalar(select(Category.path).where(Category.id == category_id)) or "/"
    return path.count("/") - 1


def _path(category_id: int | None) -> str:
    """The names of a category from the top down, for the history."""
    names = []
    at = category_id
    while at is not None:
        row = db.session().get(Category, at)
        if row is None:
            break
        names.append(row.name)
        at = row.parent_id
    return "/".join(reversed(names))
