"""Commands for operators: whether mail works, and what waits or has failed."""

from __future__ import annotations

import click
from flask import current_app
from flask.cli import AppGroup

from app.core import clock
from app.notices import queries, smtp

group = AppGroup("notices", help="Notices that leave by mail and push.")


@group.command("test-mail")
@click.argument("address")
def test_mail(address: str) -> None:
    """Send one mail to ADDRESS now, to see whether the settings are right."""
    config = current_app.extensions["weike"]
    if not config.smtp_host:
        raise click.ClickException("WEIKE_SMTP_HOST is not set, so no mail is sent.")
    server = smtp.Server.of(config)
    try:
        message = smtp.compose(
            sender=(config.organisation, config.smtp_from),
            to=address,
            subject=f"{config.organisation}: a mail to try",
            text=f"Mail works. It was sent by {config.base_url}.\n",
            message_id=f"<test-{clock.epoch():.0f}@{server.name}>",
            at=clock.now(),
            language="en",
        )
        with smtp.connected(server) as connection:
            smtp.hand_over(connection, message)
    except (smtp.Unreachable, smtp.NotTaken) as error:
        raise click.ClickException(f"The mail server did not take it: {error}") from error
    print(f"{config.smtp_host} has taken a mail to {address}.")


@group.command("outbox")
def outbox() -> None:
    """How much waits, was sent and has failed, and why the latest failed."""
    counts = queries.outbox_counts()
    if not counts:
        print("Nothing waits, and nothing has been sent yet.")
    for channel, state, count in counts:
        print(f"{channel:5} {state:8} {count}")
    for row in queries.latest_failures():
        print(f"{row.due_at:%Y-%m-%d %H:%M} {row.channel} to member {row.member_id}: {row.reason}")
