"""Where and with what an exam may be opened: networks, and the Safe Exam Browser."""

from __future__ import annotations

import hashlib
import re
import secrets
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network

from flask_babel import lazy_gettext as _l

from app.core.refusals import Refusal
from app.exams.rules.exams import BadExam

MOST_NETWORKS = 30
MOST_KEYS = 20
LONGEST_PLACE = 40
ROLE_NAMES = {
    "": _l("Whatever their role"),
    "trainer": _l("Only trainers"),
    "organizer": _l("Only organizers"),
}


class BadNetwork(BadExam):
    sentence = _l("“%(text)s” is no network. Write 10.1.0.0/16 or a single address.")


class BadKey(BadExam):
    sentence = _l("“%(text)s” is no key of the Safe Exam Browser; a key has 64 digits from 0 to f.")


class WrongNetwork(Refusal):
    sentence = _l(
        "This exam can only be started in the exam room's network. Ask the invigilator; your "
        "address is %(address)s."
    )


class NeedsSafeBrowser(Refusal):
    sentence = _l(
        "This exam opens only in the Safe Exam Browser with the settings of this organisation."
    )


class NobodyCalled(Refusal):
    sentence = _l("Nobody has the user name “%(username)s”.")


@dataclass(frozen=True)
class Visit:
    """Where a request comes from, and what the Safe Exam Browser says with it.

    `proofs` are pairs of an absolute address on this site and what the browser says for it.
    """

    address: str = ""
    proofs: tuple[tuple[str, str], ...] = ()


def networks(text: str) -> str:
    """Networks as they are kept, one per line. Raises BadNetwork."""
    found = [_network(part) for part in _parts(text)[:MOST_NETWORKS]]
    return "\n".join(str(network) for network in found)


def _network(text: str) -> IPv4Network | IPv6Network:
    try:
        return ip_network(text, strict=False)
    except ValueError:
        raise BadNetwork("networks", text=text[:60]) from None


def safe_keys(text: str) -> str:
    """Keys of the Safe Exam Browser (config keys or browser exam keys). Raises BadKey."""
    parts = [part.casefold() for part in _parts(text)[:MOST_KEYS]]
    for part in parts:
        if not re.fullmatch("[0-9a-f]{64}", part):
            raise BadKey("safe_keys", text=part[:70])
    return "\n".join(parts)


def _parts(text: str) -> list[str]:
    return [part for part in re.split(r"[\s,;，；、]+", text) if part]


def is_inside(address: str, text: str) -> bool:
    """Whether an address lies in one of the networks; without networks every address does."""
    if not text:
        return True
    try:
        found = ip_address(address)
    except ValueError:
        return False
    found = getattr(found, "ipv4_mapped", None) or found
    return any(found in _network(part) for part in text.split())


def is_safe(visit: Visit, text: str) -> bool:
    """Whether the Safe Exam Browser proves one of the keys; without keys every browser will do.

    It says SHA-256(address + key), for both kinds of keys: in a header with each request, for the
    address that is asked for, or to the scripts of a page, for the address of that page:
    https://safeexambrowser.org/developer/seb-config-key.html
    """
    return not text or any(
        secrets.compare_digest(given.casefold().encode(), _said(url, key).encode())
        for url, given in visit.proofs
        for key in text.split()
    )


def _said(url: str, key: str) -> str:
    return hashlib.sha256((url.partition("#")[0] + key).encode()).hexdigest()


def is_password(typed: str, right: str) -> bool:
    """Whether somebody knows the password; small letters and full-width digits will do."""
    return secrets.compare_digest(_spoken(typed), _spoken(right))


def _spoken(text: str) -> bytes:
    return unicodedata.normalize("NFKC", text).strip().casefold().encode()


def seats(text: str) -> list[tuple[str, str]]:
    """(user name, place) per line of a seat list: “li.na A12”, “li.na,A12” or just “li.na”."""
    found: dict[str, str] = {}
    for line in text.splitlines():
        parts = re.split(r"[\s,;，；\t]+", line.strip(), maxsplit=1)
        if parts[0]:
            found[parts[0].casefold()] = " ".join(parts[1:]).strip()[:LONGEST_PLACE]
    return list(found.items())


def as_list(rows: Iterable[tuple[str, str]]) -> str:
    """The other way round, for the form."""
    return "\n".join(f"{username} {place}".strip() for username, place in rows)
