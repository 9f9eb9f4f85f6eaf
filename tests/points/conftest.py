"""What tests of points share."""

from __future__ import annotations

import pytest
from flask import Flask

from tests.points.ledger import Ledger


@pytest.fixture
def ledger(app: Flask) -> Ledger:
    return Ledger(app)
