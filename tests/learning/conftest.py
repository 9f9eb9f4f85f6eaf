"""A moment that stands still until a test moves it."""

from __future__ import annotations

import pytest

from app.core import clock
from tests.learning.lessons import Time


@pytest.fixture
def time():
    time = Time()
    with clock.use(time):
        yield time
