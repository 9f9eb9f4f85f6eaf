"""Marking: values in, a mark from 0 to 1 out; and what members may see before and after."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.questions import types
from app.questions.rules import (
    BadFraction,
    FractionsMissOne,
    NoneRight,
    NotAnAnswer,
    NotOneRight,
    SameOption,
    TooFewOptions,
    TooManyOptions,
    Wrong,
    fractions,
    plain_number,
    shares,
    wrong_of,
)
from app.questions.types import multiple, single, truefalse

CANARY = "CANARY-CORRECT"


def question(*worths: str | int, kind: str = "multiple") -> dict[str, Any]:
    options = [{"text": f"Option {n}", "fraction": w} for n, w in enumerate(worths)]
    return types.of(kind).clean({"stem": "Which?", "explanation": CANARY, "options": options})


def ticks(body: dict[str, Any], *numbers: int) -> list[str]:
    ids = multiple.options(body)
    return [ids[n] for n in numbers]


# --- the rules, one by one ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("numbers", "mark"),
    [
        ((), "0"),
        ((0,), "0.5"),
        ((1,), "0.5"),
        ((0, 1), "1"),
        ((2,), "0"),
        ((0, 2), "0"),
        ((0, 1, 2), "0"),
    ],
)
def test_a_mark_is_the_sum_of_ticked_fractions_within_0_and_1(
    numbers: tuple[int, ...], mark: str
) -> None:
    body = question("0.5", "0.5", "-1")
    assert multiple.mark(body, ticks(body, *numbers)) == Decimal(mark)


def test_a_small_penalty_takes_a_part() -> None:
    body = question("0.5", "0.5", "-0.25")
    assert multiple.mark(body, ticks(body, 0, 2)) == Decimal("0.25")


@pytest.mark.parametrize("worths", ["34 33 33", "33 33 33", "33.3 33.3 33.3", "33.33333 " * 3])
def test_thirds_however_written_give_thirds_and_the_full_mark(worths: str) -> None:
    each = [str(Decimal(worth) / 100) for worth in worths.split()]
    body = question(*each, "-0.33")
    assert multiple.mark(body, ticks(body, 0, 1, 2)) == 1
    for two in ((0, 1), (0, 2), (1, 2)):
        assert multiple.mark(body, ticks(body, *two)) == Decimal("0.66667")
    assert multiple.mark(body, ticks(body, 2, 3)) == 0
    for option, worth in zip(body["options"], each, strict=False):
        option["fraction"] = worth  # as it was stored before such shares were evened out
    assert multiple.mark(body, ticks(body, 1, 2)) == Decimal("0.66667")


def test_shares_that_are_not_equal_stay_as_they_are() -> None:
    body = question("0.5", "0.3", "0.2", "-0.25")
    assert [o["fraction"] for o in body["options"]] == ["0.5", "0.3", "0.2", "-0.25"]
    assert multiple.mark(body, ticks(body, 0, 1, 3)) == Decimal("0.55")


def test_an_option_ticked_twice_counts_once() -> None:
    body = question("0.5", "0.5")
    assert multiple.mark(body, ticks(body, 0, 0)) == Decimal("0.5")


def test_single_choice_gives_the_fraction_of_the_ticked_option() -> None:
    body = question("1", "0.5", "0", kind="single")
    marks = [single.mark(body, ticks(body, n)) for n in range(3)]
    assert marks == [Decimal(1), Decimal("0.5"), Decimal(0)]
    assert single.mark(body, []) == 0


def test_two_ticks_are_no_answer_to_a_single_choice() -> None:
    body = question("1", "0", kind="single")
    with pytest.raises(NotAnAnswer):
        single.understood(body, ticks(body, 0, 1))
    assert single.mark(body, ticks(body, 0, 1)) == 0


@pytest.mark.parametrize("answer", [True, False])
def test_true_or_false(answer: bool) -> None:
    body = truefalse.clean({"stem": "So?", "answer": answer})
    yes, no = truefalse.options(body)
    assert truefalse.mark(body, [yes]) == int(answer)
    assert truefalse.mark(body, [no]) == int(not answer)
    assert truefalse.mark(body, []) == 0
    assert truefalse.plain(body)["answer"] is answer
    for order in ([yes, no], [no, yes]):
        shown = truefalse.shown(body, order)["options"]
        assert [o["text"] for o in shown] == ["true", "false"]


@pytest.mark.parametrize(
    ("kind", "worths", "refusal"),
    [
        ("single", ("1", "1"), NotOneRight),
        ("single", ("0.5", "0.5"), NotOneRight),
        ("single", ("1", "-1"), BadFraction),
        ("single", ("1",), TooFewOptions),
        ("multiple", (), TooFewOptions),
        ("multiple", ("1", *["0"] * 12), TooManyOptions),
        ("multiple", ("0", "-1"), NoneRight),
        ("multiple", ("0.5", "0.4", "0"), FractionsMissOne),
        ("multiple", ("1", "1", "0"), FractionsMissOne),
        ("multiple", ("1", "-1.1"), BadFraction),
        ("multiple", ("1", "NaN"), BadFraction),
        ("multiple", ("1", "-Infinity"), BadFraction),
        ("multiple", ("1", "1e999"), BadFraction),
        ("multiple", ("1", "½"), BadFraction),
        ("multiple", ("1", ""), BadFraction),
        ("multiple", ("1", None), BadFraction),
    ],
)
def test_what_cannot_be_marked_is_refused(kind: str, worths: tuple, refusal: type) -> None:
    with pytest.raises(refusal):
        question(*worths, kind=kind)


def test_equal_answers_are_refused() -> None:
    options = [{"text": "a ", "fraction": 1}, {"text": "a", "fraction": 0}]
    with pytest.raises(SameOption):
        single.clean({"stem": "?", "options": options})


@pytest.mark.parametrize("raw", [{}, 1, True, ["x"], [1], [None], ["a"] * 99, "x", b"x", [["a"]]])
def test_what_is_no_response_is_refused(raw: object) -> None:
    with pytest.raises(NotAnAnswer):
        multiple.understood(question("1", "0"), raw)


@pytest.mark.parametrize("raw", [None, "", []])
def test_a_blank_answer_is_understood(raw: object) -> None:
    assert multiple.understood(question("1", "0"), raw) == []


# --- properties -----------------------------------------------------------------------------------

rights = st.lists(st.booleans(), min_size=2, max_size=12).filter(any)


@st.composite
def multiples(draw: st.DrawFn) -> dict[str, Any]:
    """Any multiple choice question that the editor can make."""
    worths = fractions(draw(rights), draw(st.sampled_from(Wrong)))
    return question(*[plain_number(w) for w in worths])


@given(multiples(), st.data())
def test_a_mark_is_never_below_0_nor_above_1(body: dict[str, Any], data: st.DataObject) -> None:
    ticked = data.draw(st.lists(st.sampled_from(multiple.options(body))))
    assert 0 <= multiple.mark(body, ticked) <= 1


@given(multiples())
def test_all_right_ticks_and_no_other_give_exactly_1(body: dict[str, Any]) -> None:
    right = [o["id"] for o in body["options"] if Decimal(o["fraction"]) > 0]
    assert multiple.mark(body, right) == 1
    assert multiple.explained(body, right)["is_right"] is True


@given(multiples(), st.data())
def test_one_more_right_tick_never_lowers_a_mark(body: dict[str, Any], data: st.DataObject) -> None:
    ticked = set(data.draw(st.lists(st.sampled_from(multiple.options(body)))))
    for option in body["options"]:
        more = multiple.mark(body, [*ticked, option["id"]])
        if Decimal(option["fraction"]) > 0:
            assert more >= multiple.mark(body, list(ticked))
        else:
            assert more <= multiple.mark(body, list(ticked))


@given(multiples())
def test_ticking_everything_never_pays_when_a_wrong_tick_costs_all(body: dict[str, Any]) -> None:
    if any(Decimal(o["fraction"]) == -1 for o in body["options"]):
        assert multiple.mark(body, multiple.options(body)) == 0


@given(st.integers(1, 12))
def test_shares_sum_to_exactly_1(number: int) -> None:
    parts = shares(number)
    assert sum(parts) == 1
    assert max(parts) - min(parts) < Decimal("0.0002")


@given(rights, st.sampled_from(Wrong))
def test_the_editor_recognises_what_it_made(right: list[bool], wrong: Wrong) -> None:
    made = fractions(right, wrong)
    found = wrong_of(made)
    assert found is not None
    assert fractions(right, found) == made


@given(multiples())
def test_a_plain_body_makes_the_same_question_with_other_ids(body: dict[str, Any]) -> None:
    again = multiple.clean(multiple.plain(body))
    assert multiple.plain(again) == multiple.plain(body)
    assert set(multiple.options(again)).isdisjoint(multiple.options(body))


@given(multiples(), st.randoms(use_true_random=False))
def test_what_is_shown_is_the_same_whatever_is_right(body: dict[str, Any], chance: Any) -> None:
    """The strongest form of “it does not tell the key”: turn the key round, and look again."""
    order = list(multiple.options(body))
    chance.shuffle(order)
    turned = {
        **body,
        "explanation": "other",
        "options": [
            {**o, "fraction": plain_number(-Decimal(o["fraction"]))} for o in body["options"]
        ],
    }
    shown = multiple.shown(body, order)
    assert shown == multiple.shown(turned, order)
    assert [o["id"] for o in shown["options"]] == order
    assert CANARY not in json.dumps(shown)
    assert set(shown) == {"kind", "stem", "material", "many", "options"}
    assert all(set(o) == {"id", "text"} for o in shown["options"])


@pytest.mark.parametrize("kind", ["single", "truefalse"])
def test_the_other_kinds_show_no_key_either(kind: str) -> None:
    if kind == "single":
        body = question("1", "0", kind="single")
        turned = {**body, "options": [{**o, "fraction": "0"} for o in body["options"]]}
    else:
        body = truefalse.clean({"stem": "Which?", "explanation": CANARY, "answer": True})
        pair = [{**o, "fraction": "0"} for o in body["options"]]
        turned = {**body, "options": pair}
    of = types.of(kind)
    order = of.options(body)
    assert of.shown(body, order) == of.shown(turned, order)
    assert CANARY not in json.dumps(of.shown(body, order))


def test_ids_do_not_tell_which_option_is_right() -> None:
    """Over many questions the right option's id is as often the smaller of two as the larger."""
    smaller = sum(
        body["options"][0]["id"] < body["options"][1]["id"]
        for body in (question("1", "0", kind="single") for _ in range(1000))
    )
    assert 400 < smaller < 600  # six standard deviations


def test_after_submission_everything_is_explained() -> None:
    body = question("0.5", "0.5", "-1")
    said = multiple.explained(body, ticks(body, 0, 2))
    assert said["explanation"] == CANARY
    assert said["mark"] == "0"
    assert [o["ticked"] for o in said["options"]] == [True, False, True]
    assert [o["right"] for o in said["options"]] == [True, True, False]


def test_every_kind_has_the_same_shape() -> None:
    shape = {"KIND", "clean", "plain", "options", "shown", "understood", "mark", "explained"}
    for module in types.TYPES.values():
        assert shape <= set(vars(module)), module
