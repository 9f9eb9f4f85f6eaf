"""Every kind beyond the choices: what is accepted, what it is worth, and that no key slips out."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.questions import types
from app.questions.rules import (
    BadGap,
    BadInterval,
    BadNumber,
    BadQuestion,
    BadRubric,
    BadUnit,
    NoAcceptedAnswer,
    NoChoiceHere,
    NoGap,
    NotAnAnswer,
    OnlyStars,
    SameAnswer,
    SameItem,
    SameLeft,
    TooFewItems,
    TooFewPairs,
)
from app.questions.types import blanks, cloze, essay, matching, numbers, numeric, ordering, short

KEY = "CANARY-KEY"
BODIES: dict[str, dict[str, Any]] = {
    "single": {"options": [{"text": "a", "fraction": 1, "feedback": KEY}, {"text": "b"}]},
    "multiple": {"options": [{"text": "a", "fraction": 1}, {"text": "b", "fraction": -1}]},
    "truefalse": {"answer": True},
    "short": {"answers": [{"text": KEY, "feedback": KEY}, {"text": "half", "fraction": "0.5"}]},
    "numeric": {"answers": [{"value": "8675309"}], "units": [{"text": "kg"}]},
    "blanks": {"stem": f"One [[{KEY}]] and [[#8675309]]."},
    "cloze": {"stem": f"One [[{KEY}]] and [[b|=a]]."},
    "matching": {
        "pairs": [{"left": "1", "right": "one"}, {"left": "2", "right": "two"}],
        "extra": ["three"],
    },
    "ordering": {"items": ["first", "second", "third"]},
    "essay": {"answer": KEY, "rubric": [{"text": "clear"}, {"text": "true"}]},
    "hotspot": {
        "picture": f"/media/images/{'a' * 32}/640.webp",
        "areas": [{"coords": "86,75.3,90,99", "text": KEY}],
    },
    "file": {"answer": KEY, "rubric": [{"text": "clear"}]},
}


def make(kind: str, **body: Any) -> dict[str, Any]:
    texts = {"stem": "What?", "explanation": KEY}
    return types.of(kind).clean({**texts, **(body or BODIES[kind])})


def plain_of(kind: str) -> dict[str, Any]:
    return types.of(kind).plain(make(kind))


def names_of(kind: str, body: dict[str, Any]) -> list[tuple[str, str]]:
    ids = types.of(kind).options(body)
    return [(f"n{at}", token) for at, token in enumerate(reversed(ids))]


# --- what holds for every kind --------------------------------------------------------------------


@pytest.mark.parametrize("kind", types.TYPES)
def test_what_was_stored_can_be_stored_again(kind: str) -> None:
    of = types.of(kind)
    plain = plain_of(kind)
    again = of.clean(plain)
    assert of.plain(again) == plain
    json.dumps(again)
    if of.options(again):
        assert set(of.options(again)).isdisjoint(of.options(make(kind)))
    assert len(set(of.options(again))) == len(of.options(again))


@pytest.mark.parametrize("kind", types.TYPES)
def test_nothing_shown_tells_the_key(kind: str) -> None:
    body = make(kind)
    asked = types.asked(kind, body, names_of(kind, body), [])
    text = json.dumps(asked)
    assert KEY not in text
    assert "8675309" not in text
    assert "fraction" not in text
    assert {"kind", "stem", "material", "many", "options", "answering", "answer"} <= set(asked)
    assert all(token not in text for token in types.of(kind).options(body))


@pytest.mark.parametrize("kind", types.TYPES)
def test_a_blank_answer_is_worth_nothing(kind: str) -> None:
    body = make(kind)
    assert types.read(kind, body, names_of(kind, body), ["", ""]) == []
    assert types.of(kind).mark(body, []) == 0
    explained = types.of(kind).explained(body, [])
    assert (explained["mark"], explained["is_right"]) == ("0", False)
    assert explained["explanation"] == KEY


@pytest.mark.parametrize("kind", types.TYPES)
@pytest.mark.parametrize(
    "raw", [["nonsense=1", "x"], ["=", "=="], ["n0=1", "n0=2"], ["n0=zzzzzz", "zz=1"]]
)
def test_names_of_another_paper_are_refused(kind: str, raw: list[str]) -> None:
    body = make(kind)
    with pytest.raises(NotAnAnswer):
        types.read(kind, body, names_of(kind, body), raw)


@pytest.mark.parametrize("kind", types.TYPES)
def test_a_shared_text_stands_beside_the_question(kind: str) -> None:
    of = types.of(kind)
    body = of.clean({**plain_of(kind), "material": " Read this. "})
    assert of.plain(body)["material"] == "Read this."
    assert of.shown(body, of.options(body))["material"] == "Read this."
    assert "material" not in plain_of(kind)


def right(kind: str, body: dict[str, Any]) -> list[str]:
    """A right answer of every kind, as ids."""
    if kind in {"blanks", "cloze"}:
        said = {"text": KEY, "number": "8675309"}
        return [f"{g['id']}={said.get(g['kind']) or g['options'][1]['id']}" for g in body["gaps"]]
    return {
        "single": lambda: [body["options"][0]["id"]],
        "multiple": lambda: [body["options"][0]["id"]],
        "truefalse": lambda: [body["options"][0]["id"]],
        "short": lambda: [KEY],
        "numeric": lambda: ["8675309 kg"],
        "matching": lambda: [f"{p['id']}={p['right']}" for p in body["pairs"]],
        "ordering": lambda: [f"{i['id']}={n}" for n, i in enumerate(body["items"], 1)],
        "essay": lambda: ["Because."],
        "hotspot": lambda: [f"{body['points'][0]}=88,80"],
        "file": lambda: [f"{'f' * 32}.pdf My report.pdf"],
    }[kind]()


@pytest.mark.parametrize("kind", types.TYPES)
def test_an_answer_goes_through_the_names_of_an_attempt_and_back(kind: str) -> None:
    of = types.of(kind)
    body = make(kind)
    names = names_of(kind, body)
    response = of.understood(body, right(kind, body))
    answer = types.asked(kind, body, names, response)["answer"]
    sent = (
        [answer]
        if isinstance(answer, str)
        else answer
        if isinstance(answer, list)
        else [types.raw_part(name, value) for name, value in answer.items()]
    )
    assert types.read(kind, body, names, sent) == response
    assert of.mark(body, response) == (0 if of.BY_HAND else 1)
    assert of.explained(body, response)["is_right"] is not of.BY_HAND


# --- short text -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("accepted", "given"),
    [
        ("Beijing", "beijing"),
        ("Beijing", "  ＢＥＩＪＩＮＧ 。"),
        ("为人民服务", "為人民服務"),
        ("為人民服務", "为人民服务。"),
        ("为人民服务", "为 人民 服务"),
        ("New York", "new   york"),
        ("café", "CAFE"),
        ("*北京*", "首都是北京市"),
        ("A*Z", "a to z"),
        ("2\\*3", "2*3"),
        ("2\\*3", "２＊３"),
        ("*ing", "going"),
    ],
)
def test_a_short_text_is_accepted(accepted: str, given: str) -> None:
    body = make("short", answers=[{"text": accepted}])
    assert short.mark(body, [given]) == 1


@pytest.mark.parametrize(
    ("accepted", "given"),
    [
        ("New York", "newyork"),
        ("A*Z", "za"),
        ("aba*ba", "aba"),
        ("2\\*3", "2 and 3"),
        ("北京", "北平"),
        ("cat", "cats"),
    ],
)
def test_another_short_text_is_not(accepted: str, given: str) -> None:
    assert short.mark(make("short", answers=[{"text": accepted}]), [given]) == 0


def test_the_best_of_several_answers_counts() -> None:
    answers = [{"text": "*red*", "fraction": "0.5"}, {"text": "dark red"}]
    body = make("short", answers=answers)
    assert [short.mark(body, [text]) for text in ("dark red", "red", "blue")] == [
        1,
        Decimal("0.5"),
        0,
    ]


def test_capitals_can_matter() -> None:
    body = make("short", answers=[{"text": "pH"}, {"text": "黨"}], case=True)
    assert [short.mark(body, [text]) for text in ("pH", "PH", "ｐＨ", "党")] == [1, 0, 1, 1]


@pytest.mark.parametrize(
    ("given", "typos", "mark"),
    [
        ("extinguisher", 0, 1),
        ("extingiusher", 0, 0),
        ("extingiusher", 1, 1),
        ("extinguishr", 1, 1),
        ("extinguisherr", 1, 1),
        ("extingishr", 1, 0),
        ("extingishr", 2, 1),
        ("extinguish", 1, 0),
    ],
)
def test_slips_are_forgiven_only_when_asked(given: str, typos: int, mark: int) -> None:
    body = make("short", answers=[{"text": "extinguisher"}], typos=typos)
    assert short.mark(body, [given]) == mark


@pytest.mark.parametrize(("accepted", "given"), [("1949年10月", "1948年10月"), ("cat", "bat")])
def test_a_slip_is_never_in_a_number_or_in_a_short_word(accepted: str, given: str) -> None:
    assert short.mark(make("short", answers=[{"text": accepted}], typos=2), [given]) == 0


@pytest.mark.parametrize(
    ("answers", "refusal"),
    [
        ([], NoAcceptedAnswer),
        ([{"text": " "}], NoAcceptedAnswer),
        ([{"text": "a", "fraction": "0.5"}], NoAcceptedAnswer),
        ([{"text": "*"}], OnlyStars),
        ([{"text": "Ａ"}, {"text": "a"}], SameAnswer),
        ([{"text": "a", "fraction": "-1"}], BadQuestion),
        ([{"text": "a" * 301}], BadQuestion),
        ([{"text": str(n)} for n in range(31)], BadQuestion),
    ],
)
def test_answers_that_make_no_sense_are_refused(answers: list, refusal: type) -> None:
    with pytest.raises(refusal):
        short.clean({"stem": "What?", "answers": answers})


def test_what_is_too_long_to_be_an_answer_is_refused() -> None:
    body = make("short")
    assert short.understood(body, [" a\x00b "]) == ["ab"]
    for raw in (["x" * 301], ["a", "b"], 7, [7]):
        with pytest.raises(NotAnAnswer):
            short.understood(body, raw)


@settings(suppress_health_check=[HealthCheck.too_slow], max_examples=30)
@given(st.text(max_size=40), st.text(max_size=40), st.integers(0, 2))
def test_an_accepted_text_meets_itself_and_comparing_never_fails(
    accepted: str, given: str, typos: int
) -> None:
    try:
        body = make("short", answers=[{"text": accepted}], typos=typos)
    except BadQuestion:
        return
    assert 0 <= short.mark(body, [given]) <= 1
    assert short.mark(body, [accepted.replace("\\*", "*").replace("*", "x")]) in {0, 1}
    if "*" not in accepted:
        assert short.mark(body, [body["answers"][0]["text"]]) == 1


@pytest.mark.timeout(10)  # a pattern that goes back over what it has read would take years
@pytest.mark.parametrize("accepted", ["*a" * 140 + "*b", "a*" * 149 + "b", "(a+)+$*" * 40])
def test_stars_are_looked_for_once(accepted: str) -> None:
    body = make("short", answers=[{"text": accepted}])
    assert short.mark(body, ["a" * 300]) == 0
    assert short.mark(body, [accepted.replace("*", "")]) == 1


# --- numbers --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "value", "rest"),
    [
        ("3.14", "3.14", ""),
        (" １２，３４５．６ ", "12345.6", ""),
        ("1,234,567", "1234567", ""),
        ("3,5", "3.5", ""),
        ("−5 ℃", "-5", "°C"),
        ("1.5e3", "1500", ""),
        ("3×10^4 m", "30000", "m"),
        ("5kg", "5", "kg"),
        (".5", "0.5", ""),
        ("5 %", "5", "%"),
    ],
)
def test_numbers_are_read_as_people_write_them(text: str, value: str, rest: str) -> None:
    assert numbers.number(text) == (Decimal(value), rest)


@pytest.mark.parametrize("text", ["", "five", "kg 5", "1e9999", "1.2.3.4", "3×10^99999", "--5"])
def test_what_is_no_number_is_none(text: str) -> None:
    assert numbers.number(text) is None or numbers.number(text)[1]


@pytest.mark.parametrize(
    ("answer", "given", "mark"),
    [
        ({"value": "3.14", "tolerance": "0.01"}, "3.15", 1),
        ({"value": "3.14", "tolerance": "0.01"}, "3.1501", 0),
        ({"value": "0.3", "tolerance": "0"}, "0.30", 1),
        ({"low": "3", "high": "4"}, "3", 1),
        ({"low": "3", "high": "4"}, "4", 1),
        ({"low": "3", "high": "4"}, "4.0001", 0),
        ({"value": "5"}, "five", 0),
        ({"value": "5"}, "5 kg", 0),
    ],
)
def test_a_number_is_right_within_its_tolerance(answer: dict, given: str, mark: int) -> None:
    assert numeric.mark(make("numeric", answers=[answer]), [given]) == mark


@pytest.mark.parametrize(
    ("given", "required", "mark"),
    [
        ("1.5 kg", False, 1),
        ("1500 g", False, 1),
        ("1500 克", False, 0),
        ("1.5", False, 1),
        ("1.5", True, 0),
        ("1.5 KG", True, 1),
        ("1.5 g", False, 0),
    ],
)
def test_units_are_converted(given: str, required: bool, mark: int) -> None:
    units = [{"text": "kg"}, {"text": "g", "factor": "0.001"}]
    body = make("numeric", answers=[{"value": "1.5"}], units=units, unit_required=required)
    assert numeric.mark(body, [given]) == mark


@pytest.mark.parametrize(
    ("body", "refusal"),
    [
        ({"answers": []}, NoAcceptedAnswer),
        ({"answers": [{"value": "many"}]}, BadNumber),
        ({"answers": [{"value": "1", "tolerance": "-1"}]}, BadNumber),
        ({"answers": [{"low": "4", "high": "3"}]}, BadInterval),
        ({"answers": [{"value": "1"}], "units": [{"text": "5"}]}, BadUnit),
        ({"answers": [{"value": "1"}], "units": [{"text": "g", "factor": "0"}]}, BadUnit),
        ({"answers": [{"value": "1"}], "units": [{"text": "g"}, {"text": "ｇ"}]}, BadUnit),
    ],
)
def test_numbers_that_make_no_sense_are_refused(body: dict, refusal: type) -> None:
    with pytest.raises(refusal):
        make("numeric", **body)


@pytest.mark.parametrize("text", ["3.14", "3.14±0.01", "3..4", "-3"])
def test_a_number_is_spelt_as_it_was_read(text: str) -> None:
    assert numbers.spelling(numbers.accepted([numbers.spelt(text)])[0]) == text


# --- gaps -----------------------------------------------------------------------------------------


def test_gaps_are_marked_one_by_one() -> None:
    body = make("blanks", stem="[[Red|%50%reddish]], [[#3.14±0.01]] and [[blue]].")
    assert body["stem"] == "[[1]], [[2]] and [[3]]."
    ids = [gap["id"] for gap in body["gaps"]]

    def mark(*values: str) -> Decimal:
        return blanks.mark(body, [f"{i}={v}" for i, v in zip(ids, values, strict=False)])

    assert mark("red", "3.15", "BLUE") == 1
    assert mark("reddish", "3.15", "blue") == Decimal("0.83333")
    assert mark("red") == Decimal("0.33333")
    assert mark("blue", "9", "red") == 0


def test_blanks_may_be_filled_in_any_order_but_each_answer_once() -> None:
    body = make("blanks", stem="[[red]], [[green]], [[blue]]", any_order=True)
    ids = [gap["id"] for gap in body["gaps"]]

    def mark(*values: str) -> Decimal:
        return blanks.mark(body, [f"{i}={v}" for i, v in zip(ids, values, strict=True)])

    assert mark("blue", "red", "green") == 1
    assert mark("red", "red", "red") == Decimal("0.33333")


def test_a_gap_with_answers_to_choose_from() -> None:
    body = make("cloze", stem="The capital is [[Shanghai|=Beijing|%25%Nanjing]], not [[Xi'an]].")
    choice, text = body["gaps"]
    ids = {o["text"]: o["id"] for o in choice["options"]}
    assert cloze.mark(body, [f"{choice['id']}={ids['Beijing']}", f"{text['id']}=xi’an"]) == 1
    assert cloze.mark(body, [f"{choice['id']}={ids['Nanjing']}"]) == Decimal("0.125")
    with pytest.raises(NotAnAnswer):
        cloze.understood(body, [f"{choice['id']}=Beijing"])
    with pytest.raises(NoChoiceHere):
        make("blanks", stem="[[a|=b]]")


@pytest.mark.parametrize(
    "stem",
    [
        r"[[a\|b]]",
        r"[[\=a]]",
        r"[[a\]b]]",
        r"[[\%50\%]]",
        r"[[\#5]]",
        r"[[a\*b]]",
        r"[[a*b|c]]",
        "[[=a|b|%50%c]]",
        "[[#3..4|#%50%5±1]]",
        "[[1]] [[2]]",
    ],
)
def test_the_writing_of_gaps_survives_storing(stem: str) -> None:
    plain = cloze.plain(make("cloze", stem=stem))
    again = cloze.plain(cloze.clean(plain))
    assert again == plain
    assert cloze.said(cloze.clean(plain)) == cloze.said(make("cloze", stem=stem))


@settings(suppress_health_check=[HealthCheck.too_slow], max_examples=30)
@given(
    st.lists(st.text(alphabet="ab|]=%#\\*[ 5党", min_size=1, max_size=8), min_size=1, max_size=3)
)
def test_any_text_can_be_the_answer_of_a_gap(answers: list[str]) -> None:
    from app.questions.types import gaps

    stem = "|".join(gaps.escaped(text) for text in answers)
    try:
        body = make("cloze", stem=f"[[{stem}]]")
    except BadQuestion:
        return
    if len(body["gaps"]) == 1 and body["stem"] == "[[1]]":
        plain = cloze.plain(body)
        assert cloze.plain(cloze.clean(plain)) == plain


@pytest.mark.parametrize(
    ("stem", "refusal"),
    [
        ("No gap.", NoGap),
        ("[[]]", BadGap),
        ("[[ ]]", BadGap),
        ("[[#x]]", BadGap),
        ("[[=a]]", BadGap),
    ],
)
def test_gaps_that_make_no_sense_are_refused(stem: str, refusal: type) -> None:
    with pytest.raises(refusal):
        make("cloze", stem=stem)


# --- matching and ordering ------------------------------------------------------------------------


def test_matching_gives_a_share_for_each_pair() -> None:
    body = make(
        "matching",
        pairs=[
            {"left": "cat", "right": "mammal"},
            {"left": "dog", "right": "mammal"},
            {"left": "cod", "right": "fish"},
            {"left": "", "right": ""},
        ],
        extra=["bird", ""],
    )
    assert [c["text"] for c in body["choices"]] == ["mammal", "fish", "bird"]
    assert len(body["pairs"]) == 3
    cat, dog, cod = (pair["id"] for pair in body["pairs"])
    mammal, fish, bird = (choice["id"] for choice in body["choices"])
    assert matching.mark(body, [f"{cat}={mammal}", f"{dog}={mammal}", f"{cod}={fish}"]) == 1
    assert matching.mark(body, [f"{cat}={mammal}", f"{cod}={bird}"]) == Decimal("0.33333")
    with pytest.raises(NotAnAnswer):
        matching.understood(body, [f"{cat}={dog}"])


@pytest.mark.parametrize(
    ("pairs", "refusal"),
    [
        ([], TooFewPairs),
        ([{"left": "a", "right": "b"}], TooFewPairs),
        ([{"left": "a", "right": "b"}, {"left": "a", "right": "c"}], SameLeft),
        ([{"left": "a", "right": "b"}, {"left": "c", "right": "b"}], TooFewPairs),
        ([{"left": "a", "right": "b"}, {"left": "c"}], BadQuestion),
    ],
)
def test_pairs_that_make_no_sense_are_refused(pairs: list, refusal: type) -> None:
    with pytest.raises(refusal):
        make("matching", pairs=pairs)


@pytest.mark.parametrize(
    ("marking", "order", "mark"),
    [
        ("places", "abcd", "1"),
        ("places", "abdc", "0.5"),
        ("places", "bcda", "0"),
        ("neighbours", "bcda", "0.66667"),
        ("neighbours", "abcd", "1"),
        ("neighbours", "dcba", "0"),
        ("all", "abdc", "0"),
        ("all", "abcd", "1"),
    ],
)
def test_an_order_is_marked_as_the_author_wants(marking: str, order: str, mark: str) -> None:
    body = make("ordering", items=list("abcd"), marking=marking)
    ids = {item["text"]: item["id"] for item in body["items"]}
    response = [f"{ids[text]}={at}" for at, text in enumerate(order, 1)]
    assert ordering.mark(body, ordering.understood(body, response)) == Decimal(mark)


def test_two_things_in_one_place_are_wrong_but_kept() -> None:
    body = make("ordering", items=["a", "b"])
    ids = [item["id"] for item in body["items"]]
    response = ordering.understood(body, [f"{ids[0]}=1", f"{ids[1]}=1"])
    assert len(response) == 2
    assert ordering.mark(body, response) == Decimal("0.5")
    for place in ("0", "3", "x", "-1", "１"):
        with pytest.raises(NotAnAnswer):
            ordering.understood(body, [f"{ids[0]}={place}"])


def test_an_order_that_makes_no_sense_is_refused() -> None:
    for items, refusal in ((["a"], TooFewItems), (["a", "a"], SameItem)):
        with pytest.raises(refusal):
            make("ordering", items=items)


# --- essay ----------------------------------------------------------------------------------------


def test_an_essay_waits_for_a_person() -> None:
    body = make("essay", rubric=[{"text": "a"}, {"text": "b"}, {"text": "c"}])
    assert essay.BY_HAND
    assert essay.mark(body, ["Everything."]) == 0
    assert sum(Decimal(row["share"]) for row in body["rubric"]) == 1
    with pytest.raises(BadRubric):
        make("essay", rubric=[{"text": "a", "share": "0.5"}])
    with pytest.raises(NotAnAnswer):
        essay.understood(body, ["x" * 20_001])


# --- hot spot -------------------------------------------------------------------------------------

PICTURE = f"/media/images/{'a' * 32}/640.webp"


def spots(*areas: tuple[str, str, str], find: int = 1) -> dict[str, Any]:
    rows = [{"shape": shape, "coords": coords, "fraction": f} for shape, coords, f in areas]
    body = {"stem": "Where?", "picture": PICTURE, "find": find, "areas": rows}
    return types.of("hotspot").clean(body)


def press(body: dict[str, Any], *places: str) -> Decimal:
    of = types.of("hotspot")
    raw = [f"{token}={place}" for token, place in zip(body["points"], places, strict=False)]
    return of.mark(body, of.understood(body, raw))


@pytest.mark.parametrize(
    ("shape", "coords", "place", "mark"),
    [
        ("rect", "10,20,30,40", "10,20", 1),
        ("rect", "30,40,10,20", "20 30", 1),  # drawn from the other corner
        ("rect", "10,20,30,40", "30.1,40", 0),
        ("ellipse", "50,50,10,20", "50，69.9", 1),
        ("ellipse", "50,50,10,20", "59,69", 0),
        ("poly", "0,0,100,0,50,100", "50,50", 1),
        ("poly", "0,0,100,0,50,100", "50,0", 1),  # upon a side
        ("poly", "0,0,100,0,50,100", "5,50", 0),
        ("poly", "0,0,100,0,100,100,50,50,0,100", "50,90", 0),  # in the bay
    ],
)
def test_a_place_is_right_inside_its_area(shape: str, coords: str, place: str, mark: int) -> None:
    assert press(spots((shape, coords, "1")), place) == mark


def test_each_area_counts_once_and_a_better_one_first() -> None:
    two = spots(("rect", "0,0,10,10", "0.5"), ("rect", "50,50,60,60", "0.5"), find=2)
    assert press(two, "5,5", "55,55") == 1
    assert press(two, "5,5", "6,6") == Decimal("0.5")
    assert press(two, "55,55") == Decimal("0.5")
    inner = spots(("rect", "0,0,50,50", "0.25"), ("rect", "10,10,20,20", "1"))
    assert press(inner, "15,15") == 1
    assert press(inner, "40,40") == Decimal("0.25")


def test_three_places_that_count_the_same_give_the_whole() -> None:
    rows = [("rect", f"{n}0,0,{n}9,9", "") for n in (1, 3, 5)]
    assert press(spots(*rows, find=3), "15,5", "35,5", "55,5") == 1
    assert press(spots(*rows, find=3), "15,5", "35,5") < Decimal("0.67")


@pytest.mark.parametrize(
    "place", ["1", "1,2,3", "-1,5", "101,5", "nan,1", "inf,1", "a,b", "1e1000,1", "9" * 50]
)
def test_what_is_no_place_is_refused(place: str) -> None:
    with pytest.raises(NotAnAnswer):
        press(spots(("rect", "0,0,10,10", "1")), place)


@pytest.mark.parametrize(
    "wrong",
    [
        {"picture": "https://evil.example/x.webp"},
        {"picture": ""},
        {"areas": []},
        {"areas": [{"coords": "1,2,3"}]},
        {"areas": [{"coords": "5,5,5,9"}]},
        {"areas": [{"shape": "star", "coords": "1,2,3,4"}]},
        {"areas": [{"shape": "poly", "coords": "1,2,3,4"}]},
        {"areas": [{"coords": "1,2,3,4", "fraction": "0.5"}]},
        {"areas": [{"coords": "1,2,3,400"}]},
        {"find": 2},
        {"find": 0.5},
        {"find": 99},
        {"areas": [{"coords": "1,2,3,4"}] * 21},
    ],
)
def test_pictures_that_make_no_sense_are_refused(wrong: dict[str, Any]) -> None:
    good = {"stem": "Where?", "picture": PICTURE, "areas": [{"coords": "1,2,3,4"}]}
    assert types.of("hotspot").clean(good)
    with pytest.raises(BadQuestion):
        types.of("hotspot").clean(good | wrong)


# --- files ----------------------------------------------------------------------------------------


def test_only_the_kinds_of_files_that_are_asked_for_are_answers() -> None:
    of = types.of("file")
    body = of.clean({"stem": "Send your plan.", "endings": ["PDF", ".docx"]})
    assert body["endings"] == ["pdf", "docx"]
    assert of.understood(body, [f"{'0' * 32}.pdf plan.pdf"])
    for wrong in ("plan.pdf", f"{'0' * 32}.exe x.exe", f"../../{'0' * 32}.pdf x.pdf", "x" * 400):
        with pytest.raises(NotAnAnswer):
            of.understood(body, [wrong])
    with pytest.raises(BadQuestion):
        of.clean({"stem": "Send it.", "endings": ["exe"]})
