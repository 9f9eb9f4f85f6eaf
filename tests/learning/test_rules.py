"""Spans, the budget, and the promise that no sequence of reports earns more than the clock."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.learning import rules

LENGTH = 300_000
spans = st.tuples(st.integers(0, LENGTH), st.integers(0, LENGTH)).map(
    lambda pair: (min(pair), max(pair))
)
many_spans = st.lists(spans, max_size=12)


def milliseconds(found: list) -> set[int]:
    return {ms for start, end in found for ms in range(start, end)}


@given(st.lists(st.tuples(st.integers(0, 40), st.integers(0, 40)), max_size=8))
def test_a_union_covers_exactly_its_spans(pairs: list[tuple[int, int]]) -> None:
    far = [(min(p) * 1000, max(p) * 1000) for p in pairs]  # further apart than JOIN_MS
    found = rules.union(far)
    assert {ms // 1000 for a, b in found for ms in range(a, b, 1000)} == {
        ms // 1000 for a, b in far for ms in range(a, b, 1000)
    }
    assert all(left[1] < right[0] for left, right in pairwise(found))


@given(many_spans, many_spans)
def test_a_union_grows_with_what_is_added_and_order_does_not_matter(a: list, b: list) -> None:
    both = rules.union([*a, *b])
    assert both == rules.union([*b, *a]) == rules.union([*rules.union(a), *b])
    assert rules.measure(both) >= rules.measure(rules.union(a))


@given(many_spans)
def test_what_is_missing_and_what_is_seen_make_the_whole(found: list) -> None:
    seen = rules.union(found)
    gaps = rules.missing(seen, LENGTH)
    assert rules.measure(seen) + rules.measure(gaps) == LENGTH
    assert rules.union([*seen, *gaps]) == [(0, LENGTH)]


@given(many_spans, many_spans, st.integers(0, 2 * LENGTH))
def test_a_judgement_never_credits_more_than_allowed(seen: list, new: list, allowed: int) -> None:
    verdict = rules.judge(seen, new, allowed)
    assert 0 <= verdict.credited_ms <= min(allowed, verdict.claimed_ms)
    assert rules.measure(verdict.spans) == rules.measure(rules.union(seen)) + verdict.credited_ms
    # What was seen stays seen, and nothing appears that was not reported.
    everything = rules.union([*seen, *new])
    assert rules.union([*seen, *verdict.spans]) == verdict.spans
    assert rules.union([*everything, *verdict.spans]) == everything


@given(many_spans, many_spans, st.integers(0, 2 * LENGTH))
def test_a_trimmed_report_is_cut_from_its_end_and_used_up_to_a_gap(
    seen: list, new: list, allowed: int
) -> None:
    verdict = rules.judge(seen, new, allowed)
    if verdict.credited_ms == verdict.claimed_ms:
        return
    # At most one joined gap is lost by cutting.
    assert verdict.credited_ms >= allowed - 2 * 300
    first_lost = next(i for i, s in enumerate(new) if not _within(s, verdict.spans))
    assert all(_within(s, verdict.spans) for s in new[:first_lost])


def _within(span: tuple[int, int], found: list) -> bool:
    return span[0] == span[1] or any(a <= span[0] and span[1] <= b for a, b in found)


def test_a_gap_of_less_than_a_second_is_not_named() -> None:
    assert rules.gaps([(0, 10_000), (10_900, 20_000), (30_000, 59_500)], 60_000) == [
        (20_000, 30_000)
    ]
    assert rules.gaps([], 60_000) == [(0, 60_000)]


def test_watching_again_costs_nothing_and_earns_nothing() -> None:
    verdict = rules.judge([(0, 60_000)], [(0, 60_000)], 0)
    assert (verdict.claimed_ms, verdict.credited_ms) == (0, 0)


# --- the promise ----------------------------------------------------------------------------------


@dataclass
class Account:
    """A model of one account: its budget, its visits, and what it earned."""

    now: int
    budget: rules.Budget
    visits: list[rules.Standing]
    lessons: list[list]
    earned: int = 0

    def open(self, kind: str) -> None:
        self.budget = self.budget.opened(self.now)
        self.lessons.append([])
        self.visits.append(
            rules.Standing(
                budget=self.budget,
                opened_at=self.now,
                heard_at=self.now,
                credited_ms=0,
                lesson=rules.measure_of(kind, LENGTH, 90, self.budget.speed),
                spans=[],
                position_ms=0,
                end_reached=False,
                complete=False,
                newest_heard_at=self.now,
            )
        )

    def report(self, which: int, claimed: list, *, kept: bool) -> rules.Outcome:
        which %= len(self.visits)
        before = replace(self.visits[which], budget=self.budget)
        report = rules.Report(
            token="t",
            seq=0,
            spans=tuple((a, b, 2.0) for a, b in claimed),
            position=0,
            kept=kept,
            end=True,
        )
        outcome = rules.heard(before, report, self.now)
        assert outcome.budget.whole_ms >= 0
        assert outcome.budget.live_ms >= 0
        assert outcome.seen_ms >= rules.measure(before.spans), "progress fell"
        self.budget = outcome.budget
        self.earned += outcome.credited_ms
        self.visits[which] = replace(
            before,
            heard_at=self.now,
            newest_heard_at=self.now,
            credited_ms=before.credited_ms + outcome.credited_ms,
            spans=outcome.spans,
            complete=before.complete or outcome.completes,
        )
        return outcome


def account(kinds: list[str], speed: int = rules.USUAL_SPEED) -> Account:
    budget = replace(rules.Budget.fresh(1_000_000), speed=speed)
    made = Account(now=1_000_000, budget=budget, visits=[], lessons=[])
    for kind in kinds:
        made.open(kind)
    return made


acts = st.one_of(
    st.tuples(
        st.just("wait"), st.sampled_from([1, 7, 500, 4_000, 9_999, 15_001, 60_000, 3_000_000])
    ),
    st.tuples(st.just("back"), st.integers(1, 10_000_000)),
    st.tuples(st.just("open"), st.sampled_from(["video", "reading"])),
    st.tuples(st.just("report"), st.integers(0, 30), many_spans, st.booleans()),
    st.tuples(st.just("everything"), st.integers(0, 30), st.booleans()),
)


@settings(max_examples=400, deadline=None)
@given(st.sampled_from(rules.SPEEDS), st.lists(acts, max_size=40))
def test_no_sequence_of_requests_beats_the_clock(speed: int, story: list) -> None:
    """Any tabs, lessons, claims, silences and kept spans; also a server clock that is put back."""
    one = account(["video"], speed)
    started, passed, top = one.now, 0, one.now
    for act in story:
        if act[0] == "wait":
            one.now += act[1]
            passed += act[1]
            top = max(top, one.now)
        elif act[0] == "back":
            one.now -= min(act[1], one.now - started)
        elif act[0] == "open":
            one.open(act[1])
        elif act[0] == "report":
            one.report(act[1], act[2], kept=act[3])
        else:
            one.report(act[1], [(0, LENGTH)], kept=act[2])
        assert one.earned <= rules.at_speed(top - started, speed) + rules.SLACK_MS
    assert top - started <= passed


@given(st.integers(15_001, 86_400_000), st.integers(1, 20))
def test_a_silence_earns_no_more_than_fifteen_seconds(silence: int, tabs: int) -> None:
    """The hole in a peer: ten minutes of silence bought twenty minutes of watching."""
    one = account(["video"] * tabs)
    one.now += silence
    for tab in range(tabs):
        one.report(tab, [(0, LENGTH)], kept=False)
    assert one.earned <= rules.live_most(rules.USUAL_SPEED)


@given(st.integers(1, 30 * 60_000), st.integers(1, 6))
def test_what_was_kept_is_worth_the_time_that_really_passed(away: int, tabs: int) -> None:
    one = account(["video"] * tabs)
    one.now += away
    outcome = one.report(0, [(0, LENGTH)], kept=True)
    worth = min(away, rules.LONGEST_OUTAGE_MS) + min(away, rules.BUFFERED_MS)
    assert outcome.credited_ms <= worth + rules.SLACK_MS
    assert outcome.credited_ms >= min(worth, LENGTH)
    for tab in range(1, tabs):
        one.report(tab, [(0, LENGTH)], kept=True)
    assert one.earned <= rules.at_speed(away, rules.USUAL_SPEED) + rules.SLACK_MS
    assert one.earned <= rules.LONGEST_OUTAGE_MS + rules.BUFFERED_MS + rules.SLACK_MS


def test_a_day_without_visits_buys_nothing() -> None:
    one = account(["video"])
    one.now += 86_400_000
    one.open("video")
    outcome = one.report(1, [(0, LENGTH)], kept=True)
    assert outcome.credited_ms <= rules.SLACK_MS


@pytest.mark.parametrize("speed", [0.5, 1, 1.5, 2])
@pytest.mark.parametrize("seed", range(5))
def test_an_honest_viewer_who_loses_a_fifth_of_the_reports_gets_nearly_all(
    speed: float, seed: int
) -> None:
    """Reports every 10 s; a lost one is sent again with the next, as `kept`."""
    import random

    chance = random.Random(seed)
    one = account(["video"])
    at, unsent, kept = 0, [], False
    while at < LENGTH:
        one.now += 10_000
        end = min(LENGTH, at + int(10_000 * speed))
        unsent.append((at, end))
        at = end
        if chance.random() < 0.2:
            kept = True
            continue
        one.report(0, unsent, kept=kept)
        unsent, kept = [], False
    if unsent:
        one.now += 1_000
        one.report(0, unsent, kept=kept)
    seen = rules.measure(one.visits[0].spans)
    assert seen >= 0.95 * LENGTH


def test_a_reading_page_counts_a_second_per_second() -> None:
    one = account(["reading"])
    one.now += 10_000
    outcome = one.report(0, [(0, LENGTH // 2)], kept=False)
    assert outcome.credited_ms == 10_000 + rules.SLACK_MS


def test_three_trimmed_reports_in_a_row_are_noticed_and_an_empty_one_does_not_help() -> None:
    one = account(["video"])
    in_a_row, seen = 0, []
    for claim in ([(0, LENGTH)], [], [(0, LENGTH)], [], [(0, LENGTH)]):
        one.now += 5_000
        in_a_row = one.report(0, claim, kept=False).trims_in_a_row(in_a_row)
        seen.append(in_a_row)
    assert seen == [1, 1, 2, 2, 3]
    one.now += 10_000
    start = rules.measure(one.visits[0].spans)
    assert one.report(0, [(start, start + 5_000)], kept=False).trims_in_a_row(in_a_row) == 0


# --- reports --------------------------------------------------------------------------------------

GOOD = {"token": "t", "seq": 0, "spans": [[0, 1000, 1.5]], "position": 1000}


def test_a_good_report_is_understood() -> None:
    report = rules.checked_report({**GOOD, "kept": True, "end": False}, length_ms=1000)
    assert report.plain == [(0, 1000)]
    assert report.kept


@pytest.mark.parametrize(
    "change",
    [
        {"unknown": 1},
        {"token": 5},
        {"token": ""},
        {"token": "x" * 41},
        {"seq": -1},
        {"seq": 1.0},
        {"seq": True},
        {"seq": 2**31},
        {"spans": None},
        {"spans": {}},
        {"spans": [[0, 1]]},
        {"spans": [[0, 1, 1, 1]]},
        {"spans": [[5, 4, 1]]},
        {"spans": [[-1, 4, 1]]},
        {"spans": [[0, 1001, 1]]},
        {"spans": [[0, 1.5, 1]]},
        {"spans": [[0, float("nan"), 1]]},
        {"spans": [[0, float("inf"), 1]]},
        {"spans": [[0, 1, float("nan")]]},
        {"spans": [[0, 1, float("inf")]]},
        {"spans": [[0, 1, 16]]},
        {"spans": [[0, 1, 0]]},
        {"spans": [[0, 1, "1"]]},
        {"spans": [[0, True, 1]]},
        {"spans": [["0", 1, 1]]},
        {"spans": [[0, 10**400, 1]]},
        {"spans": [[0, 1, 1]] * 41},
        {"position": -1},
        {"position": 1001},
        {"position": None},
        {"kept": 1},
        {"end": "yes"},
    ],
    ids=str,
)
def test_anything_else_is_refused(change: dict) -> None:
    assert rules.checked_report(GOOD, length_ms=1000)
    with pytest.raises(rules.BadReport):
        rules.checked_report({**GOOD, **change}, length_ms=1000)


@pytest.mark.parametrize("raw", [None, [], "x", 5, {}, {"token": "t"}])
def test_a_report_has_its_fields(raw: object) -> None:
    with pytest.raises(rules.BadReport):
        rules.checked_report(raw, length_ms=1000)


# --- lessons and courses --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "length", "percent", "needed"),
    [
        ("video", 600_000, 90, 540_000),
        ("video", 600_001, 90, 540_001),
        ("audio", 600_000, 50, 300_000),
        ("video", 600_000, 100, 599_000),  # players end early
        ("video", 5_000, 100, 5_000),
        ("reading", 120_000, 90, 60_000),
        ("reading", 1_000, 90, 3_000),
    ],
)
def test_what_is_needed_of_a_lesson(kind: str, length: int, percent: int, needed: int) -> None:
    assert rules.measure_of(kind, length, percent).needed_ms == needed


def test_an_unfinished_lesson_is_never_shown_as_a_hundred_per_cent() -> None:
    assert rules.percent_seen(99_999, 100_000, complete=False) == 99
    assert rules.percent_seen(100_000, 100_000, complete=False) == 99
    assert rules.percent_seen(90_000, 100_000, complete=True) == 100
    assert rules.percent_seen(5, 0, complete=False) == 0


@pytest.mark.parametrize(
    ("position", "seen", "complete", "resume"),
    [
        (195_000, [(0, 195_000)], False, 195_000),
        (3_000, [(0, 3_000)], False, 0),
        (299_000, [(0, 60_000), (120_000, 300_000)], False, 60_000),  # the first part missing
        (299_000, [(0, 300_000)], False, 0),
        (150_000, [(0, 300_000)], True, 0),
    ],
)
def test_where_a_lesson_goes_on(position: int, seen: list, complete: bool, resume: int) -> None:
    assert rules.resume_at(position, seen, LENGTH, complete=complete) == resume


def test_a_finished_lesson_is_not_rewound() -> None:
    assert rules.next_position(280_000, 10_000, complete=True) == 280_000
    assert rules.next_position(280_000, 10_000, complete=False) == 10_000


def test_a_course_is_done_when_its_lessons_and_its_quiz_are() -> None:
    def done(lessons: int, lessons_done: int, has_quiz: bool, passed: bool) -> bool:
        return rules.is_course_done(
            lessons=lessons, lessons_done=lessons_done, has_quiz=has_quiz, passed=passed
        )

    assert done(2, 2, False, False)
    assert done(2, 2, True, True)
    assert not done(2, 2, True, False)
    assert not done(2, 1, True, True)
    assert not done(0, 0, False, False)


def test_a_course_once_done_stays_done() -> None:
    state = rules.course_state(
        started=True, lessons=3, lessons_done=2, has_quiz=True, passed=True, done=True
    )
    assert state is rules.CourseState.DONE
