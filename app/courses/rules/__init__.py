"""What a course may be: its longest length, its states, how long reading takes, what is missing."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from flask_babel import lazy_gettext as _l

from app.core.refusals import Refusal

CAPTION_LANGUAGES = {"zh-Hans": "简体中文", "zh-Hant": "繁體中文", "en": "English"}  # by their tags
LONGEST_COURSE_MS = 20 * 60 * 1000  # a micro-course; 20:00.000 is allowed, 20:00.001 is not
MS_PER_CHARACTER = 200  # 300 Chinese characters a minute
MS_PER_WORD = 300  # 200 words a minute
LONGEST_TITLE = 120  # characters
LONGEST_SUMMARY = 600
LONGEST_SLUG = 80
LONGEST_READING = 60_000  # characters of Markdown; twenty minutes are about 6 000 of Chinese
MOST_LESSONS = 40
MOST_QUESTIONS = 100
COMPLETION_RANGE = (50, 100)  # per cent of a lesson that must be watched
PASS_RANGE = (1, 100)  # per cent of the quiz
WINDOW_MS = 25_000  # of captions found as one passage: long enough for sense, short enough to hear
MOST_ATTEMPTS = 100

_HEADING = re.compile(r" {0,3}#{1,6}[ \t]+(.*)")
_FENCE = re.compile(r" {0,3}(`{3,}|~{3,})")
_SLUG = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")
# Han with its extensions, the two marks that stand for a character, kana: read one by one.
CHARACTER = "\u3005\u3007\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U000323af"
_ONE_CHARACTER = re.compile(f"[{CHARACTER}]")
_WORD = re.compile(rf"[^\W_{CHARACTER}]+(?:['’.,:-][^\W_{CHARACTER}]+)*")


class LessonKind(StrEnum):
    VIDEO = "video"
    AUDIO = "audio"
    READING = "reading"


class State(StrEnum):
    """Where a course is in its life."""

    DRAFT = "draft"  # only its author and administrators see it
    PUBLISHED = "published"  # its audience sees it
    WITHDRAWN = "withdrawn"  # hidden again; what members did in it is kept
    REMOVED = "removed"  # a draft thrown away; nobody sees it


# The allowed moves. Everything else is refused; see `moved`.
MOVES = {
    (State.DRAFT, "publish"): State.PUBLISHED,
    (State.PUBLISHED, "withdraw"): State.WITHDRAWN,
    (State.WITHDRAWN, "publish"): State.PUBLISHED,
    (State.DRAFT, "remove"): State.REMOVED,
    (State.REMOVED, "restore"): State.DRAFT,
}


class NotNow(Refusal):
    """The course is in a state that does not allow this move."""

    sentence = _l("The course has changed meanwhile, so this is not possible now. Look again.")


class CourseTooLong(Refusal):
    """More than twenty minutes. `length` and `over` in ms, `lesson` is the title to shorten."""

    sentence = _l(
        "The course would be %(length)s long, which is %(over)s over the limit of 20:00. "
        "Shorten “%(lesson)s” (%(lesson_length)s); it is the longest lesson."
    )

    def __init__(self, *, length: int, over: int, lesson: str, lesson_length: int) -> None:
        super().__init__(length=length, over=over, lesson=lesson, lesson_length=lesson_length)

    def __str__(self) -> str:
        return str(self.sentence) % {
            "length": exact(self.length),
            "over": exact(self.over),
            "lesson": self.lesson,
            "lesson_length": exact(self.lesson_length),
        }


class NotReady(Refusal):
    """A course that cannot be published yet; `missing` are the checks that failed."""

    sentence = _l("This course cannot be published yet: %(first)s")

    def __init__(self, *, missing: Sequence[Check]) -> None:
        super().__init__(missing=missing, first=missing[0].sentence)


class BadTitle(Refusal):
    where = "title"
    sentence = _l("Give it a title of at most %(most)s characters.")


class BadSummary(Refusal):
    where = "summary"
    sentence = _l("The summary has %(length)s characters; %(most)s is the most.")


class BadSlug(Refusal):
    sentence = _l("“%(slug)s” is no short name: use a–z, 0–9 and single hyphens between them.")


class BadNumber(Refusal):
    """A number outside its range; `where` names the field."""

    sentence = _l("Use a number from %(least)s to %(most)s.")


class BadLanguage(Refusal):
    where = "language"
    sentence = _l("Choose the language of the course.")


class EmptyReading(Refusal):
    where = "body"
    sentence = _l("There is nothing to read yet. Write some text.")


class ReadingTooLong(Refusal):
    where = "body"
    sentence = _l("The text has %(length)s characters; %(most)s is the most.")


class TooManyLessons(Refusal):
    sentence = _l("A course has at most %(most)s lessons.")


class TooManyQuestions(Refusal):
    sentence = _l("A quiz has at most %(most)s questions.")


MOST_CHECKPOINTS = 20  # questions inside one recording
# Kinds that are marked at once, by the rules alone, in a narrow box.
CHECKPOINT_KINDS = frozenset(
    {"single", "multiple", "truefalse", "short", "numeric", "blanks", "cloze", "matching"}
    | {"ordering"}
)


class TooManyCheckpoints(Refusal):
    sentence = _l("A recording asks at most %(most)s questions.")


class WrongCheckpoint(Refusal):
    sentence = _l(
        "This question cannot be asked inside a recording: somebody would have to mark it."
    )


class OutsideTheRecording(Refusal):
    sentence = _l("The recording ends at %(end)s. Choose an earlier moment.")


class WrongRecording(Refusal):
    """A video where sound is wanted, or the other way round, or somebody else's file."""

    where = "media_id"
    sentence = _l("This upload cannot be used for this lesson. Upload the file again here.")


class PartsMade(Refusal):
    """Parts of a recording are courses already, cut at other places; `series` says which."""

    sentence = _l("Parts of this recording are courses already. Make another series?")


class LastLesson(Refusal):
    sentence = _l("A published course needs at least one lesson. Withdraw the course first.")


class RecordingInUse(Refusal):
    sentence = _l("A lesson uses this recording. Replace it there first.")


class NobodyChosen(Refusal):
    where = "branches"
    sentence = _l("Choose at least one branch, or open the course to everybody.")


class ThemeInUse(Refusal):
    sentence = _l("There are courses in this theme. Move them to another theme first.")


@dataclass(frozen=True)
class Check:
    """One line of the publish checklist. `required` ones stop publishing while not `done`."""

    name: str
    done: bool
    required: bool
    sentence: Any  # lazy: what to do while it is not done


def moved(state: str, verb: str) -> State:
    """The state after `verb`; raises NotNow when the table has no such move."""
    try:
        return MOVES[State(state), verb]
    except KeyError:
        raise NotNow from None


def exact(ms: int) -> str:
    """A length to the millisecond when it has any: 1 200 001 → 20:00.001, 65 000 → 1:05."""
    minutes, rest = divmod(ms, 60_000)
    seconds, left = divmod(rest, 1000)
    return f"{minutes}:{seconds:02}" + (f".{left:03}" if left else "")


def reading_ms(text: str) -> int:
    """How long plain text takes to read, in ms: 300 Chinese characters or 200 words a minute.

    In mixed text both are added. Numbers are words; punctuation takes no time. “don't”, “e-mail”
    and “3.14” are one word each.
    """
    characters = len(_ONE_CHARACTER.findall(text))
    return characters * MS_PER_CHARACTER + len(_WORD.findall(text)) * MS_PER_WORD


def whole_length(lessons: Iterable[tuple[str, int]]) -> int:
    """The length in ms of a course of (title, ms) lessons; raises CourseTooLong above 20:00.000."""
    found = list(lessons)
    length = sum(ms for _, ms in found)
    if length > LONGEST_COURSE_MS:
        title, longest = max(found, key=lambda lesson: lesson[1])
        raise CourseTooLong(
            length=length,
            over=length - LONGEST_COURSE_MS,
            lesson=title,
            lesson_length=longest,
        )
    return length


def checklist(
    *, title: str, summary: str, lessons: Sequence[str], questions: int, nobody: bool = False
) -> list[Check]:
    """What a course needs before members can use it. `lessons` are the states of their media,
    "ready" for reading; `nobody` means that it is for chosen branches and none is chosen."""
    waiting = sum(state in {"queued", "transcoding"} for state in lessons)
    return [
        Check("title", bool(title.strip()), True, _l("Give the course a title.")),
        Check(
            "summary",
            bool(summary.strip()),
            True,
            _l("Write a summary: one or two sentences on what it is good for."),
        ),
        Check("lessons", bool(lessons), True, _l("Add at least one lesson.")),
        Check(
            "media",
            "failed" not in lessons,
            True,
            _l("A video or recording could not be prepared. Try again or replace it."),
        ),
        Check("audience", not nobody, True, _l("Choose who may see the course.")),
        Check(
            "waiting",
            not waiting,
            False,
            _l("Videos are still being prepared. Members can watch as soon as they are ready."),
        ),
        Check(
            "quiz",
            questions > 0,
            False,
            _l("Add at least one quiz question, so that members see what they have learnt."),
        ),
    ]


def title_of(text: str) -> str:
    """A title in one line without odd spaces; raises BadTitle when empty or too long."""
    title = " ".join(unicodedata.normalize("NFC", text).split())
    title = "".join(c for c in title if unicodedata.category(c) not in {"Cc", "Cs"})
    if not title or len(title) > LONGEST_TITLE:
        raise BadTitle(most=LONGEST_TITLE)
    return title


def summary_of(text: str) -> str:
    """A summary, trimmed; it may be empty while the course is a draft."""
    summary = text.strip().replace("\r\n", "\n")
    if len(summary) > LONGEST_SUMMARY:
        raise BadSummary(length=len(summary), most=LONGEST_SUMMARY)
    return summary


def number_in(value: int, limits: tuple[int, int], *, where: str) -> int:
    """The number itself when it is within its limits, inclusive; raises BadNumber."""
    least, most = limits
    if not least <= value <= most:
        raise BadNumber(least=least, most=most, where=where)
    return value


def is_slug(text: str) -> bool:
    """Whether a text can stand in an address and name a folder."""
    return len(text) <= LONGEST_SLUG and _SLUG.fullmatch(text) is not None


def slug_of(text: str) -> str:
    """A short name for an address: “消防 安全” → “xiao-fang-an-quan”; "" when none is left."""
    from pypinyin import lazy_pinyin

    spelt = " ".join(lazy_pinyin(text, errors=lambda other: f" {other} "))
    plain = unicodedata.normalize("NFKD", spelt).encode("ascii", "ignore").decode().lower()
    parts = re.findall(r"[a-z0-9]+", plain)
    slug = ""
    for part in parts:
        longer = f"{slug}-{part}" if slug else part[:50]
        if len(longer) > 50:
            break
        slug = longer
    return slug


def first_free(slug: str, taken: Iterable[str]) -> str:
    """The slug, or the slug with the first number from 2 on that nobody has."""
    names = set(taken)
    if slug not in names:
        return slug
    number = 2
    while f"{slug}-{number}" in names:
        number += 1
    return f"{slug}-{number}"


def sections(text: str) -> list[tuple[str, str]]:
    """A Markdown text cut at its headings: (heading, text below it); the first may have none."""
    found: list[tuple[str, list[str]]] = [("", [])]
    fence = ""
    for line in text.splitlines():
        mark = _FENCE.match(line)
        if mark and (not fence or mark[1].startswith(fence)):
            fence = "" if fence else mark[1]
        heading = None if fence else _HEADING.match(line)
        if heading:
            found.append((heading[1].strip(" #"), []))
        else:
            found[-1][1].append(line)
    return [
        (heading, "\n".join(lines).strip())
        for heading, lines in found
        if heading or "".join(lines).strip()
    ]


def caption_windows(cues: Iterable[tuple[int, int, str]]) -> list[list[tuple[int, str]]]:
    """Cues (start ms, end ms, text) in groups of about WINDOW_MS; each cue is (start ms, line)."""
    found: list[list[tuple[int, str]]] = []
    for start, end, text in sorted(cues):
        line = (start, " ".join(text.split()))
        if not line[1]:
            continue
        if found and end - found[-1][0][0] <= WINDOW_MS:
            found[-1].append(line)
        else:
            found.append([line])
    return found
