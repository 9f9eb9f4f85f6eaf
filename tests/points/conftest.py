"""What tests of points share."""

from __future__ import annotations

import pytest
from flask import Flask

from app.points.rules import Ranking
from tests.points.ledger import Ledger


@pytest.fixture
def ledger(app: Flask) -> Ledger:
    ledger = Ledger(app)
    ledger.rank(Ranking.BRANCH)
    return ledger
