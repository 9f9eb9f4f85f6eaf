"""Time of one search against the size of the collection, beside two plain ways to search the same.

* ours: what the search page does: find, rank, group by thing, count by kind, leave out what the
  reader may not see, look closely at the best, cut and mark excerpts;
* FTS5: SQLite's full-text table with the trigram tokenizer on the folded text: the ten best by
  bm25, their snippets, and a count. Words of one or two characters cannot be asked for there, which
  in Chinese is most of them: such queries go through LIKE on the same table, as SQLite advises;
* LIKE: a scan of the folded text for every word, the ten newest and a count.

Texts are synthetic, half Chinese and half English, with words by Zipf's law; queries are one to
three words that stand in some document. All three answer the same queries in one process, in turns.

Suggestions are asked for with the first one to four characters of the same queries.

    python -m bench.search [--small | --large]
"""

from __future__ import annotations

import json
import random
import sqlite3
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from itertools import accumulate
from pathlib import Path

from flask import Flask
from sqlalchemy import insert

from app import create_app
from app.core import clock, jobs
from app.core.db import Base, db, unit_of_work
from app.members.rules import Reader
from app.search import folding, queries, service
from app.search.models import SearchPassage, SearchThing
from config import Config

SIZES = (1_000, 10_000)
LARGE = 100_000
QUERIES = 200
HANZI = (
    "的一国在人了有中是年和大业不为发会工经上地市要个产这出行作生家以成到日民来我部对进多全建他公开们场展时理新方"
    "主企资实学报制政济用同于法高长现本月定化加动合品重关机分力自外者区能设后就等体下万元社过前面农也得与说之员而"
    "务利电文事可种总改三各好金第司其从平代当天水省提商十管内小技位目起海所立已通入量子问度北保心还科委都术使明着"
    "次将增基名向门应里美由规今题记点计去强两些表系办教正条最达特革收二期并程厂如道际及西口京华任调性导组东路活广"
    "意比投决交统党南安此领结营项情解议义山先车然价放世间因共院步物界集把持无但城相书村求治取原处府研质信四运县军"
)


class Texts:
    """Words by Zipf's law, and documents made of them."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.chinese = self._distinct(8_000, self._word)
        self.english = self._distinct(8_000, self._spoken)
        self.weights = list(accumulate(1 / rank for rank in range(1, 8_001)))

    def _distinct(self, count: int, make: Callable[[], str]) -> list[str]:
        found: dict[str, None] = {}
        while len(found) < count:
            found[make()] = None
        return list(found)

    def _word(self) -> str:
        length = self.random.choices((1, 2, 3, 4), (4, 70, 16, 10))[0]
        return "".join(self.random.choices(HANZI, k=length))

    def _spoken(self) -> str:
        syllables = self.random.choices((1, 2, 3, 4), (10, 40, 35, 15))[0]
        pick = self.random.choice
        return "".join(pick("bcdfghklmnprstvw") + pick("aeiou") for _ in range(syllables)) + pick(
            ("", "n", "r", "s", "t")
        )

    def words(self, is_chinese: bool, count: int) -> list[str]:
        vocabulary = self.chinese if is_chinese else self.english
        return self.random.choices(vocabulary, cum_weights=self.weights, k=count)

    def document(self, number: int) -> tuple[str, str, list[str]]:
        """(title, text, words): about 300 characters in Chinese, 120 words in English."""
        is_chinese = number % 2 == 0
        words = self.words(is_chinese, 140 if is_chinese else 120)
        joint = "" if is_chinese else " "
        ends = "。" if is_chinese else ". "
        sentences = [joint.join(words[at : at + 12]) for at in range(0, len(words), 12)]
        return joint.join(words[3:7]), ends.join(sentences), words

    def query(self, words: list[str], is_chinese: bool) -> str:
        """One to three words of a document; rare ones are as likely as frequent ones."""
        distinct = sorted(set(words))
        count = min(len(distinct), self.random.choices((1, 2, 3), (50, 35, 15))[0])
        start = self.random.randrange(max(1, len(words) - count))
        if self.random.random() < 0.5:
            chosen = words[start : start + count]  # side by side
        else:
            chosen = self.random.sample(distinct, count)
        return ("" if is_chinese and self.random.random() < 0.5 else " ").join(chosen)


def fill(app: Flask, texts: Texts, count: int) -> tuple[list[tuple[int, str, str]], list[str]]:
    """Documents in our tables; returns the same rows folded for the others, and queries."""
    rows, asked = [], []
    things, passages = [], []
    for number in range(1, count + 1):
        title, text, words = texts.document(number)
        search_text = folding.segmented(text)
        search_title = folding.segmented(title)
        things.append(
            {
                "id": number,
                "kind": ("document", "course", "lesson", "caption")[number % 4],
                "ref": str(number),
                "title": title,
                "search_title": search_title,
                "url": f"/library/{number}",
                "audience": "all" if number % 3 else f"|{number % 50 + 2}|",
                "digest": "",
                "revision": 1,
                "changed_at": clock.now(),
            }
        )
        passages.append(
            {
                "thing_id": number,
                "position": 0,
                "anchor": "",
                "label": "",
                "url": f"/library/{number}",
                "text": text,
                "search_text": search_text,
            }
        )
        rows.append((number, folding.fold(title), folding.fold(text)))
        if len(asked) < 3 * QUERIES:
            asked.append(texts.query(words, number % 2 == 0))
    with app.app_context():
        for start in range(0, count, 1000):
            with unit_of_work() as session:
                session.execute(insert(SearchThing), things[start : start + 1000])
                session.execute(insert(SearchPassage), passages[start : start + 1000])
    distinct = list(dict.fromkeys(query for query in asked if query.strip()))
    texts.random.shuffle(distinct)
    return rows, distinct[:QUERIES]


class Plain:
    """The two others, on one SQLite file."""

    def __init__(self, path: Path, rows: list[tuple[int, str, str]]) -> None:
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


def timed(work: Callable[[], int]) -> tuple[float, int]:
    """Milliseconds, and how much was found."""
    started = time.perf_counter()
    found = work()
    return (time.perf_counter() - started) * 1000, found


def percentiles(times: list[float]) -> tuple[float, float]:
    ranked = statistics.quantiles(times, n=100, method="inclusive")
    return ranked[49], ranked[94]


def measure(size: int, folder: Path) -> list[dict[str, str]]:
    config = Config.from_env(
        {},
        secret_key="bench-" * 8,
        instance_dir=folder / "instance",
        media_dir=folder / "media",
        search_dir=folder / "search",
        testing=True,
    )
    app = create_app(config)
    with app.app_context():
        Base.metadata.create_all(db.engine)
    rows, asked = fill(app, Texts(seed=size), size)
    started = time.perf_counter()
    with app.app_context(), unit_of_work():
        jobs.enqueue("search.rebuild")
    jobs.run_pending(app)
    built = time.perf_counter() - started
    plain = Plain(folder / "plain.sqlite", rows)
    # A member of a branch: a third of the things are for other branches.
    reader = Reader(id=1, name="", branch_id=7, branch_path=(1, 7))

    def ours(query: str) -> int:
        with app.app_context():
            found = queries.find(reader, query).total
            db.session.rollback()
            return found

    def suggested(query: str) -> int:
        with app.app_context():
            found = len(queries.suggest(reader, query[: 1 + len(query) % 4]))
            db.session.rollback()
            return found

    times: dict[str, list[float]] = {"ours": [], "fts": [], "like": [], "suggest": []}
    nothing = dict.fromkeys(times, 0)
    for warming in (True, False):
        for query in asked[:20] if warming else asked:
            ways = {"ours": ours, "fts": plain.fts, "like": plain.like, "suggest": suggested}
            for name, ask in ways.items():
                took, found = timed(lambda ask=ask, query=query: ask(query))  # type: ignore[misc]
                if not warming:
                    times[name].append(took)
                    nothing[name] += found == 0

    def once(number: int) -> float:
        started = time.perf_counter()
        with app.app_context(), unit_of_work():
            service.put(
                kind="document",
                ref=f"new {number}",
                title=f"fresh{number}",
                url="/",
                passages=[],
                audience=None,
            )
        jobs.run_pending(app)
        assert ours(f"fresh{number}") == 1
        return (time.perf_counter() - started) * 1000

    fresh = statistics.median(once(number) for number in range(8))
    with app.app_context():
        weight = app.extensions["search"].figures()["bytes"] / 1024 / 1024
        db.engine.dispose()
    plain.close()
    mine, fts, like, while_typing = (
        percentiles(times[name]) for name in ("ours", "fts", "like", "suggest")
    )

    def pair(values: tuple[float, float]) -> str:
        return f"{values[0]:.1f} / {values[1]:.1f} ms"

    what = f"search in {size:,} documents, p50 / p95"
    return [
        {
            "what": what,
            "ours": pair(mine),
            "other": f"LIKE {pair(like)}",
            "ratio": f"{mine[0] / like[0]:.2f} / {mine[1] / like[1]:.2f}",
            "goal": f"p95 ≤ {150 if size == LARGE else 50} ms",
        },
        {
            "what": what,
            "ours": pair(mine),
            "other": f"FTS5 {pair(fts)}",
            "ratio": f"{mine[0] / fts[0]:.2f} / {mine[1] / fts[1]:.2f}",
            "goal": "",
        },
        {
            "what": f"suggestions in {size:,} documents, p50 / p95",
            "ours": pair(while_typing),
            "other": "",
            "ratio": "",
            "goal": "p95 ≤ 100 ms",
        },
        {
            "what": f"queries without an answer, of {len(asked)}",
            "ours": str(nothing["ours"]),
            "other": f"FTS5 {nothing['fts']}, LIKE {nothing['like']}",
            "ratio": "",
            "goal": "",
        },
        {
            "what": f"index of {size:,} documents",
            "ours": f"{built:.1f} s, {weight:.1f} MB",
            "other": f"FTS5 {plain.seconds:.1f} s, {plain.size:.1f} MB",
            "ratio": f"{built / plain.seconds:.0f}",
            "goal": "",
        },
        {
            "what": f"from commit to found, in {size:,} documents",
            "ours": f"{fresh:.0f} ms",
            "other": "",
            "ratio": "",
            "goal": "≤ 10 s",
        },
    ]


def main() -> None:
    sizes = SIZES[:1] if "--small" in sys.argv[1:] else SIZES
    if "--large" in sys.argv[1:]:
        sizes = (LARGE,)
    rows: list[dict[str, str]] = []
    for size in sizes:
        with tempfile.TemporaryDirectory() as folder:
            rows.extend(measure(size, Path(folder)))
    head = ("what", "ours", "other", "ratio", "goal")
    widths = [max(len(name), *(len(row[name]) for row in rows)) for name in head]
    for line in [dict(zip(head, head, strict=True)), *rows]:
        print(" | ".join(line[name].ljust(width) for name, width in zip(head, widths, strict=True)))
    print(json.dumps({"name": "search", "rows": rows}))


if __name__ == "__main__":
    main()
