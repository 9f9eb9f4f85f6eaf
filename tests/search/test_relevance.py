"""The order of results against judged queries in three scripts; see bench/relevance.py."""

from __future__ import annotations

from flask import Flask

from bench import relevance

GOAL = 0.85


def test_judged_queries_find_what_they_must_in_a_good_order(app: Flask) -> None:
    texts, judged = relevance.load()
    assert len(texts) >= 400
    assert len(judged) >= 60
    assert {text.language for text in texts} == {"zh_Hans", "zh_Hant", "en"}
    relevance.fill(app, texts)
    ask = relevance.ours(app)
    found = {each.query: ask(each.query) for each in judged}
    scores = {each.query: relevance.ndcg(found[each.query], each) for each in judged}
    missing = {each.query: lost for each in judged if (lost := each.must - set(found[each.query]))}
    assert missing == {}
    worst = sorted(scores, key=lambda query: scores[query])[:10]
    assert sum(scores.values()) / len(scores) >= GOAL, worst
