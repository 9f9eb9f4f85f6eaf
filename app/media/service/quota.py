"""How much a member may keep: what is stored counts, and what unfinished uploads were promised."""

from __future__ import annotations

from app.core.db import db, reading
from app.core.i18n import file_size
from app.media import queries
from app.media.rules import QuotaFull, fits_quota
from app.media.service.folder import config
from app.media.tus import Partials
from app.members.models import Member


def partials() -> Partials:
    """The unfinished uploads of this application."""
    return Partials(config().media_dir, reserve=config().disk_reserve)


def look_for_quota(owner_id: int, length: int) -> None:
    """Raise QuotaFull when so many more bytes are more than a member may keep.

    Reads the database in a transaction of its own.
    """
    with reading():
        used = queries.stored_bytes(owner_id)
    _compare(owner_id, used, length)


def hold_quota(owner_id: int, length: int) -> None:
    """The same in the transaction that keeps the file; until its end nobody else is let in here.

    Of many files that are sent at once each may have fitted when it began.
    """
    take_turns(owner_id)
    _compare(owner_id, queries.stored_bytes(owner_id), length)


def take_turns(owner_id: int) -> None:
    """Until the end of the transaction nobody else takes in a file of this member."""
    db.session().get(Member, owner_id, with_for_update={"key_share": True, "of": Member})


def _compare(owner_id: int, used: int, length: int) -> None:
    quota = config().upload_quota
    reserved = sum(one.length for one in partials().all() if one.owner_id == owner_id)
    if not fits_quota(used, reserved, length, quota):
        raise QuotaFull(used=file_size(used + reserved), quota=file_size(quota))
