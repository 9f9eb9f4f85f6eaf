"""Verbs about notices: tell, read, choose how to be told, and send what is in the outbox."""

from app.notices.service.choosing import choose, read, read_all
from app.notices.service.telling import Words, tell

__all__ = ["Words", "choose", "read", "read_all", "tell"]
