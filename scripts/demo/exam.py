"""An exam of the demo: open for a month, and a dozen members have just sat it.

They sat in the last minutes before now, after everything else that they did (history.py ends
earlier): what happens to somebody happens in its order.
"""

from __future__ import annotations

import random
from datetime import timedelta
from decimal import Decimal

from app.core import clock
from app.core.db import unit_of_work
from app.courses import queries as courses
from app.exams import queries as exams_kept
from app.exams import service as exams
from scripts.demo.history import LATEST, Life
from scripts.demo.people import PEOPLE

TITLE = "安全知识考试"
INSTRUCTIONS = "共 20 分钟。答案会自动保存，断线或换设备都可以接着答。"
OF = ("office-fire-safety-zh", "phishing-passwords-zh")  # whose questions it asks
OPEN = timedelta(days=30)
LONGEST_S = 20 * 60
SITTING = LATEST - timedelta(minutes=1)


def hold(ids: dict[str, int]) -> None:
    """Set the exam by the trainer, and let the eager sit it; `ids` are the demo's members."""
    now = clock.now()
    start = now - SITTING
    with unit_of_work():
        with clock.use(lambda: start - timedelta(days=1)):
            exam_id = _set(ids["trainer"], opens=start, closes=now + OPEN)
        for person in PEOPLE:
            if person.eager > 1:
                life = Life(ids[person.username], start, random.Random(f"exam {person.username}"))
                life.sit(exam_id, wrong=life.luck.choice((0, 1, 2, 3, 5, 6)))


def _set(author: int, **times: object) -> int:
    exam_id = exams.create(author_id=author, title=TITLE)
    section = exams_kept.sections_of(exam_id)[0].id
    for slug in OF:
        course_id = courses.course_id_of(slug)
        paper = courses.quiz_of(course_id) if course_id else None
        for question_id in paper.question_ids if paper else ():
            exams.add_question(exam_id, section, question_id, mark=Decimal(5))
    exams.change(
        exam_id,
        seals=False,  # open for a month, and its questions are those of the courses
        actor_id=author,
        instructions=INSTRUCTIONS,
        opens_at=times["opens"],
        closes_at=times["closes"],
        duration_s=LONGEST_S,
        open_to_all=True,
    )
    exams.publish(exam_id, actor_id=author)
    return exam_id
