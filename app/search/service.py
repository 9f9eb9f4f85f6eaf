"""What other rooms tell the search room: this can be found now, this no longer.

Both verbs write rows and a line in the outbox in the caller's transaction, so that the index
learns of exactly what was committed, whatever dies afterwards.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import astuple
from datetime import date, datetime

from sqlalchemy import delete, func, insert, select

from app.core import clock, jobs, settings
from app.core.db import db
from app.core.models import Job
from app.core.refusals import NotThere
from app.members import service as members
from app.members.rules.audit import Act
from app.search import folding
from app.search.models import (
    SearchChange,
    SearchKept,
    SearchMissed,
    SearchPassage,
    SearchThing,
    SearchWords,
)
from app.search.rules import (
    LONGEST_PASSAGE,
    LONGEST_QUERY,
    MOST_KEPT,
    MOST_PASSAGES,
    SEVERAL_TITLES,
    Kind,
    NothingToKeep,
    NoWords,
    Passage,
    TooManyKept,
    audience_tokens,
    parse,
    words_of,
)

__all__ = [
    "Passage",
    "drop_search",
    "forget",
    "keep_search",
    "keep_words",
    "look_at",
    "mark_told",
    "note_missed",
    "pending",
    "put",
    "remove",
    "remove_words",
    "wake",
]


NOBODY = audience_tokens(frozenset())


def put(
    *,
    kind: str,
    ref: str,
    title: str,
    url: str,
    passages: Sequence[Passage],
    audience: frozenset[int] | None,
    language: str = "",
    note: str = "",
    authors: str = "",
    shelf: str = "",
    dated: date | None = None,
    others: Mapping[str, Mapping[str, str]] | None = None,
    within: tuple[str, str] | None = None,
    made_of: Iterable[tuple[str, str]] = (),
    until: date | None = None,
    form: str = "",
) -> None:
    """Make a thing findable, or replace what was known of it; the same again is no change.

    `kind` is one of rules.Kind and `ref` the thing's id in its own room. `audience` None is for
    all; otherwise branch ids, each meant with all branches below. `note` is shown, not searched.
    `authors`, `shelf` (the names of its collections, from the top) and `dated` are what author:,
    collection: and year: look at; without a date, the day of the last change stands for it.
    `others` are {language: {"title", "note"}}: found in every language, shown in the reader's.
    `within` is kind and ref of a thing that this one stands in, as a discussion does in a lesson:
    whoever may find that one finds this, now and later, whatever `audience` says.
    `made_of` are kinds and refs of things that it puts together, as a path does courses: whoever
    may find none of them does not find it, now and later.
    `form` is what it comes as, one of those in rules.FORM_WORDS, or nothing.
    `until` is the last day on which it is found, whoever takes it out afterwards.
    The passages' texts are plain text. Takes part in the caller's transaction.
    """
    session = db.session()
    kind = Kind(kind).value
    title, note = _clean(title)[:300], _clean(note)[:300]
    outer = ":".join(within) if within else ""
    tokens = audience_tokens(audience) if within is None else _tokens_of(*within)
    parts = "".join(f"|{':'.join(part)}" for part in made_of)
    parts = f"{parts}|" if parts else ""
    rows = list(_cut(passages))[:MOST_PASSAGES] or [Passage("", "", "")]
    authors, shelf = _clean(authors)[:300], _clean(shelf)[:500]
    said = {
        code: {part: _clean(words)[:300] for part, words in one.items()}
        for code, one in (others or {}).items()
    }
    digest = _digest(
        *(title, url, note, language, outer or tokens, rows, authors, shelf, str(dated)),
        *([said] if said else []),
        *([parts] if parts else []),
        *([str(until)] if until else []),
    )
    thing = session.scalar(
        select(SearchThing).where(SearchThing.kind == kind, SearchThing.ref == str(ref))
    )
    if thing is None:
        thing = SearchThing(kind=kind, ref=str(ref), revision=0)
        session.add(thing)
    elif thing.digest == digest:
        if thing.form != form:  # says nothing new to those who keep a search
            thing.form, thing.revision = form, thing.revision + 1
            session.flush()
            _announce(kind, str(ref))
        return
    titles = [title, *(one["title"] for one in said.values() if one.get("title"))]
    thing.search_title = SEVERAL_TITLES.join(dict.fromkeys(map(folding.segmented, titles)))
    thing.others = said
    thing.title, thing.url, thing.note, thing.language = title, url, note, language
    thing.authors, thing.shelf, thing.dated, thing.until = authors, shelf, dated, until
    spread = thing.audience != tokens
    thing.audience, thing.within, thing.digest = tokens, outer, digest
    thing.made_of, thing.form = parts, form
    thing.revision, thing.changed_at = thing.revision + 1, clock.now()
    session.flush()
    session.execute(delete(SearchPassage).where(SearchPassage.thing_id == thing.id))
    session.execute(
        insert(SearchPassage),
        [
            {
                "thing_id": thing.id,
                "position": position,
                "anchor": row.anchor[:60],
                "label": row.label[:200],
                "url": row.url or url,
                "text": row.text,
                "search_text": folding.segmented(f"{row.label}\n{row.text}"),
                "lines": [list(place) for place in row.lines],
            }
            for position, row in enumerate(rows)
        ],
    )
    _announce(kind, str(ref))
    if spread:
        _spread(kind, str(ref), tokens)


def remove(*, kind: str, ref: str) -> None:
    """Make a thing unfindable; nothing happens when it was not findable."""
    session = db.session()
    thing_id = session.scalar(
        select(SearchThing.id).where(SearchThing.kind == kind, SearchThing.ref == str(ref))
    )
    if thing_id is None:
        return
    session.execute(delete(SearchPassage).where(SearchPassage.thing_id == thing_id))
    session.execute(delete(SearchThing).where(SearchThing.id == thing_id))
    _announce(kind, str(ref))
    _spread(kind, str(ref), NOBODY)


def _tokens_of(kind: str, ref: str) -> str:
    """The audience of another thing; nobody while it cannot be found."""
    found = db.session().scalar(
        select(SearchThing.audience).where(SearchThing.kind == kind, SearchThing.ref == ref)
    )
    return NOBODY if found is None else found


def _spread(kind: str, ref: str, tokens: str) -> None:
    """Give all things that stand in a thing its audience."""
    session = db.session()
    inner = select(SearchThing).where(SearchThing.within == f"{kind}:{ref}")
    for thing in session.scalars(inner.where(SearchThing.audience != tokens)).all():
        thing.audience, thing.revision = tokens, thing.revision + 1
        session.flush()
        _announce(thing.kind, thing.ref)


def keep_words(text: str, *, by: int, words_id: int | None = None) -> int:
    """Keep a group of words that mean the same, or change one; returns its id.

    One word alone is a word that is never cut apart. Raises NoWords, NotThere. The index is built
    anew in the background, since its texts are cut otherwise from now on.
    """
    session = db.session()
    words = words_of(text)
    if not words:
        raise NoWords
    row = session.get(SearchWords, words_id) if words_id is not None else SearchWords()
    if row is None:
        raise NotThere
    row.words, row.changed_by, row.changed_at = "\n".join(words), by, clock.now()
    session.add(row)
    session.flush()
    members.record(Act.SEARCH_WORDS_KEPT, thing=("words", row.id), name=" = ".join(words))
    jobs.enqueue("search.rebuild", key="search.rebuild")
    return row.id


def remove_words(words_id: int) -> None:
    """Forget a group of words."""
    session = db.session()
    row = session.get(SearchWords, words_id)
    if row is None:
        raise NotThere
    words = " = ".join(row.words.split("\n"))
    members.record(Act.SEARCH_WORDS_REMOVED, thing=("words", words_id), name=words)
    session.execute(delete(SearchWords).where(SearchWords.id == words_id))
    jobs.enqueue("search.rebuild", key="search.rebuild")


def keep_search(member_id: int, text: str, kind: Kind | None = None) -> int:
    """Keep a search for a member; the same again is kept once. Raises NothingToKeep, TooManyKept.

    Returns its id.
    """
    session, text = db.session(), " ".join(_clean(text).split())[:LONGEST_QUERY]
    if not parse(text):
        raise NothingToKeep
    mine = select(SearchKept).where(SearchKept.member_id == member_id)
    same = session.scalar(
        mine.where(SearchKept.text == text, SearchKept.kind == (kind.value if kind else ""))
    )
    if same is not None:
        return same.id
    if (session.scalar(select(func.count()).select_from(mine.subquery())) or 0) >= MOST_KEPT:
        raise TooManyKept(most=MOST_KEPT)
    now = clock.now()
    row = SearchKept(
        member_id=member_id,
        text=text,
        kind=kind.value if kind else "",
        seen_at=now,
        told_at=now,
    )
    session.add(row)
    session.flush()
    return row.id


def look_at(member_id: int, kept_id: int) -> None:
    """Remember that a member has seen what there is for a kept search; raises NotThere."""
    row = _kept(member_id, kept_id)
    row.seen_at = row.told_at = clock.now()


def mark_told(kept_id: int, moment: datetime) -> None:
    """Remember up to when a member was told of what is new in a kept search."""
    row = db.session().get(SearchKept, kept_id)
    if row is not None:
        row.told_at = moment


def drop_search(member_id: int, kept_id: int) -> None:
    """Keep a search no longer; raises NotThere."""
    db.session().delete(_kept(member_id, kept_id))


def _kept(member_id: int, kept_id: int) -> SearchKept:
    row = db.session().get(SearchKept, kept_id)
    if row is None or row.member_id != member_id:
        raise NotThere
    return row


def note_missed(text: str) -> None:
    """Count a query that found nothing, for this month and without a name."""
    session, folded = db.session(), " ".join(folding.fold(_clean(text)).split())[:LONGEST_QUERY]
    if not any(map(str.isalnum, folded)):
        return
    month = f"{settings.today():%Y-%m}"
    row = session.get(SearchMissed, (month, folded), with_for_update=True)
    if row is None:
        session.add(SearchMissed(month=month, text=folded, times=1))
    else:
        row.times += 1


def _announce(kind: str, ref: str) -> None:
    session = db.session()
    session.add(SearchChange(kind=kind, ref=ref, created_at=clock.now()))
    session.flush()
    wake()


def pending(limit: int | None) -> list[SearchChange]:
    """The oldest lines of the outbox; all of them for None."""
    return list(
        db.session().scalars(select(SearchChange).order_by(SearchChange.id).limit(limit)).all()
    )


def forget(changes: Iterable[int]) -> None:
    """Take lines out of the outbox, by id: what they tell is safely in the index."""
    ids = list(changes)
    for start in range(0, len(ids), 500):
        db.session().execute(
            delete(SearchChange).where(SearchChange.id.in_(ids[start : start + 500]))
        )


def wake() -> None:
    """See to it that a job waits to empty the outbox.

    A running job does not count: it may have looked into the outbox for the last time already.
    """
    waiting = db.session().scalar(
        select(Job.id).where(Job.kind == "search.index", Job.state == "queued").limit(1)
    )
    if waiting is None:
        jobs.enqueue("search.index", attempts=5)


def _clean(text: str) -> str:
    """Text that every database takes: no NUL, no half characters."""
    return text.replace("\x00", " ").encode("utf-8", "replace").decode("utf-8").strip()


def _cut(passages: Sequence[Passage]) -> Iterator[Passage]:
    """The passages with clean texts, long ones in several rows of the same anchor."""
    for passage in passages:
        text, label = _clean(passage.text), _clean(passage.label)
        while len(text) > LONGEST_PASSAGE and not passage.lines:
            end = max(text.rfind("\n", LONGEST_PASSAGE // 2, LONGEST_PASSAGE), 0)
            end = end or LONGEST_PASSAGE
            yield Passage(passage.anchor, label, text[:end].strip(), passage.url)
            text = text[end:].strip()
        yield Passage(passage.anchor, label, text, passage.url, passage.lines)


def _digest(*parts: object) -> str:
    plain = [
        [astuple(passage) for passage in part] if isinstance(part, list) else part for part in parts
    ]
    return hashlib.sha256(json.dumps(plain, ensure_ascii=False).encode()).hexdigest()
