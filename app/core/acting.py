"""Who is acting now: a member in a page, the command line, or the worker.

The log of acts asks here, so that no verb can forget to hand on who has asked for it.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from ipaddress import ip_address, ip_network

from flask import Flask, current_app, g, has_request_context, request

_BY_WORKER: ContextVar[bool] = ContextVar("by_worker", default=False)
_OF_PROXY = re.compile(r"[A-Za-z0-9-]{8,40}")  # as nginx' $request_id
_KEPT_BITS = {4: 24, 6: 48}  # of an address: the network, not the one who sat there


@dataclass(frozen=True)
class Actor:
    """Who acts. `via` is page, command or worker; `request` is the same for all of one request."""

    via: str
    member_id: int | None = None
    name: str = ""
    address: str = ""  # shortened, see `shortened`
    request: str = ""


def init_app(app: Flask, *, who: Callable[[], tuple[int, str] | None]) -> None:
    """`who` tells id and name of the member who is signed in, without asking the database."""
    app.extensions["who_acts"] = who


def actor() -> Actor:
    """Who acts now."""
    if not has_request_context():
        return Actor("worker" if _BY_WORKER.get() else "command")
    member_id, name = current_app.extensions["who_acts"]() or (None, "")
    return Actor("page", member_id, name, shortened(request.remote_addr or ""), _request_id())


@contextmanager
def as_worker() -> Iterator[None]:
    """What is done inside is done by Weike itself, not by a person."""
    token = _BY_WORKER.set(True)
    try:
        yield
    finally:
        _BY_WORKER.reset(token)


def shortened(address: str) -> str:
    """The network an address is in: 203.0.113.7 → 203.0.113.0/24, of IPv6 the first 48 bits.

    It still tells the office from the other end of the world, and no longer one phone from the
    next. "" for what is no address.
    """
    try:
        full = ip_address(address)
    except ValueError:
        return ""
    mapped = getattr(full, "ipv4_mapped", None)
    full = mapped or full
    return str(ip_network(f"{full}/{_KEPT_BITS[full.version]}", strict=False))


def _request_id() -> str:
    """One for each request: the proxy's own, where it may be believed, so that its log fits."""
    if "request_id" not in g:
        told = request.headers.get("X-Request-ID", "")
        believed = current_app.extensions["weike"].proxies and _OF_PROXY.fullmatch(told)
        g.request_id = told if believed else secrets.token_hex(8)
    return str(g.request_id)
