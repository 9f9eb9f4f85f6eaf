"""Handing mails to a mail server, with the standard library."""

from __future__ import annotations

import smtplib
import ssl
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from email.errors import MessageError
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from urllib.parse import urlsplit

from app.notices.rules import one_line
from config import Config

TIMEOUT = 15.0  # seconds that the server may take for one answer


class NotTaken(Exception):
    """The server does not take this mail. `final` when another try would end the same way."""

    def __init__(self, reason: str, *, final: bool) -> None:
        super().__init__(reason)
        self.final = final


class Unreachable(Exception):
    """The server cannot be used at all, whatever the mail."""


@dataclass(frozen=True)
class Server:
    """Which mail server, and how it is spoken to."""

    host: str
    port: int
    security: str  # starttls, tls or none
    user: str
    password: str
    name: str  # what we call ourselves

    @classmethod
    def of(cls, config: Config) -> Server:
        return cls(
            config.smtp_host,
            config.smtp_port,
            config.smtp_security,
            config.smtp_user,
            config.smtp_password,
            urlsplit(config.base_url).hostname or "localhost",
        )


def compose(
    *,
    sender: tuple[str, str],
    to: str,
    subject: str,
    text: str,
    message_id: str,
    at: datetime,
    language: str,
) -> EmailMessage:
    """A plain text mail. `sender` is (name, address). Raises NotTaken for an address that is none.

    Nothing that people wrote can add a header: line breaks and control characters are taken out.
    """
    message = EmailMessage(policy=SMTP)
    message.set_content(text)  # first, for it takes headers of this family away
    name, address = sender
    try:
        message["From"] = Address(display_name=one_line(name), addr_spec=address)
        message["To"] = Address(addr_spec=to)
    except (ValueError, IndexError, MessageError) as error:
        raise NotTaken(f"not an address: {to!r}", final=True) from error
    message["Subject"] = one_line(subject)
    message["Date"] = format_datetime(at)
    message["Message-ID"] = message_id
    message["Content-Language"] = language
    message["Auto-Submitted"] = "auto-generated"  # RFC 3834: nobody's absence note answers it
    return message


@contextmanager
def connected(server: Server) -> Iterator[smtplib.SMTP]:
    """A connection that is ready for mails. Raises Unreachable."""
    try:
        connection = _connect(server)
    except (OSError, smtplib.SMTPException) as error:
        raise Unreachable(f"{type(error).__name__}: {error}") from error
    try:
        yield connection
    finally:
        with suppress(OSError, smtplib.SMTPException):
            connection.quit()


def _connect(server: Server) -> smtplib.SMTP:
    connection: smtplib.SMTP
    if server.security == "tls":
        connection = smtplib.SMTP_SSL(
            server.host,
            server.port,
            local_hostname=server.name,
            timeout=TIMEOUT,
            context=ssl.create_default_context(),
        )
    else:
        connection = smtplib.SMTP(
            server.host, server.port, local_hostname=server.name, timeout=TIMEOUT
        )
    try:
        if server.security == "starttls":
            connection.starttls(context=ssl.create_default_context())
        if server.user:
            connection.login(server.user, server.password)
    except BaseException:
        connection.close()
        raise
    return connection


def hand_over(connection: smtplib.SMTP, message: EmailMessage) -> None:
    """Give one mail to the server. Raises NotTaken or Unreachable."""
    try:
        connection.send_message(message)
    except smtplib.SMTPRecipientsRefused as error:
        code, said = next(iter(error.recipients.values()))
        raise NotTaken(_told(code, said), final=code >= 500) from error
    except smtplib.SMTPServerDisconnected as error:
        raise Unreachable(str(error)) from error
    except smtplib.SMTPResponseException as error:
        raise NotTaken(
            _told(error.smtp_code, error.smtp_error), final=error.smtp_code >= 500
        ) from error
    except (smtplib.SMTPException, ValueError) as error:
        raise NotTaken(f"{type(error).__name__}: {error}", final=True) from error
    except OSError as error:
        raise Unreachable(f"{type(error).__name__}: {error}") from error


def _told(code: int, said: bytes | str) -> str:
    text = said.decode("utf-8", "replace") if isinstance(said, bytes) else said
    return one_line(f"{code} {text}")
