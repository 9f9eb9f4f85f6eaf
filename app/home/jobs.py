"""What the worker does for several rooms: certificates for those who came before."""

from __future__ import annotations

from app.core import jobs
from app.core.db import unit_of_work
from app.home import service


@jobs.handler("home.certify")
def certify(lease: jobs.Lease, *, kind_: str, subject_id: int) -> None:
    """Give certificates to all who have done something, some in each transaction."""
    after: int | None = 0
    while after is not None:
        with unit_of_work():
            after = service.certify_due(kind_, subject_id, after=after)
        lease.check()
