"""What the worker does for the library: read the text of one file, and watch the calendar."""

from __future__ import annotations

import logging
from pathlib import Path

from flask import Flask, current_app
from huey import crontab

from app.core import given_up, jobs
from app.core.db import reading, unit_of_work
from app.core.jobs import Lease
from app.library import child, queries, service
from app.library.rules import Reason
from app.members import queries as members

log = logging.getLogger(__name__)
LATER = -1  # the priority of what nobody waits for


def init_app(app: Flask) -> None:
    """Twice an hour, see to it that search knows which documents are to be seen today."""
    huey = app.extensions["huey"]

    @huey.periodic_task(crontab(minute="1,31"), name="library_days")  # type: ignore[untyped-decorator]
    def twice_an_hour() -> None:
        try:
            with app.app_context():
                follow_the_calendar()
        except Exception:
            log.exception("documents could not be shown or hidden by their days")

    if app.extensions["weike"].library_inbox:

        @huey.periodic_task(crontab(minute="*"), name="library_inbox")  # type: ignore[untyped-decorator]
        def every_minute() -> None:
            try:
                with app.app_context(), unit_of_work():
                    jobs.enqueue("library.inbox", key="library.inbox")
            except Exception:
                log.exception("the inbox of the library could not be looked into")


@jobs.handler("library.inbox", long=True)  # as many files as there are
def empty_inbox(_lease: Lease) -> None:
    """Take documents from the folder that the operator named."""
    config = current_app.extensions["weike"]
    folder = Path(config.library_inbox)
    with reading():
        login = members.credentials_for(config.library_inbox_owner)
        owner = members.reader_for(login.member_id) if login else None
    if owner is None or not folder.is_dir():
        log.error("the inbox of the library needs its folder, and an active member as its owner")
        return
    service.empty_inbox(folder, owner)


def follow_the_calendar() -> None:
    """Bring documents with a first or last day into the index or out of it."""
    with reading():
        numbers = queries.bounded_documents()
    for number in numbers:
        with unit_of_work():
            service.publish(number)


@jobs.handler("library.extract")
def extract(lease: Lease, *, file_id: int) -> None:
    """Read a file in a child process, outside of any transaction, and keep what came out."""
    with unit_of_work():
        source = service.start_reading(file_id)
    if source is None:
        return
    path, kind = source
    office = current_app.extensions["weike"].libreoffice
    text = child.read(path, kind, keep_going=lambda: not lease.lost, office=office)
    lease.check()
    will_recognise = bool(text.bare) and text.reason is None and child.can_recognise()
    with unit_of_work():
        service.finish_reading(file_id, text, will_recognise=will_recognise)
        # What was read is found first, that of other documents too; what takes longer follows.
        if will_recognise:
            pages = list(text.bare)
            jobs.enqueue("library.recognise", priority=LATER, file_id=file_id, pages=pages)
        is_sound = text.reason in {None, Reason.NO_TEXT, Reason.NO_PROGRAM}
        if is_sound and kind not in child.NEVER_DRAWN:
            key = f"library.cover:{file_id}"
            jobs.enqueue("library.cover", key=key, priority=LATER, file_id=file_id)


@jobs.handler("library.recognise", long=True)
def recognise(lease: Lease, *, file_id: int, pages: list[int]) -> None:
    """Recognise what stands on single pages of a PDF that are pictures."""
    with reading():
        source = service.source_of(file_id)
    if source is None:
        return
    text = child.recognise(*source, pages, keep_going=lambda: not lease.lost)
    lease.check()
    with unit_of_work():
        service.add_recognised(file_id, text, pages)


@jobs.on_failure("library.recognise")
def leave_pictures(error: str, detail: str, *, file_id: int, pages: list[int]) -> None:
    """Pages that no worker lived through are said to be pictures."""
    service.add_recognised(file_id, child.Text([]), pages)


@jobs.handler("library.cover")
def draw_cover(lease: Lease, *, file_id: int) -> None:
    """Keep a picture of the first page beside a file."""
    with reading():
        source = service.source_of(file_id)
    if source is None:
        return
    path, kind = source
    office = current_app.extensions["weike"].libreoffice
    picture = child.cover(path, kind, keep_going=lambda: not lease.lost, office=office)
    lease.check()
    if picture and path.is_file():
        service.shelf().keep_cover(path, picture)
        with unit_of_work():
            service.keep_cover(file_id)


@jobs.on_failure("library.extract")
def give_up(error: str, detail: str, *, file_id: int) -> None:
    """A file on which every worker died is not tried again."""
    service.give_up_reading(file_id)


@given_up.name_of("library.extract", "library.recognise", "library.cover")
def named(*, file_id: int, pages: object = None) -> str:
    return queries.title_of_file(file_id)


@given_up.before_again("library.extract")
def from_the_start(*, file_id: int) -> None:
    service.wait_for_reading(file_id)
