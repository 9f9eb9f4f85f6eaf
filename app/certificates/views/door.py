"""The blueprint of this room, and how a certificate becomes a sheet of paper."""

from __future__ import annotations

from datetime import datetime, timedelta

from flask import Blueprint, current_app
from flask_babel import force_locale, format_date
from flask_babel import gettext as _

from app.certificates import queries, rules
from app.certificates.sheet import Sheet
from app.core.clock import now

bp = Blueprint("certificates", "app.certificates", template_folder="templates")


def sheet_of(found: queries.CertificateView, language: str) -> Sheet:
    """A certificate in one language."""
    return sheet(
        found.design,
        language,
        holder=found.holder,
        what=found.title,
        number=found.number,
        score=str(found.facts.get("score", "")),
        earned_at=found.earned_at,
        expires_at=found.expires_at,
        picture=queries.picture(found.design.picture),
    )


def sample(design: rules.Design, language: str, picture: bytes | None) -> Sheet:
    """What a template makes of somebody who does not exist."""
    with force_locale(language):
        return sheet(
            design,
            language,
            holder=_("Zhang San"),
            what=_("Fire safety in ten minutes"),
            number="2026-ABCD-EFGH-JKMN",
            score="92 %",
            earned_at=now(),
            expires_at=now() + timedelta(days=365),
            picture=picture,
        )


def sheet(
    design: rules.Design,
    language: str,
    *,
    holder: str,
    what: str,
    number: str,
    score: str,
    earned_at: datetime,
    expires_at: datetime | None,
    picture: bytes | None,
) -> Sheet:
    """The sheet with every place filled, in the words of one language."""
    config = current_app.extensions["weike"]
    title, text, signature = design.in_language(language)
    url = f"{config.base_url.rstrip('/')}/verify/{number}"
    with force_locale(language):
        earned = _day(earned_at)
        expires = _day(expires_at)
        facts = {
            "name": holder,
            "what": what,
            "date": earned,
            "expires": expires,
            "number": number,
            "score": score,
            "organisation": config.organisation,
        }
        foot = [_("Number: %(number)s", number=number)]
        if expires:
            foot.append(_("Valid until %(day)s", day=expires))
        foot.append(_("Check it at %(url)s", url=url))
    return Sheet(
        title=rules.filled(title, facts),
        text=rules.filled(text, facts),
        signature=rules.filled(signature, facts),
        day=earned,
        foot="\n".join(foot),
        url=url,
        colour=design.colour,
        language=language,
        picture=picture,
    )


def _day(moment: datetime | None) -> str:
    if moment is None:
        return ""
    zone = current_app.extensions["weike"].zone
    return str(format_date(moment.astimezone(zone).date(), "long"))
