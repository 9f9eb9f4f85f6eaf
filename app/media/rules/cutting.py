"""Where a long recording is best cut: silences, changes of picture, ends of sentences, chapters.

Cuts are chosen by a dynamic programme over candidates. Whatever the candidates are, the parts cover
the recording without a gap and without an overlap, and none is longer than `most`.
"""

from __future__ import annotations

import bisect
import hashlib
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise

from flask_babel import lazy_gettext as _l

from app.core.refusals import Refusal
from app.media.rules.sound import STEP_MS

MOST_PART_MS = 20 * 60 * 1000  # 20:00.000 is allowed
LEAST_PART_MS = 3 * 60 * 1000  # shorter ones are avoided, not forbidden
SHORTEST_PART_MS = 1000
LEAST_SILENCE_MS = 300
LEAST_CONTRAST = 16  # half decibels between the noise and the voice, else there is no silence
MOST_PARTS = 80
BUCKET_MS = 10_000  # one candidate of each kind for so long is enough
NEAR_MS = 1500  # how far a change of picture or a chapter may be from a silence
EXTRA_PARTS = 2  # more parts than are needed are tried, for better places

# Costs, against each other: a part too many costs 1.
IN_SPEECH = 6.0
SHORT_SILENCE = 1.0  # of the shortest; a silence of a second costs a third of it
SCENE_BONUS = 0.25
SENTENCE_BONUS = 0.3
CHAPTER_BONUS = 1.5
UNEVEN = 2.0
TOO_SHORT = 3.0


def part_digest(source: str, *, first_ms: int, length_ms: int) -> str:
    """What stands for the content of a part: another than the whole's, though of the same file."""
    return hashlib.sha256(f"{source} {first_ms} {length_ms}".encode()).hexdigest()


class Why(StrEnum):
    """What speaks for a cut."""

    CHAPTER = "chapter"
    SILENCE = "silence"
    KEYFRAME = "keyframe"  # no silence anywhere, so at least a picture begins
    SPEECH = "speech"  # nothing does: there was no better place


@dataclass(frozen=True)
class Candidate:
    """A place for a cut, with what it costs."""

    at_ms: int
    cost: float
    why: Why


@dataclass(frozen=True)
class Proposal:
    """Cuts in order of time, and why each; `has_silence` is False when none could be heard."""

    cuts: tuple[Candidate, ...]
    has_silence: bool


class BadCuts(Refusal):
    sentence = _l("These cuts are not in order, or lie outside the recording.")


class PartTooLong(Refusal):
    sentence = _l("Part %(number)s is %(length)s long; at most %(limit)s is possible.")


class PartTooShort(Refusal):
    sentence = _l("Part %(number)s is shorter than a second. Remove one of its cuts.")


class TooManyParts(Refusal):
    sentence = _l("At most %(most)s parts are possible.")


class BadTime(Refusal):
    sentence = _l("“%(text)s” is no time. Write minutes and seconds, like 18:05 or 1:02:03.5.")


_CLOCK = re.compile(r"(?:(?:(\d{1,2}):)?(\d{1,3}):)?(\d{1,5})(?:[.,](\d{1,3}))?")


def time_of(text: str) -> int:
    """“18:05.25” → ms. Raises BadTime."""
    found = _CLOCK.fullmatch(text.strip().replace("：", ":"))
    if found is None:
        raise BadTime(text=text[:40])
    hours, minutes, seconds, fraction = found.groups()
    whole = (int(hours or 0) * 60 + int(minutes or 0)) * 60 + int(seconds)
    return whole * 1000 + int((fraction or "0").ljust(3, "0"))


def time_text(ms: int) -> str:
    """1085250 → “18:05.250”; whole seconds without a fraction."""
    seconds, rest = divmod(ms, 1000)
    hours, minutes = divmod(seconds // 60, 60)
    text = f"{hours}:{minutes:02}:{seconds % 60:02}" if hours else f"{minutes}:{seconds % 60:02}"
    return text + (f".{rest:03}" if rest else "")


def threshold(levels: bytes) -> int | None:
    """The level below which this recording is silent, from its own noise; None for no contrast.

    Otsu's method parts noise from voice (the split that leaves the least variance within both);
    the limit lies half-way between the middle of the noise and that split.
    """
    counts = [0] * 256
    for loud in levels:
        counts[loud] += 1
    whole, total = len(levels), sum(loud * count for loud, count in enumerate(counts))
    best, first, last = 0.0, -1, -1
    below = below_sum = 0
    for loud, count in enumerate(counts):
        below += count
        below_sum += loud * count
        above = whole - below
        if not below or not above:
            continue
        apart = below_sum / below - (total - below_sum) / above
        parted = below * above * apart * apart
        if parted > best:
            best, first = parted, loud
        if parted >= best:
            last = loud  # between noise and voice there may be levels that never occur
    if first < 0:
        return None
    split = (first + last) // 2
    noise = _middle(counts, 0, split)
    if _middle(counts, split + 1, 255) - noise < LEAST_CONTRAST:
        return None
    return noise + max(2, (split - noise) // 2)


def _middle(counts: Sequence[int], first: int, last: int) -> int:
    """The median level among those from first to last."""
    half = sum(counts[first : last + 1]) / 2
    seen = 0
    for loud in range(first, last + 1):
        seen += counts[loud]
        if seen >= half:
            return loud
    return last


def silences(levels: bytes, *, step_ms: int = STEP_MS) -> list[tuple[int, int]]:
    """(start, end) in ms of every silence, in order."""
    limit = threshold(levels)
    if limit is None:
        return []
    found: list[tuple[int, int]] = []
    begin: int | None = None
    for number, loud in enumerate((*levels, 255)):
        if loud <= limit:
            begin = number if begin is None else begin
        elif begin is not None:
            if (number - begin) * step_ms >= LEAST_SILENCE_MS:
                found.append((begin * step_ms, number * step_ms))
            begin = None
    return found


def _near(sorted_times: Sequence[int], start: int, end: int) -> int | None:
    """The first of some times that lies between start and end, ends included."""
    at = bisect.bisect_left(sorted_times, start)
    return sorted_times[at] if at < len(sorted_times) and sorted_times[at] <= end else None


def candidates(
    duration_ms: int,
    levels: bytes,
    *,
    scenes: Iterable[int] = (),
    sentences: Iterable[int] = (),
    chapters: Iterable[int] = (),
    keyframes: Iterable[int] = (),
) -> list[Candidate]:
    """Places for cuts, in order of time: the best of every ten seconds.

    Keyframes count where there is no silence at all.
    """
    pictures, ends, marks = sorted(scenes), sorted(sentences), sorted(chapters)
    found: list[Candidate] = []
    quiet = silences(levels)
    for start, end in quiet:
        begin, until = max(start, 1), min(end, duration_ms - 1)
        if begin >= until:
            continue
        cost = SHORT_SILENCE / (1 + (end - start - LEAST_SILENCE_MS) / 350)
        picture = _near(pictures, begin + 50, until - 50)
        # In a long silence late, so that the next part begins soon; where the picture changes.
        middle = (begin + until) // 2 if until - begin < 3000 else until - 1000
        at = picture if picture is not None else middle
        if picture is not None:
            cost -= SCENE_BONUS
        if _near(ends, begin - 500, until + 200) is not None:
            cost -= SENTENCE_BONUS
        mark = _near(marks, begin - NEAR_MS, until + NEAR_MS)
        if mark is not None:
            cost -= CHAPTER_BONUS
        found.append(Candidate(at, cost, Why.CHAPTER if mark is not None else Why.SILENCE))
    near_silence = [one.at_ms for one in found if one.why == Why.CHAPTER]
    for mark in marks:
        close = _near(near_silence, mark - 2 * NEAR_MS, mark + 2 * NEAR_MS)
        if 0 < mark < duration_ms and close is None:
            found.append(Candidate(mark, -CHAPTER_BONUS / 2, Why.CHAPTER))
    found += _quietest(duration_ms, levels, [] if quiet else sorted(keyframes))
    return _thinned(found)


def _quietest(duration_ms: int, levels: bytes, keys: Sequence[int]) -> list[Candidate]:
    """Where no silence helps: the quietest keyframe of every ten seconds, or the quietest moment
    of those without."""
    found = []
    for start in range(0, duration_ms, BUCKET_MS):
        first, last = max(start, SHORTEST_PART_MS), duration_ms - SHORTEST_PART_MS
        last = min(start + BUCKET_MS - 1, last)
        inside = keys[bisect.bisect_left(keys, first) : bisect.bisect_right(keys, last)]
        if inside:
            at = min(inside, key=lambda key: _level_at(levels, key))
            found.append(Candidate(at, IN_SPEECH, Why.KEYFRAME))
            continue
        part = levels[start // STEP_MS : (start + BUCKET_MS) // STEP_MS]
        offset = min(range(len(part)), key=part.__getitem__) * STEP_MS if part else 0
        at = start + offset + STEP_MS // 2
        if SHORTEST_PART_MS <= at <= duration_ms - SHORTEST_PART_MS:
            found.append(Candidate(at, IN_SPEECH, Why.SPEECH))
    return found


def _level_at(levels: bytes, at_ms: int) -> int:
    number = at_ms // STEP_MS
    return levels[number] if number < len(levels) else 0


def _thinned(found: Iterable[Candidate]) -> list[Candidate]:
    best: dict[int, Candidate] = {}
    for one in sorted(found, key=lambda one: (one.cost, one.at_ms)):
        best.setdefault(one.at_ms // BUCKET_MS, one)
    return [best[bucket] for bucket in sorted(best)]


def propose(
    duration_ms: int,
    levels: bytes,
    *,
    scenes: Iterable[int] = (),
    sentences: Iterable[int] = (),
    chapters: Iterable[int] = (),
    keyframes: Iterable[int] = (),
    most: int = MOST_PART_MS,
) -> Proposal:
    """The best cuts for a recording; none when it fits as a whole."""
    heard = bool(silences(levels))
    if duration_ms <= most:
        return Proposal((), heard)
    places = candidates(
        duration_ms,
        levels,
        scenes=scenes,
        sentences=sentences,
        chapters=chapters,
        keyframes=keyframes,
    )
    least = -(-duration_ms // most)
    tried = [
        _best(duration_ms, places, most=most, target=duration_ms / parts)
        for parts in range(least, least + EXTRA_PARTS + 1)
    ]
    found = min((one for one in tried if one is not None), key=lambda one: one[0], default=None)
    if found is None:  # candidates so far apart that nothing fits: even parts
        size = -(-duration_ms // least)
        cuts = tuple(Candidate(at, IN_SPEECH, Why.SPEECH) for at in range(size, duration_ms, size))
        return Proposal(cuts, heard)
    return Proposal(tuple(found[1]), heard)


def _best(
    duration_ms: int, places: Sequence[Candidate], *, most: int, target: float
) -> tuple[float, list[Candidate]] | None:
    """The cheapest way through the candidates, by dynamic programming; None when there is none."""

    def part(length: int) -> float:
        cost = 1.0 + UNEVEN * ((length - target) / target) ** 2
        if length < LEAST_PART_MS:
            cost += TOO_SHORT * (1 - length / LEAST_PART_MS)
        return cost

    points = [0, *(one.at_ms for one in places), duration_ms]
    costs = [0.0, *(one.cost for one in places), 0.0]
    total = [0.0] + [float("inf")] * (len(points) - 1)
    before = [-1] * len(points)
    first = 0
    for number in range(1, len(points)):
        while points[number] - points[first] > most:
            first += 1
        for start in range(first, number):
            length = points[number] - points[start]
            if length < SHORTEST_PART_MS:
                break
            cost = total[start] + part(length) + costs[number]
            if cost < total[number]:
                total[number], before[number] = cost, start
    if before[-1] < 0 or total[-1] == float("inf"):
        return None
    cuts: list[Candidate] = []
    at = before[-1]
    while at > 0:
        cuts.append(places[at - 1])
        at = before[at]
    return total[-1], cuts[::-1]


def parts_of(
    duration_ms: int,
    cuts: Sequence[int],
    *,
    most: int = MOST_PART_MS,
    shortest: int = SHORTEST_PART_MS,
) -> list[tuple[int, int]]:
    """(start, end) of every part. Raises BadCuts, PartTooLong, PartTooShort, TooManyParts."""
    if any(not 0 < cut < duration_ms for cut in cuts) or any(a >= b for a, b in pairwise(cuts)):
        raise BadCuts
    if len(cuts) >= MOST_PARTS:
        raise TooManyParts(most=MOST_PARTS)
    found = list(pairwise([0, *cuts, duration_ms]))
    for number, (start, end) in enumerate(found, 1):
        if end - start > most:
            raise PartTooLong(number=number, length=time_text(end - start), limit=time_text(most))
        if end - start < shortest:
            raise PartTooShort(number=number)
    return found


def thinned_out(times: Sequence[int], *, apart_ms: int) -> list[int]:
    """Some of these times, at least so far from each other; the first is always there."""
    found: list[int] = []
    for at in times:
        if not found or at - found[-1] >= apart_ms:
            found.append(at)
    return found


def cut_cues(
    cues: Iterable[Sequence[int | str]], start_ms: int, end_ms: int
) -> list[list[int | str]]:
    """Captions of one part, counted from its beginning; a cue across a cut is in both."""
    found: list[list[int | str]] = []
    for begin, end, text in cues:
        first, last = max(int(begin), start_ms), min(int(end), end_ms)
        if first < last:
            found.append([first - start_ms, last - start_ms, text])
    return found


def cut_chapters(
    chapters: Sequence[tuple[int, str]], start_ms: int, end_ms: int
) -> list[tuple[int, str]]:
    """Chapters of one part, counted from its beginning; what goes on there is its first one."""
    going = [title for at, title in chapters if at < start_ms][-1:]
    found = [(at - start_ms, title) for at, title in chapters if start_ms <= at < end_ms]
    return found if found and found[0][0] == 0 else [(0, title) for title in going] + found


LEAD_MS = 300  # of silence that stays before the first and after the last word


def trimmed(duration_ms: int, quiet: Sequence[tuple[int, int]]) -> tuple[int, int]:
    """Where a recording begins and ends without the silence around it."""
    start, end = 0, duration_ms
    if quiet and quiet[0][0] <= LEAD_MS:
        start = max(0, quiet[0][1] - LEAD_MS)
    if quiet and quiet[-1][1] >= duration_ms - LEAD_MS:
        end = min(duration_ms, quiet[-1][0] + LEAD_MS)
    return (start, end) if end - start >= SHORTEST_PART_MS else (0, duration_ms)


_SENTENCE_END = re.compile(r"[。！？!?.…][”’」』\"')）]*\s*$")


def sentence_ends(cues: Iterable[tuple[int, str]]) -> list[int]:
    """When captions (end ms, text) end a sentence."""
    return [end for end, text in cues if _SENTENCE_END.search(text)]


MOST_CHAPTERS = 200


class BadChapter(Refusal):
    sentence = _l("Line %(line)s is no chapter. Write a time and a title, like 3:20 The alarm.")


def chapters_of(text: str, *, duration_ms: int) -> list[tuple[int, str]]:
    """Chapters, one a line, as (start ms, title) in order. Raises BadChapter."""
    found: dict[int, str] = {}
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip():
            continue
        time, _, title = line.strip().partition(" ")
        try:
            start = time_of(time)
        except BadTime:
            raise BadChapter(line=number) from None
        title = " ".join(title.split())[:120]
        if not title or start >= duration_ms or len(found) >= MOST_CHAPTERS:
            raise BadChapter(line=number)
        found[start] = title
    return sorted(found.items())
