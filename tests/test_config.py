"""Settings are typed, checked, and named when they are wrong."""

from __future__ import annotations

import dataclasses
import re
from pathlib import Path

import pytest

from config import ROOT, BadSetting, Config

SECRET = {"WEIKE_SECRET_KEY": "s" * 40}


def test_settings_come_from_the_environment() -> None:
    config = Config.from_env({**SECRET, "WEIKE_PROXIES": "2", "WEIKE_DEBUG": "yes"})
    assert (config.proxies, config.debug) == (2, True)


def test_settings_cannot_change_later() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        Config.from_env(SECRET).debug = True


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("WEIKE_SECRET_KEY", "short"),
        ("WEIKE_PROXIES", "many"),
        ("WEIKE_PROXIES", "-1"),
        ("WEIKE_DEBUG", "perhaps"),
        ("WEIKE_TIME_ZONE", "Asia/Nowhere"),
        ("WEIKE_BASE_URL", "learn.example.org"),
        ("WEIKE_DEFAULT_LANGUAGE", "fr"),
        ("WEIKE_UPLOAD_LIMIT", "0"),
        ("WEIKE_SEARCH_ENGINE", "elastic"),
        ("WEIKE_WORKER_THREADS", "0"),
        ("WEIKE_SHORT_THREADS", "0"),
        ("WEIKE_TYPO", "1"),
    ],
)
def test_a_bad_value_is_refused_with_the_name_of_its_variable(variable: str, value: str) -> None:
    with pytest.raises(BadSetting) as refused:
        Config.from_env({**SECRET, variable: value})
    assert str(refused.value).startswith(variable + ": ")


def test_the_second_search_engine_needs_a_postgresql() -> None:
    engine = {**SECRET, "WEIKE_SEARCH_ENGINE": "postgresql"}
    with pytest.raises(BadSetting, match="WEIKE_SEARCH_DATABASE"):
        Config.from_env(engine)
    there = "postgresql+psycopg://weike@localhost/weike"
    assert Config.from_env({**engine, "WEIKE_DATABASE_URL": there}).search_address == there
    other = Config.from_env({**engine, "WEIKE_SEARCH_DATABASE": there})
    assert (other.search_address, other.database[:6]) == (there, "sqlite")


def test_without_a_secret_nothing_starts(tmp_path: Path) -> None:
    with pytest.raises(BadSetting, match="WEIKE_SECRET_KEY"):
        Config.from_env({"WEIKE_INSTANCE_DIR": str(tmp_path)})
    (tmp_path / "secret.key").write_text("k" * 48)
    assert Config.from_env({"WEIKE_INSTANCE_DIR": str(tmp_path)}).secret_key == "k" * 48


def test_every_setting_stands_in_the_operators_table() -> None:
    table = (ROOT / "deploy" / "settings.md").read_text(encoding="utf-8")
    told = set(re.findall(r"^\| `WEIKE_([A-Z_]+)`", table, flags=re.MULTILINE))
    assert told == {field.name.upper() for field in dataclasses.fields(Config)}
