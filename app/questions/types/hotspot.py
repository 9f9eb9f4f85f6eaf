"""Hot spot: one place or several are to be found on a picture.

Places are per cent of the picture's width and height, so that no size of it matters.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import ROUND_UP, Decimal, InvalidOperation
from typing import Any

from app.questions.rules import (
    LONGEST_OPTION,
    MOST_AREAS,
    MOST_CORNERS,
    MOST_POINTS,
    NEAR_ENOUGH,
    Answering,
    AreasMissOne,
    BadArea,
    NoArea,
    NoPicture,
    NotAnAnswer,
    Shape,
    TextTooLong,
    TooManyAreas,
    TooManyPoints,
    plain_number,
    summed,
)
from app.questions.types import gaps, texts
from app.questions.types.choices import tokens

KIND = "hotspot"
ANSWERING = Answering.PARTS
BY_HAND = False
PICTURE = re.compile(r"/media/images/[0-9a-f]{32}/[0-9]{1,5}\.webp")
_SPLIT = re.compile(r"[\s,，;；、]+")
_TENTH = Decimal("0.1")


def clean(body: dict[str, Any]) -> dict[str, Any]:
    """`picture`, an address of ours; `alt`; `find`, how many places are to be found; `areas`
    [{shape, coords, fraction?, text?, feedback?}].

    coords in per cent: rect "left,top,right,bottom", ellipse "x,y,half width,half height",
    poly "x,y,x,y,x,y …". Without fractions each area is worth an equal share.
    """
    found = texts.texts(body)
    picture = str(body.get("picture") or "").strip()
    if not PICTURE.fullmatch(picture):
        raise NoPicture
    alt = texts.cleaned(str(body.get("alt") or ""))
    given = [area for area in body.get("areas") or [] if str(area.get("coords") or "").strip()]
    if not given:
        raise NoArea
    if len(given) > MOST_AREAS:
        raise TooManyAreas(number=len(given), most=MOST_AREAS)
    find = _whole(body.get("find"))
    if not 1 <= find <= MOST_POINTS:
        raise TooManyPoints(most=MOST_POINTS)
    shared = not any(str(area.get("fraction") or "").strip() for area in given)
    equal = plain_number((Decimal(1) / find).quantize(Decimal("0.00001"), ROUND_UP))
    areas = [
        _area(number, {**area, "fraction": equal} if shared else area)
        for number, area in enumerate(given, 1)
    ]
    best = sorted((Decimal(area["fraction"]) for area in areas), reverse=True)[:find]
    total = sum(best, Decimal(0))
    if len(best) < find or abs(total - 1) > NEAR_ENOUGH:
        raise AreasMissOne(find=find, total=plain_number(100 * total))
    for text in (alt, *(area["text"] for area in areas), *(a["feedback"] for a in areas)):
        if len(text) > LONGEST_OPTION:
            raise TextTooLong(where="areas", length=len(text), most=LONGEST_OPTION)
    return {
        **found,
        "picture": picture,
        "alt": alt,
        "find": find,
        "points": sorted(tokens(find)),
        "areas": areas,
    }


def _whole(value: object) -> int:
    try:
        return int(str(value or 1))
    except ValueError:
        return 0


def _area(number: int, area: Mapping[str, Any]) -> dict[str, str]:
    shape = str(area.get("shape") or Shape.RECT)
    if shape not in set(Shape):
        raise BadArea(number=number)
    numbers = _numbers(str(area.get("coords") or ""))
    if shape == Shape.POLY:
        fits = len(numbers) % 2 == 0 and 3 <= len(numbers) // 2 <= MOST_CORNERS
    elif shape == Shape.RECT:
        fits = len(numbers) == 4
        if fits:
            numbers[0::2], numbers[1::2] = sorted(numbers[0::2]), sorted(numbers[1::2])
            fits = numbers[0] < numbers[2] and numbers[1] < numbers[3]
    else:
        fits = len(numbers) == 4 and numbers[2] > 0 and numbers[3] > 0
    if not fits:
        raise BadArea(number=number)
    return {
        "shape": str(shape),
        "coords": ",".join(plain_number(each) for each in numbers),
        "fraction": plain_number(texts.share(area.get("fraction") or "0")),
        "text": texts.cleaned(str(area.get("text") or "")),
        "feedback": texts.cleaned(str(area.get("feedback") or "")),
    }


def _numbers(text: str) -> list[Decimal]:
    """Numbers from 0 to 100 with one digit behind the point; [] when one is none."""
    found = []
    for part in _SPLIT.split(text.replace("%", " ").strip()):
        try:
            number = Decimal(part)
        except InvalidOperation:
            return []
        if not number.is_finite() or not 0 <= number <= 100:
            return []
        found.append(number.quantize(_TENTH))
    return found


def plain(body: dict[str, Any]) -> dict[str, Any]:
    return {
        **texts.texts_of(body),
        "picture": body["picture"],
        "alt": body["alt"],
        "find": body["find"],
        "areas": [
            {key: value for key, value in area.items() if value or key == "fraction"}
            for area in body["areas"]
        ],
    }


def options(body: dict[str, Any]) -> list[str]:
    """One id for each place that is to be found; all are alike."""
    return list(body["points"])


def said(body: dict[str, Any]) -> list[str]:
    return [body["stem"], body["alt"], *(area["text"] for area in body["areas"] if area["text"])]


def shown(body: dict[str, Any], order: list[str]) -> dict[str, Any]:
    """The picture and how many places are to be found; nothing of the areas."""
    return {
        **texts.shown(body, kind=KIND),
        "picture": body["picture"],
        "alt": body["alt"],
        "points": [{"id": token} for token in order if token in body["points"]],
    }


def understood(body: dict[str, Any], raw: object) -> list[str]:
    """["point=x,y", …], per cent of width and height; points left empty are left out."""
    given = gaps.parts(raw, set(body["points"]))
    found = []
    for token in body["points"]:
        text = given.get(token, "").strip()
        if not text:
            continue
        numbers = _numbers(text) if len(text) <= 40 else []
        if len(numbers) != 2:
            raise NotAnAnswer
        found.append(f"{token}={','.join(plain_number(each) for each in numbers)}")
    return found


def _points(response: list[str]) -> list[tuple[Decimal, Decimal]]:
    pairs = [_numbers(place) for place in gaps.given(response).values()]
    return [(pair[0], pair[1]) for pair in pairs if len(pair) == 2]


def _hits(area: Mapping[str, str], x: Decimal, y: Decimal) -> bool:
    n = _numbers(area["coords"])
    if area["shape"] == Shape.RECT:
        return n[0] <= x <= n[2] and n[1] <= y <= n[3]
    if area["shape"] == Shape.ELLIPSE:
        return ((x - n[0]) / n[2]) ** 2 + ((y - n[1]) / n[3]) ** 2 <= 1
    return _inside(list(zip(n[0::2], n[1::2], strict=True)), x, y)


def _inside(corners: list[tuple[Decimal, Decimal]], x: Decimal, y: Decimal) -> bool:
    """Whether a point lies in a polygon: a ray from it to the left crosses its sides oddly often;
    what lies upon a side is inside."""
    odd = False
    for (x1, y1), (x2, y2) in zip(corners, corners[1:] + corners[:1], strict=True):
        cross = (x2 - x1) * (y - y1) - (y2 - y1) * (x - x1)
        if cross == 0 and min(x1, x2) <= x <= max(x1, x2) and min(y1, y2) <= y <= max(y1, y2):
            return True
        if (y1 > y) != (y2 > y) and x > x1 + (y - y1) * (x2 - x1) / (y2 - y1):
            odd = not odd
    return odd


def _met(body: dict[str, Any], response: list[str]) -> list[int | None]:
    """Which area each point has met, of several the one that is worth most; each area once."""
    met: list[int | None] = []
    for x, y in _points(response):
        under = [at for at, area in enumerate(body["areas"]) if at not in met and _hits(area, x, y)]
        met.append(max(under, key=lambda at: Decimal(body["areas"][at]["fraction"]), default=None))
    return met


def mark(body: dict[str, Any], response: list[str]) -> Decimal:
    """The sum of what the areas that were met are worth, at most 1; blank is 0."""
    return summed(
        Decimal(body["areas"][at]["fraction"]) for at in _met(body, response) if at is not None
    )


def explained(body: dict[str, Any], response: list[str]) -> dict[str, Any]:
    met = _met(body, response)
    points = [
        {
            "x": plain_number(x),
            "y": plain_number(y),
            "right": at is not None and _is_worth(body, at),
        }
        for (x, y), at in zip(_points(response), met, strict=True)
    ]
    return {
        **texts.explained(body, kind=KIND, mark=mark(body, response)),
        "picture": body["picture"],
        "alt": body["alt"],
        "points": points,
        "areas": [
            {
                **area,
                "numbers": area["coords"].split(","),
                "right": Decimal(area["fraction"]) > 0,
                "hit": at in met,
            }
            for at, area in enumerate(body["areas"])
        ],
    }


def _is_worth(body: dict[str, Any], at: int) -> bool:
    return Decimal(body["areas"][at]["fraction"]) > 0
