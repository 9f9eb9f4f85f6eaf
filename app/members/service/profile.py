"""What members decide for themselves."""

from __future__ import annotations

from app.core.db import db
from app.members.models import Member


def choose_settings(member_id: int, *, language: str, large_type: bool, appearance: str) -> None:
    """Set the language ("" follows the browser), the size of the type and light or dark."""
    member = db.session().get_one(Member, member_id)
    member.language = language
    member.large_type = large_type
    member.appearance = appearance
