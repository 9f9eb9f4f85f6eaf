"""The names of people: one form for each way to write a user name, an e-mail or a phone number."""

from __future__ import annotations

import re
import unicodedata
from urllib.parse import unquote

from flask_babel import lazy_gettext as _l

from app.core.refusals import Refusal

LONGEST_USERNAME = 64
LONGEST_EMAIL = 254
LONGEST_NAME = 80
LONGEST_BRANCH = 120
LONGEST_PATH = 2_000

# Letters and digits of any script, with dots, hyphens and underscores inside.
_USERNAME = re.compile(r"\w[\w.\-]{1,63}")
_EMAIL = re.compile(r"[^@\s<>()\[\]\\,;:\"]+@[\w\-]+(\.[\w\-]+)*")
_PHONE_MARKS = re.compile(r"[\s\-‐-―().·/]+")
_CHINESE_MOBILE = re.compile(r"1[3-9]\d{9}")


class BadUsername(Refusal):
    sentence = _l(
        "A user name has 2 to 64 letters or digits; dots, hyphens and underscores may stand inside."
    )


class BadEmail(Refusal):
    sentence = _l("“%(given)s” is no e-mail address.")


class BadPhone(Refusal):
    sentence = _l("“%(given)s” is no phone number. Example: 138 0013 8000 or +852 2345 6789.")


class BadName(Refusal):
    sentence = _l("A name has 1 to %(most)s characters.")


class LooksLikeFormula(BadName):
    """A name that spreadsheet programs would take for a formula, in whatever way it comes."""

    sentence = _l("A name does not begin with =, +, - or @: it would look like a formula.")


def folded(text: str) -> str:
    """One form for what looks the same: width, case and invisible characters make no difference."""
    visible = (c for c in unicodedata.normalize("NFKC", text) if unicodedata.category(c) != "Cf")
    return unicodedata.normalize("NFKC", " ".join("".join(visible).split()).casefold())


def username(text: str) -> str:
    """A user name as it is stored. Raises BadUsername."""
    name = folded(text)
    if not _USERNAME.fullmatch(name):
        raise BadUsername
    return name


def email(text: str) -> str | None:
    """An e-mail address as it is stored; None for an empty text. Raises BadEmail."""
    address = folded(text)
    if not address:
        return None
    if len(address) > LONGEST_EMAIL or not _EMAIL.fullmatch(address):
        raise BadEmail(given=text.strip()[:60])
    return address


def phone(text: str) -> str | None:
    """A phone number as + and digits; None for an empty text. Raises BadPhone.

    Without a country the number is Chinese: 138 0013 8000 and (+86) 138-0013-8000 are one number.
    """
    if not text.strip():
        return None
    found = phone_or_none(text)
    if found is None:
        raise BadPhone(given=text.strip()[:40])
    return found


def phone_or_none(text: str) -> str | None:
    """`phone` for a text that may be something else."""
    number = _PHONE_MARKS.sub("", folded(text))
    if number.startswith("00"):
        number = "+" + number[2:]
    elif re.fullmatch(rf"86{_CHINESE_MOBILE.pattern}", number):
        number = "+" + number
    elif _CHINESE_MOBILE.fullmatch(number):
        number = "+86" + number
    elif re.fullmatch(r"0[1-9]\d{8,10}", number):  # with a Chinese area code
        number = "+86" + number[1:]
    return number if re.fullmatch(r"\+[1-9][0-9]{6,14}", number) else None


def phone_shown(number: str | None) -> str:
    """A stored phone number as people write it: +8613800138000 → 138 0013 8000."""
    if not number:
        return ""
    local = number.removeprefix("+86")
    if local != number and _CHINESE_MOBILE.fullmatch(local):
        return f"{local[:3]} {local[3:7]} {local[7:]}"
    return number


def person(text: str) -> str:
    """The name of a person as it is shown. Raises BadName."""
    return _shown(text, LONGEST_NAME)


def branch(text: str) -> str:
    """The name of a branch as it is shown; a slash would look like a path. Raises BadName."""
    return _shown(text.replace("/", "／"), LONGEST_BRANCH)


def _shown(text: str, most: int) -> str:
    """Clean what people read: no control characters, no tricks with the writing direction."""
    kept = (
        " " if c.isspace() else c
        for c in unicodedata.normalize("NFC", text)
        if c.isspace() or unicodedata.category(c) not in {"Cc", "Cf", "Cs", "Co", "Cn"}
    )
    name = " ".join("".join(kept).split())
    if not 1 <= len(name) <= most:
        raise BadName(most=most)
    if folded(name)[:1] in {"=", "+", "-", "@"}:
        raise LooksLikeFormula
    return name


def branch_path(text: str) -> tuple[str, ...]:
    """The names in “Head office/First branch”, from the top down; full-width slashes count too."""
    return tuple(branch(part) for part in re.split(r"[/／\\>›]", text) if part.strip())


def local_path(text: str | None) -> str | None:
    """Where to go after signing in: only a path on this site, else None."""
    if not text or len(text) > LONGEST_PATH:
        return None
    # Looked at as it is and unquoted twice: a proxy may unquote once more than we do.
    for form in (text, unquote(text), unquote(unquote(text))):
        if not form.startswith("/") or form[1:2] in {"/", "\\"}:
            return None
        if any(c == "\\" or unicodedata.category(c) in {"Cc", "Cf", "Zl", "Zp"} for c in form):
            return None
    return text


_PROGRAMS = (
    ("MicroMessenger", "WeChat"),
    ("DingTalk", "DingTalk"),
    ("Edg", "Edge"),
    ("OPR/", "Opera"),
    ("SamsungBrowser", "Samsung Internet"),
    ("HuaweiBrowser", "Huawei Browser"),
    ("Firefox", "Firefox"),
    ("FxiOS", "Firefox"),
    ("CriOS", "Chrome"),
    ("Chrome", "Chrome"),
    ("Safari", "Safari"),
)
_SYSTEMS = (
    ("OpenHarmony", "HarmonyOS"),
    ("HarmonyOS", "HarmonyOS"),
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Android", "Android"),
    ("Windows", "Windows"),
    ("Mac OS X", "Mac"),
    ("CrOS", "ChromeOS"),
    ("Linux", "Linux"),
)


def device(user_agent: str) -> str:
    """A browser in words its owner knows: “Chrome, Android”; "" when it tells nothing."""
    known = (
        next((name for mark, name in table if mark in user_agent), "")
        for table in (_PROGRAMS, _SYSTEMS)
    )
    return ", ".join(name for name in known if name)
