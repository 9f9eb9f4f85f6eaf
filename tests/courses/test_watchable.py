"""A signed path lives for hours: what it opens ends with the permission, not with the path."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from sqlalchemy import delete, event

from app.core.db import db, unit_of_work
from app.courses import queries
from app.courses import service as courses
from app.media import service as media
from app.members.models import Member, RoleGrant
from tests.media.conftest import RECIPES, Studio, fetch, ffmpeg, studio_with

VTT = b"WEBVTT\n\n00:00.000 --> 00:00.900\nHello\n"


class Shown:
    """A published course of one encrypted video with captions, and who watches it."""

    def __init__(self, studio: Studio, clip: Path) -> None:
        self.studio = studio
        people = studio.people
        self.recording = studio.prepared(clip)
        with studio.app.app_context(), unit_of_work():
            media.attach_captions(self.recording.id, language="en", label="English", data=VTT)
        self.course_id = studio.show(self.recording)
        self.elsewhere = people.branch("Elsewhere")
        self.member = people.member(branch=people.branch("Here"))
        self.colleague = people.member(role="trainer")
        self.clients: dict[int, FlaskClient] = {
            who: people.client(who)
            for who in (
                self.member,
                self.colleague,
                people.member(role="administrator"),
                people.member(branch=self.elsewhere),
            )
        }
        self.clients[studio.trainer] = studio.client
        _, _, self.administrator, self.far, self.trainer = self.clients
        self.paths = {who: self._paths(who) for who in self.clients}

    def _paths(self, who: int) -> list[str]:
        """Every address below the one that this member's page was given."""
        base = self.studio.links(self.recording.id, who).master.rsplit("/", 1)[0]
        names = {p.name for p in self.studio.version(self.recording).iterdir()}
        names |= {"180p.key", "captions-en.vtt"}
        assert {"master.m3u8", "180p.m3u8", "180p-init.mp4", "180p-00000.m4s"} <= names
        assert {"poster-320.webp", "storyboard.vtt"} <= names
        return [f"{base}/{name}" for name in sorted(names)]

    def statuses(self, who: int) -> set[int]:
        client = self.clients[who]
        return {fetch(client, p, Sec_Fetch_Dest="empty").status_code for p in self.paths[who]}

    def watch(self) -> set[int]:
        """Who gets every file; nobody gets some of them."""
        found = {who: self.statuses(who) for who in self.clients}
        assert all(one in ({200}, {404}) for one in found.values()), found
        return {who for who, one in found.items() if one == {200}}

    def post(self, path: str, **data: object) -> None:
        headers = {**self.studio.headers, "Accept": "text/html"}
        answer = self.studio.client.post(f"/desk/{path}", data=data, headers=headers)
        assert answer.status_code == 302, (path, answer.get_data(as_text=True))

    def limit(self, **audience: object) -> None:
        with self.studio.app.app_context():
            course = queries.course_by_id(self.course_id)
            db.session.rollback()
        assert course is not None
        self.post(
            f"courses/{self.course_id}/about",
            title=course.own_title,
            summary=course.own_summary,
            theme_id=course.theme_id,
            language="en",
            completion_percent=90,
            **audience,
        )


@pytest.fixture
def shown(tmp_path: Path) -> Iterator[Shown]:
    clip = tmp_path / "plain.mp4"
    ffmpeg(*RECIPES["plain.mp4"], str(clip))
    with studio_with(tmp_path, encrypt=True) as studio:
        yield Shown(studio, clip)


def test_files_are_given_as_long_as_the_course_is_shown(shown: Shown) -> None:
    everybody = set(shown.clients)
    makers = {shown.trainer, shown.administrator}
    assert shown.watch() == everybody

    shown.limit(audience="branches", branches=[shown.elsewhere])
    assert shown.watch() == {*makers, shown.far}
    shown.limit(audience="all")
    assert shown.watch() == everybody

    shown.post(f"courses/{shown.course_id}/withdraw")
    assert shown.watch() == makers
    shown.post(f"courses/{shown.course_id}/publish")
    assert shown.watch() == everybody

    with shown.studio.app.app_context(), unit_of_work():
        courses.add_reading(shown.course_id, title="Text", body="Some words.")
        view = queries.course_by_id(shown.course_id)
        assert view is not None
        video = view.lessons[0].id
    shown.post(f"lessons/{video}/remove")
    assert shown.watch() == makers
    shown.post(f"lessons/{video}/restore")
    assert shown.watch() == everybody


def test_files_end_with_what_became_of_the_member(shown: Shown) -> None:
    shown.limit(audience="branches", branches=[shown.elsewhere])
    assert shown.statuses(shown.far) == {200}
    app, people = shown.studio.app, shown.studio.people
    with app.app_context(), unit_of_work() as session:
        session.get_one(Member, shown.far).branch_id = people.root
    assert shown.statuses(shown.far) == {404}
    # Who is no trainer any more has no preview either.
    with app.app_context(), unit_of_work() as session:
        session.execute(delete(RoleGrant).where(RoleGrant.member_id == shown.trainer))
    assert shown.statuses(shown.trainer) == {404}
    with app.app_context(), unit_of_work() as session:
        session.get_one(Member, shown.far).is_active = False
    assert shown.statuses(shown.far) == {401}


def test_a_segment_costs_one_question_more_than_who_asks(shown: Shown) -> None:
    """Segments are asked for every few seconds by everybody who watches."""
    (segment,) = (p for p in shown.paths[shown.member] if p.endswith("180p-00000.m4s"))
    client, asked = shown.clients[shown.member], []
    assert fetch(client, segment).status_code == 200
    with shown.studio.app.app_context():
        engine = db.engine

    def note(_conn, _cursor, statement: str, *_: object) -> None:
        asked.append(statement)

    event.listen(engine, "before_cursor_execute", note)
    try:
        assert fetch(client, segment).status_code == 200
    finally:
        event.remove(engine, "before_cursor_execute", note)
    assert len([one for one in asked if "FROM media" in one]) == 1, asked
    assert len([one for one in asked if one.startswith("SELECT")]) <= 3, asked
