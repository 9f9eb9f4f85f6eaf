"""Files of other programs: what stands in them arrives, and what cannot is said with its place."""

from __future__ import annotations

import re

import pytest
from flask import Flask

from app.questions import formats
from app.questions.formats import Item, NotThisFormat, Paper, archive, hypertext

MATH = (
    '<math xmlns="http://www.w3.org/1998/Math/MathML"><mfrac><mrow><mi>a</mi><mo>+</mo><mn>1</mn>'
    "</mrow><msqrt><msup><mi>x</mi><mn>2</mn></msup></msqrt></mfrac><mo>≤</mo><mi>π</mi></math>"
)


@pytest.fixture(autouse=True)
def words(app: Flask):
    with app.test_request_context():
        yield


def item(
    body: str, *, correct: str = "", base: str = "identifier", many: bool = False, more: str = ""
) -> str:
    """An item of QTI 2.2 with one answer to be given."""
    values = "".join(f"<value>{each}</value>" for each in correct.split(";") if each)
    cardinality = "multiple" if many else "single"
    return (
        '<assessmentItem xmlns="http://www.imsglobal.org/xsd/imsqti_v2p2" identifier="i" title="t">'
        f'<responseDeclaration identifier="R" cardinality="{cardinality}" baseType="{base}">'
        f"<correctResponse>{values}</correctResponse>{more}</responseDeclaration>"
        f"<itemBody>{body}</itemBody></assessmentItem>"
    )


def one(text: str) -> Item:
    paper = formats.read(text.encode(), "item.xml")
    assert len(paper.items) == 1
    return paper.items[0]


def told(of: Item | Paper) -> str:
    problems = of.problems if isinstance(of, Item) else of.notes
    return " ".join(problem.what for problem in problems)


def package(items: dict[str, str], *, folder: str = "", manifest: bool = True) -> bytes:
    resources = "".join(
        f'<resource identifier="r{n}" type="imsqti_item_xmlv2p2" href="{name}"/>'
        for n, name in enumerate(items)
        if name.startswith("items/")
    )
    files = {f"{folder}{name}": text.encode() for name, text in items.items()}
    if manifest:
        said = f'<manifest xmlns="m"><resources>{resources}</resources></manifest>'
        files[f"{folder}imsmanifest.xml"] = said.encode()
    return archive.packed(files)


# --- QTI 2 and 3 ----------------------------------------------------------------------------------


def test_a_formula_of_mathml_is_a_formula_here() -> None:
    choice = (
        f'<choiceInteraction responseIdentifier="R" maxChoices="1"><prompt>Is {MATH} right?'
        '</prompt><simpleChoice identifier="A"><math><semantics><mi>y</mi><annotation '
        'encoding="LaTeX">\\[ \\frac{a}{b} \\]</annotation></semantics></math></simpleChoice>'
        '<simpleChoice identifier="B"><b>No</b></simpleChoice></choiceInteraction>'
    )
    found = one(item(choice, correct="A"))
    assert found.body["stem"] == r"Is $\frac{a+1}{\sqrt{{x}^{2}}}\le \pi$ right?"
    assert [o["text"] for o in found.body["options"]] == [r"$\frac{a}{b}$", "No"]
    assert "Bold and the like" in told(found)


SPOTS = (
    '<p>A map.</p><hotspotInteraction responseIdentifier="R" maxChoices="{most}"><prompt>Where?'
    '</prompt><object type="image/png" data="/media/images/{name}/1.webp" width="200" '
    'height="100"/>'
    '<hotspotChoice identifier="A" shape="circle" coords="100,50,20"/>'
    '<hotspotChoice identifier="B" shape="rect" coords="0,0,20,10"/>'
    '<hotspotChoice identifier="C" shape="rect" coords="180,90,200,100"/></hotspotInteraction>'
)


@pytest.mark.parametrize(("most", "correct", "find"), [(1, "A", 1), (0, "A;C", 2), (3, "A;C", 2)])
def test_spots_to_choose_from_are_places_on_a_picture(most: int, correct: str, find: int) -> None:
    found = one(item(SPOTS.format(most=most, name="a" * 32), correct=correct, many=find > 1))
    assert found.kind == "hotspot"
    assert not found.blocked, told(found)
    assert found.body["find"] == find
    assert found.body["areas"][0]["coords"].split(",")[:2] == ["50", "50"]
    assert len(found.body["areas"]) == find


def match(correct: str) -> Item:
    left = "".join(
        f'<simpleAssociableChoice identifier="{each}">{each}</simpleAssociableChoice>'
        for each in ("Fruit", "Tool")
    )
    right = left.replace("Fruit", "Apple").replace("Tool", "Saw") + (
        '<simpleAssociableChoice identifier="Pear">Pear</simpleAssociableChoice>'
    )
    body = (
        f'<matchInteraction responseIdentifier="R"><prompt>What is what?</prompt><simpleMatchSet>'
        f"{left}</simpleMatchSet><simpleMatchSet>{right}</simpleMatchSet></matchInteraction>"
    )
    return one(item(body, correct=correct, base="directedPair", many=True))


def test_several_things_of_one_category_are_asked_for_it_each() -> None:
    found = match("Fruit Apple;Fruit Pear;Tool Saw")
    pairs = {pair["left"]: pair["right"] for pair in found.body["pairs"]}
    assert pairs == {"Apple": "Fruit", "Pear": "Fruit", "Saw": "Tool"}
    assert not found.blocked
    assert match("Fruit Apple;Fruit Saw;Tool Saw").blocked


def test_a_group_to_be_paired_becomes_two_columns() -> None:
    choices = "".join(
        f'<simpleAssociableChoice identifier="{e}">{e}!</simpleAssociableChoice>' for e in "ABCDE"
    )
    body = f'<associateInteraction responseIdentifier="R"><prompt>Pairs?</prompt>{choices}'
    found = one(item(f"{body}</associateInteraction>", correct="A C;B D", base="pair", many=True))
    assert [tuple(pair.values()) for pair in found.body["pairs"]] == [("A!", "C!"), ("B!", "D!")]
    assert found.body["extra"] == ["E!"]
    assert "two columns" in told(found)


CHOICE = (
    '<choiceInteraction responseIdentifier="R{n}" maxChoices="1"><prompt>Number {n}?</prompt>'
    '<simpleChoice identifier="A">Yes {n}</simpleChoice>'
    '<simpleChoice identifier="B">No</simpleChoice></choiceInteraction>'
)


def test_an_item_that_asks_twice_is_two_questions_about_one_text() -> None:
    declared = "".join(
        f'<responseDeclaration identifier="R{n}" cardinality="single" baseType="identifier">'
        f"<correctResponse><value>{'AB'[n]}</value></correctResponse></responseDeclaration>"
        for n in (0, 1)
    )
    body = f"<p>One text.</p>{CHOICE.format(n=0)}{CHOICE.format(n=1)}"
    text = item(body).replace("<responseDeclaration", f"{declared}<responseDeclaration", 1)
    first, second = formats.read(text.encode(), "i.xml").items
    assert (first.body["stem"], second.body["stem"]) == ("Number 0?", "Number 1?")
    assert first.body["material"] == second.body["material"] == "One text."
    assert [o["fraction"] for o in first.body["options"]] == ["1", "0"]
    assert [o["fraction"] for o in second.body["options"]] == ["0", "1"]
    assert "2 things" in told(first)


def test_what_is_drawn_anew_for_everybody_is_not_asked_as_it_stands() -> None:
    text = item('<p>How much is <printedVariable identifier="A"/>?</p>' + CHOICE.format(n=1))
    text = text.replace("<itemBody>", "<templateProcessing/><itemBody>")
    assert "anew for everybody" in told(one(text))
    assert one(text).blocked
    assert "Nothing is asked" in told(one(item("<p>Read this.</p>")))


ASKED = CHOICE.format(n="")
PAGE = 'data="../texts/a.html" type="text/html"'
PASSAGE = "<html><body><h1>Night</h1><p>A long one.</p></body></html>"


@pytest.mark.parametrize(
    ("around", "files"),
    [
        (
            f'<rubricBlock view="candidate"><object {PAGE}/></rubricBlock>',
            {"texts/a.html": PASSAGE},
        ),
        ('<rubricBlock view="candidate"><p>Night</p><p>A long one.</p></rubricBlock>', {}),
    ],
    ids=["page", "rubric"],
)
def test_a_text_that_takers_read_is_the_shared_text(around: str, files: dict[str, str]) -> None:
    data = package({"items/a.xml": item(around + ASKED, correct="A"), **files}, folder="Export/")
    (found,) = formats.read(data, "a.zip").items
    assert "Night" in found.body["material"]
    assert "A long one." in found.body["material"]
    assert found.body["stem"] == "Number ?"


def test_a_stimulus_of_version_three_is_the_shared_text_or_is_missed() -> None:
    reference = '<assessmentStimulusRef identifier="S" href="../s.xml"/><itemBody>'
    text = item(ASKED, correct="A").replace("<itemBody>", reference)
    stimulus = (
        "<assessmentStimulus><stimulusBody><p>Passage.</p></stimulusBody></assessmentStimulus>"
    )
    (found,) = formats.read(package({"items/a.xml": text, "s.xml": stimulus}), "a.zip").items
    assert found.body["material"] == "Passage."
    (found,) = formats.read(package({"items/a.xml": text}), "a.zip").items
    assert "s.xml” is not taken along" in told(found)


def test_a_package_without_a_manifest_is_read_item_by_item() -> None:
    data = package({"x/a.xml": item(ASKED, correct="A")}, manifest=False)
    assert formats.read(data, "a.zip").items[0].file == "x/a.xml"


def test_what_markers_are_told_is_what_a_good_answer_says() -> None:
    body = (
        '<p>Why?</p><extendedTextInteraction responseIdentifier="R"/>'
        '<rubricBlock view="scorer"><p>Names two reasons.</p></rubricBlock>'
    )
    assert one(item(body, base="string")).body["answer"] == "Names two reasons."


# --- QTI 1.2 of Canvas ----------------------------------------------------------------------------


def older(kind: str, shown: str, conditions: str, feedback: str = "") -> str:
    return (
        f'<item ident="i"><itemmetadata><qtimetadata><qtimetadatafield><fieldlabel>question_type'
        f"</fieldlabel><fieldentry>{kind}</fieldentry></qtimetadatafield></qtimetadata>"
        f"</itemmetadata><presentation><material><mattext texttype='text/html'>&lt;p&gt;What is "
        f"[one] and [two]?&lt;/p&gt;</mattext></material>{shown}</presentation>"
        f"<resprocessing>{conditions}</resprocessing>{feedback}</item>"
    )


def lid(who: str, name: str, *labels: str) -> str:
    choices = "".join(
        f'<response_label ident="{who}{n}"><material><mattext>{each}</mattext></material>'
        "</response_label>"
        for n, each in enumerate(labels)
    )
    return (
        f'<response_lid ident="{who}"><material><mattext>{name}</mattext></material>'
        f"<render_choice>{choices}</render_choice></response_lid>"
    )


def gives(points: int, *tests: str) -> str:
    return (
        f"<respcondition><conditionvar>{''.join(tests)}</conditionvar>"
        f'<setvar varname="SCORE">{points}</setvar></respcondition>'
    )


def said(ident: str, words: str) -> str:
    text = f"<material><mattext>{words}</mattext></material>"
    return f'<itemfeedback ident="{ident}">{text}</itemfeedback>'


def equal(who: str, what: str) -> str:
    return f'<varequal respident="{who}">{what}</varequal>'


OLDER = [
    older(
        "multiple_choice_question",
        lid("a", "", "x &lt; y", "x > y"),
        gives(100, equal("a", "a1")),
        said("a0_fb", "No.") + said("general_fb", "So."),
    ),
    older(
        "multiple_answers_question",
        lid("a", "", "A", "B", "C"),
        gives(100, "<and>", equal("a", "a0"), f"<not>{equal('a', 'a1')}</not>", equal("a", "a2"))
        .replace("</conditionvar>", "</and></conditionvar>"),
    ),
    older(
        "fill_in_multiple_blanks_question",
        lid("r1", "one", "red", "rot") + lid("r2", "two", "blue"),
        "".join(gives(50, equal(e[:2], e)) for e in ("r10", "r11", "r20")),
    ),
    older(
        "multiple_dropdowns_question",
        lid("r1", "one", "red", "green") + lid("r2", "two", "blue", "grey"),
        gives(50, equal("r1", "r10")) + gives(50, equal("r2", "r21")),
    ),
    older(
        "numerical_question",
        '<response_str ident="a"><render_fib/></response_str>',
        gives(100, equal("a", "273.15"), "<vargte>272.65</vargte><varlte>273.65</varlte>"),
    ),
    older(
        "matching_question",
        re.sub(r"\br[12](\d)", r"k\1", lid("r1", "North", *"NSW") + lid("r2", "South", *"NSW")),
        gives(50, equal("r1", "k0")) + gives(50, equal("r2", "k1")),
    ),
    older("calculated_question", "", ""),
]  # fmt: skip


def test_what_canvas_exports_is_read() -> None:
    text = f'<questestinterop xmlns="q"><assessment>{"".join(OLDER)}</assessment></questestinterop>'
    manifest = '<manifest><resources><resource type="imsqti_xmlv1p2"/></resources></manifest>'
    files = {"imsmanifest.xml": manifest.encode(), "q/q.xml": text.encode()}
    paper = formats.read(archive.packed(files), "canvas.zip")
    assert formats.read(text.encode(), "canvas.xml").items[0].body == paper.items[0].body
    assert "QTI 1.2" in told(paper)
    single, multiple, blanks, cloze, number, matching, unknown = paper.items
    assert single.body["options"] == [
        {"text": "x < y", "fraction": "0", "feedback": "No."},
        {"text": "x > y", "fraction": "1"},
    ]
    assert single.body["explanation"] == "So."
    assert [o["fraction"] for o in multiple.body["options"]] == ["0.5", "-1", "0.5"]
    assert blanks.body["stem"] == "What is [[red|rot]] and [[blue]]?"
    assert cloze.body["stem"] == "What is [[=red|green]] and [[blue|=grey]]?"
    assert number.body["answers"][0] == {"value": "273.15", "tolerance": "0.5", "fraction": "1"}
    assert [tuple(p.values()) for p in matching.body["pairs"]] == [("North", "N"), ("South", "S")]
    assert matching.body["extra"] == ["W"]
    assert "calculated_question" in told(unknown)
    assert [each.blocked for each in paper.items] == [False] * 6 + [True]


def test_large_numbers_and_truth_in_other_words_keep_their_answers() -> None:
    box = '<response_str ident="a"><render_fib/></response_str>'
    bounds = "<vargte>1999990</vargte><varlte>2000010</varlte>"
    items = [
        older("numerical_question", box, gives(100, equal("a", "2000000"), bounds)),
        older("true_false_question", lid("a", "", "正确", "错误"), gives(100, equal("a", "a0"))),
        older("true_false_question", lid("a", "", "True", "False"), gives(100, equal("a", "a1"))),
        older("true_false_question", lid("a", "", "Maybe", "Or"), gives(100, equal("a", "a0"))),
    ]
    text = f'<questestinterop xmlns="q"><assessment>{"".join(items)}</assessment></questestinterop>'
    number, right, wrong, unknown = formats.read(text.encode(), "canvas.xml").items
    assert number.body["answers"] == [{"value": "2000000", "tolerance": "10", "fraction": "1"}]
    assert (right.body["answer"], wrong.body["answer"]) == (True, False)
    assert [each.blocked for each in (number, right, wrong, unknown)] == [False] * 3 + [True]


def test_another_kind_of_the_old_version_says_what_to_send_instead() -> None:
    manifest = b'<manifest><resource type="assessment/x-bb-qti-test" file="r.dat"/></manifest>'
    data = archive.packed({"imsmanifest.xml": manifest, "r.dat": b"<questestinterop/>"})
    with pytest.raises(NotThisFormat, match=r"QTI 1\.2 .* Export it as QTI 2\.1"):
        formats.read(data, "blackboard.zip")


# --- HTML -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("html", "markdown"),
    [
        ("<ul><li><p>one</p></li><li>two <b>big </b>ones</li></ul>", "- one\n- two **big** ones"),
        ("<ol><li>a<ul><li>b</li></ul></li><li>c</li></ol>", "1. a\n   - b\n2. c"),
        (
            "<table><caption>S</caption><tr><th>\na<td><p>b</p>c<tr><td colspan=2>d|e</table>after",
            "S\n\n| a | b c |\n| --- | --- |\n| d\\|e |   |\n\nafter",
        ),
        ("<pre>a = 1\n  b = 2</pre>", "```\na = 1\n  b = 2\n```"),
        ("see<b> this</b> and <b></b> <tt>x</tt>", "see **this** and  `x`"),
        (r"<p>so \(x^2\) and \[a<br>b\]</p>", "so $x^2$ and $$a b$$"),
        ("<p>2*3*4 &lt; 长*宽*高</p>", "2*3*4 < 长*宽*高".replace("长*宽*", r"长\*宽\*")),
    ],
    ids=["list", "nested", "table", "code", "marks", "mathjax", "stars"],
)  # fmt: skip
def test_html_of_others_is_markdown(html: str, markdown: str) -> None:
    assert hypertext.to_markdown(html) == (markdown, [])


def test_an_answer_is_no_markdown() -> None:
    found, notes = hypertext.to_line("<p>so <i>not</i> \\(x\\)</p><table><tr><td>a<td>b</table>")
    assert found == "so not $x$\n\na | b"
    assert len(notes) == 1


# --- GIFT and Aiken -------------------------------------------------------------------------------


def test_each_part_of_gift_has_its_own_markup() -> None:
    text = (
        "::M::[html]Match the <b>tool</b> \\(x\\).{\n=[html]A <i>flat</i> one. -> Plane\n"
        "=[plain]<p> -> Tag\n}\n\n"
        "Is <sub>2</sub> small?{=yes # [html]<b>Right</b>\n~[markdown]no *way*}\n\n"
        'Which number?{#3:2~#Completely wrong}";\n'
    )
    match, choice, number = formats.read(text.encode(), "a.gift").items
    assert match.body["stem"] == "Match the **tool** $x$."
    assert [p["left"] for p in match.body["pairs"]] == ["A flat one.", "<p>"]
    assert choice.body["stem"] == "Is ₂ small?"
    assert choice.body["options"][0]["feedback"] == "Right"
    assert choice.body["options"][1]["text"] == "no *way*"
    assert number.body["answers"] == [{"value": "3", "tolerance": "2", "fraction": "1"}]
    assert "Any other number" in told(number)


def test_a_question_of_aiken_without_its_answer_takes_nothing_of_the_next() -> None:
    text = (
        "One?\nA)yes\nB)no\nANSWER: A\n\nTwo?\nA) yes\nB) no\n\nThree?\nA.对\nB.错\nANSWER: B\n\n"
        "Four?\nA) yes\nB) no\nANSWER: both\n\nFive?\nA) yes\nB) no\n"
    )
    paper = formats.read(text.encode(), "a.txt", "aiken")
    assert [each.body["stem"] for each in paper.items] == [
        "One?",
        "Two?",
        "Three?",
        "Four?",
        "Five?",
    ]
    assert [each.blocked for each in paper.items] == [False, True, False, True, True]
    assert [p.line for each in paper.items for p in each.problems] == [6, 18, 20]
