"""Which passages answer and how well, asked of PostgreSQL.

GIN finds the passages with all that is wanted; labels stand beside the terms in the same narrow
rows, so that counting needs no text. Scores are those of the other engine: how often a term occurs
is read back from ts_rank, how rare it is from a table, and BM25 is worked out in SQL.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import date
from heapq import nlargest
from math import ceil, log
from typing import Any

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import OperationalError, SQLAlchemyError

from app.search.index.asking import (
    ENOUGH,
    K1,
    MOST_HITS,
    SOUND_WORTH,
    TITLE_HALF,
    Ask,
    B,
    Hit,
    Scan,
    Tally,
    atoms,
    rarity,
    spelt,
    weighed,
)
from app.search.index.face import Branches, Unusable
from app.search.index.postgresql import lexemes
from app.search.index.schema import LANGUAGES
from app.search.units import Unit

MOST_RANKED = 4_000  # passages that are scored; of more, those with the words in title or twice
MOST_COUNTED = 2_000  # passages with one term
MOST_COMPARED = 24  # terms whose readers are asked for
MOST_SHOWN = 200  # passages of each; what is more frequent is so for all readers
MOST_ALIKE = 200  # passages that are looked at for more of the same
ALIKE_WORDS = 6  # of a text, the rarest, one of which a passage must have to be looked at
LABELS = "thing, position, kind, language, day, shelf, branch"


@dataclass
class View:
    """The live tables as they are named now; every question is a short read of its own."""

    engine: Engine
    schema: str
    generation: int
    total: int  # passages
    mean_size: float
    _having: dict[str, int] = field(default_factory=dict)  # lexeme → passages that have it

    def scan(self, ask: Ask) -> Scan:
        """The best passages with every wanted unit; failing that, of those with half of them."""
        with self._reading() as connection:
            return _Scanning(self, connection, ask).scan()

    def counts(self, terms: Collection[str], field_name: str, branches: Branches) -> dict[str, int]:
        """How many passages that a reader may see have each term, at most MOST_COUNTED."""
        wanted = list(dict.fromkeys(terms))
        with self._reading() as connection:
            asked = [lexemes.exactly(lexemes.lexeme(field_name, term)) for term in wanted]
            seen = self._seen(connection, asked, branches, MOST_COUNTED)
        return dict(zip(wanted, seen, strict=True))

    def raw_terms(self, field_name: str, prefix: str, most: int) -> set[str]:
        """Terms with a prefix, whoever may see them: only to be compared, never to be shown."""
        with self._reading() as connection:
            rows = connection.exec_driver_sql(
                f"select term from {self.schema}.term where term ^@ %(begun)s limit %(most)s",
                {"begun": lexemes.lexeme(field_name, prefix), "most": most},
            )
            return {term[1:] for (term,) in rows}

    def near(self, word: str, most: int) -> set[str]:
        """Words that share some of their pieces of three letters, the nearest first."""
        with self._reading() as connection:
            rows = connection.exec_driver_sql(
                f"select term from {self.schema}.term where term ~ '^g[a-z]' "
                "and term %% %(word)s order by similarity(term, %(word)s) desc, term "
                "limit %(most)s",
                {"word": lexemes.lexeme("grams", word), "most": most},
            )
            return {term[1:] for (term,) in rows}

    def beginning_with(
        self, field_name: str, prefix: str, branches: Branches, most: int
    ) -> Counter[str]:
        """The most frequent terms with a prefix, with how many passages a reader may see.

        Equally many, or MOST_SHOWN: those that more passages have whoever may see them come first.
        """
        with self._reading() as connection:
            rows = connection.exec_driver_sql(
                f"select term from {self.schema}.term where term ^@ %(begun)s "
                "order by passages desc, term limit %(most)s",
                {
                    "begun": lexemes.lexeme(field_name, prefix),
                    "most": min(most, MOST_COMPARED),
                },
            )
            terms = [term for (term,) in rows]
            asked = [lexemes.exactly(term) for term in terms]
            counts = self._seen(connection, asked, branches, MOST_SHOWN)
        return Counter({term[1:]: n for term, n in zip(terms, counts, strict=True) if n})

    def rare(self, words: Mapping[str, int], most: int) -> list[str]:
        """Of words with how often they stand in a text, those that say most about it."""
        with self._reading() as connection:
            having = self.having(connection, [lexemes.lexeme("words", word) for word in words])
        known = {
            word: (1 + log(times)) * rarity(having[lexemes.lexeme("words", word)], self.total)
            for word, times in words.items()
            if having[lexemes.lexeme("words", word)] > 1
        }
        return nlargest(most, known, key=lambda word: (known[word], word))

    def alike(
        self, words: Sequence[str], branches: Branches, without: int
    ) -> dict[int, tuple[float, list[str]]]:
        """Things with some of these words that a reader may see: score, and the words they share.

        Of each thing its best passage counts; the thing `without` is left out.
        """
        if not words:
            return {}
        terms = [lexemes.lexeme("words", word) for word in words]
        with self._reading() as connection:
            worth = {
                term: rarity(having, self.total)
                for term, having in self.having(connection, terms).items()
            }
            rarest = sorted(terms, key=lambda term: -worth[term])[:ALIKE_WORDS]
            scores = _Score(self)
            for term in terms:
                scores.add("words", term, worth[term])
            conditions, values = _labels(Ask(wanted=(), branches=branches))
            asked = lexemes.any_of(map(lexemes.exactly, rarest))
            marks = [scores.bind(lexemes.exactly(term)) for term in terms]
            rows = connection.exec_driver_sql(
                f"select thing, {scores.sql} as score, "
                f"array[{', '.join(f'v @@ {mark}::tsquery' for mark in marks)}] from ("
                f"select thing, size, setweight(terms, 'D') as v from {self.schema}.passage "
                f"where terms @@ %(asked)s::tsquery and thing <> %(without)s and {conditions} "
                f"limit {MOST_RANKED} offset 0) p order by score desc, thing limit {MOST_ALIKE}",
                {**values, **scores.values, "asked": asked, "without": without},
            ).all()
        best: dict[int, tuple[float, list[str]]] = {}
        for thing, score, shared in rows:
            if score > best.get(thing, (0.0, []))[0]:
                best[thing] = (score, [w for w, has in zip(words, shared, strict=True) if has])
        return best

    def having(self, connection: Connection, terms: Collection[str]) -> Mapping[str, int]:
        """How many passages have each of these lexemes."""
        unknown = [term for term in terms if term not in self._having]
        if unknown:
            rows = connection.exec_driver_sql(
                f"select term, passages from {self.schema}.term where term = any(%(terms)s)",
                {"terms": unknown},
            )
            self._having.update(dict.fromkeys(unknown, 0))
            self._having.update((term, passages) for term, passages in rows)
        return self._having

    def _seen(
        self, connection: Connection, asked: Sequence[str], branches: Branches, most: int
    ) -> list[int]:
        """How many passages that a reader may see answer each of some tsqueries, at most `most`."""
        if not asked:
            return []
        conditions, values = _labels(Ask(wanted=(), branches=branches))
        rows = connection.exec_driver_sql(
            f"select (select count(*) from (select 1 from {self.schema}.passage "
            f"where terms @@ q.q::tsquery and {conditions} limit {most}) s) "
            "from unnest(%(asked)s::text[]) with ordinality q(q, n) order by n",
            {**values, "asked": list(asked)},
        )
        return [count for (count,) in rows]

    @contextmanager
    def _reading(self) -> Iterator[Connection]:
        with reading(self.engine) as connection:
            yield connection


class OutOfReach(Unusable):
    """The server did not answer; nothing is known about the index itself."""


@contextmanager
def reading(engine: Engine) -> Iterator[Connection]:
    """A connection for a short read; whatever goes wrong is raised as Unusable."""
    try:
        # One statement is one transaction: nothing is sent to begin or to end one.
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            yield connection
    except OperationalError as error:
        raise OutOfReach(str(error)) from error
    except SQLAlchemyError as error:
        raise Unusable(str(error)) from error


class _Score:
    """The score of a passage as SQL over its `v` (the terms, once unpacked) and `size`."""

    def __init__(self, view: View) -> None:
        self.view = view
        self.parts: list[str] = []
        self.values: dict[str, Any] = {"steps": lexemes.STEPS}

    def bind(self, value: object) -> str:
        name = f"v{len(self.values)}"
        self.values[name] = value
        return f"%({name})s"

    def add(self, place: str, term: str, worth: float) -> None:
        """A lexeme of a field, with its weight."""
        times = (
            "width_bucket(ts_rank('{1,1,1,1}'::real[], v, "
            f"{self.bind(lexemes.exactly(term))}::tsquery)::float8, %(steps)s::float8[])"
        )
        if place == "title":
            self.parts.append(f"{worth} * {times} / ({times} + {TITLE_HALF})")
            return
        slope = K1 * B / self.view.mean_size
        self.parts.append(
            f"{worth} * {times} * {K1 + 1} / ({times} + {K1 * (1 - B)} + {slope} * size)"
        )

    def add_mark(self, asked: str, worth: float) -> None:
        """A tsquery that is worth something whenever it is met."""
        self.parts.append(f"{worth} * (v @@ {self.bind(asked)}::tsquery)::int")

    @property
    def sql(self) -> str:
        return f"({' + '.join(self.parts)})::float8" if self.parts else "0::float8"


def _labels(ask: Ask) -> tuple[str, dict[str, Any]]:
    """What is asked of a passage's labels, as SQL with its values."""
    conditions, values = ["true"], dict[str, Any]()
    if ask.branches is not None:
        conditions.append("audience && %(branches)s::int[]")
        values["branches"] = [0, *sorted(ask.branches)]
    if ask.since or ask.until:
        conditions.append("day between %(since)s and %(until)s and day > 0")
        values |= {"since": ask.since, "until": ask.until or 10**9}
    if ask.kinds is not None:
        conditions.append("kind = any(%(kinds)s::int[])")
        values["kinds"] = sorted(ask.kinds)
    if ask.hidden:
        conditions.append("kind <> all(%(hidden)s::int[])")
        values["hidden"] = sorted(ask.hidden)
    if ask.languages is not None:
        conditions.append("language = any(%(languages)s::int[])")
        values["languages"] = sorted(ask.languages)
    if ask.shelf:
        conditions.append("shelf = %(shelf)s")
        values["shelf"] = ask.shelf
    if ask.branch is not None:
        conditions.append("branch = %(branch)s")
        values["branch"] = ask.branch
    return " and ".join(conditions), values


class _Scanning:
    """One scan, on one connection."""

    def __init__(self, view: View, connection: Connection, ask: Ask) -> None:
        self.view = view
        self.connection = connection
        self.ask = ask
        self.passages = f"{view.schema}.passage"
        self.where, self.values = _labels(ask)
        barred = lexemes.any_of(f"({lexemes.wanted((u,), 'grams')})" for u in ask.without)
        if barred:
            self.where += (
                f" and thing <> all(array(select thing from {self.passages} "
                "where terms @@ %(barred)s::tsquery))"
            )
            self.values["barred"] = barred

    def scan(self) -> Scan:
        ask = self.ask
        asked = lexemes.query(ask)
        if ask.titles_only:
            self.where += " and position = 0"
        elif not (ask.wanted or ask.in_title):
            if not (asked or ask.is_narrowed):
                return Scan([], Tally({}, {}, {}))
            # Nothing but signs: each thing once, by its first passage.
            self.where += " and position = 0"
        found = self._scan(ask, self._matching(asked))
        if found.hits:
            return found
        if any(unit.initials for unit in ask.wanted):
            trial = replace(ask, wanted=spelt(ask.wanted))
            as_letters = lexemes.query(trial, first=True)
            letters = self._scan(trial, self._matching(as_letters), first=True)
            if letters.hits:
                return letters
        if ask.must_have_all or ask.in_title or not ask.wanted:
            return found
        return replace(self._scan(ask, self._having_some()), relaxed=True)

    def _matching(self, asked: str) -> str:
        if not asked:
            return self.where
        self.values["asked"] = asked
        return f"terms @@ %(asked)s::tsquery and {self.where}"

    def _having_some(self) -> str:
        """Passages with enough of the parts; any of the rarest must be among those."""
        wanted = atoms(self.ask.wanted)
        parts = [lexemes.wanted((atom,), "grams") for atom in wanted]
        enough = max(1, ceil(len(parts) * ENOUGH))
        order = self._by_rarity(wanted)
        rarest = [parts[at] for at in order[: len(parts) - enough + 1]]
        self.values["some"] = lexemes.any_of(f"({part})" for part in rarest)
        marks = []
        for number, part in enumerate(parts):
            self.values[f"part{number}"] = part
            marks.append(f"(v @@ %(part{number})s::tsquery)::int")
        labels = lexemes.query(replace(self.ask, wanted=(), in_title=()))
        if labels:
            self.values["labelled"] = labels
            self.where += " and terms @@ %(labelled)s::tsquery"
        return (
            f"id in (select id from (select id, setweight(terms, 'D') as v from {self.passages} "
            f"where terms @@ %(some)s::tsquery and {self.where} offset 0) partly "
            f"where {' + '.join(marks)} >= {enough})"
        )

    def _by_rarity(self, wanted: Sequence[Unit]) -> list[int]:
        """The numbers of some parts, those that fewest passages have first."""
        terms = {
            number: [lexemes.lexeme("grams", g) for g in unit.grams]
            + [lexemes.lexeme("words", w) for w in (() if unit.is_cjk else unit.words)]
            for number, unit in enumerate(wanted)
            if not (unit.others or unit.is_single or unit.is_prefix or unit.sound)
        }
        having = self.view.having(self.connection, {t for some in terms.values() for t in some})
        counts = {number: sum(having[t] for t in some) for number, some in terms.items()}
        return sorted(range(len(wanted)), key=lambda at: counts.get(at, self.view.total))

    def _scan(self, ask: Ask, where: str, *, first: bool = False) -> Scan:
        tally, passages = self._uncounted(where) if ask.titles_only else self._tally(ask, where)
        if not passages:
            return Scan([], tally)
        if ask.shown is not None:
            where += " and kind = %(shown)s"
            self.values["shown"] = ask.shown
        return Scan(self._best(ask, where, passages, first=first), tally)

    def _uncounted(self, where: str) -> tuple[Tally, int]:
        """No counts, and how many passages there are unless they are too many to score."""
        passages = self.connection.exec_driver_sql(
            f"select count(*) from (select 1 from {self.passages} where {where} "
            f"limit {MOST_RANKED + 1}) some_of_them",
            self.values,
        ).scalar_one()
        return Tally({}, {}, {}), int(passages)

    def _tally(self, ask: Ask, where: str) -> tuple[Tally, int]:
        """Things by label, and how many passages there are in all."""
        shown = "true" if ask.shown is None else f"kind = {int(ask.shown)}"
        rows = self.connection.exec_driver_sql(
            "select kind, language, year, shelf, branch, count(*), "
            f"count(*) filter (where {shown}), min(thing) filter (where {shown}), sum(passages) "
            "from (select thing, kind, language, year, shelf, branch, count(*) as passages "
            f"from {self.passages} where {where} "
            "group by thing, kind, language, year, shelf, branch) things "
            "group by grouping sets ((kind), (language), (year), (shelf), (branch))",
            self.values,
        )
        counted: dict[str, dict[int, int]] = defaultdict(dict)
        standing: dict[int, int] = {}
        passages = 0
        names = ("kinds", "languages", "days", "shelves", "branches")
        for *labels, things, of_kind, thing, some in rows:
            at = next(n for n, label in enumerate(labels) if label is not None)
            label = labels[at]
            if at == 0:
                counted["kinds"][label] = things
                passages += int(some)
                continue
            if names[at] == "days" and label:
                label = date(label, 1, 1).toordinal()
            if of_kind:
                counted[names[at]][label] = of_kind
                if names[at] == "shelves":
                    standing[label] = thing
        tally = Tally(
            counted["kinds"],
            counted["languages"],
            counted["days"],
            counted["shelves"],
            counted["branches"],
            standing,
        )
        return tally, passages

    def _best(self, ask: Ask, where: str, passages: int, *, first: bool) -> list[Hit]:
        score = self._score(ask, first=first)
        source = f"{self.passages} where {where}"
        if passages > MOST_RANKED:
            source = f"{self.passages} where id in ({self._likely(ask, where)})"
        inner = f"select {LABELS}, size, setweight(terms, 'D') as v from {source} offset 0"
        shares = "1"
        if ask.shares:
            self.values["shares"] = list(ask.shares)
            shares = f"(%(shares)s::float8[])[kind * {len(LANGUAGES)} + language + 1]"
        order = "day desc, score desc" if ask.by_day else "score desc"
        rows = self.connection.exec_driver_sql(
            f"select {LABELS}, {score.sql} * {shares} as score from ({inner}) p "
            f"order by {order}, thing, position limit {MOST_HITS}",
            {**self.values, **score.values},
        )
        return [
            Hit(thing, position, kind, float(worth), language, day, shelf, branch)
            for thing, position, kind, language, day, shelf, branch, worth in rows
        ]

    def _likely(self, ask: Ask, where: str) -> str:
        """Too many to score them all: the newest, or those with all words in the title or often,
        and some short ones, which count more among equals."""
        if ask.by_day:
            newest = f"order by day desc limit {MOST_HITS}"
            return f"select id from {self.passages} where {where} {newest}"
        ways = [""]
        for place in ("title", "heavy"):
            if asked := lexemes.wanted(ask.wanted, place):
                self.values[place] = asked
                ways.append(f" and terms @@ %({place})s::tsquery")
        return " union ".join(
            f"(select id from {self.passages} where {where}{way} "
            f"order by size limit {MOST_RANKED // 2})"
            for way in ways
        )

    def _score(self, ask: Ask, *, first: bool) -> _Score:
        score = _Score(self.view)
        terms = [
            (place, lexemes.lexeme(place, term), share)
            for unit in (*ask.wanted, *ask.in_title)
            for place, term, share in weighed(unit)
        ]
        having = self.view.having(self.connection, {term for _, term, _ in terms})
        for place, term, share in terms:
            if having[term]:
                score.add(place, term, share * rarity(having[term], self.view.total))
        for unit in (*ask.wanted, *ask.in_title):
            for each in unit.flat():
                ways = []
                if each.sound:
                    ways.append(lexemes.sounding(each.sound, first=first or each.is_prefix))
                if each.is_prefix:
                    ways.append(lexemes.beginning(lexemes.lexeme("grams", each.text)))
                if ways:
                    score.add_mark(lexemes.any_of(ways), SOUND_WORTH)
        return score
