"""Every setting of Weike, in one frozen dataclass, read once from the environment and checked."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, get_type_hints
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

ROOT = Path(__file__).resolve().parent
PREFIX = "WEIKE_"
SHORTEST_SECRET = 32
MIB = 1024 * 1024


class BadSetting(ValueError):
    """A setting has a value that cannot be used; the text names the variable and what to do."""

    def __init__(self, variable: str, reason: str) -> None:
        super().__init__(f"{PREFIX}{variable.upper()}: {reason}")
        self.variable = variable


@dataclass(frozen=True, kw_only=True)
class Config:
    """All settings. Each is read from WEIKE_<NAME>; the comment gives its unit and meaning."""

    secret_key: str  # signs cookies and media links; at least 32 characters
    organisation: str = "Weike"  # shown in the header until the organisation sets its own name
    base_url: str = "http://127.0.0.1:8000"  # as members type it; https makes cookies Secure
    time_zone: str = "Asia/Shanghai"  # what "today" means for points, and for every time shown
    default_language: str = "zh_Hans"  # when neither the profile nor the browser asks for one

    instance_dir: Path = ROOT / "instance"  # databases, secret key, logs
    media_dir: Path = ROOT / "media"  # uploads, renditions, documents
    search_dir: Path = ROOT / "search_index"  # the full-text index; can be rebuilt
    search_engine: str = "whoosh"  # files in search_dir; or "postgresql": see search_database
    search_database: str = ""  # address of the index in PostgreSQL; empty: in the main database
    courses_dir: Path = ROOT / "courses"  # course packages as plain files
    database_url: str = ""  # empty: SQLite in instance_dir

    debug: bool = False  # shows /design and template errors; never on a public machine
    testing: bool = False
    proxies: int = 0  # how many reverse proxies in front may be believed for the client's address

    upload_limit: int = 2048 * MIB  # bytes of one video or audio file
    upload_quota: int = 100 * 1024 * MIB  # bytes of recordings that one trainer keeps; 0: no limit
    document_limit: int = 200 * MIB  # bytes of one library document
    library_inbox: str = ""  # a folder that the worker takes documents from; empty: none
    library_inbox_owner: str = ""  # the member who owns what comes from there
    libreoffice: str = "soffice"  # its program, by name or path, if there is one; empty: not used
    image_limit: int = 20 * MIB  # bytes of one cover picture
    disk_reserve: int = 500 * MIB  # bytes that uploads leave free on the disk

    worker_threads: int = 2  # long jobs at the same time in one worker: transcoding and the like
    short_threads: int = 2  # short jobs at the same time beside them: papers, mails, deadlines
    ffmpeg_threads: int = 2  # threads of one ffmpeg process

    session_idle: int = 8 * 3600  # seconds without a request until a member must sign in again
    session_idle_staff: int = 3600  # the same for organizers and administrators
    session_absolute: int = 7 * 86400  # seconds until a member must sign in again in any case
    session_absolute_staff: int = 12 * 3600
    audit_years: int = 3  # that the log of acts is kept, at least one
    media_link: int = 4 * 3600  # seconds that a signed media path is good for
    smtp_host: str = ""  # the mail server that takes our mails; empty: no mail is sent
    smtp_port: int = 587
    smtp_security: str = "starttls"  # or "tls" (mostly port 465), or "none" within one machine
    smtp_user: str = ""  # empty: without signing in
    smtp_password: str = ""
    smtp_from: str = ""  # the sender's address, for example learn@example.org
    # Where browsers may be woken through: origins, * for any subdomain; empty: no push at all.
    push_services: str = (
        "https://fcm.googleapis.com https://*.push.services.mozilla.com "
        "https://*.push.apple.com https://*.notify.windows.com"
    )
    speech_model: str = ""  # a folder with a Whisper model that writes captions; empty: none
    speech_python: str = ""  # the Python that has faster-whisper; empty: the one that runs Weike
    accel: str = ""  # internal location of the proxy that sends media files, like /protected-media
    encrypt: bool = False  # segments of new recordings by AES-128; keys go to those who may watch
    watermark: bool = False  # the viewer's name over every video
    limits: bool = True  # counts requests; off for load tests (wrong passwords always count)

    def __post_init__(self) -> None:
        if len(self.secret_key) < SHORTEST_SECRET:
            raise BadSetting(
                "secret_key",
                f"needs at least {SHORTEST_SECRET} random characters; "
                "`make run` writes one to instance/secret.key",
            )
        url = urlsplit(self.base_url)
        if url.scheme not in {"http", "https"} or not url.hostname:
            raise BadSetting("base_url", "must look like https://learn.example.org")
        try:
            ZoneInfo(self.time_zone)
        except (ZoneInfoNotFoundError, ValueError) as error:
            raise BadSetting(
                "time_zone", f"“{self.time_zone}” is no known time zone; try Asia/Shanghai"
            ) from error
        if self.default_language not in {"en", "zh_Hans", "zh_Hant"}:
            raise BadSetting("default_language", "must be en, zh_Hans or zh_Hant")
        if self.library_inbox and not self.library_inbox_owner:
            raise BadSetting(
                "library_inbox_owner", "must name the member who owns what comes from the inbox"
            )
        for field in fields(self):
            value = getattr(self, field.name)
            if type(value) is int and value < 0:
                raise BadSetting(field.name, f"must not be negative, and is {value}")
        self._check_mail()
        self._check_search()
        self._check_speech()
        if self.accel and not self.accel.startswith("/"):
            raise BadSetting("accel", "must be a path of the proxy, like /protected-media")
        for name in (
            *("worker_threads", "short_threads", "ffmpeg_threads", "audit_years"),
            *("upload_limit", "document_limit"),
        ):
            if getattr(self, name) < 1:
                raise BadSetting(name, "must be at least 1")

    def _check_search(self) -> None:
        if self.search_engine not in {"whoosh", "postgresql"}:
            raise BadSetting("search_engine", "must be whoosh or postgresql")
        if self.search_engine == "postgresql" and not self.search_address.startswith("postgresql"):
            raise BadSetting(
                "search_database", "must be like postgresql+psycopg://user:password@host/name"
            )

    def _check_speech(self) -> None:
        for name in ("speech_model", "speech_python"):
            if getattr(self, name) and not Path(getattr(self, name)).is_absolute():
                raise BadSetting(name, "must be a full path, beginning with /")
        if self.speech_python and not self.speech_model:
            raise BadSetting("speech_model", "must name the folder of the model, too")

    def _check_mail(self) -> None:
        if self.smtp_security not in {"starttls", "tls", "none"}:
            raise BadSetting("smtp_security", "must be starttls, tls or none")
        if not 1 <= self.smtp_port <= 65_535:
            raise BadSetting("smtp_port", f"must be a port, and is {self.smtp_port}")
        if self.smtp_host and not re.fullmatch(r"[^\s@<>,;:\"]+@[^\s@<>,;:\"]+", self.smtp_from):
            raise BadSetting("smtp_from", "must be an address like learn@example.org")

    @property
    def https(self) -> bool:
        """Whether members reach the site over https."""
        return self.base_url.startswith("https://")

    @property
    def only_here(self) -> bool:
        """Whether the address works on this computer only, so that no phone can open it."""
        host = urlsplit(self.base_url).hostname or ""
        return host in {"localhost", "::1"} or host.startswith("127.")

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.time_zone)

    @property
    def database(self) -> str:
        """The SQLAlchemy URL of the main database."""
        return self.database_url or f"sqlite:///{self.instance_dir / 'weike.sqlite'}"

    @property
    def search_address(self) -> str:
        """The SQLAlchemy URL of the database that holds the index, for the second engine."""
        return self.search_database or self.database

    @property
    def library_dir(self) -> Path:
        """The library's documents as they were uploaded; nothing else makes them again."""
        return self.instance_dir / "library"

    @property
    def vapid_path(self) -> Path:
        """The key that push services know us by."""
        return self.instance_dir / "vapid.pem"

    @property
    def queue_path(self) -> Path:
        """The broker's own SQLite file: disposable, apart from the main database."""
        return self.instance_dir / "queue.sqlite"

    @property
    def limits_path(self) -> Path:
        """Counters of rate limits: disposable."""
        return self.instance_dir / "limits.sqlite"

    @property
    def in_use_path(self) -> Path:
        """Locked by every process that has the data folders open: disposable."""
        return self.instance_dir / "in-use.lock"

    @property
    def restoring_dir(self) -> Path:
        """What is made of a backup, before it takes the place of what is in the instance folder."""
        return self.instance_dir / ".restoring"

    @property
    def restore_path(self) -> Path:
        """What a restore has begun to put in place; there only while that is not at its end."""
        return self.restoring_dir / "begun.json"

    @classmethod
    def from_env(cls, environ: Mapping[str, str] = os.environ, **overrides: Any) -> Config:
        """Read WEIKE_* variables; `overrides` win (used by tests).

        Raises BadSetting for a value of the wrong type and for a WEIKE_ variable nobody knows.
        """
        hints = get_type_hints(cls)
        known = {f.name for f in fields(cls)}
        values: dict[str, Any] = {}
        for variable, text in environ.items():
            if not variable.startswith(PREFIX):
                continue
            name = variable.removeprefix(PREFIX).lower()
            if name not in known:
                raise BadSetting(name, "is no setting of Weike; see deploy/settings.md")
            values[name] = _parse(name, text, hints[name])
        values.update(overrides)
        if "secret_key" not in values:
            instance = Path(values.get("instance_dir", cls.instance_dir))
            values["secret_key"] = _stored_secret(instance)
        return cls(**values)


def _parse(name: str, text: str, kind: type) -> Any:
    if kind is bool:
        lowered = text.strip().lower()
        if lowered not in {"1", "0", "true", "false", "yes", "no", "on", "off"}:
            raise BadSetting(name, f"must be yes or no, and is “{text}”")
        return lowered in {"1", "true", "yes", "on"}
    if kind is int:
        try:
            return int(text)
        except ValueError as error:
            raise BadSetting(name, f"must be a whole number, and is “{text}”") from error
    if kind is Path:
        return Path(text).expanduser().resolve()
    return text


def _stored_secret(instance: Path) -> str:
    path = instance / "secret.key"
    try:
        return path.read_text(encoding="ascii").strip()
    except FileNotFoundError:
        raise BadSetting(
            "secret_key", f"is not set and {path} does not exist; run `make setup` to write one"
        ) from None
