"""Recordings that could not be prepared: who sees them, why they failed, and another try."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from tests.factories import csrf
from tests.media.conftest import Clips, Studio, clips
from tests.media.test_transcode import break_in_the_middle

__all__ = ["clips"]
PAGE = "/desk/recordings/failed"


@pytest.fixture
def studio(app, people) -> Iterator[Studio]:
    """A trainer of the branch Here, who has a recording that failed."""
    here = people.branch("Here")
    return Studio(app, people, people.member(name="Lin", role="trainer", branch=here))


def text_of(client: FlaskClient, page: str = PAGE) -> str:
    answer = client.get(page)
    assert answer.status_code == 200, page
    return answer.get_data(as_text=True)


def broken(studio: Studio, clips: Clips, folder: Path) -> int:
    return studio.prepared(break_in_the_middle(clips["front.mp4"], folder / "broken.mp4")).id


def test_those_who_look_after_a_recording_see_that_and_why_it_failed(
    studio: Studio, clips: Clips, tmp_path: Path
) -> None:
    people = studio.people
    media_id = broken(studio, clips, tmp_path)
    found = studio.recording(media_id)
    assert found.state == "failed"
    root, here = people.root, people.branch("Elsewhere")
    knows = {
        "its trainer": studio.client,
        "an administrator": people.client(people.member(role="administrator")),
        "who organizes all": people.client(people.member(organizes=root)),
    }
    others = {
        "another trainer": people.client(people.member(role="trainer")),
        "who organizes another branch": people.client(people.member(organizes=here)),
    }
    for who, client in knows.items():
        page = text_of(client)
        assert "broken.mp4" in page, who
        assert found.error in page, who
        assert found.detail.splitlines()[-1][:20] in page, who
        assert ("uploaded by you" in page) == (who == "its trainer")
        assert ("uploaded by Lin, Here" in page) == (who != "its trainer")
        assert client.get(f"/media/{media_id}/state").status_code == 200, who
    for who, client in others.items():
        assert "broken.mp4" not in text_of(client), who
        assert "No recording failed" in text_of(client), who
        assert client.get(f"/media/{media_id}/state").status_code == 404, who
        retry = client.post(f"/media/{media_id}/retry", headers=csrf(client))
        assert retry.status_code == 404, who
        client.post(f"{PAGE}/retry", headers=csrf(client))
        assert studio.recording(media_id).state == "failed", who
    assert people.client(people.member()).get(PAGE).status_code == 404
    # The desks say so, and lead there.
    assert "1 recording could not be prepared." in text_of(studio.client, "/desk/recordings")
    assert PAGE in text_of(knows["who organizes all"], "/organizer")
    assert PAGE not in text_of(others["who organizes another branch"], "/organizer")
    # It stands among all work that failed, too, and can be tried again there.
    desk = knows["an administrator"]
    page = text_of(desk, "/admin/work")
    assert "Preparing a recording: broken.mp4" in page
    again = re.search(r"/admin/work/\d+/again", page)
    assert again
    assert desk.post(again[0], headers=csrf(desk)).status_code == 302
    assert studio.recording(media_id).state == "queued"
    assert "broken.mp4" not in text_of(desk, "/admin/work")
    studio.work()
    assert studio.recording(media_id).state == "failed"


def test_all_of_them_are_tried_again_with_one_button(
    studio: Studio, clips: Clips, tmp_path: Path
) -> None:
    """As after a full disk: the cause is gone, and nobody has to look for what it has hit."""
    good = studio.prepared(clips["tiny.mp4"])
    ids = [studio.upload(clips[name]) for name in ("plain.mp4", "silent.mp4")]
    sources = [studio.root / "uploads" / studio.recording(one).uuid / "source" for one in ids]
    for source in sources:
        source.rename(source.with_name("away"))
    studio.work()
    assert text_of(studio.client).count("media-card") == 2
    for source in sources:
        source.with_name("away").rename(source)
    organizer = studio.people.client(studio.people.member(organizes=studio.people.root))
    answer = organizer.post(
        f"{PAGE}/retry", headers={**csrf(organizer), "Accept": "text/html"}, follow_redirects=True
    )
    assert "2 recordings are prepared again." in answer.get_data(as_text=True)
    studio.work()
    assert [studio.recording(one).state for one in ids] == ["ready", "ready"]
    assert studio.recording(good.id) == good
    assert "could not be prepared" not in text_of(studio.client, "/desk/recordings")
    assert "No recording failed" in text_of(studio.client)
