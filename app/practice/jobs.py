"""What the worker does about practice: settle duels whose players went away."""

from __future__ import annotations

from app.core import jobs
from app.core.db import unit_of_work
from app.practice import service


@jobs.handler("practice.settle")
def settle(lease: jobs.Lease, *, duel_id: int) -> None:
    with unit_of_work():
        service.settle(duel_id)
