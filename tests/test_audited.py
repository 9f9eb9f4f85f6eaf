"""What staff do for others is written into the log of acts; see also the tests of the rooms.

That no route is forgotten is tested in tests/test_routes.py, with the table in tests/audited.py.
"""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from sqlalchemy import select

from app.core import clock
from app.core.db import reading
from app.members.models import AuditLine
from app.members.rules.audit import Act
from app.points.rules import PRESETS
from config import ROOT
from tests.audited import AUDITED, OTHERWISE
from tests.factories import People, csrf


def test_every_kind_of_act_is_written_by_somebody() -> None:
    by_routes = {act for acts in AUDITED.values() for act in acts}
    assert by_routes | OTHERWISE == set(Act)
    table = Path("app/members/rules/audit.py")
    sources = [p for p in (ROOT / "app").rglob("*.py") if p != ROOT / table]
    text = "\n".join(path.read_text(encoding="utf-8") for path in sources)
    assert [act.name for act in Act if f"Act.{act.name}" not in text] == []


class Desk:
    """An administrator at the desk, and the lines that are written of what they do."""

    def __init__(self, people: People) -> None:
        self.people, self.app = people, people.app
        self.client = people.client(people.member("Admin", role="administrator"))
        self.headers = csrf(self.client)

    def post(self, path: str, **form: object) -> None:
        answer = self.client.post(path, data=form, headers=self.headers)
        assert answer.status_code < 400, (path, answer.status_code)

    def acts(self) -> list[str]:
        with self.app.app_context(), reading() as session:
            found = session.scalars(
                select(AuditLine.act).where(AuditLine.via == "page").order_by(AuditLine.id)
            )
            return list(found)


def test_what_is_decided_about_points_and_rewards_is_written(people: People) -> None:
    desk = Desk(people)
    desk.post("/points/rules/ranking", ranking="branch")
    desk.post("/points/rules/ranking", ranking="branch")  # nothing changed
    desk.post("/points/rules/preset", preset=next(iter(PRESETS)))
    desk.post(
        "/points/rules/publish", from_day=str(clock.now().date() + timedelta(days=3)), note="new"
    )
    desk.post("/organizer/rewards/open", open="yes")
    wish = {"title": "=Mug", "price": 5, "stock": 2, "most_each": 0, "branch": people.root}
    desk.post("/organizer/rewards/new", **wish)
    desk.post("/organizer/rewards/1", **{**wish, "price": 6})
    desk.post("/organizer/rewards/1/withdraw")
    desk.post("/organizer/rewards/1/again")
    assert desk.acts() == [
        *("ranking_chosen", "rules_published", "rewards_switched", "reward_offered"),
        *("reward_changed", "reward_withdrawn", "reward_offered"),
    ]
    page = desk.client.get("/admin/log").get_data(as_text=True)
    assert "Within the branch" in page
    assert "<del>5</del>" in page


def test_words_for_search_and_templates_of_certificates_are_written(people: People) -> None:
    desk = Desk(people)
    desk.post("/search/words", words="灭火器 消防器材")
    desk.post("/search/words/1", words="灭火器 消防栓")
    desk.post("/search/words/1/delete")
    assert desk.acts() == ["search_words_kept"] * 2 + ["search_words_removed"]
