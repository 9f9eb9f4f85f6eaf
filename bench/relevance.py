"""How good the order of results is, beside two plain ways to search the same texts.

More than 400 short texts in Simplified and Traditional Chinese and in English, and 70 queries with
judged answers (`relevance.toml`). For each query the ten best things are compared with the ideal
order: nDCG@10, with a gain of 3 for a text that must be found and 1 for others of its topic
(Järvelin and Kekäläinen 2002). Beside ours:

* Whoosh with its own default analyzer and BM25F over title and text;
* SQLite FTS5 with the trigram tokenizer and bm25; words of fewer than three characters, which it
  cannot ask for, through LIKE.

Both see the folded texts in one run with ours, and their queries get all the words, then any word.

    python -m bench.relevance [--queries]
"""

from __future__ import annotations

import json
import random
import sqlite3
import sys
import tempfile
import tomllib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from math import log2
from pathlib import Path

import opencc
from flask import Flask
from sqlalchemy import insert
from whoosh.fields import ID, TEXT, Schema
from whoosh.index import create_in
from whoosh.qparser import MultifieldParser, OrGroup

from app import create_app
from app.core import clock, jobs
from app.core.db import Base, db, unit_of_work
from app.members.rules import Reader
from app.search import folding, queries
from app.search.models import SearchPassage, SearchThing
from config import Config

DATA = Path(__file__).with_name("relevance.toml")
BEST = 10
MUST, SOME = 3, 1  # gains
TRADITIONAL = 2  # of each topic's Chinese texts there is a copy as written in Taiwan
CHINESE = (
    "本文围绕{topic}展开，重点说明{aspect}。",
    "在日常工作中，{aspect}。这是{topic}的基本要求。",
    "{aspect}。学习{topic}时请结合本单位实际。",
    "为什么要重视{topic}？{aspect}，这一点常被忽略。",
)
ENGLISH = (
    "This page is about {topic}: {aspect}.",
    "Everybody should know about {topic}. In short: {aspect}.",
    "Notes on {topic}. The point is {aspect}, which is often forgotten.",
)
CHINESE_REST = (
    "请各部门结合实际抓好落实。",
    "相关内容在{other}一章中也有说明。",
    "课程配有测验，及格线为六十分。",
    "与{other}不同，这里强调过程记录。",
    "附表列出了负责人和完成时间。",
)
ENGLISH_REST = (
    "There is a short quiz at the end.",
    "Some of this is also said in the chapter on {other}.",
    "Ask your trainer when something is unclear.",
    "The table lists who does what until when.",
)


@dataclass(frozen=True)
class Text:
    """One short text; `name` is what judgements call it."""

    name: str
    title: str
    body: str
    language: str


@dataclass(frozen=True)
class Judged:
    """A query with the gain of every text that is not worthless for it."""

    query: str
    must: frozenset[str]
    gains: dict[str, int]


def load() -> tuple[list[Text], list[Judged]]:
    """All texts and all judged queries; the same every time."""
    data = tomllib.loads(DATA.read_text(encoding="utf-8"))
    texts = list(_texts(data["topics"]))
    names = [text.name for text in texts]
    return texts, [_judged(names, *row) for row in data["queries"]]


def _texts(topics: Sequence[Sequence[object]]) -> Iterable[Text]:
    chance = random.Random(7)
    taiwan = opencc.OpenCC("s2twp")
    for number, (chinese, english, aspects, said) in enumerate(topics, 1):
        for at, aspect in enumerate(aspects, 1):  # type: ignore[arg-type]
            other = chance.choice(topics)[0]
            frame = chance.choice(CHINESE).format(topic=chinese, aspect=aspect)
            rest = "".join(chance.sample(CHINESE_REST, 3)).format(other=other)
            title = f"{chinese}：{str(aspect)[:8]}"
            yield Text(f"{number}.{at}", title, frame + rest, "zh_Hans")
            if at <= TRADITIONAL or len(str(chinese)) > 4:
                yield Text(
                    f"{number}.t{at}",
                    taiwan.convert(title),
                    taiwan.convert(frame + rest),
                    "zh_Hant",
                )
        for at, aspect in enumerate(said, 1):  # type: ignore[arg-type]
            other = chance.choice(topics)[1]
            frame = chance.choice(ENGLISH).format(topic=english, aspect=aspect)
            rest = " ".join(chance.sample(ENGLISH_REST, 2)).format(other=other)
            title = f"{str(english).capitalize()}: {' '.join(str(aspect).split()[:4])}"
            yield Text(f"{number}.e{at}", title, f"{frame} {rest}", "en")


def _judged(names: list[str], query: str, must: list[str], topics: list[str]) -> Judged:
    def matching(pattern: str) -> list[str]:
        if not pattern.endswith("*"):
            return [pattern] if pattern in names else []
        head = pattern[:-1]
        rest = [name.removeprefix(head) for name in names if name.startswith(head)]
        return [head + tail for tail in rest if tail.isdigit()]

    wanted = {name for pattern in must for name in matching(pattern)}
    gains = dict.fromkeys(wanted, MUST)
    for topic in topics:
        number, is_english = topic.removesuffix("e"), topic.endswith("e")
        for name in names:
            head, _, tail = name.partition(".")
            if head == number and (tail[0] == "e") == is_english:
                gains.setdefault(name, SOME)
    return Judged(query, frozenset(wanted), gains)


def ndcg(found: Sequence[str], judged: Judged) -> float:
    """Normalised discounted cumulative gain of the first ten, from 0 to 1."""
    got = sum(
        (2 ** judged.gains.get(name, 0) - 1) / log2(at + 2) for at, name in enumerate(found[:BEST])
    )
    ideal = sorted(judged.gains.values(), reverse=True)[:BEST]
    best = sum((2**gain - 1) / log2(at + 2) for at, gain in enumerate(ideal))
    return got / best


def fill(app: Flask, texts: Iterable[Text]) -> None:
    """The texts as documents for everybody, indexed."""
    things, passages = [], []
    for number, text in enumerate(texts, 1):
        things.append(
            {
                "id": number,
                "kind": "document",
                "ref": text.name,
                "title": text.title,
                "search_title": folding.segmented(text.title),
                "url": f"/library/{number}",
                "audience": "all",
                "digest": "",
                "revision": 1,
                "language": text.language,
                "changed_at": clock.now(),
            }
        )
        passages.append(
            {
                "thing_id": number,
                "position": 0,
                "anchor": "",
                "label": "",
                "url": "",
                "text": text.body,
                "search_text": folding.segmented(text.body),
            }
        )
    with app.app_context(), unit_of_work() as session:
        session.execute(insert(SearchThing), things)
        session.execute(insert(SearchPassage), passages)
        jobs.enqueue("search.rebuild")
    jobs.run_pending(app)


def ours(app: Flask) -> Callable[[str], list[str]]:
    """A search as a member of the head office would make it; names of what is found, best first."""
    reader = Reader(id=1, name="", branch_id=1, branch_path=(1,))

    def ask(query: str) -> list[str]:
        with app.app_context():
            found: list[str] = []
            for page in (1, 2, 3):
                rows = queries.find(reader, query, page=page).page.rows
                found.extend(row.ref for row in rows)
            db.session.rollback()
        return found

    return ask


def whoosh(folder: Path, texts: Iterable[Text]) -> Callable[[str], list[str]]:
    """Whoosh as its introduction shows it."""
    index = create_in(str(folder), Schema(name=ID(stored=True), title=TEXT, body=TEXT))
    writer = index.writer()
    for text in texts:
        writer.add_document(
            name=text.name, title=folding.fold(text.title), body=folding.fold(text.body)
        )
    writer.commit()
    searcher = index.searcher()

    def ask(query: str) -> list[str]:
        for options in ({}, {"group": OrGroup}):
            parser = MultifieldParser(["title", "body"], index.schema, **options)
            hits = searcher.search(parser.parse(folding.fold(query)), limit=30)
            if len(hits):
                return [hit["name"] for hit in hits]
        return []

    return ask


def fts5(texts: Iterable[Text]) -> Callable[[str], list[str]]:
    """SQLite's full-text table with trigrams."""
    file = sqlite3.connect(":memory:")
    file.execute(
        "create virtual table fts using fts5 (name unindexed, title, body, tokenize='trigram')"
    )
    file.executemany(
        "insert into fts values (?, ?, ?)",
        [(text.name, folding.fold(text.title), folding.fold(text.body)) for text in texts],
    )

    def ask(query: str) -> list[str]:
        words = [w.strip('"*') for w in folding.fold(query).split() if w.strip('"*')]
        if any(len(word) < 3 for word in words):
            where = " and ".join("(title like ? or body like ?)" for _ in words)
            values = [f"%{word}%" for word in words for _ in range(2)]
            rows = file.execute(f"select name from fts where {where} limit 30", values)
            return [row[0] for row in rows]
        for joint in (" AND ", " OR "):
            match = joint.join('"' + word.replace('"', '""') + '"' for word in words)
            rows = file.execute(
                "select name from fts where fts match ? order by rank limit 30", (match,)
            ).fetchall()
            if rows:
                return [row[0] for row in rows]
        return []

    return ask


def measured(
    ask: Callable[[str], list[str]], judged: Sequence[Judged]
) -> tuple[float, int, list[float]]:
    """Mean nDCG@10, how many texts that must be found are not among the first thirty, each nDCG."""
    scores, missing = [], 0
    for each in judged:
        found = ask(each.query)
        scores.append(ndcg(found, each))
        missing += len(each.must - set(found))
    return sum(scores) / len(scores), missing, scores


def site(folder: Path) -> Flask:
    """An empty application on a folder of its own."""
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
    return app


def main() -> None:
    texts, judged = load()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        app = site(folder)
        fill(app, texts)
        (folder / "whoosh").mkdir()
        ways = {
            "ours": ours(app),
            "Whoosh, default analyzer": whoosh(folder / "whoosh", texts),
            "FTS5 trigram": fts5(texts),
        }
        results = {way: measured(ask, judged) for way, ask in ways.items()}
        with app.app_context():
            db.engine.dispose()
    if "--queries" in sys.argv[1:]:
        for at, each in enumerate(judged):
            print(f"{each.query:24}", *(f"{result[2][at]:.2f}" for result in results.values()))
    print(f"{len(texts)} texts, {len(judged)} queries")
    mine, missing, _ = results["ours"]
    rows = []
    for way, (score, lost, _) in results.items():
        print(f"{way:26} nDCG@10 {score:.3f}, {lost} of the texts that must be found are missing")
        if way != "ours":
            rows.append(
                {
                    "what": f"nDCG@10 of {len(judged)} judged queries over {len(texts)} texts",
                    "ours": f"{mine:.3f}, {missing} missing",
                    "other": f"{way} {score:.3f}, {lost} missing",
                    "ratio": f"{mine / score:.2f}",
                    "goal": "≥ 0.85, none missing",
                }
            )
    print(json.dumps({"name": "relevance", "rows": rows}))


if __name__ == "__main__":
    main()
