"""What a course page offers first, how the day is greeted, what an organisation may choose."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum


class Step(StrEnum):
    """What the one large button of a course says."""

    START = "start"
    CONTINUE = "continue"
    QUIZ = "quiz"  # every lesson is done, the quiz is next
    RETRY = "retry"  # the quiz was not passed yet and may be tried again
    DONE = "done"
    WAIT = "wait"  # the next lesson is still being prepared
    STUCK = "stuck"  # the quiz was not passed and no attempt is left
    EMPTY = "empty"  # a course without lessons, in a preview


@dataclass(frozen=True)
class LessonState:
    """One lesson as far as the next step is concerned; `heard` orders by when it was last open."""

    id: int
    is_ready: bool
    is_done: bool
    heard: float = 0.0  # 0: never


@dataclass(frozen=True)
class NextStep:
    """The step and the lesson it leads to, if it is a lesson."""

    step: Step
    lesson_id: int | None = None


def next_step(
    lessons: Sequence[LessonState],
    *,
    done: bool,
    has_quiz: bool = False,
    passed: bool = False,
    tried: bool = False,
    may_try: bool = True,
) -> NextStep:
    """Where a member goes on in a course: the lesson left last, else the first open one, the quiz.

    `tried` is whether the quiz has been submitted before, `may_try` whether an attempt is left.
    """
    if done:
        return NextStep(Step.DONE)
    if not lessons:
        return NextStep(Step.EMPTY)
    if any(not lesson.is_done for lesson in lessons):
        return _next_lesson(lessons)
    if not has_quiz or passed:
        return NextStep(Step.DONE)
    if not may_try:
        return NextStep(Step.STUCK)
    return NextStep(Step.RETRY if tried else Step.QUIZ)


def _next_lesson(lessons: Sequence[LessonState]) -> NextStep:
    ready = [lesson for lesson in lessons if lesson.is_ready and not lesson.is_done]
    if not ready:
        return NextStep(Step.WAIT)
    last = max(ready, key=lambda lesson: lesson.heard)
    target = last if last.heard else ready[0]
    begun = any(lesson.heard or lesson.is_done for lesson in lessons)
    return NextStep(Step.CONTINUE if begun else Step.START, target.id)


class DayPart(StrEnum):
    """The part of the day that a greeting names."""

    MORNING = "morning"
    AFTERNOON = "afternoon"
    EVENING = "evening"
    NIGHT = "night"


def day_part(hour: int) -> DayPart:
    """The part of the day at an hour (0-23) of the organisation's clock."""
    if 5 <= hour < 12:
        return DayPart.MORNING
    if 12 <= hour < 18:
        return DayPart.AFTERNOON
    return DayPart.EVENING if 18 <= hour < 23 else DayPart.NIGHT


LONGEST_ORGANISATION = 40  # characters that the header of a phone can show
ZONES = (
    "Asia/Shanghai",
    "Asia/Urumqi",
    "Asia/Hong_Kong",
    "Asia/Macau",
    "Asia/Taipei",
    "Asia/Singapore",
    "Asia/Kuala_Lumpur",
    "Asia/Bangkok",
    "Asia/Tokyo",
    "Asia/Seoul",
    "Asia/Kolkata",
    "Asia/Dubai",
    "Europe/London",
    "Europe/Paris",
    "Europe/Berlin",
    "Europe/Moscow",
    "Africa/Nairobi",
    "America/Sao_Paulo",
    "America/New_York",
    "America/Chicago",
    "America/Los_Angeles",
    "Australia/Sydney",
    "UTC",
)


@dataclass(frozen=True)
class Preset:
    """Words that a kind of organisation uses: (Chinese, English, English for many), "" for ours."""

    branch: tuple[str, str, str] = ("", "", "")
    member: tuple[str, str, str] = ("", "", "")
    organizer: tuple[str, str, str] = ("", "", "")


PRESETS = {
    "party": Preset(branch=("党支部", "party branch", "party branches"), member=("党员", "", "")),
    "union": Preset(
        branch=("工会小组", "union group", "union groups"),
        member=("会员", "", ""),
        organizer=("工会干事", "union officer", "union officers"),
    ),
    "company": Preset(
        branch=("部门", "department", "departments"),
        member=("员工", "employee", "employees"),
        organizer=("培训管理员", "training manager", "training managers"),
    ),
    "bank": Preset(
        branch=("网点", "outlet", "outlets"),
        member=("员工", "employee", "employees"),
        organizer=("培训管理员", "training manager", "training managers"),
    ),
    "school": Preset(
        branch=("班级", "class", "classes"),
        member=("学员", "learner", "learners"),
        organizer=("班主任", "class teacher", "class teachers"),
    ),
}


# --- help: which part of which guide explains a page ----------------------------------------------

GUIDES = ("member", "trainer", "organizer", "operator")
# The beginning of a path → the guide and the English title of its part. The longest fits first.
EXPLAINED = {
    "/": ("member", "Home"),
    "/courses": ("member", "Courses"),
    "/themes": ("member", "Courses"),
    "/paths": ("member", "Courses"),
    "/exams": ("member", "Exams"),
    "/points": ("member", "Points"),
    "/search": ("member", "Search"),
    "/library": ("member", "Library"),
    "/device": ("member", "Without a network"),
    "/practice": ("member", "Practice"),
    "/discussions": ("member", "Discussion"),
    "/desk/discussions": ("member", "Discussion"),
    "/certificates": ("member", "Me"),
    "/organizer/certificates": ("organizer", "Certificates"),
    "/admin/certificates": ("organizer", "Certificates"),
    "/me": ("member", "Me"),
    "/notices": ("member", "Me"),
    "/sign-in": ("member", "Sign in"),
    "/activate": ("member", "Sign in"),
    "/desk": ("trainer", "From a recording to a course"),
    "/desk/recordings": ("trainer", "Long recordings"),
    "/desk/questions": ("trainer", "Question bank"),
    "/desk/exams": ("trainer", "Exams"),
    "/desk/paths": ("trainer", "Learning paths"),
    "/desk/library": ("trainer", "Library"),
    "/organizer": ("organizer", "Organizer’s desk"),
    "/organizer/completion": ("organizer", "Who finished what"),
    "/organizer/assignments": ("organizer", "Assignments"),
    "/organizer/reports": ("organizer", "Reports"),
    "/organizer/members": ("organizer", "One member"),
    "/organizer/rewards": ("organizer", "Rewards"),
    "/admin": ("organizer", "Members and activation codes"),
    "/points/rules": ("organizer", "Rules of points"),
    "/admin/organisation": ("operator", "First settings"),
}
LESSON, QUIZ = ("member", "A lesson"), ("member", "The quiz")


def explained_at(path: str) -> tuple[str, str]:
    """The guide and the English title of its part that explain the page at a path."""
    parts = path.strip("/").split("/")
    if parts[0] == "courses" and len(parts) > 2:
        return QUIZ if parts[2] == "quiz" else LESSON
    for length in range(len(parts), 0, -1):
        found = EXPLAINED.get("/" + "/".join(parts[:length]))
        if found:
            return found
    return EXPLAINED["/"]


@dataclass(frozen=True)
class Part:
    """One part of a guide: its number from 1, its title, its Markdown."""

    number: int
    title: str
    text: str


def parts_of(guide: str) -> tuple[str, list[Part]]:
    """The title of a guide and its parts; what stands before the first part is left out."""
    head, *pieces = ("\n" + guide).split("\n## ")
    title = head.strip().removeprefix("# ").splitlines()[0]
    parts = []
    for number, piece in enumerate(pieces, 1):
        first, _, text = piece.partition("\n")
        parts.append(Part(number, first.strip(), text.strip()))
    return title, parts


# --- setting up -----------------------------------------------------------------------------------


class Task(StrEnum):
    """One step of setting an organisation up; each can be skipped and come back to."""

    LOOK = "look"
    WORDS = "words"
    BRANCHES = "branches"
    MEMBERS = "members"
    POINTS = "points"
    DEMO = "demo"


@dataclass(frozen=True)
class SetUp:
    """How far the setting up is."""

    done: frozenset[Task]
    skipped: frozenset[Task]
    offered: tuple[Task, ...]

    @property
    def open(self) -> list[Task]:
        return [task for task in self.offered if task not in self.done | self.skipped]

    @property
    def next(self) -> Task | None:
        return next(iter(self.open), None)
