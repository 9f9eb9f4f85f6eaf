"""An exam morning over HTTP: a server, many takers, and what their pages do when things go wrong.

Shared by the tests of faults, which are small, and by the benches, which are large.
"""

from __future__ import annotations

import http.client
import json
import os
import random
import re
import secrets
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlencode

from flask.sessions import SecureCookieSessionInterface
from itsdangerous import URLSafeTimedSerializer

from app import create_app
from app.core import clock
from app.core.db import db, unit_of_work
from app.members.models import Member
from app.members.service import start_sign_in
from config import ROOT, Config
from tests.exams.examiner import Set, make_exam
from tests.exams.taker import Item, read_paper
from tests.factories import People
from tests.live import free_port


@dataclass
class Morning:
    """One server with one exam, and the sign-ins of those who take it."""

    environment: dict[str, str]
    config: Config
    exam: Set
    sign_ins: list[dict[str, str]]
    author: int
    port: int = 0
    server: subprocess.Popen[bytes] | None = None
    pages: list[Page] = field(default_factory=list)

    @property
    def folder(self) -> Path:
        return self.config.instance_dir

    def order(self, name: str, value: object) -> None:
        """Order a fault (see crashing.py); None takes it back."""
        path = self.folder / name
        if value is None:
            path.unlink(missing_ok=True)
        else:
            part = path.with_suffix(".part")
            part.write_text(str(value))
            part.replace(path)

    def workers(self) -> list[int]:
        """The processes that answer; the one above them starts new ones."""
        assert self.server is not None
        path = Path(f"/proc/{self.server.pid}/task/{self.server.pid}/children")
        return [int(pid) for pid in path.read_text().split()]

    def taker(self, number: int, **more: object) -> Page:
        page = Page(self.port, self.exam.id, self.sign_ins[number], **more)  # type: ignore[arg-type]
        self.pages.append(page)
        return page

    def rows(self, query: str) -> list[tuple]:
        app = create_app(self.config)
        with app.app_context():
            found = [tuple(row) for row in db.session.execute(db.text(query))]
            db.session.remove()
            db.engine.dispose()
        return found


def prepare(
    environment: dict[str, str], *, takers: int, questions: list[dict], **settings: object
) -> Morning:
    """An exam and members who are signed in, in a database that is migrated."""
    config = Config.from_env(environment)
    app = create_app(config)
    people = People(app)
    author = people.member(role="trainer")
    exam = make_exam(app, author, questions, **settings)
    seal = SecureCookieSessionInterface().get_signing_serializer(app)
    assert seal is not None
    raw = secrets.token_hex(20)
    token = URLSafeTimedSerializer(app.secret_key, salt="wtf-csrf-token").dumps(raw)
    sign_ins = []
    root = people.root
    with app.app_context(), unit_of_work() as session:
        now = clock.now()
        for number in range(takers):
            row = Member(
                username=f"taker{number}",
                name=f"Taker {number}",
                branch_id=root,
                created_at=now,
                language="en",
            )
            session.add(row)
            session.flush()
            cookie = {
                "_user_id": start_sign_in(row.id, absolute=timedelta(days=1)),
                "_fresh": True,
                "seen": int(clock.epoch()),
                "csrf_token": raw,
            }
            sign_ins.append({"cookie": str(seal.dumps(cookie)), "csrf": str(token)})
    with app.app_context():
        db.session.remove()
        db.engine.dispose()
    return Morning(environment, config, exam, sign_ins, author)


@contextmanager
def serving(morning: Morning, *, workers: int = 1, threads: int = 16) -> Iterator[Morning]:
    """Let gunicorn serve it until the end of the block; killed workers are started again."""
    morning.port = free_port()
    log = (morning.folder / "web.log").open("ab")
    with log:
        morning.server = subprocess.Popen(
            [
                *(sys.executable, "-m", "gunicorn", "tests.faults.crashing:serve()", "--preload"),
                *("--bind", f"127.0.0.1:{morning.port}"),
                *("--worker-class", "scripts.patient.Worker"),
                *("--workers", str(workers), "--threads", str(threads), "--keep-alive", "60"),
                *("--no-control-socket", "--log-level", "error", "--backlog", "2048"),
            ],
            cwd=ROOT,
            env={
                **{k: v for k, v in os.environ.items() if not k.startswith("WEIKE_")},
                **morning.environment,
            },
            stdout=log,
            stderr=log,
        )
    try:
        wait_until_up(morning.port, morning.server, morning.folder / "web.log")
        yield morning
    finally:
        for page in morning.pages:
            page.close()
        morning.server.send_signal(signal.SIGTERM)
        try:
            morning.server.wait(timeout=20)
        except subprocess.TimeoutExpired:
            morning.server.kill()
            morning.server.wait()


def wait_until_up(port: int, server: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + 180
    while time.monotonic() < deadline and server.poll() is None:
        with suppress(OSError, http.client.HTTPException):
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
            try:
                connection.request("GET", "/healthz")
                with connection.getresponse() as answer:
                    if answer.status == 200:
                        return
            finally:
                connection.close()
        time.sleep(0.1)
    raise RuntimeError(log.read_text()[-4000:])


class GaveUp(Exception):
    """The server did not answer for minutes."""


@dataclass
class Page:
    """The page of one taker: it sends until it has been answered, as js/paper.js does."""

    port: int
    exam: int
    sign_in: dict[str, str]
    retry_s: float = 0.05
    patience_s: float = 120.0
    attempt: int = 0
    items: list[Item] = field(default_factory=list)
    acknowledged: dict[int, list[str]] = field(default_factory=dict)
    under_way: dict[int, list[str]] = field(default_factory=dict)
    retries: int = 0
    refused: list[int] = field(default_factory=list)
    told_to_wait: list[str | None] = field(default_factory=list)  # Retry-After, as often
    waits: list[float] = field(default_factory=list)  # of every answer that came, in seconds
    _line: http.client.HTTPConnection | None = None

    def ask(self, method: str, path: str, fields: list[tuple[str, str]] | None = None):
        """(status, body, headers) of one try; OSError when the connection broke."""
        if self._line is None:
            self._line = http.client.HTTPConnection("127.0.0.1", self.port, timeout=40)
        began = time.perf_counter()
        try:
            self._line.request(
                method,
                path,
                None if fields is None else urlencode(fields),
                {
                    "Cookie": f"sid={self.sign_in['cookie']}",
                    "X-CSRFToken": self.sign_in["csrf"],
                    "Sec-Fetch-Site": "same-origin",
                    "Accept": "application/json" if method == "POST" else "text/html",
                    "Content-Type": "application/x-www-form-urlencoded",
                },
            )
            with self._line.getresponse() as answer:
                body = answer.read()
        except (OSError, http.client.HTTPException) as error:
            self.close()
            raise ConnectionError from error
        self.waits.append(time.perf_counter() - began)
        return answer.status, body, answer.headers

    def close(self) -> None:
        if self._line is not None:
            self._line.close()
            self._line = None

    def insist(self, method: str, path: str, fields: list[tuple[str, str]] | None = None):
        """The first answer that is not “busy”, however often it takes."""
        end = time.monotonic() + self.patience_s
        while time.monotonic() < end:
            with suppress(ConnectionError):
                status, body, headers = self.ask(method, path, fields)
                if status < 500 and status != 429:
                    return status, body, headers
                self.refused.append(status)
                self.told_to_wait.append(headers["Retry-After"])
            self.retries += 1
            time.sleep(self.retry_s * random.uniform(0.8, 1.2))
        raise GaveUp(path)

    def start(self) -> None:
        status, body, headers = self.insist("POST", f"/exams/{self.exam}/start", [])
        assert status == 303, (status, body[:300])
        self.attempt = int(re.search(r"/attempts/(\d+)", headers["Location"]).group(1))
        self.open()

    def open(self) -> None:
        status, body, _ = self.insist("GET", f"/attempts/{self.attempt}/paper")
        assert status == 200, status
        self.items = read_paper(body.decode())

    def save(self, item: int, names: list[str]) -> dict:
        self.under_way[item] = names
        fields = [(f"q{item}", ""), *((f"q{item}", name) for name in names)]
        status, body, _ = self.insist("POST", f"/attempts/{self.attempt}/answers", fields)
        assert status == 200, (status, body[:300])
        self.acknowledged[item] = names
        return dict(json.loads(body))

    def submit(self, answers: dict[int, list[str]] | None = None) -> str:
        """The receipt."""
        fields = []
        for item, names in (answers or {}).items():
            fields += [(f"q{item}", ""), *((f"q{item}", name) for name in names)]
        status, body, _ = self.insist("POST", f"/attempts/{self.attempt}/submit", fields)
        assert status == 200, (status, body[:300])
        return str(json.loads(body)["receipt"])

    def any_answer(self) -> tuple[int, list[str]]:
        item = random.choice(self.items)
        return item.id, [random.choice(list(item.options.values()))]

    def right(self, word: str) -> dict[int, list[str]]:
        return {
            item.id: [name for text, name in item.options.items() if word in text]
            for item in self.items
        }


def kept(morning: Morning) -> dict[int, list[str]]:
    """What the database holds, by item, as names on the page."""
    found = {}
    query = "select id, options, response from attempt_item"
    for item, options, response in morning.rows(query):
        names = {option: name for name, option in as_json(options)}
        found[item] = [names[option] for option in as_json(response) or []]
    return found


def as_json(value: object) -> list:
    return json.loads(value) if isinstance(value, str) else value  # type: ignore[return-value]
