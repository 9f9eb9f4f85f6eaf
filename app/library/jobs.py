"""What the worker does for the library: read the text of one file."""

from __future__ import annotations

from app.core import jobs
from app.core.db import unit_of_work
from app.core.jobs import Lease
from app.library import child, service


@jobs.handler("library.extract")
def extract(lease: Lease, *, file_id: int) -> None:
    """Read a file in a child process, outside of any transaction, and keep what came out."""
    with unit_of_work():
        source = service.start_reading(file_id)
    if source is None:
        return
    path, kind = source
    text = child.read(path, kind, keep_going=lambda: not lease.lost)
    lease.check()
    with unit_of_work():
        service.finish_reading(file_id, text)


@jobs.on_failure("library.extract")
def give_up(error: str, detail: str, *, file_id: int) -> None:
    """A file on which every worker died is not tried again."""
    service.give_up_reading(file_id)
