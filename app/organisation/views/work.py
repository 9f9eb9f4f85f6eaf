"""Work that the worker gave up, for administrators: which, why, and another try."""

from __future__ import annotations

from flask import flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import ngettext

from app.core.access import access
from app.core.given_up import given_up
from app.members.access import ADMINISTRATOR
from app.members.rules.audit import WORK
from app.notices import queries as notices
from app.organisation import service
from app.organisation.views import bp

MOST_ROWS = 100


@bp.get("/admin/work")
@access(ADMINISTRATOR)
def work() -> str:
    found = given_up()
    unsent, latest = notices.given_up()
    return render_template(
        "organisation/work.html",
        rows=found[:MOST_ROWS],
        total=len(found),
        words=WORK,
        unsent=unsent,
        latest=latest,
    )


@bp.post("/admin/work/<int:job_id>/again")
@access(ADMINISTRATOR)
def work_again(job_id: int) -> ResponseReturnValue:
    service.work_again([job_id])
    flash(_("It is tried again."))
    return redirect(url_for("organisation.work"))


@bp.post("/admin/work/again")
@access(ADMINISTRATOR)
def all_work_again() -> ResponseReturnValue:
    """All that the page shows: what filled the disk, for example, has been cleared away."""
    count = service.work_again([one.id for one in given_up()[:MOST_ROWS]])
    flash(ngettext("%(num)s thing is tried again.", "%(num)s things are tried again.", count))
    return redirect(url_for("organisation.work"))


@bp.post("/admin/work/notices")
@access(ADMINISTRATOR)
def notices_again() -> ResponseReturnValue:
    count = service.notices_again()
    flash(ngettext("%(num)s message is sent again.", "%(num)s messages are sent again.", count))
    return redirect(url_for("organisation.work"))
