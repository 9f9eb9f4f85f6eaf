"""Plain ways to search the same texts, for bench/search.py.

Each is given (id, title, text) of every document, folded, and answers a query with the ten best, an
excerpt of each, and how many there are in all. None of them groups, counts by label, or leaves out
what a reader may not see.
"""

from __future__ import annotations

import sqlite3
import time
from pathlib import Path

import psycopg
import tantivy

from app.search import folding

Rows = list[tuple[int, str, str]]
TEN_BEST = 10


def pairs(text: str) -> str:
    """A text as the pairs of Chinese characters and the words that our index has, too."""
    return " ".join(folding.grams(text))


def asked(query: str) -> list[str]:
    """The pairs and words that a query asks for; the last character of a run asks for nothing."""
    found: list[str] = []
    for run, is_cjk in folding.runs(query):
        if is_cjk and len(run) > 1:
            found.extend(run[at : at + 2] for at in range(len(run) - 1))
        else:
            found.append(run)
    return list(dict.fromkeys(found))


class Sqlite:
    """FTS5 with trigrams, and LIKE, on one SQLite file."""

    def __init__(self, path: Path, rows: Rows) -> None:
        self.file = sqlite3.connect(path)
        self.file.execute("pragma journal_mode = wal")
        self.file.execute("create table plain (id integer primary key, title, text)")
        self.file.execute("create virtual table fts using fts5 (title, text, tokenize='trigram')")
        started = time.perf_counter()
        self.file.executemany("insert into fts (rowid, title, text) values (?, ?, ?)", rows)
        self.file.commit()
        self.seconds = time.perf_counter() - started
        self.file.execute("pragma wal_checkpoint(truncate)")
        self.size = path.stat().st_size / 1024 / 1024
        self.file.executemany("insert into plain values (?, ?, ?)", rows)
        self.file.commit()

    def fts(self, query: str) -> int:
        words = folding.fold(query).split()
        if any(len(word) < 3 for word in words):
            return self._like("fts", "rowid", words)
        match = " AND ".join(f'"{word}"' for word in words)
        self.file.execute(
            "select rowid, title, snippet(fts, 1, '<b>', '</b>', '…', 60) from fts "
            "where fts match ? order by rank limit 10",
            (match,),
        ).fetchall()
        counted = self.file.execute("select count(*) from fts where fts match ?", (match,))
        return int(counted.fetchone()[0])

    def like(self, query: str) -> int:
        return self._like("plain", "id", folding.fold(query).split())

    def _like(self, table: str, key: str, words: list[str]) -> int:
        where = " and ".join("(title like ? or text like ?)" for _ in words)
        values = [f"%{word}%" for word in words for _ in range(2)]
        self.file.execute(
            f"select {key}, title, substr(text, 1, 150) from {table} where {where} "
            f"order by {key} desc limit 10",
            values,
        ).fetchall()
        counted = self.file.execute(f"select count(*) from {table} where {where}", values)
        return int(counted.fetchone()[0])

    def close(self) -> None:
        self.file.close()


class Tantivy:
    """The Rust library of the same kind as Lucene, on our pairs of characters."""

    def __init__(self, path: Path, rows: Rows) -> None:
        self.path = path
        path.mkdir()
        builder = tantivy.SchemaBuilder()
        builder.add_integer_field("id", stored=True)
        builder.add_text_field("pairs", tokenizer_name="whitespace")
        builder.add_text_field("text", stored=True, tokenizer_name="raw")
        self.schema = builder.build()
        self.index = tantivy.Index(self.schema, str(path))
        started = time.perf_counter()
        writer = self.index.writer(200_000_000)
        for number, title, text in rows:
            writer.add_document(
                tantivy.Document(id=number, pairs=f"{pairs(title)} {pairs(text)}", text=text[:200])
            )
        writer.commit()
        writer.wait_merging_threads()
        self.seconds = time.perf_counter() - started
        self.index.reload()
        self.size = sum(p.stat().st_size for p in path.iterdir() if p.is_file()) / 1024 / 1024
        self.searcher = self.index.searcher()

    def search(self, query: str) -> int:
        must = tantivy.Occur.Must
        terms = [
            (must, tantivy.Query.term_query(self.schema, "pairs", term)) for term in asked(query)
        ]
        found = self.searcher.search(tantivy.Query.boolean_query(terms), TEN_BEST)
        for _score, address in found.hits:
            self.searcher.doc(address)["text"]
        return int(found.count)


class Tsvector:
    """PostgreSQL as most people use it: one tsvector, GIN, ts_rank, on our pairs of characters."""

    def __init__(self, address: str, rows: Rows) -> None:
        self.link = psycopg.connect(address.replace("+psycopg", ""), autocommit=True)
        self.link.execute("create table plain (id int, text text, terms tsvector)")
        started = time.perf_counter()
        with self.link.cursor().copy("copy plain (id, text, terms) from stdin") as out:
            for number, title, text in rows:
                out.write_row((number, text[:200], self._vector(f"{title}\n{text}")))
        self.link.execute("create index on plain using gin (terms)")
        self.link.execute("analyze plain")
        self.seconds = time.perf_counter() - started
        size = self.link.execute("select pg_total_relation_size('plain')").fetchone()
        self.size = int(size[0]) / 1024 / 1024 if size else 0.0

    @staticmethod
    def _vector(text: str) -> str:
        places: dict[str, list[int]] = {}
        for at, term in enumerate(folding.grams(text), 1):
            places.setdefault(term, []).append(min(at, 16_383))
        return " ".join(
            "'{}':{}".format(term.replace("'", "''"), ",".join(map(str, some[:255])))
            for term, some in places.items()
        )

    def search(self, query: str) -> int:
        wanted = " & ".join("'{}'".format(term.replace("'", "''")) for term in asked(query))
        self.link.execute(
            "select id, text, ts_rank(terms, %(q)s::tsquery) as worth from plain "
            "where terms @@ %(q)s::tsquery order by worth desc limit 10",
            {"q": wanted},
        ).fetchall()
        counted = self.link.execute(
            "select count(*) from plain where terms @@ %(q)s::tsquery", {"q": wanted}
        ).fetchone()
        return int(counted[0]) if counted else 0

    def close(self) -> None:
        self.link.close()
