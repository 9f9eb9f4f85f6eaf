"""What the worker does for several rooms: certificates for who came before, news of searches."""

from __future__ import annotations

import logging
from urllib.parse import urlencode

from flask import Flask
from flask_babel import lazy_gettext as _l
from huey import crontab

from app.core import jobs
from app.core.addresses import address
from app.core.db import reading, unit_of_work
from app.home import service
from app.members import queries as members
from app.notices import service as notices
from app.notices.rules import Kind as NoticeKind
from app.search import queries as search
from app.search import service as searching
from app.search.rules import Kind

log = logging.getLogger(__name__)
MOST_NAMED = 3  # titles in one notice


@jobs.handler("home.certify")
def certify(lease: jobs.Lease, *, kind_: str, subject_id: int) -> None:
    """Give certificates to all who have done something, some in each transaction."""
    after: int | None = 0
    while after is not None:
        with unit_of_work():
            after = service.certify_due(kind_, subject_id, after=after)
        lease.check()


def init_app(app: Flask) -> None:
    """Look for what is new every ten minutes."""
    huey = app.extensions["huey"]

    @huey.periodic_task(crontab(minute="*/10"), name="kept_searches")  # type: ignore[untyped-decorator]
    def every_ten_minutes() -> None:
        try:
            with app.app_context():
                tell_of_new()
        except Exception:
            log.exception("members could not be told of what is new in their searches")


def tell_of_new() -> None:
    """Tell everybody who keeps a search of what can be found since they were last told."""
    with reading():
        moment = search.newest_change()
        if moment is None or search.change_count():
            return  # the index is behind: what it does not know yet would be left out for ever
        wanted = [(r.id, r.member_id, r.text, r.kind, r.told_at) for r in search.tellers()]
    for number, member_id, text, kind, told_at in wanted:
        if moment <= told_at:
            continue
        with reading():
            reader = members.reader_for(member_id)
            found = (
                search.new_in(reader, text, Kind(kind) if kind else None, told_at) if reader else []
            )
        with unit_of_work():
            if found:
                titles = " · ".join(str(each.title.striptags()) for each in found[:MOST_NAMED])
                query = {"q": text, "sort": "newest"} | ({"kind": kind} if kind else {})
                notices.tell(
                    [member_id],
                    kind=NoticeKind.SEARCH,
                    title=_l("New for “%(text)s”", text=text),
                    body=titles,
                    address=f"{address('search')}?{urlencode(query)}",
                    once_key=f"search:{number}:{moment.timestamp():.6f}",
                )
            searching.mark_told(number, moment)
