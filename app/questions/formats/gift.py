"""GIFT: Moodle's text format, with its categories, feedback and per cents."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from app.core.spreadsheet import decoded
from app.questions.formats import fractions, mathml
from app.questions.formats.facts import Item, Paper, Problem, Saying, Written, facts_of
from app.questions.formats.hypertext import to_line, to_markdown
from app.questions.rules import KIND_NAMES, Kind, plain_number

NAME = "gift"
LABEL = _l("GIFT (Moodle)")
ENDINGS = (".gift", ".txt")
LONGEST_BLOCK = 40_000  # characters of one question with all its answers
_SPECIAL = re.compile(r"([\\~=#{}:])")
_TITLE = re.compile(r"\s*::(.*?)(?<!\\)::", re.DOTALL)
_FORMAT = re.compile(r"\s*\[(html|moodle|plain|markdown)\]")
_ANSWER = re.compile(r"(?<!\\)([=~])")
_WEIGHT = re.compile(r"\s*%(-?\d+(?:\.\d+)?)%")
_TAG = re.compile(
    r"</?(?:p|br|b|i|u|strong|em|sub|sup|img|span|div|ul|ol|li|table|code|pre)(?:\s[^<>]*)?/?>",
    re.IGNORECASE,
)
_NEXT = re.compile(r"^::|^//|(?<!\\)\{")  # a line in which a question begins, or its comment
_META = re.compile(r"\[(tag|difficulty|source|language|material):((?:[^\]\\]|\\.)*)\]")


def fits(data: bytes, filename: str) -> bool:
    """Braces with one of its signs inside, or a category line."""
    text = decoded(data)
    return bool(
        re.search(r"^\s*\$CATEGORY:", text, re.MULTILINE)
        or re.search(r"(?<!\\)\{\s*(?:[=~#]|T\s*[}#]|F\s*[}#]|TRUE|FALSE|\})", text)
    ) and not text.lstrip().startswith("<")


def read(data: bytes, filename: str) -> Paper:
    paper = Paper(NAME)
    category, titles = "", 0
    meta: dict[str, list[str]] = {}
    block: list[str] = []
    first = 0
    depth = 0

    def take() -> None:
        nonlocal titles, meta, block
        text = "\n".join(block).strip()
        if text:
            item, titled = _item(text, first, str(len(paper.items) + 1), category, meta)
            titles += titled
            paper.items.append(item)
        block, meta = [], {} if text else meta

    blank = False
    lines = decoded(data).replace("\r\n", "\n").replace("\r", "\n").split("\n")
    for number, line in enumerate(lines, 1):
        plain = line.strip()
        # A title after an empty line: the brace before it was never closed. A question right below
        # a closed brace: the empty line between two of them was forgotten.
        if (depth and blank and plain.startswith("::")) or (not depth and _is_next(block, plain)):
            take()
            depth = 0
        blank = not plain
        if depth == 0 and plain.startswith("//"):
            for name, value in _META.findall(plain):
                meta.setdefault(name, []).append(_unescaped_meta(value))
        elif depth == 0 and plain.startswith("$CATEGORY:"):
            take()
            category = plain.removeprefix("$CATEGORY:").strip().removeprefix("$course$/")
            category = re.sub(r"^top(?:/|$)", "", category)
        elif depth == 0 and not plain:
            take()
        elif not plain.startswith("//"):
            if not block:
                first = number
            block.append(line)
            bare = re.sub(r"\\.", "", line)
            depth = max(0, depth + bare.count("{") - bare.count("}"))
    take()
    if titles:
        sentence = _("Titles of questions are not kept (%(number)s times).", number=titles)
        paper.notes.append(Problem(sentence, blocks=False))
    return paper


def _is_next(block: Sequence[str], plain: str) -> bool:
    """Whether a line begins a question, though no empty line stands above it."""
    return bool(block) and block[-1].rstrip().endswith("}") and _NEXT.search(plain) is not None


def _item(
    text: str, line: int, number: str, category: str, meta: Mapping[str, list[str]]
) -> tuple[Item, bool]:
    if len(text) > LONGEST_BLOCK:
        item = Item(
            str(Kind.ESSAY), {"stem": text[:LONGEST_BLOCK], "explanation": ""}, line, number
        )
        item.refuse(
            _("This question has %(length)s characters; %(most)s is the most.",
              length=len(text), most=LONGEST_BLOCK),
            _("Write an empty line between questions, and close every brace."),
        )  # fmt: skip
        return item, False
    title = _TITLE.match(text)
    rest = text[title.end() :] if title else text
    markup = _FORMAT.match(rest)
    rest = rest[markup.end() :] if markup else rest
    start = re.search(r"(?<!\\)\{", rest)
    end = re.search(r"(?<!\\)\}(?!.*(?<!\\)\})", rest, re.DOTALL) if start else None
    facts = facts_of(
        category=category,
        tags=meta.get("tag", []),
        difficulty="".join(meta.get("difficulty", [])),
        source="".join(meta.get("source", [])),
        language="".join(meta.get("language", [])),
    )
    item = Item("", {}, line, number, facts)
    if meta.get("material"):
        item.body["material"] = "".join(meta["material"])

    def said(part: str, *, line: bool = True) -> str:
        own = _FORMAT.match(part)
        given = own or markup
        text = _unescaped(part[own.end() :] if own else part)
        name = given.group(1) if given else ""
        if name == "html" or (name in {"", "moodle"} and _TAG.search(text)):
            found, notes = to_line(text) if line else to_markdown(text)
            for note in notes:
                item.note(note)
            return found
        return mathml.unfiltered(text) if name == "markdown" else mathml.delimited(text)

    if start is not None and end is None:
        item.refuse(
            _("The brace { behind the question is not closed."),
            _("Write } behind the last answer."),
        )
        item.kind, item.body["stem"] = str(Kind.ESSAY), said(rest, line=False)
        return item, False
    if start is None or end is None or end.start() < start.start():
        item.refuse(
            _("The answers in braces are missing."),
            _("Write them behind the question: {=right ~wrong}. A description without a question "
              "cannot be taken."),
        )  # fmt: skip
        item.kind, item.body["stem"] = str(Kind.ESSAY), said(rest, line=False)
        return item, False
    inside, after = rest[start.end() : end.start()], rest[end.end() :]
    gap = "" if not after.strip() else "_____"
    item.body["stem"] = said((rest[: start.start()] + gap + after).strip(), line=False)
    inside, _sep, general = _cut(inside, "####")
    item.body["explanation"] = said(general, line=False)
    _answers(item, inside.strip(), said)
    shown = said(title.group(1)).strip() if title else ""
    same = not shown or item.body["stem"].startswith(shown.rstrip("….")[:20])
    return item, not same


def _answers(item: Item, inside: str, said: Any) -> None:
    body = item.body
    if not inside:
        item.kind = str(Kind.ESSAY)
        body.update({"answer": "", "rubric": []})
        return
    truth = re.fullmatch(r"(T|F|TRUE|FALSE)\s*((?:#.*)?)", inside, re.DOTALL | re.IGNORECASE)
    if truth:
        item.kind, body["answer"] = str(Kind.TRUEFALSE), truth.group(1).upper().startswith("T")
        if truth.group(2).strip("# \n"):
            item.note(_("Feedback for a statement is not kept; write it as explanation."))
        return
    if inside.startswith("#"):
        _numeric(item, inside[1:], said)
        return
    rows = []
    pieces = _ANSWER.split(inside)
    equal = len(pieces) > 1 and all(sign == "=" for sign in pieces[1::2])
    if equal and all(_cut(piece, "->")[1] for piece in pieces[2::2]):
        _matching(item, pieces[2::2], said)
        return
    for sign, piece in zip(pieces[1::2], pieces[2::2], strict=True):
        weight = _WEIGHT.match(piece)
        text = piece[weight.end() :] if weight else piece
        text, _sep, feedback = _cut(text, "#")
        rows.append((sign, weight.group(1) if weight else None, text, said(feedback)))
    if not rows:
        item.kind = str(Kind.ESSAY)
        item.refuse(
            _("The answers in braces are not understood."), _("Begin each one with = or ~.")
        )
        return
    if all(sign == "=" for sign, *_rest in rows):
        item.kind = str(Kind.SHORT)
        body["answers"] = [_row(said(text), _share(w, "1"), f) for _s, w, text, f in rows]
        body.update({"case": False, "typos": 0})
    else:
        _choice(item, [(sign, weight, said(text), f) for sign, weight, text, f in rows])


def _matching(item: Item, pieces: Sequence[str], said: Any) -> None:
    """Pairs, which have no per cents; “#” begins what is said of one, which is not kept."""
    item.kind = str(Kind.MATCHING)
    given = [_cut(piece, "#") for piece in pieces]
    pairs = [tuple(said(part) for part in _cut(text, "->")[::2]) for text, _sign, _told in given]
    if any(told for _text, _sign, told in given):
        item.note(_("Feedback for single pairs is not kept; write it as explanation."))
    item.body["pairs"] = [{"left": left, "right": right} for left, right in pairs if left]
    item.body["extra"] = [right for left, right in pairs if not left]


def _choice(item: Item, rows: list[tuple[str, str | None, str, str]]) -> None:
    equal = sum(sign == "=" for sign, *_rest in rows)
    weights = [_share(weight, "1" if sign == "=" else "0") for sign, weight, *_rest in rows]
    item.kind = str(Kind.SINGLE if equal == 1 else Kind.MULTIPLE)
    if equal > 1:  # “2 correct = 50 % each”, when no per cents are given
        right = [n for n, (sign, *_rest) in enumerate(rows) if sign == "="]
        if all(rows[n][1] is None for n in right):
            from app.questions.rules import shares

            for n, share in zip(right, shares(len(right)), strict=True):
                weights[n] = plain_number(share)
    item.body["options"] = [
        _row(text, weight, feedback)
        for (_sign, _weight, text, feedback), weight in zip(rows, weights, strict=True)
    ]
    if equal == 1 and (lost := fractions.without_costs(item.body["options"])):
        item.note(lost)


def _numeric(item: Item, inside: str, said: Any) -> None:
    item.kind = str(Kind.NUMERIC)
    pieces = re.split(r"(?<!\\)[=~]", inside)
    answers = []
    for piece in pieces if pieces[0].strip() else pieces[1:]:
        weight = _WEIGHT.match(piece)
        text, _sep, feedback = _cut(piece[weight.end() :] if weight else piece, "#")
        text = _unescaped(text).strip()
        if text in {"", "*"}:
            item.note(_("“Any other number” (*) is not kept."))
            continue
        row = _row("", _share(weight.group(1) if weight else None, "1"), said(feedback))
        del row["text"]
        if ".." in text:
            low, high = text.split("..", 1)
            row.update({"low": low.strip(), "high": high.strip()})
        else:
            value, _colon, tolerance = text.partition(":")
            row.update({"value": value.strip(), "tolerance": tolerance.strip() or "0"})
        answers.append(row)
    item.body.update({"answers": answers, "units": [], "unit_required": False})


def _row(text: str, fraction: str, feedback: str) -> dict[str, str]:
    row = {"text": text, "fraction": fraction}
    return {**row, "feedback": feedback} if feedback else row


def _share(weight: str | None, default: str) -> str:
    return default if weight is None else plain_number(Decimal(weight) / 100)


def _cut(text: str, sign: str) -> tuple[str, str, str]:
    """Partition at a sign that is not escaped; both parts are stripped."""
    found = re.search(rf"(?<!\\){re.escape(sign)}", text)
    if found is None:
        return text.strip(), "", ""
    return text[: found.start()].strip(), sign, text[found.end() :].strip()


def _unescaped(text: str) -> str:
    return re.sub(r"\\([\\~=#{}:>n])", lambda m: "\n" if m[1] == "n" else m[1], text).strip()


def _unescaped_meta(text: str) -> str:
    return re.sub(r"\\(.)", lambda m: "\n" if m[1] == "n" else m[1], text)


# ---- out -----------------------------------------------------------------------------------------


def write(sayings: Sequence[Saying]) -> Written:
    blocks: list[str] = []
    losses: list[Problem] = []
    category = ""
    for number, saying in enumerate(sayings, 1):
        lost: list[str] = []
        answers = _written(saying, lost)
        if answers is None:
            sentence = _("The whole question is left out: GIFT has no such kind.")
            losses.append(_loss(number, saying.kind, sentence))
            continue
        facts = saying.facts
        if facts.get("category", "") != category:
            category = facts.get("category", "")
            blocks.append(f"$CATEGORY: {category or 'top'}")
        meta = [f"[tag:{_meta(tag)}]" for tag in facts.get("tags", ())]
        meta += [
            f"[{name}:{_meta(str(facts[name]))}]"
            for name in ("difficulty", "source", "language")
            if facts.get(name)
        ]
        if saying.body.get("material"):
            meta.append(f"[material:{_meta(saying.body['material'])}]")
        explanation = saying.body.get("explanation")
        general = f"####{_escaped(explanation)}" if explanation else ""
        head = f"// {' '.join(meta)}\n" if meta else ""
        blocks.append(f"{head}[markdown]{_escaped(saying.body['stem'])} {{{answers}{general}}}")
        if lost:
            losses.append(_loss(number, saying.kind, "; ".join(lost)))
    return Written("\n\n".join([*blocks, ""]).encode(), losses)


def _written(saying: Saying, lost: list[str]) -> str | None:  # noqa: C901, PLR0911 - one for each kind
    body: Any = saying.body
    if body.get("case"):
        lost.append(_("that capitals matter"))
    if body.get("typos"):
        lost.append(_("that slips are forgiven"))
    if saying.kind == Kind.TRUEFALSE:
        return "TRUE" if body["answer"] else "FALSE"
    if saying.kind in {Kind.ESSAY, Kind.FILE}:
        if saying.kind == Kind.FILE:
            lost.append(_("that the answer is a file"))
        if body["answer"]:
            lost.append(_("what a good answer says"))
        if body["rubric"]:
            lost.append(_("the rubric"))
        return ""
    if saying.kind in {Kind.SINGLE, Kind.MULTIPLE}:
        lost += fractions.told(body["options"])
        return "\n" + "".join(_option(saying.kind, row) for row in body["options"])
    if saying.kind == Kind.SHORT:
        lost += fractions.told(body["answers"])
        rows = ((_weight(a, "1"), a) for a in body["answers"])
        return "\n" + "".join(f"={p}{_escaped(a['text'])}{_feedback(a)}\n" for p, a in rows)
    if saying.kind == Kind.NUMERIC:
        lost += fractions.told(body["answers"])
        if body["units"]:
            lost.append(_("units"))
        return "#\n" + "".join(f"={_number(a)}{_feedback(a)}\n" for a in body["answers"])
    if saying.kind == Kind.MATCHING:
        rows_ = [(p["left"], p["right"]) for p in body["pairs"]] + [("", t) for t in body["extra"]]
        return "\n" + "".join(f"={_escaped(left)} -> {_escaped(r)}\n" for left, r in rows_)
    return None


def _option(kind: str, row: Mapping[str, str]) -> str:
    if row["fraction"] == "1" and kind == Kind.SINGLE:
        sign = f"={_weight(row, '1')}"
    else:
        sign = f"~{_weight(row, '0')}"
    return f"{sign}{_escaped(row['text'])}{_feedback(row)}\n"


def _number(answer: Mapping[str, str]) -> str:
    weight = f"%{_percent(answer)}%" if answer["fraction"] != "1" else ""
    if "low" in answer:
        return f"{weight}{answer['low']}..{answer['high']}"
    return f"{weight}{answer['value']}:{answer['tolerance']}"


def _weight(row: Mapping[str, str], usual: str) -> str:
    """The per cents of an answer, where it has other than the usual ones, or begins like some."""
    said = row["fraction"] != usual or _WEIGHT.match(row["text"])
    return f"%{_percent(row)}%" if said else ""


def _percent(row: Mapping[str, str]) -> str:
    return fractions.per_cent(row["fraction"])


def _feedback(row: Mapping[str, str]) -> str:
    return f"#{_escaped(row['feedback'])}" if row.get("feedback") else ""


def _escaped(text: str) -> str:
    found = _SPECIAL.sub(r"\\\1", mathml.filtered(text)).replace("\n", "\\n").replace("->", "-\\>")
    # A sign behind a backslash would look escaped; readers strip the space.
    return f"{found} " if found.endswith("\\") else found


def _meta(text: str) -> str:
    return re.sub(r"([\]\\])", r"\\\1", text).replace("\n", "\\n")


def _loss(number: int, kind: str, what: str) -> Problem:
    name = KIND_NAMES[Kind(kind)]
    sentence = _(
        "Question %(number)s (%(kind)s) loses: %(what)s", number=number, kind=name, what=what
    )
    return Problem(sentence, line=number, blocks=False)


__all__ = ["ENDINGS", "LABEL", "NAME", "fits", "read", "write"]
