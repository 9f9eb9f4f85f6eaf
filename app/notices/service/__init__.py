"""Verbs about notices: tell, read, choose how to be told, and send what is in the outbox."""

from app.notices.service.choosing import (
    add_device,
    choose,
    drop_device,
    read,
    read_all,
)
from app.notices.service.sending import (
    Parcel,
    forget_device,
    send_again,
    settle_sent,
    settle_unsent,
    take_parcels,
    tidy,
)
from app.notices.service.telling import Words, speaking_to, tell

__all__ = [
    "Parcel",
    "Words",
    "add_device",
    "choose",
    "drop_device",
    "forget_device",
    "read",
    "read_all",
    "send_again",
    "settle_sent",
    "settle_unsent",
    "speaking_to",
    "take_parcels",
    "tell",
    "tidy",
]
