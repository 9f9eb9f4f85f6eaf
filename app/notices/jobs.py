"""Emptying the outbox: mails and pushes leave here, never from a request."""

from __future__ import annotations

import logging
import smtplib
from collections.abc import Iterable
from contextlib import ExitStack

from flask import Flask, current_app
from flask_babel import force_locale, ngettext
from flask_babel import gettext as _
from huey import crontab

from app.core import clock, jobs
from app.core.addresses import address
from app.core.db import db, unit_of_work
from app.core.i18n import HTML_TAGS, LANGUAGES
from app.notices import queries, service, smtp, webpush
from app.notices.rules import Channel, cut
from app.notices.service import Parcel

log = logging.getLogger(__name__)


@jobs.handler("notices.send")
def send(lease: jobs.Lease) -> None:
    """Send what is due, batch by batch; a server that is down ends the round, not the worker."""
    while True:
        lease.check()
        with unit_of_work():
            parcels = service.take_parcels()
        if not parcels:
            return
        mails = [parcel for parcel in parcels if parcel.channel is Channel.MAIL]
        for parcel in parcels:
            if parcel.channel is Channel.PUSH:
                lease.check()
                _push(parcel)
        if mails:
            _mail(lease, mails)


@jobs.handler("notices.tidy")
def tidy(lease: jobs.Lease) -> None:
    with unit_of_work():
        service.tidy()


# --- mail -------------------------------------------------------------------------------------


def _mail(lease: jobs.Lease, parcels: Iterable[Parcel]) -> None:
    waiting = list(parcels)
    config = current_app.extensions["weike"]
    server = smtp.Server.of(config)
    try:
        if not config.smtp_host:
            raise smtp.Unreachable("mail is switched off (WEIKE_SMTP_HOST is empty)")
        with ExitStack() as stack:
            connection = stack.enter_context(smtp.connected(server))
            while waiting:
                lease.check()
                _mail_one(connection, waiting[0], server.name)
                waiting.pop(0)
    except smtp.Unreachable as error:
        log.warning("mail cannot be sent now: %s", error)
        with unit_of_work():
            for parcel in waiting:
                service.settle_unsent(parcel, reason=str(error), final=False)


def _mail_one(connection: smtplib.SMTP, parcel: Parcel, name: str) -> None:
    config = current_app.extensions["weike"]
    try:
        with force_locale(_language(parcel)):
            message = smtp.compose(
                sender=(config.organisation, config.smtp_from),
                to=parcel.mail,
                subject=_subject(parcel),
                text=_letter(parcel),
                # The same when a mail must be sent again, so that a mailbox can tell.
                message_id=f"<notice-{parcel.notices[0].id}-{parcel.notices[-1].id}@{name}>",
                at=clock.now(),
                language=HTML_TAGS[_language(parcel)],
            )
        smtp.hand_over(connection, message)
    except smtp.NotTaken as error:
        log.warning("a mail to member %s was not taken: %s", parcel.member_id, error)
        with unit_of_work():
            service.settle_unsent(parcel, reason=str(error), final=error.final)
    except smtp.Unreachable:
        raise
    except Exception as error:  # one strange mail must not keep all others waiting
        log.exception("a mail to member %s could not be made", parcel.member_id)
        with unit_of_work():
            service.settle_unsent(parcel, reason=f"{type(error).__name__}: {error}", final=False)
    else:
        with unit_of_work():
            service.settle_sent(parcel)


def _language(parcel: Parcel) -> str:
    default: str = current_app.extensions["weike"].default_language
    return parcel.language if parcel.language in LANGUAGES else default


def _subject(parcel: Parcel) -> str:
    many = len(parcel.notices)
    if many == 1:
        return parcel.notices[0].title
    return str(ngettext("%(num)s notice", "%(num)s notices", many))


def _letter(parcel: Parcel) -> str:
    """The text of a mail: each notice with the address of its page, and how to get fewer."""
    config = current_app.extensions["weike"]
    base = config.base_url.rstrip("/")
    parts = [
        "\n".join(line for line in (told.title, told.body, base + told.address) if line)
        for told in parcel.notices
    ]
    parts.append(
        "-- \n"  # a signature, as mail programs know it
        + config.organisation
        + "\n"
        + _("Which notices reach you by e-mail is yours to choose:")
        + f"\n{base}{address('notice_choices')}"
    )
    return "\n\n".join(parts) + "\n"


# --- push -------------------------------------------------------------------------------------


def _push(parcel: Parcel) -> None:
    config = current_app.extensions["weike"]
    device = parcel.device
    assert device is not None
    newest = parcel.notices[-1]
    alone = len(parcel.notices) == 1
    with force_locale(_language(parcel)):
        message = {
            "title": _subject(parcel),
            "body": cut(
                newest.body if alone else "\n".join(told.title for told in parcel.notices), 300
            ),
            "address": newest.address if alone else address("notices"),
            "tag": f"notice-{newest.id}",
            "lang": HTML_TAGS[_language(parcel)],
        }
    try:
        if not webpush.is_known(device.endpoint, config.push_services):
            raise webpush.NotPushed("this push service is not allowed (any more)", final=True)
        webpush.push(
            message,
            endpoint=device.endpoint,
            key=device.key,
            secret=device.secret,
            own=webpush.own_key(config.vapid_path),
            contact=f"mailto:{config.smtp_from}" if config.smtp_from else config.base_url,
            now=int(clock.epoch()),
        )
    except webpush.NotPushed as error:
        log.warning("a push to member %s was not taken: %s", parcel.member_id, error)
        with unit_of_work():
            if error.gone:
                service.forget_device(device.id)
            else:
                service.settle_unsent(parcel, reason=str(error), final=error.final)
    else:
        with unit_of_work():
            service.settle_sent(parcel)


# --- when -------------------------------------------------------------------------------------


def init_app(app: Flask) -> None:
    """Look every minute whether something is due (again), and tidy once a night."""
    huey = app.extensions["huey"]

    def enqueue(kind: str) -> None:
        try:
            with app.app_context():
                if kind == "notices.send":
                    is_due = queries.is_due(clock.now())
                    db.session().rollback()
                    if not is_due:
                        return
                with unit_of_work():
                    jobs.enqueue(kind, key=kind)
        except Exception:
            # The database may be busy, or not made yet; the worker must go on nevertheless.
            log.exception("%s could not be asked for", kind)

    @huey.periodic_task(crontab(), name="send_notices")  # type: ignore[untyped-decorator]
    def every_minute() -> None:
        enqueue("notices.send")

    @huey.periodic_task(crontab(hour="19", minute="7"), name="tidy_notices")  # type: ignore[untyped-decorator]
    def nightly() -> None:
        enqueue("notices.tidy")

    @huey.on_startup(name="make_push_key")  # type: ignore[untyped-decorator]
    def at_start() -> None:
        if app.extensions["weike"].push_services:
            webpush.own_key(app.extensions["weike"].vapid_path)
