"""Reads of certificates and their templates."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, false, func, or_, select

from app.certificates import rules
from app.certificates.models import (
    Certificate,
    CertificateOffer,
    CertificatePicture,
    CertificateTemplate,
)
from app.core.db import db
from app.core.paging import Page, window
from app.core.refusals import NotThere
from app.members.models import Branch, Member
from app.members.rules import Reader, path_of, path_text


@dataclass(frozen=True)
class CertificateView:
    """One certificate as it was issued, and whether it holds now."""

    id: int
    number: str
    member_id: int
    kind: str
    subject_id: int
    holder: str
    title: str
    facts: Mapping[str, Any]
    design: rules.Design
    earned_at: datetime
    issued_at: datetime
    expires_at: datetime | None
    standing: rules.Standing
    ended_at: datetime | None
    reason: str
    replaced_by: str = ""  # the number of the next one

    @property
    def is_valid(self) -> bool:
        return self.standing is rules.Standing.VALID

    @property
    def is_live(self) -> bool:
        """Neither revoked nor replaced; it may have expired."""
        return self.standing in {rules.Standing.VALID, rules.Standing.EXPIRED}


@dataclass(frozen=True)
class TemplateView:
    id: int
    name: str
    design: rules.Design
    uses: int = 0  # how many things are certified with it


@dataclass(frozen=True)
class OfferView:
    """Something that is certified."""

    kind: str
    subject_id: int
    template_id: int
    template: str
    months: int | None
    given: int  # how many hold one


def by_number(number: str, now: datetime) -> CertificateView:
    """The certificate of a number as printed. Raises NotThere."""
    row = db.session().scalar(select(Certificate).where(Certificate.number == number))
    if row is None:
        raise NotThere
    return _view(row, now)


def certificate_for(reader: Reader, number: str, now: datetime) -> CertificateView:
    """A certificate of the reader's own, or of a member whom the reader organizes."""
    found = by_number(number, now)
    if found.member_id != reader.id and not may_manage(reader, found.member_id):
        raise NotThere
    return found


def managed(reader: Reader, certificate_id: int, now: datetime) -> CertificateView:
    """A certificate that the reader may revoke: nobody's own, save an administrator's."""
    row = db.session().get(Certificate, certificate_id)
    if row is None or not may_manage(reader, row.member_id):
        raise NotThere
    return _view(row, now)


def may_manage(reader: Reader, member_id: int) -> bool:
    """Whether the member is of a branch that the reader organizes."""
    path = db.session().scalar(
        select(Branch.path)
        .join(Member, Member.branch_id == Branch.id)
        .where(Member.id == member_id)
    )
    if path is None or not reader.is_organizer:
        return False
    return reader.is_administrator or (
        member_id != reader.id and reader.may_organize(path_of(path))
    )


def certificates_of(member_id: int, now: datetime) -> list[CertificateView]:
    """A member's certificates, the newest first; replaced ones are left out."""
    rows = (
        select(Certificate)
        .where(Certificate.member_id == member_id, Certificate.state != "replaced")
        .order_by(Certificate.issued_at.desc(), Certificate.id.desc())
    )
    return [_view(row, now) for row in db.session().scalars(rows)]


def certificates_for(
    reader: Reader, now: datetime, *, words: str = "", page: int = 1
) -> Page[CertificateView]:
    """Certificates of the members whom the reader organizes, the newest first.

    `words` is a part of the holder's name, of the title, or a number.
    """
    found = (
        select(Certificate)
        .join(Member, Member.id == Certificate.member_id)
        .join(Branch, Branch.id == Member.branch_id)
        .where(_organized(reader))
    )
    if words.strip():
        found = found.where(
            or_(
                Certificate.holder.contains(words.strip(), autoescape=True),
                Certificate.title.contains(words.strip(), autoescape=True),
                Certificate.number == rules.as_number(words),
            )
        )
    session = db.session()
    total = session.scalar(select(func.count()).select_from(found.subquery())) or 0
    offset, limit = window(page)
    rows = found.order_by(Certificate.id.desc()).offset(offset).limit(limit)
    return Page([_view(row, now) for row in session.scalars(rows)], max(1, page), total)


def _organized(reader: Reader) -> ColumnElement[bool]:
    if reader.is_administrator:
        return Member.id.is_not(None)
    if not reader.organizes:
        return false()
    return or_(*(Branch.path.startswith(path_text(top)) for top in reader.organizes))


def revoked_numbers() -> list[tuple[str, datetime]]:
    """Numbers that no longer hold (revoked or replaced), and since when."""
    rows = (
        select(Certificate.number, Certificate.ended_at)
        .where(Certificate.state != "live")
        .order_by(Certificate.id)
    )
    return [(number, at) for number, at in db.session().execute(rows) if at is not None]


def templates() -> list[TemplateView]:
    rows = (
        select(CertificateTemplate, func.count(CertificateOffer.subject_id))
        .outerjoin(CertificateOffer, CertificateOffer.template_id == CertificateTemplate.id)
        .group_by(CertificateTemplate.id)
        .order_by(CertificateTemplate.name, CertificateTemplate.id)
    )
    return [
        TemplateView(row.id, row.name, rules.Design.of(row.design), uses)
        for row, uses in db.session().execute(rows)
    ]


def template(template_id: int) -> TemplateView:
    """Raises NotThere."""
    row = db.session().get(CertificateTemplate, template_id)
    if row is None:
        raise NotThere
    return TemplateView(row.id, row.name, rules.Design.of(row.design))


def picture(digest: str) -> bytes | None:
    """A picture as a PNG."""
    if not digest:
        return None
    return db.session().scalar(
        select(CertificatePicture.content).where(CertificatePicture.digest == digest)
    )


def offers() -> list[OfferView]:
    """All that is certified, the newest first."""
    given = (
        select(Certificate.kind, Certificate.subject_id, func.count().label("given"))
        .where(Certificate.state == "live")
        .group_by(Certificate.kind, Certificate.subject_id)
        .subquery()
    )
    rows = (
        select(CertificateOffer, CertificateTemplate.name, given.c.given)
        .join(CertificateTemplate, CertificateTemplate.id == CertificateOffer.template_id)
        .outerjoin(
            given,
            (given.c.kind == CertificateOffer.kind)
            & (given.c.subject_id == CertificateOffer.subject_id),
        )
        .order_by(CertificateOffer.since.desc())
    )
    return [
        OfferView(row.kind, row.subject_id, row.template_id, name, row.months, number or 0)
        for row, name, number in db.session().execute(rows)
    ]


def is_offered(kind: str, subject_id: int) -> bool:
    return db.session().get(CertificateOffer, (kind, subject_id)) is not None


def _view(row: Certificate, now: datetime) -> CertificateView:
    following = None
    if row.state == "replaced":
        following = db.session().scalar(
            select(Certificate.number).where(Certificate.replaces_id == row.id).limit(1)
        )
    return CertificateView(
        id=row.id,
        number=row.number,
        member_id=row.member_id,
        kind=row.kind,
        subject_id=row.subject_id,
        holder=row.holder,
        title=row.title,
        facts=row.facts,
        design=rules.Design.of(row.design),
        earned_at=row.earned_at,
        issued_at=row.issued_at,
        expires_at=row.expires_at,
        standing=rules.standing(row.state, row.expires_at, now),
        ended_at=row.ended_at,
        reason=row.reason,
        replaced_by=following or "",
    )
