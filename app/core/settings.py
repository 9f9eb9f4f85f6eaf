"""What administrators set in the pages: the organisation's name, time zone, colour, logo, words.

Every process keeps what it last read and looks again every few seconds; the one in which something
is changed looks at once. What is set here stands above the environment's settings.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any

from flask import Flask, current_app
from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError

from app.core import clock, vocabulary
from app.core.db import after_commit, db, reading
from app.core.models import Setting
from app.core.vocabulary import Term, Vocabulary
from config import BadSetting, Config

ORGANISATION = "organisation"
LOOK_EVERY = 5.0  # seconds


@dataclass(frozen=True)
class Organisation:
    """How the organisation wants to be seen. Empty values are as if nothing had been set."""

    name: str = ""
    time_zone: str = ""
    colour: str = ""  # the brand's seed, “#a61b24”
    logo: str = ""  # the digest of its picture, which stands in a setting of its own
    words: Vocabulary = field(default_factory=dict)
    highest_speed: int = 200  # of recordings, per cent: the player offers it, the server allows it
    discussions: bool = True  # below lessons
    mail_seals: bool = False  # every day to the organizers

    @classmethod
    def of(cls, value: dict[str, Any]) -> Organisation:
        plain = {key: str(value.get(key, "")) for key in ("name", "time_zone", "colour", "logo")}
        words = {name: Term(**term) for name, term in value.get("words", {}).items()}
        return cls(
            **plain,
            words=words,
            highest_speed=int(value.get("highest_speed", 200)),
            discussions=bool(value.get("discussions", True)),
            mail_seals=bool(value.get("mail_seals", False)),
        )

    def as_stored(self) -> dict[str, Any]:
        plain = {key: getattr(self, key) for key in ("name", "time_zone", "colour", "logo")}
        words = {name: vars(term) for name, term in self.words.items()}
        chosen = ("highest_speed", "discussions", "mail_seals")
        return {**plain, **{key: getattr(self, key) for key in chosen}, "words": words}


class _Held:
    """What one process knows of the settings."""

    def __init__(self, base: Config) -> None:
        self.base = base
        self.organisation = Organisation()
        self.looked_at = float("-inf")
        self.renamers: dict[str, Callable[[str], str] | None] = {}

    def forget(self) -> None:
        self.looked_at = float("-inf")


def init_app(app: Flask) -> None:
    app.extensions["settings"] = _Held(app.extensions["weike"])
    app.before_request(look_now_and_then)
    app.jinja_env.globals["organisation_settings"] = organisation  # macros know it, too
    with app.app_context():
        refresh()


def look_now_and_then() -> None:
    """Read the settings again when the last look is some seconds ago."""
    held: _Held = current_app.extensions["settings"]
    if clock.monotonic() - held.looked_at > LOOK_EVERY:
        refresh()


def refresh() -> None:
    """Read the settings again; what cannot be read stays as it was."""
    held: _Held = current_app.extensions["settings"]
    held.looked_at = clock.monotonic()
    try:
        with reading():
            found = Organisation.of(stored(ORGANISATION))
    except SQLAlchemyError:
        return  # before the first migration, or while the disk is full
    if found == held.organisation:
        return
    try:
        changed = replace(
            held.base,
            organisation=found.name or held.base.organisation,
            time_zone=found.time_zone or held.base.time_zone,
        )
    except BadSetting:  # a time zone that this machine does not know (any more)
        changed = replace(held.base, organisation=found.name or held.base.organisation)
    current_app.extensions["weike"] = changed
    held.organisation = found
    held.renamers = {}


def organisation() -> Organisation:
    """What is set, as this process knows it."""
    held: _Held = current_app.extensions["settings"]
    return held.organisation


def name() -> str:
    """What the organisation is called now, set in the pages or by the operator."""
    config: Config = current_app.extensions["weike"]
    return config.organisation


def renamer(language: str) -> Callable[[str], str] | None:
    """What puts the organisation's words into a message of this language, if it has its own."""
    held: _Held = current_app.extensions["settings"]
    if language not in held.renamers:
        held.renamers[language] = vocabulary.renamer(held.organisation.words, language)
    return held.renamers[language]


def stored(key: str) -> dict[str, Any]:
    """The value of one setting; {} when it was never set."""
    value = db.session().scalar(select(Setting.value).where(Setting.key == key))
    return dict(value) if value else {}


def store(key: str, value: dict[str, Any]) -> None:
    """Set one setting, within the current transaction; this process knows it from then on."""
    session = db.session()
    row = session.get(Setting, key)
    if row is None:
        session.add(Setting(key=key, value=value, changed_at=clock.now()))
    else:
        row.value, row.changed_at = value, clock.now()
    session.flush()
    held: _Held = current_app.extensions["settings"]
    after_commit(held.forget)


def set_organisation(value: Organisation) -> None:
    """Say how the organisation wants to be seen from now on."""
    store(ORGANISATION, value.as_stored())


def today() -> date:
    """The day in the organisation's time zone."""
    return clock.today(current_app.extensions["weike"].zone)
