"""Files that members send as answers."""

from __future__ import annotations

from datetime import timedelta
from functools import partial
from typing import BinaryIO

from flask import current_app
from sqlalchemy import func, select

from app.core import clock
from app.core.db import db, on_rollback
from app.questions import queries, rules
from app.questions.drawer import Drawer, Put
from app.questions.models import AnswerFile

ORPHAN_HOURS = 24  # a file without a row is left alone for so long: its request may be under way


def drawer() -> Drawer:
    config = current_app.extensions["weike"]
    return Drawer(config.instance_dir / "answers", reserve=config.disk_reserve)


def put_file(stream: BinaryIO, *, filename: str) -> Put:
    """Write a file into the drawer. Touches no database: call it before the first query.

    It is gone again when the request is refused: else anybody could fill the disk with files for
    papers of others. Raises WrongFile, EmptyAnswerFile, AnswerFileTooLarge and NoRoom.
    """
    folder = drawer()
    put = folder.put(stream, filename)
    on_rollback(partial(folder.drop, put.token))
    return put


def keep_file(put: Put, *, member_id: int) -> str:
    """Make the row of a file; returns the response of a file question. Raises
    TooManyAnswerFiles."""
    today = select(func.count()).where(
        AnswerFile.member_id == member_id,
        AnswerFile.created_at > clock.now() - timedelta(days=1),
    )
    if (db.session().scalar(today) or 0) >= rules.MOST_FILES:
        raise rules.TooManyAnswerFiles
    db.session().add(
        AnswerFile(
            token=put.token,
            member_id=member_id,
            name=put.name,
            ending=put.ending,
            size=put.size,
            sha256=put.sha256,
            created_at=clock.now(),
        )
    )
    db.session().flush()
    return f"{put.token}.{put.ending} {put.name}"


def sweep_answers(*, hours: int = ORPHAN_HOURS) -> int:
    """Remove files from the drawer that no row knows; returns how many."""
    folder = drawer()
    latest = clock.epoch() - hours * 3600
    known = queries.sent_tokens()
    gone = 0
    for token in folder.tokens():
        if token not in known and folder.path(token).stat().st_mtime < latest:
            folder.drop(token)
            gone += 1
    return gone
