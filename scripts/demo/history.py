"""A past for the demo: members who watched, failed a quiz, passed it, and earned their points.

Everything goes through the same services as the pages do, with the clock set back, so nothing is
there that could not have happened.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import combinations
from zoneinfo import ZoneInfo

from app.core import clock
from app.core.db import unit_of_work
from app.courses.queries import CourseView, LessonView
from app.exams import service as exams
from app.exams.queries import items_of
from app.learning import service as learning
from app.points import service as points
from app.questions import types
from app.questions.queries import Question, versions
from scripts.demo.people import Person

DAYS = 35  # how far the past goes back
LATEST = timedelta(minutes=10)  # the newest that happened, before now
FIRST_HOUR, LAST_HOUR = 7, 22  # of the day, where the organisation is


@dataclass
class Life:
    """One member's way through time: each step begins after the one before it."""

    member_id: int
    now: datetime
    luck: random.Random

    def jump(self, moment: datetime) -> None:
        """Go on at a later moment; never back."""
        self.now = max(self.now + timedelta(minutes=1), moment)

    @contextmanager
    def present(self, later: timedelta = timedelta()) -> Iterator[None]:
        self.now += later
        with clock.use(lambda: self.now):
            yield

    def come_in(self) -> None:
        with self.present():
            points.check_in(self.member_id)

    def watch(self, lesson: LessonView, share: float = 1.0) -> None:
        """See a lesson from its beginning, up to a share of it."""
        with self.present():
            visit = learning.open_visit(
                member_id=self.member_id,
                lesson_id=lesson.id,
                course_id=lesson.course_id,
                kind=lesson.kind,
                length_ms=lesson.length_ms,
                completion_percent=lesson.completion_percent,
            )
        until = round(visit.length_ms * share)
        report = {
            "token": visit.token,
            "seq": visit.seq,
            "spans": [[0, until, 1.0]],
            "position": until,
            "kept": True,  # one report for the whole visit
            "end": share >= 1,
        }
        with self.present(timedelta(milliseconds=until) + timedelta(seconds=3)):
            learning.report_spans(
                visit.visit_id,
                member_id=self.member_id,
                raw=report,
            )
        self.now += timedelta(seconds=self.luck.randint(5, 40))

    def answer(self, course: CourseView, wrong: int) -> bool:
        """Take the quiz with some wrong answers; returns whether it was passed."""
        with self.present():
            attempt_id = exams.start(member_id=self.member_id, course_id=course.id)
        return self._hand_in(attempt_id, wrong)

    def sit(self, exam_id: int, wrong: int) -> bool:
        """Sit an exam with some wrong answers; returns whether it was passed."""
        with self.present():
            attempt_id = exams.start_exam(exam_id, member_id=self.member_id)
        return self._hand_in(attempt_id, wrong)

    def _hand_in(self, attempt_id: int, wrong: int) -> bool:
        items = items_of(attempt_id)
        asked = versions(item.version_id for item in items)
        missed = set(self.luck.sample(range(len(items)), min(wrong, len(items))))
        answers = {}
        for number, item in enumerate(items):
            chosen = _answer(asked[item.version_id], right=number not in missed)
            answers[item.id] = [name for name, option in item.options if option in chosen]
        with self.present(timedelta(seconds=25 * len(items) + self.luck.randint(0, 90))):
            return exams.submit(attempt_id, member_id=self.member_id, answers=answers).passed

    def finish(self, course: CourseView) -> None:
        """Watch everything, then take the quiz until it is passed."""
        for lesson in course.lessons:
            self.watch(lesson)
        wrong = self.luck.choice((0, 0, 0, 1, 1, 3))
        while not self.answer(course, wrong):
            wrong = max(0, wrong - 2)
            self.now += timedelta(minutes=self.luck.randint(2, 9))


def _answer(question: Question, *, right: bool) -> set[str]:
    """The options with the best mark, or one of the worst."""
    kind, ids = types.of(question.kind), types.of(question.kind).options(question.body)
    most = len(ids) if question.kind == "multiple" else 1
    choices = [list(some) for size in range(1, most + 1) for some in combinations(ids, size)]
    marks = [kind.mark(question.body, choice) for choice in choices]
    return set(choices[marks.index(max(marks) if right else min(marks))])


def live(person: Person, member_id: int, courses: dict[str, CourseView], zone: ZoneInfo) -> None:
    """Give one member of the demo a past with these courses (by slug)."""
    end = clock.now() - LATEST
    today = end.astimezone(zone).date()
    monday, _ = clock.day_bounds(today - timedelta(days=today.weekday()), zone)
    luck = random.Random(person.username)
    life = Life(member_id, end - timedelta(days=DAYS + 1), luck)
    with unit_of_work():
        if person.username == "admin":
            return
        if person.username == "member":
            _the_member(life, courses, end)
            return
        often = luck.randint(2 + person.eager, 4 + 4 * person.eager)
        lately = max(0, person.eager - luck.randint(0, 1))
        early = _moments(luck, often, end - timedelta(days=DAYS), monday, zone)
        late = _moments(luck, lately, monday, end - timedelta(minutes=90), zone)
        _somebody(life, _wanted(luck, person.eager, courses.values()), early, late)
        if person.eager and luck.random() < 0.4:
            _begin_another(life, courses["phishing-passwords-en"], end)


def _wanted(luck: random.Random, eager: int, courses: Iterable[CourseView]) -> list[CourseView]:
    """What somebody will learn, in the order in which it came out."""
    every = sorted(courses, key=_published)
    wanted = [course for course in every if course.language == "zh_Hans"][:eager]
    if eager == 3 and luck.random() < 0.5:
        wanted.insert(1, next(course for course in every if course.language == "en"))
    return wanted


def _moments(
    luck: random.Random, count: int, start: datetime, end: datetime, zone: ZoneInfo
) -> list[datetime]:
    """Moments between two, by day and in the evening, in order; fewer when there is no room."""
    found = []
    for _ in range(count * 20):
        if start >= end or len(found) == count:
            break
        moment = start + (end - start) * luck.random()
        if FIRST_HOUR <= moment.astimezone(zone).hour < LAST_HOUR:
            found.append(moment)
    return sorted(found)


def _somebody(
    life: Life, wanted: list[CourseView], early: list[datetime], late: list[datetime]
) -> None:
    """Visits on several days, a course on some of them; the last of several is for this week."""
    several = len(wanted) > 1
    for step, moment in enumerate([*early, *late]):
        life.jump(moment)
        life.come_in()
        is_late = step >= len(early)
        kept = 1 if late and not is_late and several else 0
        if len(wanted) <= kept or _published(wanted[0]) > life.now:
            continue
        if is_late or life.luck.random() < 0.6:
            life.finish(wanted.pop(0))


def _published(course: CourseView) -> datetime:
    if course.published_at is None:
        raise ValueError(f"{course.slug} of the demo is not published")
    return course.published_at


def _begin_another(life: Life, course: CourseView, end: datetime) -> None:
    """Somebody is just now in the middle of something."""
    life.jump(end - timedelta(minutes=life.luck.randint(5, 60)))
    if life.now < end:
        life.come_in()
        life.watch(course.lessons[0], life.luck.uniform(0.3, 0.8))


def _the_member(life: Life, courses: dict[str, CourseView], end: datetime) -> None:
    """The account to try: one course done, one begun, the others still new."""
    life.jump(end - timedelta(days=6, hours=2))
    life.come_in()
    life.finish(courses["use-weike-zh"])
    life.jump(end - timedelta(days=2, hours=5))
    life.come_in()
    life.watch(courses["phishing-passwords-zh"].lessons[0])
    life.jump(end - timedelta(hours=20))
    life.come_in()
    life.watch(courses["phishing-passwords-zh"].lessons[1], 0.55)
