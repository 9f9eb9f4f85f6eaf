"""What only PostgreSQL may refuse, told whole: two markers, an appeal, a certificate, a picture."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask

from config import Config
from tests import postgresql
from tests.conftest import make_config
from tests.exams import test_clips, test_marking
from tests.factories import People
from tests.learning.lessons import Time


@pytest.fixture
def config(server: str, migrated_there: str, tmp_path: Path) -> Iterator[Config]:
    with postgresql.database(server, like=migrated_there) as address:
        yield make_config(tmp_path, database_url=address)


@pytest.mark.usefixtures("time")
def test_marks_that_differ_an_appeal_and_its_certificate(
    app: Flask, people: People, trainer: int
) -> None:
    args = (app, people, trainer)
    test_marking.test_marks_that_differ_are_shown_and_settled_by_a_third_or_by_agreement(*args)
    test_marking.test_an_appeal_is_answered_by_another_marker_and_its_result_flows_through(*args)


def test_a_picture_while_it_is_asked(app: Flask, people: People, trainer: int, time: Time) -> None:
    pictures = (test_clips.send(app, trainer, "teal"), test_clips.send(app, trainer, "red"))
    test_clips.test_a_picture_is_shown_while_it_is_asked_and_again_when_answers_are_released(
        app, people, trainer, *pictures, time
    )
