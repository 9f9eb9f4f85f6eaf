"""What the worker gave up: administrators see which and why, and have it tried again."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from app.core import clock, jobs
from app.core.db import reading, unit_of_work
from app.core.models import Job
from app.core.refusals import Refusal
from app.library.models import DocumentFile
from app.members.models import AuditLine
from app.members.rules.audit import WORK
from app.notices.models import Notice, Outgoing
from tests.factories import People, csrf
from tests.library.conftest import Librarian

PAGE = "/admin/work"
KIND = "search.rebuild"


class Worker:
    """The worker, and one kind of work that fails until it is mended."""

    def __init__(self, app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
        self.app, self.problem = app, RuntimeError("the index is a heap of stones")
        self.done: list[str] = []
        monkeypatch.setitem(jobs._handlers, KIND, self.work)
        monkeypatch.setitem(jobs._handlers, "home.certify", self.work)

    def work(self, _lease: jobs.Lease, **given: Any) -> None:
        if self.problem is not None:
            raise self.problem
        self.done.append(str(given))

    def give_up(self, kind: str = KIND, *, key: str | None = None, **arguments: Any) -> int:
        with self.app.app_context(), unit_of_work():
            job_id = jobs.enqueue(kind, key=key, attempts=1, **arguments)
        jobs.run(self.app, job_id)
        return job_id

    def state(self, job_id: int) -> str:
        with self.app.app_context(), reading() as session:
            return str(session.get_one(Job, job_id).state)


@pytest.fixture
def worker(app: Flask, monkeypatch: pytest.MonkeyPatch) -> Worker:
    return Worker(app, monkeypatch)


@pytest.fixture
def desk(people: People) -> FlaskClient:
    return people.client(people.member("Admin", role="administrator"))


def page_of(client: FlaskClient, path: str = PAGE) -> str:
    answer = client.get(path)
    assert answer.status_code == 200, path
    return answer.get_data(as_text=True)


def test_every_kind_of_work_has_words(app: Flask) -> None:
    rooms = {kind for kind, work in jobs._handlers.items() if work.__module__.startswith("app.")}
    assert rooms == set(WORK)


def test_what_failed_for_good_is_listed_with_its_reason_and_tried_again(
    people: People, worker: Worker, desk: FlaskClient
) -> None:
    assert "Nothing has failed" in page_of(desk)
    job_id = worker.give_up(key="search.rebuild")
    page = page_of(desk)
    assert "Building the search index anew" in page
    assert "Something unexpected happened on every try." in page
    assert "RuntimeError: the index is a heap of stones" in page
    assert "1 thing that Weike does beside the pages has failed." in page_of(desk, "/organizer")
    for other in (people.member(role="trainer"), people.member(organizes=people.root)):
        client = people.client(other)
        assert client.get(PAGE).status_code == 404
        again = client.post(f"{PAGE}/{job_id}/again", headers=csrf(client))
        assert again.status_code == 404
    assert worker.state(job_id) == "failed"

    worker.problem = None
    assert desk.post(f"{PAGE}/{job_id}/again", headers=csrf(desk)).status_code == 302
    assert jobs.run_pending(worker.app) == 1
    assert worker.done == ["{}"]
    assert "Nothing has failed" in page_of(desk)
    # It is done, and nobody can have it done once more from here.
    assert desk.post(f"{PAGE}/{job_id}/again", headers=csrf(desk)).status_code == 404
    assert desk.post(f"{PAGE}/987654/again", headers=csrf(desk)).status_code == 404
    log = page_of(desk, "/admin/log")
    assert "Failed work tried again" in log
    assert "Building the search index anew" in log


def test_what_was_done_since_is_listed_no_more_and_what_fails_often_once(
    worker: Worker, desk: FlaskClient
) -> None:
    worker.give_up(key="same")
    worker.give_up(key="same")
    worker.give_up("home.certify", kind_="course", subject_id=1)
    worker.give_up("home.certify", kind_="course", subject_id=2)
    worker.give_up("home.certify", kind_="course", subject_id=2)
    page = page_of(desk)
    assert page.count("Building the search index anew") == 1
    assert page.count("Giving certificates to all who have earned one") == 2
    worker.problem = None
    worker.give_up(key="same")  # the nightly round, for example, has come since
    page = page_of(desk)
    assert "Building the search index anew" not in page
    worker.problem = Refusal()
    worker.give_up()  # without a key and without a thing
    assert page_of(desk).count("Building the search index anew") == 1
    worker.problem = None
    assert desk.post(f"{PAGE}/again", headers=csrf(desk)).status_code == 302
    assert jobs.run_pending(worker.app) == 3
    assert "Nothing has failed" in page_of(desk)


def test_the_reason_is_a_sentence(worker: Worker, desk: FlaskClient) -> None:
    worker.problem = OSError(28, "No space left on device")
    worker.give_up(key="full")
    assert "The server’s disk is full" in page_of(desk).replace("&#39;", "’")
    worker.problem = Refusal()
    worker.give_up(key="refused")
    assert "This cannot be done." in page_of(desk)
    with worker.app.app_context(), unit_of_work() as session:
        dead = session.scalars(select(Job).where(Job.key == "refused")).one()
        dead.error, dead.detail = "", f"{jobs.DIED}, on every try"
    assert "The worker ended while it was doing this" in page_of(desk)


def test_a_document_that_no_worker_lived_through_can_be_read_again(
    app: Flask, people: People, desk: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    librarian = Librarian(app, people)
    with monkeypatch.context() as broken:
        broken.setitem(jobs._handlers, "library.extract", _die)
        librarian.send(b"Ladders stand on firm ground.", "ladders.txt")
        with app.app_context(), unit_of_work() as session:
            job = session.scalars(select(Job).where(Job.kind == "library.extract")).one()
            job.attempts_allowed = 1
            job_id = job.id
        jobs.run(app, job_id)
    assert _file_state(app) == "unsearchable"
    assert "Reading a document for search: ladders" in page_of(desk)
    assert desk.post(f"{PAGE}/{job_id}/again", headers=csrf(desk)).status_code == 302
    jobs.run_pending(app)
    assert _file_state(app) == "searchable"
    assert "Nothing has failed" in page_of(desk)


def _die(_lease: jobs.Lease, **_given: object) -> None:
    raise MemoryError


def _file_state(app: Flask) -> str:
    with app.app_context(), reading() as session:
        return str(session.scalar(select(DocumentFile.state)))


def test_messages_that_nobody_took_are_sent_again(
    app: Flask, people: People, desk: FlaskClient
) -> None:
    member = people.member("Ann")
    with app.app_context(), unit_of_work() as session:
        notice = Notice(
            member_id=member,
            kind="report",
            title="Hello",
            body="",
            address="/",
            once_key="x",
            created_at=clock.now(),
        )
        session.add(notice)
        session.flush()
        session.add(
            Outgoing(
                notice_id=notice.id,
                member_id=member,
                channel="mail",
                state="failed",
                tries=5,
                due_at=clock.now() - timedelta(hours=1),
                reason="550 no such mailbox",
            )
        )
    page = page_of(desk)
    assert "1 message was not taken" in page
    assert "550 no such mailbox" in page
    assert desk.post(f"{PAGE}/notices", headers=csrf(desk)).status_code == 302
    with app.app_context(), reading() as session:
        row = session.scalars(select(Outgoing)).one()
        assert (row.state, row.tries) == ("queued", 0)
        assert session.scalar(select(Job.kind).where(Job.state == "queued")) == "notices.send"
        assert "work_tried_again" in session.scalars(select(AuditLine.act)).all()
    assert "Nothing has failed" in page_of(desk)
