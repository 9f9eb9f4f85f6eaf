"""Time, size and memory of our search against the size of the collection, beside plain ways.

* ours: what the search page does: find, rank, group by thing, count by kind, language, year,
  branch and collection, leave out what the reader may not see, look closely at the best, cut
  excerpts; once with Whoosh's files, once with PostgreSQL when its programs are there (decision
  0018);
* FTS5: SQLite's full-text table with the trigram tokenizer on the folded text: the ten best by
  bm25, their snippets, and a count. Words of one or two characters cannot be asked for there, which
  in Chinese is most of them: such queries go through LIKE on the same table, as SQLite advises;
* LIKE: a scan of the folded text for every word, the ten newest and a count;
* tantivy, and a plain tsvector in PostgreSQL with ts_rank: the ten best and a count, both on the
  pairs of characters that ours has, too.

Texts are synthetic, half Chinese and half English, with words by Zipf's law; queries are one to
three words that stand in some document. All answer the same queries in one process, in turns.
Suggestions are asked for with the first one to four characters of the same queries, facets after a
click on a kind, a year and a collection. An upload is a PDF of ten pages that a worker beside
reads; it is found when the search page shows it.

    python -m bench.search [SIZE …]        100000 takes about ten minutes on two idle cores
"""

from __future__ import annotations

import json
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import date
from itertools import accumulate
from pathlib import Path

from flask import Flask
from flask_migrate import upgrade
from sqlalchemy import insert

from app import create_app
from app.core import clock, jobs
from app.core.db import db, unit_of_work
from app.members.rules import Reader
from app.search import folding, queries
from app.search.models import SearchPassage, SearchThing
from bench._rivals import Sqlite, Tantivy, Tsvector
from config import ROOT, Config
from tests import postgresql
from tests.factories import People, csrf
from tests.library import files
from tests.live import BIN

SIZES = (1_000, 10_000)
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
                "language": "zh_Hans" if number % 2 == 0 else "en",
                "shelf": f"Collection {number % 12}",
                "dated": date(2010 + number % 15, 1 + number % 12, 1),
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


def timed(work: Callable[[], int]) -> tuple[float, int]:
    """Milliseconds, and how much was found."""
    started = time.perf_counter()
    found = work()
    return (time.perf_counter() - started) * 1000, found


def percentiles(times: list[float]) -> tuple[float, float]:
    ranked = statistics.quantiles(times, n=100, method="inclusive")
    return ranked[49], ranked[94]


def say(text: str) -> None:
    print(f"{time.strftime('%H:%M:%S')} {text}", file=sys.stderr, flush=True)


class Ours:
    """The application on one of its engines; all of them have the same database."""

    # A member of a branch: a third of the things are for other branches.
    reader = Reader(id=1, name="", branch_id=7, branch_path=(1, 7))

    def __init__(self, config: Config) -> None:
        self.config = config
        self.app = create_app(config)
        self.seconds = 0.0

    def build(self) -> None:
        started = time.perf_counter()
        with self.app.app_context(), unit_of_work():
            jobs.enqueue("search.rebuild")
        jobs.run_pending(self.app)
        self.seconds = time.perf_counter() - started

    @property
    def size(self) -> float:
        with self.app.app_context():
            return float(self.app.extensions["search"].figures()["bytes"]) / 1024 / 1024

    def search(self, query: str, **narrowed: object) -> int:
        with self.app.app_context():
            found = queries.find(self.reader, query, **narrowed)  # type: ignore[arg-type]
            assert not found.degraded
            db.session.rollback()
            return found.total

    def clicks(self, asked: list[str]) -> dict[str, dict[str, object]]:
        """For each query what the page offers to narrow it by, the first of each."""
        offered: dict[str, dict[str, object]] = {}
        for query in asked:
            with self.app.app_context():
                found = queries.find(self.reader, query)
                db.session.rollback()
            kind, year, shelf = (
                next(iter(some), None) for some in (found.counts, found.years, found.shelves)
            )
            offered[query] = {"kind": kind, "year": year, "shelf": shelf or ""}
        return offered

    def suggest(self, query: str) -> int:
        with self.app.app_context():
            found = len(queries.suggest(self.reader, query[: 1 + len(query) % 4]))
            db.session.rollback()
            return found

    def close(self) -> None:
        with self.app.app_context():
            db.engine.dispose()
        self.app.extensions["search"].close()

    def environment(self) -> dict[str, str]:
        config = self.config
        return {
            **{k: v for k, v in os.environ.items() if not k.startswith("WEIKE_")},
            "WEIKE_SECRET_KEY": config.secret_key,
            "WEIKE_INSTANCE_DIR": str(config.instance_dir),
            "WEIKE_MEDIA_DIR": str(config.media_dir),
            "WEIKE_SEARCH_DIR": str(config.search_dir),
            "WEIKE_SEARCH_ENGINE": config.search_engine,
            "WEIKE_SEARCH_DATABASE": config.search_database,
            "WEIKE_DISK_RESERVE": "0",
        }

    def memory(self, asked: list[str]) -> tuple[float, float]:
        """MB of a process of its own: when it is ready, and when it has answered all queries."""
        script = (
            "import json, sys; from pathlib import Path; from bench.search import serve; "
            "print(json.dumps(serve(json.load(sys.stdin))))"
        )
        told = subprocess.run(
            [sys.executable, "-c", script],
            input=json.dumps(asked),
            env=self.environment(),
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=True,
        )
        ready, served = json.loads(told.stdout.splitlines()[-1])
        return ready, served

    def upload(self, number: int) -> float:
        """Seconds from sending a file to finding it, with a worker that runs beside."""
        people = People(self.app)
        client = people.client(people.member(role="trainer"))
        word = f"fresh{self.config.search_engine}{number}"
        started = time.perf_counter()
        answer = client.post(
            "/library/upload",
            query_string={"filename": f"{word}.pdf"},
            data=files.pdf(*(f"page {page} of {word}" for page in range(1, 11))),
            headers=csrf(client) | {"Accept": "application/json"},
            content_type="application/octet-stream",
        )
        assert answer.status_code == 200, answer.get_data(as_text=True)
        while f"of <mark>{word}</mark>" not in client.get(f"/search?q={word}").get_data(
            as_text=True
        ):
            time.sleep(0.05)
            assert time.perf_counter() - started < 120, "the upload is not found"
        return time.perf_counter() - started

    @contextmanager
    def worker(self) -> Iterator[None]:
        command = f"{BIN}/huey_consumer wsgi.huey --workers 2 --worker-type thread"
        process = subprocess.Popen(
            command.split(),
            cwd=ROOT,
            env=self.environment(),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            yield
        finally:
            process.terminate()
            process.wait(timeout=30)


def serve(asked: list[str]) -> tuple[float, float]:
    """Answer queries as a web process does; MB of it before and after."""
    ours = Ours(Config.from_env(os.environ))
    ours.search("warm")
    ready = _resident()
    for query in asked:
        ours.search(query)
        ours.suggest(query)
    return ready, _resident()


def _resident() -> float:
    status = Path("/proc/self/status").read_text()
    return int(status.partition("VmRSS:")[2].split()[0]) / 1024


def measure(size: int, folder: Path, address: str | None) -> list[dict[str, str]]:
    config = Config.from_env(
        {},
        secret_key="bench-" * 8,
        instance_dir=folder / "instance",
        media_dir=folder / "media",
        search_dir=folder / "search",
        disk_reserve=0,
        limits=False,
        testing=True,
    )
    files_engine = Ours(config)
    with files_engine.app.app_context():
        upgrade()
    say(f"{size:,} documents are made")
    rows, asked = fill(files_engine.app, Texts(seed=size), size)
    engines = {"Whoosh": files_engine}
    if address:
        there = replace(config, search_engine="postgresql", search_database=address)
        engines["PostgreSQL"] = Ours(there)
    ways: dict[str, Callable[[str], int]] = {}
    made: dict[str, tuple[float, float]] = {}  # seconds and MB
    for name, engine in engines.items():
        say(f"ours in {name} is built")
        engine.build()
        made[f"ours in {name}"] = engine.seconds, engine.size
        ways[f"ours in {name}"] = engine.search
        ways[f"suggestions, {name}"] = engine.suggest
        clicks = engine.clicks(asked)
        ways[f"facets, {name}"] = lambda query, engine=engine, clicks=clicks: engine.search(  # type: ignore[misc]
            query, **clicks[query]
        )
    say("the others are built")
    sqlite = Sqlite(folder / "plain.sqlite", rows)
    other = Tantivy(folder / "tantivy", rows)
    ways |= {"FTS5": sqlite.fts, "LIKE": sqlite.like, "tantivy": other.search}
    made |= {"FTS5": (sqlite.seconds, sqlite.size), "tantivy": (other.seconds, other.size)}
    tsvector = None
    if address:
        tsvector = Tsvector(address, rows)
        ways["plain tsvector"] = tsvector.search
        made["plain tsvector"] = tsvector.seconds, tsvector.size
    say("queries are asked")
    times: dict[str, list[float]] = {name: [] for name in ways}
    nothing = dict.fromkeys(ways, 0)
    for warming in (True, False):
        for query in asked[:20] if warming else asked:
            for name, ask in ways.items():
                took, found = timed(lambda ask=ask, query=query: ask(query))  # type: ignore[misc]
                if not warming:
                    times[name].append(took)
                    nothing[name] += found == 0
    say("memory is looked at")
    memory = {name: engine.memory(asked) for name, engine in engines.items()}
    uploads = {}
    for name, engine in engines.items():
        say(f"files are uploaded, {name}")
        with engine.worker():
            uploads[name] = statistics.median(engine.upload(number) for number in range(5))
    for closing in (*engines.values(), sqlite, *((tsvector,) if tsvector else ())):
        closing.close()
    return _table(size, {n: percentiles(t) for n, t in times.items()}, nothing, made) + [
        row
        for name in engines
        for row in (
            _row(
                f"{size:,}: MB of a web process, {name}",
                "{:.0f} ready, {:.0f} after all queries".format(*memory[name]),
            ),
            _row(
                f"{size:,}: from upload of a PDF to found, {name}",
                f"{uploads[name]:.1f} s",
                goal="≤ 10 s",
            ),
        )
    ]


def _table(
    size: int,
    took: dict[str, tuple[float, float]],
    nothing: dict[str, int],
    made: dict[str, tuple[float, float]],
) -> list[dict[str, str]]:
    def pair(name: str) -> str:
        return "{:.1f} / {:.1f} ms".format(*took[name])

    rows = []
    for mine in [name for name in took if name.startswith("ours")]:
        what = f"{size:,}: search, {mine}, p50 / p95"
        rows.append(_row(what, pair(mine), goal="p95 ≤ 150 ms"))
        for name in [name for name in (*made, "LIKE") if not name.startswith("ours")]:
            p50, p95 = (a / b for a, b in zip(took[mine], took[name], strict=True))
            other = f"{name} {pair(name)}"
            rows.append(_row(what, pair(mine), other, f"{p50:.2f} / {p95:.2f}"))
            other = f"{name} {made[name][0]:.1f} s, {made[name][1]:.0f} MB" if name in made else ""
            if other:
                seconds, size_mb = made[mine]
                ratio = f"{seconds / made[name][0]:.2f} / {size_mb / made[name][1]:.2f}"
                built = f"{seconds:.1f} s, {size_mb:.0f} MB"
                rows.append(_row(f"{size:,}: making the index, {mine}", built, other, ratio))
    for name in took:
        if name.startswith(("suggestions", "facets")):
            goal = "p95 ≤ 100 ms" if name.startswith("suggestions") else "p95 ≤ 150 ms"
            rows.append(_row(f"{size:,}: {name}, p50 / p95", pair(name), goal=goal))
    lost = ", ".join(f"{name} {nothing[name]}" for name in took if "," not in name)
    return [*rows, _row(f"{size:,}: queries without an answer, of {QUERIES}", lost)]


def _row(what: str, ours: str, other: str = "", ratio: str = "", goal: str = "") -> dict[str, str]:
    return {"what": what, "ours": ours, "other": other, "ratio": ratio, "goal": goal}


def main() -> None:
    sizes = [int(size.replace("_", "")) for size in sys.argv[1:]] or SIZES
    rows: list[dict[str, str]] = []
    for size in sizes:
        with (
            tempfile.TemporaryDirectory() as folder,
            tempfile.TemporaryDirectory() as data,
            postgresql.running(Path(data), "shared_buffers=512MB") as address,
        ):
            rows.extend(measure(size, Path(folder), address))
    head = ("what", "ours", "other", "ratio", "goal")
    widths = [max(len(name), *(len(row[name]) for row in rows)) for name in head]
    for line in [dict(zip(head, head, strict=True)), *rows]:
        print(" | ".join(line[name].ljust(width) for name, width in zip(head, widths, strict=True)))
    print(json.dumps({"name": "search", "rows": rows}))


if __name__ == "__main__":
    main()
