"""How long somebody has to wait is said in seconds, from two minutes on in minutes."""

from __future__ import annotations

import pytest
from flask import Flask

from app.core.refusals import TooOften


@pytest.mark.parametrize(
    ("wait", "said"),
    [
        (1, "1 second "),
        (2, "2 seconds "),
        (119, "119 seconds "),
        (120, "2 minutes "),
        (628, "11 minutes "),
    ],
)
def test_a_wait_is_said_in_its_unit(app: Flask, wait: int, said: str) -> None:
    with app.test_request_context():
        assert f"wait {said}" in str(TooOften(wait=wait))
