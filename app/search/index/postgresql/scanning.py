"""Which passages have what is wanted, how many things there are of each label, the best of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date
from heapq import nlargest
from math import ceil
from operator import attrgetter
from typing import NamedTuple

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
    class_of,
    rarity,
    spelt,
    weighed,
)
from app.search.index.postgresql import lexemes
from app.search.index.postgresql.scoring import Score
from app.search.index.postgresql.tables import Tables, mask
from app.search.units import Unit

MOST_RANKED = 1_200  # passages that are scored; of more the likeliest
MOST_SHORT, MOST_TITLED, MOST_OFTEN = 300, 250, 300  # of those


class Counted(NamedTuple):
    """What is found of one label."""

    things: int
    thing: int  # one of them
    passages: int


class Scanning:
    """One scan, on one connection."""

    def __init__(self, tables: Tables, connection: Connection, ask: Ask) -> None:
        self.tables = tables
        self.connection = connection
        self.ask = ask
        self.passages = f"{tables.schema}.passage"
        self.where, self.values = tables.bounds(connection, ask)
        self.known = tables.labels(connection)
        self.is_relaxed = False
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
        if found.hits or found.tally.kinds:
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
        self.is_relaxed = True
        wanted = atoms(self.ask.wanted)
        parts = [lexemes.wanted((atom,), "grams") for atom in wanted]
        enough = max(1, ceil(len(parts) * ENOUGH))
        order = self._by_rarity(wanted)
        some = lexemes.any_of(f"({parts[at]})" for at in order[: len(parts) - enough + 1])
        having = []
        for number, part in enumerate(parts):
            self.values[f"part{number}"] = f"{some} & ({part})"
            having.append(
                f"select id from {self.passages} where terms @@ %(part{number})s::tsquery and "
            )
        labelled = lexemes.query(replace(self.ask, wanted=(), in_title=()))
        if labelled:
            self.values["labelled"] = labelled
            self.where += " and terms @@ %(labelled)s::tsquery"
        return (
            f"id in (select id from ({' union all '.join(each + self.where for each in having)}) "
            f"partly group by id having count(*) >= {enough})"
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
        counts = {
            number: (min if wanted[number].is_cjk else sum)([having[t] for t in some])
            for number, some in terms.items()
        }
        return sorted(range(len(wanted)), key=lambda at: counts.get(at, self.tables.total))

    def _scan(self, ask: Ask, where: str, *, first: bool = False) -> Scan:
        counted, likely = self._found(ask, where)
        tally = Tally({}, {}, {}) if ask.titles_only else self._tally(ask, counted)
        if not likely:
            return Scan([], tally)
        passages = sum(
            count.passages for label, count in counted.items() if self._is_shown(ask, label)
        )
        return Scan(self._best(ask, where, passages, likely, first=first), tally)

    def _is_shown(self, ask: Ask, label: int) -> bool:
        return ask.shown is None or self.known[label].kind == ask.shown

    def _found(self, ask: Ask, where: str) -> tuple[dict[int, Counted], str]:
        """How much is found of each label, and the passages that are to be scored: all of them,
        or of too many the newest or the shortest, which count more among equals."""
        shown = "true"
        if ask.shown is not None:
            shown = "(%(shown)s::bool[])[label]"
            self.values["shown"] = mask([n for n in self.known if self._is_shown(ask, n)])
        rows = self.connection.exec_driver_sql(
            f"with found as materialized (select id, thing, label, day, size from {self.passages} "
            f"where {where}) "
            "select label, count(*), min(thing), sum(passages)::int, null from ("
            "select thing, max(label) as label, count(*) as passages from found group by thing"
            ") things group by label union all "
            "select null, null, null, null, array_agg(id)::text from ("
            f"select id from found where {shown} "
            f"order by {'day desc' if ask.by_day else 'size'}, id limit {MOST_RANKED}) likely",
            self.values,
        ).all()
        return {row[0]: Counted(*row[1:4]) for row in rows[:-1]}, rows[-1][4] or ""

    def _tally(self, ask: Ask, counted: Mapping[int, Counted]) -> Tally:
        """Things by label: by kind all, by everything else those of the kind that is shown."""
        kinds, languages, days, shelves, branches = (Counter[int]() for _ in range(5))
        standing: dict[int, int] = {}
        for number, count in counted.items():
            label = self.known[number]
            kinds[label.kind] += count.things
            if self._is_shown(ask, number):
                languages[label.language] += count.things
                days[date(label.year, 1, 1).toordinal() if label.year else 0] += count.things
                shelves[label.shelf] += count.things
                branches[label.branch] += count.things
                standing[label.shelf] = count.thing
        return Tally(kinds, languages, days, shelves, branches, standing)

    def _best(self, ask: Ask, where: str, passages: int, likely: str, *, first: bool) -> list[Hit]:
        score = self._score(ask, first=first)
        source = "select unnest(%(likely)s::bigint[])"
        if passages > MOST_RANKED and not ask.by_day:
            source = self._likelier(ask, where)
        terms = ", setweight(terms, 'D') as v" if score.parts else ""
        rows = self.connection.exec_driver_sql(
            f"select thing, position, label, day, {score.sql} as score from ("
            f"select thing, position, label, day, size{terms} from {self.passages} "
            f"where id in ({source}) offset 0) p",
            {**self.values, **score.values, "likely": likely},
        )
        hits = []
        for thing, position, number, day, worth in rows:
            label = self.known[number]
            share = ask.shares[class_of(label.kind, label.language)] if ask.shares else 1
            hits.append(
                Hit(
                    *(thing, position, label.kind, worth * share),
                    *(label.language, day, label.shelf, label.branch),
                )
            )
        # Equal ones always in one order.
        order = attrgetter(*(("day",) if ask.by_day else ()), "score", "thing", "position")
        return nlargest(MOST_HITS, hits, key=order)

    def _likelier(self, ask: Ask, where: str) -> str:
        """Of too many the shortest, and those that have all words, or the rarest of them, in the
        title, or often."""
        rows = f"select id from {self.passages} where {where}"
        if ask.shown is not None:
            rows += " and (%(shown)s::bool[])[label]"
        # Where none has all words, the others find little.
        short = MOST_RANKED if self.is_relaxed else MOST_SHORT
        ways = [f"(select unnest(%(likely)s::bigint[]) limit {short})"]
        # A character is found by all that begins so; where it stands alone it counts more.
        for place in ("title", "words"):
            alone = lexemes.any_of(
                lexemes.exactly(lexemes.lexeme(place, unit.text))
                for unit in ask.wanted
                if unit.is_single
            )
            if alone:
                ways.append(self._shortest(rows, alone, MOST_TITLED))
        rarest = [ask.wanted[at] for at in self._by_rarity(ask.wanted)[:1]]
        for units in dict.fromkeys((ask.wanted, tuple(rarest))):
            for place, most in (("title", MOST_TITLED), ("grams", MOST_OFTEN)):
                steps, above = [], ""
                base = lexemes.wanted(units, "title") if place == "title" else ""
                for least in (*lexemes.OFTEN, 1) if base else lexemes.OFTEN:
                    often = lexemes.wanted(units, "grams", least=least)
                    asked = " & ".join(filter(None, (base, often, f"!({above})" if above else "")))
                    if often:
                        steps.append(self._shortest(rows, asked, most))
                        above = often
                if steps:  # of which PostgreSQL takes as many as are needed
                    ways.append(f"(select id from ({' union all '.join(steps)}) s limit {most})")
        return " union ".join(ways)

    def _shortest(self, rows: str, asked: str, most: int) -> str:
        name = f"way{len(self.values)}"
        self.values[name] = asked
        return f"({rows} and terms @@ %({name})s::tsquery order by size, id limit {most})"

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
