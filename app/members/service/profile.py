"""What members decide for themselves."""

from __future__ import annotations

from app.core.db import db
from app.members.models import Comfort, Member
from app.members.rules import Reading


def choose_settings(member_id: int, *, language: str, reading: Reading, appearance: str) -> None:
    """Set the language ("" follows the browser), how large and plain, and light or dark."""
    member = db.session().get_one(Member, member_id)
    member.language = language
    member.appearance = appearance
    choose_reading(member_id, reading)


def choose_language(member_id: int, language: str) -> None:
    """Set the language of every page."""
    db.session().get_one(Member, member_id).language = language


def be_listed(member_id: int, *, listed: bool) -> None:
    """Whether leaderboards name the member; who takes the name out is nowhere in them."""
    db.session().get_one(Member, member_id).in_rankings = listed


def choose_reading(member_id: int, reading: Reading) -> None:
    """Set how large and how plain pages are. Leaving the easy mode brings back the size before."""
    session = db.session()
    if reading is not Reading.EASY:
        session.get_one(Member, member_id).large_type = reading is Reading.LARGE
    row = session.get(Comfort, member_id)
    if row is None:
        row = Comfort(member_id=member_id)
        session.add(row)
    row.easy_mode = reading is Reading.EASY
    session.flush()
