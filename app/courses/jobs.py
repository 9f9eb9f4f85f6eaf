"""What the worker does for courses: put a new recording in when it is ready to be watched."""

from __future__ import annotations

from app.core import jobs
from app.core.db import unit_of_work
from app.courses import service
from app.media import service as media


@jobs.handler("courses.replace")
def replace(lease: jobs.Lease, lesson_id: int, media_id: int, turn: int) -> None:
    """Look whether the new recording can be watched; until then members have the old one."""
    lease.check()
    with unit_of_work():
        unused = service.replace_when_ready(
            lesson_id, media_id=media_id, turn=turn, job_id=lease.job_id
        )
        if unused is not None:
            media.discard(unused)
