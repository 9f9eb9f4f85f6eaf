"""Which passages answer and how well, asked of PostgreSQL.

GIN finds the passages with all that is wanted; labels stand beside the terms in the same narrow
rows, so that counting needs no text. Scores are those of the other engine: how often a term occurs
is read back from ts_rank, how rare it is from a table, and BM25 is worked out in SQL.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from heapq import nlargest
from math import log

from sqlalchemy import Connection

from app.search.index.asking import Ask, Scan, rarity
from app.search.index.face import Branches
from app.search.index.postgresql import lexemes
from app.search.index.postgresql.scanning import MOST_RANKED, Scanning
from app.search.index.postgresql.scoring import Score
from app.search.index.postgresql.tables import Tables, reading

MOST_COUNTED = 2_000  # passages with one term
MOST_COMPARED = 24  # terms whose readers are asked for
MOST_SHOWN = 200  # passages of each; what is more frequent is so for all readers
MOST_ALIKE = 200  # passages that are looked at for more of the same
ALIKE_WORDS = 6  # of a text, the rarest, one of which a passage must have to be looked at


class View(Tables):
    """What is asked of the live tables."""

    def scan(self, ask: Ask) -> Scan:
        """The best passages with every wanted unit; failing that, of those with half of them."""
        with self._reading() as connection:
            return Scanning(self, connection, ask).scan()

    def counts(self, terms: Collection[str], field_name: str, branches: Branches) -> dict[str, int]:
        """How many passages that a reader may see have each term, at most MOST_COUNTED."""
        wanted = {term: lexemes.lexeme(field_name, term) for term in terms}
        with self._reading() as connection:
            having = self.having(connection, wanted.values())
            known = {term: having[lexeme] for term, lexeme in wanted.items() if having[lexeme]}
            if known and not self.sees_all(connection, branches):
                asked = [lexemes.exactly(wanted[term]) for term in known]
                seen = self._seen(connection, asked, branches, MOST_COUNTED)
                known = dict(zip(known, seen, strict=True))
        return dict.fromkeys(wanted, 0) | known

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

    def sounding(self, spellings: Collection[str], branches: Branches) -> dict[str, int]:
        """How many titles that a reader may see sound so, at most MOST_SHOWN of each."""
        wanted = list(dict.fromkeys(spellings))
        asked = [lexemes.sounding(spelling, first=False) for spelling in wanted]
        with self._reading() as connection:
            seen = self._seen(connection, asked, branches, MOST_SHOWN)
        return dict(zip(wanted, seen, strict=True))

    def beginning_with(
        self, field_name: str, prefix: str, branches: Branches, most: int
    ) -> Counter[str]:
        """The most frequent terms with a prefix, with how many passages a reader may see.

        Equally many, or MOST_SHOWN: those that more passages have whoever may see them come first.
        """
        with self._reading() as connection:
            rows = connection.exec_driver_sql(
                f"select term, passages from {self.schema}.term where term ^@ %(begun)s "
                "order by passages desc, term limit %(most)s",
                {
                    "begun": lexemes.lexeme(field_name, prefix),
                    "most": min(most, MOST_COMPARED),
                },
            )
            counts: dict[str, int] = dict(rows.all())
            if not self.sees_all(connection, branches):
                asked = [lexemes.exactly(term) for term in counts]
                seen = self._seen(connection, asked, branches, MOST_SHOWN)
                counts = dict(zip(counts, seen, strict=True))
        return Counter({term[1:]: n for term, n in counts.items() if n})

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
            scores = Score(self)
            for term in terms:
                scores.add("words", term, worth[term])
            conditions, values = self.bounds(connection, Ask(wanted=(), branches=branches))
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

    def _seen(
        self, connection: Connection, asked: Sequence[str], branches: Branches, most: int
    ) -> list[int]:
        """How many passages that a reader may see answer each of some tsqueries, at most `most`."""
        if not asked:
            return []
        conditions, values = self.bounds(connection, Ask(wanted=(), branches=branches))
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
