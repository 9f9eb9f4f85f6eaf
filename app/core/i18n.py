"""Languages: which one a reader gets, and how durations, sizes and dates are said."""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from babel.dates import format_timedelta
from flask import Flask, Response, current_app, has_request_context, request
from flask_babel import (
    Babel,
    Domain,
    format_date,
    format_datetime,
    format_decimal,
    get_domain,
    get_locale,
    gettext,
)

from app.core import clock, settings

LANGUAGES = {"zh_Hans": "简体中文", "zh_Hant": "繁體中文", "en": "English"}
HTML_TAGS = {"zh_Hans": "zh-Hans", "zh_Hant": "zh-Hant", "en": "en"}
LANGUAGE_COOKIE = "lang"
_TRADITIONAL = {"hant", "tw", "hk", "mo"}
# What a message is called in a catalogue that says something plainly, and the file of a room that
# names such messages: {what a page says: what it says in the easy mode}.
PLAIN = "easy"
PLAIN_WORDS = "easy.toml"


def language_for(tag: str) -> str | None:
    """Our locale for a browser's language tag: zh-HK → zh_Hant, zh → zh_Hans, fr → None.

    Babel's own matcher sends zh-Hant-HK to English, hence ours.
    """
    parts = tag.replace("_", "-").lower().split("-")
    if parts[0] == "en":
        return "en"
    if parts[0] != "zh":
        return None
    if "hans" in parts:
        return "zh_Hans"
    return "zh_Hant" if _TRADITIONAL & set(parts[1:]) else "zh_Hans"


def _asked_for() -> str | None:
    """The language that a visitor chose below the sign-in page: ?lang=en, kept in a cookie."""
    asked = (request.args.get(LANGUAGE_COOKIE), request.cookies.get(LANGUAGE_COOKIE))
    return next((language for language in asked if language in LANGUAGES), None)


def first_language(tags: Iterable[str], default: str) -> str:
    """The first tag that we can serve, best first."""
    return next((found for tag in tags if (found := language_for(tag))), default)


def init_app(
    app: Flask,
    *,
    chosen: Callable[[], str | None],
    is_plain: Callable[[], bool],
    rooms: Iterable[str],
) -> None:
    """Set up Flask-Babel. `chosen` returns the language of the reader's profile, or None; whether
    the reader wants plain words, `is_plain` knows.

    Every room keeps its own catalogue in `app/<room>/translations`; core keeps the shared one in
    `app/translations`.
    """
    config = app.extensions["weike"]
    here = Path(app.root_path)
    folders = [here / "translations", *(here / room / "translations" for room in rooms)]
    # Flask-Babel takes the plural rule of the last folder, even of one without a catalogue.
    folders = [folder for folder in folders if folder.is_dir()]
    app.config["BABEL_TRANSLATION_DIRECTORIES"] = ";".join(str(f) for f in folders)
    app.config["BABEL_DEFAULT_LOCALE"] = config.default_language
    app.config["BABEL_DEFAULT_TIMEZONE"] = config.time_zone

    def locale() -> str:
        if not has_request_context():
            return "en"
        return (
            chosen()
            or _asked_for()
            or first_language((tag for tag, _ in request.accept_languages), config.default_language)
        )

    @app.after_request
    def remember(response: Response) -> Response:
        if request.args.get(LANGUAGE_COOKIE) in LANGUAGES:
            response.set_cookie(
                LANGUAGE_COOKIE,
                request.args[LANGUAGE_COOKIE],
                max_age=365 * 86400,
                secure=config.https,
                httponly=True,
                samesite="Lax",
            )
        return response

    babel = Babel(
        app,
        locale_selector=locale,
        timezone_selector=lambda: current_app.extensions["weike"].time_zone,
    )
    plain: dict[str, str] = {}
    for folder in folders:
        plain |= plain_words(folder)
    babel.domain_instance = _OwnWords(plain, is_plain)
    app.before_request(_speak_in_forms)
    app.jinja_env.globals.update(
        language=current_language,
        html_lang=lambda: HTML_TAGS[current_language()],
        languages=LANGUAGES,
        language_tags=HTML_TAGS,
        language_url=lambda code: "?" + urlencode({**request.args, LANGUAGE_COOKIE: code}),
        number=format_decimal,
    )
    app.jinja_env.filters.update(
        duration=duration,
        clock_time=clock_time,
        exact_time=exact_time,
        filesize=file_size,
        day=lambda moment: format_date(moment, "medium") if moment else "",
        moment=lambda moment: format_datetime(moment, "short") if moment else "",
        ago=ago,
    )


def plain_words(folder: Path) -> dict[str, str]:
    """What the messages of a room become in the easy mode: English to plainer English.

    The plainer message is a message like any other, with PLAIN for its context, so that it has its
    own Chinese; the same English may stand on both sides where only the Chinese is made plainer.
    """
    path = folder / PLAIN_WORDS
    if not path.is_file():
        return {}
    words: dict[str, str] = tomllib.loads(path.read_text(encoding="utf-8"))["words"]
    return words


class _Plain:
    """A catalogue that says plainly what it has plain words for. A plural is known by its many."""

    def __init__(self, catalogue: Any, words: Mapping[str, str]) -> None:
        self.catalogue, self.words = catalogue, words

    def ugettext(self, message: str) -> str:
        plain = self.words.get(message)
        return str(
            self.catalogue.ugettext(message)
            if plain is None
            else self.catalogue.upgettext(PLAIN, plain)
        )

    def ungettext(self, one: str, many: str, n: int) -> str:
        plain_one, plain_many = self.words.get(one), self.words.get(many)
        return str(
            self.catalogue.ungettext(one, many, n)
            if plain_one is None or plain_many is None
            else self.catalogue.unpgettext(PLAIN, plain_one, plain_many, n)
        )

    def upgettext(self, context: str, message: str) -> str:
        return str(self.catalogue.upgettext(context, message))

    def unpgettext(self, context: str, one: str, many: str, n: int) -> str:
        return str(self.catalogue.unpgettext(context, one, many, n))


class _Renamed:
    """A catalogue whose every message passes through the organisation's own vocabulary."""

    def __init__(self, catalogue: Any, rename: Callable[[str], str]) -> None:
        self.catalogue, self.rename = catalogue, rename

    def ugettext(self, message: str) -> str:
        return self.rename(self.catalogue.ugettext(message))

    def ungettext(self, one: str, many: str, n: int) -> str:
        return self.rename(self.catalogue.ungettext(one, many, n))

    def upgettext(self, context: str, message: str) -> str:
        return self.rename(self.catalogue.upgettext(context, message))

    def unpgettext(self, context: str, one: str, many: str, n: int) -> str:
        return self.rename(self.catalogue.unpgettext(context, one, many, n))


class _OwnWords(Domain):  # type: ignore[misc]
    """All catalogues, in the words of the organisation, and plainly to whom wants that."""

    def __init__(self, plain: Mapping[str, str], is_plain: Callable[[], bool]) -> None:
        super().__init__()
        self.plain, self.is_plain = plain, is_plain

    def get_translations(self) -> Any:
        catalogue = super().get_translations()
        if has_request_context() and self.is_plain():
            catalogue = _Plain(catalogue, self.plain)
        rename = settings.renamer(str(get_locale() or "en")) if current_app else None
        return _Renamed(catalogue, rename) if rename else catalogue


class _FormWords:
    """What WTForms says of a wrong field, from our own catalogue: calmer, in every language.

    flask-wtf looks for this on the request before it loads the catalogues that WTForms brings.
    """

    def ugettext(self, sentence: str) -> str:
        return str(get_domain().get_translations().ugettext(sentence))

    def ungettext(self, one: str, many: str, n: int) -> str:
        return str(get_domain().get_translations().ungettext(one, many, n))


def _speak_in_forms() -> None:
    request.wtforms_translations = _FormWords()  # type: ignore[attr-defined]


def current_language() -> str:
    """The reader's locale: en, zh_Hans or zh_Hant."""
    found = str(get_locale() or "en")
    return found if found in LANGUAGES else "en"


def colon() -> str:
    """What stands between a name and what it is, in the reader's language."""
    return ": " if current_language() == "en" else "："


def reader_language() -> str | None:
    """The language of whoever reads this; None where nobody does: in a job or a command."""
    return current_language() if has_request_context() else None


def clock_time(ms: int) -> str:
    """A length as a player shows it: 65 000 ms → 1:05, 3 600 000 ms → 1:00:00 (rounded down).

    Every length is shown so, alone and in sums: what a figure says is there in full. Where a limit
    is passed, `exact_time` says by how much.
    """
    seconds = ms // 1000
    hours, seconds = divmod(seconds, 3600)
    minutes, seconds = divmod(seconds, 60)
    return f"{hours}:{minutes:02}:{seconds:02}" if hours else f"{minutes}:{seconds:02}"


def exact_time(ms: int) -> str:
    """A length to the millisecond, for refusals: 1 200 001 → 20:00.001."""
    return f"{clock_time(ms)}.{ms % 1000:03}"


def duration(ms: int) -> str:
    """A length in words, in the reader's language: 65 000 ms → “1 min”; under a minute seconds."""
    if ms < 60_000:
        return str(gettext("%(n)s s", n=max(0, round(ms / 1000))))
    return str(gettext("%(n)s min", n=round(ms / 60_000)))


def file_size(size: int) -> str:
    """Bytes with a unit: 1 536 → 1.5 KB."""
    amount = float(size)
    for unit in ("B", "KB", "MB", "GB"):
        if amount < 1024 or unit == "GB":
            break
        amount /= 1024
    digits = "#,##0" if unit == "B" or amount >= 100 else "#,##0.#"
    return f"{format_decimal(amount, format=digits)} {unit}"


def ago(moment: datetime | None) -> str:
    """How long ago, in the reader's language; a date when it is over a week."""
    if moment is None:
        return ""
    passed = clock.now() - moment
    if passed > timedelta(days=7):
        return str(format_date(moment, "medium"))
    if passed < timedelta(minutes=1):
        return str(gettext("just now"))
    return format_timedelta(-passed, add_direction=True, locale=get_locale() or "en")
