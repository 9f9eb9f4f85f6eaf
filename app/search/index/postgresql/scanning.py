"""Which passages have what is wanted, how many things there are of each label, the best of them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from math import ceil

from sqlalchemy import Connection

from app.search.index.asking import (
    ENOUGH,
    MOST_HITS,
    SOUND_WORTH,
    Ask,
    Hit,
    Scan,
    Tally,
    atoms,
    rarity,
    spelt,
    weighed,
)
from app.search.index.postgresql import lexemes
from app.search.index.postgresql.scoring import Score
from app.search.index.postgresql.tables import Tables, labels
from app.search.index.schema import LANGUAGES
from app.search.units import Unit

MOST_RANKED = 4_000  # passages that are scored; of more, those with the words in title or twice
LABELS = "thing, position, kind, language, day, shelf, branch"


class Scanning:
    """One scan, on one connection."""

    def __init__(self, tables: Tables, connection: Connection, ask: Ask) -> None:
        self.tables = tables
        self.connection = connection
        self.ask = ask
        self.passages = f"{tables.schema}.passage"
        self.where, self.values = labels(ask)
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
        labelled = lexemes.query(replace(self.ask, wanted=(), in_title=()))
        if labelled:
            self.values["labelled"] = labelled
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
        having = self.tables.having(self.connection, {t for some in terms.values() for t in some})
        counts = {number: sum(having[t] for t in some) for number, some in terms.items()}
        return sorted(range(len(wanted)), key=lambda at: counts.get(at, self.tables.total))

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
        for *numbers, things, of_kind, thing, some in rows:
            at = next(n for n, label in enumerate(numbers) if label is not None)
            label = numbers[at]
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

    def _score(self, ask: Ask, *, first: bool) -> Score:
        score = Score(self.tables)
        terms = [
            (place, lexemes.lexeme(place, term), share)
            for unit in (*ask.wanted, *ask.in_title)
            for place, term, share in weighed(unit)
        ]
        having = self.tables.having(self.connection, {term for _, term, _ in terms})
        for place, term, share in terms:
            if having[term]:
                score.add(place, term, share * rarity(having[term], self.tables.total))
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
