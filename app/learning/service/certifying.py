"""Certificates with a word to their members; also for those who had finished before."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from flask_babel import gettext
from sqlalchemy import select

from app.certificates import service as certificates
from app.certificates.models import Certificate
from app.core.addresses import address
from app.core.db import db
from app.courses.models import Course
from app.learning.models import CourseProgress, LearningPath, PathDone
from app.notices import service as notices
from app.notices.rules import Kind


def give_certificate(
    *,
    member_id: int,
    kind: str,
    subject_id: int,
    title: str,
    earned_at: datetime,
    facts: Mapping[str, str] | None = None,
) -> None:
    """Give the certificate of what a member has finished, if it is certified, and say so."""
    number = certificates.award(
        member_id=member_id,
        kind=kind,
        subject_id=subject_id,
        title=title,
        earned_at=earned_at,
        facts=facts,
    )
    if number is not None:
        notices.tell(
            [member_id],
            kind=Kind.CERTIFICATE,
            title=lambda: gettext("You have a certificate for “%(title)s”", title=title),
            address=address("certificates"),
            once_key=f"certificate:{number}",
        )


def renew_certificate(
    *,
    member_id: int,
    kind: str,
    subject_id: int,
    title: str,
    earned_at: datetime,
    before: Mapping[str, str],
    facts: Mapping[str, str],
    reason: str,
) -> None:
    """Issue a certificate anew when what it says of its member has changed, and say so."""
    number = certificates.renew(
        member_id=member_id,
        kind=kind,
        subject_id=subject_id,
        earned_at=earned_at,
        before=before,
        facts=facts,
    )
    if number is not None:
        _tell_new(member_id, title, number, reason)


def _tell_new(member_id: int, title: str, number: str, reason: str) -> None:
    notices.tell(
        [member_id],
        kind=Kind.CERTIFICATE,
        title=lambda: gettext("Your certificate for “%(title)s” was issued anew", title=title),
        body=reason,
        address=address("certificates"),
        once_key=f"certificate:{number}",
    )


def take_certificate(
    *, member_id: int, kind: str, subject_id: int, title: str, reason: str
) -> None:
    """Take a certificate back that turned out not to be earned, and say so."""
    number = certificates.withdraw(
        member_id=member_id, kind=kind, subject_id=subject_id, reason=reason
    )
    if number is not None:
        notices.tell(
            [member_id],
            kind=Kind.CERTIFICATE,
            title=lambda: gettext(
                "Your certificate for “%(title)s” does not hold any more", title=title
            ),
            body=reason,
            address=address("certificates"),
            once_key=f"certificate-ended:{number}",
        )


def revoke_certificate(certificate_id: int, *, actor_id: int, reason: str) -> None:
    """Say by hand that a certificate holds no longer, and tell its member. Raises like
    certificates.revoke."""
    certificates.revoke(certificate_id, actor_id=actor_id, reason=reason)
    row = db.session().get_one(Certificate, certificate_id)
    title = row.title
    notices.tell(
        [row.member_id],
        kind=Kind.CERTIFICATE,
        title=lambda: gettext(
            "Your certificate for “%(title)s” does not hold any more", title=title
        ),
        body=row.reason,
        address=address("certificates"),
        once_key=f"certificate-ended:{row.number}",
    )


def reissue_certificate(certificate_id: int, *, actor_id: int, reason: str) -> str:
    """Issue a certificate anew by hand, and tell its member; returns the new number. Raises like
    certificates.reissue."""
    number = certificates.reissue(certificate_id, actor_id=actor_id, reason=reason)
    row = db.session().get_one(Certificate, certificate_id)
    _tell_new(row.member_id, row.title, number, " ".join(reason.split()))
    return number


def certify_due(kind: str, subject_id: int, *, most: int = 100, after: int = 0) -> int | None:
    """Certify a course or a path to `most` members who have done it, by their ids.

    Returns the id to go on `after`, None when there are no more. Doing it twice gives once.
    """
    session = db.session()
    if kind == "course":
        title = session.scalar(select(Course.title).where(Course.id == subject_id))
        done = select(CourseProgress.member_id, CourseProgress.completed_at).where(
            CourseProgress.course_id == subject_id, CourseProgress.completed_at.is_not(None)
        )
        key = CourseProgress.member_id
    else:
        title = session.scalar(select(LearningPath.title).where(LearningPath.id == subject_id))
        done = select(PathDone.member_id, PathDone.done_at).where(PathDone.path_id == subject_id)
        key = PathDone.member_id
    if title is None:
        return None
    rows = session.execute(done.where(key > after).order_by(key).limit(most)).all()
    for member_id, at in rows:
        assert at is not None
        give_certificate(
            member_id=member_id, kind=kind, subject_id=subject_id, title=title, earned_at=at
        )
    return int(rows[-1][0]) if len(rows) == most else None
