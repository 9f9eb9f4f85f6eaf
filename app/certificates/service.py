"""Verbs about certificates: say what is certified, award, withdraw, revoke, issue anew."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Mapping
from datetime import datetime

from flask import current_app
from sqlalchemy import delete, func, select
from sqlalchemy.exc import IntegrityError

from app.certificates import rules
from app.certificates.models import (
    Certificate,
    CertificateOffer,
    CertificatePicture,
    CertificateTemplate,
)
from app.core import clock
from app.core.db import db
from app.core.refusals import NotThere
from app.members import service as members
from app.members.models import Member
from app.members.rules.audit import Act, facts

_SAID = (  # columns that one certificate has from the one that it replaces
    *("member_id", "kind", "subject_id", "template_id", "holder", "title", "design"),
    *("earned_at", "expires_at"),
)


def save_template(template_id: int | None, *, name: str, design: rules.Design) -> int:
    """A template, new when there is no id; certificates already issued stay as they are."""
    plain = " ".join(name.split())[: rules.LONGEST_NAME]
    if not plain:
        raise rules.NoName
    session = db.session()
    row = CertificateTemplate() if template_id is None else _template(template_id)
    row.name, row.changed_at = plain, clock.now()
    row.design = rules.checked(design).as_stored()
    session.add(row)
    session.flush()
    members.record(Act.TEMPLATE_SAVED, thing=("template", row.id), name=plain)
    return row.id


def keep_picture(content: bytes) -> str:
    """Keep a picture (a PNG of our own making); returns its digest."""
    digest = hashlib.sha256(content).hexdigest()
    if db.session().get(CertificatePicture, digest) is None:
        db.session().add(CertificatePicture(digest=digest, content=content))
        db.session().flush()
    return digest


def drop_template(template_id: int) -> None:
    """Raises TemplateInUse while something is certified with it, or was."""
    session = db.session()
    row = _template(template_id)
    used = session.scalar(
        select(func.count()).where(CertificateOffer.template_id == template_id)
    ) or session.scalar(select(func.count()).where(Certificate.template_id == template_id))
    if used:
        raise rules.TemplateInUse
    session.delete(row)
    session.flush()
    members.record(Act.TEMPLATE_DROPPED, thing=("template", template_id), name=row.name)


def offer(*, kind: str, subject_id: int, template_id: int, months: int | None = None) -> None:
    """Certify something from now on, or in another way; who earned it before is the caller's."""
    kind = rules.Kind(kind).value
    _template(template_id)
    session = db.session()
    row = session.get(CertificateOffer, (kind, subject_id))
    if row is None:
        row = CertificateOffer(kind=kind, subject_id=subject_id, since=clock.now())
    row.template_id, row.months = template_id, months
    session.add(row)
    session.flush()


def stop_offering(*, kind: str, subject_id: int) -> None:
    """Certify something no longer; who has a certificate keeps it."""
    db.session().execute(
        delete(CertificateOffer).where(
            CertificateOffer.kind == kind, CertificateOffer.subject_id == subject_id
        )
    )


def award(
    *,
    member_id: int,
    kind: str,
    subject_id: int,
    title: str,
    earned_at: datetime,
    facts: Mapping[str, str] | None = None,
) -> str | None:
    """Give a member the certificate of something they have finished, if it is certified.

    Returns its number; None when nothing is given: it is not certified, the member has a valid
    one, or a person has revoked it. An expired one is replaced. `facts` may hold "score".
    """
    session = db.session()
    found = session.get(CertificateOffer, (kind, subject_id))
    if found is None:
        return None
    # PostgreSQL locks no row that might be missing, so not the branch that is read beside it.
    member = session.get(Member, member_id, with_for_update={"key_share": True, "of": Member})
    if member is None:
        raise NotThere
    newest = session.scalar(
        select(Certificate)
        .where(
            Certificate.member_id == member_id,
            Certificate.kind == kind,
            Certificate.subject_id == subject_id,
        )
        .order_by(Certificate.id.desc())
        .limit(1)
    )
    now = clock.now()
    if newest is not None and newest.state == "revoked" and newest.by_hand:
        return None
    if newest is not None and newest.state == "live":
        is_over = newest.expires_at is not None and newest.expires_at <= earned_at
        if not is_over:
            return None
        newest.state, newest.ended_at = "replaced", now
        session.flush()
    template = _template(found.template_id)
    row = Certificate(
        member_id=member_id,
        kind=kind,
        subject_id=subject_id,
        template_id=template.id,
        holder=member.name,
        title=title[:200],
        facts=dict(facts or {}),
        design=dict(template.design),
        earned_at=earned_at,
        expires_at=rules.later(earned_at, found.months) if found.months else None,
        replaces_id=newest.id if newest is not None and newest.state == "replaced" else None,
    )
    return _issue(row)


def withdraw(*, member_id: int, kind: str, subject_id: int, reason: str) -> str | None:
    """Take a certificate back because what it was for turned out not to be earned.

    Earning it again gives a new one. Returns its number; None when there was none.
    """
    row = db.session().scalar(
        select(Certificate).where(
            Certificate.member_id == member_id,
            Certificate.kind == kind,
            Certificate.subject_id == subject_id,
            Certificate.state == "live",
        )
    )
    if row is None:
        return None
    row.state, row.ended_at = "revoked", clock.now()
    row.reason = " ".join(reason.split())[: rules.LONGEST_REASON]
    db.session().flush()
    return row.number


def renew(
    *,
    member_id: int,
    kind: str,
    subject_id: int,
    earned_at: datetime,
    before: Mapping[str, str],
    facts: Mapping[str, str],
) -> str | None:
    """Issue a certificate anew that says what is not so any more; all else stays as it was.

    Returns its new number; None when the member has no valid one that says `before` of what was
    earned then.
    """
    session = db.session()
    old = session.scalar(
        select(Certificate)
        .where(
            *(Certificate.member_id == member_id, Certificate.kind == kind),
            *(Certificate.subject_id == subject_id, Certificate.state == "live"),
            Certificate.earned_at == earned_at,
        )
        .with_for_update()
    )
    if old is None or old.facts != dict(before):
        return None
    old.state, old.ended_at = "replaced", clock.now()
    session.flush()
    return _issue(
        Certificate(
            **{name: getattr(old, name) for name in _SAID},
            facts=dict(facts),
            replaces_id=old.id,
        )
    )


def revoke(certificate_id: int, *, actor_id: int, reason: str) -> None:
    """Say that a certificate holds no longer. Raises NeedsAReason, NotValid, NotThere."""
    row = _end(certificate_id, "revoked", actor_id=actor_id, reason=reason)
    _record(Act.CERTIFICATE_REVOKED, row)


def reissue(certificate_id: int, *, actor_id: int, reason: str) -> str:
    """Issue a certificate anew, with today's name and template; returns the new number.

    One that a person revoked can be given back so. Raises NeedsAReason, NotValid, NotThere.
    """
    session = db.session()
    old = session.get(Certificate, certificate_id, with_for_update=True)
    if old is None:
        raise NotThere
    reason = rules.reason_of(reason)
    if old.state == "live":
        old = _end(certificate_id, "replaced", actor_id=actor_id, reason=reason)
    elif old.state == "replaced" or not old.by_hand:
        raise rules.NotValid
    else:
        old.state = "replaced"
        session.flush()
    template = _template(old.template_id)
    _record(Act.CERTIFICATE_REISSUED, old)
    return _issue(
        Certificate(
            member_id=old.member_id,
            kind=old.kind,
            subject_id=old.subject_id,
            template_id=template.id,
            holder=session.get_one(Member, old.member_id).name,
            title=old.title,
            facts=dict(old.facts),
            design=dict(template.design),
            earned_at=old.earned_at,
            expires_at=old.expires_at,
            replaces_id=old.id,
        )
    )


def _record(act: Act, row: Certificate) -> None:
    members.record(
        act,
        member_id=row.member_id,
        thing=("certificate", row.number),
        changes=facts(certificate=f"{row.title} · {row.number}"),
    )


def _end(certificate_id: int, state: str, *, actor_id: int, reason: str) -> Certificate:
    row = db.session().get(Certificate, certificate_id, with_for_update=True)
    if row is None:
        raise NotThere
    reason = rules.reason_of(reason)
    if row.state != "live":
        raise rules.NotValid
    row.state, row.ended_at, row.ended_by = state, clock.now(), actor_id
    row.by_hand, row.reason = True, reason
    db.session().flush()
    return row


def _issue(row: Certificate) -> str:
    """Number a certificate and keep it; of two at the same moment, the first."""
    row.issued_at = clock.now()
    row.state = "live"
    here = row.issued_at.astimezone(current_app.extensions["weike"].zone)
    row.number = rules.number(here.year, secrets.randbits(70))
    session = db.session()
    try:
        with session.begin_nested():
            session.add(row)
    except IntegrityError:
        kept = session.scalar(
            select(Certificate.number).where(
                Certificate.member_id == row.member_id,
                Certificate.kind == row.kind,
                Certificate.subject_id == row.subject_id,
                Certificate.state == "live",
            )
        )
        if kept is None:
            raise
        return kept
    return row.number


def _template(template_id: int) -> CertificateTemplate:
    row = db.session().get(CertificateTemplate, template_id)
    if row is None:
        raise NotThere
    return row
