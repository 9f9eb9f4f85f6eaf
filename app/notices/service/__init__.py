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
from app.notices.service.telling import Words, languages_of, tell

__all__ = [
    "Parcel",
    "Words",
    "add_device",
    "choose",
    "drop_device",
    "forget_device",
    "languages_of",
    "read",
    "read_all",
    "send_again",
    "settle_sent",
    "settle_unsent",
    "take_parcels",
    "tell",
    "tidy",
]
