"""Tables of a Word paper: a list of answers, answers to choose from, figures of a question."""

from __future__ import annotations

import re

_LETTERS = re.compile(r"[A-LＡ-Ｌ]{1,8}|[√×对错]|正确|错误")


def answers(rows: list[list[str]]) -> list[str]:
    """“题号 1 2 3 / 答案 A B C”, in rows or in columns, as the lines of a list of answers."""
    for given in (rows, [list(column) for column in zip(*rows, strict=False)]):
        found: list[str] = []
        for numbers, answers in zip(given[::2], given[1::2], strict=False):
            names = ["".join(row[:1]).replace(" ", "") for row in (numbers, answers)]
            if names[0] not in {"题号", "序号"} or "答案" not in names[1]:
                break
            found += [
                f"{number}．{answer}"
                for number, answer in zip(numbers[1:], answers[1:], strict=False)
                if number.isdigit() and answer
            ]
        if found and len(given) % 2 == 0:
            return ["参考答案", *found]
    return _numbered_answers(rows)


def _numbered_answers(rows: list[list[str]]) -> list[str]:
    """“1 2 3 / A B C / 4 5 6 / C B A”: a list of answers without names of its rows."""
    pairs = list(zip(rows[::2], rows[1::2], strict=False))
    if not pairs or len(rows) % 2 or not rows[0]:
        return []
    found = [each for numbers, answers in pairs for each in zip(numbers, answers, strict=False)]
    found = [(number.strip(" .．、题"), answer) for number, answer in found if number or answer]
    if not all(number.isdigit() and _LETTERS.fullmatch(answer) for number, answer in found):
        return []
    return ["参考答案", *(f"{number}．{answer}" for number, answer in found)]


def lettered(rows: list[list[str]]) -> list[str]:
    """“A | 甲 | B | 乙”: answers to choose from whose letters stand in cells of their own."""
    cells = [text for row in rows for text in row if text]
    letters, texts = cells[::2], cells[1::2]
    wanted = [chr(65 + n) for n in range(len(letters))]
    if len(letters) < 2 or len(letters) != len(texts):
        return []
    if [letter.strip(" .．、:：").upper() for letter in letters] != wanted:
        return []
    return [f"{letter}．{text}" for letter, text in zip(wanted, texts, strict=True)]


def is_layout(rows: list[list[str]]) -> bool:
    """Whether a table only puts things beside one another: a single row or column, or holes."""
    return len(rows) < 2 or {len(row) for row in rows} != {len(rows[0])} or len(rows[0]) < 2


def markdown(rows: list[list[str]]) -> list[str]:
    cells = [[text.replace("|", "\\|") or " " for text in row] for row in rows]
    lines = [f"| {' | '.join(row)} |" for row in cells]
    return [lines[0], f"|{'---|' * len(rows[0])}", *lines[1:]]
