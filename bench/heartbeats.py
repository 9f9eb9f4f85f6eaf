"""Reports of watching per second, beside endpoints that do one upsert and nothing else.

Three addresses of one gunicorn process, asked in turns by the same clients in the same run:

* ours: POST /learning/visits/<id>/spans — token, budget, union of spans, position, three rows;
* upsert: signed in, CSRF token checked, guarded and committed like ours, then one upsert;
* bare: a Flask application of its own with a signed cookie and one upsert by sqlite3, on the same
  settings of the same kind of disk (WAL, synchronous=FULL). Nothing simpler is worth the name.

Every report is new and honest. Afterwards the database must hold what every answer promised.
"""

from __future__ import annotations

import json
import os
import secrets
import signal
import socket
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from datetime import timedelta
from http.client import HTTPConnection
from pathlib import Path

from flask import Flask, jsonify, request, session

ROOT = Path(__file__).resolve().parent.parent
MEMBERS = 400
CLIENTS = 8
ROUNDS = 3
SECONDS = 3.0  # of one turn
GOAL = 0.6
LESSON_MS = 600_000
STEP_MS = 500  # that one report brings
KINDS = ("ours", "upsert", "bare")


# --- the server -----------------------------------------------------------------------------------


def serve() -> Flask:
    """Weike with one more address; gunicorn calls this."""
    from sqlalchemy import text

    from app import create_app
    from app.core.access import access
    from app.core.db import db
    from app.core.limits import limited
    from app.members.access import SIGNED_IN, reader

    app = create_app()
    with app.app_context(), db.engine.begin() as connection:
        connection.execute(
            text("create table if not exists beat (member_id integer primary key, at text)")
        )

    @app.post("/bench/upsert")
    @access(SIGNED_IN)
    @limited("bench", most=600, seconds=60, burst=600)
    def upsert():
        db.session.execute(
            text(
                "insert into beat values (:member, :at) "
                "on conflict (member_id) do update set at = excluded.at"
            ),
            {"member": reader().id, "at": request.get_data(as_text=True)[:40]},
        )
        return jsonify(applied=True)

    return app


def serve_bare() -> Flask:
    """The smallest application that knows who asks and keeps something; gunicorn calls this."""
    app = Flask(__name__)
    app.secret_key = os.environ["WEIKE_SECRET_KEY"]
    path = Path(os.environ["WEIKE_INSTANCE_DIR"]) / "bare.sqlite"
    local = threading.local()

    def connection() -> sqlite3.Connection:
        if not hasattr(local, "connection"):
            local.connection = sqlite3.connect(path, isolation_level=None, timeout=10)
            local.connection.execute("pragma journal_mode=WAL")
            local.connection.execute("pragma synchronous=FULL")
        return local.connection

    connection().execute("create table if not exists beat (member_id integer primary key, at text)")

    @app.post("/bench/upsert")
    def upsert():
        if "member" not in session:
            return jsonify(applied=False), 401
        connection().execute(
            "insert into beat values (?, ?) on conflict (member_id) do update set at = excluded.at",
            (session["member"], request.get_data(as_text=True)[:40]),
        )
        return jsonify(applied=True)

    return app


# --- what they are asked about --------------------------------------------------------------------


def people(environment: dict[str, str]) -> list[dict]:
    """Members with a sign-in and a visit each, straight into the database."""
    from flask.sessions import SecureCookieSessionInterface
    from itsdangerous import URLSafeTimedSerializer

    from app import create_app
    from app.core import clock
    from app.core.db import Base, db, unit_of_work
    from app.learning.models import LessonProgress, Visit, WatchBudget
    from app.members.service import start_sign_in
    from config import Config
    from tests.factories import People
    from tests.learning.lessons import make_course

    app = create_app(Config.from_env(environment))
    with app.app_context():
        Base.metadata.create_all(db.engine)
    factory = People(app)
    trainer = factory.member(role="trainer")
    course = make_course(app, trainer, [("video", LESSON_MS)])
    raw = secrets.token_hex(20)
    seal = SecureCookieSessionInterface().get_signing_serializer(app)
    assert seal is not None
    csrf = URLSafeTimedSerializer(app.secret_key, salt="wtf-csrf-token").dumps(raw)
    members = []
    with app.app_context(), unit_of_work() as store:
        from app.members.models import Member

        now = clock.now()
        before = now - timedelta(minutes=10)
        for number in range(MEMBERS):
            member = Member(
                username=f"bench{number}",
                name=f"Bench {number}",
                branch_id=factory.root,
                created_at=now,
            )
            store.add(member)
            store.flush()
            visit = Visit(
                member_id=member.id,
                lesson_id=course.lesson,
                course_id=course.id,
                length_ms=LESSON_MS,
                needed_ms=LESSON_MS,
                needs_end=False,
                speed=200,
                started_at=before,
                heard_at=now,
                seq=0,
                token=secrets.token_hex(12),
                credited_ms=0,
            )
            store.add(visit)
            store.add(
                LessonProgress(
                    member_id=member.id,
                    lesson_id=course.lesson,
                    course_id=course.id,
                    spans=[],
                    length_ms=LESSON_MS,
                    started_at=before,
                    heard_at=now,
                )
            )
            store.add(
                WatchBudget(
                    member_id=member.id,
                    live_ms=32_000,
                    whole_ms=1_000_000,
                    counted_at=int(now.timestamp() * 1000),
                )
            )
            store.flush()
            token = start_sign_in(member.id, absolute=timedelta(days=1))
            cookie = {
                "_user_id": token,
                "_fresh": True,
                "seen": int(clock.epoch()),
                "csrf_token": raw,
                "member": member.id,  # what the bare application looks at
            }
            members.append(
                {
                    "id": member.id,
                    "visit": visit.id,
                    "token": visit.token,
                    "seq": 0,
                    "at": 0,
                    "cookie": seal.dumps(cookie),
                    "csrf": csrf,
                }
            )
    with app.app_context():
        db.session.remove()
        db.engine.dispose()
    return members


# --- the clients ----------------------------------------------------------------------------------


class Client(threading.Thread):
    """Asks for its members in turn until told to stop; counts the answers that it was owed."""

    def __init__(self, port: int, kind: str, members: list[dict], until: float) -> None:
        super().__init__()
        self.port, self.kind, self.members, self.until = port, kind, members, until
        self.good = 0
        self.bad: list[str] = []

    def run(self) -> None:
        connection = HTTPConnection("127.0.0.1", self.port, timeout=30)
        turn = 0
        while time.monotonic() < self.until:
            member = self.members[turn % len(self.members)]
            turn += 1
            url, body = self.wish(member)
            cookie = "sid" if self.kind != "bare" else "session"
            connection.request(
                "POST",
                url,
                body,
                {
                    "Cookie": f"{cookie}={member['cookie']}",
                    "X-CSRFToken": member["csrf"],
                    "Sec-Fetch-Site": "same-origin",
                    "Content-Type": "application/json",
                    "Accept": "application/json",
                },
            )
            answer = connection.getresponse()
            found = json.loads(answer.read() or b"{}")
            if answer.status != 200 or not found["applied"]:
                self.bad.append(f"{self.kind}: {answer.status} {found}")
                continue
            self.good += 1
            if self.kind == "ours":
                member.update(token=found["token"], seq=found["seq"], at=member["at"] + STEP_MS)
        connection.close()

    def wish(self, member: dict) -> tuple[str, str]:
        if self.kind != "ours":
            return "/bench/upsert", json.dumps({"at": time.time()})
        at = member["at"]
        report = {
            "token": member["token"],
            "seq": member["seq"],
            "spans": [[at, at + STEP_MS, 1]],
            "position": at + STEP_MS,
            "kept": False,
            "end": False,
        }
        return f"/learning/visits/{member['visit']}/spans", json.dumps(report)


def turn(
    port: int, kind: str, members: list[dict], seconds: float = SECONDS
) -> tuple[float, list[str]]:
    """Answers per second of one turn."""
    began = time.monotonic()
    clients = [Client(port, kind, members[n::CLIENTS], began + seconds) for n in range(CLIENTS)]
    for client in clients:
        client.start()
    for client in clients:
        client.join()
    rate = sum(c.good for c in clients) / (time.monotonic() - began)
    return rate, [line for c in clients for line in c.bad]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def started(target: str, port: int, environment: dict[str, str]) -> subprocess.Popen[bytes]:
    process = subprocess.Popen(
        [
            *(sys.executable, "-m", "gunicorn", f"bench.heartbeats:{target}()"),
            *("--bind", f"127.0.0.1:{port}", "--worker-class", "gthread", "--threads", "8"),
            *("--no-control-socket", "--keep-alive", "60", "--log-level", "error"),
        ],
        cwd=ROOT,
        env={**os.environ, **environment},
    )
    for _ in range(300):
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=2):
                return process
        except urllib.error.HTTPError:
            return process
        except OSError:
            time.sleep(0.1)
    process.kill()
    raise RuntimeError(f"{target} did not start")


def lost(instance: Path, members: list[dict]) -> int:
    """Reports that were answered with “applied” and are not in the database."""
    with sqlite3.connect(instance / "weike.sqlite") as connection:
        seen = dict(connection.execute("select member_id, seen_ms from lesson_progress"))
    return sum((member["at"] - seen[member["id"]]) // STEP_MS for member in members)


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        environment = {
            "WEIKE_SECRET_KEY": secrets.token_hex(32),
            "WEIKE_INSTANCE_DIR": str(root / "instance"),
            "WEIKE_MEDIA_DIR": str(root / "media"),
            "WEIKE_SEARCH_DIR": str(root / "search"),
        }
        members = people(environment)
        ports = {"ours": free_port(), "bare": free_port()}
        ports["upsert"] = ports["ours"]
        servers = [
            started("serve", ports["ours"], environment),
            started("serve_bare", ports["bare"], environment),
        ]
        rates: dict[str, list[float]] = {kind: [] for kind in KINDS}
        try:
            for kind in KINDS:
                turn(ports[kind], kind, members[:CLIENTS], 1.0)  # warm, and not counted
            for number in range(ROUNDS):
                for kind in KINDS if number % 2 == 0 else reversed(KINDS):
                    rate, bad = turn(ports[kind], kind, members)
                    if bad:
                        sys.exit(f"{len(bad)} wrong answers, the first: {bad[0]}")
                    rates[kind].append(rate)
        finally:
            for server in servers:
                server.send_signal(signal.SIGTERM)
            for server in servers:
                server.wait(timeout=20)
        gone = lost(root / "instance", members)
    middle = {kind: statistics.median(found) for kind, found in rates.items()}
    rows = [
        {
            "what": f"reports of watching per second, beside {what}",
            "ours": f"{middle['ours']:.0f}/s",
            "other": f"{middle[kind]:.0f}/s",
            "ratio": round(middle["ours"] / middle[kind], 2),
            "goal": goal,
        }
        for kind, what, goal in (
            ("upsert", "one upsert behind the same door", f"≥ {GOAL}"),
            ("bare", "one upsert in a bare Flask application", ""),
        )
    ]
    for row in rows:
        print(f"{row['what']}: {row['ours']} to {row['other']}, ratio {row['ratio']}")
    print(f"acknowledged reports that are not in the database: {gone}")
    if gone:
        sys.exit(1)
    print(json.dumps({"name": "heartbeats", "rows": rows, "lost": gone}, ensure_ascii=False))


if __name__ == "__main__":
    main()
